//! When each member's leaf last changed, as this member saw it: the age of everyone's keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The epoch and time in which a leaf last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Healed {
    pub(crate) epoch: u64,
    pub(crate) at_ms: u64,
}

/// The health of a group, by leaf index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Health(BTreeMap<u32, Healed>);

impl Health {
    /// Everyone's leaf counts as changed when we first saw it.
    pub(crate) fn first_seen(leaves: impl IntoIterator<Item = u32>, healed: Healed) -> Self {
        Self(leaves.into_iter().map(|leaf| (leaf, healed)).collect())
    }

    pub(crate) fn of(&self, leaf: u32) -> Healed {
        self.0.get(&leaf).copied().unwrap_or(Healed { epoch: 0, at_ms: 0 })
    }

    pub(crate) fn changed(&mut self, leaf: u32, healed: Healed) {
        self.0.insert(leaf, healed);
    }

    pub(crate) fn removed(&mut self, leaf: u32) {
        self.0.remove(&leaf);
    }
}
