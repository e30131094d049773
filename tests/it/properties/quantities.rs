//! Conservation, Little's law, the parts of latencies, capacities.

use super::generate::{Case, Feature};
use super::observe::{self, ADMISSION, CPU, IO, MEMORY, NETWORK, QUEUE, Request, Run};
use super::{claim, holds};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Checks law 3 for a run without warm-up; the numbers of requests by outcome are added to `seen`.
pub fn conserved(case: &Case, run: &Run, seen: &mut BTreeMap<String, u64>) -> Result<(), String> {
    let mut in_flight = 0.0;
    for kind in ["workload", "endpoint", "block"] {
        for entity in run.entities(kind) {
            let mine = |r: &&Request| {
                if kind == "workload" { r.workload == entity } else { r.endpoint == entity }
            };
            let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
            run.requests
                .iter()
                .filter(mine)
                .for_each(|r| *counts.entry(r.outcome.as_str()).or_default() += 1);
            let number = |metric: &str| run.number(kind, &entity, metric, "total");
            let ok = counts.get("ok").copied().unwrap_or(0);
            let gone: u64 = counts.values().sum();
            claim!(
                number("completed") == ok as f64,
                "{kind} {entity} answered {ok}, and says {}",
                number("completed")
            );
            claim!(
                number("failed") == (gone - ok) as f64,
                "{kind} {entity} failed {}, and says {}",
                gone - ok,
                number("failed")
            );
            for (outcome, n) in counts.iter().filter(|(outcome, _)| **outcome != "ok") {
                let share = run.number(kind, &entity, &format!("outcomes.{outcome}"), "mean");
                claim!(
                    (share * gone as f64 - *n as f64).abs() < 1e-6,
                    "{kind} {entity}: {n} of {gone} are `{outcome}`, and it says {share}"
                );
            }
            let left = number("arrivals") - gone as f64;
            claim!(
                left == number("unfinished") && left >= 0.0,
                "{kind} {entity}: {left} are left, and it says {}",
                number("unfinished")
            );
            claim!(
                left == 0.0 || !case.has(Feature::Drains),
                "{kind} {entity}: {left} requests never end"
            );
            // What is done after an answer has the place of its request; other blocks have none.
            let has_place = kind == "endpoint" || entity.ends_with(".respond");
            in_flight += if has_place { left } else { 0.0 };
            counts
                .iter()
                .for_each(|(outcome, n)| *seen.entry(outcome.to_string()).or_default() += n);
        }
    }
    let at_the_end = |kind: &str, metric: &str| run.at_the_end(kind, metric);
    let waiting =
        at_the_end("instance", "admission_queue") + at_the_end("balancer", "admission_queue");
    let places = at_the_end("instance", "in_flight") + waiting + at_the_end("link", "in_flight");
    let may_be_nowhere = case.has(Feature::Loss) && case.has(Feature::Timeouts);
    // A service that scales has no numbers of single instances.
    if !case.has(Feature::NamedInstances) && !case.has(Feature::Scaling) {
        claim!(
            places == in_flight || may_be_nowhere && places < in_flight,
            "{in_flight} requests are in flight, and {places} are somewhere"
        );
    }
    Ok(())
}

#[test]
fn every_request_that_arrived_is_answered_failed_or_in_flight() {
    // Law 3, counted request by request; 120 scenarios. At the end, requests in
    // flight are in instances, waiting for admission, or on links, as the gauges show; only a lost
    // message that a caller still waits for is nowhere.
    let seen: RefCell<BTreeMap<String, u64>> = RefCell::default();
    holds(120, 1, |case| {
        let run = observe::run(&case.clone().without(&[Feature::Warmup]))?;
        conserved(&case, &run, &mut seen.borrow_mut())
    });
    for outcome in ["ok", "lost", "timeout", "crashed", "rejected", "error_"] {
        let found: u64 = seen
            .borrow()
            .iter()
            .filter(|(name, _)| name.starts_with(outcome))
            .map(|(_, n)| n)
            .sum();
        assert!(found > 50, "hardly any `{outcome}`: {seen:?}");
    }
}

#[test]
fn the_parts_of_a_latency_add_up_to_the_nanosecond() {
    // Law 4, for every request with any outcome; 40 scenarios. A call's parts are within those of
    // its caller.
    holds(40, 2, |case| {
        let run = observe::run(&case.clone().without(&[Feature::Warmup]))?;
        for request in &run.requests {
            let latency = request.finished - request.arrived;
            claim!(
                request.spent() == latency,
                "{} ns of {latency} ns are accounted for: {request:?}",
                request.spent()
            );
        }
        // One that does several things at once takes over the parts of one of them.
        if case.has(Feature::Parallels) {
            Ok(())
        } else {
            observe::own_parts(&run.requests).map(|_| ())
        }
    });
}

#[test]
fn the_time_from_a_loss_to_the_timeout_is_part_of_the_latency() {
    // Law 4 without exception. By hand: every message is lost, and each caller waits 2 ms in vain.
    let run = observe::run_text(
        "version: 1
run: { duration: 2s, replications: 1 }
workload: { users: { to: web.x, open: { rate: 100/s } } }
services: { web: { endpoints: { x: [ call: { to: db.q, timeout: 2ms } ] } }, db: { endpoints: { q: [ cpu: 1ms ] } } }
links: { web -> db: { loss: 100% } }
output: { requests: 100% }",
    );
    for request in run.expect("a scenario that runs").requests {
        assert_eq!(request.spent(), request.finished - request.arrived, "{request:?}");
    }
}

#[test]
fn a_request_names_its_actual_caller() {
    // By hand: calls take 1 s; at 2.5 s `web` crashes, and later requests reuse the slots of those
    // it struck. A call is within its caller's time, so a call that names a later request names the
    // wrong one.
    let run = observe::run_text(
        "version: 1
run: { duration: 6s, replications: 1 }
workload: { users: { to: web.x, open: { rate: 20/s, arrivals: regular } } }
services: { web: { endpoints: { x: [ call: db.q ] } }, db: { endpoints: { q: [ wait: 1s ] } } }
faults: [ crash: { target: web, at: 2500ms, for: 200ms } ]
output: { requests: 100% }",
    );
    let requests = run.expect("a scenario that runs").requests;
    assert!(requests.iter().filter(|request| request.outcome == "crashed").count() > 10);
    for call in requests.iter().filter(|request| !request.caller.is_empty()) {
        if let Some(caller) = requests.iter().find(|request| request.key == call.caller) {
            assert!(caller.arrived <= call.arrived, "{call:?} was not called by {caller:?}");
        }
    }
}

/// Returns the time, in nanoseconds, for which a request holds its place inside its instance.
fn inside(own: &[u64; 7], request: &Request) -> u64 {
    // What is spawned has none.
    if request.endpoint.contains(".spawn") {
        return 0;
    }
    request.spent() - own[NETWORK] - own[ADMISSION]
}

#[test]
fn littles_law_holds_to_the_nanosecond_for_every_gauge_of_every_instance() {
    // Little 1961: in a run that begins and ends empty the area under a number of requests is the
    // sum of their times. Here: areas from the gauges against times from the requests; 120
    // scenarios. An area in ns is a whole number, which can be recovered from a mean.
    let queued = RefCell::new([0u64; 4]);
    holds(120, 3, |case| {
        // A request of a pipeline spends its time at several instances, and names the last; one
        // that does several things at once takes over the parts of one of them.
        let mut case = case.with(&[Feature::Drains]).without(&[
            Feature::Pipelines,
            Feature::Parallels,
            Feature::Locks,
            Feature::Sync,
            Feature::Sharing,
            Feature::Scaling,
            Feature::Offloads,
        ]);
        if case.has(Feature::Loss) {
            // From its loss to its caller's timeout a message is nowhere.
            case = case.without(&[Feature::Timeouts]);
        }
        let run = observe::run(&case)?;
        let own = observe::own_parts(&run.requests)?;
        let duration_ns = 20_000e9;
        let agrees = |what: &str, entity: &str, area: f64, sum: u128| {
            claim!(
                (area - sum as f64).abs() <= 0.5 + 1e-15 * area,
                "{what} of {entity}: an area of {area} ns, {sum} ns spent"
            );
            Ok(())
        };
        for instance in run.entities("instance") {
            let mine: Vec<usize> =
                (0..run.requests.len()).filter(|&i| run.requests[i].instance == instance).collect();
            let sum = |of: &dyn Fn(usize) -> u64| mine.iter().map(|&i| of(i) as u128).sum::<u128>();
            let area =
                |metric: &str| run.number("instance", &instance, metric, "mean") * duration_ns;
            let cores = run.number("instance", &instance, "utilisation", "mean")
                * duration_ns
                * case.limits(&instance).cores as f64;
            agrees("busy", &instance, cores, sum(&|i| own[i][CPU]))?;
            for (n, (metric, part)) in [
                ("ready_queue", QUEUE),
                ("memory_queue", MEMORY),
                ("admission_queue", ADMISSION),
                ("io_waiting", IO),
            ]
            .into_iter()
            .enumerate()
            {
                // Requests at a balancer do not wait for a particular instance.
                if part != ADMISSION || !case.limits(&instance).is_central {
                    agrees(metric, &instance, area(metric), sum(&|i| own[i][part]))?;
                }
                queued.borrow_mut()[n] += (sum(&|i| own[i][part]) > 0) as u64;
            }
            agrees(
                "in_flight",
                &instance,
                area("in_flight"),
                sum(&|i| inside(&own[i], &run.requests[i])),
            )?;
            let held_ns = |i: usize| (inside(&own[i], &run.requests[i]) - own[i][MEMORY]) as f64;
            let held = |i: usize| {
                // Memory is given back with the answer.
                if held_ns(i) == 0.0 || run.requests[i].endpoint.ends_with(".respond") {
                    Some(0.0)
                } else {
                    Some(case.need(&run.requests[i].endpoint)? as f64 * held_ns(i))
                }
            };
            if let Some(held) = mine.iter().map(|&i| held(i)).sum::<Option<f64>>() {
                let used = area("memory_used");
                claim!(
                    (used - held).abs() <= 1e-12 * used + 1.0,
                    "memory of {instance}: an area of {used} B·ns, {held} held"
                );
            }
        }
        let at_doors = run
            .entities("service")
            .iter()
            .map(|service| run.number("service", service, "admission_queue", "mean") * duration_ns)
            .sum();
        agrees(
            "admission_queue",
            "all services",
            at_doors,
            own.iter().map(|own| own[ADMISSION] as u128).sum(),
        )?;
        let on_links = run
            .entities("link")
            .iter()
            .map(|link| run.number("link", link, "in_flight", "mean") * duration_ns)
            .sum();
        agrees("in_flight", "all links", on_links, own.iter().map(|own| own[NETWORK] as u128).sum())
    });
    assert!(
        queued.borrow().iter().all(|instances| *instances > 4),
        "hardly anything waited: {queued:?}"
    );
}

#[test]
fn core_time_is_wasted_that_served_no_answered_request() {
    // Definition, counted request by request; 80 scenarios: the own core time of those whose
    // outermost caller failed or had gone. Branches of `parallel` take over parts of one only; what
    // a core is held for without computing is not told apart.
    let some_of = RefCell::new(0u64);
    holds(80, 9, |case| {
        let case = case.without(&[Feature::Warmup, Feature::Parallels, Feature::Sync]);
        let run = observe::run(&case)?;
        let own = observe::own_parts(&run.requests)?;
        let index: BTreeMap<&str, &Request> =
            run.requests.iter().map(|request| (request.key.as_str(), request)).collect();
        let served = |request: &Request| {
            let mut outermost = request;
            while let Some(caller) = index.get(outermost.caller.as_str()) {
                outermost = caller;
            }
            // What its caller has taken over, who has not ended, may still serve.
            if !outermost.caller.is_empty() {
                return true;
            }
            let is_block = [".spawn", ".respond"].iter().any(|b| outermost.endpoint.contains(b));
            outermost.outcome == "ok" && (!outermost.workload.is_empty() || is_block)
        };
        let wasted = run.requests.iter().zip(&own).filter(|(request, _)| !served(request));
        let wasted_s = wasted.map(|(_, own)| u128::from(own[CPU])).sum::<u128>() as f64 * 1e-9;
        let told_s = run.number("system", "all", "wasted_cpu", "total");
        claim!(
            (told_s - wasted_s).abs() <= 1e-9 * wasted_s,
            "{wasted_s} s of core time served nothing, and it says {told_s}"
        );
        *some_of.borrow_mut() += u64::from(wasted_s > 0.0);
        Ok(())
    });
    assert!(*some_of.borrow() > 20, "hardly anything was wasted: {some_of:?}");
}

#[test]
fn no_gauge_is_ever_above_its_capacity() {
    // The configured capacities: bytes, cores, places, places in the queue; 80 scenarios.
    let full = RefCell::new([0u64; 3]);
    holds(80, 4, |case| {
        let run: Run = observe::run(&case)?;
        for instance in run.entities("instance") {
            let most = |metric: &str| run.number("instance", &instance, metric, "max");
            let limits = case.limits(&instance);
            for (n, (metric, limit)) in [
                ("memory_used", limits.memory),
                ("in_flight", limits.places),
                ("admission_queue", limits.queue),
            ]
            .into_iter()
            .enumerate()
            {
                claim!(
                    most(metric) <= limit as f64,
                    "{metric} of {instance} reached {}, above {limit}",
                    most(metric)
                );
                full.borrow_mut()[n] += (most(metric) >= 0.9 * limit as f64 && limit > 0) as u64;
            }
            claim!(most("utilisation") <= 1.0, "more cores of {instance} are busy than there are");
        }
        Ok(())
    });
    assert!(
        full.borrow().iter().all(|instances| *instances > 2),
        "hardly any limit was reached: {full:?}"
    );
}
