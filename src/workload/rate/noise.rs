//! `noise`: a rate that changes by chance.
//!
//! Law: a factor for each stretch of the length `every`, drawn from a gamma distribution of mean 1
//! with this coefficient of variation, independently of the others. The counts are a mixed Poisson
//! process: in a stretch with the mean count m, their variance is m + cv²m².
//! Checked: `tests/it/shapes.rs`.

use crate::problem::Problems;
use crate::random::dists::{Dist, Distribution, gamma::Gamma};
use crate::units::{Count, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `noise: { cv: 0.3, every: 1m }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// The coefficient of variation of the rate: standard deviation over mean, 0.001 to 30.
    #[schemars(range(min = 0.001, max = 30))]
    pub cv: f64,
    /// How long a rate lasts.
    pub every: Span,
}

/// The shortest stretch.
const EVERY_MIN: Span = Span(1_000_000);

impl Noise {
    fn gamma(&self) -> Dist<Count> {
        Dist::Gamma(Gamma { mean: Count(1), cv: self.cv })
    }
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        self.gamma().check(path, problems);
        if self.every < EVERY_MIN {
            let what = format!("stretches of {} are shorter than {EVERY_MIN}", self.every);
            problems
                .error(format!("{path}.every"), what)
                .advise("a rate that changes as fast is its mean: leave `noise` out");
        }
    }
    pub(super) fn compile(&self) -> Distribution {
        self.gamma().compile()
    }
}
