//! Sessions: users arrive at a rate; each sends some requests, one after the other, with a think
//! time between an answer and the next request, and leaves.
//!
//! Law: a partly open system (Schroeder, Wierman, Harchol-Balter 2006, "Open Versus Closed: A
//! Cautionary Tale"): sessions arrive whatever the progress of others, the requests of a session
//! wait for each other. If a session has n requests on average, the long-run rate of requests is n
//! times that of sessions, whatever the think times. The first request is sent when the session
//! arrives; a request that fails is followed by the next as one that is answered. With Poisson
//! sessions, geometric numbers of requests and exponential service this is an open Jackson network
//! of the service and a delay (Jackson 1957): the service is as M/M/c at the rate of all requests.
//! Checked: `tests/it/sessions.rs`.

use super::{Arrivals, Open, RateShape};
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::random::keys::{Key, Salt};
use crate::units::{Count, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Users who come, send some requests, and leave:
/// `sessions: { rate: 6/s, requests: { geometric: { mean: 3 } }, think: { exp: 20s } }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// The rate at which sessions begin, constant or in stages.
    pub rate: RateShape,
    /// How the beginnings of sessions are spaced.
    #[serde(default)]
    pub arrivals: Arrivals,
    /// How many requests a session sends; at least one.
    pub requests: Dist<Count>,
    /// How long a user thinks between an answer and the next request.
    pub think: Dist<Span>,
}

/// A run is this many times as long as a session thinks, if the rate of requests is to be nearly
/// that of the long run.
const SETTLED: f64 = 10.0;

impl Sessions {
    /// Creates sessions that begin as a Poisson process at a rate, each with this number of
    /// requests, and with this time between an answer and the next request.
    pub fn new(
        rate: impl Into<RateShape>,
        requests: impl Into<Dist<Count>>,
        think: impl Into<Dist<Span>>,
    ) -> Sessions {
        Sessions {
            rate: rate.into(),
            arrivals: Arrivals::default(),
            requests: requests.into(),
            think: think.into(),
        }
    }
    /// When they begin.
    pub(crate) fn beginnings(&self) -> Open {
        Open { rate: self.rate.clone(), arrivals: self.arrivals.clone() }
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.beginnings().check(path, problems);
        self.think.check(&format!("{path}.think"), problems);
        self.requests.check(&format!("{path}.requests"), problems);
        if !problems.any_error() && self.requests.compile().mean() < 1.0 {
            problems
                .error(format!("{path}.requests"), "a session has at least 1 request")
                .advise("write for example `requests: { geometric: { mean: 3 } }`");
        }
    }
    /// The number of requests of a session, on average.
    pub(crate) fn mean_requests(&self) -> f64 {
        self.requests.compile().mean().max(1.0)
    }
    /// How long a session thinks on average, s: for about as long the rate of requests rises, as
    /// more and more sessions go on beside those that begin.
    pub(crate) fn thinks_s(&self) -> f64 {
        (self.mean_requests() - 1.0) * self.think.compile().mean() * 1e-9
    }
    /// Whether the rate of requests over a run of this length is that of sessions times their mean
    /// number: it has had time to rise, and no draw is raised to 1.
    pub(crate) fn is_rate_exact(&self, duration: Span) -> bool {
        let is_raised = self.requests.compile().quantile(1e-9) < 0.5;
        !is_raised && SETTLED * self.thinks_s() <= duration.seconds()
    }
    pub(crate) fn compile(&self, salt: impl Fn(&str) -> Salt, mirrored: bool) -> SessionsPlan {
        let sampler = |law: crate::random::dists::Distribution, what| {
            Sampler::new(law.mirrored_if(mirrored), salt(what))
        };
        SessionsPlan {
            requests: sampler(self.requests.compile(), "requests"),
            think: sampler(self.think.compile(), "think"),
        }
    }
}

/// The sessions of a source.
#[derive(Clone, Debug)]
pub(crate) struct SessionsPlan {
    requests: Sampler,
    think: Sampler,
}

impl SessionsPlan {
    /// How many requests the session with this key sends.
    pub(crate) fn requests(&self, key: Key) -> u32 {
        ((self.requests.value(key) + 0.5) as i64).clamp(1, i64::from(u32::MAX)) as u32
    }
    /// How long its user thinks before the request with this key.
    pub(crate) fn think(&self, key: Key) -> Span {
        self.think.span(key)
    }
}
