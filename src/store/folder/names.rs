//! The names of our files, temporary and final, and the manifest that names them.

use crate::store::schema::{PARTS, PLOTS, POINTS};
use crate::tables::tables;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const MANIFEST: &str = "manifest.json";
/// Replaces the process id in the temporary name of a withdrawn manifest.
pub(super) const OLD: &str = "old";

/// Returns the temporary path of the future file `path`, in the same folder: `.NAME.PROCESS.part`.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// Returns whether AsyncFlow writes files of this name: a table, or a part of a sweep's table.
pub(super) fn is_ours(name: &str) -> bool {
    let file = tables().iter().any(|table| table.file == name)
        || [POINTS, PLOTS, MANIFEST].contains(&name);
    file || name.split_once('/').is_some_and(|(folder, part)| {
        PARTS.contains(&folder) && part.starts_with("part-") && part.ends_with(".parquet")
    })
}

/// Returns the manifest of a folder, or `None` if the folder has no readable manifest.
pub(crate) fn manifest_of(folder: &Path) -> Option<Value> {
    read_manifest(&folder.join(MANIFEST))
}

pub(super) fn read_manifest(path: &Path) -> Option<Value> {
    // Reading something else, such as a pipe, might never end.
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    is_file
        .then(|| fs::read_to_string(path).ok())
        .flatten()
        .and_then(|text| serde_json::from_str(&text).ok())
}

/// Returns the names of our files in a manifest.
pub(super) fn named(manifest: &Value) -> impl Iterator<Item = String> {
    let files = manifest["files"].as_object().into_iter().flat_map(|files| files.keys());
    files.filter(|name| is_ours(name)).cloned()
}

/// Returns whether the path exists; a link does, even a dangling one.
pub(super) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Returns whether the path is a link. Links are not followed: their targets are not in the folder.
pub(crate) fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|entry| entry.is_symlink())
}

/// Returns the temporary files in a folder, or in the folder `inside` it, with their final names.
pub(super) fn temporary_files(folder: &Path, inside: &str) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder.join(inside)).into_iter().flatten().flatten();
    let ours = entries.filter_map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (name, process) = name.strip_suffix(".part")?.rsplit_once('.')?;
        let is_own = process.bytes().all(|digit| digit.is_ascii_digit()) && !process.is_empty()
            || name.ends_with(MANIFEST) && process == OLD;
        if !is_own {
            return None;
        }
        let name = name.strip_prefix('.')?;
        let name = if inside.is_empty() { name.to_string() } else { format!("{inside}/{name}") };
        is_ours(&name).then(|| (entry.path(), name))
    });
    ours.collect()
}
