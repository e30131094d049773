//! What requests wait for at a value of a capacity search, in words.

use super::format::percent;
use crate::experiment::{Bottleneck, Trial};
use crate::measure::{WAITS, is_resource};

/// Returns the sentence on what limits the largest value that meets the goals, `at` which it is.
pub(super) fn limiting(at: &str, bottleneck: &Bottleneck) -> String {
    let (entity, busy) = (&bottleneck.entity, percent(bottleneck.utilisation));
    let waits_for = bottleneck.waits_for.as_deref();
    let Some(wait) = WAITS.iter().find(|wait| Some(wait.part) == waits_for) else {
        return match bottleneck.utilisation > 0.0 {
            true => {
                format!("At {at}, no request waits; the busiest CPU is that of {entity}: {busy}.")
            }
            false => format!("At {at}, no request waits for anything that is limited."),
        };
    };
    let busy = match wait.part {
        "queue" => format!(", with its CPU {busy} busy"),
        part if is_resource(part) => format!(", {busy} in use"),
        _ => String::new(),
    };
    let (share, what) = (percent(bottleneck.share_of_latency), wait.queue_for);
    format!("At {at}, {share} of the latency is waiting for {what}; longest queue: {entity}{busy}.")
}

/// Returns where requests wait at a value, for a cell.
pub(super) fn bottleneck_cell(tried: &Trial) -> String {
    let Some(bottleneck) = tried.bottleneck() else { return String::new() };
    match bottleneck.waits_for.as_deref() {
        Some(what @ ("memory" | "admission")) => format!("{}, {what}", bottleneck.entity),
        _ => format!("{} {}", bottleneck.entity, percent(bottleneck.utilisation)),
    }
}
