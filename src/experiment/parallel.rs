//! Lists of small things on so many threads: points that are checked, points that are reduced, a pilot. Their order is the list's.
//!
//! With one thread it is the caller's own: a thousand experiments in somebody's `par_iter` then wait for no pool of ours. Checked:
//! `tests/it/coverage.rs` (a thousand experiments), and wherever results of several numbers of threads are compared.

use rayon::prelude::*;

/// Threads for lists.
pub struct Parallel {
    /// None for the caller's own.
    pool: Option<rayon::ThreadPool>,
}

impl Parallel {
    /// So many threads, 0 for one a core. If they cannot be started, the caller's does it all: it takes longer, and gives the same.
    pub fn new(threads: usize) -> Parallel {
        let pool = || rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok();
        Parallel { pool: if threads == 1 { None } else { pool() } }
    }
    /// Makes something of every item.
    pub fn each<T: Send, R: Send>(&self, items: Vec<T>, of: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
        match &self.pool {
            Some(pool) => pool.install(|| items.into_par_iter().map(of).collect()),
            None => items.into_iter().map(of).collect(),
        }
    }
}
