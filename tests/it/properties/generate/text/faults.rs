//! Faults, at moments of their own or where something else begins or ends.

use super::super::Fault;
use super::super::Feature::*;
use super::{Text, on_the_grid};

/// Times at which something begins, changes or ends; and times in between.
const BOUNDARIES_MS: [u32; 8] = [0, 500, 500, 995, 1000, 1500, 2000, 20_000];
const LASTING_MS: [u32; 6] = [5, 500, 500, 1000, 1500, 2000];

impl Text<'_> {
    /// Returns the time and duration of a fault that begins and ends where windows, the warm-up,
    /// stages and the run do.
    fn at_a_boundary(&self, fault: &Fault) -> String {
        let at = BOUNDARIES_MS[fault.at_ms as usize % BOUNDARIES_MS.len()];
        let lasting = fault.for_ms.map_or(String::new(), |ms| {
            format!(", for: {}", self.ms(LASTING_MS[ms as usize % LASTING_MS.len()]))
        });
        format!("at: {}{lasting}", self.ms(at))
    }

    pub(super) fn faults(&self) -> String {
        let case = self.case;
        let fault = |(index, fault): (usize, &Fault)| {
            let service = fault.target % case.services.len();
            // No two faults at the same time.
            let at = format!("at: {}", self.us(fault.at_ms * 1000 + 7 * index as u32 + 3));
            let lasting = fault
                .for_ms
                .map_or(String::new(), |ms| format!(", for: {}", self.us(ms * 1000 + 11)));
            let when =
                if case.coincides { self.at_a_boundary(fault) } else { format!("{at}{lasting}") };
            match fault.kind {
                0..=2 if case.has(Crash) => {
                    let most = if case.is_alone(service) {
                        1
                    } else if case.is_named(service) {
                        2
                    } else if case.has(Replicas) {
                        case.services[service].replicas
                    } else {
                        1
                    };
                    let drain = case.has(Drain) && fault.kind == 2;
                    Some(format!(
                        "\n  crash: {{ target: s{service}, count: {}, drain: {drain}, {when} }},",
                        fault.count.min(most)
                    ))
                }
                3 if case.has(Degrade) && case.has(Links) && !case.links.is_empty() => {
                    let (from, to) = self.ends(&case.links[fault.target % case.links.len()]);
                    let (loss, more) = if case.coincides {
                        (100, on_the_grid(fault.amount))
                    } else {
                        (fault.amount, fault.amount)
                    };
                    let loss = if case.has(Loss) { loss } else { 0 };
                    Some(format!(
                        "\n  degrade: {{ link: {from} -> {to}, latency: +{}, loss: {loss}%, {when} }},",
                        self.ms(more)
                    ))
                }
                4 if case.has(Slow) => Some(format!(
                    "\n  slow: {{ target: s{service}, factor: {}x, waits: {}, {when} }},",
                    fault.factor(),
                    case.has(Loads)
                )),
                5 if case.has(Errors) => {
                    let owner = if case.is_named(service) {
                        format!("s{service}a")
                    } else {
                        format!("s{service}")
                    };
                    let endpoint = fault.target % case.services[service].endpoints.len();
                    Some(format!(
                        "\n  errors: {{ target: {owner}.e{endpoint}, rate: {}%, status: 503, {when} }},",
                        3 * fault.amount
                    ))
                }
                _ => None,
            }
        };
        case.faults.iter().enumerate().filter_map(fault).collect()
    }
}
