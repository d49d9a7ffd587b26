//! Who is in a group: each device once, and each handle of one account.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    error::{CoreError, Result},
    identity::LeafIdentity,
};

/// The members of one tree. It judges by what is in the tree alone, so that all members come to the same verdict; which
/// account a handle belonged to before does not count.
#[derive(Default)]
pub(super) struct Roll {
    devices: BTreeSet<[u8; 16]>,
    accounts: BTreeMap<String, [u8; 32]>,
}

impl Roll {
    /// Enters one more leaf.
    ///
    /// # Errors
    /// [`CoreError::CredentialRejected`] if the device is entered already, or its handle as another account's.
    pub(super) fn enter(&mut self, leaf: LeafIdentity) -> Result<()> {
        let LeafIdentity { handle, account_key, device_id, .. } = leaf;
        let holder = *self.accounts.entry(handle).or_insert(account_key);
        let is_new = self.devices.insert(device_id);
        if is_new && holder == account_key { Ok(()) } else { Err(CoreError::CredentialRejected) }
    }
}
