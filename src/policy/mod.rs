//! Policies: rules that choose. One room a family, one file a policy.

pub mod balance;
