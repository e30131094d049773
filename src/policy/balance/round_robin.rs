//! Round robin: the instances take turns, in the balancer's order.

use super::{Balancer, Candidate};
use crate::random::keys::Draw;

#[inline(always)]
pub(super) fn choose<C: Candidate>(
    balancer: &mut Balancer,
    _: &[C],
    _: impl FnOnce() -> Draw,
) -> u32 {
    let turn = if balancer.turn as usize >= balancer.order.len() { 0 } else { balancer.turn };
    balancer.turn = turn + 1;
    balancer.order[turn as usize]
}
