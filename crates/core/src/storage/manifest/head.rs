//! The head of the `store` record, in the clear: it tells the form of the store and a wrong key before anything is opened.

use super::{
    super::seal::{Seal, StoreId},
    corrupt,
};
use crate::{
    error::{CoreError, Result},
    storage::{Key, Kind},
};

/// The form of sealed stores that this release writes.
const FORM: u8 = 4;

/// Nothing was sealed under erasable keys yet. Records change their form when they are written.
const OLD_FORM: u8 = 3;

/// See the module.
pub(super) struct Head {
    pub(super) store_id: StoreId,
    pub(super) key_check: [u8; 8],
    /// Earlier releases may still take the store for theirs.
    pub(super) is_old: bool,
}

impl Head {
    const BYTES: usize = 25;

    pub(super) fn of(seal: &Seal) -> [u8; Self::BYTES] {
        let mut bytes = [FORM; Self::BYTES];
        bytes[1..17].copy_from_slice(seal.store_id());
        bytes[17..].copy_from_slice(seal.key_check());
        bytes
    }

    /// The head of a record, and what is sealed behind it.
    ///
    /// # Errors
    /// [`CoreError::StoreTooNew`], [`CoreError::StoreTooOld`], [`CoreError::StoreCorrupt`].
    pub(super) fn read(record: &[u8]) -> Result<(Self, &[u8])> {
        let (head, sealed) =
            record.split_first_chunk::<{ Self::BYTES }>().ok_or_else(|| corrupt(Key::of(Kind::Store).bytes()))?;
        match head[0] {
            FORM | OLD_FORM => {}
            form if form > FORM => return Err(CoreError::StoreTooNew),
            _ => return Err(CoreError::StoreTooOld),
        }
        let mut parts = Self { store_id: [0; 16], key_check: [0; 8], is_old: head[0] == OLD_FORM };
        parts.store_id.copy_from_slice(&head[1..17]);
        parts.key_check.copy_from_slice(&head[17..]);
        Ok((parts, sealed))
    }
}
