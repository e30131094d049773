//! The steps of endpoints, and the blocks around them.

use super::super::Feature::*;
use super::super::Step;
use super::{Text, on_the_grid};

/// Times that double from one request to nine, by steps without a rounding.
const LOAD: &str =
    "load: { table: [ { in_flight: 1, factor: 1x }, { in_flight: 9, factor: 2x } ] }";

impl Text<'_> {
    fn step(&self, service: usize, step: &Step) -> Option<String> {
        let case = self.case;
        match step.kind {
            0 if case.has(Loads) && !case.has(Sharing) => {
                Some(format!("cpu: {{ for: {}, {LOAD} }}", self.law(&step.law)))
            }
            0..=2 => Some(format!("cpu: {}", self.law(&step.law))),
            3 if case.has(Waits) && case.has(Loads) => {
                Some(format!("wait: {{ for: {}, {LOAD}, label: db }}", self.law(&step.law)))
            }
            3 if case.has(Waits) => {
                Some(format!("wait: {{ for: {}, label: db }}", self.law(&step.law)))
            }
            4 if case.has(Sync) => Some(format!("block: {}", self.law(&step.law))),
            4 if case.has(Waits) => Some(format!("wait: {}", self.law(&step.law))),
            5 | 6 if case.has(Memory) && case.has(Variety) => {
                Some(format!("memory: {{ exp: {}MB }}", step.law.ms))
            }
            5 | 6 if case.has(Memory) => Some(format!("memory: {}MB", step.law.ms)),
            7 if case.has(Fails) => Some(format!(
                "fail: {{ p: {}%, status: {} }}",
                step.percent,
                500 + step.percent % 5
            )),
            8..=10 if case.has(Calls) => {
                // Only to later services: no cycles.
                let below = &case.services[service + 1..];
                let to = service + 1 + step.target % below.len().max(1);
                let endpoint = step.target % below.get(to - service - 1)?.endpoints.len();
                let is_timed = case.has(Timeouts) && step.kind > 8;
                let timeout = if is_timed {
                    format!(", timeout: {}", self.timeout(step))
                } else {
                    String::new()
                };
                let cancel = match step.percent % 3 {
                    0 if case.has(Cancels) => ", cancel: false",
                    1 | 2 if case.has(Cancels) && is_timed => ", cancel: true",
                    _ => "",
                };
                let pool = if case.has(Pools) && step.block.is_multiple_of(2) {
                    format!(", pool: {{ max: {}, per: service }}", 1 + to % 3)
                } else {
                    String::new()
                };
                Some(format!("call: {{ to: s{to}.e{endpoint}{timeout}{cancel}{pool} }}"))
            }
            _ => None,
        }
    }

    /// Puts a step into a block.
    fn blocked(&self, step: &Step, text: String) -> String {
        if (5..=6).contains(&step.kind) {
            return text;
        }
        let text =
            self.spawned(step, self.locked(step, self.pooled(step, self.at_once(step, text))));
        let text = self.offloaded(step, text);
        if !self.case.has(Blocks) {
            return text;
        }
        match step.block {
            0 => format!("branch: [ {{ p: {}%, do: [ {text} ] }} ]", step.percent),
            1 => format!(
                "branch: [ {{ p: 60%, label: most, do: [ {text} ] }}, {{ do: [ cpu: {} ] }} ]",
                self.us(1)
            ),
            2 => format!("repeat: {{ times: 2, do: [ {text} ] }}"),
            3 => format!(
                "repeat: {{ times: {{ geometric: {{ mean: 1.5 }} }}, do: [ {text}, cpu: {} ] }}",
                self.us(1)
            ),
            4 => {
                format!("branch: [ {{ p: 50%, do: [ repeat: {{ times: 2, do: [ {text} ] }} ] }} ]")
            }
            _ => text,
        }
    }

    /// Does a step under a lock, of which there are three in a service; they nest in one order, so
    /// that requests do not wait for each other in a circle.
    fn locked(&self, step: &Step, text: String) -> String {
        let (name, scope) = (step.target % 3, ["instance", "service"][step.target % 2]);
        let permits = 1 + step.target % 3 / 2;
        // What is held during a call must not be what the callee takes.
        let is_shared = self.case.has(Shares) && !text.contains("call:");
        let (name, scope) = if is_shared { (name + 3, "shared") } else { (name, scope) };
        let keys = match step.target % 3 {
            1 if self.case.has(Shares) => "keys: k, ",
            1 => "keys: { zipf: { n: 3, s: 1 } }, ",
            _ => "",
        };
        match step.block {
            1 | 3 | 5 if self.case.has(Locks) && !text.contains("lock:") => format!(
                "lock: {{ name: l{name}{scope}, scope: {scope}, permits: {permits}, {keys}hold: [ {text} ] }}"
            ),
            _ => text,
        }
    }

    /// Does a step with a connection; pools nest inside of locks, and outside of those of calls.
    fn pooled(&self, step: &Step, text: String) -> String {
        let number = step.target % 4;
        let per = ["process", "instance", "service", "instance"][number];
        let (wait, connect) = (self.us(1900), self.us(400));
        let more = match number {
            0 => format!(", wait: {wait}"),
            1 => format!(", connect: {connect}, idle_timeout: {}", self.us(9000)),
            2 => format!(", wait: {wait}, connect: {connect}, max_lifetime: {}", self.us(30_000)),
            _ => String::new(),
        };
        match step.block {
            2 | 4 | 6 if self.case.has(Pools) && !text.contains("pool:") => format!(
                "pool: {{ name: p{number}, max: {}, per: {per}{more}, do: [ {text} ] }}",
                1 + number % 2
            ),
            _ => text,
        }
    }

    /// Does a step at once with other things.
    fn at_once(&self, step: &Step, text: String) -> String {
        let (us, ms) = (self.us(700), self.timeout(step));
        let join = ["all", "any", "{ quorum: 2 }"][step.target % 3];
        match step.block + step.kind {
            _ if !self.case.has(Parallels) => text,
            4 | 9 => format!("parallel: [ [ {text} ], [ cpu: {us} ] ]"),
            5 | 10 => format!(
                "parallel: {{ join: {join}, branches: [ [ {text} ], [ wait: {us}, cpu: {us} ], [ {text} ] ] }}"
            ),
            6 | 11 => format!(
                "parallel: {{ join: {join}, within: {ms}, keep: {}, branches: [ [ {text} ], [ wait: {us} ], [ parallel: [ [ cpu: {us} ], [ wait: {us} ] ] ] ] }}",
                step.percent.is_multiple_of(2)
            ),
            _ => text,
        }
    }

    /// Does a step in a thread, if a thread can.
    fn offloaded(&self, step: &Step, text: String) -> String {
        let cannot = ["parallel:", "spawn:", "per: process"].iter().any(|word| text.contains(word));
        match step.block + step.kind {
            1 | 4 | 8 | 11 if self.case.has(Offloads) && !cannot => {
                format!("offload: {{ pool: 2, do: [ {text} ] }}")
            }
            _ => text,
        }
    }

    /// Does a step beside the request.
    fn spawned(&self, step: &Step, text: String) -> String {
        match step.block + step.kind {
            3 | 7 | 12 if self.case.has(Afterwards) => {
                format!("spawn: [ {text}, wait: {} ]", self.us(300))
            }
            _ => text,
        }
    }

    fn timeout(&self, step: &Step) -> String {
        self.ms(if self.case.coincides { on_the_grid(step.timeout_ms) } else { step.timeout_ms })
    }

    pub(super) fn endpoints(&self, index: usize) -> String {
        let endpoint = |(e, steps): (usize, &Vec<Step>)| {
            let mut steps: Vec<&Step> = steps.iter().collect();
            if self.case.has(OneBurst) {
                steps.sort_by_key(|step| step.kind > 2);
            }
            let mut calls = 0;
            // At most two calls, or the tree grows without bound.
            let kept = steps.into_iter().filter(|step| {
                calls += (step.kind > 7) as u32;
                step.kind <= 7 || calls <= 2
            });
            let mut written: Vec<String> =
                kept.filter_map(|step| Some(self.blocked(step, self.step(index, step)?))).collect();
            if self.case.has(Afterwards) && written.len() > 1 && (index + e).is_multiple_of(2) {
                let last_memory = written.iter().rposition(|step| step.starts_with("memory"));
                let middle = last_memory.map_or(0, |at| at + 1).max(written.len() / 2);
                if middle < written.len() {
                    written.insert(middle, "respond: {}".to_string());
                }
            }
            format!(
                "e{e}: [ {} ]",
                if written.is_empty() {
                    format!("cpu: {}", self.us(1))
                } else {
                    written.join(", ")
                }
            )
        };
        self.case.services[index]
            .endpoints
            .iter()
            .enumerate()
            .map(endpoint)
            .collect::<Vec<_>>()
            .join(", ")
    }
}
