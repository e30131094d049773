//! A random order of so many things.
//!
//! Law: Fisher and Yates's, from the last place down (Durstenfeld 1964, "Algorithm 235: Random
//! permutation"): each of the n! orders has the same chance, up to 2⁻⁵² of a draw's grid. Tested:
//! all orders of three are equally frequent.

use crate::random::keys::{Key, Salt};

/// The numbers below `n` in the order of that key.
pub fn shuffled(n: u32, key: Key) -> Vec<u32> {
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
        // Binomial: 1,000 of 6,000 each, standard deviation 28.9; 4.5 of them by luck: 7e-6.
        let mut found = BTreeMap::new();
        (0..6_000).for_each(|i| *found.entry(shuffled(3, Key(i).ordinal(0))).or_insert(0) += 1);
        assert_eq!(found.len(), 6);
        assert!(found.values().all(|n| (f64::from(*n) - 1_000.0).abs() < 4.5 * 28.9), "{found:?}");
        assert_eq!((shuffled(0, Key(1)), shuffled(1, Key(1))), (vec![], vec![0]));
    }
}
