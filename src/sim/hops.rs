//! The hops of a route: crossing links, being chosen an instance, coming in.

use super::advance::Next;
use super::central;
use super::columns::Columns;
use super::endings::lose;
use crate::fault::Effect;
use crate::kernel::Event;
use crate::plan::Hop;
use crate::policy::balance::Candidate;
use crate::random::keys::Key;
use crate::request::{NONE, Outcome, Part, Phase, Place, Request};
use crate::resource::Answer;
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
pub(crate) fn door(x: &mut Columns, request: &mut Request, service: u32, back: u32) -> Next {
    let services = &x.plan.services;
    match x.balancers[service as usize]
        .choose(x.instances, || request.key.draw(services[service as usize].balance_salt))
    {
        Some(instance) => go_to(x, request, instance),
        None => refuse(request, back),
    }
}

/// On to the instance that has been chosen.
#[inline(always)]
pub(crate) fn go_to(x: &mut Columns, request: &mut Request, instance: u32) -> Next {
    let state = &mut x.instances[instance as usize];
    state.outstanding += 1;
    state.chosen += x.stage.measured as u64;
    request.instance = instance;
    request.set_place(Place::Chosen);
    request.hop += 1;
    Next::Walk
}

/// Away from its instance; whose central queue may give that to the next, if the request held it.
#[inline(always)]
pub(crate) fn leave(x: &mut Columns, request: &mut Request, slot: u32) {
    let instance = request.instance as usize;
    x.instances[instance].outstanding -= 1;
    request.set_place(Place::Outside);
    if x.instances[instance].holder == slot {
        central::give_back(x, instance);
    }
}

/// A request that is called off on its route leaves the link that it is on, or the line that it
/// stands in.
pub(crate) fn abandon(x: &mut Columns, request: &Request, leaving: Leaving) {
    let (now, i) = (x.now(), request.instance as usize);
    match x.hops[request.hop as usize] {
        Hop::Enter { .. } if request.granted => match leaving.is_granted {
            true => x.places[i].0.give(now, 1, |next| x.stage.runnable.push(next)),
            false => leaving.line(&mut x.places[i].0, now, x.stage.runnable),
        },
        Hop::Queue { service, .. } if request.granted => {
            central::abandon(x, service, leaving);
        }
        // It has only just been made.
        _ if leaving.is_granted => {}
        _ => {
            off_link(x, request);
            x.stage.calendar.note_stale();
        }
    }
}

/// Back, because nobody is up.
#[inline(always)]
pub(crate) fn refuse(request: &mut Request, back: u32) -> Next {
    request.outcome = Outcome::REJECTED;
    request.instance = NONE;
    request.hop = back;
    Next::Walk
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
    leave(x, request, slot);
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

/// Into the instance: admission, the loop it is bound to, its endpoint's program.
#[inline(always)]
pub(crate) fn enter(x: &mut Columns, request: &mut Request, slot: u32, endpoint: u32) -> Next {
    let now = x.now();
    let i = request.instance as usize;
    if request.granted {
        request.granted = false;
        request.parts.charge(Part::Admission, now);
    } else {
        request.parts.mark = now;
        match x.places[i].0.take(now, slot, 1) {
            Answer::Granted => {}
            Answer::Waits => {
                request.granted = true;
                return Next::Park;
            }
            Answer::Refused => {
                leave(x, request, slot);
                request.outcome = Outcome::REJECTED;
                request.hop += 1;
                return Next::Walk;
            }
        }
    }
    let instance = &x.plan.instances[i];
    let endpoint = if endpoint == NONE { draw_endpoint(x, request) } else { endpoint };
    request.worker = instance.first_worker;
    if instance.workers > 1 {
        request.worker += request.key.draw(instance.worker_salt).one_of(instance.workers);
    }
    request.step = x.plan.endpoints[endpoint as usize].first_step;
    request.set_place(Place::Inside);
    request.phase = Phase::Running;
    if x.errors.any
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

/// The endpoint, drawn: the request is counted there, as if it had been from the beginning.
#[inline(never)]
fn draw_endpoint(x: &mut Columns, request: &mut Request) -> u32 {
    let endpoint = drawn_endpoint(x, request);
    change_flow(x, request, endpoint);
    endpoint
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
