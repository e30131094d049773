//! How much can it take? The largest value of a parameter (or the smallest) at which all objectives
//! are met.
//!
//! Law: the ends of the range and today's value are tried first. Where one end meets the
//! objectives, whether they are met is taken to change once, and the part of the range in which it
//! changes is halved (`search.rs`). Where neither does, values between are tried, ever more
//! closely, until one meets them: then both edges of where they are met are found. All values have
//! the same arrivals and demands (common random numbers). At a value, replications are added, twice
//! as many each time, until the interval of every goal is on one side of its bound, an overload is
//! seen, or the most is reached: then the value is too near the bound to tell, and the nearest
//! values on both sides of which it can be told are the interval. Which replications are run
//! depends on their values alone.
//! Limits: of several parts of the range that meet the objectives, one is found; a part that lies
//! between two of the eight values tried may be missed (they are a factor apart where the range is
//! wide, else equally far). The confidence is that of each value that was tried, not of the whole
//! search: errors are likely only for values next to the answer, where they do not matter much.
//! Checked: `tests/it/capacity.rs` against M/M/1 and Erlang C, and on systems that meet their
//! objectives in the middle, everywhere, nowhere.

use super::drive::Options;
use super::error::ExperimentError;
use super::results::{Results, SloResult};
use super::run::Progress;
use super::search::Search;
use crate::design::notation::Notation;
use crate::design::value::{self, Kind};
use crate::problem::{Problem, Problems, Severity};
use crate::scenario::{Scenario, Template};
use crate::stats::Estimate;
use serde_json::{Value, json};

/// Parts into which a range is divided before it is given up: their bounds are tried.
const PARTS: u32 = 8;

/// What was found out at a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All goals are surely met.
    Meets,
    /// One is surely missed.
    Misses,
    /// Too near to tell.
    Undecided,
}

impl Verdict {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Meets => "meets",
            Verdict::Misses => "misses",
            Verdict::Undecided => "too near to tell",
        }
    }
}

/// A value that was tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// As it stands in the scenario.
    pub value: Value,
    /// In the base unit.
    pub number: f64,
    /// How many replications it took.
    pub replications: u32,
    /// What was found out.
    pub verdict: Verdict,
    /// The goals that have to be met.
    pub goals: Vec<SloResult>,
    /// Everything.
    pub results: Results,
}

/// The busiest service, and what a request waits for most.
#[derive(Clone, Debug, PartialEq)]
pub struct Bottleneck {
    /// The service whose cores are busiest.
    pub service: String,
    /// How busy, 0 to 1.
    pub utilisation: f64,
    /// What most of the waiting is for: `queue`, `memory`, `admission`; none if nobody waits.
    pub waits_for: Option<String>,
    /// The share of the latency that this is.
    pub share_of_latency: f64,
}

/// Which values meet the objectives, as far as the range tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchTarget {
    /// Those up to a value: the largest is searched.
    Largest,
    /// Those from a value on: the smallest is searched.
    Smallest,
    /// Those from one value to another: both are searched.
    Range,
    /// Both ends say the same, and neither is surely the better one: all that was tried meets the
    /// objectives, or nothing of it does.
    Either,
}

impl SearchTarget {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            SearchTarget::Largest => "largest",
            SearchTarget::Smallest => "smallest",
            SearchTarget::Range => "range",
            SearchTarget::Either => "either",
        }
    }
}

/// Where the objectives cease to be met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CapacityLimit {
    /// The last value that surely meets all goals.
    pub meets: f64,
    /// The value next to it that was tried, and what was found out there: it does not surely meet
    /// them.
    pub next: (f64, Verdict),
    /// The nearest that surely misses one; none if beyond the edge it is too near to tell.
    pub misses: Option<f64>,
    /// Where the goals are just met, between them: by interpolation of what is nearest to its
    /// bound.
    pub estimate: f64,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct CapacityResult {
    /// Path of the parameter.
    pub path: String,
    /// What the parameter is of.
    pub kind: Kind,
    /// How a value of it is written: in the unit of the scenario.
    pub notation: Notation,
    /// Whether the largest value was searched, or the smallest, or both.
    pub target: SearchTarget,
    /// The last value that surely meets all goals; none if no value that was tried does.
    pub meets: Option<f64>,
    /// The first that surely misses one; none if no value beyond `meets` does.
    pub misses: Option<f64>,
    /// Where the goals are just met, between the two; the end of the range if all of it meets them.
    pub estimate: f64,
    /// The edge that this is; none if all values that were tried meet the goals, or none.
    pub edge: Option<CapacityLimit>,
    /// Where goals that are met in the middle of the range only cease to be met below it.
    pub lower: Option<CapacityLimit>,
    /// Everything that was tried, rising.
    pub tried: Vec<Trial>,
    /// At the last value that meets all goals.
    pub bottleneck: Option<Bottleneck>,
    /// The value that the scenario has now, if it has one of that kind.
    pub today: Option<f64>,
}

impl Trial {
    /// The busiest service at this value, and what its callers wait for; none if nothing was
    /// measured.
    pub fn bottleneck(&self) -> Option<Bottleneck> {
        bottleneck(&self.results)
    }

    /// By how much of its bound the goal that is nearest to being missed is met; below 0 if it is
    /// missed. Without an answer nothing is met.
    pub(super) fn margin(&self) -> f64 {
        let least =
            self.goals.iter().map(|goal| margin(goal, goal.estimate)).fold(f64::INFINITY, f64::min);
        // An overload is a miss, whatever the goals say.
        if self.verdict == Verdict::Misses && least > 0.0 { f64::NEG_INFINITY } else { least }
    }

    /// Whether its margin is surely above that of another: the intervals of the goal that decides
    /// here do not overlap.
    pub(super) fn is_surely_better(&self, other: &Trial) -> bool {
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
    /// How much more than today's value the answer is, as a share of today's; none if one of them
    /// is not known. Where the range ends before the objectives are missed, it is not; nor below a
    /// lower edge, where more of the parameter helps.
    pub fn headroom(&self) -> Option<f64> {
        self.edge?;
        if self.lower.zip(self.today).is_some_and(|(lower, today)| today < lower.estimate) {
            return None;
        }
        self.today.map(|today| self.estimate / today - 1.0).filter(|share| share.is_finite())
    }

    /// The value that was tried whose goals are nearest to being met, or met by the most.
    pub fn nearest(&self) -> Option<&Trial> {
        self.tried.iter().max_by(|a, b| a.margin().total_cmp(&b.margin()))
    }

    /// A value of the parameter as the scenario writes it.
    pub fn written(&self, base: f64) -> Value {
        self.notation.write(base)
    }

    /// The lower edge, in JSON; null if there is none.
    pub(crate) fn lower_edge(&self) -> Value {
        self.lower.map_or(Value::Null, |edge| {
            let misses = edge.misses.map_or(Value::Null, |base| self.written(base));
            json!({ "capacity": self.written(edge.estimate), "number": edge.estimate, "meets": self.written(edge.meets), "misses": misses })
        })
    }

    /// What was found out at a value; none if it was not tried.
    pub fn tried_at(&self, number: f64) -> Option<&Trial> {
        self.tried.iter().find(|tried| tried.number == number)
    }
}

/// Searches as a scenario's `capacity` says.
///
/// # Errors
/// If a value cannot be set, or a replication fails for another reason than that the system cannot
/// hold it.
pub fn capacity(
    template: &Template,
    scenario: &Scenario,
    options: Options,
    show: &mut dyn FnMut(Progress, &str),
) -> Result<CapacityResult, ExperimentError> {
    let question = scenario.capacity.as_ref().ok_or_else(|| {
        let problem =
            Problem::new(Severity::Error, "capacity", "the scenario does not say what to search");
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
        // A low end of which too little is known to tell may meet them as well, and then the goals
        // say nothing of a direction.
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

/// By how much of its bound a goal would be met with a value; nothing is met by none.
fn margin(goal: &SloResult, value: f64) -> f64 {
    let room = if goal.at_most { goal.bound - value } else { value - goal.bound };
    let share = if goal.bound == 0.0 { room } else { room / goal.bound };
    if share.is_nan() { f64::NEG_INFINITY } else { share }
}

/// The busiest service, and what its callers wait for.
fn bottleneck(results: &Results) -> Option<Bottleneck> {
    let mean = |e: &Estimate| e.estimate;
    let services = results
        .rows
        .iter()
        .filter(|row| row.kind == "service" && row.metric == "utilisation" && row.stat == "mean");
    let busiest = services
        .filter(|row| !mean(&row.estimate).is_nan())
        .max_by(|a, b| mean(&a.estimate).total_cmp(&mean(&b.estimate)))?;
    let workload = results
        .rows
        .iter()
        .find(|row| row.kind == "workload" && row.metric == "latency" && row.stat == "mean")?;
    let waits = ["queue", "memory", "admission"].map(|part| {
        let row = results.find("workload", &workload.entity, &format!("time_in.{part}"), "mean");
        (part, row.map_or(0.0, |row| mean(&row.estimate)))
    });
    let (part, seconds) =
        waits.into_iter().fold(("", 0.0), |most, wait| if wait.1 > most.1 { wait } else { most });
    Some(Bottleneck {
        service: busiest.entity.clone(),
        utilisation: mean(&busiest.estimate),
        waits_for: (seconds > 0.0).then(|| part.to_string()),
        share_of_latency: seconds / mean(&workload.estimate),
    })
}
