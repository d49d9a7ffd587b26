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
    group::{GroupMember, Member},
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

fn is_revoked(store: &Store, identity: &LeafIdentity) -> bool {
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

impl GroupMember {
    /// Checks that others would take what this device sends now.
    pub(crate) fn check_may_send(&self) -> Result<()> {
        self.check_not_stuck()?;
        check(self.store(), &self.shared.identity.public())
    }

    /// The members whose devices are revoked, this one included. Commits that add them, and their own, are taken all the
    /// same: refusing what the relay has put in order would part us from everyone who has not heard of it.
    ///
    /// # Errors
    /// [`CoreError::StoreCorrupt`] if the store was tampered with.
    pub fn revoked_members(&self) -> Result<Vec<Member>> {
        let mut members = self.members()?;
        members.retain(|member| self.is_revoked(member));
        Ok(members)
    }

    pub(crate) fn is_revoked(&self, member: &Member) -> bool {
        is_revoked(self.store(), &member.identity)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use super::*;
    use crate::{crypto::Suite, group::GroupId, policy::UpdatePolicy, shared::Shared};

    /// No device signs its own revocation, and this version has no second one of an account: the account's key does it.
    #[test]
    fn the_revoked_device_itself_stops_sending() {
        let provider = Provider::default();
        let identity = Identity::generate(&provider, "alice").unwrap();
        let shared = Rc::new(Shared { provider, identity, policy: Cell::new(UpdatePolicy::default()) });
        let mut group = GroupMember::create(Rc::clone(&shared), GroupId([7; 16]), Suite::X25519ChaCha20, 0).unwrap();
        assert!(group.encrypt(b"before", 1).is_ok());
        let own = shared.identity.public();
        let statement = issue(&shared.identity, &own.device_id, &own.device_key);
        assert_eq!(accept(&shared.provider, &statement), Ok(own));
        assert_eq!(group.encrypt(b"after", 1), Err(CoreError::DeviceRevoked));
        assert_eq!(group.propose_update(), Err(CoreError::DeviceRevoked));
        assert!(group.revoked_members().unwrap()[0].own);
        assert!(group.leave().is_ok());
    }

    #[test]
    fn a_revoked_device_with_a_proposal_of_its_own_still_removes_whom_it_means_to() {
        let of = |handle: &str| {
            let provider = Provider::default();
            let identity = Identity::generate(&provider, handle).unwrap();
            Rc::new(Shared { provider, identity, policy: Cell::new(UpdatePolicy::default()) })
        };
        let (alice, bob) = (of("alice"), of("bob"));
        let suite = Suite::X25519ChaCha20;
        let mut group = GroupMember::create(Rc::clone(&alice), GroupId([7; 16]), suite, 0).unwrap();
        let key_package = crate::group::key_package::generate(&bob.provider, &bob.identity, suite, false, 0).unwrap();
        group.add_members(&[key_package], 0).unwrap();
        group.merge_pending_commit(0).unwrap();
        group.propose_update().unwrap();
        let own = alice.identity.public();
        accept(&alice.provider, &issue(&alice.identity, &own.device_id, &own.device_key)).unwrap();
        group.remove_members(&[1]).unwrap();
        group.merge_pending_commit(0).unwrap();
        assert_eq!(group.members().unwrap().len(), 1);
    }
}
