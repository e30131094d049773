//! The two drains: what the plain one leaves out is never needed by a plan that is not rich.

use super::simulate;
use crate::plan;
use crate::scenario::from_yaml;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The random scenarios of `tests/it/golden.rs`, all without blocks.
const SWARM: &str = include_str!("../../tests/it/golden/swarm.yaml");

#[test]
fn both_drains_give_the_same_record_of_a_plain_plan() {
    // An oracle: the same plan, told that it is rich. Debug writes every number whole, requests
    // included.
    let never = AtomicBool::new(false);
    let mut compared = 0;
    for (number, yaml) in SWARM.split("---\n").enumerate() {
        let scenario = from_yaml(yaml).unwrap_or_else(|problems| panic!("{number}: {problems}"));
        let mut plain = plan::compile(&scenario);
        plain.trace_share = 1.0;
        assert!(!plain.is_rich, "{number}");
        let rich = plan::Plan { is_rich: true, ..plain.clone() };
        let run = |plan| simulate(&Arc::new(plan), 0, &never).map(|record| format!("{record:?}"));
        let (plain, rich) = (run(plain), run(rich));
        assert!(plain == rich, "swarm {number}: the drains differ");
        compared += usize::from(plain.is_ok());
    }
    assert!(compared >= 60, "only {compared} scenarios came to their end");
}
