//! Workloads: where requests go, and when they arrive.
//!
//! All workloads share one mechanism: a sequence of gaps of mean 1 ([`arrivals`]) is mapped through
//! the inverse of the integrated rate `R(t)`, which is piecewise ([`rate`]): a constant rate, its
//! stages, factors of the time of the day, or windows of a number of users. With exponential gaps
//! this is the exact inversion method for a non-homogeneous Poisson process (Çinlar 1975, §4.7).
//! Each source draws from its own sequential `Xoshiro256PlusPlus`, so its arrivals do not depend on
//! anything else in the system.
//! Checked: `tests/it/workload.rs` (counts, gaps, ramps, users' windows, last arrival).

mod arrivals;
mod closed;
mod elasticity;
mod open;
mod patience;
mod rate;
mod replay;
mod sessions;
mod source;
mod tool;
mod turns;
mod users;

pub(crate) use arrivals::Interarrival;
pub use arrivals::{Arrivals, Batch, Regular, Spacing, Variation};
pub use closed::Closed;
pub(crate) use closed::ClosedPlan;
pub use elasticity::Elasticity;
pub(crate) use elasticity::{ElasticityPlan, Remembered};
pub use open::Open;
pub use patience::{Patience, Reload};
pub(crate) use rate::{Course, RateProfile, RateSegment};
pub use rate::{
    Diurnal, Mmpp, Noise, RateShape, RateSpread, RateState, ShapedRate, Shapes, Spike, Stage,
    Stages, Table, TableRate, Weekly,
};
pub use replay::{Columns, Replay, Trace};
pub use sessions::Sessions;
pub(crate) use sessions::SessionsPlan;
pub(crate) use source::{ArrivalProcess, Source};
pub use tool::Tool;
pub(crate) use turns::{Returning, Turns};
pub use users::Users;

use crate::problem::Problems;
use crate::random::dists::Dist;
use crate::random::keys::Salt;
use crate::random::popularity::check_keys;
use crate::units::{Count, Span};
use indexmap::IndexMap;
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
    /// Requests at the times of a trace or an access log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// The most requests of this workload in flight, as the number of connections of a load
    /// generator; those that arrive above it are `dropped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<Count>,
    /// One of `classes`; the first if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What its requests are about, by name: of each name a request draws one key, which all that
    /// follows from it shares.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub keys: IndexMap<String, Dist<Count>>,
    /// How long users wait for an answer; for ever if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<Patience>,
    /// What users do whose requests fail; nothing if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload: Option<Reload>,
    /// How many of its users stay away when answers take long; none if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elasticity: Option<Elasticity>,
    /// A load generator whose view of its requests is reported too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// Users who come at a given rate, send some requests one after the other, and leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Sessions>,
}

/// The maximum number of user windows in a run; this many take a second or two even without
/// requests.
const WINDOWS_MAX: u64 = 10_000_000;
/// The maximum number of pieces of a rate in a run.
const PIECES_MAX: f64 = 10e6;

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
        if let Some(replay) = &self.replay {
            replay.check(&format!("{path}.replay"), problems);
        }
        self.check_users(path, problems);
        for (name, keys) in &self.keys {
            if name.trim().is_empty() {
                problems
                    .error(format!("{path}.keys"), "a key needs a name")
                    .advise("write for example `keys: { product: { zipf: { n: 5k, s: 1 } } }`");
            }
            check_keys(keys, &format!("`{name}`"), &format!("{path}.keys.{name}"), problems);
        }
        let written = [
            ("open", self.open.is_some()),
            ("users", self.users.is_some()),
            ("closed", self.closed.is_some()),
            ("sessions", self.sessions.is_some()),
            ("replay", self.replay.is_some()),
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
        self.check_targets(path, problems);
    }
    /// Reports what is wrong with how its users behave.
    fn check_users(&self, path: &str, problems: &mut Problems) {
        if let Some(patience) = &self.patience {
            patience.check(&format!("{path}.patience"), problems);
        }
        if self.max_in_flight == Some(Count(0)) {
            problems
                .error(
                    format!("{path}.max_in_flight"),
                    "with none in flight, all requests are dropped",
                )
                .advise("write the number of connections, or leave `max_in_flight` out");
        }
        if self.max_in_flight.is_some() && (self.closed.is_some() || self.sessions.is_some()) {
            problems
                .error(format!("{path}.max_in_flight"), "only requests that arrive by themselves can be dropped")
                .advise("leave it out; of `closed` users, at most as many requests are in flight as there are users");
        }
        for (name, is_written) in
            [("elasticity", self.elasticity.is_some()), ("tool", self.tool.is_some())]
        {
            if is_written && (self.closed.is_some() || self.sessions.is_some()) {
                problems
                    .error(
                        format!("{path}.{name}"),
                        "these users wait for their answers, and slow down with the system anyway",
                    )
                    .advise(format!("leave `{name}` out, or describe them with `open`"));
            }
        }
        if let Some(elasticity) = &self.elasticity {
            elasticity.check(&format!("{path}.elasticity"), problems);
            let what = "the loads that `check` computes are those if no user stays away";
            problems.note(format!("{path}.elasticity"), what);
        }
        if let Some(tool) = &self.tool {
            tool.check(&format!("{path}.tool"), problems);
        }
        if let Some(reload) = &self.reload {
            reload.check(&format!("{path}.reload"), problems);
            let what = "the loads that `check` computes are those of first attempts";
            problems.note(format!("{path}.reload"), what);
            if self.closed.is_some() || self.sessions.is_some() {
                problems
                    .error(
                        format!("{path}.reload"),
                        "these users send their next request after a failure anyway",
                    )
                    .advise("leave `reload` out, or describe them with `open`");
            }
        }
    }
    /// Reports what is wrong with where its requests go.
    fn check_targets(&self, path: &str, problems: &mut Problems) {
        let is_in_file =
            self.replay.as_ref().is_some_and(|replay| replay.columns.endpoint.is_some());
        if is_in_file && !self.mix.is_empty() {
            problems
                .error(format!("{path}.mix"), "the file of `replay` says where its requests go")
                .advise("remove `mix`, or `columns.endpoint`");
        }
        if let Some(to) = self.to.as_ref().filter(|to| is_in_file && to.contains('.')) {
            problems
                .error(
                    format!("{path}.to"),
                    format!("`{to}` is not a service: the file of `replay` names the endpoints"),
                )
                .advise(
                    "write the service alone, or remove `to` if the file names `service.endpoint`",
                );
        }
        match (&self.to, self.mix.is_empty() && !is_in_file) {
            (Some(_), true) | (None, false) => {}
            (Some(_), false) if is_in_file => {}
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
    /// Returns where its requests go, each with its weight.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (&String, f64)> + Clone {
        let in_file = self.replay.as_ref().and_then(Replay::names);
        let to = self.to.iter().filter(move |_| in_file.is_none()).map(|to| (to, 1.0));
        let mix = self.mix.iter().map(|(to, weight)| (to, *weight));
        to.chain(mix).chain(in_file.into_iter().flatten().map(|(to, count)| (to, *count as f64)))
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
        let pieces = match self.rate().filter(|_| !problems.any_error()) {
            Some(rate) => RateProfile::of_rate(rate).pieces(duration),
            None => 0.0,
        };
        if pieces > PIECES_MAX {
            let kind = if self.open.is_some() { "open" } else { "sessions" };
            let what = format!(
                "this rate changes about {:.0} million times in a run of {duration}, more than {:.0} million",
                pieces * 1e-6,
                PIECES_MAX * 1e-6
            );
            problems.error(format!("{path}.{kind}.rate"), what).advise(
                "shorten `run.duration`, or raise `every` of `noise`, `period` of `diurnal` or `stay` of `mmpp`",
            );
        }
        self.check_spikes(duration, path, problems);
        if let Some(replay) = &self.replay {
            replay.check_duration(duration, &format!("{path}.replay"), problems);
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
    /// Reports spikes that begin after the run.
    fn check_spikes(&self, duration: Span, path: &str, problems: &mut Problems) {
        let kind = if self.open.is_some() { "open" } else { "sessions" };
        for (index, spike) in self.rate().map_or(&[][..], RateShape::spikes).iter().enumerate() {
            if spike.at >= duration {
                let what = format!(
                    "this spike begins at {}, but the run ends at {duration}: it has no effect",
                    spike.at
                );
                problems
                    .warning(format!("{path}.{kind}.rate.spikes[{index}].at"), what)
                    .advise("let it begin earlier, or lengthen `run.duration`");
            }
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
            Workload { replay: Some(replay), .. } => (
                Interarrival::Given(replay.compile()),
                RateProfile::Constant { rate: replay.mean_rate() },
                1.0,
            ),
            // Nothing arrives by itself: users come back.
            Workload { closed: Some(_), .. } => {
                (Interarrival::Poisson, RateProfile::Constant { rate: 0.0 }, 1.0)
            }
            _ => return None,
        };
        Some(ArrivalProcess { gaps, profile, requests, salt, mirrored: false })
    }
}
