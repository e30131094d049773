//! The RON reader's scalars: quoted text with escapes, raw text, and numbers with underscores,
//! radix and suffix.
//!
//! The `ron` crate validates the text as well, so errors here can be short. Tests in
//! `tests/ron.rs`.

use super::Reader;
use crate::problem::Problem;
use crate::scenario::text::{Value, problem_at, word_at};

impl Reader<'_> {
    /// Reads `"text"` or `'c'`.
    pub(super) fn quoted(&mut self) -> Result<String, Problem> {
        let start = self.at;
        let quote = if self.eat("'") { '\'' } else { '"' };
        self.eat("\"");
        let mut bytes = Vec::new();
        loop {
            bytes.extend_from_slice(self.run(|c| c != quote && c != '\\').as_bytes());
            if !self.eat("\\") {
                // A quote, or the end of the text.
                let line = self.text[start..self.at].split('\n').next().unwrap_or("");
                if self.over_lines.is_none()
                    && (self.rest().is_empty() || start + line.len() < self.at)
                {
                    self.over_lines = Some(start..start + line.len());
                }
                self.at += usize::from(!self.rest().is_empty());
                return Ok(String::from_utf8_lossy(&bytes).into_owned());
            }
            self.escape(&mut bytes)?;
        }
    }

    /// Reads the escape after a backslash as bytes, as several `\x..` may make one character.
    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), Problem> {
        let start = self.at;
        let Some(sign) = self.rest().chars().next() else { return Err(self.strange()) };
        self.at += sign.len_utf8();
        match sign {
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            '0' => bytes.push(0),
            '\n' | '\r' => {
                self.run(|c| c.is_ascii_whitespace());
            }
            'x' => {
                let code =
                    self.rest().get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                let Some(code) = code else { return Err(self.strange()) };
                self.at += 2;
                bytes.push(code);
            }
            'u' => {
                let digits = if self.eat("{") { self.run(|c| c.is_ascii_hexdigit()) } else { "" };
                let character = u32::from_str_radix(digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                    .filter(|_| self.eat("}"));
                let Some(character) = character else {
                    return Err(problem_at(word_at(self.text, start), "this is not a character"));
                };
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        Ok(())
    }

    /// Reads `r"text"` or `r#"text"#`.
    pub(super) fn raw(&mut self) -> Result<String, Problem> {
        self.eat("r");
        let close = format!("\"{}", self.run(|c| c == '#'));
        if !self.eat("\"") {
            return Err(self.strange());
        }
        let Some((inside, _)) = self.rest().split_once(close.as_str()) else {
            return Err(self.strange());
        };
        self.at += inside.len() + close.len();
        Ok(inside.to_string())
    }

    /// Reads a number: `1_000`, `0xFF`, `-2.5e3`, `1u8`.
    pub(super) fn number(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        let mut before = ' ';
        let rest = self.rest();
        let end = rest.find(|c: char| {
            let sign_fits = before == ' ' || matches!(before, 'e' | 'E') && !rest.starts_with("0x");
            before = c;
            !(c.is_alphanumeric() || c == '_' || c == '.' || (c == '+' || c == '-') && sign_fits)
        });
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        let strange = || {
            problem_at(word_at(self.text, start), format!("`{word}` is not a number"))
                .help("quote text, and quantities with their unit: `\"5ms\"`")
        };
        if word.contains("..") {
            return Err(problem_at(word_at(self.text, start), "ranges are not allowed")
                .help("write a list: `[1, 2]`"));
        }
        let plain = word.replace('_', "");
        let (negative, digits) = match plain.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
        };
        let radix = match digits.get(..2) {
            Some("0x") => 16,
            Some("0b") => 2,
            Some("0o") => 8,
            _ => 10,
        };
        let digits = if radix == 10 { digits } else { &digits[2..] };
        let whole = ["u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "i128"];
        let floats: &[&str] = if radix == 10 { &["f32", "f64"] } else { &[] };
        let suffix = whole.iter().chain(floats).find_map(|suffix| digits.strip_suffix(suffix));
        let digits = suffix.unwrap_or(digits);
        if digits.starts_with(['+', '-']) {
            return Err(strange());
        }
        match u64::from_str_radix(digits, radix) {
            Ok(0) => Ok(Value::Unsigned(0)),
            Ok(number) if !negative => Ok(Value::Unsigned(number)),
            Ok(number) if number <= 1 << 63 => Ok(Value::Signed((number as i64).wrapping_neg())),
            Ok(number) => Ok(Value::Float(-(number as f64))),
            Err(_) if radix == 10 => digits
                .parse::<f64>()
                .map(|number| Value::Float(if negative { -number } else { number }))
                .map_err(|_| strange()),
            Err(_) => Err(strange()),
        }
    }
}
