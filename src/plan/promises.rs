//! What is promised of the requests of each flow.

use crate::measure::{Layout, Promise};
use crate::request::FURTHER_PARTS_MAX;
use crate::scenario::Scenario;

/// Notes the promises of all objectives; returns by flow which of them are about its requests, and
/// nothing if there are none.
pub(super) fn of(scenario: &Scenario, layout: &mut Layout) -> Vec<Vec<u32>> {
    let promised =
        scenario.slos.iter().filter_map(|(name, slo)| Some((name, slo, slo.good.as_ref()?)));
    let mut by_flow = Vec::new();
    for (name, slo, good) in promised {
        let promise = layout.promises.len() as u32;
        layout.promises.push(Promise {
            name: name.clone(),
            within: good.within,
            waits: good.waits,
            allowed: good.allowed(),
            window: good.window(),
        });
        by_flow.resize(layout.flows.len(), Vec::new());
        let workload = scenario.workload.get_index_of(&slo.of).map(|id| id as u32);
        let is_all = workload.is_none() && slo.of == "users";
        let endpoint = layout.endpoints.iter().position(|of| of.name == slo.of);
        for (flow, promises) in layout.flows.iter().zip(&mut by_flow) {
            let is_about = match workload {
                Some(_) => flow.workload == workload,
                None if is_all => flow.workload.is_some(),
                None => endpoint.is_some() && flow.endpoint.map(|id| id as usize) == endpoint,
            };
            if is_about {
                promises.push(promise);
            }
        }
    }
    by_flow
}

/// Returns which of the further parts of latencies are spent in lines: all but that in which a core
/// is held.
pub(super) fn lines(layout: &Layout) -> [bool; FURTHER_PARTS_MAX] {
    std::array::from_fn(|part| layout.further_parts.get(part).is_some_and(|part| *part != "block"))
}
