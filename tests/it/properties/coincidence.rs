//! Simultaneous events: arrivals, ends of computing and waiting, timeouts, losses, beginnings and
//! ends of faults, windows, the end of the warm-up and of the run.
//!
//! Law: events are ordered by time, then by the order of scheduling, so nothing is lost, counted
//! twice or left over, on any number of threads. The engine's own audits are enabled.

use super::generate::{ALL, Feature, Stranger, cases};
use super::observe::{self, Run, files};
use super::quantities::conserved;
use super::sameness::same;
use super::{claim, holds_of};
use proptest::strategy::Strategy;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Checks that quantiles increase between the least and the largest value, and that the mean is
/// between these.
fn in_order(run: &Run) -> Result<u64, String> {
    let mut seen = 0;
    for kind in ["workload", "endpoint"] {
        for entity in run.entities(kind) {
            let of = |stat: &str| run.number(kind, &entity, "latency", stat);
            if of("min").is_nan() {
                continue;
            }
            seen += 1;
            let rising = ["min", "p50", "p90", "p95", "p99", "p99.9", "max"].map(of);
            claim!(
                rising.windows(2).all(|pair| pair[0] <= pair[1]),
                "the quantiles of {kind} {entity} do not rise: {rising:?}"
            );
            // The mean is rounded once.
            let (least, most) = (of("min") * (1.0 - 1e-15), of("max") * (1.0 + 1e-15));
            claim!(
                (least..=most).contains(&of("mean")),
                "the mean of {kind} {entity} is {}, outside of {rising:?}",
                of("mean")
            );
        }
    }
    Ok(seen)
}

#[test]
fn simultaneous_events_lose_nothing_and_quantiles_are_between_observed_values() {
    // Laws 2 and 3, and the order of quantiles; 100 scenarios, which together reach every outcome.
    let (outcomes, latencies): (RefCell<BTreeMap<String, u64>>, RefCell<u64>) = Default::default();
    let coinciding = cases()
        .prop_map(|case| case.with(&[Feature::Crash]).without(&[Feature::Warmup]).coinciding());
    holds_of(100, 11, coinciding, |case| {
        let run = observe::run(&case)?;
        conserved(&case, &run, &mut outcomes.borrow_mut())?;
        *latencies.borrow_mut() += in_order(&run)?;
        Ok(())
    });
    for outcome in ["ok", "lost", "timeout", "crashed", "rejected", "error_"] {
        let found: u64 = outcomes
            .borrow()
            .iter()
            .filter(|(name, _)| name.starts_with(outcome))
            .map(|(_, n)| n)
            .sum();
        assert!(found > 20, "hardly any `{outcome}`: {outcomes:?}");
    }
    assert!(*latencies.borrow() > 100, "{latencies:?}");
}

#[test]
fn simultaneous_events_give_the_same_bytes_on_any_number_of_threads() {
    // Law 5, for every file of 20 scenarios of four replications, with a warm-up that ends when
    // something begins.
    let coinciding = cases().prop_map(|case| case.with(&[Feature::Warmup]).coinciding());
    holds_of(20, 12, coinciding, |case| {
        let folder = observe::folder()?;
        let yaml = case.yaml(1, Stranger::None, ALL);
        let on = |threads: &str| files(folder.path(), &yaml, &["-r", "4", "-j", threads]);
        same("2 threads", &on("1")?, &on("2")?, &[])
    });
}
