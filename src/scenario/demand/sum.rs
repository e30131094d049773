//! The demands of the steps of one endpoint, summed.
//!
//! Law: each step counts with the share of the requests that reach it. Of a block, an arm counts
//! with its probability, or as often as it is executed on average; arms that run at once take as
//! long as the one that ends it. Where a body may end early, or be called off, what it does is an
//! upper bound, and no part of the lower bounds.

use super::blocks::{Block, SummedArm};
use super::may_end::{MayEnd, gives_up};
use super::{After, EndpointDemand, HoldingDemand, RoundTrip, callee, fastest, service_of};
use crate::random::dists::Dist;
use crate::scenario::Balance;
use crate::scenario::broken::Broken;
use crate::scenario::directory::{InstanceEntry, NameTable};
use crate::step::asks::{Arm, Asks, At, Holding, Way, ask};
use crate::step::{Call, Load, Scope};
use crate::units::{Bytes, Span};

/// Sums the demands of the steps, weighted by the share of requests that reach each; the demands of
/// the callees are given.
pub(super) fn demand_of(
    directory: &NameTable,
    broken: &Broken,
    endpoint: usize,
    demands: &[Option<EndpointDemand>],
) -> EndpointDemand {
    let entry = &directory.endpoints[endpoint];
    let is_certain = !broken.fails[endpoint];
    let (_, serving) = directory.holders(endpoint as u32, Scope::Instance);
    let may_take_longer = serving.into_iter().any(|id| broken.waits_longer[id as usize]);
    let mut sum = Sum {
        directory,
        broken,
        service: entry.service,
        instance: directory.instance_of(endpoint as u32),
        demands,
        demand: EndpointDemand {
            constant_memory: Some(0),
            is_exact: !may_take_longer,
            is_exact_alone: true,
            may_fail: !is_certain,
            may_take_longer,
            ..EndpointDemand::NONE
        },
        is_certain,
        all_arrive: is_certain,
        longer: 1.0,
        blocks: Vec::new(),
        answer: None,
    };
    ask(&entry.path, &entry.endpoint.steps, &mut sum);
    let mut demand = sum.demand;
    if let Some(answer) = sum.answer {
        demand.after = After {
            cpu_s: demand.own_cpu_s() - answer.until.cpu_s,
            min_cpu_s: demand.own_min_cpu_s() - answer.until.min_cpu_s,
            min_residence_s: demand.min_residence_s - answer.until.min_residence_s,
            expected_residence_s: demand.expected_residence_s - answer.until.expected_residence_s,
        };
        demand.min_duration_s = answer.min_duration_s;
        demand.answered_share = answer.share;
    }
    EndpointDemand { constant_memory: demand.constant_memory.filter(|need| *need > 0), ..demand }
}

/// The demands of the steps so far.
struct Sum<'d, 's> {
    directory: &'d NameTable<'s>,
    broken: &'d Broken,
    /// The service of the endpoint.
    service: u32,
    /// An instance that has it.
    instance: &'d InstanceEntry<'s>,
    demands: &'d [Option<EndpointDemand>],
    demand: EndpointDemand,
    /// Whether no request is lost before the next step, except for a known share.
    is_certain: bool,
    /// Whether every request reaches the next step.
    all_arrive: bool,
    /// How many times as long the next wait takes if its instance is full, as far as is known.
    longer: f64,
    /// The blocks around the next step, the innermost last.
    blocks: Vec<Block<'s>>,
    /// The sums where it responds, if it does before its end.
    answer: Option<Answer>,
}

/// The sums where a request responds: what it needs until then, and the share that comes so far.
struct Answer {
    until: After,
    min_duration_s: f64,
    share: f64,
}

impl Sum<'_, '_> {
    /// Returns the share of the requests that certainly reach the next step.
    fn certain(&self) -> f64 {
        if self.is_certain { self.demand.answered_share } else { 0.0 }
    }
    fn durations_s(&mut self) -> [&mut f64; 3] {
        let demand = &mut self.demand;
        [&mut demand.min_duration_s, &mut demand.min_residence_s, &mut demand.expected_residence_s]
    }
    /// Ends the arm that is being summed, and takes its durations out of the sum: how they count
    /// depends on the other arms.
    fn end_arm(&mut self) {
        let Some(mut block) = self.blocks.pop() else { return };
        if let Some((weight, may_end)) = block.open.take() {
            let begun = block.share * weight;
            let left = if begun > 0.0 { self.demand.answered_share / begun } else { 0.0 };
            let mut own_s = [0.0; 3];
            for ((own, sum), before) in own_s.iter_mut().zip(self.durations_s()).zip(block.before_s)
            {
                *own = *sum - before;
                *sum = before;
            }
            let is_certain = self.is_certain;
            block.arms.push(SummedArm { weight, left, own_s, is_certain, may_end });
        }
        self.blocks.push(block);
    }
    /// What was done beside the request is not in its residence.
    fn end_beside(&mut self, before_cpu_s: [f64; 2]) {
        self.demand.goes_beyond = true;
        // A body within one that is beside already counts once.
        if self.blocks.iter().all(|outer| outer.way != Way::Beside) {
            let now_s = [self.demand.cpu_s, self.demand.min_cpu_s];
            for (index, beside_s) in self.demand.beside_cpu_s.iter_mut().enumerate() {
                *beside_s += now_s[index] - before_cpu_s[index];
            }
        }
    }
    /// Notes a distribution with infinite variance.
    fn note_heavy(&mut self, at: At, variance_s2: f64) {
        if variance_s2.is_infinite() && self.demand.heavy.is_none() {
            self.demand.heavy = Some(at.to_string());
        }
    }
}

impl<'s> Asks<'s> for Sum<'_, 's> {
    fn cpu(&mut self, at: At, time: &Dist<Span>) {
        let share = self.demand.answered_share;
        if share == 0.0 {
            return;
        }
        let law = time.compile();
        let (mean_s, variance_s2) = (law.mean() * 1e-9, law.variance() * 1e-18);
        let certain = self.certain();
        self.note_heavy(at, variance_s2);
        let demand = &mut self.demand;
        demand.cpu_s += share * mean_s;
        demand.cpu_variance_s2 += share * variance_s2;
        demand.min_cpu_s += certain * mean_s;
        demand.min_residence_s += certain * mean_s;
        demand.expected_residence_s += share * mean_s;
        demand.events += share;
        demand.is_exact = false;
    }
    fn thread_cpu(&mut self, at: At, time: &'s Dist<Span>) {
        if self.instance.thread_cores == 0 {
            return self.cpu(at, time);
        }
        let sums = |of: &EndpointDemand| [of.cpu_s, of.min_cpu_s, of.cpu_variance_s2];
        let before = sums(&self.demand);
        self.cpu(at, time);
        let now = sums(&self.demand);
        for (index, sum) in self.demand.thread_cpu.iter_mut().enumerate() {
            *sum += now[index] - before[index];
        }
    }
    fn load(&mut self, _: At, load: &Load) {
        self.demand.may_take_longer = true;
        self.demand.is_exact = false;
        let most = self.directory.scenario.services[self.service as usize].max_in_flight;
        self.longer = most.map_or(1.0, |most| load.factor(most.0));
    }
    fn hold_core(&mut self, at: At, time: &'s Dist<Span>) {
        let share = self.demand.answered_share;
        self.wait(at, time);
        if share == 0.0 || self.instance.runtime.shares_cores() {
            return;
        }
        let law = time.compile();
        let (mean_s, certain) = (law.mean() * 1e-9, self.certain());
        let demand = &mut self.demand;
        demand.blocked_s += share * mean_s;
        demand.min_blocked_s += certain * mean_s;
        demand.cpu_variance_s2 += share * law.variance() * 1e-18;
        demand.is_exact = false;
    }
    fn wait(&mut self, at: At, time: &Dist<Span>) {
        let share = self.demand.answered_share;
        let longer = std::mem::replace(&mut self.longer, 1.0);
        if share == 0.0 {
            return;
        }
        let law = time.compile();
        let mean_s = law.mean() * 1e-9;
        let certain = self.certain();
        self.note_heavy(at, law.variance() * 1e-18);
        let demand = &mut self.demand;
        demand.min_residence_s += certain * mean_s;
        demand.expected_residence_s += share * mean_s * longer;
        demand.events += share;
        if self.all_arrive {
            demand.min_duration_s += law.quantile(0.0).max(0.0) * 1e-9;
        }
    }
    /// All memory is reserved at once, before the first step.
    fn memory(&mut self, _: At, need: &Dist<Bytes>) {
        let demand = &mut self.demand;
        demand.memory_bytes += need.compile().mean();
        let constant = need.plain().map(|need| need.0);
        demand.constant_memory = demand.constant_memory.zip(constant).map(|(sum, need)| sum + need);
        demand.is_exact &= demand.answered_share == 0.0;
    }
    fn fail(&mut self, _: At, share: f64) {
        self.demand.answered_share *= 1.0 - share;
        self.all_arrive &= share == 0.0;
    }
    fn respond(&mut self, _: At) {
        self.demand.goes_beyond = true;
        let demand = &self.demand;
        self.answer = Some(Answer {
            until: After {
                cpu_s: demand.own_cpu_s(),
                min_cpu_s: demand.own_min_cpu_s(),
                min_residence_s: demand.min_residence_s,
                expected_residence_s: demand.expected_residence_s,
            },
            min_duration_s: demand.min_duration_s,
            share: demand.answered_share,
        });
    }
    fn block(&mut self, _: At, way: Way<'s>) {
        let (share, is_certain, all_arrive) =
            (self.demand.answered_share, self.is_certain, self.all_arrive);
        let before_s = self.durations_s().map(|sum| *sum);
        let before_cpu_s = [self.demand.cpu_s, self.demand.min_cpu_s];
        let (arms, open) = (Vec::new(), None);
        self.blocks.push(Block {
            way,
            share,
            is_certain,
            all_arrive,
            before_s,
            before_cpu_s,
            arms,
            open,
        });
    }
    fn arm(&mut self, arm: Arm) {
        self.end_arm();
        let Some(block) = self.blocks.last_mut() else { return };
        let mut may_end = MayEnd::default();
        arm.steps.iter().for_each(|step| step.asks(At::Endpoint(""), &mut may_end));
        block.open = Some((arm.weight, may_end));
        // How often a body is executed that may end early, and how much is done of an arm that may
        // be called off, is not known.
        let is_known = match block.way {
            Way::One | Way::Memory(_) | Way::Beside => true,
            Way::Held(_) => !gives_up(block.way),
            Way::Repeated => !may_end.any(),
            Way::AtOnce { .. } => false,
        };
        self.demand.answered_share = block.share * arm.weight;
        self.is_certain = block.is_certain && is_known;
        self.all_arrive = false;
        self.demand.is_nested |= may_end.calls;
        if block.way == Way::Repeated {
            // Each execution takes its time, also if its steps take no event.
            self.demand.events += block.share * arm.weight;
        }
    }
    fn end(&mut self) {
        self.end_arm();
        let Some(block) = self.blocks.pop() else { return };
        let left = block.left();
        for (index, sum) in self.durations_s().into_iter().enumerate() {
            *sum += block.own_s(index);
        }
        let Block { way, share, is_certain, all_arrive, before_cpu_s, arms, .. } = block;
        let may_end = arms.iter().any(|arm| arm.may_end.any());
        if let (Way::Memory(need), [arm]) = (way, arms.as_slice()) {
            let bytes = need.compile().mean();
            let [_, min_s, expected_s] = arm.own_s;
            self.demand.held_bytes_s[0] += bytes * min_s;
            self.demand.held_bytes_s[1] += bytes * expected_s;
            self.demand.constant_memory = None;
        }
        if let (Way::Held(holding), [arm]) = (way, arms.as_slice()) {
            let Holding { kind, scope, gives_up, keys, .. } = holding;
            let popularity = keys.map(|keys| self.directory.scenario.popularity(keys));
            self.demand.holdings.push(HoldingDemand {
                kind,
                name: holding.name.to_string(),
                scope,
                units: holding.units as f64,
                hottest: popularity.map_or([1.0; 2], |popularity| popularity.hottest),
                min_s: arm.own_s[1],
                expected_s: arm.own_s[2],
            });
            self.demand.may_fail |= gives_up;
            // It may be waited for, also by a request that has its instance to itself.
            self.demand.is_exact_alone &= scope == Scope::Instance && !gives_up;
        }
        let is_known = match way {
            Way::One | Way::Held(_) | Way::Memory(_) => {
                arms.iter().all(|arm| arm.is_certain) && !gives_up(way)
            }
            Way::Beside => true,
            Way::Repeated => !may_end,
            Way::AtOnce { is_limited, .. } => !may_end && !is_limited,
        };
        if way == Way::Beside {
            self.end_beside(before_cpu_s);
        }
        if let Way::AtOnce { needed, is_limited } = way {
            // What is called off may be before its calls, or behind them.
            self.demand.may_fail |= is_limited;
            let fails = arms.iter().any(|arm| arm.may_end.fails);
            self.demand.is_cut |= needed < arms.len() || may_end && (is_limited || fails);
            self.demand.is_exact_alone = false;
        }
        self.demand.is_cut |= way == Way::Repeated && arms.iter().any(|arm| arm.may_end.fails);
        self.demand.answered_share = share * left;
        self.is_certain = is_certain && is_known;
        self.all_arrive = all_arrive && is_known && left == 1.0;
        self.demand.is_exact &= way == Way::One;
    }
    fn call(&mut self, _: At, call: &Call) {
        let (directory, broken) = (self.directory, self.broken);
        let (certain, demand) = (self.certain(), &mut self.demand);
        if demand.answered_share == 0.0 {
            return;
        }
        let Some(callee) = callee(directory, call) else { return };
        demand.calls.push((callee as u32, demand.answered_share));
        let Some(below) = &self.demands[callee] else { return };
        let service = service_of(directory, callee);
        let fastest = fastest(directory, broken, callee);
        let waits = service.max_in_flight.is_some() || service.balance == Balance::CentralQueue;
        let callee_service = directory.endpoints[callee].service;
        let is_rejected = service.sheds()
            || broken.fails[callee]
            || broken.is_down(directory, callee_service as usize);
        demand.is_exact_alone &= below.is_exact
            && call.timeout.is_none()
            && !waits
            && !is_rejected
            && directory.scenario.links.is_empty();
        demand.is_exact &= demand.is_exact_alone;
        let caller = directory.services.get_index(self.service as usize);
        let caller: Vec<&str> = caller.map(|(name, _)| *name).into_iter().collect();
        let mut round_trip = RoundTrip::between(directory, &caller, callee_service);
        round_trip.is_lossy |= broken.links_lose;
        demand.may_fail |=
            below.may_fail || call.timeout.is_some() || is_rejected || round_trip.is_lossy;
        let limit_s = call.timeout.map_or(f64::INFINITY, |timeout| timeout.seconds());
        demand.is_cut |= call.may_be_cut();
        // A rejection returns at once, and so does the error of a lost message, unless the call has
        // a timeout to wait for.
        let returns_early = is_rejected || round_trip.is_lossy && call.timeout.is_none();
        let min_duration_s = if returns_early {
            0.0
        } else {
            (round_trip.least_s + below.min_duration_s).min(limit_s)
        };
        demand.min_duration_s += if self.all_arrive { min_duration_s } else { 0.0 };
        demand.expected_residence_s += demand.answered_share
            * (round_trip.mean_s + below.expected_answer_at(fastest)).min(limit_s);
        demand.min_residence_s += certain
            * if returns_early || call.timeout.is_some() {
                min_duration_s
            } else {
                round_trip.mean_s + below.min_answer_at(fastest)
            };
        self.is_certain &= !demand.may_fail;
        self.all_arrive &= self.is_certain && below.answered_share == 1.0;
        demand.heavy = demand.heavy.take().or_else(|| below.heavy.clone());
        demand.answered_share *= below.answered_share;
    }
}
