//! `points.parquet`: the points of a sweep. Its columns are the number of the point, the varied
//! parameters, which differ from sweep to sweep, and those listed here.

use super::column::{formatted, number, text, whole};
use super::{Column, ColumnSchema, Kind, Table};
use crate::experiment::{Failure, PointResult, Results};

/// The first column of all tables of a sweep.
pub(crate) const POINT: ColumnSchema = ColumnSchema {
    name: "point",
    kind: Kind::Whole,
    unit: "1",
    meaning: "number of the point, from 0",
};

/// The points of a sweep.
pub(crate) struct PointsTable;

/// A point.
pub(crate) struct PointRow<'r> {
    pub swept: &'r PointResult,
}

impl PointRow<'_> {
    fn results(&self) -> Option<&Results> {
        self.swept.results.as_ref()
    }
    fn failed(&self) -> u64 {
        self.swept.failures.len() as u64
    }
    fn failure(&self) -> Option<&Failure> {
        self.swept.failures.first().map(|(_, failure)| failure)
    }
}

impl Table for PointsTable {
    type Row<'r> = PointRow<'r>;
    const FILE: &'static str = "points.parquet";
    const ROW: &'static str = "one point";
    const COLUMNS: &'static [Column<PointsTable>] = &[
        number("warmup_s", "s", "simulated time at the beginning that is not measured", |r| {
            r.results().map_or(f64::NAN, |results| results.warmup_s)
        }),
        whole("replications", "replications that were run", |r| {
            r.results().map_or(0, |results| u64::from(results.replications)) + r.failed()
        }),
        whole("failed", "of those, how many gave nothing", |r| r.failed()),
        text(
            "failure",
            "kind of the first failure: limit, panicked or invalid; empty if there is none",
            |r| r.failure().map_or("", |failure| failure.name()),
        ),
        formatted("reason", "the first failure, in words", |r| {
            r.failure().map_or(String::new(), |failure| failure.to_string())
        }),
        formatted("overloaded", "workloads that are overloaded, separated by commas", |r| {
            r.results().map_or(String::new(), |results| results.overloaded.join(","))
        }),
        formatted("slos_missed", "objectives that are missed, separated by commas", |r| {
            r.results().map_or(String::new(), |results| results.missed().join(","))
        }),
        text(
            "precise",
            "yes or no: whether the goals of run.replications.until are met; empty if there are none",
            |r| r.results().map_or("", precise),
        ),
        whole("events", "calendar entries fired", |r| {
            r.results().map_or(0, |results| results.events)
        }),
        text("fingerprint", "hash of every number of every replication", |r| {
            r.results().map_or("", |results| &results.fingerprint)
        }),
    ];
}

/// Returns `yes` or `no`: whether the goals of `run.replications.until` are met; empty if there are
/// none.
fn precise(results: &Results) -> &'static str {
    match results.precision.as_slice() {
        [] => "",
        goals if goals.iter().all(|goal| goal.met) => "yes",
        _ => "no",
    }
}
