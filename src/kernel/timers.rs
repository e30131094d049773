//! Timers: moments that a request has asked to be told of, and may no longer wish to be. One that
//! is called off leaves a stale entry in the calendar, recognised by the generation of its row.

use super::RequestId;
use bevy_ecs::prelude::Resource;

/// A row of the timers, and which of those that have used it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerId {
    pub row: u32,
    pub generation: u32,
}

impl TimerId {
    /// As one word, for the scratch of a step.
    pub(crate) fn pack(self) -> u64 {
        u64::from(self.row) << 32 | u64::from(self.generation)
    }
    pub(crate) fn unpack(word: u64) -> TimerId {
        TimerId { row: (word >> 32) as u32, generation: word as u32 }
    }
}

/// Timers that have been set.
#[derive(Default, Resource, Debug)]
pub struct Timers {
    rows: Vec<(RequestId, u32)>,
    free: Vec<u32>,
}

impl Timers {
    /// Sets one for a request.
    pub(crate) fn set(&mut self, request: RequestId) -> TimerId {
        match self.free.pop() {
            Some(row) => {
                self.rows[row as usize].0 = request;
                TimerId { row, generation: self.rows[row as usize].1 }
            }
            None => {
                self.rows.push((request, 0));
                TimerId { row: self.rows.len() as u32 - 1, generation: 0 }
            }
        }
    }
    /// Whose it is; nobody's, if it has been called off.
    pub(crate) fn whose(&self, id: TimerId) -> Option<RequestId> {
        let (request, generation) = self.rows[id.row as usize];
        (generation == id.generation).then_some(request)
    }
    /// It has fired, or is called off.
    pub(crate) fn end(&mut self, id: TimerId) {
        let generation = &mut self.rows[id.row as usize].1;
        *generation = generation.wrapping_add(1);
        self.free.push(id.row);
    }
    /// How many are set.
    pub(crate) fn len(&self) -> usize {
        self.rows.len() - self.free.len()
    }
}
