//! Statistics of replications: pure mathematics on numbers.
//!
//! Replications are the unit of inference: they are independent, while the latencies within one run are not. `docs/statistics.md` says
//! what each interval means.

mod intervals;
mod overload;

pub use intervals::{Estimate, Method, extreme, mean, quantile, ratio, student_t};
pub use overload::{Growth, grows};
