//! The hops of a route: crossing links, being chosen an instance, coming in.

use super::advance::{Caps, Next, Rich};
use super::columns::Columns;
use super::endings::lose;
use super::gates;
use crate::fault::Effect;
use crate::kernel::Event;
use crate::plan::Hop;
use crate::policy::balance::Candidate;
use crate::random::keys::Key;
use crate::request::{NONE, Outcome, Part, Phase, Place, Request};
use crate::server::InstanceState;
use crate::step::Leaving;

impl Candidate for InstanceState {
    fn outstanding(&self) -> u32 {
        self.outstanding
    }
    fn in_transit(&self) -> u32 {
        self.in_transit
    }
}

/// Over a link.
#[inline(always)]
pub(crate) fn cross(x: &mut Columns, request: &mut Request, slot: u32, link: u32) -> Next {
    match send(x, request, slot, link) {
        true => Next::Park,
        false => lose(request),
    }
}

/// Puts the message on a link, unless that loses it.
#[inline(always)]
fn send(x: &mut Columns, request: &mut Request, slot: u32, link: u32) -> bool {
    let now = x.now();
    request.parts.mark = now;
    let span = x.links[link as usize].send(
        &x.plan.links[link as usize],
        request.key,
        now,
        x.stage.measured,
    );
    if let Some(span) = span {
        x.stage.after(span, Event::Delivered, request, slot);
    }
    span.is_some()
}

/// The message is there: off the link, and on to the next hop.
#[inline(always)]
pub(crate) fn arrive(x: &mut Columns, request: &mut Request) {
    let now = x.now();
    off_link(x, request);
    request.hop += 1;
    request.parts.charge(Part::Network, now);
}

/// The message is not on its link any longer.
#[inline(always)]
pub(crate) fn off_link(x: &mut Columns, request: &Request) {
    let now = x.now();
    let instance = request.instance as usize;
    let link = match x.hops[request.hop as usize] {
        Hop::Cross { link } => Some(link),
        Hop::In => {
            x.instances[instance].in_transit -= 1;
            x.plan.instances[instance].link_in
        }
        Hop::Out => x.plan.instances[instance].link_out,
        _ => None,
    };
    if let Some(link) = link {
        x.links[link as usize].deliver(now);
    }
}

/// At a service's door: the balancer chooses an instance, or there is none.
#[inline(always)]
pub(crate) fn door(x: &mut Columns, request: &mut Request, slot: u32, service: u32, back: u32) {
    let services = &x.plan.services;
    match x.balancers[service as usize]
        .choose(x.instances, || request.key.draw(services[service as usize].balance_salt))
    {
        Some(instance) => {
            choose(x, request, instance);
            request.hop += 1;
        }
        None => refuse(x, request, slot, back),
    }
}

/// An instance has been chosen for the request, and the loop that it will be bound to.
#[inline(always)]
pub(crate) fn choose(x: &mut Columns, request: &mut Request, instance: u32) {
    let state = &mut x.instances[instance as usize];
    state.outstanding += 1;
    state.chosen += x.stage.measured as u64;
    request.instance = instance;
    request.worker = state.first_worker;
    if state.is_split {
        request.worker += one_of_the_loops(x, request);
    }
    request.set_place(Place::Chosen);
}

/// Which of the event loops of its instance a request is bound to.
#[inline(never)]
fn one_of_the_loops(x: &Columns, request: &Request) -> u32 {
    let of = &x.plan.instances[request.instance as usize];
    request.key.draw(of.worker_salt).one_of(of.workers)
}

/// Away from its instance; whose central queue may give that to the next, if the request held it:
/// in rich plans only.
#[inline(always)]
pub(crate) fn leave<C: Caps>(x: &mut Columns, request: &mut Request, slot: u32) {
    let instance = request.instance as usize;
    x.instances[instance].outstanding -= 1;
    request.set_place(Place::Outside);
    if C::RICH && x.instances[instance].holder == slot {
        gates::give_back(x, instance);
    }
}

/// A request that is called off on its route leaves the link that it is on, or the line that it
/// stands in.
pub(crate) fn abandon(x: &mut Columns, request: &Request, leaving: Leaving) {
    match x.hops[request.hop as usize] {
        Hop::Gate { gate, .. } if request.granted => gates::abandon(x, request, gate, leaving),
        // It has only just been made.
        _ if leaving.is_granted => {}
        _ => {
            off_link(x, request);
            x.stage.calendar.note_stale();
        }
    }
}

/// Back, because nobody is up, or a gate does not let it through.
#[cold]
#[inline(never)]
pub(crate) fn refuse(x: &mut Columns, request: &mut Request, slot: u32, back: u32) {
    match request.place() {
        Place::Outside => request.instance = NONE,
        _ => leave::<Rich>(x, request, slot),
    }
    request.outcome = Outcome::REJECTED;
    request.hop = back;
}

/// Over the chosen instance's own link, if it has one.
#[inline(never)]
pub(crate) fn own_link_in(x: &mut Columns, request: &mut Request, slot: u32) -> Next {
    let instance = request.instance as usize;
    let Some(link) = x.plan.instances[instance].link_in else {
        request.hop += 1;
        return Next::Walk;
    };
    if send(x, request, slot, link) {
        x.instances[instance].in_transit += 1;
        return Next::Park;
    }
    leave::<Rich>(x, request, slot);
    lose(request)
}

/// Over the instance's own link back, if it has one and there was an instance.
#[inline(never)]
pub(crate) fn own_link_out(x: &mut Columns, request: &mut Request, slot: u32) -> Next {
    let instance = request.instance;
    let link = (instance != NONE).then(|| x.plan.instances[instance as usize].link_out).flatten();
    match link {
        Some(link) => cross(x, request, slot, link),
        None => {
            request.hop += 1;
            Next::Walk
        }
    }
}

/// Into the instance, and its endpoint's program.
#[inline(always)]
pub(crate) fn enter(
    x: &mut Columns,
    request: &mut Request,
    endpoint: u32,
    first_step: u32,
) -> Next {
    let now = x.now();
    let i = request.instance as usize;
    request.parts.mark = now;
    if request.place() != Place::Inside {
        // No gate has counted it.
        x.stage.places[i].0.held.add(now, 1);
        request.set_place(Place::Inside);
    }
    let (endpoint, first_step) = match endpoint {
        NONE => draw_endpoint(x, request),
        named => (named, first_step),
    };
    request.step = first_step;
    request.phase = Phase::Running;
    if x.has_errors
        && let Some(outcome) = error_of(x, request.key, endpoint)
    {
        request.outcome = outcome;
        return Next::Answer;
    }
    Next::Run
}

/// The outcome of the first active `errors` fault that strikes the request.
#[inline(never)]
fn error_of(x: &Columns, key: Key, endpoint: u32) -> Option<Outcome> {
    let active =
        x.errors.by_endpoint[endpoint as usize].iter().map(|&fault| &x.plan.faults[fault as usize]);
    let mut effects = active.filter_map(|fault| match &fault.effect {
        Effect::Errors(effect) => {
            Some((key.draw(fault.salt).uniform() < effect.rate, effect.outcome))
        }
        _ => None,
    });
    effects.find(|(strikes, _)| *strikes).map(|(_, outcome)| outcome)
}

/// The endpoint, drawn, and where its program begins: the request is counted there, as if it had
/// been from the beginning.
#[inline(never)]
fn draw_endpoint(x: &mut Columns, request: &mut Request) -> (u32, u32) {
    let endpoint = drawn_endpoint(x, request);
    change_flow(x, request, endpoint);
    (endpoint, x.plan.endpoints[endpoint as usize].first_step)
}

/// The endpoint that a request draws at its instance: the same each time it is asked for.
#[inline(never)]
pub(crate) fn drawn_endpoint(x: &Columns, request: &Request) -> u32 {
    let instance = &x.plan.instances[request.instance as usize];
    let salt = x.plan.services[instance.service as usize].endpoint_salt;
    instance.first_endpoint + request.key.draw(salt).one_of(instance.endpoints)
}

/// Counts a request at another endpoint. One that was sent to an endpoint stays counted there, also
/// where a pipeline hands it on.
fn change_flow(x: &mut Columns, request: &mut Request, endpoint: u32) {
    let old = request.flow;
    let Some(workload) = x.plan.layout.flows[old as usize].workload else { return };
    let drawn = x.plan.flow_of[workload as usize].get(endpoint as usize);
    let Some(&new) = drawn.filter(|new| ![NONE, old].contains(new)) else { return };
    let is_measured = x.recorder.measures(request.started);
    for (flow, sign) in [(old, -1), (new, 1)] {
        x.recorder.meters[flow as usize].recount(sign, is_measured);
    }
    request.flow = new;
}
