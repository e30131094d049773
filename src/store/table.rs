//! One Parquet file, row by row: rows are gathered into batches, so that memory does not grow with
//! the file.

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

/// Rows that are gathered before they are encoded.
const BATCH: usize = 512;
/// Rows of a page, at most.
const PAGE: usize = 8_192;
/// Rows of a row group, at most: it stands in memory, compressed, until it is full.
const ROW_GROUP: usize = 65_536;
/// Bytes of the values that a column may point at; one with more has numbers that differ from row
/// to row, which take less as they are.
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

    /// Adds a row; its cells are in the order and of the kinds of the columns.
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
        RecordBatch::try_new(self.schema.clone(), columns.collect())
            .expect("the columns are built from the schema")
    }
}

/// Takes rows, one after the other.
pub type Push<'p> = &'p mut dyn FnMut(&[Cell]);

/// Rows as a batch, without touching a file.
pub fn batch(schema: Arc<Schema>, fill: impl FnOnce(Push)) -> RecordBatch {
    let mut rows = Rows::new(schema);
    fill(&mut |cells| rows.push(cells));
    rows.take()
}

/// A Parquet file that is being written.
pub struct Table {
    rows: Rows,
    writer: ArrowWriter<File>,
    /// What it will be called.
    path: PathBuf,
    pub written: u64,
}

impl Table {
    /// Begins the file that will be called `name` in a folder.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn begin(
        folder: &mut Folder,
        name: &str,
        schema: Arc<Schema>,
    ) -> Result<Table, StoreError> {
        Table::in_groups(ROW_GROUP, folder, name, schema)
    }

    /// As [`begin`](Table::begin), for rows that hardly repeat a value: so many in a row group,
    /// because they do not become small.
    ///
    /// # Errors
    /// If it cannot be made.
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

    /// Writes all rows that are handed over.
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

    /// Writes the rest; the number of rows.
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

/// The rows of `summary.parquet`, without touching a file.
pub fn summary_batch(results: &Results) -> RecordBatch {
    batch(TABLES[0].arrow(), |push| summary_rows(results, push))
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
            Cell::Text(&row.flags.join(",")),
        ]);
    }
}
