//! The ladder: pending events in the order of their times; equal times in the order in which they
//! were pushed.
//!
//! Law: the sequence of pushes is not stored, because every structure below keeps equal times in
//! their order, which saves 8 of 24 bytes.
//!
//! A radix ladder, after the ladder queue (Tang, Goh, Thng 2005, "Ladder queue: an O(1) priority
//! queue structure for large-scale discrete event simulation") with the digits of the time as
//! rungs, as in a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990): the events before `front_end`
//! are sorted in a short `front`, the others are in the slot given by the highest 6-bit digit in
//! which their time differs from `base`. When the front is empty, the first occupied slot becomes
//! the front if it is small, and is spread over lower rungs if it is not. There is nothing to tune,
//! and a push or pop takes amortised constant time.
//!
//! ```text
//! rung 2   [ ][ ][6][ ]…  differ from base in bits 12 to 17: far
//! rung 1   [ ][3][ ][9]…  differ in bits 6 to 11
//! rung 0   [ ][2][1][ ]…  differ in bits 0 to 5 only: a slot is one time
//!               │ the first slot that is occupied, on the lowest such rung …
//!               ▼ … becomes the front, or is spread over the rungs below it
//! front    later ◀ ─ ─ ─ ─ ─ earlier ─▶ pop
//! ```
//!
//! Checked: `calendar_tests.rs`, against a binary heap over (time, sequence) as oracle.

/// An event and its time in nanoseconds.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub time: u64,
    pub event: u64,
}

const DIGIT_BITS: u32 = 6;
const DIGITS: usize = 1 << DIGIT_BITS;
const RUNGS: usize = 64usize.div_ceil(DIGIT_BITS as usize);
/// A slot with no more events than this is sorted into the front; a front twice as long returns its
/// later half to the rungs.
const SHORT: usize = 48;
/// An emptied slot keeps room for no more events than this.
const KEPT: usize = 1024;

/// Pending events, ordered.
pub(super) struct Ladder {
    /// The earliest events, latest first, so that the next one is the last.
    front: Vec<Entry>,
    /// Events before this time belong in the front.
    front_end: u64,
    /// The time the rungs are relative to; no event outside the front is before it.
    base: u64,
    /// By rung: which of its slots are not empty, a bit each.
    occupied: [u64; RUNGS],
    slots: Vec<Vec<Entry>>,
    /// How many events are in the slots.
    filed: usize,
}

impl Default for Ladder {
    fn default() -> Self {
        let slots = (0..RUNGS * DIGITS).map(|_| Vec::new()).collect();
        Ladder { slots, ..Ladder::hollow() }
    }
}

impl Ladder {
    /// Returns a ladder that has no slots yet.
    pub(super) const fn hollow() -> Ladder {
        Ladder {
            front: Vec::new(),
            front_end: u64::MAX,
            base: 0,
            occupied: [0; RUNGS],
            slots: Vec::new(),
            filed: 0,
        }
    }
    /// Returns the number of events.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.front.len() + self.filed
    }

    /// Removes the events that are not to be kept. The order of the others does not change.
    pub(super) fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        let keep = |entry: &Entry| keep(entry.event);
        self.front.retain(keep);
        for (index, slot) in self.slots.iter_mut().enumerate() {
            slot.retain(keep);
            if slot.is_empty() {
                self.occupied[index / DIGITS] &= !(1 << (index % DIGITS));
            }
        }
        self.filed = self.slots.iter().map(Vec::len).sum();
    }

    /// Adds an event. Its time is not before that of the last event taken.
    #[inline(always)]
    pub(super) fn push(&mut self, time: u64, event: u64) {
        let entry = Entry { time, event };
        if time < self.front_end {
            // Inserted by hand: most events go to the end or near it, where `Vec::insert` would
            // call memmove.
            let mut index = self.front.len();
            self.front.push(entry);
            let front = &mut self.front[..=index];
            while index > 0 && front[index - 1].time <= time {
                front[index] = front[index - 1];
                index -= 1;
            }
            front[index] = entry;
            if self.front.len() > 2 * SHORT {
                self.spill();
            }
        } else {
            self.file(entry);
        }
    }

    /// Takes the first event, if it is before `end`.
    #[inline(always)]
    pub(super) fn pop_before(&mut self, end: u64) -> Option<Entry> {
        if self.front.is_empty() {
            if self.filed == 0 {
                return None;
            }
            self.refill();
        }
        let next = *self.front.last()?;
        if next.time >= end {
            return None;
        }
        // As it has been read, it need not be popped.
        self.front.truncate(self.front.len() - 1);
        Some(next)
    }

    /// Puts an entry into its slot on the rungs.
    #[inline(always)]
    fn file(&mut self, entry: Entry) {
        let (rung, digit) = self.place(entry.time);
        self.occupied[rung] |= 1 << digit;
        self.slots[rung * DIGITS + digit].push(entry);
        self.filed += 1;
    }

    /// Returns the rung and the slot of a time.
    #[inline(always)]
    fn place(&self, time: u64) -> (usize, usize) {
        let differing = time ^ self.base;
        let rung = (63 - (differing | 1).leading_zeros()) / DIGIT_BITS;
        (rung as usize, (time >> (DIGIT_BITS * rung)) as usize & (DIGITS - 1))
    }

    /// Returns the later half of a long front to the rungs. Of equal times, those scheduled later
    /// go, and from then on that time belongs in the rungs, so that its events, however many, need
    /// not be passed one by one.
    #[cold]
    #[inline(never)]
    fn spill(&mut self) {
        if self.filed == 0 {
            self.base = self.front.last().map_or(self.base, |next| next.time);
        }
        let half = self.front.len() / 2;
        let first_spilled = self.front[half - 1].time;
        if first_spilled < self.base {
            return;
        }
        let before_end = std::mem::replace(&mut self.front_end, first_spilled);
        // Entries whose time already belonged in the rungs were scheduled before all entries there.
        let tied = self.front[..half].partition_point(|entry| entry.time == before_end);
        let mut later: Vec<Entry> = self.front.drain(..half).rev().collect();
        let ties = later.split_off(half - tied);
        for entry in later {
            self.file(entry);
        }
        if tied > 0 {
            let (rung, digit) = self.place(before_end);
            self.occupied[rung] |= 1 << digit;
            self.slots[rung * DIGITS + digit].splice(0..0, ties);
            self.filed += tied;
        }
    }

    /// Makes the first occupied slot the front.
    #[inline(never)]
    fn refill(&mut self) {
        loop {
            let Some(rung) = self.occupied.iter().position(|&slots| slots != 0) else {
                self.front_end = u64::MAX;
                return;
            };
            let digit = self.occupied[rung].trailing_zeros() as u64;
            self.occupied[rung] &= self.occupied[rung] - 1;
            let shift = DIGIT_BITS * rung as u32;
            let above_bits = DIGIT_BITS * (rung as u32 + 1);
            let above = if above_bits >= 64 { 0 } else { self.base >> above_bits << above_bits };
            let start = above | (digit << shift);
            self.base = start;
            let index = rung * DIGITS + digit as usize;
            if self.slots[index].len() <= SHORT || rung == 0 {
                std::mem::swap(&mut self.front, &mut self.slots[index]);
                self.filed -= self.front.len();
                // Reversed first, so that of equal times the stable sort leaves the one scheduled
                // first nearest to the end.
                self.front.reverse();
                self.front.sort_by_key(|entry| std::cmp::Reverse(entry.time));
                self.front_end = match rung {
                    // All have the same time, and there may be many: events scheduled for it from
                    // now on come after them.
                    0 => start,
                    _ if self.filed == 0 => u64::MAX,
                    _ => start.saturating_add(1 << shift),
                };
                return;
            }
            let mut crowd = std::mem::take(&mut self.slots[index]);
            self.filed -= crowd.len();
            for entry in crowd.drain(..) {
                self.file(entry);
            }
            // The memory of a large crowd would hardly be needed there again.
            if crowd.capacity() <= KEPT {
                self.slots[index] = crowd;
            }
        }
    }
}
