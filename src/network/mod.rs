//! Links: one-way connections between two groups of machines, with latency, loss and degradation.
//!
//! Law: a message is lost with the link's loss probability plus that of the degradations active
//! when it is sent (at most 1); otherwise it arrives after the drawn latency plus the latencies of
//! those degradations. Overlapping degradations add up. A link delays messages but does not queue
//! them: any number can be in transit at once (bandwidth is not modelled yet).
//! Checked: `tests/it/network.rs` (Little's law of a link, share of lost messages, additive
//! degradations).

use crate::measure::{Gauge, LinkTally};
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::random::keys::{Key, Salt};
use crate::units::{Share, Span, Time};
use bevy_ecs::prelude::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A link, as written under `links`: `users -> api: { latency: { exp: 3ms }, loss: 0.1% }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The name used in reports; by default the key of the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The one-way latency of a message.
    #[serde(default = "no_latency")]
    pub latency: Dist<Span>,
    /// The share of messages that are lost.
    #[serde(default)]
    pub loss: Share,
}

fn no_latency() -> Dist<Span> {
    Dist::constant(Span::ZERO)
}

impl Link {
    /// Reports the errors of the link.
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.latency.check(&format!("{path}.latency"), problems);
    }
}

/// A compiled link of the plan.
#[derive(Clone, Debug)]
pub(crate) struct LinkPlan {
    pub name: String,
    pub latency: Sampler,
    /// The probability that a message is lost, without degradations.
    pub loss: f64,
    pub loss_salt: Salt,
}

/// The state of a link in the world.
#[derive(Component, Default)]
pub(crate) struct LinkState {
    pub in_flight: Gauge,
    /// The latency added by active degradations.
    pub extra_latency: Span,
    /// The loss probability added by active degradations.
    pub extra_loss: f64,
    pub tally: LinkTally,
}

impl LinkState {
    /// Sends a message; returns the time until it arrives, or `None` if it is lost.
    #[inline(always)]
    pub(crate) fn send(
        &mut self,
        plan: &LinkPlan,
        key: Key,
        now: Time,
        measured: bool,
    ) -> Option<Span> {
        let loss = plan.loss + self.extra_loss;
        if loss > 0.0 && key.draw(plan.loss_salt).uniform() < loss {
            self.tally.lost += measured as u64;
            return None;
        }
        let span = plan.latency.span(key) + self.extra_latency;
        self.in_flight.add(now, 1);
        if measured {
            self.tally.delivered += 1;
            self.tally.transit_ns += span.0 as u128;
        }
        Some(span)
    }
    /// Records the arrival of a message.
    #[inline(always)]
    pub(crate) fn deliver(&mut self, now: Time) {
        self.in_flight.subtract(now, 1);
    }
}
