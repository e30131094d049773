//! The first lines of a summary: whether each workload keeps up and the objectives are met.

use super::format::{count, decimals, fixed, metric_value, percent, trimmed, value, value_beside};
use super::health::Health;
use super::paint::ColorChoice;
use crate::experiment::{
    DeadlockResult, FAILED_MIN, Outlook, Overload, Reason, Results, Settling, SloResult,
    WorkloadVerdict,
};
use crate::scenario::{Regime, Resource, Scenario, Unfinished};
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
        let health = Health::of(results, verdict);
        let mark = match health {
            Health::Deadlocked => paint.bad("✘ deadlock"),
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
        // The queues of those who wait for ever grow for that reason, and no run is long enough.
        let is_stuck = health == Health::Deadlocked;
        if let Some(why) = why(scenario, results, verdict).filter(|_| !is_stuck) {
            writeln!(out, "      {}", paint.faint(&why))?;
        }
    }
    if let Some(deadlock) = &results.deadlock {
        let DeadlockResult { replications, replication, at_s, requests, circle, .. } = deadlock;
        let words = format!(
            "deadlock in {replications} of {}: in replication {replication} from {} on, and {} for ever at the end",
            count(u64::from(results.replications), "replication"),
            value(*at_s, "s"),
            if *requests == 1 {
                "1 request waits".to_string()
            } else {
                format!("{} wait", count(*requests, "request"))
            },
        );
        writeln!(out, "      {}", paint.faint(&words))?;
        writeln!(out, "      {}", paint.faint(circle))?;
    }
    objectives(out, results, paint)
}

/// Writes which objectives are met.
pub(super) fn objectives(
    out: &mut String,
    results: &Results,
    paint: ColorChoice,
) -> std::fmt::Result {
    results.slos.iter().try_for_each(|slo| objective(out, results, slo, paint))
}

fn objective(
    out: &mut String,
    results: &Results,
    slo: &SloResult,
    paint: ColorChoice,
) -> std::fmt::Result {
    let left_out = results.left_out(slo);
    let met = match left_out {
        Some(failed) => format!("✔ met by the {} that were answered", percent(1.0 - failed)),
        None => "✔ met".to_string(),
    };
    let mark = match (slo.pass, slo.certain) {
        (false, _) if slo.estimate.is_nan() => paint.bad("✘ missed"),
        (true, _) if slo.estimate.is_nan() => paint.doubtful("? inconclusive"),
        (true, true) if left_out.is_some() => paint.doubtful(&met),
        (true, true) => paint.good(&met),
        (false, true) => paint.bad("✘ missed"),
        (pass, false) => {
            let verdict = if pass { met.as_str() } else { "✘ missed" };
            paint.doubtful(&format!("{verdict}, inconclusive: {}", inconclusive(results, slo)))
        }
    };
    let actual = match slo.metric {
        "worst_burn_rate" if slo.estimate.is_nan() => "the run has no whole window".to_string(),
        _ if slo.estimate.is_nan() && slo.pass => "no request arrived".to_string(),
        _ if slo.estimate.is_nan() => "no request was answered".to_string(),
        "bad_ratio" if slo.estimate > 0.0 => format!(
            "measured {} bad, {} times what is allowed",
            percent(slo.estimate),
            value(slo.estimate / slo.bound, "1")
        ),
        "bad_ratio" => "measured 0 % bad".to_string(),
        _ => format!("measured {}", metric_value(slo.metric, slo.estimate, slo.unit)),
    };
    // What is bounded of everything together has no name.
    let of = if slo.kind == "system" { String::new() } else { format!("{} ", slo.of) };
    writeln!(out, "  {mark}  {}: {of}{} ({actual})", slo.name, slo.goal)
}

/// Returns why the verdict on an objective is inconclusive.
fn inconclusive(results: &Results, slo: &SloResult) -> String {
    let has_interval = slo.low.is_finite() && slo.high.is_finite();
    let all = results.replications;
    let why = match (has_interval, all) {
        // That of one replication is not the same as that of the mean.
        _ if slo.metric == "worst_burn_rate" && (1..all as usize).contains(&slo.missed_in) => {
            return format!("it is higher in {} of {all} replications", slo.missed_in);
        }
        (false, 1) => "one replication has no interval",
        (false, _) => "it has no interval",
        // An interval on one side of the bound is not enough if answers are too few or the run is
        // too short.
        (true, _) if slo.low <= slo.bound && slo.bound <= slo.high => {
            "the interval crosses the bound"
        }
        (true, _) if results.deadlock.is_some() => "some requests wait for ever",
        (true, _) => "too few answers or too short a run",
    };
    why.to_string()
}

/// Explains a verdict other than an unqualified "keeps up".
fn why(scenario: &Scenario, results: &Results, verdict: &WorkloadVerdict) -> Option<String> {
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
                    settles(scenario, results, &verdict.workload, settling)
                )
            }
            Reason::Filling { least_s, unfinished } if *least_s > 0.0 => {
                let share = percent(*unfinished);
                format!(
                    "{share} of its requests were unanswered at the end: on average, each takes at least {}{longer}",
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
                settles(scenario, results, &verdict.workload, settling)
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
            // The results are means over the run.
            let when = if Regime::of(scenario).since == Span::ZERO {
                ""
            } else {
                " at the end of the run"
            };
            format!(
                "the offered load{when} is {} of {what}: the queue of {service} grows without bound",
                load_percent(*load)
            )
        }
        None => format!(
            "the queue of {service} grows without bound: {} waiting at the end",
            requests(*waiting)
        ),
    }
}

/// The difference between an offered load and a measured utilisation from which both are stated.
const DIFFERENT: f64 = 0.02;

fn settles(scenario: &Scenario, results: &Results, workload: &str, settling: &Settling) -> String {
    let Settling { service, resource, load, settles_s } = settling;
    let mean_of = |kind: &str, entity: &str, metric: &str| {
        results.find(kind, entity, metric, "mean").map_or(f64::NAN, |row| row.estimate.estimate)
    };
    let busy = mean_of("service", service, "utilisation");
    let measured = if *resource == Resource::Cores && (busy - load).abs() > DIFFERENT {
        let several = scenario.services.get(service).is_some_and(|own| own.instances.len() > 1);
        let why = match () {
            () if several => " over all its instances",
            () if mean_of("workload", workload, "error_ratio") >= FAILED_MIN => {
                ", because the offered load counts requests that fail on the way"
            }
            () => "",
        };
        format!(" ({} busy was measured{why})", percent(busy))
    } else {
        String::new()
    };
    format!(
        "at an offered load of {} of {}{measured}, the queue takes about {} to settle",
        load_percent(*load),
        resource_of(scenario, service, *resource),
        about(*settles_s)
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

/// Returns a time in two digits, in the notation of the run lengths that it is compared with.
fn about(seconds: f64) -> String {
    if !seconds.is_finite() {
        return value(seconds, "s");
    }
    let (unit_s, word) = typed_unit(seconds);
    let number = seconds / unit_s;
    let text = fixed(number, decimals(number, 2));
    format!("{}{word}", trimmed(&text))
}

/// Returns the unit in which one would type a time: its size in seconds, and its symbol.
fn typed_unit(seconds: f64) -> (f64, &'static str) {
    [(3_600.0, "h"), (60.0, "m"), (1.0, "s")]
        .into_iter()
        .find(|(unit, _)| seconds >= *unit)
        .unwrap_or((1e-3, "ms"))
}

/// Returns a time as one would type it after `-d`, rounded up to two digits of its unit.
fn rounded(span: Span) -> String {
    let seconds = span.seconds();
    let (unit_s, word) = if seconds >= 86_400.0 { (86_400.0, "d") } else { typed_unit(seconds) };
    let number = seconds / unit_s;
    let step = 10f64.powf((number.log10().floor() - 1.0).max(0.0));
    let number = (number / step - 1e-9).ceil() * step;
    if word == "d" { format!("{}h", number * 24.0) } else { format!("{number}{word}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_settle_has_two_digits_and_the_notation_of_run_lengths() {
        // By hand; read back within half of the last digit.
        let cases = [
            (163.0, 6.0, "2.7m"),
            (14.6, 0.5, "15s"),
            (3.04, 0.05, "3s"),
            (0.01234, 0.0005, "12ms"),
            (9_000.0, 180.0, "2.5h"),
            (1_000_000.0, 1_800.0, "278h"),
        ];
        for (seconds, half, text) in cases {
            assert_eq!(about(seconds), text);
            let read = text.parse::<Span>().unwrap().seconds();
            assert!((read - seconds).abs() <= half, "{text}");
        }
        assert_eq!(about(f64::INFINITY), "∞");
    }

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
