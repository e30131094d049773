//! The vocabulary: which numbers a replication gives, under which names, and how many replications
//! make an estimate of each.
//!
//! The same words in the terminal, in JSON and in Parquet; `docs/outputs.md` explains each. One
//! walk over the layout gives the names and, with a record, the values, so that the two cannot get
//! out of step. To add a metric: one `put` here.

mod arms;
mod machines;
mod phases;
mod promises;
mod users;

use super::gauges::BUSY_CORES;
use super::layout::Layout;
use super::{Histogram, Moments, Record, SparseHistogram, Tally, mean_s};
use crate::request::PARTS;
use serde::{Deserialize, Serialize};

/// A number that every replication gives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Metric {
    /// `workload`, `endpoint`, `block`, `branch`, `service`, `instance`, `link`, `balancer`,
    /// `lock`, `pool`, `thread`, `slo`, `tool`, `system` or `phase`.
    pub kind: &'static str,
    pub entity: String,
    pub metric: String,
    pub stat: &'static str,
    pub unit: &'static str,
    pub how: How,
}

/// How replications make an estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    /// The mean of the replications' values.
    Mean,
    /// The largest of them.
    Largest,
    /// The smallest of them.
    Smallest,
    /// The quantile of all replications' durations together: which histogram, which quantile.
    Quantile { histogram: usize, q: f64 },
    /// The sum of the replications' numerators over the sum of their denominators; the weight is
    /// the denominator.
    Ratio,
}

/// One replication's value of a metric. NaN where it has none (the mean latency of no requests).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Value {
    pub value: f64,
    /// The denominator of a ratio, 1 otherwise.
    pub weight: f64,
}

/// The quantiles of a latency that are reported, rising.
pub(crate) const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)];

/// All names of a layout, in their stable order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary {
    pub metrics: Vec<Metric>,
    /// The histograms that quantiles refer to; empty ones.
    pub histograms: Vec<Named>,
}

/// The names of all metrics and histograms of a layout.
pub(crate) fn vocabulary(layout: &Layout) -> Vocabulary {
    let names = Some(Vocabulary::default());
    let (latencies, lags, phases, values, histograms) = Default::default();
    let mut walk =
        Walk { layout, record: None, latencies, lags, phases, names, values, histograms };
    walk.everything();
    walk.names.unwrap_or_default()
}

/// The values of all metrics in one replication, and its histograms, in the order of the
/// vocabulary. Those of phases are taken out of the record: there are many, and they are large.
pub(crate) fn take_values(
    layout: &Layout,
    record: &mut Record,
) -> (Vec<Value>, Vec<SparseHistogram>) {
    let phases = record.phases.iter_mut().map(|phase| std::mem::take(&mut phase.latency)).collect();
    let latencies = record.flows.iter().map(|tally| tally.latency.distribution()).collect();
    let lags = record.instances.iter().map(|tally| tally.lag.distribution()).collect();
    let (values, histograms) = Default::default();
    let mut walk = Walk {
        layout,
        record: Some(record),
        latencies,
        lags,
        phases,
        names: None,
        values,
        histograms,
    };
    walk.everything();
    (walk.values, walk.histograms)
}

/// A histogram and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub kind: &'static str,
    pub entity: String,
    pub metric: &'static str,
    pub histogram: Histogram,
}

/// All of some distributions; a copy, if there is but one.
fn together<'d>(mut parts: impl Iterator<Item = &'d SparseHistogram>) -> SparseHistogram {
    let first = parts.next().cloned().unwrap_or_default();
    parts.fold(first, |sum, part| sum.merged(part))
}

struct Walk<'a> {
    layout: &'a Layout,
    record: Option<&'a Record>,
    /// By flow, and by instance.
    latencies: Vec<SparseHistogram>,
    lags: Vec<SparseHistogram>,
    /// Phase by phase, by workload.
    phases: Vec<SparseHistogram>,
    names: Option<Vocabulary>,
    values: Vec<Value>,
    histograms: Vec<SparseHistogram>,
}

/// The numbers of what belongs to each of so many, in one pass.
fn by(owners: usize, owner_of: impl Iterator<Item = Option<u32>>) -> Vec<Vec<usize>> {
    let mut of = vec![Vec::new(); owners];
    for (index, owner) in owner_of.enumerate() {
        if let Some(owner) = owner {
            of[owner as usize].push(index);
        }
    }
    of
}

/// A value that is not a ratio.
fn plain(value: f64) -> Value {
    Value { value, weight: 1.0 }
}

fn ratio(numerator: f64, denominator: f64) -> Value {
    Value { value: numerator / denominator, weight: denominator }
}

impl<'a> Walk<'a> {
    fn everything(&mut self) {
        let layout = self.layout;
        let flows = by(layout.workloads.len(), layout.flows.iter().map(|flow| flow.workload));
        for (id, (name, flows)) in layout.workloads.iter().zip(&flows).enumerate() {
            self.requests("workload", name, flows, &[]);
            if layout.elastic.binary_search(&(id as u32)).is_ok() {
                self.deterred(name, id);
            }
        }
        let flows = by(layout.endpoints.len(), layout.flows.iter().map(|flow| flow.endpoint));
        let labels =
            by(layout.endpoints.len(), layout.labels.iter().map(|label| Some(label.endpoint)));
        for ((endpoint, flows), labels) in layout.endpoints.iter().zip(&flows).zip(&labels) {
            self.requests("endpoint", &endpoint.name, flows, labels);
        }
        let flows = by(layout.blocks.len(), layout.flows.iter().map(|flow| flow.block));
        for (name, flows) in layout.blocks.iter().zip(&flows) {
            self.requests("block", name, flows, &[]);
        }
        for (index, name) in layout.arms.iter().enumerate() {
            self.arm(name, index);
        }
        let members = by(
            layout.services.len(),
            layout.instances.iter().map(|instance| Some(instance.service)),
        );
        for (id, (name, members)) in layout.services.iter().zip(&members).enumerate() {
            let queue = layout.queues.binary_search(&(id as u32)).ok();
            let scaling = layout.scaler(id as u32);
            self.machines("service", name, members, queue, scaling);
        }
        for (index, instance) in layout.instances.iter().enumerate() {
            // Those of a service that scales come and go.
            if !layout.scales(instance.service) {
                self.machines("instance", &instance.name, &[index], None, None);
            }
        }
        for (index, name) in layout.links.iter().enumerate() {
            self.link(name, index);
        }
        for (name, members) in layout.services.iter().zip(&members) {
            for &i in members {
                let value = |record: &Record| plain(record.instances[i].chosen as f64);
                self.put(
                    "balancer",
                    name,
                    ("chosen.", &layout.instances[i].name),
                    "total",
                    "1",
                    How::Mean,
                    value,
                );
            }
        }
        for index in 0..layout.resources.len() {
            self.resource(index);
        }
        for (index, of) in layout.promises.iter().enumerate() {
            self.promise(of, index);
        }
        layout.tools.iter().for_each(|workload| self.tool(*workload));
        self.system();
        self.phases();
    }

    /// What is wasted of the core time of all services together.
    fn system(&mut self) {
        let layout = self.layout;
        let wasted_s = |record: &Record| record.wasted_ns.iter().sum::<u128>() as f64 * 1e-9;
        let busy_s = |record: &Record| {
            let busy = record.instances.iter().map(|instance| instance.gauges[BUSY_CORES].area);
            busy.sum::<u128>() as f64 * 1e-9
        };
        self.put("system", "all", ("wasted_cpu", ""), "total", "s", How::Mean, |record| {
            plain(wasted_s(record))
        });
        self.put("system", "all", ("wasted_ratio", ""), "mean", "1", How::Ratio, |record| {
            // Its trials are requests, not seconds: how many of them ended.
            let ended =
                record.flows.iter().zip(&layout.flows).filter(|(_, of)| of.workload.is_some());
            let ended: u64 = ended.map(|(tally, _)| tally.completed() + tally.failed()).sum();
            Value { value: wasted_s(record) / busy_s(record), weight: ended as f64 }
        });
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "a metric has that many names; a struct of them would only be taken apart again"
    )]
    fn put(
        &mut self,
        kind: &'static str,
        entity: &str,
        metric: (&str, &str),
        stat: &'static str,
        unit: &'static str,
        how: How,
        value: impl FnOnce(&Record) -> Value,
    ) {
        if let Some(names) = &mut self.names {
            names.metrics.push(Metric {
                kind,
                entity: entity.to_string(),
                metric: format!("{}{}", metric.0, metric.1),
                stat,
                unit,
                how,
            });
        }
        if let Some(record) = self.record {
            self.values.push(value(record));
        }
    }

    fn keep(
        &mut self,
        kind: &'static str,
        entity: &str,
        metric: &'static str,
        histogram: SparseHistogram,
    ) {
        if let Some(names) = &mut self.names {
            names.histograms.push(Named {
                kind,
                entity: entity.to_string(),
                metric,
                histogram: Histogram::default(),
            });
        }
        self.histograms.push(histogram);
    }

    fn requests(&mut self, kind: &'static str, entity: &str, flows: &[usize], labels: &[usize]) {
        let layout = self.layout;
        let mut sum = Tally::new(layout.outcomes.len());
        if let Some(record) = self.record {
            flows.iter().for_each(|&flow| sum.add_but_latency(&record.flows[flow]));
        }
        let latencies = together(flows.iter().filter_map(|&flow| self.latencies.get(flow)));
        let seconds = |record: &Record| record.measured_ns as f64 * 1e-9;
        let completed = sum.completed();
        let n = completed as f64;
        self.latency(kind, entity, completed, &sum.moments, &latencies);
        self.parts(kind, entity, flows, labels, &sum);
        let failed = sum.failed() as f64;
        self.put(kind, entity, ("arrivals", ""), "total", "1", How::Mean, |_| {
            plain(sum.arrivals as f64)
        });
        self.put(kind, entity, ("completed", ""), "total", "1", How::Mean, |_| plain(n));
        self.put(kind, entity, ("failed", ""), "total", "1", How::Mean, |_| plain(failed));
        self.put(kind, entity, ("unfinished", ""), "total", "1", How::Mean, |_| {
            plain(sum.arrivals as f64 - n - failed)
        });
        self.put(kind, entity, ("offered_rate", ""), "mean", "1/s", How::Mean, |r| {
            plain(sum.arrivals as f64 / seconds(r))
        });
        self.put(kind, entity, ("throughput", ""), "mean", "1/s", How::Mean, |r| {
            plain(sum.answered as f64 / seconds(r))
        });
        self.put(kind, entity, ("error_ratio", ""), "mean", "1", How::Ratio, |_| {
            ratio(failed, n + failed)
        });
        for (index, outcome) in layout.outcomes.iter().enumerate().skip(1) {
            let value = |_: &Record| ratio(sum.outcomes[index] as f64, n + failed);
            self.put(kind, entity, ("outcomes.", outcome), "mean", "1", How::Ratio, value);
        }
        self.put(kind, entity, ("wasted_cpu", ""), "total", "s", How::Mean, |record| {
            plain(flows.iter().map(|&flow| record.wasted_ns[flow]).sum::<u128>() as f64 * 1e-9)
        });
        self.keep(kind, entity, "latency", latencies);
    }

    /// Durations: of so many, with these moments. Their histogram is kept next.
    fn latency(
        &mut self,
        kind: &'static str,
        entity: &str,
        n: u64,
        moments: &Moments,
        latencies: &SparseHistogram,
    ) {
        let histogram = self.histograms.len();
        let latency = ("latency", "");
        self.put(kind, entity, latency, "mean", "s", How::Mean, |_| plain(moments.mean_s(n)));
        self.put(kind, entity, latency, "sd", "s", How::Mean, |_| plain(moments.sd_s(n)));
        self.put(kind, entity, latency, "min", "s", How::Smallest, |_| {
            plain(latencies.shortest_s())
        });
        let usual = QUANTILES.into_iter().zip(latencies.quantiles_s(QUANTILES.map(|(_, q)| q)));
        let layout = self.layout;
        let further = layout.percentiles.iter().map(|percentile| {
            let q = percentile.fraction();
            ((percentile.name(), q), latencies.quantiles_s([q])[0])
        });
        for ((stat, q), quantile) in usual.chain(further) {
            self.put(kind, entity, latency, stat, "s", How::Quantile { histogram, q }, |_| {
                plain(quantile)
            });
        }
        self.put(kind, entity, latency, "max", "s", How::Largest, |_| plain(latencies.longest_s()));
    }

    /// Where the time of answered requests went.
    fn parts(
        &mut self,
        kind: &'static str,
        entity: &str,
        flows: &[usize],
        labels: &[usize],
        sum: &Tally,
    ) {
        let (layout, completed) = (self.layout, sum.completed());
        for (index, part) in PARTS.iter().enumerate() {
            self.put(kind, entity, ("time_in.", part), "mean", "s", How::Mean, |_| {
                plain(mean_s(sum.parts_ns[index], completed))
            });
        }
        let parts = layout.further_parts.len();
        for (index, part) in layout.further_parts.iter().enumerate() {
            let value = |record: &Record| {
                let spent_ns = flows.iter().map(|flow| record.further_ns[flow * parts + index]);
                plain(mean_s(spent_ns.sum(), completed))
            };
            self.put(kind, entity, ("time_in.", part), "mean", "s", How::Mean, value);
        }
        for &index in labels {
            let value = |record: &Record| plain(mean_s(record.labels_ns[index], completed));
            self.put(
                kind,
                entity,
                ("time_in.io.", &layout.labels[index].name),
                "mean",
                "s",
                How::Mean,
                value,
            );
        }
    }
}
