//! Empirical: measured values, a column of a CSV or Parquet file.
//!
//! Law: every value of the column is equally likely; quantile(u) is the ⌈u·n⌉-th smallest, the
//! inverse of the empirical cdf; the variance is that of the distribution (divided by n). Limits: a
//! header row, 1 to 1M values, none negative, a file of at most 64 MiB. Source: Law 2015,
//! "Simulation Modeling and Analysis" (5th ed.), §6.2.4 (resampling). Tested: draws against moments
//! and cdf in `tests.rs`; reading and its errors here.

use super::{Compiled, DistSpec};
use crate::data::{Column, Table};
use crate::problem::{Problems, Refusal};
use crate::units::{Quantity, shown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Measured values: a column of a CSV file with a header row, or of a Parquet file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Empirical<Q> {
    /// The path of the file, relative to the scenario's folder.
    pub file: String,
    /// The name of the column.
    pub column: String,
    /// The unit of bare numbers in the column, such as `1ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Q>,
    /// The values of the column in base units, sorted; `None` until loaded.
    #[serde(skip)]
    pub values: Option<Arc<[f64]>>,
}

/// The distribution of measured values: sorted, in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    values: Arc<[f64]>,
}

impl<Q: Quantity> Empirical<Q> {
    /// Reads the column from the file in `folder`; an error names the field at fault, and the file,
    /// line and cell.
    pub fn load(&mut self, folder: &Path) -> Result<(), (&'static str, Refusal)> {
        if self.values.is_some() {
            return Ok(());
        }
        let Empirical { file, column, .. } = self;
        if self.unit.is_some_and(|unit| unit.to_base() == 0.0) {
            return Err(("unit", Refusal::new("a unit of zero makes every value 0").help(UNIT)));
        }
        let table = Table { folder, file, largest: LARGEST, help: "take a sample of its rows" };
        let from = Column { field: "column", name: column };
        let mut values = Vec::new();
        table.read(&[from], &mut |line, cells| {
            let value = value(cells[0].text, self.unit);
            values.push(value.map_err(|refusal| table.at(from, line, refusal))?);
            if values.len() > VALUES_MAX {
                let what = format!("`{}` has more than 1M values", shown(column));
                return Err(("column", Refusal::new(what).help("take a sample of its rows")));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if values.is_empty() {
            let what = format!("column `{}` of `{}` has no values", shown(column), shown(file));
            return Err(("column", Refusal::new(what)));
        }
        values.sort_by(f64::total_cmp);
        self.values = Some(values.into());
        Ok(())
    }
}

/// The maximum number of values; more would make no difference to the draws.
const VALUES_MAX: usize = 1_000_000;
/// The largest file, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What to write if the numbers of the column have no unit.
const UNIT: &str = "write the unit of the column's numbers, such as `unit: 1ms`";

/// Parses a cell to base units: a quantity, or a bare number of `unit`s.
fn value<Q: Quantity>(cell: &str, unit: Option<Q>) -> Result<f64, Refusal> {
    match (cell.parse::<f64>(), unit) {
        (Ok(number), Some(unit)) if (0.0..=1e18).contains(&(number * unit.to_base())) => {
            Ok(number * unit.to_base())
        }
        (Ok(number), Some(_)) if number < 0.0 => {
            Err(Refusal::new(format!("`{}` is negative", shown(cell))))
        }
        (Ok(number), Some(_)) if number.is_nan() => {
            Err(Refusal::new(format!("`{}` is not a number", shown(cell))))
        }
        (Ok(_), Some(unit)) => Err(Refusal::new(format!(
            "`{}`, in units of {unit}, is not a number from 0 to 10^18 {}",
            shown(cell),
            Q::BASE
        ))),
        (Ok(number), None) if number > 0.0 && number.is_finite() && lacks_unit::<Q>(cell) => {
            Err(Refusal::new(format!("`{}` has no unit", shown(cell))).help(UNIT))
        }
        _ => cell.parse().map(Q::to_base),
    }
}

/// Returns whether a cell is only digits, of a quantity that has a unit.
fn lacks_unit<Q: Quantity>(cell: &str) -> bool {
    !Q::BASE.is_empty() && cell.bytes().all(|c| c.is_ascii_digit() || c == b'.')
}

impl<Q: Quantity> DistSpec<Q> for Empirical<Q> {
    type Distribution = Distribution;
    fn check(&self, _: &str, _: &mut Problems) {}
    fn compile(&self) -> Distribution {
        Distribution { values: self.values.clone().unwrap_or_default() }
    }
    fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        if problems.enough() {
            return;
        }
        if let Err((field, refusal)) = Empirical::load(self, folder) {
            problems.refuse(format!("{path}.{field}"), refusal);
        }
    }
}

impl Compiled for Distribution {
    fn quantile(&self, u: f64) -> f64 {
        let n = self.values.len();
        let rank = (u * n as f64).ceil() as usize;
        self.values.get(rank.clamp(1, n.max(1)) - 1).copied().unwrap_or(0.0)
    }
    fn cdf(&self, x: f64) -> f64 {
        self.values.partition_point(|value| *value <= x) as f64 / self.values.len().max(1) as f64
    }
    fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len().max(1) as f64
    }
    fn variance(&self) -> f64 {
        let mean = self.mean();
        self.values.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
            / self.values.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Count, Span};

    fn loaded(
        text: &str,
        column: &str,
        unit: Option<Span>,
    ) -> Result<Distribution, (&'static str, String)> {
        let folder = std::env::temp_dir().join(format!(
            "asyncflow-empirical-{}-{}",
            std::process::id(),
            crate::random::keys::Salt::of(text).0
        ));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("measured.csv"), text).unwrap();
        let mut written =
            Empirical { file: "measured.csv".into(), column: column.into(), unit, values: None };
        let result = written.load(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        result.map(|()| written.compile()).map_err(|(field, refusal)| (field, refusal.to_string()))
    }

    #[test]
    fn a_column_of_quantities_and_one_of_bare_numbers_give_the_same_law() {
        // By hand for 1, 2, 3, 10 ms: mean 4, variance (9 + 4 + 1 + 36)/4 = 12.5; the median is the
        // second value.
        let quantities = loaded("id,took\n1,3ms\n2,1ms\n3,10ms\n4,2000us\n", "took", None).unwrap();
        let bare = loaded("took\n3\n1\n10\n2.0\n", "took", Some(Span(1_000_000))).unwrap();
        assert_eq!(quantities, bare);
        assert_eq!(
            (bare.mean(), bare.variance(), bare.quantile(0.5), bare.cdf(2.5e6)),
            (4e6, 12.5e12, 2e6, 0.5)
        );
        assert_eq!((bare.quantile(0.0), bare.quantile(1.0), bare.quantile(0.51)), (1e6, 10e6, 3e6));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_file_line_and_cell() {
        // The texts of the errors: the third line contains the bad cell in each.
        let (field, error) = loaded("took\n1ms\n5\n", "took", None).unwrap_err();
        assert!(
            field == "column"
                && error.starts_with("`measured.csv` line 3, column `took`: `5` has no unit")
                && error.contains("write the unit of the column's"),
            "{error}"
        );
        // 2e13 ms are more than 1e18 ns.
        assert!(
            loaded("took\n1\n2e13\n", "took", Some(Span(1_000_000)))
                .unwrap_err()
                .1
                .contains("line 3, column `took`: `2e13`, in units of 1ms, is not a number")
        );
        assert!(
            loaded("took\n1\n-5\n", "took", Some(Span(1)))
                .unwrap_err()
                .1
                .contains("line 3, column `took`: `-5` is negative")
        );
        // Two columns of the same name, a unit of zero, and an empty file, like those in `/proc`.
        assert!(
            loaded("took,took\n1ms,2ms\n", "took", None).unwrap_err().1.contains("more than once")
        );
        assert_eq!(loaded("took\n1\n", "took", Some(Span(0))).unwrap_err().0, "unit");
        assert!(loaded("", "took", None).unwrap_err().1.contains("it is empty"));
        assert!(
            loaded("took\n1\n", "tok", None).unwrap_err().1.ends_with("help: did you mean `took`?")
        );
        assert!(loaded("took\n", "took", None).unwrap_err().1.contains("no values"));
        let mut missing = Empirical::<Span> {
            file: "nowhere.csv".into(),
            column: "x".into(),
            unit: None,
            values: None,
        };
        let (field, error) = missing.load(Path::new("/nowhere")).unwrap_err();
        assert!(field == "file" && error.what.starts_with("cannot read `nowhere.csv`"), "{error}");
    }

    #[test]
    fn a_column_of_counts_needs_no_unit() {
        // Definition: 3 is a count.
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("sizes.csv"), "size\n3\n5\n").unwrap();
        let mut written = Empirical::<Count> {
            file: "sizes.csv".into(),
            column: "size".into(),
            unit: None,
            values: None,
        };
        written.load(folder.path()).unwrap();
        assert_eq!(written.compile().mean(), 4.0);
    }

    #[test]
    fn a_file_of_a_million_values_is_read_and_a_larger_one_is_not() {
        // The limits in the head: a sparse file that is one byte too long; a million values, and
        // one more.
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, rows| {
            std::fs::write(folder.path().join(file), format!("took\n{}", "4ms\n".repeat(rows)))
                .unwrap()
        };
        write("million.csv", 1_000_000);
        write("more.csv", 1_000_001);
        std::fs::File::create(folder.path().join("holes.csv"))
            .unwrap()
            .set_len(LARGEST + 1)
            .unwrap();
        let load = |file: &str| {
            Empirical::<Span> { file: file.into(), column: "took".into(), unit: None, values: None }
                .load(folder.path())
        };
        assert_eq!((load("million.csv"), LARGEST), (Ok(()), 67_108_864));
        assert!(load("more.csv").unwrap_err().1.what.contains("more than 1M values"));
        assert!(load("holes.csv").unwrap_err().1.what.contains("is larger than 64MiB"));
    }
}
