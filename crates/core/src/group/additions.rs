//! The key packages of those whom a commit is to add.

use std::collections::{BTreeMap, BTreeSet};

use openmls::prelude::KeyPackage;

use super::{GroupMember, Member, key_package};
use crate::{
    error::{CoreError, Result},
    identity::LeafIdentity,
};

/// A key package that holds, whose it is, and the member that this device is.
type Inspected = (KeyPackage, LeafIdentity, Option<Member>);

impl GroupMember {
    /// The key packages of devices that are no members yet.
    pub(super) fn check_additions(&self, key_packages: &[impl AsRef<[u8]>], now_ms: u64) -> Result<Vec<KeyPackage>> {
        let mut additions = Vec::new();
        for (key_package, _, member) in self.inspect_all(key_packages, now_ms)? {
            if member.is_some() {
                return Err(CoreError::AlreadyMember);
            }
            additions.push(key_package);
        }
        Ok(additions)
    }

    /// Key packages for this group, with whose they are and as what member that device is in the group now. None is of
    /// this device, and no device comes twice.
    pub(super) fn inspect_all(&self, key_packages: &[impl AsRef<[u8]>], now_ms: u64) -> Result<Vec<Inspected>> {
        let (suite, own) = (self.suite()?, self.shared.identity.device_id);
        let members = self.members()?.into_iter().map(|member| (member.identity.device_id, member));
        let (mut members, mut seen): (BTreeMap<_, _>, _) = (members.collect(), BTreeSet::new());
        let inspected = key_packages.iter().map(|bytes| {
            let (key_package, identity) = key_package::inspect(self.provider(), bytes.as_ref(), suite, now_ms)?;
            match identity.device_id {
                device if device == own => Err(CoreError::CannotAddSelf),
                device if !seen.insert(device) => Err(CoreError::AlreadyMember),
                device => Ok((key_package, identity, members.remove(&device))),
            }
        });
        inspected.collect()
    }
}
