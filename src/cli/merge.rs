//! `merge`: the shards of a sweep become what one machine would have made.

use super::Outcome;
use super::arguments::Merge;
use super::interrupt;
use super::run::refuse_store;
use super::sweep::{Prepared, Saying, SortedKeeper, finish, is_complete};
use super::write::refuse;
use crate::experiment::{Cell, CellRecord, Failure, Keeper, Known, Options};
use crate::report::thousands;
use crate::store::{Folder, Head, JOURNAL, Journal};
use std::path::{Path, PathBuf};

/// The journals of all shards, each with its shard.
struct Shards {
    journals: Vec<(Head, Journal)>,
}

impl Keeper for Shards {
    fn keep(&mut self, _: Cell, _: &Result<CellRecord, Failure>) -> Result<(), String> {
        Err("a merge runs nothing".to_string())
    }
    fn known(&mut self, point: u64) -> Result<Vec<Known>, String> {
        match self.journals.iter_mut().find(|(head, _)| head.shard.is_none_or(|shard| shard.holds(point))) {
            Some((_, journal)) => journal.known(point),
            None => Ok(Vec::new()),
        }
    }
}

impl SortedKeeper for Shards {
    fn sort(&mut self) {
        self.journals.iter_mut().for_each(|(_, journal)| journal.sort());
    }
}

pub fn merge(options: &Merge) -> Outcome {
    let interrupted = interrupt::flag();
    let folders: Vec<PathBuf> = options.folders.iter().flat_map(|folder| shards_in(folder)).collect();
    if folders.is_empty() {
        return refuse("no shard is in these folders\n  = help: give the folder that `asyncflow sweep --shard` wrote to");
    }
    let mut journals: Vec<(Head, Journal)> = Vec::new();
    for folder in &folders {
        let (head, journal) = match Journal::open(folder) {
            Ok(Some(opened)) => opened,
            Ok(None) => return refuse(&format!("`{}` holds no journal of a shard, or a broken one", folder.display())),
            Err(error) => return refuse_store(&error),
        };
        if journals.first().is_some_and(|(first, _)| first.identity != head.identity) {
            return refuse(&format!(
                "`{}` is a shard of another sweep than `{}`\n  = help: shards that belong together are of the same scenario, points, seed and release",
                folder.display(),
                folders[0].display()
            ));
        }
        let Some(shard) = head.shard else { return refuse(&format!("`{}` holds a whole sweep, not a shard", folder.display())) };
        let of = journals.first().and_then(|(first, _)| first.shard).map_or(shard.of, |first| first.of);
        if shard.of != of {
            return refuse(&format!("`{}` is shard {shard}, the others are of {of}", folder.display()));
        }
        if !is_complete(folder, &head.identity) {
            return refuse(&format!(
                "`{}` is not finished\n  = help: run shard {shard} again: only what is missing is run",
                folder.display()
            ));
        }
        if journals.iter().any(|(other, _)| other.shard == Some(shard)) {
            // The same shard twice is the same twice.
            continue;
        }
        journals.push((head, journal));
    }
    journals.sort_by_key(|(head, _)| head.shard);
    let Some((first, _)) = journals.first() else { return Outcome::Refused };
    let of = first.shard.map_or(1, |shard| shard.of);
    let there: Vec<u32> = journals.iter().filter_map(|(head, _)| head.shard).map(|shard| shard.number).collect();
    let missing: Vec<u32> = (1..=of).filter(|number| !there.contains(number)).collect();
    if !missing.is_empty() {
        let listed: Vec<String> = missing.iter().take(20).map(u32::to_string).collect();
        let more = if missing.len() > 20 { " …" } else { "" };
        return refuse(&format!("{} of {of} shards are missing: {}{more}", thousands(missing.len() as u64), listed.join(", ")));
    }
    let prepared = match Prepared::of_journal(Head { shard: None, ..first.clone() }) {
        Ok(prepared) => prepared,
        Err(words) => return refuse(&words),
    };
    let folder = match Folder::open(&options.out, &prepared.scenario.name, options.force) {
        Ok(folder) => folder,
        Err(error) => return refuse_store(&error),
    };
    let how = Options { threads: options.threads.unwrap_or(0), interrupted };
    let saying = Saying { json: false, quiet: options.quiet };
    finish(folder, &prepared, &mut Shards { journals }, how, &saying).unwrap_or_else(|error| refuse_store(&error))
}

/// The folder itself, or the shards' folders in it, in their order.
fn shards_in(folder: &Path) -> Vec<PathBuf> {
    if folder.join(JOURNAL).exists() {
        return vec![folder.to_path_buf()];
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.join(JOURNAL).exists()).collect();
    found.sort();
    found
}
