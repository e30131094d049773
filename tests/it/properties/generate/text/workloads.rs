//! Workloads, with their targets and arrivals.

use super::super::Feature::*;
use super::super::Workload;
use super::Text;

/// Times at which requests arrive, some of them simultaneous.
const GIVEN_MS: [u32; 14] = [0, 0, 0, 5, 5, 10, 495, 500, 500, 505, 995, 1000, 1000, 1000];

impl Text<'_> {
    /// Returns the target of a workload: an endpoint, or a service of two named instances.
    fn target(&self, target: usize) -> String {
        let service = target % self.case.services.len();
        let endpoint = target % self.case.services[service].endpoints.len();
        match self.case.is_named(service) {
            true if self.case.is_alone(service) => format!("s{service}a.e{endpoint}"),
            true => format!("s{service}"),
            false => format!("s{service}.e{endpoint}"),
        }
    }

    /// Returns one of the factors of a rate, or several.
    fn shapes(&self, which: usize) -> String {
        let diurnal = format!(
            ", diurnal: {{ period: {}, amplitude: 70%, peak_at: {} }}",
            self.ms(1000),
            self.ms(300)
        );
        let spikes = format!(
            ", spikes: [ {{ at: {}, peak: 3x, rise: {}, hold: {}, decay: {} }}, {{ at: {}, peak: 0.5x, hold: {} }} ]",
            self.ms(200),
            self.ms(100),
            self.ms(100),
            self.ms(50),
            self.ms(500),
            self.ms(250)
        );
        let noise = format!(", noise: {{ cv: 0.5, every: {} }}", self.ms(250));
        match which % 4 {
            // A rate that changes for hours takes too many pieces.
            _ if self.case.has(Drains) => spikes,
            0 => diurnal,
            1 => spikes,
            2 => noise,
            _ => diurnal + &spikes + &noise,
        }
    }

    pub(super) fn workloads(&self) -> String {
        let case = self.case;
        let count = if case.has(Workloads) { case.workloads.len() } else { 1 };
        let workload = |(index, workload): (usize, &Workload)| {
            let mut mix: Vec<(String, u32)> = Vec::new();
            for (target, weight) in
                &workload.targets[..if case.has(Mix) { workload.targets.len() } else { 1 }]
            {
                let target = self.target(*target);
                if mix.iter().all(|(known, _)| *known != target) {
                    mix.push((target, *weight));
                }
            }
            let mix: Vec<String> =
                mix.into_iter().map(|(target, weight)| format!("{target}: {weight}")).collect();
            let arrivals = [
                "poisson",
                "regular",
                "gamma: { cv: 2 }",
                "weibull: { cv: 1.5 }",
                "batch: { size: 4 }",
                "batch: { size: { geometric: { mean: 3 } } }",
            ];
            let arrivals =
                arrivals[if case.has(Bursty) { workload.arrivals } else { workload.arrivals % 2 }];
            let given = format!("at: [{}]", GIVEN_MS.map(|ms| self.ms(ms)).join(", "));
            let arrivals = match (case.coincides, workload.arrivals % 3) {
                (true, 0) => given.as_str(),
                (true, _) => "regular",
                _ => arrivals,
            };
            let arrivals = if arrivals.contains(':') {
                format!("{{ {arrivals} }}")
            } else {
                arrivals.to_string()
            };
            let (rate, to) = (
                self.rate(workload.rate),
                self.rate(if case.has(Stages) { workload.to_rate } else { workload.rate }),
            );
            let stop = if case.has(Drains) { ", { to: 0/s, over: 0s }" } else { "" };
            let when = if case.has(Closed) && workload.arrivals == 5 && !case.has(Drains) {
                format!(
                    "closed: {{ users: {}, think: {{ exp: {} }} }}",
                    3 * (1 + workload.rate),
                    self.ms(40)
                )
            } else if case.has(Users) && workload.users && !case.has(Drains) {
                format!(
                    "users: {{ active: {{ poisson: 10 }}, each: {}, resample: {} }}",
                    self.rate(0),
                    self.ms(400)
                )
            } else {
                let shapes = if case.has(Shapes) {
                    self.shapes(workload.to_rate + workload.arrivals)
                } else {
                    String::new()
                };
                let stages = format!(
                    "{{ from: {rate}, stages: [ {{ to: {to}, over: {} }}{stop} ]{shapes} }}",
                    self.ms(1000)
                );
                let stages = if arrivals.contains("at:") {
                    format!("{}/s", GIVEN_MS.len() as f64 / (2.0 * self.k as f64))
                } else {
                    stages
                };
                if case.has(Sessions) && workload.arrivals % 2 == 0 && !case.has(Drains) {
                    format!(
                        "sessions: {{ rate: {stages}, arrivals: {arrivals}, requests: {}, think: {} }}",
                        1 + workload.rate,
                        // Requests that a crash strikes at once come back in the order of their
                        // slots: without ties, what else there is does not matter.
                        if case.coincides {
                            self.ms(5)
                        } else {
                            format!("{{ exp: {} }}", self.ms(13))
                        }
                    )
                } else {
                    format!("open: {{ rate: {stages}, arrivals: {arrivals} }}")
                }
            };
            let patience = match (case.has(Impatience), workload.arrivals % 3) {
                (true, 0) => format!(", patience: {}", self.us(17_300)),
                (true, 1) => {
                    format!(", patience: {{ for: {{ exp: {} }}, cancel: true }}", self.ms(20))
                }
                _ => String::new(),
            };
            let comes_back = when.starts_with("closed") || when.starts_with("sessions");
            let reload = if case.has(Impatience) && !comes_back && workload.rate < 2 {
                format!(", reload: {{ p: 50%, after: {{ exp: {} }}, max: 2 }}", self.ms(30))
            } else {
                String::new()
            };
            let elastic = if case.has(Elastic) && !comes_back {
                let (reference, over) = (self.ms(4), self.ms(300));
                format!(
                    ", elasticity: {{ reference: {reference}, exponent: 0.7, over: {over} }}, tool: {{ connections: 2 }}"
                )
            } else {
                String::new()
            };
            let keys =
                if case.has(Shares) { ", keys: { k: { zipf: { n: 3, s: 1 } } }" } else { "" };
            let class = match case.has(Classes) {
                true => format!(", class: {}", ["first", "second"][(index + workload.rate) % 2]),
                false => String::new(),
            };
            let mix = mix.join(", ");
            format!(
                "  w{index}: {{ mix: {{ {mix} }}, {when}{patience}{reload}{elastic}{keys}{class} }}\n"
            )
        };
        case.workloads[..count].iter().enumerate().map(workload).collect()
    }
}
