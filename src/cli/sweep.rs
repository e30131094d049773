//! `sweep`: all replications of all points, in one dataset.

mod finish;
mod journal;

pub(crate) use finish::{OutputMode, finish};
pub(crate) use journal::is_complete;

use super::Outcome;
use super::arguments::Sweep;
use super::check::{Loaded, load};
use super::out::say;
use super::progress::Bar;
use super::write::{refuse, refuse_store, stopped};
use super::{interrupt, run, vary};
use crate::experiment::{self, Progress, Shard, Spec};
use crate::problem::{Problem, Severity};
use crate::report;
use crate::scenario::{MEASURED, Scenario, Template, to_json};
use crate::store::{self, Folder, Head, OptionalTables, StoreError, Study};
use journal::{open_journal, replications};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// More points need `--yes`: a typing error can easily make a billion points.
const POINTS_LIMIT: u64 = 200_000;

/// More replications need `--yes`.
const CELLS_LIMIT: u64 = 10_000_000;

/// The number of invalid points whose problems are printed.
const POINTS_REPORTED: usize = 10;

pub(crate) fn sweep(options: &Sweep) -> Outcome {
    #[allow(clippy::disallowed_methods, reason = "where a shard runs does not affect results")]
    let environment = |name: &str| std::env::var(name).ok();
    let shard =
        match options.shard.as_ref().map(|typed| vary::shard(typed, &environment)).transpose() {
            Ok(shard) => shard,
            Err(message) => return refuse(&format!("--shard: {message}")),
        };
    let change = |scenario: &mut Scenario| {
        let mut problems =
            run::change(scenario, options.replicated.replications, &options.simulation);
        problems.extend(vary::apply(
            &mut scenario.sweep,
            &options.vary,
            options.design,
            options.points,
        ));
        if scenario.sweep.as_ref().is_none_or(crate::scenario::Sweep::is_empty) {
            // The check would report an empty design as well.
            scenario.sweep = None;
            if options.vary.is_empty() {
                let what = "nothing is varied".to_string();
                problems.push(
                    Problem::new(Severity::Error, "sweep", what)
                        .help("add a `sweep:` block, or use `--vary services.api.replicas=1,2,4`"),
                );
            }
        }
        problems
    };
    let Some(loaded) =
        load(&options.scenario, &options.overrides.set, options.output.is_terse(), change)
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
    let folder =
        options.folder.out.clone().unwrap_or_else(|| {
            PathBuf::from("out").join(format!("{}-sweep", loaded.scenario.name))
        });
    let folder = shard.map_or(folder.clone(), |shard| {
        folder.join(format!("shard-{:05}-of-{:05}", shard.number, shard.of))
    });
    in_folder(&folder, &prepared, options, interrupt::flag())
        .unwrap_or_else(|error| refuse_store(&error))
}

/// A sweep that is ready to run or to be reduced.
pub(crate) struct PreparedSweep {
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
                .map(|file| store::sha256(&folder.join(file)).unwrap_or_default())
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
    pub(crate) fn of_journal(head: Head) -> Result<PreparedSweep, String> {
        let folder = PathBuf::from(&head.folder);
        let loaded = crate::scenario::read(
            &head.scenario,
            crate::scenario::Format::Json,
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
    pub(crate) fn study(&self) -> Study {
        Study::of_sweep(Path::new(&self.head.file), &self.scenario, self.head.shard)
    }
}

/// Returns the files that a scenario reads: measured values, rates, traces. If they change, it is
/// not the same sweep.
fn measured_in(written: &Value) -> Vec<String> {
    match written {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match value["file"].as_str() {
                Some(file) if MEASURED.contains(&key.as_str()) => {
                    vec![file.to_string()]
                }
                _ => measured_in(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(measured_in).collect(),
        _ => Vec::new(),
    }
}

/// Checks all points before the first one is run.
fn check_points(spec: &Spec, options: &Sweep) -> Outcome {
    let bar = Bar::new("points", !options.output.is_terse());
    let done = AtomicU64::new(0);
    let of = spec.len();
    let count = |n: u64| {
        let done = done.fetch_add(n, Ordering::Relaxed) + n;
        if done.is_multiple_of(256) {
            bar.show_activity("checking", done, of);
        }
    };
    let (bad, how_many) =
        experiment::check(spec, options.simulation.threads.number(), POINTS_REPORTED, &count);
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
            let whole = "for a range of whole numbers, append `@integer`, or set `scale: integer` in a file";
            let help = if problem.wants_whole { Some(whole) } else { problem.help.as_deref() };
            let help = help.map_or(String::new(), |help| format!("\n  = help: {help}"));
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
    let folder = Folder::open(path, prepared.study(), options.output.force)?;
    let is_shard = prepared.head.shard.is_some();
    if is_complete(path, &prepared.head) && (is_shard || options.resume) && !options.output.force {
        if !is_shard {
            // Left by a later, interrupted run of the same sweep.
            let _ = std::fs::remove_file(path.join(store::JOURNAL));
        }
        say(&format!("{} is complete: nothing to do", path.display()));
        return Ok(Outcome::Done);
    }
    let Some(mut journal) = open_journal(&folder, prepared, options)? else {
        return Ok(Outcome::Refused);
    };
    let complete = journal.len();
    if complete > 0 && !options.output.is_terse() {
        say(&format!("resuming after {}", replications(complete)));
    }
    let how = options.simulation.threads.until(interrupted);
    let how_to_resume =
        if is_shard { "continue with the same command" } else { "continue with `--resume`" };
    let mode = OutputMode {
        json: options.output.json,
        quiet: options.output.quiet,
        how_to_resume,
        shards: None,
    };
    let bar = Bar::new("points", !options.output.is_terse());
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
