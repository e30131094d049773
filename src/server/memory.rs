//! The memory of an instance.
//!
//! Law: a request reserves all its endpoint needs before its first burst, and gives it back when
//! its response leaves. First come, first served: nobody overtakes a request that waits for more
//! than is free. Never over capacity: a drawn need above it counts as all of it. With equal needs
//! this is a semaphore of permits held over the whole request (`permits4_eventloop` in
//! `tests/it/theory.rs`).

use super::InstancePlan;
use crate::resource::Permits;
use bevy_ecs::prelude::Component;

/// The bytes of an instance, and who waits for some.
#[derive(Component)]
pub(crate) struct Memory(pub Permits<(u32, u64)>);

impl Memory {
    pub(crate) fn new(of: &InstancePlan) -> Memory {
        Memory(Permits::new(of.memory, u32::MAX))
    }
}
