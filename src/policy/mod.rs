//! Policies. One module per family, one file per policy.

pub(crate) mod balance;
pub(crate) mod scale;
