//! Grid: every combination of the values.
//!
//! Law: the value indices of point `i` are the digits of `i` in the mixed radix of the sizes n₁ …
//! n_k; the last parameter varies fastest.
//! Source: Fisher 1935, "The Design of Experiments", the full factorial. Limits: the number of
//! points is the product of the sizes, so points are computed on demand.
//! Tested: by hand, and that every combination occurs once.

/// Returns the number of points, saturating at `u128::MAX`.
pub(crate) fn count(sizes: &[usize]) -> u128 {
    // Without sizes nothing varies, and there is nothing to do.
    if sizes.is_empty() || sizes.contains(&0) {
        return 0;
    }
    sizes.iter().fold(1, |product: u128, size| product.saturating_mul(*size as u128))
}

/// Returns the index of each parameter's value at point `index`, starting again beyond the last
/// point.
pub(crate) fn row(sizes: &[usize], index: u64) -> Vec<usize> {
    let mut rest = index;
    let mut digits: Vec<usize> = sizes
        .iter()
        .rev()
        .map(|size| {
            let size = (*size as u64).max(1);
            let digit = rest % size;
            rest /= size;
            digit as usize
        })
        .collect();
    digits.reverse();
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_first_parameter_is_the_slowest() {
        // By hand: two by three.
        let rows: Vec<Vec<usize>> = (0..6).map(|index| row(&[2, 3], index)).collect();
        assert_eq!(rows, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
    }

    #[test]
    fn every_combination_stands_once() {
        // 4 x 3 x 5 x 2 = 120 different ones.
        let sizes = [4, 3, 5, 2];
        let rows: BTreeSet<Vec<usize>> = (0..120).map(|index| row(&sizes, index)).collect();
        assert_eq!((rows.len(), count(&sizes)), (120, 120));
        assert!(rows.iter().all(|row| row.iter().zip(sizes).all(|(digit, size)| *digit < size)));
    }

    #[test]
    fn a_grid_that_is_too_large_is_counted_and_not_built() {
        // 1000^3 by hand; 10^60 does not fit in 128 bits; the last of 2^64 points has the last
        // values.
        assert_eq!(count(&[1_000, 1_000, 1_000]), 1_000_000_000);
        assert_eq!(count(&[1_000; 20]), u128::MAX);
        assert_eq!(row(&[1 << 32, 1 << 32], u64::MAX), [(1 << 32) - 1, (1 << 32) - 1]);
        assert_eq!((count(&[]), count(&[3, 0]), row(&[3, 0], 2)), (0, 0, vec![2, 0]));
    }
}
