//! A few scenarios run side by side, all of whose replications are folded: the basis of comparisons
//! and searches.
//!
//! Replications are run in step across the scenarios, so that paired replications are available
//! together; each scenario has its own stopping rule. The first failure ends the batch: an interval
//! over the remaining replications would be misleading.

use super::cell::{Cell, CellRecord, Failure};
use super::drive::{AHEAD, Options, Study, Task, drive};
use super::fold::Fold;
use super::point::{CompiledPoint, Point};
use super::replications::{Replications, Rule};
use super::run::{Progress, RunError};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A scenario and its replications so far.
#[derive(Debug)]
pub(crate) struct Member {
    pub built: Arc<CompiledPoint>,
    point: Arc<Point>,
    pub replications: Replications,
}

impl Member {
    /// Creates a member without replications.
    pub(crate) fn new(built: CompiledPoint, rule: Rule) -> Member {
        let replications = Replications::new(rule, Fold::new(&built.plan));
        let point = Arc::new(Point::ready(built));
        // A ready point is already compiled.
        let built = point
            .built(&AtomicBool::new(false))
            .unwrap_or_else(|_| unreachable!("a ready point is compiled"));
        Member { built, point, replications }
    }
    /// Returns the folded replications.
    pub(crate) fn fold(&self) -> &Fold {
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
    fn next(&mut self) -> Option<Task> {
        // The member that is furthest behind goes first.
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

/// Runs replications until the rule of every member is satisfied. `before` is the progress of
/// earlier batches, which the reported progress continues.
///
/// # Errors
/// If a replication fails or no thread can be started. An interruption is not an error: some
/// members are then incomplete.
pub(crate) fn batch(
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
