//! Which records there are, and which version each has: so that one that was put back to an earlier state, deleted, or
//! undeleted is found and named, though it opens.
//!
//! Every batch of writes has the next number, and its records carry as their version that number and 24 random bits: two
//! batches of one number, written from the same state by two who did not know of each other, do not mix. Beside them stand:
//!
//! | record | what it holds |
//! |---|---|
//! | `store` | `form`, `store_id`, `key_check` in the clear; then, sealed: all records and their versions, as of its own |
//! | `changes`, number | what a later batch wrote and deleted |
//!
//! A message adds a list of its few records, 0.1 kB. Once the lists outweigh the whole, the whole is written anew, with a
//! commit where there is one, and they are deleted. The numbers have no gaps, so a list that is missing shows.
//!
//! What cannot show from within: all records put back together. The store is then what it was.

use std::collections::BTreeMap;

use openmls_rust_crypto::RustCrypto;
use openmls_traits::random::OpenMlsRand;
use serde::{Deserialize, Serialize};

use super::{
    Key, Kind, Write,
    kind::name_of,
    seal::{Seal, StoreId, StoreKey, version_of},
};
use crate::error::{CoreError, Result};

/// The form of sealed stores that this release writes, and the only one that it reads.
const FORM: u8 = 2;

/// Lists of changes may always grow to this many bytes: below it, writing the whole costs more than it saves.
const LEAST_LISTED_BYTES: usize = 2_048;

/// A list of the few records of a message is shorter, one of a commit's longer.
const SHORT_LIST_BYTES: usize = 200;

/// How many times over the lists may outweigh the whole while there are only messages.
const MOST_OUTWEIGHED: usize = 3;

/// Records as the caller keeps them.
pub(super) type Sealed = BTreeMap<Vec<u8>, Vec<u8>>;

/// The head of the `store` record, in the clear.
struct Head {
    store_id: StoreId,
    key_check: [u8; 8],
}

impl Head {
    const BYTES: usize = 25;

    fn of(seal: &Seal) -> [u8; Self::BYTES] {
        let mut bytes = [FORM; Self::BYTES];
        bytes[1..17].copy_from_slice(seal.store_id());
        bytes[17..].copy_from_slice(seal.key_check());
        bytes
    }

    fn read(record: &[u8]) -> Result<(Self, &[u8])> {
        let (head, sealed) = record.split_first_chunk::<{ Self::BYTES }>().ok_or_else(store_corrupt)?;
        match head[0] {
            FORM => {}
            form if form > FORM => return Err(CoreError::StoreTooNew),
            _ => return Err(CoreError::StoreTooOld),
        }
        let mut parts = Self { store_id: [0; 16], key_check: [0; 8] };
        parts.store_id.copy_from_slice(&head[1..17]);
        parts.key_check.copy_from_slice(&head[17..]);
        Ok((parts, sealed))
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Manifest {
    /// Of the last batch.
    version: u64,
    versions: BTreeMap<Vec<u8>, u64>,
    whole: Whole,
    /// Of the lists since.
    listed_bytes: usize,
}

/// The list of all records: the number of the batch that wrote it, none yet if zero, and its length.
#[derive(Default)]
struct Whole {
    number: u64,
    bytes: usize,
}

impl Manifest {
    /// Takes the manifest's own records out of a store's, checks the others against it, and gives what opens them.
    ///
    /// # Errors
    /// [`CoreError::StoreTooNew`], [`CoreError::StoreTooOld`], [`CoreError::StoreKeyWrong`], [`CoreError::StoreCorrupt`],
    /// [`CoreError::StoreRolledBack`].
    pub(super) fn open(store_key: &StoreKey, records: &mut Sealed, crypto: &RustCrypto) -> Result<(Self, Seal)> {
        let key = Key::of(Kind::Store);
        let record = records.remove(key.bytes()).ok_or_else(store_corrupt)?;
        let (head, whole) = Head::read(&record)?;
        let seal = Seal::new(store_key, head.store_id, crypto)?;
        if *seal.key_check() != head.key_check {
            return Err(CoreError::StoreKeyWrong);
        }
        let mut manifest = Self::default();
        let bytes = manifest.read_list(&seal, &key, whole)?;
        manifest.whole = Whole { number: number_of(manifest.version), bytes };
        manifest.read_changes(&seal, records)?;
        manifest.check(records)?;
        Ok((manifest, seal))
    }

    fn read_changes(&mut self, seal: &Seal, records: &mut Sealed) -> Result<()> {
        let mut lists = records.split_off(Key::of(Kind::Changes).bytes());
        let mut others = lists.split_off([Kind::Changes as u8 + 1].as_slice());
        records.append(&mut others);
        for (key, list) in lists {
            let next = changes_key(number_of(self.version) + 1);
            if next.bytes() != key {
                // A list from before the whole was written is back, or the one that should come here is gone.
                let is_old = Key::from_bytes(key.clone()).bytes() < next.bytes();
                let name = if is_old { name_of(&key) } else { next.name() };
                return Err(CoreError::StoreRolledBack { record: name });
            }
            self.listed_bytes += self.read_list(seal, &next, &list)?;
        }
        Ok(())
    }

    /// Takes over what a list says; gives its length.
    fn read_list(&mut self, seal: &Seal, key: &Key, sealed: &[u8]) -> Result<usize> {
        let corrupt = || CoreError::StoreCorrupt { record: key.name() };
        let list = seal.open(key.bytes(), sealed).ok_or_else(corrupt)?;
        let changes = decode(&list).ok_or_else(corrupt)?;
        self.version = version_of(sealed).ok_or_else(corrupt)?;
        changes.into_iter().for_each(|(key, version)| self.set(key, version));
        Ok(list.len())
    }

    /// That exactly the records of the manifest are there, in the versions that it says.
    fn check(&self, records: &Sealed) -> Result<()> {
        let rolled_back = |key: &[u8]| Err(CoreError::StoreRolledBack { record: name_of(key) });
        for (key, sealed) in records {
            let Some(version) = version_of(sealed) else {
                return Err(CoreError::StoreCorrupt { record: name_of(key) });
            };
            if self.versions.get(key) != Some(&version) {
                return rolled_back(key);
            }
        }
        let missing = self.versions.keys().find(|key| !records.contains_key(*key));
        missing.map_or(Ok(()), |key| rolled_back(key))
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
        self.version = number << SALT_BITS | salt(random);
        let changes: BTreeMap<_, _> =
            batch.map(|(key, is_put)| (key.to_vec(), if is_put { self.version } else { DELETED })).collect();
        let (version, list) = (self.version, encode(&changes));
        changes.into_iter().for_each(|(key, version)| self.set(key, version));
        self.listed_bytes += list.len();
        let seal = |key: &Key, list: &[u8], head: &[u8]| {
            let sealed = with.seal(key.bytes(), version, list, random);
            Write { key: key.bytes().to_vec(), value: Some([head, &sealed].concat()) }
        };
        if self.whole.number > 0 && !self.is_whole_due(list.len()) {
            return vec![seal(&changes_key(number), &list, &[])];
        }
        let superseded = self.whole.number + 1..number;
        let whole = encode(&self.versions);
        let written = seal(&Key::of(Kind::Store), &whole, &Head::of(with));
        self.whole = Whole { number, bytes: whole.len() };
        self.listed_bytes = 0;
        let deleted = superseded.map(|number| Write { key: changes_key(number).bytes().to_vec(), value: None });
        std::iter::once(written).chain(deleted).collect()
    }

    /// Once the lists outweigh the whole, with the next batch that is large anyway: a message does not pay for it, unless
    /// there has been nothing but messages for long.
    fn is_whole_due(&self, list_bytes: usize) -> bool {
        let outweighed = self.listed_bytes / self.whole.bytes.max(LEAST_LISTED_BYTES);
        if list_bytes < SHORT_LIST_BYTES { outweighed >= MOST_OUTWEIGHED } else { outweighed >= 1 }
    }

    fn set(&mut self, key: Vec<u8>, version: u64) {
        match version {
            DELETED => self.versions.remove(&key),
            version => self.versions.insert(key, version),
        };
    }
}

/// Stands for a version in lists of changes. Batches are counted from one.
const DELETED: u64 = 0;

/// An entry of a list. Keys are written with their first byte, the kind, at the end: then those of one group, which
/// most are, begin alike, and each is told by what it has more than the one before.
#[derive(Serialize, Deserialize)]
struct Entry {
    shared: usize,
    rest: Vec<u8>,
    version: u64,
}

fn encode(versions: &BTreeMap<Vec<u8>, u64>) -> Vec<u8> {
    let mut rotated: Vec<_> = versions.iter().map(|(key, &version)| (rotate(key, 1), version)).collect();
    rotated.sort_unstable();
    let mut before: &[u8] = &[];
    let entries = rotated.iter().map(|(key, version)| {
        let shared = key.iter().zip(before).take_while(|(a, b)| a == b).count();
        before = key;
        Entry { shared, rest: key[shared..].to_vec(), version: *version }
    });
    postcard::to_stdvec(&entries.collect::<Vec<_>>()).expect("nothing in it can fail to be written")
}

fn decode(list: &[u8]) -> Option<Vec<(Vec<u8>, u64)>> {
    let (entries, []): (Vec<Entry>, _) = postcard::take_from_bytes(list).ok()? else { return None };
    let mut before = Vec::new();
    let keys = entries.into_iter().map(|Entry { shared, rest, version }| {
        let key = [before.get(..shared)?, &rest].concat();
        before.clone_from(&key);
        (!key.is_empty()).then(|| (rotate(&key, key.len() - 1), version))
    });
    keys.collect()
}

fn rotate(key: &[u8], by: usize) -> Vec<u8> {
    let (head, tail) = key.split_at(by);
    [tail, head].concat()
}

const SALT_BITS: u32 = 24;

fn salt(random: &impl OpenMlsRand) -> u64 {
    let bytes: [u8; 3] =
        random.random_array().expect("the generator fails only if its thread panicked while it had the lock");
    bytes.iter().fold(0, |salt, &byte| salt << 8 | u64::from(byte))
}

fn number_of(version: u64) -> u64 {
    version >> SALT_BITS
}

fn changes_key(number: u64) -> Key {
    Key::of(Kind::Changes).with(&number.to_be_bytes())
}

fn store_corrupt() -> CoreError {
    CoreError::StoreCorrupt { record: Key::of(Kind::Store).name() }
}
