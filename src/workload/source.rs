//! A source of requests in the world: its arrivals, drawn ahead in blocks.
//!
//! Law: the gaps of the process are mapped through the inverse of the integrated rate; each source
//! draws from its own sequential generator, so its arrivals do not depend on anything else.
//! Checked: `tests/it/workload.rs`.

use super::{Course, Interarrival, RateProfile, RateSegment, Remembered, Turns};
use crate::random::keys::{Draw, Key, Salt};
use crate::units::Time;
use bevy_ecs::prelude::Component;
use rand::Rng;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The arrival process of a source in the plan.
#[derive(Clone, Debug)]
pub(crate) struct ArrivalProcess {
    pub gaps: Interarrival,
    pub profile: RateProfile,
    /// The mean number of requests that follow from one arrival: more than one in sessions.
    pub requests: f64,
    pub salt: Salt,
    /// Whether every draw is mirrored, so that long gaps become short ones and vice versa
    /// (antithetic pairs).
    pub mirrored: bool,
}

/// The number of arrivals drawn ahead at once: a tight loop over one generator is faster than one
/// call per arrival.
const BLOCK: usize = 32;

/// A source of requests in the world.
#[derive(Component)]
pub(crate) struct Source {
    /// The key from which its requests' keys are derived.
    pub key: Key,
    /// The number of requests sent so far.
    pub ordinal: u64,
    /// How many of them are in flight, if that is limited.
    pub in_flight: u64,
    /// How many connections of its tool are taken.
    pub taken: u64,
    /// The latencies that its users remember.
    pub remembered: Remembered,
    /// The same of each user, if they come back.
    pub turns: Turns,
    state: ArrivalState,
    /// How far the pieces of its rate have come, if that is a product.
    course: Course,
    /// The arrivals drawn ahead; `drawn` is their number, `next` the index of the next one.
    ahead: [Time; BLOCK],
    drawn: usize,
    next: usize,
}

/// The arrival process of a source, up to its last draw.
#[derive(Clone)]
struct ArrivalState {
    generator: Xoshiro256PlusPlus,
    /// All ones if draws are mirrored.
    flipped: u64,
    piece: RateSegment,
    next_piece: u32,
    /// Units of the integrated rate consumed within the piece.
    used: f64,
    /// The requests of the current batch that have not been returned yet.
    batch_left: u64,
    /// The last arrival drawn.
    last: Time,
    /// The number of gaps drawn, for processes that depend on it.
    gaps: u64,
}

impl Source {
    pub(crate) fn new(process: &ArrivalProcess, replication: Key) -> Source {
        let key = Key(replication.draw(process.salt).0);
        let generator = Xoshiro256PlusPlus::seed_from_u64(key.draw(Salt::of("arrivals")).0);
        let flipped = if process.mirrored { u64::MAX } else { 0 };
        let state = ArrivalState {
            generator,
            flipped,
            piece: RateSegment::EMPTY,
            next_piece: 0,
            used: 0.0,
            batch_left: 0,
            last: Time::ZERO,
            gaps: 0,
        };
        Source {
            key,
            ordinal: 0,
            in_flight: 0,
            taken: 0,
            remembered: Remembered::default(),
            turns: Turns::default(),
            state,
            course: Course::default(),
            ahead: [Time::ZERO; BLOCK],
            drawn: BLOCK,
            next: BLOCK,
        }
    }

    /// Returns the time of the next arrival, or `None` if there is none before `horizon`.
    #[inline(always)]
    pub(crate) fn next_arrival(&mut self, process: &ArrivalProcess, horizon: Time) -> Option<Time> {
        // A block that is not full is the last.
        if self.next == self.drawn {
            if self.drawn < BLOCK {
                return None;
            }
            self.draw_ahead(process, horizon);
            if self.drawn == 0 {
                return None;
            }
        }
        let arrival = self.ahead.get(self.next).copied();
        self.next += 1;
        arrival
    }

    #[inline(never)]
    fn draw_ahead(&mut self, process: &ArrivalProcess, horizon: Time) {
        // Work on copies, which can stay in registers.
        let (mut state, mut ahead) = (self.state.clone(), [Time::ZERO; BLOCK]);
        let mut drawn = 0;
        match &process.gaps {
            Interarrival::Poisson => drawn = state.draw_plain(horizon, &mut ahead),
            Interarrival::Given(given) => {
                drawn = given.fill(&mut state.gaps, horizon, &mut ahead);
            }
            _ => {}
        }
        while drawn < BLOCK
            && !process.gaps.are_given()
            && let Some(arrival) = state.draw(process, &mut self.course, horizon)
        {
            ahead[drawn] = arrival;
            drawn += 1;
        }
        (self.state, self.ahead, self.drawn, self.next) = (state, ahead, drawn, 0);
    }
}

/// Returns the nearest nanosecond. Converted through i64, which takes half the instructions.
#[inline(always)]
fn nearest(at_s: f64) -> Time {
    Time((at_s * 1e9 + 0.5) as i64 as u64)
}

impl ArrivalState {
    #[inline(always)]
    fn next_draw(&mut self) -> Draw {
        Draw(self.generator.next_u64() ^ self.flipped)
    }
    /// Draws Poisson arrivals as long as the rate stays what it is, which they nearly always do;
    /// returns how many. [`draw`](ArrivalState::draw) would draw the same, and takes over where
    /// this has to stop, having drawn nothing of what follows.
    #[inline(always)]
    fn draw_plain(&mut self, horizon: Time, ahead: &mut [Time; BLOCK]) -> usize {
        let ArrivalState { mut generator, mut used, mut last, piece, flipped, .. } = self.clone();
        if piece.slope != 0.0 || piece.bends != [0.0; 2] {
            return 0;
        }
        let mut drawn = 0;
        for arrival in ahead {
            let mut advanced = generator.clone();
            let draw = Draw(advanced.next_u64() ^ flipped);
            let reached = used + Interarrival::Poisson.next(draw, &mut 0);
            let at = nearest(piece.start_s + reached / piece.from);
            let is_in_piece = reached < piece.units;
            if !is_in_piece || at >= horizon {
                break;
            }
            last = at.max(last);
            *arrival = last;
            (generator, used) = (advanced, reached);
            drawn += 1;
        }
        (self.generator, self.used, self.last) = (generator, used, last);
        drawn
    }
    /// Draws the arrival after the last one.
    #[inline(always)]
    fn draw(
        &mut self,
        process: &ArrivalProcess,
        course: &mut Course,
        horizon: Time,
    ) -> Option<Time> {
        if self.batch_left > 0 {
            self.batch_left -= 1;
            return Some(self.last);
        }
        let draw = self.next_draw();
        let mut gap = process.gaps.next(draw, &mut self.gaps);
        loop {
            let reached = self.used + gap;
            // An arrival at the very end of a piece happens when the next positive rate begins, so
            // never if none follows.
            if reached < self.piece.units {
                self.used = reached;
                break;
            }
            gap = reached - self.piece.units;
            if self.piece.end_s * 1e9 >= horizon.0 as f64 {
                return None;
            }
            self.piece = match &process.profile {
                RateProfile::Shaped(shaped) => {
                    let last = self.piece;
                    shaped.after(&last, course, || self.next_draw())
                }
                profile => {
                    let draw = self.next_draw();
                    profile.after(&self.piece, self.next_piece, draw)
                }
            };
            self.next_piece += 1;
            self.used = 0.0;
        }
        let at = nearest(self.piece.time_at(self.used));
        if at >= horizon {
            return None;
        }
        if let Interarrival::Batch(batch) = &process.gaps {
            // A batch has at least one request, whatever the distribution returns; the check
            // rejects a constant size of 0.
            self.batch_left = (batch.0.sample(self.next_draw()).round().max(1.0) as u64) - 1;
        }
        // Rounding must not put an arrival before the previous one.
        self.last = at.max(self.last);
        Some(self.last)
    }
}
