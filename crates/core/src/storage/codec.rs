//! The stored form of values: one byte for its version, then postcard.
//!
//! postcard writes bytes as bytes and numbers as varints: a group is about a quarter of its JSON form. It does not
//! describe itself, so what openmls stores is pinned with openmls's exact version, and another form needs another
//! version byte and a migration.

use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use super::kind::{Key, name_of};
use crate::error::{CoreError, Result};

/// The version of the stored form that this release writes and the only one that it reads.
const VERSION: u8 = 1;

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Zeroizing<Vec<u8>>> {
    let bytes = postcard::to_extend(value, vec![VERSION]).map_err(|_| CoreError::Internal)?;
    Ok(Zeroizing::new(bytes))
}

pub(super) fn decode<T: DeserializeOwned>(key: &Key, value: &[u8]) -> Result<T> {
    check_version(key.bytes(), value)?;
    match postcard::take_from_bytes(&value[1..]) {
        Ok((value, [])) => Ok(value),
        _ => Err(CoreError::StoreCorrupt { record: key.name() }),
    }
}

/// The stored form of bytes: themselves.
pub(super) fn encode_bytes(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut value = Vec::with_capacity(1 + bytes.len());
    value.push(VERSION);
    value.extend_from_slice(bytes);
    Zeroizing::new(value)
}

/// Whether a value is that of these bytes.
pub(super) fn is_of_bytes(value: &[u8], bytes: &[u8]) -> bool {
    value.split_first() == Some((&VERSION, bytes))
}

/// The bytes in a value of [`encode_bytes`].
pub(super) fn decode_bytes<'a>(key: &Key, value: &'a [u8]) -> Result<&'a [u8]> {
    check_version(key.bytes(), value)?;
    Ok(&value[1..])
}

/// The form of values that only a self-describing codec can read back, as an item to be stored by [`encode`]: openmls
/// reads its join configuration, thirty bytes, through an untagged enum. MessagePack serves it, and nothing else: each
/// codec compiles every type that passes through it once more.
pub(super) fn to_described(value: &impl Serialize) -> Result<Vec<u8>> {
    rmp_serde::to_vec(value).map_err(|_| CoreError::Internal)
}

/// See [`to_described`].
pub(super) fn from_described<T: DeserializeOwned>(key: &Key, item: &[u8]) -> Result<T> {
    rmp_serde::from_slice(item).map_err(|_| CoreError::StoreCorrupt { record: key.name() })
}

/// Whether a value can be of this release.
pub(super) fn check_version(key: &[u8], value: &[u8]) -> Result<()> {
    match value.first() {
        Some(&VERSION) => Ok(()),
        Some(&version) if version > VERSION => Err(CoreError::StoreTooNew),
        _ => Err(CoreError::StoreCorrupt { record: name_of(key) }),
    }
}
