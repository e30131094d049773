//! Driving: a study says which cells to run next, threads run them, and the study takes what came
//! of each.
//!
//! There is one way to run cells, and this is it. The study lives on the calling thread and decides
//! alone; threads only take tasks from a queue that never holds more than a few for each, so memory
//! is bounded by what is in flight, and a slow cell idles nobody as long as the study has others.
//! Results come back in the order they are ready in: whoever reduces them does so in an order of
//! its own. The threads are a rayon pool of just as many as there is work for, and each runs one
//! job for the whole study: it takes tasks and blocks between them, so that none ever looks for
//! work to steal. Whoever drives waits on a channel and never inside of the pool: a worker of
//! somebody's pool that waited in ours would take up other work meanwhile, and a thousand
//! experiments in a user's `par_iter` would stand on one stack (`tests/it/coverage.rs`).

use super::cell::{Cell, CellRecord, Failure};
use super::point::Point;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, mpsc};

/// Chooses cells, and takes their records.
pub trait Study {
    /// What ends the study before its time.
    type Error;
    /// The next cell to run, if there is one that can be begun now. Asked again after each result.
    fn next(&mut self) -> Option<Task>;
    /// Takes what came of a cell. Not called for cells that were interrupted.
    ///
    /// # Errors
    /// Whatever ends the study.
    fn take(&mut self, cell: Cell, result: Result<CellRecord, Failure>) -> Result<(), Self::Error>;
}

/// A cell to be run.
#[derive(Clone, Debug)]
pub struct Task {
    pub cell: Cell,
    pub point: Arc<Point>,
}

/// How to run.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// Set it, and the study ends with the cells that are complete.
    pub interrupted: &'a Arc<AtomicBool>,
}

impl Options<'_> {
    /// How many threads that are, for so many cells.
    pub fn threads_for(&self, cells: u64) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let threads = if self.threads == 0 { cores } else { self.threads };
        threads.min(usize::try_from(cells.max(1)).unwrap_or(usize::MAX))
    }
}

/// Why nothing could be driven.
#[derive(Debug, thiserror::Error)]
pub enum DriveError<E> {
    /// No thread could be started.
    #[error("{threads} threads cannot be started: {cause}")]
    #[allow(missing_docs, reason = "the message says what they are")]
    Threads { threads: usize, cause: String },
    /// The study ended itself.
    #[error("{0}")]
    Study(E),
}

/// At most so many cells are begun or wait for a thread, for each thread: enough that none waits
/// while results are taken.
pub const AHEAD: usize = 4;

/// Runs a study to its end on so many threads.
///
/// # Errors
/// If no thread can be started, or the study's own. Being interrupted is no error: the study has
/// what was complete.
pub fn drive<S: Study>(
    study: &mut S,
    threads: usize,
    interrupted: &Arc<AtomicBool>,
) -> Result<(), DriveError<S::Error>> {
    let (queue, begins) = (Arc::new(Queue::default()), Arc::new(OnceLock::<bool>::new()));
    // Its threads begin when there is a job for each, if they do: one that finds none looks through
    // all others for something to steal.
    let begin = |thread: rayon::ThreadBuilder| {
        let begins = begins.clone();
        std::thread::Builder::new().spawn(move || begins.wait().then(|| thread.run())).map(|_| ())
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).spawn_handler(begin).build();
    let pool = pool.map_err(|cause| {
        let _ = begins.set(false);
        DriveError::Threads { threads, cause: cause.to_string() }
    })?;
    // However this ends, by a panic of the study too: its threads must not wait for more.
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
    // A pool that is let go ends with its last job.
    drop(pool);
    let outcome =
        conduct(study, &queue, &results, AHEAD * threads, interrupted).map_err(DriveError::Study);
    drop(closing);
    // Until the last job has ended, and with it its sender: nothing of a study outlives it.
    while results.recv().is_ok() {}
    outcome
}

fn conduct<S: Study>(
    study: &mut S,
    queue: &Queue,
    results: &mpsc::Receiver<(Cell, Result<CellRecord, Failure>)>,
    ahead: usize,
    interrupted: &AtomicBool,
) -> Result<(), S::Error> {
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

/// Tasks that wait for a thread.
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
    /// The next task, when there is one; none when there will be no more.
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

/// Closes a queue when it goes.
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

    /// A study with a mistake of ours in it.
    struct Mistaken;

    impl Study for Mistaken {
        type Error = ();
        fn next(&mut self) -> Option<Task> {
            panic!("a mistake of ours")
        }
        fn take(&mut self, _: Cell, _: Result<CellRecord, Failure>) -> Result<(), ()> {
            Ok(())
        }
    }

    #[test]
    fn a_study_that_panics_ends_and_its_threads_with_it() {
        // Definition: the panic is passed on; if a thread waited for more, this would never end.
        let driven = std::panic::catch_unwind(|| drive(&mut Mistaken, 2, &Arc::default()).is_ok());
        assert_eq!(driven.unwrap_err().downcast_ref::<&str>(), Some(&"a mistake of ours"));
    }
}
