//! Typed access to results: the numbers that are asked for most, by name.

use super::results::Results;
use crate::stats::Estimate;

/// The latency of answered requests of one workload or endpoint, s. Obtained by
/// [`Results::latency`].
#[derive(Clone, Copy, Debug)]
pub struct Latency<'r> {
    results: &'r Results,
    entity: &'r str,
}

impl<'r> Latency<'r> {
    /// Returns the mean, s; none if there is no such workload or endpoint.
    pub fn mean(self) -> Option<&'r Estimate> {
        self.stat("mean")
    }
    /// Returns the median, s; none as for [`Latency::mean`].
    pub fn p50(self) -> Option<&'r Estimate> {
        self.stat("p50")
    }
    /// Returns the 90th percentile, s; none as for [`Latency::mean`].
    pub fn p90(self) -> Option<&'r Estimate> {
        self.stat("p90")
    }
    /// Returns the 95th percentile, s; none as for [`Latency::mean`].
    pub fn p95(self) -> Option<&'r Estimate> {
        self.stat("p95")
    }
    /// Returns the 99th percentile, s; none as for [`Latency::mean`].
    pub fn p99(self) -> Option<&'r Estimate> {
        self.stat("p99")
    }
    /// Returns the 99.9th percentile, s; none as for [`Latency::mean`].
    pub fn p999(self) -> Option<&'r Estimate> {
        self.stat("p999")
    }
    /// Returns a statistic by its name in the files: `min`, `max`, `sd`, `p50` …
    pub fn stat(self, stat: &str) -> Option<&'r Estimate> {
        self.results.of_requests(self.entity, "latency", stat)
    }
}

impl Results {
    /// Gives access to the latency of a workload (`users`) or an endpoint (`api.GET /item`).
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
    /// let p99 = results.latency("users").p99().expect("there is such a workload");
    /// println!("p99 = {:.0} ms, between {:.0} and {:.0}", p99.estimate * 1e3, p99.low * 1e3, p99.high * 1e3);
    /// assert!(results.latency("nobody").p99().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn latency<'r>(&'r self, entity: &'r str) -> Latency<'r> {
        Latency { results: self, entity }
    }
    /// Returns the answers per second of a workload or an endpoint; none if there is none of that
    /// name.
    pub fn throughput(&self, entity: &str) -> Option<&Estimate> {
        self.of_requests(entity, "throughput", "mean")
    }
    /// Returns the share of failed requests of a workload or an endpoint, in 0 to 1; none if there
    /// is none of that name.
    pub fn error_ratio(&self, entity: &str) -> Option<&Estimate> {
        self.of_requests(entity, "error_ratio", "mean")
    }
    /// Returns the share of its cores' time in which a service computes, in 0 to 1; none if there
    /// is none of that name.
    pub fn utilisation(&self, service: &str) -> Option<&Estimate> {
        self.find("service", service, "utilisation", "mean").map(|row| &row.estimate)
    }
    fn of_requests(&self, entity: &str, metric: &str, stat: &str) -> Option<&Estimate> {
        let row = ["workload", "endpoint"]
            .into_iter()
            .find_map(|kind| self.find(kind, entity, metric, stat));
        row.map(|row| &row.estimate)
    }
}
