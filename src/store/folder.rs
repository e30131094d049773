//! The output folder of one run. **A folder with a manifest is complete**: every file that the
//! manifest names is there, with its hash.
//!
//! - Files are written under temporary names, `.NAME.PROCESS.part`. Until the run is complete, an
//!   earlier result stays as it is.
//! - All of them, the manifest too, are on the disk before the earlier result loses its manifest;
//!   then the files get their names, and the manifest gets its own last. A full disk is noticed
//!   before anything is lost, and who looks in between sees a folder without a manifest.
//! - One run at a time writes into a folder. The lock ends with the process, however it ends; so
//!   the one who has it may remove the temporary files that a killed run has left.
//! - **Ours is what a manifest names**: the folder's own, or one with a temporary name that a
//!   killed run has left. Nothing else is removed or written over, whatever it is called, and no
//!   link is followed. Whose result may take the place of whose is in `study.rs`.
//!
//! `tests/it/world.rs` fills disks, takes folders away and kills runs at random moments;
//! `tests/it/folders.rs` puts other people's files in the way.

use super::journal::{JOURNAL, Opened, Written};
use super::manifest::{FileEntry, Manifest, sha256};
use super::schema::{PARTS, PLOTS, POINTS, TABLES};
use super::study::Study;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why nothing could be written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder holds the result of another study.
    #[error("`{folder}` holds {other}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Occupied { folder: String, other: String },
    /// Two runs at once would mix their files.
    #[error("another run is writing into `{folder}`")]
    #[allow(missing_docs, reason = "the message says what it is")]
    Busy { folder: String },
    /// A sweep was interrupted, and may be resumed.
    #[error("an unfinished sweep is in `{folder}`: {done} are done")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Unfinished { folder: String, done: String },
    /// What is there belongs to something else.
    #[error("{what}")]
    #[allow(missing_docs, reason = "the message says what it is")]
    Foreign { what: String, help: String },
    /// The operating system said no.
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
        // The word that the Parquet library puts before an error of the system.
        let cause = cause.strip_prefix("External: ").map(str::to_string).unwrap_or(cause);
        StoreError::Io { doing, path: path.display().to_string(), cause }
    }
    /// What to do about it.
    pub fn help(&self) -> &str {
        match self {
            StoreError::Occupied { .. } => {
                "give another folder with `--out`, or overwrite it with `--force`"
            }
            StoreError::Busy { .. } => {
                "wait until it has ended, or give another folder with `--out`"
            }
            StoreError::Unfinished { .. } => {
                "`--resume` goes on with it, `--force` begins anew, or give another folder with `--out`"
            }
            StoreError::Foreign { help, .. } => help,
            StoreError::Io { .. } => {
                "give a folder that can be written with `--out`; make room if the disk is full"
            }
        }
    }
}

pub const MANIFEST: &str = "manifest.json";
/// Stands in place of the process in the name of an earlier manifest that was taken away.
const OLD: &str = "old";

/// The temporary name beside it of what will be the file `path`: `.NAME.PROCESS.part`.
pub fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// Whether a file of that name is ours: one of a run, or a part of a sweep's.
fn is_ours(name: &str) -> bool {
    let file =
        TABLES.iter().any(|table| table.file == name) || [POINTS, PLOTS, MANIFEST].contains(&name);
    file || name.split_once('/').is_some_and(|(folder, part)| {
        PARTS.contains(&folder) && part.starts_with("part-") && part.ends_with(".parquet")
    })
}

/// What the manifest of a folder says, if it holds a complete result.
pub fn manifest_of(folder: &Path) -> Option<Value> {
    read_manifest(&folder.join(MANIFEST))
}

fn read_manifest(path: &Path) -> Option<Value> {
    // What is no file, a pipe say, might never end.
    let is_file = fs::metadata(path).is_ok_and(|it| it.is_file());
    is_file
        .then(|| fs::read_to_string(path).ok())
        .flatten()
        .and_then(|text| serde_json::from_str(&text).ok())
}

/// The files that a manifest names.
fn named(manifest: &Value) -> impl Iterator<Item = String> {
    let files = manifest["files"].as_object().into_iter().flat_map(|files| files.keys());
    files.filter(|name| is_ours(name)).cloned()
}

/// Whether anything is there; a link is, wherever it leads.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether it is a link, which is not followed: what it leads to is not in the folder.
pub fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|entry| entry.is_symlink())
}

/// What is in a folder before a run writes into it.
struct Earlier {
    /// None if there is no file of that name.
    manifest: Option<Value>,
    /// The files of the earlier result.
    files: BTreeSet<String>,
    /// Files that a run has left which was killed while it gave them their names.
    left: BTreeSet<String>,
}

impl Earlier {
    fn of(folder: &Path) -> Earlier {
        // One that cannot be read is nobody's that is known.
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

    /// A file that has one of our names, but that no manifest names.
    fn foreign(&self, folder: &Path) -> Option<String> {
        let own = TABLES.iter().map(|table| table.file).chain([POINTS, PLOTS]).map(str::to_string);
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

/// The folder while a run writes into it. Dropped before it is [complete](Folder::complete), it
/// leaves nothing behind.
pub struct Folder {
    path: PathBuf,
    /// Holds the lock. None where the system cannot open or lock a folder: such a system goes
    /// without.
    handle: Option<File>,
    /// Temporary names of what is written, with the final ones.
    parts: Vec<(PathBuf, String)>,
    /// Whether it was not there before.
    is_new: bool,
    study: Study,
    earlier: Earlier,
}

impl Folder {
    /// Makes the folder and takes it for a study.
    ///
    /// # Errors
    /// If it cannot be made, another run has it, it holds the result of another study, or files
    /// that are not ours are in the way.
    pub fn open(path: &Path, study: Study, force: bool) -> Result<Folder, StoreError> {
        let made =
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::create_dir(path));
        let is_new = match made {
            Ok(()) => true,
            Err(e) if e.kind() == ErrorKind::AlreadyExists && path.is_dir() => false,
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                let (what, help) = (
                    format!("`{}` is not a folder", path.display()),
                    "give a folder with `--out`".to_string(),
                );
                return Err(StoreError::Foreign { what, help });
            }
            Err(e) => return Err(StoreError::io("cannot make the folder", path, e)),
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
                // If it cannot be removed, it is in nobody's way.
                let _ = fs::remove_file(part);
            }
        }
        Ok(folder)
    }

    /// Whether the result of this study may go here.
    fn check(&self, force: bool) -> Result<(), StoreError> {
        const ELSEWHERE: &str = "give another folder with `--out`";
        const OR_FORCE: &str = "give another folder with `--out`, or overwrite it with `--force`";
        let at = |name: &str| self.path.join(name);
        let foreign =
            |what: String, help: &str| Err(StoreError::Foreign { what, help: help.to_string() });
        if self.study.reads(&at(MANIFEST)) {
            return foreign(
                format!(
                    "`{}` is the scenario, and the manifest would take its place",
                    at(MANIFEST).display()
                ),
                ELSEWHERE,
            );
        }
        if let Some(link) = PARTS.into_iter().chain([JOURNAL]).map(at).find(|path| is_link(path)) {
            let help = "remove the link, or give another folder with `--out`";
            return foreign(
                format!("`{}` is a link, and links are not followed", link.display()),
                help,
            );
        }
        if force {
            return Ok(());
        }
        if let Some(manifest) = &self.earlier.manifest {
            self.study.may_replace(&self.path, manifest)?;
        }
        // Beside a journal of ours there are the tables that were made of it, with or without their
        // manifest.
        let has_journal = matches!(Written::open(&self.path), Ok(Opened::Whole(_)));
        if let Some(name) = self.earlier.foreign(&self.path).filter(|_| !has_journal) {
            return foreign(
                format!(
                    "`{}` is not of a result of AsyncFlow: no manifest names it",
                    at(&name).display()
                ),
                OR_FORCE,
            );
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

    /// Whether a complete result is there, all of which was run.
    pub fn is_complete(&self) -> bool {
        self.earlier.manifest.as_ref().is_some_and(|manifest| {
            manifest["files"].is_object() && manifest["interrupted"].is_null()
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The temporary name of a file that will be called `name`.
    pub fn begin(&mut self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        // If the part's folder cannot be made, neither can the file, which is told then.
        let _ = path.parent().map(fs::create_dir_all);
        let path = temporary(&path);
        self.parts.push((path.clone(), name.to_string()));
        path
    }

    /// Gives all files their names, the manifest last. `rows` are those of the tables. The names of
    /// the files.
    ///
    /// # Errors
    /// If the disk is full or gone. Unless it fails in the middle of the renaming, an earlier
    /// result is still there.
    pub fn complete(
        mut self,
        mut manifest: Manifest,
        rows: &[(&str, u64)],
    ) -> Result<Vec<String>, StoreError> {
        for (part, name) in &self.parts {
            sync(part).map_err(|e| StoreError::io("cannot write", part, e))?;
            let sha256 = sha256(part).map_err(|e| StoreError::io("cannot read", part, e))?;
            let rows = rows.iter().find(|(file, _)| file == name).map(|(_, rows)| *rows);
            manifest.files.push(FileEntry { name: name.clone(), rows, sha256 });
        }
        manifest.say("study", self.study.to_json(&self.path));
        let part = self.begin(MANIFEST);
        fs::write(&part, manifest.to_json())
            .and_then(|()| sync(&part))
            .map_err(|e| StoreError::io("cannot write", &part, e))?;

        // From here on the earlier result is gone: without a manifest the folder is not complete.
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
            // Only if it is empty.
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

    /// Takes the manifest away: what is there is complete no longer. It stays under a temporary
    /// name, so that the files it names are known to be ours.
    ///
    /// # Errors
    /// If it cannot be taken away.
    pub fn withdraw(&self) -> Result<(), StoreError> {
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

    /// Lets the disk know what is called how by now, so that the order of the steps outlives a loss
    /// of power. Not every file system can.
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
            // Only those that are empty: all, unless it is complete or has a journal.
            for inside in PARTS.iter().copied().chain([""]) {
                let _ = fs::remove_dir(self.path.join(inside));
            }
        }
    }
}

fn lock(folder: &Path) -> Result<Option<File>, StoreError> {
    let handle = match File::open(folder) {
        Ok(handle) => handle,
        // Another run has made it, and has just removed it again.
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

/// The temporary files in a folder, or in one inside it, each with what it would have been called.
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

/// Waits until a file is on the disk.
fn sync(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).open(path)?.sync_all()
}
