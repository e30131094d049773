//! Every error of a payload, each with its place and its message.

use super::{edited, read};
use crate::problem::Severity;

/// The old text, the new text, the path, and a part of the message.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

const SPIKE: &str = "start: { kind: network_spike_start, t_start: 100.0, spike_s: 0.015 }";
const DOWN: &str = "start: { kind: server_down, t_start: 180 }";

/// Errors of the users.
const WORKLOAD: &[Mistake] = &[
    ("user_sampling_window: 30", "window: 30", "rqs_input.window", "unknown field `window`"),
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
];

/// Errors of nodes: the client, the servers, the balancer.
const NODES: &[Mistake] = &[
    (
        "type: client }",
        "type: server }",
        "topology_graph.nodes.client.type",
        "unknown word `server`, expected `client`",
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
    ("id: client-1,", "id: a->b,", "topology_graph.nodes.client.id", "cannot be the id of a node"),
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
];

/// Errors of endpoints and their steps.
const STEPS: &[Mistake] = &[
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
];

/// Errors of edges.
const EDGES: &[Mistake] = &[
    (
        "dropout_rate: 0.25",
        "drop_rate: 0.25",
        "topology_graph.edges[0].drop_rate",
        "unknown field `drop_rate`",
    ),
    (
        "id: client-gate",
        "id: gen-client",
        "topology_graph.edges[1].id",
        "the edge id `gen-client` is given twice",
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
];

/// Errors of the settings of the simulation.
const SETTINGS: &[Mistake] = &[
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
];

/// Errors of events.
const EVENTS: &[Mistake] = &[
    (
        "event_id: ev-2",
        "event_id: ev-1",
        "events[1].event_id",
        "the event id `ev-1` is given twice",
    ),
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
        SPIKE,
        "start: { kind: network_spike_start, t_start: 100.0 }",
        "events[0].start",
        "how much latency it adds",
    ),
    (
        SPIKE,
        "start: { kind: network_spike_start, t_start: 100.0, spike_s: 0 }",
        "events[0].start.spike_s",
        "`spike_s` must be more than 0 s",
    ),
    (
        DOWN,
        "start: { kind: server_down, t_start: 180, spike_s: 1 }",
        "events[1].start.spike_s",
        "a server that is down has no `spike_s`",
    ),
    (
        DOWN,
        "start: { kind: server_down, t_start: -1 }",
        "events[1].start.t_start",
        "`t_start` must be from 0",
    ),
    (
        DOWN,
        "start: { kind: server_down, t_start: 240.5 }",
        "events[1].end.t_end",
        "ends at 240.5 s, but starts at 240.5 s",
    ),
    ("t_end: 600", "t_end: 601", "events[2].end.t_end", "after the end of the simulation at 600 s"),
];

#[test]
fn every_error_has_its_place_and_message() {
    let cases = [WORKLOAD, NODES, STEPS, EDGES, SETTINGS, EVENTS].concat();
    for (old, new, path, words) in cases {
        let (scenario, problems) = read(&edited(old, new));
        assert!(scenario.is_none(), "{new}");
        let reported = problems.iter().find(|p| p.path == path && p.what.contains(words));
        let reported = reported.unwrap_or_else(|| panic!("{new}: {path}: {words}\n{problems:#?}"));
        assert!(reported.severity == Severity::Error && reported.place.is_some(), "{reported:?}");
    }
}
