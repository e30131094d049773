//! Time series, with bands for faults and changes of a rate.

use super::labels::{Placed, place, shortened};
use super::{CELL, COLOURS, NAME, Panel};
use crate::experiment::{Fold, Results};
use crate::measure::queues;
use crate::scenario::{Kind, Scenario, changes};
use kuva::plot::LinePlot;
use kuva::render::annotations::{ShadedRegion, TextAnnotation};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

/// The maximum number of lines in a panel; more are hard to distinguish.
const LINES: usize = 6;
/// The ratio of the largest to the smallest value from which a latency axis is logarithmic.
const LOG_FROM: f64 = 10.0;
/// The width of a panel outside the axis, in pixels: the tick labels and the legend.
const BESIDES: f64 = 340.0;
/// The height of a row of labels, as a share of the panel.
const ROW: f64 = 0.075;
/// The maximum length of a band's label, in characters.
const BAND_NAME: usize = 28;

/// A highlighted interval of time.
struct Band {
    from: f64,
    until: f64,
    colour: &'static str,
}

/// The time axis shared by all time series, with its bands and labels.
pub(crate) struct Frame {
    length: f64,
    /// The unit of the axis, in seconds.
    unit_s: f64,
    label: &'static str,
    bands: Vec<Band>,
    labels: Vec<Placed>,
}

impl Frame {
    pub(crate) fn new(scenario: &Scenario, results: &Results) -> Frame {
        let (unit_s, label) = match results.duration_s {
            s if s > 2.0 * 86_400.0 => (86_400.0, "simulated time, d"),
            s if s > 3.0 * 3600.0 => (3600.0, "simulated time, h"),
            s if s > 300.0 => (60.0, "simulated time, min"),
            _ => (1.0, "simulated time, s"),
        };
        let length = results.duration_s / unit_s;
        let (mut bands, mut labels) = (Vec::new(), Vec::new());
        let mut mark = |from_s: f64, until_s: f64, name: &str, colour| {
            let (from, until) = (from_s / unit_s, until_s / unit_s);
            bands.push(Band { from, until, colour });
            labels.push(((from + until) / 2.0, shortened(name, BAND_NAME)));
        };
        if results.warmup_s > 0.0 {
            mark(0.0, results.warmup_s, "warm-up", "#808080");
        }
        for change in changes(scenario).iter().filter(|change| change.is_disturbance()) {
            let colour = if change.kind == Kind::Fault { COLOURS[1] } else { COLOURS[0] };
            mark(change.from.seconds(), change.until.seconds(), &change.name, colour);
        }
        Frame { length, unit_s, label, bands, labels: place(labels, length, CELL.0 - BESIDES) }
    }

    /// Returns a panel of these lines; `None` if they are zero throughout.
    fn panel(
        &self,
        title: &str,
        unit: &str,
        mut lines: Vec<Line>,
        may_be_log: bool,
    ) -> Option<Panel> {
        lines.retain(|line| line.largest() > 0.0);
        let largest = lines.iter().map(Line::largest).fold(0.0, f64::max);
        if largest <= 0.0 {
            return None;
        }
        let known = || {
            lines.iter().flat_map(|line| line.values.iter().copied()).filter(|value| *value > 0.0)
        };
        let smallest = known().fold(f64::INFINITY, f64::min);
        let is_log = may_be_log && largest / smallest >= LOG_FROM;
        let rows = self.labels.iter().map(|label| label.level + 1).max().unwrap_or(0) as f64;
        let room = 1.0 - ROW * (rows + 0.5);
        // The data stay below the rows of labels: `room` is their share of the height.
        let (bottom, top) = if is_log {
            (smallest, smallest * (largest / smallest).powf(1.0 / room))
        } else {
            (0.0, largest / room)
        };
        let at = |part: f64| if is_log { bottom * (top / bottom).powf(part) } else { top * part };
        let mut plots = Vec::new();
        let has_legend = lines.len() > 1;
        for (index, line) in lines.iter().enumerate() {
            plots.extend(self.curve(line, COLOURS[index % COLOURS.len()], has_legend));
        }
        let mut layout = Layout::auto_from_plots(&plots)
            .with_title(title)
            .with_x_label(self.label)
            .with_y_label(if is_log { format!("{unit} (log scale)") } else { unit.to_string() })
            .with_x_axis_min(0.0)
            .with_x_axis_max(self.length)
            .with_y_axis_min(bottom)
            .with_y_axis_max(top);
        for Band { from, until, colour } in &self.bands {
            layout = layout.with_shaded_region(
                ShadedRegion::vertical(*from, *until).with_color(*colour).with_opacity(0.12),
            );
        }
        for Placed { text, at: x, level } in &self.labels {
            let annotation =
                TextAnnotation::new(text.as_str(), *x, at(1.0 - ROW * (*level as f64 + 1.0)))
                    .with_font_size(11);
            layout = layout.with_annotation(annotation);
        }
        Some(Panel { plots, layout: if is_log { layout.with_log_y() } else { layout } })
    }

    /// Returns a line in pieces, split at gaps: without answers there is no latency.
    fn curve(&self, line: &Line, colour: &str, has_legend: bool) -> Vec<Plot> {
        let mut pieces: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        for (at, value) in line.times.iter().zip(&line.values) {
            match value.is_finite() {
                true => pieces
                    .last_mut()
                    .into_iter()
                    .for_each(|piece| piece.push((at / self.unit_s, *value))),
                false if pieces.last().is_some_and(|piece| !piece.is_empty()) => {
                    pieces.push(Vec::new())
                }
                false => {}
            }
        }
        let pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).enumerate();
        let plot = |(index, piece): (usize, Vec<(f64, f64)>)| {
            let plot = LinePlot::new().with_data(piece).with_color(colour);
            Plot::Line(if has_legend && index == 0 {
                plot.with_legend(shortened(&line.name, NAME))
            } else {
                plot
            })
        };
        pieces.map(plot).collect()
    }
}

/// A time series over the windows, averaged over the replications.
struct Line {
    name: String,
    times: Vec<f64>,
    values: Vec<f64>,
}

impl Line {
    /// Creates the sum of the matching series, times a factor; `None` if none matches.
    fn new(
        fold: &Fold,
        name: &str,
        kind: &str,
        entities: &[String],
        metrics: &[&str],
        factor: f64,
    ) -> Option<Line> {
        let matches = |s: &crate::measure::Series| {
            s.kind == kind && metrics.contains(&s.metric) && entities.contains(&s.entity)
        };
        let matching: Vec<usize> =
            (0..fold.series.len()).filter(|&index| matches(&fold.series[index])).collect();
        if matching.is_empty() {
            return None;
        }
        let times = fold
            .course
            .iter()
            .map(|window| (window.start.seconds() + window.end.seconds()) / 2.0)
            .collect();
        let sum = |window: &crate::experiment::SeriesMean| {
            matching.iter().map(|&index| window.mean(index)).sum::<f64>() * factor
        };
        Some(Line { name: name.to_string(), times, values: fold.course.iter().map(sum).collect() })
    }
    fn largest(&self) -> f64 {
        self.values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max)
    }
    fn mean(&self) -> f64 {
        self.values.iter().filter(|value| value.is_finite()).sum::<f64>()
            / self.values.len().max(1) as f64
    }
}

/// Returns the lines with the largest means, and the number of all lines that are not zero.
fn most(mut lines: Vec<Line>) -> (Vec<Line>, usize) {
    lines.retain(|line| line.largest() > 0.0);
    let all = lines.len();
    lines.sort_by(|a, b| b.mean().total_cmp(&a.mean()));
    lines.truncate(LINES);
    (lines, all)
}

/// Returns the panel of latency quantiles per window, or of the mean if window quantiles are not
/// recorded.
pub(crate) fn latency(frame: &Frame, fold: &Fold, workload: &str) -> Option<Panel> {
    let of = |name: &str, metric: &str| {
        Line::new(fold, name, "workload", &[workload.to_string()], &[metric], 1.0)
    };
    let mut lines: Vec<Line> = ["p50", "p95", "p99"]
        .into_iter()
        .filter_map(|stat| of(stat, &format!("latency_{stat}")))
        .collect();
    let what = if lines.is_empty() { "Mean latency" } else { "Latency" };
    if lines.is_empty() {
        lines.extend(of("mean", "latency"));
    }
    let (unit, factor) = if lines.iter().map(Line::largest).fold(0.0, f64::max) >= 2.0 {
        ("s", 1.0)
    } else {
        ("ms", 1e3)
    };
    lines.iter_mut().flat_map(|line| &mut line.values).for_each(|value| *value *= factor);
    let title = format!("{what} of {} over time", shortened(workload, NAME));
    frame.panel(&title, &format!("latency, {unit}"), lines, true)
}

/// Returns the panel of throughput: offered and answered requests of a single workload, answered
/// requests of several.
pub(crate) fn throughput(frame: &Frame, scenario: &Scenario, fold: &Fold) -> Option<Panel> {
    let of = |name: &str, workload: &String, metric: &str| {
        Line::new(fold, name, "workload", std::slice::from_ref(workload), &[metric], 1.0)
    };
    match scenario.workload.keys().collect::<Vec<_>>().as_slice() {
        [only] => {
            let lines = [("offered", "offered_rate"), ("answered", "throughput")]
                .into_iter()
                .filter_map(|(name, metric)| of(name, only, metric));
            frame.panel("Requests offered and answered", "requests/s", lines.collect(), false)
        }
        several => {
            let (lines, all) =
                most(several.iter().filter_map(|name| of(name, name, "throughput")).collect());
            frame.panel(&title("Requests answered", "largest", all), "requests/s", lines, false)
        }
    }
}

/// Returns the panel of the failure rate of each workload.
pub(crate) fn failures(frame: &Frame, scenario: &Scenario, fold: &Fold) -> Option<Panel> {
    let of = |name: &String| {
        Line::new(fold, name, "workload", std::slice::from_ref(name), &["failure_rate"], 1.0)
    };
    let (lines, all) = most(scenario.workload.keys().filter_map(of).collect());
    frame.panel(&title("Requests failed", "largest", all), "failures/s", lines, false)
}

/// An instance, or all instances of a service.
struct Machine {
    name: String,
    instances: Vec<String>,
    cores: f64,
}

/// Returns the instances if there are few, otherwise the services.
fn all_machines(scenario: &Scenario) -> Vec<Machine> {
    let mut services = Vec::new();
    for (service, spec) in &scenario.services {
        let cores = |runtime: &crate::scenario::Runtime, cpu| f64::from(runtime.cores(cpu));
        let own: Vec<(String, f64)> = match spec.instances.is_empty() {
            true => (1..=spec.replicas)
                .map(|k| (format!("{service}#{k}"), cores(&spec.runtime, spec.instance.cpu)))
                .collect(),
            false => spec
                .instances
                .iter()
                .map(|(name, own)| (name.clone(), cores(&own.runtime, own.instance.cpu)))
                .collect(),
        };
        services.push((service, own));
    }
    let are_few = services.iter().map(|(_, own)| own.len()).sum::<usize>() <= LINES;
    let machines = services.into_iter().flat_map(|(service, own)| match are_few {
        true => own
            .into_iter()
            .map(|(name, cores)| Machine { name: name.clone(), instances: vec![name], cores })
            .collect::<Vec<_>>(),
        false => {
            let cores = own.iter().map(|(_, cores)| cores).sum();
            vec![Machine {
                name: service.clone(),
                instances: own.into_iter().map(|(name, _)| name).collect(),
                cores,
            }]
        }
    });
    machines.collect()
}

/// Returns the panels of utilisation, queues, I/O and memory, the largest first.
pub(crate) fn machines(frame: &Frame, scenario: &Scenario, fold: &Fold) -> Vec<Panel> {
    let machines = all_machines(scenario);
    let panel = |what: &str,
                 superlative: &str,
                 unit: &str,
                 metrics: &[&str],
                 factor: &dyn Fn(&Machine) -> f64| {
        let line = |machine: &Machine| {
            Line::new(fold, &machine.name, "instance", &machine.instances, metrics, factor(machine))
        };
        // Requests that wait at a load balancer are in no instance.
        let queue = |service: &String| {
            Line::new(fold, service, "balancer", std::slice::from_ref(service), metrics, 1.0)
        };
        let (lines, all) = most(
            machines
                .iter()
                .filter_map(line)
                .chain(scenario.services.keys().filter_map(queue))
                .collect(),
        );
        // A single line has no legend: the title names it.
        let whose = if lines.len() == 1 {
            format!(" of {}", shortened(&lines[0].name, NAME))
        } else {
            String::new()
        };
        frame.panel(&format!("{}{whose}", title(what, superlative, all)), unit, lines, false)
    };
    let waiting: Vec<&str> = queues().map(|queue| queue.name).collect();
    let panels = [
        panel("CPU busy", "busiest", "% of usable cores", &["busy_cores"], &|machine| {
            100.0 / machine.cores.max(1.0)
        }),
        panel("Waiting for a core, memory or admission", "longest", "requests", &waiting, &|_| 1.0),
        panel("Awaiting I/O", "most", "requests", &["io_waiting"], &|_| 1.0),
        panel("Memory in use", "fullest", "MiB", &["memory_used"], &|_| 1.0 / (1024.0 * 1024.0)),
    ];
    panels.into_iter().flatten().collect()
}

/// Returns a title that says if not all lines are shown.
fn title(what: &str, superlative: &str, all: usize) -> String {
    if all > LINES {
        format!("{what} (the {LINES} {superlative} of {all})")
    } else {
        what.to_string()
    }
}
