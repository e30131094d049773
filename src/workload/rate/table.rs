//! `table`: a measured rate, from a file.
//!
//! Law: straight lines between rates; numbers of requests (with `per`) are those from their row to
//! the next, at a constant rate. The first row is the beginning of the run; the last rate is kept.
//! As stages, it is followed exactly.
//! Checked: `tests/it/shapes.rs`.

use super::profile::Ramp;
use crate::data::{Cell, Column, Fault, Table as File};
use crate::problem::{Problems, Refusal};
use crate::units::{Rate, Span, shown};
use crate::workload::replay;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// `table: { file: monday.csv, at: minute, unit: 1min, rate: requests, per: 1min }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// A CSV file with a header row, or a Parquet file; relative to the scenario's folder.
    pub file: String,
    /// The column of the times: timestamps, quantities such as `90s`, or numbers of `unit`s.
    #[serde(default = "at")]
    pub at: String,
    /// The unit of times that are bare numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Span>,
    /// The column of the rates: quantities such as `150/s`, or numbers of requests in `per`.
    #[serde(default = "rate")]
    pub rate: String,
    /// In which time there were as many requests as a bare number says: from its row on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Span>,
    /// The rows: times since the first, and rates; `None` until loaded.
    #[serde(skip)]
    pub rows: Option<Arc<[(Span, Rate)]>>,
}

fn at() -> String {
    "at".to_string()
}

fn rate() -> String {
    "rate".to_string()
}

/// The largest file, in bytes, and the largest number of rows.
const LARGEST: u64 = 64 << 20;
const ROWS_MAX: usize = 1_000_000;

impl Table {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        for (key, unit) in [("unit", self.unit), ("per", self.per)] {
            if unit == Some(Span::ZERO) {
                problems
                    .error(format!("{path}.{key}"), "a unit of zero has no meaning")
                    .advise("write for example `1min`");
            }
        }
    }
    pub(super) fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        if self.rows.is_some() || problems.enough() {
            return;
        }
        match self.read(folder) {
            Ok(rows) => self.rows = Some(rows.into()),
            Err((field, refusal)) => _ = problems.refuse(format!("{path}.{field}"), refusal),
        }
    }
    fn read(&self, folder: &Path) -> Result<Vec<(Span, Rate)>, Fault> {
        let help = "write one row for each minute";
        let file = File { folder, file: &self.file, largest: LARGEST, help };
        let columns =
            [Column { field: "at", name: &self.at }, Column { field: "rate", name: &self.rate }];
        let mut rows: Vec<(Span, Rate)> = Vec::new();
        let mut first = None;
        file.read(&columns, &mut |line, cells| {
            let at_ns = replay::moment(cells[0], self.unit)
                .map_err(|refusal| file.at(columns[0], line, refusal))?;
            let rate =
                self.rate_of(cells[1]).map_err(|refusal| file.at(columns[1], line, refusal))?;
            let first = *first.get_or_insert(at_ns);
            let since = at_ns.checked_sub(first).map(Span);
            match since.filter(|at| rows.last().is_none_or(|(last, _)| last <= at)) {
                Some(at) => rows.push((at, rate)),
                None => {
                    let refusal = Refusal::new("this time is before that of the row before it");
                    return Err(file.at(columns[0], line, refusal.help("sort the rows")));
                }
            }
            if rows.len() > ROWS_MAX {
                let what = format!("`{}` has more than 1M rows", shown(&self.file));
                return Err(("file", Refusal::new(what).help(help)));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        match rows.is_empty() {
            true => Err(("file", Refusal::new(format!("`{}` has no rows", shown(&self.file))))),
            false => Ok(rows),
        }
    }
    fn rate_of(&self, cell: Cell) -> Result<Rate, Refusal> {
        let number = cell.text.parse::<f64>().ok();
        match (number, self.per) {
            (Some(number), Some(per)) if (0.0..=1e15).contains(&number) => {
                Ok(Rate::per_second(number / per.seconds().max(1e-9)))
            }
            (Some(_), None) => Err(Refusal::new(format!("`{}` has no unit", shown(cell.text)))
                .help("write in which time there were as many requests, such as `per: 1s`")),
            (Some(_), Some(_)) => Err(Refusal::new(format!(
                "`{}` is not a number of requests from 0 on",
                shown(cell.text)
            ))
            .help("correct the file, or leave the row out")),
            (None, _) => cell.text.parse(),
        }
    }
    pub(super) fn ramps(&self) -> Box<[Ramp]> {
        let rows = self.rows.as_deref().unwrap_or_default();
        let first = rows.first().map(|(_, rate)| Ramp {
            over_s: 0.0,
            from: rate.per_second,
            to: rate.per_second,
        });
        let ramps = rows.windows(2).flat_map(|pair| {
            let over_s = (pair[1].0.0 - pair[0].0.0) as f64 * 1e-9;
            let [from, to] = [pair[0].1.per_second, pair[1].1.per_second];
            match self.per {
                None => [Ramp { over_s, from, to }, Ramp { over_s: 0.0, from: to, to }],
                // A count says nothing about how its requests are spaced.
                Some(_) => [Ramp { over_s, from, to: from }, Ramp { over_s: 0.0, from, to }],
            }
        });
        first.into_iter().chain(ramps).collect()
    }
}
