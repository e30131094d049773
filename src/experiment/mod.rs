//! Running replications on all cores and reducing them to results.
//!
//! A cell is a pure function of a point and a replication number (`cell.rs`). A *study* chooses
//! cells, threads run them (`drive.rs`), and the study reduces them in an order of its own, so
//! results are bit-identical for any number of threads.
//!
#![doc = include_str!("../../docs/metrics.md")]

mod access;
mod antithetic;
mod ask;
mod batch;
mod builder;
mod capacity;
mod cell;
mod classes;
mod compare;
mod control;
mod drive;
mod error;
mod fold;
mod notes;
mod parallel;
mod phases;
mod point;
mod replication;
mod replications;
mod results;
mod rule;
mod run;
mod search;
mod select;
mod sensitivity;
mod shares;
mod sweep;
mod verdict;
mod warmup;

pub use crate::sim::SimError;
pub use access::Latency;
pub(crate) use batch::{Member, batch};
pub use builder::Experiment;
pub(crate) use capacity::capacity;
pub use capacity::{Bottleneck, CapacityLimit, CapacityResult, SearchTarget, Trial, Verdict};
pub use cell::Failure;
pub(crate) use cell::{Cell, CellRecord};
pub use compare::{Comparison, Direction, Judgement, MetricComparison, direction};
pub use control::Cancellation;
pub(crate) use drive::Options;
pub use error::{ExperimentError, InvalidPoint};
pub(crate) use fold::{Fold, SeriesMean};
pub use phases::Phase;
pub(crate) use point::CompiledPoint;
pub(crate) use replication::Names;
pub use replication::{
    Incident, LatencyBucket, Replication, ReplicationValue, SampledRequest, SeriesPoint,
};
pub(crate) use replications::Rule;
pub use results::{DeadlockResult, Gain, PrecisionResult, Results, Row, SloResult};
pub(crate) use results::{FAILED_MIN, MOST_FAILED};
pub(crate) use rule::metric_named;
pub use run::Progress;
pub use run::RunError;
pub(crate) use run::{StorageError, replicate};
pub use select::{Candidate, SelectionResult, Tie};
pub(crate) use select::{FIRST_STAGE, Question, select};
pub(crate) use sensitivity::sensitivity;
pub use sensitivity::{Influence, Method, Sensitivity, Variation};
pub use sweep::PointResult;
pub(crate) use sweep::{CellStore, Known, ReducedPoint, Shard, Spec, check, reduce_all, sweep};
pub use verdict::{Outlook, Overload, Reason, Settling, WorkloadVerdict};
pub use warmup::{Curve, FirstChange, WarmupResult};
