//! The first lines of a summary: whether each workload keeps up and the objectives are met.

use super::format::{percent, value, value_beside};
use super::health::Health;
use super::paint::ColorChoice;
use crate::experiment::{Outlook, Overload, Reason, Results, Settling, SloResult, WorkloadVerdict};
use crate::scenario::{Resource, Scenario, Unfinished};
use crate::units::{Span, load_percent};
use std::fmt::Write;

/// Writes one or two lines for each workload and a line for each objective.
pub(super) fn verdict(
    out: &mut String,
    scenario: &Scenario,
    results: &Results,
    paint: ColorChoice,
) -> std::fmt::Result {
    for verdict in &results.verdicts {
        let of = |metric: &str| {
            results
                .find("workload", &verdict.workload, metric, "mean")
                .map_or(f64::NAN, |row| row.estimate.estimate)
        };
        let (offered, answered, errors) = (of("offered_rate"), of("throughput"), of("error_ratio"));
        let failed =
            if errors.is_nan() { String::new() } else { format!(", {} failed", percent(errors)) };
        let numbers = format!(
            "{} offered, {} answered{failed}",
            value(offered, "1/s"),
            value_beside(answered, offered, "1/s")
        );
        let mark = match Health::of(results, verdict) {
            Health::Overloaded => paint.bad("✘ overloaded"),
            Health::Fails => paint.bad("✘ fails"),
            Health::CannotTell => paint.doubtful("? inconclusive"),
            Health::AnswersInPart(errors) => {
                paint.doubtful(&format!("! {} of requests fail", percent(errors)))
            }
            Health::NoRequests => paint.doubtful("? no requests"),
            Health::KeepsUp => paint.good("✔ keeps up"),
        };
        writeln!(out, "  {mark}  {}: {numbers}", verdict.workload)?;
        if let Some(why) = why(scenario, verdict) {
            writeln!(out, "      {}", paint.faint(&why))?;
        }
    }
    results.slos.iter().try_for_each(|slo| objective(out, slo, paint))
}

fn objective(out: &mut String, slo: &SloResult, paint: ColorChoice) -> std::fmt::Result {
    let mark = match (slo.pass, slo.certain) {
        _ if slo.estimate.is_nan() => paint.bad("✘ missed"),
        (true, true) => paint.good("✔ met"),
        (false, true) => paint.bad("✘ missed"),
        (pass, false) => {
            let verdict = if pass { "✔ met" } else { "✘ missed" };
            // An interval on one side of the bound is not enough if answers are too few or the run
            // is too short.
            let cause = if slo.low <= slo.bound && slo.bound <= slo.high {
                "the interval crosses the bound"
            } else {
                "too few answers or too short a run"
            };
            paint.doubtful(&format!("{verdict}, inconclusive: {cause}"))
        }
    };
    let actual = match slo.metric {
        _ if slo.estimate.is_nan() => "no request was answered".to_string(),
        "error_ratio" => format!("measured {}", percent(slo.estimate)),
        "throughput" => format!("measured {}", value(slo.estimate, "1/s")),
        _ => format!("measured {}", value(slo.estimate, "s")),
    };
    writeln!(out, "  {mark}  {}: {} {} ({actual})", slo.name, slo.of, slo.goal)
}

/// Explains a verdict other than an unqualified "keeps up".
fn why(scenario: &Scenario, verdict: &WorkloadVerdict) -> Option<String> {
    let longer = verdict
        .run_at_least
        .map_or(String::new(), |span| format!("; a run of {} would be long enough", rounded(span)));
    let now = scenario.run.duration;
    Some(match &verdict.outlook {
        Outlook::Overloaded(overload) => overloaded(scenario, overload),
        Outlook::CannotTell(reason) => match reason {
            Reason::TooShort(settling) if settling.settles_s.is_infinite() => format!(
                "the demand on {} has infinite variance: its queue never settles, so no run can estimate its mean latency",
                settling.service
            ),
            Reason::TooShort(settling) => {
                format!(
                    "{}, but this run of {now} shows only how the queue builds up{longer}",
                    settles(scenario, settling)
                )
            }
            Reason::Filling { least_s, unfinished } if *least_s > 0.0 => {
                let share = percent(*unfinished);
                format!(
                    "{share} of its requests were unanswered at the end: each takes at least {}{longer}",
                    value(*least_s, "s")
                )
            }
            Reason::Filling { unfinished, .. } => {
                format!(
                    "{} of its requests were unanswered at the end{longer}",
                    percent(*unfinished)
                )
            }
            Reason::Recovering { service, waiting } => {
                format!(
                    "{} still waiting at {service}: the earlier backlog has not drained{longer}",
                    requests(*waiting)
                )
            }
            Reason::Unfinished { what: Unfinished::Rate(of), service, waiting } => {
                format!(
                    "{} waiting at {service}, and the rate of {of} is still changing at the end{longer}",
                    requests(*waiting)
                )
            }
            Reason::Unfinished {
                what: Unfinished::Fault { kind, target, .. },
                service,
                waiting,
            } => {
                format!(
                    "{} waiting at {service}, and the fault `{kind}` of {target} has not ended{longer}",
                    requests(*waiting)
                )
            }
            Reason::Growing { service, waiting, is_just_all: true } => {
                format!(
                    "{} waiting at {service} at the end: demand equals its capacity, so no run is long enough to estimate its queue",
                    requests(*waiting)
                )
            }
            Reason::Growing { service, waiting, is_just_all: false } => {
                format!(
                    "{} waiting at {service} at the end, and the queue may or may not be growing{longer}; more replications may settle it",
                    requests(*waiting)
                )
            }
        },
        Outlook::KeepsUp => {
            let settling = verdict.settling.as_ref()?;
            let enough = rounded(Span::from_seconds(20.0 * settling.settles_s));
            let bias = "latency is slightly underestimated";
            format!(
                "{}, and this run is {now}: {bias} (a run of {enough} would be long enough)",
                settles(scenario, settling)
            )
        }
    })
}

fn overloaded(scenario: &Scenario, overload: &Overload) -> String {
    let Overload { service, resource, load, waiting } = overload;
    match resource {
        Some(resource) => {
            let what = resource_of(scenario, service, *resource);
            if load.is_infinite() {
                return format!(
                    "the mean demand on {what} is infinite: the queue of {service} grows without bound"
                );
            }
            format!(
                "demand is {} of {what}: the queue of {service} grows without bound",
                load_percent(*load)
            )
        }
        None => format!(
            "the queue of {service} grows without bound: {} waiting at the end",
            requests(*waiting)
        ),
    }
}

fn settles(scenario: &Scenario, settling: &Settling) -> String {
    let what = resource_of(scenario, &settling.service, settling.resource);
    format!(
        "at {} of {what}, the queue takes about {} to settle",
        load_percent(settling.load),
        value(settling.settles_s, "s")
    )
}

fn resource_of(scenario: &Scenario, service: &str, resource: Resource) -> String {
    scenario
        .services
        .get(service)
        .map_or(String::new(), |written| written.resource(service, resource))
}

fn requests(n: f64) -> String {
    if (0.5..1.5).contains(&n) {
        "1 request".to_string()
    } else {
        format!("{} requests", value(n, "1"))
    }
}

/// Returns a time as one would type it after `-d`, rounded up to two digits of its unit.
fn rounded(span: Span) -> String {
    let seconds = span.seconds();
    let (unit_s, word) = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "m"), (1.0, "s")]
        .into_iter()
        .find(|(unit, _)| seconds >= *unit)
        .unwrap_or((1e-3, "ms"));
    let number = seconds / unit_s;
    let step = 10f64.powf((number.log10().floor() - 1.0).max(0.0));
    let number = (number / step - 1e-9).ceil() * step;
    if word == "d" { format!("{}h", number * 24.0) } else { format!("{number}{word}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_run_length_is_rounded_up_and_parses() {
        // By hand: rounded up, and read back.
        let cases = [
            (33.0, "33s"),
            (61.0, "2m"),
            (1234.0, "21m"),
            (7200.0, "2h"),
            (200_000.0, "72h"),
            (0.25, "250ms"),
        ];
        for (seconds, text) in cases {
            assert_eq!(rounded(Span::from_seconds(seconds)), text);
            assert!(text.parse::<Span>().is_ok_and(|span| span.seconds() >= seconds));
        }
    }
}
