//! The journal of a sweep: every cell that is done, written down as soon as it is.
//!
//! It is what a sweep can be resumed from, and what shards are merged from. Cells stand in it in the order they were ready in; an [`Index`] on the
//! disk finds those of a point. A head says which sweep it is of. Every entry has its length before it and its CRC-32 at its end, so that the half
//! of an entry that a killed process leaves is seen, and cut off. Checked: `tests/it/sweep.rs` kills sweeps at random moments.

use super::folder::StoreError;
use super::index::{Index, Place};
use super::sweep::Wanted;
use crate::experiment::{Cell, CellRecord, Failure, Keeper, Known, Shard};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Its name in the folder of the sweep.
pub const JOURNAL: &str = "cells.journal";

const MAGIC: &[u8; 16] = b"asyncflow cells2";
/// No entry is as long: a length above it is no length.
const LONGEST: u32 = 1 << 30;
const CHECKSUM: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);

/// Which sweep a journal is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// A hash of everything below but the shard and the folder, and of the release.
    pub identity: String,
    /// The scenario with all defaults, and with what is varied, as JSON.
    pub scenario: String,
    /// The template of its points, as JSON.
    pub template: String,
    /// Where the files it names are.
    pub folder: String,
    /// Whether series are kept, and which tables are wanted.
    pub wanted: Wanted,
    /// Points of the whole sweep.
    pub points: u64,
    /// Which of them are in this one.
    pub shard: Option<Shard>,
}

/// A cell and what came of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    pub cell: Cell,
    pub outcome: Outcome,
}

/// What came of a cell.
#[derive(Debug, Serialize, Deserialize)]
pub enum Outcome {
    Done(CellRecord),
    /// Kind and reason.
    Failed(String, String),
}

impl Outcome {
    fn of(result: &Result<CellRecord, Failure>) -> Outcome {
        match result {
            Ok(record) => Outcome::Done(record.clone()),
            Err(failure) => Outcome::Failed(failure.name().to_string(), failure.to_string()),
        }
    }
    /// As the fold takes it.
    pub fn result(self) -> Result<CellRecord, Failure> {
        match self {
            Outcome::Done(record) => Ok(record),
            Outcome::Failed(kind, reason) => Err(Failure::Before { kind, reason }),
        }
    }
}

/// A journal that is read from its beginning to its end, or to where it is broken.
#[derive(Debug)]
pub struct Written {
    pub head: Head,
    path: PathBuf,
    reader: BufReader<File>,
    /// Where what was read so far ends.
    end: u64,
}

impl Written {
    /// The one that a folder holds. None if there is none, or not even its head is whole.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(folder: &Path) -> Result<Option<Written>, StoreError> {
        let path = folder.join(JOURNAL);
        let open = || -> std::io::Result<Option<(Head, BufReader<File>, u64)>> {
            let mut reader = BufReader::with_capacity(1 << 16, File::open(&path)?);
            let mut magic = [0; MAGIC.len()];
            if reader.read_exact(&mut magic).is_err() || magic != *MAGIC {
                return Ok(None);
            }
            let Some(bytes) = next_frame(&mut reader)? else { return Ok(None) };
            let head = postcard::from_bytes_crc32::<Head>(&bytes, CHECKSUM.digest());
            Ok(head.ok().map(|head| (head, reader, (MAGIC.len() + 4 + bytes.len()) as u64)))
        };
        match open() {
            Ok(opened) => Ok(opened.map(|(head, reader, end)| Written { head, path, reader, end })),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io("cannot read", &path, e)),
        }
    }

    /// The next entry, and where it stands. The whole of it is read, so that a broken one is noticed now.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn next(&mut self) -> Result<Option<(Entry, Place)>, StoreError> {
        let bytes = next_frame(&mut self.reader).map_err(|e| StoreError::io("cannot read", &self.path, e))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let Ok(entry) = postcard::from_bytes_crc32(&bytes, CHECKSUM.digest()) else { return Ok(None) };
        let place = Place { at: self.end + 4, length: bytes.len() as u32 };
        self.end += 4 + bytes.len() as u64;
        Ok(Some((entry, place)))
    }
}

/// A journal that is open for writing.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    index: Index,
    end: u64,
}

impl Journal {
    /// Begins a new one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(folder: &Path, head: &Head) -> Result<Journal, StoreError> {
        let path = folder.join(JOURNAL);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path);
        Journal::begin(path, file, folder, head)
    }

    /// Begins one without a name, which is gone with the process.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn nameless(folder: &Path, head: &Head) -> Result<Journal, StoreError> {
        Journal::begin(folder.to_path_buf(), tempfile::tempfile_in(folder), folder, head)
    }

    fn begin(path: PathBuf, file: std::io::Result<File>, folder: &Path, head: &Head) -> Result<Journal, StoreError> {
        let begin = || -> std::io::Result<(File, Index, u64)> {
            let mut text = MAGIC.to_vec();
            text.extend(frame(head)?);
            let mut file = file?;
            file.write_all(&text)?;
            Ok((file, index_of(folder, head)?, text.len() as u64))
        };
        let (file, index, end) = begin().map_err(|e| StoreError::io("cannot write", &path, e))?;
        Ok(Journal { path, file, index, end })
    }

    /// Goes on with the one that is written in a folder, and cuts off what is broken at its end.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn go_on(folder: &Path, mut written: Written) -> Result<Journal, StoreError> {
        let failed = |e: std::io::Error| StoreError::io("cannot write", &folder.join(JOURNAL), e);
        let mut index = index_of(folder, &written.head).map_err(failed)?;
        while let Some((entry, place)) = written.next()? {
            index.add(entry.cell, place).map_err(failed)?;
        }
        let (path, end) = (written.path, written.end);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed)?;
        file.set_len(end).map_err(failed)?;
        Ok(Journal { path, file, index, end })
    }

    /// Writes down a cell.
    ///
    /// # Errors
    /// If the disk is full or gone; what was written before stays.
    pub fn append(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let mut append = || -> std::io::Result<()> {
            let framed = frame(entry)?;
            self.file.seek(SeekFrom::Start(self.end))?;
            self.file.write_all(&framed)?;
            self.index.add(entry.cell, Place { at: self.end + 4, length: framed.len() as u32 - 4 })?;
            self.end += framed.len() as u64;
            Ok(())
        };
        append().map_err(|e| StoreError::io("cannot write", &self.path, e))
    }

    /// The entries of a point, in the order of its replications.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_point(&mut self, point: u64) -> Result<Vec<Entry>, StoreError> {
        let mut read = || -> std::io::Result<Vec<Entry>> {
            let mut entries = Vec::new();
            for place in self.index.of_point(point)? {
                let mut bytes = vec![0; place.length as usize];
                self.file.seek(SeekFrom::Start(place.at))?;
                self.file.read_exact(&mut bytes)?;
                entries.push(postcard::from_bytes_crc32(&bytes, CHECKSUM.digest()).map_err(std::io::Error::other)?);
            }
            Ok(entries)
        };
        read().map_err(|e| StoreError::io("cannot read", &self.path, e))
    }

    /// How many cells it holds.
    pub fn len(&self) -> u64 {
        self.index.len()
    }

    /// Waits until all of it is on the disk.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(|e| StoreError::io("cannot write", &self.path, e))
    }
}

impl Keeper for Journal {
    fn keep(&mut self, cell: Cell, result: &Result<CellRecord, Failure>) -> Result<(), String> {
        self.append(&Entry { cell, outcome: Outcome::of(result) }).map_err(|error| error.to_string())
    }
    fn known(&mut self, point: u64) -> Result<Vec<Known>, String> {
        let entries = self.of_point(point).map_err(|error| error.to_string())?;
        Ok(entries.into_iter().map(|entry| (entry.cell.replication, entry.outcome.result())).collect())
    }
}

/// An empty index for a journal with that head.
fn index_of(folder: &Path, head: &Head) -> std::io::Result<Index> {
    Index::new(folder, head.points, Shard::selection(head.shard))
}

/// A value with its length before it and its checksum at its end.
fn frame(value: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let bytes = postcard::to_stdvec_crc32(value, CHECKSUM.digest()).map_err(std::io::Error::other)?;
    let mut framed = (bytes.len() as u32).to_le_bytes().to_vec();
    framed.extend(bytes);
    Ok(framed)
}

/// The next frame; none at the end, or where only a part of one is there.
fn next_frame(reader: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let whole = |result: std::io::Result<()>| match result {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    };
    let mut length = [0; 4];
    if !whole(reader.read_exact(&mut length))? {
        return Ok(None);
    }
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // Not all at once: a broken length must not ask for a gigabyte.
    let read = reader.take(length as u64).read_to_end(&mut bytes)?;
    Ok((read == length as usize).then_some(bytes))
}
