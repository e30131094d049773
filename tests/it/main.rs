//! One binary for all integration tests, so that it is linked once instead of thirty times. Each
//! file is named after its subject.

mod admission;
mod arguments;
mod autoscale;
mod balance;
mod block;
mod blocks;
mod calls;
mod candour;
mod capacity;
mod closed;
mod command;
mod compare;
mod corrections;
mod coverage;
#[cfg(unix)]
mod docs;
mod faults;
mod folders;
mod golden;
mod hostile;
mod laws;
mod library;
mod lock;
mod machine;
mod network;
mod original;
mod parallel;
mod phases;
mod pipelines;
mod plots;
mod pool;
mod practice;
mod properties;
mod sensitivity;
mod sessions;
mod support;
mod sweep;
mod theory;
mod tidy;
mod variance;
mod verdict;
mod warmup;
mod words;
mod workload;
mod world;
