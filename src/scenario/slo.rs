//! Service level objectives: what the system should achieve.

use crate::units::{Rate, Share, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `slos: { fast: { of: users, p95: 60ms, errors: 0.1% } }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// A workload, an endpoint, or `users` for every workload.
    pub of: String,
    /// Highest mean latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Span>,
    /// Highest median latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<Span>,
    /// Highest 90th percentile of the latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<Span>,
    /// Highest 95th percentile of the latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<Span>,
    /// Highest 99th percentile of the latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<Span>,
    /// Highest 99.9th percentile of the latency.
    #[serde(default, rename = "p99.9", skip_serializing_if = "Option::is_none")]
    pub p999: Option<Span>,
    /// Highest share of failed requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Share>,
    /// Lowest throughput.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Rate>,
}

/// One goal of an objective: a number of the vocabulary, and the bound it has to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Name of the metric.
    pub metric: &'static str,
    /// Which of its statistics.
    pub stat: &'static str,
    /// The bound, in the unit of the metric.
    pub bound: f64,
    /// Whether the bound is the highest or the lowest that is good.
    pub at_most: bool,
    /// As people say it: `p95 < 60ms`.
    pub words: String,
}

impl Slo {
    /// An objective in words: `users.p95 < 60ms`, `users.errors < 1%`, `users.throughput > 100/s`;
    /// `users.latency.p95 <= 60ms` is the first too.
    ///
    /// # Errors
    /// What is wrong, and what to write.
    pub(crate) fn from_words(words: &str) -> Result<Slo, (String, String)> {
        let help =
            "name an objective of `slos`, or write for example `users.p95 < 60ms`, `users.errors < 1%` or `users.throughput > 100/s`"
                .to_string();
        let words = &words.replace('≤', "<").replace('≥', ">");
        let Some(at) = words.find(['<', '>']) else {
            return Err((format!("`{words}` is no objective in `slos`"), help));
        };
        let (left, bound) = (words[..at].trim(), words[at + 1..].trim_start_matches('=').trim());
        // As metrics are named everywhere else.
        let left = &match left.rsplit_once('.') {
            Some((of, "error_ratio")) => format!("{of}.errors"),
            Some((of, "mean")) if of.ends_with(".error_ratio") => {
                format!("{}.errors", of.trim_end_matches(".error_ratio"))
            }
            Some((of, "mean")) if of.ends_with(".throughput") => of.to_string(),
            _ => left.replacen(".latency.", ".", 1),
        };
        let known = ["mean", "p50", "p90", "p95", "p99.9", "p99", "errors", "throughput"];
        let Some((of, stat)) = known
            .iter()
            .find_map(|stat| Some((left.strip_suffix(stat)?.strip_suffix('.')?, *stat)))
        else {
            return Err((format!("`{left}` does not end in one of {}", known.join(", ")), help));
        };
        if (stat == "throughput") != words[at..].starts_with('>') {
            let sign = if stat == "throughput" { '>' } else { '<' };
            return Err((format!("a bound of {stat} is written with `{sign}`"), help));
        }
        let written = serde_json::json!({ "of": of, stat: bound });
        serde_json::from_value(written).map_err(|error| {
            (
                format!(
                    "`{bound}` is no bound of {stat}: {}",
                    error.to_string().lines().next().unwrap_or_default()
                ),
                help,
            )
        })
    }
    /// Its goals, in their order.
    pub fn goals(&self) -> Vec<Goal> {
        let latencies = [
            ("mean", self.mean),
            ("p50", self.p50),
            ("p90", self.p90),
            ("p95", self.p95),
            ("p99", self.p99),
            ("p99.9", self.p999),
        ];
        let latencies = latencies.into_iter().filter_map(|(stat, bound)| {
            let bound = bound?;
            Some(Goal {
                metric: "latency",
                stat,
                bound: bound.seconds(),
                at_most: true,
                words: format!("{stat} < {bound}"),
            })
        });
        let errors = self.errors.map(|bound| Goal {
            metric: "error_ratio",
            stat: "mean",
            bound: bound.fraction,
            at_most: true,
            words: format!("errors < {bound}"),
        });
        let throughput = self.throughput.map(|bound| Goal {
            metric: "throughput",
            stat: "mean",
            bound: bound.per_second,
            at_most: false,
            words: format!("throughput > {bound}"),
        });
        latencies.chain(errors).chain(throughput).collect()
    }
}
