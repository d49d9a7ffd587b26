//! Lists of records and their versions: what they hold, and how they are written.

use std::collections::BTreeMap;

use openmls_traits::random::OpenMlsRand;
use serde::{Deserialize, Serialize};

/// The version of each record, by its key. In lists of changes, [`DELETED`] stands for a record that is gone.
pub(in crate::storage) type Versions = BTreeMap<Vec<u8>, u64>;

/// Stands for a version in lists of changes. Batches are counted from one.
pub(super) const DELETED: u64 = 0;

/// Takes over what a list of changes says of one record.
pub(super) fn set(versions: &mut Versions, key: Vec<u8>, version: u64) {
    match version {
        DELETED => versions.remove(&key),
        version => versions.insert(key, version),
    };
}

const SALT_BITS: u32 = 24;

/// The version of the records of a batch: its number, and 24 random bits.
pub(super) fn version_of_batch(number: u64, random: &impl OpenMlsRand) -> u64 {
    let bytes: [u8; 3] =
        random.random_array().expect("the generator fails only if its thread panicked while it had the lock");
    number << SALT_BITS | bytes.iter().fold(0, |salt, &byte| salt << 8 | u64::from(byte))
}

/// The number of the batch whose records have this version.
pub(super) fn number_of(version: u64) -> u64 {
    version >> SALT_BITS
}

/// An entry of a list. Keys are written with their first byte, the kind, at the end: then those of one group, which
/// most are, begin alike, and each is told by what it has more than the one before.
#[derive(Serialize, Deserialize)]
struct Entry {
    shared: usize,
    rest: Vec<u8>,
    version: u64,
}

pub(super) fn encode(versions: &Versions) -> Vec<u8> {
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

pub(super) fn decode(list: &[u8]) -> Option<Versions> {
    let (entries, []): (Vec<Entry>, _) = postcard::take_from_bytes(list).ok()? else { return None };
    let (mut before, mut versions) = (Vec::new(), Versions::new());
    for Entry { shared, rest, version } in entries {
        let key = [before.get(..shared)?, &rest].concat();
        versions.insert(rotate(&key, key.len().checked_sub(1)?), version);
        before = key;
    }
    Some(versions)
}

fn rotate(key: &[u8], by: usize) -> Vec<u8> {
    let (head, tail) = key.split_at(by);
    [tail, head].concat()
}
