//! What a replication drew by chance, and what it was to be expected to draw: the controls of
//! `stats::controlled_mean`.
//!
//! Law: three for each workload, over its requests that arrive in the measured part: how many, and
//! on average how much core time and how much awaited time they ask for, with the calls they would
//! make if nothing failed. Draws are addressed, so they are drawn once more here and the engine
//! does nothing for it. Expected are the integral of the rate, and the mean demand of the mix:
//! demands do not depend on how many come.
//! Limits: NaN, which leaves a control out, where the expected number is not known exactly: renewal
//! processes other than Poisson, users who come back, and users who are drawn from a law that is
//! rounded; where the instance draws the endpoint, which depends on what else happens; where steps
//! stand in blocks, and on cores that are shared.
//! Checked: `tests/it/variance.rs`.

use crate::plan::{Plan, SourcePlan};
use crate::random::dists::{Distribution, Sampler};
use crate::random::keys::Key;
use crate::step::Op;
use crate::workload::{ArrivalProcess, Interarrival, RateProfile, Source};

/// Of a workload's requests: how many, and on average their core time and awaited time, s.
pub(crate) type Controls = [f64; 3];

/// By workload: what one replication drew.
pub(crate) fn drawn(plan: &Plan, replication: u32) -> Vec<Controls> {
    let key = Key::replication(plan.seed, u64::from(replication));
    plan.sources.iter().map(|source| drawn_by(plan, source, key)).collect()
}

/// By workload: what was to be expected; NaN where that is not known.
pub(crate) fn expected(plan: &Plan) -> Vec<Controls> {
    plan.sources.iter().map(|source| expected_of(plan, source)).collect()
}

/// The controls of all workloads together: their requests, and the mean demand of one, each
/// workload with the number that was to be expected of it.
pub(crate) fn together(of: &[Controls], expected: &[Controls]) -> Controls {
    let all: f64 = expected.iter().map(|[arrivals, ..]| arrivals).sum();
    let mean = |index: usize| {
        of.iter().zip(expected).map(|(own, [arrivals, ..])| own[index] * arrivals / all).sum()
    };
    [of.iter().map(|[arrivals, ..]| arrivals).sum(), mean(1), mean(2)]
}

fn drawn_by(plan: &Plan, source: &SourcePlan, replication: Key) -> Controls {
    if source.returning.is_some() || source.in_order.is_some() {
        return [f64::NAN; 3];
    }
    let mut arrivals = Source::new(&source.process, replication);
    let (mut count, mut cpu_s, mut wait_s, mut ordinal) = (0.0, 0.0, 0.0, 0);
    while let Some(at) = arrivals.next_arrival(&source.process, plan.horizon) {
        let key = arrivals.key.ordinal(ordinal);
        ordinal += 1;
        if at >= plan.measured_from {
            let (cpu, wait) = asked(plan, source.target(key).flow, Some(key));
            (count, cpu_s, wait_s) = (count + 1.0, cpu_s + cpu, wait_s + wait);
        }
    }
    [count, cpu_s / count, wait_s / count]
}

fn expected_of(plan: &Plan, source: &SourcePlan) -> Controls {
    if source.returning.is_some() || source.in_order.is_some() {
        return [f64::NAN; 3];
    }
    let (mut cpu_s, mut wait_s, mut below) = (0.0, 0.0, 0.0);
    for target in &source.targets {
        let share = target.up_to - below;
        below = target.up_to;
        let (cpu, wait) = asked(plan, target.flow, None);
        (cpu_s, wait_s) = (cpu_s + share * cpu, wait_s + share * wait);
    }
    let (from_s, to_s) = (plan.measured_from.seconds(), plan.horizon.seconds());
    [expected_arrivals(&source.process, from_s, to_s), cpu_s, wait_s]
}

/// Core time and awaited time of a request and of the calls it would make, s: as drawn at its key,
/// or on average.
fn asked(plan: &Plan, flow: u32, key: Option<Key>) -> (f64, f64) {
    let Some(endpoint) = plan.layout.flows[flow as usize].endpoint else {
        return (f64::NAN, f64::NAN);
    };
    let seconds = |of: &Sampler| key.map_or(of.law.mean() * 1e-9, |key| of.span(key).seconds());
    let (mut cpu_s, mut wait_s) = (0.0, 0.0);
    for op in &plan.program[plan.endpoints[endpoint as usize].first_step as usize..] {
        match op {
            Op::Cpu(op) => cpu_s += seconds(&op.demand),
            Op::Wait(op) => wait_s += seconds(&op.span),
            Op::LongerBurst(op) => cpu_s += seconds(op.alone()),
            Op::Longer(op) => wait_s += seconds(op.alone()),
            Op::Call(op) => {
                let (cpu, wait) = asked(plan, op.flow, key.map(|key| key.child(op.salt, 0)));
                (cpu_s, wait_s) = (cpu_s + cpu, wait_s + wait);
            }
            Op::Answer => break,
            Op::Memory(_) | Op::Fail(_) => {}
            _ => return (f64::NAN, f64::NAN),
        }
    }
    (cpu_s, wait_s)
}

/// The integral of the rate, where arrivals come by it without memory.
fn expected_arrivals(process: &ArrivalProcess, from_s: f64, to_s: f64) -> f64 {
    let exact = match (&process.gaps, &process.profile) {
        (Interarrival::Poisson, RateProfile::Windows { active, spread, .. }) => {
            spread.is_none() && matches!(**active, Distribution::Poisson(_))
        }
        // It begins in its first state.
        (Interarrival::Poisson, RateProfile::States(_)) => false,
        (Interarrival::Poisson, RateProfile::Shaped(shaped)) => {
            !matches!(shaped.base, RateProfile::States(_))
        }
        (Interarrival::Poisson, _) => true,
        _ => false,
    };
    let up_to = |horizon_s: f64| {
        if horizon_s > 0.0 { process.profile.mean_rate(horizon_s) * horizon_s } else { 0.0 }
    };
    if exact { up_to(to_s) - up_to(from_s) } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure;
    use crate::plan;
    use crate::scenario;
    use crate::sim::simulate;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    /// A mix, calls, awaited time and a ramp down to nothing, so that all are served before the
    /// end.
    const SHOP: &str = "version: 1
name: shop
run: { duration: 60s, warmup: 10s, control_variates: true }
workload:
  users: { mix: { web.read: 3, web.buy: 1 }, open: { rate: { from: 60/s, stages: [ { to: 60/s, over: 30s }, { to: 0/s, over: 10s } ] } } }
  jobs: { to: db.query, users: { active: { poisson: 20 }, each: 30/min, resample: 5s } }
services:
  web: { instance: { cpu: 4 }, endpoints: {
    read: [ cpu: { exp: 4ms }, wait: { lognormal: { mean: 10ms, cv: 1 } } ],
    buy: [ cpu: { gamma: { mean: 6ms, cv: 0.5 } }, call: db.query, wait: 3ms, call: db.query ] } }
  db: { instance: { cpu: 2 }, endpoints: { query: [ cpu: { uniform: [ 1ms, 3ms ] }, wait: { exp: 2ms } ] } }";

    fn plan(yaml: &str) -> Arc<Plan> {
        Arc::new(plan::compile(
            &scenario::from_yaml(yaml).unwrap_or_else(|problems| panic!("{problems}")),
        ))
    }

    #[test]
    fn what_is_drawn_is_what_the_engine_serves() {
        // All requests of `users` are answered, none fails: their core and I/O time is what they
        // asked for, up to how sums are rounded.
        let plan = plan(SHOP);
        let names = measure::vocabulary(&plan.layout).metrics;
        for replication in [0, 7] {
            let mut record = simulate(&plan, replication, &AtomicBool::new(false)).unwrap();
            let values = measure::take_values(&plan.layout, &mut record).0;
            let value = |metric: &str| {
                let of_users = |m: &measure::Metric| {
                    (m.kind, m.entity.as_str(), m.metric.as_str()) == ("workload", "users", metric)
                };
                values[names.iter().position(of_users).unwrap()].value
            };
            let [arrivals, cpu_s, wait_s] = drawn(&plan, replication)[0];
            assert_eq!((arrivals, value("completed")), (value("arrivals"), arrivals));
            let near = |own: f64, metric| {
                assert!((own / value(metric) - 1.0).abs() < 1e-9, "{metric}: {own}")
            };
            near(cpu_s, "time_in.cpu");
            near(wait_s, "time_in.io");
        }
    }

    #[test]
    fn what_is_expected_is_what_is_drawn_on_average() {
        // By hand: 60/s for 20 s after the warm-up and half of that for 10 s are 1,500; 3/4 · 4 +
        // 1/4 · (6 + 2 · 2) ms and 3/4 · 10 + 1/4 · (3 + 2 · 2) ms. 20 users twice a second for 50
        // s. Six means over 300 replications, each within 4 standard errors (4e-4 in all by
        // chance).
        let plan = plan(SHOP);
        let expected = expected(&plan);
        let near = |a: Controls, b: Controls| {
            assert!(a.iter().zip(b).all(|(a, b)| (a / b - 1.0).abs() < 1e-9), "{a:?} {b:?}")
        };
        near(expected[0], [1500.0, 5.5e-3, 9.25e-3]);
        near(expected[1], [500.0, 2e-3, 2e-3]);
        let all: Vec<Vec<Controls>> =
            (0..300).map(|replication| drawn(&plan, replication)).collect();
        for workload in [0, 1] {
            for index in [0, 1, 2] {
                let values: Vec<f64> = all.iter().map(|drawn| drawn[workload][index]).collect();
                let found = crate::stats::mean(&values, 0.95);
                let z = (found.estimate - expected[workload][index]) / found.std_error;
                assert!(z.abs() < 4.0, "{workload} {index}: {z}");
            }
        }
    }

    #[test]
    fn what_is_not_known_exactly_is_not_expected() {
        // Definition: the number of arrivals of a renewal process, of batches, of users drawn from
        // a rounded law.
        let of = |workload: &str| {
            let yaml = format!(
                "version: 1\nname: one\nrun: {{ duration: 10s }}\nworkload: {{ users: {{ {workload} }} }}\nservices: {{ api: {{ endpoints: {{ a: [ cpu: 1ms ], b: [ cpu: 2ms ] }} }} }}"
            );
            expected(&plan(&yaml))[0].map(f64::is_nan)
        };
        assert_eq!(of("to: api.a, open: { rate: 10/s }"), [false; 3]);
        assert_eq!(
            of("to: api.a, open: { rate: 10/s, arrivals: { gamma: { cv: 2 } } }"),
            [true, false, false]
        );
        assert_eq!(
            of("to: api.a, open: { rate: 10/s, arrivals: { batch: { size: 3 } } }"),
            [true, false, false]
        );
        assert_eq!(
            of("to: api.a, users: { active: { normal: { mean: 10, sd: 3 } }, each: 10/min }"),
            [true, false, false]
        );
    }

    #[test]
    fn all_workloads_together_are_the_requests_and_the_mean_demand_of_one() {
        // By hand: 30 and 10 are to be expected, so demands of 1 and 5 are 2 on average; 50 came.
        let together =
            together(&[[20.0, 1.0, 0.0], [30.0, 5.0, 4.0]], &[[30.0, 9.0, 9.0], [10.0, 9.0, 9.0]]);
        assert_eq!(together, [50.0, 2.0, 1.0]);
    }
}
