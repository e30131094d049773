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
//! `tests/it/world/` fills disks, removes folders and kills runs at random moments;
//! `tests/it/folders/foreign.rs` places foreign files in the way.

mod disk;
mod earlier;
mod names;

pub(crate) use names::{MANIFEST, is_link, manifest_of, temporary};

use super::error::StoreError;
use super::journal::{JOURNAL, Opened, Written};
use super::manifest::{FileEntry, Manifest, sha256};
use super::schema::PARTS;
use super::study::Study;
use super::table::WrittenTable;
use disk::{lock, sync};
use earlier::Earlier;
use names::{OLD, is_there, temporary_files};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

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
