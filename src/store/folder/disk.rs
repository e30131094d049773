//! The lock of a folder, and waiting until a file is on the disk.

use crate::store::error::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

pub(super) fn lock(folder: &Path) -> Result<Option<File>, StoreError> {
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

/// Waits until a file is written to disk.
pub(super) fn sync(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).open(path)?.sync_all()
}
