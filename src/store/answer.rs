//! The files of an answer, as comparisons and searches give it: one table and the manifest.

use super::folder::{Folder, StoreError};
use super::manifest::Manifest;
use super::schema::TableSchema;
use super::table::{Push, Table};
use std::path::Path;

/// Writes the table and the manifest. How many files.
///
/// # Errors
/// If the folder holds another scenario's results, or cannot be written.
pub fn write_answer(
    path: &Path,
    scenario: &str,
    force: bool,
    schema: &TableSchema,
    manifest: Manifest,
    fill: impl FnOnce(Push),
) -> Result<usize, StoreError> {
    let mut folder = Folder::open(path, scenario, force)?;
    let mut table = Table::begin(&mut folder, schema.file, schema.arrow())?;
    table.fill(fill)?;
    let rows = table.finish()?;
    folder.complete(manifest, &[(schema.file, rows)]).map(|names| names.len())
}
