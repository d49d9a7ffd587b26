//! Revoking a device: its account takes the certificate back.
//!
//! The statement has a form of ours, which begins as a `LeafCredential` does (`credential.rs`):
//!
//! ```text
//! struct {
//!     uint8 version = 1;
//!     opaque handle<1..32>;              // one length byte; see `handle.rs`
//!     opaque account_key[32];
//!     opaque device_id[16];
//!     opaque device_key[32];
//!     opaque signature[64];              // by account_key, over "device-revocation" and the four fields above
//! } DeviceRevocation;
//! ```
//!
//! It is for good and without a time: a signature says nothing about when it was made. It reaches whom it is brought to;
//! until a group's members remove the device, it is a member there.

use openmls_traits::OpenMlsProvider;

use super::{Identity, LeafIdentity, credential::Reader};
use crate::{
    crypto::{Field, Signed, hex, transcript},
    error::{CoreError, Result},
    storage::{Key, Kind, Provider, Store},
};

/// Revocations kept of one account. Where there are so many, all its devices are taken for revoked: so an account cannot
/// make this device store more, and who has stolen its key cannot use up the room for the one statement that matters.
const MOST_OF_ACCOUNT: usize = 64;

impl LeafIdentity {
    fn revocation_claim(&self) -> Vec<u8> {
        let Self { handle, account_key, device_id, device_key } = self;
        let fields =
            [Field::Text(handle), Field::Bytes(account_key), Field::Text(&hex(device_id)), Field::Bytes(device_key)];
        transcript("device-revocation", &fields)
    }

    /// Where the revocation of this device is kept. An account that takes another handle does not get it back.
    fn revocation_key(&self) -> Key {
        account_prefix(&self.account_key).with(&self.device_id).with(&self.device_key)
    }
}

fn account_prefix(account_key: &[u8; 32]) -> Key {
    Key::of(Kind::Revocation).with(account_key)
}

/// Whether the account may revoke one more without being taken for revoked whole.
pub(crate) fn has_room(store: &Store, account_key: &[u8; 32]) -> bool {
    store.keys_under(&account_prefix(account_key)).len() + 1 < MOST_OF_ACCOUNT
}

/// The statement that revokes this device of the account.
pub(crate) fn issue(identity: &Identity, device_id: &[u8; 16], device_key: &[u8; 32]) -> Vec<u8> {
    let revoked = LeafIdentity { device_id: *device_id, device_key: *device_key, ..identity.public() };
    let signature = identity.sign_as_account(&revoked.revocation_claim());
    [revoked.encode(), signature.to_vec()].concat()
}

/// Checks a statement and keeps it. One that is kept already changes nothing.
pub(crate) fn accept(provider: &Provider, statement: &[u8]) -> Result<LeafIdentity> {
    let mut reader = Reader(statement);
    let decoded = LeafIdentity::decode(&mut reader).and_then(|revoked| Ok((revoked, reader.take::<64>()?)));
    let (revoked, signature) = decoded.map_err(|_| CoreError::WireDecode)?;
    if !reader.0.is_empty() {
        return Err(CoreError::WireDecode);
    }
    let claim = revoked.revocation_claim();
    let signed = Signed { key: &revoked.account_key, message: &claim, signature: &signature };
    provider.crypto().check_signature(signed, CoreError::CredentialRejected)?;
    let store = provider.storage();
    if !is_revoked(store, &revoked) {
        store.write(&revoked.revocation_key(), &())?;
    }
    Ok(revoked)
}

/// Whether the account has revoked the device.
pub(crate) fn is_revoked(store: &Store, identity: &LeafIdentity) -> bool {
    store.holds(&identity.revocation_key())
        || store.keys_under(&account_prefix(&identity.account_key)).len() >= MOST_OF_ACCOUNT
}

/// Checks that the account has not revoked the device.
///
/// # Errors
/// [`CoreError::DeviceRevoked`].
pub(crate) fn check(store: &Store, identity: &LeafIdentity) -> Result<()> {
    if is_revoked(store, identity) { Err(CoreError::DeviceRevoked) } else { Ok(()) }
}
