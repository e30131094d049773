//! Notes on the results of a run: precision goals that are missed, quantiles from too few requests,
//! rejections, and unfinished requests.
//!
//! Checked: by the output of commands, `tests/it/words.rs`.

use super::fold::enough_for;
use super::results::{Gain, PrecisionResult, Results, Row};
use super::verdict::Outlook;
use crate::scenario::{Fault, Scenario, Service};
use crate::units::Count;
use crate::units::format::{count, percent, thousands, times, value};

impl Gain {
    pub(super) fn note(&self) -> String {
        let Gain { technique, workload, variance_ratio } = self;
        let advice = if *variance_ratio < 0.995 {
            format!("; remove `run.{technique}`")
        } else {
            String::new()
        };
        let name = technique.replace('_', " ");
        format!(
            "{name}: the mean latency of {workload} is as precise as with {} times as many runs without it{advice}",
            times(*variance_ratio)
        )
    }
}

impl Results {
    /// Returns the notes on these results.
    pub(super) fn observe(&self, scenario: &Scenario) -> Vec<String> {
        let mut notes = Vec::new();
        for missed in self.precision.iter().filter(|goal| !goal.met) {
            if missed.half_width.is_nan() {
                notes.push(format!(
                    "{} has no interval, so `until` is not met: too few requests were answered",
                    missed.metric
                ));
                continue;
            }
            let more = missed.more.map_or(String::new(), |more| {
                format!("; about {} would be enough", count(u64::from(more), "more replication"))
            });
            let PrecisionResult { metric, half_width, relative, goal, unit, .. } = missed;
            // In the form of the goal; an estimate of 0 has no relative half-width.
            let half = if goal.ends_with('%') && relative.is_finite() {
                percent(*relative)
            } else {
                value(*half_width, unit)
            };
            let n = count(u64::from(self.replications), "replication");
            notes.push(format!("{metric} has a half-width of {half} after {n} (the maximum), but the goal is {goal}{more}"));
        }
        for workload in scenario.workload.keys() {
            let is_short = |row: &&Row| {
                row.kind == "workload"
                    && row.entity == *workload
                    && row.flags.contains(&"few_samples")
            };
            let is_answered = |row: &&Row| !row.estimate.estimate.is_nan();
            notes.extend(
                self.rows.iter().find(is_short).filter(is_answered).map(|row| self.too_few(row)),
            );
        }
        for (name, service) in &scenario.services {
            // Rejections propagate to the callers: only a service that was full or down rejected
            // requests itself.
            let crashes = scenario
                .faults
                .iter()
                .any(|fault| matches!(fault, Fault::Crash(crash) if crash.target == *name));
            let was_full = self.was_full(name, service);
            if !was_full && !crashes {
                continue;
            }
            let named = service.instances.iter().flat_map(|(owner, spec)| {
                spec.endpoints.keys().map(move |endpoint| (owner, endpoint))
            });
            let endpoints = service.endpoints.keys().map(|endpoint| (name, endpoint)).chain(named);
            let rejected = endpoints.filter_map(|(owner, endpoint)| {
                self.find("endpoint", &format!("{owner}.{endpoint}"), "outcomes.rejected", "mean")
            });
            let worst = rejected
                .max_by(|a, b| a.estimate.estimate.total_cmp(&b.estimate.estimate))
                .filter(|row| row.estimate.estimate > 0.0);
            if let Some(row) = worst {
                let share = percent(row.estimate.estimate);
                let full = match service.waiting_max() {
                    None => "`max_in_flight` was reached".to_string(),
                    Some(max) => format!("its queue of {} was full", Count(max)),
                };
                let why = match (was_full, crashes) {
                    (true, false) => full,
                    (false, _) => "it was down".to_string(),
                    (true, true) => format!("{full}, or it was down"),
                };
                notes.push(format!(
                    "`{name}` answered {share} of the requests to {} with \"rejected\" ({why})",
                    row.entity
                ));
            }
        }
        for (workload, _) in &scenario.workload {
            let unfinished = self
                .find("workload", workload, "unfinished", "total")
                .map_or(0.0, |r| r.estimate.estimate);
            let arrivals = self
                .find("workload", workload, "arrivals", "total")
                .map_or(0.0, |r| r.estimate.estimate);
            let is_reported = self.verdicts.iter().any(|verdict| {
                verdict.workload == *workload && verdict.outlook != Outlook::KeepsUp
            });
            if unfinished > 0.01 * arrivals && !is_reported {
                let share = percent(unfinished / arrivals);
                notes.push(format!(
                    "{share} of the requests of `{workload}` were still in the system at the end of the run and are not included in its latency"
                ));
            }
        }
        notes.into_iter().chain(blocking(scenario)).collect()
    }

    /// Returns whether an instance of a service reached its limit of requests in service, or of its
    /// queue.
    fn was_full(&self, name: &str, service: &Service) -> bool {
        let largest = |gauge: &str| {
            self.find("service", name, gauge, "max")
                .map_or(f64::INFINITY, |row| row.estimate.estimate)
        };
        match (service.max_in_flight, service.waiting_max()) {
            (None, _) => false,
            (Some(_), Some(max)) if max > 0 => largest("admission_queue") >= max as f64,
            (Some(places), _) => largest("in_flight") >= places.0 as f64,
        }
    }

    /// Returns the note on the lowest quantile that has too few answered requests: `users, p99.9
    /// and above: too few requests (5,391 were answered, and p99.9 needs 100,000); run longer or
    /// run more replications`.
    fn too_few(&self, row: &Row) -> String {
        let answered = self
            .find(row.kind, &row.entity, "completed", "total")
            .map_or(0.0, |row| row.estimate.estimate);
        let answered = thousands((answered * f64::from(self.replications)).round() as u64);
        let required = row
            .stat
            .strip_prefix('p')
            .and_then(|percentile| percentile.parse::<f64>().ok())
            .map(|percentile| enough_for(percentile / 100.0));
        let required = required.map_or(String::new(), |count| {
            format!(", and {} needs {}", row.stat, thousands(count as u64))
        });
        format!(
            "{}, {} and above: too few requests ({answered} were answered{required}); run longer or run more replications",
            row.entity, row.stat
        )
    }
}

/// Returns the notes on services whose loops or cores are held by steps that compute nothing.
fn blocking(scenario: &Scenario) -> impl Iterator<Item = String> {
    let services = scenario.services.iter().filter(|(_, service)| service.blocks());
    services.map(|(name, _)| {
        format!("`{name}` counts as busy also while `block` steps hold its loops or cores, computing nothing")
    })
}

impl Results {
    /// Returns a note on every service whose requests were more than its measured times reach.
    pub(super) fn beyond_tables(&self, scenario: &Scenario) -> Vec<String> {
        let mut notes = Vec::new();
        for (name, service) in &scenario.services {
            let Some(ends) = service.load_known_up_to() else { continue };
            let row = self.find("service", name, "in_flight", "max");
            let most = row.map_or(0.0, |row| row.estimate.estimate);
            if most > ends as f64 {
                notes.push(format!(
                    "up to {} were in flight at an instance of {name}, and a `table` of its `load` ends at {}: beyond it, times are those of its last row",
                    count(most as u64, "request"),
                    thousands(ends)
                ));
            }
        }
        notes
    }
}
