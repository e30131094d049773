//! The distribution of a latency after the warm-up, from its pooled histogram, with quantiles as
//! labelled lines.

use super::labels::shortened;
use super::{COLOURS, NAME, Panel};
use crate::experiment::{Fold, Results};
use crate::measure::Histogram;
use crate::report::format::value;
use kuva::plot::LinePlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

/// The number of steps on the axis.
const STEPS: usize = 120;
/// The ratio of the largest to the smallest value from which the axis is logarithmic.
const LOG_FROM: f64 = 10.0;

/// Returns the panel, from p0.1 to p99.9; `None` if nothing was answered, or all requests took the
/// same time.
pub(crate) fn latency(results: &Results, fold: &Fold, workload: &str) -> Option<Panel> {
    let histogram: &Histogram = fold
        .histogram("workload", workload, "latency")
        .filter(|histogram| histogram.count() > 0)?;
    let (low, high) = (histogram.quantile_s(0.001), histogram.quantile_s(0.999));
    if high <= low * 1.01 {
        return None;
    }
    let (scale, unit) = if high >= 2.0 { (1.0, "s") } else { (1e3, "ms") };
    let is_log = low > 0.0 && high / low >= LOG_FROM;
    let along = |s: f64| if is_log { s.max(1e-9).ln() } else { s };
    let (from, width) = (along(low), (along(high) - along(low)) / STEPS as f64);
    let mut counts = vec![0.0; STEPS];
    for bucket in histogram.buckets() {
        let (left, right) =
            (along(bucket.low_ns as f64 * 1e-9), along((bucket.high_ns + 1) as f64 * 1e-9));
        let first = ((left - from) / width).floor().max(0.0) as usize;
        for (step, count) in counts.iter_mut().enumerate().skip(first) {
            let (a, b) = (from + step as f64 * width, from + (step as f64 + 1.0) * width);
            if a >= right {
                break;
            }
            *count += bucket.count as f64 * (right.min(b) - left.max(a)).max(0.0) / (right - left);
        }
    }
    let all = histogram.count() as f64;
    let middle = |step: usize| from + (step as f64 + 0.5) * width;
    let seconds = |along: f64| if is_log { along.exp() } else { along };
    let points: Vec<(f64, f64)> = counts
        .iter()
        .enumerate()
        .map(|(step, count)| (seconds(middle(step)) * scale, 100.0 * count / all))
        .collect();
    let highest = points.iter().map(|point| point.1).fold(0.0, f64::max);
    let density =
        LinePlot::new().with_data(points).with_color(COLOURS[0]).with_fill().with_fill_opacity(0.2);
    let mut plots = vec![Plot::Line(density)];
    for (stat, colour) in [("p50", COLOURS[2]), ("p95", COLOURS[4]), ("p99", COLOURS[1])] {
        let row =
            results.find("workload", workload, "latency", stat).map(|row| row.estimate.estimate);
        if let Some(at) = row.filter(|at| (low..=high).contains(at)) {
            let line = LinePlot::new()
                .with_data(vec![(at * scale, 0.0), (at * scale, highest)])
                .with_color(colour)
                .with_dashed();
            plots.push(Plot::Line(line.with_legend(format!("{stat} {}", value(at, "s")))));
        }
    }
    let layout = Layout::auto_from_plots(&plots)
        .with_title(format!("Latency of {}", shortened(workload, 2 * NAME)))
        .with_x_label(format!("latency, {unit}{}", if is_log { " (log scale)" } else { "" }))
        .with_y_label("% of requests per step")
        .with_y_axis_min(0.0);
    Some(Panel { plots, layout: if is_log { layout.with_log_x() } else { layout } })
}
