//! The summary of a capacity search.

use super::bottleneck::{bottleneck_cell, limiting};
use super::cost;
use super::format::{
    confidence, count, metric_value, percent, thousands, times, value, value_beside,
};
use super::paint::ColorChoice;
use super::table::{table, write_table};
use crate::design::value::{shown, unit};
use crate::experiment::{
    CapacityLimit, CapacityResult, FAILED_MIN, SearchTarget, SloResult, Trial, Verdict,
};
use crate::scenario::{Runtime, Scenario};
use serde_json::{Value, json};
use std::fmt::Write;

/// Formats a value of the parameter as the scenario writes it.
fn written(result: &CapacityResult, base: f64) -> String {
    shown(&result.written(base))
}

/// Formats the estimated limit, in three digits of its unit, or as many more as keep it between the
/// two values around it.
fn between(result: &CapacityResult, edge: &CapacityLimit, beyond: f64) -> String {
    let (low, high) = (edge.meets.min(beyond), edge.meets.max(beyond));
    let fits = (3..13)
        .map(|digits| result.notation.in_digits(edge.estimate, digits))
        .find(|value| *value > low && *value < high);
    written(result, fits.unwrap_or(edge.estimate))
}

/// Formats a limit: the last value tried that meets the objectives, and what was found beyond it.
fn edge(result: &CapacityResult, edge: &CapacityLimit, paint: ColorChoice) -> String {
    let (next, verdict) = edge.next;
    let is_whole = edge.estimate == edge.meets;
    let meets = paint.good(&format!("✔ {}", written(result, edge.meets)));
    let misses = |misses: f64| format!("{} does not", written(result, misses));
    // The limit itself was not tried.
    let near =
        |beyond: f64| format!("interpolated, the limit is about {}", between(result, edge, beyond));
    let around = match (verdict, edge.misses) {
        (Verdict::Undecided, beyond) if is_whole => {
            let beyond = beyond.map_or(String::new(), |beyond| format!(", {}", misses(beyond)));
            format!("{} is {}{beyond}", written(result, next), undecided(result, next))
        }
        (_, Some(beyond)) if is_whole => misses(beyond),
        (_, Some(beyond)) => {
            format!("{}; both were tried; {}", misses(beyond), near(beyond))
        }
        (_, None) => {
            let cause = undecided(result, next);
            format!("{} and beyond: {cause}; {}", written(result, next), near(next))
        }
    };
    format!("{meets}  ({around})")
}

/// Returns an end of the range whose verdict is undecided.
fn undecided_end(result: &CapacityResult) -> Option<f64> {
    let ends = [result.tried.first(), result.tried.last()];
    ends.into_iter()
        .flatten()
        .find(|tried| tried.verdict == Verdict::Undecided)
        .map(|tried| tried.number)
}

/// Returns the answer in one line.
fn answer(result: &CapacityResult, paint: ColorChoice) -> String {
    let ends = [result.tried.first(), result.tried.last()]
        .map(|tried| tried.map_or(String::new(), |tried| shown(&tried.value)));
    let [from, to] = ends;
    match (&result.edge, &result.lower) {
        (Some(upper), Some(lower)) => {
            format!("from {}\n  to   {}", edge(result, lower, paint), edge(result, upper, paint))
        }
        (Some(one), None) => edge(result, one, paint),
        (None, _) if let (Some(meets), Some(open)) = (result.meets, undecided_end(result)) => {
            let words = paint.good(&format!("✔ {}", written(result, meets)));
            format!("{words}  ({} is {})", written(result, open), undecided(result, open))
        }
        (None, _) if result.meets.is_some() => {
            let tried = count(result.tried.len() as u64, "value");
            let words = format!("✔ every value tried from {from} to {to} ({tried})");
            format!("{}{}", paint.good(&words), further(result))
        }
        (None, _) => paint.bad(&nothing(result, [&from, &to])),
    }
}

/// Returns what to try beyond a range that is not conclusive; empty if the parameter makes no
/// difference.
fn further(result: &CapacityResult) -> &'static str {
    let is_met = result.meets.is_some();
    match result.target {
        _ if result.makes_no_difference() => "",
        SearchTarget::Smallest if is_met => "; lower --from to search smaller values",
        SearchTarget::Largest if is_met => "; raise --to to search larger values",
        SearchTarget::Smallest => "; raise --to to search larger values",
        SearchTarget::Largest => "; lower --from to search smaller values",
        SearchTarget::Either if !is_met => "",
        SearchTarget::Range | SearchTarget::Either => {
            "; lower --from or raise --to to find the limits"
        }
    }
}

/// Reports that no value tried meets the objectives, and which comes closest.
fn nothing(result: &CapacityResult, [from, to]: [&String; 2]) -> String {
    let best = result.nearest().map_or(to.clone(), |tried| shown(&tried.value));
    let is_open = result.nearest().is_some_and(|tried| tried.verdict == Verdict::Undecided);
    let conclusively = if is_open { " conclusively" } else { "" };
    let words = match () {
        () if result.makes_no_difference() && is_open => {
            "none conclusively meets the objectives".to_string()
        }
        () if result.makes_no_difference() => "each misses the objectives".to_string(),
        () if best == *from || best == *to => {
            format!("not even {best}{conclusively} meets the objectives")
        }
        () => format!("{best} comes closest but does not{conclusively} meet them"),
    };
    let open =
        result.tried.iter().filter(|tried| tried.verdict == Verdict::Undecided).count() as u64;
    let undecided =
        if open > 0 { format!("; {} undecided", thousands(open)) } else { String::new() };
    let tried = count(result.tried.len() as u64, "value");
    let further = further(result);
    format!("✘ none of the values tried: {words} ({tried} from {from} to {to}{undecided}){further}")
}

/// Reports that the parameter makes no difference to the goals, or no conclusive one, where all
/// values tried have the same verdict; with what to vary instead.
fn no_effect(scenario: &Scenario, result: &CapacityResult) -> Option<String> {
    let (low, high) = (result.tried.first()?, result.tried.last()?);
    let is_same = result.makes_no_difference();
    let is_even = result.target == SearchTarget::Either && low.verdict == high.verdict;
    // Where a limit stopped the runs, little was measured; where nothing failed, nothing shows.
    let is_stopped = result.tried.iter().any(|tried| tried.limit_reached.is_some());
    let shows = low.goals.iter().any(|goal| goal.metric != "error_ratio");
    if is_stopped || !(is_same || is_even && shows) {
        return None;
    }
    let goals = low.goals.iter().zip(&high.goals).map(|(low, high)| {
        let what = goal_name(low);
        match (measured(low), measured(high)) {
            (at_low, at_high) if at_low == at_high => format!("{what} is {at_low} at both ends"),
            (at_low, at_high) => {
                format!("{what} is {at_low} at one end and {at_high} at the other")
            }
        }
    });
    let goals = goals.collect::<Vec<_>>().join(", ");
    let how_much = if is_same { "no difference" } else { "no conclusive difference here" };
    let advice = match event_loop(scenario, &result.path) {
        Some(advice) => format!("; {advice}"),
        // A wider range may show a difference.
        None if !further(result).is_empty() => String::new(),
        None => "; vary something else: `asyncflow sensitivity` finds what matters".to_string(),
    };
    Some(format!("{} makes {how_much}: {goals}{advice}", result.path))
}

/// Returns why the number of cores makes no difference to a service that is an event loop.
fn event_loop(scenario: &Scenario, path: &str) -> Option<String> {
    let name = path.strip_prefix("services.")?.strip_suffix(".instance.cpu")?;
    let Runtime::EventLoop(_) = scenario.services.get(name)?.runtime else { return None };
    Some(format!(
        "each worker of an event loop computes on one core, so vary services.{name}.replicas, or raise `workers` together with `cpu`"
    ))
}

/// Returns the goal without its bound, `users p95`.
fn goal_name(goal: &SloResult) -> String {
    // The share that is measured is that of the others.
    let words = match goal.metric {
        "bad_ratio" => "bad",
        _ => goal.goal.split(['<', '>']).next().unwrap_or_default().trim(),
    };
    of_goal(goal, words)
}

/// Returns a goal with what it is about; what is bounded of everything together has no name.
fn of_goal(goal: &SloResult, words: &str) -> String {
    if goal.kind == "system" { words.to_string() } else { format!("{} {words}", goal.of) }
}

/// Compares the current value of the scenario with the answer; `None` where the range is not
/// conclusive.
fn today(result: &CapacityResult) -> Option<String> {
    let today = result.today?;
    let now = written(result, today);
    let verdict = result.tried_at(today).map(|tried| tried.verdict);
    let outside = result.lower.is_some_and(|lower| today < lower.estimate);
    let comparison = match (verdict, result.headroom()) {
        (Some(Verdict::Undecided), _) => format!("Today's {now} is {}.", undecided(result, today)),
        _ if outside => format!("Today's {now} is not enough."),
        (Some(Verdict::Misses), None) => format!("Today's {now} does not meet the objectives."),
        (_, None) if verdict.is_none() => return None,
        (_, None) => format!("Today's {now} meets the objectives."),
        // Nothing is known beyond the limit, so no distance from the needed value is reported.
        (_, Some(room)) if room < 0.0 && result.edge.is_some_and(|edge| edge.misses.is_none()) => {
            format!("Today's {now} meets the objectives.")
        }
        (_, Some(room)) => match result.target {
            SearchTarget::Smallest if room == 0.0 => {
                format!("Today's {now} is exactly what is needed.")
            }
            SearchTarget::Smallest if room < 0.0 => {
                format!("Today's {now} is {}.", more(today / result.estimate, "is needed"))
            }
            SearchTarget::Smallest => format!("Today's {now} is not enough."),
            _ if room >= 0.0 => {
                let about = if result.meets == Some(result.estimate) { "" } else { "about " };
                format!("Today's {now} leaves {about}{} of headroom.", percent(room))
            }
            _ => format!(
                "Today's {now} is {}.",
                more(today / result.estimate, "the system can take")
            ),
        },
    };
    Some(comparison)
}

/// Formats how much one value exceeds another: `33 % more than is needed`,
/// `6.1 times what the system can take`.
fn more(ratio: f64, what: &str) -> String {
    if ratio < 2.0 {
        format!("{} more than {what}", percent(ratio - 1.0))
    } else {
        format!("{} times what {what}", times(ratio))
    }
}

/// Formats the measured value of a goal in the unit of its bound, so that a column has one unit;
/// values far from the bound in a unit that fits.
fn measured(goal: &SloResult) -> String {
    let is_near = goal.estimate <= 100.0 * goal.bound && goal.estimate >= 1e-3 * goal.bound;
    match goal.unit {
        "1" => metric_value(goal.metric, goal.estimate, goal.unit),
        unit if is_near => value_beside(goal.estimate, goal.bound, unit),
        unit => value(goal.estimate, unit),
    }
}

/// Returns why the verdict on a value is undecided: its interval contains a bound, or is not
/// reliable.
fn undecided(result: &CapacityResult, number: f64) -> &'static str {
    result.tried_at(number).map_or(Verdict::Undecided.name(), verdict_text)
}

/// Returns the verdict on a value as text.
fn verdict_text(tried: &Trial) -> &'static str {
    // An interval on one side of the bound is inconclusive if there are too few answers, or if the
    // run is short compared with its relaxation time.
    let is_near = |goal: &SloResult| goal.low <= goal.bound && goal.bound <= goal.high;
    match tried.verdict {
        Verdict::Undecided if tried.limit_reached.is_some() => {
            "inconclusive: `run.limits.in_flight` was reached"
        }
        Verdict::Undecided if tried.about_half_fail() => {
            "inconclusive: about half of the requests fail"
        }
        Verdict::Undecided if !tried.goals.iter().any(is_near) => {
            "inconclusive: too few answers or too short a run"
        }
        verdict => verdict.name(),
    }
}

/// Returns a warning if many requests fail at values that meet all goals and no goal bounds the
/// failures: latencies cover answered requests only.
fn survivors(result: &CapacityResult) -> Option<String> {
    let meets = result.tried.iter().filter(|tried| tried.verdict == Verdict::Meets);
    let failed = meets.flat_map(Trial::failures).filter(|(_, share)| share.estimate >= FAILED_MIN);
    // Workloads that the goals are about come first.
    let is_asked =
        |of: &str| result.tried.iter().flat_map(|tried| &tried.goals).any(|goal| goal.of == of);
    let (of, share) = failed.max_by(|(a, mine), (b, other)| {
        is_asked(a).cmp(&is_asked(b)).then(mine.estimate.total_cmp(&other.estimate))
    })?;
    let share = percent(share.estimate);
    Some(format!(
        "Up to {share} of the requests of {of} failed where the objectives are met, and latencies cover only the rest; add --while '{of}.errors < 1%'."
    ))
}

/// Returns the summary: the answer and the values tried.
pub(crate) fn capacity(scenario: &Scenario, result: &CapacityResult, paint: ColorChoice) -> String {
    let mut out = String::new();
    let which = match result.target {
        SearchTarget::Largest => "the largest",
        SearchTarget::Smallest => "the smallest",
        SearchTarget::Range | SearchTarget::Either => "the range of",
    };
    let goals: Vec<String> = result
        .tried
        .first()
        .map_or(Vec::new(), |t| t.goals.iter().map(|goal| of_goal(goal, &goal.goal)).collect());
    let level = confidence(scenario.run.confidence.0.fraction);
    // Writing into a String cannot fail.
    let head = format!(
        "  {which} {} with {} · each value judged at {level} confidence",
        result.path,
        goals.join(" and ")
    );
    let _ = writeln!(out, "{}{}\n", paint.bold(&scenario.name), paint.faint(&head));
    let _ = writeln!(out, "  {}", answer(result, paint));
    for words in [survivors(result), no_effect(scenario, result)].into_iter().flatten() {
        let _ = writeln!(out, "  {} {words}", paint.doubtful("!"));
    }
    if let Some(bottleneck) = &result.bottleneck {
        let at = result.meets.map_or(String::new(), |meets| written(result, meets));
        let _ = writeln!(out, "  {}", limiting(&at, bottleneck));
    }
    if let Some(words) = today(result) {
        let _ = writeln!(out, "  {words}");
    }
    let names: Vec<String> =
        result.tried.iter().take(1).flat_map(|tried| tried.goals.iter().map(goal_name)).collect();
    let mut header = vec!["", result.path.rsplit('.').next().unwrap_or("value")];
    header.extend(names.iter().map(String::as_str));
    header.push("bottleneck");
    let is_priced = result.tried.iter().any(|tried| cost::total(&tried.results).is_some());
    header.extend(is_priced.then_some("cost"));
    header.extend(["replications", ""]);
    let mut lines = table(&header);
    lines.named_by(2);
    for tried in &result.tried {
        let mark = match tried.verdict {
            Verdict::Meets => paint.good("✔"),
            Verdict::Misses => paint.bad("✘"),
            Verdict::Undecided => paint.doubtful("?"),
        };
        let mut row = vec![mark, shown(&tried.value)];
        row.extend(tried.goals.iter().map(|goal| {
            let text = measured(goal);
            match tried.results.failing().next() {
                _ if tried.results.deadlock.is_some() => format!("{text} (deadlock)"),
                _ if !tried.results.overloaded.is_empty() => format!("{text} (overloaded)"),
                Some((of, share)) => format!("{text} ({} of {of} failed)", percent(share)),
                None => text,
            }
        }));
        row.push(bottleneck_cell(tried));
        row.extend(is_priced.then(|| cost::cell(cost::total(&tried.results))));
        row.extend([tried.replications.to_string(), verdict_text(tried).to_string()]);
        lines.add_row(row);
    }
    let _ = writeln!(out);
    let _ = write_table(&mut out, &lines, 0, paint);
    paint.fitted(out)
}

/// Returns the JSON object of the answer.
pub(crate) fn capacity_to_json(result: &CapacityResult) -> Value {
    let number =
        |value: f64| serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number);
    let tried = result.tried.iter().map(|tried| {
        let goals = tried.goals.iter().map(|goal| {
            json!({ "name": goal.name, "of": goal.of, "goal": goal.goal, "estimate": number(goal.estimate), "low": number(goal.low), "high": number(goal.high), "pass": goal.pass, "certain": goal.certain })
        });
        let busiest = tried.bottleneck().map_or(f64::NAN, |busiest| busiest.utilisation);
        json!({
            "value": tried.value, "number": number(tried.number), "replications": tried.replications, "verdict": tried.verdict.name(), "limit_reached": tried.limit_reached,
            "overloaded": tried.results.overloaded, "utilisation": number(busiest), "goals": goals.collect::<Vec<_>>(),
        })
    });
    let bottleneck = result.bottleneck.as_ref().map(|b| {
        json!({ "kind": b.kind, "entity": b.entity, "utilisation": number(b.utilisation), "waits_for": b.waits_for, "share_of_latency": number(b.share_of_latency) })
    });
    let or_null = |base: Option<f64>| base.map_or(Value::Null, |base| result.written(base));
    json!({
        "asyncflow": env!("CARGO_PKG_VERSION"), "path": result.path, "unit": unit(result.kind), "searched": result.target.name(),
        "capacity": or_null(Some(result.estimate)), "number": number(result.estimate), "meets": or_null(result.meets), "misses": or_null(result.misses), "lower": result.lower_edge(),
        "today": or_null(result.today), "bottleneck": bottleneck, "tried": tried.collect::<Vec<_>>(),
    })
}
