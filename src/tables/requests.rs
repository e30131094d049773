//! `requests.parquet`: sampled requests, with a breakdown of their latency.

use super::column::{key, number, replication, text};
use super::{Column, Table};
use crate::experiment::CellRecord;
use crate::measure::{Flow, Layout, RequestRow};
use crate::request::{NONE, Part};

/// The sampled requests of the replications.
pub(crate) struct RequestsTable;

/// A sampled request.
pub(crate) struct SampledRow<'r> {
    record: &'r CellRecord,
    layout: &'r Layout,
    request: &'r RequestRow,
    weight: f64,
}

impl SampledRow<'_> {
    fn flow(&self) -> Flow {
        self.layout.flows[self.request.flow as usize]
    }
    fn workload(&self) -> &str {
        self.flow().workload.map_or("", |index| &self.layout.workloads[index as usize])
    }
    fn endpoint(&self) -> &str {
        self.flow().endpoint.map_or("", |index| &self.layout.endpoints[index as usize].name)
    }
    fn instance(&self) -> &str {
        match self.request.instance {
            NONE => "",
            index => &self.layout.instances[index as usize].name,
        }
    }
    fn spent_s(&self, part: Part) -> f64 {
        self.request.spent[part as usize].seconds()
    }
}

impl Table for RequestsTable {
    type Row<'r> = SampledRow<'r>;
    const FILE: &'static str = "requests.parquet";
    const ROW: &'static str = "one sampled request";
    const COLUMNS: &'static [Column<RequestsTable>] = &[
        replication(|r| r.record.replication.into()),
        key("request", "its key, hexadecimal", |r| Some(r.request.request)),
        key(
            "caller",
            "key of the request that called; empty for one from a workload, or if its caller has given it up",
            |r| Some(r.request.caller).filter(|caller| *caller != 0),
        ),
        text("workload", "where it comes from, empty for a call", |r| r.workload()),
        text("endpoint", "where it goes", |r| r.endpoint()),
        text("instance", "the instance that served it", |r| r.instance()),
        number("arrived_s", "s", "when it was meant to arrive", |r| r.request.arrived.seconds()),
        number("finished_s", "s", "when its response was there, or it failed", |r| {
            r.request.finished.seconds()
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
        text("outcome", "ok, lost, timeout, crashed, rejected or error_STATUS", |r| {
            &r.layout.outcomes[r.request.outcome.0 as usize]
        }),
        number("weight", "1", "how many requests it stands for", |r| r.weight),
    ];
}

/// Returns the sampled requests of a replication; each stands for `weight` requests.
pub(crate) fn rows<'r>(
    layout: &'r Layout,
    weight: f64,
    record: &'r CellRecord,
) -> impl Iterator<Item = SampledRow<'r>> {
    record.requests.iter().map(move |request| SampledRow { record, layout, request, weight })
}
