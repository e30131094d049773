//! `warmup.parquet`: the curves from which the warm-up was estimated.

use super::column::{entity, number, text, unit};
use super::{Column, Table};
use crate::experiment::{Curve, WarmupResult};
use crate::units::Time;

/// The curves of the pilot.
pub(crate) struct WarmupTable;

/// A window of a curve.
pub(crate) struct CurveRow<'r> {
    curve: &'r Curve,
    start: Time,
    mean: f64,
    welch: f64,
    cut_s: f64,
}

impl Table for WarmupTable {
    type Row<'r> = CurveRow<'r>;
    const FILE: &'static str = "warmup.parquet";
    const ROW: &'static str = "one window of one series that the warm-up was found by";
    const COLUMNS: &'static [Column<WarmupTable>] = &[
        text("kind", "workload or service", |r| r.curve.kind),
        entity(|r| &r.curve.entity),
        text(
            "metric",
            "latency, or waiting: requests that wait for a core, memory or admission",
            |r| r.curve.metric,
        ),
        unit(|r| r.curve.unit),
        number("start_s", "s", "beginning of the window", |r| r.start.seconds()),
        number("mean", "unit", "mean over the replications of the pilot", |r| r.mean),
        number("welch", "unit", "Welch's moving average", |r| r.welch),
        number("cut_s", "s", "where MSER-5 cuts this series", |r| r.cut_s),
        text("reached", "yes, or no if it does not settle within half of the run", |r| {
            if r.curve.reached { "yes" } else { "no" }
        }),
    ];
}

/// Returns the windows of all curves.
pub(crate) fn rows(warmup: &WarmupResult) -> impl Iterator<Item = CurveRow<'_>> {
    warmup.curves.iter().flat_map(|curve| {
        let cut_s = warmup.starts.get(curve.cut).map_or(0.0, |start| start.seconds());
        let windows = warmup.starts.iter().zip(&curve.mean).enumerate();
        windows.map(move |(window, (start, mean))| CurveRow {
            curve,
            start: *start,
            mean: *mean,
            // The moving average ends earlier.
            welch: curve.welch.get(window).copied().unwrap_or(f64::NAN),
            cut_s,
        })
    })
}
