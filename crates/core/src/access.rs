//! The group's access key: what the relay checks posts and reads with, and every member can derive.
//!
//! It comes from the MLS exporter (RFC 9420 §8.5), so it changes with every epoch, a removed member never learns the
//! next one, and the relay cannot tell which member signed.

use zeroize::Zeroizing;

use crate::{
    error::{CoreError, Result},
    signer::SecretKey,
};

/// Exporter label and context. The context carries the version of this use.
pub(crate) const LABEL: &str = "quicprochat access";
pub(crate) const CONTEXT: &[u8] = b"v1";
/// Bytes to export: an Ed25519 seed.
pub(crate) const LENGTH: usize = 32;

/// The access key of the epoch that `exported` comes from.
pub(crate) fn key(exported: Vec<u8>) -> Result<SecretKey> {
    let exported = Zeroizing::new(exported);
    let seed = exported.as_slice().try_into().map_err(|_| CoreError::Internal)?;
    Ok(SecretKey::from_seed(seed))
}
