//! Mean and standard deviation from exact sums.
//!
//! Law: durations are whole nanoseconds, so their sum and the sum of their squares are exact, and
//! n·Σx² − (Σx)² is an exact whole number of 256 bits: nothing cancels, whether an hour differs by
//! a microsecond or not at all. It is rounded once, at the end. The mean is whole nanoseconds and a
//! rest, so that the mean of equal durations is that duration.
//! Checked: by hand below, at the ends of what 64 bits hold.

/// Sums of whole numbers of nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moments {
    pub sum_ns: u128,
    /// The sum of squares modulo 2^128, and how often that was passed: a few hundred waits of years
    /// do.
    squares_ns2: u128,
    squares_passed: u64,
}

impl Moments {
    /// Adds a square; whoever counts puts the durations themselves into the sum.
    #[inline(always)]
    pub(crate) fn square(&mut self, ns: u64) {
        self.add_squares(u128::from(ns) * u128::from(ns));
    }
    /// Adds what was summed elsewhere.
    pub(crate) fn add(&mut self, other: &Moments) {
        self.sum_ns += other.sum_ns;
        self.add_squares(other.squares_ns2);
        self.squares_passed += other.squares_passed;
    }
    #[inline(always)]
    fn add_squares(&mut self, squares_ns2: u128) {
        let (sum, passed) = self.squares_ns2.overflowing_add(squares_ns2);
        self.squares_ns2 = sum;
        self.squares_passed += u64::from(passed);
    }
    /// The mean of so many, s; NaN of none.
    pub(crate) fn mean_s(&self, n: u64) -> f64 {
        mean_s(self.sum_ns, n)
    }
    /// The standard deviation of so many, s; NaN of fewer than two.
    pub(crate) fn sd_s(&self, n: u64) -> f64 {
        if n < 2 {
            return f64::NAN;
        }
        let of_squares = {
            let (low, high) = product(u128::from(n), self.squares_ns2);
            (low, high + u128::from(n) * u128::from(self.squares_passed))
        };
        let of_sum = product(self.sum_ns, self.sum_ns);
        // Never negative (Cauchy, Schwarz).
        let (low, borrow) = of_squares.0.overflowing_sub(of_sum.0);
        let high = of_squares.1 - of_sum.1 - u128::from(borrow);
        let spread_ns2 = high as f64 * 2f64.powi(128) + low as f64;
        (spread_ns2 / (n as f64 * (n - 1) as f64)).sqrt() / 1e9
    }
}

/// The mean of so many durations with this sum, s; NaN of none.
pub(crate) fn mean_s(sum_ns: u128, n: u64) -> f64 {
    let (whole, rest) = (sum_ns.checked_div(u128::from(n)), sum_ns.checked_rem(u128::from(n)));
    whole.zip(rest).map_or(f64::NAN, |(whole, rest)| (whole as f64 + rest as f64 / n as f64) / 1e9)
}

/// The low and the high 128 bits of a product.
fn product(a: u128, b: u128) -> (u128, u128) {
    const LOW: u128 = u64::MAX as u128;
    let (a_low, a_high, b_low, b_high) = (a & LOW, a >> 64, b & LOW, b >> 64);
    let middle = a_high * b_low + ((a_low * b_low) >> 64);
    let (middle, carry) = middle.overflowing_add(a_low * b_high);
    (a.wrapping_mul(b), a_high * b_high + (middle >> 64) + (u128::from(carry) << 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(durations: impl IntoIterator<Item = u64>) -> (Moments, u64) {
        let (mut moments, mut n) = (Moments::default(), 0);
        for ns in durations {
            moments.sum_ns += u128::from(ns);
            moments.square(ns);
            n += 1;
        }
        (moments, n)
    }

    #[test]
    fn nothing_cancels() {
        // By hand: an hour and 0 to 999 ns, once each, have the variance 1000 · 1001 / 12 ns²;
        // equal ones have none.
        let (moments, n) = of((0..1000).map(|i| 3_600_000_000_000 + i));
        assert!(
            (moments.sd_s(n) * 1e9 / (1000.0 * 1001.0 / 12.0f64).sqrt() - 1.0).abs() < 1e-15,
            "{}",
            moments.sd_s(n)
        );
        let (moments, n) = of([3_600_000_000_000; 997]);
        assert_eq!((moments.sd_s(n), moments.mean_s(n)), (0.0, 3600.0));
        let (moments, n) = of([100_000_000; 6007]);
        assert_eq!((moments.mean_s(n), moments.sd_s(n)), (0.1, 0.0));
    }

    #[test]
    fn the_longest_durations_fit() {
        // By hand: 0 and 2^64 − 1 half and half have this standard deviation, √(n/(n−1)) (2^64 −
        // 1)/2; their squares pass 2^128.
        let (mut moments, n) = of((0..1000).map(|i| if i % 2 == 0 { 0 } else { u64::MAX }));
        let exact = (1000.0f64 / 999.0).sqrt() * u64::MAX as f64 / 2.0 / 1e9;
        assert!((moments.sd_s(n) / exact - 1.0).abs() < 1e-15 && moments.squares_passed > 0);
        moments.add(&of([0, u64::MAX]).0);
        let exact = (1002.0f64 / 1001.0).sqrt() * u64::MAX as f64 / 2.0 / 1e9;
        assert!((moments.sd_s(n + 2) / exact - 1.0).abs() < 1e-15);
    }

    #[test]
    fn few_have_no_spread_and_none_no_mean() {
        // Definition.
        let (one, _) = of([7]);
        assert!(
            one.sd_s(1).is_nan()
                && one.mean_s(1) == 7e-9
                && Moments::default().mean_s(0).is_nan()
                && mean_s(10, 4) == 2.5e-9
        );
    }

    #[test]
    fn products_have_256_bits() {
        // By hand: (2^128 − 1)² = 2^256 − 2^129 + 1.
        assert_eq!(product(u128::MAX, u128::MAX), (1, u128::MAX - 1));
        assert_eq!(product(1 << 100, 1 << 100), (0, 1 << 72));
        assert_eq!(product(7, 6), (42, 0));
    }
}
