//! Warnings about what cannot hold, and about what is there and not used: from flow balance, without simulating.

use crate::problem::Problems;
use crate::random::keys::Salt;
use crate::scenario::directory::Directory;
use crate::scenario::estimate::Load;
use crate::scenario::{FlowBalance, Held, Resource, Runtime, Service, Workload};
use crate::units::{Span, load_percent};
use crate::workload::{RateShape, Stages};

/// Warns of every resource that is asked for more than there is of it, at the end of the run or on average over it.
pub fn warn(directory: &Directory, mean: &Load, problems: &mut Problems) {
    let balance = FlowBalance::of_directory(directory);
    let mut is_told = Vec::new();
    for (((name, service), balance), mean) in directory.scenario.services.iter().zip(&balance.services).zip(&mean.services) {
        let path = format!("services.{name}");
        let mut held: Vec<Held> = balance.held.clone();
        for own in &mut held {
            if own.resource == Resource::Cores {
                own.load = own.load.max(mean.utilisation);
            }
        }
        for held in &held {
            if held.is_just_all() && !service.sheds() {
                let what = format!(
                    "just all of {} is asked for: its queue never settles, unless nothing varies",
                    resource(name, service, held.resource)
                );
                problems.warning(&path, what).advise("leave some of it unused: lower the rate, or let requests hold it for less time");
            } else if held.load > 1.0 && !held.is_just_all() {
                warn_of(&path, name, service, *held, problems);
            }
        }
        is_told.push(held.iter().any(|held| held.load > 1.0 || held.is_just_all()));
        if let Some(heavy) = balance.heavy.as_ref().filter(|_| balance.rate > 0.0 && held.iter().all(|held| held.load.is_finite())) {
            problems
                .warning(heavy, "this has an infinite variance: no run is long enough for the mean latency of what waits for it, and no interval holds it")
                .advise("look at quantiles, or give the distribution a `max`");
        }
        warn_of_idle_cores(&path, name, service, problems);
    }
    warn_of_peaks(directory, &mut is_told, problems);
}

/// Warns of stages that ask for more of a CPU than there is, where neither the mean rate nor the last one does. `is_told` says by service of which a
/// warning is there already.
fn warn_of_peaks(directory: &Directory, is_told: &mut [bool], problems: &mut Problems) {
    let scenario = directory.scenario;
    for (name, workload) in &scenario.workload {
        let Some(RateShape::Stages(stages)) = workload.open.as_ref().map(|open| &open.rate) else { continue };
        let Some((index, at_s)) = highest(stages, scenario.run.duration) else { continue };
        // What others send at that moment; its own rate is just the stage's, even if it is left at once.
        let rate_of = |other: &Workload| {
            let Some(traffic) = other.traffic(Salt::of("")) else { return 0.0 };
            let rate = if std::ptr::eq(other, workload) { stages.stages[index].to.per_second } else { traffic.pieces.rate_at(at_s) };
            rate * traffic.gaps.mean_batch()
        };
        let load = Load::of_rates(directory, &rate_of);
        for (own, is_told) in load.services.iter().zip(is_told.iter_mut()).filter(|(own, is_told)| own.utilisation > 1.0 && !**is_told) {
            let percent = load_percent(own.utilisation);
            let what = format!("here {percent} of `{}`'s CPU is asked for, and its queue grows as long as that lasts", own.service);
            let path = format!("workload.{name}.open.rate.stages[{index}].to");
            problems
                .warning(path, what)
                .advise("if that is what the run is to show, look at its phases; else lower the rate, or have more `replicas` or cores");
            *is_told = true;
        }
    }
}

/// The first stage that reaches the highest rate of all within a run, and when.
fn highest(stages: &Stages, duration: Span) -> Option<(usize, f64)> {
    let (mut end, mut found) = (Span::ZERO, None::<(usize, f64)>);
    for (index, stage) in stages.stages.iter().enumerate() {
        end = Span(end.0.saturating_add(stage.over.0));
        // What is reached at the very end lasts for no time.
        if end >= duration {
            break;
        }
        if found.is_none_or(|(highest, _)| stage.to.per_second > stages.stages[highest].to.per_second) {
            found = Some((index, end.seconds()));
        }
    }
    found
}

/// A resource of a service, in words.
fn resource(name: &str, service: &Service, resource: Resource) -> String {
    match resource {
        Resource::Cores => format!("`{name}`'s CPU"),
        Resource::Places => {
            let places = service.max_in_flight.map_or(String::new(), |places| places.to_string());
            format!("`{name}`'s places (`max_in_flight: {places}`)")
        }
        Resource::Instances => format!("the time of `{name}`'s instances"),
        Resource::Memory => format!("`{name}`'s memory"),
    }
}

fn warn_of(path: &str, name: &str, service: &Service, held: Held, problems: &mut Problems) {
    let percent = load_percent(held.load);
    let what = resource(name, service, held.resource);
    let grows = if service.sheds() { "and what is too much is rejected" } else { "and its queue grows as long as that lasts" };
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
            problems.warning(path, what).advise(format!("lower the rate or the `cpu` of its steps, or give it {more}"));
        }
        Resource::Places => {
            let what = format!("this cannot hold: {percent} of {what} is asked for, {grows}");
            problems.warning(path, what).advise("raise `max_in_flight`, have more `replicas`, or let requests be inside for less time");
        }
        Resource::Instances => {
            let what = format!("this cannot hold: {percent} of {what} is asked for, which have one request at a time, {grows}");
            problems.warning(path, what).advise("have more `replicas`, let requests be inside for less time, or choose another `balance`");
        }
        Resource::Memory => {
            let what = format!("this cannot hold: requests need {percent} of {what} at a time, even if none ever waits");
            problems.warning(path, what).advise("give its instances more `memory`, or more `replicas`");
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
    let what = format!("{idle} of `{name}`'s {cores} cores stay idle: its {} {use_them}", loops(workers));
    problems
        .warning(format!("{path}.instance.cpu"), what)
        .advise(format!("write `runtime: {{ event_loop: {{ workers: {cores} }} }}`, `runtime: {{ tasks: {{}} }}` for cores that share one queue, or `cpu: {workers}`"));
}
