//! What a request carries from the one that a user has sent: its calls, the requests that its steps
//! make, and what is done after its response carry the same. Only in plans in which a step asks for
//! it.

use crate::random::keys::Key;
use bevy_ecs::prelude::Component;

/// What is the same of all requests that follow from one.
#[derive(Component, Clone, Copy, Debug, Default)]
pub(crate) struct Baggage {
    /// The key under which is drawn what the one is about; all attempts of a user who tries again
    /// are about the same.
    pub root: Key,
    /// The source that has sent it.
    pub source: u32,
    /// Whether the tool of its source has sent it.
    pub is_of_tool: bool,
}
