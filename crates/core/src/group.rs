//! A device's seat in a group.

mod access;
mod additions;
mod changes;
mod commit;
mod entry;
mod health;
pub(crate) mod key_package;
mod message;
mod own_leaf;
mod padding;
mod proposers;
pub(crate) mod psk;
mod recovery;
mod revoked;
mod roll;
mod rules;
mod standing;
mod status;
mod times;
mod tree_care;
mod welcome;

use std::{cell::Cell, rc::Rc};

use openmls::prelude::{LeafNodeIndex, MlsGroup, OpenMlsProvider, StagedCommit, tls_codec::Serialize as _};

pub(crate) use self::welcome::ReceivedWelcome;
pub use self::{
    access::AccessSignature,
    changes::{CommitEffect, Removal},
    commit::CommitBundle,
    message::{ProposalKind, Received},
    standing::Agreement,
    status::GroupStatus,
    times::GroupTimes,
    welcome::WelcomeBundle,
};
use self::{
    changes::Changes,
    commit::to_bytes,
    entry::PAST_EPOCHS,
    health::{Healed, Health},
    own_leaf::OwnLeaf,
    standing::Standing,
};
use crate::{
    crypto::{Crypto, Suite},
    error::{CoreError, Result},
    group_id::GroupId,
    identity::{LeafIdentity, credential},
    policy::Activity,
    shared::Shared,
    storage::{Kind, Provider, Store},
};

/// A member as this device sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its place in the tree; stable as long as it is a member.
    pub leaf_index: u32,
    /// Who it is, its chain of keys checked.
    pub identity: LeafIdentity,
    /// Its leaf's signature key in this group. Empty for the sender of an older epoch who is no longer a member.
    pub signature_key: Vec<u8>,
    /// The epoch and the time in which its leaf last changed, as seen by us.
    pub healed_epoch: u64,
    /// See `healed_epoch`.
    pub healed_at_ms: u64,
    /// Whether it is this device.
    pub own: bool,
}

/// A received commit, checked and not yet merged.
struct Staged {
    commit: StagedCommit,
    changes: Changes,
}

/// A seat in a group. Every commit, own or received, is staged first and counts only when it is merged.
///
/// A call that returns an error has changed nothing: not the records, not the journal, not this value.
pub struct GroupMember {
    shared: Rc<Shared>,
    id: GroupId,
    group: MlsGroup,
    own: OwnLeaf,
    health: Health,
    activity: Activity,
    standing: Standing,
    staged: Option<Staged>,
    revision: u64,
    /// The epoch that it was computed for, and this member's turn in it. See `tree_care.rs`.
    mending_turn: Cell<Option<(u64, Option<u64>)>>,
}

impl GroupMember {
    /// The group's id.
    pub fn group_id(&self) -> GroupId {
        self.id
    }

    /// The epoch of the last merged commit.
    pub fn epoch(&self) -> u64 {
        self.group.epoch().as_u64()
    }

    /// The group's cipher suite.
    ///
    /// # Errors
    /// [`CoreError::UnsupportedCiphersuite`]; groups of other suites are not entered.
    pub fn suite(&self) -> Result<Suite> {
        Suite::from_openmls(self.group.ciphersuite())
    }

    /// A value that two members share exactly if they agree on everything that happened (RFC 9420 §8.7).
    pub fn epoch_authenticator(&self) -> Vec<u8> {
        self.group.epoch_authenticator().as_slice().to_vec()
    }

    /// This device's place in the tree.
    pub fn own_leaf_index(&self) -> u32 {
        self.group.own_leaf_index().u32()
    }

    /// False once a commit that removed this device is merged.
    pub fn is_active(&self) -> bool {
        self.group.is_active()
    }

    /// The members, by place in the tree.
    ///
    /// # Errors
    /// [`CoreError::CredentialRejected`] if the store was tampered with: leaves are checked before they are kept.
    pub fn members(&self) -> Result<Vec<Member>> {
        self.group.members().map(|member| self.describe(&member)).collect()
    }

    /// The member at a place in the tree.
    ///
    /// # Errors
    /// [`CoreError::NotAMember`].
    pub fn member(&self, leaf_index: u32) -> Result<Member> {
        let member = self.group.member_at(LeafNodeIndex::new(leaf_index)).ok_or(CoreError::NotAMember)?;
        self.describe(&member)
    }

    /// Whether a commit of ours awaits the relay's decision.
    pub fn has_pending_commit(&self) -> bool {
        self.group.pending_commit().is_some()
    }

    /// Whether proposals await a commit. Nothing can be sent meanwhile.
    pub fn has_pending_proposals(&self) -> bool {
        self.group.has_pending_proposals()
    }

    /// The public key that the relay checks this epoch's posts and reads with.
    ///
    /// # Errors
    /// [`CoreError::RemovedFromGroup`].
    pub fn access_key(&self) -> Result<[u8; 32]> {
        Ok(access::key(self.export(access::LABEL, access::CONTEXT, access::LENGTH)?)?.public())
    }

    /// The signature of this epoch's access key over exactly these bytes.
    ///
    /// # Errors
    /// [`CoreError::RemovedFromGroup`].
    pub fn sign_access(&self, transcript: &[u8]) -> Result<[u8; 64]> {
        Ok(access::key(self.export(access::LABEL, access::CONTEXT, access::LENGTH)?)?.sign(transcript))
    }

    /// A secret that all members of this epoch share (RFC 9420 §8.5).
    ///
    /// # Errors
    /// [`CoreError::BadInput`] for more than 8,160 bytes or a label that the core itself exports under, [`CoreError::RemovedFromGroup`].
    pub fn export_secret(&self, label: &str, context: &[u8], length: usize) -> Result<Vec<u8>> {
        // HKDF-Expand gives at most 255 blocks, of 32 bytes with SHA-256; one bound serves all suites.
        if length == 0 || length > 255 * 32 {
            return Err(CoreError::BadInput("an exported secret has 1 to 8160 bytes"));
        }
        if label == access::LABEL || label == welcome::LABEL {
            return Err(CoreError::BadInput("that label is the core's own"));
        }
        self.export(label, context, length)
    }

    /// The public ratchet tree, as RFC 9420 §12.4.3.3 serializes it: what MLS implementations take along with a Welcome.
    ///
    /// # Errors
    /// [`CoreError::Internal`] if it cannot be serialized.
    pub fn ratchet_tree(&self) -> Result<Vec<u8>> {
        self.group.export_ratchet_tree().tls_serialize_detached().map_err(|_| CoreError::Internal)
    }

    /// The epoch in which the own leaf last changed.
    pub fn last_healed_epoch(&self) -> u64 {
        self.health.of(self.own_leaf_index()).epoch
    }

    /// When the own leaf last changed, by the caller's clock.
    pub fn last_healed_at_ms(&self) -> u64 {
        self.health.of(self.own_leaf_index()).at_ms
    }

    /// Takes over what another handle on the same group has changed. Every changing call does so by itself.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`] once the group is deleted, [`CoreError::GroupNotLoaded`] while it is not in memory.
    pub fn refresh(&mut self) -> Result<()> {
        if self.revision == self.store().revision(&self.id.0) {
            return Ok(());
        }
        self.staged = None;
        self.reload()
    }

    fn export(&self, label: &str, context: &[u8], length: usize) -> Result<Vec<u8>> {
        let exported = self.group.export_secret(self.crypto(), label, context, length);
        exported.map_err(|_| if self.is_active() { CoreError::Internal } else { CoreError::RemovedFromGroup })
    }

    fn describe(&self, member: &openmls::prelude::Member) -> Result<Member> {
        let leaf_index = member.index.u32();
        let Healed { epoch, at_ms } = self.health.of(leaf_index);
        Ok(Member {
            leaf_index,
            identity: credential::read_verified(&member.credential)?,
            signature_key: member.signature_key.clone(),
            healed_epoch: epoch,
            healed_at_ms: at_ms,
            own: self.is_active() && leaf_index == self.own_leaf_index(),
        })
    }

    fn provider(&self) -> &Provider {
        &self.shared.provider
    }

    fn crypto(&self) -> &Crypto {
        self.provider().crypto()
    }

    fn store(&self) -> &Store {
        self.shared.store()
    }

    /// Runs a changing call whole or not at all, this value included.
    fn atomically<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let shared = Rc::clone(&self.shared);
        match shared.store().transaction(|| run(self)) {
            Ok(value) => {
                self.revision = shared.store().advance(&self.id.0);
                Ok(value)
            }
            Err(error) => {
                // If even that fails, the next call tries again and reports why.
                if self.reload().is_err() {
                    self.revision = u64::MAX;
                }
                Err(error)
            }
        }
    }

    /// Checks that a changing call may start: up to date, still a member, no received commit undecided.
    fn begin(&mut self) -> Result<()> {
        self.refresh()?;
        if self.staged.is_some() {
            return Err(CoreError::StagedCommitExists);
        }
        if self.is_active() { Ok(()) } else { Err(CoreError::RemovedFromGroup) }
    }

    /// Writes what we keep beside openmls's records; what did not change is not journalled.
    fn save(&self) -> Result<()> {
        self.store().write(&self.id.key(Kind::OwnLeaf), &self.own)?;
        self.store().write(&self.id.key(Kind::Health), &self.health)?;
        self.store().write(&self.id.key(Kind::Standing), &self.standing)?;
        self.save_activity()
    }

    fn save_activity(&self) -> Result<()> {
        self.store().write(&self.id.key(Kind::Activity), &self.activity)
    }
}

impl std::fmt::Debug for GroupMember {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("GroupMember")
            .field("id", &self.id)
            .field("epoch", &self.epoch())
            .finish_non_exhaustive()
    }
}
