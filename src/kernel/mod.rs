//! Clock, calendar, and the catalogue of events. Independent of the rest of the simulator: events
//! are kinds and ids.

pub mod calendar;
#[cfg(test)]
mod calendar_tests;
pub mod event;
mod ladder;
mod timers;

pub use calendar::Calendar;
pub use event::{Event, RequestId};
pub use timers::{TimerId, Timers};
