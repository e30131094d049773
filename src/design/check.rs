//! Checks of a design that need no scenario.
//!
//! The paths are those of the written form: `vary`, `rows` and `points` under the path of the
//! design. Its owner checks whether a parameter exists and accepts the values. Tested: one mistake
//! each.

use super::sobol::DIMENSIONS;
use super::{Design, Point, Vary, lhs};
use crate::problem::{Problems, nearest};
use indexmap::IndexMap;

/// Reports what is wrong with a design at `path`.
pub(crate) fn check(
    design: Design,
    vary: &IndexMap<String, Vary>,
    rows: &[Point],
    count: Option<u32>,
    path: &str,
    problems: &mut Problems,
) {
    check_count(design, count, path, problems);
    if design == Design::List {
        if !vary.is_empty() {
            let what = "a `list` takes its values from `rows`, so `vary` is not used";
            problems
                .error(format!("{path}.vary"), what)
                .at_key()
                .advise("leave out `vary`, or choose another design");
        }
        check_rows(rows, path, problems);
        return;
    }
    if !rows.is_empty() {
        let what =
            format!("`rows` are for the design `list`, but this design is `{}`", design.name());
        problems
            .error(format!("{path}.rows"), what)
            .at_key()
            .advise("write `design: list`, or leave out `rows`");
    }
    if vary.is_empty() {
        problems.error(path, "nothing is varied").advise(
            "name what to vary, for example `vary: { workload.users.open.rate: [100/s, 200/s] }`",
        );
    }
    if design == Design::Sobol && vary.len() > DIMENSIONS {
        let what = format!(
            "a Sobol sequence can vary up to {DIMENSIONS} parameters, but there are {}",
            vary.len()
        );
        problems
            .error(format!("{path}.vary"), what)
            .advise("choose `design: lhs`, or vary fewer parameters");
    }
    overlaps(vary.keys(), &format!("{path}.vary"), problems);
    for (parameter, vary) in vary {
        let path = format!("{path}.vary.{parameter}");
        let errors = problems.list.len();
        vary.check(&path, problems);
        let Vary::Range(range) = vary else { continue };
        match design {
            _ if problems.list.len() > errors => {}
            Design::Lhs | Design::Sobol if range.steps.is_some() => {
                let what = format!(
                    "the design `{}` draws from the whole range, so `steps` is not used",
                    design.name()
                );
                problems
                    .warning(format!("{path}.steps"), what)
                    .at_key()
                    .advise("leave out `steps`, or write a list of values to draw from");
            }
            Design::Lhs | Design::Sobol => {}
            Design::Grid | Design::OneAtATime | Design::List => range.check_steps(&path, problems),
        }
    }
}

fn check_count(design: Design, count: Option<u32>, path: &str, problems: &mut Problems) {
    let points = format!("{path}.points");
    match (design, count) {
        (Design::Lhs | Design::Sobol, None) => {
            problems
                .error(path, format!("the design `{}` needs a number of `points`", design.name()))
                .advise("for example `points: 64`");
        }
        (Design::Lhs | Design::Sobol, Some(0)) => {
            problems.error(points, "a design needs at least one point");
        }
        (Design::Lhs, Some(count)) if count > lhs::MOST => {
            let what = format!(
                "a Latin hypercube can have up to {} points, but {count} are requested",
                lhs::MOST
            );
            problems.error(points, what).advise("choose `design: sobol`, which has no such limit");
        }
        (Design::Sobol, Some(count)) if !count.is_power_of_two() => {
            let more = u64::from(count).next_power_of_two();
            let what = format!(
                "a Sobol sequence is most even at powers of two: {} or {more} points are better than {count}",
                more / 2
            );
            problems.note(points, what);
        }
        (Design::Lhs | Design::Sobol, Some(_)) | (_, None) => {}
        (Design::Grid | Design::List | Design::OneAtATime, Some(_)) => {
            let what = format!(
                "the points of a `{}` follow from its values, so `points` is not used",
                design.name()
            );
            problems
                .error(points, what)
                .at_key()
                .advise("leave out `points`, or choose `design: lhs` or `design: sobol`");
        }
    }
}

/// Reports paths inside other ones: the later would replace what the earlier has set, and the
/// columns would be wrong.
fn overlaps<'p>(
    parameters: impl Iterator<Item = &'p String> + Clone,
    path: &str,
    problems: &mut Problems,
) {
    for outer in parameters.clone() {
        let is_inside = |inner: &&String| {
            let rest = inner.strip_prefix(outer.as_str()).unwrap_or_default();
            // A key may contain a dot: `p99.9` is not in `p99`, nor `GET /v1.2` in `GET /v1`.
            rest.starts_with('[')
                || rest.starts_with('.') && !rest[1..].starts_with(|c: char| c.is_ascii_digit())
        };
        for inner in parameters.clone().filter(is_inside) {
            problems
                .error(
                    format!("{path}.{inner}"),
                    format!("`{inner}` is inside `{outer}`, which is also varied"),
                )
                .at_key()
                .advise(
                    "vary only one of them, or write the combinations as values of the outer one",
                );
        }
    }
}

/// Reports rows whose parameters differ from those of the first.
fn check_rows(rows: &[Point], path: &str, problems: &mut Problems) {
    let Some(first) = rows.first() else {
        let help = "write for example `rows: [ { workload.users.open.rate: 100/s }, { workload.users.open.rate: 200/s } ]`";
        problems.error(path, "a `list` needs `rows`").advise(help);
        return;
    };
    overlaps(first.keys(), &format!("{path}.rows[0]"), problems);
    if first.is_empty() {
        problems.error(format!("{path}.rows[0]"), "this row varies nothing");
    }
    for (index, row) in rows.iter().enumerate().skip(1) {
        let path = format!("{path}.rows[{index}]");
        for parameter in row.keys().filter(|parameter| !first.contains_key(*parameter)) {
            let near = nearest(parameter, first.keys().map(String::as_str))
                .map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| "all rows must have the same parameters".to_string());
            problems
                .error(
                    format!("{path}.{parameter}"),
                    format!("the first row does not have `{parameter}`"),
                )
                .at_key()
                .advise(help);
        }
        for parameter in first.keys().filter(|parameter| !row.contains_key(*parameter)) {
            problems
                .error(&path, format!("this row lacks `{parameter}`, which the first row has"))
                .advise("all rows must have the same parameters");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Severity;
    use serde_json::{Value, json};

    /// Returns severity, path and text of the problems of a design with these `vary`, `rows` and
    /// `points`.
    fn found(
        design: Design,
        vary: Value,
        rows: Value,
        count: Option<u32>,
    ) -> Vec<(Severity, String, String)> {
        let mut problems = Problems::default();
        check(
            design,
            &serde_json::from_value(vary).unwrap(),
            &serde_json::from_value::<Vec<Point>>(rows).unwrap(),
            count,
            "sweep",
            &mut problems,
        );
        problems
            .list
            .into_iter()
            .map(|problem| (problem.severity, problem.path, problem.what))
            .collect()
    }
    fn errors(design: Design, vary: Value, rows: Value, count: Option<u32>) -> Vec<String> {
        found(design, vary, rows, count)
            .into_iter()
            .filter(|problem| problem.0 == Severity::Error)
            .map(|problem| problem.1)
            .collect()
    }

    #[test]
    fn what_is_right_has_no_problem() {
        // One of each; a list of words may be drawn from.
        let range = json!({ "from": "1ms", "to": "5ms" });
        let steps = json!({ "from": "1ms", "to": "5ms", "steps": 3 });
        let whole = json!({ "from": 1, "to": 5, "scale": "integer" });
        assert_eq!(
            found(
                Design::Grid,
                json!({ "a": [1, 2], "b": steps, "c": whole, "d": "random" }),
                json!([]),
                None
            ),
            []
        );
        assert_eq!(
            found(Design::OneAtATime, json!({ "a": [1, 2], "b": steps }), json!([]), None),
            []
        );
        assert_eq!(
            found(Design::Lhs, json!({ "a": range, "b": ["x", "y"] }), json!([]), Some(10)),
            []
        );
        assert_eq!(
            found(
                Design::Sobol,
                json!({ "a": range, "b": ["x", "y"], "c": whole }),
                json!([]),
                Some(64)
            ),
            []
        );
        assert_eq!(
            found(Design::List, json!({}), json!([{ "a": 1, "b": 2 }, { "b": 3, "a": 4 }]), None),
            []
        );
    }

    #[test]
    fn each_slip_is_an_error_where_it_stands() {
        // By hand.
        let range = json!({ "from": "1ms", "to": "5ms" });
        assert_eq!(errors(Design::Grid, json!({}), json!([]), None), ["sweep"]);
        assert_eq!(errors(Design::Grid, json!({ "a.b": [] }), json!([]), None), ["sweep.vary.a.b"]);
        assert_eq!(errors(Design::Grid, json!({ "a": [1] }), json!([]), Some(5)), ["sweep.points"]);
        assert_eq!(
            errors(Design::Grid, json!({ "a": [1] }), json!([{ "a": 1 }]), None),
            ["sweep.rows"]
        );
        assert_eq!(errors(Design::Grid, json!({ "a": range }), json!([]), None), ["sweep.vary.a"]);
        assert_eq!(
            errors(Design::OneAtATime, json!({ "a": range }), json!([]), None),
            ["sweep.vary.a"]
        );
        assert_eq!(
            errors(Design::OneAtATime, json!({ "a": { "from": 2, "to": 1 } }), json!([]), None),
            ["sweep.vary.a"]
        );
        assert_eq!(errors(Design::Lhs, json!({ "a": range }), json!([]), None), ["sweep"]);
        assert_eq!(
            errors(Design::Sobol, json!({ "a": range }), json!([]), Some(0)),
            ["sweep.points"]
        );
        assert_eq!(
            errors(Design::Lhs, json!({ "a": range }), json!([]), Some(2_000_000)),
            ["sweep.points"]
        );
        let many: Value = (0..257)
            .map(|i| (format!("p{i}"), range.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert_eq!(errors(Design::Sobol, many.clone(), json!([]), Some(64)), ["sweep.vary"]);
        assert_eq!(errors(Design::Lhs, many, json!([]), Some(64)), Vec::<String>::new());
    }

    #[test]
    fn a_path_inside_another_is_refused() {
        // A step of an endpoint and the endpoint; names that only begin alike, and keys with a dot,
        // are not inside each other.
        let pair =
            |a: &str, b: &str| errors(Design::Grid, json!({ a: [1], b: [2] }), json!([]), None);
        assert_eq!(pair("s.x[0].cpu.exp", "s.x[0]"), ["sweep.vary.s.x[0].cpu.exp"]);
        assert_eq!(pair("s", "s.replicas"), ["sweep.vary.s.replicas"]);
        assert_eq!(pair("s", "s[0]"), ["sweep.vary.s[0]"]);
        for (a, b) in [
            ("api.x", "api.xy"),
            ("slos.f.p99", "slos.f.p99.9"),
            ("e.GET /v1", "e.GET /v1.2/x"),
            ("x[1]", "x[10]"),
        ] {
            assert_eq!(pair(a, b), Vec::<String>::new(), "{a}, {b}");
        }
        assert_eq!(
            errors(Design::List, json!({}), json!([{ "a": 1, "a.b": 2 }]), None),
            ["sweep.rows[0].a.b"]
        );
    }

    #[test]
    fn a_list_needs_rows_of_the_same_parameters_and_nothing_to_vary() {
        // By hand: the second row has `c` for `b`.
        assert_eq!(errors(Design::List, json!({}), json!([]), None), ["sweep"]);
        assert_eq!(
            errors(Design::List, json!({ "a": [1] }), json!([{}]), Some(1)),
            ["sweep.points", "sweep.vary", "sweep.rows[0]"]
        );
        let rows = json!([{ "a": 1, "b": 2 }, { "a": 1, "c": 2 }]);
        assert_eq!(
            errors(Design::List, json!({}), rows, None),
            ["sweep.rows[1].c", "sweep.rows[1]"]
        );
    }

    #[test]
    fn what_is_not_used_and_what_could_be_better_is_reported() {
        // Steps of a range that is drawn from; 100 is between 64 and 128.
        let vary = json!({ "a": { "from": 1, "to": 5, "steps": 3 } });
        let reported = found(Design::Sobol, vary, json!([]), Some(100));
        let note =
            "a Sobol sequence is most even at powers of two: 64 or 128 points are better than 100";
        assert_eq!(reported[0], (Severity::Note, "sweep.points".to_string(), note.to_string()));
        assert_eq!(
            (reported.len(), reported[1].0, reported[1].1.as_str()),
            (2, Severity::Warning, "sweep.vary.a.steps")
        );
    }
}
