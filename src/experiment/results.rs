//! Estimates, verdict and notes: all that is said of a run, in the vocabulary of `docs/outputs.md`.

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

/// One line of the summary.
#[derive(Clone, Debug)]
pub struct Row {
    /// `workload`, `endpoint`, `service`, `instance`, `link` or `balancer`.
    pub kind: &'static str,
    /// Its name.
    pub entity: String,
    /// What is measured.
    pub metric: String,
    /// Which statistic of it.
    pub stat: &'static str,
    /// `s`, `B`, `1`, `1/s` or `USD/h`.
    pub unit: &'static str,
    /// The estimate.
    pub estimate: Estimate,
    /// The replications' own values, in their order; NaN where one has none.
    pub values: Vec<f64>,
    /// Labels: `few_samples`, `one_replication`, `overloaded`, `infinite_variance`.
    pub flags: Vec<&'static str>,
}

/// How one goal of an objective came out.
#[derive(Clone, Debug)]
pub struct SloResult {
    /// Name of the objective.
    pub name: String,
    /// `workload` or `endpoint`.
    pub kind: &'static str,
    /// Which one.
    pub of: String,
    /// What is measured.
    pub metric: &'static str,
    /// Which statistic of it.
    pub stat: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The goal, in words.
    pub goal: String,
    /// The estimate.
    pub estimate: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// The bound, in the unit of the metric.
    pub bound: f64,
    /// Whether the bound is the highest or the lowest that is good.
    pub at_most: bool,
    /// Whether the estimate keeps the bound.
    pub pass: bool,
    /// Whether that is sure: there is an interval, from enough samples of a run that is long
    /// enough, and all of it is on the same side of the bound.
    pub certain: bool,
}

/// How one goal of `run.replications.until` came out.
#[derive(Clone, Debug)]
pub struct PrecisionResult {
    /// `ENTITY.METRIC.STATISTIC`.
    pub metric: String,
    /// The goal, in words.
    pub goal: String,
    /// Unit of the metric.
    pub unit: &'static str,
    /// The interval's half-width, in the unit of the metric.
    pub half_width: f64,
    /// The same as a share of the estimate.
    pub relative: f64,
    /// Whether the goal is met.
    pub met: bool,
    /// About how many more replications it would take; none if that cannot be told.
    pub more: Option<u32>,
}

/// What a way to reduce variance gained.
#[derive(Clone, Debug)]
pub struct Gain {
    /// `antithetic` or `control_variates`.
    pub technique: &'static str,
    /// The workload whose mean latency is looked at.
    pub workload: String,
    /// The variance without it over the variance with it, for as many runs: above 1 it helps.
    pub variance_ratio: f64,
}

/// What a run says.
#[derive(Clone, Debug)]
pub struct Results {
    /// Name of the scenario.
    pub scenario: String,
    /// Where the random numbers started.
    pub seed: u64,
    /// How many replications are in it.
    pub replications: u32,
    /// Confidence of the intervals, in 0 to 1.
    pub confidence: f64,
    /// Simulated time of a replication, warm-up included.
    pub duration_s: f64,
    /// Simulated time that is not measured.
    pub warmup_s: f64,
    /// Calendar entries fired in all replications.
    pub events: u64,
    /// Hexadecimal.
    pub fingerprint: String,
    /// All estimates, in their stable order.
    pub rows: Vec<Row>,
    /// Where the rows of an entity stand.
    index: Arc<Index>,
    /// What is said of each workload, in the order of the scenario.
    pub verdicts: Vec<WorkloadVerdict>,
    /// Those of them that are overloaded: a queue grows without end.
    pub overloaded: Vec<String>,
    /// All goals of all objectives.
    pub slos: Vec<SloResult>,
    /// All goals of `run.replications.until`.
    pub precision: Vec<PrecisionResult>,
    /// By way and workload, if `run.antithetic` or `run.control_variates`.
    pub gains: Vec<Gain>,
    /// The warm-up that was found, if `run.warmup` is `auto`.
    pub warmup: Option<WarmupResult>,
    /// What the run is told into, where something changes; none where nothing does.
    pub phases: Vec<Phase>,
    /// What a careful reader would add.
    pub notes: Vec<String>,
}

/// Where so many fail the system does not do what it is for, whatever the latency of the others is.
pub(crate) const MOST_FAILED: f64 = 0.5;

impl Results {
    /// The results of all replications so far.
    pub(crate) fn new(built: &CompiledPoint, replications: &Replications) -> Results {
        let scenario = &built.scenario;
        let fold =
            replications.fold.as_ref().expect("replications that are only counted say nothing");
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
                // However many replications there are, the spread of their means says nothing of
                // how far they are off.
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

    /// Names of the objectives that are missed, each once: `of: users` makes one of each workload.
    pub fn missed(&self) -> Vec<String> {
        let missed = self.slos.iter().filter(|slo| !slo.pass).map(|slo| slo.name.clone());
        missed.collect::<indexmap::IndexSet<_>>().into_iter().collect()
    }

    /// The workloads of which at least half of the requests fail, and that share.
    pub fn failing(&self) -> impl Iterator<Item = (&str, f64)> {
        let errors =
            self.rows.iter().filter(|row| row.kind == "workload" && row.metric == "error_ratio");
        errors
            .map(|row| (row.entity.as_str(), row.estimate.estimate))
            .filter(|(_, share)| *share >= MOST_FAILED)
    }

    /// The estimate of a metric of an entity.
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
                // A queue that has not settled is shorter than it will be: who misses the goal now
                // misses it then.
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

    /// Whether there are enough answers for the interval of a quantile to hold it about as often as
    /// it says: 20/(1−q). Twenty requests in each of two replications called a p99 surely met that
    /// was missed in half of the seeds.
    fn has_enough(&self, kind: &str, entity: &str, stat: &str) -> bool {
        let Some(percentile) = stat.strip_prefix('p').and_then(|p| p.parse::<f64>().ok()) else {
            return true;
        };
        let answered = self
            .find(kind, entity, "completed", "total")
            .map_or(0.0, |row| row.estimate.estimate * f64::from(self.replications));
        answered >= 20.0 / (1.0 - percentile / 100.0)
    }

    /// Whether the run is long enough for the queues that requests of a workload (any, for an
    /// endpoint) wait in.
    fn is_settled(&self, kind: &str, entity: &str) -> bool {
        let own =
            self.verdicts.iter().filter(|verdict| kind != "workload" || verdict.workload == entity);
        own.into_iter()
            .all(|verdict| verdict.settling.is_none() && verdict.outlook == Outlook::KeepsUp)
    }
}

/// Means of what has an infinite variance: nothing is known of how far off they are.
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

/// What was gained for the mean latency of each workload.
fn gains(fold: &Fold, confidence: f64) -> Vec<Gain> {
    let is_looked_at = |metric: &Metric| {
        (metric.kind, metric.metric.as_str(), metric.stat) == ("workload", "latency", "mean")
    };
    let looked_at = fold.metrics.iter().enumerate().filter(|(_, metric)| is_looked_at(metric));
    let of = |(index, metric): (usize, &Metric)| {
        let antithetic = fold.antithetic_variance_ratio(index).map(|ratio| ("antithetic", ratio));
        let controlled = fold
            .controlled(index, confidence)
            .map(|made| ("control_variates", made.variance_ratio));
        let gain = |(technique, variance_ratio)| Gain {
            technique,
            workload: metric.entity.clone(),
            variance_ratio,
        };
        antithetic.into_iter().chain(controlled).map(gain).collect::<Vec<_>>()
    };
    looked_at.flat_map(of).collect()
}

/// How the goals of `run.replications.until` came out.
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
