//! Routes as flat lists of hops: links to cross, the service's door, the instance's own links, and
//! the way back.

use super::links::Links;
use super::{EndpointPlan, Gate, Hop};
use crate::policy::balance::Balance;
use crate::request::NONE;
use crate::scenario::NameTable;

/// A sender: its names, the most specific first, and the nodes its messages pass.
pub(crate) struct Sender<'a> {
    pub names: Vec<&'a str>,
    pub via: &'a [String],
}

/// Adds the route from a sender to an endpoint of a service (or to one that its instance draws) and
/// back; returns the index of its first hop.
pub(crate) fn add(
    hops: &mut Vec<Hop>,
    links: &mut Links,
    directory: &mut NameTable,
    sender: &Sender,
    service: u32,
    endpoint: Option<u32>,
) -> u32 {
    let first = hops.len() as u32;
    let name = *directory
        .services
        .get_index(service as usize)
        .map(|(name, _)| name)
        .expect("a service's id is an index");
    let mut here = sender.names.clone();
    for node in sender.via.iter().map(String::as_str).chain([name]) {
        cross(hops, links, directory, &here, &[node]);
        here = vec![node];
    }
    let has_own_link_in = has_own_link_in(directory, service, name);
    arrive(hops, directory, service, has_own_link_in, endpoint);
    let own_links_out =
        sender.via.last().is_some_and(|last| has_own_link_out(directory, service, last));
    match own_links_out {
        true => hops.push(Hop::Out),
        false => match sender.via.last() {
            Some(last) => cross(hops, links, directory, &[name], &[last]),
            None => cross(hops, links, directory, &[name], &sender.names),
        },
    }
    for pair in sender.via.windows(2).rev() {
        cross(hops, links, directory, &[&pair[1]], &[&pair[0]]);
    }
    hops.push(Hop::Home);
    first
}

/// Adds the route from an instance of a pipeline to the next service; returns the index of its
/// first hop.
pub(crate) fn add_onward(
    hops: &mut Vec<Hop>,
    links: &mut Links,
    directory: &mut NameTable,
    instance: &str,
    next: u32,
) -> u32 {
    let first = hops.len() as u32;
    let name = *directory
        .services
        .get_index(next as usize)
        .map(|(name, _)| name)
        .expect("a service's id is an index");
    cross(hops, links, directory, &[instance], &[name]);
    arrive(hops, directory, next, true, None);
    hops.extend([Hop::Out, Hop::Home]);
    first
}

/// Adds the hops from the door of a service to one of its instances, with the gates between them; a
/// request that is refused continues behind them.
fn arrive(
    hops: &mut Vec<Hop>,
    directory: &NameTable,
    service: u32,
    has_own_link_in: bool,
    endpoint: Option<u32>,
) {
    let spec = &directory.scenario.services[service as usize];
    let door = hops.len();
    // Where refused requests go on is known when all hops are there.
    hops.push(match spec.balance {
        Balance::CentralQueue => Hop::Gate { gate: Gate::Central { service }, back: NONE },
        _ => Hop::Door { service, back: NONE },
    });
    if has_own_link_in {
        hops.push(Hop::In);
    }
    if spec.max_in_flight.is_some() {
        hops.push(Hop::Gate { gate: Gate::Admission, back: NONE });
    }
    // Programs are compiled when their routes are known: `enter` puts in where they begin.
    hops.push(Hop::Enter { endpoint: endpoint.unwrap_or(NONE), first_step: NONE });
    let behind = hops.len() as u32;
    for hop in &mut hops[door..] {
        if let Hop::Door { back, .. } | Hop::Gate { back, .. } = hop {
            *back = behind;
        }
    }
}

/// Puts in where the programs begin that routes lead to.
pub(super) fn enter(hops: &mut [Hop], endpoints: &[EndpointPlan]) {
    for hop in hops {
        if let Hop::Enter { endpoint, first_step } = hop
            && let Some(plan) = endpoints.get(*endpoint as usize)
        {
            *first_step = plan.first_step;
        }
    }
}

fn cross(
    hops: &mut Vec<Hop>,
    links: &mut Links,
    directory: &mut NameTable,
    from: &[&str],
    to: &[&str],
) {
    if let Some(link) = links.between(directory, from, to) {
        hops.push(Hop::Cross { link });
    }
}

/// Returns whether an instance of the service has a link of its own from the balancer.
fn has_own_link_in(directory: &NameTable, service: u32, name: &str) -> bool {
    let scenario = directory.scenario;
    scenario.services[service as usize]
        .instances
        .keys()
        .any(|instance| directory.joined(name, instance).is_some())
}

/// Returns whether an instance of the service has a link of its own to node `to`.
fn has_own_link_out(directory: &NameTable, service: u32, to: &str) -> bool {
    let named = &directory.scenario.services[service as usize].instances;
    named.iter().any(|(name, spec)| directory.joined(name, to).is_some() || spec.then.is_some())
}
