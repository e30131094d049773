//! Range checks for the numbers and times in a 0.1 file.

use super::latency;
use super::payload::Distribution;
use super::variable::Variable;
use crate::problem::Problems;

/// The maximum time, in seconds.
pub(crate) const LONGEST_S: f64 = 1e9;

/// Reports an error for the number at `path` unless `holds`; `rule` completes "`NAME` …".
pub(crate) fn demand(
    problems: &mut Problems,
    holds: bool,
    path: impl Into<String>,
    rule: &str,
    found: f64,
) {
    if !holds {
        let path = path.into();
        let name = path.rsplit('.').next().unwrap_or_default().to_string();
        problems.error(path, format!("`{name}` {rule}, not {found}"));
    }
}

pub(crate) fn whole(number: f64, least: f64, most: f64) -> bool {
    number.fract() == 0.0 && (least..=most).contains(&number)
}

/// Checks a random or constant time.
pub(crate) fn time(time: &Variable, path: &str, problems: &mut Problems) {
    let at = |field: &str| {
        if time.distribution.is_some() { format!("{path}.{field}") } else { path.to_string() }
    };
    let holds = time.mean > 0.0 && time.mean <= LONGEST_S;
    demand(problems, holds, at("mean"), "must be more than 0 s and at most 10^9 s", time.mean);
    let variance = time.variance.unwrap_or(0.0);
    demand(
        problems,
        (0.0..=LONGEST_S).contains(&variance),
        at("variance"),
        "must be from 0 to 10^9",
        variance,
    );
    let (mu, sigma) = (time.mean, time.variance());
    match time.distribution {
        Some(Distribution::LogNormal)
            if sigma > 3.7 || mu + sigma * sigma / 2.0 > LONGEST_S.ln() =>
        {
            let what = format!(
                "`log_normal` with μ = {mu} and σ = {sigma}, as the original AsyncFlow reads `mean` and `variance`, is too large for a latency or a step"
            );
            problems.error(path, what).advise(
                "μ is the natural logarithm of the median in seconds; keep μ at most 20 and σ at most 3.7",
            );
        }
        Some(Distribution::Deterministic) => {
            let what = "the original AsyncFlow cannot draw a time from `deterministic`";
            problems
                .error(at("distribution"), what)
                .advise(format!("write the number alone, `{mu}`"));
        }
        Some(
            law @ (Distribution::Weibull
            | Distribution::Pareto
            | Distribution::Erlang
            | Distribution::Empirical),
        ) => {
            let what =
                "the original AsyncFlow uses this only for gaps between arrivals, not for times";
            let native = latency::beyond(law, mu, time.variance);
            let help = format!(
                "write `exponential`, `normal` or `log_normal`; or write the number alone, `{mu}`, convert the file with `asyncflow convert`, and replace the number by `{native}`"
            );
            problems.error(at("distribution"), what).advise(help);
        }
        _ => {}
    }
}
