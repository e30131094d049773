//! The decision whether a service is stable, from the loads of its resources and of those that its
//! requests go on to.

use super::{Held, NEARLY, Resource, ServiceBalance, Standing};
use crate::scenario::Balance;
use crate::scenario::broken::Broken;
use crate::scenario::demand::{EndpointDemand, Rates, targets};
use crate::scenario::directory::NameTable;
use crate::workload::Workload;

/// Decides for each service whether it is stable.
pub(super) fn set_standings(
    directory: &NameTable,
    demands: &[EndpointDemand],
    order: &[usize],
    rates: &Rates,
    broken: &Broken,
    services: &mut [ServiceBalance],
) {
    // Downstream of a saturated service, fewer requests arrive than are sent.
    let is_saturated =
        |service: &ServiceBalance| service.held.iter().any(|held| held.expected > 1.0 - NEARLY);
    let mut is_behind = vec![broken.loses(); demands.len()];
    for &endpoint in order {
        let is_throttled = is_behind[endpoint]
            || is_saturated(&services[directory.endpoints[endpoint].service as usize]);
        for (callee, _) in &demands[endpoint].calls {
            is_behind[*callee as usize] |= is_throttled;
        }
    }
    set_cuts(directory, demands, order, rates, services);
    let mut is_known = vec![true; services.len()];
    for (endpoint, entry) in directory
        .endpoints
        .iter()
        .enumerate()
        .filter(|(endpoint, _)| rates.by_endpoint[*endpoint] > 0.0)
    {
        is_known[entry.service as usize] &= rates.is_exact[endpoint] && !is_behind[endpoint];
    }
    let is_closed = directory.scenario.workload.values().any(|of| of.closed.is_some());
    let is_impatient = |of: &Workload| of.closed.is_some() && of.patience.is_some();
    let is_left = demands.iter().any(|of| of.may_fail || of.is_cut || of.goes_beyond)
        || directory.scenario.workload.values().any(is_impatient);
    // Behind a central queue only the time until the answer is known.
    let beyond_central = demands.iter().any(|of| of.goes_beyond)
        && directory.scenario.services.values().any(|of| of.balance == Balance::CentralQueue);
    // How often users reload depends on how long they wait.
    let reloads = directory.scenario.workload.values().any(|of| of.reload.is_some());
    let named = directory.scenario.services.values().map(|written| !written.instances.is_empty());
    let waits_below = wait_below(directory, demands, order, services);
    for (((service, is_known), waits_below), (is_named, down)) in
        services.iter_mut().zip(is_known).zip(waits_below).zip(named.zip(&broken.down))
    {
        // The load of a named instance that is down falls to the others.
        let load_shifts = is_named && *down > 0.0;
        (service.is_even, service.is_rate_exact) = (service.is_even && !load_shifts, is_known);
        let is_decidable = is_known && service.is_even && !service.sheds;
        // Closed users go on asking while what they have given up is still served.
        let may_pile_up = is_closed && is_left || reloads || beyond_central;
        service.standing = match service.held.first().copied() {
            Some(held) if is_decidable && held.load > 1.0 + NEARLY => Standing::Fails(held),
            _ if load_shifts || may_pile_up || service.may_take_longer => Standing::Open,
            _ if service.held.iter().all(|held| {
                held.expected < 1.0 - NEARLY
                    && (held.is_all || is_ample(held, core_load(service), waits_below))
            }) =>
            {
                Standing::Holds
            }
            _ => Standing::Open,
        };
    }
}

/// Notes the services whose requests may be cancelled because they take long: at the timeout of a
/// call, when enough arms have ended, or when users leave; or may not come, because others took
/// long.
fn set_cuts(
    directory: &NameTable,
    demands: &[EndpointDemand],
    order: &[usize],
    rates: &Rates,
    services: &mut [ServiceBalance],
) {
    let cancels = |of: &&Workload| {
        of.elasticity.is_some() || of.patience.as_ref().is_some_and(|patience| patience.cancel)
    };
    let mut is_cut = vec![false; demands.len()];
    for (to, _) in directory.scenario.workload.values().filter(cancels).flat_map(targets) {
        match directory.target(to) {
            Ok((_, Some(endpoint))) => is_cut[endpoint as usize] = true,
            _ => is_cut.fill(true),
        }
    }
    for &endpoint in order {
        for (callee, _) in &demands[endpoint].calls {
            is_cut[*callee as usize] |= is_cut[endpoint] || demands[endpoint].is_cut;
        }
        services[directory.endpoints[endpoint].service as usize].is_cut |=
            is_cut[endpoint] && rates.by_endpoint[endpoint] > 0.0;
    }
}

/// Slots or memory may be held longer than the demands alone require. They suffice if there is no
/// long waiting meanwhile, here or downstream: a load of a tenth can grow tenfold.
fn is_ample(held: &Held, core_load: f64, waits_below: bool) -> bool {
    !waits_below && is_light(held) && core_load < IDLE
}

fn is_light(held: &Held) -> bool {
    held.expected < 0.1
}

/// Below this load, waiting times for cores are short.
const IDLE: f64 = 0.5;

/// Returns the expected load of a service's cores.
fn core_load(service: &ServiceBalance) -> f64 {
    service
        .held
        .iter()
        .find(|held| held.resource == Resource::Cores)
        .map_or(0.0, |cores| cores.expected)
}

/// Returns, by service, whether requests may wait long in its direct or indirect callees.
fn wait_below(
    directory: &NameTable,
    demands: &[EndpointDemand],
    order: &[usize],
    services: &[ServiceBalance],
) -> Vec<bool> {
    let waits_in = |service: &ServiceBalance| {
        service.may_take_longer
            || core_load(service) >= IDLE
            || service.held.iter().any(|held| held.resource != Resource::Cores && !is_light(held))
    };
    let waits_in: Vec<bool> = services.iter().map(waits_in).collect();
    let (mut by_endpoint, mut by_service) =
        (vec![false; demands.len()], vec![false; services.len()]);
    for &endpoint in order.iter().rev() {
        let waits = |callee: u32| {
            waits_in[directory.endpoints[callee as usize].service as usize]
                || by_endpoint[callee as usize]
        };
        by_endpoint[endpoint] = demands[endpoint].calls.iter().any(|(callee, _)| waits(*callee));
        by_service[directory.endpoints[endpoint].service as usize] |= by_endpoint[endpoint];
    }
    by_service
}
