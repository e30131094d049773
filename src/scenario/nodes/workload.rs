//! Workloads: what they are checked for, the names of those who send and of what their messages
//! pass, and the files of their distributions.

use super::Node;
use crate::problem::Problems;
use crate::scenario::Scenario;
use crate::scenario::check::Namespace;
use crate::workload::{Arrivals, Workload};
use indexmap::IndexSet;
use std::path::Path;

impl Node for Workload {
    const MISSING: Option<(&'static str, &'static str)> = Some((
        "there is no workload: no requests are sent",
        "add for example `users: { to: api.GET /, open: { rate: 100/s } }`",
    ));

    fn check(&self, path: &str, scenario: &Scenario, problems: &mut Problems) {
        Workload::check(self, path, problems);
        self.check_duration(scenario.run.duration, path, problems);
    }
    fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        if let Some(closed) = &mut self.closed {
            closed.think.load(folder, &format!("{path}.closed.think"), problems);
        }
        if let Some(replay) = &mut self.replay {
            replay.load(self.to.as_deref(), folder, &format!("{path}.replay"), problems);
        }
        if let Some(patience) = &mut self.patience {
            patience.span.load(folder, &format!("{path}.patience"), problems);
        }
        if let Some(reload) = &mut self.reload {
            reload.after.load(folder, &format!("{path}.reload.after"), problems);
        }
        if let Some(users) = &mut self.users {
            users.active.load(folder, &format!("{path}.users.active"), problems);
        }
        if let Some(sessions) = &mut self.sessions {
            sessions.think.load(folder, &format!("{path}.sessions.think"), problems);
            sessions.requests.load(folder, &format!("{path}.sessions.requests"), problems);
        }
        if let Some(open) = &mut self.open {
            open.rate.load(folder, &format!("{path}.open.rate"), problems);
        }
        if let Some(sessions) = &mut self.sessions {
            sessions.rate.load(folder, &format!("{path}.sessions.rate"), problems);
        }
        let arrivals = [
            ("open", self.open.as_mut().map(|open| &mut open.arrivals)),
            ("sessions", self.sessions.as_mut().map(|sessions| &mut sessions.arrivals)),
        ];
        for (key, arrivals) in arrivals {
            match arrivals {
                Some(Arrivals::Gaps(gaps)) => {
                    gaps.load(folder, &format!("{path}.{key}.arrivals.gaps"), problems);
                }
                Some(Arrivals::Batch(batch)) => {
                    let path = format!("{path}.{key}.arrivals.batch.size");
                    batch.size.load(folder, &path, problems);
                }
                _ => {}
            }
        }
    }
    fn take_names<'s>(
        &'s self,
        name: &'s str,
        path: &str,
        names: &mut Namespace<'s>,
        problems: &mut Problems,
    ) {
        names.take_workload(name, path, problems);
        let mut passed: IndexSet<&str> = IndexSet::new();
        for (index, node) in self.via.iter().enumerate() {
            let path = format!("{path}.via[{index}]");
            names.pass(node, &path, problems);
            if !passed.insert(node) {
                problems
                    .error(path, format!("messages pass through `{node}` twice"))
                    .advise("name each node once");
            }
        }
    }
    fn ends(&self) -> impl Iterator<Item = &str> {
        self.via.iter().map(String::as_str)
    }
}
