//! Service level objectives: what the system should achieve.

use crate::units::{Rate, Share, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `slos: { fast: { of: users, p95: 60ms, errors: 0.1% } }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// A workload or an endpoint; `users` is every workload, unless one has that name.
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

/// One goal of an objective: a statistic of a metric, and its bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Name of the metric, such as `latency`.
    pub metric: &'static str,
    /// The statistic of the metric, such as `p95`.
    pub stat: &'static str,
    /// The bound, in the unit of the metric.
    pub bound: f64,
    /// Whether the bound is an upper bound; otherwise it is a lower bound.
    pub at_most: bool,
    /// The goal in short form: `p95 < 60ms`.
    pub words: String,
}

impl Slo {
    /// Parses an objective in short form: `users.p95 < 60ms`, `users.errors < 1%`,
    /// `users.throughput > 100/s`. `users.latency.p95 <= 60ms` means the same as the first.
    ///
    /// # Errors
    /// The error text and its help text.
    pub(crate) fn from_words(words: &str) -> Result<Slo, (String, String)> {
        let help =
            "name an objective of `slos`, or write for example `users.p95 < 60ms`, `users.errors < 1%` or `users.throughput > 100/s`"
                .to_string();
        let words = &words.replace('≤', "<").replace('≥', ">");
        let Some(at) = words.find(['<', '>']) else {
            return Err((format!("`{words}` is not an objective in `slos`"), help));
        };
        let (left, bound) = (words[..at].trim(), words[at + 1..].trim_start_matches('=').trim());
        // Accepts the metric names used elsewhere.
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
            return Err((format!("`{left}` does not end with one of {}", known.join(", ")), help));
        };
        if (stat == "throughput") != words[at..].starts_with('>') {
            let sign = if stat == "throughput" { '>' } else { '<' };
            return Err((format!("a bound for {stat} is written with `{sign}`"), help));
        }
        let written = serde_json::json!({ "of": of, stat: bound });
        serde_json::from_value(written).map_err(|error| {
            (
                format!(
                    "`{bound}` is not a valid bound for {stat}: {}",
                    error.to_string().lines().next().unwrap_or_default()
                ),
                help,
            )
        })
    }
    /// Returns its goals, in the order of the fields.
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
