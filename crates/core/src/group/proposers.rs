//! Who has proposed what waits for a commit.

use openmls::prelude::{LeafNodeIndex, Proposal, QueuedProposal, Sender};

use super::GroupMember;

impl GroupMember {
    /// The leaves that have proposed their own removal.
    pub(super) fn leaving(&self) -> Vec<u32> {
        let proposers = self.group.pending_proposals().filter_map(|proposal| {
            let leaf = proposer(proposal)?;
            removes(proposal, leaf).then(|| leaf.u32())
        });
        proposers.collect()
    }

    /// Whether a member has proposed its own removal. Another's proposal to that end is left out of the member's own
    /// commits (RFC 9420 §12.2: a committer cannot remove itself) and stops nothing.
    pub(super) fn is_leaving(&self, leaf: LeafNodeIndex) -> bool {
        self.group.pending_proposals().any(|proposal| removes(proposal, leaf) && proposer(proposal) == Some(leaf))
    }

    /// Others with pending proposals whose devices are revoked. Own ones are what we commit now: openmls asks about them too.
    pub(super) fn revoked_proposers(&self) -> Vec<LeafNodeIndex> {
        let own = self.group.own_leaf_index();
        let proposers = self.group.pending_proposals().filter_map(proposer).filter(|leaf| *leaf != own);
        proposers.filter(|leaf| self.member(leaf.u32()).is_ok_and(|member| self.is_revoked(&member))).collect()
    }
}

pub(super) fn removes(proposal: &QueuedProposal, leaf: LeafNodeIndex) -> bool {
    matches!(proposal.proposal(), Proposal::Remove(remove) if remove.removed() == leaf)
}

/// The member who proposes it.
pub(super) fn proposer(proposal: &QueuedProposal) -> Option<LeafNodeIndex> {
    match proposal.sender() {
        Sender::Member(leaf) => Some(*leaf),
        _ => None,
    }
}
