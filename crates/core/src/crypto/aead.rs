//! The AEADs of our suites (RFC 5116): AES-GCM and ChaCha20-Poly1305, for messages and for HPKE alike.

use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::{
    ChaCha20Poly1305,
    aead::{Aead, KeyInit, Payload},
};
use openmls_traits::types::{AeadType, CryptoError};

type Result<T> = std::result::Result<T, CryptoError>;

/// Of every AEAD of our suites.
pub(super) const NONCE_BYTES: usize = 12;
pub(super) const TAG_BYTES: usize = 16;

/// The ciphertext and its tag.
pub(super) fn seal(aead: AeadType, key: &[u8], message: &[u8], nonce: &[u8], aad: &[u8]) -> Result<Vec<u8>> {
    check_nonce(nonce)?;
    let payload = Payload { msg: message, aad };
    match aead {
        AeadType::Aes128Gcm => cipher::<Aes128Gcm>(key)?.encrypt(nonce.into(), payload),
        AeadType::ChaCha20Poly1305 => cipher::<ChaCha20Poly1305>(key)?.encrypt(nonce.into(), payload),
        AeadType::Aes256Gcm => cipher::<Aes256Gcm>(key)?.encrypt(nonce.into(), payload),
    }
    .map_err(|_| CryptoError::CryptoLibraryError)
}

/// The message of a ciphertext and its tag.
pub(super) fn open(aead: AeadType, key: &[u8], ciphertext: &[u8], nonce: &[u8], aad: &[u8]) -> Result<Vec<u8>> {
    check_nonce(nonce)?;
    let payload = Payload { msg: ciphertext, aad };
    match aead {
        AeadType::Aes128Gcm => cipher::<Aes128Gcm>(key)?.decrypt(nonce.into(), payload),
        AeadType::ChaCha20Poly1305 => cipher::<ChaCha20Poly1305>(key)?.decrypt(nonce.into(), payload),
        AeadType::Aes256Gcm => cipher::<Aes256Gcm>(key)?.decrypt(nonce.into(), payload),
    }
    .map_err(|_| CryptoError::AeadDecryptionError)
}

fn cipher<C: KeyInit>(key: &[u8]) -> Result<C> {
    C::new_from_slice(key).map_err(|_| CryptoError::CryptoLibraryError)
}

/// The ciphers take a nonce of another length for a programmer's mistake, and panic.
fn check_nonce(nonce: &[u8]) -> Result<()> {
    if nonce.len() == NONCE_BYTES { Ok(()) } else { Err(CryptoError::InvalidLength) }
}
