//! Files that people bring: the columns of a table, from CSV or Parquet.
//!
//! A cell is a text, whatever its type in the file was, so that all of them are read by one
//! parser; a Parquet timestamp becomes a whole number of its unit. Rows are read one after the
//! other: a file may be larger than memory.
//! Tested: here, and by those who read columns (`random/dists/empirical.rs`, `workload/replay.rs`).

#[cfg(feature = "parquet")]
mod parquet;

use crate::problem::{Refusal, nearest};
use crate::units::{Span, shown};
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

/// A table in a file.
pub(crate) struct Table<'t> {
    pub folder: &'t Path,
    /// Its path, relative to the folder.
    pub file: &'t str,
    /// The largest file that is read, in bytes.
    pub largest: u64,
    /// What to do with a larger one.
    pub help: &'static str,
}

/// A column that is read.
#[derive(Clone, Copy)]
pub(crate) struct Column<'t> {
    /// The field of the scenario that names it: where an error belongs.
    pub field: &'static str,
    pub name: &'t str,
}

/// A cell of such a column.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'t> {
    pub text: &'t str,
    /// The unit of its number, if the file says it.
    pub unit: Option<Span>,
}

/// An error: the field of the scenario at fault, and what is wrong.
pub(crate) type Fault = (&'static str, Refusal);

/// What is done with a row: its line in the file, and its cells; a break ends the reading.
pub(crate) type Each<'e> = &'e mut dyn FnMut(u64, &[Cell]) -> Result<ControlFlow<()>, Fault>;

impl Table<'_> {
    /// Reads the named columns, row by row.
    pub(crate) fn read(&self, columns: &[Column], each: Each) -> Result<(), Fault> {
        let path = self.folder.join(self.file);
        // Checked before opening: a pipe would wait for a writer.
        let metadata = std::fs::metadata(&path).map_err(|error| self.unreadable(&error))?;
        if !metadata.is_file() {
            return Err(self.unreadable(&"it is not a file"));
        }
        // The same holds for system files whose reading blocks.
        if metadata.len() == 0 {
            return Err(self.unreadable(&"it is empty, or not a file on a disk"));
        }
        let opened = File::open(&path).map_err(|error| self.unreadable(&error))?;
        if metadata.len() > self.largest {
            let size = crate::units::Bytes(self.largest);
            let what = format!("`{}` is larger than {size}", shown(self.file));
            return Err(("file", Refusal::new(what).help(self.help)));
        }
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            Some("gz" | "zst" | "zip" | "bz2" | "xz") => {
                let what = format!("`{}` is compressed", shown(self.file));
                Err(("file", Refusal::new(what).help("unpack it first")))
            }
            Some("parquet") => self.read_parquet(opened, columns, each),
            _ => self.read_csv(opened, columns, each),
        }
    }

    fn read_csv(&self, opened: File, columns: &[Column], each: Each) -> Result<(), Fault> {
        let mut reader = csv::Reader::from_reader(opened.take(self.largest));
        let headers = reader.headers().map_err(|error| self.unreadable(&error))?.clone();
        let headers: Vec<&str> = headers.iter().map(str::trim).collect();
        let places = self.places(&headers, columns)?;
        let mut row = csv::StringRecord::new();
        while reader.read_record(&mut row).map_err(|error| self.unreadable(&error))? {
            let line = row.position().map_or(0, csv::Position::line);
            let cell = |place: &usize| Cell {
                text: row.get(*place).unwrap_or_default().trim(),
                unit: None,
            };
            let cells: Vec<Cell> = places.iter().map(cell).collect();
            if each(line, &cells)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    #[cfg(not(feature = "parquet"))]
    fn read_parquet(&self, _: File, _: &[Column], _: Each) -> Result<(), Fault> {
        let what =
            format!("cannot read `{}`: Parquet files are not read by this build", shown(self.file));
        Err(("file", Refusal::new(what).help("build with the feature `parquet`, or write CSV")))
    }

    /// The positions of the columns among those of the file.
    fn places(&self, headers: &[&str], columns: &[Column]) -> Result<Vec<usize>, Fault> {
        columns
            .iter()
            .map(|column| {
                position(headers, self.file, column.name).map_err(|refusal| (column.field, refusal))
            })
            .collect()
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> Fault {
        let what = format!("cannot read `{}`: {error}", shown(self.file));
        ("file", Refusal::new(what).help("its path is relative to the scenario's folder"))
    }

    /// Adds the place to what is wrong with a cell.
    pub(crate) fn at(&self, column: Column, line: u64, refusal: Refusal) -> Fault {
        let Refusal { what, help } = refusal;
        let place = format!("`{}` line {line}, column `{}`", shown(self.file), shown(column.name));
        (column.field, Refusal { what: format!("{place}: {what}"), help })
    }
}

/// Returns the index of a column of a file.
fn position(headers: &[&str], file: &str, column: &str) -> Result<usize, Refusal> {
    let mut found = headers.iter().enumerate().filter(|(_, header)| **header == column);
    match (found.next(), found.next()) {
        (Some((place, _)), None) => Ok(place),
        (Some(_), Some(_)) => Err(Refusal::new(format!(
            "`{}` has the column `{}` more than once",
            shown(file),
            shown(column)
        ))
        .help("give the columns of the file different names")),
        (None, _) => {
            let known: Vec<String> =
                headers.iter().take(12).map(|header| format!("`{}`", shown(header))).collect();
            let separator = match headers {
                [only] => [';', '\t', '|'].into_iter().find(|other| only.contains(*other)),
                _ => None,
            };
            if let Some(separator) = separator {
                let what =
                    format!("the columns of `{}` are separated by {separator:?}", shown(file));
                return Err(Refusal::new(what).help("separate them by commas"));
            }
            let help = match nearest(column, headers.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its columns are {}", known.join(", ")),
            };
            let what = format!("`{}` has no column `{}`", shown(file), shown(column));
            Err(Refusal::new(what).help(help))
        }
    }
}
