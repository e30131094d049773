//! A sweep that is resumed and interrupted, tested from within because a signal cannot be timed to
//! arrive here.

use super::*;
use crate::scenario::Template;
use std::path::PathBuf;

/// A store that contains one cell of every point.
struct OneEach;

impl CellStore for OneEach {
    fn keep(&mut self, _: Cell, _: &Result<CellRecord, Failure>) -> Result<(), StorageError> {
        Ok(())
    }
    fn known(&mut self, _: u64) -> Result<Vec<Known>, StorageError> {
        Ok(vec![(0, Err(Failure::Invalid("a failed replication".to_string())))])
    }
}

#[test]
fn a_pilot_that_is_interrupted_makes_no_point_complete() {
    // One replication of one point is known; how many it needs (at least five) is known only after
    // a pilot, which is interrupted at once.
    let text = "version: 1
run: { duration: 10s, warmup: auto, replications: { min: 5, until: { metric: users.latency.mean, half_width: 5% } } }
workload: { users: { to: api.x, open: { rate: 10/s } } }
services: { api: { endpoints: { x: [ cpu: { exp: 10ms } ] } } }";
    let template = Template::from_json(text, "s", PathBuf::new()).expect("the scenario is valid");
    let vary = "sweep: { vary: { workload.users.open.rate: [ 10/s ] } }";
    let scenario =
        crate::scenario::from_yaml(&format!("{text}\n{vary}")).expect("the scenario is valid");
    let spec = Spec::new(&scenario, template, None, false);
    let complete = |is_interrupted: bool| {
        let interrupted = Arc::new(AtomicBool::new(is_interrupted));
        let (rest, mut store, mut show) = (Box::new(spec.numbers()), OneEach, |_| {});
        let mut sweep = Sweep {
            spec: &spec,
            rest,
            open: BTreeMap::new(),
            store: &mut store,
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
