//! AsyncFlow 0.1 payloads: one with everything, every error, every note. The results of the
//! original are compared in `tests/it`.

use super::{is_asyncflow01, lower};
use crate::problem::{Problem, Severity};
use crate::scenario::text::{Format, parse};
use crate::scenario::{Balance, Dist, Fault, Replications, Runtime, Scenario, Step, Warmup, check};
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
        Step::Cpu(cpu) => format!("cpu {}", cpu.0.plain().expect("constant")),
        Step::Memory(need) => format!("memory {}", need.0.plain().expect("constant")),
        Step::Wait(wait) => format!(
            "{} {}",
            wait.label.as_deref().unwrap_or("-"),
            wait.span.plain().expect("constant")
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
        "db 3ms",
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
            "connection pools are not modelled",
        ),
        (format!("{servers}.endpoints[0].probability"), "`probability` is ignored"),
        ("topology_graph.edges[3].probability".to_string(), "`probability` is ignored"),
    ];
    assert_eq!(
        noted,
        expected.iter().map(|(path, what)| (path.as_str(), *what)).collect::<Vec<_>>()
    );
}

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
fn every_error_has_its_place_and_message() {
    // Each case: (old text, new text, path, part of the message).
    let spike = "start: { kind: network_spike_start, t_start: 100.0, spike_s: 0.015 }";
    let down = "start: { kind: server_down, t_start: 180 }";
    let cases = [
        (
            "type: client }",
            "type: server }",
            "topology_graph.nodes.client.type",
            "unknown word `server`, expected `client`",
        ),
        ("user_sampling_window: 30", "window: 30", "rqs_input.window", "unknown field `window`"),
        (
            "dropout_rate: 0.25",
            "drop_rate: 0.25",
            "topology_graph.edges[0].drop_rate",
            "unknown field `drop_rate`",
        ),
        (
            "user_sampling_window: 30",
            "user_sampling_window: 121",
            "rqs_input.user_sampling_window",
            "must be a whole number of seconds from 1 to 120, not 121",
        ),
        (
            "user_sampling_window: 30",
            "user_sampling_window: 1.5",
            "rqs_input.user_sampling_window",
            "not 1.5",
        ),
        (
            "mean: 120,",
            "mean: -1,",
            "rqs_input.avg_active_users.mean",
            "`mean` must be from 0 to 10^9, not -1",
        ),
        ("mean: 20,", "mean: -1,", "rqs_input.avg_request_per_minute_per_user.mean", "not -1"),
        (
            "distribution: poisson }\n  user",
            "distribution: normal }\n  user",
            "rqs_input.avg_request_per_minute_per_user.distribution",
            "unknown word `normal`, expected `poisson`",
        ),
        (
            "id: client-1,",
            "id: srv-1,",
            "topology_graph.nodes.servers[0].id",
            "the node id `srv-1` is given twice",
        ),
        (
            "id: lb-1, ty",
            "id: users, ty",
            "topology_graph.nodes.load_balancer.id",
            "`users` stands for the senders of requests",
        ),
        (
            "id: client-1,",
            "id: a->b,",
            "topology_graph.nodes.client.id",
            "cannot be the id of a node",
        ),
        (
            "id: client-gate",
            "id: gen-client",
            "topology_graph.edges[1].id",
            "the edge id `gen-client` is given twice",
        ),
        (
            "event_id: ev-2",
            "event_id: ev-1",
            "events[1].event_id",
            "the event id `ev-1` is given twice",
        ),
        (
            "cpu_cores: 2",
            "cpu_cores: 0",
            "topology_graph.nodes.servers[0].server_resources.cpu_cores",
            "must be a whole number from 1 to 4096, not 0",
        ),
        (
            "ram_mb: 2048",
            "ram_mb: 255",
            "topology_graph.nodes.servers[0].server_resources.ram_mb",
            "not 255",
        ),
        (
            "db_connection_pool: 10",
            "db_connection_pool: 0",
            "topology_graph.nodes.servers[0].server_resources.db_connection_pool",
            "not 0",
        ),
        (
            "necessary_ram: 128",
            "necessary_ram: 2049",
            "topology_graph.nodes.servers[0].endpoints[0]",
            "a request needs 2049 MB here, but the server has 2048 MB",
        ),
        (
            "[{ endpoint_name: auth, steps: [{ kind: cpu, step_operation: { cpu_time: 0.001 } }] }]",
            "[]",
            "topology_graph.nodes.servers[2].endpoints",
            "`gate` has no endpoint",
        ),
        (
            "{ cpu_time: 0.002 }",
            "{ io_waiting_time: 0.002 }",
            "topology_graph.nodes.servers[0].endpoints[0].steps[0].step_operation",
            "the kind `initial_parsing` and the operation `io_waiting_time` do not match",
        ),
        (
            "{ necessary_ram: 128 }",
            "{ cpu_time: 1 }",
            "topology_graph.nodes.servers[0].endpoints[0].steps[3].step_operation",
            "the kind `ram` and the operation `cpu_time`",
        ),
        (
            "{ cpu_time: 0.004 }",
            "{ cpu_time: 0.004, necessary_ram: 1 }",
            "topology_graph.nodes.servers[0].endpoints[0].steps[1].step_operation",
            "exactly one key, not 2",
        ),
        (
            "{ cpu_time: 0.004 }",
            "{}",
            "topology_graph.nodes.servers[0].endpoints[0].steps[1].step_operation",
            "exactly one key, not 0",
        ),
        (
            "{ cpu_time: 0.004 }",
            "{ cpu_tim: 1 }",
            "topology_graph.nodes.servers[0].endpoints[0].steps[1].step_operation",
            "`cpu_tim` is not an operation",
        ),
        (
            "{ cpu_time: 0.004 }",
            "{ cpu_time: 0 }",
            "topology_graph.nodes.servers[0].endpoints[0].steps[1].step_operation.cpu_time",
            "`cpu_time` must be more than 0 s",
        ),
        (
            "kind: io_llm",
            "kind: io_gpu",
            "topology_graph.nodes.servers[0].endpoints[0].steps[5].kind",
            "unknown word `io_gpu`",
        ),
        (
            "target: gate,",
            "target: client-1,",
            "topology_graph.edges[1].target",
            "this edge leads from `client-1` to itself",
        ),
        (
            "target: gate,",
            "target: gat,",
            "topology_graph.edges[1].target",
            "`gat` is not a declared node",
        ),
        (
            "target: gate,",
            "target: rqs-1,",
            "topology_graph.edges[1].target",
            "`rqs-1` is a source outside the declared nodes and cannot be a target",
        ),
        (
            "source: rqs-1",
            "source: rqs-2",
            "topology_graph.edges[0].source",
            "`rqs-2` is neither a declared node nor the generator",
        ),
        (
            "mean: 0.003, distribution: exponential }, dr",
            "mean: 0, distribution: exponential }, dr",
            "topology_graph.edges[0].latency.mean",
            "`mean` must be more than 0 s",
        ),
        (
            "exponential }, dr",
            "normal, variance: -1 }, dr",
            "topology_graph.edges[0].latency.variance",
            "`variance` must be from 0",
        ),
        (
            "mean: 0.003, distribution: exponential }, dr",
            "mean: 30, distribution: log_normal }, dr",
            "topology_graph.edges[0].latency",
            "is too large for a latency",
        ),
        (
            "dropout_rate: 0.25",
            "dropout_rate: 1.01",
            "topology_graph.edges[0].dropout_rate",
            "`dropout_rate` must be from 0 to 1, not 1.01",
        ),
        (
            "edge_type: network_connection",
            "edge_type: queue",
            "topology_graph.edges[1].edge_type",
            "unknown word `queue`",
        ),
        (
            "covered: [srv-1, srv-2]",
            "covered: [srv-1, srv-3]",
            "topology_graph.nodes.load_balancer.server_covered[1]",
            "`srv-3` is not a declared server",
        ),
        (
            "covered: [srv-1, srv-2]",
            "covered: [srv-1, gate]",
            "topology_graph.nodes.load_balancer.server_covered[1]",
            "no edge leads from `lb-1` to `gate`, which it covers",
        ),
        (
            "algorithms: least_connection",
            "algorithms: least_loaded",
            "topology_graph.nodes.load_balancer.algorithms",
            "unknown word `least_loaded`",
        ),
        (
            "source: gate, target: lb-1",
            "source: client-1, target: lb-1",
            "topology_graph.edges[2].source",
            "`client-1` has several outgoing edges",
        ),
        (
            "source: srv-2, target: client-1",
            "source: srv-1, target: client-1",
            "topology_graph.edges[6]",
            "a second edge leads from `srv-1` to `client-1`",
        ),
        (
            "source: srv-2, target: client-1",
            "source: lb-1, target: client-1",
            "topology_graph.edges[6].target",
            "an edge of the balancer must lead to a server",
        ),
        (
            "source: srv-2, target: client-1",
            "source: srv-1, target: gate",
            "topology_graph.nodes.servers[1]",
            "no edge leads away from `srv-2`",
        ),
        (
            "source: srv-2, target: client-1",
            "source: srv-2, target: gate",
            "topology_graph.nodes.servers[1]",
            "go in a circle",
        ),
        (
            "source: srv-2, target: client-1",
            "source: srv-2, target: srv-1",
            "topology_graph.edges[6].target",
            "`srv-1` is behind the balancer `lb-1`, but `srv-2` bypasses it",
        ),
        (
            "source: rqs-1, target: client-1",
            "source: rqs-1, target: lb-1",
            "topology_graph.edges[0].target",
            "requests of the generator must go to the client first",
        ),
        (
            "source: rqs-1, target: client-1",
            "source: gate, target: client-1",
            "topology_graph.edges",
            "no edge leads from the generator `rqs-1` to the client `client-1`",
        ),
        (
            "source: client-1, target: gate",
            "source: srv-1, target: gate",
            "topology_graph.edges",
            "no edge leads from the client `client-1`",
        ),
        (
            "total_simulation_time: 600",
            "total_simulation_time: 4",
            "sim_settings.total_simulation_time",
            "must be from 5 to 10^9 s, not 4",
        ),
        (
            "sample_period_s: 0.05",
            "sample_period_s: 0.6",
            "sim_settings.sample_period_s",
            "must be from 0.001 to 0.5 s, not 0.6",
        ),
        (
            "[ready_queue_len,",
            "[queue_len,",
            "sim_settings.enabled_sample_metrics[0]",
            "unknown word `queue_len`",
        ),
        ("[rqs_clock,", "[clock,", "sim_settings.enabled_event_metrics[0]", "unknown word `clock`"),
        (
            "target_id: gate-lb",
            "target_id: gate",
            "events[0].target_id",
            "`network_spike_start` applies to an edge, but `gate` is not one",
        ),
        (
            "target_id: srv-1",
            "target_id: lb-srv1",
            "events[1].target_id",
            "`server_down` applies to a server, but `lb-srv1` is not one",
        ),
        ("target_id: srv-1", "target_id: client-1", "events[1].target_id", "`client-1` is not one"),
        (
            "target_id: srv-1",
            "target_id: srv-9",
            "events[1].target_id",
            "`srv-9` is neither a server nor an edge",
        ),
        (
            "kind: server_up, t_end: 240.5",
            "kind: network_spike_end, t_end: 240.5",
            "events[1].end.kind",
            "`server_down` ends with `server_up`",
        ),
        (
            "kind: network_spike_end",
            "kind: server_up",
            "events[0].end.kind",
            "`network_spike_start` ends with `network_spike_end`",
        ),
        (
            spike,
            "start: { kind: network_spike_start, t_start: 100.0 }",
            "events[0].start",
            "how much latency it adds",
        ),
        (
            spike,
            "start: { kind: network_spike_start, t_start: 100.0, spike_s: 0 }",
            "events[0].start.spike_s",
            "`spike_s` must be more than 0 s",
        ),
        (
            down,
            "start: { kind: server_down, t_start: 180, spike_s: 1 }",
            "events[1].start.spike_s",
            "a server that is down has no `spike_s`",
        ),
        (
            down,
            "start: { kind: server_down, t_start: -1 }",
            "events[1].start.t_start",
            "`t_start` must be from 0",
        ),
        (
            down,
            "start: { kind: server_down, t_start: 240.5 }",
            "events[1].end.t_end",
            "ends at 240.5 s, but starts at 240.5 s",
        ),
        (
            "t_end: 600",
            "t_end: 601",
            "events[2].end.t_end",
            "after the end of the simulation at 600 s",
        ),
    ];
    for (old, new, path, words) in cases {
        let (scenario, problems) = read(&edited(old, new));
        assert!(scenario.is_none(), "{new}");
        let reported = problems.iter().find(|p| p.path == path && p.what.contains(words));
        let reported = reported.unwrap_or_else(|| panic!("{new}: {path}: {words}\n{problems:#?}"));
        assert!(reported.severity == Severity::Error && reported.place.is_some(), "{reported:?}");
    }
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

/// Returns the native form of a payload's latency, and the note on it.
fn latency(written: &str) -> (Dist<Span>, Option<Problem>) {
    let text = ONE_SERVER.replacen("{ mean: 0.003, distribution: exponential }", written, 1);
    let (scenario, problems) = lowered(&text);
    assert!(!check(&scenario).any_error(), "{written}");
    assert!(
        problems
            .iter()
            .all(|p| p.severity == Severity::Note && p.path == "topology_graph.edges[0].latency"),
        "{problems:#?}"
    );
    (scenario.links["rqs-1 -> client-1"].latency.clone(), problems.into_iter().next())
}

fn near(found: f64, expected: f64) -> bool {
    (found / expected - 1.0).abs() < 1e-6
}

#[test]
fn latencies_have_the_distributions_of_the_original() {
    // Closed forms of the original's distributions, in seconds.
    let law = |written: &str| latency(written).0.compile();
    let exponential = law("{ mean: 0.003, distribution: exponential }");
    assert!(near(exponential.mean(), 3e6) && near(exponential.cv(), 1.0));
    // N(1 s, sd 0.1 s): the median is 1 s, and the 97.7th percentile 1.2 s.
    let normal = law("{ mean: 1, distribution: normal, variance: 0.1 }");
    assert!(near(normal.quantile(0.5), 1e9) && near(normal.quantile(0.977_249_868), 1.2e9));
    // N(1 s, sd 1 s) clipped at 0: 15.9 % are 0.
    let clipped = law("{ mean: 1, distribution: normal }");
    assert_eq!(clipped.quantile(0.158), 0.0);
    // exp(N(-5, 0.5)): median exp(-5) s is not allowed, as the mean of an edge is positive; so
    // exp(N(0.1, 0.5)).
    let lognormal = law("{ mean: 0.1, distribution: log_normal, variance: 0.5 }");
    assert!(
        near(lognormal.quantile(0.5), 0.1f64.exp() * 1e9)
            && near(lognormal.mean(), (0.1f64 + 0.125).exp() * 1e9)
    );
    assert!(near(
        law("{ mean: 0.1, distribution: log_normal, variance: 0 }").mean(),
        0.1f64.exp() * 1e9
    ));
    let uniform = law("{ mean: 0.003, distribution: uniform }");
    assert!(near(uniform.mean(), 0.5e9) && near(uniform.quantile(0.999_999), 0.999_999e9));
    // A latency without a distribution is Poisson.
    let poisson = law("{ mean: 1.5 }");
    assert!(near(poisson.mean(), 1.5e9) && near(poisson.variance(), 1.5e18));
    assert_eq!(poisson.quantile(0.3), 1e9);
}

#[test]
fn notes_explain_how_a_latency_was_read_and_what_to_write_instead() {
    assert_eq!(latency("{ mean: 0.003, distribution: exponential }").1, None);
    let cases = [
        (
            "{ mean: 0.02, distribution: normal, variance: 0.0001 }",
            "a standard deviation of 100us",
            "write its square root, `variance: 0.01`",
        ),
        (
            "{ mean: 0.02, distribution: normal, variance: 0 }",
            "a standard deviation of 0s",
            "`variance: 0`",
        ),
        (
            "{ mean: 0.1, distribution: log_normal, variance: 0.04 }",
            "μ = 0.1 and σ = 0.04",
            "`latency: { lognormal: { mean: 100ms, cv: 2 } }`",
        ),
        (
            "{ mean: 0.1, distribution: log_normal }",
            "μ = 0.1 and σ = 0.1",
            "`latency: { lognormal: { mean: 100ms, cv: 1 } }`",
        ),
        (
            "{ mean: 0.003, distribution: uniform }",
            "`uniform` is from 0s to 1s here",
            "`latency: { uniform: [0s, 6ms] }`",
        ),
        (
            "{ mean: 0.003, distribution: poisson }",
            "a whole number of seconds here, with a mean of 3ms",
            "`distribution: exponential`",
        ),
        (
            "{ mean: 0.003 }",
            "a whole number of seconds here, with a mean of 3ms",
            "`distribution: exponential`",
        ),
    ];
    for (written, what, help) in cases {
        let note = latency(written).1.unwrap_or_else(|| panic!("{written}: no note"));
        assert!(note.what.contains(what), "{}", note.what);
        assert!(note.help.as_ref().is_some_and(|text| text.contains(help)), "{:?}", note.help);
    }
}

#[test]
fn normal_users_have_the_variance_as_their_standard_deviation() {
    let users = |written: &str| {
        let (scenario, problems) = lowered(&ONE_SERVER.replacen("{ mean: 5 }", written, 1));
        assert!(!check(&scenario).any_error(), "{written}");
        (scenario.workload["rqs-1"].users.as_ref().expect("users").active.compile(), problems)
    };
    let (law, problems) = users("{ mean: 100, distribution: normal, variance: 20 }");
    assert!(near(law.quantile(0.5), 100.0) && near(law.quantile(0.977_249_868), 140.0));
    assert!(
        problems.len() == 1 && problems[0].what.contains("a standard deviation of 20"),
        "{problems:#?}"
    );
    // Without a variance it is the mean.
    assert!(near(users("{ mean: 9, distribution: normal }").0.quantile(0.977_249_868), 27.0));
    assert_eq!(users("{ mean: 9, distribution: normal, variance: 0 }").0.variance(), 0.0);
    let (_, problems) = users("{ mean: 10.5, distribution: normal, variance: 2 }");
    assert!(
        problems.iter().any(|p| p.severity == Severity::Warning
            && p.what.contains("rounded to whole numbers here, 11 and 2")),
        "{problems:#?}"
    );
    assert_eq!(users("{ mean: 0.5 }").0.mean(), 0.5);
}
