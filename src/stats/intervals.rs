//! Point estimates and their confidence intervals.
//!
//! - means: Student's t over the replications' values (Law 2015, *Simulation Modeling and
//!   Analysis*, §9.4.1);
//! - quantiles: the pooled quantile, with Woodruff's interval (`quantiles.rs`);
//! - extremes: the largest or smallest value of all replications, with the range of the values of
//!   the single replications;
//! - ratios: the ratio of sums, jackknifed over replications (Law 2015, §9.4.3; Iglehart 1975);
//!   with fewer than ten events of a kind (including none), at least as wide as the interval of
//!   Clopper and Pearson (1934) for as many independent requests: of n requests without a failure,
//!   up to 3.7/n may fail.
//!
//! Checked: against published t quantiles and hand-computed examples; coverage in
//! `tests/it/coverage.rs` and `docs/statistics.md`.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::function::beta::beta_reg;

/// An estimate with its confidence interval, in the unit of the values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The point estimate; NaN if no replication has a value.
    pub estimate: f64,
    /// The lower end of the interval; NaN with fewer than two values.
    pub low: f64,
    /// The upper end of the interval; NaN with fewer than two values.
    pub high: f64,
    /// The standard error of the estimate; NaN with fewer than two values and for extremes.
    pub std_error: f64,
    /// The number of replications with a value.
    pub n: u32,
    /// The method of the interval.
    pub method: Method,
}

/// The method of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Student's t over the replications' values.
    T,
    /// A mean corrected by control variates.
    Controlled,
    /// A pooled quantile, from the error of the share of durations at or below it (Woodruff 1952).
    Woodruff,
    /// A ratio of sums, jackknifed over replications.
    Jackknife,
    /// A ratio of sums with too few events for the jackknife alone: the binomial interval of the
    /// counts (Clopper, Pearson 1934), or the jackknife interval where that is wider.
    ClopperPearson,
    /// The most extreme value of all, with the range of the values of the replications: what was
    /// observed, not an interval for the expected value.
    Range,
}

impl Method {
    /// Returns the name of the method in the result files.
    pub fn name(self) -> &'static str {
        match self {
            Method::T => "t",
            Method::Controlled => "controlled",
            Method::Woodruff => "woodruff",
            Method::Jackknife => "jackknife",
            Method::ClopperPearson => "clopper_pearson",
            Method::Range => "range",
        }
    }
}

/// Above this many degrees of freedom the normal quantile is more accurate than the t quantile of
/// the library.
const DEGREES_MAX: u32 = 10_000;

/// Returns the two-sided quantile t of Student's distribution: values between −t and t have
/// probability `confidence` (in 0 to 1). Infinite for 0 degrees of freedom.
pub fn student_t(confidence: f64, degrees: u32) -> f64 {
    let p = 0.5 + confidence / 2.0;
    match degrees {
        0 => f64::INFINITY,
        1..=DEGREES_MAX => {
            StudentsT::new(0.0, 1.0, degrees as f64).map_or(f64::INFINITY, |t| t.inverse_cdf(p))
        }
        _ => Normal::standard().inverse_cdf(p),
    }
}

/// Returns the t interval about `estimate` from its standard error.
pub(super) fn interval(
    estimate: f64,
    std_error: f64,
    n: u32,
    confidence: f64,
    method: Method,
) -> Estimate {
    let half = match std_error {
        // Equal values in every replication leave no estimated error.
        0.0 => 0.0,
        error => error * student_t(confidence, n.saturating_sub(1)),
    };
    let std_error = if n < 2 { f64::NAN } else { std_error };
    let half = if n < 2 { f64::NAN } else { half };
    Estimate { estimate, low: estimate - half, high: estimate + half, std_error, n, method }
}

/// Returns the mean of the values with its t interval (Law 2015, §9.4.1). NaN values are left out.
/// `confidence` is in 0 to 1.
pub fn mean(values: &[f64], confidence: f64) -> Estimate {
    let n = values.iter().filter(|v| !v.is_nan()).count();
    let known = || values.iter().filter(|v| !v.is_nan());
    // Relative to the first value, so that the mean of equal values is exactly that value.
    let first = known().next().copied().unwrap_or(f64::NAN);
    let mean = first + known().map(|v| v - first).sum::<f64>() / n as f64;
    let squares: f64 = known().map(|v| (v - mean) * (v - mean)).sum();
    let std_error = (squares / (n as f64 - 1.0).max(1.0) / n as f64).sqrt();
    interval(mean, std_error, n as u32, confidence, Method::T)
}

/// Returns the largest (or smallest) of the values, with their range as the interval. NaN values
/// are left out.
pub fn extreme(values: &[f64], largest: bool) -> Estimate {
    let known = || values.iter().copied().filter(|v| !v.is_nan());
    let (low, high) = (known().fold(f64::NAN, f64::min), known().fold(f64::NAN, f64::max));
    let estimate = if largest { high } else { low };
    Estimate {
        estimate,
        low,
        high,
        std_error: f64::NAN,
        n: known().count() as u32,
        method: Method::Range,
    }
}

/// Returns the interval about a pooled quantile, or a difference of two, from the spread of the
/// linearised values of the replications about it.
pub(super) fn interval_around(pooled: f64, values: &[f64], confidence: f64) -> Estimate {
    let n = values.iter().filter(|v| !v.is_nan()).count();
    let squares: f64 =
        values.iter().filter(|v| !v.is_nan()).map(|v| (v - pooled) * (v - pooled)).sum();
    let std_error = (squares / (n as f64 - 1.0).max(1.0) / n as f64).sqrt();
    interval(pooled, std_error, n as u32, confidence, Method::Woodruff)
}

/// Returns the ratio of sums, jackknifed over replications (Law 2015, §9.4.3). `values` are the
/// replications' ratios and `weights` their denominators; a replication with a NaN ratio or a
/// denominator of 0 does not count. `confidence` is in 0 to 1.
pub fn ratio(values: &[f64], weights: &[f64], confidence: f64) -> Estimate {
    let pairs = || {
        values
            .iter()
            .zip(weights)
            .filter(|(v, w)| !v.is_nan() && **w > 0.0)
            .map(|(v, w)| (v * w, *w))
    };
    let n = pairs().count() as f64;
    let (above, below) = pairs().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    if n < 2.0 {
        return interval(above / below, 0.0, n as u32, confidence, Method::Jackknife);
    }
    let pseudo =
        || pairs().map(|(x, y)| n * (above / below) - (n - 1.0) * ((above - x) / (below - y)));
    let estimate = pseudo().sum::<f64>() / n;
    let squares: f64 = pseudo().map(|p| (p - estimate) * (p - estimate)).sum();
    let mut estimated = interval(
        estimate,
        (squares / (n - 1.0) / n).sqrt(),
        n as u32,
        confidence,
        Method::Jackknife,
    );
    // A share of counts is in 0 to 1, but the bias correction of the jackknife may leave that
    // range.
    if above >= 0.0 {
        estimated.estimate = estimated.estimate.max(0.0);
        estimated.low = estimated.low.max(0.0);
    }
    if above <= below {
        estimated.estimate = estimated.estimate.min(1.0);
        estimated.high = estimated.high.min(1.0);
    }
    if above >= 0.0 && above <= below && above.min(below - above) < FEW {
        let (low, high) = clopper_pearson(above.round(), below.round(), confidence);
        (estimated.low, estimated.high, estimated.method) =
            (estimated.low.min(low), estimated.high.max(high), Method::ClopperPearson);
    }
    estimated
}

/// With fewer counts than this, the spread over replications is too uncertain.
const FEW: f64 = 10.0;

/// Returns the interval of Clopper and Pearson for a share, from `some` of `all` independent
/// trials: all shares under which neither `some` or fewer nor `some` or more is improbable.
fn clopper_pearson(some: f64, all: f64, confidence: f64) -> (f64, f64) {
    let tail = (1.0 - confidence) / 2.0;
    // For none or all, the binomial distribution is a power.
    let end = |trials: f64| -(tail.ln() / trials).exp_m1();
    let low = match some {
        0.0 => 0.0,
        some if some == all => 1.0 - end(all),
        some => beta_quantile(some, all - some + 1.0, tail),
    };
    // Via the complement: the upper tail probability is too near to 1 for precision.
    let high = match some {
        0.0 => end(all),
        some if some == all => 1.0,
        some => 1.0 - beta_quantile(all - some, some + 1.0, tail),
    };
    (low, high)
}

/// Returns a quantile of a beta distribution, by bisection: the Newton iteration of the library
/// does not terminate for some parameters.
fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if beta_reg(a, b, middle) < p { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests;
