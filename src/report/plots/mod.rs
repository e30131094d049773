//! The chart of `--plots`: one SVG of the same numbers as all other outputs. Latency distributions,
//! then time series: means over the replications of each window.
//!
//! - The highest loads and longest queues come first; series that are always zero are omitted.
//! - Time starts with the run. The warm-up is grey; faults and peaks of a rate are bands with
//!   labels that never overlap (`labels.rs`).
//! - Any name gives well-formed XML: characters outside XML 1.0 are replaced.
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

/// A palette safe for colour-blind readers (Okabe, Ito 2008).
const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/// The maximum number of workloads with their own panels.
const WORKLOADS: usize = 2;
/// Panels side by side.
const COLUMNS: usize = 2;
/// Size of a panel, in pixels.
const CELL: (f64, f64) = (640.0, 320.0);
/// The maximum lengths of a legend entry and of the title, in characters.
const NAME: usize = 20;
const TITLE: usize = 60;

struct Panel {
    plots: Vec<Plot>,
    layout: Layout,
}

/// Returns the chart as SVG.
pub(crate) fn plots(scenario: &Scenario, results: &Results, fold: &Fold) -> String {
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
    // The last panel fills the rest of its row.
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
