//! Deadlocks: requests each of which holds what the next waits for, in a circle.
//!
//! Law: at the end of a run a request is *live* if it waits for nothing that is held, or if one is
//! live that holds a unit it waits for, or that it has made and waits for. Those that are not live
//! wait for ever: each of the units they need is held by another of them (Holt 1972, "Some deadlock
//! properties of computer systems": the graph of units and requests is reduced by those that may
//! finish). Who gives up after some time is live; waiting for memory, for cores or at a door is not
//! looked at. Linear in requests and what they hold.
//! Checked: `tests/it/deadlock.rs`.

use super::columns::{Columns, Everything};
use crate::measure::Deadlock;
use crate::request::{Flag, NONE, Phase, Request};
use crate::step::{Act, Waits};
use bevy_ecs::prelude::*;
use std::collections::BTreeMap;

/// Finds the requests that wait for ever.
pub(crate) fn find(mut world: Everything, plan: Res<super::PlanHandle>) -> Option<Deadlock> {
    let horizon = plan.0.horizon;
    world.with(horizon, |x, requests| Waiting::of(x, requests).deadlock())
}

/// Who waits, and for what.
struct Waiting<'w, 'x> {
    x: &'w Columns<'x>,
    requests: &'w [Request],
    /// By slot; nothing for those that are not there.
    waits: Vec<Waits>,
    /// By unit: those that wait for it.
    lines: BTreeMap<u64, Vec<u32>>,
    /// Those that are not live.
    stuck: Vec<bool>,
}

impl<'w, 'x> Waiting<'w, 'x> {
    fn of(x: &'w Columns<'x>, requests: &'w [Request]) -> Waiting<'w, 'x> {
        let mut is_free = vec![false; requests.len()];
        x.free.iter().for_each(|slot| is_free[*slot as usize] = true);
        let waits: Vec<Waits> = requests
            .iter()
            .zip(is_free)
            .map(|(request, is_free)| match request.phase {
                Phase::Running if !is_free => x.program[request.step as usize].waits(request),
                _ => Waits::Nothing,
            })
            .collect();
        let mut lines: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for (slot, waits) in waits.iter().enumerate() {
            if let Waits::Unit(unit) = waits {
                lines.entry(*unit).or_default().push(slot as u32);
            }
        }
        let stuck = waits.iter().map(|waits| *waits != Waits::Nothing).collect();
        Waiting { x, requests, waits, lines, stuck }.reduced()
    }

    /// Takes out who may go on, and those who wait for these, until only those are left who wait
    /// for each other.
    fn reduced(mut self) -> Self {
        let mut live: Vec<u32> =
            (0..self.stuck.len() as u32).filter(|slot| !self.stuck[*slot as usize]).collect();
        while let Some(slot) = live.pop() {
            let mut next: Vec<u32> =
                self.held(slot).flat_map(|unit| self.lines.get(&unit)).flatten().copied().collect();
            next.extend(self.caller(slot));
            for other in next {
                if std::mem::take(&mut self.stuck[other as usize]) {
                    live.push(other);
                }
            }
        }
        // Who has called one that gives up hears of it.
        let given_up = |slot: &u32| self.requests[*slot as usize].has(Flag::TIMED);
        let freed: Vec<u32> = (0..self.stuck.len() as u32)
            .filter(|slot| self.stuck[*slot as usize] && given_up(slot))
            .map(|slot| self.caller(slot).unwrap_or(slot))
            .filter(|slot| self.stuck[*slot as usize])
            .collect();
        if freed.is_empty() {
            return self;
        }
        for slot in freed {
            (self.stuck[slot as usize], self.waits[slot as usize]) = (false, Waits::Nothing);
        }
        self.reduced()
    }

    /// The units that the request in a slot holds.
    fn held(&self, slot: u32) -> impl Iterator<Item = u64> {
        let frames = self.x.stage.frames.of(&self.requests[slot as usize]);
        let program = self.x.program;
        frames.filter(|frame| program[frame.step as usize].holds(frame).is_some()).map(|f| f.a)
    }

    /// The request that waits for the one in a slot.
    fn caller(&self, slot: u32) -> Option<u32> {
        let caller = self.requests[slot as usize].caller;
        let is_there = caller.slot != NONE
            && self.requests[caller.slot as usize].generation == caller.generation;
        is_there.then_some(caller.slot)
    }

    /// The first circle, in words.
    fn deadlock(&self) -> Option<Deadlock> {
        let all: Vec<u32> =
            (0..self.stuck.len() as u32).filter(|slot| self.stuck[*slot as usize]).collect();
        let holder_of: BTreeMap<u64, u32> =
            all.iter().flat_map(|slot| self.held(*slot).map(|unit| (unit, *slot))).collect();
        let called_by: BTreeMap<u32, u32> =
            all.iter().filter_map(|slot| Some((self.caller(*slot)?, *slot))).collect();
        // From one who waits for a unit to the next, by way of who holds it and whom that waits
        // for.
        let next = |slot: u32| {
            let Waits::Unit(unit) = self.waits[slot as usize] else { return None };
            let mut waiter = *holder_of.get(&unit)?;
            for _ in 0..all.len() {
                match self.waits[waiter as usize] {
                    Waits::Unit(_) => return Some(waiter),
                    _ => waiter = *called_by.get(&waiter)?,
                }
            }
            None
        };
        let first = *all.iter().find(|slot| next(**slot).is_some())?;
        let mut path = vec![first];
        while let Some(other) = next(*path.last()?) {
            if let Some(start) = path.iter().position(|slot| *slot == other) {
                path.drain(..start);
                break;
            }
            path.push(other);
        }
        let at = path.iter().map(|slot| self.requests[*slot as usize].parts.mark).max()?;
        let words = path.iter().take(MOST).map(|slot| self.words(*slot)).collect::<Vec<_>>();
        let more = if path.len() > MOST { ", and so on" } else { "" };
        let circle = format!("{}{more}", words.join(", "));
        Some(Deadlock { at, requests: all.len() as u64, circle })
    }

    /// What a request waits for: `api.x waits for the lock api#1.b`.
    fn words(&self, slot: u32) -> String {
        let layout = &self.x.plan.layout;
        let flow = &layout.flows[self.requests[slot as usize].flow as usize];
        let Waits::Unit(unit) = self.waits[slot as usize] else { return String::new() };
        let of = &layout.resources[unit as u32 as usize];
        let key = if of.keys > 0 { format!("key {} of ", (unit >> 32) + 1) } else { String::new() };
        format!("{} waits for {key}the {} {}", layout.name_of(flow), of.kind, of.name)
    }
}

/// The most requests of a circle that are named.
const MOST: usize = 4;
