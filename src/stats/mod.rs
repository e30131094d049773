//! Statistics of replications: pure functions of numbers.
//!
//! Replications are the unit of inference: they are independent, while the latencies within one run
//! are not. `docs/statistics.md` explains what each interval means.

mod antithetic;
mod control;
#[cfg(test)]
mod draws;
mod family;
mod growth;
mod intervals;
mod jackknife;
mod morris;
mod paired;
mod precision;
mod quantiles;
mod selection;
mod sobol;
mod warmup;

pub use antithetic::antithetic_variance_ratio;
pub use control::{Controlled, controlled_mean};
pub use family::holm;
pub use growth::{Growth, Trend, trend};
pub use intervals::{Estimate, Method, extreme, mean, ratio, student_t};
pub use jackknife::jackknife_error;
pub use morris::{Effect, effects};
pub use paired::{Difference, difference, difference_of_quantiles, difference_of_ratios};
pub use precision::{
    HalfWidth, half_width, met, more_needed, replications_to_decide, rule_of_three,
};
pub use quantiles::{Clusters, linearised, quantile};
pub use selection::{Best, Selection};
pub use sobol::{Indices, indices, raw_indices};
pub use warmup::{Truncation, mser5, welch};
