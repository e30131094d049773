//! Parquet files: the types of columns whose cells can be read as texts.

use super::{Cell, Column, Each, Fault, Table};
use crate::problem::Refusal;
use crate::units::{Span, shown};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;

impl Table<'_> {
    pub(super) fn read_parquet(
        &self,
        opened: File,
        columns: &[Column],
        each: Each,
    ) -> Result<(), Fault> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(opened)
            .map_err(|error| self.unreadable(&error))?;
        let schema = builder.schema().clone();
        let headers: Vec<&str> =
            schema.fields().iter().map(|field| field.name().as_str()).collect();
        let places = self.places(&headers, columns)?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), places.iter().copied());
        let reader =
            builder.with_projection(mask).build().map_err(|error| self.unreadable(&error))?;
        let mut row = 0;
        let mut texts = vec![String::new(); columns.len()];
        for batch in reader {
            let batch = batch.map_err(|error| match error.to_string() {
                text if text.contains("Disabled feature") => {
                    let what =
                        format!("cannot read `{}`: its compression is not read", shown(self.file));
                    let help = "write it with snappy, lz4 or zstd, or without compression";
                    ("file", Refusal::new(what).help(help))
                }
                text => self.unreadable(&text),
            })?;
            let arrays: Vec<&ArrayRef> = columns
                .iter()
                .map(|column| batch.column_by_name(column.name).ok_or(column))
                .collect::<Result<_, _>>()
                .map_err(|column| (column.field, Refusal::new("this column cannot be read")))?;
            for index in 0..batch.num_rows() {
                row += 1;
                let mut units = Vec::with_capacity(columns.len());
                for ((array, text), column) in arrays.iter().zip(&mut texts).zip(columns) {
                    units.push(write(array, index, text).map_err(|what| {
                        let what = format!("column `{}` {what}", shown(column.name));
                        let help = "convert it to numbers, timestamps or texts";
                        (column.field, Refusal::new(what).help(help))
                    })?);
                }
                let cells: Vec<Cell> =
                    texts.iter().zip(units).map(|(text, unit)| Cell { text, unit }).collect();
                if each(row, &cells)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Writes a cell as a text; returns the unit of a timestamp. A cell without a value is empty.
fn write(array: &ArrayRef, row: usize, text: &mut String) -> Result<Option<Span>, String> {
    text.clear();
    if array.is_null(row) {
        return Ok(None);
    }
    let stamp = |value: i64, unit_ns: u64| (value.to_string(), Some(Span(unit_ns)));
    let (value, unit) = match array.data_type() {
        DataType::Utf8 => (array.as_string::<i32>().value(row).to_string(), None),
        DataType::LargeUtf8 => (array.as_string::<i64>().value(row).to_string(), None),
        DataType::Utf8View => (array.as_string_view().value(row).to_string(), None),
        DataType::Int8 => (array.as_primitive::<Int8Type>().value(row).to_string(), None),
        DataType::Int16 => (array.as_primitive::<Int16Type>().value(row).to_string(), None),
        DataType::UInt8 => (array.as_primitive::<UInt8Type>().value(row).to_string(), None),
        DataType::UInt16 => (array.as_primitive::<UInt16Type>().value(row).to_string(), None),
        DataType::Int32 => (array.as_primitive::<Int32Type>().value(row).to_string(), None),
        DataType::Int64 => (array.as_primitive::<Int64Type>().value(row).to_string(), None),
        DataType::UInt32 => (array.as_primitive::<UInt32Type>().value(row).to_string(), None),
        DataType::UInt64 => (array.as_primitive::<UInt64Type>().value(row).to_string(), None),
        DataType::Float32 => (array.as_primitive::<Float32Type>().value(row).to_string(), None),
        DataType::Float64 => (array.as_primitive::<Float64Type>().value(row).to_string(), None),
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => {
                stamp(array.as_primitive::<TimestampSecondType>().value(row), 1_000_000_000)
            }
            TimeUnit::Millisecond => {
                stamp(array.as_primitive::<TimestampMillisecondType>().value(row), 1_000_000)
            }
            TimeUnit::Microsecond => {
                stamp(array.as_primitive::<TimestampMicrosecondType>().value(row), 1_000)
            }
            TimeUnit::Nanosecond => {
                stamp(array.as_primitive::<TimestampNanosecondType>().value(row), 1)
            }
        },
        other => return Err(format!("has the type {other}, which is not read")),
    };
    *text = value;
    Ok(unit)
}
