//! Typed access to the most frequently used results.

use super::results::Results;
use crate::stats::Estimate;

/// The latency of answered requests of one workload or endpoint, in seconds. Quantiles are those of
/// the requests of all replications together, not means of their quantiles. Returned by
/// [`Results::latency`].
#[derive(Clone, Copy, Debug)]
pub struct Latency<'r> {
    results: &'r Results,
    entity: &'r str,
}

impl<'r> Latency<'r> {
    /// Returns the mean in seconds; `None` if there is no workload or endpoint of that name.
    pub fn mean(self) -> Option<&'r Estimate> {
        self.stat("mean")
    }
    /// Returns the median in seconds; `None` as for [`Latency::mean`].
    pub fn p50(self) -> Option<&'r Estimate> {
        self.stat("p50")
    }
    /// Returns the 90th percentile in seconds; `None` as for [`Latency::mean`].
    pub fn p90(self) -> Option<&'r Estimate> {
        self.stat("p90")
    }
    /// Returns the 95th percentile in seconds; `None` as for [`Latency::mean`].
    pub fn p95(self) -> Option<&'r Estimate> {
        self.stat("p95")
    }
    /// Returns the 99th percentile in seconds; `None` as for [`Latency::mean`].
    pub fn p99(self) -> Option<&'r Estimate> {
        self.stat("p99")
    }
    /// Returns the 99.9th percentile in seconds; `None` as for [`Latency::mean`].
    pub fn p999(self) -> Option<&'r Estimate> {
        self.stat("p99.9")
    }
    /// Returns a statistic in seconds by its name in the result files (`min`, `max`, `sd`, `p99.9`
    /// …); `None` if there is no such statistic, workload or endpoint.
    pub fn stat(self, stat: &str) -> Option<&'r Estimate> {
        self.results.request_estimate(self.entity, "latency", stat)
    }
}

impl Results {
    /// Returns the latency of a workload (`users`) or an endpoint (`api.GET /item`).
    ///
    /// ```
    /// # let shop = asyncflow::Experiment::from_yaml(
    /// #     "
    /// # version: 1
    /// # run: { duration: 10s, replications: 5 }
    /// # workload: { users: { to: api.GET /, open: { rate: 80/s } } }
    /// # services: { api: { endpoints: { GET /: [ cpu: { exp: 8ms } ] } } }
    /// # ",
    /// # )?;
    /// let results = shop.run()?;
    /// let p99 = results.latency("users").p99().expect("the workload exists");
    /// println!("p99 = {:.0} ms, between {:.0} and {:.0}", p99.estimate * 1e3, p99.low * 1e3, p99.high * 1e3);
    /// assert!(results.latency("missing").p99().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn latency<'r>(&'r self, entity: &'r str) -> Latency<'r> {
        Latency { results: self, entity }
    }
    /// Returns the throughput of a workload or an endpoint, in answered requests per second; `None`
    /// if there is none of that name.
    pub fn throughput(&self, entity: &str) -> Option<&Estimate> {
        self.request_estimate(entity, "throughput", "mean")
    }
    /// Returns the share of failed requests of a workload or an endpoint, in 0 to 1; `None` if
    /// there is none of that name.
    pub fn error_ratio(&self, entity: &str) -> Option<&Estimate> {
        self.request_estimate(entity, "error_ratio", "mean")
    }
    /// Returns the CPU utilisation of a service (the share of its cores' time spent computing), in
    /// 0 to 1; `None` if there is no service of that name.
    pub fn utilisation(&self, service: &str) -> Option<&Estimate> {
        self.find("service", service, "utilisation", "mean").map(|row| &row.estimate)
    }
    fn request_estimate(&self, entity: &str, metric: &str, stat: &str) -> Option<&Estimate> {
        let row = ["workload", "endpoint"]
            .into_iter()
            .find_map(|kind| self.find(kind, entity, metric, stat));
        row.map(|row| &row.estimate)
    }
}
