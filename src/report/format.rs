//! Estimates as text: intervals with the digits of their half-width. Plain numbers are formatted in
//! `units/format.rs`.
//!
//! Law: a printed number, read back, equals the number to within half a unit of its last digit. A
//! number other than 0 is never printed as 0, and a share other than 1 never as 100 %. NaN is `–`,
//! infinity is `∞`. There is one function for each kind of quantity.
//! Tested: the law, over all magnitudes, signs and boundaries; examples by hand.

use crate::stats::Estimate;
use crate::units::format::unit_for;
pub(crate) use crate::units::format::{
    confidence, count, decimals, fixed, percent, thousands, times, trimmed, value, value_beside,
};

/// Returns the decimals of a number and its half-width: those of the half-width, with one
/// significant digit, or two if it begins with 1, but enough to show the number beside a wide
/// interval. `None` if the two are too far apart to share a unit.
fn decimals_of_interval(number: f64, half: f64) -> Option<usize> {
    let first = decimals(half, 1);
    let begins_with_1 = half * 10f64.powi(first as i32) < 1.95;
    let common = decimals(half, if begins_with_1 { 2 } else { 1 }).max(if number == 0.0 {
        0
    } else {
        decimals(number, 1)
    });
    let before = number.abs().max(half).log10().floor().max(0.0) as usize + 1;
    (before + common <= 9).then_some(common)
}

/// Formats an estimate with its half-width: `21.3 ± 0.2 ms`.
pub(crate) fn with_interval(e: &Estimate, unit: &str) -> String {
    let half = (e.high - e.low) / 2.0;
    // A value that is equal in all replications has no half-width to show.
    if !e.estimate.is_finite() || !half.is_finite() || half == 0.0 {
        return value(e.estimate, unit);
    }
    let (size, word) = unit_for(if e.estimate == 0.0 { half } else { e.estimate }, unit);
    let (scaled, scaled_half) = (e.estimate / size, half / size);
    match decimals_of_interval(scaled, scaled_half) {
        Some(digits) => {
            // `91k ± 2k`: without its own, the number would read as 91. A unit after a space, as in
            // `91 ± 2 ms`, belongs to both.
            let prefix = &word[..word.len() - word.trim_start_matches(['k', 'M', 'G']).len()];
            format!("{}{prefix} ± {}{word}", fixed(scaled, digits), fixed(scaled_half, digits))
        }
        None => format!("{} ± {}", value(e.estimate, unit), value(half, unit)),
    }
}

/// Formats the value of a metric: shares of a whole in per cent, others in their unit.
pub(crate) fn metric_value(metric: &str, number: f64, unit: &str) -> String {
    match metric {
        "bad_ratio" | "error_ratio" | "utilisation" | "wasted_ratio" | "share" => percent(number),
        _ => value(number, unit),
    }
}

/// Formats a share with its half-width: `52.1 ± 0.2 %`. If nothing was observed, with its upper
/// bound: `0 % (≤ 0.3 %)`.
pub(crate) fn percent_with_interval(e: &Estimate) -> String {
    let half = (e.high - e.low) / 2.0;
    match decimals_of_interval(e.estimate * 100.0, half * 100.0) {
        _ if !half.is_finite() || half == 0.0 || !e.estimate.is_finite() => percent(e.estimate),
        _ if e.estimate == 0.0 && e.low == 0.0 => format!("0 % (≤ {})", percent(e.high)),
        _ if e.estimate == 1.0 && e.high == 1.0 => format!("100 % (≥ {})", percent(e.low)),
        Some(digits) => {
            // Never 100 unless the share is 1.
            let digits = if e.estimate == 1.0 {
                digits
            } else {
                digits.max(decimals((1.0 - e.estimate) * 100.0, 1))
            };
            format!("{} ± {} %", fixed(e.estimate * 100.0, digits), fixed(half * 100.0, digits))
        }
        None => format!("{} ± {}", percent(e.estimate), percent(half)),
    }
}

/// Formats a share with the ends of its interval, all with the digits that the interval justifies:
/// `52 % (31 to 73 %)`.
pub(crate) fn percent_with_range(share: f64, low: f64, high: f64) -> String {
    let (number, half) = (share * 100.0, (high - low) * 50.0);
    match decimals_of_interval(number, half).filter(|_| half.is_finite() && half > 0.0) {
        Some(digits) => {
            let [number, low, high] =
                [number, low * 100.0, high * 100.0].map(|part| fixed(part, digits));
            format!("{number} % ({low} to {high} %)")
        }
        None => format!("{} ({} to {})", percent(share), percent(low), percent(high)),
    }
}

/// Formats a relative change with its sign: `+12.3 ± 1.9 %`, `−0.4 %`.
pub(crate) fn change(e: &Estimate) -> String {
    signed(
        e.estimate,
        &percent_with_interval(&Estimate {
            estimate: e.estimate.abs(),
            low: 0.0,
            high: e.high - e.low,
            ..*e
        }),
    )
}

/// Formats a difference with its sign and half-width: `+1.2 ± 0.3 ms`. Differences of shares are in
/// percentage points.
pub(crate) fn difference(e: &Estimate, unit: &str, is_share: bool) -> String {
    let size = Estimate { estimate: e.estimate.abs(), low: 0.0, high: e.high - e.low, ..*e };
    match is_share {
        true => signed(e.estimate, &percent_with_interval(&size).replace(" %", " points")),
        false => signed(e.estimate, &with_interval(&size, unit)),
    }
}

fn signed(number: f64, size: &str) -> String {
    let sign = if number > 0.0 { "+" } else { "−" };
    if number == 0.0 || number.is_nan() { size.to_string() } else { format!("{sign}{size}") }
}

/// Returns heights from 0 to 1 as a row of block characters.
pub(crate) fn blocks(heights: &[f64]) -> String {
    const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    heights
        .iter()
        .map(|h| if *h <= 0.0 { ' ' } else { LEVELS[((h * 8.0).ceil() as usize).clamp(1, 8)] })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Method;
    use crate::units::format::{BYTES, MONEY, PLAIN, RATE, TIME, Unit, units_of};
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngSeed};

    /// Returns the number in a text and half a unit of its last digit, both in the unit of the
    /// text.
    fn read(text: &str) -> (f64, f64) {
        let (digits, power) = text
            .split_once('e')
            .map_or((text, 0), |(digits, power)| (digits, power.parse::<i32>().unwrap()));
        let decimals = digits.split_once('.').map_or(0, |(_, after)| after.len() as i32);
        (
            text.parse().unwrap_or_else(|_| panic!("{text:?} is not a number")),
            0.5 * 10f64.powi(power - decimals),
        )
    }

    /// Returns the text before the unit at its end, and the size of that unit.
    fn split<'t>(text: &'t str, unit: &str) -> (&'t str, f64) {
        let mut units: Vec<&Unit> = units_of(unit).iter().collect();
        units.sort_by_key(|(.., word)| std::cmp::Reverse(word.len()));
        let found =
            units.into_iter().find_map(|(size, _, word)| Some((text.strip_suffix(word)?, *size)));
        found.unwrap_or_else(|| panic!("{text:?} has no unit of {unit:?}"))
    }

    /// Asserts that a text shows the number.
    fn assert_shows(text: &str, number: f64, size: f64) {
        let (read, half) = read(text);
        let slack = 1e-9 * number.abs() + 1e-300;
        assert!(
            (read * size - number).abs() <= half * size + slack,
            "{number:e} is shown as {text} × {size}"
        );
        assert!(number == 0.0 || read != 0.0, "{number:e} is shown as {text}");
        assert!(!text.starts_with('-') || read != 0.0, "{text}");
    }

    fn estimate(estimate: f64, half: f64) -> Estimate {
        Estimate {
            estimate,
            low: estimate - half,
            high: estimate + half,
            std_error: half / 2.0,
            n: 20,
            method: Method::T,
        }
    }

    fn check(number: f64, half: f64) {
        let e = estimate(number, half);
        for unit in ["s", "B", "1/s", "1", "USD/h"] {
            let text = value(number, unit);
            let (digits, size) = split(&text, unit);
            assert_shows(digits, number, size);
            let text = with_interval(&e, unit);
            match text.split_once(" ± ") {
                Some((left, right)) => {
                    let (half_digits, size) = split(right, unit);
                    let own = units_of(unit)
                        .iter()
                        .any(|(.., word)| !word.is_empty() && left.ends_with(word));
                    // Of a unit without a space, the prefix stands at both.
                    let bare = left.trim_end_matches(['k', 'M', 'G']);
                    let (digits, left_size) = if own { split(left, unit) } else { (bare, size) };
                    assert_shows(digits, number, left_size);
                    assert_shows(half_digits, (e.high - e.low) / 2.0, size);
                }
                None => assert_shows(split(&text, unit).0, number, split(&text, unit).1),
            }
        }
        let text = percent(number);
        assert_shows(text.strip_suffix(" %").unwrap(), number, 0.01);
        assert!(number == 1.0 || text != "100 %", "{number:e} is shown as {text}");
        let text = percent_with_interval(&e);
        let (left, right) = text.split_once(" ± ").unwrap_or((&text, "1 %"));
        if !text.contains('≤') && !text.contains('≥') {
            assert_shows(left.trim_end_matches(" %"), number, 0.01);
        }
        if text.contains('±') {
            assert_shows(right.trim_end_matches(" %"), (e.high - e.low) / 2.0, 0.01);
        }
        assert!(number == 1.0 || left.parse() != Ok(100.0), "{number:e} is shown as {text}");
    }

    #[test]
    fn at_every_boundary_of_a_unit_what_is_printed_is_the_number() {
        // The boundaries: the size of every unit, every power of ten, and 1 and 2 of each, with
        // nearby numbers that round across.
        let sizes = [TIME, BYTES, RATE, PLAIN, MONEY]
            .into_iter()
            .flatten()
            .flat_map(|(size, least, _)| [*size, size * least.max(0.1)]);
        let powers = (-13..15).map(|power| 10f64.powi(power));
        for size in sizes.chain(powers) {
            for near in [
                0.94, 0.9949, 0.995, 0.9994, 0.99949, 0.9995, 0.9998, 0.99999, 1.0, 1.0004, 1.0006,
                1.005, 1.06, 2.0, 1.9989, 9.996,
            ] {
                for half in [1.0, 0.3, 0.0999, 0.095, 0.0195, 1e-3, 1e-7, 30.0] {
                    check(size * near, size * half);
                    check(-size * near, size * half);
                }
            }
        }
    }

    #[test]
    fn over_all_magnitudes_what_is_printed_is_the_number() {
        let config = Config {
            cases: 20_000,
            rng_seed: RngSeed::Fixed(1),
            failure_persistence: None,
            ..Config::default()
        };
        proptest!(config, |(size in -14f64..15.0, half in -9f64..2.0, negative in any::<bool>())| {
            let number = 10f64.powf(size) * if negative { -1.0 } else { 1.0 };
            check(number, number.abs() * 10f64.powf(half));
        });
    }

    #[test]
    fn near_0_and_1_a_share_is_neither() {
        let config = Config {
            cases: 5_000,
            rng_seed: RngSeed::Fixed(2),
            failure_persistence: None,
            ..Config::default()
        };
        proptest!(config, |(left in -12f64..0.0, half in -9f64..0.0)| {
            for share in [10f64.powf(left), 1.0 - 10f64.powf(left), 1.0 + 10f64.powf(left)] {
                check(share, 10f64.powf(half));
            }
        });
    }

    #[test]
    fn values_have_three_significant_digits_and_a_unit_that_fits() {
        for (v, unit, text) in [
            (0.0213, "s", "21.3 ms"),
            (1.234, "s", "1.23 s"),
            (0.9997, "s", "1.00 s"),
            (0.000_012, "s", "12.0 µs"),
            (0.0, "s", "0 s"),
            (-0.0, "s", "0 s"),
            (1_572_864.0, "B", "1.50 MiB"),
            (12_345.0, "1", "12.3k"),
            (1_234.0, "1", "1234"),
            (3.2, "1", "3.20"),
            (16.0, "1", "16"),
            (9_998.0, "1/s", "9998/s"),
            (9_998.0, "1", "9998"),
            (10_000.0, "1/s", "10.0k/s"),
            (150.0, "1/s", "150/s"),
            (0.5 / 60.0, "1/s", "0.500/min"),
            (0.04 / 3600.0, "1/s", "0.0400/h"),
            (0.0, "1/s", "0/s"),
            (1.2, "USD/h", "1.20 USD/h"),
            (0.000_3, "1", "0.000300"),
            (1e-9, "1", "1.00e-9"),
            (f64::NAN, "s", "–"),
            (f64::INFINITY, "s", "∞"),
            (f64::NEG_INFINITY, "1", "−∞"),
        ] {
            assert_eq!(value(v, unit), text, "{v}");
        }
        assert_eq!(value_beside(0.05, 10.0, "1/s"), "0.0500/s");
        assert_eq!(
            (thousands(5_391_220), count(1, "replication"), count(20, "replication")),
            ("5,391,220".into(), "1 replication".into(), "20 replications".into())
        );
    }

    #[test]
    fn shares_are_never_rounded_to_0_or_100() {
        for (share, text) in [
            (0.5213, "52.1 %"),
            (0.0047, "0.47 %"),
            (0.000_02, "0.002 %"),
            (0.9997, "99.97 %"),
            (0.99991, "99.991 %"),
            (0.999_933, "99.993 %"),
            (0.999_01, "99.9 %"),
            (0.009_98, "1.0 %"),
            (0.009_94, "0.99 %"),
            (1.0001, "100.01 %"),
            (1.0, "100 %"),
            (0.0, "0 %"),
            (-0.0, "0 %"),
            (1.2, "120 %"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(percent(share), text);
        }
        assert_eq!(
            [0.95, 0.999_999_999, 0.995, 0.995_5, 0.5].map(confidence),
            ["95 %", "99.9999999 %", "99.5 %", "99.55 %", "50 %"]
        );
        assert_eq!(percent_with_interval(&estimate(0.000_02, 0.000_009)), "0.0020 ± 0.0009 %");
        let nothing = Estimate { low: 0.0, high: 0.003, ..estimate(0.0, 0.0) };
        assert_eq!(percent_with_interval(&nothing), "0 % (≤ 0.3 %)");
    }

    #[test]
    fn an_interval_has_the_digits_of_its_half_width() {
        for (number, half, text) in [
            (0.0236, 0.000_02, "23.60 ± 0.02 ms"),
            (0.0236, 0.000_123, "23.60 ± 0.12 ms"),
            (0.0236, 0.003, "24 ± 3 ms"),
            (0.0236, 0.4, "24 ± 400 ms"),
            (0.0, 0.01, "0 ± 10 ms"),
            (0.0236, 0.0, "23.6 ms"),
            (0.0236, 1e-12, "23.6 ms ± 0.00100 ns"),
        ] {
            assert_eq!(with_interval(&estimate(number, half), "s"), text);
        }
        assert_eq!(percent_with_range(0.5213, 0.312, 0.731), "52 % (31 to 73 %)");
        assert_eq!(percent_with_range(0.012, -0.001, 0.025), "1.2 % (-0.1 to 2.5 %)");
        assert_eq!(percent_with_range(0.0, 0.0, 0.0), "0 % (0 % to 0 %)");
        assert_eq!(change(&estimate(-0.123, 0.019)), "−12.3 ± 1.9 %");
        assert_eq!(change(&estimate(0.123, f64::NAN)), "+12.3 %");
        assert_eq!(difference(&estimate(0.002, 0.000_3), "s", false), "+2.0 ± 0.3 ms");
        assert_eq!(difference(&estimate(-0.02, 0.003), "1", true), "−2.0 ± 0.3 points");
    }
}
