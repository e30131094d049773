//! The `capacity` section: the search for the largest or smallest value of a parameter at which the
//! objectives are met.

use super::Scenario;
use crate::design::value::{self, Kind};
use crate::problem::{Problems, Refusal, nearest};
use crate::units::{Bytes, Factor, Money, Rate, Share, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `capacity: { vary: workload.users.open.rate, from: 50/s, to: 2000/s, while: [fast] }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Path of the parameter.
    pub vary: String,
    /// Where the search begins: a number, or a quantity with its unit.
    pub from: Value,
    /// Where the search ends, in the same form.
    pub to: Value,
    /// Names of the objectives that must be met; all objectives if none is named.
    #[serde(default, rename = "while", skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<String>,
    /// The relative distance at which the search stops, between a value that meets the objectives
    /// and one that does not; 2% if not given. Whole numbers are searched exactly.
    #[serde(default = "two_per_cent")]
    pub tolerance: Share,
    /// The largest number of replications at one value; 320 if not given.
    #[serde(default = "most")]
    pub most: u32,
}

fn two_per_cent() -> Share {
    Share { fraction: 0.02 }
}
/// The number of replications at a value before its first decision.
pub(crate) const REPLICATIONS_MIN: u32 = 10;

fn most() -> u32 {
    320
}

/// Returns why a text is not a quantity of the kind of the other end.
fn refused(end: &Value, other: Kind) -> Option<Refusal> {
    let text = end.as_str()?;
    match other {
        Kind::Span => text.parse::<Span>().err(),
        Kind::Bytes => text.parse::<Bytes>().err(),
        Kind::Rate => text.parse::<Rate>().err(),
        Kind::Share => text.parse::<Share>().err(),
        Kind::Factor => text.parse::<Factor>().err(),
        Kind::Money => text.parse::<Money>().err(),
        Kind::Number | Kind::Text => None,
    }
}

impl Capacity {
    /// Creates a search over a range for all objectives, to within 2%, with at most 320
    /// replications at one value.
    pub fn new(vary: &str, from: Value, to: Value) -> Capacity {
        Capacity {
            vary: vary.to_string(),
            from,
            to,
            goals: Vec::new(),
            tolerance: two_per_cent(),
            most: most(),
        }
    }
    /// Returns the kind of the parameter's values.
    pub fn kind(&self) -> Kind {
        value::kind_of(&self.from)
    }
    /// Whether only whole numbers are searched: both ends are whole numbers.
    pub fn is_whole(&self) -> bool {
        self.from.is_u64() && self.to.is_u64()
    }
    pub(crate) fn check(&self, scenario: &Scenario, problems: &mut Problems) {
        self.check_ends(problems);
        if scenario.slos.is_empty() {
            problems
                .error("capacity", "there is no objective to meet")
                .advise("add one to `slos`, such as `fast: { of: users, p95: 60ms }`; or use `--while 'users.p95 < 60ms'`");
        }
        for (index, name) in
            self.goals.iter().enumerate().filter(|(_, name)| !scenario.slos.contains_key(*name))
        {
            let near = nearest(name, scenario.slos.keys().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?"));
            problems
                .error(
                    format!("capacity.while[{index}]"),
                    format!("`{name}` is not an objective in `slos`"),
                )
                .advise_if(near);
        }
        if self.tolerance.fraction <= 0.0 {
            problems
                .error("capacity.tolerance", "the tolerance must be more than 0%")
                .advise("the default is 2%");
        }
        if self.most < REPLICATIONS_MIN {
            problems
                .error(
                    "capacity.most",
                    format!(
                        "a decision needs at least {REPLICATIONS_MIN} replications, not {}",
                        self.most
                    ),
                )
                .advise(format!(
                    "write `most: {REPLICATIONS_MIN}` or more; the default is {}",
                    most()
                ));
        }
    }

    /// Checks that the range begins and ends with sizes of one kind, the smaller one first.
    fn check_ends(&self, problems: &mut Problems) {
        let (from, to) = (value::kind_of(&self.from), value::kind_of(&self.to));
        let shown = |end: &Value| value::shown(end);
        let misread = [("from", &self.from, from, to), ("to", &self.to, to, from)]
            .into_iter()
            .filter(|(.., kind, _)| *kind == Kind::Text)
            .find_map(|(key, end, _, other)| Some((key, refused(end, other)?)));
        if let Some((key, refusal)) = misread {
            problems.refuse(format!("capacity.{key}"), refusal);
        } else if from == Kind::Text {
            problems
                .error(
                    "capacity.from",
                    format!(
                        "`{}` is neither a number nor a quantity, so no search can begin there",
                        shown(&self.from)
                    ),
                )
                .advise("write a number, or a quantity such as `50/s`");
        } else if to != from {
            let what = format!(
                "the ends of a search must be of the same kind, but `{}` is {} and `{}` is {}",
                shown(&self.from),
                value::word(from),
                shown(&self.to),
                value::word(to)
            );
            problems.error("capacity.to", what);
        } else if value::base(&self.from, from) >= value::base(&self.to, from) {
            let help = match value::base(&self.from, from) == value::base(&self.to, from) {
                true => "`from` must be the smaller value, `to` the larger one".to_string(),
                false => format!(
                    "`from` must be the smaller value: from {} to {}",
                    shown(&self.to),
                    shown(&self.from)
                ),
            };
            problems
                .error(
                    "capacity.to",
                    format!(
                        "a search must end at a larger value than it begins at, but `{}` is not larger than `{}`",
                        shown(&self.to),
                        shown(&self.from)
                    ),
                )
                .advise(help);
        }
    }
}
