//! An ordered parallel map: points that are checked, points that are reduced, a pilot.
//!
//! On threads that end with the call, and no pool: whoever waits for a pool from a worker of
//! another takes up other work meanwhile, on the same stack.
//! Checked: wherever results of several numbers of threads are compared.

use std::sync::Mutex;
use std::thread;

/// Threads for lists.
#[derive(Clone, Copy)]
pub struct Parallel {
    threads: usize,
}

impl Parallel {
    /// So many threads, 0 for one a core.
    pub fn new(threads: usize) -> Parallel {
        let cores = || thread::available_parallelism().map_or(1, |n| n.get());
        Parallel { threads: if threads == 0 { cores() } else { threads } }
    }
    /// Makes something of every item; the results are in the order of the items. The caller's
    /// thread works too, so it is done also where no thread can be started: it takes longer, and
    /// gives the same.
    pub fn each<T: Send, R: Send>(&self, items: Vec<T>, of: impl Fn(T) -> R + Sync) -> Vec<R> {
        let threads = self.threads.min(items.len());
        if threads <= 1 {
            return items.into_iter().map(of).collect();
        }
        let length = items.len();
        let (rest, made) =
            (Mutex::new(items.into_iter().enumerate()), Mutex::new(Vec::with_capacity(length)));
        let work = || {
            loop {
                let next = rest.lock().unwrap_or_else(|e| e.into_inner()).next();
                let Some((place, item)) = next else { return };
                let result = of(item);
                made.lock().unwrap_or_else(|e| e.into_inner()).push((place, result));
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
        let mut made = made.into_inner().unwrap_or_else(|e| e.into_inner());
        made.sort_unstable_by_key(|(place, _)| *place);
        made.into_iter().map(|(_, result)| result).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items_on_any_number_of_threads() {
        // Definition: the squares of the numbers, of which some take longer.
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
