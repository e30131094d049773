//! The style of terminal output: colours and line width.
//!
//! Tested: by hand, where lines are wrapped; `tests/it/words.rs`, that output is no wider than the
//! terminal.

use console::measure_text_width;

/// The style of terminal output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColorChoice {
    /// Whether to use ANSI colours.
    pub colours: bool,
    /// The line width in columns; `None` if unlimited.
    pub width: Option<usize>,
}

impl ColorChoice {
    /// No colours and no line wrapping.
    pub const PLAIN: ColorChoice = ColorChoice { colours: false, width: None };

    /// Wraps lines that are too long between words and indents their continuation. Tables already
    /// fit.
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

/// Breaks a line between words where it is wider than `width`. Longer words are not broken.
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
            let hanging = indent + 2;
            out.truncate(out.trim_end().len());
            out = format!("{out}\n{}", " ".repeat(hanging));
            used = hanging;
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
    fn long_lines_are_wrapped_and_indented() {
        // By hand, 12 columns; colour codes have no width.
        let fitted =
            |text: &str| ColorChoice { colours: false, width: Some(12) }.fitted(text.to_string());
        assert_eq!(fitted("  one two three four\n"), "  one two\n    three\n    four\n");
        assert_eq!(fitted("fits in here\nso\n"), "fits in here\nso\n");
        assert_eq!(fitted("a/path/that/is/longer x\n"), "a/path/that/is/longer\n  x\n");
        assert_eq!(fitted("\x1b[1mone two\x1b[0m three\n"), "\x1b[1mone two\x1b[0m\n  three\n");
        assert_eq!(
            ColorChoice::PLAIN.fitted("  one two three four\n".to_string()),
            "  one two three four\n"
        );
    }
}
