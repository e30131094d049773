//! Warnings about what cannot hold, and about what is there and not used: from flow balance,
//! without simulating.

use crate::problem::Problems;
use crate::scenario::broken::Broken;
use crate::scenario::demand;
use crate::scenario::directory::NameTable;
use crate::scenario::estimate::Load;
use crate::scenario::{FlowBalance, Held, Resource, Runtime, Service};
use crate::units::{Span, load_percent};
use crate::workload::{RateShape, Stages};

/// Warns of every resource that is asked for more than there is of it, at the end of the run or for
/// a time.
pub fn warn(directory: &NameTable, problems: &mut Problems) {
    let balance = FlowBalance::of_directory(directory);
    let mut is_told = Vec::new();
    for ((name, service), balance) in directory.scenario.services.iter().zip(&balance.services) {
        let path = format!("services.{name}");
        for held in &balance.held {
            if held.is_just_all() && !service.sheds() {
                let what = format!(
                    "just all of {} is asked for: its queue never settles, unless nothing varies",
                    service.resource(&format!("`{name}`"), held.resource)
                );
                problems.warning(&path, what).advise("leave some of it unused: lower the rate, or let requests hold it for less time");
            } else if held.load > 1.0 && !held.is_just_all() {
                warn_of(&path, name, service, *held, problems);
            } else if held.expected > 1.0 && !service.sheds() {
                let (percent, what) = (
                    load_percent(held.expected),
                    service.resource(&format!("`{name}`"), held.resource),
                );
                let what = format!(
                    "this may not hold: up to {percent} of {what} is asked for, if nothing is lost or given up on the way"
                );
                problems.warning(&path, what).advise("a run tells whether it is; have more of it, or let requests hold it for less time");
            }
        }
        is_told.push(
            balance.held.iter().any(|held| held.resource == Resource::Cores && held.expected > 1.0),
        );
        if let Some(heavy) = balance
            .heavy
            .as_ref()
            .filter(|_| balance.rate > 0.0 && balance.held.iter().all(|held| held.load.is_finite()))
        {
            problems
                .warning(heavy, "this has an infinite variance: no run is long enough for the mean latency of what waits for it, and no interval holds it")
                .advise("look at quantiles, or give the distribution a `max`");
        }
        warn_of_idle_cores(&path, name, service, problems);
    }
    warn_of_peaks(directory, &mut is_told, problems);
}

/// Peaks that are looked at: those of the workloads that send the most.
const PEAKS: usize = 32;

/// Warns of stages that ask for more of a CPU than there is, where neither the mean rate nor the
/// last one does. `is_told` says by service of which a warning is there already.
fn warn_of_peaks(directory: &NameTable, is_told: &mut [bool], problems: &mut Problems) {
    let scenario = directory.scenario;
    let peaks = scenario.workload.values().enumerate().filter_map(|(index, workload)| {
        let Some(RateShape::Stages(stages)) = workload.open.as_ref().map(|open| &open.rate) else {
            return None;
        };
        highest(stages, scenario.run.duration).map(|peak| (index, peak))
    });
    let mut peaks: Vec<(usize, Peak)> = peaks.collect();
    peaks.sort_by(|a, b| b.1.rate.total_cmp(&a.1.rate));
    peaks.truncate(PEAKS);
    if peaks.is_empty() {
        return;
    }
    let (asks, order) = demand::asks(directory, &Broken::none(directory));
    let processes = demand::processes(scenario);
    for (index, peak) in peaks {
        // What others send at that moment; its own rate is just the stage's, even if it is left at
        // once.
        let sent = demand::sent(&processes, |other, profile| {
            if other == index { peak.rate } else { profile.rate_at(peak.at_s) }
        });
        let load = Load::of_rates(directory, &asks, &order, &sent);
        let services = load.services.iter().zip(scenario.services.values()).zip(is_told.iter_mut());
        for ((own, service), is_told) in
            services.filter(|((own, _), is_told)| own.utilisation > 1.0 && !**is_told)
        {
            let percent = load_percent(own.utilisation);
            let what = format!(
                "here {percent} of `{}`'s CPU is asked for, {}",
                own.service,
                what_is_too_much(service)
            );
            let name = scenario.workload.get_index(index).map_or("", |(name, _)| name);
            problems
                .warning(format!("workload.{name}.open.rate.{}", peak.path), what)
                .advise("if that is what the run is to show, look at its phases; else lower the rate, or have more `replicas` or cores");
            *is_told = true;
        }
    }
}

/// The highest rate of a workload with stages.
struct Peak {
    rate: f64,
    at_s: f64,
    /// Where it is written, below `rate`.
    path: String,
}

/// The first of the highest rates within a run.
fn highest(stages: &Stages, duration: Span) -> Option<Peak> {
    let mut end = Span::ZERO;
    let first = stages.stages.first().filter(|stage| stage.over > Span::ZERO);
    let mut found =
        first.map(|_| Peak { rate: stages.from.per_second, at_s: 0.0, path: "from".to_string() });
    for (index, stage) in stages.stages.iter().enumerate() {
        end = Span(end.0.saturating_add(stage.over.0));
        // What is reached at the very end lasts for no time.
        if end >= duration {
            break;
        }
        let rate = stage.to.per_second;
        if found.as_ref().is_none_or(|highest| rate > highest.rate) {
            found = Some(Peak { rate, at_s: end.seconds(), path: format!("stages[{index}].to") });
        }
    }
    found
}

/// What becomes of what is too much.
fn what_is_too_much(service: &Service) -> &'static str {
    if service.sheds() {
        "and what is too much is rejected"
    } else {
        "and its queue grows as long as that lasts"
    }
}

fn warn_of(path: &str, name: &str, service: &Service, held: Held, problems: &mut Problems) {
    let percent = load_percent(held.load);
    let what = service.resource(&format!("`{name}`"), held.resource);
    let grows = what_is_too_much(service);
    match held.resource {
        Resource::Cores if held.load.is_infinite() => {
            problems.warning(path, format!("this cannot hold: the mean of what is asked of `{name}`'s CPU is infinite, {grows}"));
        }
        Resource::Cores => {
            let what = format!("this cannot hold: {percent} of {what} is asked for, {grows}");
            // More cores are no help to event loops that do not use those there are.
            let more = if idle_cores(service).is_some() {
                "more `workers` for its idle cores, or more `replicas`"
            } else {
                "more `replicas` or cores"
            };
            problems
                .warning(path, what)
                .advise(format!("lower the rate or the `cpu` of its steps, or give it {more}"));
        }
        Resource::Places => {
            let what = format!("this cannot hold: {percent} of {what} is asked for, {grows}");
            problems.warning(path, what).advise("raise `max_in_flight`, have more `replicas`, or let requests be inside for less time");
        }
        Resource::Instances => {
            let what = format!(
                "this cannot hold: {percent} of {what} is asked for, which have one request at a time, {grows}"
            );
            problems.warning(path, what).advise("have more `replicas`, let requests be inside for less time, or choose another `balance`");
        }
        Resource::Memory => {
            let what = format!(
                "this cannot hold: requests need {percent} of {what} at a time, even if none ever waits"
            );
            problems
                .warning(path, what)
                .advise("give its instances more `memory`, or more `replicas`");
        }
    }
}

/// Cores that no event loop uses, and how many loops there are.
fn idle_cores(service: &Service) -> Option<(u32, u32)> {
    match &service.runtime {
        Runtime::EventLoop(_) if service.instances.is_empty() => {
            let (workers, _) = service.runtime.workers(service.instance.cpu);
            (service.instance.cpu > workers).then(|| (service.instance.cpu - workers, workers))
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
