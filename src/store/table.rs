//! A writer of one Parquet file, row by row. Rows are collected in batches, so that memory does not
//! grow with the file.

use super::folder::{Folder, StoreError};
use super::schema::TABLES;
use crate::experiment::Results;
use arrow_array::builder::{ArrayBuilder, Float64Builder, StringBuilder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

/// Rows that are collected before they are encoded.
const BATCH: usize = 512;
/// The largest number of rows of a page.
const PAGE: usize = 8_192;
/// The largest number of rows of a row group, which is in memory, compressed, until it is full.
const ROW_GROUP: usize = 65_536;
/// The largest dictionary of a column, in bytes. A column that exceeds it has numbers that differ
/// from row to row, which are smaller in plain encoding.
const DICTIONARY_BYTES: usize = 16 << 10;

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

    /// Adds a row. Its cells must have the order and the kinds of the columns.
    pub fn push(&mut self, cells: &[Cell]) {
        assert_eq!(cells.len(), self.builders.len(), "a row has a cell for every column");
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            match (builder, cell) {
                (Builder::Text(builder), Cell::Text(text)) => builder.append_value(text),
                (Builder::Number(builder), Cell::Number(number)) if number.is_nan() => {
                    builder.append_null()
                }
                (Builder::Number(builder), Cell::Number(number)) => builder.append_value(*number),
                (Builder::Whole(builder), Cell::Whole(whole)) => builder.append_value(*whole),
                (Builder::Whole(builder), Cell::Number(number)) if number.is_nan() => {
                    builder.append_null()
                }
                (_, cell) => unreachable!("{cell:?} is not of its column's kind"),
            }
        }
        self.len += 1;
    }

    /// Returns all rows so far as a batch, and removes them.
    pub fn take(&mut self) -> RecordBatch {
        self.len = 0;
        let columns = self.builders.iter_mut().map(|builder| -> ArrayRef {
            match builder {
                Builder::Text(builder) => ArrayBuilder::finish(builder),
                Builder::Number(builder) => ArrayBuilder::finish(builder),
                Builder::Whole(builder) => ArrayBuilder::finish(builder),
            }
        });
        RecordBatch::try_new(self.schema.clone(), columns.collect())
            .expect("the columns are built from the schema")
    }
}

/// A callback that accepts rows, one at a time.
pub type Push<'p> = &'p mut dyn FnMut(&[Cell]);

/// Collects the rows pushed by `fill` into a batch, without writing a file.
pub fn batch(schema: Arc<Schema>, fill: impl FnOnce(Push)) -> RecordBatch {
    let mut rows = Rows::new(schema);
    fill(&mut |cells| rows.push(cells));
    rows.take()
}

/// A Parquet file that is being written.
pub struct Table {
    rows: Rows,
    writer: ArrowWriter<File>,
    /// The final path of the file.
    path: PathBuf,
    pub written: u64,
}

impl Table {
    /// Creates the file that will be called `name` in the folder.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn begin(
        folder: &mut Folder,
        name: &str,
        schema: Arc<Schema>,
    ) -> Result<Table, StoreError> {
        Table::in_groups(ROW_GROUP, folder, name, schema)
    }

    /// Like [`begin`](Table::begin), with `rows` rows per row group: for rows whose values hardly
    /// repeat, and therefore compress badly.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn in_groups(
        rows: usize,
        folder: &mut Folder,
        name: &str,
        schema: Arc<Schema>,
    ) -> Result<Table, StoreError> {
        let (path, part) = (folder.path().join(name), folder.begin(name));
        let file = File::create(&part).map_err(|e| StoreError::io("cannot write", &part, e))?;
        let writer = properties(rows)
            .and_then(|properties| ArrowWriter::try_new(file, schema.clone(), Some(properties)));
        let writer = writer.map_err(|e| StoreError::io("cannot write", &part, e))?;
        Ok(Table { rows: Rows::new(schema), writer, path, written: 0 })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub fn push(&mut self, cells: &[Cell]) -> Result<(), StoreError> {
        self.rows.push(cells);
        self.written += 1;
        if self.rows.len >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Writes all rows that `fill` pushes.
    ///
    /// # Errors
    /// As [`push`](Table::push).
    pub fn fill(&mut self, fill: impl FnOnce(Push)) -> Result<(), StoreError> {
        let mut failed = Ok(());
        fill(&mut |cells| {
            if failed.is_ok() {
                failed = self.push(cells);
            }
        });
        failed
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if self.rows.len > 0 {
            self.writer
                .write(&self.rows.take())
                .map_err(|e| StoreError::io("cannot write", &self.path, e))?;
        }
        Ok(())
    }

    /// Writes the remaining rows, and returns the number of rows in the file.
    ///
    /// # Errors
    /// As [`push`](Table::push).
    pub fn finish(mut self) -> Result<u64, StoreError> {
        self.flush()?;
        self.writer.close().map_err(|e| StoreError::io("cannot write", &self.path, e))?;
        Ok(self.written)
    }
}

fn properties(row_group: usize) -> Result<WriterProperties, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(row_group))
        .set_data_page_row_count_limit(PAGE)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("asyncflow".to_string());
    Ok(properties.build())
}

/// Returns the rows of `summary.parquet` as a batch, without writing a file.
pub fn summary_batch(results: &Results) -> RecordBatch {
    batch(TABLES[0].arrow(), |push| summary_rows(results, push))
}

/// Pushes every row of the summary.
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
            Cell::Text(&row.flags.join(",")),
        ]);
    }
}
