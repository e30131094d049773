//! Which link a message crosses between two groups.
//!
//! A group is a node (service, instance, `via` node) or a workload; `users` means every workload. `a -> b` also describes `b -> a` unless
//! that is given; `default` is for every pair without a link of its own. No link: no delay, no loss, no calendar entry.

use crate::network::{Link, LinkPlan};
use crate::random::dists::Sampler;
use crate::random::keys::Salt;
use crate::scenario::Directory;
use crate::scenario::split_link;
use indexmap::IndexMap;

/// The links of the plan, made as routes need them.
#[derive(Default)]
pub struct Links {
    pub plans: Vec<LinkPlan>,
    /// Whether latencies are drawn with the mirror of every draw.
    pub mirrored: bool,
}

impl Links {
    /// The id of the link from one group to another, each given by its names, the most specific first.
    pub fn between(&mut self, directory: &mut Directory, from: &[&str], to: &[&str]) -> Option<u32> {
        let written = &directory.scenario.links;
        if let Some((a, b, link)) = given(written, from, to) {
            return Some(self.link(directory, a, b, link, link.id.as_deref()));
        }
        if let Some((b, a, link)) = given(written, to, from) {
            let id = link.id.as_ref().map(|id| format!("{id} (back)"));
            return Some(self.link(directory, a, b, link, id.as_deref()));
        }
        let link = written.get("default")?;
        Some(self.link(directory, from.first()?, to.first()?, link, None))
    }

    fn link(&mut self, directory: &mut Directory, from: &str, to: &str, link: &Link, id: Option<&str>) -> u32 {
        let key = format!("{from} -> {to}");
        if let Some(known) = directory.links.get(&key) {
            return *known;
        }
        let index = self.plans.len() as u32;
        let name = id.unwrap_or(&key).to_string();
        let law = link.latency.law();
        let law = if self.mirrored { law.mirrored() } else { law };
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

/// The link that is written from one group to another, with the names it is written under.
fn given<'s>(written: &'s IndexMap<String, Link>, from: &[&'s str], to: &[&'s str]) -> Option<(&'s str, &'s str, &'s Link)> {
    let pairs = from.iter().flat_map(|a| to.iter().map(move |b| (*a, *b)));
    let find = |(a, b)| written.iter().find(|(key, _)| split_link(key) == Some((a, b))).map(|(_, link)| (a, b, link));
    pairs.into_iter().find_map(find)
}
