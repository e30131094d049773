//! Orders in which locks, connections and threads are taken: if two are taken in opposite orders,
//! also by way of calls, two requests may each hold what the other waits for (Coffman, Elphick,
//! Shoshani 1971, "System deadlocks"), unless one of them gives up.
//!
//! Law: what an endpoint takes is what its steps take and what the endpoints take that it calls
//! without a timeout, outside of blocks that end after some time. A pair is what is held and what
//! is taken meanwhile; a circle of pairs is a warning, and so is one that is held while a call
//! takes it again.
//! Checked: `tests/it/lock.rs`, `tests/it/pool.rs`.

use super::holdings::{Name, name_of};
use crate::problem::Problems;
use crate::scenario::demand::{callee, callers_first};
use crate::scenario::directory::NameTable;
use crate::step::Call;
use crate::step::asks::{Arm, Asks, At, Holding, Way, ask};
use indexmap::{IndexMap, IndexSet};

/// The most that is followed of what the calls of an endpoint take.
const FOLLOWED_MAX: usize = 100;

/// Warns of the first circle, and of the first that is taken again by a call.
pub(super) fn warn(directory: &NameTable, problems: &mut Problems) {
    let mut orders = Orders {
        directory,
        endpoint: 0,
        blocks: Vec::new(),
        taken: vec![IndexSet::new(); directory.endpoints.len()],
        pairs: IndexMap::new(),
        again: None,
    };
    for endpoint in callers_first(directory).into_iter().rev() {
        orders.endpoint = endpoint;
        let entry = &directory.endpoints[endpoint];
        ask(&entry.path, &entry.endpoint.steps, &mut orders);
    }
    if let Some((name, at, there)) = &orders.again {
        let what = format!(
            "deadlock is possible: `{}` is held here during a call that takes it at {there}, and may wait for itself",
            name.1
        );
        problems
            .warning(at, what)
            .advise("make the call after it has been given back, or let it time out");
    }
    opposite(&orders.pairs, problems);
}

/// The pairs of one that is held and one that is taken meanwhile, with the path of the first place
/// where it is.
type Pairs<'s> = IndexMap<(Name<'s>, Name<'s>), String>;

/// Warns of the first pair that closes a circle: of one that is taken while another is held that
/// is, directly or by way of others, also taken while the first is held.
fn opposite(pairs: &Pairs, problems: &mut Problems) {
    let mut after: IndexMap<Name, Vec<(Name, &str)>> = IndexMap::new();
    for ((outer, inner), path) in pairs {
        // Those that are taken, sooner or later, by one that holds the inner.
        let (mut reached, mut next) = (IndexSet::from([*inner]), 0);
        while let Some(name) = reached.get_index(next).copied() {
            next += 1;
            for (taken, there) in after.get(&name).into_iter().flatten() {
                if taken == outer {
                    let (kind, outer, _) = outer;
                    let inner = inner.1;
                    let what = format!(
                        "deadlock is possible: `{inner}` is taken while `{outer}` is held, and `{outer}` while `{inner}` is held at {there}: two requests that do both may wait for each other for ever"
                    );
                    problems
                        .warning(path, what)
                        .advise(format!("take the {}s in the same order everywhere", kind.word()));
                    return;
                }
                reached.insert(*taken);
            }
        }
        after.entry(*outer).or_default().push((*inner, path));
    }
}

/// What a block means for those within.
enum Around<'s> {
    Nothing,
    /// This is held, and waited for without a limit.
    Held(Name<'s>),
    /// What is held around it is given back, however long those within wait: it is spawned, or
    /// waited for a limited time.
    Apart,
}

/// What is taken, and what is held meanwhile.
struct Orders<'d, 's> {
    directory: &'d NameTable<'s>,
    endpoint: usize,
    /// The blocks around.
    blocks: Vec<Around<'s>>,
    /// By endpoint: what is taken there and by its calls.
    taken: Vec<IndexSet<(Name<'s>, String)>>,
    pairs: Pairs<'s>,
    /// The first that is taken by a call of one who holds it: where it calls, and where it is.
    again: Option<(Name<'s>, String, String)>,
}

impl<'s> Orders<'_, 's> {
    /// This is taken here, or by a call from here; `there` is where its step stands.
    fn take(&mut self, name: Name<'s>, here: &str, there: &str) {
        let around = self.blocks.iter().rev();
        let around = around.take_while(|around| !matches!(around, Around::Apart));
        let held: Vec<Name> = around
            .filter_map(|around| match around {
                Around::Held(name) => Some(*name),
                _ => None,
            })
            .collect();
        for outer in held.into_iter().rev() {
            if outer != name {
                self.pairs.entry((outer, name)).or_insert_with(|| here.to_string());
            } else if here != there && self.again.is_none() {
                self.again = Some((name, here.to_string(), there.to_string()));
            }
        }
        let taken = &mut self.taken[self.endpoint];
        if taken.len() < FOLLOWED_MAX && !self.blocks.iter().any(|b| matches!(b, Around::Apart)) {
            taken.insert((name, there.to_string()));
        }
    }
}

impl<'s> Asks<'s> for Orders<'_, 's> {
    fn block(&mut self, at: At, way: Way<'s>) {
        let around = match way {
            Way::Held(Holding { gives_up: true, .. }) => Around::Nothing,
            Way::Held(holding) => {
                let name = name_of(self.directory, self.endpoint, &holding);
                let path = format!("{}.name", holding.path(at));
                self.take(name, &path, &path);
                Around::Held(name)
            }
            Way::Beside | Way::AtOnce { is_limited: true, .. } => Around::Apart,
            _ => Around::Nothing,
        };
        self.blocks.push(around);
    }
    fn arm(&mut self, _: Arm<'s>) {}
    fn end(&mut self) {
        self.blocks.pop();
    }
    fn call(&mut self, at: At, call: &'s Call) {
        let Some(callee) = callee(self.directory, call).filter(|_| call.timeout.is_none()) else {
            return;
        };
        let here = format!("{at}.call");
        for (name, there) in self.taken[callee].clone() {
            self.take(name, &here, &there);
        }
    }
}
