//! Comparison of simulated with exact values: of one number, and of many together.
//!
//! One number: z = (estimate − exact) / standard error. With n replications it follows Student's t
//! with n − 1 degrees of freedom if the simulator is correct; `normal_score` transforms it to the
//! standard normal distribution, so that runs of 40 and of 25,000 replications can be judged
//! together.
//!
//! Many numbers: the scores of independent runs are a sample of N(0, 1). Errors in the mean shift
//! them; standard errors that are too small make them too wide, and too narrow if they are too
//! large. Three tests, each with a p-value: the mean (normal), the mean square (χ², both tails),
//! and the whole distribution (Kolmogorov–Smirnov, with Stephens's correction for the sample size:
//! Stephens 1974).

use super::cases::{Claim, Read, Run};
use asyncflow::experiment::Results;
use asyncflow::scenario::{self, Scenario};
use asyncflow::stats::{self, Estimate};
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal, StudentsT};

/// Returns a scenario of the table with the `nth` of its own seeds. No two runs share a seed: equal
/// seeds would give equal draws to the same steps, and the scores would not be independent.
pub fn scenario(case: &str, run: &Run, nth: u32) -> Scenario {
    let yaml = format!("version: 1\nname: {case}\n{}", run.yaml);
    let mut scenario =
        scenario::from_yaml(&yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
    let name = case.bytes().chain(run.label.bytes());
    let hash =
        name.fold(0x811C_9DC5_u32, |hash, byte| (hash ^ byte as u32).wrapping_mul(0x0100_0193));
    scenario.run.seed = hash as u64 * 1000 + nth as u64;
    scenario
}

/// Returns the estimate of a run for a claim.
pub fn read(results: &Results, claim: &Claim) -> Estimate {
    let (kind, entity) = claim.of.split_once(' ').expect("kind and entity");
    let (metric, stat) = claim.number.rsplit_once(' ').expect("metric and statistic");
    let row = |metric, stat| {
        results
            .find(kind, entity, metric, stat)
            .unwrap_or_else(|| panic!("there is no {metric} {stat} of {kind} {entity}"))
    };
    let mean_of = |values: Vec<f64>| stats::mean(&values, results.confidence);
    let values = || row(metric, stat).values.iter();
    match claim.read {
        Read::AsReported => row(metric, stat).estimate,
        Read::SquareAbout(mean) => mean_of(values().map(|v| (v - mean) * (v - mean)).collect()),
        Read::Above(bound) => mean_of(values().map(|v| f64::from(*v > bound)).collect()),
        Read::MeanSquare => {
            let (sd, n) = (&row("latency", "sd").values, &row("completed", "total").values);
            mean_of(
                values()
                    .zip(sd)
                    .zip(n)
                    .map(|((mean, sd), n)| mean * mean + sd * sd * (n - 1.0) / n)
                    .collect(),
            )
        }
    }
}

/// Returns the distance of an estimate from the exact value, in standard errors.
pub fn z(estimate: &Estimate, exact: f64) -> f64 {
    (estimate.estimate - exact) / estimate.std_error
}

/// Returns a message if an estimate is more than 4 standard errors off, or too imprecise for the
/// claim.
pub fn disagreement(claim: &Claim, estimate: &Estimate) -> Option<String> {
    let Estimate { estimate: value, std_error, .. } = *estimate;
    let (words, exact) = (claim.words(), claim.exact);
    if claim.share == 0.0 {
        return ((value - exact).abs() > 1e-9 * exact.abs())
            .then(|| format!("{words}: {value} is not {exact}"));
    }
    // False for NaN.
    let (precise, near) = (std_error <= claim.share * exact.abs(), z(estimate, exact).abs() < 4.0);
    if !precise {
        return Some(format!(
            "{words}: the standard error {std_error} is more than {} of {exact}",
            claim.share
        ));
    }
    (!near).then(|| {
        format!("{words}: {value} ± {std_error} against {exact}: z = {:.2}", z(estimate, exact))
    })
}

/// Above this number of degrees of freedom the normal distribution is more accurate than the
/// library's t.
const DEGREES_MAX: u32 = 10_000;

/// Returns the standard normal score with the same tail probability as a z from n replications.
pub fn normal_score(z: f64, n: u32) -> f64 {
    if n > DEGREES_MAX {
        return z;
    }
    let t = StudentsT::new(0.0, 1.0, n as f64 - 1.0).expect("two replications or more");
    // From the lower tail, where small probabilities keep their precision.
    -z.signum() * Normal::standard().inverse_cdf(t.cdf(-z.abs()).max(1e-300))
}

/// The comparison of a sample of scores with N(0, 1).
#[derive(Clone, Copy, Debug)]
pub struct Uniformity {
    pub n: usize,
    pub mean: f64,
    pub mean_square: f64,
    /// The shares of scores beyond ±1.96 and ±2.58: 5 % and 1 % are expected.
    pub beyond: [f64; 2],
    pub p_mean: f64,
    pub p_mean_square: f64,
    pub p_law: f64,
}

/// The thresholds and the expected shares of [`Uniformity::beyond`].
pub const BEYOND: [(f64, f64); 2] = [(1.959_964, 0.05), (2.575_829, 0.01)];

/// The significance level of each of the three tests.
pub const FALSE_ALARM: f64 = 0.001;

pub fn uniformity(scores: &[f64]) -> Uniformity {
    let n = scores.len() as f64;
    let normal = Normal::standard();
    let mean = scores.iter().sum::<f64>() / n;
    let squares: f64 = scores.iter().map(|score| score * score).sum();
    let below = ChiSquared::new(n).expect("at least one score").cdf(squares);
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let distance = |(rank, score): (usize, &f64)| {
        let u = normal.cdf(*score);
        (u - rank as f64 / n).max((rank as f64 + 1.0) / n - u)
    };
    let farthest = sorted.iter().enumerate().map(distance).fold(0.0, f64::max);
    Uniformity {
        n: scores.len(),
        mean,
        mean_square: squares / n,
        beyond: BEYOND
            .map(|(bound, _)| scores.iter().filter(|score| score.abs() > bound).count() as f64 / n),
        p_mean: 2.0 * normal.cdf(-mean.abs() * n.sqrt()),
        p_mean_square: 2.0 * below.min(1.0 - below),
        p_law: kolmogorov(farthest, n),
    }
}

impl Uniformity {
    pub fn is_right(&self) -> bool {
        [self.p_mean, self.p_mean_square, self.p_law].iter().all(|p| *p > FALSE_ALARM)
    }
}

/// Returns the probability of a greater distance between a distribution and n draws from it.
fn kolmogorov(distance: f64, n: f64) -> f64 {
    let x = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * distance;
    let term = |k: i32| f64::from(1 - 2 * ((k + 1) % 2)) * (-2.0 * f64::from(k * k) * x * x).exp();
    if x < 0.2 { 1.0 } else { (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use asyncflow::random::keys::{Key, Salt};

    /// Returns n draws from N(0, 1).
    fn sample(n: u64) -> Vec<f64> {
        let uniform = |i| Key(7).ordinal(i).draw(Salt::of("score")).uniform();
        (0..n).map(|i| Normal::standard().inverse_cdf(uniform(i))).collect()
    }

    #[test]
    fn scores_that_are_too_wide_too_narrow_or_shifted_are_rejected() {
        // By construction: 120 draws from N(0, 1) pass (0.3 % do not, by chance); the same sample
        // scaled by 1.5 or 1/1.5, or shifted by 0.5, does not.
        let right = sample(120);
        assert!(uniformity(&right).is_right(), "{:?}", uniformity(&right));
        let wrong = |change: fn(f64) -> f64| {
            uniformity(&right.iter().map(|score| change(*score)).collect::<Vec<_>>())
        };
        for (what, judged) in [
            ("inflated", wrong(|s| s * 1.5)),
            ("deflated", wrong(|s| s / 1.5)),
            ("shifted", wrong(|s| s + 0.5)),
        ] {
            assert!(!judged.is_right(), "{what}: {judged:?}");
        }
        // Not only the moments matter: ±1 has mean 0 and mean square 1.
        let two_values: Vec<f64> = (0..120).map(|i| f64::from(1 - 2 * (i % 2))).collect();
        assert!(
            uniformity(&two_values).p_law < 1e-6 && uniformity(&two_values).p_mean_square > 0.9
        );
    }

    #[test]
    fn the_kolmogorov_distribution_has_its_published_quantiles() {
        // Kolmogorov's limit (Smirnov 1948): 1.2238 → 10 %, 1.3581 → 5 %, 1.6276 → 1 %; n is so
        // large that its correction does not matter.
        for (x, p) in [(1.2238, 0.10), (1.3581, 0.05), (1.6276, 0.01)] {
            assert!((kolmogorov(x / 1e6, 1e12) - p).abs() < 1e-4, "{x}");
        }
    }

    #[test]
    fn a_z_of_few_replications_has_a_smaller_score() {
        // Published t quantiles: 2.262 with 9 degrees of freedom and 2.045 with 29 are both 2.5 %
        // above: 1.95996.
        for (z, n) in [(2.2622, 10), (-2.2622, 10), (2.0452, 30)] {
            assert!(
                (normal_score(z, n) - 1.95996 * z.signum()).abs() < 1e-3,
                "{z} of {n}: {}",
                normal_score(z, n)
            );
        }
        assert!(normal_score(0.0, 10).abs() < 1e-9 && normal_score(3.0, 20_000) == 3.0);
    }
}
