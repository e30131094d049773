//! Warnings about overload and about unused cores, from flow balance, without simulation.

use crate::problem::Problems;
use crate::scenario::broken::Broken;
use crate::scenario::demand;
use crate::scenario::directory::NameTable;
use crate::scenario::estimate::Load;
use crate::scenario::service::thread_cores;
use crate::scenario::{FlowBalance, Held, Resource, Runtime, Service};
use crate::units::{Rate, Span, load_percent};
use crate::workload::{RateProfile, RateShape, Stages, TableRate};

/// Warns of every resource whose load exceeds its capacity, at the end of the run or temporarily.
pub(crate) fn warn(directory: &NameTable, problems: &mut Problems) {
    let balance = FlowBalance::of_directory(directory);
    // The static estimate and the results are means over the run, so the moment is named if the
    // load changes.
    let load_now = if balance.regime.is_stationary() {
        "the offered load is"
    } else {
        "the offered load at the end of the run is"
    };
    let mut is_reported = Vec::new();
    for ((name, service), balance) in directory.scenario.services.iter().zip(&balance.services) {
        let path = format!("services.{name}");
        for held in &balance.held {
            let most = held.expected.max(held.load);
            if held.is_just_all() && !service.sheds() {
                let what = format!(
                    "{load_now} exactly 100 % of {}: its queue never settles, unless nothing varies",
                    service.resource(&format!("`{name}`"), held.resource)
                );
                problems.warning(&path, what).advise("leave some capacity unused: lower the rate, or let requests hold it for less time");
            } else if held.load > 1.0 && !held.is_just_all() && balance.is_rate_exact {
                warn_of(&path, (name, service), *held, load_now, problems);
            } else if most > 1.0 && !service.sheds() && service.autoscale.is_none() {
                let (percent, what) =
                    (load_percent(most), service.resource(&format!("`{name}`"), held.resource));
                let what = format!(
                    "possible overload: {load_now} up to {percent} of {what}, if nothing is lost, cancelled or timed out on the way"
                );
                problems.warning(&path, what).advise("a run shows whether it occurs; add capacity, or let requests hold it for less time");
            }
        }
        is_reported.push(
            balance.held.iter().any(|held| held.resource == Resource::Cores && held.expected > 1.0),
        );
        if let Some(heavy) = balance
            .heavy
            .as_ref()
            .filter(|_| balance.rate > 0.0 && balance.held.iter().all(|held| held.load.is_finite()))
        {
            problems
                .warning(heavy, "this has an infinite variance: no run is long enough to estimate the mean latency of requests that wait for it, and no interval covers it")
                .advise("use quantiles, or give the distribution a `max`");
        }
        warn_of_idle_cores(&path, name, service, problems);
    }
    warn_of_peaks(directory, &mut is_reported, problems);
}

/// The number of peaks checked: those of the workloads with the highest rates.
const PEAKS: usize = 32;

/// Warns of stages, spikes and times of the day whose load exceeds a CPU, where neither the mean
/// rate nor the last one does. `is_reported` says, by service, whether there is a warning already.
fn warn_of_peaks(directory: &NameTable, is_reported: &mut [bool], problems: &mut Problems) {
    let scenario = directory.scenario;
    let peaks = scenario.workload.values().enumerate().filter_map(|(index, workload)| {
        highest(workload.rate()?, scenario.run.duration).map(|peak| (index, peak))
    });
    let mut peaks: Vec<(usize, Peak)> = peaks.collect();
    peaks.sort_by(|a, b| b.1.rate.total_cmp(&a.1.rate));
    peaks.truncate(PEAKS);
    if peaks.is_empty() {
        return;
    }
    let (demands, order) = demand::demands(directory, &Broken::none(directory));
    let processes = demand::processes(scenario);
    for (index, peak) in peaks {
        // The rates of the others at that moment; its own rate is that of the stage, even if the
        // stage ends at once.
        let sent = demand::sent(&processes, |other, profile| {
            if other == index { peak.rate } else { profile.rate_at(peak.at_s) }
        });
        let peak_load = Load::of_rates(directory, &demands, &order, &sent);
        let services =
            peak_load.services.iter().zip(scenario.services.values()).zip(is_reported.iter_mut());
        for ((load, service), is_reported) in
            services.filter(|((load, _), is_reported)| load.utilisation > 1.0 && !**is_reported)
        {
            let percent = load_percent(load.utilisation);
            let what = format!(
                "here the offered load is {percent} of `{}`'s CPU, {}",
                load.service,
                consequence(service)
            );
            let (name, workload) = &scenario.workload.get_index(index).expect("a workload's index");
            let kind = if workload.open.is_some() { "open" } else { "sessions" };
            problems
                .warning(format!("workload.{name}.{kind}.rate.{}", peak.path), what)
                .advise("if this is intended, look at the phases of the results; otherwise lower the rate, or use more `replicas` or cores");
            *is_reported = true;
        }
    }
}

/// The peak rate of a workload with stages.
struct Peak {
    rate: f64,
    at_s: f64,
    /// Its path below `rate`.
    path: String,
}

/// Returns the first of the highest rates within a run.
fn highest(rate: &RateShape, duration: Span) -> Option<Peak> {
    match rate {
        RateShape::Stages(stages) => highest_stage(stages, duration),
        RateShape::Table(TableRate { table }) => {
            let within = |row: &&(Span, Rate)| row.0 < duration;
            let row = table
                .rows
                .iter()
                .flat_map(|rows| rows.iter())
                .filter(within)
                .max_by(|a, b| a.1.per_second.total_cmp(&b.1.per_second).then(b.0.cmp(&a.0)));
            let path = "table".to_string();
            row.map(|(at, rate)| Peak { rate: rate.per_second, at_s: at.seconds(), path })
        }
        RateShape::Shaped(shaped) => {
            let RateProfile::Shaped(profile) = RateProfile::of_rate(rate) else { return None };
            let of_factors = profile.peak(duration.seconds()).map(|(rate, at_s, path)| Peak {
                rate,
                at_s,
                path,
            });
            let of_base = highest(&shaped.base, duration)
                .map(|peak| Peak { rate: profile.rate_at(peak.at_s), ..peak });
            of_factors.into_iter().chain(of_base).max_by(|a, b| a.rate.total_cmp(&b.rate))
        }
        _ => None,
    }
}

/// The same of stages.
fn highest_stage(stages: &Stages, duration: Span) -> Option<Peak> {
    let mut end = Span::ZERO;
    let first = stages.stages.first().filter(|stage| stage.over > Span::ZERO);
    let mut peak =
        first.map(|_| Peak { rate: stages.from.per_second, at_s: 0.0, path: "from".to_string() });
    for (index, stage) in stages.stages.iter().enumerate() {
        end = Span(end.0.saturating_add(stage.over.0));
        // A rate reached at the end of the run has no duration.
        if end >= duration {
            break;
        }
        let rate = stage.to.per_second;
        if peak.as_ref().is_none_or(|highest| rate > highest.rate) {
            peak = Some(Peak { rate, at_s: end.seconds(), path: format!("stages[{index}].to") });
        }
    }
    peak
}

/// Describes what happens to the excess.
fn consequence(service: &Service) -> &'static str {
    if service.sheds() {
        match service.waiting_max() {
            Some(_) => "and the excess is rejected",
            None => "and the excess times out in the queue",
        }
    } else {
        "and its queue grows as long as this lasts"
    }
}

fn warn_of(
    path: &str,
    (name, service): (&str, &Service),
    held: Held,
    load_now: &str,
    problems: &mut Problems,
) {
    let percent = load_percent(held.load);
    let what = service.resource(&format!("`{name}`"), held.resource);
    let excess = consequence(service);
    match held.resource {
        Resource::Cores if held.load.is_infinite() => {
            problems.warning(
                path,
                format!("overload: the mean demand for `{name}`'s CPU is infinite, {excess}"),
            );
        }
        Resource::Cores => {
            let what = format!("overload: {load_now} {percent} of {what}, {excess}");
            // More cores do not help event loops that leave cores idle.
            let more = if idle_cores(service).is_some() {
                "more `workers` for its idle cores, or more `replicas`"
            } else if service.autoscale.is_some() {
                "a larger `max` or more cores"
            } else {
                "more `replicas` or cores"
            };
            problems
                .warning(path, what)
                .advise(format!("lower the rate or the `cpu` of its steps, or use {more}"));
        }
        Resource::Places => {
            let what = format!("overload: {load_now} {percent} of {what}, {excess}");
            problems.warning(path, what).advise(match service.external {
                Some(_) => "raise the `concurrency` of its `external`, or lower the rate",
                None => "raise `max_in_flight`, use more `replicas`, or make requests shorter",
            });
        }
        Resource::Instances => {
            let what = format!(
                "overload: {load_now} {percent} of {what}, which serve one request at a time, {excess}"
            );
            problems
                .warning(path, what)
                .advise("use more `replicas`, make requests shorter, or choose another `balance`");
        }
        Resource::Pool | Resource::Threads | Resource::Lock => {
            let what = format!("overload: {load_now} {percent} of {what}, {excess}");
            problems.warning(path, what).advise(match held.resource {
                Resource::Pool => {
                    "use a connection for a shorter time, raise its `max`, or lower the rate"
                }
                Resource::Threads => {
                    "offload shorter steps, raise the `pool` of `offload`, or lower the rate"
                }
                _ => "hold it for a shorter time, raise its `permits`, or lower the rate",
            });
        }
        Resource::Memory => {
            let what = format!(
                "overload: requests need {percent} of {what} at a time, even if none ever waits"
            );
            problems
                .warning(path, what)
                .advise("give its instances more `memory`, or more `replicas`");
        }
    }
}

/// Returns the number of cores that no event loop uses, and the number of loops, if there are idle
/// cores.
fn idle_cores(service: &Service) -> Option<(u32, u32)> {
    match &service.runtime {
        Runtime::EventLoop(_) if service.instances.is_empty() => {
            let (workers, _) = service.runtime.workers(service.instance.cpu);
            let threads = thread_cores(&service.runtime, &service.instance, &service.endpoints);
            (service.instance.cpu > workers && threads == 0)
                .then(|| (service.instance.cpu - workers, workers))
        }
        _ => None,
    }
}

fn loops(workers: u32) -> String {
    if workers == 1 { "event loop".to_string() } else { format!("{workers} event loops") }
}

fn warn_of_idle_cores(path: &str, name: &str, service: &Service, problems: &mut Problems) {
    let Some((idle, workers)) = idle_cores(service) else { return };
    let cores = service.instance.cpu;
    let use_them = if workers == 1 { "uses one" } else { "use one each" };
    let what =
        format!("{idle} of `{name}`'s {cores} cores stay idle: its {} {use_them}", loops(workers));
    problems
        .warning(format!("{path}.instance.cpu"), what)
        .advise(format!("write `runtime: {{ event_loop: {{ workers: {cores} }} }}`, `runtime: {{ tasks: {{}} }}` for cores that share one queue, or `cpu: {workers}`"));
}
