//! One at a time: the unchanged scenario, then each value of each parameter on its own.
//!
//! Law: 1 + n₁ + … + n_k points. Limits: blind to interactions of parameters (Daniel 1973,
//! "One-at-a-time plans"; Saltelli and Annoni 2010, "How to avoid a perfunctory sensitivity
//! analysis"); a grid or a Sobol sequence is not. Tested: by hand.

/// Returns the number of points, the base included.
pub(crate) fn count(sizes: &[usize]) -> u64 {
    sizes.iter().fold(1, |sum: u64, size| sum.saturating_add(*size as u64))
}

/// Returns the parameter that point `index` changes, and the index of its value; `None` for the
/// base and beyond the last point.
pub(crate) fn row(sizes: &[usize], index: u64) -> Option<(usize, usize)> {
    let mut rest = index.checked_sub(1)?;
    for (parameter, size) in sizes.iter().enumerate() {
        if rest < *size as u64 {
            return Some((parameter, rest as usize));
        }
        rest -= *size as u64;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_first_and_then_each_value_alone() {
        // By hand: parameters with two values, none, and one.
        let sizes = [2, 0, 1];
        assert_eq!(count(&sizes), 4);
        let rows: Vec<_> = (0..5).map(|index| row(&sizes, index)).collect();
        assert_eq!(rows, [None, Some((0, 0)), Some((0, 1)), Some((2, 0)), None]);
        assert_eq!(count(&[usize::MAX, usize::MAX]), u64::MAX);
    }
}
