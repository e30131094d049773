//! Deadlocks: requests each of which holds what the next waits for, in a circle.
//!
//! Law: at the end of a run a request is *live* if it waits for nothing that is held, or if one is
//! live that holds a unit it waits for, or that it has made and waits for; and if it will be called
//! off by one that is live: it is a branch of a step that may end without it, or its user leaves.
//! Those that are not live wait for ever: each of the units they need is held by another of them
//! (Holt 1972, "Some deadlock properties of computer systems": the graph of units and requests is
//! reduced by those that may finish). A step with several branches counts as live as long as one of
//! them is, because that one may end it. Memory of an instance is one unit here, however much of it
//! each holds: who waits for it is live as long as any who holds some is. Waiting for cores or at a
//! door is not looked at. Linear in requests and what they hold.
//! Checked: `tests/it/deadlock.rs`.

use super::columns::{Columns, Everything};
use crate::measure::Deadlock;
use crate::request::{Flag, NONE, Phase, Request};
use crate::resource::Unit;
use crate::step::{Act, Waits};
use bevy_ecs::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

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
    /// By slot: the requests that it waits for.
    made: BTreeMap<u32, Vec<u32>>,
    /// By unit: those that wait for it.
    lines: BTreeMap<Unit, Vec<u32>>,
    /// Those that are not live.
    stuck: Vec<bool>,
}

impl<'w, 'x> Waiting<'w, 'x> {
    fn of(x: &'w Columns<'x>, requests: &'w [Request]) -> Waiting<'w, 'x> {
        let mut is_there = vec![true; requests.len()];
        x.free.iter().for_each(|slot| is_there[*slot as usize] = false);
        let of = |(request, is_there): (&Request, &bool)| match request.phase {
            Phase::Running if *is_there => x.program[request.step as usize].waits(request),
            _ => Waits::Nothing,
        };
        let waits: Vec<Waits> = requests.iter().zip(&is_there).map(of).collect();
        let stuck = waits
            .iter()
            .map(|waits| !matches!(waits, Waits::Nothing | Waits::Branches { ends: true, .. }))
            .collect();
        let (mut lines, mut made) = (BTreeMap::new(), BTreeMap::new());
        let mut waiting =
            Waiting { x, requests, waits, made: BTreeMap::new(), lines: BTreeMap::new(), stuck };
        for slot in (0..requests.len() as u32).filter(|slot| is_there[*slot as usize]) {
            if let Some(unit) = waiting.unit(slot) {
                lines.entry(unit).or_insert_with(Vec::new).push(slot);
            }
            if let Some(caller) = waiting.caller(slot) {
                made.entry(caller).or_insert_with(Vec::new).push(slot);
            }
        }
        (waiting.lines, waiting.made) = (lines, made);
        waiting.reduce();
        waiting
    }

    /// Takes out who may go on, those who wait for these, and those whom these will call off, until
    /// only those are left who wait for each other.
    fn reduce(&mut self) {
        let mut called_off = vec![false; self.stuck.len()];
        let mut next: Vec<(u32, bool)> = Vec::new();
        for slot in 0..self.stuck.len() as u32 {
            let leaves = self.leaves(slot);
            if leaves || !self.stuck[slot as usize] {
                next.push((slot, leaves));
            }
            // Who has called one that is waited for a limited time goes on without it.
            if self.requests[slot as usize].has(Flag::TIMED) {
                next.extend(self.caller(slot).map(|caller| (caller, false)));
            }
        }
        let mut is_done = vec![false; self.stuck.len()];
        while let Some((slot, is_called_off)) = next.pop() {
            self.stuck[slot as usize] = false;
            let ends_branches = match self.waits[slot as usize] {
                Waits::Branches { keeps, .. } => !keeps,
                Waits::Answer => is_called_off,
                _ => false,
            };
            if ends_branches && !std::mem::replace(&mut called_off[slot as usize], true) {
                let made = self.made.get(&slot).into_iter().flatten();
                next.extend(made.map(|slot| (*slot, true)));
            }
            if !std::mem::replace(&mut is_done[slot as usize], true) {
                // The first to be live who holds a unit lets the whole line go on.
                for unit in self.held(slot).collect::<Vec<_>>() {
                    let line = self.lines.remove(&unit).unwrap_or_default();
                    next.extend(line.into_iter().map(|slot| (slot, false)));
                }
                next.extend(self.caller(slot).map(|caller| (caller, false)));
            }
        }
    }

    /// Whether the user of a request will leave, and call it off.
    fn leaves(&self, slot: u32) -> bool {
        let request = &self.requests[slot as usize];
        let source = self.x.plan.layout.flows[request.flow as usize].workload;
        let patience = source.and_then(|id| self.x.plan.sources[id as usize].patience.as_ref());
        request.has(Flag::TIMED) && patience.is_some_and(|patience| patience.cancels)
    }

    /// The units that the request in a slot holds.
    fn held(&self, slot: u32) -> impl Iterator<Item = Unit> {
        let request = &self.requests[slot as usize];
        let program = self.x.program;
        let units = self.x.stage.frames.of(request).filter_map(|frame| {
            let op = &program[frame.step as usize];
            let keeps = op.keeps(frame) > 0;
            op.holds(frame).or_else(|| keeps.then(|| self.memory(request.instance)))
        });
        let own = request.has(Flag::MEMORY).then(|| self.memory(request.instance));
        own.into_iter().chain(units)
    }

    /// The memory of an instance as a unit: behind those of all resources.
    fn memory(&self, instance: u32) -> Unit {
        Unit { row: self.x.plan.resources.len() as u32 + instance, key: 0 }
    }

    /// The unit that the request in a slot waits for.
    fn unit(&self, slot: u32) -> Option<Unit> {
        match self.waits[slot as usize] {
            Waits::Unit(unit) => Some(unit),
            Waits::Memory(instance) => Some(self.memory(instance)),
            _ => None,
        }
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
        let holder_of: BTreeMap<Unit, u32> =
            all.iter().flat_map(|slot| self.held(*slot).map(|unit| (unit, *slot))).collect();
        let called_by: BTreeMap<u32, u32> =
            all.iter().filter_map(|slot| Some((self.caller(*slot)?, *slot))).collect();
        // From one who waits for a unit to the next, by way of who holds it and whom that waits
        // for.
        let next = |slot: u32| {
            let mut waiter = *holder_of.get(&self.unit(slot)?)?;
            for _ in 0..all.len() {
                match self.unit(waiter) {
                    Some(_) => return Some(waiter),
                    None => waiter = *called_by.get(&waiter)?,
                }
            }
            None
        };
        let first = *all.iter().find(|slot| next(**slot).is_some())?;
        let (mut path, mut place_of) = (vec![first], BTreeMap::from([(first, 0)]));
        while let Some(other) = next(*path.last()?) {
            if let Some(start) = place_of.insert(other, path.len()) {
                path.drain(..start);
                break;
            }
            path.push(other);
        }
        let at = path.iter().map(|slot| self.requests[*slot as usize].parts.mark).max()?;
        let words = path.iter().take(MOST).map(|slot| self.words(*slot)).collect::<Vec<_>>();
        let more = if path.len() > MOST { ", and so on" } else { "" };
        let circle = format!("{}{more}", words.join(", "));
        let flows = &self.x.plan.layout.flows;
        let workload = |slot: &u32| flows[self.requests[*slot as usize].flow as usize].workload;
        let workloads: BTreeSet<u32> = all.iter().filter_map(workload).collect();
        let workloads = workloads.into_iter().collect();
        Some(Deadlock { at, requests: all.len() as u64, circle, workloads })
    }

    /// What a request waits for: `api.x waits for the lock api#1.b`.
    fn words(&self, slot: u32) -> String {
        let layout = &self.x.plan.layout;
        let flow = &layout.flows[self.requests[slot as usize].flow as usize];
        let Some(unit) = self.unit(slot) else { return String::new() };
        let Some(of) = layout.resources.get(unit.row as usize) else {
            let instance = &layout.instances[unit.row as usize - layout.resources.len()];
            return format!("{} waits for memory of {}", layout.name_of(flow), instance.name);
        };
        let key = if of.keys > 0 { format!("key {} of ", unit.key + 1) } else { String::new() };
        format!("{} waits for {key}the {} {}", layout.name_of(flow), of.kind, of.name)
    }
}

/// The most requests of a circle that are named.
const MOST: usize = 4;
