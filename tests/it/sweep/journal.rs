//! Damaged journals: what is lost, and what is reported.

use super::{SCENARIO, assert_same};
use crate::support::Room;
use std::fs;

#[test]
fn a_journal_truncated_or_corrupted_anywhere_loses_only_the_broken_entries() {
    // Truncated, or with a bit flipped, in the head, in a length or in an entry; the final bytes
    // are those of an undisturbed run.
    let room = Room::new("small.yaml", SCENARIO);
    let arguments = "sweep small.yaml -r 2 -d 5s -q";
    room.ends(&format!("{arguments} -o whole"), 0);
    // A shard keeps its journal: that of shard 1/1 is the journal of the whole sweep.
    room.ends(&format!("{arguments} -o kept --shard 1/1"), 0);
    let journal = fs::read(room.path("kept/shard-00001-of-00001/cells.journal")).unwrap();
    let length = journal.len();
    for (case, spoil) in [0, 3, 20, length / 3, length / 2, length - 2, length]
        .into_iter()
        .flat_map(|at| [(at, false), (at, true)])
        .enumerate()
    {
        let mut broken = journal.clone();
        match spoil {
            (at, false) => broken.truncate(at),
            (at, true) if at < length => broken[at] ^= 0x10,
            _ => continue,
        }
        let folder = format!("cut{case}/shard-00001-of-00001");
        fs::create_dir_all(room.path(&folder)).unwrap();
        fs::write(room.path(&format!("{folder}/cells.journal")), &broken).unwrap();
        let shard = format!("{arguments} -o cut{case} --shard 1/1");
        if matches!(spoil, (0..16, true)) {
            // The first bytes identify the file as a journal.
            assert!(
                room.ends(&shard, 2)
                    .contains("is not the journal of a sweep, or whose first bytes are damaged")
            );
            room.ends(&format!("{shard} --force"), 0);
        } else {
            room.ends(&shard, 0);
        }
        room.ends(&format!("merge cut{case} -o merged{case} -q"), 0);
        assert_same(&room.path("whole"), &room.path(&format!("merged{case}")));
    }
}

#[test]
fn a_damaged_journal_is_reported_and_loses_only_the_damaged_cells() {
    // 24 cells; a bit flipped in one cell, in the length before one, and in the head. The messages
    // are fixed here; the bytes are those of an undisturbed run.
    let room = Room::new("small.yaml", SCENARIO);
    let arguments = "sweep small.yaml -r 2 -d 5s";
    room.ends(&format!("{arguments} -q -o whole"), 0);
    room.ends(&format!("{arguments} -q -o kept --shard 1/1"), 0);
    let journal = fs::read(room.path("kept/shard-00001-of-00001/cells.journal")).unwrap();
    // 16 bytes of magic; then each frame begins with its length.
    let length = |at: usize| u32::from_le_bytes(journal[at..at + 4].try_into().unwrap()) as usize;
    let first = 16 + 8 + length(16);
    let second = first + 8 + length(first);
    for (at, warning, going_on) in [
        (
            second + 100,
            "is damaged: 1 replication cannot be read; missing replications are run again",
            "resuming after 23 replications",
        ),
        (second, "is damaged: everything in its last ", "resuming after 1 replication\n"),
        (
            16 + 20,
            "warning: the header of the journal in out is damaged: all replications are run again",
            "",
        ),
    ] {
        let mut broken = journal.clone();
        broken[at] ^= 4;
        fs::create_dir(room.path("out")).unwrap();
        fs::write(room.path("out/cells.journal"), &broken).unwrap();
        let stderr = room.ends(&format!("{arguments} -o out --resume"), 0);
        assert!(stderr.contains(warning) && stderr.contains(going_on), "at {at}: {stderr}");
        assert_same(&room.path("whole"), &room.path("out"));
        fs::remove_dir_all(room.path("out")).unwrap();
    }
    // A journal cut off within an entry, as by a kill, is not damaged.
    fs::create_dir(room.path("out")).unwrap();
    fs::write(room.path("out/cells.journal"), &journal[..second + 40]).unwrap();
    let stderr = room.ends(&format!("{arguments} -o out --resume"), 0);
    assert!(
        !stderr.contains("damaged") && stderr.contains("resuming after 1 replication\n"),
        "{stderr}"
    );
}
