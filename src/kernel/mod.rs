//! Clock, calendar, and the catalogue of events. Knows kinds and ids, and no room.

pub mod calendar;
#[cfg(test)]
mod calendar_tests;
pub mod event;

pub use calendar::Calendar;
pub use event::{Event, RequestId};
