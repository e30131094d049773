//! The tables of the results, one file each: what a row is, and a list of columns with name, unit,
//! meaning and value. Parquet files, Arrow batches and JSON objects come from these lists;
//! `docs/outputs.md` is checked against them.
//!
//! To add a column: one line in the list `COLUMNS` of its table.

pub(crate) mod capacity;
mod column;
pub(crate) mod comparison;
pub(crate) mod events;
pub(crate) mod histograms;
pub(crate) mod points;
pub(crate) mod replications;
pub(crate) mod requests;
pub(crate) mod sensitivity;
pub(crate) mod series;
pub(crate) mod summary;
pub(crate) mod warmup;

pub(crate) use column::{Cell, Column};
pub use column::{ColumnSchema, Kind};

/// A table: its file, its rows and its columns.
pub(crate) trait Table: Sized + 'static {
    /// A row: references to the results from which the columns read their values.
    type Row<'r>;
    /// The name of the file.
    const FILE: &'static str;
    /// What a row is, completing "A row is …".
    const ROW: &'static str;
    /// The columns, in order.
    const COLUMNS: &'static [Column<Self>];
}

/// Returns the values of a row, in the order of the columns.
pub(crate) fn cells<'a, T: Table>(row: &'a T::Row<'_>) -> impl Iterator<Item = Cell<'a>> {
    T::COLUMNS.iter().map(move |column| column.cell(row))
}

/// A table without its rows.
#[derive(Clone, Debug)]
pub struct TableSchema {
    /// The name of the file.
    pub file: &'static str,
    /// What a row is, completing "A row is …".
    pub row: &'static str,
    /// The columns, in order.
    pub columns: Vec<ColumnSchema>,
}

impl TableSchema {
    fn of<T: Table>() -> TableSchema {
        let columns = T::COLUMNS.iter().map(Column::schema).collect();
        TableSchema { file: T::FILE, row: T::ROW, columns }
    }
}

/// Returns all tables with fixed columns; those of a run come first.
pub fn tables() -> [TableSchema; 10] {
    [
        TableSchema::of::<summary::SummaryTable>(),
        TableSchema::of::<replications::ReplicationsTable>(),
        TableSchema::of::<series::SeriesTable>(),
        TableSchema::of::<histograms::HistogramsTable>(),
        TableSchema::of::<events::EventsTable>(),
        TableSchema::of::<requests::RequestsTable>(),
        TableSchema::of::<warmup::WarmupTable>(),
        TableSchema::of::<comparison::ComparisonTable>(),
        TableSchema::of::<capacity::CapacityTable>(),
        TableSchema::of::<sensitivity::SensitivityTable>(),
    ]
}
