//! `replications.parquet`: the numbers of the single replications.

use super::column::{entity, key, kind, metric, number, replication, stat, unit};
use super::{Column, Table};
use crate::experiment::CellRecord;
use crate::measure::{Metric, Vocabulary};

/// The numbers of the replications.
pub(crate) struct ReplicationsTable;

/// A number of a replication.
pub(crate) struct ReplicationRow<'r> {
    record: &'r CellRecord,
    metric: &'r Metric,
    value: f64,
}

impl Table for ReplicationsTable {
    type Row<'r> = ReplicationRow<'r>;
    const FILE: &'static str = "replications.parquet";
    const ROW: &'static str = "one number of one replication";
    const COLUMNS: &'static [Column<ReplicationsTable>] = &[
        replication(|r| r.record.replication.into()),
        key("seed_key", "key of all its draws, hexadecimal", |r| Some(r.record.seed_key)),
        kind(|r| r.metric.kind),
        entity(|r| &r.metric.entity),
        metric(|r| &r.metric.metric),
        stat(|r| r.metric.stat),
        unit(|r| r.metric.unit),
        number("value", "unit", "the number", |r| r.value),
    ];
}

/// Returns the numbers of a replication.
pub(crate) fn rows<'r>(
    vocabulary: &'r Vocabulary,
    record: &'r CellRecord,
) -> impl Iterator<Item = ReplicationRow<'r>> {
    let values = vocabulary.metrics.iter().zip(&record.values);
    values.map(move |(metric, value)| ReplicationRow { record, metric, value: value.value })
}
