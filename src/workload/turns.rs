//! Users who come back: what those of a source do between their requests, and what each has sent.
//!
//! Law: a user's requests have keys of their own, by the user (a closed user's number, or the
//! number of the session) and its turn, so that how long others take changes no draw of it.

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
        Some(Returning::Sessions(self.sessions.as_ref()?.compile(salt, mirrored)))
    }
}

impl Returning {
    /// How long a user thinks before the request with this key.
    pub(crate) fn think(&self, key: Key) -> Span {
        match self {
            Returning::Closed(closed) => closed.think(key),
            Returning::Sessions(sessions) => sessions.think(key),
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
    pub(crate) fn next_key(&self, source: Key, user: u32) -> Key {
        let name =
            self.sessions.get(user as usize).map_or(u64::from(user), |(session, _)| *session);
        source.ordinal(name).ordinal(u64::from(self.sent[user as usize]))
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
