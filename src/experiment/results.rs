//! The results of a run: estimates, verdicts and notes, in the vocabulary of `docs/outputs.md`.

use super::fold::Fold;
use super::phases::{self, Phase};
use super::point::CompiledPoint;
use super::replications::Replications;
use super::verdict::{self, Outlook, WorkloadVerdict};
use super::warmup::WarmupResult;
use crate::measure::{Index, Metric};
use crate::scenario::{Scenario, Slo};
use crate::stats::{self, Estimate};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A row of the summary: one statistic of one metric.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Row {
    /// `workload`, `endpoint`, `service`, `instance`, `link`, `balancer` or `phase`.
    pub kind: &'static str,
    /// The name of the workload, endpoint, service …
    pub entity: String,
    /// The metric.
    pub metric: String,
    /// The statistic of the metric: `mean`, `p99` …
    pub stat: &'static str,
    /// The unit: `s`, `B`, `1`, `1/s` or `USD/h`.
    pub unit: &'static str,
    /// The estimate, with its interval.
    pub estimate: Estimate,
    /// The values of the single replications, in their order; NaN where one has none.
    pub values: Vec<f64>,
    /// Flags: `few_samples`, `one_replication`, `overloaded`, `infinite_variance`.
    pub flags: Vec<&'static str>,
}

/// The result of one goal of an objective.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SloResult {
    /// The name of the objective.
    pub name: String,
    /// `workload` or `endpoint`.
    pub kind: &'static str,
    /// The name of the workload or endpoint.
    pub of: String,
    /// The metric.
    pub metric: &'static str,
    /// The statistic of the metric: `mean`, `p99` …
    pub stat: &'static str,
    /// The unit of the metric.
    pub unit: &'static str,
    /// The goal as text.
    pub goal: String,
    /// The estimate, in the unit of the metric.
    pub estimate: f64,
    /// The lower end of its interval; NaN if there is none.
    pub low: f64,
    /// The upper end of its interval; NaN if there is none.
    pub high: f64,
    /// The bound, in the unit of the metric.
    pub bound: f64,
    /// Whether the bound is an upper limit (`true`) or a lower limit.
    pub at_most: bool,
    /// Whether the estimate satisfies the bound.
    pub pass: bool,
    /// Whether the result is conclusive: there is an interval, from enough samples of a run that is
    /// long enough, and all of it lies on one side of the bound.
    pub certain: bool,
}

/// The result of one goal of `run.replications.until`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PrecisionResult {
    /// `ENTITY.METRIC.STATISTIC`.
    pub metric: String,
    /// The goal as text.
    pub goal: String,
    /// The unit of the metric.
    pub unit: &'static str,
    /// The half-width of the interval, in the unit of the metric; NaN if there is no interval.
    pub half_width: f64,
    /// The half-width as a share of the estimate.
    pub relative: f64,
    /// Whether the goal is met.
    pub met: bool,
    /// Roughly how many more replications the goal needs; `None` if no forecast is possible.
    pub more: Option<u32>,
}

/// The effect of a variance reduction technique.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gain {
    /// `antithetic` or `control_variates`.
    pub technique: &'static str,
    /// The workload whose mean latency is compared.
    pub workload: String,
    /// The variance without the technique divided by the variance with it, for the same number of
    /// runs: above 1 it helps.
    pub variance_ratio: f64,
}

/// The results of a run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Results {
    /// The name of the scenario.
    pub scenario: String,
    /// The random seed.
    pub seed: u64,
    /// The number of replications reduced.
    pub replications: u32,
    /// The confidence of the intervals, in 0 to 1.
    pub confidence: f64,
    /// The simulated time of a replication in seconds, warm-up included.
    pub duration_s: f64,
    /// The warm-up in seconds of simulated time, which is not measured.
    pub warmup_s: f64,
    /// The number of events fired in all replications.
    pub events: u64,
    /// A hash of all numbers of all replications, in hexadecimal: equal results have equal
    /// fingerprints.
    pub fingerprint: String,
    /// All estimates, in a stable order.
    pub rows: Vec<Row>,
    /// The positions of the rows of each entity.
    index: Arc<Index>,
    /// The verdict on each workload, in the order of the scenario.
    pub verdicts: Vec<WorkloadVerdict>,
    /// The workloads that are overloaded: a queue grows without bound.
    pub overloaded: Vec<String>,
    /// The results of all goals of all objectives.
    pub slos: Vec<SloResult>,
    /// The results of all goals of `run.replications.until`.
    pub precision: Vec<PrecisionResult>,
    /// The effect of variance reduction by technique and workload, if `run.antithetic` or
    /// `run.control_variates` is set.
    pub gains: Vec<Gain>,
    /// The detected warm-up, if `run.warmup` is `auto`.
    pub warmup: Option<WarmupResult>,
    /// The phases into which changes divide the run; empty if nothing changes.
    pub phases: Vec<Phase>,
    /// Notes on the interpretation of the results.
    pub notes: Vec<String>,
}

/// The share of failed requests from which on a system counts as failing, whatever the latency of
/// the others.
pub(crate) const MOST_FAILED: f64 = 0.5;

/// From this share of failed requests on, it is reported beside latencies, which cover only the
/// other requests.
pub(crate) const FAILED_MIN: f64 = 0.01;

impl Results {
    /// Computes the results of the replications so far.
    pub(crate) fn new(built: &CompiledPoint, replications: &Replications) -> Results {
        let scenario = &built.scenario;
        let fold = replications.fold.as_ref().expect("results need replications that are folded");
        let confidence = scenario.run.confidence.0.fraction;
        let verdicts = verdict::judge(built, fold);
        let overloaded: Vec<String> = verdicts
            .iter()
            .filter(|verdict| matches!(verdict.outlook, Outlook::Overloaded(_)))
            .map(|verdict| verdict.workload.clone())
            .collect();
        let heavy = Heavy::of(built);
        let rows = fold.metrics.iter().enumerate().map(|(index, metric)| {
            let mut flags = fold.flags(index);
            if !overloaded.is_empty() {
                flags.push("overloaded");
            }
            let (mut estimate, values) =
                (fold.estimate(index, confidence), fold.values(index).to_vec());
            if heavy.is_mean_of(metric) {
                // With an infinite variance the spread of the means does not bound their error,
                // however many replications there are.
                (estimate.low, estimate.high, estimate.std_error) = (f64::NAN, f64::NAN, f64::NAN);
                flags.push("infinite_variance");
            }
            Row {
                kind: metric.kind,
                entity: metric.entity.clone(),
                metric: metric.metric.clone(),
                stat: metric.stat,
                unit: metric.unit,
                estimate,
                values,
                flags,
            }
        });
        let mut results = Results {
            scenario: scenario.name.clone(),
            seed: scenario.run.seed,
            replications: fold.replications,
            confidence,
            duration_s: scenario.run.duration.seconds(),
            warmup_s: scenario.run.warmup.span().seconds(),
            events: fold.events,
            fingerprint: format!("{:016x}", fold.fingerprint),
            rows: rows.collect(),
            index: fold.index.clone(),
            verdicts,
            overloaded,
            slos: Vec::new(),
            precision: precision(scenario, replications),
            gains: gains(fold, confidence),
            warmup: None,
            phases: phases::of(&built.plan.layout),
            notes: Vec::new(),
        };
        results.slos = scenario
            .slos
            .iter()
            .flat_map(|(name, slo)| results.judge(scenario, name, slo))
            .collect();
        results.notes = built.warmup.iter().map(WarmupResult::note).collect();
        results.notes.extend(results.gains.iter().map(Gain::note));
        results.notes.extend(results.observe(scenario));
        results.notes.extend(phases::notes(&results, &built.plan.layout));
        results.warmup = built.warmup.clone();
        results
    }

    /// Returns the names of the missed objectives, each once: `of: users` can make one objective
    /// per workload.
    pub fn missed(&self) -> Vec<String> {
        let missed = self.slos.iter().filter(|slo| !slo.pass).map(|slo| slo.name.clone());
        missed.collect::<indexmap::IndexSet<_>>().into_iter().collect()
    }

    /// Returns the share of requests that a met goal leaves out, in 0 to 1: a latency covers
    /// answered requests only, so a goal can be met because many others fail. `None` if the goal is
    /// missed, is not about a latency, or if too few fail to matter.
    pub(crate) fn left_out(&self, goal: &SloResult) -> Option<f64> {
        let failed = self.find(goal.kind, &goal.of, "error_ratio", "mean")?.estimate.estimate;
        (goal.metric == "latency" && goal.pass && failed >= FAILED_MIN).then_some(failed)
    }

    /// Returns the share of failed requests of each workload.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&str, &Estimate)> {
        let rows = self.rows.iter();
        rows.filter(|row| row.kind == "workload" && row.metric == "error_ratio")
            .map(|row| (row.entity.as_str(), &row.estimate))
    }

    /// Returns the workloads of which at least half of the requests fail, with that share.
    pub fn failing(&self) -> impl Iterator<Item = (&str, f64)> {
        self.failures()
            .map(|(workload, share)| (workload, share.estimate))
            .filter(|(_, share)| *share >= MOST_FAILED)
    }

    /// Returns the row of a metric and statistic of an entity; `None` if there is none.
    /// [Metrics](crate::experiment#metrics) lists the kinds, metrics and statistics.
    pub fn find(&self, kind: &str, entity: &str, metric: &str, stat: &str) -> Option<&Row> {
        self.rows[self.index.of(kind, entity)].iter().find(|r| r.metric == metric && r.stat == stat)
    }

    fn judge(&self, scenario: &Scenario, name: &str, slo: &Slo) -> Vec<SloResult> {
        let all: Vec<&String> = scenario.workload.keys().filter(|w| **w == slo.of).collect();
        let entities: Vec<(&str, &String)> = match all.is_empty() {
            false => all.into_iter().map(|w| ("workload", w)).collect(),
            true if slo.of == "users" => {
                scenario.workload.keys().map(|w| ("workload", w)).collect()
            }
            true => vec![("endpoint", &slo.of)],
        };
        let mut results = Vec::new();
        for (kind, entity) in entities {
            for goal in slo.goals() {
                let Some(row) = self.find(kind, entity, goal.metric, goal.stat) else { continue };
                let keeps = |value: f64| {
                    if goal.at_most { value <= goal.bound } else { value >= goal.bound }
                };
                let Estimate { estimate, low, high, .. } = row.estimate;
                let pass = keeps(estimate);
                let is_known =
                    low.is_finite() && high.is_finite() && self.has_enough(kind, entity, goal.stat);
                // A queue that has not settled is shorter than it will be, so a goal that is missed
                // now will still be missed then.
                let is_settled = goal.metric != "latency" || !pass || self.is_settled(kind, entity);
                results.push(SloResult {
                    name: name.to_string(),
                    kind,
                    of: entity.clone(),
                    metric: goal.metric,
                    stat: goal.stat,
                    unit: row.unit,
                    goal: goal.words,
                    estimate,
                    low,
                    high,
                    bound: goal.bound,
                    at_most: goal.at_most,
                    pass,
                    certain: is_known && is_settled && keeps(low) == pass && keeps(high) == pass,
                });
            }
        }
        results
    }

    /// Returns whether there are at least 20/(1−q) answers, so that the interval of the quantile q
    /// has roughly its nominal coverage. With twenty requests in each of two replications, a p99
    /// was reported as conclusively met that was missed with half of the seeds.
    fn has_enough(&self, kind: &str, entity: &str, stat: &str) -> bool {
        let Some(percentile) = stat.strip_prefix('p').and_then(|p| p.parse::<f64>().ok()) else {
            return true;
        };
        let answered = self
            .find(kind, entity, "completed", "total")
            .map_or(0.0, |row| row.estimate.estimate * f64::from(self.replications));
        answered >= 20.0 / (1.0 - percentile / 100.0)
    }

    /// Returns whether the run is long enough for the queues that a workload's requests pass
    /// through (all queues, for an endpoint).
    fn is_settled(&self, kind: &str, entity: &str) -> bool {
        let relevant =
            self.verdicts.iter().filter(|verdict| kind != "workload" || verdict.workload == entity);
        relevant
            .into_iter()
            .all(|verdict| verdict.settling.is_none() && verdict.outlook == Outlook::KeepsUp)
    }
}

/// The entities whose times have an infinite variance, so that the error of their means is unknown.
struct Heavy<'b> {
    workloads: BTreeSet<&'b str>,
    endpoints: BTreeSet<&'b str>,
    services: BTreeSet<&'b str>,
}

impl<'b> Heavy<'b> {
    fn of(built: &'b CompiledPoint) -> Heavy<'b> {
        let (balance, layout) = (&built.balance, &built.plan.layout);
        let workloads = layout
            .workloads
            .iter()
            .zip(&balance.workloads)
            .filter(|(_, balance)| balance.heavy.is_some());
        let endpoints =
            layout.endpoints.iter().zip(&balance.heavy).filter(|(_, heavy)| heavy.is_some());
        let services = layout
            .services
            .iter()
            .zip(&balance.services)
            .filter(|(_, balance)| balance.heavy.is_some());
        Heavy {
            workloads: workloads.map(|(name, _)| name.as_str()).collect(),
            endpoints: endpoints.map(|(endpoint, _)| endpoint.name.as_str()).collect(),
            services: services.map(|(name, _)| name.as_str()).collect(),
        }
    }

    fn is_mean_of(&self, metric: &Metric) -> bool {
        let of_time = matches!(metric.stat, "mean" | "sd")
            && (metric.metric == "latency" || metric.metric.starts_with("time_in."));
        let of_state =
            metric.stat == "mean" && metric.unit == "1" && metric.metric != "memory_used";
        match metric.kind {
            "workload" => of_time && self.workloads.contains(&metric.entity.as_str()),
            "endpoint" => of_time && self.endpoints.contains(&metric.entity.as_str()),
            "service" => of_state && self.services.contains(&metric.entity.as_str()),
            _ => false,
        }
    }
}

/// Returns the effect of variance reduction on the mean latency of each workload.
fn gains(fold: &Fold, confidence: f64) -> Vec<Gain> {
    let is_mean_latency = |metric: &Metric| {
        (metric.kind, metric.metric.as_str(), metric.stat) == ("workload", "latency", "mean")
    };
    let mean_latencies =
        fold.metrics.iter().enumerate().filter(|(_, metric)| is_mean_latency(metric));
    let gains_of = |(index, metric): (usize, &Metric)| {
        let antithetic = fold.antithetic_variance_ratio(index).map(|ratio| ("antithetic", ratio));
        let controlled = fold
            .controlled(index, confidence)
            .map(|result| ("control_variates", result.variance_ratio));
        let gain = |(technique, variance_ratio)| Gain {
            technique,
            workload: metric.entity.clone(),
            variance_ratio,
        };
        antithetic.into_iter().chain(controlled).map(gain).collect::<Vec<_>>()
    };
    mean_latencies.flat_map(gains_of).collect()
}

/// Returns the results of the goals of `run.replications.until`.
fn precision(scenario: &Scenario, replications: &Replications) -> Vec<PrecisionResult> {
    let written = match &scenario.run.replications {
        crate::scenario::Replications::Until(until) => until.until.as_slice(),
        crate::scenario::Replications::Fixed(_) => &[],
    };
    let unit =
        |metric: usize| replications.fold.as_ref().map_or("1", |fold| fold.metrics[metric].unit);
    let goals =
        written.iter().zip(replications.goals()).map(|(written, (metric, goal, estimate))| {
            let half_width = stats::half_width(&estimate);
            PrecisionResult {
                metric: written.metric.clone(),
                goal: written.half_width.to_string(),
                unit: unit(metric),
                half_width,
                relative: half_width / estimate.estimate.abs(),
                met: stats::met(&estimate, goal),
                more: stats::more_needed(&estimate, goal, scenario.run.confidence.0.fraction),
            }
        });
    goals.collect()
}
