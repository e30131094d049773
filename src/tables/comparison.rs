//! `comparison.parquet`: the variants of a comparison against the baseline.

use super::column::{entity, kind, metric, number, stat, text, unit, whole};
use super::{Column, Table};
use crate::experiment::{Comparison, MetricComparison};

/// The table of a comparison.
pub(crate) struct ComparisonTable;

/// A metric of a variant, compared with the baseline's.
pub(crate) struct ComparisonRow<'r> {
    names: &'r [String],
    row: &'r MetricComparison,
}

impl Table for ComparisonTable {
    type Row<'r> = ComparisonRow<'r>;
    const FILE: &'static str = "comparison.parquet";
    const ROW: &'static str = "one metric of one variant against the baseline's";
    const COLUMNS: &'static [Column<ComparisonTable>] = &[
        text("variant", "name of the variant", |r| &r.names[r.row.variant]),
        text("baseline", "name of the baseline", |r| &r.names[0]),
        kind(|r| r.row.kind),
        entity(|r| &r.row.entity),
        metric(|r| &r.row.metric),
        stat(|r| r.row.stat),
        unit(|r| r.row.unit),
        number("base", "unit", "the baseline's estimate", |r| r.row.base.estimate),
        number("this", "unit", "the variant's estimate", |r| r.row.other.estimate),
        number("difference", "unit", "this minus base, from pairs of replications", |r| {
            r.row.difference.difference.estimate
        }),
        number("difference_low", "unit", "lower end of its interval", |r| {
            r.row.difference.difference.low
        }),
        number("difference_high", "unit", "upper end of its interval", |r| {
            r.row.difference.difference.high
        }),
        number(
            "relative",
            "1",
            "the difference as a share of base; null where the interval of base holds 0",
            |r| r.row.difference.relative.estimate,
        ),
        number("relative_low", "1", "lower end of its interval", |r| r.row.difference.relative.low),
        number("relative_high", "1", "upper end of its interval", |r| {
            r.row.difference.relative.high
        }),
        number("p_value", "1", "of the paired difference being chance", |r| {
            r.row.difference.p_value
        }),
        number(
            "p_adjusted",
            "1",
            "the same, corrected for all differences that are judged together; null outside of these",
            |r| r.row.p_adjusted,
        ),
        text("judgement", "better, worse, different, the same or undecided", |r| {
            r.row.judgement.name()
        }),
        number("more_replications", "1", "about how many more would decide", |r| {
            r.row.more.map_or(f64::NAN, f64::from)
        }),
        number(
            "unpaired_variance_ratio",
            "1",
            "variance that independent runs would give the difference, over that of pairs",
            |r| r.row.difference.unpaired_variance_ratio,
        ),
        whole("n", "pairs that had a value", |r| r.row.difference.n.into()),
    ];
}

/// Returns all differences, variant by variant.
pub(crate) fn rows(comparison: &Comparison) -> impl Iterator<Item = ComparisonRow<'_>> {
    comparison.rows.iter().map(|row| ComparisonRow { names: &comparison.names, row })
}
