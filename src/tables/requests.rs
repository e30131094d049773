//! `requests.parquet`: sampled requests, with a breakdown of their latency.

use super::column::{key, number, replication, text};
use super::{Column, Table};
use crate::experiment::{Replication, SampledRequest};
use crate::request::{FURTHER, Part};

/// The sampled requests of the replications.
pub(crate) struct RequestsTable;

/// A sampled request.
pub(crate) struct SampledRow<'r> {
    replication: Replication<'r>,
    request: SampledRequest<'r>,
}

impl SampledRow<'_> {
    fn spent_s(&self, part: Part) -> f64 {
        self.request.parts_s[part as usize].1
    }
}

impl Table for RequestsTable {
    type Row<'r> = SampledRow<'r>;
    const FILE: &'static str = "requests.parquet";
    const ROW: &'static str = "one sampled request";
    const COLUMNS: &'static [Column<RequestsTable>] = &[
        replication(|r| r.replication.number().into()),
        key("request", "its key, hexadecimal", |r| Some(r.request.id)),
        key(
            "caller",
            "key of the request that called; empty for one from a workload, or if its caller has given it up",
            |r| r.request.caller,
        ),
        text("workload", "where it comes from, empty for a call", |r| {
            r.request.workload.unwrap_or("")
        }),
        text("endpoint", "where it goes", |r| r.request.endpoint),
        text("instance", "the instance that served it", |r| r.request.instance.unwrap_or_default()),
        number("arrived_s", "s", "when it was meant to arrive", |r| r.request.arrived_s),
        number("finished_s", "s", "when its response was there, or it failed", |r| {
            r.request.finished_s
        }),
        number("queue_s", "s", "ready, waiting for the loop or a core", |r| r.spent_s(Part::Queue)),
        number("cpu_s", "s", "computing", |r| r.spent_s(Part::Cpu)),
        number("io_s", "s", "awaiting I/O", |r| r.spent_s(Part::Io)),
        number("network_s", "s", "on links", |r| r.spent_s(Part::Network)),
        number("memory_s", "s", "waiting for memory", |r| r.spent_s(Part::Memory)),
        number("admission_s", "s", "waiting to be admitted", |r| r.spent_s(Part::Admission)),
        number("abandoned_s", "s", "waiting for calls that were given up", |r| {
            r.spent_s(Part::Abandoned)
        }),
        number("lock_s", "s", "waiting for locks; only in scenarios with locks", |r| {
            r.request.spent_s("lock")
        }),
        number("pool_s", "s", "waiting for connections; only in scenarios with pools", |r| {
            r.request.spent_s("pool")
        }),
        number("block_s", "s", "holding a core without computing; only with `block` steps", |r| {
            r.request.spent_s("block")
        }),
        number("thread_s", "s", "waiting for a thread; only with `offload` steps", |r| {
            r.request.spent_s("thread")
        }),
        text("outcome", "ok, or how it failed, such as timeout or error_503", |r| {
            r.request.outcome
        }),
        number("weight", "1", "how many requests it stands for", |r| r.request.weight),
    ];
}

/// Returns the columns that a scenario does not have, by the further parts of its latencies.
pub(crate) fn left_out(further_parts: &[&str]) -> Vec<&'static str> {
    let is_left_out = |part: &str| FURTHER.contains(&part) && !further_parts.contains(&part);
    let names = RequestsTable::COLUMNS.iter().map(|column| column.name);
    names.filter(|name| name.strip_suffix("_s").is_some_and(is_left_out)).collect()
}

/// Returns the sampled requests of a replication.
pub(crate) fn rows(replication: Replication<'_>) -> impl Iterator<Item = SampledRow<'_>> {
    replication.requests().map(move |request| SampledRow { replication, request })
}
