//! Steps built in Rust: one constructor for each.

use crate::random::dists::Dist;
use crate::step::{
    Arm, Block, Branch, Call, Cpu, Fail, Hold, Join, Lock, Memory, Offload, Parallel, Pool, Repeat,
    Respond, Scope, Spawn, Step, Wait,
};
use crate::units::{Bytes, Count, Share, Span};

impl Step {
    /// Creates a step that computes: it occupies a core, or the event loop.
    pub fn cpu(demand: impl Into<Dist<Span>>) -> Step {
        Step::Cpu(Cpu::new(demand.into()))
    }
    /// Creates a step that waits for something outside the model, without occupying a core.
    pub fn wait(time: impl Into<Dist<Span>>) -> Step {
        Step::Wait(Wait::new(time.into()))
    }
    /// Creates a step that calls an endpoint (`db.read`) and waits for the answer. If the message
    /// or its answer is lost on a link, the request fails at once with the outcome `lost`.
    pub fn call(to: impl Into<String>) -> Step {
        Step::Call(Call::new(to))
    }
    /// Creates a step that calls an endpoint; the request fails with the outcome `timeout` if no
    /// answer arrives within the timeout, also if a message was lost.
    pub fn call_within(to: impl Into<String>, timeout: impl Into<Span>) -> Step {
        Step::Call(Call { timeout: Some(timeout.into()), ..Call::new(to) })
    }
    /// Creates a step that waits synchronously: it holds the loop or a core, and computes nothing.
    pub fn block(time: impl Into<Dist<Span>>) -> Step {
        Step::Block(Block(time.into()))
    }
    /// Creates a step that holds memory until the response has left.
    pub fn memory(need: impl Into<Dist<Bytes>>) -> Step {
        Step::Memory(Memory(need.into()))
    }
    /// Creates a step that holds memory of its instance while it executes these steps.
    pub fn hold(memory: impl Into<Dist<Bytes>>, steps: impl IntoIterator<Item = Step>) -> Step {
        Step::Hold(Hold { memory: memory.into(), steps: steps.into_iter().collect() })
    }
    /// Creates a step that fails with a probability in 0 to 1, with this HTTP status.
    pub fn fail(probability: f64, status: u16) -> Step {
        Step::Fail(Fail { p: Share { fraction: probability }, status })
    }
    /// Creates a step that executes these steps a number of times, one after the other.
    pub fn repeat(times: impl Into<Dist<Count>>, steps: impl IntoIterator<Item = Step>) -> Step {
        Step::Repeat(Repeat { times: times.into(), steps: steps.into_iter().collect() })
    }
    /// Creates a step that executes these branches at once, and waits until all have succeeded. The
    /// fields of [`Parallel`] say otherwise.
    pub fn parallel(branches: impl IntoIterator<Item = Vec<Step>>) -> Step {
        Step::Parallel(Parallel {
            join: Join::All,
            within: None,
            keep: false,
            branches: branches.into_iter().collect(),
        })
    }
    /// Creates a step that holds a lock of its instance while it executes these steps. The fields
    /// of [`Lock`] say otherwise.
    pub fn lock(name: impl Into<String>, hold: impl IntoIterator<Item = Step>) -> Step {
        Step::Lock(Lock {
            name: name.into(),
            scope: Scope::Instance,
            permits: Count(1),
            keys: None,
            hold: hold.into_iter().collect(),
        })
    }
    /// Creates a step that uses one of `max` connections of its instance while it executes these
    /// steps. The fields of [`Pool`] say otherwise.
    pub fn pool(name: impl Into<String>, max: u64, steps: impl IntoIterator<Item = Step>) -> Step {
        Step::Pool(Pool {
            name: Some(name.into()),
            max: Count(max),
            per: Scope::Instance,
            wait: None,
            connect: None,
            idle_timeout: None,
            max_lifetime: None,
            steps: steps.into_iter().collect(),
        })
    }
    /// Creates a step that does these steps in one of the `pool` threads of its process, while the
    /// event loop is free.
    pub fn offload(pool: u64, steps: impl IntoIterator<Item = Step>) -> Step {
        Step::Offload(Offload::new(pool, steps.into_iter().collect::<Vec<_>>()))
    }
    /// Creates a step that begins these steps in the background, and goes on.
    pub fn spawn(steps: impl IntoIterator<Item = Step>) -> Step {
        Step::Spawn(Spawn(steps.into_iter().collect()))
    }
    /// Creates a step that answers now: the steps behind it are done after the response.
    pub fn respond() -> Step {
        Step::Respond(Respond {})
    }
    /// Creates a step that executes one of several arms, each with its probability in 0 to 1; with
    /// what these leave of 1, none.
    ///
    /// ```
    /// use asyncflow::scenario::Step;
    /// use asyncflow::units::Span;
    /// use std::time::Duration;
    ///
    /// let slow = Step::wait(Span::from(Duration::from_millis(5)));
    /// let read = [Step::branch([(0.2, vec![Step::call("db.read")]), (0.1, vec![slow])])];
    /// ```
    pub fn branch(arms: impl IntoIterator<Item = (f64, Vec<Step>)>) -> Step {
        let arm = |(p, steps)| Arm { p: Some(Share { fraction: p }), label: None, steps };
        Step::Branch(Branch(arms.into_iter().map(arm).collect()))
    }
}
