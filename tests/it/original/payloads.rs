//! The six payloads of AsyncFlow 0.1's examples, rewritten with their numbers, and the results of
//! the original.
//!
//! Figures: AsyncFlow 0.1.1 (Python 3.11, SimPy), 30 seeded runs of each payload, 12 of the heavy
//! one: the mean over the runs, and its standard error. Maxima of gauges are maxima of samples
//! every 50 ms (10 ms in the light one). The names are those of `docs/outputs.md`.

use asyncflow::experiment::Results;
use asyncflow::scenario::{self, Format, Scenario};
use std::path::Path;

/// A payload and the figures of the original.
pub struct Payload {
    pub name: &'static str,
    /// The payload in the format of AsyncFlow 0.1.
    pub text: String,
    /// Mean number of requests per second.
    pub rate: f64,
    pub duration_s: f64,
    /// The number of links that a request crosses, each of which loses 1 %.
    pub links: i32,
    pub figures: &'static [Figure],
}

/// A figure of the original: kind and entity, metric and statistic, mean, standard error.
pub type Figure = (&'static str, &'static str, f64, f64);

/// A figure of this version: the mean over the replications, as in the original.
#[derive(Clone, Copy)]
pub struct Ours {
    pub mean: f64,
    pub std_error: f64,
}

/// The number of replications of this version.
const REPLICATIONS: u32 = 60;

impl Payload {
    pub fn scenario(&self) -> Scenario {
        let loaded = scenario::read(&self.text, Format::Yaml, self.name, Path::new(""), &[]);
        let mut scenario = loaded.scenario.unwrap_or_else(|| panic!("{:?}", loaded.problems));
        scenario.run.replications = asyncflow::scenario::Replications::Fixed(REPLICATIONS);
        scenario
    }
}

/// Returns whether a figure is a maximum of samples, which can only be too low.
pub fn is_sampled_maximum((of, number, ..): &Figure) -> bool {
    !of.starts_with("workload") && number.ends_with(" max")
}

pub fn ours(results: &Results, (of, number, ..): &Figure) -> Ours {
    let (kind, entity) = of.split_once(' ').expect("kind and entity");
    let (metric, stat) = number.rsplit_once(' ').expect("metric and statistic");
    let row =
        results.find(kind, entity, metric, stat).unwrap_or_else(|| panic!("no {number} of {of}"));
    let n = row.values.len() as f64;
    let mean = row.values.iter().sum::<f64>() / n;
    let variance = row.values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    Ours { mean, std_error: (variance / n).sqrt() }
}

/// Returns the standard error of the difference.
pub fn combined(ours: &Ours, (.., std_error): &Figure) -> f64 {
    ours.std_error.hypot(*std_error)
}

/// Returns a message if a figure differs from the original's by more than 4 combined standard
/// errors plus 0.5 %; a sampled maximum disagrees only if ours is lower.
pub fn disagreement(ours: &Ours, figure: &Figure) -> Option<String> {
    let (of, number, mean, _) = figure;
    let allowed = 4.0 * combined(ours, figure) + 0.005 * mean.abs();
    let difference = ours.mean - mean;
    let wrong =
        if is_sampled_maximum(figure) { difference < -allowed } else { difference.abs() > allowed };
    wrong.then(|| {
        format!("{of} {number}: {} against {mean} of the original, allowed ± {allowed}", ours.mean)
    })
}

pub fn all() -> Vec<Payload> {
    let events = |events: &[String]| format!("events:\n{}", events.concat());
    let spike_of_two = events(&[spike("e", "client-to-server", 120, 240, 2.0)]);
    let spike_of_three = events(&[spike("e", "client-to-server", 180, 300, 3.0)]);
    let spikes_and_outages = events(&[
        spike("s1", "client-lb", 100, 160, 0.015),
        outage("d1", "srv-1", 180, 240),
        spike("s2", "lb-srv2", 300, 360, 0.02),
        outage("d2", "srv-2", 360, 420),
        spike("s3", "gen-client", 480, 540, 0.01),
    ]);
    let payload = |name, text, rate, duration_s, links, figures| Payload {
        name,
        text,
        rate,
        duration_s,
        links,
        figures,
    };
    vec![
        payload(
            "single_server",
            single(100, 20, 1, 2048, 0.001, 100, 0.1, 500, ""),
            100.0 / 3.0,
            500.0,
            3,
            SINGLE_SERVER,
        ),
        payload("two_servers_lb", balanced(400, ""), 400.0 / 3.0, 600.0, 4, TWO_SERVERS_LB),
        payload(
            "event_inj_single_server",
            single(100, 20, 1, 2048, 0.001, 100, 0.1, 500, &spike_of_two),
            100.0 / 3.0,
            500.0,
            3,
            EVENT_INJ_SINGLE_SERVER,
        ),
        payload("event_inj_lb", balanced(120, &spikes_and_outages), 40.0, 600.0, 4, EVENT_INJ_LB),
        payload(
            "light_single_server",
            single(5, 40, 2, 2048, 0.001, 0, 0.002, 50, ""),
            5.0 * 40.0 / 60.0,
            50.0,
            3,
            LIGHT_SINGLE_SERVER,
        ),
        payload(
            "heavy_inj_single_server",
            single(300, 30, 1, 8000, 0.005, 200, 0.2, 600, &spike_of_three),
            150.0,
            600.0,
            3,
            HEAVY_INJ_SINGLE_SERVER,
        ),
    ]
}

#[allow(clippy::too_many_arguments, reason = "a payload has this many numbers")]
/// Returns a payload with one server behind a client; its steps are parsing, memory (if any) and
/// I/O.
fn single(
    users: u32,
    rpm: u32,
    cores: u32,
    ram_mb: u32,
    cpu_s: f64,
    memory_mb: u32,
    io_s: f64,
    duration_s: u32,
    events: &str,
) -> String {
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

/// Returns a payload with two servers behind a balancer.
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
        format!(
            "    - {{ id: {id}, source: {source}, target: {target}, latency: {{ mean: {mean}, distribution: exponential }} }}\n"
        )
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

const SINGLE_SERVER: &[Figure] = &[
    ("workload rqs-1", "completed total", 16319.2333, 78.01),
    ("workload rqs-1", "latency mean", 0.110023198, 8.201e-6),
    ("workload rqs-1", "latency p50", 0.109048606, 9.229e-6),
    ("workload rqs-1", "latency p95", 0.119904129, 2.772e-5),
    ("workload rqs-1", "latency p99", 0.126360934, 5.561e-5),
    ("workload rqs-1", "latency sd", 0.005202368, 7.585e-6),
    ("workload rqs-1", "latency min", 0.101183771, 1.461e-5),
    ("workload rqs-1", "latency max", 0.146819313, 0.0009597),
    ("link client-to-server", "in_flight mean", 0.0986165283, 0.000715),
    ("link gen-to-client", "in_flight mean", 0.101080108, 0.0007977),
    ("link server-to-client", "in_flight mean", 0.0977364403, 0.0005346),
    ("instance srv-1", "io_waiting mean", 3.29693636, 0.01564),
    ("instance srv-1", "memory_used mean", 333035304.0, 1590000.0),
    ("instance srv-1", "ready_queue mean", 0.000550055006, 3.768e-5),
    ("link client-to-server", "in_flight max", 2.76666667, 0.09202),
    ("link gen-to-client", "in_flight max", 2.83333333, 0.08419),
    ("link server-to-client", "in_flight max", 2.7, 0.0851),
    ("instance srv-1", "io_waiting max", 12.5666667, 0.1567),
    ("instance srv-1", "memory_used max", 1266666670.0, 15410000.0),
    ("instance srv-1", "ready_queue max", 1.06666667, 0.04632),
];

const TWO_SERVERS_LB: &[Figure] = &[
    ("workload rqs-1", "completed total", 76573.2667, 211.9),
    ("workload rqs-1", "latency mean", 0.024051284, 3.0e-6),
    ("workload rqs-1", "latency p50", 0.023184962, 4.108e-6),
    ("workload rqs-1", "latency p95", 0.0336826151, 9.322e-6),
    ("workload rqs-1", "latency p99", 0.0396880891, 2.425e-5),
    ("workload rqs-1", "latency sd", 0.00511261657, 3.186e-6),
    ("workload rqs-1", "latency min", 0.0142831168, 2.107e-5),
    ("workload rqs-1", "latency max", 0.0646412201, 0.0009694),
    ("link client-lb", "in_flight mean", 0.260288357, 0.001045),
    ("link gen-client", "in_flight mean", 0.395477401, 0.001729),
    ("link lb-srv1", "in_flight mean", 0.128527377, 0.0007096),
    ("link lb-srv2", "in_flight mean", 0.12944412, 0.0005349),
    ("link srv1-client", "in_flight mean", 0.191229825, 0.0008516),
    ("link srv2-client", "in_flight mean", 0.191146484, 0.0008315),
    ("instance srv-1", "io_waiting mean", 0.772414368, 0.002161),
    ("instance srv-2", "io_waiting mean", 0.773931161, 0.002447),
    ("instance srv-1", "memory_used mean", 115875967.0, 298800.0),
    ("instance srv-2", "memory_used mean", 115903348.0, 333800.0),
    ("instance srv-1", "ready_queue mean", 0.00318359863, 5.768e-5),
    ("instance srv-2", "ready_queue mean", 0.00314192849, 0.0001003),
    ("link client-lb", "in_flight max", 3.96666667, 0.1221),
    ("link gen-client", "in_flight max", 4.4, 0.09097),
    ("link lb-srv1", "in_flight max", 2.2, 0.07428),
    ("link lb-srv2", "in_flight max", 2.2, 0.07428),
    ("link srv1-client", "in_flight max", 2.73333333, 0.08212),
    ("link srv2-client", "in_flight max", 2.96666667, 0.05839),
    ("instance srv-1", "io_waiting max", 4.23333333, 0.07854),
    ("instance srv-2", "io_waiting max", 4.26666667, 0.08212),
    ("instance srv-1", "memory_used max", 614400000.0, 9508000.0),
    ("instance srv-2", "memory_used max", 605866667.0, 13630000.0),
    ("instance srv-1", "ready_queue max", 1.23333333, 0.07854),
    ("instance srv-2", "ready_queue max", 1.3, 0.0851),
];

const EVENT_INJ_SINGLE_SERVER: &[Figure] = &[
    ("workload rqs-1", "completed total", 16090.5667, 90.6),
    ("workload rqs-1", "latency mean", 0.585811022, 0.005328),
    ("workload rqs-1", "latency p50", 0.111156407, 4.014e-5),
    ("workload rqs-1", "latency p95", 2.11356953, 6.67e-5),
    ("workload rqs-1", "latency p99", 2.12059851, 6.711e-5),
    ("workload rqs-1", "latency sd", 0.850938147, 0.003296),
    ("workload rqs-1", "latency min", 0.101216553, 1.475e-5),
    ("workload rqs-1", "latency max", 2.14287747, 0.0009856),
    ("link client-to-server", "in_flight mean", 15.5800947, 0.2085),
    ("link gen-to-client", "in_flight mean", 0.0986932027, 0.0006921),
    ("link server-to-client", "in_flight mean", 0.0962662933, 0.0007844),
    ("instance srv-1", "io_waiting mean", 3.25065173, 0.01818),
    ("instance srv-1", "memory_used mean", 328365503.0, 1837000.0),
    ("instance srv-1", "ready_queue mean", 0.000506717338, 3.834e-5),
    ("link client-to-server", "in_flight max", 92.1, 1.427),
    ("link gen-to-client", "in_flight max", 2.76666667, 0.09202),
    ("link server-to-client", "in_flight max", 2.66666667, 0.09981),
    ("instance srv-1", "io_waiting max", 12.8666667, 0.2019),
    ("instance srv-1", "memory_used max", 1293333330.0, 20300000.0),
    ("instance srv-1", "ready_queue max", 1.06666667, 0.04632),
];

const EVENT_INJ_LB: &[Figure] = &[
    ("workload rqs-1", "completed total", 23098.6, 101.8),
    ("workload rqs-1", "latency mean", 0.0275145496, 2.245e-5),
    ("workload rqs-1", "latency p50", 0.0253800939, 2.309e-5),
    ("workload rqs-1", "latency p95", 0.0433095512, 5.122e-5),
    ("workload rqs-1", "latency p99", 0.0502865515, 7.016e-5),
    ("workload rqs-1", "latency sd", 0.00812622507, 1.751e-5),
    ("workload rqs-1", "latency min", 0.0144039376, 2.518e-5),
    ("workload rqs-1", "latency max", 0.0711481104, 0.0006542),
    ("link client-lb", "in_flight mean", 0.137508681, 0.001168),
    ("link gen-client", "in_flight mean", 0.158229852, 0.00134),
    ("link lb-srv1", "in_flight mean", 0.0386837792, 0.0003316),
    ("link lb-srv2", "in_flight mean", 0.0774564547, 0.0008188),
    ("link srv1-client", "in_flight mean", 0.0583243048, 0.0005384),
    ("link srv2-client", "in_flight mean", 0.0579576076, 0.0005526),
    ("instance srv-1", "io_waiting mean", 0.234575103, 0.001537),
    ("instance srv-2", "io_waiting mean", 0.232408256, 0.001353),
    ("instance srv-1", "memory_used mean", 35062477.4, 221900.0),
    ("instance srv-2", "memory_used mean", 34810367.5, 205100.0),
    ("instance srv-1", "ready_queue mean", 0.000452815512, 3.567e-5),
    ("instance srv-2", "ready_queue mean", 0.000400033336, 3.281e-5),
    ("link client-lb", "in_flight max", 4.53333333, 0.1148),
    ("link gen-client", "in_flight max", 4.16666667, 0.08419),
    ("link lb-srv1", "in_flight max", 2.0, 0.0),
    ("link lb-srv2", "in_flight max", 2.9, 0.08776),
    ("link srv1-client", "in_flight max", 2.13333333, 0.06312),
    ("link srv2-client", "in_flight max", 2.13333333, 0.06312),
    ("instance srv-1", "io_waiting max", 3.9, 0.1109),
    ("instance srv-2", "io_waiting max", 3.8, 0.08841),
    ("instance srv-1", "memory_used max", 558933333.0, 15630000.0),
    ("instance srv-2", "memory_used max", 529066667.0, 10150000.0),
    ("instance srv-1", "ready_queue max", 1.1, 0.05571),
    ("instance srv-2", "ready_queue max", 1.06666667, 0.04632),
];

const LIGHT_SINGLE_SERVER: &[Figure] = &[
    ("workload rqs-1", "completed total", 199.166667, 16.88),
    ("workload rqs-1", "latency mean", 0.0120108464, 8.554e-5),
    ("workload rqs-1", "latency p50", 0.0110515588, 0.0001126),
    ("workload rqs-1", "latency p95", 0.021921218, 0.0002659),
    ("workload rqs-1", "latency p99", 0.0275480702, 0.0004705),
    ("workload rqs-1", "latency sd", 0.00520492353, 6.314e-5),
    ("workload rqs-1", "latency min", 0.0040563605, 7.234e-5),
    ("workload rqs-1", "latency max", 0.0325716054, 0.001093),
    ("link client-to-server", "in_flight mean", 0.0120933333, 0.0009859),
    ("link gen-to-client", "in_flight mean", 0.0118066667, 0.001055),
    ("link server-to-client", "in_flight mean", 0.01222, 0.001087),
    ("instance srv-1", "io_waiting mean", 0.00796666667, 0.0007005),
    ("instance srv-1", "memory_used mean", 0.0, 0.0),
    ("instance srv-1", "ready_queue mean", 0.0, 0.0),
    ("link client-to-server", "in_flight max", 1.4, 0.09097),
    ("link gen-to-client", "in_flight max", 1.43333333, 0.1038),
    ("link server-to-client", "in_flight max", 1.2, 0.07428),
    ("instance srv-1", "io_waiting max", 1.1, 0.05571),
    ("instance srv-1", "memory_used max", 0.0, 0.0),
    ("instance srv-1", "ready_queue max", 0.0, 0.0),
];

const HEAVY_INJ_SINGLE_SERVER: &[Figure] = &[
    ("workload rqs-1", "completed total", 86479.1667, 379.2),
    ("workload rqs-1", "latency mean", 0.839535694, 0.007523),
    ("workload rqs-1", "latency p50", 0.222207731, 0.0001322),
    ("workload rqs-1", "latency p95", 3.22658524, 0.0006706),
    ("workload rqs-1", "latency p99", 3.2461655, 0.00181),
    ("workload rqs-1", "latency sd", 1.20977316, 0.005528),
    ("workload rqs-1", "latency min", 0.205170599, 1.271e-5),
    ("workload rqs-1", "latency max", 4.80401167, 0.07953),
    ("link client-to-server", "in_flight mean", 87.9833597, 1.136),
    ("link gen-to-client", "in_flight mean", 0.441113148, 0.002575),
    ("link server-to-client", "in_flight mean", 0.42963997, 0.002426),
    ("instance srv-1", "io_waiting mean", 29.118753, 0.1284),
    ("instance srv-1", "memory_used mean", 6129312160.0, 28210000.0),
    ("instance srv-1", "ready_queue mean", 0.800941745, 0.009972),
    ("link client-to-server", "in_flight max", 504.5, 6.207),
    ("link gen-to-client", "in_flight max", 4.66666667, 0.1421),
    ("link server-to-client", "in_flight max", 3.0, 0.0),
    ("instance srv-1", "io_waiting max", 40.0, 0.0),
    ("instance srv-1", "memory_used max", 8000000000.0, 0.0),
    ("instance srv-1", "ready_queue max", 10.5833333, 0.358),
];
