//! Warnings about what cannot hold, and about what is there and not used: from flow balance, without simulating.

use crate::problem::Problems;
use crate::scenario::directory::Directory;
use crate::scenario::estimate::Load;
use crate::scenario::{FlowBalance, Held, Resource, Runtime, Service};
use crate::units::load_percent;

/// Warns of every resource that is asked for more than there is of it, at the end of the run or on average over it.
pub fn warn(directory: &Directory, mean: &Load, problems: &mut Problems) {
    let balance = FlowBalance::of_directory(directory);
    for (((name, service), balance), mean) in directory.scenario.services.iter().zip(&balance.services).zip(&mean.services) {
        let path = format!("services.{name}");
        let mut held: Vec<Held> = balance.held.clone();
        for own in &mut held {
            if own.resource == Resource::Cores {
                own.load = own.load.max(mean.utilisation);
            }
        }
        for held in held.iter().filter(|held| held.load > 1.0) {
            warn_of(&path, name, service, *held, problems);
        }
        if let Some(heavy) = balance.heavy.as_ref().filter(|_| balance.rate > 0.0 && held.iter().all(|held| held.load.is_finite())) {
            problems
                .warning(heavy, "this has an infinite variance: no run is long enough for the mean latency of what waits for it, and no interval holds it")
                .advise("look at quantiles, or give the distribution a `max`");
        }
        warn_of_idle_cores(&path, name, service, problems);
    }
}

fn warn_of(path: &str, name: &str, service: &Service, held: Held, problems: &mut Problems) {
    let percent = load_percent(held.load);
    let grows = if service.sheds() { "and what is too much is rejected" } else { "and its queue grows as long as that lasts" };
    match held.resource {
        Resource::Cores if held.load.is_infinite() => {
            problems.warning(path, format!("this cannot hold: the mean of what is asked of `{name}`'s CPU is infinite, {grows}"));
        }
        Resource::Cores => {
            let what = format!("this cannot hold: {percent} of `{name}`'s CPU is asked for, {grows}");
            // More cores are no help to event loops that do not use those there are.
            let more = if idle_cores(service).is_some() {
                "more `workers` for its idle cores, or more `replicas`"
            } else {
                "more `replicas` or cores"
            };
            problems.warning(path, what).advise(format!("lower the rate or the `cpu` of its steps, or give it {more}"));
        }
        Resource::Places => {
            let places = service.max_in_flight.map_or(String::new(), |places| places.to_string());
            let what = format!("this cannot hold: {percent} of `{name}`'s places (`max_in_flight: {places}`) is asked for, {grows}");
            problems.warning(path, what).advise("raise `max_in_flight`, have more `replicas`, or let requests be inside for less time");
        }
        Resource::Instances => {
            let what = format!(
                "this cannot hold: {percent} of the time of `{name}`'s instances is asked for, which have one request at a time, {grows}"
            );
            problems.warning(path, what).advise("have more `replicas`, let requests be inside for less time, or choose another `balance`");
        }
        Resource::Memory => {
            let what = format!("this cannot hold: requests need {percent} of `{name}`'s memory at a time, even if none ever waits");
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
