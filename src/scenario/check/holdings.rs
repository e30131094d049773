//! Checks of what requests hold across the steps of a service: one name is one lock, or one pool,
//! and a request that holds it does not ask for it again.

use crate::problem::Problems;
use crate::random::dists::Dist;
use crate::scenario::directory::NameTable;
use crate::step::asks::{Arm, Asks, At, Holding, Kind, Way, ask, memory_of_block};
use crate::step::{LockKeys, Scope};
use crate::units::Bytes;
use indexmap::IndexMap;

/// Checks all locks and pools.
pub(super) fn check(directory: &NameTable, problems: &mut Problems) {
    let mut known = Known::new();
    for (id, endpoint) in directory.endpoints.iter().enumerate() {
        if problems.enough() {
            return;
        }
        let mut visitor = Held {
            directory,
            endpoint: id,
            known: &mut known,
            blocks: Vec::new(),
            reserves: false,
            problems,
        };
        ask(&endpoint.path, &endpoint.endpoint.steps, &mut visitor);
    }
}

/// Whose what is held is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    All,
    Service(u32),
    /// A named instance.
    Instance(u32),
}

/// What is held: its kind, its name, and whose it is.
pub(super) type Name<'s> = (Kind, &'s str, Owner);

/// Returns the name of what requests to an endpoint hold.
pub(super) fn name_of<'s>(directory: &NameTable, endpoint: usize, of: &Holding<'s>) -> Name<'s> {
    let (owner, _) = directory.holders(endpoint as u32, of.scope);
    let owner = match (of.scope, owner) {
        (Scope::Shared, _) => Owner::All,
        (_, Some(instance)) => Owner::Instance(instance),
        (_, None) => Owner::Service(directory.endpoints[endpoint].service),
    };
    (of.kind, of.name, owner)
}

/// The first place where each is taken, with its path.
type Known<'s> = IndexMap<Name<'s>, (Holding<'s>, String)>;

/// What a block means for those within.
enum Around<'s> {
    Nothing,
    /// This is held.
    Held(Holding<'s>),
    /// Memory is held.
    Memory,
    /// What is spawned does not hold what is held around it.
    Beside,
}

/// What is held where a visitor is.
struct Held<'k, 's, 'p> {
    directory: &'k NameTable<'s>,
    endpoint: usize,
    known: &'k mut Known<'s>,
    /// The blocks around.
    blocks: Vec<Around<'s>>,
    /// Whether requests to it reserve memory at the beginning.
    reserves: bool,
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
            _ if self.is_keyed(keys) => {
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
    /// Warns of memory that is asked for by a request that holds some.
    fn asks_for_more(&mut self, at: At) {
        let machine = self.directory.instance_of(self.endpoint as u32).machine;
        let own = self.blocks.iter().rev().take_while(|around| !matches!(around, Around::Beside));
        let is_within = own.clone().any(|around| matches!(around, Around::Memory));
        let is_beside = self.blocks.iter().any(|around| matches!(around, Around::Beside));
        if machine.memory.is_some() && (is_within || self.reserves && !is_beside) {
            self.problems
                .warning(
                    memory_of_block(at),
                    "deadlock is possible: a request that holds memory asks for more, and if enough of them do so at once, all wait for each other",
                )
                .advise("reserve all of it at once, with `memory` before the first step or one `hold` around");
        }
    }
    /// Whether there are several keys.
    fn is_keyed(&self, keys: Option<&LockKeys>) -> bool {
        keys.is_some_and(|keys| self.directory.scenario.popularity(keys).count > 1)
    }
    fn name(&self, of: &Holding<'s>) -> Name<'s> {
        name_of(self.directory, self.endpoint, of)
    }
}

impl<'s> Asks<'s> for Held<'_, 's, '_> {
    fn block(&mut self, at: At, way: Way<'s>) {
        let holding = match way {
            Way::Held(holding) => holding,
            Way::Memory(_) => {
                self.asks_for_more(at);
                return self.blocks.push(Around::Memory);
            }
            Way::Beside => return self.blocks.push(Around::Beside),
            _ => return self.blocks.push(Around::Nothing),
        };
        let Holding { kind, name, scope, units, keys, .. } = holding;
        let path = &*holding.path(at);
        self.asks_again(&holding, path);
        let (owner, members) = self.directory.holders(self.endpoint as u32, scope);
        if self.is_keyed(keys) && scope == Scope::Instance && members.len() > 1 && owner.is_none() {
            let what = format!(
                "each of {} instances has its own `{name}`: requests to different ones do not wait for the same key",
                members.len()
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
        self.blocks.push(Around::Held(holding));
    }
    fn memory(&mut self, _: At, _: &'s Dist<Bytes>) {
        self.reserves = true;
    }
    fn arm(&mut self, _: Arm<'s>) {}
    fn end(&mut self) {
        self.blocks.pop();
    }
}
