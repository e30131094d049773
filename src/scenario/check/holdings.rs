//! Checks of what requests hold across the steps of a service: one name is one lock, or one pool,
//! and a request that holds it does not ask for it again. Those that are taken in opposite orders
//! are a warning: two requests may each hold what the other waits for (Coffman, Elphick, Shoshani
//! 1971, "System deadlocks"), unless they give up.

use crate::problem::Problems;
use crate::scenario::directory::NameTable;
use crate::step::Scope;
use crate::step::asks::{Arm, Asks, At, Holding, Kind, Way, ask};
use indexmap::IndexMap;

/// Checks all locks and pools.
pub(super) fn check(directory: &NameTable, problems: &mut Problems) {
    let mut known: Vec<Known> = directory.services.iter().map(|_| Known::new()).collect();
    let mut nested: Vec<Nested> = directory.services.iter().map(|_| Nested::new()).collect();
    for (id, endpoint) in directory.endpoints.iter().enumerate() {
        if problems.enough() {
            return;
        }
        let known = &mut known[endpoint.service as usize];
        let nested = &mut nested[endpoint.service as usize];
        let owner = directory.owner(id as u32);
        let instances = directory.members[endpoint.service as usize].0.len();
        let mut visitor = Held { known, nested, owner, instances, blocks: Vec::new(), problems };
        ask(&endpoint.path, &endpoint.endpoint.steps, &mut visitor);
    }
    nested.iter().for_each(|nested| opposite_orders(nested, problems));
}

/// What is held: its kind and name, and the named instance that it belongs to.
type Name<'s> = (Kind, &'s str, Option<u32>);

/// The first place where each is taken, with its path.
type Known<'s> = IndexMap<Name<'s>, (Holding<'s>, String)>;

/// The pairs of one that is held and one that is taken meanwhile, with the path of the first such
/// place.
type Nested<'s> = IndexMap<(Name<'s>, Name<'s>), String>;

/// Warns of the first that is taken while another is held that is, directly or by way of
/// others, also held while the first is taken.
fn opposite_orders(nested: &Nested, problems: &mut Problems) {
    for (index, ((outer, inner), path)) in nested.iter().enumerate() {
        // Those that are taken, sooner or later, by one that holds the inner.
        let (mut reached, mut next) = (vec![*inner], 0);
        let mut back = None;
        while let Some(&name) = reached.get(next) {
            next += 1;
            for ((_, taken), other) in nested[..index].iter().filter(|((held, _), _)| *held == name)
            {
                if taken == outer {
                    back = back.or(Some(other));
                } else if !reached.contains(taken) {
                    reached.push(*taken);
                }
            }
        }
        if let Some(other) = back {
            let ((kind, outer, _), (_, inner, _)) = (outer, inner);
            let what = format!(
                "deadlock is possible: `{inner}` is taken while `{outer}` is held, and `{outer}` while `{inner}` is held at {other}: two requests that do both may wait for each other for ever"
            );
            problems
                .warning(format!("{path}.name"), what)
                .advise(format!("take the {}s in the same order everywhere", kind.word()));
            return;
        }
    }
}

/// What a block means for those within.
enum Around<'s> {
    Nothing,
    /// This is held.
    Held(Holding<'s>),
    /// What is spawned does not hold what is held around it.
    Beside,
}

/// What is held where a visitor is.
struct Held<'k, 's, 'p> {
    known: &'k mut Known<'s>,
    nested: &'k mut Nested<'s>,
    /// The named instance whose endpoint it is.
    owner: Option<u32>,
    /// How many instances its service has.
    instances: usize,
    /// The blocks around.
    blocks: Vec<Around<'s>>,
    problems: &'p mut Problems,
}

impl<'s> Held<'_, 's, '_> {
    /// What is held here, the innermost first.
    fn held(&self) -> impl Iterator<Item = &Holding<'s>> {
        let own = self.blocks.iter().rev().take_while(|around| !matches!(around, Around::Beside));
        own.filter_map(|around| match around {
            Around::Held(holding) => Some(holding),
            _ => None,
        })
    }
    /// Reports one that is asked for by a request that holds it.
    fn asks_again(&mut self, holding: &Holding<'s>, path: &str) {
        let Holding { kind, name, units, keys, .. } = *holding;
        let holds = self.held().filter(|outer| (outer.kind, outer.name) == (kind, name));
        match (holds.count() as u64, kind) {
            (0, _) => {}
            (held, Kind::Pool) if held < units => {
                let what = format!(
                    "deadlock is possible: a request that holds a connection of `{name}` asks for another, and if enough of them do so at once, all wait for each other"
                );
                self.problems
                    .warning(format!("{path}.name"), what)
                    .advise("take one connection around all of it, or use two pools");
            }
            _ if keys > 1 => {
                let what = format!(
                    "deadlock is possible: a request that holds a key of `{name}` asks for another: two requests may each hold what the other waits for, and one may draw the same key twice"
                );
                self.problems.warning(format!("{path}.name"), what).advise(
                    "hold one key at a time, or use two locks in the same order everywhere",
                );
            }
            _ => {
                let what = format!(
                    "a request that holds `{name}` asks for it again, and would wait for itself"
                );
                self.problems.error(format!("{path}.name"), what).advise(format!(
                    "take the {0} once, around all of it, or use two {0}s",
                    kind.word()
                ));
            }
        }
    }
    fn name(&self, of: &Holding<'s>) -> Name<'s> {
        (of.kind, of.name, self.owner.filter(|_| of.scope != Scope::Service))
    }
}

impl<'s> Asks<'s> for Held<'_, 's, '_> {
    fn block(&mut self, at: At, way: Way<'s>) {
        let holding = match way {
            Way::Held(holding) => holding,
            Way::Beside => return self.blocks.push(Around::Beside),
            _ => return self.blocks.push(Around::Nothing),
        };
        let Holding { kind, name, scope, units, gives_up, keys, .. } = holding;
        let path = &*holding.path(at);
        self.asks_again(&holding, path);
        if keys > 1 && scope == Scope::Instance && self.instances > 1 && self.owner.is_none() {
            let what = format!(
                "each of {} instances has its own `{name}`: requests to different ones do not wait for the same key",
                self.instances
            );
            self.problems
                .warning(format!("{path}.name"), what)
                .advise("write `scope: service` if the keys are those of one table, or `scope: process` if each process has its own");
        }
        let other = match kind {
            Kind::Lock => Kind::Pool,
            Kind::Pool => Kind::Lock,
            Kind::Thread => Kind::Pool,
        };
        if let Some((_, there)) = self.known.get(&self.name(&Holding { kind: other, ..holding })) {
            let what = format!("`{name}` is a {} at {there}", other.noun());
            self.problems
                .error(format!("{path}.name"), what)
                .advise("choose another name: the results would not tell them apart");
        }
        let (first, first_path) =
            self.known.entry(self.name(&holding)).or_insert_with(|| (holding, path.to_string()));
        let [sharers, number] = kind.fields();
        let differs = match () {
            () if first.scope != scope => Some(sharers),
            () if first.keys != keys => Some("keys"),
            () => (first.units != units).then_some(number),
        };
        if let Some(field) = differs {
            self.problems
                .error(path, format!("the {} `{name}` has another `{field}` at {first_path}", kind.noun()))
                .at_key()
                .advise(format!("steps of a service that name the same {} share it: write the same, or choose another name", kind.noun()));
        }
        if !gives_up {
            let others: Vec<Name> = self
                .held()
                .filter(|outer| !outer.gives_up && (outer.kind, outer.name) != (kind, name))
                .map(|outer| self.name(outer))
                .collect();
            for outer in others.into_iter().rev() {
                let pair = (outer, self.name(&holding));
                self.nested.entry(pair).or_insert_with(|| path.to_string());
            }
        }
        self.blocks.push(Around::Held(holding));
    }
    fn arm(&mut self, _: Arm<'s>) {}
    fn end(&mut self) {
        self.blocks.pop();
    }
}
