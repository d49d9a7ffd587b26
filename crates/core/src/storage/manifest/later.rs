//! Taking over what other processes have written: a later state of the manifest, and what is different by it.
//!
//! Only the differences are looked at, so that the cost follows the change.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    GroupVersions, Head, Manifest, Sealed, Versions, changes_key, corrupt, list_key, number_of, open_list,
    read_group_list, rolled_back, take_kind,
};
use crate::{
    error::Result,
    group_id::GroupId,
    storage::{
        Key, Kind,
        kind::group_of,
        open_record,
        seal::{OpenValue, Seal, version_of},
    },
};

/// Records that have changed, by key; a deleted one has no value.
pub(in crate::storage) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What a record in memory becomes, by its key; a deleted one has no value.
type Become = (Vec<u8>, Option<OpenValue>);

/// A later state, read and checked.
pub(in crate::storage) struct Later {
    /// Complete, or only as far as it is different.
    manifest: Manifest,
    /// The client's own records that are different.
    own: BTreeSet<Vec<u8>>,
    /// The groups that are different.
    groups: BTreeSet<GroupId>,
    /// The versions of all records of such groups that are in memory.
    loaded: BTreeMap<GroupId, Versions>,
    /// What the records in memory become.
    pub(in crate::storage) records: Vec<Become>,
}

/// A group that others have changed.
pub(in crate::storage) struct ChangedGroup {
    pub(in crate::storage) id: GroupId,
    /// Whether it is in memory, or was until it was deleted.
    pub(in crate::storage) was_loaded: bool,
    /// Whether its keys may be of another epoch, or gone.
    pub(in crate::storage) may_have_other_keys: bool,
}

impl Manifest {
    /// Reads what others have written since this state, and checks it: of records in memory, exactly those that are
    /// different by the lists have changed. More records than have changed may be given.
    ///
    /// # Errors
    /// [`crate::CoreError::StoreCorrupt`], [`crate::CoreError::StoreRolledBack`].
    pub(in crate::storage) fn read_later(&self, mut changes: Changes, seal: &Seal) -> Result<Later> {
        let mut later = self.read_lists(&mut changes, seal)?;
        let mut of_groups = BTreeMap::<GroupId, Changes>::new();
        let mut own = Changes::new();
        for (key, value) in changes {
            match group_of(&key) {
                Some(id) => drop(of_groups.entry(id).or_default().insert(key, value)),
                None => drop(own.insert(key, value)),
            }
        }
        let after = |key: &[u8]| if later.own.contains(key) { later.manifest.own.get(key) } else { self.own.get(key) };
        later.records = settle(&own, &later.own, after, seal)?;
        for (&id, group) in self.groups.iter().filter(|(_, group)| group.all.is_some()) {
            let given = of_groups.remove(&id).unwrap_or_default();
            if later.groups.contains(&id) || !given.is_empty() {
                self.read_group(id, group, given, &mut later, seal)?;
            }
        }
        Ok(later)
    }

    /// Takes over a later state.
    pub(in crate::storage) fn take_over(&mut self, later: Later) -> Vec<ChangedGroup> {
        let Later { mut manifest, own, groups, mut loaded, .. } = later;
        (self.version, self.whole, self.listed_bytes) = (manifest.version, manifest.whole, manifest.listed_bytes);
        self.lists = manifest.lists;
        for key in own {
            match manifest.own.remove(&key) {
                Some(version) => self.own.insert(key, version),
                None => self.own.remove(&key),
            };
        }
        let changed = groups.into_iter().map(|id| {
            let before = self.groups.remove(&id).unwrap_or_default();
            let after = manifest.groups.remove(&id);
            let may_have_other_keys = after.as_ref().is_none_or(|after| after.may_have_other_keys_than(&before, id));
            if let Some(after) = after {
                self.groups.insert(id, GroupVersions { all: loaded.remove(&id), ..after });
            }
            ChangedGroup { id, was_loaded: before.all.is_some(), may_have_other_keys }
        });
        changed.collect()
    }

    /// Takes the manifest's own records out of the changes and reads them.
    fn read_lists(&self, changes: &mut Changes, seal: &Seal) -> Result<Later> {
        let store = Key::of(Kind::Store);
        let whole = changes.remove(store.bytes());
        let given = take_kind(changes, Kind::Changes);
        let is_deleted = |key: &Key| given.get(key.bytes()) == Some(&None);
        let superseded = self.list_keys().find(|key| !is_deleted(key));
        let mut lists = Sealed::new();
        lists.extend(given.iter().filter_map(|(key, list)| Some((key.clone(), list.clone()?))));
        match whole {
            Some(None) => Err(rolled_back(store.bytes())),
            Some(Some(record)) => {
                let (_, sealed) = Head::read(&record)?;
                let version = version_of(sealed).ok_or_else(|| corrupt(store.bytes()))?;
                if version == self.whole.version {
                    self.read_next_lists(lists, seal)
                } else if number_of(version) <= number_of(self.version) {
                    Err(rolled_back(store.bytes()))
                } else if let Some(list) = superseded {
                    Err(rolled_back(list.bytes()))
                } else {
                    self.read_new_whole(sealed, lists, seal)
                }
            }
            None => self.read_next_lists(lists, seal),
        }
    }

    /// The keys of the lists since the whole was written.
    fn list_keys(&self) -> impl Iterator<Item = Key> {
        (number_of(self.whole.version) + 1..=number_of(self.version)).map(changes_key)
    }

    fn read_new_whole(&self, whole: &[u8], lists: Sealed, seal: &Seal) -> Result<Later> {
        let mut manifest = Self::default();
        manifest.read_whole(seal, whole)?;
        manifest.read_changes(seal, lists)?;
        let own = different(&self.own, &manifest.own);
        let is_different = |id: &GroupId| match (self.groups.get(id), manifest.groups.get(id)) {
            (Some(before), Some(after)) => !after.has_outline_of(before),
            _ => true,
        };
        let mut groups = BTreeSet::new();
        groups.extend(self.groups.keys().chain(manifest.groups.keys()).copied().filter(is_different));
        Ok(Later { manifest, own, groups, loaded: BTreeMap::new(), records: Vec::new() })
    }

    /// Reads the lists that follow those that are known, which may be among them.
    fn read_next_lists(&self, mut lists: Sealed, seal: &Seal) -> Result<Later> {
        for (key, version) in self.list_keys().zip(&self.lists) {
            if lists.remove(key.bytes()).is_some_and(|list| version_of(&list) != Some(*version)) {
                return Err(rolled_back(key.bytes()));
            }
        }
        let (version, whole, listed_bytes) = (self.version, self.whole, self.listed_bytes);
        let mut manifest = Self { version, whole, lists: self.lists.clone(), listed_bytes, ..Self::default() };
        let (mut own, mut groups) = (BTreeSet::new(), BTreeSet::new());
        for (key, list) in &lists {
            // What follows is applied to what is known of the same groups.
            for key in open_list(seal, &Key::from_bytes(key.clone()), list)?.0.into_keys() {
                match group_of(&key) {
                    Some(id) => drop(groups.insert(id)),
                    None => drop(own.insert(key)),
                }
            }
        }
        let outlines = groups.iter().filter_map(|id| Some((*id, self.groups.get(id)?.outline())));
        manifest.groups.extend(outlines);
        manifest.read_changes(seal, lists)?;
        own.retain(|key| self.own.get(key) != manifest.own.get(key));
        Ok(Later { manifest, own, groups, loaded: BTreeMap::new(), records: Vec::new() })
    }

    /// Reads the changed records of a group that is in memory.
    fn read_group(
        &self,
        id: GroupId,
        before: &GroupVersions,
        mut given: Changes,
        later: &mut Later,
        seal: &Seal,
    ) -> Result<()> {
        let key = list_key(id);
        let list = given.remove(key.bytes());
        let known = before.all.clone().unwrap_or_default();
        let after = if later.groups.contains(&id) { later.manifest.groups.get(&id) } else { Some(before) };
        let versions = match after {
            // Deleted.
            None if list != Some(None) => return Err(rolled_back(key.bytes())),
            None => Versions::new(),
            Some(after) if after.list == before.list => {
                let has_other_version =
                    |list: Option<Vec<u8>>| list.as_deref().and_then(version_of) != Some(after.list);
                if list.is_some_and(has_other_version) {
                    return Err(rolled_back(key.bytes()));
                }
                after.complete(known.clone())
            }
            Some(after) => after.complete(read_group_list(&key, list.flatten().as_deref(), after.list, seal)?),
        };
        let mut records = settle(&given, &different(&known, &versions), |key| versions.get(key), seal)?;
        later.records.append(&mut records);
        later.loaded.insert(id, versions);
        Ok(())
    }
}

/// The keys that have another version in one than in the other.
fn different(before: &Versions, after: &Versions) -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::new();
    keys.extend(before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key)).cloned());
    keys
}

/// Checks changed records against the versions that they have by the lists, and gives those that are different.
fn settle<'a>(
    given: &Changes,
    different: &BTreeSet<Vec<u8>>,
    version_after: impl Fn(&[u8]) -> Option<&'a u64>,
    seal: &Seal,
) -> Result<Vec<Become>> {
    let mut records = Vec::new();
    for (key, value) in given {
        let version = value.as_ref().map(|sealed| version_of(sealed).ok_or_else(|| corrupt(key))).transpose()?;
        if version.as_ref() != version_after(key) {
            return Err(rolled_back(key));
        }
        if different.contains(key) {
            let value = value.as_ref().map(|sealed| open_record(seal, key, sealed)).transpose()?;
            records.push((key.clone(), value));
        }
    }
    let missing = different.iter().find(|key| !given.contains_key(*key));
    missing.map_or(Ok(records), |key| Err(rolled_back(key)))
}
