//! An index of a journal: where each point's cells are. It is kept on disk, so that memory does not
//! grow with the points of a sweep.
//!
//! Law: the file has a slot per point with the number of its latest entry, followed by the entries,
//! each with the number of the point's previous entry: a linked list per point. Adding an entry and
//! reading those of a point touch no others. The file is beside the journal and is rebuilt whenever
//! the journal is opened: no other process reads it. It has no name, or loses it at once (on
//! Windows, when it is closed).
//! Tested: against a map in memory, in random orders.

use crate::experiment::Cell;
use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom, Write};
use std::path::Path;

/// The position of an entry in the journal, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub offset: u64,
    pub length: u32,
}

const SLOT: u64 = 8;
const ENTRY: u64 = 24;

/// An index of a journal.
#[derive(Debug)]
pub(crate) struct Index {
    file: File,
    /// Points of the whole sweep; this journal has `first` and every `step`-th point after it.
    points: u64,
    first: u64,
    step: u64,
    /// The number of entries.
    len: u64,
}

impl Index {
    /// Creates an empty index for a journal in `folder` that contains the `first` and every
    /// `step`-th point after it, of `points` in all.
    ///
    /// # Errors
    /// If no file can be created there.
    pub(crate) fn new(folder: &Path, points: u64, (first, step): (u64, u64)) -> Result<Index> {
        let index = Index { file: tempfile::tempfile_in(folder)?, points, first, step, len: 0 };
        index.file.set_len(index.entries_at())?;
        Ok(index)
    }

    /// Returns the number of entries.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Returns the offset at which the slots end and the entries begin, in bytes.
    fn entries_at(&self) -> u64 {
        self.points.div_ceil(self.step).saturating_mul(SLOT)
    }
    /// Returns the offset of a point's slot, in bytes. The slot contains the number of the point's
    /// latest entry, from 1, or 0 if it has none. `None` for a point of another journal.
    fn slot_at(&self, point: u64) -> Option<u64> {
        let offset = point
            .checked_sub(self.first)
            .filter(|offset| point < self.points && offset % self.step == 0)?;
        Some(offset / self.step * SLOT)
    }
    fn read<const N: usize>(&mut self, offset: u64) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
    fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(bytes)
    }

    /// Adds the place of a cell. A cell of another journal's point is ignored.
    ///
    /// # Errors
    /// If the disk is full or gone; then the index is unchanged.
    pub(crate) fn add(&mut self, cell: Cell, place: Place) -> Result<()> {
        let Some(slot) = self.slot_at(cell.point) else { return Ok(()) };
        let previous: [u8; SLOT as usize] = self.read(slot)?;
        let mut entry = [0; ENTRY as usize];
        entry[..8].copy_from_slice(&previous);
        entry[8..16].copy_from_slice(&place.offset.to_le_bytes());
        entry[16..20].copy_from_slice(&place.length.to_le_bytes());
        entry[20..].copy_from_slice(&cell.replication.to_le_bytes());
        self.write(self.entries_at() + self.len * ENTRY, &entry)?;
        self.write(slot, &(self.len + 1).to_le_bytes())?;
        self.len += 1;
        Ok(())
    }

    /// Returns the places of a point's cells, in the order of replications. If a cell was added
    /// twice, its first place counts.
    ///
    /// # Errors
    /// If the disk is gone.
    pub(crate) fn of_point(&mut self, point: u64) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        let mut next = match self.slot_at(point) {
            Some(slot) => u64::from_le_bytes(self.read(slot)?),
            None => 0,
        };
        while next > 0 {
            let entry: [u8; ENTRY as usize] = self.read(self.entries_at() + (next - 1) * ENTRY)?;
            let whole = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| entry[from + i]));
            let half = |from: usize| u32::from_le_bytes(std::array::from_fn(|i| entry[from + i]));
            places.push((half(20), Place { offset: whole(8), length: half(16) }));
            next = whole(0);
        }
        places.sort_unstable();
        places.dedup_by_key(|(replication, _)| *replication);
        Ok(places.into_iter().map(|(_, place)| place).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::keys::mix;
    use std::collections::BTreeMap;

    #[test]
    fn an_index_agrees_with_a_map_for_random_orders_of_insertion() {
        // The oracle is a map: 2,000 random cells of the points 2, 5, 8, … of 60 (the third shard
        // of three), many of them twice.
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::new(folder.path(), 60, (2, 3)).unwrap();
        let mut map: BTreeMap<u64, BTreeMap<u32, Place>> = BTreeMap::new();
        for i in 0..2000u64 {
            let draw = mix(i);
            let (cell, place) = (
                Cell { point: 2 + 3 * (draw % 20), replication: (draw >> 20) as u32 % 150 },
                Place { offset: 1000 * i, length: (draw >> 40) as u32 },
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
            "the file has no name"
        );
    }

    #[test]
    fn points_of_other_shards_are_ignored() {
        // The second of three shards of ten points has the points 1, 4 and 7. No other point uses
        // their slots, and there are no points beyond the tenth.
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::new(folder.path(), 10, (1, 3)).unwrap();
        for point in (0..12).chain([u64::MAX]) {
            index.add(Cell { point, replication: 0 }, Place { offset: point, length: 1 }).unwrap();
        }
        for point in (0..12).chain([u64::MAX]) {
            let expected = if [1, 4, 7].contains(&point) {
                vec![Place { offset: point, length: 1 }]
            } else {
                Vec::new()
            };
            assert_eq!(index.of_point(point).unwrap(), expected, "point {point}");
        }
        assert_eq!(index.len(), 3);
    }

    #[test]
    fn a_point_without_cells_has_no_places() {
        // A new index has no cells.
        let folder = tempfile::tempdir().unwrap();
        let mut index = Index::new(folder.path(), 10, (0, 1)).unwrap();
        assert!((0..10).all(|point| index.of_point(point).unwrap().is_empty()));
    }
}
