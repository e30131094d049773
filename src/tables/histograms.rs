//! `histograms.parquet`: the distributions of durations.

use super::column::{entity, kind, metric, number, replication, whole};
use super::{Column, Table};
use crate::experiment::CellRecord;
use crate::measure::{Bucket, Named, Vocabulary};

/// The histograms of the replications.
pub(crate) struct HistogramsTable;

/// A bucket that is not empty.
pub(crate) struct BucketRow<'r> {
    record: &'r CellRecord,
    histogram: &'r Named,
    bucket: Bucket,
}

impl Table for HistogramsTable {
    type Row<'r> = BucketRow<'r>;
    const FILE: &'static str = "histograms.parquet";
    const ROW: &'static str = "one bucket with something in it";
    const COLUMNS: &'static [Column<HistogramsTable>] = &[
        replication(|r| r.record.replication.into()),
        kind(|r| r.histogram.kind),
        entity(|r| &r.histogram.entity),
        metric(|r| r.histogram.metric),
        number("low_s", "s", "lowest duration of the bucket", |r| r.bucket.low_ns as f64 / 1e9),
        number("high_s", "s", "highest duration of the bucket", |r| r.bucket.high_ns as f64 / 1e9),
        whole("count", "durations in it", |r| r.bucket.count),
    ];
}

/// Returns the buckets of a replication.
pub(crate) fn rows<'r>(
    vocabulary: &'r Vocabulary,
    record: &'r CellRecord,
) -> impl Iterator<Item = BucketRow<'r>> {
    vocabulary.histograms.iter().zip(&record.histograms).flat_map(move |(histogram, counts)| {
        counts.buckets().map(move |bucket| BucketRow { record, histogram, bucket })
    })
}
