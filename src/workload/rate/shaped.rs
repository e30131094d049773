//! A rate that is a product: a base, factors that change with time, and noise.
//!
//! Law: the product is cut where one of its factors is not smooth, and so short that the cubic
//! through both ends of a piece, with their slopes, differs from the product by nothing that would
//! move an arrival by a nanosecond ([`Curve::reach_s`]). The integral of the cubic is inverted, so
//! that every arrival process follows the rate exactly.
//! Checked: below, against numerical integration; `tests/it/shapes.rs`.

use super::curve::Curve;
use super::profile::{RateProfile, RateSegment};
use crate::random::dists::Distribution;
use crate::random::keys::Draw;
use std::fmt::Debug;
use std::sync::Arc;

/// A factor of a rate.
pub(super) trait Modulation: Debug + Send + Sync {
    /// Returns what it is from a time on, and until when.
    fn curve(&self, at_s: f64) -> (Curve, f64);
    /// Returns the time from which on it is constant in a run of this length; `None` if it changes
    /// until the end.
    fn settles_s(&self, until_s: f64) -> Option<f64>;
    /// Returns its period, and its mean over a whole one, if it repeats.
    fn period_s(&self) -> Option<(f64, f64)> {
        None
    }
    /// Returns the time before `until_s` at which it is highest, and its key; `None` if it is never
    /// above 1.
    fn highest_s(&self, until_s: f64) -> Option<(f64, String)>;
}

/// The product.
#[derive(Clone, Debug)]
pub(crate) struct Shaped {
    pub base: RateProfile,
    pub(super) factors: Vec<Arc<dyn Modulation>>,
    /// A factor drawn for each stretch, and the length of a stretch, s.
    pub noise: Option<(Distribution, f64)>,
}

/// How much longer the pieces are in which a mean is computed: its error grows with the fourth
/// power, from 10⁻¹⁰ s of arrivals a period to less than 10⁻⁶ s.
const COARSE: f64 = 8.0;

/// The least length of a piece, s.
const LEAST_S: f64 = 1e-6;

/// How far the pieces of a product have come.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    /// The piece of the base, and how many there have been.
    base: (RateSegment, u32),
    /// The level of the noise, and how many there have been.
    level: (f64, u32),
    /// The curves of the factors, and until when each lasts.
    curves: Vec<(Curve, f64)>,
}

impl Default for Course {
    fn default() -> Course {
        Course { base: (RateSegment::EMPTY, 0), level: (1.0, 0), curves: Vec::new() }
    }
}

impl Shaped {
    /// Returns the piece after `last`.
    pub(crate) fn after(
        &self,
        last: &RateSegment,
        course: &mut Course,
        draw: impl FnMut() -> Draw,
    ) -> RateSegment {
        self.piece(last, course, draw, 1.0)
    }
    /// The same, in pieces longer by a factor.
    fn piece(
        &self,
        last: &RateSegment,
        course: &mut Course,
        mut draw: impl FnMut() -> Draw,
        longer: f64,
    ) -> RateSegment {
        let start_s = last.end_s;
        while course.base.0.end_s <= start_s {
            course.base.0 = self.base.after(&course.base.0, course.base.1, draw());
            course.base.1 += 1;
        }
        let mut end_s = course.base.0.end_s;
        if let Some((law, every_s)) = &self.noise {
            // Stretches begin at whole multiples of their length, so that errors do not add up.
            if f64::from(course.level.1) * every_s <= start_s {
                course.level = (law.sample(draw()), course.level.1 + 1);
            }
            end_s = end_s.min(f64::from(course.level.1) * every_s);
        }
        course.curves.resize(self.factors.len(), (Curve::level(1.0), 0.0));
        for (factor, (curve, until_s)) in self.factors.iter().zip(&mut course.curves) {
            if *until_s <= start_s {
                (*curve, *until_s) = factor.curve(start_s);
            }
            end_s = end_s.min(*until_s);
        }
        let base = course.base.0;
        let slope = base.slope * course.level.0;
        let line = Curve::Line { value: base.from * course.level.0, at_s: base.start_s, slope };
        let factors = || course.curves.iter().map(|(curve, _)| curve);
        // Less than what each could do by itself: the fourth derivative of a product of n has n⁴
        // terms as large as that of one.
        let is_level = |curve: &&Curve| matches!(curve, Curve::Line { slope: 0.0, .. });
        let varying =
            factors().filter(|curve| !is_level(curve)).count() + usize::from(slope != 0.0);
        let reach_s =
            factors().map(|curve| curve.reach_s(start_s)).fold(f64::INFINITY, f64::min) * longer;
        // A piece has a length, however late it begins.
        let end_s = end_s.min((start_s + reach_s / varying.max(1) as f64).max(start_s + LEAST_S));
        let rate = |t_s: f64| {
            factors().fold(line.at(t_s), |[value, slope], curve| {
                let [factor, its_slope] = curve.at(t_s);
                [value * factor, slope * factor + value * its_slope]
            })
        };
        match varying {
            0 => RateSegment::flat(start_s, end_s, rate(start_s)[0]),
            1 if factors().all(Curve::is_line) => {
                RateSegment::new(start_s, end_s - start_s, rate(start_s)[0], rate(end_s)[0])
            }
            _ => RateSegment::cubic(start_s, end_s, rate(start_s), rate(end_s)),
        }
    }
    /// Returns the integral of the mean rate from 0 on.
    pub(crate) fn units(&self, horizon_s: f64) -> f64 {
        let mean = Shaped {
            base: match &self.base {
                RateProfile::States(_) => {
                    RateProfile::Constant { rate: self.base.mean_rate(horizon_s) }
                }
                base => base.clone(),
            },
            factors: self.factors.clone(),
            noise: None,
        };
        let (mut course, mut piece, mut units) = (Course::default(), RateSegment::EMPTY, 0.0);
        while piece.end_s < horizon_s {
            piece = mean.piece(&piece, &mut course, || Draw(0), COARSE);
            units += match piece.end_s <= horizon_s {
                true => piece.units,
                false => piece.units_until(horizon_s),
            };
        }
        units
    }
    /// Returns about how many pieces there are in a run of this length.
    pub(crate) fn pieces(&self, until_s: f64) -> f64 {
        let noisy = self.noise.as_ref().map_or(0.0, |(_, every_s)| until_s / every_s);
        let smooth = self.factors.iter().map(|factor| {
            let (curve, ends_s) = factor.curve(0.0);
            ends_s.min(until_s) / curve.reach_s(0.0)
        });
        noisy + smooth.sum::<f64>() * self.factors.len() as f64
    }
    /// Returns the mean rate at a time.
    pub(crate) fn rate_at(&self, at_s: f64) -> f64 {
        let factor = |factor: &Arc<dyn Modulation>| factor.curve(at_s).0.at(at_s)[0];
        self.base.rate_at(at_s) * self.factors.iter().map(factor).product::<f64>()
    }
    /// Returns the rate in the end, and the time from which on nothing changes but the noise, and
    /// what repeats: that counts with its mean over whole periods, of which there is at least one.
    /// `None` if something else changes until the end.
    pub(crate) fn last_rate(&self, until_s: f64) -> (f64, Option<f64>) {
        let (mut rate, of_base) = self.base.last_rate(until_s);
        let (mut settles_s, mut longest_s) = (of_base, 0.0f64);
        for factor in &self.factors {
            match (factor.settles_s(until_s), factor.period_s()) {
                (Some(own_s), _) => {
                    // Not what begins at the very end.
                    let last_s = until_s - LEAST_S;
                    rate *= factor.curve(last_s).0.at(last_s)[0];
                    settles_s = settles_s.map(|settles_s| settles_s.max(own_s));
                }
                (None, Some((period_s, mean))) => {
                    rate *= mean;
                    longest_s = longest_s.max(period_s);
                }
                (None, None) => settles_s = None,
            }
        }
        match settles_s.filter(|settles_s| until_s - settles_s >= longest_s) {
            Some(settles_s) => (rate, Some(settles_s)),
            None => (self.rate_at(until_s), None),
        }
    }
    /// Returns the highest of the rates at which a factor, or the base, is highest: the rate, its
    /// time, and the key of what is highest then.
    pub(crate) fn peak(&self, until_s: f64) -> Option<(f64, f64, String)> {
        self.factors
            .iter()
            .filter_map(|factor| factor.highest_s(until_s))
            .filter(|(at_s, _)| *at_s < until_s)
            .map(|(at_s, key)| (self.rate_at(at_s), at_s, key))
            .max_by(|a, b| a.0.total_cmp(&b.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::RateShape;

    /// Everything at once: a ramp, two rhythms, overlapping spikes up and down.
    const ALL: &str = "{ from: 50/s, stages: [ { to: 150/s, over: 3h }, { to: 80/s, over: 0s } ],
diurnal: { period: 1h, peak_to_trough: 5x, peak_at: 20m, start_at: 7m },
weekly: { days: [ 1x, 2x, 0.5x, 1x, 1x, 1x, 1x ], start_at: 22h30m },
spikes: [ { at: 30m, peak: 4x, rise: 1m, hold: 2m, decay: 3m }, { at: 32m, peak: 0.2x, decay: 90s } ] }";

    fn shaped(text: &str) -> Arc<Shaped> {
        let rate: RateShape = serde_yaml::from_str(text).unwrap();
        let RateProfile::Shaped(shaped) = RateProfile::of_rate(&rate) else { panic!("{rate:?}") };
        shaped
    }

    /// All pieces up to a time.
    fn pieces(of: &Shaped, until_s: f64) -> Vec<RateSegment> {
        let (mut course, mut pieces) = (Course::default(), vec![RateSegment::EMPTY]);
        while pieces[pieces.len() - 1].end_s < until_s {
            let last = pieces[pieces.len() - 1];
            pieces.push(of.after(&last, &mut course, || Draw(1 << 63)));
        }
        pieces.split_off(1)
    }

    #[test]
    fn pieces_follow_the_product_and_their_integral_is_inverted_to_the_nanosecond() {
        // Oracle: the product itself, at 7 places of every piece, and its integral by Boole's rule.
        let of = shaped(ALL);
        let (mut worst, mut moved_s, mut count) = (0.0f64, 0.0f64, 0);
        for piece in pieces(&of, 4.0 * 3600.0) {
            count += 1;
            let (h, mut boole) = (piece.end_s - piece.start_s, 0.0);
            for (place, weight) in [7.0, 32.0, 12.0, 32.0, 7.0].into_iter().enumerate() {
                // Just inside, as the product may jump at the ends.
                let t = (piece.start_s + h * place as f64 / 4.0)
                    .clamp(piece.start_s + 1e-11, piece.end_s - 1e-11);
                boole += weight / 90.0 * h * of.rate_at(t);
                let x = t - piece.start_s;
                let own =
                    piece.from + x * (piece.slope + x * (piece.bends[0] + x * piece.bends[1]));
                worst = worst.max((own / of.rate_at(t) - 1.0).abs());
            }
            moved_s += (piece.units - boole) / of.rate_at(piece.start_s + h / 2.0);
            let third = piece.time_at(piece.units / 3.0);
            let back = piece.units_until(third);
            assert!((back / (piece.units / 3.0) - 1.0).abs() < 1e-9, "{piece:?}: {back}");
            assert!(moved_s.abs() < 1e-9, "arrivals are moved by {moved_s} s at {piece:?}");
        }
        assert!(worst < 1e-11, "the pieces differ from the product by {worst}");
        assert!((1_000..40_000).contains(&count), "{count} pieces");
    }

    #[test]
    fn a_rhythm_has_its_mean_its_last_rate_and_its_peak() {
        // By hand: over whole periods the mean of 1 + A·cos is 1; with 4x, A = 3/5; the highest
        // rate is 160/s at 14h, which is an hour after the run begins.
        let of =
            shaped("{ base: 100/s, diurnal: { peak_to_trough: 4x, peak_at: 14h, start_at: 13h } }");
        let day = 86_400.0;
        assert!((of.units(3.0 * day) / (300.0 * day) - 1.0).abs() < 1e-12);
        assert_eq!(of.peak(day), Some((160.0, 3600.0, "diurnal".to_string())));
        // Over whole periods it counts with its mean; before, it is still changing.
        assert_eq!((of.last_rate(day), of.last_rate(day / 2.0).1), ((100.0, Some(0.0)), None));
        // The first quarter after the peak: A·P/2π more than the base.
        let more = of.units(3600.0 + day / 4.0) - of.units(3600.0) - 25.0 * day;
        assert!((more / (60.0 * day / std::f64::consts::TAU) - 1.0).abs() < 1e-9, "{more}");
        // A spike of 3x from 60 s on: it rises for 10 s, lasts for 20 s, and has fallen to 5 % of
        // the excess 90 s later; its area is 2·(5 + 20 + 30) s.
        let of = shaped(
            "{ base: 10/s, spikes: [ { at: 1m, peak: 3x, rise: 10s, hold: 20s, decay: 30s } ] }",
        );
        assert_eq!(of.peak(600.0), Some((30.0, 70.0, "spikes".to_string())));
        // It is within 1 % of the base after ln(200) time constants.
        let settles_s = 90.0 + 30.0 * 200.0f64.ln();
        assert!((of.last_rate(600.0).1.unwrap() - settles_s).abs() < 1e-9);
        assert_eq!(
            (of.last_rate(150.0).1, of.last_rate(settles_s + 1.0).1.is_some()),
            (None, true)
        );
        assert!((of.units(3600.0) - 10.0 * (3600.0 + 110.0)).abs() < 1e-4);
        // Weeks begin where they are told to: Sunday noon.
        let of = shaped(
            "{ base: 1/s, weekly: { days: [ 2x, 1x, 1x, 1x, 1x, 1x, 5x ], start_at: 156h } }",
        );
        assert_eq!([0.0, 43_199.0, 43_200.0].map(|at_s| of.rate_at(at_s)), [5.0, 5.0, 2.0]);
        assert_eq!(of.peak(day), Some((5.0, 0.0, "weekly".to_string())));
        assert_eq!(of.last_rate(day).1, None);
        assert_eq!(of.last_rate(day / 2.0), (5.0, Some(0.0)));
        let mean = 12.0 / 7.0;
        assert!((of.last_rate(7.0 * day).0 - mean).abs() < 1e-12);
    }
}
