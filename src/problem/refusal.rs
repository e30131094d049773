//! Why a value is refused, and what to write instead.
//!
//! A type that refuses a text knows both. Its error then passes through serde, whose custom errors
//! are made of a `Display` and nothing else, before the reader of scenarios makes a problem of it.
//! So this file, and no other, defines how the two parts travel in one message:
//! [`Refusal::from_message`] is the inverse of its `Display`.

use std::fmt::{Display, Formatter};

/// Stands between the two parts in a message.
const SEPARATOR: &str = "\nhelp: ";

/// Why a value is refused, and what to write instead.
///
/// The error of all quantities:
///
/// ```
/// use asyncflow::units::Span;
/// let refusal = "5".parse::<Span>().unwrap_err();
/// assert_eq!(refusal.what, "`5` has no unit");
/// assert_eq!(refusal.help.as_deref(), Some("write `5ms` or `5s`"));
/// assert_eq!(refusal.to_string(), "`5` has no unit\nhelp: write `5ms` or `5s`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, in one line.
    pub what: String,
    /// What to write instead, if known.
    pub help: Option<String>,
}

impl Refusal {
    /// Creates a refusal without a help text.
    pub fn new(what: impl Into<String>) -> Refusal {
        Refusal { what: what.into(), help: None }
    }
    /// Returns the refusal with a help text.
    pub fn help(self, help: impl Into<String>) -> Refusal {
        Refusal { help: Some(help.into()), ..self }
    }
    /// Reads a message as `Display` writes it; one without a help text is all `what`.
    pub fn from_message(message: &str) -> Refusal {
        match message.split_once(SEPARATOR) {
            Some((what, help)) => Refusal::new(what).help(help),
            None => Refusal::new(message),
        }
    }
    /// Returns both parts on one line.
    pub fn in_one_line(&self) -> String {
        match &self.help {
            Some(help) => format!("{}; {help}", self.what),
            None => self.what.clone(),
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str(&self.what)?;
        match &self.help {
            Some(help) => write!(f, "{SEPARATOR}{help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::Refusal;

    #[test]
    fn a_message_reads_back_as_the_same_refusal() {
        // `from_message` is the inverse of `Display`; a help text may have several lines.
        let refusals = [
            Refusal::new("`5` has no unit"),
            Refusal::new("`5` has no unit").help("write `5ms`"),
            Refusal::new("it is wrong").help("write\nhelp: twice"),
        ];
        for refusal in refusals {
            assert_eq!(Refusal::from_message(&refusal.to_string()), refusal);
        }
    }

    #[test]
    fn one_line_has_both_parts() {
        // By hand.
        assert_eq!(Refusal::new("wrong").help("write it").in_one_line(), "wrong; write it");
        assert_eq!(Refusal::new("wrong").in_one_line(), "wrong");
    }
}
