//! Checks of locks across the steps of a service: one name is one lock, and a request that holds it
//! does not ask for it again. Locks that are taken in opposite orders are a warning: two requests
//! may each hold what the other waits for (Coffman, Elphick, Shoshani 1971, "System deadlocks").

use crate::problem::Problems;
use crate::scenario::directory::NameTable;
use crate::step::Scope;
use crate::step::asks::{Arm, Asks, At, Way, ask};
use indexmap::IndexMap;

/// Checks all locks.
pub(super) fn check(directory: &NameTable, problems: &mut Problems) {
    let mut known: Vec<IndexMap<&str, (Scope, u64, String)>> =
        directory.services.iter().map(|_| IndexMap::new()).collect();
    let mut nested: Vec<Nested> = directory.services.iter().map(|_| Nested::new()).collect();
    for endpoint in &directory.endpoints {
        if problems.enough() {
            return;
        }
        let known = &mut known[endpoint.service as usize];
        let nested = &mut nested[endpoint.service as usize];
        let mut visitor = Held { known, nested, blocks: Vec::new(), problems };
        ask(&endpoint.path, &endpoint.endpoint.steps, &mut visitor);
    }
    nested.iter().for_each(|nested| opposite_orders(nested, problems));
}

/// The pairs of a lock and one that is taken while it is held, with the path of the first such
/// place.
type Nested<'s> = IndexMap<(&'s str, &'s str), String>;

/// Warns of the first lock that is taken while another is held that is, directly or by way of
/// others, also held while the first is taken.
fn opposite_orders(nested: &Nested, problems: &mut Problems) {
    for (index, ((outer, inner), path)) in nested.iter().enumerate() {
        // Those that are taken, sooner or later, by one that holds the inner lock.
        let (mut reached, mut next) = (vec![*inner], 0);
        let mut back = None;
        while let Some(&lock) = reached.get(next) {
            next += 1;
            for ((_, taken), other) in nested[..index].iter().filter(|((held, _), _)| *held == lock)
            {
                if taken == outer {
                    back = back.or(Some(other));
                } else if !reached.contains(taken) {
                    reached.push(taken);
                }
            }
        }
        if let Some(other) = back {
            let what = format!(
                "deadlock is possible: `{inner}` is taken while `{outer}` is held, and `{outer}` while `{inner}` is held at {other}: two requests that do both may wait for each other for ever"
            );
            problems
                .warning(format!("{path}.name"), what)
                .advise("take the locks in the same order everywhere");
            return;
        }
    }
}

/// The locks that are held where a visitor is.
struct Held<'k, 's, 'p> {
    known: &'k mut IndexMap<&'s str, (Scope, u64, String)>,
    nested: &'k mut Nested<'s>,
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
        for outer in self.blocks.iter().flatten().filter(|outer| **outer != name) {
            self.nested.entry((outer, name)).or_insert_with(|| path.to_string());
        }
        self.blocks.push(Some(name));
    }
    fn arm(&mut self, _: Arm<'s>) {}
    fn end(&mut self) {
        self.blocks.pop();
    }
}
