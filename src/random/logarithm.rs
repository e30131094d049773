//! The natural logarithm of a uniform draw, inlined.
//!
//! Law: with `x = 2^k·z`, `z` in [11/16, 11/8), `c` near `z` from a table and `r = z/c - 1`:
//! `ln x = k·ln 2 + ln c + ln(1 + r)`, where `ln(1 + r)` is its series up to `r⁷` (Tang 1990,
//! "Table-driven implementation of the logarithm function in IEEE floating-point arithmetic").
//! `|r| < 1/128`, so the remainder of the series is below 10⁻¹⁷, and `c = 1` on both sides of 1, so
//! the result is as accurate there as elsewhere.
//! Error: below 6·10⁻¹⁶ of the larger of the result and 1, and of the result itself where `x` is
//! within 1/256 of 1 (two or three units in the last place; a nanosecond is 10⁻⁹ of a mean of one
//! second).
//!
//! The library's `ln` is a call, with tests for zero, infinity and subnormals, none of which a draw
//! can be. An exponential draw is little more than a logarithm, and the next event depends on it:
//! the call took a fifth of a simulation's time (`docs/performance.md`).
//!
//! Checked: against the standard library's `ln` over all magnitudes of a draw and both ends of (0,
//! 1).

use std::f64::consts::LN_2;

/// The number of intervals of `z`, equally long in its bits.
const INTERVALS: usize = 128;
const INTERVAL_BITS: u32 = 52 - INTERVALS.ilog2();
/// The bits of 11/16, where the first interval begins.
const FIRST: u64 = 0x3FE6_0000_0000_0000;

/// `1/c` and `ln c` of each interval.
static TABLE: [[f64; 2]; INTERVALS] = table();

const fn table() -> [[f64; 2]; INTERVALS] {
    let mut table = [[1.0, 0.0]; INTERVALS];
    let mut i = 0;
    while i < INTERVALS {
        let (low, high) = (
            f64::from_bits(FIRST + ((i as u64) << INTERVAL_BITS)),
            f64::from_bits(FIRST + ((i as u64 + 1) << INTERVAL_BITS)),
        );
        if low != 1.0 && high != 1.0 {
            let inverse = 2.0 / (low + high);
            table[i] = [inverse, -series(inverse)];
        }
        i += 1;
    }
    table
}

/// Returns `ln c = 2·artanh((c - 1)/(c + 1))`, summed from its smallest term.
const fn series(c: f64) -> f64 {
    let s = (c - 1.0) / (c + 1.0);
    let (mut sum, mut odd) = (0.0, 41.0);
    while odd > 0.0 {
        sum = sum * s * s + 1.0 / odd;
        odd -= 2.0;
    }
    2.0 * s * sum
}

/// Returns `ln x` for a positive, finite, normal `x`.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let above_first = bits.wrapping_sub(FIRST);
    let k = (above_first as i64) >> 52;
    let [inverse, ln_c] = TABLE[(above_first >> INTERVAL_BITS) as usize % INTERVALS];
    let z = f64::from_bits(bits.wrapping_sub((k << 52) as u64));
    let r = z * inverse - 1.0;
    // Two short chains of the same shape, which fit two lanes of one register.
    let r2 = r * r;
    let even = -1.0 / 2.0 + r2 * (-1.0 / 4.0 + r2 * (-1.0 / 6.0));
    let odd = 1.0 / 3.0 + r2 * (1.0 / 5.0 + r2 * (1.0 / 7.0));
    (k as f64 * LN_2 + ln_c + r) + r2 * (even + r * odd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::keys::{Draw, mix};

    #[test]
    fn it_is_the_logarithm_to_the_last_digits() {
        // Oracle: the standard library's `ln`, accurate to a unit in the last place; the bounds are
        // those of the module's head.
        let close = |x: f64| {
            let (ours, theirs) = (ln(x), x.ln());
            let scale =
                if (x - 1.0).abs() < 1.0 / 256.0 { theirs.abs() } else { theirs.abs().max(1.0) };
            assert!((ours - theirs).abs() <= 6e-16 * scale, "ln {x:e}: {ours:e} is not {theirs:e}");
        };
        (0..200_000).for_each(|i| close(Draw(mix(i)).uniform()));
        (0..1022).for_each(|power| close(1.37 * 2f64.powi(-power)));
        (0..INTERVALS as u64).for_each(|i| {
            (0..3).for_each(|d| close(f64::from_bits(FIRST + (i << INTERVAL_BITS) + d - 1)))
        });
        [Draw(0).uniform(), Draw(u64::MAX).uniform(), 0.5, 1.0 - f64::EPSILON, 1.0 + f64::EPSILON]
            .into_iter()
            .for_each(close);
        assert_eq!(ln(1.0), 0.0);
    }
}
