//! The gamma distribution of scale 1: cdf and quantile, for `gamma` and `erlang`.
//!
//! Law: cdf(x) = P(shape, x), the regularised lower incomplete gamma function (Johnson, Kotz,
//! Balakrishnan 1994, "Continuous Univariate Distributions" 1, §17.2), computed by `statrs`; its
//! inverse by bisection (`statrs` 0.19's own stops at an absolute error of about 1e-8, too much
//! where the shape is below 1). Limits: shape > 0. Tested here on shape 1 (exponential), and by the
//! draws of both distributions.

use super::solve::bisect;

/// Returns the probability of at most `x`.
pub(super) fn cdf(shape: f64, x: f64) -> f64 {
    match x {
        x if x.is_infinite() && x > 0.0 => 1.0,
        x if x > 0.0 => statrs::function::gamma::gamma_lr(shape, x),
        _ => 0.0,
    }
}

/// Returns the value reached with probability `u`.
pub(super) fn quantile(shape: f64, u: f64) -> f64 {
    if u >= 1.0 {
        return f64::INFINITY;
    }
    let mut hi = shape + 1.0;
    while cdf(shape, hi) < u && hi.is_finite() {
        hi *= 2.0;
    }
    bisect(0.0, hi, u, |x| cdf(shape, x))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_gamma_of_shape_one_is_the_exponential() {
        // Closed form: cdf = 1 - exp(-x), quantile = -ln(1 - u).
        for u in [0.001, 0.5, 0.99, 0.999_999] {
            let x = -f64::ln(1.0 - u);
            assert!((super::cdf(1.0, x) - u).abs() < 1e-12);
            assert!((super::quantile(1.0, u) / x - 1.0).abs() < 1e-9);
        }
        // cdf(x) → x^shape/Γ(shape + 1) for small x: at shape 1/4, u = 1e-6 is (1e-6·Γ(5/4))^4.
        let small = (1e-6 * statrs::function::gamma::gamma(1.25)).powi(4);
        assert!((super::quantile(0.25, 1e-6) / small - 1.0).abs() < 1e-9);
        assert_eq!((super::quantile(2.0, 0.0), super::quantile(2.0, 1.0)), (0.0, f64::INFINITY));
    }
}
