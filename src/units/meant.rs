//! Recognition of quantities in other notations, so that an error can say what to write instead.
//!
//! The notations are recognised only to suggest a text of the same meaning, never accepted: ranges
//! and deviations (distributions here), bounds, clocks, ISO 8601, commas.
//! Tests: here, and every line of `tests/corpus/people/inputs.txt`.

use super::{Quantity, Span};
use crate::problem::Refusal;

/// Returns the quantity, or the error, with a better message if the text is in another notation.
pub(super) fn or_line<Q: Quantity>(text: &str, read: Result<Q, Refusal>) -> Result<Q, Refusal> {
    read.map_err(|refusal| line::<Q>(text).unwrap_or(refusal))
}

/// Returns what the text is, and what to write instead; `None` if it is in no known notation.
pub(crate) fn line<Q: Quantity>(text: &str) -> Option<Refusal> {
    let text = text.trim();
    let quoted = super::shown(text);
    if let Some(help) = clock(text).filter(|_| Q::WORD == "Span") {
        let what = format!("`{quoted}` is a duration in another notation");
        return Some(Refusal::new(what).help(help));
    }
    if text.len() > 60 {
        return None;
    }
    if let Some((mean, sd)) = ["±", "+/-", "+-"].iter().find_map(|sign| two::<Q>(text, sign)) {
        let help = format!(
            "write `{{ normal: {{ mean: {mean}, sd: {sd} }} }}` where a distribution is allowed, if {sd} is the standard deviation"
        );
        return Some(Refusal::new(format!("`{quoted}` is a value with a deviation")).help(help));
    }
    if let Some((low, high)) =
        ["...", "..", "–", "—", " to ", "-", "~"].iter().find_map(|sign| two::<Q>(text, sign))
    {
        let help = match Q::WORD {
            "Rate" | "Share" | "Factor" | "Money" => {
                format!("write one value, `{low}` or `{high}`; `asyncflow sweep` tries several")
            }
            _ => format!(
                "write `{{ uniform: [{low}, {high}] }}` where a distribution is allowed, or one value"
            ),
        };
        return Some(Refusal::new(format!("`{quoted}` is a range")).help(help));
    }
    let what = if text.starts_with(['<', '>', '=', '≤', '≥']) {
        "is a bound, not a value"
    } else {
        "begins with a sign"
    };
    bound(text).map(|help| Refusal::new(format!("`{quoted}` {what}")).help(help))
}

/// Parses the quantities on both sides of a sign; either may omit its unit and take the other's.
fn two<Q: Quantity>(text: &str, sign: &str) -> Option<(Q, Q)> {
    let (left, right) = text.split_once(sign)?;
    let (left, right) = (left.trim(), right.trim());
    if !left.starts_with(|c: char| c.is_ascii_digit())
        || !right.starts_with(|c: char| c.is_ascii_digit() || c == '.')
    {
        return None;
    }
    // Exactly two plain values: their own errors come here again, and this ends the recursion.
    let plain = |part: &str| {
        part.chars().all(|c| c.is_alphanumeric() || "._%$/ ".contains(c))
            && !part.contains("..")
            && !part.contains(" to ")
    };
    if !plain(left) || !plain(right) {
        return None;
    }
    let unit = right.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let read = |text: &str| Q::from_str(text).ok();
    let second = read(right).or_else(|| {
        read(&format!(
            "{right}{}",
            left.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
        ))
    })?;
    Some((read(left).or_else(|| read(&format!("{left}{unit}")))?, second))
}

/// Returns what to write for a value after a comparison sign, or after `~`, `≈` or `+`.
pub(super) fn bound(text: &str) -> Option<String> {
    let rest = text.trim_start_matches(['<', '>', '=', '≤', '≥', '~', '≈', '+']).trim();
    let is_sign = !text.starts_with(['<', '>', '=', '≤', '≥']);
    let is_bound = rest.len() < text.len() && rest.starts_with(|c: char| c.is_ascii_digit());
    if is_bound && is_sign {
        return Some(format!("write `{}`", super::shown(rest)));
    }
    is_bound.then(|| {
        format!(
            "write `{}`: the field determines whether it is an upper or a lower bound",
            super::shown(rest)
        )
    })
}

/// Resolves the commas of a number: groups of three digits are thousands, unless the number begins
/// with 0. `None` if it is ambiguous.
pub(super) fn without_comma(text: &str) -> Option<String> {
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || c == ',' || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let groups: Vec<&str> = groups.collect();
    let thousands = (1..=3).contains(&first.len())
        && first.trim_start_matches('0') == first
        && groups.iter().all(|group| group.len() == 3);
    match groups.len() {
        // The comma comes after the point.
        0 => None,
        _ if decimals.contains([',', '.']) => None,
        _ if thousands => Some(format!("{}{unit}", number.replace(',', ""))),
        1 if !number.contains('.') => Some(format!("{}{unit}", number.replacen(',', ".", 1))),
        _ => None,
    }
}

/// Returns what to write for a clock time (`00:01:30`) or an ISO 8601 duration (`PT1M30S`).
fn clock(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix(['P', 'p']) {
        let (days, time) = rest.split_once(['T', 't']).unwrap_or((rest, ""));
        // Of the units of the date part, only days have a fixed length.
        let written = format!("{}{}", days.to_lowercase(), time.to_lowercase());
        let fits = written.chars().all(|c| c.is_ascii_digit() || "dhms.".contains(c))
            && !days.to_lowercase().contains(['m', 'h', 's']);
        return fits
            .then(|| written.parse::<Span>().ok())
            .flatten()
            .map(|_| format!("write `{written}`"));
    }
    let parts: Vec<&str> = text.split(':').collect();
    if parts.iter().any(|part| {
        !part.starts_with(|c: char| c.is_ascii_digit())
            || part.len() > 6
            || !part.chars().all(|c| c.is_ascii_digit() || c == '.')
    }) {
        return None;
    }
    let joined = |units: &[&str]| {
        parts
            .iter()
            .zip(units)
            .map(|(part, unit)| format!("{}{unit}", number(part)))
            .collect::<String>()
    };
    let lines: Vec<String> = match parts.len() {
        2 => vec![joined(&["m", "s"]), joined(&["h", "m"])],
        3 => vec![joined(&["h", "m", "s"])],
        _ => return None,
    };
    // Suggest only what can be parsed.
    lines
        .iter()
        .all(|line| line.parse::<Span>().is_ok())
        .then(|| format!("write `{}`", lines.join("` or `")))
}

/// Removes the leading zeros of a number.
fn number(digits: &str) -> &str {
    let short = digits.trim_start_matches('0');
    if short.is_empty() || short.starts_with('.') {
        &digits[digits.len() - short.len() - 1..]
    } else {
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Count;

    #[test]
    fn a_range_or_a_deviation_suggests_a_distribution() {
        // By hand.
        let help = |text: &str| line::<Span>(text).and_then(|it| it.help).unwrap_or_default();
        for range in ["5-10ms", "5ms-10ms", "5ms..10ms", "5–10ms", "5ms to 10ms"] {
            assert!(
                help(range).starts_with("write `{ uniform: [5ms, 10ms] }`"),
                "{range}: {}",
                help(range)
            );
        }
        for deviation in ["5ms ± 1ms", "5 +/- 1ms", "5ms±1"] {
            assert!(
                help(deviation).starts_with("write `{ normal: { mean: 5ms, sd: 1ms } }`"),
                "{deviation}: {}",
                help(deviation)
            );
        }
        assert_eq!(line::<Count>("2-4").unwrap().what, "`2-4` is a range");
        assert_eq!(line::<Span>("5 parsecs"), None);
    }

    #[test]
    fn a_comma_separates_thousands_or_decimals_and_never_changes_the_value() {
        // By hand: three digits between commas are thousands.
        for (text, meant) in [
            ("1,000", "1000"),
            ("72,000/h", "72000/h"),
            ("1,000,000", "1000000"),
            ("0,1%", "0.1%"),
            ("2,5ms", "2.5ms"),
            ("0,125s", "0.125s"),
        ] {
            assert_eq!(without_comma(text).as_deref(), Some(meant));
        }
        // A point before the comma, or groups of other lengths: thousands in one country, decimals
        // in another.
        for text in ["1.234,5ms", "5,000,00/s", "1,2,3", "1,5.5ms"] {
            assert_eq!(without_comma(text), None, "{text}");
        }
    }

    #[test]
    fn clock_times_and_iso_8601_suggest_a_span() {
        // By hand.
        assert_eq!(clock("00:01:30").unwrap(), "write `0h1m30s`");
        assert_eq!(clock("01:30").unwrap(), "write `1m30s` or `1h30m`");
        assert_eq!(
            (clock("PT1M30S").unwrap(), clock("P1DT2H").unwrap()),
            ("write `1m30s`".to_string(), "write `1d2h`".to_string())
        );
        assert_eq!((clock("P1M"), clock("1:2:3:4"), clock("x")), (None, None, None));
        // Found in review: parts that are not numbers.
        assert_eq!(
            (clock("1:.5"), clock(".5:1"), clock("1:."), clock("1.2.3:4")),
            (None, None, None, None)
        );
    }
}
