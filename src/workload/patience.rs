//! `patience`: users who do not wait for ever. `reload`: what they do then.
//!
//! Law: a request that is not answered within its user's patience counts as `abandoned` at that
//! moment. What has begun of it goes on in vain, as no server notices, and is counted as the block
//! `WORKLOAD.abandoned`; with `cancel: true` it is called off, with all that it has made. With
//! `reload`, a user whose request has failed, in whichever way, sends it again with a probability,
//! after a pause, and so often at most: an arrival as every other, with a key of its own.
//! In front of infinitely many servers of the rate μ, patience of a constant τ loses the share
//! exp(−μτ); in front of M/M/1 that goes on in vain, exp(−(μ − λ)τ).
//! Checked: `tests/it/patience.rs`.

use super::turns::Turns;
use crate::problem::Problems;
use crate::random::dists::{Dist, Sampler};
use crate::random::keys::{Key, Salt};
use crate::random::plain_or_fields;
use crate::units::{Count, Share, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// How long users wait for an answer: `patience: 8s`, or `patience: { for: 8s, cancel: true }`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Patience {
    /// The time from the arrival of a request on.
    #[serde(rename = "for")]
    pub span: Dist<Span>,
    /// Whether what has begun is called off when the user leaves.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancel: bool,
}

/// The long form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(rename = "for")]
    span: Dist<Span>,
    #[serde(default)]
    cancel: bool,
}

impl<'de> Deserialize<'de> for Patience {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        plain_or_fields(
            from,
            &["for", "cancel"],
            |span| Patience { span, cancel: false },
            |Fields { span, cancel }| Patience { span, cancel },
        )
    }
}

/// Users send a failed request again: `reload: { p: 60%, after: { exp: 3s }, max: 3 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// The share of failed requests that are sent again.
    pub p: Share,
    /// The time from the failure to the next request.
    pub after: Dist<Span>,
    /// How often a user tries again, at most.
    #[serde(default = "three")]
    pub max: Count,
}

fn three() -> Count {
    Count(3)
}

/// The most reloads of a user.
const RELOADS_MAX: u64 = 1000;

impl Patience {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        self.span.check(path, problems);
        if self.span.plain() == Some(Span::ZERO) {
            problems
                .error(path, "users who wait for 0s never see an answer")
                .advise("give them some time, or leave `patience` out");
        }
    }
    pub(crate) fn compile(&self, salt: Salt, mirrored: bool) -> Sampler {
        Sampler::new(self.span.compile().mirrored_if(mirrored), salt)
    }
}

impl Reload {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        self.after.check(&format!("{path}.after"), problems);
        if self.max.0 == 0 || self.max.0 > RELOADS_MAX {
            let what = format!("users try again 1 to {RELOADS_MAX} times, not {}", self.max);
            problems
                .error(format!("{path}.max"), what)
                .advise("write for example `max: 3`, or leave `reload` out");
        }
    }
    pub(super) fn compile(&self, salt: impl Fn(&str) -> Salt, mirrored: bool) -> ReloadsPlan {
        let law = self.after.compile().mirrored_if(mirrored);
        ReloadsPlan {
            p: self.p.fraction,
            coin: salt("reload"),
            after: Sampler::new(law, salt("reload.after")),
            tries: self.max.0 as u32 + 1,
        }
    }
}

/// Users who send their failed requests again.
#[derive(Clone, Debug)]
pub(crate) struct ReloadsPlan {
    p: f64,
    coin: Salt,
    after: Sampler,
    /// The requests of a user, at most.
    pub tries: u32,
}

impl ReloadsPlan {
    /// Whether a user whose request has failed sends it again, and after which time: by the key of
    /// that request.
    #[inline(never)]
    pub(super) fn again(&self, key: Key) -> Option<Span> {
        (key.draw(self.coin).uniform() < self.p).then(|| self.after.span(key))
    }
    /// The key of a user's next request: the first has that of a user who never reloads.
    #[inline(never)]
    pub(super) fn next_key(turns: &Turns, source: Key, user: u32) -> Key {
        let (session, sent) = turns.session(user);
        let first = source.ordinal(session);
        if sent == 0 { first } else { first.ordinal(u64::from(sent)) }
    }
}
