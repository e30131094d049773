//! The first lines of a summary: does it keep up, are the objectives met.

use super::format::{percent, value, value_beside};
use super::health::Health;
use super::paint::ColorChoice;
use crate::experiment::{Outlook, Overload, Reason, Results, Settling, SloResult, WorkloadVerdict};
use crate::scenario::{Resource, Scenario, Unfinished};
use crate::units::{Span, load_percent};
use std::fmt::Write;

/// A line or two for each workload, a line for each goal.
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
            "{} asked, {} answered{failed}",
            value(offered, "1/s"),
            value_beside(answered, offered, "1/s")
        );
        let mark = match Health::of(results, verdict) {
            Health::Overloaded => paint.bad("✘ overloaded"),
            Health::Fails => paint.bad("✘ fails"),
            Health::CannotTell => paint.doubtful("? cannot tell yet"),
            Health::AnswersInPart(errors) => {
                paint.doubtful(&format!("! answers, but {} fail", percent(errors)))
            }
            Health::NoRequests => paint.doubtful("? no request came"),
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
        (true, false) => paint.doubtful("✔ met, but not surely"),
        (false, false) => paint.doubtful("✘ missed, but not surely"),
    };
    let is = match slo.metric {
        _ if slo.estimate.is_nan() => "no request was answered".to_string(),
        "error_ratio" => format!("is {}", percent(slo.estimate)),
        "throughput" => format!("is {}", value(slo.estimate, "1/s")),
        _ => format!("is {}", value(slo.estimate, "s")),
    };
    writeln!(out, "  {mark}  {}: {} {} ({is})", slo.name, slo.of, slo.goal)
}

/// Why it is not simply said to keep up.
fn why(scenario: &Scenario, verdict: &WorkloadVerdict) -> Option<String> {
    let longer = verdict
        .run_at_least
        .map_or(String::new(), |span| format!("; a run of {} would tell", rounded(span)));
    let now = scenario.run.duration;
    Some(match &verdict.outlook {
        Outlook::Overloaded(overload) => overloaded(scenario, overload),
        Outlook::CannotTell(reason) => match reason {
            Reason::TooShort(settling) if settling.settles_s.is_infinite() => format!(
                "what is asked of {} has an infinite variance: its queue never settles, so no run tells its mean latency",
                settling.service
            ),
            Reason::TooShort(settling) => {
                format!(
                    "{}, and this run is {now}: it shows how the queue begins{longer}",
                    settles(scenario, settling)
                )
            }
            Reason::Filling { least_s, unfinished } if *least_s > 0.0 => {
                let share = percent(*unfinished);
                format!(
                    "{share} of its requests had no answer by the end: one takes at least {}{longer}",
                    value(*least_s, "s")
                )
            }
            Reason::Filling { unfinished, .. } => {
                format!("{} of its requests had no answer by the end{longer}", percent(*unfinished))
            }
            Reason::Recovering { service, waiting } => {
                format!(
                    "{} still wait at {service}: what piled up before is not yet worked off{longer}",
                    requests(*waiting)
                )
            }
            Reason::Unfinished { what: Unfinished::Rate(of), service, waiting } => {
                format!(
                    "{} wait at {service}, and the rate of {of} still changes at the end{longer}",
                    requests(*waiting)
                )
            }
            Reason::Unfinished {
                what: Unfinished::Fault { kind, target, .. },
                service,
                waiting,
            } => {
                format!(
                    "{} wait at {service}, and the fault `{kind}` of {target} is not over at the end{longer}",
                    requests(*waiting)
                )
            }
            Reason::Growing { service, waiting, is_just_all: true } => {
                format!(
                    "{} wait at {service} at the end: just all there is of it is asked for, and no run is long enough to tell what its queue comes to",
                    requests(*waiting)
                )
            }
            Reason::Growing { service, waiting, is_just_all: false } => {
                format!(
                    "{} wait at {service} at the end, and that may grow or not{longer}; so may more replications",
                    requests(*waiting)
                )
            }
        },
        Outlook::KeepsUp => {
            let settling = verdict.settling.as_ref()?;
            let would_do = rounded(Span::from_seconds(20.0 * settling.settles_s));
            let too_good = "latency is a little too low in a run this short";
            format!(
                "{}, and this run is {now}: {too_good} ({would_do} would do)",
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
                    "the mean of what is asked of {what} is infinite: the queue of {service} grows as long as it runs"
                );
            }
            format!(
                "{} of {what} is asked for: the queue of {service} grows as long as it runs",
                load_percent(*load)
            )
        }
        None => format!(
            "the queue of {service} grows as long as it runs: {} wait there at the end",
            requests(*waiting)
        ),
    }
}

fn settles(scenario: &Scenario, settling: &Settling) -> String {
    let what = resource_of(scenario, &settling.service, settling.resource);
    format!(
        "at {} of {what} the queue takes about {} to settle",
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

/// A length of time as a person would type it after `-d`: rounded up to two digits of its unit.
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
    fn a_run_that_would_do_is_a_length_that_can_be_typed() {
        // By hand: rounded up, and read back.
        let said = [
            (33.0, "33s"),
            (61.0, "2m"),
            (1234.0, "21m"),
            (7200.0, "2h"),
            (200_000.0, "72h"),
            (0.25, "250ms"),
        ];
        for (seconds, text) in said {
            assert_eq!(rounded(Span::from_seconds(seconds)), text);
            assert!(text.parse::<Span>().is_ok_and(|span| span.seconds() >= seconds));
        }
    }
}
