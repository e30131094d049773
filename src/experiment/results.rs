//! The results of a run: estimates, verdicts and notes, in the vocabulary of `docs/outputs.md`.

mod gains;
mod heavy;
mod objectives;
mod precision;

pub use gains::Gain;
pub use objectives::SloResult;
pub use precision::PrecisionResult;

use super::fold::Fold;
use super::phases::{self, Phase};
use super::point::CompiledPoint;
use super::replications::Replications;
use super::verdict::{self, Outlook, WorkloadVerdict};
use super::warmup::WarmupResult;
use crate::measure::Index;
use crate::stats::Estimate;
use crate::units::Span;
use gains::gains;
use heavy::Heavy;
use precision::precision;
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
    /// Requests that wait for each other for ever, if there are any in some replication.
    pub deadlock: Option<DeadlockResult>,
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

/// A deadlock: requests each of which holds a lock or a connection that the next waits for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeadlockResult {
    /// The number of replications that end in one.
    pub replications: u32,
    /// The first of them, counted from 0.
    pub replication: u32,
    /// When the circle closed in that one, in seconds of simulated time.
    pub at_s: f64,
    /// The number of requests that wait in the circle and for it at the end.
    pub requests: u64,
    /// The workloads whose requests wait, in any replication.
    pub workloads: Vec<String>,
    /// Who waits for what: `api.x waits for the lock api#1.b, api.y waits for the lock api#1.a`.
    pub circle: String,
}

impl DeadlockResult {
    fn of(fold: &Fold) -> Option<DeadlockResult> {
        let (replication, first) = fold.deadlock.as_ref()?;
        Some(DeadlockResult {
            replications: fold.deadlocks,
            replication: *replication,
            at_s: Span(first.at.0).seconds(),
            requests: first.requests,
            workloads: fold
                .deadlocked
                .iter()
                .map(|id| fold.workloads[*id as usize].clone())
                .collect(),
            circle: first.circle.clone(),
        })
    }
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
            deadlock: DeadlockResult::of(fold),
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
        results.notes.extend(results.beyond_tables(scenario));
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
}
