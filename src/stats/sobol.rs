//! Sobol indices: which share of the variance of the output is due to which factor?
//!
//! Law: for independent factors, the first-order index S_i is the share of the variance that
//! vanishes if x_i is known, the total index T_i the share that remains if all but x_i are known;
//! T_i − S_i is due to interactions. From a Saltelli design: rows of two independent matrices A and
//! B, and for each factor i the matrix AB_i, which is A with column i from B: N (k + 2) runs. Both
//! by Jansen's estimators: S_i = 1 − Σ (f(B) − f(AB_i))²/(2 N V), T_i = Σ (f(A) − f(AB_i))²/(2 N
//! V), with V the variance of f(A) and f(B) together. They are sums of squares of differences, so a
//! large mean of f costs no precision, and T_i is never negative. Intervals: percentile bootstrap
//! over rows. Both indices lie in [0, 1], so estimates and intervals are clipped to it; an index
//! whose interval is as wide as that is unknown, and has no estimate.
//! Source: Jansen 1999, *Computer Physics Communications* 117; Saltelli et al. 2010, ibid. 181,
//! table 2; intervals: Archer, Saltelli, Sobol 1997.
//! Limits: S_i near 0 is noisy: V has a relative error of some 1/√N, and so has 1 − (…). The
//! percentile interval covers slightly less than its nominal level with fewer than some 200 rows.
//! The bootstrap does not know noise that all rows share, as with common random numbers: the caller
//! states it, and the two are added as independent errors. Rows of a low-discrepancy sequence are
//! closer to the truth than the interval indicates.
//! Checked: Ishigami's function and Sobol's g-function, whose indices are known in closed form;
//! coverage by experiment.

/// The share of the variance that is due to one factor. All indices are in 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Indices {
    /// The first-order index; NaN if the outputs do not vary, with fewer than two rows, or if its
    /// interval is the whole range.
    pub first: f64,
    /// The lower end of its interval; NaN without resamples.
    pub first_low: f64,
    /// The upper end of its interval; NaN without resamples.
    pub first_high: f64,
    /// The total index; NaN as for `first`.
    pub total: f64,
    /// The lower end of its interval; NaN without resamples.
    pub total_low: f64,
    /// The upper end of its interval; NaN without resamples.
    pub total_high: f64,
    /// The number of rows without missing outputs.
    pub n: u32,
}

/// The contribution of a row to the sums of the estimators.
struct Row {
    /// f(A) + f(B), about their mean.
    sum: f64,
    /// f(A)² + f(B)², about their mean.
    squares: f64,
    /// By factor: (f(B) − f(AB_i))² and (f(A) − f(AB_i))².
    apart: Vec<(f64, f64)>,
}

/// Returns the indices by factor (Jansen 1999). `f_a` and `f_b` contain the outputs by row, `f_ab`
/// those by factor, then by row. A row with a missing output is left out for all factors, so that
/// they remain comparable. The intervals, with probability `confidence` (in 0 to 1), come from
/// `resamples` bootstrap samples of the rows, drawn with `uniform`, which returns numbers in 0 to
/// 1; without resamples they are NaN. `noise` contains, by factor, the half-widths of intervals of
/// both indices about the noise of the outputs that all rows share; empty if there is none.
pub fn indices(
    f_a: &[f64],
    f_b: &[f64],
    f_ab: &[Vec<f64>],
    confidence: f64,
    resamples: u32,
    noise: &[(f64, f64)],
    uniform: &mut dyn FnMut() -> f64,
) -> Vec<Indices> {
    let rows = rows(f_a, f_b, f_ab);
    let all = estimates(rows.iter(), f_ab.len());
    let mut drawn = vec![(Vec::new(), Vec::new()); f_ab.len()];
    for _ in 0..resamples {
        let pick = |_| &rows[((uniform() * rows.len() as f64) as usize).min(rows.len() - 1)];
        let resample = estimates((0..rows.len()).map(pick), f_ab.len());
        for ((firsts, totals), (first, total)) in drawn.iter_mut().zip(resample) {
            // A resample of equal outputs has no variance and is skipped.
            firsts.extend(first.is_finite().then_some(first));
            totals.extend(total.is_finite().then_some(total));
        }
    }
    let tail = (1.0 - confidence) / 2.0;
    let with_intervals = all.into_iter().zip(drawn).zip(0..).map(
        |(((first, total), (mut firsts, mut totals)), i)| {
            firsts.sort_by(f64::total_cmp);
            totals.sort_by(f64::total_cmp);
            let (of_first, of_total) = noise.get(i).copied().unwrap_or_default();
            let firsts = widened(first, between(&firsts, tail), of_first);
            let totals = widened(total, between(&totals, tail), of_total);
            let (first, first_low, first_high) = share(first, firsts);
            let (total, total_low, total_high) = share(total, totals);
            Indices {
                first,
                first_low,
                first_high,
                total,
                total_low,
                total_high,
                n: rows.len() as u32,
            }
        },
    );
    with_intervals.collect()
}

/// Returns the indices by factor as [`indices`] estimates them, first-order and total, but not
/// clipped to 0 to 1: for the error of an index, which clipping would hide.
pub fn raw_indices(f_a: &[f64], f_b: &[f64], f_ab: &[Vec<f64>]) -> Vec<(f64, f64)> {
    estimates(rows(f_a, f_b, f_ab).iter(), f_ab.len())
}

/// Adds an independent error to an interval about an estimate: their squares add up, at either end.
fn widened(estimate: f64, (low, high): (f64, f64), noise: f64) -> (f64, f64) {
    if noise == 0.0 || low.is_nan() || high.is_nan() {
        return (low, high);
    }
    let end = |distance: f64| distance.max(0.0).hypot(noise);
    (estimate - end(estimate - low), estimate + end(high - estimate))
}

/// Returns an index with its interval, clipped to 0 to 1; the estimate is NaN if nothing is known
/// about it.
fn share(estimate: f64, (low, high): (f64, f64)) -> (f64, f64, f64) {
    // An interval at least as wide as the whole range leaves everything open, wherever it lies.
    if high - low >= 1.0 {
        return (f64::NAN, 0.0, 1.0);
    }
    // Adding 0 turns −0 into 0.
    let cut = |value: f64| value.clamp(0.0, 1.0) + 0.0;
    (cut(estimate), cut(low), cut(high))
}

/// Returns the rows without missing outputs.
fn rows(f_a: &[f64], f_b: &[f64], f_ab: &[Vec<f64>]) -> Vec<Row> {
    let outputs = |row: usize| f_ab.iter().map(move |f| f.get(row).copied().unwrap_or(f64::NAN));
    let known = |row: &usize| {
        f_a[*row].is_finite() && f_b[*row].is_finite() && outputs(*row).all(f64::is_finite)
    };
    let known: Vec<usize> = (0..f_a.len().min(f_b.len())).filter(known).collect();
    let centre =
        known.iter().map(|&row| (f_a[row] + f_b[row]) / 2.0).sum::<f64>() / known.len() as f64;
    let contributions = known.iter().map(|&row| {
        let (a, b) = (f_a[row] - centre, f_b[row] - centre);
        let apart = outputs(row)
            .map(|f| ((f_b[row] - f) * (f_b[row] - f), (f_a[row] - f) * (f_a[row] - f)));
        Row { sum: a + b, squares: a * a + b * b, apart: apart.collect() }
    });
    contributions.collect()
}

/// Returns the first-order and the total index by factor.
fn estimates<'a>(rows: impl Iterator<Item = &'a Row>, factors: usize) -> Vec<(f64, f64)> {
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    let mut apart = vec![(0.0, 0.0); factors];
    for row in rows {
        n += 1.0;
        sum += row.sum;
        squares += row.squares;
        for (sums, of_row) in apart.iter_mut().zip(&row.apart) {
            sums.0 += of_row.0;
            sums.1 += of_row.1;
        }
    }
    let variance = (squares - sum * sum / (2.0 * n)) / (2.0 * n - 1.0);
    // Equal outputs have no variance to share out; a single row is not enough.
    let scale = if n >= 2.0 && variance > 0.0 { 2.0 * n * variance } else { f64::NAN };
    apart.into_iter().map(|(first, total)| (1.0 - first / scale, total / scale)).collect()
}

/// Returns the values that leave the share `tail` beyond them at either end, interpolated between
/// neighbours.
fn between(sorted: &[f64], tail: f64) -> (f64, f64) {
    let Some(last) = sorted.len().checked_sub(1) else { return (f64::NAN, f64::NAN) };
    let at = |p: f64| {
        let place = (p * last as f64).clamp(0.0, last as f64);
        let below = sorted[place as usize];
        below + (place - place.floor()) * (sorted[(place as usize + 1).min(last)] - below)
    };
    (at(tail), at(1.0 - tail))
}

#[cfg(test)]
mod tests {
    use super::super::draws::{near, uniforms};
    use super::*;

    /// The outputs of a Saltelli design of n pseudo-random rows.
    fn design(
        f: impl Fn(&[f64]) -> f64,
        factors: usize,
        n: usize,
        uniform: &mut dyn FnMut() -> f64,
    ) -> (Vec<f64>, Vec<f64>, Vec<Vec<f64>>) {
        let (mut f_a, mut f_b, mut f_ab) = (Vec::new(), Vec::new(), vec![Vec::new(); factors]);
        for _ in 0..n {
            let a: Vec<f64> = (0..factors).map(|_| uniform()).collect();
            let b: Vec<f64> = (0..factors).map(|_| uniform()).collect();
            f_a.push(f(&a));
            f_b.push(f(&b));
            for (i, outputs) in f_ab.iter_mut().enumerate() {
                outputs.push(f(&(0..factors)
                    .map(|j| if j == i { b[j] } else { a[j] })
                    .collect::<Vec<_>>()));
            }
        }
        (f_a, f_b, f_ab)
    }

    /// Ishigami, Homma 1990, with a = 7 and b = 0.1, from the unit cube.
    fn ishigami(x: &[f64]) -> f64 {
        let [x, y, z] = [x[0], x[1], x[2]].map(|u| std::f64::consts::PI * (2.0 * u - 1.0));
        x.sin() + 7.0 * y.sin().powi(2) + 0.1 * z.powi(4) * x.sin()
    }

    /// First-order and total indices in closed form: V₁ = (1 + bπ⁴/5)²/2, V₂ = a²/8, V₁₃ = b²π⁸
    /// (1/18 − 1/50).
    fn ishigami_exact() -> [(f64, f64); 3] {
        let p4 = std::f64::consts::PI.powi(4);
        let (one, two, both) = (
            (1.0 + 0.1 * p4 / 5.0).powi(2) / 2.0,
            49.0 / 8.0,
            0.01 * p4 * p4 * (1.0 / 18.0 - 1.0 / 50.0),
        );
        let all = one + two + both;
        [(one / all, (one + both) / all), (two / all, two / all), (0.0, both / all)]
    }

    /// Asserts indices within 4 standard errors, derived from the width of the 95 % interval: 6e-5
    /// chance each of failing with another seed.
    fn are(result: &[Indices], exact: &[(f64, f64)]) {
        assert_eq!(result.len(), exact.len());
        for (i, (first, total)) in result.iter().zip(exact) {
            let (first_error, total_error) =
                ((i.first_high - i.first_low) / 3.92, (i.total_high - i.total_low) / 3.92);
            assert!(
                (i.first - first).abs() < 4.0 * first_error
                    && (i.total - total).abs() < 4.0 * total_error,
                "{i:?}: {first} {total}"
            );
            assert!(first_error < 0.03 && total_error < 0.03 && i.n == 4096, "{i:?}");
        }
    }

    #[test]
    fn ishigamis_function_has_its_indices() {
        // Closed form; published to three digits: 0.314, 0.442, 0 and 0.558, 0.442, 0.244.
        let exact = ishigami_exact();
        for ((first, total), (first_published, total_published)) in
            exact.iter().zip([(0.3139, 0.5576), (0.4424, 0.4424), (0.0, 0.2437)])
        {
            assert!(
                (first - first_published).abs() < 5e-5 && (total - total_published).abs() < 5e-5
            );
        }
        let mut uniform = uniforms(1);
        let (f_a, f_b, f_ab) = design(ishigami, 3, 4096, &mut uniform);
        are(&indices(&f_a, &f_b, &f_ab, 0.95, 200, &[], &mut uniform), &exact);
    }

    #[test]
    fn sobols_g_function_has_its_indices() {
        // Π (|4x − 2| + a)/(1 + a): V_i = 1/(3 (1 + a)²), V = Π (1 + V_i) − 1, total V_i Π_{j≠i} (1
        // + V_j) (Saltelli, Sobol 1995).
        let a = [0.0, 1.0, 4.5, 9.0, 99.0];
        let parts = a.map(|a| 1.0 / (3.0 * (1.0 + a) * (1.0 + a)));
        let product: f64 = parts.iter().map(|v| 1.0 + v).product();
        let exact = parts.map(|v| (v / (product - 1.0), v * product / (1.0 + v) / (product - 1.0)));
        let g = |x: &[f64]| {
            x.iter().zip(a).map(|(x, a)| ((4.0 * x - 2.0).abs() + a) / (1.0 + a)).product()
        };
        let mut uniform = uniforms(2);
        let (f_a, f_b, f_ab) = design(g, 5, 4096, &mut uniform);
        are(&indices(&f_a, &f_b, &f_ab, 0.95, 200, &[], &mut uniform), &exact);
    }

    #[test]
    fn two_rows_have_the_indices_found_by_hand() {
        // f(A) = 1 3, f(B) = 5 7: variance 20/3, 2 N V = 80/3. f(AB) = 4 2: 1 + 25 and 9 + 1. A
        // mean of 10⁹ costs no precision. Rows with missing outputs do not count. Since both rows
        // are drawn each time, the resamples equal the sample, and the interval has no length.
        for mean in [0.0, 1e9] {
            let outputs = |values: &[f64]| values.iter().map(|v| v + mean).collect::<Vec<_>>();
            let (f_a, f_b) = (
                outputs(&[1.0, f64::NAN, 3.0, 9.0, 9.0]),
                outputs(&[5.0, 9.0, 7.0, f64::INFINITY, 9.0]),
            );
            let (mut calls, f_ab) =
                (0, [outputs(&[4.0, 9.0, 2.0, 9.0, f64::NAN]), outputs(&[4.0, 9.0, 2.0, 9.0])]);
            let mut in_turn = || {
                calls += 1;
                if calls % 2 == 0 { 0.25 } else { 0.75 }
            };
            let result = indices(&f_a, &f_b, &f_ab, 0.95, 3, &[], &mut in_turn);
            assert_eq!((result.len(), result[0], calls), (2, result[1], 6));
            for (result, exact) in [result[0].first, result[0].first_low, result[0].first_high]
                .into_iter()
                .zip([1.0 / 40.0; 3])
            {
                near(result, exact);
            }
            for (result, exact) in [result[0].total, result[0].total_low, result[0].total_high]
                .into_iter()
                .zip([3.0 / 8.0; 3])
            {
                near(result, exact);
            }
            assert_eq!(result[0].n, 2);
        }
    }

    #[test]
    fn an_index_is_a_share_and_an_unknown_one_has_no_estimate() {
        // Definition: 0 ≤ S_i ≤ T_i ≤ 1. Rows whose outputs vary little compared with the mixed
        // ones used to produce intervals of −13212446 to 100 %.
        assert_eq!(share(-0.02, (-0.3, 0.1)), (0.0, 0.0, 0.1));
        assert_eq!(share(1.15, (0.7, 1.4)), (1.0, 0.7, 1.0));
        for (estimate, ends) in [(0.85, (-132_124.46, 1.0)), (1.15, (1.0, 132_159.78))] {
            let (unknown, low, high) = share(estimate, ends);
            assert!(unknown.is_nan() && (low, high) == (0.0, 1.0));
        }
        assert!(share(-0.0, (-0.0, 0.2)).0.is_sign_positive());
        let mut uniform = uniforms(3);
        let near_equal = [5.0, 5.0, 5.0, 5.000_001];
        let result = indices(
            &near_equal,
            &[5.0; 4],
            &[vec![5.0, 5.2, 5.0, 5.0]],
            0.95,
            200,
            &[],
            &mut uniform,
        )[0];
        assert!(
            (result.first_low, result.first_high, result.total_low, result.total_high)
                == (0.0, 1.0, 0.0, 1.0),
            "{result:?}"
        );
        assert!(result.first.is_nan() && result.total.is_nan(), "{result:?}");
    }

    #[test]
    fn an_interval_contains_the_noise_that_all_rows_share() {
        // By hand: 0.5 − √(0.3² + 0.4²) and 0.5 + √(0.1² + 0.4²); an end on the wrong side of the
        // estimate counts as the estimate. Without noise nothing changes.
        let (low, high) = widened(0.5, (0.2, 0.6), 0.4);
        near(low, 0.0);
        near(high, 0.5 + 0.17f64.sqrt());
        near(widened(0.5, (0.52, 0.6), 0.1).0, 0.4);
        assert_eq!(widened(0.5, (0.52, 0.6), 0.0), (0.52, 0.6));
    }

    #[test]
    fn a_resample_is_scaled_by_its_own_variance() {
        // The first row three times, 1 and 5 with 4 between: variance 24/5, 2 N V = 144/5; 3 · 1
        // and 3 · 9.
        let result = indices(
            &[1.0, 3.0, 3.0],
            &[5.0, 7.0, 7.0],
            &[vec![4.0, 2.0, 2.0]],
            0.95,
            1,
            &[],
            &mut || 0.1,
        )[0];
        near(result.first_low, 129.0 / 144.0);
        near(result.total_high, 135.0 / 144.0);
    }

    #[test]
    fn an_interval_leaves_the_same_share_at_both_ends() {
        // By hand: for 0 1 2 3 4, an eighth at each end is at positions 0.5 and 3.5. A single value
        // is both ends; without values there are none.
        assert_eq!(between(&[0.0, 1.0, 2.0, 3.0, 4.0], 0.125), (0.5, 3.5));
        assert_eq!(between(&[0.0, 10.0, 11.0], 0.0), (0.0, 11.0));
        assert_eq!(between(&[7.0], 0.1), (7.0, 7.0));
        assert!(between(&[], 0.1).0.is_nan());
    }

    #[test]
    fn constant_or_missing_outputs_have_no_indices() {
        // Definition: equal outputs, one row, none; without resamples there are indices but no
        // intervals; without factors there is nothing.
        let mut half = || 0.5;
        for (f, n) in [(vec![4.0; 5], 5), (vec![4.0], 1), (vec![], 0), (vec![f64::NAN; 3], 0)] {
            let result = indices(&f, &f, std::slice::from_ref(&f), 0.95, 10, &[], &mut half)[0];
            assert!(
                result.n == n
                    && result.first.is_nan()
                    && result.total.is_nan()
                    && result.first_low.is_nan()
                    && result.total_high.is_nan(),
                "{result:?}"
            );
        }
        // Also if only the mixed outputs differ, or those of a single row.
        for result in [
            indices(&[4.0; 2], &[4.0; 2], &[vec![5.0; 2]], 0.95, 0, &[], &mut half),
            indices(&[1.0], &[2.0], &[vec![3.0]], 0.95, 0, &[], &mut half),
        ] {
            assert!(result[0].first.is_nan() && result[0].total.is_nan(), "{result:?}");
        }
        let result =
            indices(&[1.0, 3.0], &[3.0, 1.0], &[vec![3.0, 2.0]], 0.95, 0, &[], &mut half)[0];
        assert!(
            result.first == 13.0 / 16.0 && result.first_low.is_nan() && result.total_high.is_nan()
        );
        assert!(indices(&[1.0], &[2.0], &[], 0.95, 10, &[], &mut half).is_empty());
        // A draw of 1 would be an error of the caller; it selects the last row.
        assert!(
            indices(&[1.0, 3.0], &[3.0, 1.0], &[vec![3.0, 2.0]], 0.95, 1, &[], &mut || 1.0)[0]
                .first_low
                .is_finite()
        );
    }

    #[test]
    fn intervals_cover_the_truth_nearly_as_often_as_they_say() {
        // Ishigami's function, 300 experiments of 256 rows, 95 %: 3 standard errors are 3.8 %, 0.3
        // % chance of failing with another seed; and 2 % less for the percentile interval with so
        // few rows.
        let (exact, mut uniform) = (ishigami_exact(), uniforms(4));
        let mut covered = [(0, 0); 3];
        for _ in 0..300 {
            let (f_a, f_b, f_ab) = design(ishigami, 3, 256, &mut uniform);
            let result = indices(&f_a, &f_b, &f_ab, 0.95, 200, &[], &mut uniform);
            for ((covered, i), (first, total)) in covered.iter_mut().zip(result).zip(exact) {
                covered.0 += u32::from(i.first_low <= first && first <= i.first_high);
                covered.1 += u32::from(i.total_low <= total && total <= i.total_high);
            }
        }
        let shares =
            covered.map(|(first, total)| (f64::from(first) / 300.0, f64::from(total) / 300.0));
        assert!(
            shares.iter().flat_map(|s| [s.0, s.1]).all(|share| (0.892..0.988).contains(&share)),
            "{shares:?}"
        );
    }
}
