//! Latin hypercube: of n points, one in each n-th of the range of each parameter.
//!
//! Law: coordinate j of point i is `(π_j(i) + u_ij)/n`, with independent random orders π_j and
//! draws u (McKay, Beckman, Conover 1979, "A comparison of three methods for selecting values of
//! input variables"). Of several such squares, the one is chosen whose two nearest points are
//! farthest apart (Johnson, Moore, Ylvisaker 1990, "Minimax and maximin distance designs").
//! Limits: good for sums of effects of single parameters, whatever n; for a design that grows point
//! by point, use `sobol`. A square of n points in k dimensions has k·n(n-1)/2 distance terms; the
//! number of squares is limited to 2·10⁸ terms in all (a fraction of a second) and to 1000: beyond
//! some 14,000/√k points there is only one, and no distance is computed.
//! Tested: the strata, the distance, and the error of an integral against independent points.

use super::shuffle::shuffled;
use crate::random::keys::{Key, Salt};

/// The maximum number of points; more would not fit in memory with their results.
pub(crate) const MOST: u32 = 1_000_000;
const TERMS: u64 = 200_000_000;
const CANDIDATES: u64 = 1_000;

/// Returns the number of squares to draw, of which the best is chosen.
fn candidates(n: u32, parameters: usize) -> u64 {
    let n = u64::from(n);
    let terms = (n * n.saturating_sub(1) / 2).saturating_mul(parameters as u64);
    (TERMS / terms.max(1)).clamp(1, if terms == 0 { 1 } else { CANDIDATES })
}

/// Returns up to [`MOST`] points in the unit cube.
pub(crate) fn rows(n: u32, parameters: usize, seed: u64) -> Vec<Vec<f64>> {
    let n = n.min(MOST);
    let candidates = candidates(n, parameters);
    let mut best = square(n, parameters, seed, 0);
    if candidates > 1 {
        let mut farthest = nearest_pair(&best, 0.0);
        for candidate in 1..candidates {
            let points = square(n, parameters, seed, candidate);
            let distance = nearest_pair(&points, farthest);
            if distance > farthest {
                (best, farthest) = (points, distance);
            }
        }
    }
    best
}

/// Draws one Latin hypercube.
fn square(n: u32, parameters: usize, seed: u64, candidate: u64) -> Vec<Vec<f64>> {
    let key = Key(seed).child(Salt::of("design.lhs"), candidate);
    let within = Salt::of("design.lhs.within");
    let mut points = vec![Vec::with_capacity(parameters); n as usize];
    for parameter in 0..parameters as u64 {
        let key = key.ordinal(parameter);
        for ((row, stratum), point) in (0..).zip(shuffled(n, key)).zip(&mut points) {
            let u = (f64::from(stratum) + key.ordinal(row).draw(within).uniform()) / f64::from(n);
            // The sum may have been rounded up to the next stratum.
            point.push(u.min((f64::from(stratum + 1) / f64::from(n)).next_down()));
        }
    }
    points
}

/// Returns the squared distance of the two nearest points; stops with some value not above `enough`
/// once it cannot be above it.
fn nearest_pair(points: &[Vec<f64>], enough: f64) -> f64 {
    let mut nearest = f64::INFINITY;
    for (index, one) in points.iter().enumerate() {
        for other in &points[index + 1..] {
            nearest =
                f64::min(nearest, one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum());
        }
        if nearest <= enough {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_each_parameter_has_one_point() {
        // The definition.
        for (n, parameters) in [(1, 3), (2, 1), (10, 4), (97, 2)] {
            let points = rows(n, parameters, 7);
            for parameter in 0..parameters {
                let mut strata: Vec<u32> =
                    points.iter().map(|point| (point[parameter] * f64::from(n)) as u32).collect();
                strata.sort_unstable();
                assert_eq!(strata, (0..n).collect::<Vec<_>>());
            }
        }
        assert_eq!((rows(0, 2, 1), rows(2, 0, 1)), (vec![], vec![vec![], vec![]]));
    }

    #[test]
    fn the_nearest_points_of_the_best_are_farther_apart_than_those_of_a_first() {
        // Maximin: the best of 1000 is farther than each of them, and than their mean by 1.8
        // (measured).
        let distance = |points: &[Vec<f64>]| nearest_pair(points, 0.0).sqrt();
        let best = distance(&rows(20, 3, 1));
        let all: Vec<f64> =
            (0..1_000).map(|candidate| distance(&square(20, 3, 1, candidate))).collect();
        assert_eq!(best, all.iter().copied().fold(0.0, f64::max));
        let mean = all.iter().sum::<f64>() / 1_000.0;
        assert!(best > 1.7 * mean, "{best} {mean}");
        assert_eq!(nearest_pair(&[vec![0.0, 0.0], vec![3.0, 4.0], vec![3.0, 5.0]], 0.0), 1.0);
    }

    #[test]
    fn the_work_is_bounded() {
        // 2e8 over k n(n-1)/2, by hand; at most 1000.
        for (n, parameters, squares) in [
            (10, 3, 1_000),
            (1_000, 4, 100),
            (10_000, 2, 2),
            (10_000, 5, 1),
            (1_000_000, 64, 1),
            (1, 9, 1),
            (0, 0, 1),
        ] {
            assert_eq!(candidates(n, parameters), squares, "{n} points, {parameters} parameters");
        }
    }

    #[test]
    fn a_sum_of_single_effects_is_estimated_with_a_sixty_fourth_of_the_error() {
        // Independent points: the standard deviation of x1 + x2 + x3 is 1/2, of the mean of 64
        // points 1/16. Stein 1987: a Latin hypercube leaves only the error within the strata,
        // 1/2/64^1.5 = 1/1024: 64 times less. Of 40 squares, within 4.5 of its standard errors
        // 1/sqrt(80).
        let error = |seed| square(64, 3, seed, 0).iter().flatten().sum::<f64>() / 64.0 - 1.5;
        let rms = ((0..40).map(|seed| error(seed).powi(2)).sum::<f64>() / 40.0).sqrt();
        assert!((rms * 1024.0 - 1.0).abs() < 4.5 / 80f64.sqrt(), "{rms}");
    }

    #[test]
    fn the_same_seed_gives_the_same_points_and_another_others() {
        // Addressed draws.
        assert_eq!(rows(5, 2, 3), rows(5, 2, 3));
        assert_ne!(rows(5, 2, 3), rows(5, 2, 4));
    }
}
