//! One Parquet file, row by row: rows are gathered into batches, so that memory does not grow with the file.

use super::schema::TABLES;
use crate::experiment::Results;
use arrow_array::builder::{ArrayBuilder, Float64Builder, StringBuilder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fs::File;
use std::sync::Arc;

/// Rows of a batch, and of a row group at most.
const BATCH: usize = 65_536;

/// A value of a row.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'c> {
    Text(&'c str),
    /// NaN is written as null.
    Number(f64),
    Whole(u64),
}

enum Builder {
    Text(StringBuilder),
    Number(Float64Builder),
    Whole(UInt64Builder),
}

/// Rows in memory.
pub struct Rows {
    schema: Arc<Schema>,
    builders: Vec<Builder>,
    len: usize,
}

impl Rows {
    pub fn new(schema: Arc<Schema>) -> Rows {
        let builders = schema.fields().iter().map(|field| match field.data_type() {
            DataType::Float64 => Builder::Number(Float64Builder::new()),
            DataType::UInt64 => Builder::Whole(UInt64Builder::new()),
            _ => Builder::Text(StringBuilder::new()),
        });
        Rows { builders: builders.collect(), schema, len: 0 }
    }

    /// Adds a row; its cells are in the order and of the kinds of the columns.
    pub fn push(&mut self, cells: &[Cell]) {
        assert_eq!(cells.len(), self.builders.len(), "a row has a cell for every column");
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            match (builder, cell) {
                (Builder::Text(builder), Cell::Text(text)) => builder.append_value(text),
                (Builder::Number(builder), Cell::Number(number)) if number.is_nan() => builder.append_null(),
                (Builder::Number(builder), Cell::Number(number)) => builder.append_value(*number),
                (Builder::Whole(builder), Cell::Whole(whole)) => builder.append_value(*whole),
                (_, cell) => unreachable!("{cell:?} is not of its column's kind"),
            }
        }
        self.len += 1;
    }

    /// All rows so far, as a batch; afterwards there are none.
    pub fn take(&mut self) -> RecordBatch {
        self.len = 0;
        let columns = self.builders.iter_mut().map(|builder| -> ArrayRef {
            match builder {
                Builder::Text(builder) => ArrayBuilder::finish(builder),
                Builder::Number(builder) => ArrayBuilder::finish(builder),
                Builder::Whole(builder) => ArrayBuilder::finish(builder),
            }
        });
        RecordBatch::try_new(self.schema.clone(), columns.collect()).expect("the columns are built from the schema")
    }
}

/// A Parquet file that is being written.
pub struct Table {
    rows: Rows,
    writer: ArrowWriter<File>,
    pub written: u64,
}

impl Table {
    pub fn create(schema: Arc<Schema>, file: File) -> Result<Table, parquet::errors::ParquetError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
            .set_max_row_group_row_count(Some(BATCH))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_created_by("asyncflow".to_string())
            .build();
        let rows = Rows::new(schema);
        let writer = ArrowWriter::try_new(file, rows.schema.clone(), Some(properties))?;
        Ok(Table { rows, writer, written: 0 })
    }
    pub fn push(&mut self, cells: &[Cell]) -> Result<(), parquet::errors::ParquetError> {
        self.rows.push(cells);
        self.written += 1;
        if self.rows.len >= BATCH { self.flush() } else { Ok(()) }
    }
    fn flush(&mut self) -> Result<(), parquet::errors::ParquetError> {
        if self.rows.len > 0 {
            self.writer.write(&self.rows.take())?;
        }
        Ok(())
    }
    /// Writes the rest; the number of rows.
    pub fn finish(mut self) -> Result<u64, parquet::errors::ParquetError> {
        self.flush()?;
        self.writer.close()?;
        Ok(self.written)
    }
}

/// The rows of `summary.parquet`, without touching a file.
pub fn summary_batch(results: &Results) -> RecordBatch {
    let mut rows = Rows::new(TABLES[0].arrow());
    summary_rows(results, |cells| rows.push(cells));
    rows.take()
}

/// Hands over every row of the summary.
pub fn summary_rows(results: &Results, mut push: impl FnMut(&[Cell])) {
    for row in &results.rows {
        let e = &row.estimate;
        push(&[
            Cell::Text(&results.scenario),
            Cell::Text(row.kind),
            Cell::Text(&row.entity),
            Cell::Text(&row.metric),
            Cell::Text(row.stat),
            Cell::Text(row.unit),
            Cell::Number(e.estimate),
            Cell::Number(e.low),
            Cell::Number(e.high),
            Cell::Number(e.std_error),
            Cell::Number(results.confidence),
            Cell::Whole(e.n as u64),
            Cell::Text(e.method.name()),
            Cell::Text(&row.flags.join(",")),
        ]);
    }
}
