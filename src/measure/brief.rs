//! The durations of one window, for its quantiles.
//!
//! Law: those of a [`Histogram`], to the bit. Windows are short and there are hundreds, so their
//! durations are kept one by one, in memory that the next window has again, and a quantile is
//! selected (Hoare 1961, "Algorithm 65: Find"), not sorted for; only a window of very many becomes
//! a histogram.
//! Checked: below, against the histogram.

use super::Histogram;
use super::distribution::{DIFFER, Ends, between_s, needed};
use super::histogram::{bucket_of, range_of};
use crate::units::Span;

/// More than this are counted in a histogram.
const MOST: usize = 4096;

/// Durations since the last call of [`Brief::clear`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Brief {
    each_ns: Vec<u64>,
    /// Those before, if there have been so many.
    counted: Histogram,
}

impl Brief {
    #[inline(always)]
    pub(crate) fn record(&mut self, span: Span) {
        self.each_ns.push(span.0);
        if self.each_ns.len() == MOST {
            self.count();
        }
    }
    #[cold]
    #[inline(never)]
    fn count(&mut self) {
        self.each_ns.drain(..).for_each(|ns| self.counted.record(Span(ns)));
    }
    /// Adds those of another, which keeps none.
    pub(crate) fn take_over(&mut self, other: &mut Brief) {
        if self.each_ns.is_empty() && self.counted.count() == 0 {
            std::mem::swap(self, other);
            return;
        }
        other.each_ns.drain(..).for_each(|ns| self.record(Span(ns)));
        self.counted.merge(&std::mem::take(&mut other.counted).distribution());
    }
    /// Quantiles for shares that rise, s; NaN without a duration.
    pub(crate) fn quantiles_s<const N: usize>(&mut self, rising: [f64; N]) -> [f64; N] {
        if self.counted.count() > 0 {
            self.count();
            return self.counted.quantiles_s(rising);
        }
        selected_s(&mut self.each_ns, rising)
    }
    /// A quantile, s, if it is above another; none without a duration. Counting is enough where its
    /// bucket is a lower one.
    pub(crate) fn quantile_above_s(&mut self, q: f64, than_s: f64) -> Option<f64> {
        if self.counted.count() == 0 {
            let (low, _) = range_of(bucket_of((than_s * 1e9) as u64));
            let lower = self.each_ns.iter().filter(|ns| **ns < low).count();
            if lower as u64 >= needed(q, self.each_ns.len() as u64) {
                return None;
            }
        }
        let [quantile_s] = self.quantiles_s([q]);
        (quantile_s > than_s).then_some(quantile_s)
    }
    /// Keeps none.
    pub(crate) fn clear(&mut self) {
        self.each_ns.clear();
        self.counted = Histogram::default();
    }
}

/// The quantiles of durations: each that of its bucket, as a histogram has it.
fn selected_s<const N: usize>(each_ns: &mut [u64], rising: [f64; N]) -> [f64; N] {
    if each_ns.is_empty() {
        return [f64::NAN; N];
    }
    let mut ends = Ends::default();
    each_ns.iter().for_each(|ns| ends.include(*ns));
    let ranks = rising.map(|q| q * each_ns.len() as f64);
    let places = rising.map(|q| needed(q, each_ns.len() as u64) as usize - 1);
    // Those before are no longer than those from here on.
    let mut from = 0;
    for at in places {
        if at >= from {
            each_ns[from..].select_nth_unstable(at - from);
            from = at + 1;
        }
    }
    let mut quantiles = [f64::NAN; N];
    for (index, quantile) in quantiles.iter_mut().enumerate() {
        let (at, own) = (places[index], each_ns[places[index]]);
        let bucket = bucket_of(own);
        let (low, high) = range_of(bucket);
        // Those of the bucket are together with it, between the next quantiles that are not in the
        // bucket.
        let first = places[..index]
            .iter()
            .rev()
            .find(|place| each_ns[**place] < low)
            .map_or(0, |place| place + 1);
        let last = places[index..]
            .iter()
            .find(|place| each_ns[**place] > high)
            .map_or(each_ns.len(), |place| *place);
        let before = at - each_ns[first..at].iter().filter(|ns| **ns >= low).count();
        let until = at + each_ns[at..last].iter().filter(|ns| **ns <= high).count();
        let is_atom = until - before == 1
            || each_ns[first..last].iter().all(|ns| *ns < low || *ns > high || *ns == own);
        let range = ends.range(bucket as u32, if is_atom { own } else { DIFFER });
        *quantile = between_s(range, (ranks[index] - before as f64) / (until - before) as f64);
    }
    quantiles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_quantiles_are_those_of_a_histogram_to_the_bit() {
        // The oracle is the histogram: windows of none to many, of values of every magnitude, of
        // few magnitudes, and of atoms; one after the other.
        let shares = [0.0, 0.5, 0.95, 0.99, 1.0];
        let mut brief = Brief::default();
        for (window, size) in
            [0usize, 1, 2, 3, 255, 256, 1000, MOST - 1, MOST, MOST + 1, 20_000, 5, 0]
                .into_iter()
                .enumerate()
        {
            let (mut histogram, mut each) = (Histogram::default(), Vec::new());
            for i in 0..size as u64 {
                let random = crate::random::keys::mix(i + 100_000 * window as u64);
                let ns = match random % 3 {
                    0 => random >> (2 + i % 60),
                    1 => 1_000_000_000 + random % 3_000_000,
                    _ => [0, 60_000_000][i as usize % 2],
                };
                histogram.record(Span(ns));
                brief.record(Span(ns));
                each.push(Span(ns));
            }
            let oracle = histogram.quantiles_s(shares);
            for (share, quantile_s) in shares.into_iter().zip(oracle) {
                for than_s in oracle.into_iter().chain([
                    0.0,
                    quantile_s * (1.0 - 1e-9),
                    quantile_s * (1.0 + 1e-9),
                ]) {
                    assert_eq!(
                        brief.quantile_above_s(share, than_s),
                        Some(quantile_s).filter(|own_s| *own_s > than_s),
                        "{size} values"
                    );
                }
            }
            let own = brief.quantiles_s(shares);
            assert_eq!(
                own.map(f64::to_bits),
                oracle.map(f64::to_bits),
                "{size} values: {own:?}, {oracle:?}"
            );
            // Half of them elsewhere: taken over they are as many, and the other keeps none.
            let (mut half, mut other) = (Brief::default(), Brief::default());
            for (index, span) in each.into_iter().enumerate() {
                [&mut half, &mut other][index % 2].record(span);
            }
            half.take_over(&mut other);
            assert_eq!(
                half.quantiles_s(shares).map(f64::to_bits),
                oracle.map(f64::to_bits),
                "{size} values in two halves"
            );
            assert!(other.quantiles_s(shares).iter().all(|quantile| quantile.is_nan()));
            brief.clear();
        }
    }
}
