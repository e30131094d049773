//! Elementary effects and Sobol indices from the values at the points of a design, each with its
//! error.

use super::answer::{Influence, Method, Sensitivity, Variation};
use super::observed::Observed;
use crate::design::Vary;
use crate::design::morris::Morris;
use crate::design::saltelli::{Part, Saltelli};
use crate::experiment::results::Row;
use crate::random::keys::{Key, Salt};
use crate::stats::{self, Effect, Indices};
use indexmap::IndexMap;

/// The least number of groups for which intervals are reported.
const GROUPS_FOR_INTERVAL: u32 = 8;
/// Relative errors below this are those of floating point.
const ROUNDING: f64 = 1e-9;
/// The number of bootstrap resamples.
const RESAMPLES: u32 = 1000;

pub(super) fn analyse(
    row: Row,
    observed: &Observed,
    overloaded: u64,
    method: Method,
    vary: &IndexMap<String, Vary>,
    seed: u64,
    confidence: f64,
) -> Sensitivity {
    let (k, outputs) = (vary.len(), observed.outputs.as_slice());
    let without_estimates = |(path, vary): (&String, &Vary)| Influence {
        path: path.clone(),
        range: vary.ends(),
        effect: None,
        indices: None,
    };
    let mut parameters: Vec<Influence> = vary.iter().map(without_estimates).collect();
    match method {
        Method::Morris(trajectories) => {
            let morris = Morris::new(k as u32, trajectories, seed);
            // Distances as actually varied: a list of two values spans the whole range, though the
            // design steps over two thirds of it.
            let places = |row: Vec<f64>| {
                row.iter().zip(vary.values()).map(|(u, vary)| vary.place(*u)).collect()
            };
            let rows: Vec<Vec<f64>> =
                (0..morris.count()).map(|index| places(morris.row(index))).collect();
            let left_out: Vec<Vec<Effect>> =
                observed.left_out().map(|outputs| stats::effects(&rows, &outputs, k)).collect();
            let effects = stats::effects(&rows, outputs, k).into_iter();
            for (index, (parameter, effect)) in parameters.iter_mut().zip(effects).enumerate() {
                let sizes: Vec<f64> = left_out.iter().map(|of| of[index].mu_star).collect();
                let noise = stats::jackknife_error(&sizes);
                let error = effect.mu_star_std_error.hypot(noise);
                let is_known = error > ROUNDING * effect.mu_star;
                let mu_star_std_error = if is_known { error } else { f64::NAN };
                parameter.effect = Some(Effect { mu_star_std_error, ..effect });
            }
            parameters.sort_by(|a, b| {
                importance(b.effect.map(|e| e.mu_star))
                    .total_cmp(&importance(a.effect.map(|e| e.mu_star)))
            });
        }
        Method::Sobol(groups) => {
            for (parameter, indices) in
                parameters.iter_mut().zip(indices(observed, k, groups, seed, confidence))
            {
                parameter.indices = Some(indices);
            }
            parameters.sort_by(|a, b| {
                importance(b.indices.map(|i| i.total))
                    .total_cmp(&importance(a.indices.map(|i| i.total)))
            });
        }
    }
    let known = || outputs.iter().copied().filter(|value| value.is_finite());
    let (low, high) = (known().fold(f64::NAN, f64::min), known().fold(f64::NAN, f64::max));
    let variation = match low.is_nan() {
        true => Variation::NoValue,
        false if low == high => Variation::Constant,
        false => Variation::Varies,
    };
    let unknown = (outputs.len() - known().count()) as u64;
    let Row { kind, entity, metric, stat, unit, .. } = row;
    Sensitivity {
        method,
        kind,
        entity,
        metric,
        stat,
        unit,
        points: outputs.len() as u64,
        unknown,
        overloaded,
        most_failed: observed.most_failed,
        variation,
        range: (low, high),
        parameters,
    }
}

/// Returns the Sobol indices by parameter.
fn indices(
    observed: &Observed,
    parameters: usize,
    groups: u32,
    seed: u64,
    confidence: f64,
) -> Vec<Indices> {
    let saltelli = Saltelli::new(parameters, groups, seed);
    let parts = |outputs: &[f64]| {
        let (mut a, mut b, mut ab) = (Vec::new(), Vec::new(), vec![Vec::new(); parameters]);
        for (index, output) in outputs.iter().enumerate() {
            match saltelli.part(index as u64).1 {
                Part::A => a.push(*output),
                Part::B => b.push(*output),
                Part::Ab(parameter) => ab[parameter].push(*output),
            }
        }
        (a, b, ab)
    };
    let left_out: Vec<Vec<(f64, f64)>> = observed
        .left_out()
        .map(|outputs| parts(&outputs))
        .map(|(a, b, ab)| stats::raw_indices(&a, &b, &ab))
        .collect();
    let t = stats::student_t(confidence, (left_out.len() as u32).saturating_sub(1));
    let half_width = |values: Vec<f64>| match stats::jackknife_error(&values) {
        error if error <= 0.0 => 0.0,
        error => t * error,
    };
    let half_widths = |i: usize| {
        let (firsts, totals) = left_out.iter().map(|of| of[i]).unzip();
        (half_width(firsts), half_width(totals))
    };
    let noise: Vec<(f64, f64)> = (0..parameters).map(half_widths).collect();
    let key = Key::replication(seed, 0).draw(Salt::of("bootstrap"));
    let mut ordinal = 0;
    let mut uniform = || {
        ordinal += 1;
        Key(key.0).ordinal(ordinal).draw(Salt::of("resample")).uniform()
    };
    let (a, b, ab) = parts(&observed.outputs);
    let mut all = stats::indices(&a, &b, &ab, confidence, RESAMPLES, &noise, &mut uniform);
    // Resamples of only a few groups hardly differ.
    let is_unknown = groups < GROUPS_FOR_INTERVAL || left_out.is_empty();
    for indices in &mut all {
        if is_unknown || indices.first_high - indices.first_low < ROUNDING {
            (indices.first_low, indices.first_high) = (f64::NAN, f64::NAN);
        }
        if is_unknown || indices.total_high - indices.total_low < ROUNDING {
            (indices.total_low, indices.total_high) = (f64::NAN, f64::NAN);
        }
    }
    all
}

/// Returns the sort key of an influence; unknown values come last.
fn importance(value: Option<f64>) -> f64 {
    value.filter(|value| value.is_finite()).unwrap_or(f64::NEG_INFINITY)
}
