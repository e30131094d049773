//! `series.parquet`: gauges and rates over time.

use super::column::{entity, kind, metric, number, replication, unit};
use super::{Column, Table};
use crate::experiment::CellRecord;
use crate::measure::{Series, Window};
use crate::units::Time;

/// The time series of the replications.
pub(crate) struct SeriesTable;

/// A window of a gauge or rate.
pub(crate) struct WindowRow<'r> {
    record: &'r CellRecord,
    series: &'r Series,
    start: Time,
    end: Time,
    window: &'r Window,
}

impl Table for SeriesTable {
    type Row<'r> = WindowRow<'r>;
    const FILE: &'static str = "series.parquet";
    const ROW: &'static str = "one window of one gauge or rate";
    const COLUMNS: &'static [Column<SeriesTable>] = &[
        replication(|r| r.record.replication.into()),
        number("start_s", "s", "beginning of the window", |r| r.start.seconds()),
        number("end_s", "s", "end of the window", |r| r.end.seconds()),
        kind(|r| r.series.kind),
        entity(|r| &r.series.entity),
        metric(|r| r.series.metric),
        unit(|r| r.series.unit),
        number("mean", "unit", "time-weighted mean", |r| r.window.mean),
        number("min", "unit", "lowest value", |r| r.window.min),
        number("max", "unit", "highest value", |r| r.window.max),
        number("last", "unit", "value at the end", |r| r.window.last),
    ];
}

/// Returns the windows of a replication; none if no series are kept.
pub(crate) fn rows<'r>(
    series: &'r [Series],
    record: &'r CellRecord,
) -> impl Iterator<Item = WindowRow<'r>> {
    record.series.iter().flat_map(move |row| {
        let windows = series.iter().zip(&row.windows);
        windows.map(move |(series, window)| WindowRow {
            record,
            series,
            start: row.start,
            end: row.end,
            window,
        })
    })
}
