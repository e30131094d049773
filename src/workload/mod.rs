//! Workloads: where requests go, and when they arrive.
//!
//! All workloads share one mechanism: a sequence of gaps of mean 1 ([`arrivals`]) is mapped through
//! the inverse of the integrated rate `R(t)`, which is piecewise ([`profile`]): a constant rate,
//! its stages, or windows of a number of users. With exponential gaps this is the exact inversion
//! method for a non-homogeneous Poisson process (Çinlar 1975, §4.7). Each source draws from its own
//! sequential `Xoshiro256PlusPlus`, so its arrivals do not depend on anything else in the system.
//! Checked: `tests/it/workload.rs` (counts, gaps, ramps, users' windows, last arrival).

mod arrivals;
mod closed;
mod open;
mod profile;
mod sessions;
mod turns;
mod users;

pub(crate) use arrivals::Interarrival;
pub use arrivals::{Arrivals, Batch, Regular, Variation};
pub use closed::Closed;
pub(crate) use closed::ClosedPlan;
pub use open::{Mmpp, Open, RateShape, RateState, Stage, Stages};
pub(crate) use profile::{RateProfile, RateSegment};
pub use sessions::Sessions;
pub(crate) use sessions::SessionsPlan;
pub(crate) use turns::{Returning, Turns};
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

/// A workload, as written: where its requests go, and when they arrive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The endpoint of all requests, `service.endpoint`; or a service, whose instances choose one
    /// of their endpoints with equal probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Several endpoints, with weights.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub mix: IndexMap<String, f64>,
    /// Nodes that messages pass through on the way in and out, such as a client; responses end at
    /// the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// Requests that arrive at a given rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Open>,
    /// Requests from a number of active users that is redrawn periodically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Users>,
    /// Requests from a fixed number of users, who wait for each answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// Users who come at a given rate, send some requests one after the other, and leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Sessions>,
}

/// The maximum number of user windows in a run; this many take a second or two even without
/// requests.
const WINDOWS_MAX: u64 = 10_000_000;

impl Workload {
    /// Reports the errors of the workload.
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        if let Some(open) = &self.open {
            open.check(&format!("{path}.open"), problems);
        }
        if let Some(users) = &self.users {
            users.check(&format!("{path}.users"), problems);
        }
        if let Some(closed) = &self.closed {
            closed.check(&format!("{path}.closed"), problems);
        }
        if let Some(sessions) = &self.sessions {
            sessions.check(&format!("{path}.sessions"), problems);
        }
        let written = [
            ("open", self.open.is_some()),
            ("users", self.users.is_some()),
            ("closed", self.closed.is_some()),
            ("sessions", self.sessions.is_some()),
        ];
        let written: Vec<&str> = written
            .into_iter()
            .filter(|(_, is_written)| *is_written)
            .map(|(name, _)| name)
            .collect();
        match written[..] {
            [] => {
                problems
                    .error(path, "this workload does not say when requests arrive")
                    .advise("add `open: { rate: 100/s }`, `users: { active: 100, each: 20/min }`, `closed: { users: 50, think: 5s }` or `sessions: { rate: 5/s, requests: 3, think: 20s }`");
            }
            [_] => {}
            [first, .., last] => {
                problems
                    .error(
                        path,
                        format!("a workload must be either `{first}` or `{last}`, not both"),
                    )
                    .advise("split it into two workloads");
            }
        }
        match (&self.to, self.mix.is_empty()) {
            (Some(_), true) | (None, false) => {}
            (Some(_), false) => problems
                .error(path, "a workload must have either `to` or `mix`, not both")
                .advise("move the endpoint of `to` into `mix`, with a weight"),
            (None, true) => problems
                .error(path, "this workload does not say where its requests go")
                .advise("add `to: service.endpoint`"),
        }
        for (target, weight) in &self.mix {
            if !(0.0..=1e9).contains(weight) {
                problems.error(
                    format!("{path}.mix.{target}"),
                    format!("a weight must be a number from 0 to 10^9, not {weight}"),
                );
            }
        }
        if !self.mix.is_empty() && self.mix.values().all(|weight| *weight == 0.0) {
            problems
                .error(format!("{path}.mix"), "all weights are 0, so no request has a target")
                .advise("set at least one of them above 0");
        }
    }
    /// Returns the rate at which its requests, or sessions, arrive, if that is given.
    pub(crate) fn rate(&self) -> Option<&RateShape> {
        let sessions = self.sessions.as_ref().map(|sessions| &sessions.rate);
        self.open.as_ref().map(|open| &open.rate).or(sessions)
    }
    /// Reports workloads for which a run of this length is too long or too short.
    pub(crate) fn check_duration(&self, duration: Span, path: &str, problems: &mut Problems) {
        if let Some(Open { arrivals: Arrivals::Regular(Regular { offset }), .. }) = &self.open
            && *offset >= duration
        {
            let what = format!(
                "the first request arrives at {offset}, but the run ends at {duration}: no request arrives"
            );
            problems
                .warning(format!("{path}.open.arrivals.regular.offset"), what)
                .advise("lower `offset`, or lengthen `run.duration`");
        }
        if let Some(sessions) = self.sessions.as_ref().filter(|_| !problems.any_error())
            && sessions.thinks_s() * 3.0 > duration.seconds()
        {
            let length = Span::from_seconds(sessions.thinks_s().round());
            let what = format!(
                "a session thinks for about {length} in all, so in a run of {duration} the rate of requests is still rising: the results are not those of the long run"
            );
            problems.warning(format!("{path}.sessions"), what).advise(
                "lengthen `run.duration` and `run.warmup` to several times that, or shorten `think`",
            );
        }
        let Some(windows) =
            self.users.as_ref().and_then(|users| duration.0.checked_div(users.resample.0))
        else {
            return;
        };
        if windows > WINDOWS_MAX && !problems.any_error() {
            let what = format!(
                "the number of users would be drawn {windows} times in a run of {duration}, but at most {} times are allowed",
                Count(WINDOWS_MAX)
            );
            problems
                .error(format!("{path}.users.resample"), what)
                .advise("raise `resample`, or shorten `run.duration`");
        }
    }
    /// Returns the compiled form; `None` if the workload does not say when requests arrive.
    pub(crate) fn arrival_process(&self, salt: Salt) -> Option<ArrivalProcess> {
        let (gaps, profile, requests) = match self {
            Workload { open: Some(open), .. } => {
                let profile = RateProfile::of_rate(&open.rate);
                (open.arrivals.gaps(&profile), profile, 1.0)
            }
            Workload { users: Some(users), .. } => {
                (Interarrival::Poisson, RateProfile::of_users(users), 1.0)
            }
            Workload { sessions: Some(sessions), .. } => {
                let profile = RateProfile::of_rate(&sessions.rate);
                (sessions.arrivals.gaps(&profile), profile, sessions.mean_requests())
            }
            // Nothing arrives by itself: users come back.
            Workload { closed: Some(_), .. } => {
                (Interarrival::Poisson, RateProfile::Constant { rate: 0.0 }, 1.0)
            }
            _ => return None,
        };
        Some(ArrivalProcess { gaps, profile, requests, salt, mirrored: false })
    }
}

/// The arrival process of a source in the plan.
#[derive(Clone, Debug)]
pub(crate) struct ArrivalProcess {
    pub gaps: Interarrival,
    pub profile: RateProfile,
    /// The mean number of requests that follow from one arrival: more than one in sessions.
    pub requests: f64,
    pub salt: Salt,
    /// Whether every draw is mirrored, so that long gaps become short ones and vice versa
    /// (antithetic pairs).
    pub mirrored: bool,
}

/// The number of arrivals drawn ahead at once: a tight loop over one generator is faster than one
/// call per arrival.
const BLOCK: usize = 32;

/// A source of requests in the world.
#[derive(Component)]
pub(crate) struct Source {
    /// The key from which its requests' keys are derived.
    pub key: Key,
    /// The number of requests sent so far.
    pub ordinal: u64,
    /// The same of each user, if they come back.
    pub turns: Turns,
    state: ArrivalState,
    /// The arrivals drawn ahead; `drawn` is their number, `next` the index of the next one.
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
    /// Units of the integrated rate consumed within the piece.
    used: f64,
    /// The requests of the current batch that have not been returned yet.
    batch_left: u64,
    /// The last arrival drawn.
    last: Time,
    /// The number of gaps drawn, for processes that depend on it.
    gaps: u64,
}

impl Source {
    pub(crate) fn new(process: &ArrivalProcess, replication: Key) -> Source {
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
        Source {
            key,
            ordinal: 0,
            turns: Turns::default(),
            state,
            ahead: [Time::ZERO; BLOCK],
            drawn: BLOCK,
            next: BLOCK,
        }
    }

    /// Returns the time of the next arrival, or `None` if there is none before `horizon`.
    #[inline(always)]
    pub(crate) fn next_arrival(&mut self, process: &ArrivalProcess, horizon: Time) -> Option<Time> {
        // A block that is not full is the last.
        if self.next == self.drawn {
            if self.drawn < BLOCK {
                return None;
            }
            self.draw_ahead(process, horizon);
            if self.drawn == 0 {
                return None;
            }
        }
        let arrival = self.ahead.get(self.next).copied();
        self.next += 1;
        arrival
    }

    #[inline(never)]
    fn draw_ahead(&mut self, process: &ArrivalProcess, horizon: Time) {
        // Work on copies, which can stay in registers.
        let (mut state, mut ahead) = (self.state.clone(), [Time::ZERO; BLOCK]);
        let mut drawn = 0;
        if let Interarrival::Poisson = process.gaps {
            drawn = state.draw_plain(horizon, &mut ahead);
        }
        while drawn < BLOCK
            && let Some(arrival) = state.draw(process, horizon)
        {
            ahead[drawn] = arrival;
            drawn += 1;
        }
        (self.state, self.ahead, self.drawn, self.next) = (state, ahead, drawn, 0);
    }
}

/// Returns the nearest nanosecond. Converted through i64, which takes half the instructions.
#[inline(always)]
fn nearest(at_s: f64) -> Time {
    Time((at_s * 1e9 + 0.5) as i64 as u64)
}

impl ArrivalState {
    #[inline(always)]
    fn next_draw(&mut self) -> Draw {
        Draw(self.generator.next_u64() ^ self.flipped)
    }
    /// Draws Poisson arrivals as long as the rate stays what it is, which they nearly always do;
    /// returns how many. [`draw`](ArrivalState::draw) would draw the same, and takes over where
    /// this has to stop, having drawn nothing of what follows.
    #[inline(always)]
    fn draw_plain(&mut self, horizon: Time, ahead: &mut [Time; BLOCK]) -> usize {
        let ArrivalState { mut generator, mut used, mut last, piece, flipped, .. } = self.clone();
        if piece.slope != 0.0 {
            return 0;
        }
        let mut drawn = 0;
        for arrival in ahead {
            let mut advanced = generator.clone();
            let draw = Draw(advanced.next_u64() ^ flipped);
            let reached = used + Interarrival::Poisson.next(draw, &mut 0);
            let at = nearest(piece.start_s + reached / piece.from);
            let is_in_piece = reached < piece.units;
            if !is_in_piece || at >= horizon {
                break;
            }
            last = at.max(last);
            *arrival = last;
            (generator, used) = (advanced, reached);
            drawn += 1;
        }
        (self.generator, self.used, self.last) = (generator, used, last);
        drawn
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
            // An arrival at the very end of a piece happens when the next positive rate begins, so
            // never if none follows.
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
        let at = nearest(self.piece.time_at(self.used));
        if at >= horizon {
            return None;
        }
        if let Interarrival::Batch(size) = &process.gaps {
            // A batch has at least one request, whatever the distribution returns; the check
            // rejects a constant size of 0.
            self.batch_left = (size.sample(self.next_draw()).round().max(1.0) as u64) - 1;
        }
        // Rounding must not put an arrival before the previous one.
        self.last = at.max(self.last);
        Some(self.last)
    }
}
