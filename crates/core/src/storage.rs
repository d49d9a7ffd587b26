//! The records of one client: held in memory, every change journalled as an ordered list of writes.
//!
//! The core never waits for a disk. The caller takes the journal after each operation, sealed, and commits it in one
//! transaction with what the operation sends, so that state and outbox cannot part. A failed operation is undone from
//! an undo log: neither the records nor the journal keep a trace of it.
//!
//! The client's own records are always in memory, those of a group while it is loaded (`groups.rs`).

mod codec;
mod groups;
mod kind;
mod manifest;
mod openmls;
mod record;
mod ring;
mod seal;
#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use ::openmls::prelude::Member;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::random::OpenMlsRand;
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

pub(crate) use self::{
    kind::{GROUP_KINDS, Key, Kind},
    openmls::{Parts, Ratchet, take_apart},
};
use self::{
    kind::{SECRETS_OF_EPOCHS, group_of, is_secret},
    manifest::{Manifest, Sealed},
    record::same_bytes,
    seal::{OpenValue, Opened, Seal},
};
pub use self::{
    openmls::Provider,
    record::{Record, Write},
    seal::StoreKey,
};
use crate::{
    crypto::RatchetsBegun,
    error::{CoreError, Result},
};

type Value = Zeroizing<Vec<u8>>;

/// The records and their journal. Shared by a client and its groups, in one thread; hence the cell.
pub struct Store {
    seal: Seal,
    manifest: RefCell<Manifest>,
    state: RefCell<State>,
    ratchets_begun: RatchetsBegun,
}

#[derive(Default)]
struct State {
    records: BTreeMap<Vec<u8>, Value>,
    journal: Vec<(Vec<u8>, Option<Value>)>,
    undo: Option<Undo>,
    /// The first unreadable record of the running operation. openmls drops the cause of some storage errors; this
    /// keeps it, so that the caller hears which record it was.
    fault: Option<CoreError>,
    /// Counts the changes of each group, so that a handle sees when another one has moved the group on.
    revisions: BTreeMap<Vec<u8>, u64>,
    /// See [`Store::missing_psk`].
    missing_psk: Option<Vec<u8>>,
    /// See [`Store::expect_past`].
    expected_past: Option<Vec<(u32, Option<Member>)>>,
    /// See [`Store::with_ratchet`]: the ratchet in use, and the count of those begun before.
    ratchet: Option<(Ratchet, u32)>,
}

/// What an open operation would have to put back.
struct Undo {
    journal_length: usize,
    previous: Vec<(Vec<u8>, Option<Value>)>,
}

impl Store {
    /// A new store.
    ///
    /// # Errors
    /// [`CoreError::Internal`] if there is no randomness.
    pub(crate) fn create(store_key: &StoreKey, crypto: &RustCrypto) -> Result<Self> {
        let store_id = crypto.random_array().map_err(|_| CoreError::Internal)?;
        Ok(Self::of(Seal::new(store_key, store_id, crypto)?, Manifest::default(), State::default()))
    }

    /// A store of all of the client's own records: all of them are there, in the versions that were written last, and
    /// open, but for secrets whose keys were erased: those are over. Groups are loaded one by one.
    ///
    /// # Errors
    /// [`CoreError::StoreTooNew`], [`CoreError::StoreKeyWrong`]; [`CoreError::StoreCorrupt`] or
    /// [`CoreError::StoreRolledBack`] naming the record.
    pub(crate) fn open(
        store_key: &StoreKey,
        records: impl IntoIterator<Item = Record>,
        crypto: &RustCrypto,
    ) -> Result<Self> {
        let mut sealed: Sealed = records.into_iter().map(|Record { key, value }| (key, value)).collect();
        let (manifest, seal) = Manifest::open(store_key, &mut sealed, crypto)?;
        let mut state = State::default();
        for (key, sealed) in sealed {
            let Some((value, key_id)) = open_unless_erased(&seal, &key, &sealed)? else { continue };
            seal.ring.borrow_mut().note(&key, key_id);
            state.records.insert(key, value);
        }
        Ok(Self::of(seal, manifest, state))
    }

    fn of(seal: Seal, manifest: Manifest, state: State) -> Self {
        let (manifest, state) = (RefCell::new(manifest), RefCell::new(state));
        Self { seal, manifest, state, ratchets_begun: RatchetsBegun::default() }
    }

    /// The count that the crypto keeps for this store.
    pub(crate) fn ratchets_begun(&self) -> RatchetsBegun {
        self.ratchets_begun.clone()
    }

    /// Runs an operation whole or not at all: an error puts back every record and the journal.
    /// Operations do not nest; an inner one is part of the outer.
    pub(crate) fn transaction<T>(&self, run: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.state.borrow().undo.is_some() {
            return run();
        }
        self.begin();
        match run() {
            Ok(value) => {
                self.state.borrow_mut().undo = None;
                Ok(value)
            }
            Err(error) => {
                self.roll_back();
                Err(self.take_fault().unwrap_or(error))
            }
        }
    }

    /// Runs an operation and puts everything back in any case: what it returns is known, but nothing of it counts.
    pub(crate) fn rehearse<T>(&self, run: impl FnOnce() -> Result<T>) -> Result<T> {
        self.begin();
        let outcome = run();
        self.roll_back();
        outcome.map_err(|error| self.take_fault().unwrap_or(error))
    }

    /// All changes since the last call, in order, sealed: one batch. A record that changed more than once stands at its
    /// last change.
    pub(crate) fn take_writes(&self, random: &impl OpenMlsRand) -> Vec<Write> {
        let journal = std::mem::take(&mut self.state.borrow_mut().journal);
        if journal.is_empty() && !self.manifest.borrow().has_abandoned() {
            return self.seal.ring.borrow_mut().take_writes();
        }
        let mut last = BTreeMap::new();
        for (position, (key, _)) in journal.iter().enumerate() {
            last.insert(key.clone(), position);
        }
        let kept = journal.into_iter().enumerate().filter(|(position, (key, _))| last.get(key) == Some(position));
        let mut batch: Vec<_> = kept.map(|(_, change)| change).collect();
        self.renew_keys(&mut batch, random);
        let mut manifest = self.manifest.borrow_mut();
        let own = manifest.note(batch.iter().map(|(key, value)| (key.as_slice(), value.is_some())), &self.seal, random);
        let version = manifest.version();
        let seal = |(key, value): (Vec<u8>, Option<Value>)| {
            let value = value.map(|value| self.seal.seal(&key, version, &value, random));
            Write::new(key, value)
        };
        let records: Vec<_> = batch.into_iter().map(seal).chain(own).collect();
        self.seal.ring.borrow_mut().take_writes().into_iter().chain(records).collect()
    }

    /// Erases the keys of what a batch ends, and has new ones for what it begins: when a group's epoch ends, all secrets of
    /// the group that still count join the batch.
    fn renew_keys(&self, batch: &mut Vec<(Vec<u8>, Option<Value>)>, random: &impl OpenMlsRand) {
        let mut ring = self.seal.ring.borrow_mut();
        let mut groups = BTreeSet::new();
        for (key, value) in batch.iter().filter(|(key, _)| is_secret(key)) {
            match group_of(key) {
                Some(id) if key[0] == Kind::EpochSecrets as u8 || !ring.has_key_for(id) => drop(groups.insert(id)),
                Some(_) => {}
                None if value.is_some() => ring.renew(key, random),
                None => ring.erase(key),
            }
        }
        let state = self.state.borrow();
        for id in groups {
            let epoch = id.key(Kind::EpochSecrets);
            let secrets: Vec<_> =
                SECRETS_OF_EPOCHS.iter().flat_map(|kind| keys_in(&state, id.key(*kind).bytes())).collect();
            if secrets.is_empty() {
                ring.erase(epoch.bytes());
                continue;
            }
            ring.renew(epoch.bytes(), random);
            let written: BTreeSet<_> = batch.iter().map(|(key, _)| key.clone()).collect();
            let again = secrets.into_iter().filter(|key| !written.contains(key));
            batch.extend(again.map(|key| (key.clone(), state.records.get(&key).cloned())));
        }
    }

    /// Erases the keys in memory that no record needs: what is left of writes that were never committed.
    pub(crate) fn erase_unused_keys(&self) {
        self.seal.ring.borrow_mut().erase_unused();
    }

    /// All records in the clear. Public only for tests, through [`crate::Provider`].
    pub(crate) fn in_clear(&self) -> Vec<Record> {
        let state = self.state.borrow();
        state.records.iter().map(|(key, value)| Record { key: key.clone(), value: value.to_vec() }).collect()
    }

    /// The value under a key, if there is one.
    pub(crate) fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>> {
        let state = self.state.borrow();
        let Some(value) = state.records.get(key.bytes()) else { return Ok(None) };
        match codec::decode(key, value) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                drop(state);
                self.state.borrow_mut().fault.get_or_insert_with(|| error.clone());
                Err(error)
            }
        }
    }

    /// The pre-shared key that the running operation asked for last and that is not there, by the stored form of its id.
    /// openmls does not tell it from those that we do not use.
    pub(crate) fn missing_psk(&self) -> Option<Vec<u8>> {
        self.state.borrow_mut().missing_psk.take()
    }

    pub(crate) fn holds(&self, key: &Key) -> bool {
        self.state.borrow().records.contains_key(key.bytes())
    }

    /// The keys that start like this one.
    pub(crate) fn keys_under(&self, prefix: &Key) -> BTreeSet<Vec<u8>> {
        self.keys_from(prefix.bytes()).into_iter().collect()
    }

    /// Writes a value. Writing what is there already changes nothing and is not journalled.
    pub(crate) fn write<T: Serialize + ?Sized>(&self, key: &Key, value: &T) -> Result<()> {
        let value = codec::encode(value)?;
        self.put(key.bytes(), Some(value));
        Ok(())
    }

    /// Appends the bytes under a key to others; says whether there are any. What is bytes already does not go through the
    /// codec, which takes them one by one.
    fn append_bytes(&self, key: &Key, bytes: &mut Vec<u8>) -> Result<bool> {
        let state = self.state.borrow();
        let Some(value) = state.records.get(key.bytes()) else { return Ok(false) };
        bytes.extend_from_slice(codec::decode_bytes(key, value)?);
        Ok(true)
    }

    /// Writes bytes as they are. See [`Store::append_bytes`].
    fn write_bytes(&self, key: &Key, bytes: &[u8]) {
        let is_there =
            self.state.borrow().records.get(key.bytes()).is_some_and(|value| codec::is_of_bytes(value, bytes));
        if !is_there {
            self.put(key.bytes(), Some(codec::encode_bytes(bytes)));
        }
    }

    /// Deletes a record, if it is there.
    pub(crate) fn delete(&self, key: &Key) {
        self.put(key.bytes(), None);
    }

    /// Deletes every record whose key starts like this one.
    pub(crate) fn delete_all(&self, prefix: &Key) {
        for key in self.keys_from(prefix.bytes()) {
            self.put(&key, None);
        }
    }

    /// The ends of all keys that start with a kind, after the kind.
    pub(crate) fn keys_of(&self, kind: Kind) -> Vec<Vec<u8>> {
        let keys = self.keys_from(Key::of(kind).bytes());
        keys.into_iter().map(|key| key[1..].to_vec()).collect()
    }

    /// The keys of one kind that the running operation has written.
    pub(crate) fn touched(&self, kind: Kind) -> Vec<Key> {
        let state = self.state.borrow();
        let start = state.undo.as_ref().map_or(0, |undo| undo.journal_length);
        let written = state.journal[start..].iter().filter(|(key, value)| value.is_some() && key[0] == kind as u8);
        written.map(|(key, _)| Key::from_bytes(key.clone())).collect()
    }

    /// How often a group has changed, by [`Store::advance`].
    pub(crate) fn revision(&self, group_id: &[u8]) -> u64 {
        self.state.borrow().revisions.get(group_id).copied().unwrap_or(0)
    }

    /// Counts a change of a group.
    pub(crate) fn advance(&self, group_id: &[u8]) -> u64 {
        let mut state = self.state.borrow_mut();
        let revision = state.revisions.entry(group_id.to_vec()).or_insert(0);
        *revision += 1;
        *revision
    }

    fn keys_from(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        keys_in(&self.state.borrow(), prefix)
    }

    fn put(&self, key: &[u8], value: Option<Value>) {
        let mut state = self.state.borrow_mut();
        let is_same = match (state.records.get(key), &value) {
            (Some(before), Some(value)) => same_bytes(before, value),
            (before, value) => before.is_none() && value.is_none(),
        };
        if is_same {
            return;
        }
        let previous = match &value {
            Some(value) => state.records.insert(key.to_vec(), value.clone()),
            None => state.records.remove(key),
        };
        if let Some(undo) = &mut state.undo {
            undo.previous.push((key.to_vec(), previous));
        }
        state.journal.push((key.to_vec(), value));
    }

    fn begin(&self) {
        let mut state = self.state.borrow_mut();
        state.fault = None;
        state.missing_psk = None;
        state.expected_past = None;
        state.undo = Some(Undo { journal_length: state.journal.len(), previous: Vec::new() });
    }

    fn roll_back(&self) {
        let mut state = self.state.borrow_mut();
        let Some(undo) = state.undo.take() else { return };
        state.journal.truncate(undo.journal_length);
        for (key, previous) in undo.previous.into_iter().rev() {
            match previous {
                Some(value) => state.records.insert(key, value),
                None => state.records.remove(&key),
            };
        }
    }

    fn take_fault(&self) -> Option<CoreError> {
        self.state.borrow_mut().fault.take()
    }
}

fn keys_in(state: &State, prefix: &[u8]) -> Vec<Vec<u8>> {
    let keys = state.records.range(prefix.to_vec()..).map(|(key, _)| key);
    keys.take_while(|key| key.starts_with(prefix)).cloned().collect()
}

/// The value of a record, if it is one of ours and opens, and the erasable key that it is under.
fn open_record(seal: &Seal, key: &[u8], sealed: &[u8]) -> Result<OpenValue> {
    open_unless_erased(seal, key, sealed)?.ok_or(CoreError::KeysErased)
}

/// The same; none if its key was erased.
fn open_unless_erased(seal: &Seal, key: &[u8], sealed: &[u8]) -> Result<Option<OpenValue>> {
    let (value, key_id) = match seal.open(key, sealed) {
        Opened::Value(opened) => opened,
        Opened::Erased if is_secret(key) => return Ok(None),
        Opened::Erased | Opened::Damaged => return Err(CoreError::StoreCorrupt { record: kind::name_of(key) }),
    };
    kind::check(key)?;
    codec::check_version(key, &value)?;
    Ok(Some((value, key_id)))
}
