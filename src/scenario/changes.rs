//! What changes on purpose while a scenario runs: faults, and the rates of workloads with stages.
//! Everything that tells a run into before, during and after begins here: phases
//! (`plan/phases.rs`), what a warm-up may not hide, and the marks of the chart.
//!
//! Law: a rate is cut into pieces, each constant or one ramp; equal rates that follow each other
//! are one piece. A piece is a *peak* if its rate is somewhere above the rate at the beginning. A
//! fault that lasts from the beginning to the end changes nothing. Checked: below.

use super::Scenario;
use crate::units::{Rate, Time};
use crate::workload::{RateShape, Stages};

/// Phases that are told apart: the last is the rest, if there are more.
pub(crate) const PHASES_MAX: usize = 12;

/// Something that holds for a time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// In a word or two: `slow db`, `users at 500/s`.
    pub name: String,
    /// As the subject of a sentence: ``the fault `slow db` ``, ``the rate of `users` ``.
    pub subject: String,
    pub from: Time,
    /// The horizon, if it does not end before.
    pub until: Time,
    pub kind: Kind,
}

/// What kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A fault is active.
    Fault,
    /// A piece of a workload's rate.
    Rate {
        /// Which workload, and which piece of its rate.
        workload: usize,
        piece: usize,
        is_ramp: bool,
        /// Whether it belongs to the rise that the run begins with.
        is_rise: bool,
        is_peak: bool,
    },
}

impl Change {
    /// Whether it is a time that one recovers from.
    pub fn is_disturbance(&self) -> bool {
        matches!(self.kind, Kind::Fault | Kind::Rate { is_peak: true, .. })
    }
}

/// All changes of a scenario: its faults in their order, then the pieces of its rates.
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
    let mut found: Vec<Change> = faults
        .filter(|fault| fault.from < horizon && (fault.from, fault.until) != (Time::ZERO, horizon))
        .collect();
    for (index, (name, workload)) in scenario.workload.iter().enumerate() {
        if let Some(RateShape::Stages(stages)) = workload.open.as_ref().map(|open| &open.rate) {
            found.extend(pieces(name, index, stages, horizon));
        }
    }
    found
}

/// The first moment at which something changes, and what does. The run's beginning, if something is
/// under way then that ends or rises.
pub(crate) fn first(changes: &[Change], horizon: Time) -> Option<(Time, &str)> {
    let begins = |change: &Change| match change.kind {
        Kind::Fault => Some(change.from),
        Kind::Rate { is_ramp: true, .. } => Some(change.from),
        Kind::Rate { .. } => Some(change.until).filter(|until| *until < horizon),
    };
    changes
        .iter()
        .filter_map(|change| Some((begins(change)?, change.subject.as_str())))
        .min_by_key(|(at, _)| *at)
}

/// The pieces of a rate; none if it is the same all the time.
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
        let words =
            if is_ramp { format!("{name} {rate} to {to}") } else { format!("{name} at {rate}") };
        Change {
            name: words,
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

    fn told(rate: &str, faults: &str) -> (Vec<(String, f64, f64)>, Option<f64>) {
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
    fn faults_change_a_run_unless_they_last_all_the_time() {
        // By hand: one in the middle, one that never ends, one that is always there, one after the
        // end.
        let faults =
            "slow: { target: api, factor: 2x, at: 1m, for: 30s }, crash: { target: api, at: 5m }";
        let lasting =
            "slow: { target: api, factor: 3x, at: 0s }, slow: { target: api, factor: 3x, at: 11m }";
        let expected =
            vec![("slow api".to_string(), 60.0, 90.0), ("crash api".to_string(), 300.0, 600.0)];
        assert_eq!(told("5/s", &format!("{faults}, {lasting}")), (expected, Some(60.0)));
        assert_eq!(told("5/s", lasting), (vec![], None));
        assert_eq!(told("5/s", "slow: { target: api, factor: 3x, at: 0s, for: 1s }").1, Some(0.0));
    }

    #[test]
    fn a_rate_is_cut_where_it_begins_to_be_another() {
        // By hand: two equal stages are one piece, a jump is a cut, and the last rate stays.
        let stages = "{ from: 5/s, stages: [ { to: 5/s, over: 1m }, { to: 5/s, over: 1m }, { to: 50/s, over: 0s }, { to: 50/s, over: 30s }, { to: 5/s, over: 10s } ] }";
        let expected = [
            ("users at 5/s", 0.0, 120.0),
            ("users at 50/s", 120.0, 150.0),
            ("users 50/s to 5/s", 150.0, 160.0),
            ("users at 5/s", 160.0, 600.0),
        ];
        let expected = expected.map(|(name, from, until)| (name.to_string(), from, until));
        assert_eq!(told(stages, ""), (expected.to_vec(), Some(120.0)));
        let peaks: Vec<bool> =
            changes(&scenario(stages, "")).iter().map(Change::is_disturbance).collect();
        assert_eq!(peaks, [false, true, true, false]);
        // A jump at the beginning is no change; a ramp from the beginning is one.
        assert_eq!(told("{ stages: [ { to: 5/s, over: 0s } ] }", ""), (vec![], None));
        assert_eq!(told("{ stages: [ { to: 5/s, over: 1m } ] }", "").1, Some(0.0));
    }
}
