//! Point estimates and their intervals.
//!
//! - means: Student's t over the replications' values (Law 2015, *Simulation Modeling and Analysis*, §9.4.1);
//! - quantiles: the pooled quantile, with a t-interval from the spread of the replications' own quantiles about it: sectioning
//!   (Asmussen, Glynn 2007, *Stochastic Simulation*, §III.5a);
//! - extremes: the largest or smallest value seen, with the range of the replications' own;
//! - ratios: the ratio of sums, jackknifed over replications (Law 2015, §9.4.3; Iglehart 1975).
//!
//! Checked: against published t quantiles and hand-computed examples below; coverage is a later issue's.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// NaN if no replication has a value.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Standard error of the estimate.
    pub std_error: f64,
    /// How many replications had a value.
    pub n: u32,
    /// How the interval was made.
    pub method: Method,
}

/// How an interval was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Student's t over the replications' values.
    T,
    /// Pooled quantile, t-interval by sectioning.
    Sectioning,
    /// Ratio of sums, jackknifed over replications.
    Jackknife,
    /// The most extreme value of all, with the range of the replications' own: what was seen, not what is to be expected.
    Range,
}

impl Method {
    /// Its name in the files.
    pub fn name(self) -> &'static str {
        match self {
            Method::T => "t",
            Method::Sectioning => "sectioning",
            Method::Jackknife => "jackknife",
            Method::Range => "range",
        }
    }
}

/// Beyond this many degrees of freedom the normal quantile is nearer to the truth than the library's t.
const DEGREES_MAX: u32 = 10_000;

/// The quantile of Student's t that leaves `confidence` between it and its negative. Infinite without a degree of freedom.
pub fn student_t(confidence: f64, degrees: u32) -> f64 {
    let p = 0.5 + confidence / 2.0;
    match degrees {
        0 => f64::INFINITY,
        1..=DEGREES_MAX => StudentsT::new(0.0, 1.0, degrees as f64).map_or(f64::INFINITY, |t| t.inverse_cdf(p)),
        _ => Normal::standard().inverse_cdf(p),
    }
}

/// An interval about `estimate` from a standard error.
fn interval(estimate: f64, std_error: f64, n: u32, confidence: f64, method: Method) -> Estimate {
    let half = match std_error {
        // Equal values in every replication are known exactly as far as this run can tell.
        0.0 => 0.0,
        error => error * student_t(confidence, n.saturating_sub(1)),
    };
    let std_error = if n < 2 { f64::NAN } else { std_error };
    let half = if n < 2 { f64::NAN } else { half };
    Estimate { estimate, low: estimate - half, high: estimate + half, std_error, n, method }
}

/// The mean of the replications' values, those that are NaN left out.
pub fn mean(values: &[f64], confidence: f64) -> Estimate {
    let n = values.iter().filter(|v| !v.is_nan()).count();
    let known = || values.iter().filter(|v| !v.is_nan());
    let mean = known().sum::<f64>() / n as f64;
    let squares: f64 = known().map(|v| (v - mean) * (v - mean)).sum();
    let std_error = (squares / (n as f64 - 1.0).max(1.0) / n as f64).sqrt();
    interval(mean, std_error, n as u32, confidence, Method::T)
}

/// The largest (or smallest) of the replications' values, and their range.
pub fn extreme(values: &[f64], largest: bool) -> Estimate {
    let known = || values.iter().copied().filter(|v| !v.is_nan());
    let (low, high) = (known().fold(f64::NAN, f64::min), known().fold(f64::NAN, f64::max));
    let estimate = if largest { high } else { low };
    Estimate { estimate, low, high, std_error: f64::NAN, n: known().count() as u32, method: Method::Range }
}

/// The pooled quantile, with the spread of the replications' quantiles about it.
pub fn quantile(pooled: f64, values: &[f64], confidence: f64) -> Estimate {
    let n = values.iter().filter(|v| !v.is_nan()).count();
    let squares: f64 = values.iter().filter(|v| !v.is_nan()).map(|v| (v - pooled) * (v - pooled)).sum();
    let std_error = (squares / (n as f64 - 1.0).max(1.0) / n as f64).sqrt();
    interval(pooled, std_error, n as u32, confidence, Method::Sectioning)
}

/// The ratio of sums. `values` are the replications' ratios, `weights` their denominators; a replication without denominator does not count.
pub fn ratio(values: &[f64], weights: &[f64], confidence: f64) -> Estimate {
    let pairs = || values.iter().zip(weights).filter(|(v, w)| !v.is_nan() && **w > 0.0).map(|(v, w)| (v * w, *w));
    let n = pairs().count() as f64;
    let (above, below) = pairs().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    if n < 2.0 {
        return interval(above / below, 0.0, n as u32, confidence, Method::Jackknife);
    }
    let pseudo = || pairs().map(|(x, y)| n * (above / below) - (n - 1.0) * ((above - x) / (below - y)));
    let estimate = pseudo().sum::<f64>() / n;
    let squares: f64 = pseudo().map(|p| (p - estimate) * (p - estimate)).sum();
    let mut made = interval(estimate, (squares / (n - 1.0) / n).sqrt(), n as u32, confidence, Method::Jackknife);
    // A share of counts is never negative, and the jackknife's correction may carry it there.
    if above >= 0.0 {
        made.estimate = made.estimate.max(0.0);
        made.low = made.low.max(0.0);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_quantiles_are_the_published_ones() {
        // Tables of Student's t, two-sided 95 %: 1 → 12.706, 9 → 2.262, 29 → 2.045, 120 → 1.980, ∞ → 1.960.
        for (degrees, t) in [(1, 12.706), (9, 2.262), (29, 2.045), (120, 1.980), (1_000_000, 1.960)] {
            assert!((student_t(0.95, degrees) - t).abs() < 5e-4, "{degrees}: {}", student_t(0.95, degrees));
        }
    }

    #[test]
    fn the_interval_of_a_mean_is_students() {
        // By hand: 1, 2, 3, 4: mean 2.5, s² = 5/3, standard error 0.6455, t(3) = 3.1824.
        let e = mean(&[1.0, 2.0, 3.0, 4.0, f64::NAN], 0.95);
        assert_eq!((e.estimate, e.n), (2.5, 4));
        assert!((e.std_error - 0.645497).abs() < 1e-6 && (e.high - 2.5 - 3.182446 * 0.645497).abs() < 1e-5);
    }

    #[test]
    fn a_ratio_is_that_of_the_sums_and_not_the_mean_of_ratios() {
        // By hand: 1 of 10 and 30 of 100 is 31/110, not 0.2; equal ratios have no error.
        let equal = ratio(&[0.1, 0.1, 0.1], &[10.0, 50.0, 90.0], 0.95);
        assert!((equal.estimate - 0.1).abs() < 1e-12 && equal.std_error < 1e-12);
        let e = ratio(&[0.1, 0.3, 0.2], &[10.0, 100.0, 50.0], 0.95);
        // Pseudo-values by hand: 3·41/160 − 2·(40/150, 11/60, 31/110).
        let pseudo = [40.0 / 150.0, 11.0 / 60.0, 31.0 / 110.0].map(|r| 3.0 * 41.0 / 160.0 - 2.0 * r);
        assert!((e.estimate - pseudo.iter().sum::<f64>() / 3.0).abs() < 1e-12);
    }

    #[test]
    fn one_replication_gives_an_estimate_and_no_interval() {
        let e = mean(&[3.0], 0.95);
        assert!(e.estimate == 3.0 && e.low.is_nan() && e.std_error.is_nan());
        assert!(mean(&[f64::NAN], 0.95).estimate.is_nan());
    }
}
