//! Services, with their machines, runtimes and scaling.

use super::super::Feature::*;
use super::super::{BALANCES, Service};
use super::Text;

impl Text<'_> {
    pub(super) fn services(&self) -> String {
        let case = self.case;
        let service = |(index, service): (usize, &Service)| {
            let mut machine = vec![format!("cpu: {}", service.cpu)];
            if case.has(Memory) {
                machine.push(format!("memory: {}MB", service.capacity_mb()));
            }
            if case.has(Speed) {
                machine.push(format!("speed: {}", ["1x", "0.5x", "1.7x", "3x"][service.speed]));
            }
            let runtime = if case.has(Tasks) && case.has(Sharing) {
                "tasks: { schedule: ps }".to_string()
            } else if case.has(Tasks) {
                "tasks: {}".to_string()
            } else {
                format!("event_loop: {{ workers: {} }}", service.workers)
            };
            let body = format!(
                "instance: {{ {} }}, runtime: {{ {runtime} }}, endpoints: {{ {} }}",
                machine.join(", "),
                self.endpoints(index)
            );
            let replicas = if case.has(Replicas) { service.replicas } else { 1 };
            let mut parts = vec![format!("balance: {}", BALANCES[service.balance])];
            if case.has(Admission) {
                parts.push(format!("max_in_flight: {}", service.max_in_flight));
                let patience = match self.case.has(Patience) {
                    true => format!(", timeout: {}", self.ms(1 + service.max_in_flight)),
                    false => String::new(),
                };
                let order = if case.has(Classes) { ", order: priority" } else { "" };
                let queue = |max| format!("queue: {{ max: {max}{patience}{order} }}");
                parts.extend(service.queue.map(queue));
            }
            match case.is_named(index) {
                true => {
                    let [a, b] = service.then.map(|then| self.then(index, then));
                    let second = if case.is_alone(index) {
                        String::new()
                    } else {
                        format!(", s{index}b: {{ {body}{b} }}")
                    };
                    parts.push(format!("instances: {{ s{index}a: {{ {body}{a} }}{second} }}"));
                }
                false => parts.push(format!(
                    "replicas: {replicas}, {}{body}",
                    self.scaling(service, replicas)
                )),
            }
            format!("  s{index}: {{ {} }}\n", parts.join(", "))
        };
        case.services.iter().enumerate().map(service).collect()
    }

    /// Lets the number of instances of a service change every 200 ms.
    fn scaling(&self, service: &Service, replicas: u32) -> String {
        if !self.case.has(Scaling) || service.speed > 2 {
            return String::new();
        }
        let target = 10 * (1 + service.memory_mb);
        format!(
            "autoscale: {{ hpa: {{ max: {}, metrics: [ {{ cpu: {target}% }} ], sync: {}, down: {{ stabilize: {}, policies: [ {{ percent: 100%, per: {} }} ] }} }}, boot: {}, drain: {{ grace: {} }} }}, ",
            replicas + service.cpu,
            self.ms(200),
            self.ms(300),
            self.ms(200),
            self.ms(30),
            self.ms(50)
        )
    }

    /// Returns the service that an instance hands its requests on to: none, or a later one.
    fn then(&self, service: usize, then: usize) -> String {
        let later = self.case.services.len() - service - 1;
        match self.case.has(Pipelines) && later > 0 && then > 0 {
            true => format!(", then: s{}", service + 1 + (then - 1) % later),
            false => String::new(),
        }
    }
}
