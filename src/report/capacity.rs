//! What is said of a capacity.

use super::format::{percent, value as number};
use super::summary::{Paint, table, write_table};
use crate::design::value::{Kind, shown, unit, written};
use crate::experiment::{Found, Tried, Verdict};
use crate::scenario::Scenario;
use serde_json::{Value, json};
use std::fmt::Write;

/// A value of the parameter as a person writes it, to three digits.
fn said(base: f64, kind: Kind) -> String {
    let digits = if base == 0.0 { 0 } else { 2 - base.abs().log10().floor() as i32 };
    let scale = 10f64.powi(digits.max(0));
    shown(&written((base * scale).round() / scale, kind))
}

/// The answer and the curve, on one screen.
pub fn capacity(scenario: &Scenario, found: &Found, paint: Paint) -> String {
    let mut out = String::new();
    let confidence = scenario.run.confidence.0.fraction * 100.0;
    let which = if found.is_largest { "largest" } else { "smallest" };
    let goals: Vec<String> =
        found.tried.first().map_or(Vec::new(), |t| t.goals.iter().map(|goal| format!("{} {}", goal.of, goal.goal)).collect());
    // Writing into a String cannot fail.
    let head = format!("  the {which} {} with {} · each value judged at {confidence:.0} %", found.path, goals.join(" and "));
    let _ = writeln!(out, "{}{}\n", paint.bold(&scenario.name), paint.faint(&head));
    let answer = match (found.meets, found.misses) {
        (Some(good), Some(bad)) if found.tried.iter().all(|tried| tried.number.fract() == 0.0) && found.kind == Kind::Number => {
            format!("{}  ({} does not)", paint.good(&format!("✔ {}", said(good, found.kind))), said(bad, found.kind))
        }
        (Some(good), Some(bad)) => {
            let (low, high) = (good.min(bad), good.max(bad));
            let between = format!("(between {} and {})", said(low, found.kind), said(high, found.kind));
            format!("{}  {between}", paint.good(&format!("✔ {}", said(found.estimate, found.kind))))
        }
        (Some(good), None) => {
            format!("{}: the end of the search; go further with `to`", paint.good(&format!("✔ {} and more", said(good, found.kind))))
        }
        (None, _) => paint.bad("✘ none: even the easiest value does not surely meet all objectives"),
    };
    let _ = writeln!(out, "  {answer}");
    if let Some(bottleneck) = &found.bottleneck {
        let waits = match &bottleneck.waits_for {
            Some(what) => {
                let what = if what == "queue" { "its loops or cores" } else { what.as_str() };
                format!("; {} of the latency is waiting for {what}", percent(bottleneck.share_of_latency))
            }
            None => String::new(),
        };
        let _ =
            writeln!(out, "  There, {} is the busiest: {} of its cores' time{waits}.", bottleneck.service, percent(bottleneck.utilisation));
    }
    if let (Some(today), Some(headroom)) = (found.today, found.headroom()) {
        let room = headroom * 100.0;
        let words = match found.is_largest {
            true if room >= 0.0 => format!("Today's {} leaves {room:.0} % of headroom.", said(today, found.kind)),
            true => format!("Today's {} is {:.0} % too much.", said(today, found.kind), -room / (1.0 + room / 100.0)),
            false if room == 0.0 => format!("Today's {} is just what is needed.", said(today, found.kind)),
            false if room < 0.0 => {
                format!("Today's {} is {:.0} % more than is needed.", said(today, found.kind), (today / found.estimate - 1.0) * 100.0)
            }
            false => format!("Today's {} is not enough.", said(today, found.kind)),
        };
        let _ = writeln!(out, "  {words}");
    }
    let names: Vec<String> = goals.iter().map(|goal| goal.split(['<', '>']).next().unwrap_or(goal).trim().to_string()).collect();
    let mut header = vec!["", found.path.rsplit('.').next().unwrap_or("value")];
    header.extend(names.iter().map(String::as_str));
    header.extend(["busiest", "replications", ""]);
    let mut lines = table(&header);
    for tried in &found.tried {
        let mark = match tried.verdict {
            Verdict::Meets => paint.good("✔"),
            Verdict::Misses => paint.bad("✘"),
            Verdict::Undecided => paint.doubtful("?"),
        };
        let mut row = vec![mark, shown(&tried.value)];
        row.extend(tried.goals.iter().map(|goal| {
            let said = if goal.goal.starts_with("errors") {
                percent(goal.estimate)
            } else {
                number(goal.estimate, if goal.at_most { "s" } else { "1/s" })
            };
            if tried.results.overloaded.is_empty() { said } else { format!("{said} (overloaded)") }
        }));
        row.extend([percent(busiest(tried)), tried.replications.to_string(), tried.verdict.word().to_string()]);
        lines.add_row(row);
    }
    let _ = writeln!(out);
    let _ = write_table(&mut out, &lines, 0);
    out
}

fn busiest(tried: &Tried) -> f64 {
    let services = tried.results.rows.iter().filter(|row| row.kind == "service" && row.metric == "utilisation" && row.stat == "mean");
    services.map(|row| row.estimate.estimate).fold(f64::NAN, f64::max)
}

/// One JSON object.
pub fn capacity_to_json(found: &Found) -> Value {
    let number = |value: f64| serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number);
    let tried = found.tried.iter().map(|tried| {
        let goals = tried.goals.iter().map(|goal| {
            json!({ "name": goal.name, "of": goal.of, "goal": goal.goal, "estimate": number(goal.estimate), "low": number(goal.low), "high": number(goal.high), "pass": goal.pass, "certain": goal.certain })
        });
        json!({
            "value": tried.value, "number": number(tried.number), "replications": tried.replications, "verdict": tried.verdict.word(),
            "overloaded": tried.results.overloaded, "utilisation": number(busiest(tried)), "goals": goals.collect::<Vec<_>>(),
        })
    });
    let bottleneck = found.bottleneck.as_ref().map(|b| {
        json!({ "service": b.service, "utilisation": number(b.utilisation), "waits_for": b.waits_for, "share_of_latency": number(b.share_of_latency) })
    });
    let written = |base: Option<f64>| base.map_or(Value::Null, |base| written(base, found.kind));
    json!({
        "asyncflow": env!("CARGO_PKG_VERSION"), "path": found.path, "unit": unit(found.kind), "searched": if found.is_largest { "largest" } else { "smallest" },
        "capacity": written(Some(found.estimate)), "number": number(found.estimate), "meets": written(found.meets), "misses": written(found.misses),
        "today": written(found.today), "bottleneck": bottleneck, "tried": tried.collect::<Vec<_>>(),
    })
}
