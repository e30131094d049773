//! What is measured, and what one replication leaves behind: tallies, time-weighted gauges,
//! histograms, series, a [`Record`].
//!
//! A measure never steers (law 6): nothing here is read by the engine while it runs. Requests are
//! counted by their arrival in the measured part (after the warm-up); gauges are time-weighted over
//! it.

mod arm;
mod brief;
mod cumulative;
mod distribution;
mod gauge;
mod gauges;
mod good;
mod histogram;
mod index;
mod layout;
mod meter;
mod moments;
mod phases;
mod record;
mod recorder;
mod recovery;
mod slot;
mod tally;
mod vocabulary;
mod watch;

pub(crate) use arm::ArmTally;
pub(crate) use cumulative::Cumulative;
pub(crate) use distribution::SparseHistogram;
pub(crate) use gauge::{Gauge, Measured, Window, nan_mean};
pub(crate) use gauges::{INSTANCE_GAUGES, WAITS, is_resource, queues};
pub(crate) use good::{Kept, Promise};
pub(crate) use histogram::Histogram;
pub(crate) use index::Index;
pub(crate) use layout::{
    Endpoint, Flow, Instance, Label, Layout, Phase, Recovery, Resource, Series,
};
pub(crate) use layout::{QUANTILE_SERIES, WORKLOAD_SERIES};
pub(crate) use meter::Meter;
pub(crate) use moments::{Moments, mean_s};
pub(crate) use phases::Phases;
pub(crate) use record::{Backlog, Deadlock, Happening, Record, RequestRow, SeriesRow};
pub(crate) use recorder::Recorder;
pub(crate) use recovery::IN_A_ROW;
pub(crate) use tally::{InstanceTally, LinkTally, PhaseTally, Tally};
pub(crate) use vocabulary::{
    How, Metric, Named, QUANTILES, Value, Vocabulary, take_values, vocabulary,
};
pub(crate) use watch::Watch;
