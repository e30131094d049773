//! `events.parquet`: the faults.

use super::column::{number, replication, text};
use super::{Column, Table};
use crate::experiment::CellRecord;
use crate::measure::Happening;

/// The faults of the replications.
pub(crate) struct EventsTable;

/// The beginning or end of a fault.
pub(crate) struct EventRow<'r> {
    record: &'r CellRecord,
    happening: &'r Happening,
}

impl Table for EventsTable {
    type Row<'r> = EventRow<'r>;
    const FILE: &'static str = "events.parquet";
    const ROW: &'static str = "a fault that began or ended";
    const COLUMNS: &'static [Column<EventsTable>] = &[
        replication(|r| r.record.replication.into()),
        number("at_s", "s", "when", |r| r.happening.at.seconds()),
        text("kind", "crash, degrade, slow or errors", |r| r.happening.kind),
        text("entity", "what it breaks", |r| &r.happening.entity),
        text("what", "begins or ends", |r| r.happening.what),
        text("detail", "how much", |r| &r.happening.detail),
    ];
}

/// Returns the faults of a replication.
pub(crate) fn rows(record: &CellRecord) -> impl Iterator<Item = EventRow<'_>> {
    record.happenings.iter().map(move |happening| EventRow { record, happening })
}
