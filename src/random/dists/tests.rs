//! The compiled distributions against their own draws. Independent samplers are in
//! `tests_oracles.rs`, the written forms in `tests_written.rs`.
//!
//! Every statistical test has a fixed seed. Kolmogorov-Smirnov distances are compared with 2.23/√n:
//! by the inequality of Dvoretzky, Kiefer, Wolfowitz and Massart (1990) a correct distribution
//! exceeds that with probability under 2·exp(-2·2.23²) = 1e-4, whether continuous or not.

use super::*;
use crate::units::Count;

pub(super) const DRAWS: usize = 200_000;

/// A form of each distribution; whether its fourth moment is small enough to test the variance;
/// whether it is continuous.
const TABLE: &[(&str, bool, bool)] = &[
    (r#""2k""#, true, false),
    (r#"{"uniform": ["2k", "5k"]}"#, true, true),
    (r#"{"exp": "3k"}"#, true, true),
    (r#"{"erlang": {"mean": "3k", "k": 1}}"#, true, true),
    (r#"{"erlang": {"mean": "3k", "k": 5}}"#, true, true),
    (r#"{"erlang": {"mean": "3k", "k": 100}}"#, true, true),
    (r#"{"hyperexp": {"mean": "3k", "cv": 1}}"#, true, true),
    (r#"{"hyperexp": {"mean": "3k", "cv": 2.5}}"#, true, true),
    (r#"{"normal": {"mean": "3k", "sd": 500}}"#, true, true),
    (r#"{"normal": {"mean": "3k", "sd": "2k", "min": "2k"}}"#, true, true),
    (r#"{"normal": {"mean": "1k", "sd": "1k", "min": "3k"}}"#, true, true),
    (r#"{"normal": {"mean": "3k", "sd": "2k", "min": "2k", "below_min": "clip"}}"#, true, false),
    (r#"{"lognormal": {"p50": "2k", "p99": "6k"}}"#, true, true),
    (r#"{"lognormal": {"mean": "2k", "cv": 0.4}}"#, true, true),
    // Skewness and kurtosis too large for the variance's own standard error to be estimated.
    (r#"{"lognormal": {"mean": "2k", "cv": 2}}"#, false, true),
    (r#"{"gamma": {"mean": "2k", "cv": 0.5}}"#, true, true),
    (r#"{"gamma": {"mean": "2k", "cv": 2}}"#, true, true),
    (r#"{"weibull": {"mean": "2k", "cv": 0.5}}"#, true, true),
    (r#"{"weibull": {"mean": "2k", "cv": 1.5}}"#, true, true),
    (r#"{"pareto": {"min": "2k", "alpha": 9}}"#, true, true),
    // No fourth moment.
    (r#"{"pareto": {"min": "2k", "alpha": 3.5}}"#, false, true),
    (r#"{"pareto": {"min": "2k", "alpha": 1, "max": "20k"}}"#, true, true),
    (r#"{"pareto": {"min": "2k", "alpha": 1.5, "max": "40k"}}"#, true, true),
    (
        r#"{"mixture": [{"w": 97, "is": {"exp": "2k"}}, {"w": 3, "is": {"uniform": ["10k", "50k"]}}]}"#,
        true,
        true,
    ),
    (
        r#"{"mixture": [{"w": 1, "is": "2k"}, {"w": 2, "is": {"mixture": [{"w": 1, "is": {"exp": "2k"}}, {"w": 1, "is": "9k"}]}}]}"#,
        true,
        false,
    ),
    (
        r#"{"percentiles": {"p50": "2k", "p90": "5k", "p99": "30k", "p99.9": "80k", "max": "200k"}}"#,
        true,
        true,
    ),
    (r#"{"percentiles": {"min": "1k", "p50": "2k", "p90": "2k", "max": "20k"}}"#, true, false),
    (r#"{"geometric": {"mean": 1}}"#, true, false),
    (r#"{"geometric": {"mean": 7.5}}"#, true, false),
    (r#"{"poisson": 0}"#, true, false),
    (r#"{"poisson": 2.5}"#, true, false),
    (r#"{"poisson": "1k"}"#, true, false),
    (r#"{"poisson": {"mean": "1k", "step": 50}}"#, true, false),
    (r#"{"zipf": {"n": 1000, "s": 0}}"#, true, false),
    (r#"{"zipf": {"n": "1M", "s": 1}}"#, true, false),
    (r#"{"zipf": {"n": 1000, "s": 1.2}}"#, true, false),
];

fn read(text: &str) -> Dist<Count> {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Compiles a text, which must pass the check.
pub(super) fn law(text: &str) -> Distribution {
    let (written, mut problems) = (read(text), Problems::default());
    written.check("it", &mut problems);
    assert!(!problems.any_error(), "{text}: {problems:?}");
    written.compile()
}

fn measured() -> Distribution {
    let values = Some((1..=1000).map(|i: u32| (i as f64).powi(2)).collect());
    Dist::Empirical(empirical::Empirical::<Count> {
        file: String::new(),
        column: String::new(),
        unit: None,
        values,
    })
    .compile()
}

fn all() -> impl Iterator<Item = (&'static str, Distribution, bool, bool)> {
    let written =
        TABLE.iter().map(|(text, fourth, continuous)| (*text, law(text), *fourth, *continuous));
    written.chain([("empirical", measured(), true, false)])
}

/// Returns the sorted draws of consecutive requests.
pub(super) fn draws(law: &Distribution, seed: u64) -> Vec<f64> {
    let sampler = Sampler::new(law.clone(), Salt::of("api.cpu#0"));
    let source = Key::replication(seed, 0);
    let mut values: Vec<f64> =
        (0..DRAWS as u64).map(|i| sampler.value(source.ordinal(i))).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[test]
fn a_clipped_normal_has_its_lower_tail_at_the_least_value() {
    // By hand: P(at most 2k) = Φ(−1/2) = 0.3085, all of it at 2k itself; nothing below.
    let law = read(r#"{"normal": {"mean": "3k", "sd": "2k", "min": "2k", "below_min": "clip"}}"#)
        .compile();
    assert!(
        (law.cdf(2000.0) - 0.308_537_538_7).abs() < 1e-9 && law.cdf(1999.9) == 0.0,
        "{}",
        law.cdf(2000.0)
    );
}

#[test]
fn a_mirrored_law_draws_with_one_minus_u_and_is_the_same_law() {
    // Definition; 1 − u of a draw is exact (`keys.rs`). An exponential and a normal by inversion,
    // and one that rejects.
    let exponential = read(r#"{"exp": "3k"}"#).compile();
    let normal = read(r#"{"normal": {"mean": "3k", "sd": 500}}"#).compile();
    for i in 0..1000 {
        let draw = Key(1).ordinal(i).draw(Salt::of("mirror"));
        let mirrored = exponential.clone().mirrored().sample(draw);
        assert_eq!(mirrored, exponential.sample(draw.mirrored()));
        let (u, back) = (draw.complement(), exponential.cdf(mirrored));
        assert!((back - u).abs() < 1e-9, "{back} {u}");
        assert_eq!(normal.clone().mirrored().sample(draw), normal.quantile(draw.complement()));
    }
    let law = read(r#"{"gamma": {"mean": "2k", "cv": 2}}"#).compile();
    let mirrored = law.clone().mirrored();
    assert_eq!(
        (law.mean(), law.variance(), law.cdf(900.0), law.quantile(0.3)),
        (mirrored.mean(), mirrored.variance(), mirrored.cdf(900.0), mirrored.quantile(0.3))
    );
}

#[test]
fn draws_have_the_mean_and_the_variance_of_the_law() {
    // The distribution's own moments. 4.5 standard errors by chance: 7e-6 for each of the 70
    // comparisons, 5e-4 in all.
    for (text, law, fourth, _) in all() {
        let (values, n) = (draws(&law, 11), DRAWS as f64);
        let expected = law.mean();
        let central = |power| values.iter().map(|x| (x - expected).powi(power)).sum::<f64>() / n;
        let mean = values.iter().sum::<f64>() / n;
        let error = (law.variance() / n).sqrt();
        assert!(
            (mean - expected).abs() <= 4.5 * error + 1e-9,
            "{text}: mean {mean}, not {expected}, error {error}"
        );
        let error = ((central(4) - central(2).powi(2)).max(0.0) / n).sqrt();
        let off = (central(2) - law.variance()).abs();
        assert!(
            !fourth || off <= 4.5 * error + 1e-9,
            "{text}: variance {}, not {}, error {error}",
            central(2),
            law.variance()
        );
    }
}

#[test]
fn draws_follow_the_cdf_of_the_law() {
    // The distribution's cdf, compared at and just before every draw. False alarms: 1e-4 for each
    // of 37 distributions, 4e-3 in all.
    for (text, law, ..) in all() {
        let (values, n) = (draws(&law, 12), DRAWS as f64);
        let mut distance = 0.0_f64;
        let mut before = 0;
        while before < values.len() {
            let x = values[before];
            let until = before + values[before..].partition_point(|value| *value <= x);
            // Just before the draw by a relative 1e-12, so that rounding of an atom's location does
            // not count.
            distance = distance
                .max((law.cdf(x * (1.0 + 1e-12)) - until as f64 / n).abs())
                .max((law.cdf(x - x.abs() * 1e-12 - 1e-300) - before as f64 / n).abs());
            before = until;
        }
        assert!(distance < 2.23 / n.sqrt(), "{text}: D = {distance}");
    }
}

#[test]
fn quantile_and_cdf_undo_each_other() {
    // The identity itself: in both directions for continuous distributions; for others, the
    // quantile is the first value that reaches u.
    for (text, law, _, continuous) in all() {
        for u in [1e-6, 0.001, 0.01, 0.1, 0.25, 0.4999, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999, 0.999_999]
        {
            let x = law.quantile(u);
            let slack = 1e-9 * x.abs();
            assert!(
                law.cdf(x + slack) >= u - 1e-9 && law.cdf(x - slack - 1e-9) <= u + 1e-9,
                "{text}: quantile({u}) = {x}, cdf {}",
                law.cdf(x)
            );
            if continuous {
                assert!(
                    (law.quantile(law.cdf(x)) / x - 1.0).abs() < 1e-8,
                    "{text}: quantile({u}) = {x} came back as {}",
                    law.quantile(law.cdf(x))
                );
            }
        }
    }
}

#[test]
fn quantiles_rise_and_their_ends_are_no_panic() {
    // Monotonicity is the definition of a quantile function; 0 and 1 are its ends.
    for (text, law, ..) in all() {
        let quantiles: Vec<f64> = (0..=200).map(|i| law.quantile(i as f64 / 200.0)).collect();
        assert!(quantiles.windows(2).all(|pair| pair[0] <= pair[1]), "{text}: {quantiles:?}");
        assert!(
            quantiles[0] >= 0.0 && law.cdf(-1.0) == 0.0 && law.cdf(f64::INFINITY) == 1.0,
            "{text}: {}",
            quantiles[0]
        );
    }
}

#[test]
fn a_large_poisson_has_a_median_near_its_mean() {
    // Choi 1994: the median is between mean - ln 2 and mean + 1/3, up to the limit of the check.
    for lambda in [1e3, 1e6, 1e9] {
        let median = law(&format!(r#"{{"poisson": {lambda}}}"#)).quantile(0.5);
        assert!((median - lambda).abs() <= 1.0, "{lambda}: {median}");
    }
}

#[test]
fn a_span_is_rounded_once_and_never_negative() {
    // 1.5 ns to the nearest; -0.4 and -7 become zero; a value that is too large becomes the longest
    // span, 2^63 - 1 ns. By hand.
    let span = |value: f64| {
        Sampler::new(Distribution::Constant(constant::Distribution::of(value)), Salt(1))
            .span(Key(2))
            .0
    };
    assert_eq!(
        (span(1.5), span(1.4), span(-0.4), span(-7.0), span(f64::MAX)),
        (2, 1, 0, 0, i64::MAX as u64)
    );
}

#[test]
fn the_cv_is_the_standard_deviation_in_means() {
    // By hand: an exponential's is 1, that of a uniform from 2 to 8 is √3/5; 0 if nothing varies,
    // even at 0; infinite with the variance.
    let cv = |text| law(text).cv();
    assert!(
        (cv(r#"{"exp": 30}"#) - 1.0).abs() < 1e-15
            && (cv(r#"{"uniform": [2, 8]}"#) - 3f64.sqrt() / 5.0).abs() < 1e-15
    );
    assert_eq!((cv(r#""0""#), cv(r#"{"pareto": {"min": 1, "alpha": 1.5}}"#)), (0.0, f64::INFINITY));
}

#[test]
fn a_law_is_small() {
    // A design choice: a distribution and its tag fit in half a cache line and a word.
    assert!(std::mem::size_of::<Distribution>() <= 40, "{}", std::mem::size_of::<Distribution>());
}
