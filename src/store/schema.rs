//! The tables as Arrow schemas, and the names of all files.

use crate::tables::histograms::HistogramsTable;
use crate::tables::points::{POINT, PointsTable};
use crate::tables::replications::ReplicationsTable;
use crate::tables::series::SeriesTable;
use crate::tables::summary::SummaryTable;
use crate::tables::{Column, ColumnSchema, Kind, Table};
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// The optional chart beside the tables.
pub const PLOTS: &str = "plots.svg";

/// The key of a column's unit in its metadata.
pub(crate) const UNIT: &str = "unit";

/// The points of a sweep.
pub(crate) const POINTS: &str = PointsTable::FILE;
/// The folders of a sweep's tables; each table is split into parts.
pub(crate) const PARTS: [&str; 4] = [
    folder_of::<SummaryTable>(),
    folder_of::<ReplicationsTable>(),
    folder_of::<SeriesTable>(),
    folder_of::<HistogramsTable>(),
];

/// Returns the folder of a table's parts: the name of its file, without the extension.
pub(crate) const fn folder_of<T: Table>() -> &'static str {
    T::FILE.split_at(T::FILE.len() - ".parquet".len()).0
}

/// Returns the Arrow schema of a table, with unit and meaning in each field's metadata.
pub(crate) fn schema_of<T: Table>() -> Arc<Schema> {
    Arc::new(Schema::new(fields_of::<T>().collect::<Vec<_>>()))
}

/// Returns the schema with an additional first column, the number of the point.
pub(crate) fn schema_of_points<T: Table>() -> Arc<Schema> {
    let fields = std::iter::once(field(POINT.name, &POINT)).chain(fields_of::<T>());
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Returns the fields of a table's columns.
pub(crate) fn fields_of<T: Table>() -> impl Iterator<Item = Field> {
    T::COLUMNS.iter().map(Column::schema).map(|column| field(column.name, &column))
}

/// Returns a field of an Arrow schema, with unit and meaning in its metadata. `name` may differ
/// from the column's name.
pub(crate) fn field(name: &str, column: &ColumnSchema) -> Field {
    let data_type = match column.kind {
        Kind::Text => DataType::Utf8,
        Kind::Number => DataType::Float64,
        Kind::Whole => DataType::UInt64,
    };
    let metadata = [(UNIT, column.unit), ("meaning", column.meaning)]
        .map(|(k, v)| (k.to_string(), v.to_string()));
    #[allow(
        clippy::disallowed_types,
        reason = "arrow accepts metadata in no other form, and writes it sorted"
    )]
    let metadata: std::collections::HashMap<String, String> = metadata.into_iter().collect();
    Field::new(name, data_type, column.kind == Kind::Number).with_metadata(metadata)
}
