//! The later format of the original: `arrivals`, random steps, plain links, and other additions to
//! 0.1. Every expected number is computed by hand from the original's definitions.

use super::{is_asyncflow01, lower};
use crate::problem::{Problem, Severity};
use crate::scenario::text::{Format, parse};
use crate::scenario::{Balance, Scenario, Step, check};
use crate::units::{Bytes, Span};
use crate::workload::{Arrivals, Interarrival, RateProfile};

/// Generator → client → balancer → two servers → generator, over plain links.
const LATER: &str = "
arrivals: { id: rqs-1, type: generator, lambda_rps: 30, model: poisson }
topology_graph:
  nodes:
    client: { id: client-1, type: client, client_resources: { cpu_cores: 1, ram_mb: 256 } }
    load_balancer: { id: lb-1, algorithms: random, server_covered: [srv-1, srv-2], lb_resources: { cpu_cores: 1, ram_mb: 256 } }
    servers:
    - id: srv-1
      server_resources: { cpu_cores: 2, ram_mb: 1024, ram_per_process: 100 }
      endpoints:
      - endpoint_name: /api
        steps:
        - { kind: cpu_bound_operation, step_operation: { cpu_time: { mean: 0.01, distribution: exponential } } }
        - { kind: io_db, step_operation: { io_waiting_time: { mean: 1.5 } } }
        - { kind: ram, step_operation: { necessary_ram: 100 } }
    - id: srv-2
      server_resources: {}
      endpoints: [{ endpoint_name: /api, steps: [{ kind: cpu, step_operation: { cpu_time: 0.01 } }] }]
  edges:
  - { id: e1, source: rqs-1, target: client-1, edge_type: link_connection }
  - { id: e2, source: client-1, target: lb-1, edge_type: link_connection }
  - { id: e3, source: lb-1, target: srv-1, edge_type: link_connection }
  - { id: e4, source: lb-1, target: srv-2, edge_type: link_connection }
  - { id: e5, source: srv-1, target: rqs-1, edge_type: link_connection }
  - { id: e6, source: srv-2, target: rqs-1, edge_type: link_connection }
sim_settings:
  total_simulation_time: 60.5
  sample_period_s: 0.5
  enabled_sample_metrics: [ready_queue_len, l_system, lq_lb, server_utilization]
  enabled_event_metrics: [rqs_clock, rqs_server_clock, service_time, io_time, waiting_time]
";

fn read(text: &str) -> (Option<Scenario>, Vec<Problem>) {
    let root = parse(text, Format::Yaml).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    assert!(is_asyncflow01(&root));
    lower(&root)
}

fn edited(old: &str, new: &str) -> String {
    assert!(LATER.contains(old), "`{old}` is not in the payload");
    LATER.replacen(old, new, 1)
}

fn lowered(text: &str) -> (Scenario, Vec<Problem>) {
    let (scenario, problems) = read(text);
    let scenario = scenario.unwrap_or_else(|| panic!("{problems:#?}\n{text}"));
    let native = check(&scenario);
    assert!(!native.any_error(), "{native:#?}");
    (scenario, problems)
}

/// Returns the gaps of a model, in units of their mean.
fn gaps(model: &str) -> (Arrivals, Interarrival) {
    let (scenario, _) = lowered(&edited("model: poisson", model));
    let open = scenario.workload["rqs-1"].open.clone().expect("open");
    let gaps = open.arrivals.gaps(&RateProfile::of_rate(&open.rate));
    (open.arrivals, gaps)
}

/// Returns the squared coefficient of variation of gaps of mean 1.
fn squared_cv(model: &str) -> f64 {
    match gaps(model).1 {
        Interarrival::Poisson => 1.0,
        Interarrival::Scaled(scaled) => {
            assert!((scaled.0.mean() * scaled.1 - 1.0).abs() < 1e-12, "{model}");
            scaled.0.variance() * scaled.1 * scaled.1
        }
        other => panic!("{model}: {other:?}"),
    }
}

#[test]
fn gaps_have_the_distribution_of_their_model() {
    // c² by the closed forms: U(0.5, 1.5): 1/12; Pareto: 1/(α(α − 2)) at α = 1 + √(1 + 1/c²), which
    // is c² again; Erlang of 4: 1/4.
    // Weibull: Γ(1 + 2/k)/Γ(1 + 1/k)² − 1 at k = 2.10 and 0.543. Pareto of 0.25 … 4 to the
    // nanosecond of its least value.
    let expected = [
        ("model: poisson", 1.0),
        ("model: exponential", 1.0),
        ("model: deterministic", 0.0),
        ("model: uniform", 1.0 / 12.0),
        ("model: uniform, variability: low", 1.0 / 12.0),
        ("model: log_normal, variability: low", 0.25),
        ("model: log_normal, variability: medium", 1.0),
        ("model: log_normal, variability: high", 4.0),
        ("model: weibull, variability: low", 0.250_288_6),
        ("model: weibull, variability: medium", 1.0),
        ("model: weibull, variability: high", 3.994_002_0),
        ("model: pareto, variability: low", 0.25),
        ("model: pareto, variability: medium", 1.0),
        ("model: pareto, variability: high", 4.0),
        ("model: erlang, variability: low", 0.25),
        ("model: erlang, variability: medium", 1.0),
        ("model: erlang, variability: high", 1.0),
    ];
    for (model, exact) in expected {
        let found = squared_cv(model);
        assert!((found - exact).abs() <= 1e-5 * exact, "{model}: {found} is not {exact}");
    }
}

#[test]
fn given_times_are_sorted_and_those_outside_the_run_dropped() {
    let (arrivals, _) = gaps("model: empirical, empirical_data: [3, -1, 0.5, 1e3]");
    let at = ["500ms", "3s"].map(|text| text.parse::<Span>().expect("a span"));
    assert_eq!(arrivals, Arrivals::At(at.to_vec()));
}

#[test]
fn the_run_the_memory_and_the_balancer_are_those_of_the_payload() {
    // 60.5 s; 1024 MB less two processes of 100 MB; the response to the generator ends at the
    // client, under its own id.
    let (scenario, problems) = lowered(LATER);
    assert_eq!(scenario.run.duration, "60500ms".parse::<Span>().expect("a span"));
    let service = &scenario.services["lb-1"];
    assert_eq!(service.balance, Balance::Random);
    assert_eq!(service.instances["srv-1"].instance.memory, Some(Bytes(824_000_000)));
    assert_eq!(service.instances["srv-1"].then, None);
    let link = &scenario.links["srv-1 -> client-1"];
    assert_eq!(
        (link.id.as_deref(), link.latency.plain(), link.loss.fraction),
        (Some("e5"), Some(Span::ZERO), 0.0)
    );
    let notes = problems.iter().filter(|problem| {
        problem.severity == Severity::Note && problem.what.contains("not modelled")
    });
    assert_eq!(notes.count(), 2, "{problems:#?}");
}

#[test]
fn one_queue_at_the_balancer_is_a_central_queue_and_reads_back() {
    // Definition; what `convert` writes is the same scenario.
    let (scenario, _) = lowered(&edited("random,", "fcfs,"));
    assert_eq!(scenario.services["lb-1"].balance, Balance::CentralQueue);
    let text = crate::scenario::to_yaml(&scenario);
    assert!(text.contains("balance: central_queue"), "{text}");
    assert_eq!(
        crate::scenario::from_yaml(&text).expect("it reads back").services,
        scenario.services
    );
}

#[test]
fn a_step_may_be_random_and_whole_seconds_are_warned_of() {
    let (scenario, problems) = lowered(LATER);
    let steps = &scenario.services["lb-1"].instances["srv-1"].endpoints["/api"].steps;
    assert!(
        matches!(&steps[0], Step::Cpu(cpu) if cpu.demand.tag() == "exp" && cpu.demand.compile().mean() == 1e7),
        "{steps:?}"
    );
    assert!(matches!(&steps[1], Step::Wait(wait) if wait.span.tag() == "poisson"), "{steps:?}");
    let warned: Vec<&str> = problems
        .iter()
        .filter(|p| p.severity == Severity::Warning)
        .map(|p| p.path.as_str())
        .collect();
    assert_eq!(
        warned,
        ["topology_graph.nodes.servers[0].endpoints[0].steps[1].step_operation.io_waiting_time"]
    );
}

#[test]
fn distributions_not_allowed_for_times_are_rejected_with_the_native_form() {
    // A mean of 10 ms and a standard deviation of 5 ms: the suggested line is valid and has them,
    // to its three digits.
    for law in ["weibull", "pareto", "erlang"] {
        let text = edited(
            "mean: 0.01, distribution: exponential",
            &format!("mean: 0.01, variance: 0.000025, distribution: {law}"),
        );
        let (_, problems) = read(&text);
        let help = problems
            .iter()
            .find_map(|problem| problem.help.clone().filter(|help| help.contains(law)))
            .expect(law);
        let native = help.rsplit('`').nth(1).unwrap_or_default();
        let cpu = format!(
            "version: 1\nrun: {{ duration: 1s }}\nworkload: {{ u: {{ to: a.x, open: {{ rate: 1/s }} }} }}\nservices: {{ a: {{ endpoints: {{ x: [ cpu: {native} ] }} }} }}"
        );
        let scenario = crate::scenario::from_yaml(&cpu)
            .unwrap_or_else(|problems| panic!("{native}: {problems}"));
        let Step::Cpu(cpu) = &scenario.services["a"].endpoints["x"].steps[0] else {
            panic!("{native}")
        };
        let drawn = cpu.demand.compile();
        assert!(
            (drawn.mean() / 1e7 - 1.0).abs() < 1e-3
                && (drawn.variance() / 2.5e13 - 1.0).abs() < 1e-2,
            "{native}: {} {}",
            drawn.mean(),
            drawn.variance()
        );
    }
}

#[test]
fn a_latency_may_be_a_number() {
    let text = LATER.replace("edge_type: link_connection", "latency: 0.003");
    let link = &lowered(&text).0.links["client-1 -> lb-1"];
    assert_eq!(
        (link.latency.plain(), link.loss.fraction),
        (Some("3ms".parse::<Span>().expect("a span")), 0.01)
    );
}

#[test]
fn the_old_generator_can_be_combined_with_new_features() {
    let old = "rqs_input: { id: rqs-1, avg_active_users: { mean: 10 }, avg_request_per_minute_per_user: { mean: 20 } }";
    // Random steps, plain links and memory of processes; responses end at the client, as in 0.1.
    let text =
        edited("arrivals: { id: rqs-1, type: generator, lambda_rps: 30, model: poisson }", old)
            .replace("target: rqs-1", "target: client-1");
    let (scenario, _) = lowered(&text);
    assert!(
        scenario.workload["rqs-1"].users.is_some() && scenario.workload["rqs-1"].open.is_none()
    );
}

#[test]
fn errors_of_the_later_format_are_reported() {
    let down = |id: &str, from: f64, to: f64| {
        format!(
            "- {{ event_id: {id}, target_id: srv-1, start: {{ kind: server_down, t_start: {from} }}, end: {{ kind: server_up, t_end: {to} }} }}\n"
        )
    };
    let cases = [
        (
            edited("lambda_rps: 30", "lambda_rps: 0"),
            "arrivals.lambda_rps",
            "must be more than 0 and at most 10^9 requests per second",
        ),
        (
            edited("model: poisson", "model: weibull"),
            "arrivals",
            "does not say how much the gaps vary",
        ),
        (
            edited("model: poisson", "model: poisson, variability: low"),
            "arrivals.variability",
            "`poisson` has no `variability`",
        ),
        (
            edited("model: poisson", "model: empirical"),
            "arrivals",
            "does not say when requests arrive",
        ),
        (
            edited("model: poisson", "model: poisson, empirical_data: [1]"),
            "arrivals.empirical_data",
            "belongs to the model `empirical`",
        ),
        (
            edited(
                "e1, source: rqs-1, target: client-1, edge_type: link_connection",
                "e1, source: rqs-1, target: client-1, latency: 1",
            ),
            "topology_graph.edges[1]",
            "these are mixed",
        ),
        (
            edited("target: lb-1, edge_type", "target: lb-1, latency: 1, edge_type"),
            "topology_graph.edges[1].latency",
            "a `link_connection` has no latency",
        ),
        (
            edited("target: lb-1, edge_type: link_connection", "target: lb-1"),
            "topology_graph.edges[1]",
            "has no latency",
        ),
        (
            edited("ram_per_process: 100", "ram_per_process: 512"),
            "topology_graph.nodes.servers[0].server_resources.ram_per_process",
            "nothing is left for requests",
        ),
        (
            edited("necessary_ram: 100", "necessary_ram: { mean: 100 }"),
            "topology_graph.nodes.servers[0].endpoints[0].steps[2].step_operation.necessary_ram",
            "cannot be random",
        ),
        (
            edited("mean: 0.01, distribution: exponential", "mean: 0.01, distribution: weibull"),
            "topology_graph.nodes.servers[0].endpoints[0].steps[0].step_operation.cpu_time.distribution",
            "gaps between arrivals",
        ),
        (
            edited("sample_period_s: 0.5", "sample_period_s: 0.6"),
            "sim_settings.sample_period_s",
            "must be from 0.001 to 0.5 s",
        ),
        (
            format!("{LATER}events:\n{}{}", down("a", 0.0, 10.0), down("b", 5.0, 20.0)),
            "events[1].start.t_start",
            "is already down",
        ),
    ];
    for (text, path, what) in cases {
        let (scenario, problems) = read(&text);
        assert!(scenario.is_none(), "{what}");
        let found =
            problems.iter().any(|problem| problem.path == path && problem.what.contains(what));
        assert!(found, "{path}: {what}\n{problems:#?}");
    }
    // An event that ends when the next begins does not overlap it.
    lowered(&format!("{LATER}events:\n{}{}", down("a", 0.0, 10.0), down("b", 10.0, 20.0)));
}
