//! The output folder of one run. **A folder with a manifest is complete**: every file that the manifest names is there, with its hash.
//!
//! - Files are written under temporary names, `.NAME.PROCESS.part`. Until the run is complete, an earlier result stays as it is.
//! - All of them, the manifest too, are on the disk before the earlier result loses its manifest; then the files get their names, and the
//!   manifest gets its own last. A full disk is noticed before anything is lost, and who looks in between sees a folder without a manifest.
//! - One run at a time writes into a folder. The lock ends with the process, however it ends; so the one who has it may remove the
//!   temporary files that a killed run has left.
//!
//! `tests/it/world.rs` fills disks, takes folders away and kills runs at random moments.

use super::manifest::{FileEntry, Manifest, sha256};
use super::schema::{PARTS, PLOTS, POINTS, TABLES};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why nothing could be written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder holds another scenario's results.
    #[error("`{folder}` holds the results of another scenario, `{other}`")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Occupied { folder: String, other: String },
    /// Two runs at once would mix their files.
    #[error("another run is writing into `{folder}`")]
    #[allow(missing_docs, reason = "the message says what it is")]
    Busy { folder: String },
    /// A sweep was interrupted, and may be resumed.
    #[error("an unfinished sweep is in `{folder}`: {cells} cells are done")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Unfinished { folder: String, cells: u64 },
    /// What is there belongs to something else.
    #[error("{what}")]
    #[allow(missing_docs, reason = "the message says what it is")]
    Foreign { what: String, help: &'static str },
    /// The operating system said no.
    #[error("{doing} `{path}`: {cause}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Io { doing: &'static str, path: String, cause: String },
}

impl StoreError {
    pub(super) fn io(doing: &'static str, path: &Path, cause: impl std::fmt::Display) -> StoreError {
        StoreError::Io { doing, path: path.display().to_string(), cause: cause.to_string() }
    }
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            StoreError::Occupied { .. } => "give another folder with `--out`, or overwrite it with `--force`",
            StoreError::Busy { .. } => "wait until it has ended, or give another folder with `--out`",
            StoreError::Unfinished { .. } => "`--resume` goes on with it, `--force` begins anew, or give another folder with `--out`",
            StoreError::Foreign { help, .. } => help,
            StoreError::Io { .. } => "make room or give another folder with `--out`; `--no-files` writes none",
        }
    }
}

pub const MANIFEST: &str = "manifest.json";

/// The temporary name beside it of what will be the file `path`: `.NAME.PROCESS.part`.
pub fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// Whether a file of that name is ours: one of a run, or a part of a sweep's.
fn is_ours(name: &str) -> bool {
    let file = TABLES.iter().any(|table| table.file == name) || [POINTS, PLOTS, MANIFEST].contains(&name);
    file || name
        .split_once('/')
        .is_some_and(|(folder, part)| PARTS.contains(&folder) && part.starts_with("part-") && part.ends_with(".parquet"))
}

/// What the manifest of a folder says, if it holds a complete result.
pub fn manifest_of(folder: &Path) -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join(MANIFEST)).ok()?;
    serde_json::from_str(&text).ok()
}

/// The files of the result that is in a folder, as its manifest names them, and those that a run without a manifest may have left.
fn earlier(folder: &Path) -> Vec<String> {
    let manifest = manifest_of(folder).unwrap_or_default();
    let named = manifest["files"].as_object().into_iter().flat_map(|files| files.keys().cloned());
    let own = TABLES.iter().map(|table| table.file).chain([POINTS, PLOTS]).map(str::to_string);
    let in_parts = PARTS.iter().flat_map(|inside| {
        let entries = fs::read_dir(folder.join(inside)).into_iter().flatten().flatten();
        entries.map(move |entry| format!("{inside}/{}", entry.file_name().to_string_lossy()))
    });
    named.chain(own).chain(in_parts).filter(|name| is_ours(name)).collect()
}

/// The folder while a run writes into it. Dropped before it is [complete](Folder::complete), it leaves nothing behind.
pub struct Folder {
    path: PathBuf,
    /// Holds the lock. None where the system cannot open or lock a folder: such a system goes without.
    handle: Option<File>,
    /// Temporary names of what is written, with the final ones.
    parts: Vec<(PathBuf, String)>,
    /// Whether it was not there before.
    is_new: bool,
}

impl Folder {
    /// Makes the folder and takes it.
    ///
    /// # Errors
    /// If it cannot be made, another run has it, or it holds another scenario's results.
    pub fn open(path: &Path, scenario: &str, force: bool) -> Result<Folder, StoreError> {
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::create_dir(path));
        let is_new = match made {
            Ok(()) => true,
            Err(e) if e.kind() == ErrorKind::AlreadyExists && path.is_dir() => false,
            Err(e) => return Err(StoreError::io("cannot make the folder", path, e)),
        };
        let handle = lock(path)?;
        if !force {
            check_owner(path, scenario)?;
        }
        if handle.is_some() {
            remove_parts(path);
        }
        Ok(Folder { path: path.to_path_buf(), handle, parts: Vec::new(), is_new })
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

    /// Gives all files their names, the manifest last. `rows` are those of the tables. The names of the files.
    ///
    /// # Errors
    /// If the disk is full or gone. Unless it fails in the middle of the renaming, an earlier result is still there.
    pub fn complete(mut self, mut manifest: Manifest, rows: &[(&str, u64)]) -> Result<Vec<String>, StoreError> {
        for (part, name) in &self.parts {
            sync(part).map_err(|e| StoreError::io("cannot write", part, e))?;
            let sha256 = sha256(part).map_err(|e| StoreError::io("cannot read", part, e))?;
            let rows = rows.iter().find(|(file, _)| file == name).map(|(_, rows)| *rows);
            manifest.files.push(FileEntry { name: name.clone(), rows, sha256 });
        }
        let part = self.begin(MANIFEST);
        fs::write(&part, manifest.to_json()).and_then(|()| sync(&part)).map_err(|e| StoreError::io("cannot write", &part, e))?;

        // From here on the earlier result is gone: without a manifest the folder is not complete.
        let earlier = earlier(&self.path);
        self.remove(MANIFEST)?;
        // Files of an earlier run that this one does not write would contradict it.
        for stale in earlier.iter().filter(|name| !self.parts.iter().any(|(_, written)| written == *name)) {
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
        self.sync();
        Ok(std::mem::take(&mut self.parts).into_iter().map(|(_, name)| name).collect())
    }

    /// Takes the manifest away: what is there is complete no longer.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn withdraw(&self) -> Result<(), StoreError> {
        self.remove(MANIFEST)?;
        self.sync();
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(StoreError::io("cannot replace", &path, e)),
            _ => Ok(()),
        }
    }

    /// Lets the disk know what is called how by now, so that the order of the steps outlives a loss of power. Not every file system can.
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

/// Whether results of this scenario may go into the folder.
fn check_owner(folder: &Path, scenario: &str) -> Result<(), StoreError> {
    let Ok(text) = fs::read_to_string(folder.join(MANIFEST)) else { return Ok(()) };
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match manifest["name"].as_str().unwrap_or("unknown") {
        other if other != scenario => Err(StoreError::Occupied { folder: folder.display().to_string(), other: other.to_string() }),
        _ => Ok(()),
    }
}

fn lock(folder: &Path) -> Result<Option<File>, StoreError> {
    let handle = match File::open(folder) {
        Ok(handle) => handle,
        // Another run has made it, and has just removed it again.
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(StoreError::Busy { folder: folder.display().to_string() }),
        Err(_) => return Ok(None),
    };
    match handle.try_lock() {
        Ok(()) => Ok(Some(handle)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy { folder: folder.display().to_string() }),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Removes the temporary files of runs that were killed.
fn remove_parts(folder: &Path) {
    for inside in std::iter::once("").chain(PARTS) {
        for entry in fs::read_dir(folder.join(inside)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = name.strip_suffix(".part").and_then(|name| name.rsplit_once('.')).and_then(|(name, _)| name.strip_prefix('.'));
            if ours.is_some_and(|name| is_ours(if inside.is_empty() { name.to_string() } else { format!("{inside}/{name}") }.as_str())) {
                // If it cannot be removed, it is in nobody's way.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Waits until a file is on the disk.
fn sync(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).open(path)?.sync_all()
}
