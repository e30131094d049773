//! The state matrix: a request is called off, or its instance crashes, in every state that it can
//! be in; afterwards everything is as if it had never come.
//!
//! One service with everything that a request can hold or wait for: places, memory, cores (queued
//! for, or shared), locks, pools, blocks, branches, calls, links. Six requests pass through all of
//! it; at every tenth of a millisecond each that is there is called off, with all that it has made,
//! alone and together with each other one: then the second may just have been granted what the
//! first has given back.

use super::advance::advance;
use super::audit::audit;
use super::columns::Everything;
use super::epochs::{self, Epoch, Stop};
use super::{simulate, spawn};
use crate::kernel::RequestId;
use crate::plan::{self, Gate, Hop, Plan};
use crate::random::keys::Key;
use crate::request::{Fate, Phase, Request};
use crate::scenario::from_yaml;
use crate::step::Stage;
use crate::units::Time;
use bevy_ecs::prelude::*;
use bevy_ecs::system::RunSystemOnce;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// `late` are arrivals after all that can happen to the six; `loss` is that of the link to `db`.
fn scenario(runtime: &str, late: &str, loss: &str, faults: &str) -> Arc<Plan> {
    scenario_of(runtime, late, loss, faults, "")
}

/// The same, with users of whom more is said.
fn scenario_of(runtime: &str, late: &str, loss: &str, faults: &str, users: &str) -> Arc<Plan> {
    let (warmup, rate) = if late.is_empty() { ("0s", 3) } else { ("500ms", 4) };
    let yaml = format!(
        "version: 1
name: states
run: {{ duration: 2s, warmup: {warmup} }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate}/s, arrivals: {{ at: [ 1ms, 1ms, 2ms, 2ms, 3ms, 4ms{late} ] }} }}{users} }} }}
services:
  api:
    max_in_flight: 4
    queue: {{ max: 10, timeout: 4ms }}
    instance: {{ cpu: 3, memory: 3MB }}
    runtime: {{ {runtime} }}
    endpoints:
      x:
        - memory: 1MB
        - cpu: 1ms
        - block: 200us
        - offload: {{ pool: 1, do: [ cpu: 300us, block: 200us, wait: {{ for: 200us, load: {{ linear: 20% }} }} ] }}
        - spawn: [ cpu: 200us, lock: {{ name: all, scope: service, hold: [ wait: 300us ] }}, call: db.read ]
        - repeat: {{ times: 2, do: [ lock: {{ name: own, hold: [ cpu: 300us, wait: 500us ] }} ] }}
        - parallel:
            join: any
            within: 9ms
            branches:
              - [ lock: {{ name: all, scope: service, hold: [ call: db.read ] }} ]
              - [ wait: 2ms, cpu: 200us ]
              - [ branch: [ {{ p: 50%, do: [ call: {{ to: db.read, timeout: 3ms }} ] }} ], parallel: [ [ wait: 4ms ], [ cpu: 2ms ] ] ]
        - pool: {{ name: conn, max: 1, wait: 900us, connect: 200us, idle_timeout: 1ms, do: [ wait: 400us ] }}
        - cpu: 100us
        - respond: {{}}
        - call: store.put
        - cpu: 100us
        - call: {{ to: db.read, pool: {{ max: 1, per: service }} }}
        - cpu: 100us
  store: {{ instance: {{ cpu: 1, memory: 3MB }}, endpoints: {{ put: [ hold: {{ memory: 2MB, do: [ cpu: 200us, wait: 1500us ] }} ] }} }}
  db: {{ balance: central_queue, replicas: 2, endpoints: {{ read: [ cpu: 700us, wait: 300us ] }} }}
links: {{ users -> api: {{ latency: 300us }}, api -> db: {{ latency: 200us, loss: {loss} }}, db -> api: {{ latency: 200us }} }}
faults: [ {faults} ]
"
    );
    let scenario = from_yaml(&yaml).unwrap_or_else(|problems| panic!("{problems}"));
    Arc::new(plan::compile(&scenario))
}

/// A world at a time.
fn at(plan: &Arc<Plan>, us: u64) -> World {
    let mut world = World::new();
    spawn::spawn(&mut world, plan, Key::replication(1, 0));
    drain(&mut world, plan, Time(us * 1000));
    world
}

fn drain(world: &mut World, plan: &Plan, end: Time) {
    let first = epochs::all(plan).next().expect("there is an epoch");
    loop {
        world.insert_resource(Epoch { end, stop: Stop::Reached, ..first.clone() });
        world.run_system_cached(advance).expect("the world is spawned");
        match world.resource::<Epoch>().stop {
            Stop::Reached => return,
            Stop::NeedsSlots => assert!(spawn::grow(world, 1000)),
            _ => {}
        }
    }
}

/// The slots of the requests that are there, what each is doing, and whether it has no caller: one
/// that has is called off only by that, or its caller would wait for ever.
fn there(world: &mut World) -> Vec<(u32, String, bool)> {
    world
        .run_system_once(|mut world: Everything| {
            world.with(Time::ZERO, |x, requests| {
                let free: BTreeSet<u32> = x.free.iter().copied().collect();
                let slots = (0..requests.len() as u32).filter(|slot| !free.contains(slot));
                let what = |slot: u32| {
                    let request = &requests[slot as usize];
                    match request.phase {
                        Phase::Running => {
                            let op = format!("{:?}", x.program[request.step as usize]);
                            let name = op.split('(').next().unwrap_or_default().to_string();
                            format!("{name} {}", request.granted)
                        }
                        Phase::Walking => {
                            let hop = match x.hops[request.hop as usize] {
                                Hop::Gate { gate: Gate::Admission, .. } => "Admission",
                                Hop::Gate { gate: Gate::Central { .. }, .. } => "Central",
                                Hop::Cross { .. } => "Cross",
                                _ => "another hop",
                            };
                            format!("{hop} {}", request.granted)
                        }
                        phase => format!("{phase:?}"),
                    }
                };
                let is_root = |slot: u32| requests[slot as usize].caller == Request::NOBODY;
                let found = slots.map(|slot| (slot, what(slot), is_root(slot)));
                found.collect::<Vec<(u32, String, bool)>>()
            })
        })
        .expect("the world is spawned")
}

/// Calls requests off, in this order, at the same moment.
fn call_off(world: &mut World, slots: Vec<u32>) {
    let system = move |mut world: Everything| {
        world.with(Time::ZERO, |x, requests| {
            let ids: Vec<RequestId> =
                slots.iter().map(|slot| requests[*slot as usize].id(*slot)).collect();
            for id in ids {
                x.stage.doomed.push((id, Fate::CalledOff));
                super::endings::cancel(x, requests);
            }
        });
    };
    world.run_system_once(system).expect("the world is spawned");
}

/// Nothing is held, nothing waits, nothing is left of any request.
fn assert_empty(world: &mut World, what: &str) {
    world.run_system_once(audit).expect("the world is spawned");
    let what = what.to_string();
    let check = move |mut world: Everything| {
        world.with(Time::ZERO, |x, requests| {
            assert_eq!(x.free.len(), requests.len(), "{what}: requests are left");
            let Stage { frames, families, timers, runnable, doomed, births, .. } = &x.stage;
            let left = [
                frames.len(),
                families.len(),
                timers.len(),
                runnable.len(),
                doomed.len(),
                births.len(),
            ];
            assert_eq!(left, [0; 6], "{what}: blocks, families, timers, runnable, doomed, births");
            for (i, places) in x.stage.places.iter().enumerate() {
                let levels = [
                    places.0.held.value,
                    places.0.waiting.value,
                    x.stage.memories[i].0.held.value,
                    x.stage.memories[i].0.waiting.value,
                    x.stage.gauges[i].busy.value,
                    x.stage.gauges[i].ready.value,
                    x.stage.gauges[i].io.value,
                    u64::from(x.instances[i].outstanding + x.instances[i].in_transit),
                ];
                assert_eq!(levels, [0; 8], "{what}: instance {i}");
            }
            for shared in x.stage.shared.iter() {
                assert_eq!([shared.units.held.value, shared.units.waiting.value], [0; 2], "{what}");
            }
            assert!(x.stage.stations.iter().all(|station| station.len() == 0), "{what}");
            for queue in x.balancers.iter().filter_map(|balancer| balancer.queue.as_ref()) {
                let left = [queue.waiting.len(), queue.let_go, queue.length.value as usize];
                assert_eq!(left, [0; 3], "{what}: a central queue: waiting, let go, length");
            }
            assert!(x.links.iter().all(|link| link.in_flight.value == 0), "{what}: links");
        });
    };
    world.run_system_once(check).expect("the world is spawned");
}

const RUNTIMES: [&str; 3] = ["event_loop: { workers: 2 }", "tasks: {}", "tasks: { schedule: ps }"];

#[test]
fn a_request_that_is_called_off_in_any_state_leaves_nothing_behind() {
    // By definition; at 255 moments for each runtime, every pair of requests.
    let mut states: BTreeSet<String> = BTreeSet::new();
    for runtime in RUNTIMES {
        let plan = scenario(runtime, "", "50%", "");
        for us in (500..26_000).step_by(100) {
            let all = there(&mut at(&plan, us));
            states.extend(all.iter().map(|(_, state, _)| state.clone()));
            let roots: Vec<u32> =
                all.iter().filter(|(.., is_root)| *is_root).map(|(slot, ..)| *slot).collect();
            for first in &roots {
                for second in &roots {
                    let mut world = at(&plan, us);
                    call_off(&mut world, vec![*first, *second]);
                    drain(&mut world, &plan, Time(1_900_000_000));
                    assert_empty(&mut world, &format!("{runtime}, {us} us, {first}, {second}"));
                }
            }
        }
    }
    // Each state of a step that waits, and of a route, is among them.
    for state in [
        "Cross false",
        "Admission true",
        "Central true",
        "Lost",
        "Memory true",
        "Cpu false",
        "Cpu true",
        "Block false",
        "Thread false",
        "Longer false",
        "Sleep false",
        "Shared true",
        "Wait false",
        "Call false",
        "Parallel false",
        "Lock true",
        "Hold true",
        "Pool false",
        "Pool true",
    ] {
        assert!(states.contains(state), "{state} is not among {states:?}");
    }
}

#[test]
fn a_crash_in_any_state_leaves_nothing_behind_and_the_service_works_as_before() {
    // The audit at the end of each replication: all six have ended, in one way or another. And two
    // requests that come when the instance is back, of which each is answered.
    for runtime in RUNTIMES {
        for us in (500..26_000u64).step_by(100) {
            for target in ["api", "db", "store"] {
                let count = if target == "db" { ", count: 2" } else { "" };
                let fault = format!("crash: {{ target: {target}{count}, at: {us}us, for: 400us }}");
                let of = |plan: &Arc<Plan>| {
                    let record = simulate(plan, 0, &AtomicBool::new(false));
                    let record = record.unwrap_or_else(|error| panic!("{error}"));
                    let outcomes = &record.flows[0].outcomes;
                    (record.flows[0].arrivals, outcomes.iter().sum(), outcomes[0])
                };
                let (came, ended, _): (_, u64, _) = of(&scenario(runtime, "", "0%", &fault));
                assert_eq!((came, ended), (6, 6), "{runtime}, {us} us");
                let late = of(&scenario(runtime, ", 1s, 1100ms", "0%", &fault));
                assert_eq!(late, (2, 2, 2), "{runtime}, {us} us, {target}: those who come later");
            }
        }
    }
}

#[test]
fn users_who_leave_in_any_state_leave_nothing_behind() {
    // By definition: everyone leaves a number of tenths of a millisecond after coming, in whatever
    // state the request is then; afterwards everything is as new, and all six count as ended.
    for (runtime, cancel) in RUNTIMES.into_iter().flat_map(|of| [(of, false), (of, true)]) {
        let mut abandoned = 0;
        for us in (100..26_000u64).step_by(100) {
            let users = format!(", patience: {{ for: {us}us, cancel: {cancel} }}");
            let plan = scenario_of(runtime, "", "20%", "", &users);
            let mut world = at(&plan, 0);
            drain(&mut world, &plan, Time(1_900_000_000));
            assert_empty(&mut world, &format!("{runtime}, {us} us, {cancel}"));
            let record = simulate(&plan, 0, &AtomicBool::new(false));
            let record = record.unwrap_or_else(|error| panic!("{error}"));
            let ended = |flow: usize| record.flows[flow].outcomes.iter().sum::<u64>();
            let count = |flow: usize| (record.flows[flow].arrivals, ended(flow));
            assert_eq!(count(0), (6, 6), "{runtime}, {us} us, {cancel}");
            let block = plan.layout.blocks.iter().position(|block| block == "users.abandoned");
            let flow =
                plan.layout.flows.iter().position(|flow| flow.block == block.map(|b| b as u32));
            let (left, gone) = count(flow.expect("the block has a flow"));
            assert_eq!(left, gone, "{runtime}, {us} us, {cancel}: what goes on in vain ends");
            abandoned += left;
        }
        assert!(abandoned > 300, "{runtime}, {cancel}: only {abandoned} were abandoned");
    }
}
