//! The group's access key: what the relay checks posts and reads with, and every member can derive.
//!
//! It comes from the MLS exporter (RFC 9420 §8.5), so it changes with every epoch, a removed member never learns the
//! next one, and the relay cannot tell which member signed.

use zeroize::Zeroizing;

use super::{GroupId, GroupMember, Staged};
use crate::{
    crypto::SecretKey,
    error::{CoreError, Result},
    shared::{AccessKeySeed, Shared},
};

/// Exporter label and context. The context carries the version of this use.
pub(super) const LABEL: &str = "quicprochat access";
pub(super) const CONTEXT: &[u8] = b"v1";
/// Bytes to export: an Ed25519 seed.
pub(super) const LENGTH: usize = 32;

/// A signature of a group's access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessSignature {
    /// The key's public half: what the relay knows the epoch by.
    pub access_key: [u8; 32],
    /// Over exactly the bytes that were given.
    pub signature: [u8; 64],
}

/// The access key of the epoch that `exported` comes from.
pub(super) fn key(exported: Vec<u8>) -> Result<SecretKey> {
    Ok(SecretKey::from_seed(&*seed(exported)?))
}

fn seed(exported: Vec<u8>) -> Result<AccessKeySeed> {
    let exported = Zeroizing::new(exported);
    let seed = <&[u8; 32]>::try_from(exported.as_slice()).map_err(|_| CoreError::Internal)?;
    Ok(Zeroizing::new(*seed))
}

impl Shared {
    /// Signs with the access key of a group that has been in memory and that this device is a member of.
    pub(crate) fn sign_access(&self, id: GroupId, transcript: &[u8]) -> Option<AccessSignature> {
        let keys = self.access_keys.borrow();
        let key = SecretKey::from_seed(keys.get(&id)?);
        Some(AccessSignature { access_key: key.public(), signature: key.sign(transcript) })
    }

    /// Forgets a group's access key: it is not the current epoch's any more, or may not be.
    pub(crate) fn forget_access_key(&self, id: GroupId) {
        self.access_keys.borrow_mut().remove(&id);
    }
}

impl GroupMember {
    /// Keeps this epoch's access key at hand, in place of an earlier one.
    pub(super) fn remember_access_key(&self) {
        match self.export(LABEL, CONTEXT, LENGTH).and_then(seed) {
            Ok(seed) => drop(self.shared.access_keys.borrow_mut().insert(self.id, seed)),
            Err(_) => self.shared.forget_access_key(self.id),
        }
    }

    /// Holds the staged commit to the access key that its sender announced for the next epoch, or discards it. A commit
    /// that begins an epoch under another key would leave its members without a relay; one that was announced under none
    /// is not in the order of epochs. This device's own removal is taken as it is: it cannot tell.
    ///
    /// # Errors
    /// [`CoreError::NoStagedCommit`]; [`CoreError::InvalidCommit`] for another key, [`CoreError::PolicyRejected`] for
    /// none, after which no commit is staged.
    pub fn expect_access_key(&mut self, announced: Option<&[u8]>) -> Result<()> {
        let Staged { commit, changes } = self.staged.as_ref().ok_or(CoreError::NoStagedCommit)?;
        let refusal = match announced {
            None => CoreError::PolicyRejected,
            Some(_) if changes.self_removed => return Ok(()),
            Some(announced) => {
                let next = commit.export_secret(self.crypto(), LABEL, CONTEXT, LENGTH);
                if key(next.map_err(|_| CoreError::Internal)?)?.public() == announced {
                    return Ok(());
                }
                CoreError::InvalidCommit
            }
        };
        self.discard_staged_commit()?;
        Err(refusal)
    }
}
