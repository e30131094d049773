//! The numbers of phases: what each workload's users saw before, during and after something that
//! changes.

use super::{How, QUANTILES, Walk, plain, ratio};
use crate::measure::{Record, mean_s};

impl Walk<'_> {
    /// Phase by phase, by workload.
    pub(super) fn phases(&mut self) {
        let layout = self.layout;
        let workloads = layout.workloads.len();
        for (index, phase) in layout.phases.iter().enumerate() {
            for (workload, name) in layout.workloads.iter().enumerate() {
                let entity = phase.of(name);
                self.phase(
                    &entity,
                    index * workloads + workload,
                    (phase.until - phase.from).seconds(),
                );
                for recovery in layout
                    .recoveries
                    .iter()
                    .enumerate()
                    .filter(|(_, recovery)| recovery.phase as usize == index)
                {
                    let value = |record: &Record| {
                        plain(record.recoveries_s[recovery.0 * workloads + workload])
                    };
                    self.put("phase", &entity, ("recovery", ""), "mean", "s", How::Mean, value);
                }
            }
        }
    }

    fn phase(&mut self, entity: &str, tally: usize, seconds: f64) {
        let of = |record: &Record| record.phases[tally].tally.outcomes[0] as f64;
        let failed =
            |record: &Record| record.phases[tally].tally.outcomes[1..].iter().sum::<u64>() as f64;
        let latencies = self.phases.get_mut(tally).map(std::mem::take).unwrap_or_default();
        let histogram = self.histograms.len();
        let latency = ("latency", "");
        self.put("phase", entity, latency, "mean", "s", How::Mean, |r| {
            plain(mean_s(r.phases[tally].tally.moments.sum_ns, r.phases[tally].tally.outcomes[0]))
        });
        let quantiles = latencies.quantiles_s(QUANTILES.map(|(_, q)| q));
        for ((stat, q), quantile) in QUANTILES
            .into_iter()
            .zip(quantiles)
            .filter(|((stat, _), _)| ["p50", "p95", "p99"].contains(stat))
        {
            self.put("phase", entity, latency, stat, "s", How::Quantile { histogram, q }, |_| {
                plain(quantile)
            });
        }
        self.put("phase", entity, ("arrivals", ""), "total", "1", How::Mean, |r| {
            plain(r.phases[tally].tally.arrivals as f64)
        });
        self.put("phase", entity, ("completed", ""), "total", "1", How::Mean, |r| plain(of(r)));
        self.put("phase", entity, ("failed", ""), "total", "1", How::Mean, |r| plain(failed(r)));
        self.put("phase", entity, ("offered_rate", ""), "mean", "1/s", How::Mean, |r| {
            plain(r.phases[tally].tally.arrivals as f64 / seconds)
        });
        self.put("phase", entity, ("throughput", ""), "mean", "1/s", How::Mean, |r| {
            plain(r.phases[tally].tally.answered as f64 / seconds)
        });
        self.put("phase", entity, ("error_ratio", ""), "mean", "1", How::Ratio, |r| {
            ratio(failed(r), of(r) + failed(r))
        });
        let layout = self.layout;
        for (index, outcome) in layout.outcomes.iter().enumerate().skip(1) {
            let value = |record: &Record| {
                ratio(
                    record.phases[tally].tally.outcomes[index] as f64,
                    of(record) + failed(record),
                )
            };
            self.put("phase", entity, ("outcomes.", outcome), "mean", "1", How::Ratio, value);
        }
        self.keep("phase", entity, "latency", latencies);
    }
}
