//! Verdicts on workloads of which some are served before others.
//!
//! Law: where a queue is served by class, a class does not wait for those behind it: whether it is
//! overloaded there is what the flow balance says of the system without the workloads of later
//! classes. (What these have been let in for is not interrupted, so they take their share of time,
//! but not of capacity.) How the queue grows that was measured is that of all classes, and says
//! nothing of one.
//! Checked: `tests/it/classes.rs`.

use super::point::CompiledPoint;
use crate::scenario::{FlowBalance, QueueOrder, Scenario, ServiceBalance};

/// The flow balance of the services that serve by class, for each class but the last: `None` for
/// the other services.
pub(super) fn balances(built: &CompiledPoint) -> Vec<Vec<Option<ServiceBalance>>> {
    let scenario = &built.scenario;
    let by_class: Vec<bool> = scenario.services.values().map(serves_by_class).collect();
    if !by_class.contains(&true) {
        return Vec::new();
    }
    let last = scenario.workload.values().map(|of| scenario.class_of(of)).max().unwrap_or(0);
    let balance = |class: usize| {
        let mut without = Scenario::clone(scenario);
        without.workload.retain(|_, of| scenario.class_of(of) <= class);
        let services = FlowBalance::of(&without).services.into_iter().zip(&by_class);
        services.map(|(balance, by_class)| by_class.then_some(balance)).collect()
    };
    (0..last).map(balance).collect()
}

fn serves_by_class(service: &crate::scenario::Service) -> bool {
    service.queue.as_ref().is_some_and(|queue| queue.order == QueueOrder::Priority)
}
