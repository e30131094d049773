//! A percentile by its name, such as `p95` or `p99.9`.
//!
//! Law: the names are those that people use: whole percents, and finer ones at the ends. They are
//! listed, so that a metric's statistic is a word of the program, whatever the scenario names.
//! Checked: below.

use crate::problem::Refusal;
use std::fmt::{Display, Formatter};

/// A percentile of a duration: the value that this share of all durations do not exceed.
///
/// ```
/// use asyncflow::units::Percentile;
///
/// let p: Percentile = "p99.9".parse().unwrap();
/// assert_eq!((p.name(), p.fraction()), ("p99.9", 0.999));
/// assert!("p42.42".parse::<Percentile>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percentile(u16);

/// The names, rising.
const NAMES: [&str; 121] = [
    "p0.1", "p0.5", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12",
    "p13", "p14", "p15", "p16", "p17", "p18", "p19", "p20", "p21", "p22", "p23", "p24", "p25",
    "p26", "p27", "p28", "p29", "p30", "p31", "p32", "p33", "p34", "p35", "p36", "p37", "p38",
    "p39", "p40", "p41", "p42", "p43", "p44", "p45", "p46", "p47", "p48", "p49", "p50", "p51",
    "p52", "p53", "p54", "p55", "p56", "p57", "p58", "p59", "p60", "p61", "p62", "p63", "p64",
    "p65", "p66", "p67", "p68", "p69", "p70", "p71", "p72", "p73", "p74", "p75", "p76", "p77",
    "p78", "p79", "p80", "p81", "p82", "p83", "p84", "p85", "p86", "p87", "p88", "p89", "p90",
    "p91", "p92", "p93", "p94", "p95", "p96", "p97", "p97.5", "p98", "p98.5", "p99", "p99.1",
    "p99.2", "p99.25", "p99.3", "p99.4", "p99.5", "p99.6", "p99.7", "p99.75", "p99.8", "p99.9",
    "p99.95", "p99.97", "p99.98", "p99.99", "p99.995", "p99.999", "p99.9999",
];

impl Percentile {
    /// The median.
    pub const P50: Percentile = Percentile(51);
    /// The 90th percentile.
    pub const P90: Percentile = Percentile(91);
    /// The 95th percentile.
    pub const P95: Percentile = Percentile(96);
    /// The 99th percentile.
    pub const P99: Percentile = Percentile(102);
    /// The 99.9th percentile.
    pub const P999: Percentile = Percentile(113);

    /// Returns its name.
    pub fn name(self) -> &'static str {
        NAMES[self.0 as usize]
    }
    /// Returns the share of values that do not exceed it, in 0 to 1.
    pub fn fraction(self) -> f64 {
        // The decimal fraction is what is nearest to it: 99.9/100 is not the double 0.999.
        let digits = self.name().trim_start_matches('p');
        format!("{digits}e-2").parse().unwrap_or(f64::NAN)
    }
    /// Returns all names, rising.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter()
    }
    /// Returns the percentile with a name, if there is one.
    pub(crate) fn named(name: &str) -> Option<Percentile> {
        let index = NAMES.iter().position(|known| *known == name)?;
        Some(Percentile(index as u16))
    }
}

impl Display for Percentile {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Percentile {
    type Err = Refusal;
    fn from_str(text: &str) -> Result<Percentile, Refusal> {
        Percentile::named(text).ok_or_else(|| {
            Refusal::new(format!("`{}` is not a percentile", super::shown(text))).help(
                "write `p50`, any whole percent to `p99`, or a finer one such as `p99.9` or `p99.99`",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rising_and_read_back() {
        // Definition; the constants by their names.
        let all: Vec<Percentile> =
            NAMES.iter().filter_map(|name| Percentile::named(name)).collect();
        assert_eq!(all.len(), NAMES.len());
        assert!(all.iter().all(|p| p.name().parse() == Ok(*p)));
        assert!(all.windows(2).all(|pair| pair[0].fraction() < pair[1].fraction()));
        let five =
            [Percentile::P50, Percentile::P90, Percentile::P95, Percentile::P99, Percentile::P999];
        assert_eq!(five.map(Percentile::name), ["p50", "p90", "p95", "p99", "p99.9"]);
        assert_eq!(five.map(Percentile::fraction), [0.5, 0.9, 0.95, 0.99, 0.999]);
        assert!(
            ["p0", "p100", "p99.9999999", "95", "p", "P95"]
                .iter()
                .all(|name| Percentile::named(name).is_none())
        );
    }
}
