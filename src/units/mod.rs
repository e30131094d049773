//! Quantities as people write them: a number and its unit.
//!
//! One file a quantity. Each parses (`"5ms"`), prints the shortest text that reads back as the same
//! value, and refuses what has no unit, is not finite, or is out of range, with words that say what
//! to write instead. Raw numbers stop at this door: behind it a duration is a [`Span`], a size is
//! [`Bytes`].

mod bytes;
mod count;
mod factor;
pub(crate) mod format;
mod meant;
mod money;
mod rate;
mod share;
mod span;
mod written;

pub use bytes::Bytes;
pub use count::Count;
pub use factor::Factor;
pub(crate) use meant::line as meant_line;
pub use money::Money;
pub use rate::Rate;
pub use share::{Share, load_percent};
pub use span::{Span, Time};
pub(crate) use written::shown;

/// A quantity that a distribution can be of. The base unit is the one the engine counts in (ns, B,
/// 1).
pub trait Quantity:
    Copy
    + PartialEq
    + std::fmt::Debug
    + std::fmt::Display
    + std::str::FromStr<Err = String>
    + Send
    + Sync
    + 'static
{
    /// The quantity with its article and an example, for messages: "a duration such as `5ms`".
    const EXPECTING: &'static str;
    /// The quantity's own word, for the names of schema definitions.
    const WORD: &'static str;
    /// The base unit, for messages.
    const BASE: &'static str = "";
    /// The value in base units.
    fn to_base(self) -> f64;
    /// The nearest value to `base` base units; negative becomes zero.
    fn from_base(base: f64) -> Self;
    /// The words for a bare number where this quantity belongs, or the value where a bare number is
    /// right.
    fn from_bare(number: &str) -> Result<Self, String>;
}
