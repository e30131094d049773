//! `degrade`: a link gets slower, or loses messages, for a time.
//!
//! Law: a message sent while it is active takes `latency` longer, and is lost with `loss` in
//! addition; overlapping degradations add.

use super::{Breakable, Names, check_times};
use crate::problem::{Problems, Refusal};
use crate::units::{Share, Span, bare};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `degrade: { link: users -> api, latency: +15ms, loss: 2%, at: 100s, for: 60s }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Degrade {
    /// The link, as its key under `links` or its id.
    pub link: String,
    /// What it adds to the latency.
    #[serde(default)]
    pub latency: Added,
    /// What it adds to the share of lost messages.
    #[serde(default)]
    pub loss: Share,
    /// When it begins.
    pub at: Span,
    /// How long it lasts; to the end of the run if not given.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub lasting: Option<Span>,
}

/// A span that is added: `+15ms`, or just `15ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Added(pub Span);

impl Serialize for Added {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("+{}", self.0))
    }
}

impl<'de> Deserialize<'de> for Added {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl serde::de::Visitor<'_> for Words {
            type Value = Added;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an added duration such as `+15ms`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Added, E> {
                text.trim().trim_start_matches('+').parse().map(Added).map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Added, E> {
                Err(E::custom(no_unit(n)))
            }
            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<Added, E> {
                bare(n).map(Added)
            }
            fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<Added, E> {
                Err(E::custom(no_unit(n)))
            }
        }
        from.deserialize_any(Words)
    }
}

/// Returns the error for a number without a unit.
fn no_unit(number: impl std::fmt::Display) -> Refusal {
    Refusal::new(format!("`{number}` has no unit"))
        .help(format!("write `+{number}ms` or `+{number}s`"))
}

impl JsonSchema for Added {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AddedSpan".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "A duration that is added: +15ms", "pattern": r"^\+?[0-9.]+ *(ns|us|µs|ms|s|m|h|d)$" })
    }
}

/// The longest delay: any number of them can be added.
const LONGEST: Span = Span(86_400_000_000_000);

impl Degrade {
    pub(crate) fn check(&self, path: &str, names: &dyn Names, problems: &mut Problems) {
        check_times(self.at, self.lasting, path, problems);
        if let Err(unknown) = names.link(&self.link) {
            problems.refuse(format!("{path}.link"), unknown);
        }
        if self.latency.0 > LONGEST {
            problems
                .error(
                    format!("{path}.latency"),
                    format!("a degradation adds at most 1d of latency, not {}", self.latency.0),
                )
                .advise("a link that is down is `loss: 100%`");
        }
        if self.latency.0 == Span::ZERO && self.loss.fraction == 0.0 {
            problems
                .warning(path, "this degradation adds no latency and no loss")
                .advise("add for example `latency: +15ms`, or `loss: 2%`");
        }
    }
    pub(crate) fn describe(&self) -> (&str, String) {
        (&self.link, format!("+{} latency, +{} loss", self.latency.0, self.loss))
    }
    pub(crate) fn compile(&self, names: &mut dyn Names) -> Effect {
        Effect {
            link: names.link(&self.link).unwrap_or(crate::request::NONE),
            latency: self.latency.0,
            loss: self.loss.fraction,
        }
    }
}

/// The compiled form.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    link: u32,
    latency: Span,
    loss: f64,
}

impl Effect {
    pub(crate) fn begin(&self, _: u32, world: &mut dyn Breakable) {
        world.degrade(self.link, self.latency, self.loss, true);
    }
    pub(crate) fn end(&self, _: u32, world: &mut dyn Breakable) {
        world.degrade(self.link, self.latency, self.loss, false);
    }
}
