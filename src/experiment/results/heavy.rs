//! Means whose error is unknown, because the times they are of have an infinite variance.

use crate::experiment::point::CompiledPoint;
use crate::measure::Metric;
use std::collections::BTreeSet;

/// The entities whose times have an infinite variance, so that the error of their means is unknown.
pub(super) struct Heavy<'b> {
    workloads: BTreeSet<&'b str>,
    endpoints: BTreeSet<&'b str>,
    services: BTreeSet<&'b str>,
}

impl<'b> Heavy<'b> {
    pub(super) fn of(built: &'b CompiledPoint) -> Heavy<'b> {
        let (balance, layout) = (&built.balance, &built.plan.layout);
        let workloads = layout
            .workloads
            .iter()
            .zip(&balance.workloads)
            .filter(|(_, balance)| balance.heavy.is_some());
        let endpoints =
            layout.endpoints.iter().zip(&balance.heavy).filter(|(_, heavy)| heavy.is_some());
        let services = layout
            .services
            .iter()
            .zip(&balance.services)
            .filter(|(_, balance)| balance.heavy.is_some());
        Heavy {
            workloads: workloads.map(|(name, _)| name.as_str()).collect(),
            endpoints: endpoints.map(|(endpoint, _)| endpoint.name.as_str()).collect(),
            services: services.map(|(name, _)| name.as_str()).collect(),
        }
    }

    pub(super) fn is_mean_of(&self, metric: &Metric) -> bool {
        let of_time = matches!(metric.stat, "mean" | "sd")
            && (metric.metric == "latency" || metric.metric.starts_with("time_in."));
        let of_state =
            metric.stat == "mean" && metric.unit == "1" && metric.metric != "memory_used";
        match metric.kind {
            "workload" => of_time && self.workloads.contains(&metric.entity.as_str()),
            "endpoint" => of_time && self.endpoints.contains(&metric.entity.as_str()),
            "service" => of_state && self.services.contains(&metric.entity.as_str()),
            _ => false,
        }
    }
}
