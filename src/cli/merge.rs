//! `merge`: combines the shards of a sweep into the dataset one machine would have written.

use super::Outcome;
use super::arguments::Merge;
use super::interrupt;
use super::progress::Bar;
use super::sweep::{OutputMode, PreparedSweep, finish, is_complete};
use super::write::{refuse, refuse_store};
use crate::report::thousands;
use crate::store::{Folder, Head, JOURNAL, Journal, Opened, StoreError, Written};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn merge(options: &Merge) -> Outcome {
    let (head, shards) = match collect_shards(&options.folders) {
        Ok(collected) => collected,
        Err(message) => return refuse(&message),
    };
    let prepared = match PreparedSweep::of_journal(head) {
        Ok(prepared) => prepared,
        Err(message) => return refuse(&message),
    };
    into_folder(&prepared, &shards, options, interrupt::flag())
        .unwrap_or_else(|error| refuse_store(&error))
}

/// Returns the head of the sweep and the folder of each shard by its number.
///
/// # Errors
/// A message if the folders do not contain all shards of one sweep.
fn collect_shards(folders: &[PathBuf]) -> Result<(Head, BTreeMap<u32, PathBuf>), String> {
    let folders: Vec<PathBuf> = folders.iter().flat_map(|folder| shards_in(folder)).collect();
    let (mut whole, mut of, mut shards): (Option<Head>, _, _) = (None, 1, BTreeMap::new());
    for folder in &folders {
        let name = folder.display();
        let opened = Written::open(folder)
            .map_err(|error| format!("{error}\n  = help: {}", error.help()))?;
        let Opened::Whole(Written { head, .. }) = opened else {
            return Err(format!("`{name}` does not contain a valid shard journal"));
        };
        if whole.as_ref().is_some_and(|first| first.identity != head.identity) {
            return Err(format!(
                "`{name}` is not a shard of the same sweep as `{}`\n  = help: all shards must have the same scenario, points, seed and release",
                folders[0].display()
            ));
        }
        let Some(shard) = head.shard else {
            return Err(format!("`{name}` contains a whole sweep, not a shard"));
        };
        if whole.is_some() && shard.of != of {
            return Err(format!("`{name}` is shard {shard}, but the others are shards of {of}"));
        }
        if !is_complete(folder, &head) {
            return Err(format!(
                "`{name}` is not finished\n  = help: run shard {shard} again: completed replications are kept"
            ));
        }
        of = shard.of;
        // A shard given twice is used once: both copies are equal.
        shards.entry(shard.number).or_insert_with(|| folder.clone());
        whole.get_or_insert(Head { shard: None, ..head });
    }
    let missing: Vec<u32> = (1..=of).filter(|number| !shards.contains_key(number)).collect();
    match whole {
        None => Err("these folders contain no shards\n  = help: give the folder that `asyncflow sweep --shard` wrote to".to_string()),
        Some(_) if !missing.is_empty() => {
            let listed: Vec<String> = missing.iter().take(20).map(u32::to_string).collect();
            let more = if missing.len() > 20 { " …" } else { "" };
            Err(match missing.as_slice() {
                [one] => format!("shard {one} of {of} is missing"),
                _ => format!("{} of {of} shards are missing: {}{more}", thousands(missing.len() as u64), listed.join(", ")),
            })
        }
        Some(head) => Ok((head, shards)),
    }
}

/// Merges the cells of all shards into one journal and writes the files as a sweep does.
fn into_folder(
    prepared: &PreparedSweep,
    shards: &BTreeMap<u32, PathBuf>,
    options: &Merge,
    interrupted: &Arc<AtomicBool>,
) -> Result<Outcome, StoreError> {
    let out = std::fs::canonicalize(&options.out).ok();
    if shards.values().any(|shard| out.is_some() && std::fs::canonicalize(shard).ok() == out) {
        return Ok(refuse(&format!(
            "`{}` is one of the shards to merge\n  = help: choose another folder with `--out`",
            options.out.display()
        )));
    }
    let folder = Folder::open(&options.out, prepared.study(), options.force)?;
    if !options.force && !matches!(Written::open(folder.path())?, Opened::Nothing) {
        return Ok(refuse(&format!(
            "`{}` contains a shard or an unfinished sweep\n  = help: choose another folder with `--out`, or overwrite it with `--force`",
            options.out.display()
        )));
    }
    let mut gathered = Journal::nameless(folder.path(), &prepared.head)?;
    let bar = Bar::new("shards", !options.quiet);
    for (read, shard) in shards.values().enumerate() {
        bar.show_activity("reading", read as u64, shards.len() as u64);
        let Opened::Whole(mut written) = Written::open(shard)? else { continue };
        while let Some((entry, _)) = written.next()? {
            if interrupted.load(Ordering::Relaxed) {
                bar.clear();
                return Ok(refuse("interrupted: nothing was written"));
            }
            gathered.append(&entry)?;
        }
    }
    bar.clear();
    let how = options.threads.until(interrupted);
    let mode = OutputMode {
        json: false,
        quiet: options.quiet,
        how_to_resume: "run the same command again",
        shards: Some(shards),
    };
    finish(folder, prepared, &mut gathered, how, &mode)
}

/// Returns the folder itself if it is a shard, otherwise the shard folders in it, sorted by name.
fn shards_in(folder: &Path) -> Vec<PathBuf> {
    if folder.join(JOURNAL).exists() {
        return vec![folder.to_path_buf()];
    }
    let entries =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut shards: Vec<PathBuf> = entries.filter(|path| path.join(JOURNAL).exists()).collect();
    shards.sort();
    shards
}
