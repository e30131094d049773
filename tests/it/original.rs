//! Agreement with the original, AsyncFlow 0.1.1 (Python, SimPy): six systems, 30 seeded runs each (12 for the heavy one).
//!
//! The payloads are our own, with the numbers of the original's examples. The figures are the original's means and standard errors of per-run
//! values, so ours are compared as means over replications. Agreement: within 4 combined standard errors plus 0.5 %; a system has about
//! twenty figures, and a right simulator fails one in 16,000.

use asyncflow::scenario::{self, text::Format};
use std::path::Path;

/// A figure of the original: whose, our word for it, mean, standard error.
type Figure = (&'static str, &'static str, f64, f64);

fn agrees(payload: &str, figures: &[Figure]) {
    let loaded = scenario::read(payload, Format::Yaml, "original", Path::new(""), &[]);
    let mut scenario = loaded.scenario.unwrap_or_else(|| panic!("{:?}", loaded.problems));
    scenario.run.replications = 60;
    let results = asyncflow::run(&scenario).unwrap_or_else(|e| panic!("{e}"));
    let mut wrong = Vec::new();
    for (of, number, mean, std_error) in figures {
        let ((kind, entity), (metric, stat)) =
            (of.split_once(' ').expect("kind and entity"), number.rsplit_once(' ').expect("metric and statistic"));
        let row = results.find(kind, entity, metric, stat).unwrap_or_else(|| panic!("no {number} of {of}"));
        let n = row.values.len() as f64;
        let value = row.values.iter().sum::<f64>() / n;
        let variance = row.values.iter().map(|v| (v - value) * (v - value)).sum::<f64>() / (n - 1.0);
        let allowed = 4.0 * (std_error * std_error + variance / n).sqrt() + 0.005 * mean.abs();
        if (value - mean).abs() > allowed {
            wrong.push(format!("{of} {number}: {value} against {mean} of the original, allowed ± {allowed}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[allow(clippy::too_many_arguments, reason = "a payload has that many numbers")]
/// One server behind a client; steps are parsing, memory (if any), I/O.
fn single(users: u32, rpm: u32, cores: u32, ram_mb: u32, cpu_s: f64, memory_mb: u32, io_s: f64, duration_s: u32, events: &str) -> String {
    let memory = if memory_mb > 0 {
        format!("          - {{ kind: ram, step_operation: {{ necessary_ram: {memory_mb} }} }}\n")
    } else {
        String::new()
    };
    format!(
        "rqs_input: {{ id: rqs-1, avg_active_users: {{ mean: {users} }}, avg_request_per_minute_per_user: {{ mean: {rpm} }}, user_sampling_window: 60 }}
topology_graph:
  nodes:
    client: {{ id: client-1 }}
    servers:
      - id: srv-1
        server_resources: {{ cpu_cores: {cores}, ram_mb: {ram_mb} }}
        endpoints:
        - endpoint_name: ep-1
          steps:
          - {{ kind: initial_parsing, step_operation: {{ cpu_time: {cpu_s} }} }}
{memory}          - {{ kind: io_wait, step_operation: {{ io_waiting_time: {io_s} }} }}
  edges:
    - {{ id: gen-to-client, source: rqs-1, target: client-1, latency: {{ mean: 0.003, distribution: exponential }} }}
    - {{ id: client-to-server, source: client-1, target: srv-1, latency: {{ mean: 0.003, distribution: exponential }} }}
    - {{ id: server-to-client, source: srv-1, target: client-1, latency: {{ mean: 0.003, distribution: exponential }} }}
sim_settings: {{ total_simulation_time: {duration_s} }}
{events}"
    )
}

/// Two servers behind a balancer.
fn balanced(users: u32, events: &str) -> String {
    let server = |id: &str| {
        format!(
            "      - id: {id}
        server_resources: {{ cpu_cores: 1, ram_mb: 2048 }}
        endpoints:
        - endpoint_name: /api
          steps:
          - {{ kind: initial_parsing, step_operation: {{ cpu_time: 0.002 }} }}
          - {{ kind: ram, step_operation: {{ necessary_ram: 128 }} }}
          - {{ kind: io_wait, step_operation: {{ io_waiting_time: 0.012 }} }}
"
        )
    };
    let edge = |id: &str, source: &str, target: &str, mean: f64| {
        format!("    - {{ id: {id}, source: {source}, target: {target}, latency: {{ mean: {mean}, distribution: exponential }} }}\n")
    };
    let edges = [
        edge("gen-client", "rqs-1", "client-1", 0.003),
        edge("client-lb", "client-1", "lb-1", 0.002),
        edge("lb-srv1", "lb-1", "srv-1", 0.002),
        edge("lb-srv2", "lb-1", "srv-2", 0.002),
        edge("srv1-client", "srv-1", "client-1", 0.003),
        edge("srv2-client", "srv-2", "client-1", 0.003),
    ];
    format!(
        "rqs_input: {{ id: rqs-1, avg_active_users: {{ mean: {users} }}, avg_request_per_minute_per_user: {{ mean: 20 }}, user_sampling_window: 60 }}
topology_graph:
  nodes:
    client: {{ id: client-1 }}
    load_balancer: {{ id: lb-1, algorithms: round_robin, server_covered: [srv-1, srv-2] }}
    servers:
{}{}  edges:
{}sim_settings: {{ total_simulation_time: 600 }}
{events}",
        server("srv-1"),
        server("srv-2"),
        edges.concat()
    )
}

fn spike(id: &str, edge: &str, from: u32, to: u32, spike_s: f64) -> String {
    format!(
        "  - {{ event_id: {id}, target_id: {edge}, start: {{ kind: network_spike_start, t_start: {from}, spike_s: {spike_s} }}, end: {{ kind: network_spike_end, t_end: {to} }} }}\n"
    )
}

fn outage(id: &str, server: &str, from: u32, to: u32) -> String {
    format!(
        "  - {{ event_id: {id}, target_id: {server}, start: {{ kind: server_down, t_start: {from} }}, end: {{ kind: server_up, t_end: {to} }} }}\n"
    )
}

#[test]
fn one_server_behaves_as_in_the_original() {
    // `single_server` of the original's examples.
    let figures = [
        ("workload rqs-1", "completed total", 16319.2333, 78.0),
        ("workload rqs-1", "latency mean", 0.110023198, 8.2e-06),
        ("workload rqs-1", "latency p50", 0.109048606, 9.23e-06),
        ("workload rqs-1", "latency p95", 0.119904129, 2.77e-05),
        ("workload rqs-1", "latency p99", 0.126360934, 5.56e-05),
        ("link client-to-server", "in_flight mean", 0.0986165283, 0.000715),
        ("link gen-to-client", "in_flight mean", 0.101080108, 0.000798),
        ("link server-to-client", "in_flight mean", 0.0977364403, 0.000535),
        ("instance srv-1", "io_waiting mean", 3.29693636, 0.0156),
        ("instance srv-1", "memory_used mean", 333035304.0, 1.59e+06),
        ("instance srv-1", "ready_queue mean", 0.000550055006, 3.77e-05),
    ];
    agrees(&single(100, 20, 1, 2048, 0.001, 100, 0.1, 500, ""), &figures);
}

#[test]
fn two_servers_behind_a_balancer_behave_as_in_the_original() {
    // `two_servers_lb` of the original's examples.
    let figures = [
        ("workload rqs-1", "completed total", 76573.2667, 212.0),
        ("workload rqs-1", "latency mean", 0.024051284, 3e-06),
        ("workload rqs-1", "latency p50", 0.023184962, 4.11e-06),
        ("workload rqs-1", "latency p95", 0.0336826151, 9.32e-06),
        ("workload rqs-1", "latency p99", 0.0396880891, 2.43e-05),
        ("link client-lb", "in_flight mean", 0.260288357, 0.00104),
        ("link gen-client", "in_flight mean", 0.395477401, 0.00173),
        ("link lb-srv1", "in_flight mean", 0.128527377, 0.00071),
        ("link lb-srv2", "in_flight mean", 0.12944412, 0.000535),
        ("link srv1-client", "in_flight mean", 0.191229825, 0.000852),
        ("link srv2-client", "in_flight mean", 0.191146484, 0.000832),
        ("instance srv-1", "io_waiting mean", 0.772414368, 0.00216),
        ("instance srv-2", "io_waiting mean", 0.773931161, 0.00245),
        ("instance srv-1", "memory_used mean", 115875967.0, 2.99e+05),
        ("instance srv-2", "memory_used mean", 115903348.0, 3.34e+05),
        ("instance srv-1", "ready_queue mean", 0.00318359863, 5.77e-05),
        ("instance srv-2", "ready_queue mean", 0.00314192849, 0.0001),
    ];
    agrees(&balanced(400, ""), &figures);
}

#[test]
fn a_spike_on_a_link_behaves_as_in_the_original() {
    // `event_inj_single_server` of the original's examples.
    let figures = [
        ("workload rqs-1", "completed total", 16090.5667, 90.6),
        ("workload rqs-1", "latency mean", 0.585811022, 0.00533),
        ("workload rqs-1", "latency p50", 0.111156407, 4.01e-05),
        ("workload rqs-1", "latency p95", 2.11356953, 6.67e-05),
        ("workload rqs-1", "latency p99", 2.12059851, 6.71e-05),
        ("link client-to-server", "in_flight mean", 15.5800947, 0.209),
        ("link gen-to-client", "in_flight mean", 0.0986932027, 0.000692),
        ("link server-to-client", "in_flight mean", 0.0962662933, 0.000784),
        ("instance srv-1", "io_waiting mean", 3.25065173, 0.0182),
        ("instance srv-1", "memory_used mean", 328365503.0, 1.84e+06),
        ("instance srv-1", "ready_queue mean", 0.000506717338, 3.83e-05),
    ];
    agrees(
        &single(100, 20, 1, 2048, 0.001, 100, 0.1, 500, &format!("events:\n{}", spike("e", "client-to-server", 120, 240, 2.0))),
        &figures,
    );
}

#[test]
fn spikes_and_outages_behind_a_balancer_behave_as_in_the_original() {
    // `event_inj_lb` of the original's examples.
    let events = [
        spike("s1", "client-lb", 100, 160, 0.015),
        outage("d1", "srv-1", 180, 240),
        spike("s2", "lb-srv2", 300, 360, 0.02),
        outage("d2", "srv-2", 360, 420),
        spike("s3", "gen-client", 480, 540, 0.01),
    ];
    let events = format!("events:\n{}", events.concat());
    let figures = [
        ("workload rqs-1", "completed total", 23098.6, 102.0),
        ("workload rqs-1", "latency mean", 0.0275145496, 2.25e-05),
        ("workload rqs-1", "latency p50", 0.0253800939, 2.31e-05),
        ("workload rqs-1", "latency p95", 0.0433095512, 5.12e-05),
        ("workload rqs-1", "latency p99", 0.0502865515, 7.02e-05),
        ("link client-lb", "in_flight mean", 0.137508681, 0.00117),
        ("link gen-client", "in_flight mean", 0.158229852, 0.00134),
        ("link lb-srv1", "in_flight mean", 0.0386837792, 0.000332),
        ("link lb-srv2", "in_flight mean", 0.0774564547, 0.000819),
        ("link srv1-client", "in_flight mean", 0.0583243048, 0.000538),
        ("link srv2-client", "in_flight mean", 0.0579576076, 0.000553),
        ("instance srv-1", "io_waiting mean", 0.234575103, 0.00154),
        ("instance srv-2", "io_waiting mean", 0.232408256, 0.00135),
        ("instance srv-1", "memory_used mean", 35062477.4, 2.22e+05),
        ("instance srv-2", "memory_used mean", 34810367.5, 2.05e+05),
        ("instance srv-1", "ready_queue mean", 0.000452815512, 3.57e-05),
        ("instance srv-2", "ready_queue mean", 0.000400033336, 3.28e-05),
    ];
    agrees(&balanced(120, &events), &figures);
}

#[test]
fn a_light_load_behaves_as_in_the_original() {
    // `light_single_server` of the original's examples.
    let figures = [
        ("workload rqs-1", "completed total", 199.166667, 16.9),
        ("workload rqs-1", "latency mean", 0.0120108464, 8.55e-05),
        ("workload rqs-1", "latency p50", 0.0110515588, 0.000113),
        ("workload rqs-1", "latency p95", 0.021921218, 0.000266),
        ("workload rqs-1", "latency p99", 0.0275480702, 0.000471),
        ("link client-to-server", "in_flight mean", 0.0120933333, 0.000986),
        ("link gen-to-client", "in_flight mean", 0.0118066667, 0.00105),
        ("link server-to-client", "in_flight mean", 0.01222, 0.00109),
        ("instance srv-1", "io_waiting mean", 0.00796666667, 0.0007),
    ];
    agrees(&single(5, 40, 2, 2048, 0.001, 0, 0.002, 50, ""), &figures);
}

#[test]
fn a_heavy_load_with_a_spike_behaves_as_in_the_original() {
    // `heavy_inj_single_server` of the original's examples.
    let figures = [
        ("workload rqs-1", "completed total", 86479.1667, 379.0),
        ("workload rqs-1", "latency mean", 0.839535694, 0.00752),
        ("workload rqs-1", "latency p50", 0.222207731, 0.000132),
        ("workload rqs-1", "latency p95", 3.22658524, 0.000671),
        ("workload rqs-1", "latency p99", 3.2461655, 0.00181),
        ("link client-to-server", "in_flight mean", 87.9833597, 1.14),
        ("link gen-to-client", "in_flight mean", 0.441113148, 0.00257),
        ("link server-to-client", "in_flight mean", 0.42963997, 0.00243),
        ("instance srv-1", "io_waiting mean", 29.118753, 0.128),
        ("instance srv-1", "memory_used mean", 6.12931216e+09, 2.82e+07),
        ("instance srv-1", "ready_queue mean", 0.800941745, 0.00997),
    ];
    agrees(
        &single(300, 30, 1, 8000, 0.005, 200, 0.2, 600, &format!("events:\n{}", spike("e", "client-to-server", 180, 300, 3.0))),
        &figures,
    );
}
