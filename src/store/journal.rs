//! The journal of a sweep: every cell, appended as soon as it has finished.
//!
//! Sweeps are resumed, and shards are merged, from their journals. Cells are in the order in which
//! they finished; an [`Index`] on disk finds those of a point. The head identifies the sweep. Every
//! entry is preceded by its length, twice, and followed by its CRC-32. This distinguishes an entry
//! that a killed process left incomplete from one that was damaged later: an incomplete entry is
//! cut off; a damaged one is skipped, and the entries after it are kept as long as its length is
//! intact. Checked: `tests/it/sweep/` kills sweeps at random moments and flips bits.

use super::error::StoreError;
use super::folder::is_link;
use super::index::{Index, Place};
use super::sweep::OptionalTables;
use crate::experiment::{Cell, CellRecord, CellStore, Failure, Known, Shard, StorageError};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The name of the journal in the folder of the sweep.
pub(crate) const JOURNAL: &str = "cells.journal";

const MAGIC: &[u8; 16] = b"asyncflow cells4";
/// Bytes of a length field: the length and its complement.
const LENGTH: usize = 8;
/// The longest possible entry, in bytes: a longer length is corrupt.
const LONGEST: u32 = 1 << 30;
const CHECKSUM: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);

/// The head of a journal: which sweep it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// A hash of the release and of everything below except the shard, the file and its folder.
    pub identity: String,
    /// The scenario with all defaults, including its `sweep` section, as JSON.
    pub scenario: String,
    /// The template of its points, as JSON.
    pub template: String,
    /// The scenario file, as typed.
    pub file: String,
    /// The folder to which file names in the scenario are relative.
    pub folder: String,
    /// The optional tables that are written.
    pub wanted: OptionalTables,
    /// Points of the whole sweep.
    pub points: u64,
    /// The shard that this journal contains; `None` for the whole sweep.
    pub shard: Option<Shard>,
}

/// A cell and its outcome.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub cell: Cell,
    pub outcome: Outcome,
}

/// The outcome of a cell.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Done(Box<CellRecord>),
    /// Kind and reason.
    Failed(String, String),
}

impl Outcome {
    fn of(result: &Result<CellRecord, Failure>) -> Outcome {
        match result {
            Ok(record) => Outcome::Done(Box::new(record.clone())),
            Err(failure) => Outcome::Failed(failure.name().to_string(), failure.to_string()),
        }
    }
    /// Converts the outcome into the result that the fold accepts.
    pub(crate) fn result(self) -> Result<CellRecord, Failure> {
        match self {
            Outcome::Done(record) => Ok(*record),
            Outcome::Failed(kind, reason) => Err(Failure::Before { kind, reason }),
        }
    }
}

/// What is found in place of a folder's journal.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is only one at a time")]
pub(crate) enum Opened {
    /// Nothing, or an incomplete head: the sweep was killed before its first cell.
    Nothing,
    /// A file that is not a journal.
    Foreign,
    /// A journal whose head is damaged, so that its sweep is unknown.
    Damaged,
    Whole(Written),
}

/// A journal on disk, read from the beginning up to its end or its first broken length.
#[derive(Debug)]
pub(crate) struct Written {
    pub head: Head,
    path: PathBuf,
    reader: BufReader<File>,
    /// The position of the reader, in bytes.
    at: u64,
    /// The end of the last intact entry, in bytes.
    end: u64,
    /// The damage found so far.
    pub damage: Damage,
}

/// The damage in a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Damaged entries that were skipped.
    pub entries: u64,
    /// Bytes at the end that cannot be read because a length is corrupt.
    pub bytes: u64,
}

impl Damage {
    /// Returns whether there is any damage.
    pub(crate) fn is_any(self) -> bool {
        self != Damage::default()
    }
}

impl Written {
    /// Opens the journal of a folder.
    ///
    /// # Errors
    /// If it cannot be read, or is a link.
    pub(crate) fn open(folder: &Path) -> Result<Opened, StoreError> {
        let path = folder.join(JOURNAL);
        if is_link(&path) {
            return Err(StoreError::link(&path));
        }
        let open = || -> std::io::Result<Opened> {
            let mut reader = BufReader::with_capacity(1 << 16, File::open(&path)?);
            let mut magic = Vec::new();
            (&mut reader).take(MAGIC.len() as u64).read_to_end(&mut magic)?;
            if magic != *MAGIC {
                return Ok(if MAGIC.starts_with(&magic) {
                    Opened::Nothing
                } else {
                    Opened::Foreign
                });
            }
            let bytes = match next_frame(&mut reader)? {
                Frame::Whole(bytes) => bytes,
                Frame::End => return Ok(Opened::Nothing),
                Frame::Broken => return Ok(Opened::Damaged),
            };
            let Ok(head) = postcard::from_bytes_crc32::<Head>(&bytes, CHECKSUM.digest()) else {
                return Ok(Opened::Damaged);
            };
            let at = (MAGIC.len() + LENGTH + bytes.len()) as u64;
            Ok(Opened::Whole(Written {
                head,
                path: path.clone(),
                reader,
                at,
                end: at,
                damage: Damage::default(),
            }))
        };
        match open() {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Opened::Nothing),
            opened => opened.map_err(|e| StoreError::io("cannot read", &path, e)),
        }
    }

    /// Returns the next intact entry and its place; `None` at the end. Entries are read completely,
    /// so that damaged ones are detected here and skipped.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn next(&mut self) -> Result<Option<(Entry, Place)>, StoreError> {
        loop {
            let frame = next_frame(&mut self.reader)
                .map_err(|e| StoreError::io("cannot read", &self.path, e))?;
            let bytes = match frame {
                Frame::Whole(bytes) => bytes,
                Frame::End => return Ok(None),
                Frame::Broken => {
                    let length = self.path.metadata().map_or(self.at, |file| file.len());
                    self.damage.bytes = length.saturating_sub(self.at);
                    return Ok(None);
                }
            };
            let place = Place { offset: self.at + LENGTH as u64, length: bytes.len() as u32 };
            self.at += (LENGTH + bytes.len()) as u64;
            match postcard::from_bytes_crc32(&bytes, CHECKSUM.digest()) {
                Ok(entry) => {
                    self.end = self.at;
                    return Ok(Some((entry, place)));
                }
                Err(_) => self.damage.entries += 1,
            }
        }
    }
}

/// A journal open for writing.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    index: Index,
    end: u64,
    /// The damage found when the journal was opened.
    pub damage: Damage,
}

impl Journal {
    /// Creates an empty journal.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn create(folder: &Path, head: &Head) -> Result<Journal, StoreError> {
        let path = folder.join(JOURNAL);
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path);
        Journal::begin(path, file, folder, head)
    }

    /// Creates a journal in a file without a name, which disappears with the process.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn nameless(folder: &Path, head: &Head) -> Result<Journal, StoreError> {
        Journal::begin(folder.to_path_buf(), tempfile::tempfile_in(folder), folder, head)
    }

    fn begin(
        path: PathBuf,
        file: std::io::Result<File>,
        folder: &Path,
        head: &Head,
    ) -> Result<Journal, StoreError> {
        let begin = || -> std::io::Result<(File, Index, u64)> {
            let mut text = MAGIC.to_vec();
            text.extend(frame(head)?);
            let mut file = file?;
            file.write_all(&text)?;
            Ok((file, index_of(folder, head)?, text.len() as u64))
        };
        let (file, index, end) = begin().map_err(|e| StoreError::io("cannot write", &path, e))?;
        Ok(Journal { path, file, index, end, damage: Damage::default() })
    }

    /// Opens an existing journal to append behind its last intact entry.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub(crate) fn go_on(folder: &Path, mut written: Written) -> Result<Journal, StoreError> {
        let failed = |e: std::io::Error| StoreError::io("cannot write", &folder.join(JOURNAL), e);
        let mut index = index_of(folder, &written.head).map_err(failed)?;
        while let Some((entry, place)) = written.next()? {
            index.add(entry.cell, place).map_err(failed)?;
        }
        let (path, end, damage) = (written.path, written.end, written.damage);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed)?;
        file.set_len(end).map_err(failed)?;
        Ok(Journal { path, file, index, end, damage })
    }

    /// Appends a cell.
    ///
    /// # Errors
    /// If the disk is full or gone; earlier entries stay intact.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let mut append = || -> std::io::Result<()> {
            let framed = frame(entry)?;
            self.file.seek(SeekFrom::Start(self.end))?;
            self.file.write_all(&framed)?;
            self.index.add(
                entry.cell,
                Place { offset: self.end + LENGTH as u64, length: (framed.len() - LENGTH) as u32 },
            )?;
            self.end += framed.len() as u64;
            Ok(())
        };
        append().map_err(|e| StoreError::io("cannot write", &self.path, e))
    }

    /// Returns the entries of a point, in the order of replications.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn of_point(&mut self, point: u64) -> Result<Vec<Entry>, StoreError> {
        let mut read = || -> std::io::Result<Vec<Entry>> {
            let mut entries = Vec::new();
            for place in self.index.of_point(point)? {
                let mut bytes = vec![0; place.length as usize];
                self.file.seek(SeekFrom::Start(place.offset))?;
                self.file.read_exact(&mut bytes)?;
                entries.push(
                    postcard::from_bytes_crc32(&bytes, CHECKSUM.digest())
                        .map_err(std::io::Error::other)?,
                );
            }
            Ok(entries)
        };
        read().map_err(|e| StoreError::io("cannot read", &self.path, e))
    }

    /// Returns the number of cells.
    pub(crate) fn len(&self) -> u64 {
        self.index.len()
    }

    /// Waits until the journal is written to disk.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(|e| StoreError::io("cannot write", &self.path, e))
    }
}

impl CellStore for Journal {
    fn keep(
        &mut self,
        cell: Cell,
        result: &Result<CellRecord, Failure>,
    ) -> Result<(), StorageError> {
        Ok(self.append(&Entry { cell, outcome: Outcome::of(result) })?)
    }
    fn known(&mut self, point: u64) -> Result<Vec<Known>, StorageError> {
        let entries = self.of_point(point)?;
        Ok(entries
            .into_iter()
            .map(|entry| (entry.cell.replication, entry.outcome.result()))
            .collect())
    }
}

/// Creates an empty index for a journal with this head.
fn index_of(folder: &Path, head: &Head) -> std::io::Result<Index> {
    Index::new(folder, head.points, Shard::selection(head.shard))
}

/// Encodes a value, preceded by its length and followed by its checksum.
fn frame(value: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let bytes =
        postcard::to_stdvec_crc32(value, CHECKSUM.digest()).map_err(std::io::Error::other)?;
    if bytes.len() as u64 > u64::from(LONGEST) {
        return Err(std::io::Error::other("an entry is too large to be read back"));
    }
    let length = bytes.len() as u32;
    let mut framed = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
    framed.extend(bytes);
    Ok(framed)
}

/// What is read at the position of the next entry.
enum Frame {
    Whole(Vec<u8>),
    /// The end of the file, or an incomplete entry.
    End,
    /// A corrupt length.
    Broken,
}

fn next_frame(reader: &mut impl Read) -> std::io::Result<Frame> {
    let mut header = Vec::new();
    if reader.take(LENGTH as u64).read_to_end(&mut header)? < LENGTH {
        return Ok(Frame::End);
    }
    let half = |from: usize| u32::from_le_bytes(std::array::from_fn(|i| header[from + i]));
    let length = half(0);
    if half(4) != !length || length > LONGEST {
        return Ok(Frame::Broken);
    }
    let mut bytes = Vec::new();
    // Without allocating `length` bytes first: the entry may have been cut off.
    let read = reader.take(length as u64).read_to_end(&mut bytes)?;
    Ok(if read == length as usize { Frame::Whole(bytes) } else { Frame::End })
}
