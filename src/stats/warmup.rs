//! Warm-up detection: how much of the beginning of a run to discard.
//!
//! Law (MSER-5): a system that starts empty is not yet in steady state. Average the series over
//! replications, then in batches of 5 observations, Z_0 … Z_{m−1}. Discard the d batches for which
//! the estimated mean squared error of the remainder is smallest: d* = argmin over d < m/2 of
//! (1/(m−d)²) Σ_{j≥d} (Z_j − mean of the remainder)². A larger d removes bias, a smaller one keeps
//! observations; the square in the denominator balances the two. Ties go to the smaller d.
//! Source: White 1997, *Simulation* 69(6); Hoad, Robinson, Davies 2008, *Automating warm-up length
//! estimation* (WSC), who found it the best of the automatic rules. For visual inspection: Welch
//! 1983, in *The Computer Performance Modeling Handbook* (Law 2015, §9.5.1).
//! Limits: a minimum at the largest cut allowed means that the series has not settled; the cut is
//! then only a lower bound. A transient much longer than half of the series may go undetected (the
//! whole is then more even than any half): look at Welch's average too. A single run is too noisy,
//! hence the mean over replications. Wang, Glynn 2016 show models on which it fails.
//! Checked: by hand; on an exponential approach with noise; on an endless trend.

/// The number of observations per batch: White's choice, which reduces the effect of single
/// outliers on the minimum.
const BATCH: usize = 5;

/// With fewer batches the position of the minimum is a matter of chance.
const BATCHES_MIN: usize = 10;

/// The start of the steady state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// The number of raw observations to discard at the beginning.
    pub observations: usize,
    /// Whether the series settles. If false, the minimum is at the largest cut allowed or the
    /// series is too short: run longer.
    pub reached: bool,
}

/// Returns the cut of MSER-5 (White 1997). A missing observation (NaN) does not count in its batch;
/// a batch without observations takes the mean of its predecessor.
pub fn mser5(series: &[f64]) -> Truncation {
    let Some(batches) = batch_means(series) else {
        return Truncation { observations: 0, reached: false };
    };
    let last_allowed = (batches.len() - 1) / 2;
    // From the end, so that the sum of squares of each remainder follows from the previous one
    // without subtracting large numbers (Welford 1962).
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let (mut least, mut cut) = (f64::INFINITY, 0);
    for (d, z) in batches.iter().enumerate().rev() {
        count += 1.0;
        let off = z - mean;
        mean += off / count;
        squares += off * (z - mean);
        let error = squares / (count * count);
        if d <= last_allowed && error <= least {
            (least, cut) = (error, d);
        }
    }
    Truncation {
        observations: cut * BATCH,
        reached: cut < last_allowed && batches.len() >= BATCHES_MIN,
    }
}

/// Returns the means of complete batches; an incomplete one at the end is ignored. `None` without
/// any known value.
fn batch_means(series: &[f64]) -> Option<Vec<f64>> {
    let own: Vec<Option<f64>> = series.chunks_exact(BATCH).map(known_mean).collect();
    let mut previous = own.iter().flatten().copied().next()?;
    let carried = own.into_iter().map(|mean| {
        previous = mean.unwrap_or(previous);
        previous
    });
    Some(carried.collect())
}

/// Returns the mean of the finite values; `None` if there are none.
fn known_mean(values: &[f64]) -> Option<f64> {
    let (sum, count) = values
        .iter()
        .filter(|v| v.is_finite())
        .fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// Returns Welch's moving average over `half_window` observations to each side, fewer near the
/// beginning so that each window is symmetric (Law 2015, §9.5.1). It ends `half_window`
/// observations before the series does, and is empty if the window does not fit. Missing
/// observations do not count in their windows.
pub fn welch(series: &[f64], half_window: usize) -> Vec<f64> {
    let length = series.len().saturating_sub(half_window);
    let smoothed = |i: usize| {
        known_mean(&series[i - i.min(half_window)..=i + i.min(half_window)]).unwrap_or(f64::NAN)
    };
    (0..length).map(smoothed).collect()
}

#[cfg(test)]
mod tests {
    use super::super::draws::normals;
    use super::*;

    /// A series with these batch means: each value five times.
    fn batches(means: &[f64]) -> Vec<f64> {
        means.iter().flat_map(|&mean| [mean; BATCH]).collect()
    }

    #[test]
    fn the_cut_is_the_one_found_by_hand() {
        // 7, then 1 and −1 in turn, nine in all. Errors: 51.6/10², (80/9)/9² = 0.110, 8/8² = 0.125,
        // (48/7)/7² = 0.140, 6/6²: least at d = 1. With m−d instead of its square they would be
        // 5.16, 0.988, 1, 0.980, 1, and d = 3.
        let mut series = batches(&[7.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0]);
        assert_eq!(mser5(&series), Truncation { observations: 5, reached: true });
        // An incomplete batch at the end is ignored, and a batch counts by its mean: 7 = (0 + 14 +
        // 7 + 7 + 7)/5.
        series.extend([1000.0; 4]);
        (series[0], series[1]) = (0.0, 14.0);
        assert_eq!(mser5(&series), Truncation { observations: 5, reached: true });
    }

    #[test]
    fn a_constant_series_is_not_cut() {
        // Every error is 0, and the tie goes to the smallest cut. 0.1 is not exact in binary, which
        // must not matter.
        assert_eq!(mser5(&[0.1; 50]), Truncation { observations: 0, reached: true });
    }

    #[test]
    fn a_series_of_nine_batches_is_too_short() {
        // BATCHES_MIN at its bound; also no observations, less than a batch, one batch, two.
        assert!(mser5(&[1.0; 50]).reached && !mser5(&[1.0; 49]).reached);
        for length in [0, 4, 5, 10] {
            assert_eq!(mser5(&[1.0; 50][..length]), Truncation { observations: 0, reached: false });
        }
    }

    #[test]
    fn a_step_is_cut_up_to_the_bound_and_no_further() {
        // By hand: at most five of eleven batches may be discarded. A step after four is found; a
        // step after five is at the bound, which is inconclusive.
        let step = |at: usize| {
            batches(&(0..11).map(|j| if j < at { 9.0 } else { 0.0 }).collect::<Vec<_>>())
        };
        assert_eq!(mser5(&step(4)), Truncation { observations: 20, reached: true });
        assert_eq!(mser5(&step(5)), Truncation { observations: 25, reached: false });
        // A transient longer than half: no cut allowed helps. Uncut 81 · (7 · 4/11)/11², at the
        // bound 81 · (2 · 4/6)/6², which is more.
        assert_eq!(mser5(&step(7)), Truncation { observations: 0, reached: true });
    }

    #[test]
    fn missing_observations_do_not_count() {
        // The hand example again: its mean of 7 from one known value, an unknown batch that takes
        // over −1, and unknown observations at the start.
        let mut series = batches(&[7.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0]);
        for missing in [0, 1, 3, 4, 46] {
            series[missing] = f64::NAN;
        }
        series[2] = 7.0;
        assert_eq!(mser5(&series), Truncation { observations: 5, reached: true });
        assert_eq!(
            batch_means(&batches(&[f64::NAN, 2.0, f64::INFINITY, 3.0])),
            Some(vec![2.0, 2.0, 2.0, 3.0])
        );
        assert_eq!(mser5(&[f64::NAN; 100]), Truncation { observations: 0, reached: false });
    }

    #[test]
    fn an_approach_is_cut_after_a_few_time_constants_and_leaves_no_bias() {
        // 10 (1 − exp(−t/50)) + N(0, 1): discarding one more batch pays off while its bias² is
        // above 2 σ²/5, up to t = 50 ln(10/0.63) = 2.8 · 50. Uncut, the mean of 2,000 is 0.25 too
        // low. After the cut a tenth of that is allowed, plus 4 standard errors of the mean of 100
        // runs (6e-5 chance of failing with another seed).
        let (mut near, mut bias) = (0, 0.0);
        for seed in 0..100 {
            let mut noise = normals(seed);
            let series: Vec<f64> =
                (0..2000).map(|t| 10.0 - 10.0 * (-f64::from(t) / 50.0).exp() + noise()).collect();
            let cut = mser5(&series);
            near += u32::from(cut.reached && (75..=300).contains(&cut.observations));
            let rest = &series[cut.observations..];
            bias += (rest.iter().sum::<f64>() / rest.len() as f64 - 10.0) / 100.0;
        }
        assert!(
            near >= 90 && bias.abs() < 0.025 + 4.0 / (1850.0f64 * 100.0).sqrt(),
            "{near} of 100 near, bias {bias}"
        );
    }

    #[test]
    fn a_trend_that_never_settles_is_not_reached() {
        // Each cut of a straight line leaves a shorter one: the error (m−d)/12 falls up to the
        // bound.
        let mut noise = normals(5);
        let series: Vec<f64> = (0..1000).map(|t| 0.05 * f64::from(t) + noise()).collect();
        assert_eq!(mser5(&series), Truncation { observations: 495, reached: false });
    }

    #[test]
    fn welchs_average_shrinks_its_window_at_the_beginning() {
        // By hand: 1 | (1+2+6)/3 | (1+2+6+7+9)/5 | (2+6+7+9+11)/5, and no window fits after that.
        // Missing observations do not count.
        assert_eq!(welch(&[1.0, 2.0, 6.0, 7.0, 9.0, 11.0], 2), [1.0, 3.0, 5.0, 7.0]);
        assert_eq!(welch(&[1.0, f64::NAN, 6.0, 8.0], 1)[1..], [3.5, 7.0]);
        assert_eq!(welch(&[1.0, 2.0], 0), [1.0, 2.0]);
        assert!(
            welch(&[f64::NAN], 0)[0].is_nan()
                && welch(&[1.0, 2.0], 2).is_empty()
                && welch(&[], 3).is_empty()
        );
    }
}
