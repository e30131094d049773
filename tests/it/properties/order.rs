//! First come, first served; no request waits for a free resource; no resource exceeds its
//! capacity.
//!
//! Observed from outside: without links, a request is at its instance when it arrives; its waits
//! follow one another in a known order (admission, memory, core); and if all its computing is one
//! burst at the beginning, the times of its waits follow from its parts.

use super::generate::{Case, Feature, Limits};
use super::observe::{self, ADMISSION, CPU, MEMORY, NETWORK, QUEUE};
use super::{claim, holds};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The times of one request at one instance, in nanoseconds.
struct Stay {
    door: u64,
    admitted: u64,
    has_memory: u64,
    starts: u64,
    done: u64,
    left: u64,
    /// Reserved bytes, if known.
    need: Option<u64>,
    outcome: String,
    /// Whether this instance rejected it, rather than one that it called.
    turned_away: bool,
}

impl Stay {
    /// Returns whether it was rejected, or failed by an `errors` fault, before it asked for
    /// anything.
    fn asked_nothing(&self) -> bool {
        self.left == self.admitted
    }
}

/// Returns all instances of a run with their limits and their requests.
fn stays(case: &Case) -> Result<Vec<(String, Limits, Vec<Stay>)>, String> {
    let run = observe::run(case)?;
    let own = observe::own_parts(&run.requests)?;
    let callers: BTreeSet<&str> =
        run.requests.iter().map(|request| request.caller.as_str()).collect();
    let stay = |i: usize| {
        let (request, own) = (&run.requests[i], &own[i]);
        let door = request.arrived + own[NETWORK];
        let admitted = door + own[ADMISSION];
        let has_memory = admitted + own[MEMORY];
        let starts = has_memory + own[QUEUE];
        let (need, outcome) = (case.need(&request.endpoint), request.outcome.clone());
        let turned_away = outcome == "rejected" && !callers.contains(request.key.as_str());
        Stay {
            door,
            admitted,
            has_memory,
            starts,
            done: starts + own[CPU],
            left: request.finished,
            need,
            outcome,
            turned_away,
        }
    };
    let stays_at = |instance: &String| {
        (0..run.requests.len())
            .filter(|&i| run.requests[i].instance == *instance)
            .map(stay)
            .collect()
    };
    Ok(run
        .entities("instance")
        .into_iter()
        .map(|instance| (instance.clone(), case.limits(&instance), stays_at(&instance)))
        .collect())
}

/// Returns the case with known times: no links, one instance and one burst at the beginning, and
/// all requests end.
fn plain(case: Case) -> Case {
    case.with(&[Feature::OneBurst, Feature::Drains]).without(&[
        Feature::Links,
        Feature::Pipelines,
        Feature::Blocks,
        Feature::Parallels,
        Feature::Locks,
        Feature::Pools,
        Feature::Sync,
        Feature::Patience,
        Feature::Sharing,
        Feature::Scaling,
        Feature::Afterwards,
        Feature::Impatience,
        Feature::Offloads,
        Feature::Classes,
    ])
}

/// Checks that requests were granted in the order of asking, and returns the number that waited.
fn in_order(what: &str, instance: &str, mut waits: Vec<(u64, u64)>) -> Result<u64, String> {
    waits.sort_unstable();
    let (mut latest, mut latest_before) = (0, 0);
    for (i, &(asked, granted)) in waits.iter().enumerate() {
        if i > 0 && waits[i - 1].0 < asked {
            latest_before = latest;
        }
        claim!(
            granted >= latest_before,
            "{what} of {instance}: asked at {asked} ns, granted at {granted}, before a request that asked earlier, at {latest_before}"
        );
        latest = latest.max(granted);
    }
    Ok(waits.iter().filter(|(asked, granted)| granted > asked).count() as u64)
}

#[test]
fn admission_memory_and_cores_serve_in_the_order_of_requests() {
    // First come, first served, at every instance of 70 scenarios. Requests struck by a crash were
    // never served, and are ignored.
    let waited = RefCell::new([0u64; 3]);
    holds(70, 5, |case| {
        let mut case = plain(case);
        if case.has(Feature::Memory) {
            // Its needs are known, and requests wait for it and not at the door.
            case = case.without(&[Feature::Variety, Feature::Admission]);
        }
        for (instance, limits, stays) in stays(&case)? {
            let served: Vec<&Stay> = stays
                .iter()
                .filter(|stay| stay.outcome != "crashed" && !stay.turned_away)
                .collect();
            let asked = || served.iter().filter(|stay| !stay.asked_nothing());
            let reserve = asked().filter(|stay| stay.need.is_some_and(|need| need > 0));
            let compute = asked().filter(|stay| stay.done > stay.has_memory && limits.one_queue);
            let waits = [
                in_order(
                    "the door",
                    &instance,
                    served.iter().map(|stay| (stay.door, stay.admitted)).collect(),
                )?,
                in_order(
                    "the memory",
                    &instance,
                    reserve.map(|stay| (stay.admitted, stay.has_memory)).collect(),
                )?,
                in_order(
                    "the cores",
                    &instance,
                    compute.map(|stay| (stay.has_memory, stay.starts)).collect(),
                )?,
            ];
            waited.borrow_mut().iter_mut().zip(waits).for_each(|(all, here)| *all += here);
        }
        Ok(())
    });
    assert!(
        waited.borrow().iter().all(|n| *n > 300),
        "hardly anybody waited at door, memory, core: {waited:?}"
    );
}

/// The numbers of requests that wait for and hold the resources of an instance.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    at_door: i64,
    inside: i64,
    for_memory: i64,
    held: i64,
    for_core: i64,
    busy: i64,
}

/// Returns the states of an instance, each valid from its time to the next.
fn course(stays: &[Stay]) -> Vec<(u64, State)> {
    let mut changes: BTreeMap<u64, State> = BTreeMap::new();
    let mut during = |from: u64, to: u64, add: &dyn Fn(&mut State, i64)| {
        if from < to {
            add(changes.entry(from).or_default(), 1);
            add(changes.entry(to).or_default(), -1);
        }
    };
    for stay in stays.iter().filter(|stay| !stay.turned_away) {
        let need = stay.need.unwrap_or(0) as i64;
        during(stay.door, stay.admitted, &|state, n| state.at_door += n);
        during(stay.admitted, stay.left, &|state, n| state.inside += n);
        during(stay.admitted, stay.has_memory, &|state, n| state.for_memory += n);
        during(stay.has_memory, stay.left, &|state, n| state.held += n * need);
        during(stay.has_memory, stay.starts, &|state, n| state.for_core += n);
        during(stay.starts, stay.done, &|state, n| state.busy += n);
    }
    let mut state = State::default();
    let sum = |(at, change): (u64, State)| {
        state.at_door += change.at_door;
        state.inside += change.inside;
        state.for_memory += change.for_memory;
        state.held += change.held;
        state.for_core += change.for_core;
        state.busy += change.busy;
        (at, state)
    };
    changes.into_iter().map(sum).collect()
}

#[test]
fn no_core_idles_while_its_queue_has_work_and_no_request_waits_for_a_free_resource() {
    // Work conservation, at every moment of every instance of 40 scenarios: a request waits for a
    // core, a place or memory only while all cores are busy, all places are taken, or less memory
    // is free than the first in the queue needs. No more is used than there is.
    let moments = RefCell::new([0u64; 3]);
    holds(40, 6, |case| {
        let case = plain(case).without(&[Feature::Variety]);
        for (instance, limits, stays) in stays(&case)? {
            let course = course(&stays);
            for (at, state) in &course {
                let context = || format!("{instance} at {at} ns: {state:?}");
                let limit = |n: u64| n.min(i64::MAX as u64) as i64;
                claim!(
                    state.busy <= limit(limits.cores),
                    "more cores than there are: {}",
                    context()
                );
                claim!(
                    state.for_core == 0 || !limits.one_queue || state.busy == limit(limits.cores),
                    "a core idles: {}",
                    context()
                );
                // Behind a central queue the instance itself is the place; requests do not wait for
                // one that is down, which may drain more than one request.
                let is_known = !limits.is_central || !case.has(Feature::Crash);
                let (places, queue) = if limits.is_central {
                    (1, i64::MAX)
                } else {
                    (limit(limits.places), limit(limits.queue))
                };
                claim!(
                    !is_known || state.inside <= places && state.at_door <= queue,
                    "too many are let in: {}",
                    context()
                );
                claim!(
                    !is_known || state.at_door == 0 || state.inside == places,
                    "a place is free: {}",
                    context()
                );
                claim!(
                    state.held <= limit(limits.memory),
                    "more memory than there is: {}",
                    context()
                );
                if state.for_memory > 0 {
                    let waiting =
                        stays.iter().filter(|stay| stay.admitted <= *at && *at < stay.has_memory);
                    let first = waiting
                        .min_by_key(|stay| (stay.admitted, std::cmp::Reverse(stay.need)))
                        .and_then(|stay| stay.need);
                    let free = limit(limits.memory) - state.held;
                    claim!(
                        first.is_none_or(|need| free < need as i64),
                        "{free} B are free, and the first needs {first:?}: {}",
                        context()
                    );
                }
                let waits = [state.for_core, state.at_door, state.for_memory];
                moments
                    .borrow_mut()
                    .iter_mut()
                    .zip(waits)
                    .for_each(|(all, here)| *all += (here > 0) as u64);
            }
            if limits.is_central {
                continue;
            }
            turned_away_only_when_full(&instance, &limits, &stays, &course)?;
        }
        Ok(())
    });
    assert!(
        moments.borrow().iter().all(|n| *n > 300),
        "hardly any request waited for a core, a place or memory: {moments:?}"
    );
}

/// Checks that a rejected request found all places taken and the queue full, just before or just
/// after the events at the same time.
fn turned_away_only_when_full(
    instance: &str,
    limits: &Limits,
    stays: &[Stay],
    course: &[(u64, State)],
) -> Result<(), String> {
    for stay in stays.iter().filter(|stay| stay.turned_away) {
        let after = course.partition_point(|(at, _)| *at <= stay.door);
        let before = course.partition_point(|(at, _)| *at < stay.door);
        let full = |index: usize| {
            let state = index.checked_sub(1).map_or(State::default(), |index| course[index].1);
            state.inside as u64 == limits.places && state.at_door as u64 == limits.queue
        };
        claim!(
            full(after) || full(before),
            "{instance} rejected a request at {} ns, but was not full",
            stay.door
        );
    }
    Ok(())
}
