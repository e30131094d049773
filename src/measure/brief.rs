//! The durations of one window, for its quantiles.
//!
//! Law: those of a [`Histogram`], to the bit. Windows are short and there are hundreds, so their durations are kept one by one and sorted once, in memory that
//! the next window has again; only a window of very many becomes a histogram. Checked: below, against the histogram.

use super::Histogram;
use super::distribution::{DIFFER, Ends, Filled, quantiles_s};
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
        let ends = match (self.each_ns.first(), self.each_ns.last()) {
            (Some(&shortest_ns), Some(&longest_ns)) => Ends { shortest_ns, longest_ns },
            _ => Ends::default(),
        };
        let filled = self.each_ns.chunk_by(|a, b| bucket_of(*a) == bucket_of(*b)).map(|same| {
            let (shortest, longest) = (same[0], same[same.len() - 1]);
            let atom_ns = if shortest == longest { shortest } else { DIFFER };
            Filled { bucket: bucket_of(shortest) as u32, count: same.len() as u64, atom_ns }
        });
        let quantiles = quantiles_s(ends, self.each_ns.len() as u64, filled, rising);
        self.each_ns.clear();
        quantiles
    }
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
