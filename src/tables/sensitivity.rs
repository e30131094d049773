//! `sensitivity.parquet`: the influence of the parameters on the metrics.

use super::column::{entity, formatted, kind, metric, number, stat, text, unit, whole};
use super::{Column, Table};
use crate::design::value::shown;
use crate::experiment::{Influence, Sensitivity};
use crate::stats::{Effect, Indices};

/// The table of a sensitivity analysis.
pub(crate) struct SensitivityTable;

/// The influence of a parameter on a metric.
pub(crate) struct SensitivityRow<'r> {
    answer: &'r Sensitivity,
    parameter: &'r Influence,
}

impl SensitivityRow<'_> {
    /// Returns a value of the Morris method; NaN with Sobol.
    fn effect(&self, value: fn(&Effect) -> f64) -> f64 {
        self.parameter.effect.as_ref().map_or(f64::NAN, value)
    }
    /// Returns a value of the Sobol method; NaN with Morris.
    fn index(&self, value: fn(&Indices) -> f64) -> f64 {
        self.parameter.indices.as_ref().map_or(f64::NAN, value)
    }
    /// Returns the number of effects, or of groups of points.
    fn n(&self) -> u32 {
        let (effect, indices) = (self.parameter.effect, self.parameter.indices);
        effect.map(|effect| effect.n).or(indices.map(|indices| indices.n)).unwrap_or(0)
    }
}

impl Table for SensitivityTable {
    type Row<'r> = SensitivityRow<'r>;
    const FILE: &'static str = "sensitivity.parquet";
    const ROW: &'static str = "what one parameter does to one metric";
    const COLUMNS: &'static [Column<SensitivityTable>] = &[
        kind(|r| r.answer.kind),
        entity(|r| &r.answer.entity),
        metric(|r| &r.answer.metric),
        stat(|r| r.answer.stat),
        unit(|r| r.answer.unit),
        text("method", "morris or sobol", |r| r.answer.method.name()),
        text("parameter", "path of the parameter", |r| &r.parameter.path),
        formatted(
            "range_from",
            "where its range begins, as it is written; of a list the first value",
            |r| shown(&r.parameter.range.0),
        ),
        formatted("range_to", "where it ends; of a list the last value", |r| {
            shown(&r.parameter.range.1)
        }),
        number("mu", "unit", "mean effect of the whole range; null with sobol", |r| {
            r.effect(|e| e.mu)
        }),
        number("mu_star", "unit", "mean absolute effect: the importance; null with sobol", |r| {
            r.effect(|e| e.mu_star)
        }),
        number("mu_star_std_error", "unit", "its standard error; null with sobol", |r| {
            r.effect(|e| e.mu_star_std_error)
        }),
        number("sigma", "unit", "standard deviation of the effects; null with sobol", |r| {
            r.effect(|e| e.sigma)
        }),
        number(
            "first",
            "1",
            "first-order index: the share of the variance that the parameter explains alone; null with morris, and if not known",
            |r| r.index(|i| i.first),
        ),
        number("first_low", "1", "lower end of its interval; null with morris", |r| {
            r.index(|i| i.first_low)
        }),
        number("first_high", "1", "upper end of its interval; null with morris", |r| {
            r.index(|i| i.first_high)
        }),
        number(
            "total",
            "1",
            "total index: the same with all its interactions; null with morris, and if not known",
            |r| r.index(|i| i.total),
        ),
        number("total_low", "1", "lower end of its interval; null with morris", |r| {
            r.index(|i| i.total_low)
        }),
        number("total_high", "1", "upper end of its interval; null with morris", |r| {
            r.index(|i| i.total_high)
        }),
        whole("n", "effects, or groups of points, that had a value", |r| r.n().into()),
        text("variation", "of the metric: varies, does_not_vary or no_value", |r| {
            r.answer.variation.name()
        }),
    ];
}

/// Returns the influences on all metrics.
pub(crate) fn rows(answers: &[Sensitivity]) -> impl Iterator<Item = SensitivityRow<'_>> {
    answers.iter().flat_map(|answer| {
        let parameters = answer.parameters.iter();
        parameters.map(move |parameter| SensitivityRow { answer, parameter })
    })
}
