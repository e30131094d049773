//! The compiled distributions against independent oracles: `rand_distr`'s samplers with another
//! generator, compositions and rejections of them, and closed-form probabilities. Fixed seeds; the
//! false-alarm rate is stated in each test.

use super::tests::{DRAWS, draws, law};
use rand::SeedableRng;
use rand_distr::Distribution as _;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Fails if draws of the distribution and of an independent sampler differ: two-sample
/// Kolmogorov-Smirnov, false alarm 1e-4.
fn agrees(text: &str, mut sample: impl FnMut(&mut Xoshiro256PlusPlus) -> f64) {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(13);
    let ours = draws(&law(text), 14);
    let mut theirs: Vec<f64> = (0..DRAWS).map(|_| sample(&mut generator)).collect();
    theirs.sort_by(f64::total_cmp);
    let below =
        |values: &[f64], x: f64| values.partition_point(|value| *value <= x) as f64 / DRAWS as f64;
    // Compared at every tenth draw, which moves the distance by at most 10/n.
    let distance = ours
        .iter()
        .chain(&theirs)
        .step_by(10)
        .map(|x| (below(&ours, *x) - below(&theirs, *x)).abs())
        .fold(0.0, f64::max);
    assert!(distance < 2.23 * (2.0 / DRAWS as f64).sqrt(), "{text}: D = {distance}");
}

#[test]
fn continuous_laws_agree_with_independent_samplers() {
    // `rand_distr`'s samplers with Xoshiro256++, or compositions and rejections of them. False
    // alarms: 12 at 1e-4, 1.2e-3 in all.
    use rand_distr::{Exp, Exp1, Gamma, LogNormal, Normal, Pareto, Uniform, Weibull};
    let (normal, pareto) =
        (Normal::new(3000.0, 2000.0).unwrap(), Pareto::new(2000.0, 1.5).unwrap());
    let exp = |mean: f64| Exp::new(1.0 / mean).unwrap();
    agrees(r#"{"uniform": ["2k", "5k"]}"#, |g| Uniform::new(2000.0, 5000.0).unwrap().sample(g));
    agrees(r#"{"exp": "3k"}"#, |g| exp(3000.0).sample(g));
    agrees(r#"{"erlang": {"mean": "3k", "k": 20}}"#, |g| {
        Gamma::new(20.0, 150.0).unwrap().sample(g)
    });
    // A gamma of shape 4 is the sum of four exponentials.
    agrees(r#"{"gamma": {"mean": "2k", "cv": 0.5}}"#, |g| {
        (0..4)
            .map(|_| {
                let x: f64 = Exp1.sample(g);
                x * 500.0
            })
            .sum()
    });
    agrees(r#"{"weibull": {"mean": "1k", "cv": 2.23606797749979}}"#, |g| {
        Weibull::new(500.0, 0.5).unwrap().sample(g)
    });
    agrees(r#"{"lognormal": {"p50": "2k", "p99": "20k"}}"#, |g| {
        LogNormal::new(2000f64.ln(), 10f64.ln() / 2.326_347_874).unwrap().sample(g)
    });
    agrees(r#"{"pareto": {"min": "2k", "alpha": 1.5}}"#, |g| pareto.sample(g));
    agrees(r#"{"pareto": {"min": "2k", "alpha": 1.5, "max": "9k"}}"#, |g| {
        pareto.sample_iter(g).find(|x| *x <= 9000.0).unwrap()
    });
    agrees(r#"{"normal": {"mean": "3k", "sd": "2k", "min": "2k"}}"#, |g| {
        normal.sample_iter(g).find(|x| *x >= 2000.0).unwrap()
    });
    agrees(r#"{"normal": {"mean": "3k", "sd": "2k", "below_min": "clip"}}"#, |g| {
        normal.sample(g).max(0.0)
    });
    // Balanced means at cv² = 4: p = (1 + √(3/5))/2, means 1000/2p and 1000/2q.
    let p = (1.0 + 0.6f64.sqrt()) / 2.0;
    let standard = Uniform::new(0.0, 1.0).unwrap();
    agrees(r#"{"hyperexp": {"mean": "1k", "cv": 2}}"#, |g| {
        exp(500.0 / if standard.sample(g) < p { p } else { 1.0 - p }).sample(g)
    });
    agrees(r#"{"mixture": [{"w": 3, "is": {"exp": "2k"}}, {"w": 1, "is": "9k"}]}"#, |g| {
        if standard.sample(g) < 0.25 { 9000.0 } else { exp(2000.0).sample(g) }
    });
}

#[test]
fn discrete_laws_have_their_probabilities() {
    // Closed-form probabilities (Poisson: `statrs`' mass function). Counts are binomial; 5 standard
    // errors by chance: 6e-7 each, 2e-4 in all.
    use statrs::distribution::{Discrete, Poisson};
    type Mass = Box<dyn Fn(u64) -> f64>;
    let poisson = |lambda| -> Mass { Box::new(move |k| Poisson::new(lambda).unwrap().pmf(k)) };
    let zipf = |n: u64, s: f64| -> Mass {
        let total: f64 = (1..=n).map(|i| (i as f64).powf(-s)).sum();
        Box::new(move |k| if (1..=n).contains(&k) { (k as f64).powf(-s) / total } else { 0.0 })
    };
    let cases: [(&str, Mass); 8] = [
        (
            r#"{"geometric": {"mean": 4}}"#,
            Box::new(|k| if k == 0 { 0.0 } else { 0.25 * 0.75f64.powi(k as i32 - 1) }),
        ),
        (r#"{"poisson": 0.5}"#, poisson(0.5)),
        (r#"{"poisson": 11.9}"#, poisson(11.9)),
        (r#"{"poisson": 12.5}"#, poisson(12.5)),
        (r#"{"poisson": 100}"#, poisson(100.0)),
        (r#"{"zipf": {"n": 50, "s": 0.5}}"#, zipf(50, 0.5)),
        (r#"{"zipf": {"n": 10000, "s": 1}}"#, zipf(10_000, 1.0)),
        (r#"{"zipf": {"n": 10000, "s": 2.5}}"#, zipf(10_000, 2.5)),
    ];
    for (text, mass) in cases {
        let (law, n) = (law(text), DRAWS as f64);
        let values = draws(&law, 15);
        let until = |x: f64| values.partition_point(|value| *value <= x);
        for k in (0..200).filter(|k| mass(*k) * n > 100.0) {
            let (p, count) = (mass(k), (until(k as f64) - until(k as f64 - 0.5)) as f64);
            assert!(
                (count - n * p).abs() < 5.0 * (n * p * (1.0 - p)).sqrt(),
                "{text}: {count} times {k}, expected {}",
                n * p
            );
            assert!(
                (law.cdf(k as f64) - law.cdf(k as f64 - 0.5) - p).abs() < 1e-9,
                "{text}: the cdf's step at {k} is not {p}"
            );
        }
    }
}

#[test]
fn the_geometric_agrees_with_an_independent_sampler() {
    // `rand_distr` counts failures before the first success, which is one less. False alarm 1e-4.
    let theirs = rand_distr::Geometric::new(0.1).unwrap();
    agrees(r#"{"geometric": {"mean": 10}}"#, |g| theirs.sample(g) as f64 + 1.0);
}
