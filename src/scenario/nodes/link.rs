//! Links: what they are checked for, and the files that their latencies are read from.

use super::Node;
use crate::network::Link;
use crate::problem::Problems;
use crate::scenario::Scenario;
use crate::scenario::check::Namespace;
use std::path::Path;

impl Node for Link {
    // Its name is made of the names of its ends.
    const IS_END: bool = false;

    fn check(&self, path: &str, _: &Scenario, problems: &mut Problems) {
        Link::check(self, path, problems);
    }
    fn load(&mut self, folder: &Path, path: &str, problems: &mut Problems) {
        self.latency.load(folder, &format!("{path}.latency"), problems);
    }
    fn take_names<'s>(&'s self, _: &'s str, _: &str, _: &mut Namespace<'s>, _: &mut Problems) {}
    fn ends(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }
}
