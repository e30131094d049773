//! How the parts of a case are drawn.

use super::{BALANCES, Case, FEATURES, Fault, Law, Link, Service, Step, Workload};
use proptest::prelude::*;

fn law() -> impl Strategy<Value = Law> {
    (0..13u8, 1..20u32).prop_map(|(shape, ms)| Law { shape, ms })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..11u8, law(), 0..8usize, 2..60u32, 1..40u32, 0..8u8);
    prop::collection::vec(
        step.prop_map(|(kind, law, target, timeout_ms, percent, block)| Step {
            kind,
            law,
            target,
            timeout_ms,
            percent,
            block,
        }),
        1..5,
    )
}

fn service() -> impl Strategy<Value = Service> {
    let machine = (1..4u32, 0..BALANCES.len(), 1..4u32, 1..4u32, 0..8u32, 0..4usize);
    let door = (1..8u32, prop::option::weighted(0.8, 0..4u32), any::<bool>(), [0..4usize, 0..4]);
    (machine, door, prop::collection::vec(steps(), 1..4)).prop_map(|(machine, door, endpoints)| {
        let (replicas, balance, cpu, workers, memory_mb, speed) = machine;
        let (max_in_flight, queue, named, then) = door;
        Service {
            replicas,
            balance,
            cpu,
            workers: workers.min(cpu),
            memory_mb,
            max_in_flight,
            queue,
            speed,
            endpoints,
            named,
            then,
        }
    })
}

fn workload() -> impl Strategy<Value = Workload> {
    (
        0..4usize,
        0..4usize,
        0..6usize,
        prop::collection::vec((0..8usize, 1..5u32), 1..4),
        any::<bool>(),
    )
        .prop_map(|(rate, to_rate, arrivals, targets, users)| Workload {
            rate,
            to_rate,
            arrivals,
            targets,
            users,
        })
}

fn link() -> impl Strategy<Value = Link> {
    (0..5usize, 0..5usize, law(), 0..20u32).prop_map(|(from, to, law, loss)| Link {
        from,
        to,
        law,
        loss,
    })
}

fn fault() -> impl Strategy<Value = Fault> {
    (0..6u8, 0..8usize, 1..3u32, 0..1500u32, prop::option::of(100..800u32), 2..30u32).prop_map(
        |(kind, target, count, at_ms, for_ms, amount)| Fault {
            kind,
            target,
            count,
            at_ms,
            for_ms,
            amount,
        },
    )
}

/// Returns a strategy for all scenarios.
pub fn cases() -> impl Strategy<Value = Case> {
    use prop::collection::vec;
    (
        0..1u64 << FEATURES,
        any::<u16>(),
        vec(service(), 1..5),
        vec(workload(), 1..4),
        vec(link(), 0..6),
        vec(fault(), 0..6),
    )
        .prop_map(|(features, seed, services, workloads, links, faults)| Case {
            features,
            seed,
            services,
            workloads,
            links,
            faults,
            coincides: false,
        })
}
