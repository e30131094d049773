//! Comparison of two systems that ran on common random numbers.
//!
//! Law: replication i of both systems has the same arrivals, sizes and draws, so what they have in
//! common cancels in the difference: Var(Y − X) = Var X + Var Y − 2 Cov(X, Y). The pairs are
//! independent, so means are compared by the paired t over their differences (Law 2015, *Simulation
//! Modeling and Analysis*, §10.2.1). Ratios of sums: the same over pairs of jackknife pseudo-values
//! (Miller 1974, *Biometrika* 61). Quantiles: the difference of the pooled quantiles, with the
//! spread of the linearised values of the pairs about it (`quantiles.rs`). The relative difference
//! is the quotient of the two estimates, so it never contradicts them, with its first-order spread
//! (delta method): the deviation of pair i from y/x is (y_i − (y/x) x_i)/x. A jackknifed quotient
//! may have another sign than the difference if the base varies strongly.
//! Limits: t needs differences that are roughly normal: means of many requests are, maxima are not.
//! First order is not enough if the base is poorly known: if its interval contains 0 there is no
//! relative difference. Pairing may also hurt: then the variance ratio is below 1.
//! Checked: by hand; p-values against published t quantiles; coverage of all three by experiment.

use super::intervals::{Estimate, Method, interval, interval_around, mean};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The difference between another system and a base.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// Other minus base, in the unit of the values.
    pub difference: Estimate,
    /// The difference as a share of the base (0.1 for 10 %); NaN if the interval of the base
    /// contains 0.
    pub relative: Estimate,
    /// The two-sided p-value: the probability of a difference at least as large if there were none.
    /// NaN with fewer than two pairs.
    pub p_value: f64,
    /// The variance that the difference would have from independent runs, divided by its variance
    /// from pairs: above 1 pairing helped. 1 if it cannot be computed, infinite if all pairs differ
    /// by the same amount.
    pub unpaired_variance_ratio: f64,
    /// The number of pairs with both values.
    pub n: u32,
}

/// Returns the difference of means, by the paired t (Law 2015, §10.2.1). `base` and `other` are the
/// replications' values in the same order; pairs with a NaN are left out. `confidence` is in 0 to
/// 1.
pub fn difference(base: &[f64], other: &[f64], confidence: f64) -> Difference {
    let (base, other) = known_pairs(base, other);
    let interval = mean(&differences(&base, &other), confidence);
    let from = mean(&base, confidence).estimate;
    let relative =
        relative((from, &base), (from + interval.estimate, &other), confidence, Method::T);
    compared(&base, &other, interval, relative)
}

/// Returns the difference of ratios of sums, by the paired t over jackknife pseudo-values (Miller
/// 1974). Each system is given as the replications' ratios and their denominators, as for
/// [`ratio`](super::ratio); a pair counts if both have a ratio and a denominator above 0.
pub fn difference_of_ratios(
    base: (&[f64], &[f64]),
    other: (&[f64], &[f64]),
    confidence: f64,
) -> Difference {
    let both = base.0.iter().zip(base.1).zip(other.0.iter().zip(other.1));
    let known =
        both.filter(|((v, w), (x, y))| !v.is_nan() && !x.is_nan() && **w > 0.0 && **y > 0.0);
    let (base, other): (Vec<_>, Vec<_>) =
        known.map(|((v, w), (x, y))| ((v * w, *w), (x * y, *y))).unzip();
    let n = base.len();
    let (base_all, other_all) = (sums(&base), sums(&other));
    let base_without = |i: usize| (base_all.0 - base[i].0) / (base_all.1 - base[i].1);
    let other_without = |i: usize| (other_all.0 - other[i].0) / (other_all.1 - other[i].1);
    let (base_ratio, other_ratio) = (base_all.0 / base_all.1, other_all.0 / other_all.1);
    let (base, other) =
        (pseudo_values(n, base_ratio, base_without), pseudo_values(n, other_ratio, other_without));
    let interval = jackknifed(&differences(&base, &other), other_ratio - base_ratio, confidence);
    let from = jackknifed(&base, base_ratio, confidence).estimate;
    let relative =
        relative((from, &base), (from + interval.estimate, &other), confidence, Method::Jackknife);
    compared(&base, &other, interval, relative)
}

/// Returns the difference of two pooled quantiles, with the spread of the paired differences of the
/// replications' linearised values (from [`linearised`](super::linearised)) about it.
pub fn difference_of_quantiles(
    base_pooled: f64,
    base: &[f64],
    other_pooled: f64,
    other: &[f64],
    confidence: f64,
) -> Difference {
    let (base, other) = known_pairs(base, other);
    let interval =
        interval_around(other_pooled - base_pooled, &differences(&base, &other), confidence);
    let relative =
        relative((base_pooled, &base), (other_pooled, &other), confidence, Method::Woodruff);
    let variance =
        |pooled: f64, values: &[f64]| interval_around(pooled, values, confidence).std_error.powi(2);
    finished(interval, relative, variance(base_pooled, &base) + variance(other_pooled, &other))
}

/// Returns the change from one estimate to another as a share of the first, with the first-order
/// spread of the pairs about it. The quotients of single replications would be no better, and may
/// not exist.
fn relative(
    (x, base): (f64, &[f64]),
    (y, other): (f64, &[f64]),
    confidence: f64,
    method: Method,
) -> Estimate {
    let whole = share(y - x, x);
    let of_base = interval_around(x, base, confidence);
    let n = base.len() as u32;
    // Without a base there is no relative difference, but the number of pairs is known.
    if whole.is_nan() || (of_base.low <= 0.0 && of_base.high >= 0.0) {
        return interval(f64::NAN, f64::NAN, n, confidence, method);
    }
    let deviations: Vec<f64> =
        base.iter().zip(other).map(|(x_i, y_i)| whole + (y_i - (1.0 + whole) * x_i) / x).collect();
    // If a pseudo-value does not exist, the quotient has no interval.
    let is_known = deviations.iter().all(|value| value.is_finite());
    let around_quotient = if is_known {
        interval_around(whole, &deviations, confidence)
    } else {
        interval(whole, f64::NAN, n, confidence, method)
    };
    Estimate { method, ..around_quotient }
}

/// Returns the pairs of which both values are known, as two columns.
fn known_pairs(base: &[f64], other: &[f64]) -> (Vec<f64>, Vec<f64>) {
    base.iter().zip(other).filter(|(x, y)| !x.is_nan() && !y.is_nan()).unzip()
}

fn differences(base: &[f64], other: &[f64]) -> Vec<f64> {
    base.iter().zip(other).map(|(x, y)| y - x).collect()
}

fn sums(fractions: &[(f64, f64)]) -> (f64, f64) {
    fractions.iter().fold((0.0, 0.0), |(above, below), (x, y)| (above + x, below + y))
}

/// Returns a change as a share of its base; NaN if the base is 0.
fn share(change: f64, base: f64) -> f64 {
    if base == 0.0 { f64::NAN } else { change / base }
}

/// Returns n whole − (n − 1) without(i) for each i: their mean is the estimate without its bias of
/// order 1/n, and their spread is that of the estimate.
fn pseudo_values(n: usize, whole: f64, without: impl Fn(usize) -> f64) -> Vec<f64> {
    let weight = n as f64;
    if n < 2 {
        vec![whole; n]
    } else {
        (0..n).map(|i| weight * whole - (weight - 1.0) * without(i)).collect()
    }
}

/// Returns the mean of pseudo-values. If one does not exist (the whole base is in one replication)
/// the result is the plain estimate, without an interval.
fn jackknifed(pseudo: &[f64], whole: f64, confidence: f64) -> Estimate {
    if pseudo.iter().all(|p| p.is_finite()) {
        Estimate { method: Method::Jackknife, ..mean(pseudo, confidence) }
    } else {
        interval(whole, f64::NAN, pseudo.len() as u32, confidence, Method::Jackknife)
    }
}

/// Builds the difference of two columns of independent values (or pseudo-values), paired by
/// position.
fn compared(base: &[f64], other: &[f64], difference: Estimate, relative: Estimate) -> Difference {
    let variance = |values: &[f64]| mean(values, 0.95).std_error.powi(2);
    finished(difference, relative, variance(base) + variance(other))
}

fn finished(difference: Estimate, relative: Estimate, unpaired_variance: f64) -> Difference {
    let gain = unpaired_variance / difference.std_error.powi(2);
    Difference {
        difference,
        relative,
        p_value: p_value(&difference),
        unpaired_variance_ratio: if gain.is_nan() { 1.0 } else { gain },
        n: difference.n,
    }
}

/// Returns the two-sided p-value: the probability of a t at least as far from 0.
fn p_value(e: &Estimate) -> f64 {
    // Without any difference, t is 0 rather than 0/0.
    let t =
        if e.estimate == 0.0 && e.std_error == 0.0 { 0.0 } else { e.estimate.abs() / e.std_error };
    let law = StudentsT::new(0.0, 1.0, f64::from(e.n) - 1.0);
    law.ok().filter(|_| !t.is_nan()).map_or(f64::NAN, |law| 2.0 * law.cdf(-t))
}

#[cfg(test)]
mod tests;
