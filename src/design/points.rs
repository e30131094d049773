//! The points of a design: values by path in the scenario.
//!
//! Law: point `i` of a grid, of one at a time and of a Sobol sequence is a function of `i`; a list
//! and a Latin hypercube are stored. A point of one at a time contains only what it changes, and
//! its first point nothing. Tested: by hand for the small ones, by their strata for the others.

use super::morris::Morris;
use super::saltelli::Saltelli;
use super::sobol::Sobol;
use super::{Design, Vary, grid, lhs, one_at_a_time};
use indexmap::IndexMap;
use serde_json::Value;

/// Values by path in the scenario.
pub type Point = IndexMap<String, Value>;

/// The points of a design.
#[derive(Clone, Debug)]
pub struct Points {
    axes: Vec<(String, Vary)>,
    rows: Rows,
}

#[derive(Clone, Debug)]
enum Rows {
    Grid(Vec<usize>),
    List(Vec<Point>),
    Lhs(Vec<Vec<f64>>),
    Sobol(Sobol, u32),
    OneAtATime(Vec<usize>),
    Morris(Morris),
    Saltelli(Saltelli),
}

/// Returns the points of a checked design: `count` is for `lhs` and `sobol`, `rows` for `list`,
/// `vary` for all others.
pub fn points(
    design: Design,
    vary: &IndexMap<String, Vary>,
    rows: &[Point],
    count: Option<u32>,
    seed: u64,
) -> Points {
    let sizes = || vary.values().map(|vary| vary.count().unwrap_or(0) as usize).collect();
    let count = count.unwrap_or(0);
    let rows = match design {
        Design::Grid => Rows::Grid(sizes()),
        Design::List => Rows::List(rows.to_vec()),
        Design::Lhs => Rows::Lhs(lhs::rows(count, vary.len(), seed)),
        Design::Sobol => Rows::Sobol(Sobol::new(vary.len(), seed), count),
        Design::OneAtATime => Rows::OneAtATime(sizes()),
    };
    Points { axes: axes(vary), rows }
}

fn axes(vary: &IndexMap<String, Vary>) -> Vec<(String, Vary)> {
    vary.iter().map(|(path, vary)| (path.clone(), vary.clone())).collect()
}

impl Points {
    /// Creates Morris's trajectories through the varied parameters.
    pub fn morris(vary: &IndexMap<String, Vary>, trajectories: u32, seed: u64) -> Points {
        let rows = Rows::Morris(Morris::new(vary.len() as u32, trajectories, seed));
        Points { axes: axes(vary), rows }
    }

    /// Creates Saltelli's groups of points in the varied parameters.
    pub fn saltelli(vary: &IndexMap<String, Vary>, groups: u32, seed: u64) -> Points {
        let rows = Rows::Saltelli(Saltelli::new(vary.len(), groups, seed));
        Points { axes: axes(vary), rows }
    }

    /// Returns the number of points, saturating at `u64::MAX`.
    #[allow(clippy::len_without_is_empty, reason = "a checked design has points")]
    pub fn len(&self) -> u64 {
        match &self.rows {
            Rows::Grid(sizes) => u64::try_from(grid::count(sizes)).unwrap_or(u64::MAX),
            Rows::List(rows) => rows.len() as u64,
            Rows::Lhs(rows) => rows.len() as u64,
            Rows::Sobol(_, count) => u64::from(*count),
            Rows::OneAtATime(sizes) => one_at_a_time::count(sizes),
            Rows::Morris(morris) => morris.count(),
            Rows::Saltelli(saltelli) => saltelli.count(),
        }
    }

    /// Returns point `index`, counted from 0; empty beyond the last point of a list or a Latin
    /// hypercube.
    pub fn row(&self, index: u64) -> Point {
        match &self.rows {
            Rows::Grid(sizes) => {
                let digits = grid::row(sizes, index);
                self.axes
                    .iter()
                    .zip(digits)
                    .map(|((path, vary), digit)| (path.clone(), vary.step(digit as u64)))
                    .collect()
            }
            Rows::List(rows) => rows.get(index as usize).cloned().unwrap_or_default(),
            Rows::Lhs(rows) => rows.get(index as usize).map(|row| self.at(row)).unwrap_or_default(),
            Rows::Sobol(sobol, _) => self.at(&sobol.row(index)),
            Rows::Morris(morris) => self.at(&morris.row(index)),
            Rows::Saltelli(saltelli) => self.at(&saltelli.row(index)),
            Rows::OneAtATime(sizes) => {
                let changed = one_at_a_time::row(sizes, index);
                changed
                    .map(|(axis, step)| {
                        (self.axes[axis].0.clone(), self.axes[axis].1.step(step as u64))
                    })
                    .into_iter()
                    .collect()
            }
        }
    }

    /// Returns the values at a point of the unit cube.
    fn at(&self, row: &[f64]) -> Point {
        self.axes.iter().zip(row).map(|((path, vary), u)| (path.clone(), vary.at(*u))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::value::{Kind, base};
    use serde_json::json;

    const RATE: &str = "workload.users.open.rate";
    const BALANCE: &str = "services.api.balance";

    fn vary() -> IndexMap<String, Vary> {
        let written = json!({ RATE: { "from": "100/s", "to": "300/s", "steps": 3 }, BALANCE: ["random", "round_robin"] });
        serde_json::from_value(written).unwrap()
    }
    fn all(points: &Points) -> Vec<Value> {
        (0..points.len()).map(|index| json!(points.row(index))).collect()
    }

    #[test]
    fn a_grid_has_every_combination_and_the_first_parameter_is_the_slowest() {
        // By hand: three by two.
        let found = all(&points(Design::Grid, &vary(), &[], None, 1));
        assert_eq!(found.len(), 6);
        assert_eq!(found[1], json!({ RATE: "100/s", BALANCE: "round_robin" }));
        assert_eq!(found[4], json!({ RATE: "300/s", BALANCE: "random" }));
    }

    #[test]
    fn a_grid_of_a_thousand_million_points_costs_nothing() {
        // 1000^3 by hand; the last point has the last values.
        let written = r#"{ "from": 1, "to": 1000, "scale": "integer" }"#;
        let vary: IndexMap<String, Vary> = ["a", "b", "c"]
            .map(|path| (path.to_string(), serde_json::from_str(written).unwrap()))
            .into();
        let points = points(Design::Grid, &vary, &[], None, 1);
        assert_eq!(points.len(), 1_000_000_000);
        assert_eq!(json!(points.row(999_999_999)), json!({ "a": 1000, "b": 1000, "c": 1000 }));
    }

    #[test]
    fn one_at_a_time_changes_nothing_and_then_one_parameter() {
        // By hand: the base, three rates, two balances.
        let found = all(&points(Design::OneAtATime, &vary(), &[], None, 1));
        let rates = ["100/s", "200/s", "300/s"].map(|rate| json!({ RATE: rate }));
        let balances = ["random", "round_robin"].map(|balance| json!({ BALANCE: balance }));
        assert_eq!(found[0], json!({}));
        assert_eq!((&found[1..4], &found[4..]), (&rates[..], &balances[..]));
    }

    #[test]
    fn a_list_is_its_rows() {
        // As given; empty beyond.
        let rows: Vec<Point> =
            serde_json::from_value(json!([{ RATE: "1/s" }, { RATE: "5/s" }])).unwrap();
        let points = points(Design::List, &IndexMap::new(), &rows, None, 1);
        assert_eq!(
            (points.len(), points.row(1), points.row(2)),
            (2, rows[1].clone(), Point::new())
        );
    }

    #[test]
    fn drawn_designs_fill_the_ranges_and_draw_words_equally() {
        // 32 points: one rate in each 32-nd of 100/s ..= 300/s, and each word 16 times.
        for design in [Design::Lhs, Design::Sobol] {
            let points = points(design, &vary(), &[], Some(32), 9);
            let rows: Vec<Point> = (0..points.len()).map(|index| points.row(index)).collect();
            let mut parts: Vec<u32> = rows
                .iter()
                .map(|row| ((base(&row[RATE], Kind::Rate).unwrap() - 100.0) * 32.0 / 200.0) as u32)
                .collect();
            parts.sort_unstable();
            assert_eq!(parts, (0..32).collect::<Vec<_>>(), "{design:?}");
            assert_eq!(
                rows.iter().filter(|row| row[BALANCE] == "random").count(),
                16,
                "{design:?}"
            );
        }
    }

    #[test]
    fn the_points_are_those_of_the_seed() {
        // The same twice; others for another seed; the first of a Sobol sequence are those of a
        // longer one.
        let drawn = |design, count, seed| all(&points(design, &vary(), &[], Some(count), seed));
        for design in [Design::Lhs, Design::Sobol] {
            assert_eq!(drawn(design, 8, 1), drawn(design, 8, 1));
            assert_ne!(drawn(design, 8, 1), drawn(design, 8, 2));
        }
        assert_eq!(drawn(Design::Sobol, 8, 1), drawn(Design::Sobol, 16, 1)[..8]);
    }
}
