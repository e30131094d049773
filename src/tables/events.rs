//! `events.parquet`: the faults.

use super::column::{number, replication, text};
use super::{Column, Table};
use crate::experiment::{Incident, Replication};

/// The faults of the replications.
pub(crate) struct EventsTable;

/// The beginning or end of a fault.
pub(crate) struct EventRow<'r> {
    replication: Replication<'r>,
    incident: Incident<'r>,
}

impl Table for EventsTable {
    type Row<'r> = EventRow<'r>;
    const FILE: &'static str = "events.parquet";
    const ROW: &'static str = "a fault that began or ended";
    const COLUMNS: &'static [Column<EventsTable>] = &[
        replication(|r| r.replication.number().into()),
        number("at_s", "s", "when", |r| r.incident.at_s),
        text("kind", "crash, degrade, slow or errors", |r| r.incident.kind),
        text("entity", "what it breaks", |r| r.incident.entity),
        text("what", "begins or ends", |r| r.incident.what),
        text("detail", "how much", |r| r.incident.detail),
    ];
}

/// Returns the faults of a replication.
pub(crate) fn rows(replication: Replication<'_>) -> impl Iterator<Item = EventRow<'_>> {
    replication.incidents().map(move |incident| EventRow { replication, incident })
}
