//! How a text is shown: with colours or without, and in lines of which length.
//!
//! Tested: by hand, what is wrapped and where; `tests/it/words.rs`, that what is printed is no
//! wider than the terminal.

use console::measure_text_width;

/// What the text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColorChoice {
    /// Whether it shows ANSI colours.
    pub colours: bool,
    /// Letters in a line, if there is an end to it.
    pub width: Option<usize>,
}

impl ColorChoice {
    /// Without colours, in lines as long as they are.
    pub const PLAIN: ColorChoice = ColorChoice { colours: false, width: None };

    /// The text in lines that fit: what is longer goes on in the next line, between two words and
    /// further in. Tables fit already.
    pub(super) fn fitted(self, text: String) -> String {
        let Some(width) = self.width else { return text };
        text.lines().map(|line| wrapped(line, width) + "\n").collect()
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }
    pub(super) fn good(self, text: &str) -> String {
        self.with("32", text)
    }
    pub(super) fn bad(self, text: &str) -> String {
        self.with("31;1", text)
    }
    pub(super) fn doubtful(self, text: &str) -> String {
        self.with("33", text)
    }
    pub(super) fn faint(self, text: &str) -> String {
        self.with("2", text)
    }
}

/// A line, broken between words where it is wider than that. A word that is wider is left whole.
fn wrapped(line: &str, width: usize) -> String {
    if measure_text_width(line) <= width {
        return line.to_string();
    }
    let words = line.trim_start();
    let indent = line.len() - words.len();
    let mut out = " ".repeat(indent);
    let mut used = indent;
    for word in words.split(' ') {
        let own = measure_text_width(word);
        if used > indent && used + 1 + own > width {
            let further = indent + 2;
            out.truncate(out.trim_end().len());
            out = format!("{out}\n{}", " ".repeat(further));
            used = further;
        } else if used > indent {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += own;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_goes_on_in_the_next_line_further_in() {
        // By hand, 12 letters; codes of colours take no room.
        let said =
            |text: &str| ColorChoice { colours: false, width: Some(12) }.fitted(text.to_string());
        assert_eq!(said("  one two three four\n"), "  one two\n    three\n    four\n");
        assert_eq!(said("fits in here\nso\n"), "fits in here\nso\n");
        assert_eq!(said("a/path/that/is/longer x\n"), "a/path/that/is/longer\n  x\n");
        assert_eq!(said("\x1b[1mone two\x1b[0m three\n"), "\x1b[1mone two\x1b[0m\n  three\n");
        assert_eq!(
            ColorChoice::PLAIN.fitted("  one two three four\n".to_string()),
            "  one two three four\n"
        );
    }
}
