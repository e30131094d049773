//! The files of an answer, as comparisons and searches give it: one table and the manifest.

use super::folder::{Folder, StoreError};
use super::manifest::Manifest;
use super::schema::TableSchema;
use super::table::{Push, Table};

/// Writes the table and the manifest into a folder that is taken. How many files.
///
/// # Errors
/// If the disk is full or gone.
pub fn write_answer(
    mut folder: Folder,
    schema: &TableSchema,
    manifest: Manifest,
    fill: impl FnOnce(Push),
) -> Result<usize, StoreError> {
    let mut table = Table::begin(&mut folder, schema.file, schema.arrow())?;
    table.fill(fill)?;
    let rows = table.finish()?;
    folder.complete(manifest, &[(schema.file, rows)]).map(|names| names.len())
}
