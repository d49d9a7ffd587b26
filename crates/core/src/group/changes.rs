//! What a commit changes, and whether this messenger allows it.

use std::collections::{BTreeMap, BTreeSet};

use openmls::prelude::{LeafNode, LeafNodeIndex, MlsGroup, Proposal, Sender, StagedCommit};

use super::{GroupMember, Member, health::Healed, key_package, psk, roll::Roll, rules};
use crate::{
    crypto::is_sealable_leaf,
    error::{CoreError, Result},
    identity::{LeafIdentity, credential},
};

/// A member that a commit removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Who goes.
    pub member: Member,
    /// Who proposed it, whoever commits it: the member itself, if it leaves.
    pub by: Member,
}

/// What a merged commit of our own has done to the members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitEffect {
    /// Who has come.
    pub added: Vec<Member>,
    /// Who has gone.
    pub removed: Vec<Removal>,
}

/// The effect of a staged commit on the members.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    pub(super) added: Vec<Member>,
    pub(super) removed: Vec<Removal>,
    pub(super) updated: Vec<Member>,
    pub(super) self_removed: bool,
    /// Ids of the pre-shared keys that are mixed in.
    pub(super) psks: Vec<Vec<u8>>,
}

impl Changes {
    /// Whether a device leaves and comes in again.
    fn readds(&self) -> bool {
        self.added.iter().any(|added| self.removed.iter().any(|removed| removed.member.identity == added.identity))
    }
}

impl GroupMember {
    /// Checks a staged commit of `committer` against what openmls leaves to the application, and lists its effect.
    ///
    /// # Errors
    /// [`CoreError::PolicyRejected`] for proposals other than Add, Update and Remove of members, and external PSKs;
    /// [`CoreError::CredentialRejected`] for a chain that does not hold, a leaf that changes who it is or lacks our types,
    /// a device that would be in the group twice, or a handle that would be two accounts'; [`CoreError::KeyPackageInvalid`]
    /// for an added leaf's lifetime or types.
    pub(super) fn changes_of(&self, commit: &StagedCommit, committer: u32, now_ms: u64) -> Result<Changes> {
        check_proposals(commit)?;
        let healed = Healed { epoch: self.epoch() + 1, at_ms: now_ms };
        let removed = removers(commit)?;
        let leaving = removed.keys().copied().collect();
        let removal = |(&member, &by)| Ok(Removal { member: self.member(member)?, by: self.member(by)? });
        let changes = Changes {
            added: self.added(commit, &leaving, healed)?,
            updated: self.updated(commit, committer, healed)?,
            removed: removed.iter().map(removal).collect::<Result<_>>()?,
            self_removed: commit.self_removed(),
            psks: commit.psk_proposals().filter_map(|psk| psk::external_id(psk.psk_proposal())).collect(),
        };
        self.check_next_members(&leaving, changes.added.iter().map(|member| Ok(member.identity.clone())))?;
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

    /// A leaf may change its keys, not who it is, and not whether it knows our types.
    ///
    /// # Errors
    /// [`CoreError::InvalidProposal`] for an encryption key that nothing can be sealed to,
    /// [`CoreError::CredentialRejected`].
    pub(super) fn check_update(&self, leaf_index: u32, leaf: &LeafNode) -> Result<LeafIdentity> {
        if !is_sealable_leaf(leaf, self.suite()?) {
            return Err(CoreError::InvalidProposal);
        }
        let identity = credential::verify(self.crypto(), leaf)?;
        let is_same = identity == self.member(leaf_index)?.identity;
        if is_same && rules::are_understood_by(leaf) { Ok(identity) } else { Err(CoreError::CredentialRejected) }
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

    /// [`Roll`], of the members after the commit. A commit that adds nobody leaves it in order.
    fn check_next_members(
        &self,
        leaving: &BTreeSet<u32>,
        added: impl Iterator<Item = Result<LeafIdentity>>,
    ) -> Result<()> {
        let mut added = added.peekable();
        if added.peek().is_none() {
            return Ok(());
        }
        let mut roll = Roll::default();
        let staying = self.members()?.into_iter().filter(|member| !leaving.contains(&member.leaf_index));
        staying.map(|member| Ok(member.identity)).chain(added).try_for_each(|leaf| roll.enter(leaf?))
    }

    /// The same for our own commit, before it is handed out.
    pub(super) fn check_staged_own(&self) -> Result<()> {
        let commit = self.group.pending_commit().ok_or(CoreError::Internal)?;
        let leaving = removers(commit)?.into_keys().collect();
        let added = commit
            .add_proposals()
            .map(|proposal| credential::read_verified(proposal.add_proposal().key_package().leaf_node().credential()));
        self.check_next_members(&leaving, added)
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
    pub(super) fn end_epoch(&mut self, changes: &Changes) {
        self.remember_epoch();
        let removed = changes.removed.iter().map(|removal| &removal.member);
        let touched = changes.added.iter().chain(removed).chain(&changes.updated);
        let leaves: BTreeSet<u32> = touched.map(|member| member.leaf_index).collect();
        let members = leaves.into_iter().map(|leaf| (leaf, self.group.member_at(LeafNodeIndex::new(leaf))));
        self.store().expect_past(members);
    }

    /// Keeps the books after a commit is merged: keys, health, and what the update policy counts.
    pub(super) fn apply(&mut self, changes: &Changes, now_ms: u64) -> Result<()> {
        let healed = Healed { epoch: self.epoch(), at_ms: now_ms };
        changes.removed.iter().for_each(|removal| self.health.removed(removal.member.leaf_index));
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

/// The leaves that a commit removes, each with the leaf that proposed it.
fn removers(commit: &StagedCommit) -> Result<BTreeMap<u32, u32>> {
    let removals = commit.remove_proposals().map(|proposal| match proposal.sender() {
        Sender::Member(by) => Ok((proposal.remove_proposal().removed().u32(), by.u32())),
        _ => Err(CoreError::PolicyRejected),
    });
    removals.collect()
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
