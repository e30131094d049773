//! `replications.parquet`: the numbers of the single replications.

use super::column::{entity, key, kind, metric, number, replication, stat, unit};
use super::{Column, Table};
use crate::experiment::{Replication, ReplicationValue};

/// The numbers of the replications.
pub(crate) struct ReplicationsTable;

/// A number of a replication.
pub(crate) struct ReplicationRow<'r> {
    replication: Replication<'r>,
    value: ReplicationValue<'r>,
}

impl Table for ReplicationsTable {
    type Row<'r> = ReplicationRow<'r>;
    const FILE: &'static str = "replications.parquet";
    const ROW: &'static str = "one number of one replication";
    const COLUMNS: &'static [Column<ReplicationsTable>] = &[
        replication(|r| r.replication.number().into()),
        key("seed_key", "key of all its draws, hexadecimal", |r| Some(r.replication.seed_key())),
        kind(|r| r.value.kind),
        entity(|r| r.value.entity),
        metric(|r| r.value.metric),
        stat(|r| r.value.stat),
        unit(|r| r.value.unit),
        number("value", "unit", "the number", |r| r.value.value),
    ];
}

/// Returns the numbers of a replication.
pub(crate) fn rows(replication: Replication<'_>) -> impl Iterator<Item = ReplicationRow<'_>> {
    replication.values().map(move |value| ReplicationRow { replication, value })
}
