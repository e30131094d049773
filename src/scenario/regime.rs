//! The regime at the end of a run: the final interval without changes, since the last stage of a
//! rate and the last beginning or end of a fault.
//!
//! A verdict on whether a system keeps up concerns this regime: the backlog of a past outage says
//! nothing about the long run, and a system that is still changing at the end cannot be judged.

use super::Scenario;
use crate::random::keys::Salt;
use crate::units::Span;

/// The final interval of a run in which nothing changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Regime {
    /// When it begins; 0 if nothing changes during the run.
    pub since: Span,
    /// What is still changing at the end; `None` if nothing is.
    pub unfinished: Option<Unfinished>,
}

/// A change that is in progress when the run ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Unfinished {
    /// The rate of this workload is still changing.
    Rate(String),
    /// A fault that would end after the run.
    Fault {
        /// Its kind, such as `slow`.
        kind: &'static str,
        /// The service, instance, link or endpoint it affects.
        target: String,
        /// When it ends.
        until: Span,
    },
}

impl Regime {
    /// Returns the regime at the end of a scenario's run.
    pub fn of(scenario: &Scenario) -> Regime {
        let horizon = scenario.run.duration;
        let mut regime = Regime { since: Span::ZERO, unfinished: None };
        for (name, workload) in &scenario.workload {
            let Some(process) = workload.arrival_process(Salt::of("")) else { continue };
            match &workload.closed {
                Some(closed) if closed.ramp >= horizon => {
                    regime.unfinished = Some(Unfinished::Rate(name.clone()));
                }
                Some(closed) => regime.since = regime.since.max(closed.ramp),
                None => {}
            }
            if process.gaps.have_no_rate(horizon) {
                regime.unfinished = Some(Unfinished::Rate(name.clone()));
            }
            match process.profile.last_rate(horizon.seconds()) {
                (_, Some(since_s)) => regime.since = regime.since.max(Span::from_seconds(since_s)),
                (_, None) => regime.unfinished = Some(Unfinished::Rate(name.clone())),
            }
        }
        for fault in &scenario.faults {
            let (at, lasting) = fault.when();
            let until = lasting.map(|lasting| at + lasting);
            for moment in [Some(at), until].into_iter().flatten().filter(|moment| *moment < horizon)
            {
                regime.since = regime.since.max(moment);
            }
            if let Some(until) = until.filter(|until| at < horizon && *until >= horizon) {
                let (target, _) = scenario.describe_fault(fault);
                regime.unfinished = Some(Unfinished::Fault { kind: fault.name(), target, until });
            }
        }
        regime
    }

    /// Whether nothing changes during the whole run.
    pub fn is_stationary(&self) -> bool {
        self.since == Span::ZERO && self.unfinished.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::from_yaml;

    fn regime(rest: &str) -> Regime {
        let yaml = format!(
            "version: 1
run: {{ duration: 100s }}
services: {{ api: {{ endpoints: {{ x: [ cpu: 1ms ] }} }} }}
{rest}"
        );
        Regime::of(&from_yaml(&yaml).unwrap_or_else(|problems| panic!("{problems}")))
    }

    #[test]
    fn the_last_change_begins_the_regime() {
        // By hand: the run is 100 s long.
        let users = |rate: &str| {
            format!("workload: {{ users: {{ to: api.x, open: {{ rate: {rate} }} }} }}")
        };
        let steady = users("10/s");
        assert!(regime(&steady).is_stationary());
        let ramp = users("{ from: 0/s, stages: [ { to: 10/s, over: 30s } ] }");
        assert_eq!(regime(&ramp), Regime { since: Span::from_seconds(30.0), unfinished: None });
        let endless = users("{ from: 0/s, stages: [ { to: 10/s, over: 300s } ] }");
        assert!(regime(&endless).unfinished.is_some() && !regime(&endless).is_stationary());
        let fault = |times: &str| {
            regime(&format!("{steady}\nfaults: [ slow: {{ target: api, factor: 2x, {times} }} ]"))
        };
        assert_eq!(
            fault("at: 20s, for: 30s"),
            Regime { since: Span::from_seconds(50.0), unfinished: None }
        );
        // A permanent fault is part of the regime; a temporary one that outlasts the run is
        // unfinished.
        assert_eq!(fault("at: 20s"), Regime { since: Span::from_seconds(20.0), unfinished: None });
        assert!(fault("at: 20s, for: 80s").unfinished.is_some());
        assert!(
            fault("at: 100s, for: 80s").is_stationary(),
            "a fault after the end changes nothing"
        );
    }
}
