//! Screening by elementary effects: which factors matter at all?
//!
//! Law: along a trajectory each step changes one factor x_i by Δ; the elementary effect of the step
//! is (y(x + Δ e_i) − y(x))/Δ. Over many trajectories: μ is the mean effect; μ* the mean of its
//! absolute value, in which effects of opposite sign do not cancel; σ its standard deviation, which
//! is large where the effect depends on the other factors or is not linear. A factor with a small
//! μ* does not matter.
//! Source: Morris 1991, *Technometrics* 33(2); μ*: Campolongo, Cariboni, Saltelli 2007,
//! *Environmental Modelling & Software* 22(10).
//! Limits: distinguishes large from small effects but does not yield shares of a variance (see
//! `sobol`), nor distinguish an interaction from a curve. Effects are per unit of the cube, that
//! is, per whole range of the factor, whatever the size of the step. Noise in the outputs adds to
//! μ* and σ: use the same random numbers along a trajectory.
//! Checked: by hand, on a linear function, an interaction and a curve.

use super::intervals::mean;

/// The elementary effects of one factor, in the unit of the output.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Effect {
    /// The mean change μ of the metric when the parameter goes from one end of its range to the
    /// other; NaN without any effect.
    pub mu: f64,
    /// The mean absolute effect μ*: the measure of importance.
    pub mu_star: f64,
    /// The standard deviation σ of the effects: interaction or curvature. NaN with fewer than two
    /// effects.
    pub sigma: f64,
    /// The standard error of `mu_star`; NaN with fewer than two effects.
    pub mu_star_std_error: f64,
    /// The number of known effects.
    pub n: u32,
}

/// Returns the effects by factor (Morris 1991). `design` contains trajectories of `factors` + 1
/// consecutive rows in the unit cube, each row differing from the previous one in one coordinate;
/// `outputs` are the results by row. A step with an unknown output, or one that changes no
/// coordinate or several, is left out.
pub fn effects(design: &[Vec<f64>], outputs: &[f64], factors: usize) -> Vec<Effect> {
    let mut by_factor = vec![Vec::new(); factors];
    // By trajectory: from the last row of one to the first of the next there is no step, even if
    // they happen to be neighbours.
    for (rows, results) in design.chunks(factors + 1).zip(outputs.chunks(factors + 1)) {
        for (row, result) in rows.windows(2).zip(results.windows(2)) {
            if let Some((factor, step)) = step(&row[0], &row[1], factors) {
                let effect = (result[1] - result[0]) / step;
                by_factor[factor].extend(effect.is_finite().then_some(effect));
            }
        }
    }
    by_factor.iter().map(|effects| summary(effects)).collect()
}

/// Returns the only factor that changes, and by how much; `None` if none or several change.
fn step(from: &[f64], to: &[f64], factors: usize) -> Option<(usize, f64)> {
    let mut changes = from
        .iter()
        .zip(to)
        .take(factors)
        .map(|(a, b)| b - a)
        .enumerate()
        .filter(|(_, step)| *step != 0.0);
    let change = changes.next()?;
    changes.next().is_none().then_some(change)
}

/// Summarises the effects of a factor; the confidence does not matter because the interval is not
/// used.
fn summary(effects: &[f64]) -> Effect {
    let signed = mean(effects, 0.95);
    let absolute = mean(&effects.iter().map(|effect| effect.abs()).collect::<Vec<_>>(), 0.95);
    Effect {
        mu: signed.estimate,
        mu_star: absolute.estimate,
        sigma: signed.std_error * f64::from(signed.n).sqrt(),
        mu_star_std_error: absolute.std_error,
        n: signed.n,
    }
}

#[cfg(test)]
mod tests {
    use super::super::draws::near;
    use super::*;

    fn of(design: &[[f64; 2]], y: impl Fn(f64, f64) -> f64) -> Vec<Effect> {
        let outputs: Vec<f64> = design.iter().map(|x| y(x[0], x[1])).collect();
        effects(&design.iter().map(|x| x.to_vec()).collect::<Vec<_>>(), &outputs, 2)
    }

    /// Three trajectories with steps of a half and of a quarter, up and down, with the factors in
    /// either order.
    const DESIGN: [[f64; 2]; 9] = [
        [0.0, 0.0],
        [0.5, 0.0],
        [0.5, 0.5],
        [1.0, 0.5],
        [1.0, 1.0],
        [0.5, 1.0],
        [0.25, 1.0],
        [0.5, 1.0],
        [0.5, 0.75],
    ];

    #[test]
    fn a_linear_function_has_its_slopes_and_no_spread() {
        // By hand: 3 x − 2 y + 1 has effects 3 and −2 everywhere, whatever the step.
        let computed = of(&DESIGN, |x, y| 3.0 * x - 2.0 * y + 1.0);
        for (effect, slope) in computed.iter().zip([3.0, -2.0]) {
            near(effect.mu, slope);
            near(effect.mu_star, slope.abs());
            near(effect.sigma, 0.0);
            near(effect.mu_star_std_error, 0.0);
            assert_eq!(effect.n, 3);
        }
    }

    #[test]
    fn an_interaction_shows_in_the_spread() {
        // By hand: x (4 y − 2). Effect of x is 4 y − 2: −2 at y = 0, then 2 and 2 at y = 1: μ =
        // 2/3, μ* = 2, σ² = (64 + 16 + 16)/9/2 = 16/3. Effect of y is 4 x: 2, 4, 2: μ = μ* = 8/3,
        // σ² = (4 + 16 + 4)/9/2 = 4/3, standard error √(4/3/3) = 2/3.
        let computed = of(&DESIGN, |x, y| x * (4.0 * y - 2.0));
        near(computed[0].mu, 2.0 / 3.0);
        near(computed[0].mu_star, 2.0);
        near(computed[0].sigma, (16f64 / 3.0).sqrt());
        near(computed[0].mu_star_std_error, 0.0);
        near(computed[1].mu, 8.0 / 3.0);
        near(computed[1].mu_star, 8.0 / 3.0);
        near(computed[1].sigma, (4f64 / 3.0).sqrt());
        near(computed[1].mu_star_std_error, 2.0 / 3.0);
    }

    #[test]
    fn an_unknown_output_removes_the_two_adjacent_effects() {
        // Row 1 is the end of a step of x and the beginning of one of y; row 8 ends a step of y.
        // Row 2 to 3 is no step.
        let outputs = [0.0, f64::NAN, 1.0, 9.0, 11.0, 8.0, 8.0, 7.0, f64::INFINITY];
        let computed = effects(&DESIGN.map(|x| x.to_vec()), &outputs, 2);
        // By hand: for x (8 − 11)/−0.5 = 6 and (7 − 8)/0.25 = −4; for y (11 − 9)/0.5 = 4.
        assert_eq!(
            (computed[0].n, computed[0].mu, computed[0].mu_star, computed[0].mu_star_std_error),
            (2, 1.0, 5.0, 1.0)
        );
        assert_eq!((computed[1].n, computed[1].mu, computed[1].mu_star), (1, 4.0, 4.0));
        assert!(computed[1].sigma.is_nan() && computed[1].mu_star_std_error.is_nan());
    }

    #[test]
    fn a_step_of_no_or_two_factors_has_no_effect() {
        // Definition; also for rows that are too short, missing outputs, and no factors.
        let computed = of(&[[0.0, 0.0], [0.5, 0.5], [0.5, 0.5]], |x, y| x + y);
        assert!(
            computed
                .iter()
                .all(|effect| effect.n == 0 && effect.mu.is_nan() && effect.mu_star.is_nan()),
            "{computed:?}"
        );
        assert_eq!(effects(&[vec![], vec![0.5], vec![1.0]], &[1.0, 2.0, 3.0], 2)[0].mu, 2.0);
        assert_eq!(effects(&[vec![0.0], vec![0.5]], &[1.0], 2)[0].n, 0);
        assert!(effects(&[vec![0.0], vec![0.5]], &[1.0, 2.0], 0).is_empty());
    }
}
