//! The journal of a sweep: created, resumed, or refused if it belongs to another sweep.

use super::PreparedSweep;
use crate::cli::arguments::Sweep;
use crate::cli::out::say;
use crate::cli::write::refuse;
use crate::experiment::Shard;
use crate::report;
use crate::store::{
    self, Damage, Folder, Head, Journal, Opened, OptionalTables, StoreError, Written,
};
use serde_json::Value;
use std::path::Path;

/// Whether a folder contains the complete sweep, or shard, with that head.
pub(crate) fn is_complete(folder: &Path, head: &Head) -> bool {
    let shard = head.shard.map(|shard| shard.to_string());
    store::manifest_of(folder).is_some_and(|manifest| {
        manifest["identity"].as_str() == Some(&head.identity)
            && manifest["shard"].as_str() == shard.as_deref()
    })
}

/// Opens the journal to resume, or creates a new one. Reports and returns `None` if the folder
/// holds a journal that is not to be continued.
pub(super) fn open_journal(
    folder: &Folder,
    prepared: &PreparedSweep,
    options: &Sweep,
) -> Result<Option<Journal>, StoreError> {
    const OR_START_OVER: &str =
        "or choose another folder with `--out`, or start over with `--force`";
    let (path, wanted) = (folder.path(), &prepared.head);
    let may_resume = options.resume || wanted.shard.is_some();
    let refused = |what: String, help: String| {
        refuse(&format!("`{}` holds {what}\n  = help: {help}", path.display()));
        Ok(None)
    };
    let written = match Written::open(path)? {
        Opened::Whole(written) if !options.output.force => written,
        Opened::Foreign if !options.output.force => {
            let what = format!(
                "a file `{}` that is not the journal of a sweep, or whose first bytes are damaged",
                store::JOURNAL
            );
            return refused(what, format!("remove it, {OR_START_OVER}"));
        }
        Opened::Damaged if !options.output.force => {
            say(&format!(
                "warning: the header of the journal in {} is damaged: all replications are run again",
                path.display()
            ));
            return new_journal(folder, wanted).map(Some);
        }
        Opened::Nothing if options.resume && folder.is_complete() => {
            let theirs = store::manifest_of(path).unwrap_or_default();
            let difference = difference(&theirs["scenario"], wanted, None);
            let help = format!("omit `--resume` to replace it, {OR_START_OVER}");
            return refused(format!("another finished sweep ({difference})"), help);
        }
        _ => return new_journal(folder, wanted).map(Some),
    };
    let head = &written.head;
    if head.identity != wanted.identity {
        let theirs = serde_json::from_str(&head.scenario).unwrap_or_default();
        let difference = difference(&theirs, wanted, Some(head.wanted));
        return refused(
            format!("another sweep ({difference})"),
            format!("undo the change to resume it, {OR_START_OVER}"),
        );
    }
    if Shard::selection(head.shard) != Shard::selection(wanted.shard) {
        let what = head.shard.map_or("an unfinished sweep of all points".to_string(), |shard| {
            format!("shard {shard} of this sweep")
        });
        return refused(
            what,
            format!("resume it with the command that started it, {OR_START_OVER}"),
        );
    }
    let journal = Journal::go_on(path, written)?;
    warn_of_damage(path, journal.damage);
    match journal.len() {
        done if may_resume || done == 0 => Ok(Some(journal)),
        done => Err(StoreError::Unfinished {
            folder: path.display().to_string(),
            done: replications(done),
        }),
    }
}

/// Describes how another sweep, whose scenario is `theirs`, differs from the requested one.
fn difference(theirs: &Value, wanted: &Head, their_tables: Option<OptionalTables>) -> String {
    let ours: Value = serde_json::from_str(&wanted.scenario).unwrap_or_default();
    for (key, word) in
        [("seed", "seed"), ("replications", "replications"), ("duration", "duration")]
    {
        let (theirs, ours) = (&theirs["run"][key], &ours["run"][key]);
        if theirs != ours && !theirs.is_object() && !ours.is_object() {
            return format!("{word} {}, not {}", report::plain(theirs), report::plain(ours));
        }
    }
    match () {
        () if theirs["sweep"] != ours["sweep"] => "different points",
        () if *theirs != ours => "different scenario",
        () if their_tables.is_some_and(|tables| tables != wanted.wanted) => {
            "different tables: see `--series` and `--histograms`"
        }
        () => "different release, or changed files of measured values",
    }
    .to_string()
}

/// Warns that damaged replications are run again. The results do not change, but the sweep takes
/// longer.
fn warn_of_damage(folder: &Path, damage: Damage) {
    if !damage.is_any() {
        return;
    }
    let lost = match (damage.entries, damage.bytes) {
        (entries, 0) => replications(entries),
        (0, bytes) => format!("everything in its last {} bytes", report::thousands(bytes)),
        (entries, bytes) => format!(
            "{} and everything in its last {} bytes",
            replications(entries),
            report::thousands(bytes)
        ),
    };
    say(&format!(
        "warning: the journal in {} is damaged: {lost} cannot be read; missing replications are run again",
        folder.display()
    ));
}

pub(super) fn replications(n: u64) -> String {
    if n == 1 {
        "1 replication".to_string()
    } else {
        format!("{} replications", report::thousands(n))
    }
}

/// Creates a journal. A shard with a new journal is no longer complete, so its manifest is removed.
fn new_journal(folder: &Folder, head: &Head) -> Result<Journal, StoreError> {
    if store::manifest_of(folder.path()).is_some_and(|manifest| manifest["shard"].is_string()) {
        folder.withdraw()?;
    }
    Journal::create(folder.path(), head)
}
