//! Ed25519 keys of ours: account, device, leaf and access keys.

use ed25519_dalek::{Signer as _, SigningKey};
use openmls_traits::{
    random::OpenMlsRand,
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{CoreError, Result};

/// A signing key. Zeroized on drop; `Debug` shows nothing of it.
#[derive(Clone)]
pub(crate) struct SecretKey(SigningKey);

impl SecretKey {
    pub(crate) fn generate(rand: &impl OpenMlsRand) -> Result<Self> {
        let seed = Zeroizing::new(rand.random_array::<32>().map_err(|_| CoreError::Internal)?);
        Ok(Self::from_seed(&seed))
    }

    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }
}

impl Signer for SecretKey {
    fn sign(&self, payload: &[u8]) -> std::result::Result<Vec<u8>, SignerError> {
        Ok(self.sign(payload).to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretKey(..)")
    }
}

impl Serialize for SecretKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Zeroizing::new(self.0.to_bytes()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SecretKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let seed = Zeroizing::new(<[u8; 32]>::deserialize(deserializer)?);
        Ok(Self::from_seed(&seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_key() {
        let key = SecretKey::from_seed(&[0x5a; 32]);
        assert_eq!(format!("{key:?}"), "SecretKey(..)");
    }
}
