//! Phases: a run divided into before, during and after its deliberate changes.
//!
//! Law: a phase is the time between two moments of the measured part at which a fault begins or
//! ends, or a rate changes; moments that coincide are one. It is named after the active faults and
//! the rates that change over the run; `before` or `after …` if there are none. At most 12 are
//! distinguished, and the last is then the rest. A disturbance is a fault or a peak of a rate.
//! Where one ends, the time to recover is measured (`measure/recovery.rs`), until the next one
//! begins or ends. The reference is the phase before the first disturbance if none is active any
//! more; otherwise the last phase with the same disturbances active, such as a peak before a fault
//! within it. If there is none, or the rate is a ramp, there is no reference. Checked: below, and
//! in `tests/it/phases.rs`.

use crate::measure::{IN_A_ROW, Layout, Phase, Recovery};
use crate::scenario::{Change, Kind, PHASES_MAX, Scenario, changes};
use crate::units::{Span, Time};

/// Sets the phases of a layout, for a measured part that begins at `measured_from`.
pub(crate) fn set(layout: &mut Layout, scenario: &Scenario, measured_from: Time) {
    let (changes, horizon) = (changes(scenario), Time(scenario.run.duration.0));
    let is_inside = |moment: &Time| *moment > measured_from && *moment < horizon;
    let mut moments: Vec<Time> =
        changes.iter().flat_map(|change| [change.from, change.until]).filter(is_inside).collect();
    moments.sort_unstable();
    moments.dedup();
    layout.phases_left_out = (moments.len() + 1).saturating_sub(PHASES_MAX);
    let is_cut = layout.phases_left_out > 0;
    moments.truncate(PHASES_MAX - 1);
    layout.phases = Vec::new();
    if !moments.is_empty() {
        let begins = std::iter::once(measured_from).chain(moments.iter().copied());
        let ends = moments.iter().copied().chain([horizon]);
        layout.phases = begins
            .zip(ends)
            .map(|(from, until)| Phase { name: name(&changes, from), from, until })
            .collect();
        if is_cut && let Some(last) = layout.phases.last_mut() {
            last.name = "the rest".to_string();
        }
        number_duplicates(&mut layout.phases);
    }
    let window = scenario.output.window(scenario.run.duration);
    (layout.recoveries, layout.has_untold_recovery) = recoveries(&layout.phases, &changes, horizon);
    for recovery in &mut layout.recoveries {
        let length = window.0.max(1);
        let follow = recovery.until.0.div_ceil(length) - recovery.from.0 / length;
        recovery.is_told = whole_windows(recovery.before, window, measured_from) > 0
            && follow >= u64::from(IN_A_ROW);
    }
    layout.has_untold_recovery |= layout.recoveries.iter().any(|recovery| !recovery.is_told);
    let reported = layout.recoveries.iter().filter(|recovery| recovery.is_told);
    layout.before_windows =
        reported.map(|recovery| whole_windows(recovery.before, window, measured_from)).min();
    layout.has_quantile_series = !layout.phases.is_empty() || scenario.output.series.is_some();
}

/// Returns the number of whole windows in a stretch. Windows end at multiples of their length, and
/// where the measured part begins.
fn whole_windows((from, until): (Time, Time), window: Span, measured_from: Time) -> u64 {
    let length = window.0.max(1);
    let begun = from == measured_from && !from.0.is_multiple_of(length);
    (until.0 / length + u64::from(begun)).saturating_sub(from.0.div_ceil(length))
}

/// Returns the name of the phase that begins at `at`.
fn name(changes: &[Change], at: Time) -> String {
    let now = || changes.iter().filter(|change| change.from <= at && at < change.until);
    let faults: Vec<&str> = now()
        .filter(|change| change.kind == Kind::Fault)
        .map(|change| change.name.as_str())
        .collect();
    let rates: Vec<&str> = now()
        .filter(|change| change.kind != Kind::Fault)
        .map(|change| change.name.as_str())
        .collect();
    match (faults.is_empty(), rates.is_empty()) {
        (false, true) => faults.join(" + "),
        (true, false) => rates.join(", "),
        (false, false) => format!("{}, {}", faults.join(" + "), rates.join(", ")),
        (true, true) => match changes
            .iter()
            .filter(|change| change.until <= at)
            .max_by_key(|change| change.until)
        {
            Some(last) => format!("after {}", last.name),
            None => "before".to_string(),
        },
    }
}

/// Numbers phases of the same name.
fn number_duplicates(phases: &mut [Phase]) {
    for index in 1..phases.len() {
        let (earlier, rest) = phases.split_at_mut(index);
        let Some(current) = rest.first_mut() else { return };
        let plain = current.name.clone();
        let mut number = 2;
        while earlier.iter().any(|phase| phase.name == current.name) {
            current.name = format!("{plain} ({number})");
            number += 1;
        }
    }
}

/// Returns the recoveries to measure, and whether all disturbances end at some point without a
/// phase before them to compare with.
fn recoveries(phases: &[Phase], changes: &[Change], horizon: Time) -> (Vec<Recovery>, bool) {
    let disturbances = || changes.iter().filter(|change| change.is_disturbance());
    let Some(first) = disturbances().map(|change| change.from).min() else {
        return (Vec::new(), false);
    };
    let active = |at: Time| {
        disturbances().filter(|change| change.from <= at && at < change.until).collect::<Vec<_>>()
    };
    let before = |phase: &Phase| {
        let still = active(phase.until);
        if still.is_empty() {
            return phases.iter().find(|phase| phase.until == first);
        }
        let is_steady = still.iter().all(|change| {
            !matches!(change.kind, Kind::Rate { is_ramp: true, .. } | Kind::Spike { is_ramp: true })
        });
        phases.iter().rfind(|earlier| {
            is_steady && earlier.until < phase.until && active(earlier.from) == still
        })
    };
    let recovery = |(index, phase): (usize, &Phase)| {
        let before = before(phase)?;
        let moments = disturbances().flat_map(|change| [change.from, change.until]);
        Some(Recovery {
            phase: index as u32,
            before: (before.from, before.until),
            from: phase.until,
            until: moments.filter(|moment| *moment > phase.until).min().unwrap_or(horizon),
            is_told: true,
        })
    };
    let ended = phases.iter().enumerate().filter(|(_, phase)| {
        phase.until < horizon && disturbances().any(|change| change.until == phase.until)
    });
    let has_no_before =
        ended.clone().any(|(_, phase)| active(phase.until).is_empty() && before(phase).is_none());
    (ended.filter_map(recovery).collect(), has_no_before)
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
        layout
            .phases
            .iter()
            .map(|phase| (phase.name.as_str(), phase.from.seconds(), phase.until.seconds()))
            .collect()
    }

    fn slow(at_s: u64, for_s: u64) -> String {
        format!("slow: {{ target: api, factor: 2x, at: {at_s}s, for: {for_s}s }}")
    }

    #[test]
    fn faults_divide_a_run_into_before_during_and_after() {
        // By hand: two that overlap from 100 s to 120 s, and one that begins when they end.
        let errors = "errors: { target: api.x, rate: 10%, at: 120s, for: 20s }";
        let planned = layout(
            "5/s",
            &format!(
                "{}, {}, {errors}",
                slow(90, 30),
                "crash: { target: api, at: 100s, for: 20s }"
            ),
            30,
        );
        let expected = [
            ("before", 30.0, 90.0),
            ("slow api", 90.0, 100.0),
            ("slow api + crash api", 100.0, 120.0),
            ("errors api.x", 120.0, 140.0),
            ("after errors api.x", 140.0, 600.0),
        ];
        assert_eq!(phases(&planned), expected);
        // There is always a disturbance from 90 s to 140 s.
        let s = |s: u64| Time(s * 1_000_000_000);
        assert_eq!(
            planned.recoveries,
            [Recovery {
                phase: 3,
                before: (s(30), s(90)),
                from: s(140),
                until: s(600),
                is_told: true
            }]
        );
        // Nothing changes; or the warm-up hides the time before the fault: then there is no
        // `before`.
        assert!(
            phases(&layout("5/s", "", 0)).is_empty() && !layout("5/s", "", 0).has_quantile_series
        );
        let hidden = layout("5/s", &slow(90, 30), 100);
        assert_eq!(
            (phases(&hidden), hidden.recoveries.len()),
            (vec![("slow api", 100.0, 120.0), ("after slow api", 120.0, 600.0)], 0)
        );
    }

    #[test]
    fn a_peak_is_a_disturbance_and_equal_names_are_numbered() {
        // By hand: 5/s, 50/s, 5/s again, and a fault in the last piece, whose reference is the
        // first.
        let peak = "{ from: 5/s, stages: [ { to: 5/s, over: 1m }, { to: 50/s, over: 0s }, { to: 50/s, over: 1m }, { to: 5/s, over: 0s } ] }";
        let planned = layout(peak, &slow(300, 10), 0);
        let names: Vec<&str> = phases(&planned).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(
            names,
            [
                "users at 5/s",
                "users at 50/s",
                "users at 5/s (2)",
                "slow api, users at 5/s",
                "users at 5/s (3)"
            ]
        );
        let recoveries: Vec<(u32, f64, f64)> = planned
            .recoveries
            .iter()
            .map(|r| (r.phase, r.from.seconds(), r.until.seconds()))
            .collect();
        assert_eq!(recoveries, [(1, 120.0, 300.0), (3, 310.0, 600.0)]);
    }

    #[test]
    fn a_fault_within_a_peak_is_compared_with_the_peak_before_it() {
        // By hand: the peak from 60 s to 300 s, the fault from 120 s to 150 s; the peak's end is
        // compared with what was before it.
        let peak = "{ from: 5/s, stages: [ { to: 5/s, over: 1m }, { to: 50/s, over: 0s }, { to: 50/s, over: 4m }, { to: 5/s, over: 0s } ] }";
        let s = |s: u64| Time(s * 1_000_000_000);
        let planned = layout(peak, &slow(120, 30), 0);
        let fault = Recovery {
            phase: 2,
            before: (s(60), s(120)),
            from: s(150),
            until: s(300),
            is_told: true,
        };
        let end = Recovery {
            phase: 3,
            before: (s(0), s(60)),
            from: s(300),
            until: s(600),
            is_told: true,
        };
        assert_eq!(
            (planned.recoveries, planned.has_untold_recovery),
            (vec![fault, end.clone()], false)
        );
        // A fault that begins with the peak has no such peak before it; the recovery from the peak
        // is measured all the same.
        assert_eq!(layout(peak, &slow(60, 30), 0).recoveries, [Recovery { phase: 2, ..end }]);
        // A ramp is no reference.
        let ramp = "{ from: 5/s, stages: [ { to: 5/s, over: 1m }, { to: 50/s, over: 4m }, { to: 5/s, over: 0s } ] }";
        assert_eq!(layout(ramp, &slow(120, 30), 0).recoveries.len(), 1);
    }

    #[test]
    fn a_recovery_is_measured_only_where_there_are_enough_windows() {
        // By hand: windows of 1 s, from the end of the warm-up on. A fault at 300 ms has none
        // before it; one at 31.5 s has 31.
        let with_fault = |at: &str, warmup_s: u64| {
            layout(
                "5/s",
                &format!("slow: {{ target: api, factor: 2x, at: {at}, for: 5s }}"),
                warmup_s,
            )
        };
        let recoveries = |planned: Layout| {
            (
                planned.recoveries.iter().filter(|recovery| recovery.is_told).count(),
                planned.has_untold_recovery,
                planned.before_windows,
            )
        };
        assert_eq!(recoveries(with_fault("300ms", 0)), (0, true, None));
        assert_eq!(recoveries(with_fault("31500ms", 0)), (1, false, Some(31)));
        assert_eq!(recoveries(with_fault("31500ms", 30)), (1, false, Some(1)));
        // Two windows are left after the fault; three; and a fault that begins before the measured
        // part.
        assert_eq!(recoveries(with_fault("593s", 0)), (0, true, None));
        assert_eq!(recoveries(with_fault("592s", 0)), (1, false, Some(592)));
        assert_eq!(recoveries(with_fault("28s", 30)), (0, true, None));
        // By hand: begun at 2.5 s and cut there, [2.5, 3], [3, 4], [4, 5] are in 2.5 to 5.9; begun
        // within a window, [3, 4] and [4, 5].
        let at = |ms: u64| Time(ms * 1_000_000);
        assert_eq!(whole_windows((at(2500), at(5900)), Span(1_000_000_000), at(2500)), 3);
        assert_eq!(whole_windows((at(2500), at(5900)), Span(1_000_000_000), at(0)), 2);
    }

    #[test]
    fn many_phases_are_the_first_and_the_rest() {
        // By hand: ten faults of ten seconds are 21 phases: 11 of them, the last before the sixth
        // fault at 300 s, and the rest, which is ten in one.
        let faults: Vec<String> = (0..10).map(|i| slow(50 + 50 * i, 10)).collect();
        let planned = layout("5/s", &faults.join(", "), 0);
        assert_eq!((planned.phases.len(), planned.phases_left_out), (12, 9));
        assert_eq!(phases(&planned)[11], ("the rest", 300.0, 600.0));
        assert_eq!(phases(&planned)[3], ("slow api (2)", 100.0, 110.0));
        assert_eq!(planned.recoveries.len(), 5);
    }
}
