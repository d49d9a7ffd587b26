//! The group's access key: what the relay checks posts and reads with, and every member can derive.
//!
//! It comes from the MLS exporter (RFC 9420 §8.5), so it changes with every epoch, a removed member never learns the
//! next one, and the relay cannot tell which member signed.

use zeroize::Zeroizing;

use super::{GroupMember, Staged};
use crate::{
    crypto::SecretKey,
    error::{CoreError, Result},
};

/// Exporter label and context. The context carries the version of this use.
pub(super) const LABEL: &str = "quicprochat access";
pub(super) const CONTEXT: &[u8] = b"v1";
/// Bytes to export: an Ed25519 seed.
pub(super) const LENGTH: usize = 32;

/// The access key of the epoch that `exported` comes from.
pub(super) fn key(exported: Vec<u8>) -> Result<SecretKey> {
    let exported = Zeroizing::new(exported);
    let seed = exported.as_slice().try_into().map_err(|_| CoreError::Internal)?;
    Ok(SecretKey::from_seed(seed))
}

impl GroupMember {
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
