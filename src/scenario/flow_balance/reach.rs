//! Where the requests of a workload go: the endpoints that it sends to, the services that they
//! reach, and the least time that they take.

use crate::scenario::Workload;
use crate::scenario::demand::{self, EndpointDemand};
use crate::scenario::directory::NameTable;

/// Returns the endpoints that a workload sends requests to directly.
pub(super) fn endpoints_of<'d>(
    directory: &'d NameTable,
    workload: &'d Workload,
) -> impl Iterator<Item = usize> + 'd {
    demand::targets(workload).filter_map(|(to, _)| directory.target(to).ok()).flat_map(
        |(service, endpoint)| match endpoint {
            Some(endpoint) => endpoint as usize..endpoint as usize + 1,
            None => directory.endpoints_of(service as usize),
        },
    )
}

/// Returns the services that requests of a workload reach, including those called or handed on to.
pub(super) fn reached(
    directory: &NameTable,
    demands: &[EndpointDemand],
    workload: &Workload,
) -> Vec<usize> {
    let calls = |endpoint: usize| {
        demands[endpoint].calls.iter().map(|(callee, _)| *callee as usize).collect()
    };
    let (_, services) = reached_by(directory, workload, calls);
    (0..services.len()).filter(|service| services[*service]).collect()
}

/// Returns which endpoints and which services requests of a workload reach, where `calls` gives the
/// endpoints that one calls.
pub(in super::super) fn reached_by(
    directory: &NameTable,
    workload: &Workload,
    calls: impl Fn(usize) -> Vec<usize>,
) -> (Vec<bool>, Vec<bool>) {
    let mut seen = vec![false; directory.endpoints.len()];
    let mut services = vec![false; directory.services.len()];
    let mut next: Vec<usize> = endpoints_of(directory, workload).collect();
    while let Some(endpoint) = next.pop() {
        if std::mem::replace(&mut seen[endpoint], true) {
            continue;
        }
        let service = directory.endpoints[endpoint].service as usize;
        next.extend(calls(endpoint));
        if std::mem::replace(&mut services[service], true) {
            continue;
        }
        let members = &directory.members[service].0;
        for instance in &directory.instances[members.start as usize..members.end as usize] {
            let then = instance.then.and_then(|then| directory.services.get(then.as_str()));
            next.extend(then.map_or(0..0, |then| directory.endpoints_of(*then as usize)));
        }
    }
    (seen, services)
}

/// Returns the lower bound of the mean latency of a workload, s.
pub(super) fn least_s(
    directory: &NameTable,
    demands: &[EndpointDemand],
    workload: &Workload,
) -> f64 {
    let terms =
        demand::targets(workload).filter_map(|(to, share)| match directory.target(to).ok()? {
            (_, Some(endpoint)) => Some(share * demands[endpoint as usize].min_answer_at(1.0)),
            _ => None,
        });
    terms.sum()
}
