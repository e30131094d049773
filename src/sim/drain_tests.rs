//! The two drains: what the plain one leaves out is never needed by a plan that is not rich.

use super::simulate;
use crate::plan;
use crate::scenario::{Format, read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The random scenarios of `tests/it/golden.rs`: half of them are plain.
const SWARM: &str = include_str!("../../tests/it/golden/swarm.yaml");

/// Whether a plan is plain, and both drains give the same record of it: every number, and the
/// given share of its requests.
fn agrees(name: &str, yaml: &str, folder: &str, requests: f64) -> bool {
    let loaded = read(yaml, Format::Yaml, name, Path::new(folder), &[]);
    let scenario = loaded.scenario.unwrap_or_else(|| panic!("{name}: {}", loaded.problems));
    let mut plain = plan::compile(&scenario);
    plain.trace_share = requests;
    if plain.is_rich {
        return false;
    }
    // An oracle: the same plan, told that it is rich. Debug writes every number whole.
    let rich = plan::Plan { is_rich: true, ..plain.clone() };
    let never = AtomicBool::new(false);
    let run = |plan| simulate(&Arc::new(plan), 0, &never).map(|record| format!("{record:?}"));
    let (plain, rich) = (run(plain), run(rich));
    assert!(plain == rich, "{name}: the drains differ");
    plain.is_ok()
}

#[test]
fn both_drains_give_the_same_record_of_random_plain_plans() {
    let agree = SWARM.split("---\n").enumerate();
    let agree =
        agree.filter(|(number, yaml)| agrees(&format!("swarm {number}"), yaml, "", 1.0)).count();
    assert!(agree >= 30, "only {agree} scenarios are plain and come to their end");
}

#[test]
fn both_drains_give_the_same_record_of_the_shipped_plain_plans() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let yaml = files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let agree = yaml.filter(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        agrees(&path.display().to_string(), &text, folder, 0.02)
    });
    let agree = agree.count();
    assert!(agree >= 6, "only {agree} scenarios are plain and come to their end");
}
