//! The versions of one group's records, as far as they are known without reading all of them.

use super::list::{DELETED, Versions, set};
use crate::{
    group_id::GroupId,
    storage::{Key, Kind},
};

/// A list of a group's records is written anew once this many records have changed since, and even sooner in groups of
/// few records, but not for the first few changes. So opening a store takes about as long whatever the groups' sizes.
const MOST_CHANGED: usize = 32;
const FEWEST_CHANGED: usize = 8;

/// See the module.
#[derive(Default)]
pub(super) struct GroupVersions {
    /// Of the group's list of records; zero if there is none yet.
    pub(super) list: u64,
    /// What has changed since that list was written.
    pub(super) since: Versions,
    /// All of the group's records, if they are in memory.
    pub(super) all: Option<Versions>,
}

impl GroupVersions {
    /// What is known of the group without its records.
    pub(super) fn outline(&self) -> Self {
        Self { list: self.list, since: self.since.clone(), all: None }
    }

    pub(super) fn has_outline_of(&self, other: &Self) -> bool {
        self.list == other.list && self.since == other.since
    }

    /// All records, from the content of the list and the changes since.
    pub(super) fn complete(&self, mut listed: Versions) -> Versions {
        self.since.iter().for_each(|(key, &version)| set(&mut listed, key.clone(), version));
        listed
    }

    /// Notes what a batch changes. A new group is in memory.
    pub(super) fn note(&mut self, changes: &Versions) {
        if self.list == 0 {
            self.all.get_or_insert_default();
        }
        if let Some(all) = &mut self.all {
            changes.iter().for_each(|(key, &version)| set(all, key.clone(), version));
        }
        self.since.extend(changes.iter().map(|(key, &version)| (key.clone(), version)));
    }

    /// All records, if they are to be listed anew.
    pub(super) fn due_list(&self) -> Option<&Versions> {
        let all = self.all.as_ref()?;
        let most = (all.len() / 2).clamp(FEWEST_CHANGED, MOST_CHANGED);
        (self.list == 0 || self.since.len() > most).then_some(all)
    }

    /// Whether the group has no records left.
    pub(super) fn is_gone(&self) -> bool {
        self.all.as_ref().is_some_and(Versions::is_empty)
    }

    /// Whether the group's keys may be of another epoch than before, or gone.
    pub(super) fn may_have_other_keys_than(&self, before: &Self, id: GroupId) -> bool {
        let of = |versions: &Versions, kind| versions.get(id.key(kind).bytes()).copied().unwrap_or(DELETED);
        let has_changed = |kind| of(&self.since, kind) != of(&before.since, kind);
        self.list != before.list || [Kind::EpochSecrets, Kind::GroupState].into_iter().any(has_changed)
    }
}

/// Where a group's list of records is kept.
pub(super) fn list_key(id: GroupId) -> Key {
    id.key(Kind::GroupRecords)
}

/// Whether a key is one of [`list_key`].
pub(super) fn is_list_key(key: &[u8], id: GroupId) -> bool {
    key == list_key(id).bytes()
}
