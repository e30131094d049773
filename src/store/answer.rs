//! The files of an analysis with a single table, such as a comparison or a capacity search: the
//! table and the manifest.

use super::folder::{Folder, StoreError};
use super::manifest::Manifest;
use super::schema::TableSchema;
use super::table::{Push, Table};

/// Writes the table and the manifest into a locked output folder, and returns the number of files.
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
