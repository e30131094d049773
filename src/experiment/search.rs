//! The search of a capacity: values that are tried, and what lies between them.
//!
//! Law: an edge lies between a value that surely meets all goals and the next one that does not.
//! The range between the two is halved (in the logarithm while it is wide) until they are as near
//! as is target, or, of whole numbers, next to each other. A value at which it cannot be told lies
//! next to the edge: from there on the surely met and, unless whole numbers are searched, the
//! surely missed are each brought as near to it.
//! Checked: `tests/it/capacity.rs`.

use super::batch::{Member, batch};
use super::capacity::{CapacityLimit, SearchTarget, Trial, Verdict};
use super::cell::Failure;
use super::drive::Options;
use super::error::{ExperimentError, InvalidPoint};
use super::point::CompiledPoint;
use super::replications::Rule;
use super::results::{Results, SloResult};
use super::run::{Progress, RunError};
use crate::design::notation::Notation;
use crate::design::value;
use crate::scenario::{self, Parameters, Scenario, Template};
use crate::sim::SimError;
use std::sync::atomic::Ordering;

/// Replications of a value before it is first looked at.
const FIRST: u32 = 10;
/// Replications after which a value between the ends is left whose goals look missed, though that
/// is not sure.
const ENOUGH: u32 = 40;
/// Wider than this factor, a range is halved in the logarithm.
const WIDE: f64 = 4.0;

/// What has been tried so far.
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
    /// Replications after which it is given up to show that a value that looks bad is bad.
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

    /// Tries values between the ends, ever more closely, until one surely meets all goals. Whether
    /// one does.
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
            // What the wider steps have tried is not tried again.
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

    /// The value that meets its goals by the most; the first of the values, if there is none.
    pub(super) fn best(&self) -> f64 {
        let met = self.tried.iter().filter(|tried| tried.verdict == Verdict::Meets);
        met.max_by(|a, b| a.margin().total_cmp(&b.margin())).map_or(f64::NAN, |tried| tried.number)
    }

    fn tried_at(&self, number: f64) -> Option<&Trial> {
        self.tried.iter().find(|tried| tried.number == number)
    }

    /// Whether a goal is missed at a value by its estimate, however sure that is.
    pub(super) fn looks_missed(&self, number: f64) -> bool {
        self.tried_at(number).is_some_and(|tried| {
            tried.goals.iter().any(|goal| goal.estimate.is_finite() && !goal.pass)
        })
    }

    /// Which end is target where both say the same: away from the one that is surely better.
    pub(super) fn better_end(&self, from: f64, to: f64) -> SearchTarget {
        match (self.tried_at(from), self.tried_at(to)) {
            (Some(low), Some(high)) if low.is_conclusively_better(high) => SearchTarget::Largest,
            (Some(low), Some(high)) if high.is_conclusively_better(low) => SearchTarget::Smallest,
            _ => SearchTarget::Either,
        }
    }

    /// The edge above (or below) a value that was tried, if that meets all goals and another beyond
    /// it does not.
    pub(super) fn edge(
        &mut self,
        from: f64,
        is_above: bool,
    ) -> Result<Option<CapacityLimit>, ExperimentError> {
        let Some((mut good, (mut next, mut verdict))) = self.narrowest(from, is_above) else {
            return Ok(None);
        };
        // Whether the middle is too near to tell decides how it goes on, so until then both sides
        // move.
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
        let estimate = if self.question.is_whole() {
            good
        } else {
            self.crossing(good, misses.unwrap_or(next))
        };
        Ok(Some(CapacityLimit { meets: good, next: (next, verdict), misses, estimate }))
    }

    /// The last value from here on that meets all goals, of those that were tried, and the one
    /// beyond it, which does not.
    fn narrowest(&self, from: f64, is_above: bool) -> Option<(f64, (f64, Verdict))> {
        let mut beyond: Vec<(f64, Verdict)> =
            self.tried.iter().map(|tried| (tried.number, tried.verdict)).collect();
        beyond.retain(|(number, _)| if is_above { *number >= from } else { *number <= from });
        beyond.sort_by(|a, b| if is_above { a.0.total_cmp(&b.0) } else { b.0.total_cmp(&a.0) });
        let at = beyond
            .windows(2)
            .position(|pair| pair[0].1 == Verdict::Meets && pair[1].1 != Verdict::Meets)?;
        Some((beyond[at].0, beyond[at + 1]))
    }

    /// The value nearest to another, of some, that surely misses a goal.
    pub(super) fn nearest_miss(&self, number: f64, is_of: impl Fn(f64) -> bool) -> Option<f64> {
        let misses = self
            .tried
            .iter()
            .filter(|tried| tried.verdict == Verdict::Misses)
            .map(|tried| tried.number);
        misses
            .filter(|miss| is_of(*miss))
            .min_by(|a, b| (a - number).abs().total_cmp(&(b - number).abs()))
    }

    /// The nearest above (or below) a value.
    fn nearest_miss_from(&self, number: f64, is_above: bool) -> Option<f64> {
        self.nearest_miss(number, |miss| if is_above { miss > number } else { miss < number })
    }

    /// The middle of two values, or none if they are near enough.
    fn between(&self, good: f64, bad: f64) -> Option<f64> {
        let (low, high) = (good.min(bad), good.max(bad));
        if self.question.is_whole() {
            let middle = ((low + high) / 2.0).floor();
            return (middle > low).then_some(middle);
        }
        let middle = if is_wide(low, high) { (low * high).sqrt() } else { (low + high) / 2.0 };
        // Short, if that is still between them: nobody types more.
        let short = self.short(middle);
        let written = if short > low && short < high { short } else { self.read(middle)? };
        (high - low > self.question.tolerance.fraction * high && written > low && written < high)
            .then_some(written)
    }

    /// A value in four digits of the unit in which it is written.
    fn short(&self, number: f64) -> f64 {
        self.read(self.notation.in_digits(number, 4)).unwrap_or(number)
    }

    /// A value as it is read back when it is written: a quantity may have no value between two
    /// others.
    fn read(&self, number: f64) -> Option<f64> {
        value::base(&self.notation.write(number), self.question.kind())
    }

    /// Tries a value.
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
            let words = value::shown(&value);
            let show = &mut self.show;
            let is_held = match batch(&mut members, self.progress, self.options, &mut |progress| {
                show(progress, &words)
            }) {
                Ok(progress) => {
                    self.progress = progress;
                    true
                }
                // It cannot hold it: more requests are in it than it is allowed to have.
                Err(RunError::Failed(Failure::Limit(SimError::InFlight { .. }))) => false,
                Err(error) => return Err(error.into()),
            };
            if self.options.interrupted.load(Ordering::Relaxed) {
                return Err(ExperimentError::Interrupted);
            }
            let member = &members[0];
            let results = Results::new(&member.built, &member.replications);
            let goals: Vec<SloResult> =
                results.slos.iter().filter(|slo| self.goals.contains(&slo.name)).cloned().collect();
            // Where the share of failures is a goal itself, it decides.
            let fails = results.failing().any(|(of, _)| {
                !goals.iter().any(|goal| goal.of == of && goal.metric == "error_ratio")
            });
            let verdict = match () {
                () if !is_held
                    || fails
                    || !results.overloaded.is_empty()
                    || goals.iter().any(|goal| goal.certain && !goal.pass) =>
                {
                    Verdict::Misses
                }
                () if goals.iter().all(|goal| goal.certain) => Verdict::Meets,
                () => Verdict::Undecided,
            };
            let done = member.replications.done;
            let looks_bad = goals.iter().any(|goal| !goal.pass);
            let most =
                if looks_bad { self.question.most.min(self.patience) } else { self.question.most };
            if verdict == Verdict::Undecided && done < most {
                members[0].replications.want((2 * done).min(self.question.most));
                continue;
            }
            self.tried.push(Trial { value, number, replications: done, verdict, goals, results });
            return Ok(verdict);
        }
    }

    /// Where the margin is 0, on the line between the nearest values that were tried on both sides.
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

/// Whether a range is halved in the logarithm.
fn is_wide(low: f64, high: f64) -> bool {
    low > 0.0 && high > WIDE * low
}
