//! The written forms: what is read, what is refused and with which message, what is written back,
//! and the schema.

use super::*;
use crate::units::{Bytes, Count};
use serde::Deserialize;
use serde::de::value::{Error, U64Deserializer};
use serde::de::{Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor};

/// Texts of every distribution of a duration.
const SPANS: &[&str] = &[
    r#"{"constant":"2ms"}"#,
    r#"{"uniform":["2ms","5ms"]}"#,
    r#"{"exp":"3ms"}"#,
    r#"{"erlang":{"mean":"3ms","k":4}}"#,
    r#"{"hyperexp":{"mean":"3ms","cv":2.5}}"#,
    r#"{"normal":{"mean":"10ms","sd":"2ms","min":"1ms","below_min":"clip"}}"#,
    r#"{"lognormal":{"p50":"2ms","p99":"11ms"}}"#,
    r#"{"lognormal":{"mean":"2ms","cv":1.5}}"#,
    r#"{"gamma":{"mean":"2ms","cv":0.5}}"#,
    r#"{"weibull":{"mean":"2ms","cv":1.5}}"#,
    r#"{"pareto":{"min":"1ms","alpha":1.5}}"#,
    r#"{"pareto":{"min":"1ms","alpha":1.5,"max":"2s"}}"#,
    r#"{"mixture":[{"w":97.0,"is":{"exp":"2ms"}},{"w":3.0,"is":{"mixture":[{"w":1.0,"is":{"constant":"80ms"}}]}}]}"#,
    r#"{"percentiles":{"p50":"2ms","p90":"5ms","p99.9":"80ms","max":"200ms"}}"#,
    r#"{"empirical":{"file":"took.csv","column":"took","unit":"1ms"}}"#,
    r#"{"poisson":{"mean":"10ms","step":"1ms"}}"#,
];

/// Texts of the distributions of counts.
const COUNTS: &[&str] =
    &[r#"{"geometric":{"mean":3.5}}"#, r#"{"poisson":100.0}"#, r#"{"zipf":{"n":10000,"s":1.1}}"#];

fn span(text: &str) -> Result<Dist<Span>, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn problems<Q: Quantity>(written: &Dist<Q>) -> Vec<(String, String)> {
    let mut problems = Problems::default();
    written.check("cpu", &mut problems);
    problems.list.into_iter().map(|problem| (problem.path, problem.what)).collect()
}

#[test]
fn every_written_form_is_read_and_written_back() {
    // The texts themselves, which are in the form that is written; and every tag of the catalogue
    // is among them.
    for text in SPANS {
        let written = span(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(serde_json::to_string(&written).unwrap(), *text);
        assert_eq!(problems(&written), []);
        written.compile();
    }
    for text in COUNTS {
        let written: Dist<Count> = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&written).unwrap(), *text);
        assert_eq!(problems(&written), []);
    }
    let texts = [SPANS, COUNTS].concat();
    for tag in TAGS {
        assert!(texts.iter().any(|text| text.starts_with(&format!("{{\"{tag}\""))), "{tag}");
    }
}

#[test]
fn a_plain_value_is_a_constant() {
    // The format: the bare value means `constant`, with the quantity's own error messages.
    assert_eq!(span(r#""2ms""#), Ok(Dist::constant(Span(2_000_000))));
    assert_eq!(span(r#""2ms""#).unwrap().plain(), Some(Span(2_000_000)));
    assert_eq!(span(r#"{"exp":"2ms"}"#).unwrap().plain(), None);
    assert!(span(r#""5""#).unwrap_err().starts_with("`5` has no unit\nhelp: write `5ms` or `5s`"));
    assert!(span(r#""-5ms""#).unwrap_err().contains("negative"));
}

/// A deserializer of one bare number, as the scenario's reader passes it: an enum whose variant is
/// that number.
struct Bare(u64);

impl<'de> Deserializer<'de> for Bare {
    type Error = Error;
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }
    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Bare {
    type Error = Error;
    type Variant = Nothing;
    fn variant_seed<S: serde::de::DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Nothing), Error> {
        let number: U64Deserializer<Error> = self.0.into_deserializer();
        Ok((seed.deserialize(number)?, Nothing))
    }
}

struct Nothing;

impl<'de> VariantAccess<'de> for Nothing {
    type Error = Error;
    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }
    fn newtype_variant_seed<S: serde::de::DeserializeSeed<'de>>(
        self,
        _: S,
    ) -> Result<S::Value, Error> {
        Err(serde::de::Error::custom("no content"))
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("no content"))
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("no content"))
    }
}

#[test]
fn a_bare_number_is_a_count_but_no_duration() {
    // The units' own rules: 5 is a count; as a duration it "has no unit".
    assert_eq!(Dist::<Count>::deserialize(Bare(5)), Ok(Dist::constant(Count(5))));
    assert_eq!(
        Dist::<Span>::deserialize(Bare(5)).unwrap_err().to_string(),
        "`5` has no unit\nhelp: write `5ms` or `5s`"
    );
}

#[test]
fn an_unknown_tag_is_refused_with_the_one_that_was_meant() {
    // The messages are fixed here: the nearest tag, or all of them.
    let error = span(r#"{"lognormall":{"p50":"2ms"}}"#).unwrap_err();
    let message = "`lognormall` is neither a duration such as `5ms` nor a distribution\nhelp: did you mean `lognormal`?";
    assert!(error.starts_with(message), "{error}");
    assert!(
        span(r#""banana""#)
            .unwrap_err()
            .contains("\nhelp: the distributions are `constant`, `uniform`, `exp`,")
    );
    assert!(span(r#""NaN""#).unwrap_err().starts_with("`NaN` is not a finite number"));
    assert!(
        span(r#"{"erlang":{"mean":"2ms","kk":4}}"#).unwrap_err().contains("unknown field `kk`")
    );
    assert!(
        span(r#"{"poisson":"10ms"}"#).unwrap_err().contains("`10ms` is not the mean of a count")
    );
}

#[test]
fn parameters_out_of_range_are_refused_at_their_place() {
    // The limits in the head of each distribution's file, one text for each.
    for (text, path) in [
        (r#"{"uniform":["5ms","2ms"]}"#, "cpu.uniform"),
        (r#"{"erlang":{"mean":"3ms","k":0}}"#, "cpu.erlang.k"),
        (r#"{"erlang":{"mean":"0ms","k":3}}"#, "cpu.erlang.mean"),
        (r#"{"hyperexp":{"mean":"3ms","cv":0.5}}"#, "cpu.hyperexp.cv"),
        (r#"{"hyperexp":{"mean":"0ms","cv":2}}"#, "cpu.hyperexp.mean"),
        (r#"{"normal":{"mean":"3ms","sd":"0ms"}}"#, "cpu.normal.sd"),
        (r#"{"lognormal":{"p50":"3ms"}}"#, "cpu.lognormal"),
        (r#"{"lognormal":{"p50":"0ms","p99":"3ms"}}"#, "cpu.lognormal.p50"),
        (r#"{"lognormal":{"p50":"3ms","p99":"3ms"}}"#, "cpu.lognormal.p99"),
        (r#"{"lognormal":{"mean":"3ms","cv":-1}}"#, "cpu.lognormal.cv"),
        (r#"{"lognormal":{"mean":"0ms","cv":1}}"#, "cpu.lognormal.mean"),
        (r#"{"gamma":{"mean":"0ms","cv":1}}"#, "cpu.gamma.mean"),
        (r#"{"weibull":{"mean":"0ms","cv":1}}"#, "cpu.weibull.mean"),
        (r#"{"gamma":{"mean":"3ms","cv":0}}"#, "cpu.gamma.cv"),
        (r#"{"weibull":{"mean":"3ms","cv":11}}"#, "cpu.weibull.cv"),
        (r#"{"pareto":{"min":"0ms","alpha":2}}"#, "cpu.pareto.min"),
        (r#"{"pareto":{"min":"3ms","alpha":0}}"#, "cpu.pareto.alpha"),
        (r#"{"pareto":{"min":"3ms","alpha":-1}}"#, "cpu.pareto.alpha"),
        (r#"{"pareto":{"min":"3ms","alpha":2,"max":"3ms"}}"#, "cpu.pareto.max"),
        (r#"{"mixture":[]}"#, "cpu.mixture"),
        (r#"{"mixture":[{"w":0,"is":"2ms"}]}"#, "cpu.mixture[0].w"),
        (
            r#"{"mixture":[{"w":1,"is":{"gamma":{"mean":"3ms","cv":99}}}]}"#,
            "cpu.mixture[0].is.gamma.cv",
        ),
        (r#"{"percentiles":{"p50":"2ms","p0":"1ms","max":"3ms"}}"#, "cpu.percentiles.p0"),
        (r#"{"percentiles":{"p50":"2ms","p100":"3ms","max":"3ms"}}"#, "cpu.percentiles.p100"),
        (r#"{"percentiles":{"min":"2ms","max":"3ms"}}"#, "cpu.percentiles"),
        (r#"{"poisson":{"mean":"2ms","step":"0ms"}}"#, "cpu.poisson.step"),
        (r#"{"poisson":{"mean":"2s","step":"1ns"}}"#, "cpu.poisson.mean"),
        (r#"{"poisson":7}"#, "cpu.poisson"),
        (r#"{"geometric":{"mean":3}}"#, "cpu.geometric"),
        (r#"{"zipf":{"n":10,"s":1}}"#, "cpu.zipf"),
    ] {
        let found = problems(&span(text).unwrap());
        assert_eq!(
            found.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
            [path],
            "{text}: {found:?}"
        );
    }
    let gamma = |cv| problems(&Dist::Gamma(gamma::Gamma { mean: Bytes(8), cv })).len();
    assert_eq!((gamma(f64::NAN), gamma(f64::INFINITY), gamma(1.0)), (1, 1, 0));
    let hyperexp = problems(&span(r#"{"hyperexp":{"mean":"3ms","cv":0.5}}"#).unwrap());
    assert_eq!(
        hyperexp[0].1,
        "`cv` of a hyperexp must be a number from 1 to 1000; for less variation, use erlang or gamma"
    );
}

#[test]
fn what_is_odd_but_can_be_drawn_is_a_warning() {
    // By hand: the mean of a pareto is finite for alpha > 1; for a normal whose mean is 3 and 1
    // standard deviations above its minimum, redrawing adds 0.4 % and 29 % to the mean (Johnson,
    // Kotz, Balakrishnan 1994, §13.10.1: σ φ(k)/Φ(k)); more than 1 % is reported.
    let messages = |text: &str| {
        problems(&span(text).unwrap()).into_iter().map(|(_, what)| what).collect::<Vec<_>>()
    };
    let infinite = ["the mean of this pareto is infinite".to_string()];
    assert_eq!(messages(r#"{"pareto":{"min":"1ms","alpha":0.5}}"#), infinite);
    assert_eq!(messages(r#"{"pareto":{"min":"1ms","alpha":1}}"#), infinite);
    assert_eq!(messages(r#"{"pareto":{"min":"1ms","alpha":1.001}}"#), [""; 0]);
    assert_eq!(messages(r#"{"normal":{"mean":"3ms","sd":"1ms"}}"#), [""; 0]);
    assert!(
        messages(r#"{"normal":{"mean":"3ms","sd":"3ms"}}"#)[0]
            .starts_with("redrawing below 0s moves the mean from 3ms to ")
    );
}

#[test]
fn a_mixture_has_at_most_a_thousand_parts() {
    // The limit in the head of its file, and one more.
    let parts = |n: usize| {
        span(&format!(r#"{{"mixture":[{}]}}"#, vec![r#"{"w":1,"is":"2ms"}"#; n].join(","))).unwrap()
    };
    assert_eq!((problems(&parts(1000)).len(), problems(&parts(1001)).len()), (0, 1));
}

#[test]
fn a_file_inside_a_mixture_is_loaded_and_its_error_has_its_place() {
    // The path of the part; the file does not exist.
    let mut written = span(r#"{"mixture":[{"w":1,"is":"2ms"},{"w":1,"is":{"empirical":{"file":"none.csv","column":"x"}}}]}"#).unwrap();
    let mut problems = Problems::default();
    written.load(Path::new("/nowhere"), "cpu", &mut problems);
    assert_eq!(problems.list[0].path, "cpu.mixture[1].is.empirical.file");
    assert!(problems.list[0].what.starts_with("cannot read `none.csv`"));
    assert_eq!(written.compile().mean(), 1e6);
}

#[test]
fn the_schema_has_the_plain_value_and_one_form_for_each_tag() {
    // The catalogue: its tags, and the doc comment of `exp` as the description.
    let schema = schemars::schema_for!(Dist<Span>).to_value();
    let forms = schema["oneOf"].as_array().unwrap();
    assert_eq!((schema["title"].as_str(), forms.len()), (Some("SpanDistribution"), TAGS.len() + 1));
    let poisson = schemars::schema_for!(poisson::Poisson<Count>).to_value();
    assert_eq!(
        (poisson["oneOf"][0]["description"].as_str(), poisson["oneOf"].as_array().map(Vec::len)),
        (Some("The mean of a count"), Some(2))
    );
    let exp = forms.iter().find(|form| form["required"][0] == "exp").unwrap();
    assert_eq!(exp["description"], "Exponential with this mean.");
    assert_eq!(
        (&exp["additionalProperties"], exp["properties"].as_object().unwrap().len()),
        (&serde_json::Value::Bool(false), 1)
    );
}
