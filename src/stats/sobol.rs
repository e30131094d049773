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
mod tests;
