//! One binary for all integration tests: one link instead of thirty. Each file's name is what it is about.

mod support;

mod command;
mod docs;
mod original;
mod semantics;
mod theory;
mod tidy;
