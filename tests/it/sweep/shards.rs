//! Shards: which are merged, resumed and replaced.

use super::{SCENARIO, assert_same, files};
use crate::support::{Room, signal, wait_until};
use std::fs;
use std::process::Stdio;

#[test]
fn shards_that_do_not_belong_together_are_not_merged() {
    // One shard missing, one of another number of shards, one of another seed, one unfinished; the
    // messages are fixed here.
    let room = Room::new("small.yaml", SCENARIO);
    let shard = |folder: &str, shard: &str, more: &str| {
        room.ends(&format!("sweep small.yaml -r 2 -d 5s -q -o {folder} --shard {shard}{more}"), 0);
    };
    shard("a", "1/3", "");
    shard("a", "3/3", "");
    assert!(room.ends("merge a -o out", 2).contains("shard 2 of 3 is missing"));
    shard("b", "2/4", "");
    assert!(
        room.ends("merge a b -o out", 2).contains("is shard 2/4, but the others are shards of 3")
    );
    shard("c", "2/3", " -s 9");
    assert!(room.ends("merge a c -o out", 2).contains("is not a shard of the same sweep as"));
    shard("d", "2/3", "");
    fs::remove_file(room.path("d/shard-00002-of-00003/manifest.json")).unwrap();
    assert!(room.ends("merge a d -o out", 2).contains("is not finished"));
    assert!(room.ends("merge small.yaml -o out", 2).contains("these folders contain no shards"));
    assert!(!room.path("out").exists(), "nothing was written");
    shard("d", "2/3", "");
    room.ends("merge a d -o out -q", 0);
}

#[test]
fn a_shard_whose_journal_was_damaged_after_completion_is_not_merged() {
    // Half of the journal is cut off, so some point has no replications; the message is fixed here.
    // Once the shard is run again, the merge equals the whole sweep.
    let room = Room::new("small.yaml", SCENARIO);
    for shard in ["1/2", "2/2"] {
        room.ends(&format!("sweep small.yaml -r 2 -d 5s -q -o shards --shard {shard}"), 0);
    }
    let journal = room.path("shards/shard-00002-of-00002/cells.journal");
    let bytes = fs::read(&journal).unwrap();
    fs::write(&journal, &bytes[..bytes.len() / 2]).unwrap();
    let stderr = room.ends("merge shards -o out", 2);
    assert!(
        stderr.contains(" of 2 replications: the journal of shard 2 of 2 (`shards/shard-00002-of-00002`) was damaged")
            && stderr.contains("remove its manifest.json and run that shard again"),
        "{stderr}"
    );
    assert_eq!(fs::read(&journal).unwrap().len(), bytes.len() / 2, "a merge changes no shard");
    assert!(!room.path("out").exists(), "nothing was written");
    fs::remove_file(room.path("shards/shard-00002-of-00002/manifest.json")).unwrap();
    room.ends("sweep small.yaml -r 2 -d 5s -q -o shards --shard 2/2", 0);
    room.ends("merge shards -o out -q", 0);
    room.ends("sweep small.yaml -r 2 -d 5s -q -o whole", 0);
    assert_same(&room.path("whole"), &room.path("out"));
}

#[test]
fn a_merge_replaces_neither_a_shard_nor_an_unfinished_sweep() {
    // The journal of an interrupted sweep stays, except with `--force`; that of a shard always
    // stays. The messages are fixed here.
    let room = Room::new("small.yaml", SCENARIO);
    room.ends("sweep small.yaml -r 2 -d 5s -q -o shards --shard 1/1", 0);
    fs::create_dir(room.path("out")).unwrap();
    let mut journal = fs::read(room.path("shards/shard-00001-of-00001/cells.journal")).unwrap();
    journal.extend([1, 2, 3]);
    fs::write(room.path("out/cells.journal"), &journal).unwrap();
    assert!(
        room.ends("merge shards -o out", 2)
            .contains("`out` contains a shard or an unfinished sweep")
    );
    assert_eq!(
        fs::read(room.path("out/cells.journal")).unwrap(),
        journal,
        "the journal is unchanged, including its broken end"
    );
    room.ends("merge shards -o out --force -q", 0);
    assert!(!room.path("out/cells.journal").exists());
    let stderr = room.ends("merge shards -o shards/shard-00001-of-00001 --force", 2);
    assert!(stderr.contains("is one of the shards to merge"), "{stderr}");
    assert!(room.path("shards/shard-00001-of-00001/cells.journal").exists());
}

#[test]
fn the_journal_of_a_shard_is_not_resumed_as_that_of_another_sweep() {
    // The folder of a shard is used for the whole sweep, and for another shard: complete, and
    // without the manifest, like an interrupted one. The messages are fixed here.
    let room = Room::new("small.yaml", SCENARIO);
    room.ends("sweep small.yaml -r 2 -d 5s -q -o out --shard 2/3", 0);
    let (shard, other) =
        (room.path("out/shard-00002-of-00003"), room.path("out/shard-00003-of-00003"));
    let journal = fs::read(shard.join("cells.journal")).unwrap();
    fs::create_dir(&other).unwrap();
    for file in ["cells.journal", "manifest.json"] {
        fs::copy(shard.join(file), other.join(file)).unwrap();
    }
    for (state, help) in
        [("complete", "choose another folder"), ("interrupted", "the command that started it")]
    {
        let stderr =
            room.ends("sweep small.yaml -r 2 -d 5s -q -o out/shard-00002-of-00003 --resume", 2);
        assert!(
            stderr.contains("holds shard 2/3 of this sweep") && stderr.contains(help),
            "{state}: {stderr}"
        );
        assert_eq!(
            fs::read(shard.join("cells.journal")).unwrap(),
            journal,
            "the journal is unchanged"
        );
        assert!(
            room.ends("sweep small.yaml -r 2 -d 5s -q -o out --shard 3/3", 2)
                .contains("holds shard 2/3 of this sweep")
        );
        let _ = fs::remove_file(shard.join("manifest.json"));
        let _ = fs::remove_file(other.join("manifest.json"));
    }
}

#[test]
fn a_shard_restarted_with_force_and_interrupted_is_incomplete() {
    // SIGINT as soon as `--force` has started: the earlier manifest is gone, also if its seed
    // differs, and in the end so are the tables that it named.
    let room = Room::new("small.yaml", SCENARIO);
    let arguments = "sweep small.yaml -r 40 -d 200s -q -o out --shard 1/2";
    room.ends(arguments, 0);
    let shard = room.path("out/shard-00001-of-00002");
    let manifest = shard.join("manifest.json");
    let before =
        files(&shard).into_iter().filter(|(name, _)| name != "cells.journal").collect::<Vec<_>>();
    for restart in ["--force", "--force -s 2"] {
        room.ends(&format!("{arguments} --force --series"), 0);
        let child =
            room.command(&format!("{arguments} {restart}")).stderr(Stdio::piped()).spawn().unwrap();
        wait_until("the earlier manifest is gone", || !manifest.exists());
        signal(&child, "-INT");
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(2) && stderr.contains("continue with the same command"),
            "{stderr}"
        );
        assert!(!manifest.exists());
        assert!(
            shard.join("series/part-00000.parquet").exists(),
            "the files of the earlier manifest are still there"
        );
        room.ends(&format!("{arguments} --force"), 0);
    }
    let after =
        files(&shard).into_iter().filter(|(name, _)| name != "cells.journal").collect::<Vec<_>>();
    let names = |files: &[(String, Vec<u8>)]| {
        files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&after), names(&before));
    assert!(after == before);
}
