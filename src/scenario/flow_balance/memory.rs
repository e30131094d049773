//! The offered load of the memory of an instance.
//!
//! Law: requests hold what they need until they leave: by Little's law rate × need × residence time
//! are in use. If all needs are equal, only whole ones fit.

use super::loads::settles_s;
use super::{Held, Resource};

/// Returns the load of `memory` bytes. `needs` is the need of the requests to each endpoint, if it
/// is constant; `bytes` and `inside` are the bytes and the requests that are there on average, at
/// least and as expected.
pub(super) fn held(
    memory: u64,
    needs: impl Iterator<Item = Option<u64>>,
    bytes: [f64; 2],
    inside: [f64; 2],
    rate: f64,
    dispersion: f64,
) -> Option<Held> {
    let needs: Vec<Option<u64>> = needs.collect();
    let first = needs.first().copied().flatten();
    let whole = first.filter(|need| needs.iter().all(|other| *other == Some(*need)));
    let units = whole.map_or(1.0, |need| (memory / need.max(1)).max(1) as f64);
    let [load, expected] = match whole {
        Some(_) => inside.map(|requests| requests / units),
        None => bytes.map(|bytes| bytes / memory as f64),
    };
    let settles_s = settles_s(rate, load * units / rate, units, (dispersion + 1.0) / 2.0);
    (bytes[1] > 0.0).then_some(Held {
        resource: Resource::Memory,
        load,
        expected,
        is_all: false,
        settles_s,
    })
}
