//! Keys that are erased when what they sealed is over.
//!
//! What a group keeps of the keys of its epoch is sealed under a key of its own, which is replaced when the epoch ends:
//! all that still counts is then sealed anew. So is each secret of the client that is used up, such as a key package's.
//! These keys are records too, under [`Kind::ErasableKey`], but in the clear, and no list names them. The caller keeps them
//! where it can overwrite them, and not with the other records: whoever has an old copy of those and the store key, but
//! not the key of that time, opens nothing of that time.
//!
//! ```text
//! key of the record = kind || group's id with its length, if it is of a group || id[8]
//! ```

use std::collections::{BTreeMap, BTreeSet};

use openmls_traits::random::OpenMlsRand;

use super::{
    Key, Kind, Value, Write,
    kind::group_of,
    manifest::{Sealed, Versions, take_kind},
};
use crate::group_id::GroupId;

pub(super) const ID_BYTES: usize = 8;
const KEY_BYTES: usize = 32;

/// Random, and no secret.
pub(super) type KeyId = u64;

/// See the module.
#[derive(Default)]
pub(super) struct Ring {
    /// By their records' keys.
    keys: BTreeMap<Vec<u8>, Value>,
    /// Which key seals what is in memory: see [`scope_of`].
    in_use: Versions,
    /// The records of keys that have come or gone since the writes were taken.
    changed: BTreeSet<Vec<u8>>,
}

impl Ring {
    /// Takes the keys out of records.
    pub(super) fn take_all(&mut self, records: &mut Sealed) {
        for (key, value) in take_kind(records, Kind::ErasableKey) {
            self.take(key, Some(value));
        }
    }

    /// Takes a key's record over, or its end. One that is damaged counts as erased.
    pub(super) fn take(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        match value.map(Value::new).filter(|value| value.len() == KEY_BYTES) {
            Some(value) => drop(self.keys.insert(key, value)),
            None => drop(self.keys.remove(&key)),
        }
    }

    /// The key that a record was sealed under, if it is still there.
    pub(super) fn find(&self, record: &[u8], id: KeyId) -> Option<&Value> {
        self.keys.get(&key_of(group_of(record), id))
    }

    /// Notes what a record in memory is sealed under; none if it is not in memory any more, or under no such key.
    pub(super) fn note(&mut self, record: &[u8], id: Option<KeyId>) {
        match id {
            Some(id) => drop(self.in_use.insert(scope_of(record), id)),
            None if group_of(record).is_none() => drop(self.in_use.remove(record)),
            None => {}
        }
    }

    /// A group is not in memory any more, and its keys are not needed there.
    pub(super) fn unload(&mut self, id: GroupId) {
        self.in_use.remove(&scope_of_group(id));
        let of_group = self.keys.keys().filter(|key| group_of(key) == Some(id)).cloned().collect::<Vec<_>>();
        for key in of_group {
            self.keys.remove(&key);
        }
    }

    /// Whether what is written of a group's secrets has a key already.
    pub(super) fn has_key_for(&self, id: GroupId) -> bool {
        self.in_use.contains_key(&scope_of_group(id))
    }

    /// Gives a record, and with it all secrets of its group, a new key. The one before is erased.
    pub(super) fn renew(&mut self, record: &[u8], random: &impl OpenMlsRand) {
        self.erase(record);
        let id = KeyId::from_be_bytes(random_bytes(random));
        let key = key_of(group_of(record), id);
        self.keys.insert(key.clone(), Value::new(random_bytes::<KEY_BYTES>(random).to_vec()));
        self.changed.insert(key);
        self.in_use.insert(scope_of(record), id);
    }

    /// Erases the key of a record, and with it all secrets of its group.
    pub(super) fn erase(&mut self, record: &[u8]) {
        let Some(id) = self.in_use.remove(&scope_of(record)) else { return };
        let key = key_of(group_of(record), id);
        self.keys.remove(&key);
        self.changed.insert(key);
    }

    /// The id and the key that a record is sealed under now.
    pub(super) fn current(&self, record: &[u8]) -> Option<(KeyId, &Value)> {
        let id = *self.in_use.get(&scope_of(record))?;
        Some((id, self.find(record, id)?))
    }

    /// Erases the keys in memory that seal nothing there.
    pub(super) fn erase_unused(&mut self) {
        let mut unused: BTreeSet<_> = self.keys.keys().cloned().collect();
        for (scope, id) in &self.in_use {
            unused.remove(&key_of(group_of(scope), *id));
        }
        for key in unused {
            self.keys.remove(&key);
            self.changed.insert(key);
        }
    }

    /// The keys that have come or gone since the last call, as writes.
    pub(super) fn take_writes(&mut self) -> Vec<Write> {
        let changed = std::mem::take(&mut self.changed);
        let write = |key: Vec<u8>| {
            let value = self.keys.get(&key).map(|value| value.to_vec());
            Write::new(key, value)
        };
        changed.into_iter().map(write).collect()
    }
}

/// Whether the record of a key is one of these keys.
pub(super) fn is_erasable_key(key: &[u8]) -> bool {
    key.first() == Some(&(Kind::ErasableKey as u8))
}

/// What shares a key: all secrets of a group, and otherwise a record by itself.
fn scope_of(record: &[u8]) -> Vec<u8> {
    group_of(record).map_or_else(|| record.to_vec(), scope_of_group)
}

fn scope_of_group(id: GroupId) -> Vec<u8> {
    id.key(Kind::ErasableKey).bytes().to_vec()
}

/// The key of a key's record.
fn key_of(group: Option<GroupId>, id: KeyId) -> Vec<u8> {
    let kind = group.map_or_else(|| Key::of(Kind::ErasableKey), |id| id.key(Kind::ErasableKey));
    kind.with(&id.to_be_bytes()).bytes().to_vec()
}

fn random_bytes<const N: usize>(random: &impl OpenMlsRand) -> [u8; N] {
    random.random_array().expect("the generator fails only if its thread panicked while it had the lock")
}
