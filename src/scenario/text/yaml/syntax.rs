//! The errors of the parser as problems: where, what is wrong, and what to write instead.

use super::{Builder, Open};
use crate::problem::Problem;
use crate::scenario::text::{line_of, problem_at, too_deep};
use saphyr_parser::ScanError;
use std::ops::Range;

impl Builder<'_> {
    /// Converts the parser's error to a problem with advice.
    pub(super) fn scan_problem(
        &self,
        error: &ScanError,
        place: Range<usize>,
        name: &str,
    ) -> Problem {
        let info = error.info();
        let has = |part: &str| info.contains(part);
        if has("recursion limit") {
            return too_deep(place);
        }
        let (what, help) = match info {
            _ if self.text[place.clone()].contains('\0') => {
                ("there is a NUL byte here", "save the file as UTF-8 text")
            }
            _ if has("tab") => ("a tab is not allowed here", "indent with spaces"),
            _ if has("unknown anchor") => (
                "this alias has no anchor above it",
                "mark the value to repeat with `&`, as in `base: &base { cpu: 2 }`; if this is text that begins with `*`, quote it",
            ),
            _ if has("quoted scalar")
                && (has("end of stream") || has("indentation") || has("document indicator")) =>
            {
                ("this quoted text has no closing quote", "add the closing quote")
            }
            _ if has("trailing content") => (
                "there is text after the closing quote",
                "quote the whole text, and write a quote inside it as `\\\"`",
            ),
            _ if has("escape") || has("hexadecimal") => (
                "this escape sequence is not valid",
                "write the character itself, write a backslash as `\\\\`, or quote the text with `'`",
            ),
            _ if has("flow") || has("bracket") => return self.open_bracket(place),
            _ if (has("mapping values") || has("':'")) && self.opened_above(place.start) => {
                return self.open_bracket(place);
            }
            _ if has("mapping values") || has("':'") => (
                "a `:` is not expected here",
                "check the indentation, and that a space follows each `:` on the line before; quote text that contains `: `",
            ),
            _ if has("expected key") => (
                "this line does not match the indentation above it",
                "indent it like the other lines of its group",
            ),
            _ if has("'-' indicator") => (
                "this line is not an item of the list above it",
                "begin it with `- `, or indent it under the key it belongs to",
            ),
            _ if has("block sequence entries") => {
                ("a list item is not expected here", "begin the list on a line of its own")
            }
            _ if has("simple key") => ("this line has no `:`", "write `key: value`"),
            _ if has("unexpected character") => {
                ("this character cannot begin a value", "quote the text")
            }
            _ => {
                return problem_at(place, format!("this is not valid {name}: {info}"))
                    .help("check the line before as well");
            }
        };
        problem_at(place, what).help(help)
    }

    /// Returns the error for a bracket that is not closed where it should be, or was never opened.
    fn open_bracket(&self, place: Range<usize>) -> Problem {
        let Some((at, bracket)) = self.bracket() else {
            return problem_at(place, "this bracket is not expected here")
                .help("quote the text, or remove the bracket");
        };
        let before = &self.text[..place.start];
        let end = if self.text[place.start..].starts_with('{') {
            Some(place.start)
        } else {
            before.rfind('{')
        };
        if let Some(end) =
            end.filter(|end| *end > at && self.text[..*end].ends_with(['/', ':', '-', '_', '.']))
        {
            let name = &self.text[end..][..self.text[end..].find('}').map_or(1, |close| close + 1)];
            let problem = problem_at(
                place,
                format!("`{}` in an unquoted name begins a group", crate::units::shown(name)),
            );
            return problem
                .help("quote names that contain `{` or `}`: `\"GET /orders/{id}\": [ … ]`");
        }
        let close = if bracket == '[' { ']' } else { '}' };
        let line = line_of(self.text, at);
        problem_at(place, format!("a `,` or `{close}` is missing before this"))
            .help(format!("the `{bracket}` on line {line} is not closed"))
    }

    /// Returns the offset of the innermost open bracket, and the bracket.
    fn bracket(&self) -> Option<(usize, char)> {
        let first = |open: &Open| {
            self.text[open.start..].chars().next().filter(|first| "[{".contains(*first))
        };
        self.open.iter().rev().find_map(|open| Some((open.start, first(open)?)))
    }

    /// Returns whether a bracket is still open from a line above.
    fn opened_above(&self, at: usize) -> bool {
        self.bracket().is_some_and(|(open, _)| {
            self.text.get(open..at).is_some_and(|between| between.contains('\n'))
        })
    }
}
