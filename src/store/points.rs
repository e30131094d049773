//! The points of a sweep as rows: `points.parquet`, with a column per varied parameter, and the
//! summaries of the points.

use super::schema::{Column, Kind, OF_POINT, POINT, TABLES, field};
use super::table::{Cell, Push, batch, summary_rows};
use crate::design::value::{self, Kind as ValueKind};
use crate::experiment::{PointResult, Results};
use crate::scenario::Parameters;
use arrow_array::RecordBatch;
use arrow_schema::Schema;
use std::borrow::Borrow;
use std::sync::Arc;

/// A varied parameter and the kind of its column.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub path: String,
    pub kind: ValueKind,
    /// Whether all its values are whole numbers without a unit.
    pub is_whole: bool,
}

/// Returns the parameters of a sweep with the kinds of their columns: numbers if all values of a
/// parameter are numbers of the same kind, otherwise text.
pub fn parameters(rows: impl Iterator<Item = impl Borrow<Parameters>>) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for row in rows {
        for (path, value) in row.borrow() {
            let kind = value::kind_of(value);
            let whole = value::base(value, ValueKind::Number)
                .is_some_and(|size| size >= 0.0 && size.fract() == 0.0 && size <= value::WHOLE);
            match parameters.iter_mut().find(|known| known.path == *path) {
                Some(known) => {
                    known.kind = if known.kind == kind { kind } else { ValueKind::Text };
                    known.is_whole &= whole;
                }
                None => parameters.push(Parameter { path: path.clone(), kind, is_whole: whole }),
            }
        }
    }
    parameters
}

/// Returns the columns of `points.parquet`.
pub fn points_schema(parameters: &[Parameter]) -> Arc<Schema> {
    let columns = parameters.iter().map(|parameter| {
        let kind = match parameter.kind {
            ValueKind::Text => Kind::Text,
            ValueKind::Number if parameter.is_whole => Kind::Whole,
            _ => Kind::Number,
        };
        let column = Column {
            name: "",
            kind,
            unit: value::unit(parameter.kind),
            meaning: "what is set there",
        };
        // A point need not set every parameter.
        field(&parameter.path, &column).with_nullable(kind != Kind::Text)
    });
    let first = std::iter::once(field(POINT.name, &POINT));
    let fields: Vec<_> = first
        .chain(columns)
        .chain(OF_POINT.iter().map(|column| field(column.name, column)))
        .collect();
    Arc::new(Schema::new(fields))
}

/// Returns the rows of `points.parquet` as a batch, without writing a file.
///
/// ```
/// let shop = asyncflow::Experiment::from_yaml(
///     "
/// version: 1
/// run: { duration: 5s, replications: 2 }
/// workload: { users: { to: api.GET /, open: { rate: 80/s } } }
/// services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
/// ",
/// )?;
/// let swept = shop.vary("services.api.replicas", [1, 2, 4]).sweep()?;
/// let (points, summary) = (asyncflow::store::points_batch(&swept), asyncflow::store::summary_batch_of_points(&swept));
/// assert_eq!(points.num_rows(), 3);
/// assert!(points.column_by_name("services.api.replicas").is_some());
/// assert_eq!(summary.num_rows(), swept.iter().map(|point| point.results.as_ref().unwrap().rows.len()).sum::<usize>());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn points_batch(points: &[PointResult]) -> RecordBatch {
    let parameters = parameters(points.iter().map(|swept| &swept.parameters));
    batch(points_schema(&parameters), |push| {
        points.iter().for_each(|swept| point_row(swept, &parameters, push))
    })
}

/// Returns the rows of a sweep's `summary/` as a batch, without writing a file: the
/// [summaries](super::summary_batch) of all points, each row preceded by the number of its point.
/// See [`points_batch`] for an example.
pub fn summary_batch_of_points(points: &[PointResult]) -> RecordBatch {
    batch(TABLES[0].arrow_of_points(), |push| {
        points.iter().for_each(|swept| summary_rows_of_point(swept, push))
    })
}

/// Pushes the rows of a point's summary.
pub fn summary_rows_of_point(swept: &PointResult, push: Push) {
    if let Some(results) = &swept.results {
        summary_rows(results, |cells| push(&[&[Cell::Whole(swept.point)], cells].concat()));
    }
}

/// Pushes the row of a point.
pub fn point_row(swept: &PointResult, parameters: &[Parameter], push: Push) {
    let results = swept.results.as_ref();
    let texts: Vec<String> =
        parameters.iter().map(|parameter| text_of(&swept.parameters, parameter)).collect();
    let values = parameters.iter().zip(&texts).map(|(parameter, text)| {
        match (parameter.kind, swept.parameters.get(&parameter.path)) {
            (ValueKind::Text, _) => Cell::Text(text),
            (kind, value) => match value.and_then(|value| value::base(value, kind)) {
                Some(size) if kind == ValueKind::Number && parameter.is_whole => {
                    Cell::Whole(size as u64)
                }
                size => Cell::Number(size.unwrap_or(f64::NAN)),
            },
        }
    });
    let mut cells: Vec<Cell> = std::iter::once(Cell::Whole(swept.point)).chain(values).collect();
    let first = swept.failures.first().map(|(_, failure)| failure);
    let (kind, reason) = (
        first.map_or("", |failure| failure.name()),
        first.map_or(String::new(), |failure| failure.to_string()),
    );
    let overloaded = results.map_or(String::new(), |results| results.overloaded.join(","));
    let missed = results.map_or(Vec::new(), Results::missed).join(",");
    let failed = swept.failures.len() as u64;
    cells.extend([
        Cell::Number(results.map_or(f64::NAN, |results| results.warmup_s)),
        Cell::Whole(results.map_or(0, |results| u64::from(results.replications)) + failed),
        Cell::Whole(failed),
        Cell::Text(kind),
        Cell::Text(&reason),
        Cell::Text(&overloaded),
        Cell::Text(&missed),
        Cell::Text(results.map_or("", precise)),
        Cell::Whole(results.map_or(0, |results| results.events)),
        Cell::Text(results.map_or("", |results| results.fingerprint.as_str())),
    ]);
    push(&cells);
}

/// Returns `yes` or `no`: whether the goals of `run.replications.until` are met; empty if there are
/// none.
fn precise(results: &Results) -> &'static str {
    match results.precision.as_slice() {
        [] => "",
        goals if goals.iter().all(|goal| goal.met) => "yes",
        _ => "no",
    }
}

/// Returns a parameter's value as text; empty if the point does not set it.
fn text_of(row: &Parameters, parameter: &Parameter) -> String {
    row.get(&parameter.path).map_or(String::new(), value::shown)
}
