//! Frames: what a request has to come back to when it is inside a block: a stack, in a slab that
//! all requests share.
//!
//! Law: a block opens a frame and closes it, on every way out, the newest first. A frame keeps the
//! request's key: inside a block the key is the address of the draws of this *scope*, so that each
//! execution of a body draws anew, and outside it is what it was.
//! Checked: every open frame is that of a request (`sim/audit.rs`).

use super::{NONE, Request};
use crate::random::keys::Key;
use bevy_ecs::prelude::Resource;

/// A block that a request is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// The block around it, or [`NONE`]; of a free row, the next free one.
    below: u32,
    /// The step that opened it, in the plan's program.
    pub step: u32,
    /// Two words of that step.
    pub a: u64,
    pub b: u64,
    /// The key outside of it.
    pub key: Key,
}

/// All open frames.
#[derive(Resource)]
pub(crate) struct Frames {
    rows: Vec<Frame>,
    free: u32,
    open: usize,
    /// The executions of repeated bodies since an event, and the number of that event.
    turns: (u64, u64),
}

impl Default for Frames {
    fn default() -> Frames {
        Frames { rows: Vec::new(), free: NONE, open: 0, turns: (0, 0) }
    }
}

impl Frames {
    /// Opens a frame of the step that a request is at.
    #[inline]
    pub(crate) fn open(&mut self, request: &mut Request, a: u64, b: u64) {
        let frame = Frame { below: request.frame, step: request.step, a, b, key: request.key };
        self.open += 1;
        let row = self.free;
        match self.rows.get_mut(row as usize) {
            Some(place) => {
                self.free = place.below;
                *place = frame;
                request.frame = row;
            }
            None => {
                request.frame = self.rows.len() as u32;
                self.rows.push(frame);
            }
        }
    }
    /// The innermost frame of a request, which has one.
    pub(crate) fn top(&mut self, request: &Request) -> &mut Frame {
        &mut self.rows[request.frame as usize]
    }
    /// Closes the innermost frame of a request, and gives it back the key from outside.
    pub(crate) fn close(&mut self, request: &mut Request) -> Frame {
        let row = request.frame;
        let frame = self.rows[row as usize];
        (request.frame, request.key) = (frame.below, frame.key);
        self.rows[row as usize].below = self.free;
        self.free = row;
        self.open -= 1;
        frame
    }
    /// The blocks that a request is in, the innermost first.
    pub(crate) fn of(&self, request: &Request) -> impl Iterator<Item = &Frame> {
        let at = |row: u32| self.rows.get(row as usize).filter(|_| row != NONE);
        std::iter::successors(at(request.frame), move |frame| at(frame.below))
    }
    /// The key of a request outside of all blocks: its name.
    pub(crate) fn key_of(&self, request: &Request) -> Key {
        self.of(request).last().map_or(request.key, |frame| frame.key)
    }
    /// A body is executed once more; how often that has been since the event with this number.
    pub(crate) fn turn(&mut self, event: u64) -> u64 {
        if self.turns.1 != event {
            self.turns = (0, event);
        }
        self.turns.0 += 1;
        self.turns.0
    }
    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.open
    }
}
