//! How many keys what is held has, and how popular the hottest is: drawn where it is taken, or by
//! the workloads, which may differ.

use super::Scenario;
use crate::random::popularity::popularity;
use crate::step::LockKeys;

/// The keys of what is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Popularity {
    /// How many there are; 0 if it has none.
    pub count: u32,
    /// The share of requests that need the most popular one: the least of all workloads, and the
    /// most.
    pub hottest: [f64; 2],
}

impl Scenario {
    /// Returns the popularity of keys.
    pub(crate) fn popularity(&self, keys: &LockKeys) -> Popularity {
        let one = |(count, share)| Popularity { count, hottest: [share; 2] };
        let name = match keys {
            LockKeys::Drawn(law) => return one(popularity(law)),
            LockKeys::Carried(name) => name,
        };
        let drawn = self.workload.values().filter_map(|workload| workload.keys.get(name));
        let together = |a: Popularity, b: Popularity| Popularity {
            count: a.count.max(b.count),
            hottest: [a.hottest[0].min(b.hottest[0]), a.hottest[1].max(b.hottest[1])],
        };
        drawn.map(|law| one(popularity(law))).reduce(together).unwrap_or(one((0, 1.0)))
    }
}
