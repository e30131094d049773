//! Where the metrics of an entity stand in the vocabulary.
//!
//! Law: the metrics of one entity stand together, because the walk over the layout gives them
//! together. So an entity is looked up, and of a thousand services only the metrics of one are
//! looked at. Made once for a point, and shared by everything that is said of it.
//! Checked: every name of a vocabulary is found where it stands, below.

use super::Metric;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::ops::Range;

/// The places of each entity's metrics, by its kind and name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    entities: BTreeMap<&'static str, IndexMap<String, Range<usize>>>,
}

impl Index {
    /// Of a vocabulary.
    pub(crate) fn new(metrics: &[Metric]) -> Index {
        let (mut index, mut next) = (Index::default(), 0);
        for entity in metrics.chunk_by(|a, b| a.kind == b.kind && a.entity == b.entity) {
            let place = next..next + entity.len();
            next = place.end;
            // Links may share a name: the first is meant.
            index
                .entities
                .entry(entity[0].kind)
                .or_default()
                .entry(entity[0].entity.clone())
                .or_insert(place);
        }
        index
    }
    /// The places of an entity's metrics; none if there is no such entity.
    pub(crate) fn of(&self, kind: &str, entity: &str) -> Range<usize> {
        self.entities
            .get(kind)
            .and_then(|entities| entities.get(entity))
            .cloned()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Endpoint, Instance, Layout, vocabulary};
    use super::*;

    #[test]
    fn every_metric_is_found_among_those_of_its_entity() {
        // Definition, over a layout with every kind of entity; names of one kind are nothing to
        // another.
        let instance = |name: &str, service| Instance {
            name: name.into(),
            service,
            cores: 1,
            dollars_per_hour: None,
        };
        let layout = Layout {
            workloads: vec!["users".into()],
            endpoints: vec![Endpoint { name: "api.x".into() }, Endpoint { name: "db.x".into() }],
            services: vec!["api".into(), "db".into()],
            instances: vec![instance("api#1", 0), instance("api#2", 0), instance("db#1", 1)],
            links: vec!["users -> api".into()],
            outcomes: vec!["ok".into(), "lost".into()],
            ..Layout::default()
        };
        let metrics = vocabulary(&layout).metrics;
        let index = Index::new(&metrics);
        for (place, metric) in metrics.iter().enumerate() {
            let own = index.of(metric.kind, &metric.entity);
            assert!(
                own.contains(&place)
                    && metrics[own]
                        .iter()
                        .all(|m| (m.kind, &m.entity) == (metric.kind, &metric.entity))
            );
        }
        assert!(index.of("service", "users").is_empty() && index.of("nothing", "api").is_empty());
    }
}
