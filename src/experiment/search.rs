//! The search for a capacity: which values are tried.
//!
//! Law: an edge lies between a value that conclusively meets all goals and the next one that does
//! not. The interval between the two is bisected (in the logarithm while it is wide) until it is as
//! narrow as the tolerance, or, for whole numbers, until the two are adjacent. An inconclusive
//! value lies next to the edge: from then on the nearest conclusively met value and, unless whole
//! numbers are searched, the nearest conclusively missed value are each moved to within the
//! tolerance of it.
//! Checked: `tests/it/capacity.rs`.

use super::batch::{Member, batch};
use super::capacity::{CapacityLimit, SearchTarget, Trial, Verdict};
use super::cell::Failure;
use super::drive::Options;
use super::error::{ExperimentError, InvalidPoint};
use super::point::CompiledPoint;
use super::replications::Rule;
use super::results::{MOST_FAILED, Results, SloResult};
use super::run::{Progress, RunError};
use crate::design::notation::Notation;
use crate::design::value;
use crate::scenario::{self, Limits, Parameters, Scenario, Template};
use crate::sim::SimError;
use crate::stats::Estimate;
use std::sync::atomic::Ordering;

/// The number of replications of a value before its first check.
const FIRST: u32 = scenario::REPLICATIONS_MIN;
/// The number of replications after which an inconclusive value between the ends is given up if its
/// goals look missed.
const ENOUGH: u32 = 40;
/// The number of answers without which a rate of answers is not known.
const ANSWERS: f64 = 20.0;
/// Ranges wider than this factor are bisected in the logarithm.
const WIDE: f64 = 4.0;

/// The state of a search.
pub(super) struct Search<'s> {
    template: &'s Template,
    question: &'s scenario::Capacity,
    goals: Vec<String>,
    confidence: f64,
    pub(super) notation: Notation,
    options: Options<'s>,
    progress: Progress,
    show: &'s mut dyn FnMut(Progress, &str),
    pub(super) tried: Vec<Trial>,
    /// The number of replications after which a value that looks missed is no longer pursued.
    patience: u32,
}

impl<'s> Search<'s> {
    pub(super) fn new(
        template: &'s Template,
        scenario: &'s Scenario,
        question: &'s scenario::Capacity,
        notation: Notation,
        options: Options<'s>,
        show: &'s mut dyn FnMut(Progress, &str),
    ) -> Search<'s> {
        let goals = if question.goals.is_empty() {
            scenario.slos.keys().cloned().collect()
        } else {
            question.goals.clone()
        };
        let (confidence, progress) = (scenario.run.confidence.0.fraction, Progress::default());
        Search {
            template,
            question,
            goals,
            confidence,
            notation,
            options,
            progress,
            show,
            tried: Vec::new(),
            patience: u32::MAX,
        }
    }

    /// Tries values between the ends, on ever finer grids, until one conclusively meets all goals.
    /// Returns whether one does.
    pub(super) fn any_in_the_middle(
        &mut self,
        from: f64,
        to: f64,
        parts: u32,
    ) -> Result<bool, ExperimentError> {
        let is_met =
            |search: &Search| search.tried.iter().any(|tried| tried.verdict == Verdict::Meets);
        self.patience = ENOUGH;
        let mut step = parts / 2;
        while step > 0 && !is_met(self) {
            // Skips the values tried with wider steps.
            for part in (1..parts / step).step_by(2) {
                let share = f64::from(part * step) / f64::from(parts);
                let middle = if is_wide(from, to) {
                    from * (to / from).powf(share)
                } else {
                    from + (to - from) * share
                };
                let middle =
                    if self.question.is_whole() { middle.round() } else { self.short(middle) };
                let is_new = middle > from
                    && middle < to
                    && self.tried.iter().all(|tried| tried.number != middle);
                if is_new && !is_met(self) {
                    self.at(middle)?;
                }
            }
            step /= 2;
        }
        self.patience = u32::MAX;
        Ok(is_met(self))
    }

    /// Returns the value that meets its goals by the largest margin; NaN if none does.
    pub(super) fn best(&self) -> f64 {
        let met = self.tried.iter().filter(|tried| tried.verdict == Verdict::Meets);
        met.max_by(|a, b| a.margin().total_cmp(&b.margin())).map_or(f64::NAN, |tried| tried.number)
    }

    fn tried_at(&self, number: f64) -> Option<&Trial> {
        self.tried.iter().find(|tried| tried.number == number)
    }

    /// Returns whether the estimate of a goal misses its bound at a value, conclusively or not.
    pub(super) fn looks_missed(&self, number: f64) -> bool {
        self.tried_at(number).is_some_and(|tried| {
            tried.goals.iter().any(|goal| goal.estimate.is_finite() && !goal.pass)
        })
    }

    /// Returns the direction of the search if both ends have the same verdict: away from the end
    /// that is conclusively better.
    pub(super) fn better_end(&self, from: f64, to: f64) -> SearchTarget {
        match (self.tried_at(from), self.tried_at(to)) {
            (Some(low), Some(high)) if low.is_conclusively_better(high) => SearchTarget::Largest,
            (Some(low), Some(high)) if high.is_conclusively_better(low) => SearchTarget::Smallest,
            _ => SearchTarget::Either,
        }
    }

    /// Returns the edge above (or below) a value, between the values tried that meet all goals and
    /// those beyond that do not; `None` if there is no such pair.
    pub(super) fn edge(
        &mut self,
        from: f64,
        is_above: bool,
    ) -> Result<Option<CapacityLimit>, ExperimentError> {
        let Some((mut good, (mut next, mut verdict))) = self.narrowest(from, is_above) else {
            return Ok(None);
        };
        // Both sides move until a middle value is inconclusive, which changes how the search
        // proceeds.
        while verdict == Verdict::Misses
            && let Some(middle) = self.between(good, next)
        {
            match self.at(middle)? {
                Verdict::Meets => good = middle,
                other => (next, verdict) = (middle, other),
            }
        }
        let mut last = next;
        while let Some(middle) = self.between(good, next) {
            match self.at(middle)? {
                Verdict::Meets => good = middle,
                other => (next, verdict) = (middle, other),
            }
        }
        if verdict == Verdict::Undecided && !self.question.is_whole() {
            while let Some(bad) = self.nearest_miss_from(last, is_above)
                && let Some(middle) = self.between(last, bad)
            {
                if self.at(middle)? != Verdict::Misses {
                    last = middle;
                }
            }
        }
        let misses = if verdict == Verdict::Misses {
            Some(next)
        } else {
            self.nearest_miss_from(last, is_above)
        };
        // Beyond a value at which nothing is known there is nothing to interpolate.
        let is_unknown = self.tried_at(next).is_some_and(|tried| tried.limit_reached.is_some());
        let estimate = if self.question.is_whole() || is_unknown {
            good
        } else {
            self.crossing(good, misses.unwrap_or(next))
        };
        Ok(Some(CapacityLimit { meets: good, next: (next, verdict), misses, estimate }))
    }

    /// Returns the last value tried from `from` on that meets all goals, and the next one beyond
    /// it, which does not.
    fn narrowest(&self, from: f64, is_above: bool) -> Option<(f64, (f64, Verdict))> {
        let mut beyond: Vec<(f64, Verdict)> =
            self.tried.iter().map(|tried| (tried.number, tried.verdict)).collect();
        beyond.retain(|(number, _)| if is_above { *number >= from } else { *number <= from });
        beyond.sort_by(|a, b| if is_above { a.0.total_cmp(&b.0) } else { b.0.total_cmp(&a.0) });
        let edge = beyond
            .windows(2)
            .position(|pair| pair[0].1 == Verdict::Meets && pair[1].1 != Verdict::Meets)?;
        Some((beyond[edge].0, beyond[edge + 1]))
    }

    /// Returns the conclusively missed value nearest to `number` among those for which `accepts` is
    /// true.
    pub(super) fn nearest_miss(&self, number: f64, accepts: impl Fn(f64) -> bool) -> Option<f64> {
        let misses = self
            .tried
            .iter()
            .filter(|tried| tried.verdict == Verdict::Misses)
            .map(|tried| tried.number);
        misses
            .filter(|miss| accepts(*miss))
            .min_by(|a, b| (a - number).abs().total_cmp(&(b - number).abs()))
    }

    /// Returns the nearest conclusively missed value above (or below) a value.
    fn nearest_miss_from(&self, number: f64, is_above: bool) -> Option<f64> {
        self.nearest_miss(number, |miss| if is_above { miss > number } else { miss < number })
    }

    /// Returns the middle of two values, or `None` if they are close enough.
    fn between(&self, good: f64, bad: f64) -> Option<f64> {
        let (low, high) = (good.min(bad), good.max(bad));
        if self.question.is_whole() {
            let middle = ((low + high) / 2.0).floor();
            return (middle > low).then_some(middle);
        }
        let middle = if is_wide(low, high) { (low * high).sqrt() } else { (low + high) / 2.0 };
        // Rounded to four digits if that still lies between them.
        let short = self.short(middle);
        let written = if short > low && short < high { short } else { self.read(middle)? };
        (high - low > self.question.tolerance.fraction * high && written > low && written < high)
            .then_some(written)
    }

    /// Rounds a value to four digits in the unit in which it is written.
    fn short(&self, number: f64) -> f64 {
        self.read(self.notation.in_digits(number, 4)).unwrap_or(number)
    }

    /// Returns a value as it is read back after being written: some quantities have no value
    /// between two others.
    fn read(&self, number: f64) -> Option<f64> {
        value::base(&self.notation.write(number), self.question.kind())
    }

    /// Tries a value and returns its verdict.
    pub(super) fn at(&mut self, number: f64) -> Result<Verdict, ExperimentError> {
        let value = self.notation.write(number);
        let parameters = Parameters::from([(self.question.vary.clone(), value.clone())]);
        let scenario = self.template.scenario(&parameters).map_err(|problems| {
            let number = self.tried.len() as u64;
            ExperimentError::Points {
                first: vec![InvalidPoint { number, parameters: parameters.clone(), problems }],
                count: 1,
            }
        })?;
        let built = CompiledPoint::new(scenario, false)
            .settled(self.options.threads, self.options.interrupted);
        let built = built.map_err(RunError::Failed)?;
        let mut members = [Member::new(built, Rule::fixed(FIRST, self.confidence))];
        loop {
            let shown_value = value::shown(&value);
            let show = &mut self.show;
            let limit = match batch(&mut members, self.progress, self.options, &mut |progress| {
                show(progress, &shown_value)
            }) {
                Ok(progress) => {
                    self.progress = progress;
                    None
                }
                Err(RunError::Failed(Failure::Limit(SimError::InFlight { limit, .. }))) => {
                    Some(limit)
                }
                Err(error) => return Err(error.into()),
            };
            if self.options.interrupted.load(Ordering::Relaxed) {
                return Err(ExperimentError::Interrupted);
            }
            let member = &members[0];
            let results = Results::new(&member.built, &member.replications);
            let goals: Vec<SloResult> =
                results.slos.iter().filter(|slo| self.goals.contains(&slo.name)).cloned().collect();
            let verdict = verdict(&results, &goals, limit);
            let done = member.replications.done;
            let looks_bad = goals.iter().any(|goal| !goal.pass);
            let most =
                if looks_bad { self.question.most.min(self.patience) } else { self.question.most };
            if verdict == Verdict::Undecided && done < most && limit.is_none() {
                members[0].replications.want((2 * done).min(self.question.most));
                continue;
            }
            let limit_reached = limit.filter(|_| verdict == Verdict::Undecided);
            self.tried.push(Trial {
                value,
                number,
                replications: done,
                verdict,
                limit_reached,
                goals,
                results,
            });
            return Ok(verdict);
        }
    }

    /// Returns where the margin is 0, by linear interpolation between the nearest values tried on
    /// both sides.
    fn crossing(&self, good: f64, bad: f64) -> f64 {
        let between = |number: f64| number >= good.min(bad) && number <= good.max(bad);
        let mut points: Vec<(f64, f64)> = self
            .tried
            .iter()
            .filter(|tried| between(tried.number))
            .map(|tried| (tried.number, tried.margin()))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let change = points.windows(2).find(|pair| (pair[0].1 >= 0.0) != (pair[1].1 >= 0.0));
        match change {
            Some([(x, f), (y, g)]) if f.is_finite() && g.is_finite() => {
                (x + (y - x) * f / (f - g)).clamp(good.min(bad), good.max(bad))
            }
            _ => (good + bad) / 2.0,
        }
    }
}

/// Returns the share of failed requests of each workload without a goal for it, which would take
/// precedence over the general limit.
pub(super) fn failures<'r>(
    results: &'r Results,
    goals: &'r [SloResult],
) -> impl Iterator<Item = (&'r str, &'r Estimate)> {
    let is_bounded =
        |of: &str| goals.iter().any(|goal| goal.of == of && goal.metric == "error_ratio");
    results.failures().filter(move |(of, _)| !is_bounded(of))
}

/// Returns the verdict on the results at a value; `limit` is the limit of requests in flight, if it
/// was reached.
fn verdict(results: &Results, goals: &[SloResult], limit: Option<u64>) -> Verdict {
    let is_certain = |goal: &&SloResult| goal.certain && has_enough(results, goal);
    let fails = |part: fn(&Estimate) -> f64| {
        failures(results, goals).any(|(_, share)| part(share) >= MOST_FAILED)
    };
    // A million requests in flight are an overload; a lower limit, which the scenario sets, may
    // also stop a system that keeps up.
    let is_flooded = limit.is_some_and(|limit| limit >= Limits::default().in_flight.0);
    match () {
        () if is_flooded
            || fails(|failed| failed.low)
            || !results.overloaded.is_empty()
            || results.deadlock.is_some()
            || goals.iter().filter(is_certain).any(|goal| !goal.pass) =>
        {
            Verdict::Misses
        }
        () if limit.is_none()
            && !fails(|failed| failed.estimate.max(failed.high))
            && goals.iter().all(|goal| is_certain(&goal)) =>
        {
            Verdict::Meets
        }
        () => Verdict::Undecided,
    }
}

/// Returns whether the interval of a goal rests on enough data, beyond what every objective of a
/// run needs: a run reports what it measured, but a search claims a limit.
fn has_enough(results: &Results, goal: &SloResult) -> bool {
    let row = |metric: &str, stat: &str| results.find(goal.kind, &goal.of, metric, stat);
    match goal.metric {
        // In a replication without answers there is no latency.
        "latency" => row("latency", goal.stat).is_some_and(|row| row.estimate.n >= FIRST),
        // Few answers, where the bound asks for few: their number is too uncertain.
        "throughput" => {
            let measured_s =
                (results.duration_s - results.warmup_s) * f64::from(results.replications);
            let answered = row("completed", "total").map_or(0.0, |row| row.estimate.estimate);
            let answered = answered * f64::from(results.replications);
            answered.max(goal.bound * measured_s) >= ANSWERS
        }
        _ => true,
    }
}

/// Returns whether a range is bisected in the logarithm.
fn is_wide(low: f64, high: f64) -> bool {
    low > 0.0 && high > WIDE * low
}
