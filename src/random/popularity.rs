//! Keys by their popularity: what a lock, or the requests of a workload, draw by a `zipf`.
//!
//! Checked: `tests/it/keyed.rs`.

use super::dists::Dist;
use crate::problem::Problems;
use crate::units::Count;

/// The most keys that are told apart.
pub(crate) const KEYS_MAX: u64 = 1_000_000;

/// Reports keys that are not drawn by a `zipf`; `of` is what has them, in words.
pub(crate) fn check_keys(keys: &Dist<Count>, of: &str, path: &str, problems: &mut Problems) {
    keys.check(path, problems);
    match keys {
        Dist::Zipf(zipf) if zipf.n.0 > KEYS_MAX => {
            problems
                .error(format!("{path}.zipf.n"), format!("{of} has at most 1M keys"))
                .advise("keys that are hardly ever drawn at once make no request wait: use fewer");
        }
        Dist::Zipf(_) => {}
        _ => problems.error(path, format!("the keys of {of} are drawn by a `zipf`")).advise(
            "write for example `keys: { zipf: { n: 5k, s: 1 } }`; with `s: 0` all are equally popular",
        ),
    }
}

/// Returns how many keys there are, and the probability of the most popular one.
pub(crate) fn popularity(keys: &Dist<Count>) -> (u32, f64) {
    match keys {
        Dist::Zipf(zipf) => (zipf.n.0 as u32, keys.compile().cdf(1.0)),
        _ => (0, 1.0),
    }
}
