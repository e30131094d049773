//! `mmpp`: a rate that jumps between states by chance.
//!
//! Law: a Markov-modulated Poisson process. Its states are taken in turn, from the first on, each
//! for an exponential time (Heffes, Lucantoni 1986).
//! Checked: MMPP/M/1 and the dispersion of counts in `tests/it/workload.rs`.

use crate::problem::Problems;
use crate::units::{Rate, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rate that jumps between states: a Markov-modulated Poisson process, with Poisson arrivals. It
/// begins in the first state, and takes them in turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mmpp {
    /// The states, at least two.
    pub mmpp: Vec<RateState>,
}

/// A state of a rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateState {
    /// The rate in this state.
    pub rate: Rate,
    /// How long it lasts on average; its length is exponential.
    pub stay: Span,
}

/// The maximum number of states of a rate.
const STATES_MAX: usize = 1000;
/// The least mean stay in a state.
const STAY_MIN_NS: u64 = 1_000_000;

impl Mmpp {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        let Mmpp { mmpp } = self;
        let path = format!("{path}.mmpp");
        if mmpp.len() < 2 || mmpp.len() > STATES_MAX {
            let what = format!("`mmpp` has 2 to {STATES_MAX} states, not {}", mmpp.len());
            problems.error(&path, what).advise(
                "write for example `mmpp: [ { rate: 20/s, stay: 10s }, { rate: 200/s, stay: 1s } ]`",
            );
        }
        for (index, state) in mmpp.iter().enumerate() {
            if state.stay.0 < STAY_MIN_NS {
                let what = format!("a stay of {} is shorter than 1ms", state.stay);
                problems
                    .error(format!("{path}[{index}].stay"), what)
                    .advise("a rate that changes as fast is its mean: write that");
            }
        }
        if mmpp.iter().all(|state| state.rate.per_second == 0.0) && !mmpp.is_empty() {
            problems.warning(path, "all rates are 0/s, so no request ever arrives");
        }
    }
}
