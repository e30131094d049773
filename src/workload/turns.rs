//! Users who come back: what those of a source do between their requests, and what each has sent.
//!
//! Law: a user's requests have keys of their own, by the user (a closed user's number, or the
//! number of the session) and its turn, so that how long others take changes no draw of it.

use super::patience::ReloadsPlan;
use super::{ClosedPlan, SessionsPlan, Workload};
use crate::random::keys::{Key, Salt};
use crate::units::Span;

/// The users of a source who come back.
#[derive(Clone, Debug)]
pub(crate) enum Returning {
    /// A fixed number of them, for ever.
    Closed(ClosedPlan),
    /// Those of sessions, for a number of requests.
    Sessions(SessionsPlan),
    /// Those whose requests have failed.
    Reloads(ReloadsPlan),
}

impl Workload {
    /// Returns its users, if they come back.
    pub(crate) fn returning(
        &self,
        salt: impl Fn(&str) -> Salt,
        mirrored: bool,
    ) -> Option<Returning> {
        if let Some(closed) = &self.closed {
            return Some(Returning::Closed(closed.compile(salt("think"), mirrored)));
        }
        if let Some(reload) = &self.reload {
            return Some(Returning::Reloads(reload.compile(salt, mirrored)));
        }
        Some(Returning::Sessions(self.sessions.as_ref()?.compile(salt, mirrored)))
    }
}

impl Returning {
    /// How many requests the user sends at most whose first one has this key; `None` if users are
    /// there from the beginning.
    pub(crate) fn requests(&self, key: Key) -> Option<u32> {
        match self {
            Returning::Closed(_) => None,
            Returning::Sessions(sessions) => Some(sessions.requests(key)),
            Returning::Reloads(reloads) => Some(reloads.tries),
        }
    }
    /// The key of a user's next request.
    #[inline(always)]
    pub(crate) fn next_key(&self, turns: &Turns, source: Key, user: u32) -> Key {
        match self {
            Returning::Reloads(_) => ReloadsPlan::next_key(turns, source, user),
            _ => turns.next_key(source, user),
        }
    }
    /// The key of the request that decides where a user's request with this key goes, and the
    /// number of the arrival that it belongs to: a reload goes where its first request went.
    #[inline(always)]
    pub(crate) fn first(&self, turns: &Turns, source: Key, user: u32, key: Key) -> (Key, u64) {
        match self {
            Returning::Reloads(_) => {
                let (session, _) = turns.session(user);
                (source.ordinal(session), session)
            }
            _ => (key, 0),
        }
    }
    /// A request of a user has ended: how long until the next; `None` if none follows, and the user
    /// leaves.
    #[inline(always)]
    pub(crate) fn pause(
        &self,
        turns: &mut Turns,
        source: Key,
        user: u32,
        is_answered: bool,
    ) -> Option<Span> {
        let next = self.next_key(turns, source, user);
        match self {
            Returning::Closed(closed) => {
                (turns.sent[user as usize] < closed.requests).then(|| closed.think(next))
            }
            Returning::Sessions(sessions) => turns.goes_on(user).then(|| sessions.think(next)),
            Returning::Reloads(reloads) => {
                let pause = if is_answered { None } else { reloads.again(next) };
                let Some(pause) = pause else {
                    turns.leave(user);
                    return None;
                };
                turns.goes_on(user).then_some(pause)
            }
        }
    }
}

/// How many requests each user of a source has sent.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    sent: Vec<u32>,
    /// Of users in sessions: the number of the session, and of all its requests.
    sessions: Vec<(u64, u32)>,
    /// Users whose session is over.
    free: Vec<u32>,
}

impl Turns {
    pub(crate) fn new(of: &ClosedPlan) -> Turns {
        Turns { sent: vec![0; of.users as usize], ..Turns::default() }
    }
    /// A session begins, with this number of requests; gives its user.
    pub(crate) fn begin(&mut self, session: u64, requests: u32) -> u32 {
        match self.free.pop() {
            Some(user) => {
                self.sent[user as usize] = 0;
                self.sessions[user as usize] = (session, requests);
                user
            }
            None => {
                self.sent.push(0);
                self.sessions.push((session, requests));
                self.sent.len() as u32 - 1
            }
        }
    }
    /// The key of a user's next request.
    #[inline(always)]
    pub(super) fn next_key(&self, source: Key, user: u32) -> Key {
        let name =
            self.sessions.get(user as usize).map_or(u64::from(user), |(session, _)| *session);
        source.ordinal(name).ordinal(u64::from(self.sent[user as usize]))
    }
    /// The number of a user's session, and of the requests it has sent.
    pub(super) fn session(&self, user: u32) -> (u64, u32) {
        (self.sessions[user as usize].0, self.sent[user as usize])
    }
    /// A user leaves.
    pub(super) fn leave(&mut self, user: u32) {
        self.free.push(user);
    }
    /// A user has sent its next request.
    pub(crate) fn sent(&mut self, user: u32) {
        self.sent[user as usize] += 1;
    }
    /// A request of a user has ended; whether another follows. If none does, the user leaves.
    pub(crate) fn goes_on(&mut self, user: u32) -> bool {
        let Some((_, requests)) = self.sessions.get(user as usize) else { return true };
        let goes_on = self.sent[user as usize] < *requests;
        if !goes_on {
            self.free.push(user);
        }
        goes_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_after_its_requests_and_the_next_one_has_other_keys() {
        // By hand: a session of two requests; its user's place is taken by the next session.
        let (mut turns, source) = (Turns::default(), Key(1));
        let user = turns.begin(7, 2);
        let first = turns.next_key(source, user);
        turns.sent(user);
        assert!(turns.goes_on(user));
        let second = turns.next_key(source, user);
        turns.sent(user);
        assert!(!turns.goes_on(user));
        assert_eq!(turns.begin(8, 1), user);
        let third = turns.next_key(source, user);
        assert!(first != second && second != third && first != third);
    }
}
