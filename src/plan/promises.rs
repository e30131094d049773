//! What is promised of the requests of each flow.

use crate::measure::{Layout, Promise};
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
