//! Ways out of a group that has broken: re-adding who fell behind, and making the group anew.
//!
//! openmls has both (its feature `fork-resolution`). Its re-adding names who is *not* to be re-added and leaves it to the
//! caller whose key packages come in; its reboot builds a group past our own creation. Here both are an ordinary commit
//! of ours, which rotates the committer's keys as every commit does, of key packages that can only be the same devices'.

use std::rc::Rc;

use openmls::prelude::{KeyPackage, LeafNodeIndex};

use super::{CommitBundle, GroupId, GroupMember, commit::Intent};
use crate::error::{CoreError, Result};

impl GroupMember {
    /// Stages a commit that removes the members of these key packages and adds them again: for those who are stuck, or
    /// on the other side of a fork. The Welcome replaces what they have of the group.
    ///
    /// # Errors
    /// [`CoreError::NotAMember`] for a device that is none, [`CoreError::CredentialRejected`] for one that is not who the
    /// member is; otherwise as [`GroupMember::add_members`].
    pub fn readd_members(&mut self, key_packages: &[impl AsRef<[u8]>], now_ms: u64) -> Result<CommitBundle> {
        self.begin_commit()?;
        let (additions, removals) = self.check_readditions(key_packages, now_ms)?;
        self.commit(&Intent { additions: &additions, removals: &removals, ..Intent::default() })
    }

    /// A new group of the same suite in which this device has staged the addition of these members of this one. Who is
    /// left out stays out.
    pub(crate) fn reboot(
        &self,
        id: GroupId,
        key_packages: &[impl AsRef<[u8]>],
        now_ms: u64,
    ) -> Result<(Self, CommitBundle)> {
        // Who was put out of a group is not to call its members together.
        if !self.is_active() {
            return Err(CoreError::RemovedFromGroup);
        }
        let (additions, _) = self.check_readditions(key_packages, now_ms)?;
        let shared = Rc::clone(&self.shared);
        let created = self.store().transaction(|| {
            let mut group = Self::create(shared, id, self.suite()?, now_ms)?;
            let bundle = group.commit(&Intent { additions: &additions, ..Intent::default() })?;
            Ok((group, bundle))
        });
        if created.is_err() && self.store().require_group(id).is_err() {
            self.shared.forget_access_key(id);
        }
        created
    }

    /// The key packages, each of a member of this group, and the leaves that these have now.
    fn check_readditions(
        &self,
        key_packages: &[impl AsRef<[u8]>],
        now_ms: u64,
    ) -> Result<(Vec<KeyPackage>, Vec<LeafNodeIndex>)> {
        if key_packages.is_empty() {
            return Err(CoreError::BadInput("no key packages to add"));
        }
        let check = || {
            let (mut additions, mut removals) = (Vec::new(), Vec::new());
            for (key_package, identity, member) in self.inspect_all(key_packages, now_ms)? {
                let member = member.ok_or(CoreError::NotAMember)?;
                if member.identity != identity {
                    return Err(CoreError::CredentialRejected);
                }
                additions.push(key_package);
                removals.push(LeafNodeIndex::new(member.leaf_index));
            }
            Ok((additions, removals))
        };
        self.crypto().in_one_batch(&CoreError::KeyPackageInvalid, check)
    }
}
