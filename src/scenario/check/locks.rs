//! Checks of locks across the steps of a service: one name is one lock, and a request that holds it
//! does not ask for it again.

use crate::problem::Problems;
use crate::scenario::directory::NameTable;
use crate::step::Scope;
use crate::step::asks::{Arm, Asks, At, Way, ask};
use indexmap::IndexMap;

/// Checks all locks.
pub(super) fn check(directory: &NameTable, problems: &mut Problems) {
    let mut known: Vec<IndexMap<&str, (Scope, u64, String)>> =
        directory.services.iter().map(|_| IndexMap::new()).collect();
    for endpoint in &directory.endpoints {
        if problems.enough() {
            return;
        }
        let known = &mut known[endpoint.service as usize];
        let mut visitor = Held { known, blocks: Vec::new(), problems };
        ask(&endpoint.path, &endpoint.endpoint.steps, &mut visitor);
    }
}

/// The locks that are held where a visitor is.
struct Held<'k, 's, 'p> {
    known: &'k mut IndexMap<&'s str, (Scope, u64, String)>,
    /// The blocks around, each with the lock that it holds.
    blocks: Vec<Option<&'s str>>,
    problems: &'p mut Problems,
}

impl<'s> Asks<'s> for Held<'_, 's, '_> {
    fn block(&mut self, at: At, way: Way<'s>) {
        let Way::Held { name, scope, permits } = way else { return self.blocks.push(None) };
        // `at` is where its steps stand: `….lock.hold`.
        let path = at.to_string();
        let path = path.trim_end_matches(".hold");
        if self.blocks.contains(&Some(name)) {
            self.problems
                .error(
                    format!("{path}.name"),
                    format!(
                        "a request that holds `{name}` asks for it again, and would wait for itself"
                    ),
                )
                .advise("take the lock once, around all of it, or use two locks");
        }
        let (first_scope, first_permits, first) =
            self.known.entry(name).or_insert_with(|| (scope, permits, path.to_string()));
        let differs = match () {
            () if *first_scope != scope => Some("scope"),
            () => (*first_permits != permits).then_some("permits"),
        };
        if let Some(field) = differs {
            self.problems
                .error(path, format!("the lock `{name}` has another `{field}` at {first}"))
                .at_key()
                .advise("steps of a service that name the same lock share it: write the same, or choose another name");
        }
        self.blocks.push(Some(name));
    }
    fn arm(&mut self, _: Arm<'s>) {}
    fn end(&mut self) {
        self.blocks.pop();
    }
}
