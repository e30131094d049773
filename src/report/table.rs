//! Tables that fit the width of the terminal.
//!
//! Law: a table wider than the terminal is split into parts, each with the columns that name its
//! rows; no column is omitted. Only a name too long to leave room for a number is broken over
//! several lines. Tested: the widths and contents of the parts, by hand.

use super::paint::ColorChoice;
use comfy_table::{CellAlignment, Table, presets};
use console::measure_text_width;

/// The minimum width of a broken name, however narrow the terminal is.
const NAME_WIDTH: usize = 16;

/// A header and rows of cells.
#[derive(Clone)]
pub(super) struct Grid {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    text_last: bool,
    /// The number of leading columns that name a row and are repeated in every part.
    names: usize,
}

/// Creates a table without rows.
pub(super) fn table(header: &[&str]) -> Grid {
    Grid {
        header: header.iter().map(|cell| cell.to_string()).collect(),
        rows: Vec::new(),
        text_last: false,
        names: 1,
    }
}

impl Grid {
    pub(super) fn add_row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Sets the number of leading columns that name a row, such as a mark and a name.
    pub(super) fn named_by(&mut self, columns: usize) {
        self.names = columns;
    }

    /// Aligns the last column to the left, for text.
    pub(super) fn text_last(&mut self) {
        self.text_last = true;
    }

    /// Returns the width of a column, with a space on either side.
    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells
            .chain([&self.header[column]])
            .flat_map(|cell| cell.lines())
            .map(measure_text_width)
            .max()
            .unwrap_or(0)
            + 2
    }

    /// Returns the table with long names broken, so that the widest other column fits beside them.
    fn with_short_names(&self, width: Option<usize>) -> Grid {
        let mut broken = self.clone();
        let widest =
            (self.names..self.header.len()).map(|column| self.width(column)).max().unwrap_or(0);
        let names: usize = (0..self.names).map(|column| self.width(column)).sum();
        let longest = (0..self.names).max_by_key(|column| self.width(*column));
        let (Some(column), Some(width)) =
            (longest, width.filter(|width| 1 + names + widest > *width))
        else {
            return broken;
        };
        let marks = names - self.width(column);
        let letters = width.saturating_sub(1 + marks + 2 + widest).max(NAME_WIDTH);
        broken
            .rows
            .iter_mut()
            .filter_map(|row| row.get_mut(column))
            .for_each(|name| *name = over_lines(name, letters));
        broken
    }

    /// Returns the columns of each part.
    fn parts(&self, width: Option<usize>) -> Vec<Vec<usize>> {
        let (all, names) = ((0..self.header.len()).collect::<Vec<_>>(), self.names);
        let width_of =
            |columns: &[usize]| 1 + columns.iter().map(|column| self.width(*column)).sum::<usize>();
        let Some(width) = width.filter(|width| width_of(&all) > *width) else { return vec![all] };
        let mut parts = vec![all[..names].to_vec()];
        for column in names..self.header.len() {
            let last = parts.last_mut().unwrap_or_else(|| unreachable!("there is a first part"));
            if last.len() > names && width_of(last) + self.width(column) > width {
                parts.push([&all[..names], &[column]].concat());
            } else {
                last.push(column);
            }
        }
        parts
    }

    fn part(&self, columns: &[usize]) -> Table {
        let select = |cells: &[String]| {
            columns
                .iter()
                .map(|column| cells.get(*column).cloned().unwrap_or_default())
                .collect::<Vec<_>>()
        };
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(select(&self.header));
        self.rows.iter().for_each(|row| {
            table.add_row(select(row));
        });
        let last = self.header.len() - 1;
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((if index == 0 { 2 } else { 1 }, 1));
            let is_broken = columns[index] < self.names
                && self
                    .rows
                    .iter()
                    .any(|row| row.get(columns[index]).is_some_and(|cell| cell.contains('\n')));
            let is_text = index == 0 || is_broken || self.text_last && columns[index] == last;
            column.set_cell_alignment(if is_text {
                CellAlignment::Left
            } else {
                CellAlignment::Right
            });
        }
        table
    }
}

/// Breaks a name into lines of at most `letters` columns, preferably after punctuation. A space at
/// a break is dropped.
fn over_lines(name: &str, letters: usize) -> String {
    let mut lines = vec![(String::new(), 0)];
    for piece in name.split_inclusive([';', '.', '/', ',', ' ', '=']) {
        for (index, letter) in piece.chars().enumerate() {
            let own = measure_text_width(letter.encode_utf8(&mut [0; 4]));
            let together = if index == 0 { measure_text_width(piece.trim_end()) } else { own };
            let filled = lines.last().map_or(0, |(_, filled)| *filled);
            if filled > 0 && filled + together > letters {
                lines.push((String::new(), 0));
            }
            if let Some((line, filled)) =
                lines.last_mut().filter(|(line, _)| !line.is_empty() || letter != ' ')
            {
                line.push(letter);
                *filled += own;
            }
        }
    }
    lines
        .iter()
        .map(|(line, _)| line.trim_end())
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Writes a table, and the number of rows omitted from it.
pub(super) fn write_table(
    out: &mut String,
    grid: &Grid,
    left_out: usize,
    paint: ColorChoice,
) -> std::fmt::Result {
    use std::fmt::Write;
    let grid = grid.with_short_names(paint.width);
    for columns in grid.parts(paint.width) {
        for line in grid.part(&columns).lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    match left_out {
        0 => Ok(()),
        n => writeln!(out, "  … and {n} more: see the result files or --json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_too_wide_is_written_in_parts_that_fit_and_each_names_its_rows() {
        // By hand: four columns of 20 characters take 22 each with their spaces, the mark 3 and the
        // name 6: two of the four fit in 60.
        let mut grid = table(&["", "name", "a", "b", "c", "d"]);
        grid.named_by(2);
        let cell = |letter: &str| letter.repeat(20);
        grid.add_row([
            "✔".to_string(),
            "one".to_string(),
            cell("a"),
            cell("b"),
            cell("c"),
            cell("d"),
        ]);
        let written = |grid: &Grid, width: Option<usize>| {
            let mut out = String::new();
            write_table(&mut out, grid, 0, ColorChoice { colours: false, width }).unwrap();
            out
        };
        let at_width = |width: Option<usize>| written(&grid, width);
        let narrow = at_width(Some(60));
        assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
        assert_eq!(narrow.lines().count(), 4, "{narrow}");
        assert_eq!(narrow.matches("one").count(), 2, "{narrow}");
        assert!(
            ["a", "b", "c", "d"].iter().all(|letter| narrow.contains(&cell(letter))),
            "{narrow}"
        );
        assert_eq!(
            (at_width(None).lines().count(), at_width(Some(200)) == at_width(None)),
            (2, true)
        );
        // Not even one column fits, but it is still written.
        assert_eq!(at_width(Some(10)).lines().count(), 8);
        // By hand: of 60 characters, the mark takes 3, the edge 1 and a column 22, which leaves 32
        // for the name and its spaces.
        grid.rows[0][1] = "services.database.instance.cpu=4;services.api.replicas=2".to_string();
        let narrow = written(&grid, Some(60));
        assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
        let first: Vec<&str> = narrow.lines().skip(1).take(2).map(str::trim).collect();
        assert_eq!(
            first,
            [
                &format!("✔  services.database.instance.cpu=  {}", cell("a")),
                "4;services.api.replicas=2"
            ]
        );
        // By hand: a space at a break is in neither line, even if the line is full.
        assert_eq!(over_lines("after errors api.x here", 12), "after errors\napi.x here");
        assert_eq!(over_lines("  abcdefgh", 4), "abcd\nefgh");
        // Of two name columns, the longer is broken, not the last.
        let mut grid = table(&["", "", "a"]);
        grid.named_by(2);
        grid.add_row(["n".repeat(70), "p95".to_string(), cell("a")]);
        let narrow = written(&grid, Some(60));
        assert!(
            narrow.lines().all(|line| line.chars().count() <= 60) && narrow.contains("p95"),
            "{narrow}"
        );
        // Colour codes have no width, wide characters two columns.
        assert_eq!(["\x1b[32mbetter\x1b[0m", "データ"].map(measure_text_width), [6, 6]);
    }
}
