//! What a step is compiled with: the programs of all endpoints (`plan/programs.rs`) implement it.

use super::{Call, LockKeys, Op, Rows, Scope, SlowWaits, call};
use crate::random::dists::{Distribution, Sampler};
use crate::random::keys::Salt;
use crate::request::{FurtherPart, Outcome};

/// What a step needs from the plan while it is compiled.
pub(crate) trait Compiler {
    /// A sampler whose draws are addressed by this step's place in the endpoint.
    fn sampler(&mut self, what: &str, law: Distribution) -> Sampler;
    /// A salt for this step.
    fn salt(&mut self, what: &str) -> Salt;
    /// Adds memory to what the endpoint reserves before its first burst.
    fn reserve(&mut self, sampler: Sampler);
    /// A call from here to an endpoint.
    fn call(&mut self, call: &Call) -> call::Op;
    /// The id of a label of waits.
    fn label(&mut self, name: &str) -> u32;
    /// The id of a labelled arm of a branch.
    fn arm(&mut self, label: &str) -> u32;
    /// An outcome by its name.
    fn outcome(&mut self, name: &str) -> Outcome;
    /// The outcome of an error status.
    fn error(&mut self, status: u16) -> Outcome;
    /// The faults that make waits longer at the instances.
    fn slow_waits(&mut self) -> Vec<SlowWaits>;
    /// The stations of the instances, if their cores are shared.
    fn station(&mut self) -> Option<Rows>;
    /// A further part of latencies, by its name in metrics.
    fn part(&mut self, name: &'static str) -> FurtherPart;
    /// A resource of units that one request at a time holds each, by its kind and name: one row for
    /// each process, for each instance, or one for the service.
    fn resource(
        &mut self,
        kind: &'static str,
        name: &str,
        scope: Scope,
        units: u64,
        keys: Option<&LockKeys>,
    ) -> Rows;
    /// What draws a key of the workloads, by its name: by source, if it has it. Requests carry what
    /// it needs.
    fn carried(&mut self, name: &str) -> Box<[Option<Sampler>]>;
    /// The name of a block of this step, in metrics.
    fn block(&mut self, what: &str) -> String;
    /// The flow of the guests that a block makes, by the name of their part of it.
    fn guests(&mut self, name: &str) -> u32;
    /// The step makes this many requests at once.
    fn makes(&mut self, requests: usize);
    /// Requests may be called off.
    fn calls_off(&mut self);
    /// What follows is done in a thread: the row of the first instance's threads, and that
    /// instance, if they have cores of their own.
    fn begin_thread(&mut self) -> Option<(u32, u32)>;
    /// What follows is no longer done in a thread.
    fn end_thread(&mut self);
    /// Whether what follows is done in a thread.
    fn is_in_thread(&self) -> bool;
    /// Appends to the program.
    fn emit(&mut self, op: Op);
    /// Appends to the program what is known only when more has been compiled; returns where it is.
    fn reserve_op(&mut self) -> u32;
    /// Where the next op will be.
    fn here(&self) -> u32;
    /// Puts an op where one has been left out.
    fn put(&mut self, at: u32, op: Op);
}
