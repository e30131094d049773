//! The phases of a replication that are over.
//!
//! Law: a request belongs to the phase in which it arrived; the answers a second are those given in
//! the phase, whenever their requests came. Only flows of workloads are told apart: nobody asks for
//! the phases of a call. Checked: below, and `tests/it/phases.rs`.

use super::Layout;
use super::meter::Meter;
use super::tally::{PhaseTally, Tally};
use crate::units::Time;

/// What is kept of phases while a replication runs.
#[derive(Debug, Default)]
pub(crate) struct Phases {
    /// The flows that come from a workload, rising, and that workload.
    flows: Vec<(u32, u32)>,
    /// Beginnings of those that are over and of the present one; none before the first change.
    begins: Vec<Time>,
    /// Those that are over, by these flows.
    over: Vec<Vec<PhaseTally>>,
}

impl Phases {
    pub(crate) fn new(layout: &Layout) -> Phases {
        let flows = (0..)
            .zip(&layout.flows)
            .filter_map(|(flow, own)| own.workload.map(|workload| (flow, workload)));
        Phases {
            flows: flows.collect(),
            begins: layout.phases.first().map(|phase| phase.from).into_iter().collect(),
            over: Vec::new(),
        }
    }
    /// Ends the present one; the next begins.
    pub(crate) fn next(&mut self, now: Time, meters: &mut [Meter]) {
        self.end(meters);
        self.begins.push(now);
    }
    fn end(&mut self, meters: &mut [Meter]) {
        self.over
            .push(self.flows.iter().map(|(flow, _)| meters[*flow as usize].end_phase()).collect());
    }
    /// The tally of the phase that is over in which a request of this flow arrived; none for calls,
    /// and for those of the present phase.
    pub(crate) fn tally(&mut self, started: Time, flow: u32) -> Option<&mut Tally> {
        let place = self.flows.binary_search_by_key(&flow, |(own, _)| *own).ok()?;
        let phase = self.begins.partition_point(|begin| *begin <= started).checked_sub(1)?;
        Some(&mut self.over.get_mut(phase)?.get_mut(place)?.tally)
    }
    /// The measured part by flow; and phase by phase, by workload. The last phase ends here.
    pub(crate) fn finish(
        mut self,
        mut meters: Vec<Meter>,
        workloads: usize,
    ) -> (Vec<Tally>, Vec<PhaseTally>) {
        if self.begins.is_empty() {
            return (
                meters.into_iter().map(|meter| meter.whole(std::iter::empty())).collect(),
                Vec::new(),
            );
        }
        self.end(&mut meters);
        self.over.iter_mut().flatten().for_each(PhaseTally::close);
        let mut places = self.flows.iter().zip(0..).peekable();
        let whole = (0..).zip(meters).map(|(flow, meter)| {
            let place = places.next_if(|((own, _), _)| *own == flow).map(|(_, place)| place);
            let over = place
                .into_iter()
                .flat_map(|place: usize| self.over.iter().map(move |phase| &phase[place]));
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

#[cfg(test)]
mod tests {
    use crate::{measure, plan, scenario, sim};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn phases_change_no_other_number() {
        // The oracle is the same plan without them: requests that call, a mix, and a service of
        // named instances, whose endpoint is drawn after it has queued; faults while requests are
        // inside, of which some end phases later; a warm-up. Every value and histogram is the same,
        // to the bit.
        let yaml = "version: 1
run: { duration: 60s, warmup: 5s, seed: 3 }
workload:
  users: { mix: { shop.buy: 1, shop.look: 3 }, open: { rate: 40/s } }
  batch: { to: jobs, open: { rate: 15/s } }
services:
  shop: { replicas: 2, max_in_flight: 6, queue: { max: 60 }, endpoints: {
    buy: [ cpu: { exp: 20ms }, call: db.query ], look: [ wait: { exp: 50ms }, cpu: 5ms ] } }
  db: { endpoints: { query: [ cpu: { exp: 10ms } ] } }
  jobs: { max_in_flight: 2, instances: {
    a: { endpoints: { short: [ cpu: 30ms ], long: [ wait: 400ms ] } }, b: { endpoints: { other: [ wait: { exp: 100ms } ] } } } }
faults:
  - slow: { target: shop, factor: 4x, at: 12s, for: 8s }
  - crash: { target: shop, count: 1, at: 25s, for: 5s }
  - errors: { target: db.query, rate: 50%, at: 40s, for: 3s }
  - slow: { target: jobs, factor: 10x, at: 50s, for: 4s }
";
        let plan = || {
            plan::compile(
                &scenario::from_yaml(yaml).unwrap_or_else(|problems| panic!("{problems}")),
            )
        };
        let (with, mut without) = (plan(), plan());
        assert!(
            with.layout.phases.len() == 9 && with.layout.recoveries.len() == 4,
            "{:?}",
            with.layout.phases
        );
        without.layout.phases.clear();
        without.layout.recoveries.clear();
        // Nor are there windows that somebody looks at.
        (without.keep_series, without.layout.has_quantile_series) = (false, false);
        let values = |plan: plan::Plan| {
            let plan = Arc::new(plan);
            (0..3).map(move |replication| {
                let mut record =
                    sim::simulate(&plan, replication, &AtomicBool::new(false)).unwrap();
                let (values, histograms) = measure::take_values(&plan.layout, &mut record);
                let bits: Vec<[u64; 2]> = values
                    .iter()
                    .map(|value| [value.value.to_bits(), value.weight.to_bits()])
                    .collect();
                (bits, histograms)
            })
        };
        for ((with, of_all), (without, of_whole)) in values(with).zip(values(without)) {
            assert!(with.len() > without.len() && of_all.len() > of_whole.len());
            assert_eq!(with[..without.len()], without);
            assert_eq!(of_all[..of_whole.len()], of_whole);
        }
    }
}
