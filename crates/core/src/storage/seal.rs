//! Sealing records before they leave the core.
//!
//! ```text
//! struct {
//!     uint64 version;            // of the batch of writes that the record was last written in (`manifest.rs`)
//!     opaque nonce[24];          // random
//!     opaque sealed_value[];     // XChaCha20-Poly1305, the tag at its end
//! } SealedRecord;
//!
//! aad = "quicprochat record" || store_id || version || key
//! record_key = HKDF-Expand(HKDF-Extract(store_id, store_key), "quicprochat record key v1", 32)
//! ```
//!
//! The additional data binds a value to its place and its time: under another key, in another store or with another
//! version it does not open. Nonces are random, and long enough for that (192 bits): a counter would come again when a
//! store is put back to an earlier state, or when two processes write from the same one.

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{AeadInPlace as _, KeyInit as _},
};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::{crypto::OpenMlsCrypto, random::OpenMlsRand, types::HashType};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Value;
use crate::error::{CoreError, Result};

const VERSION_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// The key that a client's records are sealed with. Kept by the application, apart from the records: who has both has
/// the client. Zeroized on drop; `Debug` shows nothing of it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct StoreKey([u8; 32]);

impl From<[u8; 32]> for StoreKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for StoreKey {
    type Error = CoreError;

    fn try_from(bytes: &[u8]) -> Result<Self> {
        Ok(Self(bytes.try_into().map_err(|_| CoreError::BadInput("a store key has 32 bytes"))?))
    }
}

impl std::fmt::Debug for StoreKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("StoreKey(..)")
    }
}

/// Distinguishes stores; random, and no secret.
pub(super) type StoreId = [u8; 16];

/// Seals and opens the records of one store.
pub(super) struct Seal {
    store_id: StoreId,
    cipher: XChaCha20Poly1305,
    key_check: [u8; 8],
}

impl Seal {
    pub(super) fn new(store_key: &StoreKey, store_id: StoreId, crypto: &RustCrypto) -> Result<Self> {
        let hash = HashType::Sha2_256;
        let root = crypto.hkdf_extract(hash, &store_id, &store_key.0).map_err(|_| CoreError::Internal)?;
        let derive = |label: &[u8], length| {
            crypto.hkdf_expand(hash, root.as_slice(), label, length).map_err(|_| CoreError::Internal)
        };
        let record_key = derive(b"quicprochat record key v1", 32)?;
        let mut key_check = [0; 8];
        key_check.copy_from_slice(derive(b"quicprochat key check v1", 8)?.as_slice());
        let cipher = XChaCha20Poly1305::new(record_key.as_slice().into());
        Ok(Self { store_id, cipher, key_check })
    }

    pub(super) fn store_id(&self) -> &StoreId {
        &self.store_id
    }

    /// Tells a wrong key from a damaged record. It says nothing about the key to those who do not have it.
    pub(super) fn key_check(&self) -> &[u8; 8] {
        &self.key_check
    }

    pub(super) fn seal(&self, key: &[u8], version: u64, value: &[u8], random: &impl OpenMlsRand) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] =
            random.random_array().expect("the generator fails only if its thread panicked while it had the lock");
        let mut sealed = Vec::with_capacity(VERSION_BYTES + NONCE_BYTES + value.len() + TAG_BYTES);
        sealed.extend_from_slice(&version.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(value);
        let aad = self.additional_data(key, version);
        let in_place = &mut sealed[VERSION_BYTES + NONCE_BYTES..];
        let tag = self.cipher.encrypt_in_place_detached(XNonce::from_slice(&nonce), &aad, in_place);
        sealed.extend_from_slice(&tag.expect("far below the cipher's limit of 256 GiB"));
        sealed
    }

    /// The value of a sealed record; none if it is not what was sealed under this key with this version.
    pub(super) fn open(&self, key: &[u8], sealed: &[u8]) -> Option<Value> {
        let version = version_of(sealed)?;
        let (nonce, sealed) = sealed[VERSION_BYTES..].split_at_checked(NONCE_BYTES)?;
        let (value, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        let mut value = Value::new(value.to_vec());
        let aad = self.additional_data(key, version);
        let opened = self.cipher.decrypt_in_place_detached(XNonce::from_slice(nonce), &aad, &mut value, tag.into());
        opened.ok().map(|()| value)
    }

    fn additional_data(&self, key: &[u8], version: u64) -> Vec<u8> {
        [b"quicprochat record", self.store_id.as_slice(), &version.to_be_bytes(), key].concat()
    }
}

/// The version that a sealed record says it has. Nothing to rely on before it is opened.
pub(super) fn version_of(sealed: &[u8]) -> Option<u64> {
    sealed.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: u8, id: u8) -> Seal {
        Seal::new(&StoreKey([key; 32]), [id; 16], &RustCrypto::default()).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_at_its_place_only() {
        let sealed = seal(1, 1).seal(b"key", 7, b"value", &RustCrypto::default());
        assert_eq!(seal(1, 1).open(b"key", &sealed).unwrap().as_slice(), b"value");
        assert!(seal(1, 1).open(b"kez", &sealed).is_none(), "another key");
        assert!(seal(1, 2).open(b"key", &sealed).is_none(), "another store");
        assert!(seal(2, 1).open(b"key", &sealed).is_none(), "another store key");
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(seal(1, 1).open(b"key", &changed).is_none(), "byte {position}");
            assert!(seal(1, 1).open(b"key", &sealed[..position]).is_none(), "cut at {position}");
        }
        assert!(seal(1, 1).open(b"key", &[sealed, vec![0]].concat()).is_none());
    }

    #[test]
    fn the_same_value_is_never_sealed_alike() {
        let (seal, random) = (seal(1, 1), RustCrypto::default());
        assert_ne!(seal.seal(b"key", 7, b"value", &random), seal.seal(b"key", 7, b"value", &random));
    }

    #[test]
    fn a_store_key_shows_nothing() {
        assert_eq!(format!("{:?}", StoreKey([7; 32])), "StoreKey(..)");
        assert!(StoreKey::try_from([7; 31].as_slice()).is_err());
    }
}
