//! Links, some of them in one direction only.

use super::super::Feature::*;
use super::super::Link;
use super::Text;

impl Text<'_> {
    /// Returns the ends of a link: the users and services.
    pub(super) fn ends(&self, link: &Link) -> (String, String) {
        let services = self.case.services.len();
        let to = link.to % services;
        let from = link.from % (to + 1);
        let name = if from == 0 { "users".to_string() } else { format!("s{}", from - 1) };
        (name, format!("s{to}"))
    }

    pub(super) fn links(&self) -> String {
        let case = self.case;
        if !case.has(Links) {
            return String::new();
        }
        let mut written: Vec<(String, String)> = Vec::new();
        for link in &case.links {
            let (from, to) = self.ends(link);
            let loss =
                if case.has(Loss) { format!(", loss: {}%", link.loss) } else { String::new() };
            let text = format!("{{ latency: {}{loss} }}", self.law(&link.law));
            let mut put = |key: String| {
                if written.iter().all(|(known, _)| *known != key) {
                    written.push((key, text.clone()));
                }
            };
            put(format!("{from} -> {to}"));
            match link.from {
                4 => put("default".to_string()),
                // The way back is another link, or an instance has its own.
                3 => put(format!("{to} -> {from}")),
                2 if case.is_named(0) => put("s0 -> s0a".to_string()),
                _ => {}
            }
        }
        written.iter().map(|(key, text)| format!("\n  {key}: {text},")).collect()
    }
}
