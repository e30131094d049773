//! One replication in hand: its values, histograms, time series, events and sampled requests.
//!
//! A view of a record, with names in place of positions: the rows of the result files (`tables/`)
//! are made of it too.
//! Tested in `tests/it/library.rs` against the summary and, with the feature `parquet`, the files.

use super::cell::CellRecord;
use super::point::CompiledPoint;
use crate::measure::{Named, Series, Vocabulary, vocabulary};
use crate::plan::Plan;
use crate::request::{FURTHER, NONE, PARTS};
use std::sync::Arc;

/// The names that the positions in the records of a point stand for.
#[derive(Debug)]
pub(crate) struct Names {
    plan: Arc<Plan>,
    vocabulary: Vocabulary,
    series: Vec<Series>,
}

impl Names {
    pub(crate) fn new(built: &CompiledPoint) -> Names {
        let plan = built.plan.clone();
        Names { vocabulary: vocabulary(&plan.layout), series: plan.layout.series(), plan }
    }
}

/// One replication of an experiment, as passed to the closure of
/// [`Experiment::run_each`](super::Experiment::run_each).
#[derive(Clone, Copy, Debug)]
pub struct Replication<'r> {
    record: &'r CellRecord,
    names: &'r Names,
}

/// One statistic of one metric in one replication.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReplicationValue<'r> {
    /// `workload`, `endpoint`, `service`, `instance`, `link`, `balancer` or `phase`.
    pub kind: &'static str,
    /// The name of the workload, endpoint, service …
    pub entity: &'r str,
    /// The metric, such as `latency`.
    pub metric: &'r str,
    /// The statistic, such as `mean` or `p99`.
    pub stat: &'static str,
    /// The unit: `s`, `B`, `1`, `1/s` or `USD/h`.
    pub unit: &'static str,
    /// The value in that unit; NaN where the replication has none, such as the mean latency of no
    /// requests.
    pub value: f64,
}

/// A range of durations and the number of requests in it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LatencyBucket {
    /// The shortest duration of the bucket in seconds.
    pub low_s: f64,
    /// The longest duration of the bucket in seconds; at most 0.1 % more.
    pub high_s: f64,
    /// The number of requests.
    pub count: u64,
}

/// One window of one time series.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SeriesPoint<'r> {
    /// The start of the window in simulated seconds.
    pub start_s: f64,
    /// The end of the window in simulated seconds.
    pub end_s: f64,
    /// As in [`ReplicationValue::kind`].
    pub kind: &'static str,
    /// The name of the workload, service, instance …
    pub entity: &'r str,
    /// The gauge or rate, such as `ready_queue`.
    pub metric: &'static str,
    /// The unit of the numbers.
    pub unit: &'static str,
    /// The time-weighted mean over the window.
    pub mean: f64,
    /// The lowest value in the window.
    pub min: f64,
    /// The highest value in the window.
    pub max: f64,
    /// The value at the end of the window.
    pub last: f64,
}

/// A fault that began or ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Incident<'r> {
    /// The simulated time in seconds.
    pub at_s: f64,
    /// The kind of what it happened to, such as `service` or `link`.
    pub kind: &'static str,
    /// The name of what it happened to.
    pub entity: &'r str,
    /// What happened.
    pub what: &'static str,
    /// Details as text; may be empty.
    pub detail: &'r str,
}

/// A sampled request: one activation of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SampledRequest<'r> {
    /// Identifies the request within its replication.
    pub id: u64,
    /// The request that called this one; `None` if it came from a workload, or if its caller gave
    /// it up.
    pub caller: Option<u64>,
    /// The workload that sent it; `None` if another request called it.
    pub workload: Option<&'r str>,
    /// The endpoint; empty if the request reached none.
    pub endpoint: &'r str,
    /// The instance that served it; `None` if none did.
    pub instance: Option<&'r str>,
    /// The simulated time of its arrival in seconds.
    pub arrived_s: f64,
    /// The simulated time of its end in seconds.
    pub finished_s: f64,
    /// `ok`, `lost`, `timeout`, `crashed`, `rejected`, `cancelled`, `pool_timeout`,
    /// `queue_timeout` or `error_STATUS`.
    pub outcome: &'r str,
    /// The seconds spent in each part of its latency, including those of the calls it waited for:
    /// waiting for a core (`queue`), computing (`cpu`), in `wait` steps (`io`), in links
    /// (`network`), waiting for `memory`, waiting for `admission`, and waiting for calls that were
    /// given up (`abandoned`). With `further_s` they add up to the latency.
    pub parts_s: [(&'static str, f64); PARTS.len()],
    /// The same of parts that not every scenario has: waiting for locks (`lock`), waiting for
    /// connections (`pool`), and holding a core without computing (`block`).
    pub further_s: [(&'static str, f64); FURTHER.len()],
    /// The number of requests that this one stands for: 1 divided by the sampled share.
    pub weight: f64,
}

impl SampledRequest<'_> {
    /// Returns the seconds spent in a part of its latency, by its name, such as `queue` or `lock`;
    /// 0 if there is no such part.
    pub fn spent_s(&self, part: &str) -> f64 {
        let mut parts = self.parts_s.iter().chain(&self.further_s);
        parts.find(|(name, _)| *name == part).map_or(0.0, |(_, seconds)| *seconds)
    }
    /// Returns the time from arrival to end in seconds.
    pub fn latency_s(&self) -> f64 {
        self.finished_s - self.arrived_s
    }
}

impl<'r> Replication<'r> {
    pub(crate) fn new(record: &'r CellRecord, names: &'r Names) -> Replication<'r> {
        Replication { record, names }
    }
    /// Returns its number, from 0.
    pub fn number(self) -> u32 {
        self.record.replication
    }
    /// Returns the key from which all its random draws derive.
    pub(crate) fn seed_key(self) -> u64 {
        self.record.seed_key
    }
    /// Returns the number of events that the engine fired.
    pub fn events(self) -> u64 {
        self.record.events
    }
    /// Returns the end of the warm-up, in simulated seconds.
    pub fn measured_from_s(self) -> f64 {
        self.record.measured_from.seconds()
    }
    /// Returns all values, in the order of the result files.
    pub fn values(self) -> impl Iterator<Item = ReplicationValue<'r>> {
        let metrics = self.names.vocabulary.metrics.iter().zip(&self.record.values);
        metrics.map(|(metric, value)| ReplicationValue {
            kind: metric.kind,
            entity: &metric.entity,
            metric: &metric.metric,
            stat: metric.stat,
            unit: metric.unit,
            value: value.value,
        })
    }
    /// Returns one value in the unit of the metric, such as `("workload", "users", "latency",
    /// "p99")`; `None` if there is no such value. [Metrics](crate::experiment#metrics) lists the
    /// names.
    pub fn value(self, kind: &str, entity: &str, metric: &str, stat: &str) -> Option<f64> {
        let is_wanted = |value: &ReplicationValue| {
            (value.kind, value.entity, value.metric, value.stat) == (kind, entity, metric, stat)
        };
        self.values().find(is_wanted).map(|value| value.value)
    }
    /// Returns the latencies of the answered requests that arrived after the warm-up, of a workload
    /// or endpoint, as the filled buckets of a histogram, from short to long; none if there is no
    /// workload or endpoint of that name. The buckets have the same bounds in every replication, so
    /// counts can be added up.
    pub fn latencies(self, entity: &str) -> impl Iterator<Item = LatencyBucket> + 'r {
        let mut of_requests = self
            .histograms()
            .filter(|(named, _)| named.metric == "latency" && named.kind != "phase");
        let found = of_requests.find(|(named, _)| named.entity == entity);
        found.into_iter().flat_map(|(_, buckets)| buckets)
    }
    /// Returns all histograms, each with its filled buckets from short to long.
    pub(crate) fn histograms(
        self,
    ) -> impl Iterator<Item = (&'r Named, impl Iterator<Item = LatencyBucket> + 'r)> {
        let histograms = self.names.vocabulary.histograms.iter().zip(&self.record.histograms);
        histograms.map(|(named, histogram)| {
            let buckets = histogram.buckets().map(|bucket| LatencyBucket {
                low_s: bucket.low_ns as f64 / 1e9,
                high_s: bucket.high_ns as f64 / 1e9,
                count: bucket.count,
            });
            (named, buckets)
        })
    }
    /// Returns the time series, window by window. Windows are as long as `output.series` says.
    pub fn series(self) -> impl Iterator<Item = SeriesPoint<'r>> {
        let series = &self.names.series;
        self.record.series.iter().flat_map(move |row| {
            series.iter().zip(&row.windows).map(move |(series, window)| SeriesPoint {
                start_s: row.start.seconds(),
                end_s: row.end.seconds(),
                kind: series.kind,
                entity: &series.entity,
                metric: series.metric,
                unit: series.unit,
                mean: window.mean,
                min: window.min,
                max: window.max,
                last: window.last,
            })
        })
    }
    /// Returns the faults that began or ended, in the order of time.
    pub fn incidents(self) -> impl Iterator<Item = Incident<'r>> {
        self.record.happenings.iter().map(|happening| Incident {
            at_s: happening.at.seconds(),
            kind: happening.kind,
            entity: &happening.entity,
            what: happening.what,
            detail: &happening.detail,
        })
    }
    /// Returns the sampled requests that arrived after the warm-up, in the order they ended.
    /// `output.requests` sets the share that is sampled; by default no request is. With a request
    /// of a workload, all calls that it causes are sampled too; these have no
    /// [`workload`](SampledRequest::workload).
    pub fn requests(self) -> impl Iterator<Item = SampledRequest<'r>> {
        let (layout, weight) = (&self.names.plan.layout, 1.0 / self.names.plan.trace_share);
        let further =
            FURTHER.map(|name| (name, layout.further_parts.iter().position(|part| *part == name)));
        self.record.requests.iter().map(move |row| {
            let flow = layout.flows[row.flow as usize];
            let instance = (row.instance != NONE).then(|| &layout.instances[row.instance as usize]);
            SampledRequest {
                id: row.request,
                caller: (row.caller != 0).then_some(row.caller),
                workload: flow.workload.map(|index| layout.workloads[index as usize].as_str()),
                endpoint: layout.name_of(&flow),
                instance: instance.map(|instance| instance.name.as_str()),
                arrived_s: row.arrived.seconds(),
                finished_s: row.finished.seconds(),
                outcome: &layout.outcomes[row.outcome.0 as usize],
                parts_s: std::array::from_fn(|part| (PARTS[part], row.spent[part].seconds())),
                further_s: further.map(|(name, part)| {
                    (name, part.map_or(0.0, |part| row.further[part].seconds()))
                }),
                weight,
            }
        })
    }
}
