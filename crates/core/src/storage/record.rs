//! What a store is made of, as the caller sees it.

use super::{
    kind::{group_of, name_of},
    ring::is_erasable_key,
};
use crate::group_id::GroupId;

/// A stored record, as the caller keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Unique within the store; tells the record's kind and group, holds no secret.
    pub key: Vec<u8>,
    /// The record's bytes, sealed but for erasable keys.
    pub value: Vec<u8>,
}

impl Record {
    /// The group that the record belongs to; none for the client's own.
    pub fn group(&self) -> Option<GroupId> {
        group_of(&self.key)
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Record({}, {} bytes)", name_of(&self.key), self.value.len())
    }
}

/// One change of the store, in order.
#[derive(Clone, PartialEq, Eq)]
pub struct Write {
    /// The key of the record that changes.
    pub key: Vec<u8>,
    /// Its new bytes, sealed but for erasable keys; none deletes it.
    pub value: Option<Vec<u8>>,
    /// The group that the record belongs to; none for the client's own.
    pub group: Option<GroupId>,
}

impl Write {
    /// A change of the record of a key, which tells the group.
    pub fn new(key: Vec<u8>, value: Option<Vec<u8>>) -> Self {
        let group = group_of(&key);
        Self { key, value, group }
    }

    /// Whether this is a key that seals other records, in the clear. It must not remain anywhere once it is deleted.
    pub fn is_erasable_key(&self) -> bool {
        is_erasable_key(&self.key)
    }
}

impl std::fmt::Debug for Write {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.value.as_ref().map_or(0, Vec::len);
        write!(formatter, "Write({}, {size} bytes)", name_of(&self.key))
    }
}

/// Whether two values are the same, eight bytes at a time: compiled to WebAssembly, `==` goes byte by byte, and a commit
/// compares every chunk of the tree with the stored one.
pub(super) fn same_bytes(left: &[u8], right: &[u8]) -> bool {
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks(), right.as_chunks());
    left.len() == right.len()
        && left_rest == right_rest
        && left.iter().zip(right).all(|(left, right)| u64::from_ne_bytes(*left) == u64::from_ne_bytes(*right))
}

#[cfg(test)]
mod tests {
    use super::same_bytes;

    #[test]
    fn values_are_the_same_to_the_last_byte() {
        let value: Vec<u8> = (0..21).collect();
        assert!(same_bytes(&value, &value.clone()) && same_bytes(&[], &[]));
        for index in 0..value.len() {
            let mut other = value.clone();
            other[index] ^= 1;
            assert!(!same_bytes(&value, &other), "byte {index}");
            assert!(!same_bytes(&value, &value[..index]), "length {index}");
        }
    }
}
