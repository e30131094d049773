//! Autoscaling: how many instances a service has. One file per controller.
//!
//! Law: a service has as many rows of instances as it may have at most; the first of them serve
//! from the beginning. An instance that is added takes the unused row with the lowest number,
//! boots, and then is last in the balancer's order. One that is removed gets no new requests, and
//! has its grace to finish those that it has; what is left then fails with `crashed`. Removed are
//! first those that still boot or have crashed, then those that have begun last (as Kubernetes
//! does).
//! Checked: `tests/it/autoscale.rs`.

pub(crate) mod hpa;

pub use hpa::{Behaviour, Hpa, Metric, Policy, Select};

use crate::measure::Gauge;
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::random::keys::Key;
use crate::units::format::count;
use crate::units::{Span, Time};
use bevy_ecs::prelude::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the number of instances of a service changes:
/// `autoscale: { hpa: { min: 2, max: 10, metrics: [ { cpu: 60% } ] }, boot: 30s }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Autoscale {
    /// The horizontal pod autoscaler of Kubernetes.
    pub hpa: Hpa,
    /// How long a new instance takes until it serves requests.
    #[serde(default = "at_once")]
    pub boot: Dist<Span>,
    /// What becomes of the requests of an instance that is removed.
    #[serde(default)]
    pub drain: Drain,
}

/// The end of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drain {
    /// How long it may finish the requests that it has; what is left then fails.
    pub grace: Span,
}

fn at_once() -> Dist<Span> {
    Dist::constant(Span::ZERO)
}

impl Default for Drain {
    fn default() -> Drain {
        Drain { grace: Span(30_000_000_000) }
    }
}

impl Autoscale {
    /// Reports what is wrong with it, for a service with this number of instances at the beginning.
    pub(crate) fn check(&self, replicas: u32, path: &str, problems: &mut Problems) {
        self.hpa.check(&format!("{path}.hpa"), problems);
        self.boot.check(&format!("{path}.boot"), problems);
        let range = self.hpa.min..=self.hpa.max;
        // An empty one has been reported.
        if !range.is_empty() && !range.contains(&replicas) {
            problems
                .error(
                    path,
                    format!(
                        "the service begins with {}, but has from {} to {}",
                        count(u64::from(replicas), "instance"),
                        self.hpa.min,
                        self.hpa.max
                    ),
                )
                .at_key()
                .advise(format!(
                    "write `replicas: {}`",
                    replicas.clamp(self.hpa.min, self.hpa.max)
                ));
        }
    }
}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct ScalePlan {
    pub service: u32,
    pub hpa: Hpa,
    pub boot: Sampler,
    pub grace: Span,
}

/// An autoscaler in the world.
#[derive(Component, Debug)]
pub(crate) struct Scaler {
    /// What its instances draw under.
    pub key: Key,
    /// How many have been started.
    pub starts: u32,
    pub memory: hpa::Memory,
    /// By row: since when it is looked at, and the busy time of its cores until then.
    pub looked: Vec<(Time, u128)>,
    /// How many instances serve, boot, and drain.
    pub serving: Gauge,
    pub booting: Gauge,
    pub draining: Gauge,
}

impl Scaler {
    pub(crate) fn new(key: Key, rows: u32, serving: u32) -> Scaler {
        Scaler {
            key,
            starts: 0,
            memory: hpa::Memory::new(serving),
            looked: vec![(Time::ZERO, 0); rows as usize],
            serving: Gauge::from_the_start(u64::from(serving)),
            booting: Gauge::default(),
            draining: Gauge::default(),
        }
    }
}
