//! Antithetic pairs: a replication drawn with u and its mirror drawn with 1 − u, merged into one
//! record.
//!
//! Law: the pair is the unit of inference (`stats::antithetic`), so its record is that of one
//! replication of twice the length: counts, gauges and means are averaged, the durations are
//! pooled, and ratios are the ratio of both sums. Whatever reduces records therefore needs no
//! special case. Sampled requests are those of the first replication.
//! Checked: `tests/it/variance.rs`.

use super::cell::CellRecord;
use crate::measure::{self, How, SeriesRow, SparseHistogram, Value, nan_mean};
use crate::plan::Plan;

/// Merges the records of a replication and its mirror into one.
pub(crate) fn pair(plan: &Plan, one: CellRecord, mirror: CellRecord) -> CellRecord {
    let metrics = measure::vocabulary(&plan.layout).metrics;
    let histograms: Vec<SparseHistogram> =
        one.histograms.iter().zip(&mirror.histograms).map(|(a, b)| a.merged(b)).collect();
    let both = || metrics.iter().zip(&one.values).zip(&mirror.values);
    let values = both().map(|((metric, a), b)| value(metric.how, *a, *b, &histograms)).collect();
    let half_differences = both().map(|((_, a), b)| (a.value - b.value) / 2.0).collect();
    CellRecord {
        events: one.events + mirror.events,
        values,
        half_differences,
        histograms,
        backlog: one.backlog.iter().zip(&mirror.backlog).map(|(a, b)| a.with(b)).collect(),
        waiting: one.waiting.iter().zip(&mirror.waiting).map(|(a, b)| a.with(b)).collect(),
        controls: one
            .controls
            .iter()
            .zip(&mirror.controls)
            .map(|(a, b)| [0, 1, 2].map(|i| nan_mean(a[i], b[i])))
            .collect(),
        deadlock: one.deadlock.clone().or(mirror.deadlock),
        series: one.series.iter().zip(&mirror.series).map(|(a, b)| row(a, b)).collect(),
        ..one
    }
}

fn value(how: How, a: Value, b: Value, histograms: &[SparseHistogram]) -> Value {
    let plain = |value| Value { value, weight: a.weight };
    match how {
        How::Mean => plain(nan_mean(a.value, b.value)),
        // `max` and `min` ignore NaN.
        How::Largest => plain(a.value.max(b.value)),
        How::Smallest => plain(a.value.min(b.value)),
        How::Quantile { histogram, q } => plain(histograms[histogram].quantiles_s([q])[0]),
        How::Ratio => {
            let part = |v: Value| if v.weight > 0.0 { v.value * v.weight } else { 0.0 };
            let weight = a.weight + b.weight;
            Value { value: (part(a) + part(b)) / weight, weight }
        }
    }
}

fn row(a: &SeriesRow, b: &SeriesRow) -> SeriesRow {
    let windows = a.windows.iter().zip(&b.windows).map(|(a, b)| a.with(b));
    SeriesRow { start: a.start, end: a.end, windows: windows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::CompiledPoint;
    use crate::experiment::cell;
    use crate::scenario;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_pair_is_its_two_replications_together() {
        // Definition, metric by metric, computed from the two separate records.
        let yaml = "version: 1
name: pair
run: { duration: 60s, warmup: 5s, antithetic: true }
workload: { users: { to: api.x, open: { rate: 70/s } } }
services: { api: { queue: { max: 5 }, max_in_flight: 1, endpoints: { x: [ cpu: { exp: 10ms } ] } } }";
        let built = CompiledPoint::new(
            scenario::from_yaml(yaml).unwrap_or_else(|problems| panic!("{problems}")),
            true,
        );
        let run = |plan| cell::run(plan, 3, &AtomicBool::new(false)).unwrap();
        let (one, mirror) = (run(&built.plan), run(built.mirror.as_ref().unwrap()));
        let both = pair(&built.plan, one.clone(), mirror.clone());
        assert_eq!((both.events, both.seed_key), (one.events + mirror.events, one.seed_key));
        let metrics = built.metrics();
        for (index, metric) in metrics.iter().enumerate() {
            let (a, b, merged_value) =
                (one.values[index], mirror.values[index], both.values[index]);
            let pooled_quantile = |histogram: usize, q| {
                one.histograms[histogram].merged(&mirror.histograms[histogram]).quantiles_s([q])[0]
            };
            let exact = match metric.how {
                How::Mean => (a.value + b.value) / 2.0,
                How::Largest => a.value.max(b.value),
                How::Smallest => a.value.min(b.value),
                How::Quantile { histogram, q } => pooled_quantile(histogram, q),
                How::Ratio => (a.value * a.weight + b.value * b.weight) / (a.weight + b.weight),
            };
            assert!(
                merged_value.value == exact || merged_value.value.is_nan() && exact.is_nan(),
                "{metric:?}: {merged_value:?} {exact}"
            );
        }
        let position = |stat: &str| {
            metrics.iter().position(|m| m.kind == "workload" && m.metric == stat).unwrap()
        };
        let (offered, errors) = (position("offered_rate"), position("error_ratio"));
        let rate = |record: &CellRecord| record.values[offered].value;
        assert_eq!(
            both.values[errors].weight,
            one.values[errors].weight + mirror.values[errors].weight
        );
        assert!(
            (both.half_differences[offered] - (rate(&one) - rate(&mirror)) / 2.0).abs() < 1e-12
        );
        assert_eq!(both.series.len(), one.series.len());
        let latency = |record: &CellRecord| record.series[10].windows[0].mean;
        assert!((latency(&both) - (latency(&one) + latency(&mirror)) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_value_missing_in_one_of_a_pair_is_taken_from_the_other() {
        // Definition; a ratio with an empty denominator has no weight.
        assert_eq!(
            (nan_mean(f64::NAN, 3.0), nan_mean(5.0, f64::NAN), nan_mean(1.0, 2.0)),
            (3.0, 5.0, 1.5)
        );
        let none = Value { value: f64::NAN, weight: 0.0 };
        let some = Value { value: 0.25, weight: 8.0 };
        assert_eq!(value(How::Ratio, none, some, &[]), some);
        assert_eq!(value(How::Largest, none, some, &[]).value, 0.25);
    }
}
