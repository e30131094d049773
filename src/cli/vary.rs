//! Parsing of `--vary PATH=VALUES` and `--shard K/N`.

use super::arguments::DesignName;
use crate::design::{Design, Range, Scale, Vary};
use crate::experiment::Shard;
use crate::problem::{Problem, Severity};
use crate::scenario::Sweep;
use crate::scenario::text::{Format, Node, parse};
use crate::units::shown;
use serde_json::Value;

/// Applies the command line to the `sweep` block.
pub(crate) fn apply(
    sweep: &mut Option<Sweep>,
    vary: &[String],
    design: Option<DesignName>,
    points: Option<u32>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !vary.is_empty() {
        let written = sweep.get_or_insert_default();
        written.vary.clear();
        written.rows.clear();
        if written.design == Design::List {
            written.design = Design::Grid;
        }
        for typed in vary {
            match one(typed) {
                Ok((path, _)) if written.vary.contains_key(&path) => {
                    let help = "list all its values in one `--vary`, separated by commas";
                    problems.push(refused(format!("`{path}` is varied twice"), help));
                }
                Ok((path, vary)) => {
                    written.vary.insert(path, vary);
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    if let Some(design) = design {
        sweep.get_or_insert_default().design = match design {
            DesignName::Grid => Design::Grid,
            DesignName::Lhs => Design::Lhs,
            DesignName::Sobol => Design::Sobol,
            DesignName::OneAtATime => Design::OneAtATime,
        };
    }
    if let Some(points) = points {
        sweep.get_or_insert_default().points = Some(points);
    }
    problems
}

fn refused(what: String, help: &str) -> Problem {
    Problem::new(Severity::Error, "--vary", what).help(help)
}

/// Parses one `PATH=VALUES`.
fn one(typed: &str) -> Result<(String, Vary), Problem> {
    const HELP: &str = "write PATH=VALUES, such as `services.api.replicas=1,2,4` or `workload.users.open.rate=50/s..500/s@log`";
    let Some((path, values)) = typed.split_once('=') else {
        return Err(refused(format!("`{typed}` has no `=`"), HELP));
    };
    let (path, values) = (path.trim(), values.trim());
    if path.is_empty() || values.is_empty() {
        return Err(refused(format!("`{typed}` has no path or no values"), HELP));
    }
    if let Some((from, rest)) =
        values.split_once("..").filter(|_| !values.contains(['[', '{', '"', '\'']))
    {
        let mut parts = rest.split('@').map(str::trim);
        let to = parts.next().unwrap_or("");
        let mut range =
            Range { from: value(from)?, to: value(to)?, scale: Scale::Linear, steps: None };
        for word in parts {
            match (word, word.parse()) {
                ("linear", _) => range.scale = Scale::Linear,
                ("log", _) => range.scale = Scale::Log,
                ("integer", _) => range.scale = Scale::Integer,
                (_, Ok(steps)) => range.steps = Some(steps),
                _ => {
                    return Err(refused(
                        format!("unknown suffix `@{word}` of a range"),
                        "a range can end in `@linear`, `@log`, `@integer` or a number of values such as `@10`",
                    ));
                }
            }
        }
        return Ok((path.to_string(), Vary::Range(range)));
    }
    // Parsed as a YAML list, so that commas inside brackets and quotes do not separate values.
    match value(&format!("[{values}]"))? {
        Value::Array(values) => Ok((path.to_string(), Vary::Values(values))),
        _ => Err(refused(format!("`{values}` is not a list of values"), HELP)),
    }
}

/// Parses a value as it is written in a scenario.
pub(crate) fn value(text: &str) -> Result<Value, Problem> {
    let help = "write values as in the scenario, such as `4`, `300/s` or `{ exp: 2ms }`";
    match parse(text.trim(), Format::Yaml) {
        Ok(node) => Ok(Node::to_json(&node)),
        Err(problems) => Err(refused(
            format!("in `{text}`: {}", problems.first().map_or("not a value", |p| p.what.as_str())),
            help,
        )),
    }
}

/// Parses a shard; `auto/N` takes its number from the environment of a job array.
pub(crate) fn shard(
    typed: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Shard, String> {
    let Some(of) = typed.strip_prefix("auto/") else { return typed.parse() };
    for name in ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"] {
        if let Some(text) = environment(name).filter(|text| text.trim().parse::<u64>().is_err()) {
            return Err(format!("{name} is `{}`, not a number", shown(&text)));
        }
    }
    let number = |name: &str| environment(name).and_then(|text| text.trim().parse::<u64>().ok());
    // Slurm counts from the first index of the array, the others from 0.
    let index = match (
        number("SLURM_ARRAY_TASK_ID"),
        number("JOB_COMPLETION_INDEX"),
        number("AWS_BATCH_JOB_ARRAY_INDEX"),
    ) {
        (Some(id), _, _) => {
            Some((id + 1).saturating_sub(number("SLURM_ARRAY_TASK_MIN").unwrap_or(1)))
        }
        (None, Some(index), _) | (None, None, Some(index)) => Some(index + 1),
        _ => None,
    };
    match index {
        Some(number) => format!("{number}/{of}").parse(),
        None => {
            Err("none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX and AWS_BATCH_JOB_ARRAY_INDEX is set: give the shard number, such as `3/200`"
                .to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(typed: &str) -> Result<(String, Value), String> {
        one(typed)
            .map(|(path, vary)| (path, serde_json::to_value(vary).unwrap()))
            .map_err(|problem| problem.what)
    }

    #[test]
    fn values_ranges_and_trees_are_read_as_they_are_written() {
        // The forms of the help text.
        assert_eq!(read("a.b=1,2,4"), Ok(("a.b".into(), json!([1, 2, 4]))));
        assert_eq!(
            read("a=random, least_connections"),
            Ok(("a".into(), json!(["random", "least_connections"])))
        );
        assert_eq!(read("a={ exp: 2ms },5ms"), Ok(("a".into(), json!([{ "exp": "2ms" }, "5ms"]))));
        assert_eq!(
            read("a=1..8@integer"),
            Ok(("a".into(), json!({ "from": 1, "to": 8, "scale": "integer" })))
        );
        assert_eq!(
            read("a=50/s..500/s@log@10"),
            Ok(("a".into(), json!({ "from": "50/s", "to": "500/s", "scale": "log", "steps": 10 })))
        );
        assert_eq!(read("a"), Err("`a` has no `=`".into()));
        assert_eq!(read("=1"), Err("`=1` has no path or no values".into()));
        assert_eq!(read("a=1..2@much"), Err("unknown suffix `@much` of a range".into()));
        assert!(read("a=[1").is_err_and(|words| words.starts_with("in `[[1]`")));
    }

    #[test]
    fn the_number_of_a_shard_is_that_of_the_job_array() {
        // Slurm counts from its smallest index, Kubernetes and AWS Batch from 0.
        let with = |set: &'static [(&str, &str)], typed: &str| {
            let of = move |name: &str| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
            };
            shard(typed, &of).map(|shard| shard.to_string())
        };
        assert_eq!(with(&[], "3/200"), Ok("3/200".into()));
        assert_eq!(with(&[("SLURM_ARRAY_TASK_ID", "7")], "auto/200"), Ok("7/200".into()));
        assert_eq!(
            with(&[("SLURM_ARRAY_TASK_ID", "0"), ("SLURM_ARRAY_TASK_MIN", "0")], "auto/8"),
            Ok("1/8".into())
        );
        assert_eq!(with(&[("JOB_COMPLETION_INDEX", "0")], "auto/8"), Ok("1/8".into()));
        assert_eq!(with(&[("AWS_BATCH_JOB_ARRAY_INDEX", "7")], "auto/8"), Ok("8/8".into()));
        assert!(
            with(&[("JOB_COMPLETION_INDEX", "8")], "auto/8")
                .is_err_and(|words| words.contains("no shard 9 of 8"))
        );
        assert!(
            with(&[], "auto/8").is_err() && with(&[], "0/8").is_err() && with(&[], "x").is_err()
        );
    }
}
