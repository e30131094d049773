//! Tests of paired differences: by hand, published p-values, coverage by experiment.

use super::super::draws::{near, normals};
use super::super::intervals::student_t;
use super::*;

#[test]
fn a_paired_difference_is_the_one_found_by_hand() {
    // Differences 1, 3, 2: mean 2, s² = 1. t = 2√3 with 2 degrees: p = 1 − t/√(2 + t²).
    // Unpaired, the variances are 100 and 222/2.
    let result =
        difference(&[10.0, 20.0, f64::NAN, 30.0, 5.0], &[11.0, 23.0, 7.0, 32.0, f64::NAN], 0.95);
    let (e, error) = (result.difference, 1.0 / 3f64.sqrt());
    assert_eq!((e.estimate, e.n, e.method, result.n), (2.0, 3, Method::T, 3));
    near(e.std_error, error);
    near(e.low, 2.0 - student_t(0.95, 2) * error);
    near(result.p_value, 1.0 - 12f64.sqrt() / 14f64.sqrt());
    near(result.unpaired_variance_ratio, 211.0);
    // Means 20 and 22: 1/10. The deviations are (11 − 1.1 · 10)/20 = 0, (23 − 22)/20 and (32 −
    // 33)/20: s² = 2/400/2, over three pairs. The interval of 20, ± 4.303 · 10/√3 = 24.8,
    // contains 0 at 95 %: no relative difference. At 80 % it is ± 1.886 · 5.77 = 10.9.
    assert!(
        result.relative.estimate.is_nan() && result.relative.low.is_nan(),
        "{:?}",
        result.relative
    );
    let result = difference(&[10.0, 20.0, 30.0], &[11.0, 23.0, 32.0], 0.8);
    near(result.relative.estimate, 0.1);
    near(result.relative.std_error, (1.0f64 / 400.0 / 3.0).sqrt());
    near(result.relative.high, 0.1 + student_t(0.8, 2) * (1.0f64 / 1200.0).sqrt());
    assert_eq!((result.relative.n, result.relative.method), (3, Method::T));
    // In the other direction the signs change and the p-value does not.
    let back = difference(&[11.0, 23.0, 32.0], &[10.0, 20.0, 30.0], 0.95);
    assert_eq!(back.difference.estimate, -2.0);
    near(back.p_value, result.p_value);
}

#[test]
fn p_values_are_the_published_ones() {
    // Tables of Student's t, two-sided: 12.7062 at 1 degree and 2.26216 at 9 are 5 %, 3.24984
    // at 9 is 1 %, 1.95997 at a million is 5 %.
    for (t, degrees, p) in [
        (12.7062, 1, 0.05),
        (2.262_157, 9, 0.05),
        (-3.249_836, 9, 0.01),
        (1.959_966, 1_000_000, 0.05),
    ] {
        let e = Estimate { estimate: t, std_error: 1.0, n: degrees + 1, ..mean(&[], 0.95) };
        assert!((p_value(&e) - p).abs() < 1e-6, "{t}, {degrees}: {}", p_value(&e));
    }
}

#[test]
fn equal_systems_do_not_differ_and_a_constant_shift_has_no_error() {
    // Definition: 0 in every pair is p = 1; the same shift in each has no error, and pairing
    // removed all of the variance.
    let same = difference(&[10.0, 11.0, 12.0], &[10.0, 11.0, 12.0], 0.95);
    assert_eq!(
        (same.difference.low, same.difference.high, same.relative.high, same.p_value),
        (0.0, 0.0, 0.0, 1.0)
    );
    let shifted = difference(&[1.0, 2.0, 4.0], &[2.0, 3.0, 5.0], 0.95);
    assert_eq!(
        (shifted.difference.low, shifted.p_value, shifted.unpaired_variance_ratio),
        (1.0, 0.0, f64::INFINITY)
    );
    assert_eq!(difference(&[3.0; 3], &[3.0; 3], 0.95).unpaired_variance_ratio, 1.0);
}

#[test]
fn a_difference_of_ratios_is_the_one_found_by_hand() {
    // 2 of 10 and 6 of 20 against 5 of 10 and 7 of 20: 12/30 − 8/30; without the first 1/20,
    // without the second 3/10. Pseudo-values 13/60 and −2/60: mean 11/120, half their
    // difference 1/8. Unpaired: 14/60 and 20/60, 27/60 and 18/60: (6² + 9²)/15².
    let base: (&[f64], &[f64]) = (&[0.2, 0.5, 0.3, 0.5, f64::NAN], &[10.0, 0.0, 20.0, 9.0, 9.0]);
    let other: (&[f64], &[f64]) = (&[0.5, 0.5, 0.35, 0.5, 0.1], &[10.0, 9.0, 20.0, 0.0, 9.0]);
    let result = difference_of_ratios(base, other, 0.5);
    near(result.difference.estimate, 11.0 / 120.0);
    near(result.difference.std_error, 0.125);
    near(result.difference.high, 11.0 / 120.0 + 0.125);
    near(result.unpaired_variance_ratio, 117.0 / 225.0);
    near(result.p_value, 1.0 - 2.0 / std::f64::consts::PI * (11.0f64 / 15.0).atan());
    assert_eq!(
        (result.n, result.difference.method, result.relative.method),
        (2, Method::Jackknife, Method::Jackknife)
    );
    // Relative to the base: its pseudo-values 14/60 and 20/60 have mean 17/60 (± 3/60 at 50 %),
    // so 5.5/17. The deviations of the pairs are (27 − 22.5/17 · 14)/17 = 144/289 and its
    // negative: that is also the standard error of two.
    near(result.relative.estimate, 5.5 / 17.0);
    near(result.relative.std_error, 144.0 / 289.0);
}

#[test]
fn a_difference_of_quantiles_is_the_one_found_by_hand() {
    // Pooled 10 and 8; differences −1 and −3 deviate from −2 by 1 each: √(2/1/2) = 1. Unpaired
    // √(5/2)² + √(1/2)² = 3. t = 2, one degree.
    let result = difference_of_quantiles(10.0, &[9.0, f64::NAN, 12.0], 8.0, &[8.0, 1.0, 9.0], 0.5);
    assert_eq!(
        (result.difference.estimate, result.difference.method, result.n),
        (-2.0, Method::Woodruff, 2)
    );
    near(result.difference.std_error, 1.0);
    near(result.difference.low, -3.0);
    near(result.unpaired_variance_ratio, 3.0);
    near(result.p_value, 1.0 - 2.0 / std::f64::consts::PI * 2f64.atan());
    // −20 %, with deviations (8 − 0.8 · 9)/10 = 0.08 and (9 − 0.8 · 12)/10 = −0.06.
    near(result.relative.estimate, -0.2);
    near(result.relative.std_error, 0.005f64.sqrt());
    assert_eq!((result.relative.n, result.relative.method), (2, Method::Woodruff));
}

#[test]
fn a_base_of_0_has_no_relative_difference() {
    // Definition; also if the base is so poorly known that its interval contains 0: two values
    // 0 and 2 have ± 12.7 at 95 %, and ± 1 at 50 %.
    let zero = (&[0.0, 0.0][..], &[5.0, 5.0][..]);
    let some = (&[0.1, 0.2][..], &[5.0, 5.0][..]);
    let nothing = [
        difference(&[-1.0, 1.0], &[2.0, 3.0], 0.95),
        difference_of_ratios(zero, some, 0.95),
        difference_of_quantiles(0.0, &[0.0, 0.0], 1.0, &[1.0, 2.0], 0.95),
    ];
    for result in nothing {
        assert!(
            result.relative.estimate.is_nan()
                && result.relative.low.is_nan()
                && result.relative.n == 2
                && result.difference.high.is_finite(),
            "{result:?}"
        );
    }
    for confidence in [0.95, 0.5] {
        let result = difference(&[0.0, 2.0], &[1.0, 2.0], confidence);
        assert!(
            result.relative.estimate.is_nan()
                && result.relative.std_error.is_nan()
                && result.difference.estimate == 0.5,
            "{result:?}"
        );
    }
    near(difference(&[0.0, 2.0], &[1.0, 2.0], 0.49).relative.estimate, 0.5);
}

#[test]
fn a_relative_difference_has_the_sign_of_the_difference() {
    // 25.9 to 37.8 with a base that is nearly all in one replication: the jackknifed quotient
    // was −3.8. By hand: bases 0.1, 0.1 and 77.5, others 36, 38 and 39.4: means 25.9 and 37.8,
    // and the interval of the base contains 0. Where it does not, the relative difference is
    // the quotient of the means.
    let hardly = difference(&[0.1, 0.1, 77.5], &[36.0, 38.0, 39.4], 0.95);
    near(hardly.difference.estimate, 11.9);
    assert!(hardly.relative.estimate.is_nan(), "{hardly:?}");
    let mut draw = normals(11);
    for _ in 0..500 {
        let mut column =
            |mean: f64| -> Vec<f64> { (0..4).map(|_| (mean + draw()).exp()).collect() };
        let (base, other, weights) = (column(0.0), column(0.2), column(1.0));
        for result in [
            difference(&base, &other, 0.8),
            difference_of_ratios((&base, &weights), (&other, &weights), 0.8),
        ] {
            let Difference { difference, relative, .. } = result;
            assert!(
                relative.estimate.is_nan()
                    || relative.estimate.signum() == difference.estimate.signum(),
                "{result:?}"
            );
            assert!(
                relative.estimate.is_nan()
                    || relative.low <= relative.estimate && relative.estimate <= relative.high,
                "{result:?}"
            );
        }
    }
}

#[test]
fn a_replication_that_outweighs_all_others_leaves_no_interval() {
    // 10²⁰ + 1 is 10²⁰ in 53 bits: without the first pair nothing is left. The ratios are still
    // 0.5 and 0.75.
    let weights = &[1e20, 1.0][..];
    let result = difference_of_ratios((&[0.5, 0.5], weights), (&[0.75, 0.75], weights), 0.95);
    assert_eq!(
        (
            result.difference.estimate,
            result.relative.estimate,
            result.n,
            result.unpaired_variance_ratio
        ),
        (0.25, 0.5, 2, 1.0)
    );
    assert!(
        result.difference.low.is_nan() && result.relative.low.is_nan() && result.p_value.is_nan(),
        "{result:?}"
    );
}

#[test]
fn one_pair_gives_a_difference_and_no_interval() {
    // Definition.
    let one = [
        difference(&[2.0], &[3.0, 9.0], 0.95),
        difference_of_ratios((&[2.0], &[1.0]), (&[3.0], &[4.0]), 0.95),
        difference_of_quantiles(2.0, &[2.0], 3.0, &[3.0], 0.95),
    ];
    for result in one {
        assert_eq!(
            (
                result.difference.estimate,
                result.relative.estimate,
                result.n,
                result.unpaired_variance_ratio
            ),
            (1.0, 0.5, 1, 1.0)
        );
        assert!(
            result.difference.low.is_nan()
                && result.relative.high.is_nan()
                && result.p_value.is_nan(),
            "{result:?}"
        );
    }
    for result in [
        difference(&[], &[], 0.95),
        difference_of_ratios((&[], &[]), (&[1.0], &[1.0]), 0.95),
        difference(&[f64::NAN], &[1.0], 0.95),
    ] {
        assert!(
            result.difference.estimate.is_nan()
                && result.relative.estimate.is_nan()
                && result.p_value.is_nan()
                && result.n == 0,
            "{result:?}"
        );
    }
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    // 2,000 experiments of 20 pairs, 95 %: 3 standard errors are 1.5 %, 0.3 % chance each of
    // failing with another seed. Jackknife and first-order spread are not exact at 20 pairs:
    // another 1 % for them.
    let (mut covered, mut draw) = ([0; 6], normals(3));
    for _ in 0..2000 {
        let mut column = |mean: f64, spread: f64| -> Vec<f64> {
            (0..20).map(|_| mean + spread * draw()).collect()
        };
        let (shared, noise, own) = (column(10.0, 2.0), column(1.0, 0.5), column(0.0, 0.5));
        let (base_weights, other_weights) = (column(100.0, 10.0), column(100.0, 10.0));
        // Means 10 and 11, also weighted: values and weights are independent.
        let base: Vec<f64> = shared.iter().zip(&own).map(|(x, e)| x + e).collect();
        let other: Vec<f64> = shared.iter().zip(&noise).map(|(x, e)| x + e).collect();
        let pooled = |values: &[f64]| values.iter().sum::<f64>() / 20.0;
        let result = [
            difference(&base, &other, 0.95),
            difference_of_ratios((&base, &base_weights), (&other, &other_weights), 0.95),
            difference_of_quantiles(pooled(&base), &base, pooled(&other), &other, 0.95),
        ];
        for (i, result) in result.iter().enumerate() {
            covered[i] += u32::from(result.difference.low <= 1.0 && 1.0 <= result.difference.high);
            covered[3 + i] += u32::from(result.relative.low <= 0.1 && 0.1 <= result.relative.high);
        }
    }
    let shares = covered.map(|c| f64::from(c) / 2000.0);
    assert!(
        (shares[0] - 0.95).abs() < 0.015 && shares.iter().all(|s| (s - 0.95).abs() < 0.025),
        "{shares:?}"
    );
}
