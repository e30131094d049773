//! A few scenarios at once, all of whose replications are kept: what comparisons and searches are
//! made of.
//!
//! Replication by replication across the scenarios, so that pairs of the same replication are there
//! together; each scenario has its own rule. A failure ends it: an interval over what is left of a
//! comparison would say less than it seems to.

use super::cell::{Cell, CellRecord, Failure};
use super::drive::{AHEAD, Options, Study, Task, drive};
use super::fold::Fold;
use super::point::{CompiledPoint, Point};
use super::replications::{Replications, Rule};
use super::run::{Progress, RunError};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A scenario, and its replications so far.
#[derive(Debug)]
pub struct Member {
    pub built: Arc<CompiledPoint>,
    point: Arc<Point>,
    pub replications: Replications,
}

impl Member {
    /// One with no replication yet.
    pub fn new(built: CompiledPoint, rule: Rule) -> Member {
        let replications = Replications::new(rule, Fold::new(&built.plan));
        let point = Arc::new(Point::ready(built));
        // It is there already.
        let built = point
            .built(&AtomicBool::new(false))
            .unwrap_or_else(|_| unreachable!("a point that is ready is built"));
        Member { built, point, replications }
    }
    /// What its replications say together.
    pub fn fold(&self) -> &Fold {
        self.replications.fold.as_ref().expect("a member folds its replications")
    }
}

struct Batch<'b> {
    members: &'b mut [Member],
    ahead: u32,
    progress: Progress,
    show: &'b mut dyn FnMut(Progress),
}

impl Study for Batch<'_> {
    type Error = RunError;

    fn next(&mut self) -> Option<Task> {
        // The one that is furthest behind goes first.
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by_key(|&index| self.members[index].replications.begun());
        order.into_iter().find_map(|index| {
            let member = &mut self.members[index];
            let replication = member.replications.next(self.ahead)?;
            Some(Task {
                cell: Cell { point: index as u64, replication },
                point: member.point.clone(),
            })
        })
    }

    fn take(&mut self, cell: Cell, result: Result<CellRecord, Failure>) -> Result<(), RunError> {
        self.progress.done += 1;
        self.progress.cells += 1;
        self.progress.events += result.as_ref().map_or(0, |record| record.events);
        self.members[cell.point as usize].replications.take(
            cell.replication,
            result,
            &mut |result| match result {
                Ok(_) => Ok(()),
                Err(failure) => Err(RunError::Failed(failure.clone())),
            },
        )?;
        self.progress.of = self.progress.done
            + self.members.iter().map(|member| u64::from(member.replications.left())).sum::<u64>();
        (self.show)(self.progress);
        Ok(())
    }
}

/// Runs what the members' rules ask for. `before` is what was done before, for the progress that is
/// shown.
///
/// # Errors
/// A replication failed, or no thread could be started. Being interrupted is no error: then not all
/// are complete.
pub fn batch(
    members: &mut [Member],
    before: Progress,
    options: Options,
    show: &mut dyn FnMut(Progress),
) -> Result<Progress, RunError> {
    let left: u64 = members.iter().map(|member| u64::from(member.replications.left())).sum();
    let threads = options.threads_for(left);
    let progress = Progress { of: before.done + left, ..before };
    let mut batch = Batch { members, ahead: (AHEAD * threads) as u32, progress, show };
    drive(&mut batch, threads, options.interrupted)?;
    Ok(batch.progress)
}
