//! Members whose accounts have revoked their devices, and what follows for this one.

use super::{GroupMember, Member};
use crate::{error::Result, identity::revocation};

impl GroupMember {
    /// Checks that others would take what this device sends now.
    pub(super) fn check_may_send(&self) -> Result<()> {
        self.check_not_stuck()?;
        revocation::check(self.store(), &self.shared.identity.public())
    }

    /// The members whose devices are revoked, this one included. Commits that add them, and their own, are taken all the
    /// same: refusing what the relay has put in order would part us from everyone who has not heard of it.
    ///
    /// # Errors
    /// [`crate::CoreError::StoreCorrupt`] if the store was tampered with.
    pub fn revoked_members(&self) -> Result<Vec<Member>> {
        let mut members = self.members()?;
        members.retain(|member| self.is_revoked(member));
        Ok(members)
    }

    pub(super) fn is_revoked(&self, member: &Member) -> bool {
        revocation::is_revoked(self.store(), &member.identity)
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::{
        crypto::Suite, error::CoreError, group::key_package, group_id::GroupId, identity::Identity,
        policy::UpdatePolicy, shared::Shared, storage::Provider,
    };

    /// No device signs its own revocation, and this version has no second one of an account: the account's key does it.
    #[test]
    fn the_revoked_device_itself_stops_sending() {
        let provider = Provider::default();
        let identity = Identity::generate(&provider, "alice").unwrap();
        let shared = Rc::new(Shared::new(provider, identity, UpdatePolicy::default()));
        let mut group = GroupMember::create(Rc::clone(&shared), GroupId([7; 16]), Suite::X25519ChaCha20, 0).unwrap();
        assert!(group.encrypt(b"before", 1).is_ok());
        let own = shared.identity.public();
        let statement = revocation::issue(&shared.identity, &own.device_id, &own.device_key);
        assert_eq!(revocation::accept(&shared.provider, &statement), Ok(own));
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
            Rc::new(Shared::new(provider, identity, UpdatePolicy::default()))
        };
        let (alice, bob) = (of("alice"), of("bob"));
        let suite = Suite::X25519ChaCha20;
        let mut group = GroupMember::create(Rc::clone(&alice), GroupId([7; 16]), suite, 0).unwrap();
        let key_package = key_package::generate(&bob.provider, &bob.identity, suite, false, 0).unwrap();
        group.add_members(&[key_package], 0).unwrap();
        group.merge_pending_commit(0).unwrap();
        group.propose_update().unwrap();
        let own = alice.identity.public();
        revocation::accept(&alice.provider, &revocation::issue(&alice.identity, &own.device_id, &own.device_key))
            .unwrap();
        group.remove_members(&[1]).unwrap();
        group.merge_pending_commit(0).unwrap();
        assert_eq!(group.members().unwrap().len(), 1);
    }
}
