//! Closed users: a fixed number of them; each sends a request, waits for its answer, thinks, and
//! sends the next.
//!
//! Law: with a think time Z and a response time R the throughput of N users is N/(R + Z) (the
//! interactive response time law; Denning, Buzen 1978, §4.3): users slow down with the system, so
//! that it is not overloaded, unless work goes on that they have given up (after a timeout). They
//! begin by thinking: all at once, or one after the other during `ramp`. A request that fails is
//! answered, too. With `requests`, each leaves after
//! that number of them.
//! With one core and exponential laws this is the machine repair model (Kleinrock 1975, §3.8); mean
//! values follow from mean value analysis (Reiser, Lavenberg 1980).
//! Who has sent what: `turns.rs`.
//! Checked: `closed_users_mmcN`, `closed_mva` in `tests/it/theory.rs`, `tests/it/closed.rs`.

use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::random::keys::{Key, Salt};
use crate::units::{Count, Span, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Users who wait for each answer: `closed: { users: 50, think: { exp: 5s } }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// How many users.
    pub users: Count,
    /// How long a user thinks between an answer and the next request.
    pub think: Dist<Span>,
    /// How many requests each user sends before leaving; without end if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<Count>,
    /// The time during which the users come, at equal distances; all are there at once if not
    /// given.
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub ramp: Span,
}

/// The maximum number of users.
const USERS_MAX: u64 = 10_000_000;

impl Closed {
    /// Creates this many users, who think for this long between an answer and the next request.
    pub fn new(users: u64, think: Dist<Span>) -> Closed {
        Closed { users: Count(users), think, requests: None, ramp: Span::ZERO }
    }
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.think.check(&format!("{path}.think"), problems);
        if self.users.0 == 0 || self.users.0 > USERS_MAX {
            problems.error(
                format!("{path}.users"),
                format!("there are 1 to {} users, not {}", Count(USERS_MAX), self.users),
            );
        }
        if self.requests == Some(Count(0)) {
            problems
                .error(format!("{path}.requests"), "users who send 0 requests do nothing")
                .advise("write how many each of them sends, or leave `requests` out");
        }
        if !problems.any_error() && self.think.compile().mean() <= 0.0 {
            problems
                .error(
                    format!("{path}.think"),
                    "users who do not think would send requests without end while these fail at once",
                )
                .advise("give them some time, for example `think: { exp: 1s }`");
        }
    }
    pub(crate) fn compile(&self, salt: Salt, mirrored: bool) -> ClosedPlan {
        let law = self.think.compile().mirrored_if(mirrored);
        ClosedPlan {
            users: self.users.0 as u32,
            requests: self.requests.map_or(u32::MAX, |of| of.0.min(u64::from(u32::MAX)) as u32),
            ramp: self.ramp,
            think: Sampler::new(law, salt),
        }
    }
}

/// The closed users of a source.
#[derive(Clone, Debug)]
pub(crate) struct ClosedPlan {
    pub users: u32,
    /// How many requests each sends.
    pub requests: u32,
    ramp: Span,
    think: Sampler,
}

impl ClosedPlan {
    /// When a user comes.
    pub(crate) fn comes_at(&self, user: u32) -> Time {
        let share = u128::from(self.ramp.0) * u128::from(user) / u128::from(self.users.max(1));
        Time(share as u64)
    }
    /// How long a user thinks before the request with this key.
    pub(crate) fn think(&self, key: Key) -> Span {
        self.think.span(key)
    }
}
