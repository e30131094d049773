//! Precision: is an interval narrow enough, and if not, how many more replications would make it
//! so?
//!
//! Law: continue until the half-width of the interval is at most ε |estimate| (relative) or at most
//! a given amount (absolute). The half-width of n replications is t(n−1) s/√n, so the required n is
//! the least with t(n−1) s/√n ≤ the goal, for the present s.
//! Source: Law 2015, *Simulation Modeling and Analysis*, §9.4.1. Law compares with ε/(1+ε), so that
//! the error *relative to the true mean* is at most ε; here the half-width is compared with ε
//! itself, which is the usual reading of "± 5 %". For Law's rule use `Relative(ε/(1.0+ε))`.
//! Limits: a rule that checks often and stops at the first success stops too early slightly too
//! often (intervals that are narrow by chance are mostly too low, because the spread grows with the
//! mean): check after blocks of 20 replications, not after each. With blocks of 2 a 95 % interval
//! of an M/M/1 at 80 % contains the mean in 89 % of runs, with blocks of 10 in 93 to 94 %, with
//! blocks of 20 in 94 to 95 % (`docs/statistics.md`). s is itself an estimate, so the forecast is
//! rough (from 10 replications: within ± 50 % or so). A difference is significant once its
//! half-width is less than its absolute value, so the same forecast applies. If no failure was
//! observed there is no spread to make an interval from: the rule of three bounds the share of
//! failures (Hanley, Lippman-Hand 1983, *JAMA* 249).
//! Checked: at the bounds by hand, and against published t quantiles.

use super::intervals::{Estimate, student_t};

/// The largest acceptable half-width of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HalfWidth {
    /// As a share of the estimate: 0.05 for ± 5 %.
    Relative(f64),
    /// In the unit of the estimate, for example for an error ratio, which may be 0.
    Absolute(f64),
}

/// Returns the half-width of an interval; the longer side if it is not symmetric (a share cut off
/// at 0, a quantile). NaN if the interval does not come from a spread: the range of an extreme
/// grows with more replications and is not a matter of precision.
pub fn half_width(e: &Estimate) -> f64 {
    if e.std_error.is_nan() { f64::NAN } else { (e.high - e.estimate).max(e.estimate - e.low) }
}

/// Returns the half-width allowed for this estimate.
fn allowed(e: &Estimate, goal: HalfWidth) -> f64 {
    match goal {
        HalfWidth::Relative(share) => share * e.estimate.abs(),
        HalfWidth::Absolute(amount) => amount,
    }
}

/// Returns whether the interval is narrow enough. False if there is no interval (fewer than two
/// replications with a value).
pub fn met(e: &Estimate, goal: HalfWidth) -> bool {
    e.n >= 2 && half_width(e) <= allowed(e, goal)
}

/// Returns the number of additional replications that the goal needs at the confidence of the
/// interval: 0 if it is met, `None` if no forecast is possible or no number is enough.
pub fn more_needed(e: &Estimate, goal: HalfWidth, confidence: f64) -> Option<u32> {
    if met(e, goal) { Some(0) } else { more_for(e, allowed(e, goal), confidence) }
}

/// Returns the number of additional replications after which an interval at this confidence
/// excludes 0, if the estimate and its spread stay as they are. `None` if it already does, if the
/// estimate is 0, or if the spread is unknown.
pub fn replications_to_decide(difference: &Estimate, confidence: f64) -> Option<u32> {
    let half = |n: u32| student_t(confidence, n - 1) * difference.std_error;
    let decided = difference.n >= 2 && half(difference.n) < difference.estimate.abs();
    if decided { None } else { more_for(difference, difference.estimate.abs(), confidence) }
}

/// Returns the number of additional replications after which the half-width is at most `half_max`,
/// at least 1. `None` if the spread is unknown, the goal is not positive, or the number exceeds
/// `u32::MAX`.
fn more_for(e: &Estimate, half_max: f64, confidence: f64) -> Option<u32> {
    let can_forecast = e.n >= 2 && half_max > 0.0 && e.std_error.is_finite();
    let narrow = |n: u32| {
        student_t(confidence, n - 1) * e.std_error * (f64::from(e.n) / f64::from(n)).sqrt()
            <= half_max
    };
    can_forecast.then(|| {
        // The width falls with n, so the least sufficient n, if there is one, is found by
        // bisection.
        let (mut few, mut enough) = (e.n, u32::MAX);
        while enough - few > 1 {
            let middle = few + (enough - few) / 2;
            if narrow(middle) { enough = middle } else { few = middle }
        }
        (enough < u32::MAX).then(|| enough - e.n)
    })?
}

/// Returns the upper 95 % bound of the probability of an event that was not observed in `trials`
/// independent trials: 3/n, as (1 − 3/n)ⁿ ≈ 5 % (Hanley, Lippman-Hand 1983). 1 without trials.
pub fn rule_of_three(trials: f64) -> f64 {
    (3.0 / trials.max(0.0)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::intervals::{extreme, mean, ratio};
    use super::*;

    /// An estimate with mean 10 from n values with this standard error.
    fn ten(std_error: f64, n: u32) -> Estimate {
        let half = student_t(0.95, n - 1) * std_error;
        Estimate {
            estimate: 10.0,
            low: 10.0 - half,
            high: 10.0 + half,
            std_error,
            ..mean(&vec![1.0; n as usize], 0.95)
        }
    }

    #[test]
    fn a_goal_is_met_at_its_bound() {
        // By hand: 9 and 11 have mean 10 and standard error 1; at 50 % and one degree t is 1. So
        // the half-width is 1: 10 % of 10.
        let e = mean(&[9.0, 11.0], 0.5);
        assert!(
            met(&e, HalfWidth::Relative(0.100_001)) && !met(&e, HalfWidth::Relative(0.099_999))
        );
        assert!(
            met(&e, HalfWidth::Absolute(1.000_001)) && !met(&e, HalfWidth::Absolute(0.999_999))
        );
        let below = mean(&[-9.0, -11.0], 0.5);
        assert!(met(&below, HalfWidth::Relative(0.100_001)), "a negative mean also has a width");
    }

    #[test]
    fn what_has_no_interval_meets_no_goal() {
        // Definition: one value, none, a range, a goal that is not a number.
        for e in [mean(&[3.0], 0.95), mean(&[], 0.95), extreme(&[1.0, 1.0, 1.0], true)] {
            assert!(
                !met(&e, HalfWidth::Relative(1e9)) && !met(&e, HalfWidth::Absolute(1e9)),
                "{e:?}"
            );
            assert_eq!(more_needed(&e, HalfWidth::Absolute(1.0), 0.95), None);
        }
        assert!(!met(&ten(1.0, 5), HalfWidth::Absolute(f64::NAN)));
        assert_eq!(more_needed(&ten(1.0, 5), HalfWidth::Absolute(f64::NAN), 0.95), None);
    }

    #[test]
    fn a_constant_0_is_precise_and_a_varying_0_is_not() {
        // Definition: 0 ± 0 is within any share of 0; 0 ± a positive amount is within none,
        // whatever the number of replications.
        assert!(met(&mean(&[0.0, 0.0], 0.95), HalfWidth::Relative(0.05)));
        let around = mean(&[-1.0, 1.0], 0.95);
        assert!(
            !met(&around, HalfWidth::Relative(0.05))
                && more_needed(&around, HalfWidth::Relative(0.05), 0.95).is_none()
        );
    }

    #[test]
    fn a_share_that_is_cut_at_0_is_judged_by_its_longer_side() {
        // `ratio` by hand: 17/60 ± 0.635 is cut off at 0, so its lower side is 0.283.
        let e = ratio(&[0.2, 0.3], &[10.0, 20.0], 0.95);
        assert!(
            e.low == 0.0
                && !met(&e, HalfWidth::Absolute(0.6))
                && met(&e, HalfWidth::Absolute(0.64))
        );
    }

    #[test]
    fn the_replications_needed_are_the_least_that_are_enough() {
        // Published t, two-sided 95 %: 2.045 at 29 degrees, 2.048 at 28. s = 1: 30 replications
        // yield 0.37341, 29 yield 0.38038.
        let e = ten(1.0 / 10f64.sqrt(), 10);
        assert_eq!(more_needed(&e, HalfWidth::Absolute(0.38), 0.95), Some(20));
        assert_eq!(more_needed(&e, HalfWidth::Relative(0.038_05), 0.95), Some(19));
        // Many: the normal 1.959964² · 1/0.001² = 3,841,459 in all. Already met: 0. Beyond u32:
        // none.
        assert_eq!(more_needed(&e, HalfWidth::Absolute(0.001), 0.95), Some(3_841_459 - 10));
        assert_eq!(more_needed(&e, HalfWidth::Absolute(0.8), 0.95), Some(0));
        assert_eq!(more_needed(&e, HalfWidth::Absolute(1e-9), 0.95), None);
        // 99 % needs more than 95 %, where 2.1009 · s/√19 = 0.48198 is met with 9 more and not with
        // 8.
        assert_eq!(more_needed(&e, HalfWidth::Absolute(0.482), 0.95), Some(9));
        assert!(more_needed(&e, HalfWidth::Absolute(0.482), 0.99) > Some(20));
    }

    #[test]
    fn three_in_n_bounds_what_was_not_observed() {
        // Hanley, Lippman-Hand: 0 of 300 is at most 1 %. (1 − 0.01)^300 = 4.9 %. A share is at most
        // 1.
        assert_eq!(rule_of_three(300.0), 0.01);
        assert!((0.99f64.powi(300) - 0.05).abs() < 0.001);
        for trials in [2.0, 0.0, -5.0, f64::NAN] {
            assert_eq!(rule_of_three(trials), 1.0);
        }
    }

    #[test]
    fn more_replications_decide_an_open_comparison() {
        // By hand: differences −1 and 3 have mean 1 and standard error 2, s = 2√2. t(32) · s/√33 =
        // 2.03693 · 0.49237 = 1.0029, with 34 it is 2.03452 · 0.48507 = 0.98688, below 1.
        let open = mean(&[-1.0, 3.0], 0.95);
        assert_eq!(replications_to_decide(&open, 0.95), Some(32));
        assert_eq!(replications_to_decide(&mean(&[1.0, -3.0], 0.95), 0.95), Some(32));
        // An interval that ends at 0 does not exclude it: one more replication does.
        let touching = Estimate {
            estimate: 1.0,
            low: 0.0,
            high: 2.0,
            std_error: 1.0,
            ..mean(&[0.0, 2.0], 0.5)
        };
        let from_below = Estimate { estimate: -1.0, low: -2.0, high: 0.0, ..touching };
        assert_eq!([touching, from_below].map(|e| replications_to_decide(&e, 0.5)), [Some(1); 2]);
        // Decided in either direction, no difference, or an unknown spread.
        for decided in [
            mean(&[1.0, 1.1, 1.2], 0.95),
            mean(&[-1.0, -1.1, -1.2], 0.95),
            mean(&[1.0, -1.0], 0.95),
            mean(&[1.0], 0.95),
            mean(&[], 0.95),
        ] {
            assert_eq!(replications_to_decide(&decided, 0.95), None, "{decided:?}");
        }
    }
}
