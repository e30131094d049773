//! The kinds of things that a scenario has at its top level, by name: where requests come from,
//! pass and go to.
//!
//! A kind is its written form, a file here that says how it is checked, what names it takes and
//! which files it reads, and a line in the catalogue. What a kind compiles to stands in
//! `plan/compile.rs`. Checked: by the corpus of inputs (`tests/it/hostile/`).

mod link;
mod service;
mod workload;

use super::Scenario;
use super::check::Namespace;
use crate::problem::Problems;
use indexmap::{IndexMap, IndexSet};
use std::path::Path;

/// A kind of thing that has a name.
pub(super) trait Node {
    /// What is missing from a scenario that has none of it, and what to write; `None` if it may
    /// have none.
    const MISSING: Option<(&'static str, &'static str)> = None;
    /// Checks one, apart from its names and from what it refers to.
    fn check(&self, path: &str, scenario: &Scenario, problems: &mut Problems);
    /// Loads the files of its distributions.
    fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems);
    /// Takes its name, and the names of what it contains.
    fn take_names<'s>(
        &'s self,
        name: &'s str,
        path: &str,
        names: &mut Namespace<'s>,
        problems: &mut Problems,
    );
    /// The names that may stand at an end of a link, but for its own.
    fn ends(&self) -> impl Iterator<Item = &str>;
    /// Whether its own name may stand at an end of a link.
    const IS_END: bool = true;
}

/// The catalogue: the key of each kind at the top of the file, in the order of checking.
macro_rules! catalogue {
    ($($section:ident)+) => {
        /// Checks all of them, each by itself.
        pub(super) fn check(scenario: &Scenario, problems: &mut Problems) {
            $(missing(&scenario.$section, stringify!($section), problems);)+
            $(each(&scenario.$section, stringify!($section), |node, _, path| {
                Node::check(node, path, scenario, problems);
            });)+
        }
        /// Loads the files of distributions that are read from files.
        pub(super) fn load(scenario: &mut Scenario, folder: &Path, problems: &mut Problems) {
            $(for (name, node) in &mut scenario.$section {
                Node::load(node, folder, &format!("{}.{name}", stringify!($section)), problems);
            })+
        }
        /// Takes all names, so that no two are equal.
        pub(super) fn take_names<'s>(
            scenario: &'s Scenario,
            names: &mut Namespace<'s>,
            problems: &mut Problems,
        ) {
            $(each(&scenario.$section, stringify!($section), |node, name, path| {
                Node::take_names(node, name, path, names, problems);
            });)+
        }
        /// Returns what a link can connect: `users`, workloads, `via` nodes, services, instances.
        pub(super) fn ends(scenario: &Scenario) -> IndexSet<&str> {
            let mut ends = IndexSet::from(["users"]);
            $(add_ends(&scenario.$section, &mut ends);)+
            ends
        }
    };
}

catalogue! { workload links services }

/// Reports a section that must not be empty.
fn missing<N: Node>(section: &IndexMap<String, N>, key: &str, problems: &mut Problems) {
    if let Some((what, help)) = N::MISSING.filter(|_| section.is_empty()) {
        problems.error(key, what).advise(help);
    }
}

/// Visits the nodes of a kind, with their names and paths.
fn each<'s, N: Node>(
    section: &'s IndexMap<String, N>,
    key: &str,
    mut visit: impl FnMut(&'s N, &'s str, &str),
) {
    for (name, node) in section {
        visit(node, name, &format!("{key}.{name}"));
    }
}

fn add_ends<'s, N: Node>(section: &'s IndexMap<String, N>, ends: &mut IndexSet<&'s str>) {
    for (name, node) in section.iter().filter(|_| N::IS_END) {
        ends.insert(name);
        ends.extend(node.ends());
    }
}
