//! What must hold of any input whatever: it is a scenario, or there are words for what is wrong
//! with it; and a scenario is written as it is read.
//!
//! Shared by the property tests here and the fuzz targets of `fuzz/`.

use asyncflow::problem::{Problem, Severity};
use asyncflow::scenario::text::{Format, decode};
use asyncflow::scenario::{self, Scenario};
use std::path::Path;

/// Reads, checks, estimates, compiles, writes, reads back: everything but the simulation. Panics if
/// anything is not as it must be. Whether the input is a scenario that could run.
pub fn judge(bytes: &[u8], format: Format) -> bool {
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(problem) => return refused(&[problem], ""),
    };
    let Ok(scenario) = scenario_of(text, format) else { return false };
    // The estimate may be infinite, but it is a number.
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

/// The scenario of a text, if it has no error.
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

/// Claims that problems say what is wrong, and where in the text.
fn refused(problems: &[Problem], text: &str) -> bool {
    assert!(
        problems.iter().any(|problem| problem.severity == Severity::Error),
        "nothing is wrong: {problems:?}"
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
