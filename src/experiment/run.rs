//! Running the replications of one plan.

use super::fold::Fold;
use crate::measure::{self, Named, Record, Value};
use crate::plan::Plan;
use crate::sim::{SimError, simulate};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, mpsc};

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub replications: u32,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// Set it, and the run ends after the replications that are complete.
    pub interrupted: &'a AtomicBool,
}

/// What a run tells while it goes on.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub done: u32,
    /// Events fired so far.
    pub events: u64,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A limit was reached.
    #[error(transparent)]
    Limit(#[from] SimError),
    /// What was to be written could not be.
    #[error("{0}")]
    Sink(String),
    /// No thread could be started.
    #[error("{threads} threads cannot be started: {cause}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Threads { threads: usize, cause: String },
}

/// What one replication says.
#[derive(Clone, Copy, Debug)]
pub struct Replication<'r> {
    pub record: &'r Record,
    /// In the order of [`measure::metrics`].
    pub values: &'r [Value],
    pub histograms: &'r [Named],
}

/// Takes every replication, in order. An error ends the run.
pub type Sink<'s> = dyn FnMut(&Replication) -> Result<(), String> + 's;

/// At most so many records wait for an earlier one, per thread: memory does not grow with the number of replications.
const AHEAD: u32 = 4;

/// Runs all replications, hands each to `sink` in order, and folds them.
///
/// # Errors
/// A limit was reached (the first in order of replications), the sink failed, or no thread could be started. Being interrupted is no
/// error: the fold has the replications that were complete.
pub fn replicate(plan: &Arc<Plan>, options: Options, sink: &mut Sink, progress: &mut dyn FnMut(Progress)) -> Result<Fold, RunError> {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let threads = if options.threads == 0 { cores } else { options.threads }.min(options.replications.max(1) as usize);
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| RunError::Threads { threads, cause: e.to_string() })?;
    let (next, folded, abort) = (AtomicU32::new(0), Window::default(), AtomicBool::new(false));
    let ahead = AHEAD * threads as u32;
    let mut fold = Fold::new(plan);
    fold.threads = threads;
    let mut outcome = Ok(());
    pool.in_place_scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads {
            let (sender, next, folded, abort) = (sender.clone(), &next, &folded, &abort);
            scope.spawn(move |_| {
                loop {
                    let replication = next.fetch_add(1, Ordering::Relaxed);
                    if replication >= options.replications || !folded.wait_for(replication, ahead) {
                        return;
                    }
                    if abort.load(Ordering::Relaxed) || options.interrupted.load(Ordering::Relaxed) {
                        return;
                    }
                    let result = simulate(plan, replication, options.interrupted);
                    if sender.send((replication, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        outcome = gather(receiver, &plan.layout, &mut fold, &folded, sink, progress);
        abort.store(true, Ordering::Relaxed);
        folded.give_up();
    });
    outcome.map(|()| fold)
}

/// Folds records in order as they come.
fn gather(
    receiver: mpsc::Receiver<(u32, Result<Record, SimError>)>,
    layout: &measure::Layout,
    fold: &mut Fold,
    folded: &Window,
    sink: &mut Sink,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), RunError> {
    let mut early: BTreeMap<u32, Result<Record, SimError>> = BTreeMap::new();
    let (mut due, mut events, mut done) = (0, 0, 0);
    for (replication, result) in receiver {
        done += 1;
        events += result.as_ref().map_or(0, |record| record.events);
        progress(Progress { done, events });
        early.insert(replication, result);
        while let Some(result) = early.remove(&due) {
            let record = match result {
                Ok(record) => record,
                Err(SimError::Interrupted) => return Ok(()),
                Err(limit) => return Err(limit.into()),
            };
            let (values, histograms) = measure::values(layout, &record);
            let replication = Replication { record: &record, values: &values, histograms: &histograms };
            sink(&replication).map_err(RunError::Sink)?;
            fold.add(&replication);
            due += 1;
            folded.advance(due);
        }
    }
    Ok(())
}

/// How far the fold has come; keeps the threads from running far ahead of it.
#[derive(Default)]
struct Window {
    due: Mutex<Option<u32>>,
    moved: Condvar,
}

impl Window {
    /// Waits until a replication may begin; false if the run is over.
    fn wait_for(&self, replication: u32, ahead: u32) -> bool {
        let mut due = self.due.lock().unwrap_or_else(|e| e.into_inner());
        loop {
            match *due {
                Some(u32::MAX) => return false,
                due if replication < due.unwrap_or(0) + ahead => return true,
                _ => due = self.moved.wait(due).unwrap_or_else(|e| e.into_inner()),
            }
        }
    }
    fn advance(&self, to: u32) {
        *self.due.lock().unwrap_or_else(|e| e.into_inner()) = Some(to);
        self.moved.notify_all();
    }
    fn give_up(&self) {
        self.advance(u32::MAX);
    }
}
