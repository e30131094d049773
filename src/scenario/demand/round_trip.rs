//! The links between a sender and a service, there and back: their mean and least latency, and
//! whether they lose messages.
//! Checked: `flow_balance_tests.rs`.

use crate::scenario::directory::NameTable;

/// The latency and loss of the links that a request crosses, there and back.
pub(in crate::scenario) struct RoundTrip {
    pub mean_s: f64,
    pub least_s: f64,
    pub is_lossy: bool,
}

impl RoundTrip {
    /// Between a sender, which may be written in several ways, and a service.
    pub(in crate::scenario) fn between(
        directory: &NameTable,
        senders: &[&str],
        callee: u32,
    ) -> RoundTrip {
        let mut round_trip = RoundTrip { mean_s: 0.0, least_s: 0.0, is_lossy: false };
        let links = &directory.scenario.links;
        let to = directory.scenario.services.get_index(callee as usize);
        let Some((to, service)) = to.filter(|_| !links.is_empty()) else { return round_trip };
        if !service.instances.is_empty() {
            // Named instances may have their own links instead: then nothing certain is known.
            round_trip.is_lossy = links.values().any(|link| link.loss.fraction > 0.0);
            return round_trip;
        }
        let joined = |from: &str, to: &str| {
            directory.joined(from, to).or_else(|| directory.joined(to, from))
        };
        let there = senders.iter().find_map(|from| joined(from, to));
        let back = senders.iter().find_map(|from| joined(to, from));
        let default = links.get("default");
        for link in [there.or(default), back.or(default)].into_iter().flatten() {
            let law = link.latency.compile();
            round_trip.mean_s += law.mean() * 1e-9;
            round_trip.least_s += law.quantile(0.0).max(0.0) * 1e-9;
            round_trip.is_lossy |= link.loss.fraction > 0.0;
        }
        round_trip
    }
}
