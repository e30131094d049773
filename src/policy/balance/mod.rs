//! Load balancing: the choice of the instance of a service that receives a message.
//!
//! To add a policy, add a file with a `choose` function and a line in the catalogue below. A policy
//! sees the instances that are up, in the balancer's order, and may keep state in the [`Balancer`].

mod central_queue;
mod least_connections;
mod least_in_transit;
mod random;
mod round_robin;

pub(crate) use central_queue::CentralQueue;

use crate::random::keys::Draw;
use crate::units::Time;
use bevy_ecs::prelude::Component;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The properties of an instance that a policy can use.
pub(crate) trait Candidate {
    /// Returns the number of unanswered requests assigned to the instance.
    fn outstanding(&self) -> u32;
    /// Returns the number of messages in transit on the link from the balancer to the instance.
    fn in_transit(&self) -> u32;
}

/// The balancer of a service: its policy, and the instances that are up, in order.
#[derive(Component)]
#[non_exhaustive]
pub(crate) struct Balancer {
    pub policy: Balance,
    /// Ids of the instances that are up; a restarted one is appended.
    pub order: Vec<u32>,
    /// The index in `order` of the next choice (round robin).
    pub turn: u32,
    /// The queue at the balancer (central queue only).
    pub queue: Option<Box<CentralQueue>>,
}

macro_rules! catalogue {
    ($($(#[doc = $doc:literal])+ $module:ident: $name:ident,)+) => {
        /// How a balancer chooses an instance.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Balance {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Balancer {
            /// Returns the instance for the next message, or `None` if none is up. `instances` are
            /// all instances of the world, indexed by id.
            #[inline(always)]
            pub(crate) fn choose<C: Candidate>(&mut self, instances: &[C], draw: impl FnOnce() -> Draw) -> Option<u32> {
                if self.order.is_empty() {
                    return None;
                }
                if self.order.len() == 1 {
                    return Some(self.order[0]);
                }
                Some(match self.policy {
                    $(Balance::$name => $module::choose(self, instances, draw),)+
                })
            }
        }
    };
}

catalogue! {
    /// Each instance in turn.
    round_robin: RoundRobin,
    /// A random instance, with equal probability.
    random: Random,
    /// The instance with the fewest unanswered requests assigned to it; ties go to the first.
    least_connections: LeastConnections,
    /// The instance with the fewest messages in transit from the balancer; ties go to the first
    /// (AsyncFlow 0.1's least connections).
    least_in_transit: LeastInTransit,
    /// A single queue at the balancer: an instance gets its next request when it has answered the
    /// previous one.
    central_queue: CentralQueue,
}

#[allow(
    clippy::derivable_impls,
    reason = "the variants come from the catalogue, where they cannot have attributes"
)]
impl Default for Balance {
    fn default() -> Balance {
        Balance::RoundRobin
    }
}

impl Balancer {
    pub(crate) fn new(policy: Balance, instances: impl Iterator<Item = u32>) -> Balancer {
        let order: Vec<u32> = instances.collect();
        let queue = (policy == Balance::CentralQueue)
            .then(|| Box::new(CentralQueue::new(order.iter().copied())));
        Balancer { policy, order, turn: 0, queue }
    }
    /// Removes an instance from the choice. The turn stays with the instance whose turn it was.
    pub(crate) fn remove(&mut self, instance: u32) {
        if let Some(at) = self.order.iter().position(|&i| i == instance) {
            self.order.remove(at);
            if (at as u32) < self.turn {
                self.turn -= 1;
            }
            if let Some(queue) = &mut self.queue {
                queue.free.retain(|free| *free != instance);
            }
        }
    }
    /// Returns an instance to the choice, last in the order.
    pub(crate) fn add(&mut self, instance: u32) {
        if !self.order.contains(&instance) {
            self.order.push(instance);
            if let Some(queue) = &mut self.queue {
                queue.free.push_back(instance);
            }
        }
    }
    /// Updates the central queue after instances were added or removed: calls `resume` for every
    /// request that need not wait any longer, because an instance is free or because none is up.
    pub(crate) fn settle(&mut self, now: Time, mut resume: impl FnMut(u32)) {
        let Some(queue) = &mut self.queue else { return };
        if self.order.is_empty() {
            let mut sent_away = queue.send_away(now);
            std::iter::from_fn(|| sent_away.pop()).for_each(&mut resume);
        }
        while let Some(next) = queue.let_go(now) {
            resume(next);
        }
    }
}

/// Returns the first candidate with the smallest count.
#[inline(always)]
fn fewest<C: Candidate>(order: &[u32], instances: &[C], count_of: impl Fn(&C) -> u32) -> u32 {
    let (mut best, mut least) = (order[0], u32::MAX);
    for &id in order {
        let n = count_of(&instances[id as usize]);
        if n < least {
            (best, least) = (id, n);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Load(u32, u32);
    impl Candidate for Load {
        fn outstanding(&self) -> u32 {
            self.0
        }
        fn in_transit(&self) -> u32 {
            self.1
        }
    }

    fn choices(policy: Balance, loads: &[Load], n: usize) -> Vec<u32> {
        let mut balancer = Balancer::new(policy, 0..loads.len() as u32);
        (0..n)
            .map(|i| balancer.choose(loads, || Draw(crate::random::keys::mix(i as u64))).unwrap())
            .collect()
    }

    #[test]
    fn round_robin_takes_turns_and_a_restarted_instance_is_last() {
        let loads = [Load(9, 0), Load(0, 0), Load(0, 0)];
        assert_eq!(choices(Balance::RoundRobin, &loads, 4), [0, 1, 2, 0]);
        let mut balancer = Balancer::new(Balance::RoundRobin, 0..3);
        let mut next = || balancer.choose(&loads, || Draw(0)).unwrap();
        assert_eq!([next(), next()], [0, 1]);
        balancer.remove(0);
        balancer.add(0);
        assert_eq!(balancer.order, [1, 2, 0]);
        let after: Vec<u32> =
            (0..4).map(|_| balancer.choose(&loads, || Draw(0)).unwrap()).collect();
        assert_eq!(after, [2, 0, 1, 2]);
    }

    #[test]
    fn the_least_loaded_is_chosen_and_ties_go_to_the_first() {
        let loads = [Load(2, 0), Load(1, 5), Load(1, 4)];
        assert_eq!(choices(Balance::LeastConnections, &loads, 2), [1, 1]);
        assert_eq!(choices(Balance::LeastInTransit, &loads, 2), [0, 0]);
    }

    #[test]
    fn random_choices_are_equally_likely() {
        // Binomial: 3,000 of 9,000, standard deviation 44.7; beyond 4.5 of them by chance: 7e-6.
        let loads = [Load(0, 0), Load(0, 0), Load(0, 0)];
        let chosen = choices(Balance::Random, &loads, 9_000);
        for id in 0..3 {
            let n = chosen.iter().filter(|&&c| c == id).count() as f64;
            assert!((n - 3_000.0).abs() < 4.5 * 44.7, "{id}: {n}");
        }
    }

    #[test]
    fn no_instance_is_chosen_when_all_are_down() {
        let mut balancer = Balancer::new(Balance::RoundRobin, 0..1);
        balancer.remove(0);
        assert_eq!(balancer.choose(&[Load(0, 0)], || Draw(0)), None);
    }
}
