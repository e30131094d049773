//! The chart of `--plots`: one SVG of the same numbers as everything else. Distributions of
//! latency, then courses over time: means over the replications of each window.
//!
//! - What is loaded or waited for most is shown first; what is nowhere more than zero is not shown.
//! - Time begins with the run. The warm-up is grey; faults and peaks of a rate are bands with their
//!   names, which never lie over each other (`labels.rs`).
//! - Any name gives well-formed XML: what XML 1.0 cannot hold is replaced.
//!
//! Checked: below, and in `tests/it/plots.rs`.

mod courses;
mod distribution;
mod labels;

use crate::experiment::{Fold, Results};
use crate::scenario::Scenario;
use courses::Frame;
use kuva::backend::svg::SvgBackend;
use kuva::render::figure::Figure;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

/// A palette that colour-blind people can tell apart (Okabe, Ito 2008).
const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/// Workloads with panels of their own.
const WORKLOADS: usize = 2;
/// Panels side by side.
const COLUMNS: usize = 2;
/// Size of a panel, in pixels.
const CELL: (f64, f64) = (640.0, 320.0);
/// Letters of a legend's entry, and of the title.
const NAME: usize = 20;
const TITLE: usize = 60;

struct Panel {
    plots: Vec<Plot>,
    layout: Layout,
}

/// The SVG.
pub fn plots(scenario: &Scenario, results: &Results, fold: &Fold) -> String {
    let frame = Frame::new(scenario, results);
    let mut panels = Vec::new();
    for workload in scenario.workload.keys().take(WORKLOADS) {
        panels.extend(distribution::latency(results, fold, workload));
        panels.extend(courses::latency(&frame, fold, workload));
    }
    panels.extend(courses::throughput(&frame, scenario, fold));
    panels.extend(courses::failures(&frame, scenario, fold));
    panels.extend(courses::machines(&frame, scenario, fold));
    let rows = panels.len().div_ceil(COLUMNS).max(1);
    // The last one takes what is left of its row.
    let structure = (0..panels.len()).map(|cell| {
        if cell + 1 == panels.len() { (cell..rows * COLUMNS).collect() } else { vec![cell] }
    });
    let title = format!(
        "{}: {} replications, seed {}",
        labels::shortened(&results.scenario, TITLE),
        results.replications,
        results.seed
    );
    let structure = structure.collect();
    let (all, layouts): (Vec<Vec<Plot>>, Vec<Layout>) =
        panels.into_iter().map(|panel| (panel.plots, panel.layout)).unzip();
    let figure = Figure::new(rows, COLUMNS)
        .with_title(title)
        .with_structure(structure)
        .with_plots(all)
        .with_layouts(layouts)
        .with_cell_size(CELL.0, CELL.1)
        .with_spacing(24.0);
    labels::as_xml(&SvgBackend::default().render_scene(&figure.render()))
}
