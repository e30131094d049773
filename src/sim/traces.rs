//! What is written of single requests (`requests.parquet`).

use super::columns::Columns;
use crate::measure::RequestRow;
use crate::request::Request;

/// Writes down a request that ends now.
#[cold]
#[inline(never)]
pub(super) fn trace(x: &mut Columns, requests: &[Request], slot: u32) {
    let row = row(x, requests, &requests[slot as usize], slot);
    x.recorder.requests.push(row);
}

/// What is written of a request that ends now.
pub(super) fn row(x: &Columns, requests: &[Request], of: &Request, slot: u32) -> RequestRow {
    let Request { caller, flow, instance, started, parts, outcome, .. } = *of;
    let frames = &*x.stage.frames;
    // A caller that has crashed is gone, and its slot may be another's.
    let caller = match requests.get(caller.slot as usize) {
        Some(own) if own.generation == caller.generation => frames.key_of(own).0,
        _ => 0,
    };
    RequestRow {
        request: frames.key_of(of).0,
        caller,
        flow,
        instance,
        arrived: started,
        finished: x.now(),
        spent: parts.spent,
        further: x.stage.further.get(slot as usize).copied().unwrap_or_default().0,
        outcome,
    }
}
