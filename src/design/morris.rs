//! Morris's screening: which of many parameters matter, in few points.
//!
//! Law: a trajectory begins at a random point of the grid of 4 levels 0, 1/3, 2/3, 1, and changes
//! each parameter once, in random order, by `δ = p/(2(p-1)) = 2/3`, up from the lower two levels
//! and down from the upper two: k + 1 points. The effect of a parameter is the change of the result
//! divided by δ; over trajectories, the mean of its absolute value is `μ*`, and its standard
//! deviation `σ` shows curvature and interaction (Morris 1991, "Factorial sampling plans for
//! preliminary computational experiments"; Campolongo, Cariboni, Saltelli 2007). Limits: 10 to 20
//! trajectories are usual; it ranks parameters but does not apportion the variance, for which see
//! `saltelli`. Tested: each trajectory, the frequencies of levels, and the effects of a function
//! known by hand.

use super::shuffle::shuffled;
use crate::random::keys::{Key, Salt};

/// The number of levels of the grid (Morris's p).
pub const LEVELS: u32 = 4;
/// The length of a step.
pub const DELTA: f64 = LEVELS as f64 / (2 * (LEVELS - 1)) as f64;

/// Trajectories, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Morris {
    parameters: u32,
    trajectories: u32,
    seed: u64,
}

/// The difference between a point and the one before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The index of the changed parameter.
    pub parameter: usize,
    /// [`DELTA`] or its negative.
    pub change: f64,
}

impl Morris {
    /// Creates `trajectories` trajectories through `parameters` parameters.
    pub fn new(parameters: u32, trajectories: u32, seed: u64) -> Morris {
        Morris { parameters, trajectories, seed }
    }

    /// Returns the number of points: r(k + 1).
    pub fn count(&self) -> u64 {
        u64::from(self.trajectories) * (u64::from(self.parameters) + 1)
    }

    /// Returns point `index` in the unit cube.
    pub fn row(&self, index: u64) -> Vec<f64> {
        let (order, steps, levels) = self.trajectory(index);
        let mut row: Vec<f64> =
            levels.iter().map(|level| f64::from(*level) / f64::from(LEVELS - 1)).collect();
        for &parameter in &order[..steps] {
            let level = levels[parameter as usize];
            let after = if is_low(level) { level + LEVELS / 2 } else { level - LEVELS / 2 };
            row[parameter as usize] = f64::from(after) / f64::from(LEVELS - 1);
        }
        row
    }

    /// Returns the change from the previous point; `None` for the first point of a trajectory.
    pub fn step(&self, index: u64) -> Option<Step> {
        let (order, steps, levels) = self.trajectory(index);
        let parameter = *order.get(steps.checked_sub(1)?)? as usize;
        Some(Step { parameter, change: if is_low(levels[parameter]) { DELTA } else { -DELTA } })
    }

    /// Returns the order of the trajectory that a point is on, the number of steps taken there, and
    /// the levels of its first point.
    fn trajectory(&self, index: u64) -> (Vec<u32>, usize, Vec<u32>) {
        let length = u64::from(self.parameters) + 1;
        let key = Key(self.seed).child(Salt::of("design.morris"), index / length);
        let start = Salt::of("design.morris.start");
        let levels = (0..u64::from(self.parameters))
            .map(|parameter| key.ordinal(parameter).draw(start).one_of(LEVELS));
        (shuffled(self.parameters, key), (index % length) as usize, levels.collect())
    }
}

fn is_low(level: u32) -> bool {
    level < LEVELS / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_changes_one_parameter_by_delta_and_a_trajectory_changes_each_once() {
        // The definition; δ = 2/3 for four levels.
        let morris = Morris::new(5, 30, 11);
        assert_eq!((morris.count(), DELTA), (180, 2.0 / 3.0));
        for trajectory in 0..30 {
            let mut changed = Vec::new();
            assert_eq!(morris.step(trajectory * 6), None);
            for index in trajectory * 6 + 1..(trajectory + 1) * 6 {
                let (before, after, step) =
                    (morris.row(index - 1), morris.row(index), morris.step(index).unwrap());
                for parameter in 0..5 {
                    let expected = if parameter == step.parameter { step.change } else { 0.0 };
                    assert!((after[parameter] - before[parameter] - expected).abs() < 1e-15);
                }
                assert!(after.iter().all(|x| [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0].contains(x)));
                changed.push(step.parameter);
            }
            changed.sort_unstable();
            assert_eq!(changed, [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn points_are_on_all_levels_equally_often() {
        // Each point of a trajectory is uniform on the levels: 4,000 first points, 1,000 on each,
        // standard deviation 27.4; 4.5 of them by chance: 7e-6.
        let morris = Morris::new(2, 4_000, 5);
        for level in 0..4 {
            let on = |point: u64| {
                (0..4_000)
                    .filter(|trajectory| {
                        morris.row(trajectory * 3 + point)[1] == f64::from(level) / 3.0
                    })
                    .count() as f64
            };
            assert!(
                [0, 1, 2].into_iter().all(|point| (on(point) - 1_000.0).abs() < 4.5 * 27.4),
                "level {level}"
            );
        }
    }

    #[test]
    fn the_effects_of_a_linear_function_are_its_coefficients() {
        // By hand: 3 x1 - 2 x2 + 0 x3 has the same effects everywhere.
        let morris = Morris::new(3, 10, 2);
        let f = |row: Vec<f64>| 3.0 * row[0] - 2.0 * row[1];
        for index in 0..morris.count() {
            if let Some(step) = morris.step(index) {
                let effect = (f(morris.row(index)) - f(morris.row(index - 1))) / step.change;
                assert!((effect - [3.0, -2.0, 0.0][step.parameter]).abs() < 1e-12);
            }
        }
        assert_eq!((Morris::new(0, 3, 1).row(2), Morris::new(0, 3, 1).step(2)), (vec![], None));
    }
}
