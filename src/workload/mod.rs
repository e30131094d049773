//! Workloads: who sends requests, and when.
//!
//! One mechanism for all: a sequence of unit gaps (mean 1; [`arrivals`]) is mapped through the
//! inverse of the integrated rate `R(t)`, which is given piece by piece ([`profile`]): an open rate,
//! its stages, or the windows of a number of users. With exponential gaps this is the inversion
//! method for a non-homogeneous Poisson process (Çinlar 1975, §4.7), exact. Each source draws from
//! one sequential `Xoshiro256PlusPlus`, so its arrivals do not depend on anything else in the
//! system.
//! Checked: `tests/it/workload.rs` (counts, gaps, ramps, users' windows, last arrival).

mod arrivals;
mod open;
mod profile;
mod users;

pub use arrivals::{Arrivals, Batch, Interarrival, Regular, Variation};
pub use open::{Open, RateShape, Stage, Stages};
pub use profile::{RateProfile, RateSegment};
pub use users::Users;

use crate::problem::Problems;
use crate::random::keys::{Draw, Key, Salt};
use crate::units::{Count, Span, Time};
use bevy_ecs::prelude::Component;
use indexmap::IndexMap;
use rand::Rng;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A workload, as written: where its requests go, and when they come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The endpoint all requests go to, `service.endpoint`; or a service, whose instance draws one
    /// of its endpoints, each with the same chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Several endpoints with their weights.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub mix: IndexMap<String, f64>,
    /// Nodes that messages pass on the way in and out, such as a client; responses end at the first
    /// of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// Requests come at a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Open>,
    /// Requests come from a number of active users that is drawn anew from time to time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Users>,
}

/// So many windows of users cost a second or two, even if nobody comes.
const WINDOWS_MAX: u64 = 10_000_000;

impl Workload {
    /// Notes what is wrong with it.
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        match (&self.open, &self.users) {
            (Some(open), None) => open.check(&format!("{path}.open"), problems),
            (None, Some(users)) => users.check(&format!("{path}.users"), problems),
            (Some(_), Some(_)) => problems
                .error(path, "a workload is either `open` or `users`, not both")
                .advise("make it two workloads"),
            (None, None) => problems
                .error(path, "this workload does not say when requests come")
                .advise("add `open: { rate: 100/s }`, or `users: { active: 100, each: 20/min }`"),
        }
        match (&self.to, self.mix.is_empty()) {
            (Some(_), true) | (None, false) => {}
            (Some(_), false) => problems
                .error(path, "a workload has either `to` or `mix`, not both")
                .advise("put the endpoint of `to` into `mix`, with its weight"),
            (None, true) => problems
                .error(path, "this workload does not say where its requests go")
                .advise("add `to: service.endpoint`"),
        }
        for (target, weight) in &self.mix {
            if !(0.0..=1e9).contains(weight) {
                problems.error(
                    format!("{path}.mix.{target}"),
                    format!("a weight is a number from 0 to 10^9, not {weight}"),
                );
            }
        }
        if !self.mix.is_empty() && self.mix.values().all(|weight| *weight == 0.0) {
            problems
                .error(format!("{path}.mix"), "all weights are 0: no request would go anywhere")
                .advise("give one of them more than 0");
        }
    }
    /// Notes what a run of that length is too long or too short for.
    pub(crate) fn check_duration(&self, duration: Span, path: &str, problems: &mut Problems) {
        if let Some(Open { arrivals: Arrivals::Regular(Regular { offset }), .. }) = &self.open
            && *offset >= duration
        {
            let what = format!(
                "the first request comes at {offset}, and the run ends at {duration}: none comes"
            );
            problems
                .warning(format!("{path}.open.arrivals.regular.offset"), what)
                .advise("lower `offset`, or lengthen `run.duration`");
        }
        let Some(windows) =
            self.users.as_ref().and_then(|users| duration.0.checked_div(users.resample.0))
        else {
            return;
        };
        if windows > WINDOWS_MAX && !problems.any_error() {
            let what = format!(
                "the number of users is drawn {windows} times in a run of {duration}, and at most {} times",
                Count(WINDOWS_MAX)
            );
            problems
                .error(format!("{path}.users.resample"), what)
                .advise("draw it less often, or shorten `run.duration`");
        }
    }
    /// The compiled form, if the workload says when its requests come.
    pub(crate) fn arrival_process(&self, salt: Salt) -> Option<ArrivalProcess> {
        let mirrored = false;
        match (&self.open, &self.users) {
            (Some(open), _) => {
                let profile = RateProfile::of_rate(&open.rate);
                Some(ArrivalProcess { gaps: open.arrivals.gaps(&profile), profile, salt, mirrored })
            }
            (_, Some(users)) => Some(ArrivalProcess {
                gaps: Interarrival::Poisson,
                profile: RateProfile::of_users(users),
                salt,
                mirrored,
            }),
            _ => None,
        }
    }
}

/// A source of the plan: when requests come.
#[derive(Clone, Debug)]
pub struct ArrivalProcess {
    pub gaps: Interarrival,
    pub profile: RateProfile,
    pub salt: Salt,
    /// Whether the mirror of every draw is taken: long gaps where there would be short ones
    /// (antithetic pairs).
    pub mirrored: bool,
}

/// How many arrivals are drawn ahead at once: a tight loop over one generator is faster than a
/// visit to it for each arrival.
const BLOCK: usize = 32;

/// A source of the world.
#[derive(Component)]
pub struct Source {
    /// The key its requests' keys come from.
    pub key: Key,
    /// How many requests it has sent.
    pub ordinal: u64,
    state: ArrivalState,
    /// Arrivals drawn ahead: how many there are, and which of them is next.
    ahead: [Time; BLOCK],
    drawn: usize,
    next: usize,
}

/// The arrival process of a source, up to its last draw.
#[derive(Clone)]
struct ArrivalState {
    generator: Xoshiro256PlusPlus,
    /// All ones if draws are mirrored.
    flipped: u64,
    piece: RateSegment,
    next_piece: u32,
    /// Units of the integrated rate used up in the piece.
    used: f64,
    /// Requests of a batch that are still to come at this moment.
    batch_left: u64,
    /// The last arrival drawn.
    last: Time,
    /// How many gaps have been drawn, if they depend on it.
    gaps: u64,
}

impl Source {
    pub fn new(process: &ArrivalProcess, replication: Key) -> Source {
        let key = Key(replication.draw(process.salt).0);
        let generator = Xoshiro256PlusPlus::seed_from_u64(key.draw(Salt::of("arrivals")).0);
        let flipped = if process.mirrored { u64::MAX } else { 0 };
        let state = ArrivalState {
            generator,
            flipped,
            piece: RateSegment::EMPTY,
            next_piece: 0,
            used: 0.0,
            batch_left: 0,
            last: Time::ZERO,
            gaps: 0,
        };
        Source { key, ordinal: 0, state, ahead: [Time::ZERO; BLOCK], drawn: BLOCK, next: BLOCK }
    }

    /// The time of the next arrival, or none if no more come before `horizon`.
    #[inline(always)]
    pub fn next_arrival(&mut self, process: &ArrivalProcess, horizon: Time) -> Option<Time> {
        if self.next == BLOCK {
            self.draw_ahead(process, horizon);
        }
        if self.next == self.drawn {
            return None;
        }
        self.next += 1;
        Some(self.ahead[self.next - 1])
    }

    #[inline(never)]
    fn draw_ahead(&mut self, process: &ArrivalProcess, horizon: Time) {
        // On copies, which can stay in registers.
        let (mut state, mut ahead) = (self.state.clone(), [Time::ZERO; BLOCK]);
        self.drawn = 0;
        while self.drawn < BLOCK
            && let Some(arrival) = state.draw(process, horizon)
        {
            ahead[self.drawn] = arrival;
            self.drawn += 1;
        }
        (self.state, self.ahead, self.next) = (state, ahead, 0);
    }
}

impl ArrivalState {
    #[inline(always)]
    fn next_draw(&mut self) -> Draw {
        Draw(self.generator.next_u64() ^ self.flipped)
    }
    /// Draws the arrival after the last one.
    #[inline(always)]
    fn draw(&mut self, process: &ArrivalProcess, horizon: Time) -> Option<Time> {
        if self.batch_left > 0 {
            self.batch_left -= 1;
            return Some(self.last);
        }
        let draw = self.next_draw();
        let mut gap = process.gaps.next(draw, &mut self.gaps);
        loop {
            let reached = self.used + gap;
            // What is used up at the very end of a piece comes when the rate goes on, and so never
            // if it does not.
            if reached < self.piece.units {
                self.used = reached;
                break;
            }
            gap = reached - self.piece.units;
            if self.piece.end_s * 1e9 >= horizon.0 as f64 {
                return None;
            }
            let draw = self.next_draw();
            self.piece = process.profile.after(&self.piece, self.next_piece, draw);
            self.next_piece += 1;
            self.used = 0.0;
        }
        let at = Time((self.piece.time_at(self.used) * 1e9 + 0.5) as i64 as u64);
        if at >= horizon {
            return None;
        }
        if let Interarrival::Batch(size) = &process.gaps {
            // A batch of none is not a thing that arrives; the check refuses sizes that can be 0.
            self.batch_left = (size.sample(self.next_draw()).round().max(1.0) as u64) - 1;
        }
        // Rounding must not put an arrival before the one that came first.
        self.last = at.max(self.last);
        Some(self.last)
    }
}
