//! Numbers for people: three significant digits, the unit that fits, intervals with the decimals of their number.

use crate::stats::Estimate;

/// Units of a quantity, the largest first: size and word.
type Units = &'static [(f64, &'static str)];

const TIME: Units = &[(3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")];
const BYTES: Units = &[(1024.0 * 1024.0 * 1024.0, "GiB"), (1024.0 * 1024.0, "MiB"), (1024.0, "KiB"), (1.0, "B")];
const PLAIN: Units = &[(1e9, "G"), (1e6, "M"), (1e4, "k"), (1.0, "")];

fn units_of(unit: &str) -> Units {
    match unit {
        "s" => TIME,
        "B" => BYTES,
        _ => PLAIN,
    }
}

/// Decimals for three significant digits.
fn decimals(value: f64) -> usize {
    match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        v if v > 0.0 => (2 - v.log10().floor() as i32).clamp(2, 4) as usize,
        _ => 0,
    }
}

fn scale(value: f64, unit: &str) -> (f64, &'static str) {
    let units = units_of(unit);
    let fits = units.iter().find(|(size, _)| value.abs() >= *size * if *size >= 60.0 && unit == "s" { 2.0 } else { 0.9995 });
    let last = units.last().copied().unwrap_or((1.0, ""));
    match fits {
        Some((size, word)) if *size == 1e4 => (1e3, if value.abs() >= 1e4 { word } else { "" }),
        Some(fit) => *fit,
        None if value == 0.0 => (1.0, if unit == "s" { "s" } else { last.1 }),
        None => last,
    }
}

/// A value with its unit: `21.3 ms`, `1.50 GiB`, `12.3k`.
pub fn value(value: f64, unit: &str) -> String {
    if value.is_nan() {
        return "–".into();
    }
    let (size, word) = scale(value, unit);
    let scaled = value / size;
    let space = if word.is_empty() || units_of(unit) == PLAIN { "" } else { " " };
    format!("{scaled:.*}{space}{word}", decimals(scaled))
}

/// An estimate with its half-width: `21.3 ± 0.2 ms`.
pub fn with_interval(e: &Estimate, unit: &str) -> String {
    let half = (e.high - e.low) / 2.0;
    if e.estimate.is_nan() || half.is_nan() {
        return value(e.estimate, unit);
    }
    let (size, word) = scale(e.estimate, unit);
    let (scaled, half) = (e.estimate / size, half / size);
    let fine = if half > 0.0 && half < 0.95 { (1 - half.log10().floor() as i32 - 1).clamp(0, 3) as usize } else { 0 };
    let digits = decimals(scaled).max(fine).min(4);
    let space = if word.is_empty() || units_of(unit) == PLAIN { "" } else { " " };
    format!("{scaled:.digits$} ± {half:.digits$}{space}{word}")
}

/// A share: `52.1 %`.
pub fn percent(fraction: f64) -> String {
    if fraction.is_nan() {
        return "–".into();
    }
    let percent = fraction * 100.0;
    let digits = if percent == 0.0 || percent >= 99.95 {
        0
    } else if percent < 1.0 {
        2
    } else {
        1
    };
    format!("{percent:.digits$} %")
}

/// A share with its half-width.
pub fn percent_with_interval(e: &Estimate) -> String {
    let half = (e.high - e.low) / 2.0 * 100.0;
    match half.is_nan() || half == 0.0 {
        true => percent(e.estimate),
        false => format!("{:.*} ± {:.*} %", digits_of(half), e.estimate * 100.0, digits_of(half), half),
    }
}

fn digits_of(half_percent: f64) -> usize {
    if half_percent < 0.095 { 2 } else { 1 }
}

/// A whole number with separators: `5,391,220`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Heights from 0 to 1 as a row of blocks.
pub fn blocks(heights: &[f64]) -> String {
    const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    heights.iter().map(|h| if *h <= 0.0 { ' ' } else { LEVELS[((h * 8.0).ceil() as usize).clamp(1, 8)] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_three_significant_digits_and_a_unit_that_fits() {
        for (v, unit, text) in [
            (0.0213, "s", "21.3 ms"),
            (1.234, "s", "1.23 s"),
            (0.000_012, "s", "12.0 µs"),
            (0.0, "s", "0 s"),
            (1_572_864.0, "B", "1.50 MiB"),
            (12_345.0, "1", "12.3k"),
            (1_234.0, "1", "1234"),
            (3.2, "1", "3.20"),
            (f64::NAN, "s", "–"),
        ] {
            assert_eq!(value(v, unit), text);
        }
        assert_eq!(thousands(5_391_220), "5,391,220");
        assert_eq!(percent(0.5213), "52.1 %");
    }
}
