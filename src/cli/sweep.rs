//! `sweep`: all replications of all points, in one dataset.

mod journal;

pub use journal::is_complete;

use super::Outcome;
use super::arguments::Sweep;
use super::check::{Loaded, load};
use super::draw::paint;
use super::out::{print, say};
use super::progress::Bar;
use super::write::{refuse, refuse_store, stopped};
use super::{interrupt, run, vary};
use crate::experiment::{self, Options, Progress, RunError, Shard, Spec};
use crate::problem::{Problem, Severity};
use crate::random::keys::mix;
use crate::report::{self, SweepLine};
use crate::scenario::{Scenario, Template, to_json};
use crate::store::{
    self, Folder, Head, Journal, Manifest, OptionalTables, StoreError, Study, SweepDataset,
};
use journal::{open_journal, replications};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// More points need `--yes`: a typing error can easily make a billion points.
const POINTS_LIMIT: u64 = 200_000;

/// More replications need `--yes`.
const CELLS_LIMIT: u64 = 10_000_000;

/// The number of invalid points whose problems are printed.
const POINTS_REPORTED: usize = 10;

pub fn sweep(options: &Sweep) -> Outcome {
    #[allow(clippy::disallowed_methods, reason = "where a shard runs does not affect results")]
    let environment = |name: &str| std::env::var(name).ok();
    let shard =
        match options.shard.as_ref().map(|typed| vary::shard(typed, &environment)).transpose() {
            Ok(shard) => shard,
            Err(message) => return refuse(&format!("--shard: {message}")),
        };
    let change = |scenario: &mut Scenario| {
        let mut problems =
            run::change(scenario, options.replications, options.seed, options.duration.as_deref());
        problems.extend(vary::apply(
            &mut scenario.sweep,
            &options.vary,
            options.design,
            options.points,
        ));
        if scenario.sweep.as_ref().is_none_or(crate::scenario::Sweep::is_empty)
            && problems.is_empty()
        {
            let what = "nothing is varied".to_string();
            problems.push(
                Problem::new(Severity::Error, "sweep", what)
                    .help("add a `sweep:` block, or use `--vary services.api.replicas=1,2,4`"),
            );
        }
        problems
    };
    let Some(loaded) = load(&options.scenario, &options.set, options.quiet || options.json, change)
    else {
        return Outcome::Refused;
    };
    let wanted = OptionalTables { series: options.series, histograms: options.histograms };
    let prepared = match PreparedSweep::new(&loaded, &options.scenario, shard, wanted) {
        Ok(prepared) => prepared,
        Err(message) => return refuse(&message),
    };
    let most = prepared
        .spec
        .rule
        .as_ref()
        .map_or_else(|| loaded.scenario.run.replications.most(), |rule| rule.max);
    let (points, cells) =
        (prepared.spec.points.len(), prepared.spec.points.len().saturating_mul(u64::from(most)));
    if (points > POINTS_LIMIT || cells > CELLS_LIMIT) && !options.yes {
        let (points, cells) = (report::thousands(points), report::thousands(cells));
        return refuse(&format!(
            "this sweep has {points} points and up to {cells} replications\n  = help: vary fewer values, or sample points with `--design sobol --points 256`; `--yes` runs them all"
        ));
    }
    if let Outcome::Refused = check_points(&prepared.spec, options) {
        return Outcome::Refused;
    }
    let folder = options
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from("out").join(format!("{}-sweep", loaded.scenario.name)));
    let folder = shard.map_or(folder.clone(), |shard| {
        folder.join(format!("shard-{:05}-of-{:05}", shard.number, shard.of))
    });
    in_folder(&folder, &prepared, options, interrupt::flag())
        .unwrap_or_else(|error| refuse_store(&error))
}

/// A sweep that is ready to run or to be reduced.
pub struct PreparedSweep {
    pub scenario: Scenario,
    pub spec: Spec,
    pub head: Head,
}

impl PreparedSweep {
    fn new(
        loaded: &Loaded,
        file: &Path,
        shard: Option<Shard>,
        wanted: OptionalTables,
    ) -> Result<PreparedSweep, String> {
        let scenario = loaded.scenario.clone();
        let folder = file.parent().unwrap_or(Path::new(""));
        let template = Template::new(&loaded.read, &scenario, folder.to_path_buf());
        let (written, template_json) = (to_json(&scenario), template.to_json());
        let version = env!("CARGO_PKG_VERSION");
        let measured: Vec<String> =
            measured_in(&serde_json::from_str(&written).unwrap_or_default())
                .into_iter()
                .map(|file| {
                    store::hash(&String::from_utf8_lossy(
                        &std::fs::read(folder.join(file)).unwrap_or_default(),
                    ))
                })
                .collect();
        let identity = store::hash(&format!(
            "{version}\n{written}\n{template_json}\n{wanted:?}\n{measured:?}"
        ));
        let folder =
            std::path::absolute(folder).unwrap_or(folder.to_path_buf()).display().to_string();
        let file = file.display().to_string();
        let mut head = Head {
            identity,
            scenario: written,
            template: template_json,
            file,
            folder,
            wanted,
            points: 0,
            shard,
        };
        let spec = Spec::new(&scenario, template, head.shard, head.wanted.series);
        head.points = spec.points.len();
        Ok(PreparedSweep { scenario, spec, head })
    }

    /// Restores the sweep of a journal; only its scenario is read again.
    pub fn of_journal(head: Head) -> Result<PreparedSweep, String> {
        let folder = PathBuf::from(&head.folder);
        let loaded = crate::scenario::read(
            &head.scenario,
            crate::scenario::text::Format::Json,
            "sweep",
            &folder,
            &[],
        );
        let scenario = loaded.scenario.ok_or_else(|| loaded.problems.in_one_line())?;
        let template = Template::from_json(&head.template, &scenario.name, folder)?;
        let spec = Spec::new(&scenario, template, head.shard, head.wanted.series);
        Ok(PreparedSweep { scenario, spec, head })
    }

    /// Returns the identity of the study, for its folder.
    pub fn study(&self) -> Study {
        Study::of_sweep(Path::new(&self.head.file), &self.scenario, self.head.shard)
    }
}

/// Returns the files of measured values that a scenario samples from. If they change, it is not the
/// same sweep.
fn measured_in(written: &Value) -> Vec<String> {
    match written {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match value["file"].as_str() {
                Some(file) if key == "empirical" => vec![file.to_string()],
                _ => measured_in(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(measured_in).collect(),
        _ => Vec::new(),
    }
}

/// Checks all points before the first one is run.
fn check_points(spec: &Spec, options: &Sweep) -> Outcome {
    let bar = Bar::new("points", !options.quiet && !options.json);
    let done = AtomicU64::new(0);
    let of = spec.len();
    let count = |n: u64| {
        let done = done.fetch_add(n, Ordering::Relaxed) + n;
        if done.is_multiple_of(256) {
            bar.show_activity("checking", done, of);
        }
    };
    let (bad, how_many) =
        experiment::check(spec, options.threads.unwrap_or(0), POINTS_REPORTED, &count);
    bar.clear();
    for point in &bad {
        let set: Vec<String> = point
            .parameters
            .iter()
            .map(|(path, value)| format!("{path}={}", report::plain(value)))
            .collect();
        for problem in point.problems.list.iter().take(3) {
            let place =
                if problem.path.is_empty() { String::new() } else { format!("{}: ", problem.path) };
            let needs_whole = problem.what.starts_with("expected a whole number")
                && problem.what.contains("the number");
            let whole =
                "for a range of whole numbers, append `@integer`, or set `scale: integer` in a file"
                    .to_string();
            let help = needs_whole
                .then_some(whole)
                .or_else(|| problem.help.clone())
                .map_or(String::new(), |help| format!("\n  = help: {help}"));
            refuse(&format!(
                "point {} ({}): {place}{}{help}",
                point.number,
                set.join(", "),
                problem.what
            ));
        }
    }
    match how_many {
        0 => Outcome::Done,
        n => {
            let shown = if n as usize > bad.len() {
                format!(" (showing the first {})", bad.len())
            } else {
                String::new()
            };
            refuse(&format!(
                "{} of {} points cannot run{shown}; nothing was simulated",
                report::thousands(n),
                report::thousands(of)
            ))
        }
    }
}

/// Opens the journal, runs the missing replications and writes the files.
fn in_folder(
    path: &Path,
    prepared: &PreparedSweep,
    options: &Sweep,
    interrupted: &Arc<AtomicBool>,
) -> Result<Outcome, StoreError> {
    let folder = Folder::open(path, prepared.study(), options.force)?;
    let is_shard = prepared.head.shard.is_some();
    if is_complete(path, &prepared.head) && (is_shard || options.resume) && !options.force {
        if !is_shard {
            // Left by a later, interrupted run of the same sweep.
            let _ = std::fs::remove_file(path.join(store::JOURNAL));
        }
        say(&format!("{} is complete: nothing to do", path.display()));
        return Ok(Outcome::Done);
    }
    let mut journal = open_journal(&folder, prepared, options)?;
    let complete = journal.len();
    if complete > 0 && !options.quiet && !options.json {
        say(&format!("resuming after {}", replications(complete)));
    }
    let how = Options { threads: options.threads.unwrap_or(0), interrupted };
    let how_to_resume =
        if is_shard { "continue with the same command" } else { "continue with `--resume`" };
    let mode = OutputMode { json: options.json, quiet: options.quiet, how_to_resume, shards: None };
    let bar = Bar::new("points", !options.quiet && !options.json);
    let ran = experiment::sweep(&prepared.spec, how, &mut journal, &mut |progress: Progress| {
        bar.show_cells(progress)
    });
    bar.clear();
    let ran = match ran {
        Ok(ran) => ran,
        Err(error) => {
            return Ok(refuse(&format!(
                "{error}\n  = help: completed replications are kept: free disk space, then {}",
                mode.how_to_resume
            )));
        }
    };
    if interrupted.load(Ordering::Relaxed) && ran.done < ran.of {
        journal.sync()?;
        return Ok(stopped(&format!(
            "interrupted: {} of {} points are complete; {}",
            ran.done, ran.of, mode.how_to_resume
        )));
    }
    finish(folder, prepared, &mut journal, how, &mode)
}

/// How a sweep is reported.
pub struct OutputMode<'s> {
    pub json: bool,
    pub quiet: bool,
    /// How to resume if the sweep could not be finished, for messages.
    pub how_to_resume: &'static str,
    /// The folders of the shards to merge, by number; `None` for a sweep.
    pub shards: Option<&'s BTreeMap<u32, PathBuf>>,
}

/// Reduces all points in order, writes the files and prints the summary.
pub fn finish(
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
    let (mut written, mut fingerprint, mut failed_cells) = (0, 0u64, 0u64);
    let (mut lines, mut error, mut printed) = (Vec::new(), None, Outcome::Done);
    let reduced = experiment::reduce_all(spec, how, journal, &mut |reduced| {
        if how.interrupted.load(Ordering::Relaxed) {
            return Err("interrupted while writing the files".to_string());
        }
        written += 1;
        bar.show_activity("writing", written, spec.len());
        failed_cells += reduced.swept.failures.len() as u64;
        let bits = reduced
            .swept
            .results
            .as_ref()
            .map_or(0, |results| u64::from_str_radix(&results.fingerprint, 16).unwrap_or(0));
        fingerprint = mix(fingerprint.rotate_left(5) ^ bits).wrapping_add(fingerprint);
        let line = SweepLine::of(reduced);
        if mode.json && printed == Outcome::Done {
            printed = print(&format!("{}\n", line.to_json(reduced.swept.results.as_ref())));
        }
        if lines.len() < report::POINTS_SHOWN
            || !line.failure.is_empty() && lines.len() < 2 * report::POINTS_SHOWN
        {
            lines.push(line);
        }
        dataset.append(reduced).map_err(|cause| {
            let message = cause.to_string();
            error = Some(cause);
            message
        })
    });
    bar.clear();
    match (error, reduced) {
        (Some(error), _) => return Err(error),
        (None, Ok(())) => {}
        (None, Err(failed @ RunError::Missing { point, .. })) => {
            let shard = mode.shards.and_then(|shards| {
                let number = (point % shards.len() as u64) as u32 + 1;
                Some(format!(
                    "shard {number} of {} (`{}`)",
                    shards.len(),
                    shards.get(&number)?.display()
                ))
            });
            let shard = shard.unwrap_or_else(|| "this sweep".to_string());
            let help = "remove its manifest.json and run that shard again: only missing replications are run";
            return Ok(refuse(&format!(
                "{failed}: the journal of {shard} was damaged after it was complete\n  = help: {help}"
            )));
        }
        (None, Err(failed)) => {
            return Ok(refuse(&format!(
                "{failed}\n  = help: nothing is lost: {}",
                mode.how_to_resume
            )));
        }
    }
    let manifest = Manifest::of_sweep(
        &prepared.scenario,
        spec.points.len(),
        prepared.head.shard,
        &prepared.head.identity,
        fingerprint,
    );
    let files = dataset.finish(manifest)?;
    if prepared.head.shard.is_none() {
        // The files now contain everything. A shard keeps its journal: `merge` reads it.
        let _ = std::fs::remove_file(path.join(store::JOURNAL));
    }
    if !mode.json && !mode.quiet {
        printed = print(&report::sweep(
            &prepared.scenario,
            &lines,
            spec.len(),
            fingerprint,
            paint(std::io::stdout().is_terminal()),
        ));
        say(&format!("wrote {files} files to {}", path.display()));
    }
    if failed_cells > 0 {
        say(&format!(
            "{} failed: see `failure` and `reason` in points.parquet",
            replications(failed_cells)
        ));
        return Ok(Outcome::Refused);
    }
    Ok(printed)
}
