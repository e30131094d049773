//! The arrival rate over time, in pieces. Within each piece the rate is linear, so its integral can
//! be inverted in closed form; a product of shapes is cubic (`shaped.rs`), and its integral is
//! inverted by Newton's method.

use super::shaped::Shaped;
use super::spread::Factor;
use super::{Mmpp, RateShape, Stages, TableRate};
use crate::random::dists::Distribution;
use crate::random::keys::Draw;
use crate::random::logarithm::ln;
use crate::units::Span;
use crate::workload::Users;
use std::sync::Arc;

/// A period with a linear rate, or a cubic one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RateSegment {
    pub start_s: f64,
    pub end_s: f64,
    /// The rate at the start, in 1/s.
    pub from: f64,
    /// The slope of the rate, in 1/s².
    pub slope: f64,
    /// What the rate has beside: the factors of t² and t³, t since the start.
    pub bends: [f64; 2],
    /// The integral of the rate over the piece (expected arrivals).
    pub units: f64,
}

/// The rate over time, from which segments are generated.
#[derive(Clone, Debug)]
pub(crate) enum RateProfile {
    /// A constant rate, in 1/s.
    Constant { rate: f64 },
    /// Ramps, then the last rate forever.
    Ramps(Box<[Ramp]>),
    /// A number of active users that is redrawn for every window; `each` is the rate of one user,
    /// in 1/s.
    Windows { active: Box<Distribution>, each: f64, spread: Option<Factor>, window_s: f64 },
    /// States that are taken in turn, each for an exponential time: rate in 1/s, mean stay in s.
    States(Box<[[f64; 2]]>),
    /// One of these, times factors.
    Shaped(Arc<Shaped>),
}

/// A linear change of the rate: its duration in seconds, and the rates in 1/s.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ramp {
    pub over_s: f64,
    pub from: f64,
    pub to: f64,
}

impl RateSegment {
    /// The empty piece before the first.
    pub(crate) const EMPTY: RateSegment = RateSegment {
        start_s: 0.0,
        end_s: 0.0,
        from: 0.0,
        slope: 0.0,
        bends: [0.0; 2],
        units: 0.0,
    };

    pub(super) fn new(start_s: f64, length_s: f64, from: f64, to: f64) -> RateSegment {
        let units = if from == to { from * length_s } else { (from + to) * 0.5 * length_s };
        // A rate of 0 for an infinite time would be 0 * inf.
        let units = if units.is_nan() { 0.0 } else { units };
        let slope = if from == to { 0.0 } else { (to - from) / length_s };
        RateSegment { start_s, end_s: start_s + length_s, from, slope, bends: [0.0; 2], units }
    }

    /// A constant rate between two times.
    pub(super) fn flat(start_s: f64, end_s: f64, rate: f64) -> RateSegment {
        RateSegment { end_s, ..RateSegment::new(start_s, end_s - start_s, rate, rate) }
    }

    /// The cubic with these rates and slopes at its ends.
    pub(super) fn cubic(
        start_s: f64,
        end_s: f64,
        [from, slope]: [f64; 2],
        [to, slope_to]: [f64; 2],
    ) -> RateSegment {
        let h = end_s - start_s;
        let secant = (to - from) / h;
        let bends = [
            (3.0 * secant - 2.0 * slope - slope_to) / h,
            (slope + slope_to - 2.0 * secant) / (h * h),
        ];
        let piece = RateSegment { start_s, end_s, from, slope, bends, units: 0.0 };
        RateSegment { units: piece.units_until(end_s).max(0.0), ..piece }
    }

    /// Returns the integral of the rate from the start to a time within the piece.
    pub(super) fn units_until(&self, at_s: f64) -> f64 {
        let t = at_s - self.start_s;
        let [square, cube] = self.bends;
        t * (self.from + t * (self.slope / 2.0 + t * (square / 3.0 + t * cube / 4.0)))
    }

    /// Returns the time in seconds at which the integral reaches `used`: the root of
    /// `from·t + slope·t²/2 = used`, after the start.
    #[inline(always)]
    pub(crate) fn time_at(&self, used: f64) -> f64 {
        if self.bends != [0.0; 2] {
            return self.time_on_cubic(used);
        }
        if self.slope == 0.0 {
            return self.start_s + used / self.from;
        }
        let speed = self.from + (self.from * self.from + 2.0 * self.slope * used).max(0.0).sqrt();
        // At the start of a ramp from 0, both `used` and `speed` are 0.
        self.start_s + 2.0 * used / speed.max(f64::MIN_POSITIVE)
    }

    /// The same of a cubic: Newton's method, kept between bounds that close in.
    #[inline(never)]
    fn time_on_cubic(&self, used: f64) -> f64 {
        let h = self.end_s - self.start_s;
        let [square, cube] = self.bends;
        let (mut low, mut high, mut t) = (0.0, h, h * used / self.units);
        for _ in 0..60 {
            let over = self.units_until(self.start_s + t) - used;
            if over < 0.0 {
                low = t
            } else {
                high = t
            }
            let rate = self.from + t * (self.slope + t * (square + t * cube));
            let next = t - over / rate;
            let next = if next > low && next < high { next } else { (low + high) / 2.0 };
            // A hundredth of a nanosecond.
            let is_close = (next - t).abs() < 1e-11;
            t = next;
            if is_close {
                break;
            }
        }
        self.start_s + t
    }
}

impl RateProfile {
    pub(crate) fn of_rate(rate: &RateShape) -> RateProfile {
        match rate {
            RateShape::Constant(rate) => RateProfile::Constant { rate: rate.per_second },
            RateShape::Stages(Stages { from, stages }) => {
                let mut rate = from.per_second;
                let ramps = stages.iter().map(|stage| {
                    let ramp =
                        Ramp { over_s: stage.over.seconds(), from: rate, to: stage.to.per_second };
                    rate = stage.to.per_second;
                    ramp
                });
                RateProfile::Ramps(ramps.collect())
            }
            RateShape::Mmpp(Mmpp { mmpp }) => {
                let states = mmpp.iter().map(|state| [state.rate.per_second, state.stay.seconds()]);
                RateProfile::States(states.collect())
            }
            RateShape::Table(TableRate { table }) => RateProfile::Ramps(table.ramps()),
            RateShape::Shaped(shaped) => RateProfile::Shaped(Arc::new(shaped.compile())),
        }
    }

    pub(crate) fn of_users(users: &Users) -> RateProfile {
        let active = users.active.compile();
        RateProfile::Windows {
            spread: users.spread.as_ref().map(|spread| spread.compile(&active)),
            active: Box::new(active),
            each: users.each.per_second,
            window_s: users.resample.seconds(),
        }
    }

    /// Returns the piece after `last`; `index` is its number, from 0. The pieces of a product know
    /// more than their number, so they have a function of their own ([`Shaped::after`]).
    pub(crate) fn after(&self, last: &RateSegment, index: u32, draw: Draw) -> RateSegment {
        match self {
            RateProfile::Constant { rate } => {
                RateSegment::new(last.end_s, f64::INFINITY, *rate, *rate)
            }
            RateProfile::Ramps(ramps) => match ramps.get(index as usize) {
                Some(ramp) => RateSegment::new(last.end_s, ramp.over_s, ramp.from, ramp.to),
                None => {
                    let rate = ramps.last().map_or(0.0, |ramp| ramp.to);
                    RateSegment::new(last.end_s, f64::INFINITY, rate, rate)
                }
            },
            RateProfile::States(states) => {
                let [rate, stay_s] = states[index as usize % states.len()];
                RateSegment::new(last.end_s, -ln(draw.complement()) * stay_s, rate, rate)
            }
            RateProfile::Windows { active, each, spread, window_s } => {
                let users = match spread {
                    None => active.sample(draw).round().max(0.0),
                    Some(spread) => spread.product(active, draw),
                };
                let rate = users * each;
                // Windows begin at whole multiples of their length, so rounding errors do not add
                // up.
                let mut piece = RateSegment::new(index as f64 * window_s, *window_s, rate, rate);
                piece.end_s = (index + 1) as f64 * window_s;
                piece
            }
            RateProfile::Shaped(_) => unreachable!("a product has its own pieces"),
        }
    }

    /// Returns about how many pieces there are in a run of this length, where there may be many.
    pub(crate) fn pieces(&self, duration: Span) -> f64 {
        match self {
            RateProfile::States(states) => {
                let round_s: f64 = states.iter().map(|[_, stay_s]| stay_s).sum();
                duration.seconds() / round_s * states.len() as f64
            }
            RateProfile::Shaped(shaped) => {
                shaped.pieces(duration.seconds()) + shaped.base.pieces(duration)
            }
            _ => 0.0,
        }
    }

    /// Returns the mean rate from 0 to `horizon_s`, in 1/s.
    pub(crate) fn mean_rate(&self, horizon_s: f64) -> f64 {
        match self {
            RateProfile::Constant { rate } => *rate,
            RateProfile::Windows { active, each, spread, .. } => {
                spread.map_or(active.mean(), |spread| spread.mean) * each
            }
            RateProfile::States(states) => {
                let [units, length_s] =
                    states.iter().fold([0.0, 0.0], |[units, sum], [rate, stay]| {
                        [units + rate * stay, sum + stay]
                    });
                units / length_s
            }
            RateProfile::Ramps(ramps) => {
                let (mut units, mut at) = (0.0, 0.0);
                for ramp in ramps {
                    let length = ramp.over_s.min((horizon_s - at).max(0.0));
                    let to = ramp.from + (ramp.to - ramp.from) * length / ramp.over_s.max(1e-9);
                    units += (ramp.from + to) * 0.5 * length;
                    at += ramp.over_s;
                }
                let rest = ramps.last().map_or(0.0, |ramp| ramp.to) * (horizon_s - at).max(0.0);
                (units + rest) / horizon_s
            }
            RateProfile::Shaped(shaped) => shaped.units(horizon_s) / horizon_s,
        }
    }

    /// Returns the rate at a time, in 1/s: after the jump if there is one at that time; the mean if
    /// it is random.
    pub(crate) fn rate_at(&self, at_s: f64) -> f64 {
        let ramps = match self {
            RateProfile::Ramps(ramps) => ramps,
            RateProfile::Shaped(shaped) => return shaped.rate_at(at_s),
            _ => return self.mean_rate(at_s),
        };
        let mut begin = 0.0;
        for ramp in ramps {
            let end = begin + ramp.over_s;
            if at_s < end {
                return ramp.from + (ramp.to - ramp.from) * (at_s - begin) / ramp.over_s;
            }
            begin = end;
        }
        ramps.last().map_or(0.0, |ramp| ramp.to)
    }

    /// Returns the rate at the end of a run of `horizon_s`, and the time since when it has been
    /// constant; `None` if it is still changing.
    pub(crate) fn last_rate(&self, horizon_s: f64) -> (f64, Option<f64>) {
        let ramps = match self {
            RateProfile::Ramps(ramps) => ramps,
            RateProfile::Shaped(shaped) => {
                return shaped.last_rate(horizon_s);
            }
            _ => return (self.mean_rate(horizon_s), Some(0.0)),
        };
        let (mut at, mut since, mut rate) = (0.0, 0.0, ramps.first().map_or(0.0, |ramp| ramp.from));
        for ramp in ramps {
            let end = at + ramp.over_s;
            if ramp.from != ramp.to {
                if at >= horizon_s {
                    break;
                }
                if end > horizon_s {
                    return (
                        ramp.from + (ramp.to - ramp.from) * (horizon_s - at) / ramp.over_s,
                        None,
                    );
                }
                since = end;
            }
            (at, rate) = (end, ramp.to);
        }
        // A rate reached only at the very end has not lasted any time.
        (rate, (since < horizon_s).then_some(since))
    }
    /// Returns what a random rate adds to the index of dispersion of counts: the growth of the
    /// variance of its integral, over its mean. Of windows that is the variance of the rate times
    /// the length of a window; of states 2·Σ πᵢ(rᵢ − r̄)gᵢ, where g solves the Poisson equation of
    /// their chain, gᵢ₊₁ = gᵢ − (rᵢ − r̄)sᵢ (Asmussen 2003, "Applied Probability and Queues").
    pub(crate) fn dispersion(&self) -> f64 {
        match self {
            RateProfile::Windows { active, each, spread, window_s } if active.mean() > 0.0 => {
                let [mean, variance] =
                    spread.map_or([active.mean(), active.variance()], |of| [of.mean, of.variance]);
                variance * each * window_s / mean
            }
            RateProfile::States(states) if self.mean_rate(0.0) > 0.0 => {
                let mean = self.mean_rate(0.0);
                let length_s: f64 = states.iter().map(|[_, stay_s]| stay_s).sum();
                let (mut sum, mut g) = (0.0, 0.0);
                for [rate, stay_s] in states {
                    sum += stay_s / length_s * (rate - mean) * g;
                    g -= (rate - mean) * stay_s;
                }
                2.0 * sum / mean
            }
            RateProfile::Shaped(shaped) => {
                // The variance of a factor of mean 1 times the expected count of a stretch.
                let rate = match &shaped.base {
                    RateProfile::Ramps(ramps) => ramps.last().map_or(0.0, |ramp| ramp.to),
                    base => base.mean_rate(0.0),
                };
                let of_noise =
                    |(law, every_s): &(Distribution, f64)| law.variance() * rate * every_s;
                shaped.base.dispersion() + shaped.noise.as_ref().map_or(0.0, of_noise)
            }
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integral_of_a_ramp_is_inverted_exactly() {
        // From 0 to 10/s over 4 s the integral is 1.25 t²: 5 units are used up at t = 2 s, all 20
        // at 4 s.
        let piece = RateSegment::new(100.0, 4.0, 0.0, 10.0);
        assert_eq!(piece.units, 20.0);
        assert!((piece.time_at(5.0) - 102.0).abs() < 1e-12);
        assert!((piece.time_at(20.0) - 104.0).abs() < 1e-12);
        assert_eq!(piece.time_at(0.0), 100.0);
        let down = RateSegment::new(0.0, 4.0, 10.0, 0.0);
        assert!((down.time_at(15.0) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn the_dispersion_of_two_states_is_that_of_heffes_and_lucantoni() {
        // Heffes, Lucantoni 1986, eq. (8): with stays of 10 s and 1 s at 20/s and 200/s, the index
        // of dispersion grows by 2·π₁π₂(r₁ − r₂)²τ/r̄, where 1/τ = 1/10 s + 1/1 s.
        let profile = RateProfile::States(Box::new([[20.0, 10.0], [200.0, 1.0]]));
        let (mean, tau) = (400.0 / 11.0, 10.0 / 11.0);
        assert!((profile.mean_rate(1.0) - mean).abs() < 1e-12);
        let expected = 2.0 * 10.0 / 121.0 * 180.0 * 180.0 * tau / mean;
        assert!((profile.dispersion() / expected - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_last_rate_holds_since_the_last_ramp_that_changes_it() {
        // By hand: 0 to 10/s in 4 s, 6 s at 10/s, then a jump to 3/s.
        let ramp = |over_s, from, to| Ramp { over_s, from, to };
        let profile = RateProfile::Ramps(Box::new([
            ramp(4.0, 0.0, 10.0),
            ramp(6.0, 10.0, 10.0),
            ramp(0.0, 10.0, 3.0),
        ]));
        assert_eq!(profile.last_rate(2.0), (5.0, None));
        assert_eq!(profile.last_rate(4.0), (10.0, None));
        assert_eq!(profile.last_rate(8.0), (10.0, Some(4.0)));
        assert_eq!(profile.last_rate(20.0), (3.0, Some(10.0)));
        assert_eq!(RateProfile::Constant { rate: 7.0 }.last_rate(1.0), (7.0, Some(0.0)));
        // At a jump it is what comes after it.
        assert_eq!(
            [0.0, 2.0, 4.0, 9.0, 10.0, 20.0].map(|at| profile.rate_at(at)),
            [0.0, 5.0, 10.0, 10.0, 3.0, 3.0]
        );
    }
}
