//! Messages in and out: encrypting, and opening what the relay delivers.

use std::rc::Rc;

use openmls::prelude::{
    ContentType, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider, ProcessedMessage, ProcessedMessageContent, Proposal,
    ProtocolMessage, QueuedProposal, Sender, StagedCommit, tls_codec::DeserializeBytes,
};

use super::{GroupMember, Member, PAST_EPOCHS, Removal, Staged, padding, psk, to_bytes};
use crate::{
    error::{CoreError, Result, mls},
    identity::{credential, revocation},
    policy::UpdateDue,
    storage::Ratchet,
};

/// Longest plaintext. Larger content travels as an attachment.
const MAX_PLAINTEXT_BYTES: usize = 64 * 1024;

/// What a message turned out to be, once every check has passed. `Debug` shows nothing of what was said.
#[derive(Clone, PartialEq, Eq)]
pub enum Received {
    /// Something that a member said.
    Application {
        /// Who said it.
        sender: Member,
        /// The epoch it was said in, at most two ago.
        epoch: u64,
        /// What was said.
        plaintext: Vec<u8>,
    },
    /// A proposal, kept until it is committed.
    Proposal {
        /// Who proposes.
        sender: Member,
        /// The current epoch.
        epoch: u64,
        /// What is proposed.
        proposal: ProposalKind,
        /// Who would be removed.
        removed: Option<Member>,
    },
    /// A commit, checked and staged: merge it or discard it.
    Commit {
        /// Who commits.
        sender: Member,
        /// The epoch that it ends.
        epoch: u64,
        /// Who comes.
        added: Vec<Member>,
        /// Who goes, and who proposed it.
        removed: Vec<Removal>,
        /// Whose keys change, the committer's among them.
        updated: Vec<Member>,
        /// Whether this device goes.
        self_removed: bool,
        /// Ids of the pre-shared keys that are mixed in.
        psks: Vec<Vec<u8>>,
    },
    /// Our own pending commit came back in order: merge it.
    OwnCommit {
        /// The epoch that it ends.
        epoch: u64,
    },
}

impl std::fmt::Debug for Received {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Application { sender, epoch, plaintext } => {
                let (leaf, length) = (sender.leaf_index, plaintext.len());
                write!(formatter, "Application(leaf {leaf}, epoch {epoch}, {length} bytes)")
            }
            Self::Proposal { sender, epoch, proposal, .. } => {
                write!(formatter, "Proposal(leaf {}, epoch {epoch}, {proposal:?})", sender.leaf_index)
            }
            Self::Commit { sender, epoch, .. } => {
                write!(formatter, "Commit(leaf {}, epoch {epoch})", sender.leaf_index)
            }
            Self::OwnCommit { epoch } => write!(formatter, "OwnCommit(epoch {epoch})"),
        }
    }
}

/// What a proposal proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProposalKind {
    /// New keys for the sender's leaf.
    Update,
    /// A member's removal; of the sender itself, if it leaves.
    Remove,
}

impl GroupMember {
    /// Encrypts an application message to the group, padded.
    ///
    /// # Errors
    /// [`CoreError::HealingOverdue`], [`CoreError::PendingProposals`], [`CoreError::RemovedFromGroup`],
    /// [`CoreError::GroupStuck`], [`CoreError::DeviceRevoked`] for this device, [`CoreError::StagedCommitExists`],
    /// [`CoreError::BadInput`] for more than 64 KiB.
    pub fn encrypt(&mut self, plaintext: &[u8], now_ms: u64) -> Result<Vec<u8>> {
        self.check_may_encrypt(plaintext, now_ms)?;
        self.atomically(|member| {
            let message = member.seal(plaintext, now_ms)?;
            member.save_activity()?;
            Ok(message)
        })
    }

    /// [`GroupMember::encrypt`] for several messages, in order: all of them or none.
    ///
    /// # Errors
    /// As [`GroupMember::encrypt`].
    pub fn encrypt_all(&mut self, plaintexts: &[impl AsRef<[u8]>], now_ms: u64) -> Result<Vec<Vec<u8>>> {
        plaintexts.iter().try_for_each(|plaintext| self.check_may_encrypt(plaintext.as_ref(), now_ms))?;
        self.atomically(|member| {
            let seal = |plaintext: &_| member.seal(AsRef::as_ref(plaintext), now_ms);
            let messages = plaintexts.iter().map(seal).collect::<Result<_>>()?;
            member.save_activity()?;
            Ok(messages)
        })
    }

    fn check_may_encrypt(&mut self, plaintext: &[u8], now_ms: u64) -> Result<()> {
        self.begin()?;
        self.check_may_send()?;
        if plaintext.len() > MAX_PLAINTEXT_BYTES {
            return Err(CoreError::BadInput("a message has at most 65536 bytes"));
        }
        if self.activity.due(&self.shared.policy.get(), now_ms) == UpdateDue::Must {
            return Err(CoreError::HealingOverdue);
        }
        if self.has_pending_proposals() { Err(CoreError::PendingProposals) } else { Ok(()) }
    }

    fn seal(&mut self, plaintext: &[u8], now_ms: u64) -> Result<Vec<u8>> {
        let shared = Rc::clone(&self.shared);
        let frame = padding::pad(plaintext);
        let (group, signer) = (&mut self.group, &self.own.signer);
        let ratchet = Ratchet { past_epoch: None, is_handshake: false };
        let create = || group.create_message(&shared.provider, signer, &frame);
        let message = shared.store().with_ratchet(ratchet, create);
        self.activity.count_message(now_ms);
        to_bytes(&message.map_err(|_| CoreError::Internal)?)
    }

    /// Opens a message of the group. Proposals are kept; a commit is staged, and leaves no trace in the records until
    /// [`GroupMember::merge_staged_commit`], so that a crash in between only means opening it again.
    ///
    /// # Errors
    /// By what is wrong with it: [`CoreError::WireDecode`], [`CoreError::WrongGroup`], [`CoreError::EpochTooOld`],
    /// [`CoreError::EpochAhead`], [`CoreError::Replayed`], [`CoreError::GenerationTooFar`],
    /// [`CoreError::DecryptFailed`], [`CoreError::OwnMessage`], [`CoreError::InvalidCommit`], [`CoreError::CannotFollow`],
    /// [`CoreError::InvalidProposal`], [`CoreError::PolicyRejected`], [`CoreError::CredentialRejected`],
    /// [`CoreError::DeviceRevoked`] for an application message of a revoked device, [`CoreError::RemovedFromGroup`],
    /// [`CoreError::GroupStuck`] for handshakes, [`CoreError::StagedCommitExists`], [`CoreError::PskMissing`].
    pub fn process(&mut self, message: &[u8], now_ms: u64) -> Result<Received> {
        self.begin()?;
        let decoded = self.decode(message)?;
        if decoded.is_handshake_message() {
            self.check_not_stuck()?;
        }
        if self.is_own_pending_commit(message)? {
            return Ok(Received::OwnCommit { epoch: self.epoch() });
        }
        match decoded.content_type() {
            ContentType::Commit => self.stage(decoded, now_ms),
            ContentType::Proposal | ContentType::Application => {
                self.atomically(|member| member.accept(decoded, now_ms))
            }
        }
    }

    /// Makes the staged commit count.
    ///
    /// # Errors
    /// [`CoreError::NoStagedCommit`].
    pub fn merge_staged_commit(&mut self, now_ms: u64) -> Result<()> {
        self.refresh()?;
        let Staged { commit, changes } = self.staged.take().ok_or(CoreError::NoStagedCommit)?;
        self.atomically(|member| {
            let shared = Rc::clone(&member.shared);
            member.end_epoch(&changes);
            member.group.merge_staged_commit(&shared.provider, commit).map_err(|_| CoreError::Internal)?;
            member.apply(&changes, now_ms)
        })?;
        self.remember_access_key();
        Ok(())
    }

    /// Drops the staged commit, as if it had not been opened.
    ///
    /// # Errors
    /// [`CoreError::NoStagedCommit`].
    pub fn discard_staged_commit(&mut self) -> Result<()> {
        self.refresh()?;
        self.staged.take().ok_or(CoreError::NoStagedCommit)?;
        self.reload()
    }

    /// The message, if it is one for this group and its epoch can be opened here. Handshakes in the clear and
    /// everything from outside the group (external commits and proposals) are public messages: not taken.
    pub(super) fn decode(&self, bytes: &[u8]) -> Result<ProtocolMessage> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| CoreError::WireDecode)?;
        let message = match message.extract() {
            MlsMessageBodyIn::PrivateMessage(message) => ProtocolMessage::from(message),
            MlsMessageBodyIn::PublicMessage(_) => return Err(CoreError::PolicyRejected),
            _ => return Err(CoreError::WireDecode),
        };
        if message.group_id().as_slice() != self.group_id().0 {
            return Err(CoreError::WrongGroup);
        }
        let epoch = message.epoch().as_u64();
        let is_past = epoch < self.epoch();
        let is_lost = self.epoch().saturating_sub(epoch) > PAST_EPOCHS as u64;
        if epoch > self.epoch() {
            Err(CoreError::EpochAhead)
        } else if is_lost || epoch < self.own.joined_epoch || (is_past && message.is_handshake_message()) {
            Err(CoreError::EpochTooOld)
        } else {
            Ok(message)
        }
    }

    fn is_own_pending_commit(&self, message: &[u8]) -> Result<bool> {
        match &self.own.pending {
            Some(pending) => Ok(pending.commit_hash == self.hash(message)?),
            None => Ok(false),
        }
    }

    fn open(&mut self, message: ProtocolMessage) -> Result<ProcessedMessage> {
        let shared = Rc::clone(&self.shared);
        let processed = self.group.process_message(&shared.provider, message);
        processed.map_err(|error| psk::missing_in(shared.store()).unwrap_or_else(|| mls::process(error)))
    }

    /// Opens and checks a commit without writing anything.
    fn stage(&mut self, message: ProtocolMessage, now_ms: u64) -> Result<Received> {
        let shared = Rc::clone(&self.shared);
        let stage = || {
            let processed = self.open(message)?;
            let sender = self.sender(&processed)?;
            match processed.into_content() {
                ProcessedMessageContent::StagedCommitMessage(commit) => self.received_commit(sender, *commit, now_ms),
                // One that was forgotten, or made by a thief of our keys: others can follow it.
                ProcessedMessageContent::OwnPrivateMessage => Err(CoreError::CannotFollow),
                _ => Err(CoreError::PolicyRejected),
            }
        };
        let crypto = shared.provider.crypto();
        let staged = shared.store().rehearse(|| crypto.in_one_batch(&CoreError::InvalidCommit, stage));
        if staged.is_err() {
            self.staged = None;
            if self.reload().is_err() {
                self.revision = u64::MAX;
            }
        }
        staged
    }

    fn received_commit(&mut self, sender: Member, commit: StagedCommit, now_ms: u64) -> Result<Received> {
        let changes = self.changes_of(&commit, sender.leaf_index, now_ms)?;
        let received = Received::Commit {
            sender,
            epoch: self.epoch(),
            added: changes.added.clone(),
            removed: changes.removed.clone(),
            updated: changes.updated.clone(),
            self_removed: changes.self_removed,
            psks: changes.psks.clone(),
        };
        self.staged = Some(Staged { commit, changes });
        Ok(received)
    }

    /// Opens an application message or a proposal and keeps what has to be kept.
    fn accept(&mut self, message: ProtocolMessage, now_ms: u64) -> Result<Received> {
        let epoch = message.epoch().as_u64();
        let past_epoch = (epoch < self.epoch()).then_some(epoch);
        let ratchet = Ratchet { past_epoch, is_handshake: message.is_handshake_message() };
        let shared = Rc::clone(&self.shared);
        let processed = shared.store().with_ratchet(ratchet, || self.open(message))?;
        if matches!(processed.content(), ProcessedMessageContent::OwnPrivateMessage) {
            return Err(CoreError::OwnMessage);
        }
        let sender = self.sender(&processed)?;
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                revocation::check(shared.store(), &sender.identity)?;
                let plaintext = padding::unpad(message.into_bytes())?;
                self.activity.count_message(now_ms);
                self.save_activity()?;
                Ok(Received::Application { sender, epoch, plaintext })
            }
            ProcessedMessageContent::ProposalMessage(proposal) => {
                let (kind, removed) = self.check_proposal(&sender, &proposal)?;
                self.group.store_pending_proposal(shared.store(), *proposal)?;
                self.activity.note_proposal(now_ms);
                self.save_activity()?;
                Ok(Received::Proposal { sender, epoch, proposal: kind, removed })
            }
            _ => Err(CoreError::PolicyRejected),
        }
    }

    /// Checks a proposal before it is kept, as `changes_of` does again when it is committed. Adds and PSKs come in
    /// commits only: a kept one would bind every later committer to somebody else's choice, and to having the key.
    /// Proposals of a revoked device are kept: another
    /// member, who has not heard of it, may commit them, and who had refused them could not follow. Our own commits leave
    /// them out.
    fn check_proposal(&self, sender: &Member, proposal: &QueuedProposal) -> Result<(ProposalKind, Option<Member>)> {
        match proposal.proposal() {
            Proposal::Update(update) => {
                self.check_update(sender.leaf_index, update.leaf_node()).map(|_| (ProposalKind::Update, None))
            }
            Proposal::Remove(remove) => {
                self.member(remove.removed().u32()).map(|removed| (ProposalKind::Remove, Some(removed)))
            }
            _ => Err(CoreError::PolicyRejected),
        }
    }

    /// The author of a message. One of an older epoch may have left since, and its leaf may be another's now: then all
    /// that is known is the credential that openmls checked the message with.
    fn sender(&self, processed: &ProcessedMessage) -> Result<Member> {
        let Sender::Member(leaf) = processed.sender() else { return Err(CoreError::PolicyRejected) };
        let identity = credential::read_verified(processed.credential())?;
        match self.member(leaf.u32()) {
            Ok(member) if member.identity == identity => Ok(member),
            _ => Ok(Member {
                leaf_index: leaf.u32(),
                identity,
                signature_key: Vec::new(),
                healed_epoch: 0,
                healed_at_ms: 0,
                own: false,
            }),
        }
    }
}
