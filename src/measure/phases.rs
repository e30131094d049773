//! The phases of a replication that are over.
//!
//! Law: a request belongs to the phase in which it arrived; the answers a second are those given in the phase, whenever their requests came. Only flows of
//! workloads are told apart: nobody asks for the phases of a call. Checked: `tests/it/phases.rs`.

use super::Layout;
use super::meter::Meter;
use super::tally::{PhaseTally, Tally};
use crate::units::Time;

/// What is kept of phases while a replication runs.
#[derive(Debug, Default)]
pub struct Phases {
    /// The flows that come from a workload, rising, and that workload.
    flows: Vec<(u32, u32)>,
    /// Beginnings of those that are over and of the present one; none before the first change.
    begins: Vec<Time>,
    /// Those that are over, by these flows.
    over: Vec<Vec<PhaseTally>>,
}

impl Phases {
    pub fn new(layout: &Layout) -> Phases {
        let flows = (0..).zip(&layout.flows).filter_map(|(flow, own)| own.workload.map(|workload| (flow, workload)));
        Phases { flows: flows.collect(), begins: layout.phases.first().map(|phase| phase.from).into_iter().collect(), over: Vec::new() }
    }
    /// Ends the present one; the next begins.
    pub fn next(&mut self, now: Time, meters: &mut [Meter]) {
        self.end(meters);
        self.begins.push(now);
    }
    fn end(&mut self, meters: &mut [Meter]) {
        self.over.push(self.flows.iter().map(|(flow, _)| meters[*flow as usize].end_phase()).collect());
    }
    /// The tally of the phase that is over in which a request of this flow arrived; none for calls, and for those of the present phase.
    pub fn tally(&mut self, started: Time, flow: u32) -> Option<&mut Tally> {
        let place = self.flows.binary_search_by_key(&flow, |(own, _)| *own).ok()?;
        let phase = self.begins.partition_point(|begin| *begin <= started).checked_sub(1)?;
        Some(&mut self.over.get_mut(phase)?.get_mut(place)?.tally)
    }
    /// The measured part by flow; and phase by phase, by workload. The last phase ends here.
    pub fn finish(mut self, mut meters: Vec<Meter>, workloads: usize) -> (Vec<Tally>, Vec<PhaseTally>) {
        if self.begins.is_empty() {
            return (meters.into_iter().map(|meter| meter.whole(std::iter::empty())).collect(), Vec::new());
        }
        self.end(&mut meters);
        let mut places = self.flows.iter().zip(0..).peekable();
        let whole = (0..).zip(meters).map(|(flow, meter)| {
            let place = places.next_if(|((own, _), _)| *own == flow).map(|(_, place)| place);
            let over = place.into_iter().flat_map(|place: usize| self.over.iter().map(move |phase| &phase[place]));
            meter.whole(over)
        });
        let whole = whole.collect();
        let by_workload = self.over.into_iter().flat_map(|phase| {
            let mut sums: Vec<Option<PhaseTally>> = (0..workloads).map(|_| None).collect();
            for ((_, workload), tally) in self.flows.iter().zip(phase) {
                match &mut sums[*workload as usize] {
                    Some(sum) => sum.add(&tally),
                    empty => *empty = Some(tally),
                }
            }
            sums.into_iter().map(|sum| sum.expect("a workload has a target, and so a flow"))
        });
        (whole, by_workload.collect())
    }
}
