//! A case as a scenario file.

mod faults;
mod links;
mod services;
mod steps;
mod workloads;

use super::Feature::*;
use super::{Case, Law};
use std::fmt::{Debug, Formatter};

/// The output option that records every request.
pub const ALL: &str = "requests: 100%";

/// Whether the file contains an unrelated service and workload, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stranger {
    None,
    First,
    Last,
}

impl Debug for Case {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        write!(f, "\n{}", self.yaml(1, Stranger::None, ALL))
    }
}

/// The scenario file, with all times multiplied and all rates divided by `k`.
struct Text<'c> {
    case: &'c Case,
    k: u32,
}

/// Returns one of three durations on the grid, in milliseconds.
fn on_the_grid(ms: u32) -> u32 {
    5 * (1 + ms % 3)
}

const RATES: [f64; 4] = [40.0, 100.0, 200.0, 400.0];
impl Case {
    /// Returns the scenario as a file.
    pub fn yaml(&self, k: u32, stranger: Stranger, output: &str) -> String {
        let text = Text { case: self, k };
        let (duration, warmup) = if self.has(Drains) {
            (20_000 * k, 0)
        } else {
            (2 * k, 500 * k * self.has(Warmup) as u32)
        };
        // Few windows: otherwise writing and reading them would take most of the time.
        let window = if self.has(Drains) { 20_000_000 } else { 500 };
        let output = if output.contains("series") {
            output.to_string()
        } else {
            format!("series: {}, {output}", text.ms(window))
        };
        let strange =
            |at, lines: &str| if stranger == at { lines.to_string() } else { String::new() };
        let workload = "  stranger: { to: apart.x, open: { rate: { from: 90/s, stages: [ { to: 90/s, over: 1s }, { to: 0/s, over: 0s } ] } } }\n";
        let service = "  apart: { replicas: 2, balance: random, endpoints: { x: [ cpu: { exp: 9ms }, fail: { p: 9%, status: 418 } ] } }\n";
        let fault = "\n  slow: { target: apart, factor: 2x, at: 700ms, for: 200ms },\n  errors: { target: apart.x, rate: 50%, at: 1s, for: 200ms },";
        let (first, last) = (Stranger::First, Stranger::Last);
        let classes = if self.has(Classes) { "classes: [ first, second ]\n" } else { "" };
        format!(
            "version: 1\nname: property\nrun: {{ duration: {duration}s, warmup: {warmup}ms, replications: 1, seed: {} }}\n{classes}workload:\n{}{}{}services:\n{}{}{}links: {{{}}}\nfaults: [{}]\noutput: {{ {output} }}\n",
            self.seed,
            strange(first, workload),
            text.workloads(),
            strange(last, workload),
            strange(first, service),
            text.services(),
            strange(last, service),
            text.links(),
            text.faults() + if stranger == Stranger::None { "" } else { fault },
        )
    }
}

impl Text<'_> {
    fn ms(&self, ms: u32) -> String {
        format!("{}ms", ms * self.k)
    }
    fn us(&self, us: u32) -> String {
        format!("{}us", us * self.k)
    }
    fn rate(&self, index: usize) -> String {
        format!("{}/s", RATES[index] / self.k as f64)
    }

    fn law(&self, law: &Law) -> String {
        if self.case.coincides {
            return self.ms(on_the_grid(law.ms));
        }
        let (m, us) = (self.ms(law.ms), |share: u32| self.us(law.ms * share));
        match if self.case.has(Variety) { law.shape } else { law.shape % 3 } {
            0 => m,
            1 => format!("{{ exp: {m} }}"),
            2 => format!("{{ uniform: [{}, {}] }}", us(500), us(1500)),
            3 => format!("{{ lognormal: {{ mean: {m}, cv: 1.5 }} }}"),
            4 => format!("{{ gamma: {{ mean: {m}, cv: 0.7 }} }}"),
            5 => format!("{{ erlang: {{ mean: {m}, k: 3 }} }}"),
            6 => format!("{{ hyperexp: {{ mean: {m}, cv: 2 }} }}"),
            7 => format!("{{ weibull: {{ mean: {m}, cv: 0.8 }} }}"),
            8 => format!("{{ pareto: {{ min: {}, alpha: 2.5, max: {} }} }}", us(600), us(20_000)),
            9 => format!(
                "{{ mixture: [ {{ w: 9, is: {{ exp: {m} }} }}, {{ w: 1, is: {} }} ] }}",
                us(5_000)
            ),
            10 => {
                format!("{{ percentiles: {{ p50: {m}, p99: {}, max: {} }} }}", us(3_000), us(6_000))
            }
            11 => format!("{{ normal: {{ mean: {m}, sd: {} }} }}", us(400)),
            _ => format!("{{ poisson: {{ mean: {m}, step: {} }} }}", us(250)),
        }
    }
}
