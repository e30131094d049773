//! The points of a sweep as rows: `points.parquet`, with a column per varied parameter, and the
//! summaries of the points.

use super::schema::{field, fields_of, schema_of_points};
use super::table::Rows;
use crate::design::value::{self, Kind as ValueKind};
use crate::experiment::PointResult;
use crate::scenario::Parameters;
use crate::tables::points::{POINT, PointRow, PointsTable};
use crate::tables::summary::{self, SummaryTable};
use crate::tables::{Cell, ColumnSchema, Kind, cells};
use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use std::borrow::Borrow;
use std::iter;
use std::sync::Arc;

/// A varied parameter and the kind of its column.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub path: String,
    pub kind: ValueKind,
    /// Whether all its values are whole numbers without a unit.
    pub is_whole: bool,
}

/// Returns the parameters of a sweep with the kinds of their columns: numbers if all values of a
/// parameter are numbers of the same kind, otherwise text.
pub(crate) fn parameters(rows: impl Iterator<Item = impl Borrow<Parameters>>) -> Vec<Parameter> {
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

impl Parameter {
    /// Returns the column of the parameter.
    fn field(&self) -> Field {
        let kind = match self.kind {
            ValueKind::Text => Kind::Text,
            ValueKind::Number if self.is_whole => Kind::Whole,
            _ => Kind::Number,
        };
        let column = ColumnSchema {
            name: "",
            kind,
            unit: value::unit(self.kind),
            meaning: "what is set there",
        };
        // A point need not set every parameter.
        field(&self.path, &column).with_nullable(kind != Kind::Text)
    }

    /// Returns the value that a point sets; empty or null if it does not set the parameter.
    fn cell(&self, set: &Parameters) -> Cell<'static> {
        let value = set.get(&self.path);
        if self.kind == ValueKind::Text {
            return Cell::Text(value.map_or(String::new(), value::shown).into());
        }
        match value.and_then(|value| value::base(value, self.kind)) {
            Some(size) if self.kind == ValueKind::Number && self.is_whole => {
                Cell::Whole(size as u64)
            }
            size => size.map_or(Cell::Missing, Cell::Number),
        }
    }
}

/// Returns the columns of `points.parquet`.
pub(crate) fn points_schema(parameters: &[Parameter]) -> Arc<Schema> {
    let fields = iter::once(field(POINT.name, &POINT))
        .chain(parameters.iter().map(Parameter::field))
        .chain(fields_of::<PointsTable>());
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Returns the values of a point, in the order of its [schema](points_schema).
pub(crate) fn point_cells<'r>(
    row: &'r PointRow,
    parameters: &'r [Parameter],
) -> impl Iterator<Item = Cell<'r>> {
    let values = parameters.iter().map(|parameter| parameter.cell(&row.swept.parameters));
    with_point(row.swept.point, values.chain(cells::<PointsTable>(row)))
}

/// Returns the values of a row of a sweep's table, preceded by the number of its point.
pub(crate) fn with_point<'r>(
    point: u64,
    cells: impl Iterator<Item = Cell<'r>>,
) -> impl Iterator<Item = Cell<'r>> {
    iter::once(Cell::Whole(point)).chain(cells)
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
    let mut rows = Rows::new(points_schema(&parameters));
    points.iter().for_each(|swept| rows.push(point_cells(&PointRow { swept }, &parameters)));
    rows.take()
}

/// Returns the rows of a sweep's `summary/` as a batch, without writing a file: the
/// [summaries](super::summary_batch) of all points, each row preceded by the number of its point.
/// See [`points_batch`] for an example.
pub fn summary_batch_of_points(points: &[PointResult]) -> RecordBatch {
    let mut rows = Rows::new(schema_of_points::<SummaryTable>());
    for swept in points {
        for row in swept.results.iter().flat_map(summary::rows) {
            rows.push(with_point(swept.point, cells::<SummaryTable>(&row)));
        }
    }
    rows.take()
}
