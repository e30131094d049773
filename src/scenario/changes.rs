//! The scheduled changes during a run: faults, and the rates of workloads with stages or spikes.
//! Everything that divides a run into before, during and after builds on them: phases
//! (`plan/phases.rs`), the check that a warm-up hides no change, and the marks in the chart.
//!
//! Law: a rate is split into pieces, each constant or a single ramp; consecutive equal rates form
//! one piece. A piece is a *peak* if its rate exceeds the initial rate at any time. A fault that
//! lasts from the beginning to the end is not a change.
//! Checked: below.

use super::Scenario;
use crate::units::{Rate, Time};
use crate::workload::{Spike, Stages};

/// The maximum number of phases; if there are more, the last one covers the rest.
pub(crate) const PHASES_MAX: usize = 12;

/// A condition that lasts for an interval of the run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// A short name: `slow db`, `users at 500/s`.
    pub name: String,
    /// As the subject of a sentence: ``the fault `slow db` ``, ``the rate of `users` ``.
    pub subject: String,
    pub from: Time,
    /// At most the horizon.
    pub until: Time,
    pub kind: Kind,
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A fault is active.
    Fault,
    /// A piece of a workload's rate.
    Rate {
        /// The index of the workload, and of the piece of its rate.
        workload: usize,
        piece: usize,
        is_ramp: bool,
        /// Whether it is part of the rise at the beginning of the run.
        is_rise: bool,
        is_peak: bool,
    },
    /// A part of a spike of a workload's rate.
    Spike {
        /// Whether the rate rises or falls.
        is_ramp: bool,
    },
}

impl Change {
    /// Whether it is a disturbance that the system recovers from: a fault or a peak.
    pub(crate) fn is_disturbance(&self) -> bool {
        matches!(self.kind, Kind::Fault | Kind::Spike { .. } | Kind::Rate { is_peak: true, .. })
    }
}

/// Returns all changes of a scenario: its faults in their order, then the pieces of its rates.
pub(crate) fn changes(scenario: &Scenario) -> Vec<Change> {
    let horizon = Time(scenario.run.duration.0);
    let faults = scenario.faults.iter().map(|fault| {
        let ((at, lasting), (target, _)) = (fault.when(), scenario.describe_fault(fault));
        let until = lasting.map_or(horizon, |span| (Time(at.0) + span).min(horizon));
        let name = format!("{} {target}", fault.name());
        Change {
            subject: format!("the fault `{name}`"),
            name,
            from: Time(at.0),
            until,
            kind: Kind::Fault,
        }
    });
    let mut changes: Vec<Change> = faults
        .filter(|fault| fault.from < horizon && (fault.from, fault.until) != (Time::ZERO, horizon))
        .collect();
    for (index, (name, workload)) in scenario.workload.iter().enumerate() {
        let Some(rate) = workload.rate() else { continue };
        changes.extend(
            rate.stages().map(|stages| pieces(name, index, stages, horizon)).into_iter().flatten(),
        );
        changes.extend(rate.spikes().iter().flat_map(|spike| parts(name, spike, horizon)));
    }
    changes
}

/// Returns the first time at which something changes, and what changes. This is the beginning of
/// the run if a fault is active or a rate is rising then.
pub(crate) fn first(changes: &[Change], horizon: Time) -> Option<(Time, &str)> {
    let begins = |change: &Change| match change.kind {
        Kind::Fault | Kind::Spike { .. } => Some(change.from),
        Kind::Rate { is_ramp: true, .. } => Some(change.from),
        Kind::Rate { .. } => Some(change.until).filter(|until| *until < horizon),
    };
    changes
        .iter()
        .filter_map(|change| Some((begins(change)?, change.subject.as_str())))
        .min_by_key(|(at, _)| *at)
}

/// Returns the parts of a spike: its rise, its peak, and its fall until 5 % of the excess is left.
fn parts(name: &str, spike: &Spike, horizon: Time) -> Vec<Change> {
    let [at, peak, falls, ends] = spike.moments().map(|moment| Time(moment.0).min(horizon));
    let times = spike.peak;
    let parts = [
        (at, peak, format!("{name} up to {times}"), true),
        (peak, falls, format!("{name} at {times}"), false),
        (falls, ends, format!("{name} back from {times}"), true),
    ];
    let lasting = parts.into_iter().filter(|(from, until, ..)| from < until);
    lasting
        .map(|(from, until, name_of_part, is_ramp)| Change {
            name: name_of_part,
            subject: format!("the spike of `{name}`"),
            from,
            until,
            kind: Kind::Spike { is_ramp },
        })
        .collect()
}

/// Returns the pieces of a rate; none if it is constant.
fn pieces(
    name: &str,
    workload: usize,
    Stages { from, stages }: &Stages,
    horizon: Time,
) -> Vec<Change> {
    let (mut rate, mut at) = (*from, Time::ZERO);
    let mut cut: Vec<(Time, Time, Rate, Rate)> = Vec::new();
    let ramps = stages
        .iter()
        .map(|stage| (stage.over.0, stage.to))
        .chain([(u64::MAX, stages.last().map_or(*from, |stage| stage.to))]);
    for (over_ns, to) in ramps {
        let until = Time(at.0.saturating_add(over_ns)).min(horizon);
        match cut.last_mut() {
            _ if until == at => {}
            Some(last) if last.2 == last.3 && last.3 == rate && rate == to => last.1 = until,
            _ => cut.push((at, until, rate, to)),
        }
        (at, rate) = (until, to);
    }
    if let [(_, _, from, to)] = cut[..]
        && from == to
    {
        return Vec::new();
    }
    let start = cut.first().map_or(0.0, |piece| piece.2.per_second);
    let mut is_rise = true;
    let mut before = start;
    let change = |(piece, (from, until, rate, to)): (usize, (Time, Time, Rate, Rate))| {
        is_rise &= rate.per_second == before && to.per_second > rate.per_second;
        before = to.per_second;
        let is_ramp = rate != to;
        let is_peak = rate.per_second.max(to.per_second) > start;
        let label =
            if is_ramp { format!("{name} {rate} to {to}") } else { format!("{name} at {rate}") };
        Change {
            name: label,
            subject: format!("the rate of `{name}`"),
            from,
            until,
            kind: Kind::Rate { workload, piece, is_ramp, is_rise, is_peak },
        }
    };
    cut.into_iter().enumerate().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::from_yaml;

    fn scenario(rate: &str, faults: &str) -> Scenario {
        let yaml = format!(
            "version: 1
run: {{ duration: 10m }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: 1ms ] }} }} }}
faults: [ {faults} ]"
        );
        from_yaml(&yaml).unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn changes_and_first(rate: &str, faults: &str) -> (Vec<(String, f64, f64)>, Option<f64>) {
        let scenario = scenario(rate, faults);
        let found = changes(&scenario);
        let first = first(&found, Time(scenario.run.duration.0)).map(|(at, _)| at.seconds());
        (
            found
                .into_iter()
                .map(|change| (change.name, change.from.seconds(), change.until.seconds()))
                .collect(),
            first,
        )
    }

    #[test]
    fn faults_are_changes_unless_they_last_the_whole_run() {
        // By hand: one in the middle, one that never ends, one that lasts the whole run, one after
        // the end.
        let faults =
            "slow: { target: api, factor: 2x, at: 1m, for: 30s }, crash: { target: api, at: 5m }";
        let lasting =
            "slow: { target: api, factor: 3x, at: 0s }, slow: { target: api, factor: 3x, at: 11m }";
        let expected =
            vec![("slow api".to_string(), 60.0, 90.0), ("crash api".to_string(), 300.0, 600.0)];
        assert_eq!(
            changes_and_first("5/s", &format!("{faults}, {lasting}")),
            (expected, Some(60.0))
        );
        assert_eq!(changes_and_first("5/s", lasting), (vec![], None));
        assert_eq!(
            changes_and_first("5/s", "slow: { target: api, factor: 3x, at: 0s, for: 1s }").1,
            Some(0.0)
        );
    }

    #[test]
    fn a_rate_is_split_where_it_changes() {
        // By hand: two equal stages are one piece, a jump starts a new piece, and the last rate
        // remains.
        let stages = "{ from: 5/s, stages: [ { to: 5/s, over: 1m }, { to: 5/s, over: 1m }, { to: 50/s, over: 0s }, { to: 50/s, over: 30s }, { to: 5/s, over: 10s } ] }";
        let expected = [
            ("users at 5/s", 0.0, 120.0),
            ("users at 50/s", 120.0, 150.0),
            ("users 50/s to 5/s", 150.0, 160.0),
            ("users at 5/s", 160.0, 600.0),
        ];
        let expected = expected.map(|(name, from, until)| (name.to_string(), from, until));
        assert_eq!(changes_and_first(stages, ""), (expected.to_vec(), Some(120.0)));
        let peaks: Vec<bool> =
            changes(&scenario(stages, "")).iter().map(Change::is_disturbance).collect();
        assert_eq!(peaks, [false, true, true, false]);
        // A jump at the beginning is not a change; a ramp from the beginning is.
        assert_eq!(changes_and_first("{ stages: [ { to: 5/s, over: 0s } ] }", ""), (vec![], None));
        assert_eq!(changes_and_first("{ stages: [ { to: 5/s, over: 1m } ] }", "").1, Some(0.0));
    }
}
