//! Saltelli's design: points from which the share of each parameter in the variance of a result is
//! estimated (Sobol' indices).
//!
//! Law: two points A and B that share no coordinate, and for each parameter i the point `AB_i`: A
//! with coordinate i of B. Over N such groups the first-order effect of i is
//! `mean(f(B)·(f(AB_i) - f(A)))/V`, the total effect `mean((f(A) - f(AB_i))²)/2V` (Saltelli,
//! Annoni, Azzini, Campolongo, Ratto, Tarantola 2010, "Variance based sensitivity analysis of model
//! output"; the second is Jansen's 1999). A and B are the halves of one point of a scrambled Sobol
//! sequence in 2k dimensions. The points of a group are consecutive, so that any number of groups
//! is a design and more can be added. Limits: N(k + 2) points, N best a power of two; 128
//! parameters; parameters are independent.
//! Tested: the matrices, and both effects of Ishigami's function.

use super::sobol::Sobol;

/// Groups of points, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Saltelli {
    sobol: Sobol,
    parameters: usize,
    groups: u32,
}

/// The role of a point in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The first base point.
    A,
    /// The second base point.
    B,
    /// The first base point, with this parameter from the second.
    Ab(usize),
}

impl Saltelli {
    /// Creates `groups` groups for up to 128 parameters: a Sobol sequence has two dimensions each.
    pub(crate) fn new(parameters: usize, groups: u32, seed: u64) -> Saltelli {
        Saltelli { sobol: Sobol::new(2 * parameters, seed), parameters, groups }
    }

    /// Returns the number of points: N(k + 2).
    pub(crate) fn count(&self) -> u64 {
        u64::from(self.groups) * (self.parameters as u64 + 2)
    }

    /// Returns the group of point `index`, and its role there: A, B, AB_1 … AB_k.
    pub(crate) fn part(&self, index: u64) -> (u64, Part) {
        let length = self.parameters as u64 + 2;
        let part = match index % length {
            0 => Part::A,
            1 => Part::B,
            after => Part::Ab(after as usize - 2),
        };
        (index / length, part)
    }

    /// Returns point `index` in the unit cube.
    pub(crate) fn row(&self, index: u64) -> Vec<f64> {
        let (group, part) = self.part(index);
        let mut a = self.sobol.row(group);
        let b = a.split_off(self.parameters);
        match part {
            Part::A => {}
            Part::B => a = b,
            Part::Ab(parameter) => a[parameter] = b[parameter],
        }
        a
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn a_group_is_a_b_and_a_with_one_coordinate_of_b() {
        // The definition.
        let design = Saltelli::new(3, 8, 1);
        assert_eq!(design.count(), 40);
        for group in 0..8 {
            let row = |part: u64| design.row(group * 5 + part);
            let (a, b) = (row(0), row(1));
            assert_eq!(
                (design.part(group * 5), design.part(group * 5 + 4)),
                ((group, Part::A), (group, Part::Ab(2)))
            );
            assert!(a.iter().zip(&b).all(|(a, b)| a != b));
            assert_eq!(
                [row(2), row(3), row(4)],
                [vec![b[0], a[1], a[2]], vec![a[0], b[1], a[2]], vec![a[0], a[1], b[2]]]
            );
        }
        assert_eq!(Saltelli::new(0, 2, 1).row(3), Vec::<f64>::new());
    }

    #[test]
    fn the_effects_of_ishigamis_function_are_those_of_its_formula() {
        // Ishigami and Homma 1990: sin x1 + 7 sin² x2 + 0.1 x3⁴ sin x1 over (-π, π)³ has
        // first-order effects 0.3139, 0.4424, 0 and total effects 0.5576, 0.4424, 0.2437. 1024
        // groups; measured over 20 seeds, none is off by more than 0.026 and 0.022.
        let f = |row: Vec<f64>| {
            let x: Vec<f64> = row.iter().map(|u| PI * (2.0 * u - 1.0)).collect();
            x[0].sin() + 7.0 * x[1].sin().powi(2) + 0.1 * x[2].powi(4) * x[0].sin()
        };
        let n = 1024;
        let mut worst = [0.0_f64; 2];
        for seed in 0..20 {
            let design = Saltelli::new(3, n, seed);
            let groups: Vec<Vec<f64>> = (0..u64::from(n))
                .map(|group| (0..5).map(|part| f(design.row(group * 5 + part))).collect())
                .collect();
            let mean = |value: &dyn Fn(&[f64]) -> f64| {
                groups.iter().map(|y| value(y)).sum::<f64>() / f64::from(n)
            };
            let center = mean(&|y| (y[0] + y[1]) / 2.0);
            let variance = mean(&|y| ((y[0] - center).powi(2) + (y[1] - center).powi(2)) / 2.0);
            for (parameter, first, total) in
                [(0, 0.3139, 0.5576), (1, 0.4424, 0.4424), (2, 0.0, 0.2437)]
            {
                let s = mean(&|y| y[1] * (y[2 + parameter] - y[0])) / variance;
                let t = mean(&|y| (y[0] - y[2 + parameter]).powi(2)) / 2.0 / variance;
                worst = [worst[0].max((s - first).abs()), worst[1].max((t - total).abs())];
            }
        }
        assert!(worst[0] < 0.035 && worst[1] < 0.03, "{worst:?}");
    }
}
