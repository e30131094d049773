//! The files of a run: Parquet tables and a manifest.
//!
//! Everything is written under a temporary name and renamed at the end, the manifest last: a folder with a manifest is complete.
//! Nothing in the files depends on the clock or on the number of threads: equal runs are equal bytes.

mod dataset;
mod manifest;
mod schema;
mod table;

pub(crate) use dataset::Dataset;
pub use dataset::StoreError;
pub use schema::{Column, Kind, PLOTS, TABLES, TableSchema};
pub use table::summary_batch;
