//! The output folder of one run. **A folder with a manifest is complete**: every file that the
//! manifest names is there, with its hash.
//!
//! - Files are written under temporary names, `.NAME.PROCESS.part`. Until the run is complete, an
//!   earlier result stays unchanged.
//! - All files, including the manifest, are synced to disk before the earlier manifest is removed;
//!   then the files are renamed, the manifest last. So a full disk is noticed before anything is
//!   lost, and a reader in between sees a folder without a manifest.
//! - One run at a time writes into a folder. The lock ends with the process, however it ends, so
//!   its holder may remove the temporary files of a killed run.
//! - **Only files that a manifest names are ours**: the folder's manifest, or one under a temporary
//!   name that a killed run has left. Nothing else is removed or overwritten, whatever its name,
//!   and no link is followed. `study.rs` decides which result may replace which.
//!
//! `tests/it/world.rs` fills disks, removes folders and kills runs at random moments;
//! `tests/it/folders.rs` places foreign files in the way.

use super::journal::{JOURNAL, Opened, Written};
use super::manifest::{FileEntry, Manifest, sha256};
use super::schema::{PARTS, PLOTS, POINTS};
use super::study::Study;
use super::table::WrittenTable;
use crate::experiment::{ExperimentError, RunError};
use crate::tables::tables;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder holds the result of another study.
    #[error("`{folder}` holds {other}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Occupied { folder: String, other: String },
    /// Another run holds the lock of the folder.
    #[error("another run is writing into `{folder}`")]
    #[allow(missing_docs, reason = "the message says what it is")]
    Busy { folder: String },
    /// The folder holds an interrupted sweep, which can be resumed.
    #[error("an unfinished sweep is in `{folder}`: {done} are done")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Unfinished { folder: String, done: String },
    /// A file that AsyncFlow did not write is in the way. It can be overwritten on request.
    #[error("`{file}` does not belong to a result of AsyncFlow: no manifest names it")]
    #[allow(missing_docs, reason = "the message says what it is")]
    Foreign { file: String },
    /// Something that is never overwritten is in the way.
    #[error("{what}")]
    #[allow(missing_docs, reason = "the message says what it is")]
    Protected { what: String, help: &'static str },
    /// The experiment whose results were to be written failed.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The operating system reported an error.
    #[error("{doing} `{path}`: {cause}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Io { doing: &'static str, path: String, cause: String },
}

impl StoreError {
    pub(super) fn io(
        doing: &'static str,
        path: &Path,
        cause: impl std::fmt::Display,
    ) -> StoreError {
        let cause = cause.to_string();
        // The prefix that the Parquet library adds to errors of the system.
        let cause = cause.strip_prefix("External: ").map(str::to_string).unwrap_or(cause);
        StoreError::Io { doing, path: path.display().to_string(), cause }
    }
    /// Returns the error for a link where a file or a folder of a result belongs.
    pub(super) fn link(path: &Path) -> StoreError {
        let what = format!("`{}` is a link, and links are not followed", path.display());
        StoreError::Protected { what, help: "remove the link, or choose another folder" }
    }
    /// Returns the error of the store that ended a run, or the run's own error.
    pub(crate) fn from_run(error: RunError) -> Result<StoreError, RunError> {
        match error {
            RunError::Sink(error) => error.downcast().map(|error| *error).map_err(RunError::Sink),
            error => Err(error),
        }
    }
    /// Returns a suggestion how to resolve the error.
    pub fn help(&self) -> &str {
        match self {
            StoreError::Occupied { .. } | StoreError::Foreign { .. } => {
                "choose another folder, or overwrite this one"
            }
            StoreError::Busy { .. } => "wait for it to finish, or choose another folder",
            StoreError::Unfinished { .. } => "resume it, overwrite it, or choose another folder",
            StoreError::Protected { help, .. } => help,
            StoreError::Experiment(ExperimentError::Interrupted) => "run it again",
            StoreError::Experiment(_) => "correct the scenario, or raise the limit that it reached",
            StoreError::Io { .. } => {
                "choose a writable folder; free some space if the disk is full"
            }
        }
    }
}

pub(crate) const MANIFEST: &str = "manifest.json";
/// Replaces the process id in the temporary name of a withdrawn manifest.
const OLD: &str = "old";

/// Returns the temporary path of the future file `path`, in the same folder: `.NAME.PROCESS.part`.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// Returns whether AsyncFlow writes files of this name: a table, or a part of a sweep's table.
fn is_ours(name: &str) -> bool {
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

fn read_manifest(path: &Path) -> Option<Value> {
    // Reading something else, such as a pipe, might never end.
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    is_file
        .then(|| fs::read_to_string(path).ok())
        .flatten()
        .and_then(|text| serde_json::from_str(&text).ok())
}

/// Returns the names of our files in a manifest.
fn named(manifest: &Value) -> impl Iterator<Item = String> {
    let files = manifest["files"].as_object().into_iter().flat_map(|files| files.keys());
    files.filter(|name| is_ours(name)).cloned()
}

/// Returns whether the path exists; a link does, even a dangling one.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Returns whether the path is a link. Links are not followed: their targets are not in the folder.
pub(crate) fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|entry| entry.is_symlink())
}

/// The content of a folder before a run writes into it.
struct Earlier {
    /// `None` if there is no file of that name; JSON null if it cannot be read.
    manifest: Option<Value>,
    /// The files of the earlier result.
    files: BTreeSet<String>,
    /// Files left by a run that was killed while renaming them.
    left: BTreeSet<String>,
}

impl Earlier {
    fn of(folder: &Path) -> Earlier {
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
    fn foreign(&self, folder: &Path) -> Option<String> {
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

/// An output folder, locked while a run writes into it. If it is dropped before it is
/// [complete](Folder::complete), none of its files remain.
pub(crate) struct Folder {
    path: PathBuf,
    /// Holds the lock. `None` on systems that cannot open or lock a folder: there is no lock there.
    handle: Option<File>,
    /// The temporary and the final names of the files that are written.
    parts: Vec<(PathBuf, String)>,
    /// Whether the folder was created by this run.
    is_new: bool,
    study: Study,
    earlier: Earlier,
}

impl Folder {
    /// Creates the folder if it does not exist, and locks it for a study.
    ///
    /// # Errors
    /// If it cannot be created, another run has locked it, it holds the result of another study, or
    /// foreign files are in the way.
    pub(crate) fn open(path: &Path, study: Study, force: bool) -> Result<Folder, StoreError> {
        let created =
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::create_dir(path));
        let is_new = match created {
            Ok(()) => true,
            Err(e) if e.kind() == ErrorKind::AlreadyExists && path.is_dir() => false,
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                return Err(StoreError::Protected {
                    what: format!("`{}` is not a folder", path.display()),
                    help: "choose another path for the folder",
                });
            }
            Err(e) => return Err(StoreError::io("cannot create the folder", path, e)),
        };
        let handle = lock(path)?;
        let folder = Folder {
            path: path.to_path_buf(),
            handle,
            parts: Vec::new(),
            is_new,
            study,
            earlier: Earlier::of(path),
        };
        folder.check(force)?;
        if folder.handle.is_some() {
            for name in &folder.earlier.left {
                folder.remove(name)?;
            }
            for (part, _) in
                std::iter::once("").chain(PARTS).flat_map(|inside| temporary_files(path, inside))
            {
                // If it cannot be removed, it does no harm.
                let _ = fs::remove_file(part);
            }
        }
        Ok(folder)
    }

    /// Checks that the result of this study may be written here.
    fn check(&self, force: bool) -> Result<(), StoreError> {
        let at = |name: &str| self.path.join(name);
        if self.study.reads(&at(MANIFEST)) {
            return Err(StoreError::Protected {
                what: format!(
                    "`{}` is the scenario file, which the manifest would overwrite",
                    at(MANIFEST).display()
                ),
                help: "choose another folder",
            });
        }
        if let Some(link) = PARTS.into_iter().chain([JOURNAL]).map(at).find(|path| is_link(path)) {
            return Err(StoreError::link(&link));
        }
        if force {
            return Ok(());
        }
        if let Some(manifest) = &self.earlier.manifest {
            self.study.may_replace(&self.path, manifest)?;
        }
        // Beside a journal of ours are the tables made from it, with or without their manifest.
        let has_journal = matches!(Written::open(&self.path), Ok(Opened::Whole(_)));
        if let Some(name) = self.earlier.foreign(&self.path).filter(|_| !has_journal) {
            return Err(StoreError::Foreign { file: at(&name).display().to_string() });
        }
        if self.study.command() != "sweep" && is_there(&at(JOURNAL)) {
            let folder = self.path.display().to_string();
            return Err(StoreError::Occupied {
                folder,
                other: format!("an unfinished sweep, in `{JOURNAL}`"),
            });
        }
        Ok(())
    }

    /// Returns whether the folder holds a complete result that was not interrupted.
    pub(crate) fn is_complete(&self) -> bool {
        self.earlier.manifest.as_ref().is_some_and(|manifest| {
            manifest["files"].is_object() && manifest["interrupted"].is_null()
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the temporary path of a file that will be called `name`.
    pub(crate) fn begin(&mut self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        // If the part's folder cannot be created, creating the file reports it.
        let _ = path.parent().map(fs::create_dir_all);
        let path = temporary(&path);
        self.parts.push((path.clone(), name.to_string()));
        path
    }

    /// Gives all files their final names, the manifest last, and returns the names. `tables` are
    /// those of the files that are tables.
    ///
    /// # Errors
    /// If the disk is full or gone. Unless renaming fails halfway, an earlier result is still
    /// there.
    pub(crate) fn complete(
        mut self,
        mut manifest: Manifest,
        mut tables: Vec<WrittenTable>,
    ) -> Result<Vec<String>, StoreError> {
        for (part, name) in &self.parts {
            sync(part).map_err(|e| StoreError::io("cannot write", part, e))?;
            let sha256 = sha256(part).map_err(|e| StoreError::io("cannot read", part, e))?;
            let table = tables.iter().position(|table| table.name == *name);
            let table = table.map(|index| tables.swap_remove(index));
            manifest.files.push(FileEntry { name: name.clone(), table, sha256 });
        }
        manifest.add("study", self.study.to_json(&self.path));
        let part = self.begin(MANIFEST);
        fs::write(&part, manifest.to_json())
            .and_then(|()| sync(&part))
            .map_err(|e| StoreError::io("cannot write", &part, e))?;

        // From here on the earlier result is gone: without a manifest the folder is incomplete.
        self.withdraw()?;
        // Files of an earlier run that this one does not write would contradict it.
        for stale in self
            .earlier
            .files
            .iter()
            .filter(|name| !self.parts.iter().any(|(_, written)| written == *name))
        {
            self.remove(stale)?;
        }
        for folder in PARTS {
            // Fails unless it is empty.
            let _ = fs::remove_dir(self.path.join(folder));
        }
        self.sync();
        for (part, name) in &self.parts {
            let target = self.path.join(name);
            if name == MANIFEST {
                self.sync();
            }
            fs::rename(part, &target).map_err(|e| StoreError::io("cannot write", &target, e))?;
        }
        let _ = fs::remove_file(self.withdrawn());
        self.sync();
        Ok(std::mem::take(&mut self.parts).into_iter().map(|(_, name)| name).collect())
    }

    /// Withdraws the manifest, so that the folder is no longer complete. The manifest stays under a
    /// temporary name, which marks the files in it as ours.
    ///
    /// # Errors
    /// If it cannot be renamed.
    pub(crate) fn withdraw(&self) -> Result<(), StoreError> {
        let manifest = self.path.join(MANIFEST);
        match fs::rename(&manifest, self.withdrawn()) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(StoreError::io("cannot replace", &manifest, e));
            }
            _ => {}
        }
        self.sync();
        Ok(())
    }

    fn withdrawn(&self) -> PathBuf {
        self.path.join(format!(".{MANIFEST}.{OLD}.part"))
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                Err(StoreError::io("cannot replace", &path, e))
            }
            _ => Ok(()),
        }
    }

    /// Syncs the folder's entries to disk, so that the order of the renames survives a loss of
    /// power. Not every file system can do so.
    fn sync(&self) {
        let _ = self.handle.as_ref().map(File::sync_all);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for (part, _) in &self.parts {
            let _ = fs::remove_file(part);
        }
        if self.is_new {
            // Fails unless they are empty, as all are unless the folder is complete or has a
            // journal.
            for inside in PARTS.iter().copied().chain([""]) {
                let _ = fs::remove_dir(self.path.join(inside));
            }
        }
    }
}

fn lock(folder: &Path) -> Result<Option<File>, StoreError> {
    let handle = match File::open(folder) {
        Ok(handle) => handle,
        // Another run has created it, and has just removed it again.
        Err(e) if e.kind() == ErrorKind::NotFound => {
            return Err(StoreError::Busy { folder: folder.display().to_string() });
        }
        Err(_) => return Ok(None),
    };
    match handle.try_lock() {
        Ok(()) => Ok(Some(handle)),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::Busy { folder: folder.display().to_string() })
        }
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Returns the temporary files in a folder, or in the folder `inside` it, with their final names.
fn temporary_files(folder: &Path, inside: &str) -> Vec<(PathBuf, String)> {
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

/// Waits until a file is written to disk.
fn sync(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).open(path)?.sync_all()
}
