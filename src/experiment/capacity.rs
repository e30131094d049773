//! Capacity search: the largest (or smallest) value of a parameter at which all objectives are met.
//!
//! Law: the ends of the range and today's value are tried first. If one end meets the objectives,
//! they are assumed to change from met to missed once, and the interval in which that happens is
//! bisected (`search.rs`). If neither end does, values in between are tried on ever finer grids
//! until one meets them; then both edges of that region are located. All values use the same
//! arrivals and demands (common random numbers). At each value the number of replications is
//! doubled until the interval of every goal lies on one side of its bound, an overload is detected,
//! or the maximum is reached: then the value is too near the bound to tell, and the nearest
//! conclusive values on both sides of it bound the answer. Which replications are run depends only
//! on their values.
//! Limits: if several regions of the range meet the objectives, one is found; a region between two
//! neighbours of the eight values tried may be missed (the values are spaced geometrically if the
//! range is wide, otherwise evenly). The confidence is that of each value tried, not of the whole
//! search: errors are likely only next to the answer, where they matter little.
//! Checked: `tests/it/capacity.rs` against M/M/1 and Erlang C, and on systems that meet their
//! objectives only in the middle, everywhere, or nowhere.

use super::drive::Options;
use super::error::ExperimentError;
use super::results::{MOST_FAILED, Results, Row, SloResult};
use super::run::Progress;
use super::search::{Search, failures};
use crate::design::notation::Notation;
use crate::design::value::{self, Kind};
use crate::measure::WAITS;
use crate::problem::{Problem, Problems, Severity};
use crate::scenario::{Scenario, Template};
use crate::stats::Estimate;
use serde_json::{Value, json};

/// The number of parts into which a range is divided, with a trial at each boundary, before the
/// search gives up.
const PARTS: u32 = 8;

/// The verdict on one value of the parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// All goals are conclusively met: their intervals lie on the good side of the bounds.
    Meets,
    /// A goal is conclusively missed, the system is overloaded, or at least half of the requests of
    /// a workload conclusively fail.
    Misses,
    /// Inconclusive: an interval still crosses its bound or rests on too little data, or
    /// `run.limits.in_flight` was reached although no overload is known.
    Undecided,
}

impl Verdict {
    /// Returns the verdict as it is written in the result files.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Meets => "meets",
            Verdict::Misses => "misses",
            Verdict::Undecided => "too near to tell",
        }
    }
}

/// A value of the parameter that was tried, and its results.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trial {
    /// The value as written in the scenario, with its unit.
    pub value: Value,
    /// The value in the base unit (s, B, 1/s …).
    pub number: f64,
    /// The number of replications run.
    pub replications: u32,
    /// Whether the goals are met at this value.
    pub verdict: Verdict,
    /// The limit of requests in flight, if it was reached and the verdict is therefore unknown.
    pub limit_reached: Option<u64>,
    /// The goals of the search, with their estimates.
    pub goals: Vec<SloResult>,
    /// All results at this value.
    pub results: Results,
}

/// What requests wait for most, and where.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bottleneck {
    /// `service`, `lock` or `pool`.
    pub kind: String,
    /// The service, or the lock or pool (such as `api#1.stock`), with the longest queue of those
    /// that wait for it; if nothing waits, the service with the highest CPU utilisation.
    pub entity: String,
    /// Its utilisation, in 0 to 1: of the cores of a service, of the permits of a lock, of the
    /// connections of a pool.
    pub utilisation: f64,
    /// The largest waiting time of the first workload: `queue`, `memory`, `admission`, `lock` or
    /// `pool`; `None` if nothing waits.
    pub waits_for: Option<String>,
    /// That waiting time as a share of the mean latency, in 0 to 1; NaN if nothing was answered.
    pub share_of_latency: f64,
}

/// The limit that is searched for: which part of the range meets the objectives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchTarget {
    /// Values up to a limit meet them: the largest is searched for.
    Largest,
    /// Values from a limit upwards meet them: the smallest is searched for.
    Smallest,
    /// Values between two limits meet them: both are searched for.
    Range,
    /// There is no limit within the range: all values tried meet the objectives, or none does, and
    /// neither end is conclusively better.
    Either,
}

impl SearchTarget {
    /// Returns the name of the target in the result files.
    pub fn name(self) -> &'static str {
        match self {
            SearchTarget::Largest => "largest",
            SearchTarget::Smallest => "smallest",
            SearchTarget::Range => "range",
            SearchTarget::Either => "either",
        }
    }
}

/// An edge of the region in which the objectives are met.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct CapacityLimit {
    /// The last value tried that conclusively meets all goals.
    pub meets: f64,
    /// The next value tried beyond it, which does not conclusively meet them, and its verdict.
    pub next: (f64, Verdict),
    /// The nearest value beyond the edge that conclusively misses a goal; `None` if all values
    /// tried there are inconclusive.
    pub misses: Option<f64>,
    /// Where the goals are just met, interpolated between the two from the goal nearest to its
    /// bound; the last value that meets them if the next one reached a limit of the run.
    pub estimate: f64,
}

/// The answer of a capacity search. Numbers are in the base unit of the parameter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CapacityResult {
    /// The path of the parameter.
    pub path: String,
    /// The kind of quantity that the parameter is.
    pub kind: Kind,
    /// The notation of its values: the unit used in the scenario.
    pub notation: Notation,
    /// Whether the largest value, the smallest, or both were searched for.
    pub target: SearchTarget,
    /// The last value that conclusively meets all goals; `None` if no value tried does.
    pub meets: Option<f64>,
    /// The first value beyond it that conclusively misses a goal; `None` if no value tried does.
    pub misses: Option<f64>,
    /// Where the goals are just met, between the two; the end of the range if all of it meets them;
    /// NaN if no value tried meets them.
    pub estimate: f64,
    /// The edge to which these values belong; `None` if all values tried meet the goals, or none
    /// does.
    pub edge: Option<CapacityLimit>,
    /// The lower edge, if the goals are met only in the middle of the range.
    pub lower: Option<CapacityLimit>,
    /// All values tried, in ascending order.
    pub tried: Vec<Trial>,
    /// The bottleneck at the last value that meets all goals.
    pub bottleneck: Option<Bottleneck>,
    /// The value in the scenario as it is, if it has one of the same kind.
    pub today: Option<f64>,
}

impl Trial {
    /// Returns what requests wait for at this value, and where; `None` if no utilisation was
    /// measured.
    pub fn bottleneck(&self) -> Option<Bottleneck> {
        bottleneck(&self.results)
    }

    /// Returns the share of failed requests of each workload without a goal for it.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&str, &Estimate)> {
        failures(&self.results, &self.goals)
    }

    /// Returns whether the interval of a workload's failures contains the share from which on a
    /// value counts as missed, so that nothing is decided.
    pub(crate) fn about_half_fail(&self) -> bool {
        self.failures().any(|(_, share)| share.low < MOST_FAILED && MOST_FAILED <= share.high)
    }

    /// Returns the margin of the goal nearest to being missed, as a share of its bound; negative if
    /// it is missed. Without any answered request no goal is met, and the margin is −∞.
    pub(super) fn margin(&self) -> f64 {
        let least =
            self.goals.iter().map(|goal| margin(goal, goal.estimate)).fold(f64::INFINITY, f64::min);
        // An overload is a miss, whatever the goals report.
        if self.verdict == Verdict::Misses && least > 0.0 { f64::NEG_INFINITY } else { least }
    }

    /// Returns whether the margin is conclusively larger than that of `other`: the intervals of the
    /// goal that is decisive here do not overlap.
    pub(super) fn is_conclusively_better(&self, other: &Trial) -> bool {
        let worst =
            |goal: &SloResult| margin(goal, if goal.at_most { goal.high } else { goal.low });
        let best = |goal: &SloResult| margin(goal, if goal.at_most { goal.low } else { goal.high });
        let pairs = self.goals.iter().zip(&other.goals);
        let deciding =
            pairs.min_by(|a, b| margin(a.1, a.1.estimate).total_cmp(&margin(b.1, b.1.estimate)));
        self.margin() > other.margin()
            && deciding.is_some_and(|(mine, theirs)| worst(mine) > best(theirs))
    }
}

impl CapacityResult {
    /// Returns how far the answer exceeds today's value, as a share of today's (0.25 for 25 %
    /// more). `None` if either is unknown, if the range ends before the objectives are missed, or
    /// if today's value lies below a lower edge, where more of the parameter helps.
    pub fn headroom(&self) -> Option<f64> {
        self.edge?;
        if self.lower.zip(self.today).is_some_and(|(lower, today)| today < lower.estimate) {
            return None;
        }
        self.today.map(|today| self.estimate / today - 1.0).filter(|share| share.is_finite())
    }

    /// Returns whether the values tried have the same verdict and the same latencies, to the
    /// nanosecond. With common random numbers, this is exact if the parameter has no effect. Equal
    /// error ratios alone show nothing: they are 0 wherever the system keeps up.
    pub fn makes_no_difference(&self) -> bool {
        let is_equal = |pair: &[Trial]| {
            let goals = pair[0].goals.iter().zip(&pair[1].goals);
            pair[0].verdict == pair[1].verdict
                && goals.into_iter().all(|(one, other)| one.estimate == other.estimate)
        };
        let has_latency = |tried: &Trial| tried.goals.iter().any(|goal| goal.metric == "latency");
        self.tried.len() > 1
            && self.tried.iter().all(has_latency)
            && self.tried.windows(2).all(is_equal)
    }

    /// Returns the trial with the largest margin: the one that meets its goals by most, or comes
    /// nearest to it.
    pub fn nearest(&self) -> Option<&Trial> {
        self.tried.iter().max_by(|a, b| a.margin().total_cmp(&b.margin()))
    }

    /// Returns a value, given in the base unit, as the scenario writes it.
    pub fn written(&self, base: f64) -> Value {
        self.notation.write(base)
    }

    /// Returns the lower edge as JSON; null if there is none.
    pub(crate) fn lower_edge(&self) -> Value {
        self.lower.map_or(Value::Null, |edge| {
            let misses = edge.misses.map_or(Value::Null, |base| self.written(base));
            json!({ "capacity": self.written(edge.estimate), "number": edge.estimate, "meets": self.written(edge.meets), "misses": misses })
        })
    }

    /// Returns the trial at a value, given in the base unit; `None` if it was not tried.
    pub fn tried_at(&self, number: f64) -> Option<&Trial> {
        self.tried.iter().find(|tried| tried.number == number)
    }
}

/// Runs the search described by a scenario's `capacity`.
///
/// # Errors
/// If the scenario has no `capacity`, a value is invalid, or a replication fails for a reason other
/// than too many requests in flight, which counts as a miss or is inconclusive.
pub(crate) fn capacity(
    template: &Template,
    scenario: &Scenario,
    options: Options,
    show: &mut dyn FnMut(Progress, &str),
) -> Result<CapacityResult, ExperimentError> {
    let question = scenario.capacity.as_ref().ok_or_else(|| {
        let problem =
            Problem::new(Severity::Error, "capacity", "the scenario has no `capacity` section");
        Problems::from(problem.help("write `capacity: { vary: …, from: …, to: … }`"))
    })?;
    let kind = question.kind();
    let now = template.value_at(&question.vary).filter(|now| value::base(now, kind).is_some());
    let notation = Notation::of(now.as_ref().unwrap_or(&question.from), kind);
    let mut search = Search::new(template, scenario, question, notation, options, show);
    let [from, to] =
        [&question.from, &question.to].map(|end| value::base(end, kind).unwrap_or(f64::NAN));
    let ends = [search.at(from)?, search.at(to)?];
    let today = now.and_then(|now| value::base(&now, kind));
    let tried_today = today.filter(|today| {
        *today > from && *today < to && (!question.is_whole() || today.fract() == 0.0)
    });
    if let Some(today) = tried_today {
        search.at(today)?;
    }
    let target = match ends {
        [Verdict::Meets, Verdict::Meets] => search.better_end(from, to),
        [Verdict::Meets, _] => SearchTarget::Largest,
        // An inconclusive low end may meet the goals as well; then the verdicts do not determine a
        // direction.
        [Verdict::Undecided, Verdict::Meets] if !search.looks_missed(from) => {
            search.better_end(from, to)
        }
        [_, Verdict::Meets] => SearchTarget::Smallest,
        _ if search.any_in_the_middle(from, to, PARTS)? => SearchTarget::Range,
        _ => search.better_end(from, to),
    };
    let (lower, edge) = match target {
        SearchTarget::Largest | SearchTarget::Either => (None, search.edge(from, true)?),
        SearchTarget::Smallest => (None, search.edge(to, false)?),
        SearchTarget::Range => {
            let inside = search.best();
            (search.edge(inside, false)?, search.edge(inside, true)?)
        }
    };
    let all = if target == SearchTarget::Smallest { from } else { to };
    let is_met = ends.contains(&Verdict::Meets);
    let meets = edge.map(|edge| edge.meets).or(is_met.then_some(all));
    let estimate = edge.map(|edge| edge.estimate).or(meets).unwrap_or(f64::NAN);
    let misses = edge.map_or_else(
        || search.nearest_miss(if target == SearchTarget::Smallest { to } else { from }, |_| true),
        |edge| edge.misses,
    );
    let mut tried = search.tried;
    tried.sort_by(|a, b| a.number.total_cmp(&b.number));
    let bottleneck = meets
        .and_then(|at| tried.iter().find(|tried| tried.number == at))
        .and_then(Trial::bottleneck);
    let (path, notation) = (question.vary.clone(), search.notation);
    Ok(CapacityResult {
        path,
        kind,
        notation,
        target,
        meets,
        misses,
        estimate,
        edge,
        lower,
        tried,
        bottleneck,
        today,
    })
}

/// Returns the margin of a goal at a value, as a share of its bound; −∞ if the value is NaN.
fn margin(goal: &SloResult, value: f64) -> f64 {
    let room = if goal.at_most { goal.bound - value } else { value - goal.bound };
    let share = if goal.bound == 0.0 { room } else { room / goal.bound };
    if share.is_nan() { f64::NEG_INFINITY } else { share }
}

/// Returns what requests wait for most, and where: the longest queue of that kind. A resource may
/// be busier, such as a lock of one user, without a request that waits for it.
fn bottleneck(results: &Results) -> Option<Bottleneck> {
    let value = |row: &Row| row.estimate.estimate;
    let highest = |kind: &str, metric: &str| {
        let rows = results.rows.iter().filter(|row| {
            row.kind == kind && row.metric == metric && row.stat == "mean" && !value(row).is_nan()
        });
        rows.max_by(|a, b| value(a).total_cmp(&value(b)))
    };
    let workload = results
        .rows
        .iter()
        .find(|row| row.kind == "workload" && row.metric == "latency" && row.stat == "mean")?;
    let waits = WAITS.into_iter().map(|wait| {
        let part = format!("time_in.{}", wait.part);
        (wait, results.find("workload", &workload.entity, &part, "mean").map_or(0.0, value))
    });
    let longest = waits.filter(|(_, seconds)| *seconds > 0.0).max_by(|a, b| a.1.total_cmp(&b.1));
    let (place, waits_for, seconds) = match longest {
        Some((wait, seconds)) => (highest(wait.kind, wait.queue)?, Some(wait.part), seconds),
        None => (highest("service", "utilisation")?, None, 0.0),
    };
    let utilisation = results.find(place.kind, &place.entity, "utilisation", "mean")?;
    Some(Bottleneck {
        kind: place.kind.to_string(),
        entity: place.entity.clone(),
        utilisation: value(utilisation),
        waits_for: waits_for.map(str::to_string),
        share_of_latency: seconds / value(workload),
    })
}
