//! Which requests are good, as objectives promise (`measure/good.rs`).

use super::columns::Columns;
use crate::measure::Recorder;
use crate::plan::Plan;
use crate::request::{Further, Outcome, Part, Parts, Pool, Request};
use crate::units::Span;
use bevy_ecs::prelude::*;

/// A request ends.
#[inline(never)]
pub(super) fn note(x: &mut Columns, request: &Request, slot: u32) {
    let (plan, now) = (x.plan, x.now());
    let recorder = &mut *x.recorder;
    if !recorder.measures(request.started) {
        return;
    }
    let latency = now - request.started;
    let further = x.stage.further.get(slot as usize);
    for promise in &plan.promised[request.flow as usize] {
        let of = &plan.layout.promises[*promise as usize];
        let is_good = request.outcome == Outcome::OK
            && of.within.is_none_or(|most| latency <= most)
            && of.waits.is_none_or(|most| in_lines(plan, &request.parts, further) <= most);
        recorder.kept[*promise as usize].add(of, now - plan.measured_from, is_good);
    }
}

/// The parts of every latency that are spent in lines.
const LINES: [Part; 3] = [Part::Queue, Part::Memory, Part::Admission];

/// How long a request has been in lines.
fn in_lines(plan: &Plan, parts: &Parts, further: Option<&Further>) -> Span {
    let own = LINES.into_iter().map(|part| parts.spent[part as usize]);
    let further = further.into_iter().flat_map(|further| {
        further.0.iter().zip(plan.lines).filter(|(_, is_line)| *is_line).map(|(spent, _)| *spent)
    });
    own.chain(further).fold(Span::ZERO, |sum, spent| sum + spent)
}

/// The run is over: what is still in the system may be bad already.
pub(super) fn end(
    requests: Query<&Request>,
    pool: Res<Pool>,
    plan: Res<super::PlanHandle>,
    mut recorder: ResMut<Recorder>,
) {
    let plan = &plan.0;
    let mut is_free = vec![false; requests.iter().len()];
    pool.free.iter().for_each(|slot| is_free[*slot as usize] = true);
    // Its column has the order of the slots.
    let measured = plan.horizon - plan.measured_from;
    for (request, _) in requests.iter().zip(is_free).filter(|(_, is_free)| !is_free) {
        if !recorder.measures(request.started) {
            continue;
        }
        for promise in &plan.promised[request.flow as usize] {
            let of = &plan.layout.promises[*promise as usize];
            let kept = &mut recorder.kept[*promise as usize];
            match of.within.is_some_and(|most| plan.horizon - request.started > most) {
                // In the last whole part of a window.
                true => kept.add(of, Span(measured.0.saturating_sub(1)), false),
                false => kept.undecided += 1,
            }
        }
    }
    for (kept, of) in recorder.kept.iter_mut().zip(&plan.layout.promises) {
        kept.end(of, measured);
    }
}
