//! The calendar against an oracle, and proof that the oracle detects errors.
//!
//! Claim: in whatever order events are scheduled, fired and purged, they fire as from a binary heap
//! over `(time, sequence)`: none is lost, none fires twice, early, late or out of order, no live
//! event is purged and no stale one remains. The scripts have equal times, near and far futures,
//! ends of digits and purges; the sizes range from 10 to 1,000,000 pending. Only the public methods
//! are used.
//!
//! A test that cannot fail proves nothing: the same property must detect each of the broken
//! calendars of `broken.rs`, with a short minimal script. All seeds are fixed.

mod broken;

use super::{Calendar, Event, RequestId};
use crate::random::keys::mix;
use crate::units::{Span, Time};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The interface of a calendar, so that broken ones can be tested too.
trait Events {
    fn now(&self) -> u64;
    fn pending(&self) -> usize;
    fn write(&mut self, span: u64, event: Event);
    fn pop_before(&mut self, end: u64) -> Option<Event>;
    fn move_to(&mut self, time: u64);
    fn purge_stale(&mut self, alive: &dyn Fn(Event) -> bool);
}

impl Events for Calendar {
    fn now(&self) -> u64 {
        Calendar::now(self).0
    }
    fn pending(&self) -> usize {
        Calendar::pending(self)
    }
    /// Alternates between both ways of scheduling.
    fn write(&mut self, span: u64, event: Event) {
        match span % 2 {
            0 => self.schedule_in(Span(span), event),
            _ => self.schedule_at(Calendar::now(self) + Span(span), event),
        }
    }
    fn pop_before(&mut self, end: u64) -> Option<Event> {
        Calendar::pop_before(self, Time(end))
    }
    fn move_to(&mut self, time: u64) {
        Calendar::move_to(self, Time(time));
    }
    fn purge_stale(&mut self, alive: &dyn Fn(Event) -> bool) {
        Calendar::purge_stale(self, alive);
    }
}

/// Returns the event scheduled as number `sequence`: all kinds in turn.
fn event(sequence: u32) -> Event {
    let id = RequestId { slot: sequence / 5, generation: sequence };
    match sequence % 5 {
        0 => Event::Arrival { source: sequence },
        1 => Event::Delivered(id),
        2 => Event::BurstDone(id),
        3 => Event::Woken(id),
        _ => Event::TimedOut(id),
    }
}

fn sequence(event: Event) -> u32 {
    match event {
        Event::Arrival { source } => source,
        Event::Delivered(id) | Event::BurstDone(id) | Event::Woken(id) | Event::TimedOut(id) => {
            id.generation
        }
        _ => unreachable!("none is scheduled here"),
    }
}

/// One line of a script.
#[derive(Clone, Debug)]
enum Act {
    /// Schedules `copies` events for the same time.
    Write { span: u64, copies: u32 },
    /// Fires up to `times` events, as long as they are due within a span.
    Fire { within: u64, times: u32 },
    /// Fires all events due within a span, and moves the clock there, as an epoch does.
    Drain { within: u64 },
    /// Cancels a share of the events: those whose number mixed with a salt is not divisible.
    Sweep { salt: u64, keep_one_in: u64 },
}

/// Runs a script on the calendar and on the oracle, and finally fires everything; an error
/// describes the first difference.
fn agrees(calendar: &mut impl Events, script: impl IntoIterator<Item = Act>) -> Result<(), String> {
    let mut oracle: BinaryHeap<Reverse<(u64, u32)>> = BinaryHeap::new();
    let mut written = 0;
    for act in script {
        match act {
            Act::Write { span, copies } => {
                for _ in 0..copies {
                    oracle.push(Reverse((calendar.now().saturating_add(span), written)));
                    calendar.write(span, event(written));
                    written += 1;
                }
            }
            Act::Fire { within, times } => {
                let end = calendar.now().saturating_add(within);
                for _ in 0..times {
                    fires_the_same(calendar, &mut oracle, end)?;
                }
            }
            Act::Drain { within } => {
                let end = calendar.now().saturating_add(within);
                while fires_the_same(calendar, &mut oracle, end)? {}
                calendar.move_to(end);
            }
            Act::Sweep { salt, keep_one_in } => {
                let alive = |number: u32| mix(salt ^ number as u64).is_multiple_of(keep_one_in);
                calendar.purge_stale(&|event| alive(sequence(event)));
                oracle.retain(|Reverse((_, number))| alive(*number));
            }
        }
        if calendar.pending() != oracle.len() {
            return Err(format!("{} are pending, not {}", calendar.pending(), oracle.len()));
        }
    }
    while fires_the_same(calendar, &mut oracle, u64::MAX)? {}
    if calendar.pending() != oracle.len() {
        return Err(format!("at the end {} are pending, not {}", calendar.pending(), oracle.len()));
    }
    Ok(())
}

/// Fires one event before `end` from both, if there is one; an error if they differ.
fn fires_the_same(
    calendar: &mut impl Events,
    oracle: &mut BinaryHeap<Reverse<(u64, u32)>>,
    end: u64,
) -> Result<bool, String> {
    let before = calendar.now();
    let fired = calendar.pop_before(end);
    let expected = match oracle.peek() {
        Some(Reverse((time, _))) if *time < end => oracle.pop().map(|Reverse(entry)| entry),
        _ => None,
    };
    match (fired, expected) {
        (None, None) if calendar.now() == before => Ok(false),
        (Some(fired), Some((time, number))) if fired == event(number) && calendar.now() == time => {
            Ok(true)
        }
        (fired, expected) => {
            Err(format!("fired {fired:?} at {}, not {expected:?}, before {end}", calendar.now()))
        }
    }
}

/// Generates spans, common and rare in simulations: equal times, neighbours, ends of digits, the
/// longest span.
fn spans() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..4u64,
        0..1_000u64,
        0..1_000_000_000u64,
        (0..64u32, 0..3u64).prop_map(|(power, off)| ((1u64 << power) - 1).saturating_add(off)),
        (0..64u32, any::<u64>()).prop_map(|(power, any)| any >> power),
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (spans(), prop_oneof![8 => 1..3u32, 1 => 40..130u32]).prop_map(|(span, copies)| Act::Write { span, copies }),
        4 => (spans(), prop_oneof![8 => 1..4u32, 1 => 40..130u32]).prop_map(|(within, times)| Act::Fire { within, times }),
        1 => spans().prop_map(|within| Act::Drain { within }),
        1 => (any::<u64>(), 1..4u64).prop_map(|(salt, keep_one_in)| Act::Sweep { salt, keep_one_in }),
    ]
}

fn scripts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(acts(), 1..200)
}

fn runner(cases: u32, seed: u64) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    })
}

#[test]
fn events_fire_as_from_a_heap_over_time_and_sequence() {
    // Oracle: `BinaryHeap`. 500 scripts of up to 200 acts.
    let result = runner(500, 41).run(&scripts(), |script| {
        agrees(&mut Calendar::default(), script).map_err(TestCaseError::fail)
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

/// Fills a calendar, keeps its size while events fire and others are scheduled, cancels some, and
/// fills it up again; `agrees` drains it.
fn holding(size: u32, held: u32, seed: u64, spread: Spread) -> impl Iterator<Item = Act> {
    let write = move |i: u32| Act::Write { span: spread(mix(seed ^ i as u64)), copies: 1 };
    let hold = move |i: u32| [Act::Fire { within: u64::MAX, times: 1 }, write(i)];
    let (filled, all) = (size, size + held);
    let cancelled = [Act::Sweep { salt: seed, keep_one_in: 3 }];
    (0..filled)
        .map(write)
        .chain((filled..all).flat_map(hold))
        .chain(cancelled)
        .chain((all..all + held).flat_map(hold))
}

/// A function from random bits to a span.
type Spread = fn(u64) -> u64;

/// The distributions of spans: the classical ones of the hold model (McCormack, Sargent 1981), and
/// ties.
const SPREADS: [(&str, Spread); 6] = [
    ("exponential", |r| (-(((r >> 11) as f64 + 0.5) / (1u64 << 53) as f64).ln() * 1e6) as u64),
    ("uniform", |r| r % 2_000_000),
    ("two modes, far apart", |r| {
        if r.is_multiple_of(10) { 1_000_000_000_000 + (r >> 8) % 1_000 } else { (r >> 8) % 1_000 }
    }),
    ("few different times", |r| r % 7 * 1_000_000),
    ("one time", |_| 5_000_000),
    ("every magnitude", |r| (r >> 6) >> (r % 58)),
];

#[test]
fn the_order_holds_with_10_to_100_000_pending() {
    // Oracle: `BinaryHeap`. Five sizes, six spreads each.
    for size in [10, 100, 1_000, 10_000, 100_000] {
        for (name, spread) in SPREADS {
            let held = size.clamp(2_000, 20_000);
            let result = agrees(&mut Calendar::default(), holding(size, held, 42, spread));
            assert_eq!(result, Ok(()), "{size} pending, {name}");
        }
    }
}

#[test]
fn the_order_holds_with_a_million_pending() {
    // Oracle: `BinaryHeap`. Two spreads: one that fills many rungs, one of ties.
    for (name, spread) in [SPREADS[0], SPREADS[3]] {
        let result = agrees(&mut Calendar::default(), holding(1_000_000, 20_000, 43, spread));
        assert_eq!(result, Ok(()), "{name}");
    }
}

/// Marks one more entry as stale, and returns whether a purge is due.
fn dies(calendar: &mut Calendar) -> bool {
    calendar.note_stale();
    calendar.is_half_dead()
}

#[test]
fn at_most_half_of_the_entries_are_stale_and_a_purge_is_due_no_sooner() {
    // The rule at `is_half_dead`: due if more than 1,024 and more than half are stale. By hand: of
    // 2,000 the 1,025th, of 3,000 the 1,501st.
    for (size, due) in [(2_000, 1_025), (2_048, 1_025), (2_050, 1_026), (3_000, 1_501)] {
        let mut calendar = Calendar::default();
        (0..size).for_each(|i| calendar.schedule_in(Span(i as u64), event(i)));
        assert_eq!((1..=size).find(|_| dies(&mut calendar)), Some(due), "{size}");
        // One that fires and is ignored no longer counts as stale; after a purge none does.
        calendar.note_skipped();
        assert!(dies(&mut calendar));
        calendar.note_skipped();
        calendar.note_skipped();
        assert!(!dies(&mut calendar));
        calendar.purge_stale(|_| true);
        assert_eq!((1..=size).find(|_| dies(&mut calendar)), Some(due), "{size}, after a purge");
    }
}

#[test]
fn an_entry_that_was_not_counted_as_stale_may_be_ignored() {
    // The count of stale entries does not go below 0: the 1,025th stale entry after it is still the
    // one that makes a purge due.
    let mut calendar = Calendar::default();
    (0..2_000).for_each(|i| calendar.schedule_in(Span(i as u64), event(i)));
    calendar.note_skipped();
    assert_eq!((1..=2_000).find(|_| dies(&mut calendar)), Some(1_025));
}

#[test]
fn what_has_fired_is_counted() {
    // By hand: five of ten are before 5 ns.
    let mut calendar = Calendar::default();
    (0..10).for_each(|i| calendar.schedule_in(Span(i as u64), event(i)));
    while Calendar::pop_before(&mut calendar, Time(5)).is_some() {}
    assert_eq!(
        (calendar.fired(), Calendar::pending(&calendar), Calendar::now(&calendar)),
        (5, 5, Time(4))
    );
}

#[test]
#[should_panic(expected = "the past cannot be changed")]
fn nothing_can_be_scheduled_in_the_past() {
    let mut calendar = Calendar::default();
    Calendar::move_to(&mut calendar, Time(10));
    calendar.schedule_at(Time(10), event(0));
    calendar.schedule_at(Time(9), event(1));
}

#[test]
#[should_panic(expected = "the clock went back")]
fn the_clock_does_not_go_back() {
    let mut calendar = Calendar::default();
    Calendar::move_to(&mut calendar, Time(10));
    Calendar::move_to(&mut calendar, Time(10));
    Calendar::move_to(&mut calendar, Time(9));
}

#[test]
fn a_long_front_of_equal_times_fires_in_order() {
    // By construction: 10,000 events of one time are scheduled while others are before and after
    // it, one by one in front of the rest.
    let mut script = vec![Act::Write { span: 1_000, copies: 1 }];
    script.extend(
        (0..10_000)
            .map(|i| Act::Write { span: if i % 3 == 0 { 500 } else { 500 - (i % 7) }, copies: 1 }),
    );
    script.push(Act::Write { span: 499, copies: 300 });
    assert_eq!(agrees(&mut Calendar::default(), script), Ok(()));
}
