//! One binary for all integration tests: one link instead of thirty. Each file's name is what it is about.

mod admission;
mod calls;
mod capacity;
mod command;
mod compare;
mod corrections;
mod coverage;
mod docs;
mod faults;
mod folders;
mod hostile;
mod laws;
mod machine;
mod network;
mod original;
mod phases;
mod properties;
mod sensitivity;
mod support;
mod sweep;
mod theory;
mod tidy;
mod variance;
mod warmup;
mod workload;
mod world;
