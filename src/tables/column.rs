//! A column: its name, unit and meaning, and how its value is read from a row.

use super::Table;
use std::borrow::Cow;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text, dictionary-encoded in the file.
    Text,
    /// 64-bit float; null where there is no value.
    Number,
    /// Unsigned 64-bit whole number.
    Whole,
}

/// A column without its values.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSchema {
    /// The name of the column.
    pub name: &'static str,
    /// The type of its values.
    pub kind: Kind,
    /// The unit; empty if it has none, `unit` if it is in the column `unit` of each row.
    pub unit: &'static str,
    /// What its values mean.
    pub meaning: &'static str,
}

/// A column of the table `T`. The type of its values follows from `get`.
pub(crate) struct Column<T: Table> {
    pub name: &'static str,
    unit: &'static str,
    meaning: &'static str,
    get: Get<T>,
}

/// A function that reads a value from a row of the table `T`.
type Getter<T, V> = for<'r> fn(&<T as Table>::Row<'r>) -> V;
/// Like [`Getter`], of a value borrowed from the row.
type Borrower<T, V> = for<'a, 'r> fn(&'a <T as Table>::Row<'r>) -> &'a V;

enum Get<T: Table> {
    Text(Borrower<T, str>),
    Formatted(Getter<T, String>),
    Key(Getter<T, Option<u64>>),
    Labels(Borrower<T, [&'static str]>),
    Number(Getter<T, f64>),
    Whole(Getter<T, u64>),
}

/// A value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell<'a> {
    Text(Cow<'a, str>),
    /// A text: 16 hexadecimal digits, empty for `None`.
    Key(Option<u64>),
    /// A text: the labels, separated by commas; in JSON an array.
    Labels(&'a [&'static str]),
    /// NaN is written as null.
    Number(f64),
    Whole(u64),
    /// No number, whole or not: null.
    Missing,
}

impl<T: Table> Column<T> {
    const fn new(
        name: &'static str,
        unit: &'static str,
        meaning: &'static str,
        get: Get<T>,
    ) -> Column<T> {
        Column { name, unit, meaning, get }
    }

    /// Returns the column without its values.
    pub(crate) fn schema(&self) -> ColumnSchema {
        let kind = match self.get {
            Get::Text(_) | Get::Formatted(_) | Get::Key(_) | Get::Labels(_) => Kind::Text,
            Get::Number(_) => Kind::Number,
            Get::Whole(_) => Kind::Whole,
        };
        ColumnSchema { name: self.name, kind, unit: self.unit, meaning: self.meaning }
    }

    /// Returns the value of the column in a row.
    pub(crate) fn cell<'a>(&self, row: &'a T::Row<'_>) -> Cell<'a> {
        match self.get {
            Get::Text(get) => Cell::Text(Cow::Borrowed(get(row))),
            Get::Formatted(get) => Cell::Text(Cow::Owned(get(row))),
            Get::Key(get) => Cell::Key(get(row)),
            Get::Labels(get) => Cell::Labels(get(row)),
            Get::Number(get) => Cell::Number(get(row)),
            Get::Whole(get) => Cell::Whole(get(row)),
        }
    }
}

/// A text that the row contains.
pub(crate) const fn text<T: Table>(
    name: &'static str,
    meaning: &'static str,
    get: Borrower<T, str>,
) -> Column<T> {
    Column::new(name, "", meaning, Get::Text(get))
}

/// A text that is composed for each row.
pub(crate) const fn formatted<T: Table>(
    name: &'static str,
    meaning: &'static str,
    get: Getter<T, String>,
) -> Column<T> {
    Column::new(name, "", meaning, Get::Formatted(get))
}

/// A key as 16 hexadecimal digits; empty for `None`.
pub(crate) const fn key<T: Table>(
    name: &'static str,
    meaning: &'static str,
    get: Getter<T, Option<u64>>,
) -> Column<T> {
    Column::new(name, "", meaning, Get::Key(get))
}

/// Labels, separated by commas.
pub(crate) const fn labels<T: Table>(
    name: &'static str,
    meaning: &'static str,
    get: Borrower<T, [&'static str]>,
) -> Column<T> {
    Column::new(name, "", meaning, Get::Labels(get))
}

/// A number; NaN is null.
pub(crate) const fn number<T: Table>(
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
    get: Getter<T, f64>,
) -> Column<T> {
    Column::new(name, unit, meaning, Get::Number(get))
}

/// A whole number without a unit.
pub(crate) const fn whole<T: Table>(
    name: &'static str,
    meaning: &'static str,
    get: Getter<T, u64>,
) -> Column<T> {
    Column::new(name, "1", meaning, Get::Whole(get))
}

/// The column `kind` of most tables.
pub(crate) const fn kind<T: Table>(get: Borrower<T, str>) -> Column<T> {
    text(
        "kind",
        "workload, endpoint, block, branch, service, instance, link, balancer, lock, pool, thread, slo, tool, system or phase",
        get,
    )
}
/// The column `entity` of most tables.
pub(crate) const fn entity<T: Table>(get: Borrower<T, str>) -> Column<T> {
    text("entity", "its name", get)
}
/// The column `metric` of most tables.
pub(crate) const fn metric<T: Table>(get: Borrower<T, str>) -> Column<T> {
    text("metric", "what is measured", get)
}
/// The column `stat` of most tables.
pub(crate) const fn stat<T: Table>(get: Borrower<T, str>) -> Column<T> {
    text("stat", "mean, sd, min, p50 …, max or total", get)
}
/// The column `unit` of most tables.
pub(crate) const fn unit<T: Table>(get: Borrower<T, str>) -> Column<T> {
    text("unit", "unit of the numbers", get)
}
/// The column `replication` of the tables with single replications.
pub(crate) const fn replication<T: Table>(get: Getter<T, u64>) -> Column<T> {
    whole("replication", "number of the replication, from 0", get)
}
