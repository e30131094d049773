//! `series.parquet`: gauges and rates over time.

use super::column::{entity, kind, metric, number, replication, unit};
use super::{Column, Table};
use crate::experiment::{Replication, SeriesPoint};

/// The time series of the replications.
pub(crate) struct SeriesTable;

/// A window of a gauge or rate.
pub(crate) struct WindowRow<'r> {
    replication: Replication<'r>,
    point: SeriesPoint<'r>,
}

impl Table for SeriesTable {
    type Row<'r> = WindowRow<'r>;
    const FILE: &'static str = "series.parquet";
    const ROW: &'static str = "one window of one gauge or rate";
    const COLUMNS: &'static [Column<SeriesTable>] = &[
        replication(|r| r.replication.number().into()),
        number("start_s", "s", "beginning of the window", |r| r.point.start_s),
        number("end_s", "s", "end of the window", |r| r.point.end_s),
        kind(|r| r.point.kind),
        entity(|r| r.point.entity),
        metric(|r| r.point.metric),
        unit(|r| r.point.unit),
        number("mean", "unit", "time-weighted mean", |r| r.point.mean),
        number("min", "unit", "lowest value", |r| r.point.min),
        number("max", "unit", "highest value", |r| r.point.max),
        number("last", "unit", "value at the end", |r| r.point.last),
    ];
}

/// Returns the windows of a replication; none if no series are kept.
pub(crate) fn rows(replication: Replication<'_>) -> impl Iterator<Item = WindowRow<'_>> {
    replication.series().map(move |point| WindowRow { replication, point })
}
