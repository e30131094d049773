//! The memory of the histograms of a run, from the number of durations that they are expected to
//! hold.

use crate::units::Span;

/// The number of durations from which a histogram counts them; it stores fewer individually.
const COUNTED_FROM: f64 = 200.0;
/// Bytes of a non-empty bucket that is handed on or stored individually; of all buckets of a power
/// of two; and of a coarse bucket, which joins 32.
const FILLED_B: f64 = 24.0;
const POWER_B: f64 = 8_192.0;
const COARSE_B: f64 = 16.0;

/// The memory of the histograms of a run.
pub(super) struct Histograms {
    pub(super) longest: Span,
    pub(super) replications: f64,
}

impl Histograms {
    /// Returns the bytes of `recorded` histograms and `merged` sums of them (a workload is the sum
    /// of its flows), with `durations` per replication, spread evenly.
    pub(super) fn bytes(&self, recorded: f64, merged: f64, durations: f64) -> f64 {
        self.counts(recorded, durations)
            + self.nonempty(recorded, durations)
            + self.merged(merged, durations)
    }
    /// Returns the bytes of `merged` histograms: of the current and the previous replication; of
    /// all replications pooled, with a copy for queries; and a coarse one for each of the first 32
    /// replications, for the intervals of quantiles.
    pub(super) fn merged(&self, merged: f64, durations: f64) -> f64 {
        let coarse =
            |durations: f64| COARSE_B * self.buckets(durations).min(32.0 * self.powers(durations));
        let all = durations * self.replications;
        2.0 * self.nonempty(merged, durations)
            + self.counts(merged, all)
            + self.nonempty(merged, all)
            + self.replications.min(32.0) * evenly(merged, durations, coarse)
    }
    /// Returns the bytes of histograms while durations are counted.
    fn counts(&self, histograms: f64, durations: f64) -> f64 {
        let counts = |durations: f64| {
            if durations < COUNTED_FROM {
                FILLED_B * durations
            } else {
                POWER_B * self.powers(durations)
            }
        };
        evenly(histograms, durations, counts)
    }
    /// Returns the bytes of histograms that are handed on.
    pub(super) fn nonempty(&self, histograms: f64, durations: f64) -> f64 {
        evenly(histograms, durations, |durations| FILLED_B * self.buckets(durations))
    }
    /// Returns the number of powers of two that `durations` span: the rarest of a thousand are a
    /// thousandth of the others, or ten times as long.
    fn powers(&self, durations: f64) -> f64 {
        let most = f64::from((64 - self.longest.0.leading_zeros()).saturating_sub(11) + 2);
        most.min(durations.max(1.0).log2() * 0.75 + 3.0)
    }
    /// Returns the number of non-empty buckets.
    fn buckets(&self, durations: f64) -> f64 {
        durations.min(400.0 * self.powers(durations))
    }
}

/// Returns the bytes of histograms with evenly spread durations; `bytes` returns those of one.
fn evenly(histograms: f64, durations: f64, bytes: impl Fn(f64) -> f64) -> f64 {
    if histograms > 0.0 && durations > 0.0 {
        histograms * bytes(durations / histograms)
    } else {
        0.0
    }
}
