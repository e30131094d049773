//! Properties of any input: it is a scenario, or its problems are reported; and a serialised
//! scenario reads back unchanged.
//!
//! Shared by the property tests here and the fuzz targets of `fuzz/`.

use asyncflow::problem::{Problem, Severity};
use asyncflow::scenario::text::{Format, decode};
use asyncflow::scenario::{self, Scenario};
use std::path::Path;

/// Reads, checks, estimates, compiles, writes and reads back the input: everything but the
/// simulation. Returns whether the input is a scenario that can run; panics if a property is
/// violated.
pub fn judge(bytes: &[u8], format: Format) -> bool {
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(problem) => return refused(&[problem], ""),
    };
    let Ok(scenario) = scenario_of(text, format) else { return false };
    // The estimate may be infinite, but not NaN.
    let estimate = scenario::estimate(&scenario);
    assert!(
        estimate.services.iter().all(|load| !load.utilisation.is_nan() && !load.rate.is_nan()),
        "{:?}",
        estimate.services
    );
    asyncflow::compiles(&scenario);
    let written = [
        (Ok(scenario::to_yaml(&scenario)), Format::Yaml),
        (Ok(scenario::to_json(&scenario)), Format::Json),
        (scenario::to_ron(&scenario), Format::Ron),
    ];
    for (text, format) in written {
        let text = text.unwrap_or_else(|error| panic!("{format:?} cannot be written: {error}"));
        match scenario_of(&text, format) {
            Ok(again) => assert!(
                again == scenario,
                "{format:?} reads back as another scenario:\n{text}\n{again:#?}\n{scenario:#?}"
            ),
            Err(problems) => panic!("{format:?} does not read back: {problems:#?}\n{text}"),
        }
    }
    true
}

/// Returns the scenario of a text, or its problems if it has an error.
fn scenario_of(text: &str, format: Format) -> Result<Scenario, Vec<Problem>> {
    let mut loaded = scenario::read(text, format, "input", Path::new("/nowhere"), &[]);
    let Some(scenario) = loaded.scenario.take() else {
        refused(&loaded.problems.list, text);
        return Err(loaded.problems.list);
    };
    loaded.add(scenario::check(&scenario));
    if loaded.problems.any_error() {
        refused(&loaded.problems.list, text);
        return Err(loaded.problems.list);
    }
    Ok(scenario)
}

/// Asserts that every problem has a message and a place within the text.
fn refused(problems: &[Problem], text: &str) -> bool {
    assert!(
        problems.iter().any(|problem| problem.severity == Severity::Error),
        "refused without an error: {problems:?}"
    );
    assert!(problems.len() <= 153, "{} problems are too many to read", problems.len());
    for problem in problems {
        assert!(
            !problem.what.trim().is_empty()
                && problem.help.as_ref().is_none_or(|help| !help.trim().is_empty()),
            "{problem:?}"
        );
        assert!(
            problem.what.len() < 2_000 && !problem.what.contains(['\n', '\u{1b}']),
            "{problem:?}"
        );
        assert!(
            problem.place.as_ref().is_none_or(|place| text.get(place.clone()).is_some()),
            "{problem:?} is not in the text"
        );
    }
    false
}
