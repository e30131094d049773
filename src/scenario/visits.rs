//! The path of an answered request: which endpoints it visits, how often, and which endpoints each
//! of them calls.
//!
//! Law: a request is answered if all its steps are done and all its calls are answered. So every
//! endpoint on its path is visited as often as the steps of its callers prescribe (visit ratios:
//! Denning, Buzen 1978, §3), regardless of the share of requests that fail.
//! Tested: here by hand, and `tests/it/words.rs`.

use super::directory::NameTable;
use super::{Scenario, Workload, demand};
use crate::step::Call;
use crate::step::asks::{At, EachCall, ask};

/// An endpoint on the path of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Visit {
    /// Its name in the metrics: `service.endpoint`.
    pub endpoint: String,
    /// The service it belongs to.
    pub service: String,
    /// The mean number of visits per answered request.
    pub times: f64,
    /// The endpoints it calls, one entry per call.
    pub calls: Vec<String>,
}

/// Returns the path of a workload's answered requests, callers first. `None` where the scenario
/// does not determine it: a service with named instances draws the endpoint at random, an instance
/// hands its requests on, or calls stand in blocks.
pub(crate) fn visits(scenario: &Scenario, workload: &Workload) -> Option<Vec<Visit>> {
    let directory = NameTable::new(scenario);
    if directory.instances.iter().any(|instance| instance.then.is_some()) {
        return None;
    }
    let mut times = vec![0.0; directory.endpoints.len()];
    for (to, share) in demand::targets(workload) {
        let (_, endpoint) = directory.target(to).ok()?;
        times[endpoint? as usize] += share;
    }
    let mut visits = Vec::new();
    for endpoint in demand::callers_first(&directory) {
        if times[endpoint] == 0.0 {
            continue;
        }
        let entry = &directory.endpoints[endpoint];
        let called = demand::callees(&directory, entry.endpoint);
        let called = called.into_iter().collect::<Option<Vec<usize>>>()?;
        // How often a call in a block is made depends on the block.
        let mut is_nested = false;
        let mut calls = EachCall(|at: At, _: &Call| is_nested |= at.is_nested());
        ask("", &entry.endpoint.steps, &mut calls);
        if is_nested {
            return None;
        }
        for callee in &called {
            times[*callee] += times[endpoint];
        }
        visits.push(Visit {
            endpoint: entry.name.clone(),
            service: scenario.services.get_index(entry.service as usize)?.0.clone(),
            times: times[endpoint],
            calls: called.iter().map(|callee| directory.endpoints[*callee].name.clone()).collect(),
        });
    }
    Some(visits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::from_yaml;

    #[test]
    fn an_answered_request_visits_what_its_callers_call() {
        // By hand: a third goes to `a`, which calls `c` twice; two thirds to `b`, which calls `c`
        // once: 1/3 · 2 + 2/3 = 4/3. Steps that may fail do not matter.
        let scenario = from_yaml(
            "version: 1
workload: { users: { mix: { web.a: 1, web.b: 2 }, open: { rate: 1/s } } }
services:
  web: { endpoints: { a: [ call: db.c, call: db.c ], b: [ fail: 50%, call: db.c ], unused: [ call: db.c ] } }
  db: { endpoints: { c: [ cpu: 1ms ] } }",
        )
        .expect("a scenario");
        let found = visits(&scenario, &scenario.workload["users"]).expect("the path is determined");
        let times: Vec<(&str, &str, f64)> =
            found.iter().map(|v| (v.service.as_str(), v.endpoint.as_str(), v.times)).collect();
        assert_eq!(
            times,
            [("web", "web.a", 1.0 / 3.0), ("web", "web.b", 2.0 / 3.0), ("db", "db.c", 4.0 / 3.0)]
        );
        assert_eq!(found[0].calls, ["db.c", "db.c"]);
    }
}
