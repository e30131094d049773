//! The end of a sweep or a merge: all points are reduced in order, written and summarised.

use super::PreparedSweep;
use super::journal::replications;
use crate::cli::Outcome;
use crate::cli::draw::paint;
use crate::cli::out::{print, say};
use crate::cli::progress::Bar;
use crate::cli::write::refuse;
use crate::experiment::{self, Options, ReducedPoint, RunError};
use crate::random::keys::mix;
use crate::report::{self, SweepLine};
use crate::store::{self, Folder, Journal, Manifest, StoreError, SweepDataset};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// How a sweep is reported.
pub(crate) struct OutputMode<'s> {
    pub json: bool,
    pub quiet: bool,
    /// How to resume if the sweep could not be finished, for messages.
    pub how_to_resume: &'static str,
    /// The folders of the shards to merge, by number; `None` for a sweep.
    pub shards: Option<&'s BTreeMap<u32, PathBuf>>,
}

/// Reduces all points in order, writes the files and prints the summary.
pub(crate) fn finish(
    folder: Folder,
    prepared: &PreparedSweep,
    journal: &mut Journal,
    how: Options,
    mode: &OutputMode,
) -> Result<Outcome, StoreError> {
    let path = folder.path().to_path_buf();
    let spec = &prepared.spec;
    let parameters = store::parameters(spec.numbers().map(|number| spec.points.row(number)));
    let mut dataset = SweepDataset::begin(folder, parameters, prepared.head.wanted)?;
    let bar = Bar::new("points written", !mode.quiet && !mode.json);
    let (mut totals, mut printed) = (Totals::default(), Outcome::Done);
    let reduced = experiment::reduce_all(spec, how, journal, &mut |reduced| {
        if how.interrupted.load(Ordering::Relaxed) {
            return Err("interrupted while writing the files".into());
        }
        let line = SweepLine::of(reduced);
        if mode.json && printed == Outcome::Done {
            printed = print(&format!("{}\n", line.to_json(reduced.swept.results.as_ref())));
        }
        totals.add(reduced, line);
        bar.show_activity("writing", totals.points, spec.len());
        Ok(dataset.append(reduced)?)
    });
    bar.clear();
    match reduced.map_err(StoreError::from_run) {
        Err(Ok(error)) => return Err(error),
        Err(Err(failed)) => return Ok(refuse_to_finish(&failed, mode)),
        Ok(()) => {}
    }
    let manifest = Manifest::of_sweep(
        &prepared.scenario,
        spec.points.len(),
        prepared.head.shard,
        &prepared.head.identity,
        totals.fingerprint,
    );
    let files = dataset.finish(manifest)?;
    if prepared.head.shard.is_none() {
        // The files now contain everything. A shard keeps its journal: `merge` reads it.
        let _ = std::fs::remove_file(path.join(store::JOURNAL));
    }
    if !mode.json && !mode.quiet {
        printed = print(&totals.summary(prepared));
        say(&format!("wrote {files} files to {}", path.display()));
    }
    if totals.failed_cells > 0 {
        say(&format!(
            "{} failed: see `failure` and `reason` in points.parquet",
            replications(totals.failed_cells)
        ));
        return Ok(Outcome::Refused);
    }
    Ok(printed)
}

/// What the points of a sweep add up to, in their order.
#[derive(Default)]
struct Totals {
    points: u64,
    failed_cells: u64,
    fingerprint: u64,
    /// The lines that the summary may show: the first points, and the first that failed.
    lines: Vec<SweepLine>,
}

impl Totals {
    fn add(&mut self, reduced: &ReducedPoint, line: SweepLine) {
        self.points += 1;
        self.failed_cells += reduced.swept.failures.len() as u64;
        let bits = reduced
            .swept
            .results
            .as_ref()
            .map_or(0, |results| u64::from_str_radix(&results.fingerprint, 16).unwrap_or(0));
        self.fingerprint =
            mix(self.fingerprint.rotate_left(5) ^ bits).wrapping_add(self.fingerprint);
        let shown = report::POINTS_SHOWN;
        if self.lines.len() < shown || !line.failure.is_empty() && self.lines.len() < 2 * shown {
            self.lines.push(line);
        }
    }

    fn summary(&self, prepared: &PreparedSweep) -> String {
        report::sweep(
            &prepared.scenario,
            &self.lines,
            prepared.spec.len(),
            self.fingerprint,
            paint(std::io::stdout().is_terminal()),
        )
    }
}

/// Reports why the points could not be reduced, and how to finish the sweep nevertheless.
fn refuse_to_finish(failed: &RunError, mode: &OutputMode) -> Outcome {
    let RunError::Missing { point, .. } = failed else {
        let resume = mode.how_to_resume;
        return refuse(&format!("{failed}\n  = help: nothing is lost: {resume}"));
    };
    let shard = mode.shards.and_then(|shards| {
        let number = (point % shards.len() as u64) as u32 + 1;
        let folder = shards.get(&number)?.display();
        Some(format!("shard {number} of {} (`{folder}`)", shards.len()))
    });
    let shard = shard.unwrap_or_else(|| "this sweep".to_string());
    refuse(&format!(
        "{failed}: the journal of {shard} was damaged after it was complete\n  = help: remove its manifest.json and run that shard again: only missing replications are run"
    ))
}
