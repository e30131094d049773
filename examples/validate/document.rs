//! The page: its tables, and a section for each case.

use crate::SEEDS;
use crate::cases::{Claim, LATER, THEIRS};
use crate::judge::{self, BEYOND, Uniformity, uniformity};
use crate::judged::{JudgedCase, JudgedPayload, JudgedRun};
use crate::payloads::{self, Figure, Ours, Payload};
use asyncflow::stats::Estimate;
use statrs::distribution::{ContinuousCDF, Normal};
use std::fmt::Write;

/// Formats a number with `significant` digits, without an exponent.
fn digits(value: f64, significant: i32) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    format!("{:.*}", (significant - 1 - magnitude).max(0) as usize, value)
}

/// Formats an estimate and its error to the same decimal, with two digits of the error.
fn with_error(value: f64, error: f64) -> String {
    if error == 0.0 || error.is_nan() {
        return digits(value, 6);
    }
    let decimals = (1 - error.log10().floor() as i32).max(0) as usize;
    format!("{value:.decimals$} ± {error:.decimals$}")
}

/// Formats the cells exact, simulated and z.
fn cells(claim: &Claim, estimate: &Estimate) -> String {
    if claim.share == 0.0 {
        return format!("{} | {} | equal", digits(claim.exact, 6), digits(estimate.estimate, 6));
    }
    format!(
        "{} | {} | {:+.2}",
        digits(claim.exact, 6),
        with_error(estimate.estimate, estimate.std_error),
        judge::z(estimate, claim.exact)
    )
}

/// Returns the section of one case with all its numbers.
pub(super) fn section(judged: &JudgedCase) -> String {
    let JudgedCase { case, runs } = judged;
    let mut text = format!(
        "### `{}`\n\n{}. {}. Source: {}.\n",
        case.id,
        capital(case.what),
        capital(case.formula),
        case.source
    );
    for JudgedRun { run, estimates, replications, measured_s, requests, scores } in runs {
        let label = if run.label.is_empty() {
            String::new()
        } else {
            format!("**{}**: ", capital(run.label))
        };
        let seeds = if scores.is_empty() { String::new() } else { format!("{SEEDS} seeds × ") };
        let requests = if *requests < 1e6 {
            format!("{requests}")
        } else {
            format!("{:.1} million", requests * 1e-6)
        };
        let length = format!(
            "{label}{seeds}{replications} replications of {measured_s} s measured, {requests} requests in all."
        );
        let _ =
            writeln!(text, "\n{length}\n\n| number | exact | simulated | z |\n|---|---|---|---|");
        for (claim, estimate) in run.claims.iter().zip(estimates) {
            let _ = writeln!(text, "| {} | {} |", claim.words(), cells(claim, estimate));
        }
    }
    text
}

/// Returns the table of what the original's authors published, beside theory and ours.
fn published(cases: &[JudgedCase]) -> String {
    let mut text =
        "| case | number | exact | theirs, one run | ours | z |\n|---|---|---|---|---|---|\n"
            .to_string();
    for (id, number, theirs) in THEIRS {
        let runs =
            cases.iter().filter(|judged| judged.case.id == id).flat_map(|judged| &judged.runs);
        for (claim, estimate) in runs
            .flat_map(|run| run.run.claims.iter().zip(&run.estimates))
            .filter(|(claim, _)| claim.number == number)
        {
            let ours = with_error(estimate.estimate, estimate.std_error);
            let (theirs, off, z) = (
                digits(theirs, 4),
                (theirs / claim.exact - 1.0) * 100.0,
                judge::z(estimate, claim.exact),
            );
            let _ = writeln!(
                text,
                "| `{id}` | {} | {} | {theirs} ({off:+.1} %) | {ours} | {z:+.2} |",
                claim.words(),
                digits(claim.exact, 5)
            );
        }
    }
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    // A symbol such as σ keeps its case.
    if !text.starts_with(|first: char| first.is_ascii()) {
        return text.to_string();
    }
    letters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

/// Returns the table of the first number of every run of every case.
fn table(cases: &[JudgedCase]) -> String {
    let mut text =
        "| case | number | exact | simulated | z | source |\n|---|---|---|---|---|---|\n"
            .to_string();
    for JudgedCase { case, runs } in cases {
        for JudgedRun { run, estimates, .. } in runs {
            let (claim, label) = (
                &run.claims[0],
                if run.label.is_empty() { String::new() } else { format!(", {}", run.label) },
            );
            let cells = cells(claim, &estimates[0]);
            let _ = writeln!(
                text,
                "| [`{}`](#{}){label} | {} | {cells} | {} |",
                case.id,
                case.id.to_lowercase(),
                claim.words(),
                case.source
            );
        }
    }
    text
}

/// Describes the first number that is farthest from theory, and how often a correct simulator has
/// one as far.
fn farthest(cases: &[JudgedCase]) -> String {
    let runs = cases.iter().flat_map(|case| case.runs.iter().map(move |run| (case.case.id, run)));
    let scores = runs
        .filter(|(_, run)| !run.scores.is_empty())
        .map(|(id, run)| (id, judge::z(&run.estimates[0], run.run.claims[0].exact)));
    let scores: Vec<(&str, f64)> = scores.collect();
    let Some((id, z)) = scores.iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())) else {
        return String::new();
    };
    let one = 2.0 * Normal::standard().cdf(-z.abs());
    let any = 1.0 - (1.0 - one).powi(scores.len() as i32);
    format!(
        "The farthest of them is {z:+.2}, of `{id}`. Of {} independent scenarios, a correct simulator has one at least as far with probability {:.0} %.",
        scores.len(),
        any * 100.0
    )
}

fn judgement(scores: &[f64]) -> String {
    let judged = uniformity(scores);
    let Uniformity { n, mean, mean_square, beyond, p_mean, p_mean_square, p_law } = judged;
    let share = |which: usize| {
        let (bound, expected) = BEYOND[which];
        let error = (expected * (1.0 - expected) / n as f64).sqrt();
        format!(
            "| beyond ±{bound:.2} | {:.1} % | {:.0} % ± {:.1} % | |",
            beyond[which] * 100.0,
            expected * 100.0,
            error * 100.0
        )
    };
    let n_root = (n as f64).sqrt();
    format!(
        "| {n} scores | observed | expected of N(0, 1) | p |
|---|---|---|---|
| mean | {mean:+.3} | 0 ± {:.3} | {p_mean:.3} |
| mean square | {mean_square:.3} | 1 ± {:.3} | {p_mean_square:.3} (χ², both tails) |
{}
{}
| the whole distribution | | | {p_law:.3} (Kolmogorov–Smirnov) |

Verdict: **{}**.
",
        1.0 / n_root,
        2.0_f64.sqrt() / n_root,
        share(0),
        share(1),
        if judged.is_right() {
            "consistent with a correct simulator"
        } else {
            "not consistent with a correct simulator"
        }
    )
}

/// Returns the section of a payload with all its figures.
pub(super) fn figures(judged: &JudgedPayload) -> String {
    let mut text = format!(
        "### `{}`\n\n| figure | AsyncFlow 0.1.1 | ours | difference | in combined standard errors |\n|---|---|---|---|---|\n",
        judged.payload.name
    );
    for (figure, ours) in judged.payload.figures.iter().zip(&judged.ours) {
        let (of, number, mean, std_error) = figure;
        let scale = if number.starts_with("memory") { 1e-6 } else { 1.0 };
        let unit = if scale < 1.0 { ", MB" } else { "" };
        let combined = payloads::combined(ours, figure);
        let relative = if *mean == 0.0 {
            "–".to_string()
        } else {
            format!("{:+.2} %", (ours.mean / mean - 1.0) * 100.0)
        };
        let z = if combined > 0.0 {
            format!("{:+.1}", (ours.mean - mean) / combined)
        } else {
            "–".to_string()
        };
        let sampled = if payloads::is_sampled_maximum(figure) { " (sampled)" } else { "" };
        let _ = writeln!(
            text,
            "| {number} of {of}{unit}{sampled} | {} | {} | {relative} | {z} |",
            with_error(mean * scale, std_error * scale),
            with_error(ours.mean * scale, ours.std_error * scale)
        );
    }
    text
}

/// Returns the table of what the corrections change, by payload.
fn corrections(payloads: &[JudgedPayload]) -> String {
    let mut text = "| payload | requests per second | windows that end within the run | time lost in 0.1 | requests that came early | lost requests, ours | 1 − 0.99ⁿ |
|---|---|---|---|---|---|---|
"
    .to_string();
    for JudgedPayload { payload, lost, .. } in payloads {
        let Payload { name, rate, duration_s, links, .. } = payload;
        let windows = (duration_s / 60.0).ceil() - 1.0;
        let early = windows / rate;
        let expected = 1.0 - 0.99_f64.powi(*links);
        let _ = writeln!(
            text,
            "| `{name}` | {rate:.2} | {windows} | {early:.3} s of {duration_s} s | {:.3} % | {:.3} % | {:.3} % |",
            early / duration_s * 100.0,
            lost * 100.0,
            expected * 100.0
        );
    }
    text
}

pub(super) fn document(cases: &[JudgedCase], scores: &[f64], payloads: &[JudgedPayload]) -> String {
    let later: Vec<String> =
        LATER.iter().map(|(id, feature)| format!("| `{id}` | {feature} |\n")).collect();
    let count = |wrong: fn(&Ours, &Figure) -> bool| {
        let all = payloads.iter().flat_map(|p| p.payload.figures.iter().zip(&p.ours));
        all.filter(|(figure, ours)| wrong(ours, figure)).count()
    };
    include_str!("template.md")
        .replace("{cases}", &cases.len().to_string())
        .replace("{seeds}", &SEEDS.to_string())
        .replace("{table}", &table(cases))
        .replace("{farthest}", &farthest(cases))
        .replace("{judgement}", &judgement(scores))
        .replace("{sections}", &cases.iter().map(section).collect::<Vec<_>>().join("\n"))
        .replace("{published}", &published(cases))
        .replace("{later}", &later.concat())
        .replace("{payloads}", &payloads.iter().map(figures).collect::<Vec<_>>().join("\n"))
        .replace("{corrections}", &corrections(payloads))
        .replace("{figures}", &count(|_, _| true).to_string())
        .replace(
            "{disagreeing}",
            &count(|ours, figure| payloads::disagreement(ours, figure).is_some()).to_string(),
        )
}
