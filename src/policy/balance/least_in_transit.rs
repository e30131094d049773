//! Least in transit: the instance with the fewest messages in transit on the balancer's link to it;
//! ties go to the first. AsyncFlow 0.1 called this least connections; it sees the network, but not
//! the load inside the instances.

use super::{Balancer, Candidate, fewest};
use crate::random::keys::Draw;

#[inline(always)]
pub(super) fn choose<C: Candidate>(
    balancer: &mut Balancer,
    instances: &[C],
    _: impl FnOnce() -> Draw,
) -> u32 {
    fewest(&balancer.order, instances, C::in_transit)
}
