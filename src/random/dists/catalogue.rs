//! The machinery behind the catalogue: turns one line per distribution into the two enums, their
//! dispatch, deserialisation and schema.
//!
//! A written distribution is a plain value (`2ms`) or a map with one key, its tag (`exp: 3ms`).
//! Both are read by `deserialize_enum`: the variant's name is a tag, or else the plain value
//! itself. Tested in `tests.rs`, together with the distributions.

use crate::problem::{Refusal, nearest};
use crate::units::{Quantity, bare, meant_line, shown};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt::Formatter;
use std::marker::PhantomData;

/// What was read where a distribution's tag is expected.
pub(super) enum Tag<Q> {
    /// A known tag, as an index into `TAGS`.
    Known(usize),
    /// A plain value in place of a tag.
    Plain(Q),
}

/// What may be written in place of a plain value: the end of what a visitor expects.
pub(crate) const OR_DISTRIBUTION: &str = " or a distribution such as `exp`";

struct TagVisitor<Q>(PhantomData<Q>);

impl<Q: Quantity> Visitor<'_> for TagVisitor<Q> {
    type Value = Tag<Q>;
    fn expecting(&self, f: &mut Formatter) -> std::fmt::Result {
        write!(f, "{}{OR_DISTRIBUTION}", Q::EXPECTING)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Tag<Q>, E> {
        match super::TAGS.iter().position(|tag| *tag == text) {
            Some(position) => Ok(Tag::Known(position)),
            None => plain(text).map(Tag::Plain).map_err(E::custom),
        }
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Tag<Q>, E> {
        bare(number).map(Tag::Plain)
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Tag<Q>, E> {
        bare(number).map(Tag::Plain)
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Tag<Q>, E> {
        bare(number).map(Tag::Plain)
    }
}

/// Parses a plain value; an error explains what is wrong with the text and how to write it.
pub(crate) fn plain<Q: Quantity>(text: &str) -> Result<Q, Refusal> {
    let tags = super::TAGS;
    if tags.contains(&text) {
        let value = match super::example(text) {
            Some(example) => format!("write for example `{example}`"),
            None => format!("write `{text}: …`"),
        };
        return Err(Refusal::new(format!("`{text}` needs its value")).help(value));
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || "-.$".contains(c)) {
        return text.parse();
    }
    if text.trim().is_empty() {
        return Err(Refusal::new(format!("the text is empty, but {} is expected", Q::EXPECTING))
            .help(format!("write for example `{}`", Q::EXAMPLE)));
    }
    if ["nan", "inf", "infinity"].contains(&text.trim_start_matches('+').to_lowercase().as_str()) {
        return Err(Refusal::new(format!("`{text}` is not a finite number"))
            .help(format!("write {}", Q::EXPECTING)));
    }
    if let Some(refusal) = meant_line::<Q>(text) {
        return Err(refusal);
    }
    if ["mean", "avg", "sd", "min", "max"].contains(&text) {
        let help = "name the distribution: `{ exp: 5ms }` varies with this mean, `{ uniform: [1ms, 5ms] }` lies between two values, `5ms` alone is constant";
        let what = format!("`{text}` is a parameter, but its distribution is not named");
        return Err(Refusal::new(what).help(help));
    }
    if let Some((tag, value)) = text.split_once('(').filter(|(tag, _)| tags.contains(tag)) {
        let value = value.trim_end_matches(')');
        return Err(Refusal::new(format!(
            "`{}` is not how a distribution is written",
            shown(text)
        ))
        .help(format!("write `{{ {tag}: {} }}`", shown(value))));
    }
    let help = match nearest(text, tags.iter().copied()) {
        _ if let Some(tag) = super::also_called(text) => format!("it is called `{tag}` here"),
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "the distributions are {}",
            tags.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    let what = format!("`{}` is neither {} nor a distribution", shown(text), Q::EXPECTING);
    Err(Refusal::new(what).help(help))
}

impl<'de, Q: Quantity> Deserialize<'de> for Tag<Q> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_identifier(TagVisitor(PhantomData))
    }
}

/// Turns the catalogue's lines, `tag: DistSpec<Q>,` under a doc comment, into the modules,
/// [`Dist`](super::Dist) and [`Distribution`](super::Distribution).
macro_rules! catalogue {
    ($($(#[doc = $doc:literal])+ $tag:ident: $name:ident $(<$q:ident>)?,)+) => {
        $(pub mod $tag;)+

        /// The tags of all distributions, in the order of the catalogue.
        pub const TAGS: &[&str] = &[$(stringify!($tag)),+];

        /// A distribution as written in a scenario: of durations, sizes or counts.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Dist<Q> {
            $($(#[doc = $doc])+ $name($tag::$name $(<$q>)?),)+
        }

        /// A compiled distribution, in base units (ns, B, 1). Its discriminant is a field of its
        /// own (`repr`), which is faster to read than one hidden in a parameter.
        #[derive(Clone, Debug, PartialEq)]
        #[repr(u8)]
        pub enum Distribution {
            $($(#[doc = $doc])+ $name($tag::Distribution),)+
            /// The same distribution with every draw mirrored: large where it would be small
            /// (antithetic pairs).
            Mirrored(Box<Distribution>),
        }

        impl Distribution {
            #[inline(never)]
            fn sample_any(&self, draw: Draw) -> f64 {
                match self { $(Distribution::$name(law) => law.sample(draw),)+ Distribution::Mirrored(law) => law.sample(draw.mirrored()) }
            }
            /// Returns the smallest `x` with `cdf(x) >= u`.
            pub fn quantile(&self, u: f64) -> f64 {
                match self { $(Distribution::$name(law) => law.quantile(u),)+ Distribution::Mirrored(law) => law.quantile(u) }
            }
            /// Returns the probability of at most `x`.
            pub fn cdf(&self, x: f64) -> f64 {
                match self { $(Distribution::$name(law) => law.cdf(x),)+ Distribution::Mirrored(law) => law.cdf(x) }
            }
            /// Returns the mean; may be infinite.
            pub fn mean(&self) -> f64 {
                match self { $(Distribution::$name(law) => law.mean(),)+ Distribution::Mirrored(law) => law.mean() }
            }
            /// Returns the variance; may be infinite.
            pub fn variance(&self) -> f64 {
                match self { $(Distribution::$name(law) => law.variance(),)+ Distribution::Mirrored(law) => law.variance() }
            }
        }

        impl<Q: Quantity> Dist<Q> {
            /// Returns the tag it is written with.
            pub fn tag(&self) -> &'static str {
                match self { $(Dist::$name(_) => stringify!($tag),)+ }
            }
            /// Reports what is wrong with the parameters; `path` is the path of the distribution.
            pub fn check(&self, path: &str, problems: &mut Problems) {
                let path = format!("{path}.{}", self.tag());
                match self { $(Dist::$name(written) => DistSpec::<Q>::check(written, &path, problems),)+ }
            }
            /// Compiles it. Only valid if [`check`](Dist::check) found no error.
            pub fn compile(&self) -> Distribution {
                match self { $(Dist::$name(written) => Distribution::$name(DistSpec::<Q>::compile(written)),)+ }
            }
            /// Reads the files it names, relative to `folder`; must be called before
            /// [`check`](Dist::check).
            pub fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
                let path = format!("{path}.{}", self.tag());
                match self { $(Dist::$name(written) => DistSpec::<Q>::load(written, folder, &path, problems),)+ }
            }
            /// Returns the nesting depth of mixtures; 0 if it is not a mixture.
            pub(crate) fn depth(&self) -> usize {
                match self { $(Dist::$name(written) => DistSpec::<Q>::depth(written),)+ }
            }
        }

        impl<Q: Quantity + serde::Serialize> serde::Serialize for Dist<Q> {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let tag = self.tag();
                let index = TAGS.iter().position(|known| *known == tag).unwrap_or_default() as u32;
                match self { $(Dist::$name(written) => to.serialize_newtype_variant("distribution", index, tag, written),)+ }
            }
        }

        impl<'de, Q: Quantity + serde::Deserialize<'de>> serde::Deserialize<'de> for Dist<Q> {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct DistVisitor<Q>(std::marker::PhantomData<Q>);
                impl<'de, Q: Quantity + serde::Deserialize<'de>> serde::de::Visitor<'de> for DistVisitor<Q> {
                    type Value = Dist<Q>;
                    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                        write!(f, "{}{}", Q::EXPECTING, catalogue::OR_DISTRIBUTION)
                    }
                    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, access: A) -> Result<Dist<Q>, A::Error> {
                        use serde::de::VariantAccess;
                        let (tag, content) = access.variant::<catalogue::Tag<Q>>()?;
                        let known = match tag {
                            catalogue::Tag::Plain(value) => {
                                content.unit_variant()?;
                                return Ok(Dist::constant(value));
                            }
                            catalogue::Tag::Known(position) => TAGS[position],
                        };
                        $(if known == stringify!($tag) {
                            return content.newtype_variant().map(Dist::$name);
                        })+
                        Err(serde::de::Error::unknown_variant(known, TAGS))
                    }
                }
                from.deserialize_enum("distribution", TAGS, DistVisitor(std::marker::PhantomData))
            }
        }

        impl<Q: Quantity + schemars::JsonSchema> schemars::JsonSchema for Dist<Q> {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                format!("{}Distribution", Q::WORD).into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let forms = [
                    generator.subschema_for::<Q>(),
                    $(catalogue::form(stringify!($tag), concat!($($doc),+), generator.subschema_for::<$tag::$name $(<$q>)?>()),)+
                ];
                schemars::json_schema!({ "description": "A plain value or a distribution", "oneOf": forms })
            }
        }
    };
}
pub(super) use catalogue;

/// Returns the schema of one distribution: an object whose only key is its tag.
pub(super) fn form(tag: &str, doc: &str, content: schemars::Schema) -> schemars::Schema {
    let mut properties = serde_json::Map::new();
    properties.insert(tag.to_string(), content.to_value());
    schemars::json_schema!({
        "type": "object", "description": doc.trim(), "properties": properties, "required": [tag], "additionalProperties": false
    })
}
