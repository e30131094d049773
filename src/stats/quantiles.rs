//! Quantiles of durations that come in clusters: durations within a replication are correlated,
//! because a long queue delays many requests at once.
//!
//! Law: the quantile is where the share F of durations at or below it is q. F is a ratio of sums
//! over the replications, so its standard error s at the pooled quantile is known (Cochran 1977,
//! *Sampling Techniques*, §6.4), and the interval extends from the pooled quantile of q − t s to
//! that of q + t s (Woodruff 1952, *JASA* 47).
//! Why not sectioning, that is, the spread of the quantiles of the single replications (Asmussen,
//! Glynn 2007, §III.5a): a burst that puts ten times the usual share of a replication above the
//! pooled p99 moves the p99 of that replication by much less than ten times as much moves the
//! pooled one, so sectioning underestimates the effect of bursts. With 20 replications of an M/M/1
//! at 80 %, 18 relaxation times each, its interval contained the p99 in 78 % of experiments, and
//! this one in 90 % (`docs/statistics.md`, § Coverage).
//! Differences: the contribution of a replication to the pooled quantile is linear in its share,
//! with the density between the ends of the interval.
//! Limits: if durations are known only to a bucket, the interval is at least as wide as the bucket.
//! No interval extends beyond the longest duration observed. If the error is known at another
//! duration than the pooled quantile, it is rescaled to q in the proportion of as many independent
//! durations (design effect; Kish 1965, *Survey Sampling*, §8.2), by a factor of 0.5 to 2.
//! Checked: by hand; by experiment below and in `tests/it/coverage.rs`.

use super::intervals::{Estimate, Method, interval, student_t};

/// The data for the interval of a quantile.
#[derive(Clone, Debug)]
pub struct Clusters {
    /// The level of the quantile, in 0 to 1: 0.99 for p99.
    pub q: f64,
    /// The quantile of all durations together, in seconds.
    pub pooled: f64,
    /// The lowest and highest possible value of the quantile, in seconds: histograms resolve it
    /// only to a bucket, unless the bucket is an atom.
    pub within: (f64, f64),
    /// By replication: the number of durations at or below the pooled quantile (or another duration
    /// near it), and the number of all its durations.
    pub counts: Vec<(f64, f64)>,
}

/// The share of durations at or below the pooled quantile.
struct Share {
    share: f64,
    /// The number of replications with durations, and the number of all durations.
    n: u32,
    all: f64,
    /// The factor by which its standard error is rescaled to `q`.
    scale: f64,
    /// Its standard error at `q`.
    error: f64,
}

fn share(Clusters { q, counts, .. }: &Clusters) -> Share {
    let known = || counts.iter().filter(|(_, all)| *all > 0.0);
    let n = known().count() as u32;
    let (below, all) = known().fold((0.0, 0.0), |(below, all), (b, a)| (below + b, all + a));
    let share = below / all;
    let squares: f64 = known().map(|(b, a)| (b - share * a) * (b - share * a)).sum();
    let deviation = |p: f64| (p * (1.0 - p)).sqrt();
    // Without an error there is nothing to rescale.
    let scale =
        if squares > 0.0 { (deviation(*q) / deviation(share)).clamp(0.5, 2.0) } else { 1.0 };
    let error = scale * (squares * f64::from(n) / (f64::from(n) - 1.0).max(1.0)).sqrt() / all;
    Share { share, n, all, scale, error }
}

/// Returns the pooled quantile with Woodruff's interval (Woodruff 1952). `at` returns the pooled
/// quantile of any level, in seconds; `confidence` is in 0 to 1.
pub fn quantile(clusters: &Clusters, at: impl Fn(f64) -> f64, confidence: f64) -> Estimate {
    let Share { n, error, .. } = share(clusters);
    let Clusters { q, pooled, within, .. } = *clusters;
    if n < 2 {
        return interval(pooled, f64::NAN, n, confidence, Method::Woodruff);
    }
    let t = student_t(confidence, n - 1);
    // Without an error the interval has no length.
    let end = |level: f64| if error > 0.0 { at(level.clamp(0.0, 1.0)) } else { pooled };
    let (low, high) = (end(q - t * error), end(q + t * error));
    // No interval is narrower than the resolution of the durations.
    Estimate {
        estimate: pooled,
        low: low.min(within.0),
        high: high.max(within.1),
        std_error: (high - low) / 2.0 / t,
        n,
        method: Method::Woodruff,
    }
}

/// Returns one value per replication, in seconds, with the pooled quantile as their mean and its
/// error as their spread: each is the contribution of its replication's share. NaN for a
/// replication without durations.
pub fn linearised(clusters: &Clusters, at: impl Fn(f64) -> f64, confidence: f64) -> Vec<f64> {
    let Share { share, n, all, scale, error } = share(clusters);
    let Clusters { q, pooled, .. } = *clusters;
    let reach = if n < 2 { 0.0 } else { student_t(confidence, n - 1) * error };
    let (low, high) = ((q - reach).max(0.0), (q + reach).min(1.0));
    // Seconds per unit of share: 1 over the density.
    let slope = if high > low { (at(high) - at(low)) / (high - low) } else { 0.0 };
    let value = |&(below, count): &(f64, f64)| match count > 0.0 {
        true => pooled - (below - share * count) * f64::from(n) / all * scale * slope,
        false => f64::NAN,
    };
    clusters.counts.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::super::draws::{near, uniforms};
    use super::*;

    #[test]
    fn the_interval_of_a_quantile_is_woodruffs() {
        // By hand: 8 of 10, 9 of 10 and 10 of 10 are a share of 0.9; deviations −1, 0 and 1, so s =
        // √(3/2 · 2)/30 = √3/30. t(2) at 50 % is √(2/3), so t s = √2/30. Quantiles are 100 times
        // their share: ± 100 √2/30.
        let clusters = Clusters {
            q: 0.9,
            pooled: 90.0,
            within: (90.0, 90.0),
            counts: vec![(8.0, 10.0), (0.0, 0.0), (9.0, 10.0), (10.0, 10.0)],
        };
        let e = quantile(&clusters, |share| 100.0 * share, 0.5);
        let half = 100.0 * 2f64.sqrt() / 30.0;
        near(e.low, 90.0 - half);
        near(e.high, 90.0 + half);
        near(e.std_error, 100.0 * 3f64.sqrt() / 30.0);
        assert_eq!((e.estimate, e.n, e.method), (90.0, 3, Method::Woodruff));
        // At a higher confidence its end is beyond all durations and is limited by the longest.
        // Where durations are sparse, the interval is as asymmetric as they are.
        let e = quantile(
            &clusters,
            |share| if share > 0.9 { 1000.0 * share } else { 100.0 * share },
            0.95,
        );
        assert!(e.high == 1000.0 && e.low < 70.0, "{e:?}");
    }

    #[test]
    fn replications_of_unequal_size_count_by_their_durations() {
        // By hand: 10 of 10 and 60 of 90 are 0.7; deviations 3 and −3, so s = √(2 · 18)/100 = 0.06.
        // t(1) at 50 % is 1.
        let clusters = Clusters {
            q: 0.7,
            pooled: 7.0,
            within: (7.0, 7.0),
            counts: vec![(10.0, 10.0), (60.0, 90.0)],
        };
        let e = quantile(&clusters, |share| 10.0 * share, 0.5);
        near(e.low, 6.4);
        near(e.high, 7.6);
    }

    #[test]
    fn an_error_known_at_another_share_is_rescaled_to_the_quantile() {
        // By hand: s = 0.06 as above at a share of 0.7, times √(0.9 · 0.1)/√(0.7 · 0.3) at 0.9; the
        // factor is never less than half.
        let at = |q: f64| {
            let clusters = Clusters {
                q,
                pooled: 10.0 * q,
                within: (10.0 * q, 10.0 * q),
                counts: vec![(10.0, 10.0), (60.0, 90.0)],
            };
            quantile(&clusters, |share| 10.0 * share, 0.5).std_error
        };
        near(at(0.9), 0.6 * (0.09f64 / 0.21).sqrt());
        near(at(0.95), 0.3);
    }

    #[test]
    fn linearised_values_have_the_quantile_as_mean_and_its_error_as_spread() {
        // If the quantile is linear in the share the linearisation is exact: the interval is that
        // of the mean of the values.
        let clusters = Clusters {
            q: 0.7,
            pooled: 7.0,
            within: (7.0, 7.0),
            counts: vec![(10.0, 10.0), (50.0, 60.0), (0.0, 0.0), (10.0, 30.0)],
        };
        let (values, e) = (
            linearised(&clusters, |share| 10.0 * share, 0.5),
            quantile(&clusters, |share| 10.0 * share, 0.5),
        );
        let of_values = super::super::mean(&values, 0.5);
        assert!(values[2].is_nan() && of_values.n == 3);
        near(of_values.estimate, 7.0);
        near(of_values.std_error, e.std_error);
        near(of_values.high, e.high);
        // A replication with a larger share below it lowers the quantile.
        assert!(values[0] < 7.0 && values[3] > 7.0);
    }

    #[test]
    fn the_density_of_linearised_values_is_that_between_the_ends_of_the_interval() {
        // By hand: s = 0.06 at a share of 0.7, times √(3/7) at 0.9, is e; t(1) at 50 % is 1. For
        // quantiles x³ the slope from 0.9 − e to 0.9 + e is 3 · 0.81 + e², and 10 of 10 exceed the
        // share of 0.7 by 3 of all 100.
        let clusters = Clusters {
            q: 0.9,
            pooled: 0.729,
            within: (0.729, 0.729),
            counts: vec![(10.0, 10.0), (60.0, 90.0)],
        };
        let scale = (3.0f64 / 7.0).sqrt();
        let slope = 2.43 + (0.06 * scale).powi(2);
        let values = linearised(&clusters, |share| share.powi(3), 0.5);
        near(values[0], 0.729 - 3.0 * 2.0 / 100.0 * scale * slope);
        near(values[0] + values[1], 2.0 * 0.729);
    }

    #[test]
    fn equal_replications_have_no_error_and_one_has_no_interval() {
        // Definition.
        let of =
            |counts: Vec<(f64, f64)>| Clusters { q: 0.5, pooled: 5.0, within: (5.0, 5.0), counts };
        let even = of(vec![(5.0, 10.0), (50.0, 100.0)]);
        let e = quantile(&even, |share| 9.0 * share, 0.95);
        assert_eq!(
            (e.low, e.high, e.std_error, linearised(&even, |share| 9.0 * share, 0.95)),
            (5.0, 5.0, 0.0, vec![5.0, 5.0])
        );
        for alone in [of(vec![(5.0, 10.0)]), of(vec![(0.0, 0.0), (5.0, 10.0)]), of(Vec::new())] {
            let e = quantile(&alone, |share| 9.0 * share, 0.95);
            assert!(
                e.estimate == 5.0
                    && e.low.is_nan()
                    && e.high.is_nan()
                    && e.std_error.is_nan()
                    && e.n < 2,
                "{e:?}"
            );
            assert!(
                linearised(&alone, |share| 9.0 * share, 0.95)
                    .iter()
                    .all(|value| *value == 5.0 || value.is_nan())
            );
        }
    }

    #[test]
    fn no_interval_is_narrower_than_the_resolution_of_the_durations() {
        // Definition: equal shares have no error, but the quantile is known only to a bucket; a
        // wider interval already contains the bucket.
        let equal = Clusters {
            q: 0.5,
            pooled: 5.0,
            within: (4.9, 5.2),
            counts: vec![(5.0, 10.0), (50.0, 100.0)],
        };
        let e = quantile(&equal, |share| 10.0 * share, 0.95);
        assert_eq!((e.low, e.estimate, e.high, e.std_error), (4.9, 5.0, 5.2, 0.0));
        let wide = Clusters {
            q: 0.7,
            pooled: 7.0,
            within: (6.9, 7.1),
            counts: vec![(10.0, 10.0), (60.0, 90.0)],
        };
        near(quantile(&wide, |share| 10.0 * share, 0.5).low, 6.4);
    }

    #[test]
    fn the_interval_covers_a_far_quantile_of_short_replications_where_sectioning_does_not() {
        // Exact: of the 100 durations of a replication, 2.2 % in one half of the replications and
        // 0.1 % in the other are 1 + Exp(1), the rest uniform on 0 to 1. 1.15 % of all are above 1,
        // so p99 = 1 + ln 1.15. 2,000 experiments of 20 replications: the standard error of 95 % is
        // 0.5 %, and 20 are few.
        let exact = 1.0 + 1.15f64.ln();
        let (mut woodruff, mut sectioning, mut draw) = (0, 0, uniforms(8));
        for _ in 0..2000 {
            let mut replications: Vec<Vec<f64>> = Vec::new();
            for _ in 0..20 {
                let slow = if draw() < 0.5 { 0.022 } else { 0.001 };
                let mut durations: Vec<f64> = (0..100)
                    .map(|_| if draw() < slow { 1.0 - draw().ln() } else { draw() })
                    .collect();
                durations.sort_by(f64::total_cmp);
                replications.push(durations);
            }
            let mut all: Vec<f64> = replications.concat();
            all.sort_by(f64::total_cmp);
            let empirical_quantile = |sorted: &[f64], q: f64| {
                sorted[((q * sorted.len() as f64).ceil() as usize).max(1) - 1]
            };
            let pooled = empirical_quantile(&all, 0.99);
            let counts = replications
                .iter()
                .map(|durations| (durations.partition_point(|d| *d <= pooled) as f64, 100.0))
                .collect();
            let e = quantile(
                &Clusters { q: 0.99, pooled, within: (pooled, pooled), counts },
                |share| empirical_quantile(&all, share),
                0.95,
            );
            woodruff += u32::from(e.low <= exact && exact <= e.high);
            let e = super::super::intervals::interval_around(
                pooled,
                &replications
                    .iter()
                    .map(|durations| empirical_quantile(durations, 0.99))
                    .collect::<Vec<_>>(),
                0.95,
            );
            sectioning += u32::from(e.low <= exact && exact <= e.high);
        }
        assert!((1860..=1940).contains(&woodruff) && sectioning < 1700, "{woodruff} {sectioning}");
    }
}
