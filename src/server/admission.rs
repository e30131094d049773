//! Admission: how many requests an instance holds at once, and how many wait at its door.
//!
//! Law: at most `max_in_flight` are inside; others wait first come, first served, at most
//! `queue.max` of them; one more is rejected, and who has waited for `queue.timeout` leaves. With
//! `cpu` cores and `max_in_flight` equal to them
//! this is M/M/c/K (Kleinrock 1975, §3.8).
//! Checked: `tests/it/admission.rs`.

use super::InstancePlan;
use crate::resource::Permits;
use bevy_ecs::prelude::Component;

/// The places of an instance, and who waits for one.
#[derive(Component)]
pub(crate) struct Places(pub Permits<u32>);

impl Places {
    pub(crate) fn new(of: &InstancePlan) -> Places {
        Places(Permits::new(of.max_in_flight, of.queue_max))
    }
}
