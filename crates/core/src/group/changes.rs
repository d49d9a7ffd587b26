//! What a commit changes, and whether this messenger allows it.

use std::collections::BTreeSet;

use openmls::prelude::{LeafNode, LeafNodeIndex, MlsGroup, Proposal, Sender, StagedCommit};

use super::{GroupMember, Member};
use crate::{
    credential::{self, LeafIdentity},
    encryption_key::is_sealable_leaf,
    error::{CoreError, Result},
    health::Healed,
    key_package, psk,
};

/// The effect of a staged commit on the members.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    pub(crate) added: Vec<Member>,
    pub(crate) removed: Vec<Member>,
    pub(crate) updated: Vec<Member>,
    pub(crate) self_removed: bool,
    /// Ids of the pre-shared keys that are mixed in.
    pub(crate) psks: Vec<Vec<u8>>,
}

impl Changes {
    /// Whether a device leaves and comes in again.
    fn readds(&self) -> bool {
        self.added.iter().any(|added| self.removed.iter().any(|removed| removed.identity == added.identity))
    }
}

impl GroupMember {
    /// Checks a staged commit of `committer` against what openmls leaves to the application, and lists its effect.
    ///
    /// # Errors
    /// [`CoreError::PolicyRejected`] for proposals other than Add, Update and Remove of members, and external PSKs;
    /// [`CoreError::CredentialRejected`] for a chain that does not hold, a leaf that changes who it is, or a device
    /// that would be in the group twice; [`CoreError::KeyPackageInvalid`] for an added leaf's lifetime.
    pub(crate) fn changes_of(&self, commit: &StagedCommit, committer: u32, now_ms: u64) -> Result<Changes> {
        check_proposals(commit)?;
        let healed = Healed { epoch: self.epoch() + 1, at_ms: now_ms };
        let removed = removed_leaves(commit);
        let changes = Changes {
            added: self.added(commit, &removed, healed)?,
            updated: self.updated(commit, committer, healed)?,
            removed: removed.iter().map(|&leaf| self.member(leaf)).collect::<Result<_>>()?,
            self_removed: commit.self_removed(),
            psks: commit.psk_proposals().filter_map(|psk| psk::external_id(psk.psk_proposal())).collect(),
        };
        self.check_devices(&changes)?;
        Ok(changes)
    }

    /// The changed leaves: the committer's, if the commit has a path, and those of committed Update proposals.
    fn updated(&self, commit: &StagedCommit, committer: u32, healed: Healed) -> Result<Vec<Member>> {
        let path = commit.update_path_leaf_node().map(|leaf| (committer, leaf));
        let proposed = commit.update_proposals().filter_map(|proposal| match proposal.sender() {
            Sender::Member(sender) => Some((sender.u32(), proposal.update_proposal().leaf_node().clone())),
            _ => None,
        });
        let leaves = path.map(|(index, leaf)| (index, leaf.clone())).into_iter().chain(proposed);
        leaves.map(|(index, leaf)| Ok(self.as_member(index, &leaf, self.check_update(index, &leaf)?, healed))).collect()
    }

    /// A leaf may change its keys, not who it is.
    ///
    /// # Errors
    /// [`CoreError::InvalidProposal`] for an encryption key that nothing can be sealed to,
    /// [`CoreError::CredentialRejected`].
    pub(crate) fn check_update(&self, leaf_index: u32, leaf: &LeafNode) -> Result<LeafIdentity> {
        if !is_sealable_leaf(leaf, self.suite()?) {
            return Err(CoreError::InvalidProposal);
        }
        let identity = credential::verify(self.crypto(), leaf)?;
        if identity == self.member(leaf_index)?.identity { Ok(identity) } else { Err(CoreError::CredentialRejected) }
    }

    fn added(&self, commit: &StagedCommit, removed: &BTreeSet<u32>, healed: Healed) -> Result<Vec<Member>> {
        if commit.add_proposals().next().is_none() {
            return Ok(Vec::new());
        }
        let mut free = free_leaves(&self.group, removed);
        let added = commit.add_proposals().map(|proposal| {
            let key_package = proposal.add_proposal().key_package();
            let identity = key_package::check(self.crypto(), key_package)?;
            let index = free.next().ok_or(CoreError::InvalidCommit)?;
            Ok(self.as_member(index, key_package.leaf_node(), identity, healed))
        });
        added.collect()
    }

    /// No device twice, after the commit.
    fn check_devices(&self, changes: &Changes) -> Result<()> {
        if changes.added.is_empty() {
            return Ok(());
        }
        let leaving: BTreeSet<u32> = changes.removed.iter().map(|member| member.leaf_index).collect();
        let mut devices = BTreeSet::new();
        for member in self.members()?.iter().filter(|member| !leaving.contains(&member.leaf_index)) {
            devices.insert(member.identity.device_id);
        }
        let is_new = |member: &Member| devices.insert(member.identity.device_id);
        if changes.added.iter().all(is_new) { Ok(()) } else { Err(CoreError::CredentialRejected) }
    }

    fn as_member(&self, leaf_index: u32, leaf: &LeafNode, identity: LeafIdentity, healed: Healed) -> Member {
        Member {
            leaf_index,
            identity,
            signature_key: leaf.signature_key().as_slice().to_vec(),
            healed_epoch: healed.epoch,
            healed_at_ms: healed.at_ms,
            own: leaf_index == self.own_leaf_index(),
        }
    }

    /// Before a commit is merged: keeps the authenticator of the epoch that it ends, and tells the store who sits at the
    /// leaves that it changes.
    pub(crate) fn end_epoch(&mut self, changes: &Changes) {
        self.remember_epoch();
        let touched = changes.added.iter().chain(&changes.removed).chain(&changes.updated);
        let leaves: BTreeSet<u32> = touched.map(|member| member.leaf_index).collect();
        let members = leaves.into_iter().map(|leaf| (leaf, self.group.member_at(LeafNodeIndex::new(leaf))));
        self.store().expect_past(members);
    }

    /// Keeps the books after a commit is merged: keys, health, and what the update policy counts.
    pub(crate) fn apply(&mut self, changes: &Changes, now_ms: u64) -> Result<()> {
        let healed = Healed { epoch: self.epoch(), at_ms: now_ms };
        changes.removed.iter().for_each(|member| self.health.removed(member.leaf_index));
        for member in changes.updated.iter().chain(&changes.added) {
            self.health.changed(member.leaf_index, healed);
        }
        let leaf = if self.is_active() { self.group.own_leaf_node().cloned() } else { None };
        let store = self.shared.store();
        if self.own.settle(leaf.as_ref(), store)? || changes.updated.iter().any(|member| member.own) {
            self.activity = crate::policy::Activity::since(now_ms);
        }
        self.activity.begin_epoch(now_ms);
        if changes.readds() {
            self.standing.trouble = None;
        }
        self.save()
    }
}

/// Only what changes the members, and external PSKs: no re-initialization, no group extensions, nothing from outside.
/// Every member may commit these: there are no roles.
fn check_proposals(commit: &StagedCommit) -> Result<()> {
    let is_allowed = |proposal: &openmls::prelude::QueuedProposal| {
        matches!(proposal.sender(), Sender::Member(_))
            && match proposal.proposal() {
                Proposal::Add(_) | Proposal::Update(_) | Proposal::Remove(_) => true,
                Proposal::PreSharedKey(psk) => psk::external_id(psk).is_some(),
                _ => false,
            }
    };
    if commit.queued_proposals().all(is_allowed) { Ok(()) } else { Err(CoreError::PolicyRejected) }
}

fn removed_leaves(commit: &StagedCommit) -> BTreeSet<u32> {
    commit.remove_proposals().map(|proposal| proposal.remove_proposal().removed().u32()).collect()
}

/// Where added leaves go: the leftmost places that are blank once the removals are done, then new ones (RFC 9420 §7.7).
fn free_leaves(group: &MlsGroup, removed: &BTreeSet<u32>) -> impl Iterator<Item = u32> + use<> {
    let taken: BTreeSet<u32> = group
        .members()
        .map(|member| LeafNodeIndex::u32(&member.index))
        .filter(|leaf| !removed.contains(leaf))
        .collect();
    (0..).filter(move |leaf| !taken.contains(leaf))
}
