//! Whether the goals of the objectives are met, and how certain that is.

use super::{FAILED_MIN, Results};
use crate::experiment::verdict::Outlook;
use crate::scenario::{About, Scenario, Slo};
use crate::stats::Estimate;

/// The result of one goal of an objective.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SloResult {
    /// The name of the objective.
    pub name: String,
    /// `workload`, `endpoint`, `service` or `system`; `slo` of a share of good requests.
    pub kind: &'static str,
    /// The name of the workload, endpoint or service; `all` of the system.
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

impl Results {
    /// Returns the share of requests that a met goal leaves out, in 0 to 1: a latency covers
    /// answered requests only, so a goal can be met because many others fail. `None` if the goal is
    /// missed, is not about a latency, or if too few fail to matter.
    pub(crate) fn left_out(&self, goal: &SloResult) -> Option<f64> {
        let failed = self.find(goal.kind, &goal.of, "error_ratio", "mean")?.estimate.estimate;
        (goal.metric == "latency" && goal.pass && failed >= FAILED_MIN).then_some(failed)
    }

    pub(super) fn judge(&self, scenario: &Scenario, name: &str, slo: &Slo) -> Vec<SloResult> {
        let requests: Vec<(&str, &str)> = match scenario.workload.get_key_value(&slo.of) {
            Some((workload, _)) => vec![("workload", workload)],
            None if slo.of == "users" => {
                scenario.workload.keys().map(|workload| ("workload", workload.as_str())).collect()
            }
            None => vec![("endpoint", &slo.of)],
        };
        let (service, system) = ([("service", slo.of.as_str())], [("system", "all")]);
        let promise = [("slo", name)];
        let mut results = Vec::new();
        for goal in slo.goals() {
            let entities: &[(&'static str, &str)] = match goal.about() {
                About::Requests => &requests,
                About::Service => &service,
                About::System => &system,
                About::Promise => &promise,
            };
            for &(kind, entity) in entities {
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
                let is_settled = goal.metric != "latency" && goal.about() == About::Requests
                    || !pass
                    || self.is_settled(kind, entity);
                results.push(SloResult {
                    name: name.to_string(),
                    kind,
                    of: if kind == "slo" { slo.of.clone() } else { entity.to_string() },
                    metric: goal.metric,
                    stat: goal.stat,
                    unit: row.unit,
                    goal: goal.words.clone(),
                    estimate,
                    low,
                    high,
                    bound: goal.bound,
                    at_most: goal.at_most,
                    pass,
                    // Those who wait for ever are in no latency, and in no share of failures.
                    certain: is_known
                        && is_settled
                        && !(pass && self.deadlock.is_some())
                        && keeps(low) == pass
                        && keeps(high) == pass,
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
