//! A writer of one Parquet file, row by row. Rows are collected in batches, so that memory does not
//! grow with the file.

use super::error::StoreError;
use super::folder::Folder;
use super::schema::{UNIT, fields_of, schema_of};
use crate::tables::{Cell, Column, Table, cells};
use arrow_array::builder::{ArrayBuilder, Float64Builder, StringBuilder, UInt64Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fmt::Write;
use std::fs::File;
use std::marker::PhantomData;
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

enum Builder {
    Text(StringBuilder),
    Number(Float64Builder),
    Whole(UInt64Builder),
}

impl Builder {
    fn push(&mut self, cell: Cell) {
        // Writing into a builder cannot fail; appending the empty text ends the value.
        match (self, cell) {
            (Builder::Text(builder), Cell::Text(text)) => builder.append_value(text),
            (Builder::Text(builder), Cell::Key(key)) => {
                if let Some(key) = key {
                    let _ = write!(builder, "{key:016x}");
                }
                builder.append_value("");
            }
            (Builder::Text(builder), Cell::Labels(labels)) => {
                for (index, label) in labels.iter().enumerate() {
                    let _ = write!(builder, "{}{label}", if index == 0 { "" } else { "," });
                }
                builder.append_value("");
            }
            (Builder::Number(builder), Cell::Number(number)) if number.is_nan() => {
                builder.append_null()
            }
            (Builder::Number(builder), Cell::Number(number)) => builder.append_value(number),
            (Builder::Whole(builder), Cell::Whole(whole)) => builder.append_value(whole),
            (Builder::Number(builder), Cell::Missing) => builder.append_null(),
            (Builder::Whole(builder), Cell::Missing) => builder.append_null(),
            (_, cell) => unreachable!("{cell:?} is not of its column's kind"),
        }
    }
}

/// Rows in memory.
pub(crate) struct Rows {
    schema: Arc<Schema>,
    builders: Vec<Builder>,
    len: usize,
}

impl Rows {
    pub(crate) fn new(schema: Arc<Schema>) -> Rows {
        let builders = schema.fields().iter().map(|field| match field.data_type() {
            DataType::Float64 => Builder::Number(Float64Builder::new()),
            DataType::UInt64 => Builder::Whole(UInt64Builder::new()),
            _ => Builder::Text(StringBuilder::new()),
        });
        Rows { builders: builders.collect(), schema, len: 0 }
    }

    /// Adds a row. Its cells must have the order and the kinds of the columns.
    pub(crate) fn push<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) {
        let mut cells = cells.into_iter();
        for builder in &mut self.builders {
            builder.push(cells.next().expect("a row has a cell for every column"));
        }
        assert!(cells.next().is_none(), "a row has a column for every cell");
        self.len += 1;
    }

    /// Returns all rows so far as a batch, and removes them.
    pub(crate) fn take(&mut self) -> RecordBatch {
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

/// Collects the rows of a table into a batch, without writing a file.
pub(crate) fn batch<'r, T: Table>(rows: impl Iterator<Item = T::Row<'r>>) -> RecordBatch {
    let mut batch = Rows::new(schema_of::<T>());
    rows.for_each(|row| batch.push(cells::<T>(&row)));
    batch.take()
}

/// A finished file of a table, as the manifest lists it.
pub(crate) struct WrittenTable {
    pub name: String,
    pub rows: u64,
    /// The columns of the file, in order, with their units.
    pub units: Vec<(String, String)>,
}

/// A Parquet file that is being written.
pub(crate) struct ParquetFile {
    name: String,
    rows: Rows,
    writer: ArrowWriter<File>,
    /// The final path of the file.
    path: PathBuf,
    pub written: u64,
}

impl ParquetFile {
    /// Creates the file that will be called `name` in the folder.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn begin(
        folder: &mut Folder,
        name: &str,
        schema: Arc<Schema>,
    ) -> Result<ParquetFile, StoreError> {
        ParquetFile::in_groups(ROW_GROUP, folder, name, schema)
    }

    /// Like [`begin`](ParquetFile::begin), with `rows` rows per row group: for rows whose values
    /// hardly repeat, and therefore compress badly.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn in_groups(
        rows: usize,
        folder: &mut Folder,
        name: &str,
        schema: Arc<Schema>,
    ) -> Result<ParquetFile, StoreError> {
        let (path, part) = (folder.path().join(name), folder.begin(name));
        let file = File::create(&part).map_err(|e| StoreError::io("cannot write", &part, e))?;
        let writer = properties(rows)
            .and_then(|properties| ArrowWriter::try_new(file, schema.clone(), Some(properties)));
        let writer = writer.map_err(|e| StoreError::io("cannot write", &part, e))?;
        Ok(ParquetFile { name: name.into(), rows: Rows::new(schema), writer, path, written: 0 })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub(crate) fn push<'c>(
        &mut self,
        cells: impl IntoIterator<Item = Cell<'c>>,
    ) -> Result<(), StoreError> {
        self.rows.push(cells);
        self.written += 1;
        if self.rows.len >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if self.rows.len > 0 {
            self.writer
                .write(&self.rows.take())
                .map_err(|e| StoreError::io("cannot write", &self.path, e))?;
        }
        Ok(())
    }

    /// Writes the remaining rows, and returns what the manifest lists of the file.
    ///
    /// # Errors
    /// As `push`.
    pub(crate) fn finish(mut self) -> Result<WrittenTable, StoreError> {
        self.flush()?;
        self.writer.close().map_err(|e| StoreError::io("cannot write", &self.path, e))?;
        let unit = |field: &Field| field.metadata().get(UNIT).cloned().unwrap_or_default();
        let fields = self.rows.schema.fields().iter();
        let units = fields.map(|field| (field.name().clone(), unit(field))).collect();
        Ok(WrittenTable { name: self.name, rows: self.written, units })
    }
}

/// The file of the table `T`.
pub(crate) struct TableFile<T: Table> {
    file: ParquetFile,
    /// The names of the columns that are left out.
    without: Vec<&'static str>,
    table: PhantomData<T>,
}

impl<T: Table> TableFile<T> {
    /// Creates the file in the folder.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn begin(folder: &mut Folder) -> Result<TableFile<T>, StoreError> {
        TableFile::without(folder, Vec::new())
    }

    /// Like [`begin`](TableFile::begin), without some of the columns.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn without(
        folder: &mut Folder,
        without: Vec<&'static str>,
    ) -> Result<TableFile<T>, StoreError> {
        let fields = fields_of::<T>().filter(|field| !without.contains(&field.name().as_str()));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let file = ParquetFile::begin(folder, T::FILE, schema)?;
        Ok(TableFile { file, without, table: PhantomData })
    }

    /// Writes rows.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub(crate) fn extend<'r>(
        &mut self,
        mut rows: impl Iterator<Item = T::Row<'r>>,
    ) -> Result<(), StoreError> {
        let without = &self.without;
        let kept = |column: &&Column<T>| !without.contains(&column.name);
        rows.try_for_each(|row| {
            self.file.push(T::COLUMNS.iter().filter(kept).map(|column| column.cell(&row)))
        })
    }

    /// Writes the remaining rows, and returns what the manifest lists of the file.
    ///
    /// # Errors
    /// As [`extend`](TableFile::extend).
    pub(crate) fn finish(self) -> Result<WrittenTable, StoreError> {
        self.file.finish()
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
