//! What is said of a capacity.

use super::cost;
use super::format::{confidence, count, percent, thousands, times, value, value_beside};
use super::health::MANY_FAILED;
use super::paint::ColorChoice;
use super::table::{table, write_table};
use crate::design::value::{shown, unit};
use crate::experiment::{CapacityLimit, CapacityResult, SearchTarget, SloResult, Trial, Verdict};
use crate::scenario::Scenario;
use serde_json::{Value, json};
use std::fmt::Write;

/// A value of the parameter as the scenario writes it.
fn said(found: &CapacityResult, base: f64) -> String {
    shown(&found.written(base))
}

/// Where the goals are just met, in three digits of its unit, or in as many more as keep it between
/// the two values.
fn between(found: &CapacityResult, edge: &CapacityLimit, beyond: f64) -> String {
    let (low, high) = (edge.meets.min(beyond), edge.meets.max(beyond));
    let fits = (3..13)
        .map(|digits| found.notation.in_digits(edge.estimate, digits))
        .find(|value| *value > low && *value < high);
    said(found, fits.unwrap_or(edge.estimate))
}

/// An edge: the value, and what is known around it.
fn edge(found: &CapacityResult, edge: &CapacityLimit, paint: ColorChoice) -> String {
    let (next, verdict) = edge.next;
    let is_whole = edge.estimate == edge.meets;
    let misses = |misses: f64| format!("{} does not", said(found, misses));
    match (verdict, edge.misses) {
        (Verdict::Undecided, beyond) if is_whole => {
            let beyond = beyond.map_or(String::new(), |beyond| format!(", {}", misses(beyond)));
            let untold = untold(found, next);
            format!(
                "{}  ({} is {untold}{beyond})",
                paint.good(&format!("✔ {}", said(found, edge.meets))),
                said(found, next)
            )
        }
        (_, Some(beyond)) if is_whole => format!(
            "{}  ({})",
            paint.good(&format!("✔ {}", said(found, edge.meets))),
            misses(beyond)
        ),
        (_, Some(beyond)) => {
            let (low, high) = (edge.meets.min(beyond), edge.meets.max(beyond));
            let around = format!("(between {} and {})", said(found, low), said(found, high));
            format!("{}  {around}", paint.good(&format!("✔ {}", between(found, edge, beyond))))
        }
        (_, None) => {
            let around = format!(
                "({} surely; from {} on it is {})",
                said(found, edge.meets),
                said(found, next),
                untold(found, next)
            );
            format!("{}  {around}", paint.good(&format!("✔ {}", between(found, edge, next))))
        }
    }
}

/// An end of the range of which it cannot be told.
fn ends_untold(found: &CapacityResult) -> Option<f64> {
    let ends = [found.tried.first(), found.tried.last()];
    ends.into_iter()
        .flatten()
        .find(|tried| tried.verdict == Verdict::Undecided)
        .map(|tried| tried.number)
}

/// The answer in a line.
fn answer(found: &CapacityResult, paint: ColorChoice) -> String {
    let ends = [found.tried.first(), found.tried.last()]
        .map(|tried| tried.map_or(String::new(), |tried| shown(&tried.value)));
    let [from, to] = ends;
    match (&found.edge, &found.lower) {
        (Some(upper), Some(lower)) => {
            format!("from {}\n  to   {}", edge(found, lower, paint), edge(found, upper, paint))
        }
        (Some(one), None) => edge(found, one, paint),
        (None, _) if let (Some(meets), Some(open)) = (found.meets, ends_untold(found)) => {
            let words = paint.good(&format!("✔ {}", said(found, meets)));
            format!("{words}  ({} is {})", said(found, open), untold(found, open))
        }
        (None, _) if found.meets.is_some() => {
            let further = match found.target {
                SearchTarget::Smallest => "; lower --from to look for less",
                SearchTarget::Largest => "; raise --to to look for more",
                SearchTarget::Range | SearchTarget::Either => {
                    "; lower --from or raise --to to find where they do not"
                }
            };
            format!("{}{further}", paint.good(&format!("✔ every value from {from} to {to}")))
        }
        (None, _) => {
            let best = found.nearest().map_or(to.clone(), |tried| shown(&tried.value));
            let surely = if found.nearest().is_some_and(|tried| tried.verdict == Verdict::Undecided)
            {
                " surely"
            } else {
                ""
            };
            let tried = count(found.tried.len() as u64, "value");
            let is_end = best == from || best == to;
            let words = if is_end {
                format!("not even {best}{surely} meets them")
            } else {
                format!("{best} comes nearest and does not{surely}")
            };
            let open =
                found.tried.iter().filter(|tried| tried.verdict == Verdict::Undecided).count()
                    as u64;
            let untold = if open > 0 {
                format!("; of {} it cannot be told", thousands(open))
            } else {
                String::new()
            };
            paint.bad(&format!(
                "✘ none of the values tried: {words} ({tried} from {from} to {to}{untold})"
            ))
        }
    }
}

/// What the value that the scenario has now is beside the answer; none where the range does not
/// tell.
fn today(found: &CapacityResult) -> Option<String> {
    let today = found.today?;
    let now = said(found, today);
    let verdict = found.tried_at(today).map(|tried| tried.verdict);
    let outside = found.lower.is_some_and(|lower| today < lower.estimate);
    let told = match (verdict, found.headroom()) {
        (Some(Verdict::Undecided), _) => format!("Today's {now} is {}.", untold(found, today)),
        _ if outside => format!("Today's {now} is not enough."),
        (Some(Verdict::Misses), None) => format!("Today's {now} does not meet them."),
        (_, None) if verdict.is_none() => return None,
        (_, None) => format!("Today's {now} meets them."),
        // Beyond the edge it is not known, so nothing is said of how far that is from what is
        // needed.
        (_, Some(room)) if room < 0.0 && found.edge.is_some_and(|edge| edge.misses.is_none()) => {
            format!("Today's {now} meets them.")
        }
        (_, Some(room)) => match found.target {
            SearchTarget::Smallest if room == 0.0 => {
                format!("Today's {now} is just what is needed.")
            }
            SearchTarget::Smallest if room < 0.0 => {
                format!("Today's {now} is {}.", more(today / found.estimate, "is needed"))
            }
            SearchTarget::Smallest => format!("Today's {now} is not enough."),
            _ if room >= 0.0 => format!("Today's {now} leaves {} of headroom.", percent(room)),
            _ => format!("Today's {now} is {}.", more(today / found.estimate, "it can take")),
        },
    };
    Some(told)
}

/// How much more one value is than another: `33 % more than is needed`,
/// `6.1 times what it can take`.
fn more(ratio: f64, what: &str) -> String {
    if ratio < 2.0 {
        format!("{} more than {what}", percent(ratio - 1.0))
    } else {
        format!("{} times what {what}", times(ratio))
    }
}

/// What was measured of a goal, in the unit of its bound, so that a column has one; what is far
/// from it in one that fits.
fn measured(goal: &SloResult) -> String {
    let is_near = goal.estimate <= 100.0 * goal.bound && goal.estimate >= 1e-3 * goal.bound;
    match goal.metric {
        "error_ratio" => percent(goal.estimate),
        _ if is_near => value_beside(goal.estimate, goal.bound, goal.unit),
        _ => value(goal.estimate, goal.unit),
    }
}

/// Why it cannot be told of a value whether it meets: its interval holds a bound, or it has none to
/// rely on.
fn untold(found: &CapacityResult, number: f64) -> &'static str {
    found.tried_at(number).map_or(Verdict::Undecided.name(), why)
}

/// What was found out at a value, in words.
fn why(tried: &Trial) -> &'static str {
    // An interval on one side of the bound that is not sure has too few answers behind it, or the
    // run is short against its relaxation time.
    let is_near = |goal: &SloResult| goal.low <= goal.bound && goal.bound <= goal.high;
    match tried.verdict {
        Verdict::Undecided if !tried.goals.iter().any(is_near) => {
            "too rarely answered, or too short a run, to tell"
        }
        verdict => verdict.name(),
    }
}

/// The failures of values that meet all goals, where no goal bounds them: the latency is of those
/// that were answered.
fn survivors(found: &CapacityResult) -> Option<String> {
    let meets = found.tried.iter().filter(|tried| tried.verdict == Verdict::Meets);
    let bounded = |of: &str| {
        found
            .tried
            .iter()
            .flat_map(|tried| &tried.goals)
            .any(|goal| goal.of == of && goal.metric == "error_ratio")
    };
    let failed = meets.flat_map(|tried| tried.results.rows.iter()).filter(|row| {
        row.kind == "workload"
            && row.metric == "error_ratio"
            && row.estimate.estimate > MANY_FAILED
            && !bounded(&row.entity)
    });
    // Those first that the goals are about.
    let is_asked =
        |of: &str| found.tried.iter().flat_map(|tried| &tried.goals).any(|goal| goal.of == of);
    let worst = failed.max_by(|a, b| {
        is_asked(&a.entity)
            .cmp(&is_asked(&b.entity))
            .then(a.estimate.estimate.total_cmp(&b.estimate.estimate))
    })?;
    let (share, of) = (percent(worst.estimate.estimate), &worst.entity);
    Some(format!(
        "Up to {share} of {of} failed where the objectives are met, and latencies are of the rest; add --while '{of}.errors < 1%'."
    ))
}

/// The answer and the curve, on one screen.
pub fn capacity(scenario: &Scenario, found: &CapacityResult, paint: ColorChoice) -> String {
    let mut out = String::new();
    let which = match found.target {
        SearchTarget::Largest => "the largest",
        SearchTarget::Smallest => "the smallest",
        SearchTarget::Range | SearchTarget::Either => "the range of",
    };
    let goals: Vec<String> = found.tried.first().map_or(Vec::new(), |t| {
        t.goals.iter().map(|goal| format!("{} {}", goal.of, goal.goal)).collect()
    });
    let level = confidence(scenario.run.confidence.0.fraction);
    // Writing into a String cannot fail.
    let head = format!(
        "  {which} {} with {} · each value judged at {level}",
        found.path,
        goals.join(" and ")
    );
    let _ = writeln!(out, "{}{}\n", paint.bold(&scenario.name), paint.faint(&head));
    let _ = writeln!(out, "  {}", answer(found, paint));
    if let Some(bottleneck) = &found.bottleneck {
        let waits = match bottleneck.waits_for.as_deref() {
            Some(what) => {
                let what = if what == "queue" { "a core" } else { what };
                format!(
                    "; {} of the latency is waiting for {what}",
                    percent(bottleneck.share_of_latency)
                )
            }
            None => String::new(),
        };
        let at = found.meets.map_or(String::new(), |meets| said(found, meets));
        let busy = percent(bottleneck.utilisation);
        let _ = writeln!(
            out,
            "  At {at}, {} is the busiest: {busy} of its cores' time{waits}.",
            bottleneck.service
        );
    }
    if let Some(words) = today(found) {
        let _ = writeln!(out, "  {words}");
    }
    if let Some(words) = survivors(found) {
        let _ = writeln!(out, "  {} {words}", paint.doubtful("!"));
    }
    let names: Vec<String> = goals
        .iter()
        .map(|goal| goal.split(['<', '>']).next().unwrap_or(goal).trim().to_string())
        .collect();
    let mut header = vec!["", found.path.rsplit('.').next().unwrap_or("value")];
    header.extend(names.iter().map(String::as_str));
    header.push("busiest");
    let is_priced = found.tried.iter().any(|tried| cost::total(&tried.results).is_some());
    header.extend(is_priced.then_some("cost"));
    header.extend(["replications", ""]);
    let mut lines = table(&header);
    lines.named_by(2);
    for tried in &found.tried {
        let mark = match tried.verdict {
            Verdict::Meets => paint.good("✔"),
            Verdict::Misses => paint.bad("✘"),
            Verdict::Undecided => paint.doubtful("?"),
        };
        let mut row = vec![mark, shown(&tried.value)];
        row.extend(tried.goals.iter().map(|goal| {
            let said = measured(goal);
            match tried.results.failing().next() {
                _ if !tried.results.overloaded.is_empty() => format!("{said} (overloaded)"),
                Some((of, share)) => format!("{said} ({} of {of} failed)", percent(share)),
                None => said,
            }
        }));
        row.push(tried.bottleneck().map_or(String::new(), |busiest| {
            format!("{} {}", busiest.service, percent(busiest.utilisation))
        }));
        row.extend(is_priced.then(|| cost::cell(cost::total(&tried.results))));
        row.extend([tried.replications.to_string(), why(tried).to_string()]);
        lines.add_row(row);
    }
    let _ = writeln!(out);
    let _ = write_table(&mut out, &lines, 0, paint);
    paint.fitted(out)
}

/// One JSON object.
pub fn capacity_to_json(found: &CapacityResult) -> Value {
    let number =
        |value: f64| serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number);
    let tried = found.tried.iter().map(|tried| {
        let goals = tried.goals.iter().map(|goal| {
            json!({ "name": goal.name, "of": goal.of, "goal": goal.goal, "estimate": number(goal.estimate), "low": number(goal.low), "high": number(goal.high), "pass": goal.pass, "certain": goal.certain })
        });
        let busiest = tried.bottleneck().map_or(f64::NAN, |busiest| busiest.utilisation);
        json!({
            "value": tried.value, "number": number(tried.number), "replications": tried.replications, "verdict": tried.verdict.name(),
            "overloaded": tried.results.overloaded, "utilisation": number(busiest), "goals": goals.collect::<Vec<_>>(),
        })
    });
    let bottleneck = found.bottleneck.as_ref().map(|b| {
        json!({ "service": b.service, "utilisation": number(b.utilisation), "waits_for": b.waits_for, "share_of_latency": number(b.share_of_latency) })
    });
    let written = |base: Option<f64>| base.map_or(Value::Null, |base| found.written(base));
    json!({
        "asyncflow": env!("CARGO_PKG_VERSION"), "path": found.path, "unit": unit(found.kind), "searched": found.target.name(),
        "capacity": written(Some(found.estimate)), "number": number(found.estimate), "meets": written(found.meets), "misses": written(found.misses), "lower": found.lower_edge(),
        "today": written(found.today), "bottleneck": bottleneck, "tried": tried.collect::<Vec<_>>(),
    })
}
