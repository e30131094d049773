//! What is said of a comparison, and of a choice.

use super::format::{percent, value, with_interval};
use super::summary::{Paint, table, words_last, write_table};
use crate::experiment::{Chosen, Compared, Comparison, Direction, Judgement, direction};
use crate::stats::Estimate;
use serde_json::{Value, json};
use std::fmt::Write;

/// A change as people say it: `−12.3 % ± 1.9 %`.
fn change(row: &Compared) -> String {
    let relative = &row.difference.relative;
    let half = (relative.high - relative.low) / 2.0;
    if relative.estimate.is_nan() {
        // Nothing to be a share of: the plain difference.
        let difference = &row.difference.difference;
        let sign = if difference.estimate > 0.0 { "+" } else { "" };
        let said = if row.unit == "1" { percent(difference.estimate) } else { value(difference.estimate, row.unit) };
        return if difference.estimate == 0.0 { "0".to_string() } else { format!("{sign}{said}") };
    }
    if row.judgement == Judgement::Same {
        return "0 %".to_string();
    }
    let sign = if relative.estimate < 0.0 { "−" } else { "+" };
    let decimals = if half * 100.0 < 0.095 { 2 } else { 1 };
    match half.is_nan() {
        true => format!("{sign}{:.decimals$} %", relative.estimate.abs() * 100.0),
        false => format!("{sign}{:.decimals$} % ± {:.decimals$} %", relative.estimate.abs() * 100.0, half * 100.0),
    }
}

/// A judgement as people say it.
fn judged(row: &Compared, paint: Paint) -> String {
    match (row.judgement, row.more) {
        (Judgement::Better, _) => paint.good("better"),
        (Judgement::Worse, _) => paint.bad("worse"),
        (Judgement::Undecided, Some(more)) if more < 1_000_000 => {
            paint.doubtful(&format!("undecided: needs about {} more replications", super::thousands(u64::from(more.max(1)))))
        }
        (judgement, _) => judgement.word().to_string(),
    }
}

fn number(row: &Compared, estimate: &Estimate) -> String {
    match row.metric.as_str() {
        "error_ratio" => percent(estimate.estimate),
        _ if row.unit == "s" => with_interval(estimate, row.unit),
        _ => value(estimate.estimate, row.unit),
    }
}

/// The comparison on one screen.
pub fn comparison(comparison: &Comparison, paint: Paint) -> String {
    let mut out = String::new();
    let n = comparison.results.iter().map(|results| results.replications).min().unwrap_or(0);
    let confidence = comparison.confidence * 100.0;
    let head = format!("  {} variants · {n} paired replications · ± is the {confidence:.0} % interval", comparison.names.len());
    // Writing into a String cannot fail.
    let _ = writeln!(out, "{}{}", paint.bold(&format!("against {}", comparison.names[0])), paint.faint(&head));
    for (index, results) in comparison.results.iter().enumerate() {
        if !results.overloaded.is_empty() {
            let _ = writeln!(out, "  {} {} is overloaded: its numbers depend on `run.duration`", paint.bad("✘"), comparison.names[index]);
        }
    }
    for (index, name) in comparison.names.iter().enumerate().skip(1) {
        let _ = writeln!(out, "\n{}", paint.bold(name));
        let mut lines = table(&["", "", "baseline", "this", "change", ""]);
        words_last(&mut lines, 6);
        let mut entity = "";
        for row in comparison.family().filter(|row| row.variant == index) {
            let first = if row.entity == entity { "" } else { row.entity.as_str() };
            entity = row.entity.as_str();
            let what = if row.metric == "latency" { row.stat.to_string() } else { row.metric.replace('_', " ") };
            lines.add_row([first.to_string(), what, number(row, &row.base), number(row, &row.other), change(row), judged(row, paint)]);
        }
        let _ = write_table(&mut out, &lines, 0);
    }
    let mut ratios: Vec<f64> = comparison.family().map(|row| row.difference.unpaired_variance_ratio).filter(|r| r.is_finite()).collect();
    ratios.sort_by(f64::total_cmp);
    if let Some(ratio) = ratios.get(ratios.len() / 2) {
        let words = format!(
            "Pairing makes the median of these intervals {:.1} times as narrow as independent runs would ({:.1} times fewer replications).",
            ratio.sqrt(),
            ratio
        );
        let _ = writeln!(out, "\n{}", paint.faint(&words));
    }
    let words = format!("Better and worse are sure together: with {confidence:.0} % none of them is chance (Holm).");
    let _ = writeln!(out, "{}", paint.faint(&words));
    out
}

/// One JSON object.
pub fn comparison_to_json(comparison: &Comparison) -> Value {
    let number = |value: f64| serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number);
    let interval = |e: &Estimate| json!({ "estimate": number(e.estimate), "low": number(e.low), "high": number(e.high), "std_error": number(e.std_error), "n": e.n });
    let rows = comparison.rows.iter().map(|row| {
        json!({
            "variant": comparison.names[row.variant], "kind": row.kind, "entity": row.entity, "metric": row.metric, "stat": row.stat, "unit": row.unit,
            "base": interval(&row.base), "this": interval(&row.other), "difference": interval(&row.difference.difference),
            "relative": interval(&row.difference.relative), "p_value": number(row.difference.p_value), "p_adjusted": number(row.p_adjusted),
            "judgement": row.judgement.word(), "more_replications": row.more,
            "unpaired_variance_ratio": number(row.difference.unpaired_variance_ratio),
            "less_is_better": match direction(&row.metric) { Direction::Less => json!(true), Direction::More => json!(false), Direction::Neither => Value::Null },
        })
    });
    json!({
        "asyncflow": env!("CARGO_PKG_VERSION"), "baseline": comparison.names[0], "variants": comparison.names, "confidence": comparison.confidence,
        "fingerprints": comparison.results.iter().map(|results| results.fingerprint.as_str()).collect::<Vec<_>>(),
        "differences": rows.collect::<Vec<_>>(),
    })
}

/// The choice on one screen.
pub fn chosen(chosen: &Chosen, metric: &str, unit: &str, confidence: f64, paint: Paint) -> String {
    let mut out = String::new();
    let total: u64 = chosen.candidates.iter().map(|candidate| u64::from(candidate.replications)).sum();
    let mut lines = table(&["", "variant", metric, "replications"]);
    let mut order: Vec<usize> = (0..chosen.candidates.len()).collect();
    order.sort_by_key(|&index| (index != chosen.winner, std::cmp::Reverse(chosen.candidates[index].replications), index));
    for &index in order.iter().take(40) {
        let candidate = &chosen.candidates[index];
        let mark = if index == chosen.winner { paint.good("✔") } else { String::new() };
        lines.add_row([mark, candidate.name.clone(), with_interval(&candidate.estimate, unit), candidate.replications.to_string()]);
    }
    let _ = write_table(&mut out, &lines, order.len().saturating_sub(40));
    let name = &chosen.candidates[chosen.winner].name;
    let within = value(chosen.indifference, unit);
    let words = match chosen.certain {
        true => format!(
            "{name} is the best with probability {:.0} %, or within {within} of it ({} replications in all, by the procedure KN)",
            confidence * 100.0,
            super::thousands(total)
        ),
        false => format!(
            "{name} is ahead, but others may be better: the budget of replications is spent. Allow more with --most, or a wider --indifference"
        ),
    };
    let _ = writeln!(out, "\n{}", if chosen.certain { paint.bold(&words) } else { paint.doubtful(&words) });
    out
}

/// One JSON object.
pub fn chosen_to_json(chosen: &Chosen, metric: &str) -> Value {
    let number = |value: f64| serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number);
    let candidates = chosen.candidates.iter().map(|candidate| {
        let e = &candidate.estimate;
        json!({ "name": candidate.name, "replications": candidate.replications, "estimate": number(e.estimate), "low": number(e.low), "high": number(e.high) })
    });
    json!({
        "asyncflow": env!("CARGO_PKG_VERSION"), "metric": metric, "best": chosen.candidates[chosen.winner].name, "certain": chosen.certain,
        "indifference": number(chosen.indifference), "candidates": candidates.collect::<Vec<_>>(),
    })
}
