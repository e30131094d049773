//! Families: the requests that a step has made and waits for, so that it can call off those that it
//! need no longer wait for. A member that has gone is recognised by its generation.

use crate::kernel::RequestId;
use bevy_ecs::prelude::Resource;

/// All families; the list of one that is over is used again.
#[derive(Default, Resource)]
pub(crate) struct Families {
    members: Vec<Vec<RequestId>>,
    free: Vec<u32>,
}

impl Families {
    /// A new one, without members.
    pub(crate) fn begin(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.members.push(Vec::new());
            self.members.len() as u32 - 1
        })
    }
    pub(crate) fn add(&mut self, family: u32, member: RequestId) {
        self.members[family as usize].push(member);
    }
    /// It is over: `each` is told its members, of whom some have gone, the last first. (Who is told
    /// last is called off first, and has asked first for what it waits for.)
    pub(crate) fn end(&mut self, family: u32, each: impl FnMut(RequestId)) {
        self.members[family as usize].drain(..).rev().for_each(each);
        self.free.push(family);
    }
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.members.len() - self.free.len()
    }
}
