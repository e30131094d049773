//! What a request of each endpoint asks for on average, and how often each endpoint is asked.
//!
//! Law: flow balance (Denning, Buzen 1978): what a request asks for is the sum over its steps, each
//! weighted with the share of requests that get that far; an endpoint is asked by workloads and by
//! those who call it, followed in topological order, once each. Losses on links, rejections and
//! calls that are given up are left out, so that a rate is the true one where there are none, and
//! else an upper bound ([`Ask::is_exact`] and [`Rates::is_exact`] say which). How long a request is
//! inside is bounded from below by what comes before anything that may be lost, and by what a call
//! with a timeout surely takes; the means of all of it are what is expected.
//! Checked: `flow_balance_tests.rs` by hand; the verdicts that come of it over the grid of
//! `tests/it/verdict/grid.rs`.

use super::broken::Broken;
use super::directory::NameTable;
use super::topology::topological;
use super::{Balance, Endpoint, Scenario, Service, Step, Workload};
use crate::random::keys::Salt;
use crate::workload::{ArrivalProcess, RateProfile};

/// What a request of an endpoint asks for by itself, and what it calls.
pub(super) struct Ask {
    pub cpu_s: f64,
    /// Variance of the core time; infinite where the mean waiting time for a core is, too.
    pub cpu_variance_s2: f64,
    pub memory_bytes: f64,
    /// The need, if it is the same for every request.
    pub memory_each: Option<u64>,
    /// Of `cpu_s` what comes before anything that may be lost, rejected or given up: a lower bound.
    pub surely_cpu_s: f64,
    /// Mean time inside if it never waits for a core, for memory or to be admitted: a lower bound.
    /// Nothing is in it that comes behind what may be lost, rejected or given up; of a call with a
    /// timeout only what it surely takes, because the mean of min(X, t) is not min(E X, t) but
    /// less.
    pub inside_s: f64,
    /// The same if nothing is lost or given up, with min(E X, t) for a call with a timeout: no
    /// bound, but near where that is rare.
    pub expected_s: f64,
    /// What every request surely spends without a core until it is answered, whatever machine it is
    /// on.
    pub surely_s: f64,
    /// Whether that is all there is to it: nothing it does can queue, be lost or be given up.
    pub is_exact: bool,
    /// The same of a request that has its instance to itself.
    pub is_exact_alone: bool,
    /// Whether calls may be rejected or given up, nobody knows how many.
    pub loses: bool,
    /// Share of the requests that are answered, if nothing but its steps fails them.
    pub answers: f64,
    /// Steps that take an event each.
    pub events: f64,
    /// Endpoints it calls, and the share of requests that get that far.
    pub calls: Vec<(u32, f64)>,
    /// The first law of infinite variance that it or whatever it calls draws from: its place.
    pub heavy: Option<String>,
}

impl Ask {
    const NOTHING: Ask = Ask {
        cpu_s: 0.0,
        surely_cpu_s: 0.0,
        cpu_variance_s2: 0.0,
        memory_bytes: 0.0,
        memory_each: None,
        inside_s: 0.0,
        expected_s: 0.0,
        surely_s: 0.0,
        is_exact: false,
        is_exact_alone: false,
        loses: false,
        answers: 1.0,
        events: 0.0,
        calls: Vec::new(),
        heavy: None,
    };

    /// Mean time inside, at least, where it computes that many times slower.
    pub fn inside_at(&self, stretch: f64) -> f64 {
        self.inside_s + self.surely_cpu_s * (stretch - 1.0)
    }

    /// The same as it is expected.
    pub fn expected_at(&self, stretch: f64) -> f64 {
        self.expected_s + self.cpu_s * (stretch - 1.0)
    }
}

/// How often each endpoint is asked.
pub(super) struct Rates {
    /// Requests a second, by endpoint.
    pub by_endpoint: Vec<f64>,
    /// Whether that is the rate, and not only an upper bound.
    pub is_exact: Vec<bool>,
}

/// The asks of all endpoints, and the endpoints in an order in which callers stand before those
/// they call.
pub(super) fn asks(directory: &NameTable, broken: &Broken) -> (Vec<Ask>, Vec<usize>) {
    let order = callers_first(directory);
    let mut asks: Vec<Option<Ask>> = directory.endpoints.iter().map(|_| None).collect();
    for &endpoint in order.iter().rev() {
        asks[endpoint] = Some(ask(directory, broken, endpoint, &asks));
    }
    // What stands in a circle is refused elsewhere.
    (asks.into_iter().map(|ask| ask.unwrap_or(Ask::NOTHING)).collect(), order)
}

/// What each workload sends.
pub(super) fn processes(scenario: &Scenario) -> Vec<Option<ArrivalProcess>> {
    scenario.workload.values().map(|workload| workload.arrival_process(Salt::of(""))).collect()
}

/// Requests a second of each, at the rate that its profile has then; none where nothing is sent.
pub(super) fn sent(
    processes: &[Option<ArrivalProcess>],
    rate: impl Fn(usize, &RateProfile) -> f64,
) -> Vec<f64> {
    let of = |(index, process): (usize, &Option<ArrivalProcess>)| {
        process
            .as_ref()
            .map_or(0.0, |process| rate(index, &process.profile) * process.gaps.mean_batch())
    };
    processes.iter().enumerate().map(of).collect()
}

/// Requests a second at every endpoint, where each workload sends so many.
pub(super) fn rates(directory: &NameTable, asks: &[Ask], order: &[usize], sent: &[f64]) -> Rates {
    let scenario = directory.scenario;
    let mut by_endpoint = vec![0.0; directory.endpoints.len()];
    let mut by_service = vec![0.0; scenario.services.len()];
    for (workload, &rate) in scenario.workload.values().zip(sent) {
        // Nothing times an infinite mean is nothing, and no number.
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
    // A link that loses makes fewer of them, wherever it stands; a pipeline goes on with what was
    // answered only.
    let whole = !handed_on && scenario.links.values().all(|link| link.loss.fraction == 0.0);
    let mut is_exact = vec![whole; directory.endpoints.len()];
    for &endpoint in order {
        let ask = &asks[endpoint];
        let all_get_there = is_exact[endpoint]
            && !service_of(directory, endpoint).sheds()
            && (!ask.loses || ask.calls.len() == 1);
        for (callee, share) in &ask.calls {
            by_endpoint[*callee as usize] += by_endpoint[endpoint] * share;
            is_exact[*callee as usize] &= all_get_there;
        }
    }
    Rates { by_endpoint, is_exact }
}

/// How unevenly requests come, in units of Poisson arrivals: the mean over the workloads, weighted
/// by their rates.
pub(super) fn dispersion(processes: &[Option<ArrivalProcess>], sent: &[f64]) -> f64 {
    let of = |(process, rate): (&Option<ArrivalProcess>, &f64)| {
        let process = process.as_ref()?;
        Some((*rate, process.gaps.dispersion() + process.profile.dispersion()))
    };
    let (sum, weights) = processes
        .iter()
        .zip(sent)
        .filter_map(of)
        .fold((0.0, 0.0), |(sum, weights), (rate, d)| (sum + rate * d, weights + rate));
    if weights > 0.0 { sum / weights } else { 1.0 }
}

/// The service of an endpoint.
fn service_of<'s>(directory: &NameTable<'s>, endpoint: usize) -> &'s Service {
    &directory.scenario.services[directory.endpoints[endpoint].service as usize]
}

/// Where the requests of a workload go, with the share of each.
pub(super) fn targets(workload: &Workload) -> impl Iterator<Item = (&String, f64)> {
    let weights: f64 = workload.mix.values().sum::<f64>() + workload.to.iter().count() as f64;
    let shares = workload
        .mix
        .iter()
        .map(move |(to, weight)| (to, weight / weights))
        .chain(workload.to.iter().map(|to| (to, 1.0)));
    shares.filter(|(_, share)| *share > 0.0)
}

/// Adds what services hand on to the next of their pipelines, which do not go round in circles.
/// Whether there are any.
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

/// The endpoints, callers before those they call.
pub(super) fn callers_first(directory: &NameTable) -> Vec<usize> {
    let called = |endpoint: &Endpoint| -> Vec<usize> {
        endpoint.steps.iter().filter_map(|step| callee(directory, step)).collect()
    };
    let calls: Vec<Vec<usize>> =
        directory.endpoints.iter().map(|entry| called(entry.endpoint)).collect();
    topological(calls.len(), |endpoint| calls[endpoint].iter().copied())
}

pub(super) fn callee(directory: &NameTable, step: &Step) -> Option<usize> {
    let Step::Call(call) = step else { return None };
    directory.target(&call.to).ok().and_then(|(_, callee)| callee).map(|callee| callee as usize)
}

/// Sums over the steps of what each asks for, weighted by how many requests get that far; what is
/// called is known already.
fn ask(directory: &NameTable, broken: &Broken, endpoint: usize, asks: &[Option<Ask>]) -> Ask {
    let entry = &directory.endpoints[endpoint];
    let steps = &entry.endpoint.steps;
    // All reservations are taken together, before the first step.
    let memory_bytes = steps.iter().map(|step| step.demand().memory_bytes).sum();
    let needs = steps.iter().filter_map(|step| {
        if let Step::Memory(need) = step { Some(need.0.plain().map(|need| need.0)) } else { None }
    });
    let memory_each = needs.sum::<Option<u64>>().filter(|need| *need > 0);
    let mut ask =
        Ask { memory_bytes, memory_each, is_exact: true, is_exact_alone: true, ..Ask::NOTHING };
    // Whether none is lost before a step, other than by a share that is known; and whether just all
    // get there.
    let mut sure = !broken.fails[endpoint];
    let mut all_get_there = sure;
    ask.loses = !sure;
    for (index, step) in steps.iter().enumerate() {
        if ask.answers == 0.0 {
            break;
        }
        let demand = step.demand();
        let surely = if sure { ask.answers } else { 0.0 };
        ask.cpu_s += ask.answers * demand.cpu_s;
        ask.surely_cpu_s += surely * demand.cpu_s;
        ask.inside_s += surely * (demand.cpu_s + demand.wait_s);
        ask.expected_s += ask.answers * (demand.cpu_s + demand.wait_s);
        // Variances are asked for where they matter only: some take an integral.
        let variance = if matches!(step, Step::Cpu(_) | Step::Wait(_)) {
            step.law().map_or(0.0, |(law, _)| law.variance() * 1e-18)
        } else {
            0.0
        };
        if variance.is_infinite() && ask.heavy.is_none() {
            ask.heavy = Some(format!("{}.steps[{index}]", entry.path));
        }
        match step {
            Step::Call(call) => {
                let Some(callee) = callee(directory, step) else { continue };
                ask.calls.push((callee as u32, ask.answers));
                let Some(below) = &asks[callee] else { continue };
                let service = service_of(directory, callee);
                let fastest = fastest(directory, broken, callee);
                let waits =
                    service.max_in_flight.is_some() || service.balance == Balance::CentralQueue;
                let is_rejected = service.sheds()
                    || broken.fails[callee]
                    || broken.is_down(directory, directory.endpoints[callee].service as usize);
                ask.is_exact_alone &= below.is_exact
                    && call.timeout.is_none()
                    && !waits
                    && !is_rejected
                    && directory.scenario.links.is_empty();
                ask.is_exact &= ask.is_exact_alone;
                let mut way =
                    Way::between(directory, entry.service, directory.endpoints[callee].service);
                way.loses |= broken.links_lose;
                ask.loses |= below.loses || call.timeout.is_some() || is_rejected || way.loses;
                let limit_s = call.timeout.map_or(f64::INFINITY, |timeout| timeout.seconds());
                // A refusal comes back at once, and so does a message that is lost, unless there is
                // a timeout to wait for.
                let is_short = is_rejected || way.loses && call.timeout.is_none();
                let surely_s =
                    if is_short { 0.0 } else { (way.least_s + below.surely_s).min(limit_s) };
                ask.surely_s += if all_get_there { surely_s } else { 0.0 };
                ask.expected_s +=
                    ask.answers * (way.mean_s + below.expected_at(fastest)).min(limit_s);
                ask.inside_s += surely
                    * if is_short || call.timeout.is_some() {
                        surely_s
                    } else {
                        way.mean_s + below.inside_at(fastest)
                    };
                sure &= !ask.loses;
                all_get_there &= sure && below.answers == 1.0;
                ask.heavy = ask.heavy.take().or_else(|| below.heavy.clone());
                ask.answers *= below.answers;
            }
            Step::Cpu(_) => {
                ask.events += ask.answers;
                ask.cpu_variance_s2 += ask.answers * variance;
                ask.is_exact = false;
            }
            Step::Wait(_) => {
                ask.events += ask.answers;
                ask.surely_s += if all_get_there {
                    step.law().map_or(0.0, |(law, _)| law.quantile(0.0).max(0.0) * 1e-9)
                } else {
                    0.0
                };
            }
            Step::Memory(_) => ask.is_exact = false,
            Step::Fail(_) => {}
        }
        ask.answers *= demand.going_on;
        all_get_there &= demand.going_on == 1.0;
    }
    ask
}

/// How many times slower than the demands say the fastest machine is that an endpoint's service
/// runs on.
fn fastest(directory: &NameTable, broken: &Broken, endpoint: usize) -> f64 {
    let (members, _) = &directory.members[directory.endpoints[endpoint].service as usize];
    let stretch =
        |index: usize| broken.slower[index] / directory.instances[index].machine.speed.times;
    members.clone().map(|index| stretch(index as usize)).reduce(f64::min).unwrap_or(1.0)
}

/// The links that a call crosses, there and back.
struct Way {
    mean_s: f64,
    least_s: f64,
    loses: bool,
}

impl Way {
    fn between(directory: &NameTable, caller: u32, callee: u32) -> Way {
        let mut way = Way { mean_s: 0.0, least_s: 0.0, loses: false };
        let links = &directory.scenario.links;
        let ends = [caller, callee].map(|id| directory.scenario.services.get_index(id as usize));
        let [Some((from, _)), Some((to, service))] = ends else { return way };
        if links.is_empty() {
            return way;
        }
        if !service.instances.is_empty() {
            // Instances may have links of their own in place of these: then nothing is sure.
            way.loses = links.values().any(|link| link.loss.fraction > 0.0);
            return way;
        }
        let link = |from: &str, to: &str| {
            directory
                .joined(from, to)
                .or_else(|| directory.joined(to, from))
                .or_else(|| links.get("default"))
        };
        for link in [link(from, to), link(to, from)].into_iter().flatten() {
            let law = link.latency.compile();
            way.mean_s += law.mean() * 1e-9;
            way.least_s += law.quantile(0.0).max(0.0) * 1e-9;
            way.loses |= link.loss.fraction > 0.0;
        }
        way
    }
}
