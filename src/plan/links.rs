//! The link that a message crosses between two groups.
//!
//! A group is a node (service, instance, `via` node) or a workload; `users` means every workload.
//! `a -> b` also describes `b -> a` unless that is given; `default` is for every pair without a
//! link of its own. Without a link there is no delay, no loss and no calendar entry.

use crate::network::{Link, LinkPlan};
use crate::random::dists::Sampler;
use crate::random::keys::Salt;
use crate::scenario::NameTable;

/// The links of the plan, created as routes need them.
#[derive(Default)]
pub(crate) struct Links {
    pub plans: Vec<LinkPlan>,
    /// Whether every draw of a latency is mirrored.
    pub mirrored: bool,
}

impl Links {
    /// Returns the id of the link from one group to another, each given by its names, the most
    /// specific first; `None` if there is no link.
    pub(crate) fn between(
        &mut self,
        directory: &mut NameTable,
        from: &[&str],
        to: &[&str],
    ) -> Option<u32> {
        if let Some((a, b, link)) = declared(directory, from, to) {
            return Some(self.link(directory, a, b, link, link.id.as_deref()));
        }
        if let Some((b, a, link)) = declared(directory, to, from) {
            let id = link.id.as_ref().map(|id| format!("{id} (back)"));
            return Some(self.link(directory, a, b, link, id.as_deref()));
        }
        let link = directory.scenario.links.get("default")?;
        Some(self.link(directory, from.first()?, to.first()?, link, None))
    }

    fn link(
        &mut self,
        directory: &mut NameTable,
        from: &str,
        to: &str,
        link: &Link,
        id: Option<&str>,
    ) -> u32 {
        let key = format!("{from} -> {to}");
        if let Some(index) = directory.links.get(&key) {
            return *index;
        }
        let index = self.plans.len() as u32;
        let name = id.unwrap_or(&key).to_string();
        let law = link.latency.compile().mirrored_if(self.mirrored);
        let latency = Sampler::new(law, Salt::of(&format!("links.{key}.latency")));
        self.plans.push(LinkPlan {
            name: name.clone(),
            latency,
            loss: link.loss.fraction,
            loss_salt: Salt::of(&format!("links.{key}.loss")),
        });
        directory.links.insert(name, index);
        directory.links.insert(key, index);
        index
    }
}

/// Returns the link declared from one group to another, with the names it is declared under.
fn declared<'n, 's>(
    directory: &NameTable<'s>,
    from: &[&'n str],
    to: &[&'n str],
) -> Option<(&'n str, &'n str, &'s Link)> {
    let pairs = from.iter().flat_map(|a| to.iter().map(move |b| (*a, *b)));
    pairs.into_iter().find_map(|(a, b)| directory.joined(a, b).map(|link| (a, b, link)))
}
