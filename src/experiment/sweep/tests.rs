//! A sweep that is resumed and interrupted, from within: no signal comes just then.

use super::*;
use std::path::PathBuf;

/// Knows one cell of every point.
struct OneEach;

impl CellStore for OneEach {
    fn keep(&mut self, _: Cell, _: &Result<CellRecord, Failure>) -> Result<(), String> {
        Ok(())
    }
    fn known(&mut self, _: u64) -> Result<Vec<Known>, String> {
        Ok(vec![(0, Err(Failure::Invalid("a replication that gave nothing".to_string())))])
    }
}

#[test]
fn a_pilot_that_is_interrupted_makes_no_point_complete() {
    // Of one point one replication is known, and it wants five; how many it needs is known after a
    // pilot only, which is interrupted at once.
    let text = "version: 1
run: { duration: 10s, warmup: auto, replications: { min: 5, until: { metric: users.latency.mean, half_width: 5% } } }
workload: { users: { to: api.x, open: { rate: 10/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }";
    let template = Template::from_json(text, "s", PathBuf::new()).expect("it is a scenario");
    let vary = "sweep: { vary: { workload.users.open.rate: [ 10/s ] } }";
    let scenario =
        crate::scenario::from_yaml(&format!("{text}\n{vary}")).expect("it is a scenario");
    let spec = Spec::new(&scenario, template, None, false);
    let complete = |is_interrupted: bool| {
        let interrupted = Arc::new(AtomicBool::new(is_interrupted));
        let (rest, mut keeper, mut show) = (Box::new(spec.numbers()), OneEach, |_| {});
        let mut sweep = Sweep {
            spec: &spec,
            rest,
            open: BTreeMap::new(),
            keeper: &mut keeper,
            ahead: 1,
            progress: Progress { of: spec.len(), ..Progress::default() },
            show: &mut show,
            interrupted: &interrupted,
            failed: None,
        };
        (sweep.open_next(), sweep.progress.done)
    };
    assert_eq!(complete(true), (false, 0));
    assert_eq!(complete(false), (true, 0));
}
