//! `warmup: auto`: how much of the beginning is not yet the steady state.
//!
//! Law: a pilot of a few replications without warm-up gives, window by window and averaged over
//! them, the latency of each workload and the number of requests that wait in each service (for a
//! core, memory or admission). MSER-5 (`stats::mser5`) cuts each; the longest cut is the warm-up of
//! all. One of them that does not settle within half of the run makes it a warm-up that is "not
//! reached": run longer. The pilot is a function of the scenario and its seed alone. Checked:
//! `tests/it/warmup.rs`.

use super::cell::{self, CellRecord, Failure};
use super::parallel::Parallel;
use crate::measure::Layout;
use crate::plan::Plan;
use crate::stats;
use crate::units::{Span, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Replications of the pilot.
const PILOTS: u32 = 10;
/// So many windows a pilot has at least: twice what MSER-5 needs to settle somewhere.
const WINDOWS_MIN: u64 = 100;
/// Welch's average is over so much of the series to each side.
const WELCH_SHARE: usize = 40;

/// One series, averaged over the pilot.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// `workload` or `service`.
    pub kind: &'static str,
    /// Its name.
    pub entity: String,
    /// `latency` or `waiting`.
    pub metric: &'static str,
    /// Unit of the values.
    pub unit: &'static str,
    /// By window: the mean over the pilot.
    pub mean: Vec<f64>,
    /// By window: Welch's moving average; shorter than `mean`.
    pub welch: Vec<f64>,
    /// Windows that are cut.
    pub cut: usize,
    /// Whether it settles.
    pub reached: bool,
}

/// The warm-up that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct WarmupResult {
    /// Its length.
    pub cut: Span,
    /// Whether everything settles within half of the run.
    pub reached: bool,
    /// The curve that needed it; none if nothing was cut.
    pub decided_by: Option<String>,
    /// All curves.
    pub curves: Vec<Curve>,
    /// Beginnings of the windows.
    pub starts: Vec<Time>,
    /// The first change on purpose, into which it does not reach.
    pub limit: Option<FirstChange>,
}

/// The first fault or stage of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstChange {
    /// When it begins.
    pub at: Span,
    /// What changes: ``the fault `slow db` ``.
    pub subject: String,
}

impl WarmupResult {
    /// What a careful reader would want to know.
    pub fn note(&self) -> String {
        let left_out = if self.cut == Span::ZERO {
            "nothing is left out".into()
        } else {
            format!("the first {} are left out anyway", self.cut)
        };
        let by = self.decided_by.as_ref().map_or(String::new(), |by| format!(" ({by})"));
        match (&self.decided_by, self.reached, &self.limit) {
            (_, _, Some(FirstChange { at, subject })) if *at == Span::ZERO => {
                format!(
                    "no warm-up is looked for, because {subject} changes from the beginning on: set `run.warmup` yourself if one is needed"
                )
            }
            (_, false, Some(FirstChange { at, subject })) => {
                format!(
                    "no steady state within half of the {at} before {subject}{by}; {left_out}: let it begin later"
                )
            }
            (_, false, None) => {
                format!("no steady state within half of the run{by}; {left_out}: run longer")
            }
            (Some(by), true, _) => {
                format!("the warm-up of {} was found by MSER-5 ({by} needs it)", self.cut)
            }
            (None, true, _) => "no warm-up is needed (MSER-5)".to_string(),
        }
    }
}

/// Runs the pilot of a plan without warm-up, up to the first change, on so many threads, and finds
/// where it settles.
///
/// # Errors
/// If one of its replications fails, or `interrupted` is set meanwhile.
pub fn find(
    plan: &Plan,
    limit: Option<FirstChange>,
    threads: usize,
    interrupted: &AtomicBool,
) -> Result<WarmupResult, Failure> {
    let mut pilot = plan.clone();
    if let Some(FirstChange { at, .. }) = &limit {
        if *at == Span::ZERO {
            return Ok(WarmupResult {
                cut: Span::ZERO,
                reached: false,
                decided_by: None,
                curves: Vec::new(),
                starts: Vec::new(),
                limit,
            });
        }
        pilot.horizon = Time(at.0);
        pilot.window = Span((at.0 / WINDOWS_MIN).clamp(1, plan.window.0));
    }
    let layout = &mut pilot.layout;
    (layout.phases, layout.recoveries, layout.has_quantile_series) =
        (Vec::new(), Vec::new(), false);
    (pilot.keep_series, pilot.trace_share, pilot.control_variates) = (true, 0.0, false);
    (pilot.measured_from, pilot.regime_from) = (Time::ZERO, Time::ZERO);
    let pilot = Arc::new(pilot);
    let run = |replication| cell::run(&pilot, replication, interrupted);
    let records = Parallel::new(threads)
        .each((0..PILOTS).collect(), run)
        .into_iter()
        .collect::<Result<Vec<CellRecord>, Failure>>()?;
    let starts: Vec<Time> = records
        .first()
        .map_or(Vec::new(), |record| record.series.iter().map(|row| row.start).collect());
    let curves = curves(&pilot.layout, &records);
    let longest = curves
        .iter()
        .max_by_key(|curve| (!curve.reached, curve.cut))
        .filter(|curve| curve.cut > 0 || !curve.reached);
    let cut = curves.iter().map(|curve| curve.cut).max().unwrap_or(0);
    Ok(WarmupResult {
        cut: starts.get(cut).map_or(Span::ZERO, |start| Span(start.0)),
        reached: curves.iter().all(|curve| curve.reached),
        decided_by: longest.map(|curve| format!("{} of {}", curve.metric, curve.entity)),
        curves,
        starts,
        limit,
    })
}

fn curves(layout: &Layout, records: &[CellRecord]) -> Vec<Curve> {
    let series = layout.series();
    let waiting = ["ready_queue", "memory_queue", "admission_queue"];
    let mut curves = Vec::new();
    for workload in &layout.workloads {
        let of = series
            .iter()
            .position(|s| s.kind == "workload" && s.entity == *workload && s.metric == "latency");
        curves.extend(
            of.map(|index| curve(("workload", workload, "latency", "s"), &[index], records)),
        );
    }
    let of_instance: BTreeMap<&str, usize> =
        layout.instances.iter().map(|i| (i.name.as_str(), i.service as usize)).collect();
    let of_balancer: BTreeMap<&str, usize> =
        layout.services.iter().enumerate().map(|(id, name)| (name.as_str(), id)).collect();
    let mut by_service = vec![Vec::new(); layout.services.len()];
    for (index, series) in
        series.iter().enumerate().filter(|(_, series)| waiting.contains(&series.metric))
    {
        let service = match series.kind {
            "instance" => of_instance.get(series.entity.as_str()),
            "balancer" => of_balancer.get(series.entity.as_str()),
            _ => None,
        };
        if let Some(&service) = service {
            by_service[service].push(index);
        }
    }
    for (service, indices) in layout.services.iter().zip(&by_service) {
        curves.push(curve(("service", service, "waiting", "1"), indices, records));
    }
    curves
}

/// The mean over records of the sum of some series.
fn curve(
    name: (&'static str, &str, &'static str, &'static str),
    indices: &[usize],
    records: &[CellRecord],
) -> Curve {
    let windows = records.iter().map(|record| record.series.len()).min().unwrap_or(0);
    let sum = |record: &CellRecord, window: usize| {
        indices.iter().map(|&index| record.series[window].windows[index].mean).sum::<f64>()
    };
    let mean: Vec<f64> = (0..windows)
        .map(|window| {
            let known =
                records.iter().map(|record| sum(record, window)).filter(|value| value.is_finite());
            let (total, count) =
                known.fold((0.0, 0.0), |(total, count), value| (total + value, count + 1.0));
            total / count
        })
        .collect();
    let found = stats::mser5(&mean);
    let welch = stats::welch(&mean, windows / WELCH_SHARE);
    // Nobody waits, or nothing is answered, at any time: nothing to settle.
    let still = mean.iter().all(|value| !value.is_finite() || *value == 0.0);
    let (kind, entity, metric, unit) = name;
    Curve {
        kind,
        entity: entity.to_string(),
        metric,
        unit,
        cut: found.observations,
        reached: found.reached || still,
        mean,
        welch,
    }
}
