//! Tests of the intervals: published quantiles, and examples calculated by hand.

use super::*;

#[test]
fn t_quantiles_are_the_published_ones() {
    // Tables of Student's t, two-sided 95 %: 1 → 12.706, 9 → 2.262, 29 → 2.045, 120 → 1.980, ∞
    // → 1.960.
    for (degrees, t) in [(1, 12.706), (9, 2.262), (29, 2.045), (120, 1.980), (1_000_000, 1.960)] {
        assert!(
            (student_t(0.95, degrees) - t).abs() < 5e-4,
            "{degrees}: {}",
            student_t(0.95, degrees)
        );
    }
}

#[test]
fn the_interval_of_a_mean_is_students() {
    // By hand: 1, 2, 3, 4: mean 2.5, s² = 5/3, standard error 0.6455, t(3) = 3.1824.
    let e = mean(&[1.0, 2.0, 3.0, 4.0, f64::NAN], 0.95);
    assert_eq!((e.estimate, e.n), (2.5, 4));
    assert!(
        (e.std_error - 0.645497).abs() < 1e-6 && (e.high - 2.5 - 3.182446 * 0.645497).abs() < 1e-5
    );
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

/// Asserts an interval to six digits.
fn is(e: Estimate, estimate: f64, std_error: f64, low: f64, high: f64, n: u32, method: Method) {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1e-3);
    let same = near(e.estimate, estimate)
        && near(e.std_error, std_error)
        && near(e.low, low)
        && near(e.high, high);
    assert!(
        same && (e.n, e.method) == (n, method),
        "{e:?} is not {estimate} ± {std_error}, from {low} to {high}"
    );
}

/// The published t of one degree of freedom, two-sided 95 %: tan(0.475 π).
const T1: f64 = 12.706_204_736;

#[test]
fn two_replications_have_an_interval_by_hand() {
    // 1 and 3: mean 2, s² = 2, standard error 1. About a pooled 10: 9 and 12 are off by 1 and
    // 2, so √(5/1/2).
    is(mean(&[1.0, f64::NAN, 3.0], 0.95), 2.0, 1.0, 2.0 - T1, 2.0 + T1, 2, Method::T);
    let error = 2.5f64.sqrt();
    is(
        interval_around(10.0, &[9.0, 12.0, f64::NAN], 0.95),
        10.0,
        error,
        10.0 - T1 * error,
        10.0 + T1 * error,
        2,
        Method::Woodruff,
    );
    // Three: off by 1, 2 and 5, so √(30/2/3).
    let (error, t2) = (5f64.sqrt(), 4.302_652_730);
    is(
        interval_around(10.0, &[9.0, 12.0, 15.0], 0.95),
        10.0,
        error,
        10.0 - t2 * error,
        10.0 + t2 * error,
        3,
        Method::Woodruff,
    );
}

#[test]
fn equal_replications_have_an_interval_of_length_0() {
    // Nothing varies: the error is 0, and so is the length of the interval, even with few
    // degrees of freedom.
    is(mean(&[7.0, 7.0], 0.95), 7.0, 0.0, 7.0, 7.0, 2, Method::T);
}

#[test]
fn a_ratio_has_its_jackknifed_interval_by_hand() {
    // 20 of 100 and 60 of 200 is 8/30. Pseudo-values: 2·8/30 − 6/20 = 7/30 and 2·8/30 − 2/10 =
    // 1/3: mean 17/60, half their difference 1/20.
    let (estimate, error) = (17.0 / 60.0, 1.0 / 20.0);
    let e = ratio(&[0.2, f64::NAN, 0.3, 0.9], &[100.0, 50.0, 200.0, 0.0], 0.95);
    is(e, estimate, error, 0.0, estimate + T1 * error, 2, Method::Jackknife);
    // Lower confidence: t at 50 % with one degree is 1, and nothing is cut off.
    let e = ratio(&[0.2, 0.3], &[100.0, 200.0], 0.5);
    is(e, estimate, error, estimate - error, estimate + error, 2, Method::Jackknife);
    // Three: 10/100, 30/100 and 40/200 are 8/40; pseudo-values 0.6 − 2·(7/30, 5/30, 4/20) =
    // 4/30, 8/30, 6/30: mean 0.2, s² = 2·(2/30)²/2.
    let (error, t2) = (2.0 / 30.0 / 3f64.sqrt(), 4.302_652_730);
    let e = ratio(&[0.1, 0.3, 0.2], &[100.0, 100.0, 200.0], 0.95);
    is(e, 0.2, error, 0.2 - t2 * error, 0.2 + t2 * error, 3, Method::Jackknife);
}

#[test]
fn a_share_is_within_0_and_1_and_a_difference_may_be_below() {
    // By hand: 1 of 1 and 0 of 1000: 2/1001 − (0 + 1)/2 is below 0. With the other sign it is
    // as far above.
    let share = ratio(&[1.0, 0.0], &[1.0, 1000.0], 0.95);
    assert!(share.estimate == 0.0 && share.low == 0.0 && share.high > 0.0, "{share:?}");
    let other = ratio(&[0.0, 1.0], &[1.0, 1000.0], 0.95);
    assert!(other.estimate == 1.0 && other.high == 1.0 && other.low < 1.0, "{other:?}");
    let difference = ratio(&[-1.0, -1.0], &[10.0, 30.0], 0.95);
    assert!((difference.estimate + 1.0).abs() < 1e-12 && difference.low < 0.0, "{difference:?}");
    assert_eq!(ratio(&[0.0, 0.0], &[10.0, 30.0], 0.95).estimate, 0.0);
}

#[test]
fn no_failure_at_all_has_an_upper_bound() {
    // 0 of n: 1 − (α/2)^(1/n), about 3.69/n at 95 % (the rule of three is its one-sided
    // counterpart). All of n: the complement.
    let none = ratio(&[0.0, 0.0], &[200.0, 300.0], 0.95);
    assert!(
        none.estimate == 0.0
            && none.low == 0.0
            && (none.high - (1.0 - 0.025f64.powf(1.0 / 500.0))).abs() < 1e-9,
        "{none:?}"
    );
    assert_eq!(none.method, Method::ClopperPearson);
    let all = ratio(&[1.0, 1.0], &[200.0, 300.0], 0.95);
    assert!(all.high == 1.0 && (all.low - 0.025f64.powf(1.0 / 500.0)).abs() < 1e-9, "{all:?}");
    // One replication has no interval, whatever it counted.
    assert!(ratio(&[0.0], &[500.0], 0.95).high.is_nan());
}

#[test]
fn few_failures_have_clopper_and_pearsons_interval() {
    // Published (NIST handbook 7.2.4.1): 4 of 20, 90 %: 0.0713 to 0.4010. The jackknife of
    // equal halves is narrower.
    let (low, high) = clopper_pearson(4.0, 20.0, 0.9);
    assert!((low - 0.0713).abs() < 1e-4 && (high - 0.4010).abs() < 1e-4, "{low} to {high}");
    let four = ratio(&[0.2, 0.2], &[10.0, 10.0], 0.9);
    assert!((four.low - low).abs() < 1e-12 && (four.high - high).abs() < 1e-12);
    // From ten events on, the spread over replications alone is used.
    let ten = ratio(&[0.1, 0.1], &[50.0, 50.0], 0.95);
    assert!(
        ten.method == Method::Jackknife
            && ten.std_error < 1e-12
            && ratio(&[0.09, 0.09], &[50.0, 50.0], 0.95).std_error < 1e-12
    );
}

#[test]
fn an_extreme_is_the_one_observed() {
    // By hand; there is no standard error.
    let (largest, smallest) =
        (extreme(&[2.0, f64::NAN, 1.0, 5.0], true), extreme(&[2.0, f64::NAN, 1.0, 5.0], false));
    assert_eq!(
        (largest.estimate, largest.low, largest.high, largest.n, largest.method),
        (5.0, 1.0, 5.0, 3, Method::Range)
    );
    assert_eq!((smallest.estimate, smallest.low, smallest.high), (1.0, 1.0, 5.0));
    assert!(largest.std_error.is_nan() && extreme(&[], true).estimate.is_nan());
}

#[test]
fn one_replication_gives_an_estimate_and_no_interval() {
    for e in [
        mean(&[3.0], 0.95),
        interval_around(3.0, &[3.0], 0.95),
        interval_around(3.0, &[4.0], 0.95),
        ratio(&[3.0], &[2.0], 0.95),
    ] {
        assert!(
            e.estimate == 3.0
                && e.low.is_nan()
                && e.high.is_nan()
                && e.std_error.is_nan()
                && e.n == 1,
            "{e:?}"
        );
    }
    let nothing = [
        mean(&[f64::NAN], 0.95),
        interval_around(f64::NAN, &[], 0.95),
        ratio(&[f64::NAN], &[1.0], 0.95),
    ];
    assert!(
        nothing.iter().all(|e| e.estimate.is_nan() && e.low.is_nan() && e.n == 0),
        "{nothing:?}"
    );
}

#[test]
fn beyond_ten_thousand_degrees_t_is_the_normal() {
    // Published: the normal's 97.5 % point is 1.959964; t has 1.960201 at 10,000 degrees.
    // Without a degree there is no bound.
    assert!(
        (student_t(0.95, 10_000) - 1.960_201).abs() < 2e-6
            && (student_t(0.95, 10_001) - 1.959_964).abs() < 1e-6
    );
    assert_eq!(student_t(0.95, 0), f64::INFINITY);
}

#[test]
fn methods_have_the_names_of_the_files() {
    // docs/outputs.md.
    assert_eq!(
        [Method::T, Method::Controlled, Method::Woodruff, Method::Jackknife, Method::Range]
            .map(Method::name),
        ["t", "controlled", "woodruff", "jackknife", "range"]
    );
}
