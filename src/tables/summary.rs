//! `summary.parquet`: the estimates. Its rows are also the `metrics` of `--json`.

use super::column::{entity, kind, labels, metric, number, stat, text, unit, whole};
use super::{Column, Table};
use crate::experiment::{Results, Row};

/// The summary of a run.
pub(crate) struct SummaryTable;

/// An estimate.
pub(crate) struct SummaryRow<'r> {
    pub results: &'r Results,
    pub row: &'r Row,
}

impl Table for SummaryTable {
    type Row<'r> = SummaryRow<'r>;
    const FILE: &'static str = "summary.parquet";
    const ROW: &'static str = "one estimate";
    const COLUMNS: &'static [Column<SummaryTable>] = &[
        text("scenario", "name of the scenario", |r| &r.results.scenario),
        kind(|r| r.row.kind),
        entity(|r| &r.row.entity),
        metric(|r| &r.row.metric),
        stat(|r| r.row.stat),
        unit(|r| r.row.unit),
        number("estimate", "unit", "point estimate", |r| r.row.estimate.estimate),
        number("low", "unit", "lower end of the interval", |r| r.row.estimate.low),
        number("high", "unit", "upper end of the interval", |r| r.row.estimate.high),
        number("std_error", "unit", "standard error of the estimate", |r| r.row.estimate.std_error),
        number("confidence", "1", "confidence of the interval", |r| r.results.confidence),
        whole("n", "replications that had a value", |r| r.row.estimate.n.into()),
        text("method", "t, controlled, woodruff, jackknife or range", |r| {
            r.row.estimate.method.name()
        }),
        labels("labels", "what to know about it, separated by commas", |r| &r.row.flags),
        labels("flags", "the same as `labels`, for one more version", |r| &r.row.flags),
    ];
}

/// Returns the estimates of a run.
pub(crate) fn rows(results: &Results) -> impl Iterator<Item = SummaryRow<'_>> {
    results.rows.iter().map(move |row| SummaryRow { results, row })
}
