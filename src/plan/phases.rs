//! Phases: a run told apart into before, during and after what changes on purpose.
//!
//! Law: a phase is the time between two moments of the measured part at which a fault begins or ends, or a rate begins to be another; moments that
//! coincide are one. It is named by the faults that are active and the rates that change over the run; `before` and `after …`, if there is none. At most 12 are
//! told apart, and the last is then the rest.
//! A disturbance is a fault or a peak of a rate. Where the last one that is active ends, it is asked how long things take to be as they were in the phase
//! before the first disturbance (`measure/recovery.rs`), until the next one begins. Checked: below, and in `tests/it/phases.rs`.

use crate::measure::{Layout, Phase, Recovery};
use crate::scenario::{Change, Kind, PHASES_MAX, Scenario, changes};
use crate::units::Time;

/// Sets the phases of a layout, for a measured part that begins then.
pub fn set(layout: &mut Layout, scenario: &Scenario, measured_from: Time) {
    let (changes, horizon) = (changes(scenario), Time(scenario.run.duration.0));
    let is_inside = |moment: &Time| *moment > measured_from && *moment < horizon;
    let mut moments: Vec<Time> = changes.iter().flat_map(|change| [change.from, change.until]).filter(is_inside).collect();
    moments.sort_unstable();
    moments.dedup();
    layout.phases_left_out = (moments.len() + 1).saturating_sub(PHASES_MAX);
    let is_cut = layout.phases_left_out > 0;
    moments.truncate(PHASES_MAX - 1);
    layout.phases = Vec::new();
    if !moments.is_empty() {
        let begins = std::iter::once(measured_from).chain(moments.iter().copied());
        let ends = moments.iter().copied().chain([horizon]);
        layout.phases = begins.zip(ends).map(|(from, until)| Phase { name: name(&changes, from), from, until }).collect();
        if is_cut && let Some(last) = layout.phases.last_mut() {
            last.name = "the rest".to_string();
        }
        tell_apart(&mut layout.phases);
    }
    layout.recoveries = recoveries(&layout.phases, &changes, horizon);
    layout.has_quantile_series = !layout.phases.is_empty() || scenario.output.series.is_some();
}

/// What holds from a moment on, in words.
fn name(changes: &[Change], at: Time) -> String {
    let now = || changes.iter().filter(|change| change.from <= at && at < change.until);
    let faults: Vec<&str> = now().filter(|change| change.kind == Kind::Fault).map(|change| change.name.as_str()).collect();
    let rates: Vec<&str> = now().filter(|change| change.kind != Kind::Fault).map(|change| change.name.as_str()).collect();
    match (faults.is_empty(), rates.is_empty()) {
        (false, true) => faults.join(" + "),
        (true, false) => rates.join(", "),
        (false, false) => format!("{}, {}", faults.join(" + "), rates.join(", ")),
        (true, true) => match changes.iter().filter(|change| change.until <= at).max_by_key(|change| change.until) {
            Some(last) => format!("after {}", last.name),
            None => "before".to_string(),
        },
    }
}

/// Gives phases of the same name a number.
fn tell_apart(phases: &mut [Phase]) {
    for index in 1..phases.len() {
        let (earlier, own) = phases.split_at_mut(index);
        let Some(own) = own.first_mut() else { return };
        let plain = own.name.clone();
        let mut number = 2;
        while earlier.iter().any(|phase| phase.name == own.name) {
            own.name = format!("{plain} ({number})");
            number += 1;
        }
    }
}

fn recoveries(phases: &[Phase], changes: &[Change], horizon: Time) -> Vec<Recovery> {
    let disturbances = || changes.iter().filter(|change| change.is_disturbance());
    let first = disturbances().map(|change| change.from).min();
    let Some(before) = phases.iter().find(|phase| Some(phase.until) == first) else { return Vec::new() };
    let is_quiet = |at: Time| !disturbances().any(|change| change.from <= at && at < change.until);
    let ended = phases
        .iter()
        .enumerate()
        .filter(|(_, phase)| phase.until < horizon && disturbances().any(|change| change.until == phase.until) && is_quiet(phase.until));
    let recovery = |(index, phase): (usize, &Phase)| Recovery {
        phase: index as u32,
        before: (before.from, before.until),
        from: phase.until,
        until: disturbances().map(|change| change.from).filter(|from| *from > phase.until).min().unwrap_or(horizon),
    };
    ended.map(recovery).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::from_yaml;

    fn layout(rate: &str, faults: &str, warmup_s: u64) -> Layout {
        let yaml = format!(
            "version: 1
run: {{ duration: 10m }}
workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}
services: {{ api: {{ endpoints: {{ x: [ cpu: 1ms ] }} }} }}
faults: [ {faults} ]"
        );
        let scenario = from_yaml(&yaml).unwrap_or_else(|problems| panic!("{problems}"));
        let mut layout = Layout::default();
        set(&mut layout, &scenario, Time(warmup_s * 1_000_000_000));
        layout
    }

    fn phases(layout: &Layout) -> Vec<(&str, f64, f64)> {
        layout.phases.iter().map(|phase| (phase.name.as_str(), phase.from.seconds(), phase.until.seconds())).collect()
    }

    fn slow(at_s: u64, for_s: u64) -> String {
        format!("slow: {{ target: api, factor: 2x, at: {at_s}s, for: {for_s}s }}")
    }

    #[test]
    fn faults_tell_a_run_into_before_during_and_after() {
        // By hand: two that overlap from 100 s to 120 s, and one that begins when they end.
        let errors = "errors: { target: api.x, rate: 10%, at: 120s, for: 20s }";
        let made = layout("5/s", &format!("{}, {}, {errors}", slow(90, 30), "crash: { target: api, at: 100s, for: 20s }"), 30);
        let expected = [
            ("before", 30.0, 90.0),
            ("slow api", 90.0, 100.0),
            ("slow api + crash api", 100.0, 120.0),
            ("errors api.x", 120.0, 140.0),
            ("after errors api.x", 140.0, 600.0),
        ];
        assert_eq!(phases(&made), expected);
        // Nothing is quiet before 140 s.
        let s = |s: u64| Time(s * 1_000_000_000);
        assert_eq!(made.recoveries, [Recovery { phase: 3, before: (s(30), s(90)), from: s(140), until: s(600) }]);
        // Nothing changes; or the warm-up hides it: then there is no before.
        assert!(phases(&layout("5/s", "", 0)).is_empty() && !layout("5/s", "", 0).has_quantile_series);
        let hidden = layout("5/s", &slow(90, 30), 100);
        assert_eq!((phases(&hidden), hidden.recoveries.len()), (vec![("slow api", 100.0, 120.0), ("after slow api", 120.0, 600.0)], 0));
    }

    #[test]
    fn a_peak_is_a_disturbance_and_equal_names_are_numbered() {
        // By hand: 5/s, 50/s, 5/s again, and a fault in the last piece, before which is the first.
        let peak =
            "{ from: 5/s, stages: [ { to: 5/s, over: 1m }, { to: 50/s, over: 0s }, { to: 50/s, over: 1m }, { to: 5/s, over: 0s } ] }";
        let made = layout(peak, &slow(300, 10), 0);
        let names: Vec<&str> = phases(&made).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["users at 5/s", "users at 50/s", "users at 5/s (2)", "slow api, users at 5/s", "users at 5/s (3)"]);
        let asked: Vec<(u32, f64, f64)> = made.recoveries.iter().map(|r| (r.phase, r.from.seconds(), r.until.seconds())).collect();
        assert_eq!(asked, [(1, 120.0, 300.0), (3, 310.0, 600.0)]);
    }

    #[test]
    fn many_phases_are_the_first_and_the_rest() {
        // By hand: ten faults of ten seconds are 21 phases: 11 of them, the last before the sixth fault at 300 s, and the rest, which is ten in one.
        let faults: Vec<String> = (0..10).map(|i| slow(50 + 50 * i, 10)).collect();
        let made = layout("5/s", &faults.join(", "), 0);
        assert_eq!((made.phases.len(), made.phases_left_out), (12, 9));
        assert_eq!(phases(&made)[11], ("the rest", 300.0, 600.0));
        assert_eq!(phases(&made)[3], ("slow api (2)", 100.0, 110.0));
        assert_eq!(made.recoveries.len(), 5);
    }
}
