//! The files of a run: Parquet tables and a manifest.
//!
//! A folder with a manifest is complete (`folder.rs`).
//! Nothing in the files depends on the clock or on the number of threads: equal runs are equal bytes.

mod dataset;
mod folder;
mod manifest;
mod schema;
mod table;

pub(crate) use dataset::Dataset;
pub use folder::StoreError;
pub(crate) use folder::temporary;
pub use schema::{Column, Kind, PLOTS, TABLES, TableSchema};
pub use table::summary_batch;
