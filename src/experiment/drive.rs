//! The driver: a study chooses the cells to run, threads run them, and the study receives their
//! results.
//!
//! All cells are run here. The study lives on the calling thread and makes all decisions; threads
//! only take tasks from a queue that never holds more than a few per thread, so memory is bounded
//! by the cells in flight, and a slow cell leaves no thread idle as long as the study has others.
//! Results arrive in the order of completion: the study reduces them in an order of its own. The
//! threads are a rayon pool with as many threads as there is work for, and each runs one job for
//! the whole study: it takes tasks and blocks between them, so none ever looks for work to steal.
//! The driver waits on a channel and never inside the pool: a worker of the caller's pool that
//! waited in ours would pick up other work meanwhile, and a thousand experiments in a user's
//! `par_iter` would share one stack (`tests/it/coverage.rs`).

use super::cell::{Cell, CellRecord, Failure};
use super::point::Point;
use super::run::RunError;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, mpsc};

/// Chooses cells and receives their results.
pub(crate) trait Study {
    /// Returns the next cell to run, or `None` if none can be started now. Called again after each
    /// result.
    fn next(&mut self) -> Option<Task>;
    /// Receives the result of a cell. Not called for cells that were interrupted.
    ///
    /// # Errors
    /// An error ends the study.
    fn take(&mut self, cell: Cell, result: Result<CellRecord, Failure>) -> Result<(), RunError>;
}

/// A cell to be run.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub cell: Cell,
    pub point: Arc<Point>,
}

/// How to run a study.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options<'a> {
    /// The number of threads; 0 for one per core.
    pub threads: usize,
    /// If set, the study ends with the cells that are complete.
    pub interrupted: &'a Arc<AtomicBool>,
}

impl Options<'_> {
    /// Returns the number of threads to use for a number of cells: at most one per cell.
    pub(crate) fn threads_for(&self, cells: u64) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let threads = if self.threads == 0 { cores } else { self.threads };
        threads.min(usize::try_from(cells.max(1)).unwrap_or(usize::MAX))
    }
}

/// The maximum number of cells per thread that are running or queued: enough that no thread is idle
/// while results are processed.
pub(crate) const AHEAD: usize = 4;

/// Runs a study to its end on `threads` threads.
///
/// # Errors
/// If the threads cannot be started, or the study returns an error. An interruption is not an
/// error: the study has received the complete cells.
pub(crate) fn drive(
    study: &mut dyn Study,
    threads: usize,
    interrupted: &Arc<AtomicBool>,
) -> Result<(), RunError> {
    let (queue, begins) = (Arc::new(Queue::default()), Arc::new(OnceLock::<bool>::new()));
    // The threads wait until there is a job for each (or the pool failed): one that finds none
    // would search all others for work to steal.
    let begin = |thread: rayon::ThreadBuilder| {
        let begins = begins.clone();
        std::thread::Builder::new().spawn(move || begins.wait().then(|| thread.run())).map(|_| ())
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).spawn_handler(begin).build();
    let pool = pool.map_err(|cause| {
        let _ = begins.set(false);
        RunError::Threads { threads, cause: cause.to_string() }
    })?;
    // However this function ends, even by a panic of the study, the threads must stop waiting for
    // tasks.
    let closing = Closing(queue.clone());
    let (sender, results) = mpsc::channel();
    let (jobs, flag) = (queue.clone(), interrupted.clone());
    pool.spawn_broadcast(move |_| {
        while let Some(task) = jobs.wait_for_one() {
            let result = task.point.run(task.cell.replication, &flag);
            if sender.send((task.cell, result)).is_err() {
                return;
            }
        }
    });
    let _ = begins.set(true);
    // A dropped pool ends with its last job.
    drop(pool);
    let outcome = conduct(study, &queue, &results, AHEAD * threads, interrupted);
    drop(closing);
    // Wait until the last job has ended and dropped its sender: nothing of a study outlives it.
    while results.recv().is_ok() {}
    outcome
}

fn conduct(
    study: &mut dyn Study,
    queue: &Queue,
    results: &mpsc::Receiver<(Cell, Result<CellRecord, Failure>)>,
    ahead: usize,
    interrupted: &AtomicBool,
) -> Result<(), RunError> {
    let mut running = 0;
    loop {
        while running < ahead && !interrupted.load(Ordering::Relaxed) {
            let Some(task) = study.next() else { break };
            queue.push(task);
            running += 1;
        }
        if running == 0 {
            return Ok(());
        }
        let Ok((cell, result)) = results.recv() else { return Ok(()) };
        running -= 1;
        if !result.as_ref().is_err_and(Failure::is_interruption) {
            study.take(cell, result)?;
        }
    }
}

/// Tasks waiting for a thread.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    closed: bool,
}

impl Queue {
    fn push(&self, task: Task) {
        self.state.lock().unwrap_or_else(|e| e.into_inner()).tasks.push_back(task);
        self.changed.notify_one();
    }
    /// Waits for the next task; `None` once the queue is closed.
    fn wait_for_one(&self) -> Option<Task> {
        let mut state = self.state.lock().unwrap_or_else(|e| e.into_inner());
        loop {
            match state.tasks.pop_front() {
                _ if state.closed => return None,
                Some(task) => return Some(task),
                None => state = self.changed.wait(state).unwrap_or_else(|e| e.into_inner()),
            }
        }
    }
}

/// Closes a queue when dropped.
struct Closing(Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(|e| e.into_inner()).closed = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A study that panics.
    struct Panicking;

    impl Study for Panicking {
        fn next(&mut self) -> Option<Task> {
            panic!("a bug")
        }
        fn take(&mut self, _: Cell, _: Result<CellRecord, Failure>) -> Result<(), RunError> {
            Ok(())
        }
    }

    #[test]
    fn a_study_that_panics_ends_and_its_threads_with_it() {
        // Definition: the panic is propagated; if a thread still waited for tasks, this test would
        // hang.
        let driven = std::panic::catch_unwind(|| drive(&mut Panicking, 2, &Arc::default()).is_ok());
        assert_eq!(driven.unwrap_err().downcast_ref::<&str>(), Some(&"a bug"));
    }
}
