//! Least connections: the instance with the fewest unanswered requests assigned to it; ties go to
//! the first. With no delay between balancer and instances this is join-the-shortest-queue (Kingman
//! 1961; `jsq_n2` in `tests/it/theory.rs`). The scan is O(instances).

use super::{Balancer, Candidate, fewest};
use crate::random::keys::Draw;

#[inline(always)]
pub(super) fn choose<C: Candidate>(
    balancer: &mut Balancer,
    instances: &[C],
    _: impl FnOnce() -> Draw,
) -> u32 {
    fewest(&balancer.order, instances, C::outstanding)
}
