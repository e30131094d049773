//! Checks of faults and of the warm-up: what has no effect, or cannot be seen.

use crate::fault::{Crash, Fault, Names};
use crate::problem::Problems;
use crate::random::dists::Dist;
use crate::scenario::changes::{Kind, changes};
use crate::scenario::directory::NameTable;
use crate::scenario::{Scenario, Service};
use crate::step::asks::{Asks, At, ask};
use crate::units::Span;
use std::collections::BTreeSet;

/// Checks the faults themselves, and warns of those that have no effect.
pub(super) fn check(scenario: &Scenario, directory: &NameTable, problems: &mut Problems) {
    for (index, fault) in scenario.faults.iter().enumerate() {
        let path = format!("faults[{index}]");
        // A service without replicas is reported as such, and not as an unknown name.
        if !has_no_replicas(scenario, fault) {
            fault.check(&path, directory, problems);
        }
        if fault.when().0 >= scenario.run.duration {
            let end = scenario.run.duration;
            let what = match fault.when().0 == end {
                true => format!("this fault begins at {end}, at the end of the run"),
                false => format!(
                    "this fault begins at {}, after the end of the run at {end}",
                    fault.when().0
                ),
            };
            problems
                .warning(&path, what)
                .advise("make the run longer with `run.duration`, or let the fault begin earlier");
        }
        if problems.enough() {
            return;
        }
    }
    if !problems.any_error() {
        crashes_in_vain(scenario, directory, problems);
        slow_in_vain(scenario, directory, problems);
    }
}

/// Returns whether a fault affects instances of a service whose `replicas` are 0.
fn has_no_replicas(scenario: &Scenario, fault: &Fault) -> bool {
    let target = match fault {
        Fault::Crash(crash) => &crash.target,
        Fault::Slow(slow) => &slow.target,
        _ => return false,
    };
    let name = target.split('#').next().unwrap_or_default();
    let is_empty = |service: &Service| service.replicas == 0 && service.instances.is_empty();
    scenario.services.get(name).is_some_and(is_empty)
}

/// Warns of a `slow` fault whose target computes nothing: it has no effect, which looks as if the
/// system tolerated it.
fn slow_in_vain(scenario: &Scenario, directory: &NameTable, problems: &mut Problems) {
    for (index, fault) in scenario.faults.iter().enumerate() {
        let Fault::Slow(slow) = fault else { continue };
        let of_service =
            scenario.services.get(&slow.target).into_iter().flat_map(Service::all_endpoints);
        let named =
            scenario.services.values().filter_map(|service| service.instances.get(&slow.target));
        let of_instance = named.flat_map(|spec| spec.endpoints.values());
        let slows_waits = !directory.slowed_waits(slow).is_empty();
        let mut slowed = Slowed { waits: slows_waits, found: false };
        of_service.chain(of_instance).for_each(|endpoint| ask("", &endpoint.steps, &mut slowed));
        if slows_waits && slow.factor.times < 1.0 {
            let what = format!("waits cannot become shorter, and {} is less than 1x", slow.factor);
            problems.error(format!("faults[{index}].slow.factor"), what).advise(
                "write the shorter waits in the steps, and make them longer until the change",
            );
        }
        let at = format!("faults[{index}].slow.target");
        if !slowed.found && slows_waits {
            let what =
                format!("this has no effect: `{}` has neither `cpu` steps nor waits", slow.target);
            problems.warning(at, what).advise("let it affect the services that it calls");
        } else if !slowed.found {
            let what = format!(
                "this has no effect: `{}` has no `cpu` steps, and `slow` affects only computing",
                slow.target
            );
            problems.warning(at, what).advise("for longer waits, add `waits: true`");
        }
    }
}

/// Warns of a warm-up that hides a scheduled change. An initial rise to a constant rate is what
/// warm-ups are for.
pub(super) fn hidden_by_the_warmup(scenario: &Scenario, problems: &mut Problems) {
    let (warmup, changes) = (scenario.run.warmup.span(), changes(scenario));
    let is_steady = |piece: usize, of: usize| {
        changes
            .iter()
            .any(|change| matches!(change.kind, Kind::Rate { workload, piece: own, is_ramp: false, .. } if (workload, own) == (of, piece)))
    };
    let mut reported = BTreeSet::new();
    for change in changes.iter().filter(|change| change.from.0 < warmup.0) {
        let is_hidden = match change.kind {
            Kind::Fault | Kind::Spike { .. } => true,
            Kind::Rate { piece: 0, .. } | Kind::Rate { is_rise: true, .. } => false,
            Kind::Rate { workload, piece, .. } => {
                let rise = changes
                    .iter()
                    .filter(|own| matches!(own.kind, Kind::Rate { workload: of, is_rise: true, .. } if of == workload))
                    .count();
                (piece > rise || rise == 0 || !is_steady(piece, workload))
                    && reported.insert(workload)
            }
        };
        if is_hidden {
            let (from, until) = (Span(change.from.0), Span(change.until.0));
            let which = match change.kind {
                Kind::Fault | Kind::Spike { .. } if until <= warmup => {
                    format!("excludes {}, from {from} to {until}", change.subject)
                }
                Kind::Fault | Kind::Spike { .. } => {
                    format!("excludes the beginning of {}, at {from}", change.subject)
                }
                Kind::Rate { .. } => {
                    format!("excludes a change of {} at {from}", change.subject)
                }
            };
            problems.warning("run.warmup", format!("the warm-up of {warmup} {which}")).advise(
                "the results do not include the warm-up: shorten it, or let the change begin later",
            );
        }
    }
}

/// Warns of crashes that hit too few running instances, because of earlier crashes that are still
/// active. Checks all pairs of the first `CHECKED_MAX` crashes.
fn crashes_in_vain(scenario: &Scenario, directory: &NameTable, problems: &mut Problems) {
    const CHECKED_MAX: usize = 1_000;
    let crashes = scenario.faults.iter().enumerate().filter_map(|(index, fault)| match fault {
        Fault::Crash(crash) => Some((
            index,
            crash,
            BTreeSet::from_iter(directory.instances(&crash.target).unwrap_or_default()),
        )),
        _ => None,
    });
    let crashes: Vec<_> = crashes.take(CHECKED_MAX).collect();
    for (nth, (index, crash, here)) in crashes.iter().enumerate() {
        let is_active = |other: &Crash| {
            other.at <= crash.at && other.lasting.is_none_or(|span| crash.at < other.at + span)
        };
        let before = crashes[..nth]
            .iter()
            .filter(|(_, other, there)| is_active(other) && !here.is_disjoint(there));
        let down: usize = before.map(|(_, other, _)| other.count as usize).sum();
        if down > 0 && down + crash.count as usize > here.len() {
            let what = format!(
                "`{}` has {}, and earlier crashes have already taken {down} of them down",
                crash.target,
                instances(here.len())
            );
            problems
                .warning(format!("faults[{index}]"), what)
                .advise("only a running instance can crash: let the faults follow each other, or use more `replicas`");
        }
    }
}

pub(super) fn instances(n: usize) -> String {
    if n == 1 { "1 instance".to_string() } else { format!("{n} instances") }
}

/// Whether an endpoint has anything that a `slow` fault makes longer.
struct Slowed {
    /// Whether it reaches waits.
    waits: bool,
    found: bool,
}

impl Asks<'_> for Slowed {
    fn cpu(&mut self, _: At, _: &Dist<Span>) {
        self.found = true;
    }
    fn wait(&mut self, _: At, _: &Dist<Span>) {
        self.found |= self.waits;
    }
    fn hold_core(&mut self, _: At, _: &Dist<Span>) {
        self.found |= self.waits;
    }
}
