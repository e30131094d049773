//! Whether the goals of the objectives are met, and how certain that is.

use super::{FAILED_MIN, Results};
use crate::experiment::verdict::Outlook;
use crate::scenario::{About, Goal, Good, Scenario, Slo};
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
    /// In how many replications the value, taken alone, does not satisfy it.
    pub missed_in: usize,
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
                // Sums of decimals are not exact.
                let slack = 1e-12 * goal.bound.abs();
                let keeps = |value: f64| match goal.at_most {
                    true => value <= goal.bound + slack,
                    false => value >= goal.bound - slack,
                };
                let Estimate { estimate, low, high, .. } = row.estimate;
                // Nothing is missed of which there is nothing.
                let is_without = estimate.is_nan() && self.is_without(kind, entity, goal.metric);
                let pass = keeps(estimate) || is_without;
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
                    missed_in: row.values.iter().filter(|value| !keeps(**value)).count(),
                    // Those who wait for ever are in no latency, and in no share of failures.
                    certain: is_known
                        && is_settled
                        && self.is_shown(slo, (kind, entity), &goal, pass)
                        && !(pass && self.deadlock.is_some())
                        && keeps(low) == pass
                        && keeps(high) == pass,
                });
            }
        }
        results
    }

    /// Returns how many there are, on average of the replications; 0 if it is not counted.
    fn total(&self, kind: &str, entity: &str, metric: &str) -> f64 {
        self.find(kind, entity, metric, "total").map_or(0.0, |row| row.estimate.estimate)
    }

    /// Returns whether there is nothing that an objective could miss: no request came, or, for a
    /// burn rate, there is no whole window.
    fn is_without(&self, kind: &str, entity: &str, metric: &str) -> bool {
        let total = |metric: &str| self.total(kind, entity, metric);
        match kind {
            "slo" => metric == "worst_burn_rate" || total("good") + total("bad") == 0.0,
            "workload" | "endpoint" => total("arrivals") == 0.0,
            _ => false,
        }
    }

    /// Returns whether a goal about good requests is shown to be met or missed. Those that are
    /// still in the system may all be bad. Of a burn rate, every replication has a worst window:
    /// all of them are on one side, and what has not been seen may still come as often as its share
    /// may be.
    fn is_shown(&self, slo: &Slo, (kind, entity): (&str, &str), goal: &Goal, pass: bool) -> bool {
        let find = |metric: &str, stat: &str| self.find(kind, entity, metric, stat);
        let total = |metric: &str| self.total(kind, entity, metric);
        match goal.metric {
            "bad_ratio" if pass => {
                let may_be_bad = total("bad") + total("undecided");
                may_be_bad <= goal.bound * (may_be_bad + total("good"))
            }
            "worst_burn_rate" => {
                let row = find("worst_burn_rate", "mean");
                let agree = row.is_some_and(|row| {
                    row.values.iter().all(|value| (*value <= goal.bound) == pass)
                });
                let is_seen = total("bad") > 0.0;
                let may_be_bad =
                    find("bad_ratio", "mean").map_or(f64::NAN, |row| row.estimate.high);
                let allowed = slo.good.as_ref().map_or(f64::NAN, Good::allowed);
                agree && (!pass || is_seen || may_be_bad <= goal.bound * allowed)
            }
            _ => true,
        }
    }

    /// Returns whether there are at least 20/(1−q) answers, so that the interval of the quantile q
    /// has roughly its nominal coverage. With twenty requests in each of two replications, a p99
    /// was reported as conclusively met that was missed with half of the seeds.
    fn has_enough(&self, kind: &str, entity: &str, stat: &str) -> bool {
        let Some(percentile) = stat.strip_prefix('p').and_then(|p| p.parse::<f64>().ok()) else {
            return true;
        };
        let answered = self.total(kind, entity, "completed") * f64::from(self.replications);
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
