//! The error of any function of replications, from its values with one replication left out.
//!
//! Law: with θ_r the value without replication r of n, and θ their mean, the variance is estimated
//! by (n − 1)/n Σ (θ_r − θ)². For a mean that is s²/n exactly.
//! Source: Efron, Stein 1981, *Annals of Statistics* 9(3): the estimate is too large on average
//! rather than too small.

/// Returns the standard error of a value, from its values with each of the replications left out in
/// turn; NaN if fewer than two were, or one of the values is NaN.
pub fn jackknife_error(left_out: &[f64]) -> f64 {
    let n = left_out.len() as f64;
    if left_out.len() < 2 {
        return f64::NAN;
    }
    // Relative to the first value, so that equal values have exactly no error.
    let first = left_out[0];
    let mean = left_out.iter().map(|value| value - first).sum::<f64>() / n;
    let squares: f64 =
        left_out.iter().map(|value| (value - first - mean) * (value - first - mean)).sum();
    ((n - 1.0) / n * squares).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::draws::near;
    use super::super::intervals::mean;
    use super::jackknife_error;

    #[test]
    fn the_error_of_a_mean_is_that_of_students_interval() {
        // Definition: s/√n, which `mean` computes by its own formula.
        let values = [3.0, 1.0, 4.0, 1.0, 5.0];
        let sum: f64 = values.iter().sum();
        let left_out: Vec<f64> = values.iter().map(|value| (sum - value) / 4.0).collect();
        near(jackknife_error(&left_out), mean(&values, 0.95).std_error);
    }

    #[test]
    fn equal_values_have_no_error_and_a_single_one_an_unknown_error() {
        // Definition.
        assert_eq!(jackknife_error(&[0.1; 3]), 0.0);
        assert!([&[][..], &[1.0], &[1.0, f64::NAN]].iter().all(|v| jackknife_error(v).is_nan()));
    }
}
