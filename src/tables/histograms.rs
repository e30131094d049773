//! `histograms.parquet`: the distributions of durations.

use super::column::{entity, kind, metric, number, replication, whole};
use super::{Column, Table};
use crate::experiment::{LatencyBucket, Replication};
use crate::measure::Named;

/// The histograms of the replications.
pub(crate) struct HistogramsTable;

/// A bucket that is not empty.
pub(crate) struct BucketRow<'r> {
    replication: Replication<'r>,
    histogram: &'r Named,
    bucket: LatencyBucket,
}

impl Table for HistogramsTable {
    type Row<'r> = BucketRow<'r>;
    const FILE: &'static str = "histograms.parquet";
    const ROW: &'static str = "one bucket with something in it";
    const COLUMNS: &'static [Column<HistogramsTable>] = &[
        replication(|r| r.replication.number().into()),
        kind(|r| r.histogram.kind),
        entity(|r| &r.histogram.entity),
        metric(|r| r.histogram.metric),
        number("low_s", "s", "lowest duration of the bucket", |r| r.bucket.low_s),
        number("high_s", "s", "highest duration of the bucket", |r| r.bucket.high_s),
        whole("count", "durations in it", |r| r.bucket.count),
    ];
}

/// Returns the buckets of a replication.
pub(crate) fn rows(replication: Replication<'_>) -> impl Iterator<Item = BucketRow<'_>> {
    replication.histograms().flat_map(move |(histogram, buckets)| {
        buckets.map(move |bucket| BucketRow { replication, histogram, bucket })
    })
}
