//! Formatting of numbers for people: three significant digits in a suitable unit.
//!
//! Law: the printed text reads back as the number within half a unit of its last digit; a nonzero
//! number is never printed as 0, and a share below 1 never as 100 %. NaN is printed as `–`,
//! infinity as `∞`. There is one function for each kind of quantity; `report/format.rs` formats
//! estimates with their intervals in the same way. Only a load (`units/share.rs`) and a sufficient
//! length of run (`report/verdict.rs`) have rules of their own.
//! Tested: in `report/format.rs`, the law over all magnitudes, signs and boundaries; phrases by
//! hand.

/// A unit of a quantity: its size in base units, the smallest number of it that is printed in it,
/// and its symbol with the space before it.
pub(crate) type Unit = (f64, f64, &'static str);

/// Units of a quantity, largest first. Values below all of them are printed in the last.
pub(crate) const TIME: &[Unit] = &[
    (3600.0, 2.0, " h"),
    (60.0, 2.0, " min"),
    (1.0, 1.0, " s"),
    (1e-3, 1.0, " ms"),
    (1e-6, 1.0, " µs"),
    (1e-9, 1.0, " ns"),
];
pub(crate) const BYTES: &[Unit] = &[
    (1_099_511_627_776.0, 1.0, " TiB"),
    (1_073_741_824.0, 1.0, " GiB"),
    (1_048_576.0, 1.0, " MiB"),
    (1024.0, 1.0, " KiB"),
    (1.0, 1.0, " B"),
];
pub(crate) const RATE: &[Unit] = &[
    (1e9, 1.0, "G/s"),
    (1e6, 1.0, "M/s"),
    (1e3, 10.0, "k/s"),
    (1.0, 0.1, "/s"),
    (1.0 / 60.0, 0.1, "/min"),
    (1.0 / 3600.0, 0.1, "/h"),
];
pub(crate) const MONEY: &[Unit] =
    &[(1e9, 1.0, "G USD/h"), (1e6, 1.0, "M USD/h"), (1e3, 10.0, "k USD/h"), (1.0, 0.0, " USD/h")];
pub(crate) const PLAIN: &[Unit] =
    &[(1e9, 1.0, "G"), (1e6, 1.0, "M"), (1e3, 10.0, "k"), (1.0, 0.0, "")];

pub(crate) fn units_of(unit: &str) -> &'static [Unit] {
    match unit {
        "s" => TIME,
        "B" => BYTES,
        "1/s" => RATE,
        "USD/h" => MONEY,
        _ => PLAIN,
    }
}

/// Returns the unit that a value is printed in: its size in base units, and its symbol.
pub(crate) fn unit_for(value: f64, unit: &str) -> (f64, &'static str) {
    let units = units_of(unit);
    let last = units[units.len() - 1];
    // Zero is zero in any unit, so the base unit is used.
    let base = units.iter().find(|(size, ..)| *size == 1.0).copied().unwrap_or(last);
    // With three digits 999.7 ms is 1.00 s; but 9,998/s keeps four until it reaches 10.0k/s.
    let fits = |(size, least, _): &&Unit| {
        value.abs() / size >= if *least == 1.0 { 0.9995 } else { *least }
    };
    let (size, _, word) =
        if value == 0.0 { base } else { units.iter().find(fits).copied().unwrap_or(last) };
    (size, word)
}

/// Returns the decimals that show a number with `digits` significant digits; 0 if it has more
/// before the point.
pub(crate) fn decimals(number: f64, digits: i32) -> usize {
    if number == 0.0 || !number.is_finite() {
        return 0;
    }
    let power = number.abs().log10().floor() as i32;
    // Rounding may carry: with three digits 9.996 is 10.0.
    let carries = number.abs() / 10f64.powi(power) >= 10.0 - 0.5 * 10f64.powi(1 - digits);
    (digits - 1 - power - i32::from(carries)).max(0) as usize
}

/// Formats a number with a fixed number of decimals; without a sign if it rounds to 0, and in
/// scientific notation where that is shorter.
pub(crate) fn fixed(number: f64, decimals: usize) -> String {
    match number.abs() {
        size if size.is_infinite() => if number > 0.0 { "∞" } else { "−∞" }.to_string(),
        size if size >= 1e15 || (decimals > 7 && size < 1e-4 && size > 0.0) => {
            format!("{number:.2e}")
        }
        _ => {
            let text = format!("{number:.decimals$}");
            if text.starts_with('-') && text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'))
            {
                text[1..].to_string()
            } else {
                text
            }
        }
    }
}

/// Removes the trailing zeros of a decimal.
pub(crate) fn trimmed(text: &str) -> &str {
    if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// Formats a value with its unit: `21.3 ms`, `1.50 GiB`, `12.3k`, `150/s`, `2.40/h`.
pub(crate) fn value(value: f64, unit: &str) -> String {
    value_beside(value, value, unit)
}

/// Formats a value in the unit of another that is printed beside it: 8.00/s, or 0.050/s, answered
/// of 10/s offered.
pub(crate) fn value_beside(value: f64, other: f64, unit: &str) -> String {
    if value.is_nan() {
        return "–".into();
    }
    if value.is_infinite() {
        return fixed(value, 0);
    }
    let (size, word) = unit_for(if other.is_finite() { other } else { value }, unit);
    let scaled = value / size;
    // A whole number is printed as one: `16`, not `16.0`.
    let is_whole = (word.is_empty() || word == "/s") && scaled.fract() == 0.0;
    format!("{}{word}", fixed(scaled, if is_whole { 0 } else { decimals(scaled, 3) }))
}

/// Returns the decimals of a percentage: one; more near 0, and near 100 as many as distinguish it
/// from 100; fewer above 100.
pub(crate) fn decimals_of_percent(percent: f64) -> usize {
    let remainder = (100.0 - percent.abs()).abs();
    match percent.abs() {
        size if size == 0.0 || remainder == 0.0 => 0,
        size if size < 1.0 => decimals(size, 2),
        _ if remainder < 1.0 => decimals(remainder, 1),
        size if size > 100.0 => decimals(size, 3),
        _ => 1,
    }
}

pub(crate) fn percent_number(fraction: f64) -> String {
    let percent = fraction * 100.0;
    let text = fixed(percent, decimals_of_percent(percent));
    // 0.998 % is 1.0 %, beside 0.39 %.
    let near_an_end = percent.abs() < 0.995 || (percent.abs() - 100.0).abs() < 1.0;
    if near_an_end { trimmed(&text).to_string() } else { text }
}

/// Formats a share: `52.1 %`, `0.002 %`, `99.97 %`.
pub(crate) fn percent(fraction: f64) -> String {
    if fraction.is_nan() { "–".into() } else { format!("{} %", percent_number(fraction)) }
}

/// Formats a confidence level as it was written: `95 %`, `99.9999999 %`.
pub(crate) fn confidence(fraction: f64) -> String {
    let percent = fraction * 100.0;
    // Nine decimals are fewer than a double has, and more than anyone writes.
    let text = fixed(percent, decimals(100.0 - percent, 1).max(9));
    format!("{} %", trimmed(&text))
}

/// Formats a ratio: `1.23`, `12.3`, `1000`.
pub(crate) fn times(ratio: f64) -> String {
    value(ratio, "1")
}

/// Formats a count with its noun: `1 replication`, `5,391 replications`.
pub(crate) fn count(n: u64, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {what}{plural}", thousands(n))
}

/// Formats a whole number with thousands separators: `5,391,220`.
pub(crate) fn thousands(n: u64) -> String {
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
