//! `warmup: auto`: how much of the beginning is not yet steady state.
//!
//! Law: a pilot of a few replications without warm-up yields, window by window and averaged over
//! the replications, the latency of each workload and the number of requests waiting in each
//! service (for a core, memory or admission). MSER-5 (`stats::mser5`) truncates each series; the
//! longest cut is the warm-up of all. If any series does not settle within half of the run, the
//! warm-up is "not reached": run longer. The pilot depends only on the scenario and its seed.
//! Checked: `tests/it/warmup.rs`.

use super::cell::{self, CellRecord, Failure};
use super::parallel::Parallel;
use crate::measure::{Layout, queues};
use crate::plan::Plan;
use crate::stats;
use crate::units::{Span, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The number of replications of the pilot.
const PILOTS: u32 = 10;
/// The minimum number of windows of a pilot: twice what MSER-5 needs to settle.
const WINDOWS_MIN: u64 = 100;
/// Welch's average spans this fraction (1/40) of the series to each side.
const WELCH_SHARE: usize = 40;

/// One series, averaged over the replications of the pilot.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Curve {
    /// `workload` or `service`.
    pub kind: &'static str,
    /// The name of the workload or service.
    pub entity: String,
    /// `latency` or `waiting`.
    pub metric: &'static str,
    /// The unit of the values: `s` for a latency, `1` for a number of requests.
    pub unit: &'static str,
    /// The means over the pilot, by window.
    pub mean: Vec<f64>,
    /// Welch's moving averages, by window; shorter than `mean`.
    pub welch: Vec<f64>,
    /// The number of windows that are cut.
    pub cut: usize,
    /// Whether the series settles within its first half.
    pub reached: bool,
}

/// The warm-up determined by a pilot.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WarmupResult {
    /// The length of the warm-up.
    pub cut: Span,
    /// Whether all series settle within half of the run.
    pub reached: bool,
    /// The series with the longest cut, such as `latency of users`; `None` if nothing was cut.
    pub decided_by: Option<String>,
    /// All series.
    pub curves: Vec<Curve>,
    /// The start times of the windows.
    pub starts: Vec<Time>,
    /// The first fault or load stage of the scenario, beyond which the warm-up does not reach.
    pub limit: Option<FirstChange>,
}

/// The first fault or load stage of a run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FirstChange {
    /// The time at which it begins.
    pub at: Span,
    /// Its name as the subject of a sentence: ``the fault `slow db` ``.
    pub subject: String,
}

impl WarmupResult {
    /// Returns the note about the warm-up.
    pub fn note(&self) -> String {
        let discarded = if self.cut == Span::ZERO {
            "nothing is discarded".into()
        } else {
            format!("the first {} are discarded anyway", self.cut)
        };
        let by = self.decided_by.as_ref().map_or(String::new(), |by| format!(" ({by})"));
        match (&self.decided_by, self.reached, &self.limit) {
            (_, _, Some(FirstChange { at, subject })) if *at == Span::ZERO => {
                format!(
                    "no warm-up was determined, because {subject} changes from the start of the run: set `run.warmup` explicitly if one is needed"
                )
            }
            (_, false, Some(FirstChange { at, subject })) => {
                format!(
                    "no steady state within half of the {at} before {subject}{by}; {discarded}: let the change begin later"
                )
            }
            (_, false, None) => {
                format!("no steady state within half of the run{by}; {discarded}: run longer")
            }
            (Some(by), true, _) => {
                format!("MSER-5 determined a warm-up of {} (from the {by})", self.cut)
            }
            (None, true, _) => "no warm-up is needed (MSER-5)".to_string(),
        }
    }
}

/// Runs the pilot of a plan without warm-up, up to the first change, on `threads` threads, and
/// determines the warm-up.
///
/// # Errors
/// If a replication fails, or `interrupted` is set.
pub(crate) fn find(
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
    let waiting: Vec<&str> = queues().map(|queue| queue.name).collect();
    let mut curves = Vec::new();
    for workload in &layout.workloads {
        let latency = series
            .iter()
            .position(|s| s.kind == "workload" && s.entity == *workload && s.metric == "latency");
        curves.extend(
            latency.map(|index| curve(("workload", workload, "latency", "s"), &[index], records)),
        );
    }
    let of_instance: BTreeMap<&str, usize> =
        layout.instances.iter().map(|i| (i.name.as_str(), i.service as usize)).collect();
    let of_balancer: BTreeMap<&str, usize> =
        layout.services.iter().enumerate().map(|(id, name)| (name.as_str(), id)).collect();
    let of_resource: BTreeMap<&str, usize> =
        layout.resources.iter().map(|r| (r.name.as_str(), r.service as usize)).collect();
    let mut by_service = vec![Vec::new(); layout.services.len()];
    for (index, series) in
        series.iter().enumerate().filter(|(_, series)| waiting.contains(&series.metric))
    {
        let service = match series.kind {
            "instance" => of_instance.get(series.entity.as_str()),
            "balancer" => of_balancer.get(series.entity.as_str()),
            _ => of_resource.get(series.entity.as_str()),
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

/// Returns the mean over records of the sum of some series.
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
    let truncation = stats::mser5(&mean);
    let welch = stats::welch(&mean, windows / WELCH_SHARE);
    // Nothing waits, or nothing is answered, at any time: there is nothing to settle.
    let is_empty = mean.iter().all(|value| !value.is_finite() || *value == 0.0);
    let (kind, entity, metric, unit) = name;
    Curve {
        kind,
        entity: entity.to_string(),
        metric,
        unit,
        cut: truncation.observations,
        reached: truncation.reached || is_empty,
        mean,
        welch,
    }
}
