//! The order of what leads to what: calls, pipelines.
//!
//! Law: topological order (Kahn 1962, "Topological sorting of large networks"), at the cost of the
//! graph's size: a tree of calls may have more paths than there are atoms. Used by the estimate and
//! by the check of calls, whose tests and `tests/corpus` check it.

/// Nodes before those they lead to. What stands in a circle, or behind one, is left out.
pub fn topological<I: Iterator<Item = usize>>(
    nodes: usize,
    leads_to: impl Fn(usize) -> I,
) -> Vec<usize> {
    let mut waits_for = vec![0; nodes];
    (0..nodes).for_each(|node| leads_to(node).for_each(|next| waits_for[next] += 1));
    let mut order: Vec<usize> = (0..nodes).filter(|node| waits_for[*node] == 0).collect();
    let mut done = 0;
    while let Some(&node) = order.get(done) {
        done += 1;
        for next in leads_to(node) {
            waits_for[next] -= 1;
            if waits_for[next] == 0 {
                order.push(next);
            }
        }
    }
    order
}
