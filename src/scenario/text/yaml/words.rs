//! Scalars: where one ends in the text, and what a plain word stands for.

use crate::scenario::text::Value;

/// Returns the length of the scalar within its range, in bytes: the parser includes the space and
/// the comment after quoted text.
pub(super) fn written(scalar: &str) -> usize {
    let mut letters = scalar.char_indices().skip(1).peekable();
    let double = scalar.starts_with('"');
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if double => _ = letters.next(),
            '"' if double => return at + 1,
            '\'' if scalar.starts_with('\'')
                && letters.next_if(|(_, next)| *next == '\'').is_none() =>
            {
                return at + 1;
            }
            _ => {}
        }
    }
    scalar.trim_end().len()
}

/// Resolves a plain word by the core schema of YAML 1.2.
pub(super) fn resolve(word: &str) -> Value {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    let (sign, number) = match word.as_bytes()[0] {
        b'-' => (-1.0, &word[1..]),
        b'+' => (1.0, &word[1..]),
        _ => (1.0, word),
    };
    if matches!(number, ".inf" | ".Inf" | ".INF") {
        return Value::Float(sign * f64::INFINITY);
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        // A sign must not follow the prefix, although Rust would accept it.
        if let Some(digits) =
            word.strip_prefix(prefix).filter(|digits| digits.chars().all(|c| c.is_digit(radix)))
        {
            return u64::from_str_radix(digits, radix)
                .map_or(Value::Text(word.to_string()), Value::Unsigned);
        }
    }
    let begins =
        number.strip_prefix('.').unwrap_or(number).starts_with(|c: char| c.is_ascii_digit());
    if !begins || !number.chars().all(|c| c.is_ascii_digit() || ".eE+-".contains(c)) {
        return Value::Text(word.to_string());
    }
    if let Ok(whole) = word.parse::<u64>() {
        return Value::Unsigned(whole);
    }
    match (word.parse::<i64>(), word.parse::<f64>()) {
        (Ok(0), _) => Value::Unsigned(0),
        (Ok(whole), _) => Value::Signed(whole),
        (_, Ok(number)) if number.is_finite() => Value::Float(number),
        // Too large even for a number: as a text it can still be quoted.
        _ => Value::Text(word.to_string()),
    }
}
