//! The hops of a route: crossing links, being chosen an instance, coming in.

use super::columns::Columns;
use crate::kernel::Event;
use crate::plan::Hop;
use crate::policy::balance::Candidate;
use crate::request::{NONE, Outcome, Part, Phase, Place};
use crate::server::InstanceState;
use crate::server::admission::{self, Answer};

/// What became of a request on a hop.
pub enum Went {
    /// It goes on at once, with the next hop.
    On,
    /// It is inside its instance, and runs its program.
    Inside,
    /// It is on its way, or waits; an event or a queue will bring it back.
    Away,
    /// Its message is lost.
    Lost,
}

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
pub fn cross(x: &mut Columns, slot: u32, link: u32) -> Went {
    let now = x.now();
    let id = x.id(slot);
    let key = x.journeys[slot as usize].key;
    x.parts[slot as usize].mark = now;
    match x.links[link as usize].send(&x.plan.links[link as usize], key, now, x.measured) {
        Some(span) => {
            x.calendar.after(span, Event::Delivered(id));
            Went::Away
        }
        None => Went::Lost,
    }
}

/// The link that a request is on, at the hop it is at.
pub fn link_of(x: &Columns, slot: u32) -> Option<u32> {
    let instance = x.journeys[slot as usize].instance;
    match x.plan.hops[x.visits[slot as usize].hop as usize] {
        Hop::Cross { link } => Some(link),
        Hop::In => x.plan.instances[instance as usize].link_in,
        Hop::Out => x.plan.instances[instance as usize].link_out,
        _ => None,
    }
}

/// The message is there: off the link, and on to the next hop.
#[inline(always)]
pub fn arrive(x: &mut Columns, slot: u32) {
    let now = x.now();
    let s = slot as usize;
    if let Some(link) = link_of(x, slot) {
        x.links[link as usize].deliver(now);
    }
    if x.plan.hops[x.visits[s].hop as usize] == Hop::In {
        x.instances[x.journeys[s].instance as usize].in_transit -= 1;
    }
    x.parts[s].charge(Part::Network, now);
    x.visits[s].hop += 1;
}

/// At a service's door: the balancer chooses an instance, or there is none.
#[inline(always)]
pub fn door(x: &mut Columns, slot: u32, service: u32, back: u32) -> Went {
    let s = slot as usize;
    let salt = x.plan.services[service as usize].balance_salt;
    let key = x.journeys[s].key;
    match x.balancers[service as usize].choose(x.instances, || key.draw(salt)) {
        Some(instance) => {
            let state = &mut x.instances[instance as usize];
            state.outstanding += 1;
            state.chosen += x.measured as u64;
            x.journeys[s].instance = instance;
            x.visits[s].place = Place::Chosen;
            x.visits[s].hop += 1;
        }
        None => {
            x.visits[s].outcome = Outcome::REJECTED;
            x.journeys[s].instance = NONE;
            x.visits[s].hop = back;
        }
    }
    Went::On
}

/// Over the chosen instance's own link, if it has one.
#[inline(never)]
pub fn own_link_in(x: &mut Columns, slot: u32) -> Went {
    let instance = x.journeys[slot as usize].instance;
    match x.plan.instances[instance as usize].link_in {
        None => {
            x.visits[slot as usize].hop += 1;
            Went::On
        }
        Some(link) => {
            let went = cross(x, slot, link);
            let state = &mut x.instances[instance as usize];
            match went {
                Went::Away => state.in_transit += 1,
                _ => {
                    state.outstanding -= 1;
                    x.visits[slot as usize].place = Place::Outside;
                }
            }
            went
        }
    }
}

/// Over the instance's own link back, if it has one and there was an instance.
#[inline(never)]
pub fn own_link_out(x: &mut Columns, slot: u32) -> Went {
    let instance = x.journeys[slot as usize].instance;
    let link = (instance != NONE).then(|| x.plan.instances[instance as usize].link_out).flatten();
    match link {
        Some(link) => cross(x, slot, link),
        None => {
            x.visits[slot as usize].hop += 1;
            Went::On
        }
    }
}

/// Into the instance: admission, the loop it is bound to, its endpoint's program.
#[inline(always)]
pub fn enter(x: &mut Columns, slot: u32, any: bool) -> Went {
    let now = x.now();
    let s = slot as usize;
    let i = x.journeys[s].instance as usize;
    if x.visits[s].granted {
        x.visits[s].granted = false;
        x.parts[s].charge(Part::Admission, now);
    } else {
        x.parts[s].mark = now;
        match admission::enter(&mut x.admissions[i], &mut x.gauges[i], now, slot) {
            Answer::Admitted => {}
            Answer::Waits => {
                x.visits[s].granted = true;
                return Went::Away;
            }
            Answer::Rejected => {
                x.instances[i].outstanding -= 1;
                x.visits[s].place = Place::Outside;
                x.visits[s].outcome = Outcome::REJECTED;
                x.visits[s].hop += 1;
                return Went::On;
            }
        }
    }
    let instance = &x.plan.instances[i];
    let service = &x.plan.services[instance.service as usize];
    let key = x.journeys[s].key;
    let pick = |n: u32, salt| if n == 1 { 0 } else { ((key.draw(salt).uniform() * n as f64) as u32).min(n - 1) };
    let endpoint = match x.plan.layout.flows[x.visits[s].flow as usize].endpoint {
        Some(endpoint) if !any => endpoint,
        _ => {
            let endpoint = instance.first_endpoint + pick(instance.endpoints, service.endpoint_salt);
            change_flow(x, slot, endpoint);
            endpoint
        }
    };
    x.journeys[s].worker = instance.first_worker + pick(instance.workers, service.worker_salt);
    x.journeys[s].step = x.plan.endpoints[endpoint as usize].first_step;
    let visit = &mut x.visits[s];
    visit.place = Place::Inside;
    visit.phase = Phase::Running;
    for &fault in &x.errors[endpoint as usize] {
        let fault = &x.plan.faults[fault as usize];
        if let crate::fault::Effect::Errors { rate, outcome, .. } = fault.effect
            && key.draw(fault.salt).uniform() < rate
        {
            super::finish::answer(x, slot, outcome);
            return Went::On;
        }
    }
    Went::Inside
}

/// The endpoint is known now: the request is counted there, as if it had been from the beginning.
#[inline(never)]
fn change_flow(x: &mut Columns, slot: u32, endpoint: u32) {
    let s = slot as usize;
    let old = x.visits[s].flow;
    let Some(workload) = x.plan.layout.flows[old as usize].workload else { return };
    let new = x.plan.flow_of[workload as usize][endpoint as usize];
    if new == NONE || new == old {
        return;
    }
    let measured = x.recorder.measures(x.journeys[s].started) as u64;
    for (flow, sign) in [(old, -1i64), (new, 1)] {
        let tally = &mut x.recorder.tallies[flow as usize];
        tally.came = tally.came.wrapping_add_signed(sign);
        tally.arrivals = tally.arrivals.wrapping_add_signed(sign * measured as i64);
    }
    x.visits[s].flow = new;
}
