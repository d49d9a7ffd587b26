//! The cipher suites of our groups.

use openmls::prelude::Ciphersuite;

use crate::error::{CoreError, Result};

/// A cipher suite that we create and join groups in, by its registered number. Signatures are Ed25519 in all of them:
/// MLS's security proof needs strong unforgeability, which ECDSA lacks (ePrint 2025/229).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Suite {
    /// `MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519` (RFC 9420 §17.1).
    X25519Aes128 = 0x0001,
    /// `MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519` (RFC 9420 §17.1).
    X25519ChaCha20 = 0x0003,
    /// The X25519 and ML-KEM-768 hybrid with AES-256-GCM and SHA-384 (draft-ietf-mls-pq-ciphersuites).
    X25519MlKem768Aes256 = 0x004e,
    /// The X25519 and ML-KEM-768 hybrid with AES-128-GCM and SHA-256 (draft-ietf-mls-pq-ciphersuites).
    X25519MlKem768Aes128 = 0x004f,
}

impl Suite {
    /// Every suite we build, classical ones first.
    pub const ALL: [Self; 4] =
        [Self::X25519Aes128, Self::X25519ChaCha20, Self::X25519MlKem768Aes256, Self::X25519MlKem768Aes128];

    /// The registered number.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The suite of a registered number.
    ///
    /// # Errors
    /// [`CoreError::UnsupportedCiphersuite`] for any that is not in [`Suite::ALL`].
    pub fn from_number(number: u32) -> Result<Self> {
        Self::ALL.into_iter().find(|suite| u32::from(suite.number()) == number).ok_or(CoreError::UnsupportedCiphersuite)
    }

    pub(crate) fn from_openmls(suite: Ciphersuite) -> Result<Self> {
        Self::from_number(u32::from(u16::from(suite)))
    }

    pub(crate) fn to_openmls(self) -> Ciphersuite {
        match self {
            Self::X25519Aes128 => Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
            Self::X25519ChaCha20 => Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519,
            Self::X25519MlKem768Aes256 => Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519,
            Self::X25519MlKem768Aes128 => Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519,
        }
    }
}
