//! An ordered parallel map: for checking points, reducing points, and running a pilot.
//!
//! Uses threads that end with the call, not a pool: a worker of another pool that waits for ours
//! picks up other work meanwhile, on the same stack.
//! Checked: by every test that compares results on different numbers of threads.

use std::sync::Mutex;
use std::thread;

/// A number of threads to map lists with.
#[derive(Clone, Copy)]
pub(crate) struct Parallel {
    threads: usize,
}

impl Parallel {
    /// Creates a map on `threads` threads; 0 for one per core.
    pub(crate) fn new(threads: usize) -> Parallel {
        let cores = || thread::available_parallelism().map_or(1, |n| n.get());
        Parallel { threads: if threads == 0 { cores() } else { threads } }
    }
    /// Applies a function to every item and returns the results in the order of the items. The
    /// calling thread works too, so the map completes, more slowly but with the same results, even
    /// if no thread can be started.
    pub(crate) fn each<T: Send, R: Send>(
        &self,
        items: Vec<T>,
        map: impl Fn(T) -> R + Sync,
    ) -> Vec<R> {
        let threads = self.threads.min(items.len());
        if threads <= 1 {
            return items.into_iter().map(map).collect();
        }
        let length = items.len();
        let (rest, results) =
            (Mutex::new(items.into_iter().enumerate()), Mutex::new(Vec::with_capacity(length)));
        let work = || {
            loop {
                let next = rest.lock().unwrap_or_else(|e| e.into_inner()).next();
                let Some((index, item)) = next else { return };
                let result = map(item);
                results.lock().unwrap_or_else(|e| e.into_inner()).push((index, result));
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
        let mut results = results.into_inner().unwrap_or_else(|e| e.into_inner());
        results.sort_unstable_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items_on_any_number_of_threads() {
        // Definition: squares of numbers, some of which take longer than others.
        let square = |n: u64| {
            (0..n % 7 * 1000).for_each(|i| _ = std::hint::black_box(i));
            n * n
        };
        let expected: Vec<u64> = (0..1000).map(|n| n * n).collect();
        for threads in [1, 2, 3, 64, 0] {
            assert_eq!(
                Parallel::new(threads).each((0..1000).collect(), square),
                expected,
                "{threads} threads"
            );
        }
        assert!(Parallel::new(4).each(Vec::new(), square).is_empty());
    }
}
