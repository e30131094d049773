//! The types of a payload, 0.1 or later, field by field.
//!
//! Limits: every number is read as `f64`; `check` enforces whole numbers and ranges. Unknown fields
//! are rejected everywhere; the original rejected them only in places and ignored the others.
//! Source: the original's schemas. Tested with the checks, in `tests.rs`.

use super::variable::Variable;
use indexmap::IndexMap;
use serde::Deserialize;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    /// The request generator in 0.1's format.
    pub rqs_input: Option<Generator>,
    /// The request generator in the later format.
    pub arrivals: Option<Arrivals>,
    pub topology_graph: Topology,
    pub sim_settings: Settings,
    pub events: Option<Vec<Event>>,
}

/// The generator of requests: a number of active users.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Generator {
    pub id: String,
    #[serde(rename = "type")]
    pub _kind: Option<GeneratorType>,
    pub avg_active_users: ActiveUsers,
    pub avg_request_per_minute_per_user: RequestRate,
    /// Seconds.
    #[serde(default = "a_minute")]
    pub user_sampling_window: f64,
}

/// A stream of requests with independent gaps, in the later format.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arrivals {
    pub id: String,
    #[serde(rename = "type")]
    pub _kind: Option<GeneratorType>,
    pub lambda_rps: f64,
    pub model: ArrivalModel,
    pub variability: Option<Variability>,
    /// Seconds.
    pub empirical_data: Option<Vec<f64>>,
}

/// The distribution of the number of active users.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActiveUsers {
    pub mean: f64,
    #[serde(default)]
    pub distribution: UsersDistribution,
    pub variance: Option<f64>,
}

/// The request rate of one user, per minute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestRate {
    pub mean: f64,
    #[serde(rename = "distribution")]
    pub _distribution: Option<RateDistribution>,
    #[serde(rename = "variance")]
    pub _variance: Option<f64>,
}

/// Nodes and edges.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topology {
    pub nodes: Nodes,
    pub edges: Vec<Edge>,
}

/// All nodes except the generator.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nodes {
    pub client: Client,
    pub load_balancer: Option<LoadBalancer>,
    pub servers: Vec<Server>,
}

/// The client, where requests start and responses end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    pub id: String,
    #[serde(rename = "type")]
    pub _kind: Option<ClientType>,
    /// Not modelled.
    pub client_resources: Option<Resources>,
}

/// The balancer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoadBalancer {
    pub id: String,
    #[serde(rename = "type")]
    pub _kind: Option<LoadBalancerType>,
    #[serde(default)]
    pub algorithms: Algorithm,
    #[serde(default)]
    pub server_covered: Vec<String>,
    /// Not modelled.
    pub lb_resources: Option<Resources>,
}

/// A server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub id: String,
    #[serde(rename = "type")]
    pub _kind: Option<ServerType>,
    pub server_resources: Resources,
    pub endpoints: Vec<Endpoint>,
}

/// The resources of a server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resources {
    #[serde(default = "one_core")]
    pub cpu_cores: f64,
    #[serde(default = "a_thousand_megabytes")]
    pub ram_mb: f64,
    pub db_connection_pool: Option<f64>,
    /// Memory that the process of each core occupies from the start, in MB.
    #[serde(default)]
    pub ram_per_process: f64,
}

/// An endpoint of a server: the steps that serve a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endpoint {
    pub endpoint_name: String,
    /// Ignored, as it was.
    pub probability: Option<f64>,
    pub steps: Vec<Step>,
}

/// A step of an endpoint.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub kind: StepKind,
    /// Exactly one operation, by name.
    pub step_operation: IndexMap<String, Variable>,
}

/// A one-way link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edge {
    pub id: String,
    pub source: String,
    pub target: String,
    /// Required for a `network_connection`, and allowed only there.
    pub latency: Option<Variable>,
    /// Ignored, as it was.
    pub probability: Option<f64>,
    pub edge_type: Option<EdgeType>,
    /// The default is 0.01 for a `network_connection`.
    pub dropout_rate: Option<f64>,
}

/// The settings of the run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Seconds.
    #[serde(default = "an_hour")]
    pub total_simulation_time: f64,
    /// Seconds.
    #[serde(default = "ten_milliseconds")]
    pub sample_period_s: f64,
    #[serde(rename = "enabled_sample_metrics", default)]
    pub _sampled: Vec<SampledMetric>,
    #[serde(rename = "enabled_event_metrics", default)]
    pub _events: Vec<EventMetric>,
}

/// A temporary outage of a server or latency spike of an edge.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    pub event_id: String,
    pub target_id: String,
    pub start: Start,
    pub end: End,
}

/// The start of an event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    pub kind: StartKind,
    /// Seconds.
    pub t_start: f64,
    /// Seconds.
    pub spike_s: Option<f64>,
}

/// The end of an event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    pub kind: EndKind,
    /// Seconds.
    pub t_end: f64,
}

macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident: $($word:ident)+;)+) => {
        $($(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $($word),+ })+
    };
}

words! {
    /// The `type` of the generator.
    GeneratorType: Generator;
    /// The `type` of the client.
    ClientType: Client;
    /// The `type` of the balancer.
    LoadBalancerType: LoadBalancer;
    /// The `type` of a server.
    ServerType: Server;
    /// The `edge_type` of an edge.
    EdgeType: NetworkConnection LinkConnection;
    /// The distribution of the number of users.
    UsersDistribution: Poisson Normal;
    /// The distribution of a user's requests.
    RateDistribution: Poisson;
    /// The distribution of a latency or of the time of a step.
    Distribution: Poisson Normal LogNormal Exponential Uniform Weibull Pareto Erlang Deterministic Empirical;
    /// The distribution of the gaps between arrivals.
    ArrivalModel: Poisson Exponential Deterministic Uniform LogNormal Weibull Pareto Erlang Empirical;
    /// The variability of the gaps.
    Variability: Low Medium High;
    /// The balancer's policy.
    Algorithm: RoundRobin LeastConnection Random Fcfs;
    /// The kind of a step.
    StepKind: InitialParsing CpuBoundOperation Cpu Ram IoTaskSpawn IoLlm IoWait IoDb IoCache;
    /// A time series that the original sampled.
    SampledMetric: ReadyQueueLen EventLoopIoSleep RamInUse EdgeConcurrentConnection LSystem LqLb ServerUtilization;
    /// A metric that the original recorded per event.
    EventMetric: RqsClock LlmCost RqsServerClock ServiceTime IoTime WaitingTime;
    /// The kind of an event's start.
    StartKind: ServerDown NetworkSpikeStart;
    /// The kind of an event's end.
    EndKind: ServerUp NetworkSpikeEnd;
}

#[allow(
    clippy::derivable_impls,
    reason = "the variants come from a table, where they cannot have attributes"
)]
impl Default for UsersDistribution {
    fn default() -> UsersDistribution {
        UsersDistribution::Poisson
    }
}

#[allow(clippy::derivable_impls, reason = "as above")]
impl Default for Distribution {
    fn default() -> Distribution {
        Distribution::Poisson
    }
}

#[allow(clippy::derivable_impls, reason = "as above")]
impl Default for Algorithm {
    fn default() -> Algorithm {
        Algorithm::RoundRobin
    }
}

impl Resources {
    /// Returns the memory of all processes, in MB.
    pub(crate) fn processes_mb(&self) -> f64 {
        self.cpu_cores * self.ram_per_process
    }
}

impl ArrivalModel {
    /// Returns the name used in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ArrivalModel::Poisson => "poisson",
            ArrivalModel::Exponential => "exponential",
            ArrivalModel::Deterministic => "deterministic",
            ArrivalModel::Uniform => "uniform",
            ArrivalModel::LogNormal => "log_normal",
            ArrivalModel::Weibull => "weibull",
            ArrivalModel::Pareto => "pareto",
            ArrivalModel::Erlang => "erlang",
            ArrivalModel::Empirical => "empirical",
        }
    }
}

impl StepKind {
    /// Returns the operation that belongs to the kind.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            StepKind::InitialParsing | StepKind::CpuBoundOperation | StepKind::Cpu => "cpu_time",
            StepKind::Ram => "necessary_ram",
            StepKind::IoTaskSpawn
            | StepKind::IoLlm
            | StepKind::IoWait
            | StepKind::IoDb
            | StepKind::IoCache => "io_waiting_time",
        }
    }
    /// Returns the name used in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            StepKind::InitialParsing => "initial_parsing",
            StepKind::CpuBoundOperation => "cpu_bound_operation",
            StepKind::Cpu => "cpu",
            StepKind::Ram => "ram",
            StepKind::IoTaskSpawn => "io_task_spawn",
            StepKind::IoLlm => "io_llm",
            StepKind::IoWait => "io_wait",
            StepKind::IoDb => "io_db",
            StepKind::IoCache => "io_cache",
        }
    }
}

fn a_minute() -> f64 {
    60.0
}
fn an_hour() -> f64 {
    3600.0
}
fn one_core() -> f64 {
    1.0
}
fn a_thousand_megabytes() -> f64 {
    1024.0
}
fn ten_milliseconds() -> f64 {
    0.01
}
