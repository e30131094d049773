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
pub(crate) const LEVELS: u32 = 4;

/// Trajectories, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Morris {
    parameters: u32,
    trajectories: u32,
    seed: u64,
}

impl Morris {
    /// Creates `trajectories` trajectories through `parameters` parameters.
    pub(crate) fn new(parameters: u32, trajectories: u32, seed: u64) -> Morris {
        Morris { parameters, trajectories, seed }
    }

    /// Returns the number of points: r(k + 1).
    pub(crate) fn count(&self) -> u64 {
        u64::from(self.trajectories) * (u64::from(self.parameters) + 1)
    }

    /// Returns point `index` in the unit cube.
    pub(crate) fn row(&self, index: u64) -> Vec<f64> {
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

    /// Returns the parameters in which a point differs from the one before it, with the
    /// differences.
    fn changes(morris: &Morris, index: u64) -> Vec<(usize, f64)> {
        let pairs = morris.row(index - 1).into_iter().zip(morris.row(index)).enumerate();
        pairs.filter(|(_, (a, b))| a != b).map(|(parameter, (a, b))| (parameter, b - a)).collect()
    }

    #[test]
    fn each_step_changes_one_parameter_by_delta_and_a_trajectory_changes_each_once() {
        // The definition; δ = 2/3 for four levels.
        let morris = Morris::new(5, 30, 11);
        assert_eq!(morris.count(), 180);
        for trajectory in 0..30 {
            let mut changed = Vec::new();
            for index in trajectory * 6 + 1..(trajectory + 1) * 6 {
                let changes = changes(&morris, index);
                assert_eq!(changes.len(), 1, "{changes:?}");
                assert!((changes[0].1.abs() - 2.0 / 3.0).abs() < 1e-15, "{changes:?}");
                let on_a_level = |x: &f64| [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0].contains(x);
                assert!(morris.row(index).iter().all(on_a_level));
                changed.push(changes[0].0);
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
    fn a_design_of_no_parameters_has_empty_points() {
        assert_eq!(Morris::new(0, 3, 1).row(2), Vec::<f64>::new());
    }
}
