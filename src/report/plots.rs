//! The chart of `--plots`: one SVG with the panels that users of AsyncFlow 0.1 know, from the same numbers as everything else.
//!
//! Latency: density over the pooled histogram, with its quantiles. Throughput, queues and memory: mean over the replications of each window.

use crate::experiment::{Fold, Results};
use crate::measure::Histogram;
use crate::scenario::Scenario;
use kuva::backend::svg::SvgBackend;
use kuva::plot::LinePlot;
use kuva::render::annotations::ReferenceLine;
use kuva::render::figure::Figure;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

/// A palette that colour-blind people can tell apart (Okabe, Ito 2008).
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/// Lines of a panel; more cannot be told apart.
const LINES: usize = 6;

struct Panel {
    plots: Vec<Plot>,
    layout: Layout,
}

/// The SVG.
pub fn plots(scenario: &Scenario, results: &Results, fold: &Fold) -> String {
    let mut panels = Vec::new();
    for workload in scenario.workload.keys().take(2) {
        panels.extend(latency(results, fold, workload));
    }
    let instances: Vec<(String, String)> = names_of(fold, "instance");
    let workloads: Vec<(String, String)> = scenario.workload.keys().map(|name| (name.clone(), "throughput".to_string())).collect();
    panels.extend(course(fold, "Throughput", "requests/s", 1.0, "workload", &workloads));
    let of = |metric: &str| instances.iter().map(|(name, _)| (name.clone(), metric.to_string())).collect::<Vec<_>>();
    panels.extend(course(fold, "Ready queue", "requests waiting for a core", 1.0, "instance", &of("ready_queue")));
    panels.extend(course(fold, "Awaiting I/O", "requests", 1.0, "instance", &of("io_waiting")));
    panels.extend(course(fold, "Memory in use", "MB", 1e-6, "instance", &of("memory_used")));
    let columns = 2;
    let rows = panels.len().div_ceil(columns);
    let structure = (0..rows * columns).map(|cell| vec![cell]).collect();
    let empty = rows * columns - panels.len();
    let (mut all, mut layouts): (Vec<Vec<Plot>>, Vec<Layout>) = panels.into_iter().map(|panel| (panel.plots, panel.layout)).unzip();
    for _ in 0..empty {
        all.push(Vec::new());
        layouts.push(Layout::new((0.0, 1.0), (0.0, 1.0)).with_show_grid(false));
    }
    let figure = Figure::new(rows, columns)
        .with_title(format!("{}: {} replications, seed {}", results.scenario, results.replications, results.seed))
        .with_structure(structure)
        .with_plots(all)
        .with_layouts(layouts)
        .with_cell_size(560.0, 320.0)
        .with_spacing(24.0);
    SvgBackend::default().render_scene(&figure.render())
}

/// Entities of a kind that have series, with the metric of the first.
fn names_of(fold: &Fold, kind: &str) -> Vec<(String, String)> {
    let mut names: Vec<(String, String)> = Vec::new();
    for series in fold.series.iter().filter(|series| series.kind == kind) {
        if !names.iter().any(|(name, _)| *name == series.entity) {
            names.push((series.entity.clone(), series.metric.to_string()));
        }
    }
    names
}

/// The density of a latency up to its 99.9th percentile, with quantiles marked.
fn latency(results: &Results, fold: &Fold, workload: &str) -> Option<Panel> {
    const STEPS: usize = 120;
    let histogram: &Histogram = fold.histogram("workload", workload, "latency").filter(|histogram| histogram.count() > 0)?;
    let (low, high) = (histogram.quantile_s(0.0) * 1e3, histogram.quantile_s(0.999) * 1e3);
    let width = ((high - low) / STEPS as f64).max(1e-6);
    let mut counts = vec![0.0; STEPS];
    for bucket in histogram.buckets() {
        let (from, to) = (bucket.low_ns as f64 * 1e-6, (bucket.high_ns + 1) as f64 * 1e-6);
        for (step, count) in counts.iter_mut().enumerate() {
            let (left, right) = (low + step as f64 * width, low + (step as f64 + 1.0) * width);
            *count += bucket.count as f64 * ((to.min(right) - from.max(left)).max(0.0) / (to - from));
        }
    }
    let total = histogram.count() as f64 * width;
    let points: Vec<(f64, f64)> =
        counts.iter().enumerate().map(|(step, count)| (low + (step as f64 + 0.5) * width, count / total)).collect();
    let plots = vec![Plot::Line(LinePlot::new().with_data(points).with_color(COLOURS[0]).with_fill().with_fill_opacity(0.2))];
    let mut layout = Layout::auto_from_plots(&plots)
        .with_title(format!("Latency of {workload}"))
        .with_x_label("latency, ms")
        .with_y_label("density, 1/ms")
        .with_y_axis_min(0.0);
    for (stat, colour) in [("p50", COLOURS[2]), ("p95", COLOURS[4]), ("p99", COLOURS[1])] {
        if let Some(row) = results.find("workload", workload, "latency", stat) {
            let at = row.estimate.estimate * 1e3;
            layout = layout.with_reference_line(ReferenceLine::vertical(at).with_color(colour).with_label(format!("{stat} {at:.3}")));
        }
    }
    Some(Panel { plots, layout })
}

/// Series over time, one line an entity.
fn course(fold: &Fold, title: &str, unit: &str, scale: f64, kind: &str, wanted: &[(String, String)]) -> Option<Panel> {
    let mut plots = Vec::new();
    for (entity, metric) in wanted.iter().take(LINES) {
        let Some(index) = fold.series.iter().position(|s| s.kind == kind && s.entity == *entity && s.metric == metric) else { continue };
        let points = fold.course.iter().map(|window| ((window.start.seconds() + window.end.seconds()) / 2.0, window.mean(index) * scale));
        let points: Vec<(f64, f64)> = points.filter(|(_, y)| y.is_finite()).collect();
        if points.is_empty() {
            continue;
        }
        let mut line = LinePlot::new().with_data(points).with_color(COLOURS[plots.len() % COLOURS.len()]);
        if wanted.len() > 1 {
            line = line.with_legend(entity.as_str());
        }
        plots.push(Plot::Line(line));
    }
    if plots.is_empty() {
        return None;
    }
    let more = if wanted.len() > LINES { format!(" (first {LINES} of {})", wanted.len()) } else { String::new() };
    let layout = Layout::auto_from_plots(&plots)
        .with_title(format!("{title}{more}"))
        .with_x_label("simulated time, s")
        .with_y_label(unit)
        .with_y_axis_min(0.0);
    Some(Panel { plots, layout })
}
