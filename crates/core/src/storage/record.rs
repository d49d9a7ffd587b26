//! What a store is made of, as the caller sees it.

use super::kind::name_of;

/// A stored record, as the caller keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Unique within the store; tells the record's kind and group, holds no secret.
    pub key: Vec<u8>,
    /// The record's bytes, sealed.
    pub value: Vec<u8>,
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
    /// Its new bytes, sealed; none deletes it.
    pub value: Option<Vec<u8>>,
}

impl std::fmt::Debug for Write {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.value.as_ref().map_or(0, Vec::len);
        write!(formatter, "Write({}, {size} bytes)", name_of(&self.key))
    }
}
