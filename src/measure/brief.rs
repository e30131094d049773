//! The durations of one window, for its quantiles.
//!
//! Law: those of a [`Histogram`], to the bit. Windows are short and there are hundreds, so their durations are kept one by one and sorted once, in memory that
//! the next window has again; only a window of very many becomes a histogram. Checked: below, against the histogram.

use super::Histogram;
use super::distribution::{DIFFER, Ends, between_s};
use super::histogram::bucket_of;
use crate::units::Span;

/// More than this are counted in a histogram.
const MOST: usize = 4096;

/// Durations since the last call of [`Brief::take_quantiles_s`].
#[derive(Clone, Debug, Default)]
pub struct Brief {
    each_ns: Vec<u64>,
    /// Those before, if there have been so many.
    counted: Histogram,
}

impl Brief {
    #[inline(always)]
    pub fn record(&mut self, span: Span) {
        self.each_ns.push(span.0);
        if self.each_ns.len() == MOST {
            self.count();
        }
    }
    #[cold]
    #[inline(never)]
    fn count(&mut self) {
        for ns in self.each_ns.drain(..) {
            self.counted.record(Span(ns));
        }
    }
    /// Quantiles for shares that rise, s; NaN without a duration. None is kept.
    pub fn take_quantiles_s<const N: usize>(&mut self, rising: [f64; N]) -> [f64; N] {
        if self.counted.count() > 0 {
            self.count();
            return std::mem::take(&mut self.counted).quantiles_s(rising);
        }
        self.each_ns.sort_unstable();
        let sorted = self.each_ns.as_slice();
        let quantiles = rising.map(|q| if sorted.is_empty() { f64::NAN } else { quantile_s(sorted, q) });
        self.each_ns.clear();
        quantiles
    }
}

/// The quantile of sorted durations, of which there is one at least: that of their bucket, as a histogram has it.
fn quantile_s(sorted: &[u64], q: f64) -> f64 {
    let rank = q * sorted.len() as f64;
    let at = (rank.ceil() as usize).max(1) - 1;
    let bucket = bucket_of(sorted[at]);
    let is_same = |ns: &&u64| bucket_of(**ns) == bucket;
    let from = at - sorted[..at].iter().rev().take_while(is_same).count();
    let until = at + sorted[at..].iter().take_while(is_same).count();
    let atom_ns = if sorted[from] == sorted[until - 1] { sorted[from] } else { DIFFER };
    let ends = Ends { shortest_ns: sorted[0], longest_ns: sorted[sorted.len() - 1] };
    between_s(ends.range(bucket as u32, atom_ns), (rank - from as f64) / (until - from) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_quantiles_are_those_of_a_histogram_to_the_bit() {
        // The oracle is the histogram: windows of none to many, of values of every magnitude, of few magnitudes, and of atoms; one after the other.
        let shares = [0.0, 0.5, 0.95, 0.99, 1.0];
        let mut brief = Brief::default();
        for (window, size) in [0usize, 1, 2, 3, 255, 256, 1000, MOST - 1, MOST, MOST + 1, 20_000, 5, 0].into_iter().enumerate() {
            let mut histogram = Histogram::default();
            for i in 0..size as u64 {
                let random = crate::random::keys::mix(i + 100_000 * window as u64);
                let ns = match random % 3 {
                    0 => random >> (1 + i % 60),
                    1 => 1_000_000_000 + random % 3_000_000,
                    _ => [0, 60_000_000][i as usize % 2],
                };
                histogram.record(Span(ns));
                brief.record(Span(ns));
            }
            let (own, oracle) = (brief.take_quantiles_s(shares), histogram.quantiles_s(shares));
            assert_eq!(own.map(f64::to_bits), oracle.map(f64::to_bits), "{size} values: {own:?}, {oracle:?}");
        }
    }
}
