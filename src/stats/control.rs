//! Control variates: the difference between what a run drew by chance and what it should have drawn
//! on average tells in which direction its result errs.
//!
//! Law: a control C has a known mean μ_C (the number of arrivals, the mean work drawn). Regress the
//! values Y of the replications on C − μ_C; the intercept estimates E Y with the variance that the
//! controls do not explain. With q controls, n replications and S the matrix of sums of squares and
//! products of the controls about their means: Var = RSS/(n−q−1) · (1/n + (C̄ − μ_C)' S⁻¹ (C̄ −
//! μ_C)), and t has n − q − 1 degrees of freedom. The second term accounts for the estimation of
//! the coefficients; without it the interval is too narrow.
//! Source: Lavenberg, Welch 1981, *Management Science* 27(3); Law 2015, *Simulation Modeling and
//! Analysis*, §11.4.
//! Limits: exact if (Y, C) is jointly normal, otherwise with a bias of order 1/n. Each control
//! costs a degree of freedom, so use few and strong ones. With fewer than q + 3 replications the
//! result is the plain mean.
//! Checked: by hand, on data whose regression is known exactly; coverage by experiment.

use super::intervals::{Estimate, Method, interval, mean};

/// If less than this share of the length of a control remains after removing the constant and the
/// earlier controls, the remainder is rounding error.
const INDEPENDENT_MIN: f64 = 1e-6;

/// If the variation of a control is below this share of its size, it is rounding error.
const VARIATION_MIN: f64 = 1e-12;

/// A mean corrected by controls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controlled {
    /// The corrected mean; the plain mean if no control is usable.
    pub estimate: Estimate,
    /// The variance of the plain mean divided by that of the corrected one: above 1 the controls
    /// help. 1 if it cannot be computed.
    pub variance_ratio: f64,
}

/// The part of a control that the earlier controls do not explain.
struct Direction {
    /// Its values about their mean, orthogonal to the other directions.
    values: Vec<f64>,
    /// The deviation of its mean from the expected mean.
    off: f64,
    /// Its sum of squares.
    squares: f64,
}

/// Returns the mean of the replications' values (NaN values are left out), corrected by controls,
/// each given as its values by replication and its known mean. A control is ignored if it does not
/// vary, is explained by the others, or is missing where a value is known: leaving out those
/// replications instead would be a selection.
pub fn controlled_mean(
    values: &[f64],
    controls: &[(Vec<f64>, f64)],
    confidence: f64,
) -> Controlled {
    let known: Vec<usize> = (0..values.len()).filter(|&i| !values[i].is_nan()).collect();
    let mut directions: Vec<Direction> = Vec::new();
    for (control, expected) in controls {
        let drawn: Vec<f64> =
            known.iter().map(|&i| control.get(i).copied().unwrap_or(f64::NAN)).collect();
        directions.extend(direction(drawn, *expected, &directions));
    }
    let plain = mean(values, confidence);
    let (n, q) = (known.len(), directions.len());
    if q == 0 || n < q + 3 {
        return Controlled { estimate: plain, variance_ratio: 1.0 };
    }
    let (mut estimate, mut factor) = (plain.estimate, 1.0 / n as f64);
    let mut residuals: Vec<f64> = known.iter().map(|&i| values[i] - plain.estimate).collect();
    for direction in &directions {
        let slope = project(&mut residuals, direction);
        estimate -= slope * direction.off;
        factor += direction.off * direction.off / direction.squares;
    }
    let degrees = n - q - 1;
    let variance = residuals.iter().map(|r| r * r).sum::<f64>() / degrees as f64 * factor;
    // `interval` subtracts one degree of freedom; each control costs one more.
    let corrected =
        interval(estimate, variance.sqrt(), degrees as u32 + 1, confidence, Method::Controlled);
    let ratio = plain.std_error * plain.std_error / variance;
    Controlled {
        estimate: Estimate { n: n as u32, ..corrected },
        variance_ratio: if ratio.is_nan() { 1.0 } else { ratio },
    }
}

/// Returns the part of a control that the earlier ones do not explain (modified Gram-Schmidt, which
/// keeps the digits that the normal equations would lose); `None` if nothing is left.
fn direction(drawn: Vec<f64>, expected: f64, before: &[Direction]) -> Option<Direction> {
    let average = drawn.iter().sum::<f64>() / drawn.len() as f64;
    let size: f64 = sum_of_squares(&drawn);
    let mut candidate = Direction {
        values: drawn.iter().map(|c| c - average).collect(),
        off: average - expected,
        squares: 0.0,
    };
    let alone = sum_of_squares(&candidate.values);
    for other in before {
        let slope = project(&mut candidate.values, other);
        candidate.off -= slope * other.off;
    }
    candidate.squares = sum_of_squares(&candidate.values);
    let varies = alone > size * VARIATION_MIN * VARIATION_MIN
        && candidate.squares > alone * INDEPENDENT_MIN * INDEPENDENT_MIN;
    // Also false if any value is NaN.
    (varies && candidate.off.is_finite() && candidate.squares.is_finite()).then_some(candidate)
}

/// Subtracts the component along a direction and returns its coefficient.
fn project(values: &mut [f64], onto: &Direction) -> f64 {
    let slope = values.iter().zip(&onto.values).map(|(v, c)| v * c).sum::<f64>() / onto.squares;
    values.iter_mut().zip(&onto.values).for_each(|(v, c)| *v -= slope * c);
    slope
}

fn sum_of_squares(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum()
}

#[cfg(test)]
mod tests {
    use super::super::draws::{near, normals};
    use super::super::intervals::student_t;
    use super::*;

    #[test]
    fn one_control_is_a_straight_line_by_hand() {
        // C = 1 2 3 4 5 (mean 3, S = 10), Y = 2 4 5 4 10 (mean 5, cross products 16): slope 1.6,
        // residuals 0.2 0.6 0 −2.6 1.8, RSS 10.4. The expected mean of C is 2, so the mean is 5 −
        // 1.6 · 1 = 3.4, and its variance 10.4/3 · (1/5 + 1²/10) = 1.04. Plain: s² = 36/4, 9/5.
        let control = (vec![1.0, 2.0, 9.0, 3.0, 4.0, 5.0], 2.0);
        let corrected = controlled_mean(&[2.0, 4.0, f64::NAN, 5.0, 4.0, 10.0], &[control], 0.95);
        let e = corrected.estimate;
        near(e.estimate, 3.4);
        near(e.std_error, 1.04f64.sqrt());
        near(e.high, 3.4 + student_t(0.95, 3) * 1.04f64.sqrt());
        assert_eq!((e.n, e.method), (5, Method::Controlled));
        near(corrected.variance_ratio, 1.8 / 1.04);
    }

    #[test]
    fn two_controls_are_the_normal_equations_solved_by_hand() {
        // About their means A = −2 −1 0 1 2 and B = 1 −1 0 −1 1 with A'A = 10, B'B = 4, A'B = 0;
        // the control given is B + A, which is not orthogonal. Y = 3 + 2 A + 5 (B + A) + r, r = 1
        // −2 0 2 −1, which is orthogonal to A, B and 1: slopes 2 and 5, RSS 10.
        let a = [-2.0, -1.0, 0.0, 1.0, 2.0];
        let b = [1.0, -1.0, 0.0, -1.0, 1.0];
        let r = [1.0, -2.0, 0.0, 2.0, -1.0];
        let both: Vec<f64> = a.iter().zip(b).map(|(a, b)| a + b).collect();
        let y: Vec<f64> = (0..5).map(|i| 3.0 + 2.0 * a[i] + 5.0 * both[i] + r[i]).collect();
        // Expected means −1 of A and 2 of A + B: deviations 1 and −2. Mean 3 − 2 + 10. In A and B
        // the deviations are 1 and −3: 1/5 + 1/10 + 9/4; RSS/2 = 5.
        let corrected = controlled_mean(&y, &[(a.to_vec(), -1.0), (both, 2.0)], 0.95);
        near(corrected.estimate.estimate, 11.0);
        near(corrected.estimate.std_error, (5.0 * 2.55f64).sqrt());
        near(corrected.estimate.low, 11.0 - student_t(0.95, 2) * 12.75f64.sqrt());
    }

    #[test]
    fn a_control_that_explains_everything_leaves_no_error() {
        // Y = 7 + 3 (C − 2) exactly, in numbers that are exact in binary: 7 ± 0.
        let corrected = controlled_mean(
            &[4.0, 7.0, 10.0, 1.0, 13.0],
            &[(vec![1.0, 2.0, 3.0, 0.0, 4.0], 2.0)],
            0.95,
        );
        assert_eq!(
            (corrected.estimate.low, corrected.estimate.high, corrected.variance_ratio),
            (7.0, 7.0, f64::INFINITY)
        );
    }

    #[test]
    fn an_unusable_control_is_left_out() {
        // Definition: constant, partly missing, too short, with an expected mean of NaN, or a
        // multiple of an earlier one. The result is that of the remaining control.
        let values = [2.0, 4.0, 5.0, 4.0, 10.0, 3.0];
        let good = (vec![1.0, 2.0, 3.0, 4.0, 5.0, 7.0], 2.0);
        let alone = controlled_mean(&values, std::slice::from_ref(&good), 0.95);
        assert!(alone.variance_ratio != 1.0);
        let useless = [
            (vec![0.1; 6], 0.3),
            (vec![1.0, 2.0, f64::NAN, 4.0, 1.0, 1.0], 2.0),
            (vec![1.0, 5.0, 2.0, 1.0, f64::INFINITY, 1.0], 2.0),
            (vec![3.0, 1.0, 2.0], 2.0),
            (vec![1.0, 5.0, 2.0, 1.0, 3.0, 2.0], f64::NAN),
        ];
        for control in &useless {
            assert_eq!(
                controlled_mean(&values, &[control.clone(), good.clone()], 0.95),
                alone,
                "{control:?}"
            );
            assert_eq!(
                controlled_mean(&values, std::slice::from_ref(control), 0.95).estimate,
                mean(&values, 0.95),
                "{control:?}"
            );
        }
        let multiple = (good.0.iter().map(|c| 0.1 * c + 0.7).collect(), 5.0);
        assert_eq!(controlled_mean(&values, &[good, multiple], 0.95), alone);
    }

    #[test]
    fn a_control_that_varies_little_is_still_used() {
        // The scale of a control and what it shares with another do not matter: 1 + 2⁻²⁷ C is
        // equivalent to C, and A + B/1024 beside A is equivalent to B.
        let values = [2.0, 4.0, 5.0, 4.0, 10.0, 3.0];
        let one = [1.0, 2.0, 3.0, 4.0, 5.0, 7.0];
        let two = [1.0, 0.0, 4.0, 0.0, 1.0, 1.0];
        let little = (one.map(|c| 1.0 + c / 134_217_728.0).to_vec(), 1.0 + 2.0 / 134_217_728.0);
        let alone = controlled_mean(&values, &[(one.to_vec(), 2.0)], 0.95);
        // The 1 uses 27 of 53 bits: 7 digits are left.
        let corrected = controlled_mean(&values, &[little], 0.95);
        assert!(
            (corrected.estimate.std_error - alone.estimate.std_error).abs() < 1e-6
                && corrected.variance_ratio != 1.0
        );
        let nearly: Vec<f64> = one.iter().zip(two).map(|(a, b)| a + b / 1024.0).collect();
        let both = controlled_mean(&values, &[(one.to_vec(), 2.0), (two.to_vec(), 1.0)], 0.95);
        let corrected =
            controlled_mean(&values, &[(one.to_vec(), 2.0), (nearly, 2.0 + 1.0 / 1024.0)], 0.95);
        near(corrected.estimate.estimate, both.estimate.estimate);
        near(corrected.estimate.std_error, both.estimate.std_error);
        assert!((both.estimate.std_error - alone.estimate.std_error).abs() > 0.1);
    }

    #[test]
    fn too_few_replications_have_the_plain_mean() {
        // q + 3 at its bound: one control needs four.
        let control = [(vec![1.0, 2.0, 4.0, 3.0], 0.0)];
        let values = [1.0, 3.0, 4.0, 4.0];
        assert_eq!(
            controlled_mean(&values[..3], &control, 0.95),
            Controlled { estimate: mean(&values[..3], 0.95), variance_ratio: 1.0 }
        );
        assert_ne!(controlled_mean(&values, &control, 0.95).estimate, mean(&values, 0.95));
        assert!(controlled_mean(&[], &control, 0.95).estimate.estimate.is_nan());
        assert_eq!(controlled_mean(&[5.0], &control, 0.95).estimate.estimate, 5.0);
        assert_eq!(controlled_mean(&values, &[], 0.95).estimate, mean(&values, 0.95));
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        // Jointly normal, so exact: 2,000 experiments of 8 replications with 2 controls, 95 %
        // within 3 standard errors, 1.5 % (0.3 % chance of failing with another seed). Without the
        // second term of the variance coverage would be some 90 %. The mean variance is (1 − R²)(n
        // − 2)/(n − q − 2) of the plain one (Lavenberg, Welch): R² = 13/14, so 1/14 · 6/4 of 14/8.
        let (mut covered, mut variance, mut draw) = (0, 0.0, normals(17));
        for _ in 0..2000 {
            let (mut one, mut two) = (Vec::new(), Vec::new());
            let mut values = Vec::new();
            for _ in 0..8 {
                let (a, b) = (draw(), draw());
                one.push(4.0 + a);
                two.push(-1.0 + a + b);
                values.push(100.0 + a + 2.0 * (a + b) + draw());
            }
            let e = controlled_mean(&values, &[(one, 4.0), (two, -1.0)], 0.95).estimate;
            covered += u32::from(e.low <= 100.0 && 100.0 <= e.high);
            variance += (e.estimate - 100.0).powi(2) / 2000.0;
        }
        let share = f64::from(covered) / 2000.0;
        assert!((share - 0.95).abs() < 0.015, "{share}");
        // The spread of the variance of 2,000 t-like errors is some 4 %.
        assert!((variance / (1.5 / 8.0) - 1.0).abs() < 0.16, "{variance}");
    }
}
