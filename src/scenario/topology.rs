//! Topological order of the graphs of calls and pipelines.
//!
//! Law: topological order (Kahn 1962, "Topological sorting of large networks"), in time linear in
//! the size of the graph: the number of paths through a call graph can be exponential.
//! Checked: by the tests of its users, the estimate and the check of calls, and by `tests/corpus`.

/// Returns the nodes, each before its successors. Nodes on a cycle, or reachable from one, are left
/// out.
pub(crate) fn topological<I: Iterator<Item = usize>>(
    nodes: usize,
    leads_to: impl Fn(usize) -> I,
) -> Vec<usize> {
    let mut incoming = vec![0; nodes];
    (0..nodes).for_each(|node| leads_to(node).for_each(|next| incoming[next] += 1));
    let mut order: Vec<usize> = (0..nodes).filter(|node| incoming[*node] == 0).collect();
    let mut done = 0;
    while let Some(&node) = order.get(done) {
        done += 1;
        for next in leads_to(node) {
            incoming[next] -= 1;
            if incoming[next] == 0 {
                order.push(next);
            }
        }
    }
    order
}
