//! Keys of workloads: every workload whose requests come to a step that names a key has it, and
//! each is used.
//! Checked: `tests/it/keyed.rs`.

use crate::problem::Problems;
use crate::scenario::demand::callees;
use crate::scenario::directory::NameTable;
use crate::scenario::flow_balance::reached_by;
use crate::step::LockKeys;
use crate::step::asks::{Asks, At, Holding, Way, ask};

/// Checks all keys.
pub(super) fn check(directory: &NameTable, problems: &mut Problems) {
    let mut named: Vec<Named> = Vec::new();
    for entry in &directory.endpoints {
        let mut keys = Named { names: Vec::new() };
        ask(&entry.path, &entry.endpoint.steps, &mut keys);
        named.push(keys);
    }
    let calls = |endpoint: usize| {
        callees(directory, directory.endpoints[endpoint].endpoint).into_iter().flatten().collect()
    };
    let uses_none = named.iter().all(|keys| keys.names.is_empty());
    for (workload, of) in &directory.scenario.workload {
        if problems.enough() || uses_none && of.keys.is_empty() {
            continue;
        }
        let (reached, _) = reached_by(directory, of, calls);
        let used: Vec<&(&str, String)> = (named.iter().zip(&reached))
            .filter(|(_, is_reached)| **is_reached)
            .flat_map(|(keys, _)| &keys.names)
            .collect();
        for (name, path) in &used {
            if of.keys.contains_key(*name) {
                continue;
            }
            let what = format!("requests of `{workload}` come here, and have no key `{name}`");
            problems.error(path, what).advise(format!(
                "add `keys: {{ {name}: {{ zipf: {{ n: 5k, s: 1 }} }} }}` to the workload `{workload}`"
            ));
        }
        for name in of.keys.keys().filter(|name| used.iter().all(|(used, _)| used != name)) {
            problems
                .warning(
                    format!("workload.{workload}.keys.{name}"),
                    format!("no step that these requests come to uses the key `{name}`"),
                )
                .at_key()
                .advise(format!("write for example `lock: {{ name: …, keys: {name}, hold: … }}`"));
        }
    }
}

/// The keys of workloads that steps name, each with its place.
struct Named<'s> {
    names: Vec<(&'s str, String)>,
}

impl<'s> Asks<'s> for Named<'s> {
    fn block(&mut self, at: At, way: Way<'s>) {
        if let Way::Held(holding @ Holding { keys: Some(LockKeys::Carried(name)), .. }) = way {
            self.names.push((name, format!("{}.keys", holding.path(at))));
        }
    }
}
