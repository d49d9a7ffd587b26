//! When each member's leaf last changed, as this member saw it: the age of everyone's keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The epoch and time in which a leaf last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Healed {
    pub(super) epoch: u64,
    pub(super) at_ms: u64,
}

/// The health of a group, by leaf index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Health(BTreeMap<u32, Healed>);

impl Health {
    /// Everyone's leaf counts as changed when we first saw it.
    pub(super) fn first_seen(leaves: impl IntoIterator<Item = u32>, healed: Healed) -> Self {
        Self(leaves.into_iter().map(|leaf| (leaf, healed)).collect())
    }

    pub(super) fn of(&self, leaf: u32) -> Healed {
        self.0.get(&leaf).copied().unwrap_or(Healed { epoch: 0, at_ms: 0 })
    }

    pub(super) fn changed(&mut self, leaf: u32, healed: Healed) {
        self.0.insert(leaf, healed);
    }

    pub(super) fn removed(&mut self, leaf: u32) {
        self.0.remove(&leaf);
    }
}
