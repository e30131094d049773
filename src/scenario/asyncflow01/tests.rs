//! AsyncFlow 0.1 payloads: one with everything, every error, every note. The results of the
//! original are compared in `tests/it`.

mod errors;
mod variables;

use super::{is_asyncflow01, lower};
use crate::problem::{Problem, Severity};
use crate::scenario::text::{Format, parse};
use crate::scenario::{Balance, Fault, Replications, Runtime, Scenario, Step, Warmup, check};
use crate::units::{Bytes, Span};

/// Generator → client → gate → balancer → two servers → client, with all kinds of steps and events.
const EVERYTHING: &str = "
rqs_input:
  id: rqs-1
  type: generator
  avg_active_users: { mean: 120, distribution: poisson }
  avg_request_per_minute_per_user: { mean: 20, distribution: poisson }
  user_sampling_window: 30
topology_graph:
  nodes:
    client: { id: client-1, type: client }
    load_balancer: { id: lb-1, type: load_balancer, algorithms: least_connection, server_covered: [srv-1, srv-2] }
    servers:
    - id: srv-1
      type: server
      server_resources: { cpu_cores: 2, ram_mb: 2048, db_connection_pool: 10 }
      endpoints:
      - endpoint_name: /API
        probability: 1.0
        steps:
        - { kind: initial_parsing, step_operation: { cpu_time: 0.002 } }
        - { kind: cpu_bound_operation, step_operation: { cpu_time: 0.004 } }
        - { kind: cpu, step_operation: { cpu_time: 1 } }
        - { kind: ram, step_operation: { necessary_ram: 128 } }
        - { kind: io_task_spawn, step_operation: { io_waiting_time: 0.001 } }
        - { kind: io_llm, step_operation: { io_waiting_time: 0.5 } }
        - { kind: io_wait, step_operation: { io_waiting_time: 0.012 } }
        - { kind: io_db, step_operation: { io_waiting_time: 0.003 } }
        - { kind: io_cache, step_operation: { io_waiting_time: 0.0005 } }
      - endpoint_name: /api
        steps: []
    - id: srv-2
      server_resources: {}
      endpoints: [{ endpoint_name: /api, steps: [{ kind: io_db, step_operation: { io_waiting_time: 0.02 } }] }]
    - id: gate
      server_resources: { cpu_cores: 1, ram_mb: 256 }
      endpoints: [{ endpoint_name: auth, steps: [{ kind: cpu, step_operation: { cpu_time: 0.001 } }] }]
  edges:
  - { id: gen-client, source: rqs-1, target: client-1, latency: { mean: 0.003, distribution: exponential }, dropout_rate: 0.25 }
  - { id: client-gate, source: client-1, target: gate, latency: { mean: 0.003, distribution: exponential }, edge_type: network_connection }
  - { id: gate-lb, source: gate, target: lb-1, latency: { mean: 0.002, distribution: exponential } }
  - { id: lb-srv2, source: lb-1, target: srv-2, latency: { mean: 0.002, distribution: exponential }, probability: 0.5 }
  - { id: lb-srv1, source: lb-1, target: srv-1, latency: { mean: 0.002, distribution: exponential } }
  - { id: srv1-client, source: srv-1, target: client-1, latency: { mean: 0.003, distribution: exponential } }
  - { id: srv2-client, source: srv-2, target: client-1, latency: { mean: 0.003, distribution: exponential } }
sim_settings:
  total_simulation_time: 600
  sample_period_s: 0.05
  enabled_sample_metrics: [ready_queue_len, event_loop_io_sleep, ram_in_use, edge_concurrent_connection]
  enabled_event_metrics: [rqs_clock, llm_cost]
events:
- { event_id: ev-1, target_id: gate-lb, start: { kind: network_spike_start, t_start: 100.0, spike_s: 0.015 }, end: { kind: network_spike_end, t_end: 160 } }
- { event_id: ev-2, target_id: srv-1, start: { kind: server_down, t_start: 180 }, end: { kind: server_up, t_end: 240.5 } }
- { event_id: ev-3, target_id: srv-2, start: { kind: server_down, t_start: 240.5 }, end: { kind: server_up, t_end: 600 } }
";

/// A client and one server, without a balancer.
const ONE_SERVER: &str = "
rqs_input: { id: rqs-1, avg_active_users: { mean: 5 }, avg_request_per_minute_per_user: { mean: 40 } }
topology_graph:
  nodes:
    client: { id: client-1 }
    servers: [{ id: srv-1, server_resources: {}, endpoints: [{ endpoint_name: ep-1, steps: [] }] }]
  edges:
  - { id: gen-client, source: rqs-1, target: client-1, latency: { mean: 0.003, distribution: exponential } }
  - { id: client-server, source: client-1, target: srv-1, latency: { mean: 0.003, distribution: exponential } }
  - { id: server-client, source: srv-1, target: client-1, latency: { mean: 0.003, distribution: exponential } }
sim_settings: {}
";

fn read(text: &str) -> (Option<Scenario>, Vec<Problem>) {
    let root = parse(text, Format::Yaml).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    assert!(is_asyncflow01(&root));
    lower(&root)
}

/// Returns the payload with one text replaced by another.
fn edited(old: &str, new: &str) -> String {
    assert!(EVERYTHING.contains(old), "`{old}` is not in the payload");
    EVERYTHING.replacen(old, new, 1)
}

fn lowered(text: &str) -> (Scenario, Vec<Problem>) {
    let (scenario, problems) = read(text);
    (scenario.unwrap_or_else(|| panic!("{problems:#?}")), problems)
}

fn span(text: &str) -> Span {
    text.parse().expect("a span")
}

#[test]
fn only_a_file_with_rqs_input_is_a_payload() {
    let native = parse("version: 1\nworkload: {}\nservices: {}\n", Format::Yaml).expect("a map");
    assert!(!is_asyncflow01(&native));
    assert!(!is_asyncflow01(&parse("[rqs_input]", Format::Yaml).expect("a list")));
}

#[test]
fn the_run_and_the_workload_are_those_of_the_payload() {
    // By the original's fields: 120 users, 20 requests a minute, windows of 30 s, 600 s in all;
    // the first node after the client is the gate.
    let (scenario, _) = lowered(EVERYTHING);
    assert_eq!(
        (
            scenario.version,
            scenario.name.as_str(),
            scenario.run.seed,
            scenario.run.replications.clone()
        ),
        (1, "", 1, Replications::Fixed(30))
    );
    assert_eq!(
        (scenario.run.duration, scenario.run.warmup, scenario.output.series),
        (span("600s"), Warmup::Fixed(Span::ZERO), None)
    );
    let workload = &scenario.workload["rqs-1"];
    assert_eq!(
        (workload.to.as_deref(), workload.via.as_slice()),
        (Some("gate"), ["client-1".to_string()].as_slice())
    );
    let users = workload.users.as_ref().expect("users");
    assert_eq!(
        (users.each.to_string().as_str(), users.resample, users.active.compile().mean()),
        ("20/min", span("30s"), 120.0)
    );
}

#[test]
fn servers_are_instances_of_the_balancer_and_the_others_services_of_their_own() {
    let (scenario, _) = lowered(EVERYTHING);
    let services: Vec<&str> = scenario.services.keys().map(String::as_str).collect();
    assert_eq!(services, ["lb-1", "gate"]);
    let balancer = &scenario.services["lb-1"];
    assert_eq!(balancer.balance, Balance::LeastInTransit);
    // The order is that of the balancer's edges, not of the servers.
    let instances: Vec<&str> = balancer.instances.keys().map(String::as_str).collect();
    assert_eq!(instances, ["srv-2", "srv-1"]);
    let (first, gate) =
        (&balancer.instances["srv-1"], &scenario.services["gate"].instances["gate"]);
    assert_eq!(
        (first.instance.cpu, first.instance.memory, first.then.as_deref()),
        (2, Some(Bytes(2_048_000_000)), None)
    );
    assert!(matches!(first.runtime, Runtime::Tasks(_)));
    assert_eq!(
        (gate.instance.memory, gate.then.as_deref()),
        (Some(Bytes(256_000_000)), Some("lb-1"))
    );
    // Defaults: one core, 1024 MB.
    let second = &balancer.instances["srv-2"].instance;
    assert_eq!((second.cpu, second.memory), (1, Some(Bytes(1_024_000_000))));
}

#[test]
fn steps_keep_their_order_and_waits_their_kind() {
    let (scenario, _) = lowered(EVERYTHING);
    let endpoints = &scenario.services["lb-1"].instances["srv-1"].endpoints;
    let names: Vec<&str> = endpoints.keys().map(String::as_str).collect();
    assert_eq!(names, ["/api", "/api (2)"]);
    let steps = endpoints["/api"].steps.iter().map(|step| match step {
        Step::Cpu(cpu) => format!("cpu {}", cpu.demand.plain().expect("constant")),
        Step::Memory(need) => format!("memory {}", need.0.plain().expect("constant")),
        Step::Wait(wait) => format!(
            "{} {}",
            wait.label.as_deref().unwrap_or("-"),
            wait.span.plain().expect("constant")
        ),
        Step::Pool(pool) => format!(
            "{} of {}: {}",
            pool.name.as_deref().expect("named"),
            pool.max,
            pool.steps.len()
        ),
        other => panic!("{other:?}"),
    });
    let expected = [
        "cpu 2ms",
        "cpu 4ms",
        "cpu 1s",
        "memory 128MB",
        "task_spawn 1ms",
        "llm 500ms",
        "wait 12ms",
        "db of 10: 1",
        "cache 500us",
    ];
    assert_eq!(steps.collect::<Vec<_>>(), expected);
}

#[test]
fn edges_are_links_with_their_ids() {
    let (scenario, _) = lowered(EVERYTHING);
    let links: Vec<(&str, Option<&str>)> =
        scenario.links.iter().map(|(key, link)| (key.as_str(), link.id.as_deref())).collect();
    let expected = [
        ("rqs-1 -> client-1", "gen-client"),
        ("client-1 -> gate", "client-gate"),
        ("gate -> lb-1", "gate-lb"),
        ("lb-1 -> srv-2", "lb-srv2"),
        ("lb-1 -> srv-1", "lb-srv1"),
        ("srv-1 -> client-1", "srv1-client"),
        ("srv-2 -> client-1", "srv2-client"),
    ];
    assert_eq!(links, expected.map(|(key, id)| (key, Some(id))));
    // The default dropout rate is 1 %.
    let losses: Vec<f64> = scenario.links.values().take(2).map(|link| link.loss.fraction).collect();
    assert_eq!(losses, [0.25, 0.01]);
    assert_eq!(scenario.links["gate -> lb-1"].latency.compile().mean(), 2e6);
}

#[test]
fn events_are_drains_and_degraded_links() {
    let (scenario, _) = lowered(EVERYTHING);
    let faults = scenario.faults.iter().map(|fault| {
        let (at, lasting) = fault.when();
        let what = match fault {
            Fault::Degrade(fault) => format!("{} +{}", fault.link, fault.latency.0),
            Fault::Crash(fault) => format!("{} {} {}", fault.target, fault.count, fault.drain),
            other => panic!("{other:?}"),
        };
        format!("{what} at {at} for {}", lasting.expect("an end"))
    });
    let expected = [
        "gate-lb +15ms at 100s for 1m",
        "srv-1 1 true at 3m for 60.5s",
        "srv-2 1 true at 240.5s for 359.5s",
    ];
    assert_eq!(faults.collect::<Vec<_>>(), expected);
}

#[test]
fn the_lowered_scenario_passes_the_native_checks_and_ignored_fields_are_noted() {
    let (scenario, problems) = lowered(EVERYTHING);
    let native = check(&scenario);
    assert!(!native.any_error(), "{native:#?}");
    assert!(
        problems
            .iter()
            .all(|problem| problem.severity == Severity::Note && problem.place.is_some()),
        "{problems:#?}"
    );
    let noted: Vec<(&str, &str)> = problems
        .iter()
        .map(|p| (p.path.as_str(), p.what.split(',').next().unwrap_or("")))
        .collect();
    let servers = "topology_graph.nodes.servers[0]";
    let expected = [
        (
            format!("{servers}.server_resources.db_connection_pool"),
            "each `io_db` step uses one of 10 connections",
        ),
        (format!("{servers}.endpoints[0].probability"), "`probability` is ignored"),
        ("topology_graph.edges[3].probability".to_string(), "`probability` is ignored"),
    ];
    assert_eq!(
        noted,
        expected.iter().map(|(path, what)| (path.as_str(), *what)).collect::<Vec<_>>()
    );
}

#[test]
fn a_server_without_a_balancer_is_its_own_service_and_defaults_are_the_originals() {
    let (scenario, problems) = lowered(ONE_SERVER);
    assert_eq!(problems, []);
    assert_eq!(scenario.workload["rqs-1"].to.as_deref(), Some("srv-1"));
    assert_eq!(scenario.services["srv-1"].instances.keys().collect::<Vec<_>>(), ["srv-1"]);
    assert_eq!((scenario.run.duration, scenario.faults.len()), (span("1h"), 0));
    assert_eq!(scenario.workload["rqs-1"].users.as_ref().expect("users").resample, span("60s"));
    assert!(!check(&scenario).any_error());
}

#[test]
fn all_servers_down_at_the_same_time_is_refused() {
    // With one server, one down is all down; with three and one always up it is not; at the same
    // time, events end before others begin.
    let event = "events: [{ event_id: e, target_id: srv-1, start: { kind: server_down, t_start: 1 }, end: { kind: server_up, t_end: 2 } }]\n";
    let (scenario, problems) = read(&format!("{ONE_SERVER}{event}"));
    assert!(scenario.is_none());
    assert_eq!(problems[0].what, "from 1 s on, all servers are down");
    assert_eq!(problems[0].path, "events[0].start.t_start");
    let down = |id: &str, from: f64, to: f64| {
        format!(
            "- {{ event_id: {id}{from}, target_id: {id}, start: {{ kind: server_down, t_start: {from} }}, end: {{ kind: server_up, t_end: {to} }} }}\n"
        )
    };
    let with = |events: &[String]| read(&format!("{}{}", EVERYTHING, events.concat()));
    assert!(with(&[down("gate", 0.0, 240.5)]).0.is_some());
    let (scenario, problems) = with(&[down("srv-2", 0.0, 240.5), down("gate", 200.0, 241.0)]);
    assert!(scenario.is_none());
    assert_eq!(
        (problems[0].path.as_str(), problems[0].what.as_str()),
        ("events[4].start.t_start", "from 200 s on, all servers are down")
    );
}

#[test]
fn a_server_that_no_balancer_chooses_keeps_working_when_it_is_down() {
    let (scenario, problems) = lowered(&edited("target_id: srv-1", "target_id: gate"));
    assert_eq!(scenario.faults.len(), 2);
    let note = problems.iter().find(|problem| problem.path == "events[1]").expect("a note");
    assert!(
        note.what.starts_with("this has no effect: no balancer chooses `gate`"),
        "{}",
        note.what
    );
}

#[test]
fn a_server_that_the_balancer_reaches_without_covering_it_is_noted() {
    let (scenario, problems) = lowered(&edited("covered: [srv-1, srv-2]", "covered: [srv-1]"));
    assert_eq!(scenario.services["lb-1"].instances.len(), 2);
    assert!(
        problems
            .iter()
            .any(|problem| problem.what.starts_with("the balancer also chooses `srv-2`")),
        "{problems:#?}"
    );
}

#[test]
fn all_problems_are_reported_at_once_in_the_order_of_the_file() {
    let text = edited("mean: 120,", "mean: -1,")
        .replacen("cpu_cores: 2", "cpu_cores: 0", 1)
        .replacen("t_end: 600", "t_end: 601", 1);
    let paths: Vec<String> = read(&text).1.into_iter().map(|problem| problem.path).collect();
    let expected = [
        "rqs_input.avg_active_users.mean",
        "topology_graph.nodes.servers[0].server_resources.cpu_cores",
        "events[2].end.t_end",
    ];
    assert_eq!(paths, expected);
}
