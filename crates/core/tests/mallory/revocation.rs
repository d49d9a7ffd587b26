//! Statements that revoke a device, by hand from the documented form.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use ed25519_dalek::Signer as _;
use quicprochat_core::{Field, LeafIdentity, transcript};

use super::Mallory;

impl Mallory {
    /// Who his device says it is.
    pub fn identity(&self) -> LeafIdentity {
        LeafIdentity {
            handle: self.handle.clone(),
            account_key: self.account.verifying_key().to_bytes(),
            device_id: self.device_id,
            device_key: self.device.verifying_key().to_bytes(),
        }
    }

    /// The statement of his account that this device is revoked; of any other device it is forged.
    pub fn revocation_of(&self, device: &LeafIdentity) -> Vec<u8> {
        let LeafIdentity { handle, account_key, device_id, device_key } = device;
        let id = device_id.map(|byte| format!("{byte:02x}")).concat();
        let fields = [Field::Text(handle), Field::Bytes(account_key), Field::Text(&id), Field::Bytes(device_key)];
        let signature = self.account.sign(&transcript("device-revocation", &fields)).to_bytes();
        let length = u8::try_from(handle.len()).unwrap();
        let parts: [&[u8]; 6] = [&[1, length], handle.as_bytes(), account_key, device_id, device_key, &signature];
        parts.concat()
    }
}
