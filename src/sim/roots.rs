//! What the end of a request means to its user, who waits for it: users come back, remember how
//! long it took, and free the connection of their tool.
//!
//! Law: `workload/turns.rs`, `elasticity.rs` and `tool.rs` there. Checked: `tests/it/users.rs`,
//! `tests/it/sessions.rs`, and by conservation (`audit.rs`).

use super::columns::Columns;
use crate::kernel::Event;
use crate::units::{Span, Time};
use crate::workload::Source;

/// A request has ended that no other waits for: the user does who has sent it, and thinks before
/// the next, if it comes from a source of users who come back; who remember how long it took, and a
/// tool may have sent it.
#[inline(never)]
pub(super) fn root_ended(
    x: &mut Columns,
    flow: u32,
    slot: u32,
    user: u32,
    latency: Span,
    is_answered: bool,
) {
    let Some(source) = x.plan.layout.flows[flow as usize].workload else { return };
    let (plan, now) = (&x.plan.sources[source as usize], x.now());
    let state = &mut x.sources[source as usize];
    if plan.most.is_some() {
        state.in_flight -= 1;
    }
    if let Some(elasticity) = &plan.elasticity {
        state.remembered.add(elasticity, now, latency, is_answered);
    }
    if let Some(baggage) = x.stage.baggage.get_mut(slot as usize)
        && std::mem::take(&mut baggage.is_of_tool)
    {
        state.taken -= 1;
        let is_measured = x.recorder.measures(Time(now.0 - latency.0));
        let seen = &mut x.recorder.tools[source as usize];
        match (is_measured, is_answered) {
            (true, true) => seen.complete(latency),
            (true, false) => seen.failed += 1,
            (false, _) => {}
        }
    }
    let Some(returning) = &plan.returning else { return };
    let Source { turns, key, .. } = &mut x.sources[source as usize];
    let Some(pause) = returning.pause(turns, *key, user, is_answered) else { return };
    if x.now() + pause < x.plan.horizon {
        x.stage.calendar.schedule_in(pause, Event::User { source, user });
    }
}
