//! Open workloads: requests arrive at a rate that does not depend on the progress of earlier ones
//! (Schroeder, Wierman, Harchol-Balter 2006).

use super::{Arrivals, RateShape};
use crate::problem::Problems;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An open workload: `open: { rate: 150/s, arrivals: poisson }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The arrival rate, constant or changing.
    pub rate: RateShape,
    /// How arrivals are spaced.
    #[serde(default)]
    pub arrivals: Arrivals,
}

impl Open {
    pub(crate) fn check(&self, path: &str, problems: &mut Problems) {
        self.arrivals.check(&format!("{path}.arrivals"), problems);
        if let Arrivals::At(_) = &self.arrivals
            && !matches!(self.rate, RateShape::Constant(_))
        {
            let what =
                "these arrivals have given times, so a rate that changes would have no effect";
            problems.error(format!("{path}.rate"), what).advise("write one rate, their average");
        }
        if let (Arrivals::At(times), RateShape::Constant(rate)) = (&self.arrivals, &self.rate)
            && rate.per_second == 0.0
            && !times.is_empty()
        {
            let what = "these arrivals have given times, but a rate of 0/s means that none arrive";
            problems.error(format!("{path}.rate"), what).advise("write their average rate");
        }
        self.rate.check(&format!("{path}.rate"), problems);
    }
}
