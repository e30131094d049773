//! Quantities as people write them: a number and its unit.
//!
//! One file per quantity. Each is parsed (`"5ms"`) and printed as the shortest text that reads back
//! as the same value; values without a unit, not finite or out of range are rejected with a
//! [`Refusal`] that says what to write instead. Beyond this module there are no raw numbers: a
//! duration is a [`Span`], a size is [`Bytes`].

mod bytes;
mod count;
mod factor;
pub(crate) mod format;
mod meant;
mod money;
mod percentile;
mod rate;
mod share;
mod span;
mod written;

pub use bytes::Bytes;
pub use count::Count;
pub use factor::Factor;
pub(crate) use meant::line as meant_line;
pub use money::Money;
pub use percentile::Percentile;
pub use rate::Rate;
pub use share::{Share, load_percent};
pub use span::{Span, Time};
pub(crate) use written::{bare, shown};

use crate::problem::Refusal;

/// A quantity that a distribution can have. Its base unit is the one that the engine counts in (ns,
/// B, 1).
pub trait Quantity:
    Copy
    + PartialEq
    + std::fmt::Debug
    + std::fmt::Display
    + std::str::FromStr<Err = Refusal>
    + Send
    + Sync
    + 'static
{
    /// The quantity with its article and an example, for messages: "a duration such as `5ms`".
    const EXPECTING: &'static str;
    /// The example in it: "5ms".
    const EXAMPLE: &'static str;
    /// The name of the type, for schema definitions.
    const WORD: &'static str;
    /// The largest value, for messages.
    const LARGEST: &'static str;
    /// The base unit, for messages.
    const BASE: &'static str = "";
    /// Returns the value in base units.
    fn to_base(self) -> f64;
    /// Returns the value nearest to `base` base units; negative becomes zero.
    fn from_base(base: f64) -> Self;
    /// Returns the value of a number without a unit where that is allowed.
    ///
    /// # Errors
    /// Says which unit to write.
    fn from_bare(number: &str) -> Result<Self, Refusal>;
}
