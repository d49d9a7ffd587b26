//! What a group needs of its application next.

use super::{GroupMember, standing::Trouble};
use crate::error::Result;

/// Where a group stands, and so what the application does next. Of several at once, the one to be settled first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupStatus {
    /// All is well. Nothing to do.
    Active,
    /// A commit of ours awaits the relay's decision. Submit it again (its id makes that harmless), then merge or clear it.
    CommitPending {
        /// The epoch that it ends.
        epoch: u64,
    },
    /// A received commit is checked and staged. Merge or discard it.
    CommitStaged,
    /// Proposals wait, and nothing can be sent meanwhile. Commit them, or wait for another member's commit.
    ProposalsPending,
    /// Our own leave waits. Only another member can commit it: wait, and propose it again if a commit passes it over.
    Leaving,
    /// Every member has proposed its own removal, so nobody is left who may commit (RFC 9420 §12.2: no committer removes
    /// itself). It stays so. Delete the group, or reboot it with those who have changed their minds.
    Deserted,
    /// Devices that their accounts have revoked are members. Remove those of `GroupMember::revoked_members`.
    MembersRevoked,
    /// Another member had another authenticator in that epoch. Who is on the side that goes on re-adds those of the
    /// other (`GroupMember::readd_members`); where nobody can say which it is, reboot the group (`Client::reboot_group`).
    Forked {
        /// The epoch whose authenticators differ.
        epoch: u64,
    },
    /// The group went on by a commit that this device cannot process. Ask a member who could to re-add this device; if
    /// nobody could, reboot the group.
    Stuck {
        /// The epoch in which this device stayed behind.
        epoch: u64,
        /// The code of the error that the commit was refused with.
        code: String,
    },
    /// This device was removed. Show the group as left; only a Welcome brings it back.
    Removed,
}

impl GroupMember {
    /// What the application does next.
    ///
    /// # Errors
    /// [`crate::CoreError::StoreCorrupt`] if the store was tampered with.
    pub fn status(&self) -> Result<GroupStatus> {
        let epoch = self.epoch();
        Ok(match &self.standing.trouble {
            _ if !self.is_active() => GroupStatus::Removed,
            Some(Trouble::Stuck { epoch, code }) => GroupStatus::Stuck { epoch: *epoch, code: code.clone() },
            _ if self.staged.is_some() => GroupStatus::CommitStaged,
            _ if self.has_pending_commit() => GroupStatus::CommitPending { epoch },
            _ if self.is_deserted() => GroupStatus::Deserted,
            _ if self.is_leaving(self.group.own_leaf_index()) => GroupStatus::Leaving,
            Some(Trouble::Forked { epoch }) => GroupStatus::Forked { epoch: *epoch },
            None if self.revoked_members()?.iter().any(|member| !member.own) => GroupStatus::MembersRevoked,
            None if self.has_pending_proposals() => GroupStatus::ProposalsPending,
            None => GroupStatus::Active,
        })
    }

    fn is_deserted(&self) -> bool {
        self.group.members().all(|member| self.is_leaving(member.index))
    }
}
