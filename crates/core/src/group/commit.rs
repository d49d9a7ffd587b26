//! Commits and proposals of our own.
//!
//! Every commit has a path and rotates everything that the leaf holds: encryption key, signature key, credential. So
//! whoever commits is healed, whatever the commit was for.

use std::{collections::BTreeSet, rc::Rc};

use openmls::prelude::{
    KeyPackage, LeafNodeIndex, LeafNodeParameters, MlsMessageOut, NewSignerBundle, OpenMlsProvider, Proposal,
    QueuedProposal, Welcome, tls_codec::Serialize as _,
};
use openmls_traits::{crypto::OpenMlsCrypto, types::HashType};

use super::{
    GroupMember, access,
    changes::{Changes, CommitEffect},
    own_leaf::{Pending, Proposed},
    proposers::{proposer, removes},
    psk,
    welcome::{self, WelcomeBundle},
};
use crate::{
    crypto::SecretKey,
    error::{CoreError, Result, mls},
    identity::credential,
    storage::Kind,
};

/// A staged commit, to be submitted whole: the relay takes all of it or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitBundle {
    /// The commit, for the group's log.
    pub commit: Vec<u8>,
    /// For those who were added, if any were. Leaves only with the winning commit.
    pub welcome: Option<WelcomeBundle>,
    /// The access key of the epoch that the commit begins.
    pub next_access_key: [u8; 32],
    /// The epoch that the commit ends.
    pub epoch: u64,
}

/// What a commit is made for.
#[derive(Default)]
pub(super) struct Intent<'a> {
    pub(super) additions: &'a [KeyPackage],
    pub(super) removals: &'a [LeafNodeIndex],
    pub(super) psks: &'a [Proposal],
}

impl GroupMember {
    /// Stages a commit that adds the devices of these key packages.
    ///
    /// # Errors
    /// [`CoreError::KeyPackageInvalid`], [`CoreError::KeyPackageExpired`], [`CoreError::UnsupportedCiphersuite`],
    /// [`CoreError::CredentialRejected`], also if a handle would then belong to two accounts,
    /// [`CoreError::DeviceRevoked`], [`CoreError::CannotAddSelf`], [`CoreError::AlreadyMember`],
    /// [`CoreError::PendingCommitExists`], [`CoreError::GroupStuck`] (as for every call that sends something),
    /// [`CoreError::BadInput`] for none at all.
    pub fn add_members(&mut self, key_packages: &[impl AsRef<[u8]>], now_ms: u64) -> Result<CommitBundle> {
        self.begin_commit()?;
        if key_packages.is_empty() {
            return Err(CoreError::BadInput("no key packages to add"));
        }
        let check = || self.check_additions(key_packages, now_ms);
        let checked = self.crypto().in_one_batch(&CoreError::KeyPackageInvalid, check)?;
        self.commit(&Intent { additions: &checked, ..Intent::default() })
    }

    /// Stages a commit that mixes pre-shared keys into the group's secrets (RFC 9420 §8.4), and adds the devices of these
    /// key packages, if any. Who does not have the keys can neither follow nor join.
    ///
    /// # Errors
    /// [`CoreError::PskMissing`] for one that is not stored here, [`CoreError::BadInput`] for none at all or an id that
    /// cannot be one; those of [`GroupMember::add_members`].
    pub fn commit_psks(
        &mut self,
        ids: &[impl AsRef<[u8]>],
        key_packages: &[impl AsRef<[u8]>],
        now_ms: u64,
    ) -> Result<CommitBundle> {
        self.begin_commit()?;
        if ids.is_empty() {
            return Err(CoreError::BadInput("no pre-shared keys to mix in"));
        }
        let ids: BTreeSet<&[u8]> = ids.iter().map(AsRef::as_ref).collect();
        let psks = ids.into_iter().map(|id| psk::propose(self.provider(), self.group.ciphersuite(), id));
        let psks: Vec<_> = psks.collect::<Result<_>>()?;
        let check = || self.check_additions(key_packages, now_ms);
        let checked = self.crypto().in_one_batch(&CoreError::KeyPackageInvalid, check)?;
        self.commit(&Intent { additions: &checked, psks: &psks, ..Intent::default() })
    }

    /// Stages a commit that removes these leaves.
    ///
    /// # Errors
    /// [`CoreError::NotAMember`], [`CoreError::CannotRemoveSelf`], [`CoreError::PendingCommitExists`],
    /// [`CoreError::BadInput`] for none at all.
    pub fn remove_members(&mut self, leaf_indexes: &[u32]) -> Result<CommitBundle> {
        self.begin_commit()?;
        if leaf_indexes.is_empty() {
            return Err(CoreError::BadInput("no members to remove"));
        }
        let leaves: BTreeSet<u32> = leaf_indexes.iter().copied().collect();
        if leaves.contains(&self.own_leaf_index()) {
            return Err(CoreError::CannotRemoveSelf);
        }
        for &leaf in &leaves {
            self.member(leaf)?;
        }
        let leaves: Vec<_> = leaves.into_iter().map(LeafNodeIndex::new).collect();
        self.commit(&Intent { removals: &leaves, ..Intent::default() })
    }

    /// Stages a commit that changes nothing but this device's own keys: who stole the old ones is locked out.
    ///
    /// # Errors
    /// [`CoreError::PendingCommitExists`]; [`CoreError::CannotRemoveSelf`] after [`GroupMember::leave`].
    pub fn self_update(&mut self) -> Result<CommitBundle> {
        self.begin_commit()?;
        self.commit(&Intent::default())
    }

    /// Stages a commit of all proposals received so far. Every other commit takes them along too.
    ///
    /// # Errors
    /// [`CoreError::NoPendingProposals`], [`CoreError::PendingCommitExists`]; [`CoreError::CannotRemoveSelf`] after
    /// [`GroupMember::leave`]: another member has to commit that.
    pub fn commit_pending_proposals(&mut self) -> Result<CommitBundle> {
        self.begin_commit()?;
        if !self.has_pending_proposals() {
            return Err(CoreError::NoPendingProposals);
        }
        self.commit(&Intent::default())
    }

    /// Makes our staged commit count: the relay has put it in order. Tells what it has done to the members.
    ///
    /// # Errors
    /// [`CoreError::NoPendingCommit`].
    pub fn merge_pending_commit(&mut self, now_ms: u64) -> Result<CommitEffect> {
        self.begin()?;
        let pending = self.group.pending_commit().ok_or(CoreError::NoPendingCommit)?;
        let check = || self.changes_of(pending, self.own_leaf_index(), now_ms);
        let changes = self.crypto().in_one_batch(&CoreError::InvalidCommit, check)?;
        self.atomically(|member| {
            let shared = Rc::clone(&member.shared);
            member.end_epoch(&changes);
            member.group.merge_pending_commit(&shared.provider).map_err(|_| CoreError::Internal)?;
            member.apply(&changes, now_ms)
        })?;
        self.remember_access_key();
        let Changes { added, removed, .. } = changes;
        Ok(CommitEffect { added, removed })
    }

    /// Drops our staged commit and its keys: another one won, or the relay refused it.
    ///
    /// # Errors
    /// [`CoreError::NoPendingCommit`].
    pub fn clear_pending_commit(&mut self) -> Result<()> {
        self.begin()?;
        if !self.has_pending_commit() {
            return Err(CoreError::NoPendingCommit);
        }
        self.atomically(|member| {
            member.drop_pending_commit()?;
            member.save()
        })
    }

    /// Forgets our staged commit and its keys, if there is one.
    pub(super) fn drop_pending_commit(&mut self) -> Result<()> {
        let shared = Rc::clone(&self.shared);
        self.group.clear_pending_commit(shared.store())?;
        self.own.pending = None;
        Ok(())
    }

    /// Proposes new keys for this leaf, for another member to commit.
    ///
    /// # Errors
    /// [`CoreError::PendingCommitExists`], [`CoreError::DeviceRevoked`] for this device.
    pub fn propose_update(&mut self) -> Result<Vec<u8>> {
        self.begin_commit()?;
        self.check_may_send()?;
        self.atomically(|member| {
            let shared = Rc::clone(&member.shared);
            let signer = SecretKey::generate(shared.provider.rand())?;
            let credential_with_key = credential::issue(&shared.identity, &signer);
            let bundle = NewSignerBundle { signer: &signer, credential_with_key };
            let parameters = LeafNodeParameters::default();
            let (proposal, _) = member
                .group
                .propose_self_update_with_new_signer(&shared.provider, &member.own.signer, bundle, parameters)
                .map_err(|_| CoreError::Internal)?;
            let encryption_keys = shared.store().touched(Kind::EncryptionKeyPair);
            member.own.proposed.push(Proposed::new(signer, &encryption_keys));
            member.save()?;
            to_bytes(&proposal)
        })
    }

    /// Proposes that this device be removed. It stays a member until another one commits that.
    ///
    /// openmls refuses the RFC 9420 extension's SelfRemove under encrypted handshakes; a Remove of oneself is what a
    /// blind relay allows.
    ///
    /// # Errors
    /// [`CoreError::PendingCommitExists`].
    pub fn leave(&mut self) -> Result<Vec<u8>> {
        self.begin_commit()?;
        self.atomically(|member| {
            let shared = Rc::clone(&member.shared);
            let left = member.group.leave_group(&shared.provider, &member.own.signer);
            to_bytes(&left.map_err(|_| CoreError::Internal)?)
        })
    }

    pub(super) fn begin_commit(&mut self) -> Result<()> {
        self.begin()?;
        self.check_not_stuck()?;
        if self.has_pending_commit() { Err(CoreError::PendingCommitExists) } else { Ok(()) }
    }

    /// Stages a commit of what is intended, of all pending proposals, and of new own keys.
    ///
    /// A member can propose what turns out to be invalid only in a commit (say, a leaf without the group's suite). That
    /// must not keep anyone from healing: such a commit is made without the pending proposals.
    pub(super) fn commit(&mut self, intent: &Intent<'_>) -> Result<CommitBundle> {
        if self.is_leaving(self.group.own_leaf_index()) {
            return Err(CoreError::CannotRemoveSelf);
        }
        let staged = self.atomically(|member| member.stage_own(intent, true));
        if staged.is_err() && self.has_pending_proposals() {
            return self.atomically(|member| member.stage_own(intent, false));
        }
        staged
    }

    fn stage_own(&mut self, intent: &Intent<'_>, takes_pending: bool) -> Result<CommitBundle> {
        let Intent { additions, removals, psks } = *intent;
        let shared = Rc::clone(&self.shared);
        let provider = &shared.provider;
        let (epoch, own_index) = (self.epoch(), self.group.own_leaf_index());
        let revoked = self.revoked_proposers();
        let signer = SecretKey::generate(provider.rand())?;
        let credential_with_key = credential::issue(&shared.identity, &signer);
        let bundle = NewSignerBundle { signer: &signer, credential_with_key };
        let builder = self.group.commit_builder().consume_proposal_store(takes_pending);
        let builder = builder.propose_adds(additions.iter().cloned()).propose_removals(removals.iter().copied());
        let builder = builder.add_proposals(psks.iter().cloned());
        let staged = builder
            .load_psks(provider.storage())
            .and_then(|builder| {
                let is_taken = |proposal: &QueuedProposal| {
                    let is_of_revoked = |leaf| revoked.contains(&leaf) && !removes(proposal, leaf);
                    !removes(proposal, own_index) && !proposer(proposal).is_some_and(is_of_revoked)
                };
                let old = &self.own.signer;
                builder.build_with_new_signer(provider.rand(), provider.crypto(), old, bundle, is_taken)
            })
            .map_err(mls::create_commit)?
            .stage_commit(provider)
            .map_err(|_| CoreError::Internal)?;
        let (commit, welcome, _) = staged.into_contents();
        let commit = to_bytes(&commit)?;
        self.check_staged_own()?;
        self.own.pending = Some(Pending { signer, commit_hash: self.hash(&commit)? });
        self.save()?;
        let welcome = welcome.map(|welcome| self.seal_welcome(&welcome, additions)).transpose()?;
        Ok(CommitBundle { commit, welcome, next_access_key: self.next_access_key()?, epoch })
    }

    /// The access key of the epoch that the pending commit would begin.
    fn next_access_key(&self) -> Result<[u8; 32]> {
        Ok(access::key(self.export_next(access::LABEL, access::CONTEXT, access::LENGTH)?)?.public())
    }

    /// A secret of the epoch that the pending commit would begin.
    fn export_next(&self, label: &str, context: &[u8], length: usize) -> Result<Vec<u8>> {
        let pending = self.group.pending_commit().ok_or(CoreError::Internal)?;
        pending.export_secret(self.crypto(), label, context, length).map_err(|_| CoreError::Internal)
    }

    /// The Welcome of the pending commit in its two parts, with the tree that the commit would make.
    fn seal_welcome(&self, welcome: &Welcome, added: &[KeyPackage]) -> Result<WelcomeBundle> {
        let pending = self.group.pending_commit().ok_or(CoreError::Internal)?;
        let next = pending.export_ratchet_tree(self.crypto(), self.group.export_ratchet_tree());
        let tree = next.ok().flatten().ok_or(CoreError::Internal)?;
        welcome::seal(self.crypto(), (welcome, &tree), added, |label, context, length| {
            self.export_next(label, context, length)
        })
    }

    /// SHA-256.
    pub(super) fn hash(&self, bytes: &[u8]) -> Result<[u8; 32]> {
        let hash = self.crypto().hash(HashType::Sha2_256, bytes).map_err(|_| CoreError::Internal)?;
        hash.try_into().map_err(|_| CoreError::Internal)
    }
}

pub(super) fn to_bytes(message: &MlsMessageOut) -> Result<Vec<u8>> {
    message.tls_serialize_detached().map_err(|_| CoreError::Internal)
}
