//! Latencies of a 0.1 file as native distributions: what the original actually drew from.
//!
//! Law: `exponential` by its mean; `normal` with `variance` as the standard deviation, clipped at
//! 0; `log_normal` with `mean` and `variance` as μ and σ of the underlying normal, in ln s;
//! `uniform` from 0 to 1 s whatever the mean; `poisson` in whole seconds. All but the first are
//! reported, with what was probably meant. Source: the original's samplers. Tests in `tests.rs`.

use super::payload::{ActiveUsers, Distribution, Edge, UsersDistribution};
use super::variable::Variable;
use crate::problem::Problems;
use crate::random::dists::exp::Exp;
use crate::random::dists::lognormal::Lognormal;
use crate::random::dists::normal::{BelowMin, Normal};
use crate::random::dists::poisson::{Poisson, Steps};
use crate::random::dists::uniform::Uniform;
use crate::scenario::Dist;
use crate::units::{Count, Quantity, Span};

/// Returns the latency of an edge; `path` is that of the edge. An edge without latency takes 0 s.
pub(crate) fn latency(edge: &Edge, path: &str, problems: &mut Problems) -> Dist<Span> {
    edge.latency.as_ref().map_or(Dist::constant(Span::ZERO), |latency| {
        time(latency, &format!("{path}.latency"), "latency", problems)
    })
}

/// Converts a time; `word` is its native field name, and `path` its path in the payload.
pub(crate) fn time(
    written: &Variable,
    path: &str,
    word: &str,
    problems: &mut Problems,
) -> Dist<Span> {
    let (mean, variance) = (written.mean, written.variance());
    let wanted = Span::from_seconds(mean);
    let native = |text: String| native(wanted, word, &text);
    let (dist, what, help) = match written.distribution.unwrap_or(Distribution::Deterministic) {
        Distribution::Exponential => return Dist::Exp(Exp { mean: wanted }),
        // `check` rejects these distributions, so only plain numbers get here.
        Distribution::Deterministic
        | Distribution::Weibull
        | Distribution::Pareto
        | Distribution::Erlang
        | Distribution::Empirical => {
            return Dist::constant(wanted);
        }
        Distribution::Normal => {
            let sd = Span::from_seconds(variance);
            let what = format!(
                "`normal` has a mean of {wanted} and a standard deviation of {sd} here: the original AsyncFlow uses `variance` as the standard deviation"
            );
            let help = format!(
                "if {variance} s² was meant as the variance, write its square root, `variance: {}`",
                root(variance)
            );
            (normal(wanted, sd), what, help)
        }
        Distribution::LogNormal => {
            let dist = lognormal(mean, variance);
            let real = Span::from_seconds((mean + variance * variance / 2.0).exp());
            let what = format!(
                "`log_normal` has a mean of {real} here: the original AsyncFlow uses `mean` and `variance` as μ = {mean} and σ = {variance}"
            );
            let cv = written
                .variance
                .map_or(1.0, |variance| (variance.sqrt() / mean * 1000.0).round() / 1000.0);
            (dist, what, native(format!("{{ lognormal: {{ mean: {wanted}, cv: {cv} }} }}")))
        }
        Distribution::Uniform => {
            let what = "`uniform` is from 0s to 1s here: the original AsyncFlow ignores the mean"
                .to_string();
            let twice = Span::from_seconds(2.0 * mean);
            let between = [Span::ZERO, Span::from_seconds(1.0)];
            (
                Dist::Uniform(Uniform { between }),
                what,
                native(format!("{{ uniform: [0s, {twice}] }}")),
            )
        }
        Distribution::Poisson => {
            let what =
                format!("`poisson` is a whole number of seconds here, with a mean of {wanted}");
            let who = if word == "latency" { "an edge" } else { "a step" };
            let help = format!(
                "`poisson` is the default for {who}; `distribution: exponential` was probably meant"
            );
            let step = Span::from_seconds(1.0);
            (Dist::Poisson(Poisson::Steps(Steps { mean: wanted, step })), what, help)
        }
    };
    match word {
        "latency" => problems.note(path, what).advise(help),
        _ => problems.warning(path, what).advise(help),
    };
    dist
}

/// Returns the help text for a distribution that a 0.1 file cannot express.
fn native(wanted: Span, word: &str, law: &str) -> String {
    format!(
        "if a mean of {wanted} was meant, convert the file with `asyncflow convert` and write `{word}: {law}` there"
    )
}

/// Returns the native form of a distribution that the original cannot draw times from, with this
/// mean and variance; the default variance is that of an exponential time.
pub(crate) fn beyond(law: Distribution, mean: f64, variance: Option<f64>) -> String {
    let rounded = |number: f64| (number * 1000.0).round() / 1000.0;
    // An invalid variance is reported elsewhere.
    let cv =
        variance.map(|variance| variance.sqrt() / mean).filter(|cv| cv.is_finite()).unwrap_or(1.0);
    let span = Span::from_seconds(mean);
    match law {
        // Practically constant.
        Distribution::Weibull | Distribution::Erlang | Distribution::Pareto if cv < 0.01 => {
            span.to_string()
        }
        Distribution::Weibull => format!("{{ weibull: {{ mean: {span}, cv: {} }} }}", rounded(cv)),
        Distribution::Erlang => format!(
            "{{ erlang: {{ mean: {span}, k: {} }} }}",
            (1.0 / (cv * cv)).round().clamp(1.0, 1000.0)
        ),
        Distribution::Pareto => {
            let alpha = 1.0 + (1.0 + 1.0 / (cv * cv)).sqrt();
            let min = Span::from_seconds(mean * (alpha - 1.0) / alpha);
            format!("{{ pareto: {{ min: {min}, alpha: {} }} }}", rounded(alpha))
        }
        _ => "{ empirical: { file: measured.csv, column: seconds, unit: 1s } }".to_string(),
    }
}

/// Returns the square root of a variance, rounded to nine decimals.
fn root(variance: f64) -> f64 {
    (variance.sqrt() * 1e9).round() / 1e9
}

/// Returns a normal distribution clipped at 0; a constant if `sd` is 0.
fn normal<Q: Quantity>(mean: Q, sd: Q) -> Dist<Q> {
    if sd.to_base() == 0.0 {
        return Dist::constant(mean);
    }
    Dist::Normal(Normal { mean, sd, min: Some(Q::from_base(0.0)), below_min: BelowMin::Clip })
}

/// Returns a lognormal distribution from the mean and standard deviation of the logarithm of its
/// seconds; the constant median if its cv is below 10⁻⁴.
fn lognormal(mu: f64, sigma: f64) -> Dist<Span> {
    let cv = (sigma * sigma).exp_m1().sqrt();
    if cv < 1e-4 {
        return Dist::constant(Span::from_seconds(mu.exp()));
    }
    let mean = Span::from_seconds((mu + sigma * sigma / 2.0).exp());
    Dist::Lognormal(Lognormal { p50: None, p99: None, mean: Some(mean), cv: Some(cv) })
}

/// Converts the number of active users.
pub(crate) fn active(users: &ActiveUsers, problems: &mut Problems) -> Dist<Count> {
    if users.distribution == UsersDistribution::Poisson {
        return Dist::Poisson(Poisson::Mean(users.mean));
    }
    let variance = users.variance.unwrap_or(users.mean);
    let (mean, sd) = (Count::from_base(users.mean), Count::from_base(variance));
    let path = "rqs_input.avg_active_users";
    let what = format!(
        "`normal` has a mean of {} users and a standard deviation of {variance} here: the original AsyncFlow uses `variance` as the standard deviation",
        users.mean
    );
    problems.note(path, what).advise(format!(
        "if {variance} was meant as the variance, write its square root, `variance: {}`",
        root(variance)
    ));
    if mean.to_base() != users.mean || sd.to_base() != variance {
        let what = format!(
            "the mean and standard deviation of the number of users are rounded to whole numbers here, {mean} and {sd}"
        );
        problems.warning(path, what).advise("write whole numbers");
    }
    normal(mean, sd)
}
