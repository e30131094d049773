//! Coverage of the intervals of steady states: by system, by length, by the number of replications,
//! by the first look, and of rare errors.

use super::{EXPERIMENTS, Seeds, cells, coverage};
use crate::count::{Counted, count};
use crate::systems::{Known, System, lossy_link, mm1, mm1_of_eight, mm4, tandem, until};

pub(super) fn steady_states(seeds: &mut Seeds) {
    println!("\n## Steady states\n");
    println!(
        "| system | number | rule | experiments | coverage | interval below / above | mean half-width |\n|---|---|---|---|---|---|---|"
    );
    let busy = System { goal: ("users.latency.mean", "3.5%"), ..mm1(80.0, 160.0) };
    for system in [mm1(50.0, 40.0), busy, mm4(), tandem(), mm1_of_eight(), lossy_link(0.01, 40.0)] {
        let fixed = count(&system.scenario("20"), &system.known, seeds.take(2 * EXPERIMENTS));
        steady_rows(&system, &system.known, "20 replications", &fixed);
        let sequential =
            count(&system.scenario(&system.until(20)), &system.known, seeds.take(2 * EXPERIMENTS));
        let rule = format!(
            "until {} ± {} ({:.0})",
            metric_words(system.goal.0),
            system.goal.1,
            sequential.replications
        );
        steady_rows(&system, &system.known, &rule, &sequential);
    }
}

fn metric_words(metric: &str) -> String {
    let last = metric.trim_start_matches("users.").trim_end_matches(".mean");
    if last == "latency" { "mean".to_string() } else { last.replace('_', " ") }
}

fn steady_rows(system: &System, known: &[Known], rule: &str, counted: &Counted) {
    for (known, count) in known.iter().zip(&counted.counts) {
        println!(
            "| {} | {} | {rule} | {} | {} |",
            system.name,
            known.words(),
            count.experiments,
            cells(count)
        );
    }
}

/// Returns the mean and the far quantiles of an M/M/1 at 80 %.
fn busy(measured_s: f64) -> (System, Vec<Known>) {
    let system = mm1(80.0, measured_s);
    let known = system
        .known
        .iter()
        .filter(|known| known.metric == "latency" && known.stat != "p50")
        .cloned()
        .collect();
    (system, known)
}

fn counted_row(head: &str, counted: &Counted) {
    let cells: Vec<String> = counted.counts.iter().map(coverage).collect();
    println!("| {head} | {} |", cells.join(" | "));
}

pub(super) fn lengths(seeds: &mut Seeds) {
    println!("\n## M/M/1 at 80 %, 20 replications, by their length\n");
    println!(
        "| relaxation times | requests of a replication | mean | p95 | p99 |\n|---|---|---|---|---|"
    );
    for times in [10.0, 20.0, 40.0, 90.0, 180.0, 360.0] {
        let (system, known) = busy(f64::round(times * 0.897));
        let head = format!("{times} | {:.0}", system.measured_s * 80.0);
        counted_row(&head, &count(&system.scenario("20"), &known, seeds.take(EXPERIMENTS)));
    }
}

pub(super) fn replications(seeds: &mut Seeds) {
    println!("\n## M/M/1 at 80 %, 90 relaxation times each, by the number of replications\n");
    println!("| replications | mean | p95 | p99 |\n|---|---|---|---|");
    for n in [3, 5, 10, 20, 50] {
        let (system, known) = busy(80.0);
        counted_row(
            &n.to_string(),
            &count(&system.scenario(&n.to_string()), &known, seeds.take(EXPERIMENTS)),
        );
    }
}

pub(super) fn looks(seeds: &mut Seeds) {
    println!("\n## M/M/1 at 80 %, 90 relaxation times each, by `min`\n");
    println!(
        "| min | until the mean is known to ± 5 %: replications | mean | until p99 is known to ± 15 %: replications | p99 |\n|---|---|---|---|---|"
    );
    for min in [2, 3, 5, 10, 20, 30] {
        let (system, known) = busy(80.0);
        let known_of = |stat: &str| {
            known.iter().filter(|known| known.stat == stat).cloned().collect::<Vec<Known>>()
        };
        let mean =
            count(&system.scenario(&system.until(min)), &known_of("mean"), seeds.take(EXPERIMENTS));
        let p99 = count(
            &system.scenario(&until(("users.latency.p99", "15%"), min)),
            &known_of("p99"),
            seeds.take(EXPERIMENTS),
        );
        let cells = [&mean, &p99].map(|counted| {
            format!("{:.0} | {}", counted.replications, coverage(&counted.counts[0]))
        });
        println!("| {min} | {} |", cells.join(" | "));
    }
}

pub(super) fn rare_errors(seeds: &mut Seeds) {
    println!(
        "\n## Error ratio of an M/M/1 behind a link, 20 replications of 2,000 requests, by the errors to be expected in all of them\n"
    );
    println!(
        "| expected errors | coverage | interval below / above | mean half-width |\n|---|---|---|---|"
    );
    for errors in [2.0, 5.0, 10.0, 20.0, 50.0, 100.0] {
        let system = lossy_link(errors / 40_000.0 / 2.0, 40.0);
        let known: Vec<Known> =
            system.known.iter().filter(|known| known.metric == "error_ratio").cloned().collect();
        println!(
            "| {errors} | {} |",
            cells(&count(&system.scenario("20"), &known, seeds.take(EXPERIMENTS)).counts[0])
        );
    }
}
