//! How much can it take? The largest value of a parameter (or the smallest) at which all objectives are met.
//!
//! Law: whether the objectives are met changes once along the parameter. The ends tell in which direction; then the range in which it changes is
//! halved (in the logarithm, while it is wide). All values have the same arrivals and demands (common random numbers). At a value, replications are added,
//! twice as many each time, until the interval of every goal is on one side of its bound, an overload is seen, or the most is reached: then the value
//! is too near the bound to tell, and the nearest values on both sides of which it can be told are the interval. Which replications are run depends on
//! their values alone.
//! Limits: where more of the parameter helps first and hurts later, one of the changes is found. The confidence is that of each value that was tried, not
//! of the whole search: errors are likely only for values next to the answer, where they do not matter much.
//! Checked: `tests/it/capacity.rs` against M/M/1 and Erlang C.

use super::batch::{Member, batch};
use super::cell::Failure;
use super::drive::Options;
use super::point::Built;
use super::replications::Rule;
use super::results::{Results, SloResult};
use super::run::{Progress, RunError};
use crate::design::value::{self, Kind};
use crate::problem::Problems;
use crate::scenario::{self, Parameters, Scenario, Template};
use crate::sim::SimError;
use crate::stats::Estimate;
use serde_json::Value;
use std::sync::atomic::Ordering;

/// Replications of a value before it is first looked at.
const FIRST: u32 = 10;
/// Wider than this factor, a range is halved in the logarithm.
const WIDE: f64 = 4.0;

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
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Meets => "meets",
            Verdict::Misses => "misses",
            Verdict::Undecided => "too near to tell",
        }
    }
}

/// A value that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
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

/// The answer.
#[derive(Clone, Debug)]
pub struct Found {
    /// Path of the parameter.
    pub path: String,
    /// What the parameter is of.
    pub kind: Kind,
    /// Whether the largest value was searched, and not the smallest.
    pub is_largest: bool,
    /// The last value that surely meets all goals; none if even the easiest end does not.
    pub meets: Option<f64>,
    /// The first that surely misses one; none if even the hardest end does not.
    pub misses: Option<f64>,
    /// Where the goals are just met, between the two: by interpolation of what is nearest to its bound.
    pub estimate: f64,
    /// Everything that was tried, rising.
    pub tried: Vec<Tried>,
    /// At the last value that meets all goals.
    pub bottleneck: Option<Bottleneck>,
    /// The value that the scenario has now, if it has one of that kind.
    pub today: Option<f64>,
}

impl Tried {
    /// The busiest service at this value, and what its callers wait for; none if nothing was measured.
    pub fn bottleneck(&self) -> Option<Bottleneck> {
        bottleneck(&self.results)
    }
}

impl Found {
    /// How much more than today's value the answer is, as a share of today's; none if one of them is not known.
    pub fn headroom(&self) -> Option<f64> {
        self.today.map(|today| self.estimate / today - 1.0).filter(|share| share.is_finite())
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CapacityError {
    /// A value cannot be set.
    #[error("{0}")]
    Scenario(String),
    /// It could not be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
}

struct Search<'s> {
    template: &'s Template,
    question: &'s scenario::Capacity,
    goals: Vec<String>,
    confidence: f64,
    options: Options<'s>,
    progress: Progress,
    show: &'s mut dyn FnMut(Progress, &str),
    tried: Vec<Tried>,
}

/// Searches as a scenario's `capacity` says.
///
/// # Errors
/// If a value cannot be set, or a replication fails for another reason than that the system cannot hold it.
pub fn capacity(
    template: &Template,
    scenario: &Scenario,
    options: Options,
    show: &mut dyn FnMut(Progress, &str),
) -> Result<Found, CapacityError> {
    let question = scenario.capacity.as_ref().ok_or_else(|| CapacityError::Scenario("the scenario has no `capacity`".to_string()))?;
    let goals = if question.goals.is_empty() { scenario.slos.keys().cloned().collect() } else { question.goals.clone() };
    let confidence = scenario.run.confidence.0.fraction;
    let mut search = Search { template, question, goals, confidence, options, progress: Progress::default(), show, tried: Vec::new() };
    let kind = question.kind();
    let ends = [&question.from, &question.to].map(|end| value::base(end, kind).unwrap_or(f64::NAN));
    let (low, high) = (search.at(ends[0])?, search.at(ends[1])?);
    // The largest value is wanted where the lower end is the easier one.
    let is_largest = match (low, high) {
        (Verdict::Misses, Verdict::Meets | Verdict::Undecided) => false,
        (Verdict::Undecided, Verdict::Meets) => false,
        (Verdict::Misses, Verdict::Misses) | (Verdict::Meets, Verdict::Meets) => search.margin(ends[0]) >= search.margin(ends[1]),
        _ => true,
    };
    let (mut good, mut bad) = if is_largest { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
    let (easy, hard) = if is_largest { (low, high) } else { (high, low) };
    if easy == Verdict::Meets && hard == Verdict::Misses {
        let mut near = None;
        while near.is_none()
            && let Some(middle) = search.between(good, bad)
        {
            match search.at(middle)? {
                Verdict::Meets => good = middle,
                Verdict::Misses => bad = middle,
                // Next to each other there is nothing between: what is not sure is not met.
                Verdict::Undecided if question.is_whole() => bad = middle,
                Verdict::Undecided => near = Some((middle, middle)),
            }
        }
        // Values that are too near to tell lie between the two: from there on each is brought as near to them as is wanted.
        if let Some((mut first, mut last)) = near {
            while let Some(middle) = search.between(good, first) {
                match search.at(middle)? {
                    Verdict::Meets => good = middle,
                    Verdict::Undecided | Verdict::Misses => first = middle,
                }
            }
            while let Some(middle) = search.between(last, bad) {
                match search.at(middle)? {
                    Verdict::Misses => bad = middle,
                    Verdict::Undecided | Verdict::Meets => last = middle,
                }
            }
        }
    }
    if hard == Verdict::Meets {
        good = bad;
    }
    let meets = (easy == Verdict::Meets).then_some(good);
    let misses = (hard == Verdict::Misses || good != bad && easy == Verdict::Meets && hard == Verdict::Undecided).then_some(bad);
    let estimate = match (meets, misses) {
        (Some(good), Some(_)) if question.is_whole() => good,
        (Some(good), Some(bad)) => search.crossing(good, bad),
        (Some(good), None) => good,
        (None, _) => f64::NAN,
    };
    let bottleneck = meets.and_then(|at| search.tried.iter().find(|tried| tried.number == at)).and_then(Tried::bottleneck);
    let today = template.value_at(&question.vary).and_then(|now| value::base(&now, kind));
    search.tried.sort_by(|a, b| a.number.total_cmp(&b.number));
    Ok(Found { path: question.vary.clone(), kind, is_largest, meets, misses, estimate, tried: search.tried, bottleneck, today })
}

impl Search<'_> {
    /// The middle of two values, or none if they are near enough.
    fn between(&self, good: f64, bad: f64) -> Option<f64> {
        let (low, high) = (good.min(bad), good.max(bad));
        if self.question.is_whole() {
            let middle = ((low + high) / 2.0).floor();
            return (middle > low).then_some(middle);
        }
        let middle = if low > 0.0 && high > WIDE * low { (low * high).sqrt() } else { (low + high) / 2.0 };
        // In four digits, if that is still between them: nobody types more.
        let scale = 10f64.powi(3 - middle.abs().log10().floor() as i32);
        let rounded = (middle * scale).round() / scale;
        let middle = if rounded > low && rounded < high { rounded } else { middle };
        // As it will be written: a quantity may have no value between.
        let written = value::base(&value::written(middle, self.question.kind()), self.question.kind())?;
        (high - low > self.question.tolerance.fraction * high && written > low && written < high).then_some(written)
    }

    /// Tries a value.
    fn at(&mut self, number: f64) -> Result<Verdict, CapacityError> {
        let value = value::written(number, self.question.kind());
        let parameters = Parameters::from([(self.question.vary.clone(), value.clone())]);
        let scenario = self.template.scenario(&parameters).map_err(|problems: Problems| {
            CapacityError::Scenario(format!("{}={}: {}", self.question.vary, value::shown(&value), problems.in_one_line()))
        })?;
        let built = Built::new(scenario, false).settled(self.options.threads).map_err(RunError::Failed)?;
        let mut members = [Member::new(built, Rule::fixed(FIRST, self.confidence))];
        loop {
            let words = value::shown(&value);
            let show = &mut self.show;
            self.progress = match batch(&mut members, self.progress, self.options, &mut |progress| show(progress, &words)) {
                Ok(progress) => progress,
                Err(RunError::Failed(Failure::Limit(SimError::InFlight { .. }))) => {
                    // It cannot hold it: more requests are in it than it is allowed to have.
                    let results = Results::new(&members[0].built, &members[0].replications);
                    let goals = results.slos.iter().filter(|slo| self.goals.contains(&slo.name)).cloned().collect();
                    let replications = members[0].replications.done;
                    self.tried.push(Tried { value, number, replications, verdict: Verdict::Misses, goals, results });
                    return Ok(Verdict::Misses);
                }
                Err(error) => return Err(error.into()),
            };
            if self.options.interrupted.load(Ordering::Relaxed) {
                return Err(CapacityError::Interrupted);
            }
            let member = &members[0];
            let results = Results::new(&member.built, &member.replications);
            let goals: Vec<SloResult> = results.slos.iter().filter(|slo| self.goals.contains(&slo.name)).cloned().collect();
            let verdict = match () {
                () if !results.overloaded.is_empty() || goals.iter().any(|goal| goal.certain && !goal.pass) => Verdict::Misses,
                () if goals.iter().all(|goal| goal.certain) => Verdict::Meets,
                () => Verdict::Undecided,
            };
            let done = member.replications.done;
            if verdict == Verdict::Undecided && done < self.question.most {
                members[0].replications.want((2 * done).min(self.question.most));
                continue;
            }
            self.tried.push(Tried { value, number, replications: done, verdict, goals, results });
            return Ok(verdict);
        }
    }

    /// By how much of its bound the goal that is nearest to being missed is met, at a value that was tried.
    fn margin(&self, number: f64) -> f64 {
        self.tried.iter().find(|tried| tried.number == number).map_or(f64::NAN, margin)
    }

    /// Where the margin is 0, on the line between the nearest values that were tried on both sides.
    fn crossing(&self, good: f64, bad: f64) -> f64 {
        let between = |number: f64| number >= good.min(bad) && number <= good.max(bad);
        let mut points: Vec<(f64, f64)> =
            self.tried.iter().filter(|tried| between(tried.number)).map(|tried| (tried.number, margin(tried))).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let change = points.windows(2).find(|pair| (pair[0].1 >= 0.0) != (pair[1].1 >= 0.0));
        match change {
            Some([(x, f), (y, g)]) if f.is_finite() && g.is_finite() => (x + (y - x) * f / (f - g)).clamp(good.min(bad), good.max(bad)),
            _ => (good + bad) / 2.0,
        }
    }
}

/// By how much of its bound the goal that is nearest to being missed is met; below 0 if it is missed.
fn margin(tried: &Tried) -> f64 {
    let of = |goal: &SloResult| match goal.at_most {
        true => (goal.bound - goal.estimate) / goal.bound,
        false => (goal.estimate - goal.bound) / goal.bound,
    };
    tried.goals.iter().map(of).fold(f64::INFINITY, f64::min)
}

/// The busiest service, and what its callers wait for.
fn bottleneck(results: &Results) -> Option<Bottleneck> {
    let mean = |e: &Estimate| e.estimate;
    let services = results.rows.iter().filter(|row| row.kind == "service" && row.metric == "utilisation" && row.stat == "mean");
    let busiest = services.filter(|row| !mean(&row.estimate).is_nan()).max_by(|a, b| mean(&a.estimate).total_cmp(&mean(&b.estimate)))?;
    let workload = results.rows.iter().find(|row| row.kind == "workload" && row.metric == "latency" && row.stat == "mean")?;
    let waits = ["queue", "memory", "admission"].map(|part| {
        let row = results.find("workload", &workload.entity, &format!("time_in.{part}"), "mean");
        (part, row.map_or(0.0, |row| mean(&row.estimate)))
    });
    let (part, seconds) = waits.into_iter().fold(("", 0.0), |most, wait| if wait.1 > most.1 { wait } else { most });
    Some(Bottleneck {
        service: busiest.entity.clone(),
        utilisation: mean(&busiest.estimate),
        waits_for: (seconds > 0.0).then(|| part.to_string()),
        share_of_latency: seconds / mean(&workload.estimate),
    })
}
