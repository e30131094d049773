//! Shards: the parts of a sweep that different machines run.

use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};

/// Every n-th point, starting with the k-th: the part of a sweep that one machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Shard {
    /// The number of this shard, from 1.
    pub number: u32,
    /// The number of shards.
    pub of: u32,
}

impl Shard {
    /// Returns the index of the first point of a shard and the step between its points: (0, 1)
    /// without a shard.
    pub(crate) fn selection(shard: Option<Shard>) -> (u64, u64) {
        shard.map_or((0, 1), |shard| (u64::from(shard.number - 1), u64::from(shard.of)))
    }
}

impl Display for Shard {
    fn fmt(&self, f: &mut Formatter) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;
    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text
            .split_once('/')
            .and_then(|(number, of)| Some((number.trim().parse().ok()?, of.trim().parse().ok()?)));
        match parts {
            Some((number, of)) if number >= 1 && number <= of => Ok(Shard { number, of }),
            Some((number, of)) => Err(format!(
                "there is no shard {number} of {of}: shards are numbered from 1 to {of}"
            )),
            None => Err(format!("`{text}` is not a shard: write, for example, `3/200`")),
        }
    }
}
