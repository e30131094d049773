//! The files of an analysis with a single table, such as a comparison or a capacity search: the
//! table and the manifest.

use super::error::StoreError;
use super::folder::Folder;
use super::manifest::Manifest;
use super::table::TableFile;
use crate::tables::Table;

/// Writes the table and the manifest into a locked output folder, and returns the number of files.
///
/// # Errors
/// If the disk is full or gone.
pub(crate) fn write_answer<'r, T: Table>(
    mut folder: Folder,
    manifest: Manifest,
    rows: impl Iterator<Item = T::Row<'r>>,
) -> Result<usize, StoreError> {
    let mut table = TableFile::<T>::begin(&mut folder)?;
    table.extend(rows)?;
    let written = table.finish()?;
    folder.complete(manifest, vec![written]).map(|names| names.len())
}
