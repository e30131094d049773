//! The journal of a sweep: every cell that is done, written down as soon as it is.
//!
//! It is what a sweep can be resumed from, and what shards are merged from. Cells stand in it in the order they were ready in; whoever reads it puts
//! them in their own. A head says which sweep it is of. Every entry has its length before it and its CRC-32 at its end, so that the half of an entry
//! that a killed process leaves is seen, and cut off. Checked: `tests/it/sweep.rs` kills sweeps at random moments.

use super::folder::StoreError;
use super::sweep::Wanted;
use crate::experiment::{Cell, CellRecord, Failure, Keeper, Known, Shard};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Its name in the folder of the sweep.
pub const JOURNAL: &str = "cells.journal";

const MAGIC: &[u8; 16] = b"asyncflow cells1";
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

/// Where an entry stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    cell: Cell,
    at: u64,
    length: u32,
}

/// A journal that is open.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Those before `sorted` are in the order of their cells; a cell that stands in it twice is the same twice.
    places: Vec<Place>,
    sorted: usize,
    end: u64,
}

impl Journal {
    /// Begins a new one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(folder: &Path, head: &Head) -> Result<Journal, StoreError> {
        let path = folder.join(JOURNAL);
        let mut text = MAGIC.to_vec();
        text.extend(frame(head).map_err(|cause| StoreError::io("cannot write", &path, cause))?);
        let open = || -> std::io::Result<File> {
            let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
            file.write_all(&text)?;
            Ok(file)
        };
        let file = open().map_err(|e| StoreError::io("cannot write", &path, e))?;
        Ok(Journal { file, places: Vec::new(), sorted: 0, end: text.len() as u64, path })
    }

    /// Opens the one that a folder holds, and cuts off what is broken at its end. None if there is none, or not even its head is whole.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(folder: &Path) -> Result<Option<(Head, Journal)>, StoreError> {
        let path = folder.join(JOURNAL);
        let broken = |e: std::io::Error| StoreError::io("cannot read", &path, e);
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(broken(e)),
        };
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let mut magic = [0; MAGIC.len()];
        if reader.read_exact(&mut magic).is_err() || magic != *MAGIC {
            return Ok(None);
        }
        let mut end = MAGIC.len() as u64;
        let Some(head) = next_frame(&mut reader).map_err(broken)? else { return Ok(None) };
        let Ok(known) = postcard::from_bytes_crc32::<Head>(&head, CHECKSUM.digest()) else { return Ok(None) };
        end += 4 + head.len() as u64;
        let mut places = Vec::new();
        while let Some(bytes) = next_frame(&mut reader).map_err(broken)? {
            // The whole entry is read, so that a broken one is noticed now.
            let Ok(entry) = postcard::from_bytes_crc32::<Entry>(&bytes, CHECKSUM.digest()) else { break };
            places.push(Place { cell: entry.cell, at: end + 4, length: bytes.len() as u32 });
            end += 4 + bytes.len() as u64;
        }
        let file = reader.into_inner();
        file.set_len(end).map_err(|e| StoreError::io("cannot write", &path, e))?;
        let mut journal = Journal { path, file, places, sorted: 0, end };
        journal.sort();
        Ok(Some((known, journal)))
    }

    /// Writes down a cell.
    ///
    /// # Errors
    /// If the disk is full or gone; what was written before stays.
    pub fn append(&mut self, cell: Cell, result: &Result<CellRecord, Failure>) -> Result<(), StoreError> {
        let framed =
            frame(&Entry { cell, outcome: Outcome::of(result) }).map_err(|cause| StoreError::io("cannot write", &self.path, cause))?;
        let write = |file: &mut File| -> std::io::Result<()> {
            file.seek(SeekFrom::Start(self.end))?;
            file.write_all(&framed)
        };
        write(&mut self.file).map_err(|e| StoreError::io("cannot write", &self.path, e))?;
        self.places.push(Place { cell, at: self.end + 4, length: framed.len() as u32 - 4 });
        self.end += framed.len() as u64;
        Ok(())
    }

    /// The entries of a point, in the order of its replications: those that were there when the journal was opened or last sorted.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_point(&mut self, point: u64) -> Result<Vec<Entry>, StoreError> {
        let sorted = &self.places[..self.sorted];
        let from = sorted.partition_point(|place| place.cell.point < point);
        let to = sorted.partition_point(|place| place.cell.point <= point);
        let mut entries = Vec::with_capacity(to - from);
        for place in &sorted[from..to] {
            let mut bytes = vec![0; place.length as usize];
            let read = self.file.seek(SeekFrom::Start(place.at)).and_then(|_| self.file.read_exact(&mut bytes));
            read.map_err(|e| StoreError::io("cannot read", &self.path, e))?;
            let entry = postcard::from_bytes_crc32(&bytes, CHECKSUM.digest());
            entries.push(entry.map_err(|e| StoreError::io("cannot read", &self.path, e))?);
        }
        Ok(entries)
    }

    /// How many cells it holds.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Waits until all of it is on the disk.
    ///
    /// # Errors
    /// If the disk is full or gone.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(|e| StoreError::io("cannot write", &self.path, e))
    }

    /// Puts what was appended where [`Journal::of_point`] finds it.
    pub fn sort(&mut self) {
        self.places.sort_by_key(|place| (place.cell, place.at));
        self.places.dedup_by_key(|place| place.cell);
        self.sorted = self.places.len();
    }
}

impl Keeper for Journal {
    fn keep(&mut self, cell: Cell, result: &Result<CellRecord, Failure>) -> Result<(), String> {
        self.append(cell, result).map_err(|error| error.to_string())
    }
    fn known(&mut self, point: u64) -> Result<Vec<Known>, String> {
        let entries = self.of_point(point).map_err(|error| error.to_string())?;
        Ok(entries.into_iter().map(|entry| (entry.cell.replication, entry.outcome.result())).collect())
    }
}

/// A value with its length before it and its checksum at its end.
fn frame(value: &impl Serialize) -> Result<Vec<u8>, postcard::Error> {
    let bytes = postcard::to_stdvec_crc32(value, CHECKSUM.digest())?;
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
