//! Quantiles of durations that come in clusters: those of one replication are alike, because a long
//! queue makes many slow at once.
//!
//! Law: the quantile is where the share F of durations at or below it is q. F is a ratio of sums
//! over the replications, so its standard error s at the pooled quantile is known (Cochran 1977,
//! *Sampling Techniques*, §6.4), and the interval reaches from the pooled quantile of q − t s to
//! that of q + t s (Woodruff 1952, *JASA* 47).
//! Why not sectioning, the spread of the replications' own quantiles (Asmussen, Glynn 2007,
//! §III.5a): a burst that puts ten times the share of a replication above the pooled p99 moves its
//! own p99 by much less than ten times as much moves the pooled one, so that sectioning knows too
//! little of what bursts do. With 20 replications of an M/M/1 at 80 %, 18 relaxation times each, it
//! held the p99 in 78 % of experiments, and this in 90 % (`docs/statistics.md`, § Coverage).
//! Differences: a replication's duty in the pooled quantile is linear in its share, with the
//! density between the interval's ends.
//! Limits: where the durations are known to a bucket only, the interval has at least its width. No
//! interval ends beyond the longest duration seen. Where the error is known at another duration
//! than the pooled quantile, that at q is of as many independent durations (Kish 1965, *Survey
//! Sampling*, §8.2, design effect), at most twice or half.
//! Checked: by hand, and by experiment below and in `tests/it/coverage.rs`.

use super::intervals::{Estimate, Method, interval, student_t};

/// What is known of a quantile.
#[derive(Clone, Debug)]
pub struct Clusters {
    /// Which quantile: 0.99.
    pub q: f64,
    /// The quantile of all durations.
    pub pooled: f64,
    /// Between which durations it is for sure: a histogram knows it to a bucket, if that is not an
    /// atom.
    pub within: (f64, f64),
    /// By replication: how many durations are at or below the pooled quantile (or another near it),
    /// and how many there are.
    pub counts: Vec<(f64, f64)>,
}

/// The share of durations at or below the pooled quantile.
struct Share {
    share: f64,
    /// How many replications have durations, and how many those are.
    n: u32,
    all: f64,
    /// By how much its standard error differs at `q`.
    carried: f64,
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
    // Where there is no error there is none to carry.
    let carried =
        if squares > 0.0 { (deviation(*q) / deviation(share)).clamp(0.5, 2.0) } else { 1.0 };
    let error = carried * (squares * f64::from(n) / (f64::from(n) - 1.0).max(1.0)).sqrt() / all;
    Share { share, n, all, carried, error }
}

/// The pooled quantile with Woodruff's interval. `at` gives the pooled quantile of any share.
pub fn quantile(clusters: &Clusters, at: impl Fn(f64) -> f64, confidence: f64) -> Estimate {
    let Share { n, error, .. } = share(clusters);
    let Clusters { q, pooled, within, .. } = *clusters;
    if n < 2 {
        return interval(pooled, f64::NAN, n, confidence, Method::Woodruff);
    }
    let t = student_t(confidence, n - 1);
    // No error is no length.
    let end = |level: f64| if error > 0.0 { at(level.clamp(0.0, 1.0)) } else { pooled };
    let (low, high) = (end(q - t * error), end(q + t * error));
    // And no interval is narrower than what is known of the durations.
    Estimate {
        estimate: pooled,
        low: low.min(within.0),
        high: high.max(within.1),
        std_error: (high - low) / 2.0 / t,
        n,
        method: Method::Woodruff,
    }
}

/// Values of the replications whose mean is the pooled quantile, and whose spread is its error:
/// each is what its replication's share does to it. NaN for a replication without durations.
pub fn linearised(clusters: &Clusters, at: impl Fn(f64) -> f64, confidence: f64) -> Vec<f64> {
    let Share { share, n, all, carried, error } = share(clusters);
    let Clusters { q, pooled, .. } = *clusters;
    let reach = if n < 2 { 0.0 } else { student_t(confidence, n - 1) * error };
    let (low, high) = ((q - reach).max(0.0), (q + reach).min(1.0));
    // Seconds for a share of one: 1 over the density.
    let slope = if high > low { (at(high) - at(low)) / (high - low) } else { 0.0 };
    let value = |&(below, own): &(f64, f64)| match own > 0.0 {
        true => pooled - (below - share * own) * f64::from(n) / all * carried * slope,
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
        // By hand: 8 of 10, 9 of 10 and 10 of 10 are a share of 0.9; off by −1, 0 and 1, so s =
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
        // With more confidence its end is beyond all durations: the longest bounds it. Where
        // durations lie apart, it is as lopsided as they.
        let e = quantile(
            &clusters,
            |share| if share > 0.9 { 1000.0 * share } else { 100.0 * share },
            0.95,
        );
        assert!(e.high == 1000.0 && e.low < 70.0, "{e:?}");
    }

    #[test]
    fn replications_of_unequal_size_count_by_their_durations() {
        // By hand: 10 of 10 and 60 of 90 are 0.7; off by 3 and −3, so s = √(2 · 18)/100 = 0.06.
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
    fn an_error_known_at_another_share_is_carried_to_the_quantile() {
        // By hand: s = 0.06 as above at a share of 0.7 is √(0.9 · 0.1)/√(0.7 · 0.3) of that at 0.9;
        // and never less than half.
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
        // Where the quantile is linear in the share there is nothing to approximate: the interval
        // is that of the values' mean.
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
        let made = super::super::mean(&values, 0.5);
        assert!(values[2].is_nan() && made.n == 3);
        near(made.estimate, 7.0);
        near(made.std_error, e.std_error);
        near(made.high, e.high);
        // A replication with more below it pulls the quantile down.
        assert!(values[0] < 7.0 && values[3] > 7.0);
    }

    #[test]
    fn the_density_of_linearised_values_is_that_between_the_ends_of_the_interval() {
        // By hand: s = 0.06 at a share of 0.7, √(3/7) of that at 0.9, is e; t(1) at 50 % is 1. Of
        // quantiles x³ the slope from 0.9 − e to 0.9 + e is 3 · 0.81 + e², and 10 of 10 are 3 more
        // than their share of 100.
        let clusters = Clusters {
            q: 0.9,
            pooled: 0.729,
            within: (0.729, 0.729),
            counts: vec![(10.0, 10.0), (60.0, 90.0)],
        };
        let carried = (3.0f64 / 7.0).sqrt();
        let slope = 2.43 + (0.06 * carried).powi(2);
        let values = linearised(&clusters, |share| share.powi(3), 0.5);
        near(values[0], 0.729 - 3.0 * 2.0 / 100.0 * carried * slope);
        near(values[0] + values[1], 2.0 * 0.729);
    }

    #[test]
    fn equal_replications_leave_no_doubt_and_one_has_no_interval() {
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
    fn no_interval_is_narrower_than_what_is_known_of_the_durations() {
        // Definition: equal shares leave no error, but the quantile is known to a bucket; a wider
        // interval has the bucket in it already.
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
    fn the_interval_holds_a_far_quantile_of_short_replications_where_sectioning_does_not() {
        // Exact: of the 100 durations of a replication, in every other 2.2 % and else 0.1 % are 1 +
        // Exp(1), the others uniform on 0 to 1. Above 1 are 1.15 % of all, so p99 = 1 + ln 1.15.
        // 2,000 experiments of 20 replications: the standard error of 95 % is 0.5 %, and 20 are
        // few.
        let exact = 1.0 + 1.15f64.ln();
        let (mut woodruff, mut sectioning, mut draw) = (0, 0, uniforms(8));
        for _ in 0..2000 {
            let mut own: Vec<Vec<f64>> = Vec::new();
            for _ in 0..20 {
                let slow = if draw() < 0.5 { 0.022 } else { 0.001 };
                let mut durations: Vec<f64> = (0..100)
                    .map(|_| if draw() < slow { 1.0 - draw().ln() } else { draw() })
                    .collect();
                durations.sort_by(f64::total_cmp);
                own.push(durations);
            }
            let mut all: Vec<f64> = own.concat();
            all.sort_by(f64::total_cmp);
            let of = |sorted: &[f64], q: f64| {
                sorted[((q * sorted.len() as f64).ceil() as usize).max(1) - 1]
            };
            let pooled = of(&all, 0.99);
            let counts = own
                .iter()
                .map(|own| (own.partition_point(|d| *d <= pooled) as f64, 100.0))
                .collect();
            let e = quantile(
                &Clusters { q: 0.99, pooled, within: (pooled, pooled), counts },
                |share| of(&all, share),
                0.95,
            );
            woodruff += u32::from(e.low <= exact && exact <= e.high);
            let e = super::super::intervals::interval_around(
                pooled,
                &own.iter().map(|own| of(own, 0.99)).collect::<Vec<_>>(),
                0.95,
            );
            sectioning += u32::from(e.low <= exact && exact <= e.high);
        }
        assert!((1860..=1940).contains(&woodruff) && sectioning < 1700, "{woodruff} {sectioning}");
    }
}
