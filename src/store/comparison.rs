//! The file of a comparison.

use super::folder::{Folder, StoreError};
use super::manifest::Manifest;
use super::schema::COMPARISON;
use super::table::{Cell, Table};
use crate::experiment::Comparison;
use crate::scenario::Scenario;
use std::fs::File;
use std::path::Path;

/// Writes `comparison.parquet` and the manifest. How many files.
///
/// # Errors
/// If the folder holds another scenario's results, or cannot be written.
pub fn write_comparison(path: &Path, scenario: &Scenario, comparison: &Comparison, force: bool) -> Result<usize, StoreError> {
    let mut folder = Folder::open(path, &scenario.name, force)?;
    let file = folder.begin(COMPARISON.file);
    let failed = |cause: &dyn std::fmt::Display| StoreError::io("cannot write", &file, cause);
    let created = File::create(&file).map_err(|e| failed(&e))?;
    let mut table = Table::create(COMPARISON.arrow(), created).map_err(|e| failed(&e))?;
    for row in &comparison.rows {
        let (difference, relative) = (&row.difference.difference, &row.difference.relative);
        let more = row.more.map_or(f64::NAN, f64::from);
        table
            .push(&[
                Cell::Text(&comparison.names[row.variant]),
                Cell::Text(&comparison.names[0]),
                Cell::Text(row.kind),
                Cell::Text(&row.entity),
                Cell::Text(&row.metric),
                Cell::Text(row.stat),
                Cell::Text(row.unit),
                Cell::Number(row.base.estimate),
                Cell::Number(row.other.estimate),
                Cell::Number(difference.estimate),
                Cell::Number(difference.low),
                Cell::Number(difference.high),
                Cell::Number(relative.estimate),
                Cell::Number(relative.low),
                Cell::Number(relative.high),
                Cell::Number(row.difference.p_value),
                Cell::Number(row.p_adjusted),
                Cell::Text(row.judgement.word()),
                Cell::Number(more),
                Cell::Number(row.difference.unpaired_variance_ratio),
                Cell::Whole(u64::from(row.difference.n)),
            ])
            .map_err(|e| failed(&e))?;
    }
    let rows = table.finish().map_err(|e| failed(&e))?;
    let names = folder.complete(Manifest::of_comparison(scenario, comparison), &[(COMPARISON.file, rows)])?;
    Ok(names.len())
}
