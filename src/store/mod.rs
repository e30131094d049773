//! The files of a run or a sweep (Parquet tables and a manifest), and the journal of a sweep in
//! progress.
//!
//! A folder with a manifest is complete (`folder.rs`).
//! Nothing in the files depends on the clock or on the number of threads: equal runs write equal
//! bytes.

mod answer;
mod capacity;
mod comparison;
mod dataset;
mod error;
mod folder;
mod index;
mod journal;
mod manifest;
mod points;
mod schema;
mod sensitivity;
mod study;
mod sweep;
mod table;
mod write;

pub use capacity::capacity_batch;
pub(crate) use capacity::write_capacity;
pub use comparison::comparison_batch;
pub(crate) use comparison::write_comparison;
pub(crate) use dataset::Dataset;
pub use dataset::summary_batch;
pub use error::StoreError;
pub(crate) use folder::{Folder, manifest_of, temporary};
pub(crate) use journal::{Damage, Head, JOURNAL, Journal, Opened, Written};
pub(crate) use manifest::{Manifest, hash, sha256};
pub(crate) use points::parameters;
pub use points::{points_batch, summary_batch_of_points};
pub use schema::PLOTS;
pub use sensitivity::sensitivity_batch;
pub(crate) use sensitivity::write_sensitivity;
pub(crate) use study::Study;
pub(crate) use sweep::{OptionalTables, SweepDataset};

pub use crate::tables::{ColumnSchema, Kind, TableSchema, tables};
pub use write::{Existing, capacity_to, comparison_to, run_to, sensitivity_to};
