//! The summaries of a comparison and of a selection.

use super::cost;
use super::format::{
    self, confidence, count, metric_value, percent, thousands, times, value, with_interval,
};
use super::json::slos_to_json;
use super::paint::ColorChoice;
use super::table::{table, write_table};
use super::verdict::objectives;
use crate::experiment::{
    Candidate, Comparison, Direction, FAILED_MIN, Judgement, MetricComparison, Results,
    SelectionResult, Tie, direction,
};
use crate::stats::Estimate;
use serde_json::{Value, json};
use std::fmt::Write;

/// Formats a relative change, `−12.3 ± 1.9 %`; the plain difference where the baseline is 0.
fn change(row: &MetricComparison) -> String {
    match row.difference.relative.estimate {
        _ if row.judgement == Judgement::Same => "none".to_string(),
        // A relative change of a share would be mistaken for a difference of shares.
        _ if row.metric == "error_ratio" => {
            format::difference(&row.difference.difference, row.unit, true)
        }
        relative if relative.is_nan() => {
            format::difference(&row.difference.difference, row.unit, false)
        }
        _ => format::change(&row.difference.relative),
    }
}

/// The most additional replications that are suggested; a difference that needs more is negligible.
const MOST_SUGGESTED: u32 = 10_000;

/// Formats a judgement.
fn judgement_text(row: &MetricComparison, paint: ColorChoice) -> String {
    match (row.judgement, row.more) {
        (Judgement::Better, _) => paint.good("better"),
        (Judgement::Worse, _) => paint.bad("worse"),
        (Judgement::Undecided, Some(more)) if more <= MOST_SUGGESTED => paint.doubtful(&format!(
            "undecided: needs about {}",
            count(u64::from(more.max(1)), "more replication")
        )),
        (Judgement::Undecided, Some(_)) => paint.doubtful("undecided: little difference, if any"),
        (Judgement::Undecided, None) => paint.doubtful("undecided: too few replications"),
        (judgement, _) => judgement.name().to_string(),
    }
}

fn number(row: &MetricComparison, estimate: &Estimate) -> String {
    match row.metric.as_str() {
        _ if row.unit == "s" => with_interval(estimate, row.unit),
        metric => metric_value(metric, estimate.estimate, row.unit),
    }
}

/// Returns the summary of a comparison. `variants` says in a line what the variants are; it may be
/// empty.
pub(crate) fn comparison(comparison: &Comparison, variants: &str, paint: ColorChoice) -> String {
    let mut out = String::new();
    let n =
        comparison.results.iter().map(|results| u64::from(results.replications)).min().unwrap_or(0);
    let (level, n) = (confidence(comparison.confidence), count(n, "paired replication"));
    let head = format!(
        "  {} · {n} · ± is the {level} confidence interval",
        count(comparison.names.len().saturating_sub(1) as u64, "variant")
    );
    // Writing into a String cannot fail.
    let _ = writeln!(
        out,
        "{}{}",
        paint.bold(&format!("compared with {}", comparison.names[0])),
        paint.faint(&head)
    );
    if !variants.is_empty() {
        let _ = writeln!(out, "{}", paint.faint(variants));
    }
    unreliable(&mut out, comparison, paint);
    // Without a word of whom, they are those of the baseline.
    let _ = objectives(&mut out, &comparison.results[0], paint);
    for (index, name) in comparison.names.iter().enumerate().skip(1) {
        let _ = writeln!(out, "\n{}", paint.bold(name));
        let [base, own] = [0, index].map(|of| comparison.results[of].replications);
        if base != own {
            let pairs = base.min(own);
            let words = format!(
                "the baseline has {base} replications and this variant {own}: changes are computed from the first {pairs}"
            );
            let _ = writeln!(out, "  {} {words}", paint.doubtful("!"));
        }
        for (workload, only_in) in
            unpaired(&comparison.results[0], &comparison.results[index], &comparison.names[0], name)
        {
            let _ = writeln!(
                out,
                "  {} {workload} is not compared: it exists only in {only_in}",
                paint.doubtful("!")
            );
        }
        changes(&mut out, comparison, index, paint);
        let costs = [0, index].map(|of| cost::total(&comparison.results[of]));
        if costs[0] != costs[1] {
            let [base, own] =
                costs.map(|cost| cost.map_or("no price".to_string(), |_| cost::cell(cost)));
            let _ = writeln!(out, "  Cost: {own} (baseline: {base})");
        }
        let _ = covered(&mut out, comparison, index, paint);
        let _ = objectives(&mut out, &comparison.results[index], paint);
    }
    let mut ratios: Vec<f64> = comparison
        .family()
        .map(|row| row.difference.unpaired_variance_ratio)
        .filter(|r| r.is_finite())
        .collect();
    ratios.sort_by(f64::total_cmp);
    // Not worth a line if pairing saves less than about a tenth of the replications.
    if let Some(ratio) = ratios.get(ratios.len() / 2).filter(|ratio| **ratio >= 1.1) {
        let words = format!(
            "Independent runs would need {} times as many replications for equally narrow intervals (median).",
            times(*ratio)
        );
        let _ = writeln!(out, "\n{}", paint.faint(&words));
    }
    let words = format!("All verdicts hold jointly at {level} confidence (Holm's correction).");
    let _ = writeln!(out, "{}", paint.faint(&words));
    paint.fitted(out)
}

/// Writes the table of what a variant changes.
fn changes(out: &mut String, comparison: &Comparison, variant: usize, paint: ColorChoice) {
    let mut lines = table(&["", "", "baseline", "variant", "change", ""]);
    lines.named_by(2);
    lines.text_last();
    let mut entity = "";
    for row in comparison.family().filter(|row| row.variant == variant) {
        let first = if row.entity == entity { "" } else { row.entity.as_str() };
        entity = row.entity.as_str();
        let what = if row.metric == "latency" {
            row.stat.to_string()
        } else {
            row.metric.replace('_', " ")
        };
        lines.add_row([
            first.to_string(),
            what,
            number(row, &row.base),
            number(row, &row.other),
            change(row),
            judgement_text(row, paint),
        ]);
    }
    let _ = write_table(out, &lines, 0, paint);
}

/// Writes which variants have a deadlock, or are overloaded.
fn unreliable(out: &mut String, comparison: &Comparison, paint: ColorChoice) {
    for (index, results) in comparison.results.iter().enumerate() {
        if results.deadlock.is_some() {
            let _ = writeln!(
                out,
                "  {} {}: requests wait for each other for ever, in a deadlock; `asyncflow run` tells which",
                paint.bad("✘"),
                comparison.names[index]
            );
        } else if !results.overloaded.is_empty() {
            let _ = writeln!(
                out,
                "  {} {} is overloaded: its numbers depend on `run.duration`",
                paint.bad("✘"),
                comparison.names[index]
            );
        }
    }
}

/// Returns the workloads that only one of two variants has, with the name of that variant.
fn unpaired<'n>(
    base: &'n Results,
    other: &'n Results,
    base_name: &'n str,
    name: &'n str,
) -> Vec<(&'n str, &'n str)> {
    let only = |these: &'n Results, those: &'n Results, name: &'n str| {
        let contains =
            |workload: &str| those.verdicts.iter().any(|verdict| verdict.workload == workload);
        these
            .verdicts
            .iter()
            .map(|verdict| verdict.workload.as_str())
            .filter(move |workload| !contains(workload))
            .map(move |w| (w, name))
    };
    only(base, other, base_name).chain(only(other, base, name)).collect()
}

/// Writes which latencies of a variant cover only some of the requests, because others failed.
fn covered(
    out: &mut String,
    comparison: &Comparison,
    variant: usize,
    paint: ColorChoice,
) -> std::fmt::Result {
    let rows = comparison.family().filter(|row| {
        row.variant == variant && row.kind == "workload" && row.metric == "error_ratio"
    });
    for row in rows {
        let (base, other) = (row.base.estimate, row.other.estimate);
        let covered = match () {
            () if (base - other).abs() > COMPARABLE_FAILURES => "different sets of requests",
            () if base.max(other) >= FAILED_MIN => "only the rest",
            () => continue,
        };
        let words = format!(
            "{} of the requests of {} failed in the baseline and {} in this variant: the latencies cover {covered}",
            percent(base),
            row.entity,
            percent(other)
        );
        writeln!(out, "  {} {words}", paint.doubtful("!"))?;
    }
    Ok(())
}

/// If the shares of failures differ by more than this, the latencies of answered requests are
/// hardly comparable.
const COMPARABLE_FAILURES: f64 = 0.005;

/// Returns the JSON object of a comparison.
pub(crate) fn comparison_to_json(comparison: &Comparison) -> Value {
    let number =
        |value: f64| serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number);
    let interval = |e: &Estimate| json!({ "estimate": number(e.estimate), "low": number(e.low), "high": number(e.high), "std_error": number(e.std_error), "n": e.n });
    let rows = comparison.rows.iter().map(|row| {
        json!({
            "variant": comparison.names[row.variant], "kind": row.kind, "entity": row.entity, "metric": row.metric, "stat": row.stat, "unit": row.unit,
            "base": interval(&row.base), "this": interval(&row.other), "difference": interval(&row.difference.difference),
            "relative": interval(&row.difference.relative), "p_value": number(row.difference.p_value), "p_adjusted": number(row.p_adjusted),
            "judgement": row.judgement.name(), "more_replications": row.more,
            "unpaired_variance_ratio": number(row.difference.unpaired_variance_ratio),
            "less_is_better": match direction(&row.metric) { Direction::Less => json!(true), Direction::More => json!(false), Direction::Neither => Value::Null },
        })
    });
    json!({
        "asyncflow": env!("CARGO_PKG_VERSION"), "baseline": comparison.names[0], "variants": comparison.names, "confidence": comparison.confidence,
        "fingerprints": comparison.results.iter().map(|results| results.fingerprint.as_str()).collect::<Vec<_>>(),
        "slos": comparison.results.iter().map(slos_to_json).collect::<Vec<_>>(),
        "differences": rows.collect::<Vec<_>>(),
    })
}

/// The most candidates that are shown.
const CANDIDATES: usize = 40;

/// Returns the summary of a selection.
pub(crate) fn chosen(
    chosen: &SelectionResult,
    metric: &str,
    unit: &str,
    level: f64,
    paint: ColorChoice,
) -> String {
    let mut out = String::new();
    let mut lines = table(&["", "variant", metric, "replications"]);
    lines.named_by(2);
    let mut order: Vec<usize> = (0..chosen.candidates.len()).collect();
    order.sort_by_key(|&index| {
        let candidate = &chosen.candidates[index];
        let replications = std::cmp::Reverse(candidate.replications);
        (index != chosen.winner, candidate.tie == Tie::None, replications, index)
    });
    let is_clear = chosen.candidates.iter().all(|candidate| candidate.tie == Tie::None);
    for &index in order.iter().take(CANDIDATES) {
        let candidate = &chosen.candidates[index];
        let mark = match index == chosen.winner {
            true if !chosen.certain => paint.doubtful("?"),
            true if is_clear => paint.good("✔"),
            false if !chosen.certain || candidate.tie == Tie::None => String::new(),
            _ => paint.doubtful("≈"),
        };
        lines.add_row([
            mark,
            candidate.name.clone(),
            with_interval(&candidate.estimate, unit),
            thousands(u64::from(candidate.replications)),
        ]);
    }
    // Writing into a String cannot fail.
    let _ = write_table(&mut out, &lines, order.len().saturating_sub(CANDIDATES), paint);
    let _ = failing_candidates(&mut out, chosen, unit, paint);
    let words = verdict_on(chosen, unit, level);
    let words =
        if is_clear && chosen.certain { paint.bold(&words) } else { paint.doubtful(&words) };
    let _ = writeln!(out, "\n{words}");
    paint.fitted(out)
}

/// Writes which variants are excluded because their requests fail, and that latencies cover only
/// the answered requests.
fn failing_candidates(
    out: &mut String,
    chosen: &SelectionResult,
    unit: &str,
    paint: ColorChoice,
) -> std::fmt::Result {
    for failing in chosen.candidates.iter().filter(|candidate| candidate.is_failing()) {
        let share = percent(failing.failed);
        let words = format!("{}: {share} of the requests fail, so it is not chosen", failing.name);
        writeln!(out, "  {} {words}", paint.doubtful("!"))?;
    }
    let shares = || chosen.candidates.iter().map(|candidate| candidate.failed);
    let (least, most) = (shares().fold(1.0, f64::min), shares().fold(0.0, f64::max));
    let words = match () {
        () if unit != "s" => return Ok(()),
        () if most - least > COMPARABLE_FAILURES => format!(
            "between {} and {} of the requests fail: the latencies cover different sets of requests",
            percent(least),
            percent(most)
        ),
        () if most >= FAILED_MIN => format!(
            "up to {} of the requests fail in each variant: the latencies cover only the rest",
            percent(most)
        ),
        () => return Ok(()),
    };
    writeln!(out, "  {} {words}", paint.doubtful("!"))
}

/// Returns which variant is the best, or which cannot be told apart from it.
fn verdict_on(chosen: &SelectionResult, unit: &str, level: f64) -> String {
    let name = &chosen.candidates[chosen.winner].name;
    let within = value(chosen.indifference, unit);
    let total: u64 =
        chosen.candidates.iter().map(|candidate| u64::from(candidate.replications)).sum();
    let how = format!(
        "with {} confidence ({} in total, Kim–Nelson procedure)",
        confidence(level),
        count(total, "replication")
    );
    let tied: Vec<&Candidate> =
        chosen.candidates.iter().filter(|candidate| candidate.tie != Tie::None).collect();
    let list = match tied.as_slice() {
        few if few.len() <= 3 => {
            few.iter().map(|own| own.name.as_str()).collect::<Vec<_>>().join(" or ")
        }
        many => format!("{} others", thousands(many.len() as u64)),
    };
    let cause = if tied.iter().all(|own| own.tie == Tie::Equal) {
        "their values are equal in every replication"
    } else {
        "the intervals of their differences contain 0"
    };
    match (chosen.certain, tied.is_empty()) {
        (true, true) => format!("{name} is the best, or within {within} of the best, {how}"),
        (true, false) => format!(
            "{name} cannot be told apart from {list}: {cause}\n{name} is within {within} of the best variant, {how}"
        ),
        (false, _) => format!(
            "{name} leads, but others may be better: the replication budget is exhausted; raise --most or --indifference"
        ),
    }
}

/// Returns the JSON object of a selection.
pub(crate) fn chosen_to_json(chosen: &SelectionResult, metric: &str) -> Value {
    let number =
        |value: f64| serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number);
    let candidates = chosen.candidates.iter().map(|candidate| {
        let e = &candidate.estimate;
        json!({ "name": candidate.name, "replications": candidate.replications, "estimate": number(e.estimate), "low": number(e.low), "high": number(e.high), "failed": number(candidate.failed), "tie": candidate.tie.name() })
    });
    json!({
        "asyncflow": env!("CARGO_PKG_VERSION"), "metric": metric, "best": chosen.candidates[chosen.winner].name, "certain": chosen.certain,
        "indifference": number(chosen.indifference), "candidates": candidates.collect::<Vec<_>>(),
    })
}
