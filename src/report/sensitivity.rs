//! The summary of a sensitivity analysis.

use super::format::{
    blocks, count, percent, percent_with_interval, percent_with_range, thousands, value,
    with_interval,
};
use super::health::MANY_FAILED;
use super::paint::ColorChoice;
use super::table::{table, write_table};
use crate::experiment::{Sensitivity, Variation};
use crate::stats::{Effect, Estimate, Indices, Method};
use serde_json::{Value, json};
use std::fmt::Write;

/// The tolerance for inconsistent shares: with hundreds of groups their standard errors are a few
/// hundredths.
const UNRESOLVED: f64 = 0.1;

/// Width of the bar of the most influential parameter, in characters.
const BAR: f64 = 20.0;

/// Formats a number of a metric with its standard error.
fn with_error(answer: &Sensitivity, number: f64, std_error: f64) -> String {
    let estimate = Estimate {
        estimate: number,
        low: number - std_error,
        high: number + std_error,
        std_error,
        n: answer.points as u32,
        method: Method::T,
    };
    if answer.metric == "error_ratio" {
        percent_with_interval(&estimate)
    } else {
        with_interval(&estimate, answer.unit)
    }
}

/// Returns what the errors of the effects are, or why there are none.
fn errors(answer: &Sensitivity) -> &'static str {
    let mut effects = answer.parameters.iter().filter_map(|parameter| parameter.effect).peekable();
    if answer.variation != Variation::Varies || effects.peek().is_none() {
        return "";
    }
    match effects.any(|effect| effect.mu_star_std_error.is_finite()) {
        true => " · ± is the standard error",
        false => " · standard errors are unknown",
    }
}

/// Returns the summary of all metrics in turn.
pub(crate) fn sensitivity(answers: &[Sensitivity], paint: ColorChoice) -> String {
    let mut out = String::new();
    for (index, answer) in answers.iter().enumerate() {
        let format_value = |number: f64| {
            if answer.metric == "error_ratio" {
                percent(number)
            } else {
                value(number, answer.unit)
            }
        };
        let (low, high) = (format_value(answer.range.0), format_value(answer.range.1));
        let range = match answer.variation {
            Variation::Varies => format!("from {low} to {high}"),
            Variation::Constant => format!("{low} at every point"),
            Variation::NoValue => "no point has a value".to_string(),
        };
        let head = format!("  {} · {range}{}", count(answer.points, "point"), errors(answer));
        let gap = if index == 0 { "" } else { "\n" };
        // Writing into a String cannot fail.
        let _ = writeln!(
            out,
            "{gap}{}{}\n",
            paint.bold(&format!("what drives {}", answer.name())),
            paint.faint(&head)
        );
        if answer.variation != Variation::Varies {
            let words = match answer.variation {
                Variation::NoValue => {
                    "no point has a value: nothing was answered, or a limit was reached"
                }
                _ => "does not vary: no parameter changes it within its range",
            };
            let _ = writeln!(out, "  {}", paint.doubtful(words));
            continue;
        }
        let most = answer.parameters.first().map_or(f64::NAN, |first| {
            first.effect.map(|e| e.mu_star).or(first.indices.map(|i| i.total)).unwrap_or(f64::NAN)
        });
        let bar = |size: f64| {
            blocks(&vec![
                1.0;
                if most > 0.0 && size > 0.0 {
                    (size / most * BAR).round() as usize
                } else {
                    0
                }
            ])
        };
        let header = if answer.parameters.iter().any(|parameter| parameter.effect.is_some()) {
            ["", "parameter", "effect (μ*)", "spread (σ)", "direction", ""]
        } else {
            ["", "parameter", "first order", "total", "", ""]
        };
        let mut lines = table(&header);
        lines.named_by(2);
        lines.text_last();
        for (rank, parameter) in answer.parameters.iter().enumerate() {
            let rank = (rank + 1).to_string();
            match (parameter.effect, parameter.indices) {
                (Some(e), _) => {
                    let direction = if e.mu.abs() < 0.5 * e.mu_star {
                        "both"
                    } else if e.mu > 0.0 {
                        "up"
                    } else {
                        "down"
                    };
                    let direction = match e.mu_star {
                        size if size.is_nan() => "",
                        0.0 => "none",
                        _ => direction,
                    };
                    let star = with_error(answer, e.mu_star, e.mu_star_std_error);
                    lines.add_row([
                        rank,
                        parameter.path.clone(),
                        star,
                        format_value(e.sigma),
                        direction.to_string(),
                        bar(e.mu_star),
                    ]);
                }
                (None, Some(i)) => {
                    let share = |x: f64, low: f64, high: f64| match (x.is_nan(), low.is_nan()) {
                        (true, _) => "unknown".to_string(),
                        (false, true) => percent(x),
                        (false, false) => percent_with_range(x, low, high),
                    };
                    let (first, total) = (
                        share(i.first, i.first_low, i.first_high),
                        share(i.total, i.total_low, i.total_high),
                    );
                    lines.add_row([
                        rank,
                        parameter.path.clone(),
                        first,
                        total,
                        String::new(),
                        bar(i.total),
                    ]);
                }
                (None, None) => {}
            }
        }
        let _ = write_table(&mut out, &lines, 0, paint);
        let is_wide =
            |i: &Indices| i.total_high - i.total_low > 0.5 || i.first_high - i.first_low > 0.5;
        if answer.parameters.iter().filter_map(|parameter| parameter.indices.as_ref()).any(is_wide)
        {
            let words = "some intervals are wide: use more groups (--size) or, if the metric varies little, more replications (-r)";
            let _ = writeln!(out, "\n  {}", paint.doubtful(words));
        }
        if let Some(words) = unresolved(answer) {
            let _ = writeln!(out, "\n  {}", paint.doubtful(words));
        }
        if answer.unknown > 0 {
            let (n, are) =
                (count(answer.unknown, "point"), if answer.unknown == 1 { "is" } else { "are" });
            let words = format!(
                "{n} without a value (a limit was reached, or nothing was answered) {are} omitted"
            );
            let _ = writeln!(out, "  {}", paint.doubtful(&words));
        }
        for words in doubts(answer) {
            let _ = writeln!(out, "  {} {words}", paint.doubtful("!"));
        }
    }
    paint.fitted(out)
}

/// Returns a warning if the indices are inconsistent: a first-order index must not exceed the total
/// index of its parameter, and the first-order indices must not exceed 1 in sum.
fn unresolved(answer: &Sensitivity) -> Option<&'static str> {
    let indices = || answer.parameters.iter().filter_map(|parameter| parameter.indices.as_ref());
    let alone: f64 = indices().map(|i| i.first.max(0.0)).sum();
    let is_off = alone > 1.0 + UNRESOLVED || indices().any(|i| i.first > i.total + UNRESOLVED);
    is_off.then_some("these shares are inconsistent, so the estimates have not converged: use more groups (--size)")
}

/// Returns warnings about unreliable values of points: overloads and failed requests.
fn doubts(answer: &Sensitivity) -> impl Iterator<Item = String> {
    let is = if answer.overloaded == 1 { "is" } else { "are" };
    let overloaded = (answer.overloaded > 0).then(|| {
        let of = format!("{} of {}", thousands(answer.overloaded), count(answer.points, "point"));
        format!("{of} {is} overloaded, where numbers depend on `run.duration`: narrow the ranges, or read the ranking as what drives the overload")
    });
    let failed = (answer.metric.starts_with("latency") && answer.most_failed > MANY_FAILED).then(|| {
        format!("up to {} of requests failed at a point, and latencies cover only the rest: analyse the errors too", percent(answer.most_failed))
    });
    overloaded.into_iter().chain(failed)
}

/// Returns the JSON object of all metrics.
pub(crate) fn sensitivity_to_json(answers: &[Sensitivity]) -> Value {
    let number =
        |value: f64| serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number);
    let effect = |e: Effect| json!({ "mu": number(e.mu), "mu_star": number(e.mu_star), "mu_star_std_error": number(e.mu_star_std_error), "sigma": number(e.sigma), "n": e.n });
    let indices = |i: Indices| {
        json!({
            "first": number(i.first), "first_low": number(i.first_low), "first_high": number(i.first_high),
            "total": number(i.total), "total_low": number(i.total_low), "total_high": number(i.total_high), "n": i.n,
        })
    };
    let metrics = answers.iter().map(|answer| {
        let parameters =
            answer.parameters.iter().map(|p| json!({ "path": p.path, "morris": p.effect.map(effect), "sobol": p.indices.map(indices) }));
        json!({
            "metric": answer.name(), "unit": answer.unit, "points": answer.points, "unknown": answer.unknown, "overloaded": answer.overloaded, "most_failed": number(answer.most_failed), "variation": answer.variation.name(),
            "least": number(answer.range.0), "largest": number(answer.range.1), "parameters": parameters.collect::<Vec<_>>(),
        })
    });
    json!({ "asyncflow": env!("CARGO_PKG_VERSION"), "metrics": metrics.collect::<Vec<_>>() })
}
