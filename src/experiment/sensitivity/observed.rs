//! The values of one metric at all points, and how they move when a replication is left out.

use crate::experiment::cell::Failure;
use crate::experiment::results::Row;
use std::collections::BTreeSet;

/// Returns the values of a point by the numbers of its replications, NaN for one that failed, so
/// that equal positions have equal random numbers.
pub(super) fn by_number(values: &[f64], failures: &[(u32, Failure)]) -> Vec<f64> {
    let failed: BTreeSet<usize> = failures.iter().map(|(number, _)| *number as usize).collect();
    let mut values = values.to_vec();
    failed.into_iter().for_each(|r| values.insert(r.min(values.len()), f64::NAN));
    values
}

/// The values of one metric, point by point.
#[derive(Clone)]
pub(super) struct Observed {
    /// The row of the metric at the first point that has it.
    pub(super) row: Option<Row>,
    /// The estimates by point; NaN where there is none.
    pub(super) outputs: Vec<f64>,
    /// The values by point, then by replication, NaN for one that failed; none where the estimate
    /// has no standard error.
    pub(super) values: Vec<Vec<f64>>,
    pub(super) most_failed: f64,
}

impl Default for Observed {
    fn default() -> Observed {
        Observed { row: None, outputs: Vec::new(), values: Vec::new(), most_failed: f64::NAN }
    }
}

impl Observed {
    /// Returns the outputs with each replication left out in turn, nothing if a point has fewer
    /// than two. A point that was run more often than another moves less, and one without this
    /// replication does not move; each point's movements are scaled so that its own jackknifed
    /// variance is s²/n with its own n.
    pub(super) fn left_out(&self) -> impl Iterator<Item = Vec<f64>> {
        let count = |values: &[f64]| values.iter().filter(|value| value.is_finite()).count() as f64;
        let sum = |values: &[f64]| values.iter().filter(|value| value.is_finite()).sum::<f64>();
        let counts: Vec<f64> = self.values.iter().map(|values| count(values)).collect();
        let means: Vec<f64> =
            self.values.iter().zip(&counts).map(|(values, n)| sum(values) / n).collect();
        let is_known =
            self.outputs.iter().zip(&counts).all(|(output, n)| output.is_nan() || *n >= 2.0);
        let has = |r: usize| self.values.iter().any(|v| v.get(r).is_some_and(|v| v.is_finite()));
        let most = self.values.iter().map(Vec::len).max().unwrap_or(0);
        let left_out: Vec<usize> = (0..most).filter(|r| is_known && has(*r)).collect();
        let all = left_out.len() as f64;
        left_out.into_iter().map(move |r| {
            let moved = self.outputs.iter().enumerate().map(|(point, output)| {
                let (n, value) = (counts[point], self.values[point].get(r).copied());
                let scale =
                    if n == all { 1.0 } else { ((1.0 - 1.0 / n) / (1.0 - 1.0 / all)).sqrt() };
                match value.filter(|value| value.is_finite()) {
                    Some(value) => output - (value - means[point]) / (n - 1.0) * scale,
                    None => *output,
                }
            });
            moved.collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats;

    #[test]
    fn each_point_has_the_error_of_its_own_replications() {
        // Definition: s/√n of the values that a point has, however many the others have; the third
        // replication of the last point failed.
        let values = vec![
            vec![3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0],
            vec![2.0, 7.0, 1.0],
            vec![8.0, 2.0, f64::NAN, 8.0],
        ];
        let finite = |values: &Vec<f64>| -> Vec<f64> {
            values.iter().copied().filter(|value| value.is_finite()).collect()
        };
        let expected: Vec<_> = values.iter().map(|own| stats::mean(&finite(own), 0.95)).collect();
        let outputs = expected.iter().map(|mean| mean.estimate).collect();
        let observed = Observed { outputs, values, ..Observed::default() };
        let left_out: Vec<Vec<f64>> = observed.left_out().collect();
        assert_eq!(left_out.len(), 8);
        for (point, expected) in expected.iter().enumerate() {
            let of_point: Vec<f64> = left_out.iter().map(|outputs| outputs[point]).collect();
            let error = stats::jackknife_error(&of_point);
            assert!((error - expected.std_error).abs() < 1e-12, "{point}: {error} {expected:?}");
        }
    }
}
