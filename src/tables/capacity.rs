//! `capacity.parquet`: one row per goal and value tried. The capacity itself is in the manifest.

use super::column::{entity, formatted, metric, number, stat, text, unit, whole};
use super::{Column, Table};
use crate::design::value;
use crate::experiment::{Bottleneck, CapacityResult, SloResult, Trial};

/// The table of a capacity search.
pub(crate) struct CapacityTable;

/// A goal at a value that was tried.
pub(crate) struct CapacityRow<'r> {
    result: &'r CapacityResult,
    tried: &'r Trial,
    bottleneck: Option<Bottleneck>,
    goal: &'r SloResult,
}

impl Table for CapacityTable {
    type Row<'r> = CapacityRow<'r>;
    const FILE: &'static str = "capacity.parquet";
    const ROW: &'static str = "one goal at one value that was tried";
    const COLUMNS: &'static [Column<CapacityTable>] = &[
        text("parameter", "path of what is searched", |r| &r.result.path),
        number("value", "value_unit", "the value", |r| r.tried.number),
        text("value_unit", "unit of the value; empty for a number", |r| value::unit(r.result.kind)),
        formatted("written", "the value as it stands in the scenario", |r| {
            value::shown(&r.tried.value)
        }),
        text("slo", "name of the objective", |r| &r.goal.name),
        text("goal", "one of its goals, in words", |r| &r.goal.goal),
        text("kind", "workload or endpoint", |r| r.goal.kind),
        entity(|r| &r.goal.of),
        metric(|r| r.goal.metric),
        stat(|r| r.goal.stat),
        unit(|r| r.goal.unit),
        number("estimate", "unit", "point estimate", |r| r.goal.estimate),
        number("low", "unit", "lower end of the interval", |r| r.goal.low),
        number("high", "unit", "upper end of the interval", |r| r.goal.high),
        number("bound", "unit", "the bound of the goal", |r| r.goal.bound),
        text(
            "meets",
            "yes or no: on which side of the bound the interval is; undecided if on both, or if there is none",
            |r| meets(r.goal),
        ),
        text(
            "verdict",
            "meets, misses or too near to tell: all goals together, at this value",
            |r| r.tried.verdict.name(),
        ),
        whole("replications", "replications that were run at this value", |r| {
            r.tried.replications.into()
        }),
        formatted("overloaded", "workloads that are overloaded, separated by commas", |r| {
            r.tried.results.overloaded.join(",")
        }),
        text(
            "bottleneck",
            "the service, lock or pool for which requests wait most; if none waits, the service with the busiest CPU",
            |r| r.bottleneck.as_ref().map_or("", |busiest| &busiest.entity),
        ),
        text("bottleneck_kind", "service, lock or pool", |r| {
            r.bottleneck.as_ref().map_or("", |busiest| &busiest.kind)
        }),
        number(
            "utilisation",
            "1",
            "its utilisation: busy time over the time of its cores, permits or connections",
            |r| r.bottleneck.as_ref().map_or(f64::NAN, |busiest| busiest.utilisation),
        ),
        text(
            "waits_for",
            "what requests wait for most: queue, memory, admission, lock or pool; empty if they do not wait",
            |r| {
                r.bottleneck.as_ref().and_then(|busiest| busiest.waits_for.as_deref()).unwrap_or("")
            },
        ),
    ];
}

/// Returns the goals at all values tried.
pub(crate) fn rows(result: &CapacityResult) -> impl Iterator<Item = CapacityRow<'_>> {
    result.tried.iter().flat_map(move |tried| {
        let bottleneck = tried.bottleneck();
        let goals = tried.goals.iter();
        goals.map(move |goal| CapacityRow { result, tried, bottleneck: bottleneck.clone(), goal })
    })
}

fn meets(goal: &SloResult) -> &'static str {
    match (goal.certain, goal.pass) {
        // Nothing was measured: a limit was reached, or no request was answered.
        _ if goal.estimate.is_nan() => "undecided",
        (true, true) => "yes",
        (true, false) => "no",
        (false, _) => "undecided",
    }
}
