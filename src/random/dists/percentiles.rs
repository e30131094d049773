//! Percentiles, as read from a dashboard.
//!
//! Law: the quantile function runs through the given points; between a at u₀ and b at u₁ it is
//! log-linear, a·(b/a)^t with t the share of the way in probability, and linear where a = 0. So a
//! part of width w has mean w·(b - a)/ln(b/a) and second moment w·(b² - a²)/(2·ln(b/a)). Limits:
//! `max` and at least one percentile between 0 and 100; values must not decrease; `min` is 0 unless
//! given. Source: inversion, Devroye 1986, "Non-Uniform Random Variate Generation", §II.2; the
//! interpolation is a choice of this project. Tested: draws against moments and cdf in `tests.rs`;
//! the given points and moments by hand here.

use super::{Compiled, DistSpec};
use crate::problem::Problems;
use crate::units::Quantity;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Percentiles as read from a dashboard: `{ p50: 2ms, p99: 30ms, p99.9: 80ms, max: 200ms }`; `min`
/// is 0 unless given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Percentiles<Q> {
    /// The values of `min`, `pNN` and `max`, in any order.
    pub points: IndexMap<String, Q>,
}

/// A distribution through percentiles, in base units.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Probabilities and values, from (0, min) to (1, max).
    points: Box<[(f64, f64)]>,
}

/// Returns the probability that a point's name denotes: 0.999 for `p99.9`; `None` if it is not a
/// percentile.
fn probability(name: &str) -> Option<f64> {
    match name {
        "min" => Some(0.0),
        "max" => Some(1.0),
        _ => {
            let digits = name
                .strip_prefix('p')
                .filter(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))?;
            digits
                .parse()
                .ok()
                .filter(|percent: &f64| *percent > 0.0 && *percent < 100.0)
                .map(|percent| percent / 100.0)
        }
    }
}

impl<Q: Quantity> Percentiles<Q> {
    /// Returns names, probabilities and values in the order of the probabilities, without the
    /// default `min`.
    fn sorted(&self) -> Vec<(&str, f64, Q)> {
        let mut points: Vec<_> = self
            .points
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), probability(name)?, *value)))
            .collect();
        points.sort_by(|a, b| a.1.total_cmp(&b.1));
        points
    }
}

impl<Q: Quantity> DistSpec<Q> for Percentiles<Q> {
    type Distribution = Distribution;
    fn check(&self, path: &str, problems: &mut Problems) {
        for name in self.points.keys().filter(|name| probability(name).is_none()) {
            let what = format!("`{name}` is not a percentile");
            problems.error(format!("{path}.{name}"), what).at_key().advise(
                "write `min`, `max`, or a percentile between 0 and 100 such as `p50` or `p99.9`",
            );
        }
        let points = self.sorted();
        if !self.points.contains_key("max") {
            problems
                .error(path, "percentiles need a `max`: the last percentile sets no limit to the values above it")
                .advise("add `max`, the largest value observed");
        }
        if points.len() == self.points.len() && !points.iter().any(|(_, u, _)| *u > 0.0 && *u < 1.0)
        {
            problems.error(
                path,
                "percentiles need at least one percentile such as `p50` besides `min` and `max`",
            );
        }
        for pair in points.windows(2) {
            let [(before, u, a), (name, v, b)] = [pair[0], pair[1]];
            if u == v {
                problems.error(
                    format!("{path}.{name}"),
                    format!("`{before}` and `{name}` are the same percentile"),
                );
            } else if b.to_base() < a.to_base() {
                problems.error(
                    format!("{path}.{name}"),
                    format!(
                        "percentiles must not decrease, but `{name}` is {b} and `{before}` is {a}"
                    ),
                );
            }
        }
    }
    fn compile(&self) -> Distribution {
        let mut points: Vec<_> =
            self.sorted().into_iter().map(|(_, u, value)| (u, value.to_base())).collect();
        if points.first().is_none_or(|(u, _)| *u > 0.0) {
            points.insert(0, (0.0, 0.0));
        }
        Distribution { points: points.into() }
    }
}

impl Distribution {
    /// Returns the sum over the parts of width times `moment(a, b, ln(b/a))`; the logarithm is
    /// `None` where the part is linear.
    fn sum(&self, moment: impl Fn(f64, f64, Option<f64>) -> f64) -> f64 {
        let part = |p: &[(f64, f64)]| {
            (p[1].0 - p[0].0)
                * moment(
                    p[0].1,
                    p[1].1,
                    (p[0].1 > 0.0).then(|| ((p[1].1 - p[0].1) / p[0].1).ln_1p()),
                )
        };
        self.points.windows(2).map(part).sum()
    }
}

impl Compiled for Distribution {
    fn quantile(&self, u: f64) -> f64 {
        let next = self.points.partition_point(|(v, _)| *v < u).clamp(1, self.points.len() - 1);
        let [(before, a), (after, b)] = [self.points[next - 1], self.points[next]];
        let t = ((u - before) / (after - before)).clamp(0.0, 1.0);
        if a > 0.0 { (a * ((b / a).ln() * t).exp()).clamp(a, b) } else { b * t }
    }
    fn cdf(&self, x: f64) -> f64 {
        let next = self.points.partition_point(|(_, value)| *value <= x);
        if next == 0 || next == self.points.len() {
            return if next == 0 { 0.0 } else { 1.0 };
        }
        let [(before, a), (after, b)] = [self.points[next - 1], self.points[next]];
        before + (after - before) * if a > 0.0 { (x / a).ln() / (b / a).ln() } else { x / b }
    }
    fn mean(&self) -> f64 {
        self.sum(|a, b, log| match log {
            Some(log) if log > 0.0 => (b - a) / log,
            _ => (a + b) / 2.0,
        })
    }
    fn variance(&self) -> f64 {
        let second = self.sum(|a, b, log| match log {
            Some(log) if log > 0.0 => (b - a) * (b + a) / (2.0 * log),
            Some(_) => a * b,
            None => b * b / 3.0,
        });
        (second - self.mean().powi(2)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Count;

    fn percentiles(points: &[(&str, u64)]) -> Percentiles<Count> {
        Percentiles {
            points: points.iter().map(|(name, value)| (name.to_string(), Count(*value))).collect(),
        }
    }

    #[test]
    fn the_law_runs_through_the_points_asked_for() {
        // The points themselves; half-way between p50 and p90 in probability, the geometric mean,
        // √(100·400) = 200.
        let law =
            percentiles(&[("p50", 100), ("p99.9", 900), ("p90", 400), ("max", 2000)]).compile();
        for (u, x) in [
            (0.5, 100.0),
            (0.7, 200.0),
            (0.9, 400.0),
            (0.999, 900.0),
            (1.0, 2000.0),
            (0.25, 50.0),
            (0.0, 0.0),
        ] {
            assert!(
                (law.quantile(u) - x).abs() < 1e-9 && (law.cdf(x) - u).abs() < 1e-12,
                "{u}: {}",
                law.quantile(u)
            );
        }
    }

    #[test]
    fn two_linear_and_log_linear_halves_have_the_moments_of_their_integrals() {
        // By hand for 0 to 100 linear, then 100 to 300 log-linear: mean 0.5·50 + 0.5·200/ln 3,
        // E[X²] = 0.5·10⁴/3 + 0.5·80000/(2·ln 3).
        let law = percentiles(&[("p50", 100), ("max", 300)]).compile();
        let mean = 25.0 + 100.0 / 3f64.ln();
        assert!((law.mean() - mean).abs() < 1e-9);
        assert!((law.variance() - (5000.0 / 3.0 + 20000.0 / 3f64.ln() - mean * mean)).abs() < 1e-8);
    }

    #[test]
    fn what_is_no_percentile_and_what_falls_is_refused() {
        // The rules in the head, one error each.
        for points in [
            &[("p50", 5)][..],
            &[("max", 5)],
            &[("p50", 5), ("p90", 4), ("max", 9)],
            &[("p50", 5), ("p50.0", 5), ("max", 9)],
            &[("p50", 5), ("q90", 6), ("max", 9)],
            &[("p50", 5), ("p100", 6), ("max", 9)],
        ] {
            let mut problems = Problems::default();
            percentiles(points).check("cpu.percentiles", &mut problems);
            assert_eq!(problems.list.len(), 1, "{points:?}: {problems:?}");
        }
    }
}
