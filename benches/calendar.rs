//! The calendar against binary and quaternary heaps: nanoseconds to take one event and schedule
//! another (the hold model of Vaucher and Duval 1975), with 10 to 1,000,000 pending.
//!
//! `cargo bench --bench calendar`. Spans are exponential; the heaps store (time, sequence), which
//! keeps equal times in order.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench measures time and prints it"
)]

use asyncflow::kernel::{Calendar, Event};
use asyncflow::random::keys::{Draw, mix};
use asyncflow::random::logarithm::ln;
use asyncflow::units::{Span, Time};
use dary_heap::QuaternaryHeap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// A list of pending events.
trait List: Default {
    fn write(&mut self, span: u64, source: u32);
    fn take(&mut self) -> u32;
}

#[derive(Default)]
struct Ours(Calendar);

impl List for Ours {
    #[inline(always)]
    fn write(&mut self, span: u64, source: u32) {
        self.0.schedule_in(Span(span), Event::Arrival { source });
    }
    #[inline(always)]
    fn take(&mut self) -> u32 {
        match self.0.pop_before(Time(u64::MAX)) {
            Some(Event::Arrival { source }) => source,
            other => unreachable!("only arrivals were written, not {other:?}"),
        }
    }
}

macro_rules! heap {
    ($name:ident, $heap:ty) => {
        #[derive(Default)]
        struct $name {
            heap: $heap,
            now: u64,
            sequence: u32,
        }
        impl List for $name {
            #[inline(always)]
            fn write(&mut self, span: u64, source: u32) {
                self.sequence += 1;
                self.heap.push(Reverse((self.now + span, self.sequence, source)));
            }
            #[inline(always)]
            fn take(&mut self) -> u32 {
                let Reverse((time, _, source)) = self.heap.pop().unwrap_or_default();
                self.now = time;
                source
            }
        }
    };
}
heap!(Binary, BinaryHeap<Reverse<(u64, u32, u32)>>);
heap!(Quaternary, QuaternaryHeap<Reverse<(u64, u32, u32)>>);

fn span(n: u64) -> u64 {
    (-ln(Draw(mix(n)).uniform()) * 1e7) as u64
}

/// Returns the nanoseconds per hold, the best of some rounds, and a checksum that must be equal for
/// all lists.
fn holds<L: List>(pending: u64, holds: u64, rounds: u32) -> (f64, u64) {
    let mut list = L::default();
    (0..pending).for_each(|i| list.write(span(i), i as u32));
    let (mut best, mut sum, mut n) = (f64::MAX, 0u64, pending);
    for _ in 0..rounds {
        let started = Instant::now();
        for _ in 0..holds {
            let source = list.take();
            sum = sum.wrapping_mul(31).wrapping_add(source as u64);
            list.write(span(n), source);
            n += 1;
        }
        best = best.min(started.elapsed().as_secs_f64() * 1e9 / holds as f64);
    }
    (best, sum)
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let (many, rounds) = if quick { (10_000, 1) } else { (400_000, 5) };
    println!(
        "{:>10} {:>10} {:>10} {:>12} {:>12} {:>14}",
        "pending", "calendar", "binary", "quaternary", "of binary", "of quaternary"
    );
    for pending in [10, 100, 1_000, 10_000, 100_000, 1_000_000] {
        let (ours, sum) = holds::<Ours>(pending, many, rounds);
        let (binary, binary_sum) = holds::<Binary>(pending, many, rounds);
        let (quaternary, quaternary_sum) = holds::<Quaternary>(pending, many, rounds);
        assert!(
            sum == binary_sum && sum == quaternary_sum,
            "all lists fire the same events in the same order"
        );
        println!(
            "{pending:10} {ours:10.1} {binary:10.1} {quaternary:12.1} {:12.2} {:14.2}",
            ours / binary,
            ours / quaternary
        );
    }
}
