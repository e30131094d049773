//! How latencies and numbers of users are read: their distributions, and the notes on what was
//! probably not meant.

use super::{ONE_SERVER, lowered};
use crate::problem::{Problem, Severity};
use crate::scenario::{Dist, check};
use crate::units::Span;

/// Returns the native form of a payload's latency, and the note on it.
fn latency(written: &str) -> (Dist<Span>, Option<Problem>) {
    let text = ONE_SERVER.replacen("{ mean: 0.003, distribution: exponential }", written, 1);
    let (scenario, problems) = lowered(&text);
    assert!(!check(&scenario).any_error(), "{written}");
    assert!(
        problems
            .iter()
            .all(|p| p.severity == Severity::Note && p.path == "topology_graph.edges[0].latency"),
        "{problems:#?}"
    );
    (scenario.links["rqs-1 -> client-1"].latency.clone(), problems.into_iter().next())
}

fn near(found: f64, expected: f64) -> bool {
    (found / expected - 1.0).abs() < 1e-6
}

#[test]
fn latencies_have_the_distributions_of_the_original() {
    // Closed forms of the original's distributions, in seconds.
    let law = |written: &str| latency(written).0.compile();
    let exponential = law("{ mean: 0.003, distribution: exponential }");
    assert!(near(exponential.mean(), 3e6) && near(exponential.cv(), 1.0));
    // N(1 s, sd 0.1 s): the median is 1 s, and the 97.7th percentile 1.2 s.
    let normal = law("{ mean: 1, distribution: normal, variance: 0.1 }");
    assert!(near(normal.quantile(0.5), 1e9) && near(normal.quantile(0.977_249_868), 1.2e9));
    // N(1 s, sd 1 s) clipped at 0: 15.9 % are 0.
    let clipped = law("{ mean: 1, distribution: normal }");
    assert_eq!(clipped.quantile(0.158), 0.0);
    // exp(N(-5, 0.5)): median exp(-5) s is not allowed, as the mean of an edge is positive; so
    // exp(N(0.1, 0.5)).
    let lognormal = law("{ mean: 0.1, distribution: log_normal, variance: 0.5 }");
    assert!(
        near(lognormal.quantile(0.5), 0.1f64.exp() * 1e9)
            && near(lognormal.mean(), (0.1f64 + 0.125).exp() * 1e9)
    );
    assert!(near(
        law("{ mean: 0.1, distribution: log_normal, variance: 0 }").mean(),
        0.1f64.exp() * 1e9
    ));
    let uniform = law("{ mean: 0.003, distribution: uniform }");
    assert!(near(uniform.mean(), 0.5e9) && near(uniform.quantile(0.999_999), 0.999_999e9));
    // A latency without a distribution is Poisson.
    let poisson = law("{ mean: 1.5 }");
    assert!(near(poisson.mean(), 1.5e9) && near(poisson.variance(), 1.5e18));
    assert_eq!(poisson.quantile(0.3), 1e9);
}

#[test]
fn notes_explain_how_a_latency_was_read_and_what_to_write_instead() {
    assert_eq!(latency("{ mean: 0.003, distribution: exponential }").1, None);
    let cases = [
        (
            "{ mean: 0.02, distribution: normal, variance: 0.0001 }",
            "a standard deviation of 100us",
            "write its square root, `variance: 0.01`",
        ),
        (
            "{ mean: 0.02, distribution: normal, variance: 0 }",
            "a standard deviation of 0s",
            "`variance: 0`",
        ),
        (
            "{ mean: 0.1, distribution: log_normal, variance: 0.04 }",
            "μ = 0.1 and σ = 0.04",
            "`latency: { lognormal: { mean: 100ms, cv: 2 } }`",
        ),
        (
            "{ mean: 0.1, distribution: log_normal }",
            "μ = 0.1 and σ = 0.1",
            "`latency: { lognormal: { mean: 100ms, cv: 1 } }`",
        ),
        (
            "{ mean: 0.003, distribution: uniform }",
            "`uniform` is from 0s to 1s here",
            "`latency: { uniform: [0s, 6ms] }`",
        ),
        (
            "{ mean: 0.003, distribution: poisson }",
            "a whole number of seconds here, with a mean of 3ms",
            "`distribution: exponential`",
        ),
        (
            "{ mean: 0.003 }",
            "a whole number of seconds here, with a mean of 3ms",
            "`distribution: exponential`",
        ),
    ];
    for (written, what, help) in cases {
        let note = latency(written).1.unwrap_or_else(|| panic!("{written}: no note"));
        assert!(note.what.contains(what), "{}", note.what);
        assert!(note.help.as_ref().is_some_and(|text| text.contains(help)), "{:?}", note.help);
    }
}

#[test]
fn normal_users_have_the_variance_as_their_standard_deviation() {
    let users = |written: &str| {
        let (scenario, problems) = lowered(&ONE_SERVER.replacen("{ mean: 5 }", written, 1));
        assert!(!check(&scenario).any_error(), "{written}");
        (scenario.workload["rqs-1"].users.as_ref().expect("users").active.compile(), problems)
    };
    let (law, problems) = users("{ mean: 100, distribution: normal, variance: 20 }");
    assert!(near(law.quantile(0.5), 100.0) && near(law.quantile(0.977_249_868), 140.0));
    assert!(
        problems.len() == 1 && problems[0].what.contains("a standard deviation of 20"),
        "{problems:#?}"
    );
    // Without a variance it is the mean.
    assert!(near(users("{ mean: 9, distribution: normal }").0.quantile(0.977_249_868), 27.0));
    assert_eq!(users("{ mean: 9, distribution: normal, variance: 0 }").0.variance(), 0.0);
    let (_, problems) = users("{ mean: 10.5, distribution: normal, variance: 2 }");
    assert!(
        problems.iter().any(|p| p.severity == Severity::Warning
            && p.what.contains("rounded to whole numbers here, 11 and 2")),
        "{problems:#?}"
    );
    assert_eq!(users("{ mean: 0.5 }").0.mean(), 0.5);
}
