//! Random permutations.
//!
//! Law: Fisher-Yates shuffle, from the last place down (Durstenfeld 1964, "Algorithm 235: Random
//! permutation"): each of the n! orders has the same probability, up to the grid of a draw, 2⁻⁵².
//! Tested: all orders of three are equally frequent.

use crate::random::keys::{Key, Salt};

/// Returns the numbers below `n` in the order of a key.
pub(crate) fn shuffled(n: u32, key: Key) -> Vec<u32> {
    let salt = Salt::of("design.shuffle");
    let mut order: Vec<u32> = (0..n).collect();
    for last in (1..n).rev() {
        let other = key.ordinal(u64::from(last)).draw(salt).one_of(last + 1);
        order.swap(last as usize, other as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn all_orders_are_equally_likely() {
        // Binomial: 1,000 of 6,000 each, standard deviation 28.9; 4.5 of them by chance: 7e-6.
        let mut counts = BTreeMap::new();
        (0..6_000).for_each(|i| *counts.entry(shuffled(3, Key(i).ordinal(0))).or_insert(0) += 1);
        assert_eq!(counts.len(), 6);
        assert!(
            counts.values().all(|n| (f64::from(*n) - 1_000.0).abs() < 4.5 * 28.9),
            "{counts:?}"
        );
        assert_eq!((shuffled(0, Key(1)), shuffled(1, Key(1))), (vec![], vec![0]));
    }
}
