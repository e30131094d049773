//! What a folder holds before a run writes into it: the earlier result, and files that are not
//! ours.

use super::names::{
    MANIFEST, is_ours, is_there, manifest_of, named, read_manifest, temporary_files,
};
use crate::store::schema::{PARTS, PLOTS, POINTS};
use crate::tables::tables;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The content of a folder before a run writes into it.
pub(super) struct Earlier {
    /// `None` if there is no file of that name; JSON null if it cannot be read.
    pub(super) manifest: Option<Value>,
    /// The files of the earlier result.
    pub(super) files: BTreeSet<String>,
    /// Files left by a run that was killed while renaming them.
    pub(super) left: BTreeSet<String>,
}

impl Earlier {
    pub(super) fn of(folder: &Path) -> Earlier {
        // A manifest that cannot be read is foreign.
        let manifest =
            is_there(&folder.join(MANIFEST)).then(|| manifest_of(folder).unwrap_or_default());
        let files: BTreeSet<String> = manifest.iter().flat_map(named).collect();
        let hidden = temporary_files(folder, "")
            .into_iter()
            .filter(|(_, name)| manifest.is_none() && name == MANIFEST);
        let left = hidden
            .filter_map(|(path, _)| read_manifest(&path))
            .flat_map(|manifest| named(&manifest).collect::<Vec<_>>())
            .collect();
        Earlier { manifest, files, left }
    }

    /// Returns a file that has one of our names, but is not in any manifest.
    pub(super) fn foreign(&self, folder: &Path) -> Option<String> {
        let own =
            tables().map(|table| table.file).into_iter().chain([POINTS, PLOTS]).map(str::to_string);
        let in_parts = PARTS.iter().flat_map(|inside| {
            let entries = fs::read_dir(folder.join(inside)).into_iter().flatten().flatten();
            entries.map(move |entry| format!("{inside}/{}", entry.file_name().to_string_lossy()))
        });
        let is_foreign = |name: &String| {
            is_ours(name) && !self.files.contains(name) && !self.left.contains(name)
        };
        own.chain(in_parts).filter(is_foreign).find(|name| is_there(&folder.join(name)))
    }
}
