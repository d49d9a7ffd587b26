//! Who this client is: the account's key, the device's key, and the certificate between them.

use openmls_traits::{OpenMlsProvider, random::OpenMlsRand};
use serde::{Deserialize, Serialize};

use super::{LeafIdentity, handle::is_handle};
use crate::{
    crypto::{SecretKey, device_certificate_transcript},
    error::{CoreError, Result},
    storage::{Key, Kind, Provider},
};

/// The client's own identity, secrets included. `Debug` shows public parts only.
#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) handle: String,
    pub(crate) device_id: [u8; 16],
    account: SecretKey,
    device: SecretKey,
    /// Two halves: serde knows arrays up to 32.
    certificate: [[u8; 32]; 2],
}

impl Identity {
    /// A fresh account with its first device.
    pub(crate) fn generate(provider: &Provider, handle: &str) -> Result<Self> {
        if !is_handle(handle) {
            return Err(CoreError::BadInput(
                "a handle has 1 to 32 characters: a-z, 0-9, \".\", \"_\" and \"-\", and a letter or digit comes first",
            ));
        }
        let account = SecretKey::generate(provider.rand())?;
        let device = SecretKey::generate(provider.rand())?;
        let device_id = provider.rand().random_array().map_err(|_| CoreError::Internal)?;
        let claim = device_certificate_transcript(handle, &account.public(), &device_id, &device.public());
        let certificate = split(&account.sign(&claim));
        Ok(Self { handle: handle.to_owned(), device_id, account, device, certificate })
    }

    pub(crate) fn load(provider: &Provider) -> Result<Self> {
        let key = Key::of(Kind::Identity);
        let missing = || CoreError::StoreCorrupt { record: key.name() };
        provider.storage().read(&key)?.ok_or_else(missing)
    }

    pub(crate) fn store(&self, provider: &Provider) -> Result<()> {
        provider.storage().write(&Key::of(Kind::Identity), self)
    }

    pub(crate) fn account_key(&self) -> [u8; 32] {
        self.account.public()
    }

    pub(crate) fn device_key(&self) -> [u8; 32] {
        self.device.public()
    }

    pub(crate) fn certificate(&self) -> [u8; 64] {
        join(&self.certificate)
    }

    pub(crate) fn sign_as_device(&self, transcript: &[u8]) -> [u8; 64] {
        self.device.sign(transcript)
    }

    pub(crate) fn sign_as_account(&self, transcript: &[u8]) -> [u8; 64] {
        self.account.sign(transcript)
    }

    /// The public part, as members see it in a leaf.
    pub(crate) fn public(&self) -> LeafIdentity {
        LeafIdentity {
            handle: self.handle.clone(),
            account_key: self.account_key(),
            device_id: self.device_id,
            device_key: self.device_key(),
        }
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Identity").field("device_id", &self.device_id).finish_non_exhaustive()
    }
}

fn split(signature: &[u8; 64]) -> [[u8; 32]; 2] {
    let mut halves = [[0; 32]; 2];
    halves[0].copy_from_slice(&signature[..32]);
    halves[1].copy_from_slice(&signature[32..]);
    halves
}

fn join(halves: &[[u8; 32]; 2]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&halves[0]);
    signature[32..].copy_from_slice(&halves[1]);
    signature
}
