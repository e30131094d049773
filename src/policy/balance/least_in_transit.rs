//! Least in transit: the fewest messages now travelling on the balancer's own link to an instance,
//! ties to the first. What AsyncFlow 0.1 called least connections: it sees the network, and nothing
//! of the load inside.

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
