//! The mean demand of a request at each endpoint, and the request rate of each endpoint.
//!
//! Law: flow balance (Denning, Buzen 1978): the demand of a request is the sum over its steps, each
//! weighted with the share of requests that reach it; the requests of an endpoint come from
//! workloads and from its callers, visited in topological order, once each. Losses on links,
//! rejections and timeouts are ignored, so that a rate is exact where there are none, and otherwise
//! an upper bound (see [`EndpointDemand::is_exact`] and [`Rates::is_exact`]). The lower bound of
//! the residence time includes only the steps before anything that may be lost, and the minimum
//! duration of a call with a timeout; the expected residence time is the mean over all steps.
//! Checked: `flow_balance_tests.rs` by hand; the resulting verdicts over the grid of
//! `tests/it/verdict/grid/mod.rs`.

mod blocks;
mod may_end;
mod round_trip;
mod sum;

use super::broken::Broken;
use super::directory::NameTable;
use super::topology::topological;
use super::{Endpoint, Scenario, Service, Workload};
use crate::random::keys::Salt;
use crate::step::asks::{At, EachCall, Kind, ask};
use crate::step::{Call, Scope};
use crate::workload::{ArrivalProcess, RateProfile};
pub(super) use round_trip::RoundTrip;
use sum::demand_of;

/// The demand of a request at an endpoint, and the endpoints it calls.
pub(super) struct EndpointDemand {
    /// Mean time that it computes, s.
    pub cpu_s: f64,
    /// Variance of the time for which it holds a core, s²; infinite where the mean waiting time for
    /// a core is infinite, too.
    pub cpu_variance_s2: f64,
    /// Mean time for which it holds a core without computing, s, and the part of it before
    /// anything that may be lost; included in the residence times.
    pub blocked_s: f64,
    pub min_blocked_s: f64,
    /// Mean memory need.
    pub memory_bytes: f64,
    /// The memory need in bytes, if it is the same for every request.
    pub constant_memory: Option<u64>,
    /// What its blocks hold beside, times how long they do, B·s: at least, and as expected.
    pub held_bytes_s: [f64; 2],
    /// The part of `cpu_s` before anything that may be lost, rejected or timed out: a lower bound,
    /// s.
    pub min_cpu_s: f64,
    /// Mean residence time if the request never waits for a core, for memory or for admission, s: a
    /// lower bound. It excludes everything after a step that may be lost, rejected or timed out; a
    /// call with a timeout counts with its minimum duration, because the mean of min(X, t) is less
    /// than min(E X, t).
    pub min_residence_s: f64,
    /// The same if nothing is lost or timed out, with min(E X, t) for a call with a timeout, s: not
    /// a bound, but a good estimate where losses and timeouts are rare.
    pub expected_residence_s: f64,
    /// What is done after the answer, where it responds early; included in the sums above.
    pub after: After,
    /// The minimum time that every request spends without a core until it is answered, on any
    /// machine, s.
    pub min_duration_s: f64,
    /// Whether the residence time is exact: no step can queue, be lost or time out.
    pub is_exact: bool,
    /// The same for a request that has its instance to itself.
    pub is_exact_alone: bool,
    /// Whether an unknown share of its calls may be lost, rejected or timed out.
    pub may_fail: bool,
    /// Whether calls stand in blocks, so that one that fails prevents others.
    pub is_nested: bool,
    /// Whether a block may end before all of its calls have been made, or answered.
    pub is_cut: bool,
    /// Whether its times may be longer under load, or because of a fault, than the sums above.
    pub may_take_longer: bool,
    /// Whether something is done after the answer, or beside it.
    pub goes_beyond: bool,
    /// The parts of `cpu_s` and `min_cpu_s` that are spent beside the request, s.
    pub beside_cpu_s: [f64; 2],
    /// The parts of `cpu_s`, `min_cpu_s` and `cpu_variance_s2` that threads spend on cores of their
    /// own.
    pub thread_cpu: [f64; 3],
    /// Share of the requests that are answered, if only failing steps end requests early.
    pub answered_share: f64,
    /// Mean number of steps that take an event each.
    pub events: f64,
    /// The endpoints it calls, each with the share of requests that reach the call.
    pub calls: Vec<(u32, f64)>,
    /// What it holds, and for how long.
    pub holdings: Vec<HoldingDemand>,
    /// The path of the first distribution with infinite variance, here or in the endpoints it
    /// calls.
    pub heavy: Option<String>,
}

/// The parts of the sums of a demand that come after the answer, s.
pub(crate) struct After {
    pub cpu_s: f64,
    pub min_cpu_s: f64,
    pub min_residence_s: f64,
    pub expected_residence_s: f64,
}

/// How long a request to an endpoint holds a lock or a connection, if nothing is waited for
/// meanwhile.
pub(super) struct HoldingDemand {
    pub kind: Kind,
    pub name: String,
    pub scope: Scope,
    pub units: f64,
    /// The share of requests that need its most popular key; 1 if it has none.
    pub hottest: [f64; 2],
    /// On average over all requests, s: a lower bound.
    pub min_s: f64,
    /// The same as [`EndpointDemand::expected_residence_s`], s.
    pub expected_s: f64,
}

impl EndpointDemand {
    const NONE: EndpointDemand = EndpointDemand {
        cpu_s: 0.0,
        min_cpu_s: 0.0,
        cpu_variance_s2: 0.0,
        blocked_s: 0.0,
        min_blocked_s: 0.0,
        memory_bytes: 0.0,
        constant_memory: None,
        held_bytes_s: [0.0; 2],
        min_residence_s: 0.0,
        expected_residence_s: 0.0,
        after: After {
            cpu_s: 0.0,
            min_cpu_s: 0.0,
            min_residence_s: 0.0,
            expected_residence_s: 0.0,
        },
        min_duration_s: 0.0,
        is_exact: false,
        is_exact_alone: false,
        may_fail: false,
        is_nested: false,
        is_cut: false,
        may_take_longer: false,
        goes_beyond: false,
        beside_cpu_s: [0.0; 2],
        thread_cpu: [0.0; 3],
        answered_share: 1.0,
        events: 0.0,
        calls: Vec::new(),
        holdings: Vec::new(),
        heavy: None,
    };

    /// The part of `cpu_s` that the request itself spends.
    pub(crate) fn own_cpu_s(&self) -> f64 {
        self.cpu_s - self.beside_cpu_s[0]
    }

    /// The same of `min_cpu_s`.
    pub(crate) fn own_min_cpu_s(&self) -> f64 {
        self.min_cpu_s - self.beside_cpu_s[1]
    }

    /// Returns the lower bound of the mean residence time on a machine slower by this factor, s.
    pub(crate) fn min_residence_at(&self, stretch: f64) -> f64 {
        self.min_residence_s + self.own_min_cpu_s() * (stretch - 1.0)
    }

    /// Returns the expected residence time on a machine slower by this factor, s.
    pub(crate) fn expected_residence_at(&self, stretch: f64) -> f64 {
        self.expected_residence_s + self.own_cpu_s() * (stretch - 1.0)
    }

    /// Returns the lower bound of the mean time until the answer, s.
    pub(crate) fn min_answer_at(&self, stretch: f64) -> f64 {
        let after_s = self.after.min_residence_s + self.after.min_cpu_s * (stretch - 1.0);
        self.min_residence_at(stretch) - after_s
    }

    /// Returns the expected time until the answer, s.
    pub(crate) fn expected_answer_at(&self, stretch: f64) -> f64 {
        let after_s = self.after.expected_residence_s + self.after.cpu_s * (stretch - 1.0);
        self.expected_residence_at(stretch) - after_s
    }
}

/// The request rate of each endpoint.
pub(super) struct Rates {
    /// Requests per second, by endpoint.
    pub by_endpoint: Vec<f64>,
    /// Whether the rate is exact, not an upper bound.
    pub is_exact: Vec<bool>,
}

/// Returns the demands of all endpoints, and the endpoints in an order with callers before callees.
pub(super) fn demands(directory: &NameTable, broken: &Broken) -> (Vec<EndpointDemand>, Vec<usize>) {
    let order = callers_first(directory);
    let mut demands: Vec<Option<EndpointDemand>> =
        directory.endpoints.iter().map(|_| None).collect();
    for &endpoint in order.iter().rev() {
        demands[endpoint] = Some(demand_of(directory, broken, endpoint, &demands));
    }
    // Cycles of calls are refused elsewhere.
    (demands.into_iter().map(|demand| demand.unwrap_or(EndpointDemand::NONE)).collect(), order)
}

/// Returns the arrival process of each workload; `None` where it sends nothing.
pub(super) fn processes(scenario: &Scenario) -> Vec<Option<ArrivalProcess>> {
    scenario.workload.values().map(|workload| workload.arrival_process(Salt::of(""))).collect()
}

/// Returns the requests per second of each workload, with the rate that `rate` takes from its
/// profile; 0 where nothing is sent.
pub(super) fn sent(
    processes: &[Option<ArrivalProcess>],
    rate: impl Fn(usize, &RateProfile) -> f64,
) -> Vec<f64> {
    let rate_of = |(index, process): (usize, &Option<ArrivalProcess>)| {
        process.as_ref().map_or(0.0, |process| {
            rate(index, &process.profile) * process.gaps.mean_batch() * process.requests
        })
    };
    processes.iter().enumerate().map(rate_of).collect()
}

/// Returns the request rate of every endpoint, where `sent` is the rate of each workload.
pub(super) fn rates(
    directory: &NameTable,
    demands: &[EndpointDemand],
    order: &[usize],
    sent: &[f64],
) -> Rates {
    let scenario = directory.scenario;
    let mut by_endpoint = vec![0.0; directory.endpoints.len()];
    let mut by_service = vec![0.0; scenario.services.len()];
    for (workload, &rate) in scenario.workload.values().zip(sent) {
        // A zero rate times an infinite mean batch is NaN, and means no requests.
        if rate.is_nan() {
            continue;
        }
        for (to, share) in targets(workload) {
            match directory.target(to) {
                Ok((_, Some(endpoint))) => by_endpoint[endpoint as usize] += rate * share,
                Ok((service, None)) => by_service[service as usize] += rate * share,
                Err(_) => {}
            }
        }
    }
    let handed_on = hand_on(directory, &mut by_service);
    // An instance draws the endpoint of a request that names only the service.
    for instance in &directory.instances {
        let drawn = by_service[instance.service as usize]
            / directory.members[instance.service as usize].0.len() as f64;
        for endpoint in instance.first_endpoint..instance.first_endpoint + instance.endpoints {
            by_endpoint[endpoint as usize] += drawn / instance.endpoints as f64;
        }
    }
    // A lossy link anywhere may reduce the rates; a pipeline continues only with answered requests.
    let whole = !handed_on && scenario.links.values().all(|link| link.loss.fraction == 0.0);
    let mut is_exact = vec![whole; directory.endpoints.len()];
    // How often closed users come is not known, and is not in these rates, and neither is how often
    // users reload or stay away; that of sessions is only known in the long run. What is called off
    // when users leave is done in part.
    let duration = scenario.run.duration;
    let is_open = |workload: &Workload| {
        let sessions = workload.sessions.as_ref();
        workload.closed.is_none()
            && workload.reload.is_none()
            && workload.elasticity.is_none()
            && workload.patience.as_ref().is_none_or(|patience| !patience.cancel)
            && sessions.is_none_or(|of| of.is_rate_exact(duration))
    };
    for workload in scenario.workload.values().filter(|workload| !is_open(workload)) {
        for (to, _) in targets(workload) {
            match directory.target(to) {
                Ok((_, Some(endpoint))) => is_exact[endpoint as usize] = false,
                _ => is_exact.fill(false),
            }
        }
    }
    for &endpoint in order {
        let demand = &demands[endpoint];
        let all_arrive = is_exact[endpoint]
            && !demand.is_cut
            && !service_of(directory, endpoint).sheds()
            && (!demand.may_fail || demand.calls.len() == 1 && !demand.is_nested);
        for (callee, share) in &demand.calls {
            by_endpoint[*callee as usize] += by_endpoint[endpoint] * share;
            is_exact[*callee as usize] &= all_arrive;
        }
    }
    Rates { by_endpoint, is_exact }
}

/// Returns the index of dispersion of the arrivals (1 for Poisson): the mean over the workloads,
/// weighted by their rates.
pub(super) fn dispersion(processes: &[Option<ArrivalProcess>], sent: &[f64]) -> f64 {
    let weighted = |(process, rate): (&Option<ArrivalProcess>, &f64)| {
        let process = process.as_ref()?;
        Some((*rate, process.gaps.dispersion() + process.profile.dispersion()))
    };
    let (sum, weights) = processes
        .iter()
        .zip(sent)
        .filter_map(weighted)
        .fold((0.0, 0.0), |(sum, weights), (rate, d)| (sum + rate * d, weights + rate));
    if weights > 0.0 { sum / weights } else { 1.0 }
}

/// Returns the service of an endpoint.
fn service_of<'s>(directory: &NameTable<'s>, endpoint: usize) -> &'s Service {
    &directory.scenario.services[directory.endpoints[endpoint].service as usize]
}

/// Returns the targets of a workload's requests, with the share of each.
pub(super) fn targets(workload: &Workload) -> impl Iterator<Item = (&String, f64)> {
    let weights: f64 = workload.targets().map(|(_, weight)| weight).sum();
    let shares = workload.targets().map(move |(to, weight)| (to, weight / weights));
    shares.filter(|(_, share)| *share > 0.0)
}

/// Adds the rates that services hand on to the next service of a pipeline (pipelines have no
/// cycles). Returns whether there are any pipelines.
fn hand_on(directory: &NameTable, by_service: &mut [f64]) -> bool {
    let next = |then: Option<&String>| {
        then.and_then(|then| directory.services.get(then.as_str())).map(|next| *next as usize)
    };
    let mut ways = vec![Vec::new(); by_service.len()];
    for instance in &directory.instances {
        let share = 1.0 / directory.members[instance.service as usize].0.len() as f64;
        ways[instance.service as usize].extend(next(instance.then).map(|next| (next, share)));
    }
    for service in
        topological(by_service.len(), |service| ways[service].iter().map(|(next, _)| *next))
    {
        for (next, share) in &ways[service] {
            by_service[*next] += by_service[service] * share;
        }
    }
    ways.iter().any(|ways| !ways.is_empty())
}

/// Returns the endpoints, callers before callees.
pub(super) fn callers_first(directory: &NameTable) -> Vec<usize> {
    let called = |endpoint: &Endpoint| callees(directory, endpoint).into_iter().flatten().collect();
    let calls: Vec<Vec<usize>> =
        directory.endpoints.iter().map(|entry| called(entry.endpoint)).collect();
    topological(calls.len(), |endpoint| calls[endpoint].iter().copied())
}

/// Returns the endpoint that a call leads to; `None` if that is unknown.
pub(super) fn callee(directory: &NameTable, call: &Call) -> Option<usize> {
    directory.target(&call.to).ok().and_then(|(_, callee)| callee).map(|callee| callee as usize)
}

/// Returns the endpoints that the steps of an endpoint call, one entry per call; `None` where that
/// is unknown.
pub(super) fn callees(directory: &NameTable, endpoint: &Endpoint) -> Vec<Option<usize>> {
    let mut found = Vec::new();
    let mut calls = EachCall(|_: At, call: &Call| found.push(callee(directory, call)));
    ask("", &endpoint.steps, &mut calls);
    found
}

/// Returns the slow-down factor, relative to the demands as written, of the fastest machine of an
/// endpoint's service.
fn fastest(directory: &NameTable, broken: &Broken, endpoint: usize) -> f64 {
    let (members, _) = &directory.members[directory.endpoints[endpoint].service as usize];
    let stretch =
        |index: usize| broken.slower[index] / directory.instances[index].machine.speed.times;
    members.clone().map(|index| stretch(index as usize)).reduce(f64::min).unwrap_or(1.0)
}
