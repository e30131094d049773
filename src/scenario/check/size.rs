//! Limits on the size of a scenario, checked before anything of that size is built or simulated.
//!
//! Law: `run.limits.memory` bounds the memory of one replication and the results, estimated from
//! the sizes of their parts (`size/memory.rs`; measured, within a factor of 1.5 of the resident
//! set: `benches/size.rs`). Entities and windows are counted; the memory of durations follows from
//! the numbers that flow balance expects. `run.limits.events` bounds the requests and steps that
//! flow balance expects in a replication. The error names the limit that is exceeded and what to
//! change.
//! Limits that are exceeded only by chance are detected during the run.
//! Checked: `tests/it/hostile`, under a limit of address space.

mod entities;
mod histograms;
mod memory;

use crate::fault::Fault;
use crate::problem::Problems;
use crate::scenario::Scenario;
use crate::scenario::estimate::Load;
use crate::units::Count;
use crate::units::format::{decimals, fixed, unit_for, value};
use entities::Sizes;

/// The maximum number of instances affected by all faults together, counted once per fault.
const TOUCHED_MAX: u64 = 100_000;
/// The maximum number of faults; more are probably a mistake.
const FAULTS_MAX: usize = 10_000;

/// Bytes of a request that is written individually: in the record of a replication, and in the
/// previous record while it is written.
const TRACED_B: f64 = 280.0;

/// Whether a scenario is too large for further checks. Reported only if there is no other error,
/// which may be the cause.
pub(crate) fn is_too_large(scenario: &Scenario, problems: &mut Problems) -> bool {
    let mut found = Problems::default();
    memory(scenario, None, &mut found);
    faults(scenario, &mut found);
    let is_too_large = found.any_error();
    if !problems.any_error() {
        problems.list.extend(found.list);
    }
    is_too_large
}

fn memory(scenario: &Scenario, load: Option<&Load>, problems: &mut Problems) {
    let parts = Sizes::of(scenario).memory(scenario, load);
    let total: f64 = parts.iter().map(|part| part.bytes).sum();
    let limit = scenario.run.limits.memory;
    if total <= limit.0 as f64 {
        return;
    }
    let most: Vec<String> = parts
        .iter()
        .take(2)
        .map(|part| format!("{} for {}", size(part.bytes), part.what))
        .collect();
    let what = format!(
        "a replication may keep {} in memory, more than the limit `run.limits.memory` of {limit}: {}",
        size_over(total, limit.0 as f64),
        most.join(", ")
    );
    let enough = (total / (1u64 << 30) as f64).ceil();
    let help =
        format!("{}, or allow every thread more, `run.limits.memory: {enough}GiB`", parts[0].help);
    problems.error(parts[0].path, what).advise(help);
}

fn faults(scenario: &Scenario, problems: &mut Problems) {
    if scenario.faults.len() > FAULTS_MAX {
        let what = format!(
            "a scenario has at most {} faults, not {}",
            Count(FAULTS_MAX as u64),
            scenario.faults.len()
        );
        problems.error("faults", what).advise("use fewer faults that last longer");
        return;
    }
    let affected = |target: &str| {
        scenario
            .services
            .get(target)
            .map_or(1, |service| u64::from(service.rows()).max(service.instances.len() as u64))
    };
    let touches = scenario.faults.iter().map(|fault| match fault {
        Fault::Crash(fault) => affected(&fault.target),
        Fault::Slow(fault) => affected(&fault.target),
        Fault::Degrade(_) | Fault::Errors(_) => 1,
    });
    let touches: u64 = touches.sum();
    if touches > TOUCHED_MAX {
        let what = format!(
            "the faults affect {touches} instances in total, and at most {} are allowed",
            Count(TOUCHED_MAX)
        );
        problems
            .error("faults", what)
            .advise("use fewer faults that last longer, or fewer `replicas`");
    }
}

/// Reports loads that exceed the limits according to flow balance.
pub(crate) fn check_load(scenario: &Scenario, load: &Load, problems: &mut Problems) {
    let limits = &scenario.run.limits;
    let expected = f64::max(load.requests + load.events, load.of_one);
    if expected > limits.events.0 as f64 {
        let what = format!(
            "about {} requests and steps are expected in each replication, more than the limit `run.limits.events` of {}",
            rounded(expected),
            limits.events
        );
        let help = match expected.is_finite() {
            true => {
                "lower the rate, shorten `run.duration`, or raise the limit, for example to `run.limits.events: 100G`"
            }
            false => "give the distribution a finite mean",
        };
        problems.error("run.limits.events", what).advise(help);
        return;
    }
    memory(scenario, Some(load), problems);
    if problems.any_error() {
        return;
    }
    let share = scenario.output.requests.map_or(0.0, |share| share.fraction);
    let traced = load.requests * share * TRACED_B;
    let others: f64 =
        Sizes::of(scenario).memory(scenario, Some(load)).iter().map(|part| part.bytes).sum();
    if traced > 0.0 && traced + others > limits.memory.0 as f64 {
        let what = format!(
            "about {} requests would be stored to be written individually, {} of memory, more than the limit `run.limits.memory` of {}",
            rounded(load.requests * share),
            size(traced),
            limits.memory
        );
        problems.error("output.requests", what).advise("write a smaller share of the requests");
    }
}

/// Formats a number that may be very large or infinite.
fn rounded(number: f64) -> String {
    match number {
        number if number.is_infinite() => "infinitely many".to_string(),
        number if number >= 1e15 => fixed(number, 0),
        number => value(number.round(), "1"),
    }
}

fn size(bytes: f64) -> String {
    value(bytes, "B")
}

/// Formats a size above a limit with enough digits to tell the two apart, at least as many as
/// [`size`]: `4.0004 GiB` for a limit of 4 GiB.
fn size_over(bytes: f64, limit: f64) -> String {
    let (unit, word) = unit_for(bytes, "B");
    let (over, least) = ((bytes - limit) / unit, decimals(bytes / unit, 3));
    // In binary, a thousandth is slightly less than 0.001.
    let needed = if over > 0.0 {
        (-(over * (1.0 + 1e-9)).log10().floor()).clamp(0.0, 12.0) as usize
    } else {
        0
    };
    format!("{}{word}", fixed(bytes / unit, least.max(needed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_over_a_limit_has_the_digits_that_tell_it_apart() {
        // By hand: a tenth, a thousandth and a hundred-thousandth of a GiB above, and sizes for
        // which three digits suffice.
        let gib = (1u64 << 30) as f64;
        let sizes = [4.1, 4.001, 4.000_01, 6.97, 23.9].map(|size| size_over(size * gib, 4.0 * gib));
        assert_eq!(sizes, ["4.10 GiB", "4.001 GiB", "4.00001 GiB", "6.97 GiB", "23.9 GiB"]);
    }
}
