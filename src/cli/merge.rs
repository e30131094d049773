//! `merge`: the shards of a sweep become what one machine would have made.

use super::Outcome;
use super::arguments::Merge;
use super::interrupt;
use super::progress::Bar;
use super::sweep::{OutputMode, PreparedSweep, finish, is_complete};
use super::write::{refuse, refuse_store};
use crate::experiment::Options;
use crate::report::thousands;
use crate::store::{Folder, Head, JOURNAL, Journal, Opened, StoreError, Written};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub fn merge(options: &Merge) -> Outcome {
    let (head, shards) = match together(&options.folders) {
        Ok(together) => together,
        Err(words) => return refuse(&words),
    };
    let prepared = match PreparedSweep::of_journal(head) {
        Ok(prepared) => prepared,
        Err(words) => return refuse(&words),
    };
    into_folder(&prepared, &shards, options, interrupt::flag())
        .unwrap_or_else(|error| refuse_store(&error))
}

/// The head of the sweep that all shards in these folders are of, and where each is, by its number.
/// Words, if they do not make up a whole.
fn together(folders: &[PathBuf]) -> Result<(Head, BTreeMap<u32, PathBuf>), String> {
    let folders: Vec<PathBuf> = folders.iter().flat_map(|folder| shards_in(folder)).collect();
    let (mut whole, mut of, mut shards): (Option<Head>, _, _) = (None, 1, BTreeMap::new());
    for folder in &folders {
        let name = folder.display();
        let opened = Written::open(folder)
            .map_err(|error| format!("{error}\n  = help: {}", error.help()))?;
        let Opened::Whole(Written { head, .. }) = opened else {
            return Err(format!("`{name}` holds no journal of a shard, or a broken one"));
        };
        if whole.as_ref().is_some_and(|first| first.identity != head.identity) {
            return Err(format!(
                "`{name}` is a shard of another sweep than `{}`\n  = help: shards that belong together are of the same scenario, points, seed and release",
                folders[0].display()
            ));
        }
        let Some(shard) = head.shard else {
            return Err(format!("`{name}` holds a whole sweep, not a shard"));
        };
        if whole.is_some() && shard.of != of {
            return Err(format!("`{name}` is shard {shard}, the others are of {of}"));
        }
        if !is_complete(folder, &head) {
            return Err(format!(
                "`{name}` is not finished\n  = help: run shard {shard} again: only what is missing is run"
            ));
        }
        of = shard.of;
        // The same shard twice is the same twice.
        shards.entry(shard.number).or_insert_with(|| folder.clone());
        whole.get_or_insert(Head { shard: None, ..head });
    }
    let missing: Vec<u32> = (1..=of).filter(|number| !shards.contains_key(number)).collect();
    match whole {
        None => Err("no shard is in these folders\n  = help: give the folder that `asyncflow sweep --shard` wrote to".to_string()),
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

/// Gathers the cells of all shards in one journal, and makes the files of it as a sweep does.
fn into_folder(
    prepared: &PreparedSweep,
    shards: &BTreeMap<u32, PathBuf>,
    options: &Merge,
    interrupted: &Arc<AtomicBool>,
) -> Result<Outcome, StoreError> {
    let place = std::fs::canonicalize(&options.out).ok();
    if shards.values().any(|shard| place.is_some() && std::fs::canonicalize(shard).ok() == place) {
        return Ok(refuse(&format!(
            "`{}` is one of the shards that are merged\n  = help: give another folder with `--out`",
            options.out.display()
        )));
    }
    let folder = Folder::open(&options.out, prepared.study(), options.force)?;
    if !options.force && !matches!(Written::open(folder.path())?, Opened::Nothing) {
        return Err(StoreError::Foreign {
            what: format!("`{}` holds a shard, or an unfinished sweep", options.out.display()),
            help: "give another folder with `--out`, or overwrite it with `--force`".to_string(),
        });
    }
    let mut gathered = Journal::nameless(folder.path(), &prepared.head)?;
    let bar = Bar::new("shards", !options.quiet);
    for (read, shard) in shards.values().enumerate() {
        bar.show_words("reading", read as u64, shards.len() as u64);
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
    let how = Options { threads: options.threads.unwrap_or(0), interrupted };
    let saying = OutputMode {
        json: false,
        quiet: options.quiet,
        how_to_go_on: "run the same command again",
        shards: Some(shards),
    };
    finish(folder, prepared, &mut gathered, how, &saying)
}

/// The folder itself, or the shards' folders in it, in their order.
fn shards_in(folder: &Path) -> Vec<PathBuf> {
    if folder.join(JOURNAL).exists() {
        return vec![folder.to_path_buf()];
    }
    let entries =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.join(JOURNAL).exists()).collect();
    found.sort();
    found
}
