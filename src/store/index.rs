//! Where the cells of every point stand in a journal. On the disk, so that memory does not grow
//! with the points of a sweep.
//!
//! Law: the file has a slot for every point, which names the entry that was added last, and behind
//! the slots the entries, each of which names the one that was added before it for the same point.
//! Adding one, and finding those of a point, touch no others. The file stands beside the journal
//! and is made anew whenever that is opened: no other process reads it. It has no name, or loses it
//! at once (on Windows: when it is closed).
//! Tested: against a map in memory, over random orders.

use crate::experiment::Cell;
use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom, Write};
use std::path::Path;

/// Where an entry of the journal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub at: u64,
    pub length: u32,
}

const SLOT: u64 = 8;
const ENTRY: u64 = 24;

/// An index of a journal.
#[derive(Debug)]
pub struct Index {
    file: File,
    /// Points of the whole sweep; which of them is the first in this journal, and every how many of
    /// them there is one.
    points: u64,
    first: u64,
    step: u64,
    /// How many entries it has.
    len: u64,
}

impl Index {
    /// An empty one for a journal in a folder, which holds the `first` and every `step`-th after it
    /// of so many points.
    ///
    /// # Errors
    /// If no file can be made there.
    pub fn new(folder: &Path, points: u64, (first, step): (u64, u64)) -> Result<Index> {
        let index = Index { file: tempfile::tempfile_in(folder)?, points, first, step, len: 0 };
        index.file.set_len(index.entries_at())?;
        Ok(index)
    }

    /// How many entries it has.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Where the slots end and the entries begin.
    fn entries_at(&self) -> u64 {
        self.points.div_ceil(self.step).saturating_mul(SLOT)
    }
    /// Where the slot of a point is, which holds the number, from 1, of its last entry; 0 if it has
    /// none. None for a point of another journal.
    fn slot_at(&self, point: u64) -> Option<u64> {
        let behind = point
            .checked_sub(self.first)
            .filter(|behind| point < self.points && behind % self.step == 0)?;
        Some(behind / self.step * SLOT)
    }
    fn read<const N: usize>(&mut self, at: u64) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(bytes)
    }

    /// Adds where a cell stands. One of a point of another journal is passed over: nobody will ask
    /// for it.
    ///
    /// # Errors
    /// If the disk is full or gone; then it is as it was.
    pub fn add(&mut self, cell: Cell, place: Place) -> Result<()> {
        let Some(slot) = self.slot_at(cell.point) else { return Ok(()) };
        let before: [u8; SLOT as usize] = self.read(slot)?;
        let mut entry = [0; ENTRY as usize];
        entry[..8].copy_from_slice(&before);
        entry[8..16].copy_from_slice(&place.at.to_le_bytes());
        entry[16..20].copy_from_slice(&place.length.to_le_bytes());
        entry[20..].copy_from_slice(&cell.replication.to_le_bytes());
        self.write(self.entries_at() + self.len * ENTRY, &entry)?;
        self.write(slot, &(self.len + 1).to_le_bytes())?;
        self.len += 1;
        Ok(())
    }

    /// Where the cells of a point stand, in the order of replications. Of one that was added twice,
    /// the first.
    ///
    /// # Errors
    /// If the disk is gone.
    pub fn of_point(&mut self, point: u64) -> Result<Vec<Place>> {
        let mut found = Vec::new();
        let mut next = match self.slot_at(point) {
            Some(slot) => u64::from_le_bytes(self.read(slot)?),
            None => 0,
        };
        while next > 0 {
            let entry: [u8; ENTRY as usize] = self.read(self.entries_at() + (next - 1) * ENTRY)?;
            let whole = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| entry[from + i]));
            let half = |from: usize| u32::from_le_bytes(std::array::from_fn(|i| entry[from + i]));
            found.push((half(20), Place { at: whole(8), length: half(16) }));
            next = whole(0);
        }
        found.sort_unstable();
        found.dedup_by_key(|(replication, _)| *replication);
        Ok(found.into_iter().map(|(_, place)| place).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::keys::mix;
    use std::collections::BTreeMap;

    #[test]
    fn an_index_finds_what_a_map_finds_whatever_the_order_of_adding() {
        // The oracle is a map: 2,000 cells of the points 2, 5, 8, … of 60 (the third shard of
        // three), at random, many of them twice.
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::new(folder.path(), 60, (2, 3)).unwrap();
        let mut map: BTreeMap<u64, BTreeMap<u32, Place>> = BTreeMap::new();
        for i in 0..2000u64 {
            let draw = mix(i);
            let (cell, place) = (
                Cell { point: 2 + 3 * (draw % 20), replication: (draw >> 20) as u32 % 150 },
                Place { at: 1000 * i, length: (draw >> 40) as u32 },
            );
            index.add(cell, place).unwrap();
            map.entry(cell.point).or_default().entry(cell.replication).or_insert(place);
        }
        for point in (2..60).step_by(3) {
            let expected: Vec<Place> = map[&point].values().copied().collect();
            assert_eq!(index.of_point(point).unwrap(), expected, "point {point}");
        }
        assert!(map.values().map(BTreeMap::len).sum::<usize>() < 2000 && index.len() == 2000);
        assert!(
            cfg!(windows) || std::fs::read_dir(folder.path()).unwrap().count() == 0,
            "it has no name"
        );
    }

    #[test]
    fn points_of_other_shards_are_neither_kept_nor_found() {
        // The second shard of three of ten points has 1, 4 and 7; all others share no slot with
        // them, and there is none beyond the last.
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::new(folder.path(), 10, (1, 3)).unwrap();
        for point in (0..12).chain([u64::MAX]) {
            index.add(Cell { point, replication: 0 }, Place { at: point, length: 1 }).unwrap();
        }
        for point in (0..12).chain([u64::MAX]) {
            let expected = if [1, 4, 7].contains(&point) {
                vec![Place { at: point, length: 1 }]
            } else {
                Vec::new()
            };
            assert_eq!(index.of_point(point).unwrap(), expected, "point {point}");
        }
        assert_eq!(index.len(), 3);
    }

    #[test]
    fn a_point_that_nothing_was_added_for_has_nothing() {
        // None in a new one.
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::new(folder.path(), 10, (0, 1)).unwrap();
        assert!((0..10).all(|point| index.of_point(point).unwrap().is_empty()));
    }
}
