//! Which records there are, and which version each has: so that one that was put back to an earlier state, deleted, or
//! undeleted is found and named, though it opens.
//!
//! Every batch of writes has the next number, and its records carry as their version that number and 24 random bits: two
//! batches of one number, written from the same state by two who did not know of each other, do not mix. Beside them stand:
//!
//! | record | what it holds |
//! |---|---|
//! | `store` | `form`, `store_id`, `key_check` in the clear; then, sealed, as of its own version: the client's own records and their versions, and of each group its list's version and what changed since |
//! | `changes`, number | what a later batch wrote and deleted |
//! | `group-records`, group | all records of the group and their versions, as of its own version |
//!
//! So a client opens from its own records alone. A group's records are checked when they are loaded: against the group's
//! list, whose version the client's lists tell, and against what they say has changed since.
//!
//! A message adds a list of its few records, 0.1 kB. Once the lists outweigh the whole, the whole is written anew, with a
//! commit when there is one, and they are deleted. The numbers have no gaps, so a list that is missing shows. A group's
//! list is written anew once many of its records have changed, mostly by a commit.
//!
//! What cannot show from within: all records put back together. The store is then what it was.

mod group;
mod head;
mod later;
mod list;

use std::collections::{BTreeMap, BTreeSet};

use openmls_rust_crypto::RustCrypto;
use openmls_traits::random::OpenMlsRand;

use self::{
    group::{GroupVersions, is_list_key, list_key},
    head::Head,
    list::{DELETED, number_of, set, version_of_batch},
};
pub(super) use self::{
    later::{Changes, Later},
    list::Versions,
};
use super::{
    Key, Kind, Write,
    kind::{group_of, name_of},
    seal::{Opened, Seal, StoreKey, version_of},
};
use crate::{
    error::{CoreError, Result},
    group_id::GroupId,
};

/// Lists of changes may always grow to this many bytes: below it, writing the whole costs more than it saves.
const LEAST_LISTED_BYTES: usize = 2_048;

/// A message changes no more records than this, a commit changes more.
const FEW_RECORDS: usize = 8;

/// How many times over the lists may outweigh the whole while there are only messages.
const MOST_OUTWEIGHED: usize = 3;

/// So many bytes of lists that the whole is written with the next batch, in the form of today.
const OUTDATED: usize = u32::MAX as usize;

/// Records as the caller keeps them.
pub(super) type Sealed = BTreeMap<Vec<u8>, Vec<u8>>;

/// See the module.
#[derive(Default)]
pub(super) struct Manifest {
    /// Of the last batch.
    version: u64,
    own: Versions,
    groups: BTreeMap<GroupId, GroupVersions>,
    whole: Whole,
    /// The versions of the lists since.
    lists: Vec<u64>,
    listed_bytes: usize,
    /// Groups given up since the last batch.
    abandoned: BTreeSet<GroupId>,
}

/// The `store` record: its version, zero if there is none yet, and the length of its list.
#[derive(Clone, Copy, Default)]
struct Whole {
    version: u64,
    bytes: usize,
}

impl Manifest {
    /// Takes the manifest's own records and the erasable keys out of the client's, checks the others against it, and gives
    /// what opens them.
    ///
    /// # Errors
    /// [`CoreError::StoreTooNew`], [`CoreError::StoreTooOld`], [`CoreError::StoreKeyWrong`], [`CoreError::StoreCorrupt`],
    /// [`CoreError::StoreRolledBack`].
    pub(super) fn open(store_key: &StoreKey, records: &mut Sealed, crypto: &RustCrypto) -> Result<(Self, Seal)> {
        let key = Key::of(Kind::Store);
        let record = records.remove(key.bytes()).ok_or_else(|| corrupt(key.bytes()))?;
        let (head, whole) = Head::read(&record)?;
        let seal = Seal::new(store_key, head.store_id, crypto)?;
        if *seal.key_check() != head.key_check {
            return Err(CoreError::StoreKeyWrong);
        }
        seal.ring.borrow_mut().take_all(records);
        let mut manifest = Self::default();
        manifest.read_whole(&seal, whole)?;
        manifest.read_changes(&seal, take_kind(records, Kind::Changes))?;
        if head.is_old {
            manifest.listed_bytes = OUTDATED;
        }
        check(&manifest.own, records)?;
        Ok((manifest, seal))
    }

    /// Checks all records of a group, its list among them, and gives their versions. The list is taken out.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`] if there is no such group and no record; [`CoreError::StoreCorrupt`],
    /// [`CoreError::StoreRolledBack`].
    pub(super) fn open_group(&self, id: GroupId, records: &mut Sealed, seal: &Seal) -> Result<Versions> {
        let key = list_key(id);
        let Some(group) = self.groups.get(&id) else {
            let is_nothing = records.is_empty();
            return Err(if is_nothing { CoreError::GroupNotFound } else { rolled_back(key.bytes()) });
        };
        let list = records.remove(key.bytes());
        let all = group.complete(read_group_list(&key, list.as_deref(), group.list, seal)?);
        check(&all, records)?;
        Ok(all)
    }

    /// The versions of a group that is now in memory, or no longer is.
    pub(super) fn set_loaded(&mut self, id: GroupId, all: Option<Versions>) {
        if let Some(group) = self.groups.get_mut(&id) {
            group.all = all;
        }
    }

    /// The keys of a group's records, if they are in memory and written.
    pub(super) fn keys_of(&self, id: GroupId) -> Vec<Vec<u8>> {
        let all = self.groups.get(&id).and_then(|group| group.all.as_ref());
        all.map_or_else(Vec::new, |all| all.keys().cloned().collect())
    }

    /// The groups that are stored and not in memory.
    pub(super) fn unloaded(&self) -> impl Iterator<Item = GroupId> {
        self.groups.iter().filter(|(_, group)| group.all.is_none()).map(|(&id, _)| id)
    }

    pub(super) fn is_unloaded(&self, id: GroupId) -> bool {
        self.groups.get(&id).is_some_and(|group| group.all.is_none())
    }

    /// Gives up a group that is not in memory: with the next batch it is gone, whatever is left of its records.
    pub(super) fn abandon(&mut self, id: GroupId) {
        self.abandoned.insert(id);
    }

    /// Whether the next batch has something to tell, even if no record has changed.
    pub(super) fn has_abandoned(&self) -> bool {
        !self.abandoned.is_empty()
    }

    fn read_whole(&mut self, seal: &Seal, sealed: &[u8]) -> Result<()> {
        let bytes = self.read_list(seal, &Key::of(Kind::Store), sealed)?;
        self.whole = Whole { version: self.version, bytes };
        Ok(())
    }

    /// Reads the lists of changes that follow, in their order.
    fn read_changes(&mut self, seal: &Seal, lists: Sealed) -> Result<()> {
        for (key, list) in lists {
            let next = changes_key(number_of(self.version) + 1);
            if next.bytes() != key {
                // A list from before the whole was written is back, or the one that should come here is gone.
                let is_old = *key < *next.bytes();
                return Err(rolled_back(if is_old { &key } else { next.bytes() }));
            }
            self.listed_bytes += self.read_list(seal, &next, &list)?;
            self.lists.push(self.version);
        }
        Ok(())
    }

    /// Takes over what a list says; gives its length.
    fn read_list(&mut self, seal: &Seal, key: &Key, sealed: &[u8]) -> Result<usize> {
        let (changes, bytes) = open_list(seal, key, sealed)?;
        self.version = version_of(sealed).ok_or_else(|| corrupt(key.bytes()))?;
        self.apply(changes);
        Ok(bytes)
    }

    /// Takes over a list's content. A group's changes follow its list.
    fn apply(&mut self, changes: Versions) {
        let is_list = |key: &Vec<u8>| group_of(key).is_some_and(|id| is_list_key(key, id));
        let (lists, records): (Versions, Versions) = changes.into_iter().partition(|(key, _)| is_list(key));
        for (key, list) in lists {
            let Some(id) = group_of(&key) else { continue };
            match list {
                DELETED => drop(self.groups.remove(&id)),
                list => drop(self.groups.insert(id, GroupVersions { list, ..GroupVersions::default() })),
            }
        }
        for (key, version) in records {
            match group_of(&key) {
                Some(id) => drop(self.groups.entry(id).or_default().since.insert(key, version)),
                None => set(&mut self.own, key, version),
            }
        }
    }

    /// Of the last batch.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Notes a batch: which keys it wrote and which it deleted. Gives the manifest's own records to write with it.
    pub(super) fn note<'a>(
        &mut self,
        batch: impl Iterator<Item = (&'a [u8], bool)>,
        with: &Seal,
        random: &impl OpenMlsRand,
    ) -> Vec<Write> {
        let number = number_of(self.version) + 1;
        self.version = version_of_batch(number, random);
        let version = self.version;
        let mut changes = Versions::new();
        changes.extend(batch.map(|(key, is_put)| (key.to_vec(), if is_put { version } else { DELETED })));
        let is_small = changes.len() <= FEW_RECORDS;
        let seal = |key: &Key, list: &[u8], head: &[u8]| {
            let sealed = with.seal(key.bytes(), version, list, random);
            Write::new(key.bytes().to_vec(), Some([head, &sealed].concat()))
        };
        let (listed, lists) = self.note_records(changes);
        let mut writes: Vec<_> = lists
            .into_iter()
            .map(|(key, list)| match list {
                Some(list) => seal(&key, &list, &[]),
                None => Write::new(key.bytes().to_vec(), None),
            })
            .collect();
        let list = list::encode(&listed);
        self.listed_bytes += list.len();
        if self.whole.version > 0 && !self.is_whole_due(is_small) {
            self.lists.push(version);
            writes.push(seal(&changes_key(number), &list, &[]));
            return writes;
        }
        let superseded = number_of(self.whole.version) + 1..number;
        let whole = list::encode(&self.to_list());
        writes.push(seal(&Key::of(Kind::Store), &whole, &Head::of(with)));
        self.whole = Whole { version, bytes: whole.len() };
        self.lists.clear();
        self.listed_bytes = 0;
        writes.extend(superseded.map(|number| Write::new(changes_key(number).bytes().to_vec(), None)));
        writes
    }

    /// Notes the records of a batch. Gives what its list of changes has to tell, and the groups' lists that it writes.
    fn note_records(&mut self, changes: Versions) -> (Versions, GroupLists) {
        let (version, mut listed, mut lists) = (self.version, Versions::new(), Vec::new());
        let mut by_group = BTreeMap::<GroupId, Versions>::new();
        for (key, version) in changes {
            match group_of(&key) {
                Some(id) => drop(by_group.entry(id).or_default().insert(key, version)),
                None => {
                    set(&mut self.own, key.clone(), version);
                    listed.insert(key, version);
                }
            }
        }
        for id in std::mem::take(&mut self.abandoned) {
            self.groups.remove(&id);
            listed.insert(list_key(id).bytes().to_vec(), DELETED);
            lists.push((list_key(id), None));
        }
        for (id, mut changes) in by_group {
            let group = self.groups.entry(id).or_default();
            let was_listed = group.list > 0;
            group.note(&changes);
            let key = list_key(id);
            if group.is_gone() {
                self.groups.remove(&id);
                if was_listed {
                    listed.insert(key.bytes().to_vec(), DELETED);
                    lists.push((key, None));
                }
            } else if let Some(list) = group.due_list().map(list::encode) {
                (group.list, group.since) = (version, Versions::new());
                listed.insert(key.bytes().to_vec(), version);
                lists.push((key, Some(list)));
            } else {
                listed.append(&mut changes);
            }
        }
        (listed, lists)
    }

    /// The content of the `store` record.
    fn to_list(&self) -> Versions {
        let mut list = self.own.clone();
        for (&id, group) in &self.groups {
            list.insert(list_key(id).bytes().to_vec(), group.list);
            list.extend(group.since.iter().map(|(key, &version)| (key.clone(), version)));
        }
        list
    }

    /// Once the lists outweigh the whole, with the next batch that is large anyway: a message does not pay for it, unless
    /// there has been nothing but messages for long.
    fn is_whole_due(&self, is_small: bool) -> bool {
        let outweighed = self.listed_bytes / self.whole.bytes.max(LEAST_LISTED_BYTES);
        if is_small { outweighed >= MOST_OUTWEIGHED } else { outweighed >= 1 }
    }
}

/// Checks that exactly the records of a list are there, in the versions that it tells.
fn check(versions: &Versions, records: &Sealed) -> Result<()> {
    for (key, sealed) in records {
        let version = version_of(sealed).ok_or_else(|| corrupt(key))?;
        if versions.get(key) != Some(&version) {
            return Err(rolled_back(key));
        }
    }
    let missing = versions.keys().find(|key| !records.contains_key(*key));
    missing.map_or(Ok(()), |key| Err(rolled_back(key)))
}

/// The records that a group's list names, if it is there in this version.
fn read_group_list(key: &Key, sealed: Option<&[u8]>, version: u64, seal: &Seal) -> Result<Versions> {
    let sealed = sealed.ok_or_else(|| rolled_back(key.bytes()))?;
    if version_of(sealed).ok_or_else(|| corrupt(key.bytes()))? != version {
        return Err(rolled_back(key.bytes()));
    }
    open_list(seal, key, sealed).map(|(versions, _)| versions)
}

/// The content of a list, and its length.
fn open_list(seal: &Seal, key: &Key, sealed: &[u8]) -> Result<(Versions, usize)> {
    let Opened::Value((list, _)) = seal.open(key.bytes(), sealed) else { return Err(corrupt(key.bytes())) };
    let versions = list::decode(&list).ok_or_else(|| corrupt(key.bytes()))?;
    Ok((versions, list.len()))
}

/// Takes those of a kind out of records.
pub(super) fn take_kind<V>(records: &mut BTreeMap<Vec<u8>, V>, kind: Kind) -> BTreeMap<Vec<u8>, V> {
    let mut taken = records.split_off(Key::of(kind).bytes());
    let mut others = taken.split_off([kind as u8 + 1].as_slice());
    records.append(&mut others);
    taken
}

fn changes_key(number: u64) -> Key {
    Key::of(Kind::Changes).with(&number.to_be_bytes())
}

fn corrupt(key: &[u8]) -> CoreError {
    CoreError::StoreCorrupt { record: name_of(key) }
}

fn rolled_back(key: &[u8]) -> CoreError {
    CoreError::StoreRolledBack { record: name_of(key) }
}

/// Lists of groups' records to write, or to delete.
type GroupLists = Vec<(Key, Option<Vec<u8>>)>;
