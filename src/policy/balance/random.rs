//! Random: every instance that is up, with equal probability. The draw belongs to the request, so
//! two variants of a system with n instances each send the same request to the same instance.

use super::{Balancer, Candidate};
use crate::random::keys::Draw;

#[inline(always)]
pub(super) fn choose<C: Candidate>(
    balancer: &mut Balancer,
    _: &[C],
    draw: impl FnOnce() -> Draw,
) -> u32 {
    balancer.order[draw().one_of(balancer.order.len() as u32) as usize]
}
