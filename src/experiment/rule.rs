//! From `run.replications` to a [`Rule`]: looks up metrics by name and converts half-widths to base
//! units.

use super::replications::Rule;
use crate::measure::Metric;
use crate::problem::{Problem, Problems, Severity, nearest};
use crate::scenario::{HalfWidth, Replications, Scenario};
use crate::stats;

/// Returns the index of the metric `ENTITY.METRIC.STATISTIC`, such as `users.latency.p99` or
/// `api.GET /x.error_ratio.mean`. Also accepts the names used by objectives: `users.p99` is a
/// quantile of the latency, `users.errors` the share of failed requests.
///
/// # Errors
/// If there is no such metric; the problem suggests the nearest name.
pub(crate) fn metric_named(
    metrics: &[Metric],
    name: &str,
    path: &str,
) -> Result<usize, Box<Problem>> {
    let full = |metric: &Metric| format!("{}.{}.{}", metric.entity, metric.metric, metric.stat);
    if let Some(index) = metrics.iter().position(|metric| full(metric) == name) {
        return Ok(index);
    }
    // A metric with a single statistic, such as `users.throughput`, needs no statistic.
    let short: Vec<usize> = (0..metrics.len())
        .filter(|&i| format!("{}.{}", metrics[i].entity, metrics[i].metric) == name)
        .collect();
    if let [only] = short[..] {
        return Ok(only);
    }
    let as_objective = |metric: &Metric| match metric.metric.as_str() {
        "latency" => format!("{}.{}", metric.entity, metric.stat) == name,
        "error_ratio" => name.strip_suffix(".errors") == Some(&metric.entity),
        _ => false,
    };
    if let Some(index) = metrics.iter().position(as_objective) {
        return Ok(index);
    }
    let problem = Problem::new(Severity::Error, path, format!("there is no metric `{name}`"));
    if let Some(first) = short.first() {
        let statistics: Vec<&str> = short.iter().map(|&i| metrics[i].stat).collect();
        let help = format!(
            "add one of its statistics ({}), such as `{}`",
            statistics.join(", "),
            full(&metrics[*first])
        );
        return Err(Box::new(problem.help(help)));
    }
    let names: Vec<String> = metrics.iter().map(full).collect();
    let help = match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => match names.first() {
            Some(first) => format!(
                "a metric is named ENTITY.METRIC.STATISTIC, such as `{first}`; `--json` lists them"
            ),
            None => "a metric is named ENTITY.METRIC.STATISTIC".to_string(),
        },
    };
    Err(Box::new(problem.help(help)))
}

impl Rule {
    /// Creates a rule for a fixed number of replications.
    pub(crate) fn fixed(replications: u32, confidence: f64) -> Rule {
        Rule { min: replications, max: replications, goals: Vec::new(), confidence }
    }
    /// Creates the rule of a scenario.
    ///
    /// # Errors
    /// If it names an unknown metric, or a half-width in another unit than the metric.
    pub(crate) fn new(scenario: &Scenario, metrics: &[Metric]) -> Result<Rule, Problems> {
        let confidence = scenario.run.confidence.0.fraction;
        let until = match &scenario.run.replications {
            Replications::Fixed(n) => return Ok(Rule::fixed(*n, confidence)),
            Replications::Until(until) => until,
        };
        let (mut problems, mut goals) = (Problems::default(), Vec::new());
        for (index, precision) in until.until.iter().enumerate() {
            let path = match until.until.len() {
                1 => "run.replications.until".to_string(),
                _ => format!("run.replications.until[{index}]"),
            };
            match metric_named(metrics, &precision.metric, &format!("{path}.metric")) {
                Err(problem) => problems.list.push(*problem),
                Ok(metric) => match (precision.half_width, metrics[metric].unit) {
                    (HalfWidth::Relative(share), _) => {
                        goals.push((metric, stats::HalfWidth::Relative(share.fraction)))
                    }
                    (HalfWidth::Duration(span), "s") => {
                        goals.push((metric, stats::HalfWidth::Absolute(span.seconds())))
                    }
                    (HalfWidth::Number(number), unit) if unit != "s" => {
                        goals.push((metric, stats::HalfWidth::Absolute(number)))
                    }
                    (other, unit) => {
                        let what = format!(
                            "`{}` has the unit {unit}, but `{other}` does not",
                            precision.metric
                        );
                        let help = if unit == "s" {
                            "write a duration such as `2ms`, or a share such as `5%`"
                        } else {
                            "write a bare number, or a share such as `5%`"
                        };
                        problems.error(format!("{path}.half_width"), what).advise(help);
                    }
                },
            }
        }
        match problems.list.is_empty() {
            true => Ok(Rule { min: until.min, max: until.max, goals, confidence }),
            false => Err(problems),
        }
    }
}
