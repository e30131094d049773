//! `arrivals` of the later format: a stream of requests with independent gaps of mean 1/λ.
//!
//! Law: exponential; constant 1/λ; U(0.5, 1.5)/λ; lognormal with c² = 0.25, 1, 4; Weibull of shape
//! 2.10, 1, 0.543; Pareto of shape max(1 + √(1 + 1/c²), 2 + 10⁻⁶); Erlang of
//! max(1, min(10, round(1/c²))) stages; or given times, without those before 0 and after the end.
//! Source: the original's development line. Tests in `tests_later.rs`.

use super::graph::Graph;
use super::payload::{ArrivalModel, Arrivals, Variability};
use super::range::demand;
use crate::problem::Problems;
use crate::random::dists::erlang::Erlang;
use crate::random::dists::lognormal::Lognormal;
use crate::random::dists::pareto::Pareto;
use crate::random::dists::uniform::Uniform;
use crate::random::dists::weibull::Weibull;
use crate::scenario::Dist;
use crate::units::{Rate, Span};
use crate::workload::{self, Open, RateShape};

/// The maximum request rate, in 1/s; the same as for the users of 0.1.
const MOST_RPS: f64 = 1e9;

/// Reports the errors of `arrivals`.
pub(crate) fn check(arrivals: &Arrivals, problems: &mut Problems) {
    let rate = arrivals.lambda_rps;
    demand(
        problems,
        rate > 0.0 && rate <= MOST_RPS,
        "arrivals.lambda_rps",
        "must be more than 0 and at most 10^9 requests per second",
        rate,
    );
    let model = arrivals.model;
    let varies = matches!(
        model,
        ArrivalModel::LogNormal
            | ArrivalModel::Weibull
            | ArrivalModel::Pareto
            | ArrivalModel::Erlang
    );
    let word = model.name();
    match (varies, arrivals.variability) {
        (true, None) => {
            let what = format!("`{word}` does not say how much the gaps vary");
            problems.error("arrivals", what).advise("add `variability: low`, `medium` or `high`");
        }
        (false, Some(Variability::Low)) if model == ArrivalModel::Uniform => {
            problems.note(
                "arrivals.variability",
                "`uniform` has a fixed variability, so this has no effect",
            );
        }
        (false, Some(_)) => {
            problems
                .error("arrivals.variability", format!("`{word}` has no `variability`"))
                .advise("leave it out");
        }
        _ => {}
    }
    match (model == ArrivalModel::Empirical, &arrivals.empirical_data) {
        (true, None) => {
            let what = "`empirical` does not say when requests arrive";
            problems
                .error("arrivals", what)
                .advise("add for example `empirical_data: [0.5, 1.2, 3]`, times in seconds");
        }
        (false, Some(_)) => {
            let what = format!(
                "`empirical_data` belongs to the model `empirical`, but the model is `{word}`"
            );
            problems
                .error("arrivals.empirical_data", what)
                .advise("leave it out, or write `model: empirical`");
        }
        (true, Some(times)) => {
            for (index, time) in
                times.iter().enumerate().filter(|(_, time)| !(-1e9..=1e9).contains(*time))
            {
                problems.error(
                    format!("arrivals.empirical_data[{index}]"),
                    format!("a time must be from -10^9 to 10^9 s, not {time}"),
                );
            }
        }
        (false, None) => {}
    }
}

/// Converts `arrivals` to an open workload.
pub(crate) fn open(arrivals: &Arrivals, graph: &Graph) -> Open {
    let (rate, second) = (arrivals.lambda_rps, Span::from_seconds(1.0));
    let cv = match arrivals.variability {
        Some(Variability::Low) => 0.5,
        Some(Variability::High) => 2.0,
        Some(Variability::Medium) | None => 1.0,
    };
    let gaps = |law: Dist<Span>| workload::Arrivals::Gaps(law);
    let (rate, spacing) = match arrivals.model {
        ArrivalModel::Poisson | ArrivalModel::Exponential => (rate, workload::Arrivals::Poisson),
        // The first arrival of `regular` is at 0; in the original it comes after a gap.
        ArrivalModel::Deterministic => (rate, gaps(Dist::constant(second))),
        ArrivalModel::Uniform => {
            let between = [Span::from_seconds(0.5), Span::from_seconds(1.5)];
            (rate, gaps(Dist::Uniform(Uniform { between })))
        }
        ArrivalModel::LogNormal => (
            rate,
            gaps(Dist::Lognormal(Lognormal {
                p50: None,
                p99: None,
                mean: Some(second),
                cv: Some(cv),
            })),
        ),
        ArrivalModel::Weibull => {
            (rate, gaps(Dist::Weibull(Weibull { mean: second, cv: weibull_cv(cv) })))
        }
        ArrivalModel::Pareto => {
            let alpha = (1.0 + (1.0 + 1.0 / (cv * cv)).sqrt()).max(2.0 + 1e-6);
            (rate, gaps(pareto(alpha)))
        }
        ArrivalModel::Erlang if cv == 0.5 => {
            (rate, gaps(Dist::Erlang(Erlang { mean: second, k: 4 })))
        }
        ArrivalModel::Erlang => (rate, workload::Arrivals::Poisson),
        ArrivalModel::Empirical => {
            let horizon = graph.payload.sim_settings.total_simulation_time;
            let mut times: Vec<f64> = arrivals
                .empirical_data
                .iter()
                .flatten()
                .copied()
                .filter(|time| (0.0..horizon).contains(time))
                .collect();
            times.sort_by(f64::total_cmp);
            (
                times.len() as f64 / horizon,
                workload::Arrivals::At(times.into_iter().map(Span::from_seconds).collect()),
            )
        }
    };
    Open { rate: RateShape::Constant(Rate::per_second(rate)), arrivals: spacing }
}

/// Returns a Pareto distribution with a mean of 1 s.
fn pareto(alpha: f64) -> Dist<Span> {
    Dist::Pareto(Pareto { min: Span::from_seconds((alpha - 1.0) / alpha), alpha, max: None })
}

/// Returns the cv of a Weibull distribution with the shape that the original uses for a nominal cv:
/// √(Γ(1 + 2/k)/Γ(1 + 1/k)² − 1) at k = 2.10, 1, 0.543.
fn weibull_cv(cv: f64) -> f64 {
    match cv {
        0.5 => 0.5002885153206322,
        2.0 => 1.9984999479811463,
        _ => 1.0,
    }
}
