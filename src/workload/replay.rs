//! `replay`: requests at the times of a trace or an access log.
//!
//! Law: the n-th request arrives as long after the first row as the file says, divided by `speed`,
//! to the nanosecond; rows are taken in the order of their times, those of the same time in the
//! order of the file. With `loop`, the whole repeats, one mean gap after its last request. The same
//! requests arrive in every replication. If a column names endpoints, every request goes to its
//! own.
//! Checked: `tests/it/replay.rs`.

use super::arrivals::Given;
use crate::data::{Cell, Column, Fault, Table};
use crate::problem::{Problems, Refusal};
use crate::units::{Count, Factor, Span, Time, shown};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// `replay: { file: traces/monday.csv, columns: { at: time, endpoint: path }, unit: 1s }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// A CSV file with a header row, or a Parquet file; relative to the scenario's folder.
    pub file: String,
    /// The names of its columns.
    #[serde(default)]
    pub columns: Columns,
    /// The unit of times that are bare numbers, such as `1ms`; timestamps and quantities need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Span>,
    /// How many times faster than it was.
    #[serde(default, skip_serializing_if = "is_one")]
    pub speed: Factor,
    /// Whether it begins again at its end.
    #[serde(default, rename = "loop", skip_serializing_if = "std::ops::Not::not")]
    pub repeats: bool,
    /// Over which time requests of the same time are spread evenly, such as `1s` for a log that is
    /// written in whole seconds; they arrive together if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Span>,
    /// The largest number of rows that are read, from the first on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Count>,
    /// What the file contains; `None` until loaded.
    #[serde(skip)]
    pub trace: Option<Arc<Trace>>,
}

/// Names of columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// When a request arrived: a timestamp, a quantity such as `1500ms`, or a number of `unit`s.
    pub at: String,
    /// Its endpoint: `service.endpoint`, or an endpoint of the service that `to` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

impl Default for Columns {
    fn default() -> Columns {
        Columns { at: "at".to_string(), endpoint: None }
    }
}

fn is_one(factor: &Factor) -> bool {
    *factor == Factor::default()
}

/// What a file contains, in the order of its times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The times since the first row, at the speed of the file.
    pub times: Vec<Span>,
    /// By row: the index of its endpoint; empty if the file does not name any.
    pub endpoints: Vec<u32>,
    /// The endpoints, in the order in which they occur, with the number of their requests.
    pub names: IndexMap<String, u64>,
}

/// The largest file, in bytes, and the largest number of rows.
const LARGEST: u64 = 4 << 30;
const ROWS_MAX: usize = 50_000_000;
/// The largest number of different endpoints.
const NAMES_MAX: usize = 10_000;

impl Replay {
    /// Creates a replay of a file whose column `at` contains the times.
    pub fn new(file: impl Into<String>) -> Replay {
        Replay {
            file: file.into(),
            columns: Columns::default(),
            unit: None,
            speed: Factor::default(),
            repeats: false,
            spread: None,
            limit: None,
            trace: None,
        }
    }
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        if self.limit == Some(Count(0)) {
            problems
                .error(format!("{path}.limit"), "with a limit of 0 rows no request arrives")
                .advise("write the number of rows, or leave `limit` out");
        }
        if self.unit == Some(Span::ZERO) {
            problems
                .error(format!("{path}.unit"), "a unit of zero makes every time 0")
                .advise("write the unit of the column's numbers, such as `unit: 1ms`");
        }
    }
    /// Reads the file, unless that has been done.
    pub(crate) fn load(
        &mut self,
        to: Option<&str>,
        folder: &Path,
        path: &str,
        problems: &mut Problems,
    ) {
        if self.trace.is_some() || problems.enough() {
            return;
        }
        match self.read(folder) {
            Ok(mut trace) => {
                if let Some(service) = to {
                    let whole = format!("{service}.");
                    let of = |(name, count): (String, u64)| match name.starts_with(&whole) {
                        true => (name, count),
                        false => (format!("{whole}{name}"), count),
                    };
                    trace.names = trace.names.into_iter().map(of).collect();
                }
                self.trace = Some(Arc::new(trace));
            }
            Err((field, refusal)) => _ = problems.refuse(format!("{path}.{field}"), refusal),
        }
    }
    fn read(&self, folder: &Path) -> Result<Trace, Fault> {
        let table = Table {
            folder,
            file: &self.file,
            largest: LARGEST,
            help: "divide it into files of a day",
        };
        let at = Column { field: "columns.at", name: &self.columns.at };
        let mut columns = vec![at];
        let endpoint = self.columns.endpoint.as_deref();
        columns.extend(endpoint.map(|name| Column { field: "columns.endpoint", name }));
        let limit = self.limit.map_or(usize::MAX, |limit| limit.0 as usize);
        let mut rows: Vec<(u64, u32)> = Vec::new();
        let mut names: IndexMap<String, u64> = IndexMap::new();
        table.read(&columns, &mut |line, cells| {
            if rows.len() == limit {
                return Ok(ControlFlow::Break(()));
            }
            if rows.len() == ROWS_MAX {
                let what = format!("`{}` has more than 50M rows", shown(&self.file));
                return Err(("file", Refusal::new(what).help("add `limit: 1M`")));
            }
            let at_ns = moment(cells[0], self.unit)
                .map_err(|refusal| table.at(columns[0], line, refusal))?;
            let mut index = 0;
            if let (Some(cell), Some(column)) = (cells.get(1), columns.get(1)) {
                if cell.text.is_empty() {
                    return Err(table.at(*column, line, Refusal::new("there is no endpoint")));
                }
                match names.get_full_mut(cell.text) {
                    Some((known, _, count)) => (index, *count) = (known, *count + 1),
                    None => (index, _) = names.insert_full(cell.text.to_string(), 1),
                }
                if names.len() > NAMES_MAX {
                    let what = "the column has more than 10k different endpoints";
                    return Err((
                        column.field,
                        Refusal::new(what)
                            .help("replace identifiers in paths, such as `/item/7`, by a name"),
                    ));
                }
            }
            rows.push((at_ns, index as u32));
            Ok(ControlFlow::Continue(()))
        })?;
        // Logs are written when requests end, so they are not quite in order.
        rows.sort_by_key(|(at_ns, _)| *at_ns);
        let Some(&(first, _)) = rows.first() else {
            return Err(("file", Refusal::new(format!("`{}` has no rows", shown(&self.file)))));
        };
        Ok(Trace {
            times: self.spread(rows.iter().map(|(at_ns, _)| at_ns - first).collect()),
            endpoints: match endpoint {
                Some(_) => rows.iter().map(|(_, index)| *index).collect(),
                None => Vec::new(),
            },
            names,
        })
    }
    /// The times of rows, those that are equal spread evenly.
    fn spread(&self, times_ns: Vec<u64>) -> Vec<Span> {
        let over_ns = self.spread.map_or(0, |span| u128::from(span.0));
        let equal = times_ns.chunk_by(|a, b| a == b);
        let spread = equal.flat_map(|at| {
            let step = move |index| (over_ns * index as u128 / at.len() as u128) as u64;
            at.iter().enumerate().map(move |(index, ns)| Span(ns.saturating_add(step(index))))
        });
        let mut times: Vec<Span> = spread.collect();
        // Longer than the gap to the next, it would put them behind it.
        times.sort();
        times
    }
    /// The number of its requests, and the time that they take at its speed, up to one mean gap
    /// after the last.
    fn length(&self) -> (usize, Span) {
        let Some(trace) = &self.trace else { return (0, Span::ZERO) };
        let (rows, last) = (trace.times.len(), trace.times.last().map_or(0, |last| last.0));
        let gap = last / (rows as u64).saturating_sub(1).max(1);
        (rows, self.at_speed(Span(last.saturating_add(gap))))
    }
    /// The mean rate while it lasts, requests per second.
    pub(super) fn mean_rate(&self) -> f64 {
        let (rows, length) = self.length();
        // Of requests that all arrive at once, as if they took a second.
        match length {
            Span::ZERO => rows as f64,
            _ => rows as f64 / length.seconds(),
        }
    }
    /// The endpoints that the file names, with the numbers of their requests.
    pub(crate) fn names(&self) -> Option<&IndexMap<String, u64>> {
        self.trace.as_ref().map(|trace| &trace.names).filter(|names| !names.is_empty())
    }
    /// By row, the index of its endpoint among [`names`](Replay::names), if there are several.
    pub(crate) fn in_order(&self) -> Option<Arc<Trace>> {
        self.trace.clone().filter(|trace| trace.names.len() > 1)
    }
    fn at_speed(&self, span: Span) -> Span {
        match is_one(&self.speed) {
            true => span,
            false => Span((span.0 as f64 / self.speed.times).round() as u64),
        }
    }
    pub(super) fn compile(&self) -> Given {
        let times = self.trace.as_ref().map(|trace| &trace.times[..]).unwrap_or_default();
        Given {
            times: times.iter().map(|span| Time(self.at_speed(*span).0)).collect(),
            repeats_after: self.repeats.then(|| Span(self.length().1.0.max(1))),
        }
    }
    /// Reports a file that is over before the run.
    pub(super) fn check_duration(&self, duration: Span, path: &str, problems: &mut Problems) {
        let (rows, length) = self.length();
        let times = self.trace.as_ref().map_or(&[][..], |trace| &trace.times);
        let together = times.windows(2).filter(|pair| pair[0] == pair[1]).count();
        if together * 2 > rows {
            let what = format!(
                "{together} of the {rows} requests arrive at the same moment as the one before: they arrive in bursts, as the times of the file are coarse"
            );
            problems
                .warning(format!("{path}.columns.at"), what)
                .advise("spread them evenly, such as `spread: 1s` for times in whole seconds");
        }
        if self.repeats && rows > 0 && length == Span::ZERO {
            problems
                .error(
                    format!("{path}.loop"),
                    "all its requests arrive at once, so it would begin again at once",
                )
                .advise("leave `loop` out, or replay a file with several times");
        }
        let late = times.len() - times.partition_point(|at| self.at_speed(*at) < duration);
        if late > 0 && late < rows {
            let what =
                format!("the run ends before {late} of the {rows} requests of the file arrive");
            problems.note(format!("{path}.file"), what);
        }
        if rows > 0 && !self.repeats && length < duration {
            let what = format!(
                "the file contains {} of requests at this speed, but the run lasts {duration}: it ends without traffic",
                crate::units::format::value(length.seconds(), "s")
            );
            problems
                .warning(format!("{path}.file"), what)
                .advise("shorten `run.duration`, or add `loop: true`");
        }
    }
}

/// What to write if times have no unit.
const UNIT: &str = "write the unit of the column's numbers, such as `unit: 1s`";

/// Returns the time in a cell, ns: since 1970 if it is a timestamp.
pub(super) fn moment(cell: Cell, unit: Option<Span>) -> Result<u64, Refusal> {
    // As web servers write them.
    let text = cell.text.trim_start_matches('[').trim_end_matches(']');
    if let Some(unit) = cell.unit.or(unit) {
        let exact = Span::of_units(text, unit).map(|span| span.0);
        // Numbers with an exponent, as some programs write them.
        let rounded = || {
            let seconds =
                text.parse::<f64>().ok().filter(|number| *number >= 0.0)? * unit.seconds();
            (seconds < 1e10).then(|| Span::from_seconds(seconds).0)
        };
        if let Some(at_ns) = exact.or_else(rounded) {
            return Ok(at_ns);
        }
        if cell.unit.is_none() && stamp(text).is_some() {
            let what = format!("`{}` is a timestamp, not a number", shown(text));
            return Err(Refusal::new(what).help("leave `unit` out for timestamps"));
        }
        if cell.unit.is_none() {
            return Err(match text.parse::<f64>() {
                Ok(number) if number > 0.0 => {
                    let what = format!("`{}` times {unit} is too long a time", shown(text));
                    Refusal::new(what)
                        .help("the unit of the numbers may be smaller, such as `unit: 1ms`")
                }
                _ => Refusal::new(format!("`{}` is not a number from 0 on", shown(text))),
            });
        }
    }
    if let Some(at_ns) = stamp(text) {
        return at_ns
            .try_into()
            .map_err(|_| Refusal::new(format!("`{}` is before 1970", shown(text))));
    }
    if text.parse::<f64>().is_ok() {
        return Err(Refusal::new(format!("`{}` has no unit", shown(text))).help(UNIT));
    }
    text.parse::<Span>().map(|span| span.0).map_err(|_| {
        Refusal::new(format!("`{}` is not a time", shown(text))).help(
            "times are timestamps such as `2026-11-30 18:00:00.299`, quantities such as `1500ms`, or numbers with `unit`",
        )
    })
}

/// Returns a timestamp, ns since 1970: with or without an offset from UTC, or as in the logs of
/// web servers.
fn stamp(text: &str) -> Option<i64> {
    use chrono::{DateTime, NaiveDateTime};
    let with_offset =
        ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%d/%b/%Y:%H:%M:%S %z"];
    let without = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    // Some programs write a comma before the decimals.
    let text = &text.replacen(',', ".", 1);
    let zulu = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    without
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(zulu, form).ok())
        .map(|moment| moment.and_utc().timestamp_nanos_opt())
        .or_else(|| {
            with_offset
                .iter()
                .find_map(|form| DateTime::parse_from_str(text, form).ok())
                .map(|moment| moment.timestamp_nanos_opt())
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_nanosecond_in_every_notation() {
        // By hand: 2023-11-16 18:00:00 UTC is 1,700,157,600 s after 1970.
        let at = |text: &str, unit: Option<Span>| {
            moment(Cell { text, unit: None }, unit).map_err(|refusal| refusal.to_string())
        };
        let day = 1_700_157_600_000_000_000;
        for (text, ns) in [
            ("2023-11-16 18:00:00.2991670", 299_167_000),
            ("2023-11-16T18:00:00.123456789Z", 123_456_789),
            ("2023-11-16T19:00:00+01:00", 0),
            ("2023-11-16 13:00:00.5-0500", 500_000_000),
            ("16/Nov/2023:18:00:01 +0000", 1_000_000_000),
            ("[16/Nov/2023:18:00:01 +0000]", 1_000_000_000),
            ("2023-11-16 18:00:00,048", 48_000_000),
        ] {
            assert_eq!(at(text, None), Ok(day + ns), "{text}");
        }
        assert_eq!(at("1700157600.123456789", Some(Span(1_000_000_000))), Ok(day + 123_456_789));
        assert_eq!(at("1700157600123", Some(Span(1_000_000))), Ok(day + 123_000_000));
        assert_eq!(at("1.5e3", Some(Span(1_000_000))), Ok(1_500_000_000));
        assert_eq!(at("1500ms", None), Ok(1_500_000_000));
        for (text, unit, what) in [
            ("12.5", None, "`12.5` has no unit"),
            ("-3", Some(Span(1)), "`-3` is not a number from 0 on"),
            ("1796061600049", Some(Span(1_000_000_000)), "is too long a time"),
            ("noon", None, "`noon` is not a time"),
            ("", None, "`` is not a time"),
            ("1969-12-31 23:59:59", None, "is before 1970"),
        ] {
            assert!(at(text, unit).unwrap_err().contains(what), "{text}: {:?}", at(text, unit));
        }
    }
}
