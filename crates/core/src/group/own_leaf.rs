//! The signature keys of the own leaf: the one in the tree, and those that a commit may put there.

use openmls::prelude::LeafNode;
use serde::{Deserialize, Serialize};

use crate::{
    crypto::SecretKey,
    error::{CoreError, Result},
    storage::{Key, Store},
};

/// What this device keeps of its own leaf. Rewriting the record is what deletes old keys.
#[derive(Serialize, Deserialize)]
pub(super) struct OwnLeaf {
    /// Signs for the leaf that is in the tree.
    pub(super) signer: SecretKey,
    /// The first epoch that this device has keys for.
    pub(super) joined_epoch: u64,
    /// Of our own undecided commit.
    pub(super) pending: Option<Pending>,
    /// Of our own update proposals that no commit has taken up or passed over yet.
    pub(super) proposed: Vec<Proposed>,
}

/// What comes with an own commit that the relay has not decided on.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) signer: SecretKey,
    /// SHA-256 of the commit as it was sent: our own messages do not open for us, this is how we know it again.
    pub(super) commit_hash: [u8; 32],
}

/// What comes with an own update proposal.
#[derive(Serialize, Deserialize)]
pub(super) struct Proposed {
    signer: SecretKey,
    /// Keys of the records that hold the proposed leaf's private encryption key.
    encryption_keys: Vec<Vec<u8>>,
}

impl Proposed {
    pub(super) fn new(signer: SecretKey, encryption_keys: &[Key]) -> Self {
        Self { signer, encryption_keys: encryption_keys.iter().map(|key| key.bytes().to_vec()).collect() }
    }
}

impl OwnLeaf {
    pub(super) fn new(signer: SecretKey, joined_epoch: u64) -> Self {
        Self { signer, joined_epoch, pending: None, proposed: Vec::new() }
    }

    /// After an epoch has begun: keeps the key that the tree names and deletes all others, with what came with them.
    /// Says whether the leaf's key changed.
    pub(super) fn settle(&mut self, leaf: Option<&LeafNode>, store: &Store) -> Result<bool> {
        let pending = self.pending.take().map(|pending| pending.signer);
        let proposed = std::mem::take(&mut self.proposed);
        for key in proposed.iter().flat_map(|proposed| &proposed.encryption_keys) {
            store.delete(&Key::from_bytes(key.clone()));
        }
        // Removed from the group: the tree names none.
        let Some(leaf) = leaf else { return Ok(false) };
        let named = leaf.signature_key().as_slice();
        if self.signer.public() == named {
            return Ok(false);
        }
        let mut others = pending.into_iter().chain(proposed.into_iter().map(|proposed| proposed.signer));
        self.signer = others.find(|signer| signer.public() == named).ok_or(CoreError::Internal)?;
        Ok(true)
    }
}
