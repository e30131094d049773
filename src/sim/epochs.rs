//! Epochs: the moments at which something other than an event happens. Series windows close, the
//! measured part and its phases begin, faults begin and end, the run stops. Events before an epoch
//! fire before it, events of the same moment after it. A fault that begins at the horizon does
//! nothing: nothing fires after it. Checked: `tests/it/faults.rs`.

use crate::plan::Plan;
use crate::units::Time;
use bevy_ecs::prelude::Resource;

/// Why `advance` came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// All events before the epoch have fired.
    Reached,
    /// The pool of requests is used up.
    NeedsSlots,
    /// The limit of events is reached.
    Events,
    /// Enough events have fired to look for an interruption, and in debug builds to audit the laws.
    Pause,
}

/// Where the last stretch in which nothing changes begins, where its middle is, where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Start,
    Middle,
    End,
}

/// A stretch of time whose requests are counted by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stretch {
    /// The measured part, and with it its first phase.
    Measured,
    /// The next phase of it.
    Phase,
}

/// The next epoch, as a resource.
#[derive(Resource, Clone, Debug)]
pub(crate) struct Epoch {
    pub end: Time,
    pub stop: Stop,
    /// A series window ends here.
    pub closes_window: bool,
    /// What begins here.
    pub stretch: Option<Stretch>,
    /// The backlog is noted.
    pub mark: Option<Mark>,
    /// Faults of the plan that begin, and that end.
    pub begin: Vec<u32>,
    pub finish: Vec<u32>,
}

impl Epoch {
    /// Whether faults begin or end.
    pub(crate) fn changes_faults(&self) -> bool {
        !self.begin.is_empty() || !self.finish.is_empty()
    }
    /// Whether the laws are audited.
    pub(crate) fn is_audited(&self) -> bool {
        self.mark == Some(Mark::End) && self.stop == Stop::Reached
            || cfg!(debug_assertions) && self.stop == Stop::Pause
    }
}

/// All epochs of a replication, in order.
pub(crate) fn all(plan: &Plan) -> impl Iterator<Item = Epoch> + use<> {
    let horizon = plan.horizon;
    let regime_from = plan.regime_from;
    let middle = Time(regime_from.0 + (horizon - regime_from).0 / 2);
    let is_looked_at = plan.keep_series || !plan.layout.recoveries.is_empty();
    let window = if is_looked_at { plan.window.0 } else { horizon.0 };
    // The few moments that are not the ends of windows; the many that are come one by one.
    let mut marks = vec![plan.measured_from, regime_from, middle, horizon];
    let phases: Vec<Time> = plan.layout.phases.iter().skip(1).map(|phase| phase.from).collect();
    marks.extend(&phases);
    let mut faults: Vec<(Time, u32, bool)> = Vec::new();
    for (index, fault) in plan.faults.iter().enumerate() {
        faults.push((fault.at, index as u32, true));
        faults.push((fault.until, index as u32, false));
        marks.extend([fault.at, fault.until]);
    }
    // By time, and as they are written where that is the same.
    faults.sort_by_key(|fault| fault.0);
    let begins_with_faults = faults.first().is_some_and(|fault| fault.0 == Time::ZERO);
    marks.retain(|mark| if *mark == Time::ZERO { begins_with_faults } else { *mark <= horizon });
    marks.sort_unstable();
    marks.dedup();
    let measured_from = plan.measured_from;
    let mut marks = marks.into_iter().peekable();
    let mut next_window = window;
    std::iter::from_fn(move || {
        let mark = *marks.peek()?;
        let end = mark.min(Time(next_window));
        if end == mark {
            marks.next();
        }
        let whole_window = end.0 == next_window;
        if whole_window {
            next_window = next_window.saturating_add(window);
        }
        let here = faults.partition_point(|fault| fault.0 < end)
            ..faults.partition_point(|fault| fault.0 <= end);
        let at = |begins: bool| {
            faults[here.clone()]
                .iter()
                .filter(|fault| fault.2 == begins)
                .map(|fault| fault.1)
                .collect()
        };
        Some(Epoch {
            end,
            stop: Stop::Reached,
            closes_window: whole_window || end == measured_from || end == horizon,
            stretch: if end == measured_from {
                Some(Stretch::Measured)
            } else {
                phases.contains(&end).then_some(Stretch::Phase)
            },
            mark: match () {
                () if end == horizon => Some(Mark::End),
                () if end == middle => Some(Mark::Middle),
                () => (end == regime_from).then_some(Mark::Start),
            },
            begin: if end == horizon { Vec::new() } else { at(true) },
            finish: at(false),
        })
    })
}
