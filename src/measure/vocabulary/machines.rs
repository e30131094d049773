//! The metrics of what requests use: instances and services, shared resources, links.

use super::super::gauges::{
    ADMISSION_QUEUE, BUSY_CORES, INSTANCE_GAUGES, InstanceGauge, RESOURCE_GAUGES, SCALE_GAUGES,
};
use super::super::layout::Resource;
use super::super::{Measured, Record, mean_s};
use super::{How, Walk, plain, together};

/// What a gauge measured at each of some instances, and of the queue of their balancer if that is
/// the one of those who wait to be admitted.
fn measured<'r>(
    record: &'r Record,
    members: &'r [usize],
    queue: Option<usize>,
    gauge: usize,
) -> impl Iterator<Item = &'r Measured> {
    let queue = queue.filter(|_| gauge == ADMISSION_QUEUE).map(|queue| &record.queues[queue]);
    members.iter().map(move |&i| &record.instances[i].gauges[gauge]).chain(queue)
}

impl<'a> Walk<'a> {
    /// The gauges of one instance, or of a service: sums of means, the largest of maxima, with the
    /// queue of its balancer.
    pub(super) fn machines(
        &mut self,
        kind: &'static str,
        entity: &str,
        members: &[usize],
        queue: Option<usize>,
        scaling: Option<usize>,
    ) {
        let layout = self.layout;
        let cores: f64 = members.iter().map(|&i| layout.instances[i].cores as f64).sum();
        let cores_max =
            members.iter().map(|&i| layout.instances[i].cores).max().unwrap_or(1) as f64;
        let over = |record: &'a Record| members.iter().map(move |&i| &record.instances[i]);
        let mean = |record: &Record, gauge: usize| {
            measured(record, members, queue, gauge)
                .map(|own| own.mean(record.measured_ns))
                .sum::<f64>()
        };
        let max = |record: &Record, gauge: usize| {
            measured(record, members, queue, gauge).map(|own| own.max).max().unwrap_or(0) as f64
        };
        // Of a service that scales, how many of its instances there are on average.
        let share = |record: &Record| {
            let mean = |s: usize, gauge: usize| record.scaling[s][gauge].mean(record.measured_ns);
            // Those that drain still compute.
            let there = scaling.map(|s| mean(s, 0) + mean(s, 2));
            there.map_or(1.0, |there| there / members.len() as f64)
        };
        self.put(kind, entity, ("utilisation", ""), "mean", "1", How::Mean, |r| {
            plain(mean(r, BUSY_CORES) / (cores * share(r)))
        });
        self.put(kind, entity, ("utilisation", ""), "max", "1", How::Largest, |r| {
            plain(max(r, BUSY_CORES) / cores_max)
        });
        for (index, gauge) in INSTANCE_GAUGES.iter().enumerate().filter(|(i, _)| *i != BUSY_CORES) {
            let (name, unit) = ((gauge.name, ""), gauge.unit);
            self.put(kind, entity, name, "mean", unit, How::Mean, |r| plain(mean(r, index)));
            self.put(kind, entity, name, "max", unit, How::Largest, |r| plain(max(r, index)));
        }
        let histogram = self.histograms.len();
        let lag_sum_ns: u128 =
            self.record.into_iter().flat_map(over).map(|tally| tally.lag_sum_ns).sum();
        let lags = together(members.iter().filter_map(|&i| self.lags.get(i)));
        self.put(kind, entity, ("loop_lag", ""), "mean", "s", How::Mean, |_| {
            plain(mean_s(lag_sum_ns, lags.count()))
        });
        self.put(
            kind,
            entity,
            ("loop_lag", ""),
            "p99",
            "s",
            How::Quantile { histogram, q: 0.99 },
            |_| plain(lags.quantiles_s([0.99])[0]),
        );
        self.put(kind, entity, ("loop_lag", ""), "max", "s", How::Largest, |_| {
            plain(lags.longest_s())
        });
        self.keep(kind, entity, "loop_lag", lags);
        self.cost(kind, entity, members, scaling);
    }

    /// The price of the instances that are there, and how many these are where that changes.
    fn cost(
        &mut self,
        kind: &'static str,
        entity: &str,
        members: &[usize],
        scaling: Option<usize>,
    ) {
        let layout = self.layout;
        let there = |record: &Record, gauge: usize| match scaling {
            Some(scaling) => record.scaling[scaling][gauge].mean(record.measured_ns),
            None => members.len() as f64,
        };
        let prices = members
            .iter()
            .map(|&i| layout.instances[i].dollars_per_hour)
            .collect::<Option<Vec<f64>>>();
        if let Some(prices) = prices {
            self.put(kind, entity, ("cost", ""), "mean", "USD/h", How::Mean, |r| {
                let sum: f64 = prices.iter().sum();
                plain(match scaling {
                    Some(_) => {
                        sum * (there(r, 0) + there(r, 1) + there(r, 2)) / members.len() as f64
                    }
                    None => sum,
                })
            });
        }
        if let Some(scaling) = scaling {
            for (index, gauge) in SCALE_GAUGES.iter().enumerate() {
                let name = (gauge.name, "");
                self.put(kind, entity, name, "mean", "1", How::Mean, |r| plain(there(r, index)));
                self.put(kind, entity, name, "max", "1", How::Largest, |r| {
                    plain(r.scaling[scaling][index].max as f64)
                });
            }
        }
    }

    /// The units of a shared resource that are held, and the requests that wait for one.
    pub(super) fn resource(&mut self, index: usize) {
        let layout = self.layout;
        let Resource { kind, name, units, keys, .. } = &layout.resources[index];
        let mean =
            |record: &Record, gauge: usize| record.resources[index][gauge].mean(record.measured_ns);
        self.put(kind, name, ("utilisation", ""), "mean", "1", How::Mean, |r| {
            let held = match *keys {
                0 => mean(r, 0),
                _ => r.hottest_ns[index] as f64 / r.measured_ns as f64,
            };
            plain(held / *units as f64)
        });
        for (gauge, InstanceGauge { name: metric, unit, .. }) in RESOURCE_GAUGES.iter().enumerate()
        {
            let metric = (*metric, "");
            self.put(kind, name, metric, "mean", unit, How::Mean, |r| plain(mean(r, gauge)));
            self.put(kind, name, metric, "max", unit, How::Largest, |r| {
                plain(r.resources[index][gauge].max as f64)
            });
        }
    }

    pub(super) fn link(&mut self, name: &str, index: usize) {
        let gauge = |record: &Record| -> Measured { record.links[index].in_flight };
        self.put("link", name, ("in_flight", ""), "mean", "1", How::Mean, |r| {
            plain(gauge(r).mean(r.measured_ns))
        });
        self.put("link", name, ("in_flight", ""), "max", "1", How::Largest, |r| {
            plain(gauge(r).max as f64)
        });
        self.put("link", name, ("lost", ""), "total", "1", How::Mean, |r| {
            plain(r.links[index].lost as f64)
        });
        let transit = |record: &Record| {
            record.links[index].transit_ns as f64 * 1e-9 / record.links[index].delivered as f64
        };
        self.put("link", name, ("transit", ""), "mean", "s", How::Mean, |r| plain(transit(r)));
    }
}
