//! Sealing records before they leave the core.
//!
//! ```text
//! struct {
//!     uint1 is_erasable;
//!     uint63 version;            // of the batch of writes that the record was last written in (`manifest.rs`)
//!     select (is_erasable) {
//!         case 1: opaque key_id[8];
//!     };
//!     opaque nonce[24];          // random
//!     opaque sealed_value[];     // XChaCha20-Poly1305, the tag at its end
//! } SealedRecord;
//!
//! aad = "quicprochat record" || store_id || what stands before the nonce || key
//! record_key = HKDF-Expand(HKDF-Extract(store_id, store_key), "quicprochat record key v1", 32)
//! erasable_record_key = HKDF-Expand(HKDF-Extract(erasable_key, record_key), "quicprochat erasable record key v1", 32)
//! ```
//!
//! The additional data binds a value to its place and its time: under another key, in another store or with another
//! version it does not open. Nonces are random, and long enough for that (192 bits): a counter would come again when a
//! store is put back to an earlier state, or when two processes write from the same one.
//!
//! Secrets that end are sealed under keys of their own (`ring.rs`). Without such a key, or without the store key, they do
//! not open.

use std::cell::RefCell;

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{AeadInPlace as _, KeyInit as _},
};
use hkdf::Hkdf;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::{crypto::OpenMlsCrypto, random::OpenMlsRand, types::HashType};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    Value,
    kind::is_secret,
    ring::{ID_BYTES, KeyId, Ring},
};
use crate::error::{CoreError, Result};

const VERSION_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// In front of the version: the record is sealed under an erasable key.
const ERASABLE: u64 = 1 << 63;

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
    record_key: Zeroizing<[u8; 32]>,
    cipher: XChaCha20Poly1305,
    key_check: [u8; 8],
    pub(super) ring: RefCell<Ring>,
}

/// A record's value, and which erasable key it is sealed under, if it is under one.
pub(super) type OpenValue = (Value, Option<KeyId>);

/// What a sealed record turns out to be.
pub(super) enum Opened {
    Value(OpenValue),
    /// Its key was erased: it was over when somebody put it back.
    Erased,
    /// Not what was sealed under this key with the version that it names.
    Damaged,
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
        let record_key: Zeroizing<[u8; 32]> =
            Zeroizing::new(record_key.as_slice().try_into().map_err(|_| CoreError::Internal)?);
        let cipher = XChaCha20Poly1305::new((&*record_key).into());
        Ok(Self { store_id, record_key, cipher, key_check, ring: RefCell::default() })
    }

    pub(super) fn store_id(&self) -> &StoreId {
        &self.store_id
    }

    /// Tells a wrong key from a damaged record. It says nothing about the key to those who do not have it.
    pub(super) fn key_check(&self) -> &[u8; 8] {
        &self.key_check
    }

    /// Secrets are sealed under the erasable key that the ring has for them now.
    pub(super) fn seal(&self, key: &[u8], version: u64, value: &[u8], random: &impl OpenMlsRand) -> Vec<u8> {
        let ring = self.ring.borrow();
        if !is_secret(key) {
            return self.seal_behind(&version.to_be_bytes(), key, value, &self.cipher, random);
        }
        let (id, erasable) = ring.current(key).expect("each batch has a key for the secrets in it");
        let head = [(version | ERASABLE).to_be_bytes(), id.to_be_bytes()].concat();
        self.seal_behind(&head, key, value, &self.cipher_of(erasable), random)
    }

    #[inline(never)]
    fn seal_behind(
        &self,
        head: &[u8],
        key: &[u8],
        value: &[u8],
        cipher: &XChaCha20Poly1305,
        random: &impl OpenMlsRand,
    ) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] =
            random.random_array().expect("the generator fails only if its thread panicked while it had the lock");
        let mut sealed = Vec::with_capacity(head.len() + NONCE_BYTES + value.len() + TAG_BYTES);
        sealed.extend_from_slice(head);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(value);
        let aad = self.additional_data(head, key);
        let in_place = &mut sealed[head.len() + NONCE_BYTES..];
        let tag = cipher.encrypt_in_place_detached(XNonce::from_slice(&nonce), &aad, in_place);
        sealed.extend_from_slice(&tag.expect("far below the cipher's limit of 256 GiB"));
        sealed
    }

    pub(super) fn open(&self, key: &[u8], sealed: &[u8]) -> Opened {
        let Some(id) = key_id_of(sealed) else {
            let value = self.open_behind(VERSION_BYTES, key, sealed, &self.cipher);
            return value.map_or(Opened::Damaged, |value| Opened::Value((value, None)));
        };
        let ring = self.ring.borrow();
        let Some(erasable) = ring.find(key, id) else { return Opened::Erased };
        let value = self.open_behind(VERSION_BYTES + ID_BYTES, key, sealed, &self.cipher_of(erasable));
        value.map_or(Opened::Damaged, |value| Opened::Value((value, Some(id))))
    }

    #[inline(never)]
    fn open_behind(&self, head: usize, key: &[u8], sealed: &[u8], cipher: &XChaCha20Poly1305) -> Option<Value> {
        let (head, sealed) = sealed.split_at_checked(head)?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let (value, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        let mut value = Value::new(value.to_vec());
        let aad = self.additional_data(head, key);
        let opened = cipher.decrypt_in_place_detached(XNonce::from_slice(nonce), &aad, &mut value, tag.into());
        opened.ok().map(|()| value)
    }

    fn cipher_of(&self, key: &Value) -> XChaCha20Poly1305 {
        let hkdf = Hkdf::<Sha256>::new(Some(key.as_slice()), self.record_key.as_slice());
        let mut derived = Zeroizing::new([0; 32]);
        hkdf.expand(b"quicprochat erasable record key v1", derived.as_mut_slice()).expect("32 bytes is not too long");
        XChaCha20Poly1305::new((&*derived).into())
    }

    fn additional_data(&self, head: &[u8], key: &[u8]) -> Vec<u8> {
        [b"quicprochat record", self.store_id.as_slice(), head, key].concat()
    }
}

/// The version that a sealed record says it has. Nothing to rely on before it is opened.
pub(super) fn version_of(sealed: &[u8]) -> Option<u64> {
    head_of(sealed).map(|head| head & !ERASABLE)
}

/// The erasable key that a sealed record says it is under; none if it says no such thing.
fn key_id_of(sealed: &[u8]) -> Option<KeyId> {
    let is_erasable = head_of(sealed)? & ERASABLE != 0;
    let id = sealed[VERSION_BYTES..].first_chunk().copied().unwrap_or_default();
    is_erasable.then(|| KeyId::from_be_bytes(id))
}

fn head_of(sealed: &[u8]) -> Option<u64> {
    sealed.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: u8, id: u8) -> Seal {
        Seal::new(&StoreKey([key; 32]), [id; 16], &RustCrypto::default()).unwrap()
    }

    fn value_of(opened: Opened) -> Option<Value> {
        match opened {
            Opened::Value((value, _)) => Some(value),
            Opened::Erased | Opened::Damaged => None,
        }
    }

    #[test]
    fn a_sealed_value_opens_at_its_place_only() {
        let sealed = seal(1, 1).seal(b"key", 7, b"value", &RustCrypto::default());
        assert_eq!(value_of(seal(1, 1).open(b"key", &sealed)).unwrap().as_slice(), b"value");
        assert!(value_of(seal(1, 1).open(b"kez", &sealed)).is_none(), "another key");
        assert!(value_of(seal(1, 2).open(b"key", &sealed)).is_none(), "another store");
        assert!(value_of(seal(2, 1).open(b"key", &sealed)).is_none(), "another store key");
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(value_of(seal(1, 1).open(b"key", &changed)).is_none(), "byte {position}");
            assert!(value_of(seal(1, 1).open(b"key", &sealed[..position])).is_none(), "cut at {position}");
        }
        assert!(value_of(seal(1, 1).open(b"key", &[sealed, vec![0]].concat())).is_none());
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
