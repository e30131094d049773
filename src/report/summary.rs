//! The terminal summary on one screen: verdict, latency and its breakdown, services, notes.

use super::RunInfo;
use super::cost;
use super::format::{
    blocks, confidence, count, percent, percent_with_interval, times, value, with_interval,
};
use super::own_times::{awaiting_calls, own_times};
use super::paint::ColorChoice;
use super::phases::phases;
use super::table::{table, write_table};
use crate::experiment::{Fold, Results, Row};
use crate::measure::{Histogram, WAITS, is_resource};
use crate::scenario::{Estimate, Scenario, Service};
use crate::units::{Count, Span};
use std::fmt::Write;

/// The maximum number of rows of a table; a line below it counts the others.
pub(super) const ROWS: usize = 12;

/// Returns the whole summary.
pub(crate) fn summary(
    scenario: &Scenario,
    results: &Results,
    fold: &Fold,
    info: RunInfo,
    paint: ColorChoice,
) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = head(&mut out, results, paint);
    let _ = super::verdict::verdict(&mut out, scenario, results, paint);
    let _ = super::latencies::latencies(&mut out, scenario, results, paint);
    for (workload, _) in scenario.workload.iter().take(3) {
        let _ = breakdown(&mut out, scenario, results, fold, workload, paint);
    }
    let _ = phases(&mut out, scenario, results, paint);
    let _ = services(&mut out, scenario, results, paint);
    if !results.notes.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("Notes"));
        for note in &results.notes {
            let _ = writeln!(out, "  • {note}");
        }
    }
    let events = count(results.events, "event");
    let rate = value(results.events as f64 / info.wall_s.max(1e-9), "1/s");
    let (wall, threads) = (value(info.wall_s, "s"), count(info.threads as u64, "thread"));
    let foot =
        format!("{events} in {wall} on {threads} ({rate}) · fingerprint {}", results.fingerprint);
    let _ = writeln!(out, "\n{}", paint.faint(&foot));
    paint.fitted(out)
}

fn head(out: &mut String, results: &Results, paint: ColorChoice) -> std::fmt::Result {
    let (duration, warmup) =
        (Span::from_seconds(results.duration_s), Span::from_seconds(results.warmup_s));
    let warmup = if warmup == Span::ZERO { String::new() } else { format!(" ({warmup} warm-up)") };
    let n = count(u64::from(results.replications), "replication");
    let line = format!(
        "  {n} of {duration}{warmup} · seed {} · ± is the {} confidence interval",
        results.seed,
        confidence(results.confidence)
    );
    writeln!(out, "{}{}\n", paint.bold(&results.scenario), paint.faint(&line))
}

/// Writes the cost of the services that have a price.
fn costs(out: &mut String, scenario: &Scenario, results: &Results) -> std::fmt::Result {
    let Some(total) = cost::total(results) else { return Ok(()) };
    let prices: Vec<(&str, f64)> = cost::by_service(results).collect();
    let words: Vec<String> = prices
        .iter()
        .take(ROWS)
        .map(|(name, price)| format!("{name} {}", value(*price, "USD/h")))
        .collect();
    let parts = if prices.len() > 1 { format!(": {}", words.join(", ")) } else { String::new() };
    let subject = if scenario.services.len() == 1 { prices[0].0 } else { "Priced services" };
    let verb = if scenario.services.len() == 1 { "costs" } else { "cost" };
    writeln!(out, "  {subject} {verb} {}{parts}.", value(total, "USD/h"))
}

/// The least part of a latency that is shown: a few of a million requests that waited have a mean
/// of a nanosecond.
const LEAST_PART: f64 = 1e-4;

/// Writes the parts of a workload's mean latency and a sparkline of its distribution.
fn breakdown(
    out: &mut String,
    scenario: &Scenario,
    results: &Results,
    fold: &Fold,
    workload: &str,
    paint: ColorChoice,
) -> std::fmt::Result {
    // Labels of I/O are within it.
    let part = |row: &'_ Row| match row.metric.strip_prefix("time_in.") {
        Some(name) if !name.contains('.') => Some(name.to_string()),
        _ => None,
    };
    let of_workload =
        results.rows.iter().filter(|row| row.kind == "workload" && row.entity == workload);
    let mut parts: Vec<(String, f64)> =
        of_workload.filter_map(|row| Some((part(row)?, row.estimate.estimate))).collect();
    let total: f64 = parts.iter().map(|(_, seconds)| seconds).sum();
    parts.retain(|(_, seconds)| *seconds >= LEAST_PART * total);
    if total.is_nan() || total <= 0.0 {
        return Ok(());
    }
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    writeln!(out, "\n{}", paint.bold(&format!("Latency breakdown of {workload}")))?;
    // Rounding may bring the share above 1.
    let labelled = |name: &str, seconds: f64| {
        format!("{name} {} ({})", value(seconds, "s"), percent((seconds / total).min(1.0)))
    };
    let words: Vec<String> = parts.iter().map(|(name, seconds)| labelled(name, *seconds)).collect();
    writeln!(out, "  {}", words.join(" · "))?;
    let own: Vec<String> = own_times(scenario, results, workload)
        .iter()
        .map(|(name, seconds)| labelled(name, *seconds))
        .collect();
    if own.len() > 1 {
        writeln!(out, "  by service, excluding the network: {}", own.join(" · "))?;
    }
    if let Some(histogram) = fold.histogram("workload", workload, "latency") {
        sparkline(out, histogram, paint)?;
    }
    Ok(())
}

/// Writes a small histogram of the latency on a logarithmic scale, from p0.1 to p99.9.
fn sparkline(out: &mut String, histogram: &Histogram, paint: ColorChoice) -> std::fmt::Result {
    const STEPS: usize = 48;
    let (low, high) = (histogram.quantile_s(0.001).max(1e-9), histogram.quantile_s(0.999));
    if high.is_nan() || high <= low * 1.02 {
        return Ok(());
    }
    let mut heights = vec![0.0; STEPS];
    let position = |seconds: f64| (seconds.max(1e-9) / low).ln() / (high / low).ln() * STEPS as f64;
    for bucket in histogram.buckets() {
        // A bucket may span several steps where the latency is short: each gets its share.
        let from = position(bucket.low_ns as f64 * 1e-9);
        let to = position((bucket.high_ns + 1) as f64 * 1e-9).max(from + 1e-9);
        for (step, height) in heights.iter_mut().enumerate() {
            let overlap = (to.min(step as f64 + 1.0) - from.max(step as f64)).max(0.0);
            *height += bucket.count as f64 * overlap / (to - from);
        }
    }
    let highest = heights.iter().copied().fold(0.0, f64::max);
    heights.iter_mut().for_each(|h| *h /= highest);
    writeln!(
        out,
        "  {} {} {}",
        paint.faint(&value(low, "s")),
        blocks(&heights),
        paint.faint(&format!("{} (p0.1 to p99.9, log scale)", value(high, "s")))
    )
}

fn services(
    out: &mut String,
    scenario: &Scenario,
    results: &Results,
    paint: ColorChoice,
) -> std::fmt::Result {
    writeln!(out, "\n{}", paint.bold("Services"))?;
    // Without calls there is nothing to wait for; with locks, pools and parallel branches, what a
    // request awaits is not known from these numbers.
    let is_known = results.rows.iter().all(|row| row.kind != "block" && !is_resource(row.kind));
    let calls = is_known && scenario.services.values().any(Service::calls);
    // The mean is that of all instances together.
    let is_of_one = scenario
        .services
        .values()
        .any(|service| service.rows().max(service.instances.len() as u32) > 1);
    let max = if is_of_one { "max per instance" } else { "max" };
    let mut header = vec!["", "CPU busy", "ready queue", max, "loop lag p99", "awaiting I/O"];
    header.extend(calls.then_some("awaiting calls"));
    header.extend(["in flight", "memory", "waiting for memory"]);
    let mut lines = table(&header);
    let mut left_out = 0;
    for (index, (name, service)) in scenario.services.iter().enumerate() {
        if index >= ROWS {
            left_out += 1;
            continue;
        }
        lines.add_row(machine_row(
            results,
            "service",
            name,
            name.clone(),
            calls.then(|| service.cores()),
            places(service),
        ));
        // A row for each instance, where they may differ and are few.
        if service.instances.len() > 1 && service.instances.len() <= 4 {
            for (instance, spec) in &service.instances {
                let cores = calls.then(|| spec.runtime.cores(spec.instance.cpu));
                lines.add_row(machine_row(
                    results,
                    "instance",
                    instance,
                    format!("  {instance}"),
                    cores,
                    service.max_in_flight,
                ));
            }
        }
    }
    write_table(out, &lines, left_out, paint)?;
    held(out, results, paint)?;
    costs(out, scenario, results)?;
    scaled(out, scenario, results)?;
    waste(out, results)?;
    bottleneck(out, results)
}

/// Writes how busy locks and pools are.
fn held(out: &mut String, results: &Results, paint: ColorChoice) -> std::fmt::Result {
    let all: Vec<&Row> = results
        .rows
        .iter()
        .filter(|row| is_resource(row.kind) && row.metric == "utilisation")
        .collect();
    if all.is_empty() {
        return Ok(());
    }
    let mut lines = table(&["", "", "busy", "held", "max", "waiting", "max"]);
    lines.named_by(2);
    for row in all.iter().take(ROWS) {
        let of = |metric: &str, stat: &str| results.find(row.kind, &row.entity, metric, stat);
        let mean = |metric: &str| {
            of(metric, "mean").map_or(String::new(), |row| with_interval(&row.estimate, "1"))
        };
        let max = |metric: &str| {
            of(metric, "max").map_or(String::new(), |row| value(row.estimate.estimate, "1"))
        };
        lines.add_row([
            row.entity.clone(),
            row.kind.to_string(),
            percent_with_interval(&row.estimate),
            mean("held"),
            max("held"),
            mean("waiting"),
            max("waiting"),
        ]);
    }
    write_table(out, &lines, all.len().saturating_sub(ROWS), paint)
}

/// Writes how much core time served nothing.
fn waste(out: &mut String, results: &Results) -> std::fmt::Result {
    let ratio = results.find("system", "all", "wasted_ratio", "mean");
    let Some(ratio) = ratio.filter(|row| row.estimate.estimate > 0.0) else { return Ok(()) };
    writeln!(
        out,
        "  Wasted: {} of all core time, on requests that failed or were no longer waited for",
        percent_with_interval(&ratio.estimate)
    )
}

/// Writes how many instances the services that scale have.
fn scaled(out: &mut String, scenario: &Scenario, results: &Results) -> std::fmt::Result {
    let find = |name: &str, stat| results.find("service", name, "instances_serving", stat);
    for (name, service) in scenario.services.iter().take(ROWS) {
        let Some(autoscale) = &service.autoscale else { continue };
        if let (Some(mean), Some(most)) = (find(name, "mean"), find(name, "max")) {
            let most = value(most.estimate.estimate, "1");
            let mean = with_interval(&mean.estimate, "1");
            let max = autoscale.hpa.max;
            writeln!(
                out,
                "  {name}: {mean} instances on average, {most} at the peak (`max: {max}`)"
            )?;
        }
    }
    Ok(())
}

/// Returns how many requests all instances of a service may hold, if that is limited and their
/// number does not change.
fn places(service: &Service) -> Option<Count> {
    let instances = u64::from(service.replicas).max(service.instances.len() as u64);
    let places = service.max_in_flight.filter(|_| service.autoscale.is_none())?;
    Some(Count(places.0.saturating_mul(instances)))
}

/// Returns the row of a service or an instance; if `cores` is given, with the requests that await
/// calls, and with the number of `places`.
fn machine_row(
    results: &Results,
    kind: &str,
    entity: &str,
    label: String,
    cores: Option<u32>,
    places: Option<Count>,
) -> Vec<String> {
    let row = |metric: &str, stat: &str| results.find(kind, entity, metric, stat);
    let show = |metric: &str, stat: &str| {
        row(metric, stat).map_or(String::new(), |r| value(r.estimate.estimate, r.unit))
    };
    let busy =
        row("utilisation", "mean").map_or(String::new(), |r| percent_with_interval(&r.estimate));
    let queue =
        row("ready_queue", "mean").map_or(String::new(), |r| with_interval(&r.estimate, "1"));
    let mut cells = vec![
        label,
        busy,
        queue,
        show("ready_queue", "max"),
        show("loop_lag", "p99"),
        show("io_waiting", "mean"),
    ];
    cells.extend(cores.map(|cores| value(awaiting_calls(results, kind, entity, cores), "1")));
    let in_flight = show("in_flight", "mean");
    cells.extend([
        places.map_or(in_flight.clone(), |places| format!("{in_flight} of {places}")),
        show("memory_used", "mean"),
        show("memory_queue", "mean"),
    ]);
    cells
}

/// The mean length from which a queue is worth a line, in requests.
const SIGNIFICANT: f64 = 0.01;

/// Writes the longest queue of all services and shared resources. By Little's law, it is where
/// requests spend the most time waiting.
fn bottleneck(out: &mut String, results: &Results) -> std::fmt::Result {
    let lengths = results.rows.iter().filter(|row| row.stat == "mean").filter_map(|row| {
        let wait = WAITS.iter().find(|wait| (wait.kind, wait.queue) == (row.kind, &row.metric))?;
        Some((row, wait.queue_for))
    });
    let longest = lengths.fold(None::<(&Row, &str)>, |longest, (row, what)| match longest {
        Some((other, _)) if row.estimate.estimate.total_cmp(&other.estimate.estimate).is_lt() => {
            longest
        }
        _ => Some((row, what)),
    });
    match longest {
        Some((Row { entity, estimate, .. }, what)) if estimate.estimate >= SIGNIFICANT => {
            writeln!(
                out,
                "  Longest queue: {entity}, for {what}: {} requests on average",
                with_interval(estimate, "1")
            )
        }
        _ => writeln!(out, "  No significant queueing"),
    }
}

/// Returns the static estimate, for `check`.
pub fn estimate(estimate: &Estimate, paint: ColorChoice) -> String {
    let mut out = format!(
        "{}\n",
        paint.bold("Estimate from mean demands and mean rates, without simulation")
    );
    let mut lines = table(&["", "requests/s", "cores", "CPU busy", "memory"]);
    for load in &estimate.services {
        let memory = load.memory.map_or("–".to_string(), percent);
        lines.add_row([
            load.service.clone(),
            value(load.rate, "1/s"),
            load.cores.to_string(),
            // Sums of decimals miss a whole number by less.
            percent((load.utilisation * 1e9).round() / 1e9),
            memory,
        ]);
    }
    let _ = write_table(&mut out, &lines, 0, paint);
    for load in &estimate.services {
        if let Some(most) = load.scales_to {
            let _ = writeln!(out, "  {}: if all its {most} instances serve", load.service);
        }
    }
    if !estimate.distributions.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("Distributions"));
        let mut lines = table(&["", "mean", "cv", "p50", "p99"]);
        for d in &estimate.distributions {
            let [mean, p50, p99] = [d.mean, d.p50, d.p99].map(|v| value(v, d.unit));
            lines.add_row([d.path.clone(), mean, times(d.cv), p50, p99]);
        }
        let _ = write_table(&mut out, &lines, 0, paint);
    }
    paint.fitted(out)
}
