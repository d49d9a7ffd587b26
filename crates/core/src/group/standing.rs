//! How a member stands in its group: who invited it, and whether it can follow: the authenticators of its last epochs, and
//! what was found to be wrong.

use openmls::prelude::ContentType;
use serde::{Deserialize, Serialize};

use super::{GroupMember, PAST_EPOCHS};
use crate::{
    error::{CoreError, Result},
    identity::{LeafIdentity, credential::Reader},
    storage::Kind,
};

/// What this device keeps of it. Written at commits only, never for a message.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Standing {
    /// Authenticators of the epochs before the current one, the last one last.
    past: Vec<Vec<u8>>,
    /// Whose Welcome this device joined by, in the form of `LeafIdentity::encode`.
    pub(super) inviter: Option<Vec<u8>>,
    pub(super) trouble: Option<Trouble>,
}

/// Found wrong by the caller, who alone hears the relay and the other members.
#[derive(Serialize, Deserialize)]
pub(super) enum Trouble {
    /// The group went on from this epoch by a commit that this member cannot process, for the error of this code.
    Stuck { epoch: u64, code: String },
    /// Another member had another authenticator in this epoch.
    Forked { epoch: u64 },
}

/// What another member's epoch authenticator says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Both are in one group, and agree on everything that happened up to that epoch. Nothing to do.
    Agrees,
    /// The group has forked: each follows commits that the other does not. Tell [`GroupMember::mark_forked`].
    Forked,
    /// This device has no authenticator of that epoch. Compare those of an epoch that both have been in of late.
    Unknown,
}

impl GroupMember {
    /// Who invited this device: the member who signed the Welcome that it joined by. Whoever made the group has none.
    ///
    /// # Errors
    /// [`CoreError::StoreCorrupt`] if the store was tampered with.
    pub fn inviter(&self) -> Result<Option<LeafIdentity>> {
        let read = |inviter: &Vec<u8>| LeafIdentity::decode(&mut Reader(inviter));
        let corrupt = |_| CoreError::StoreCorrupt { record: self.id.key(Kind::Standing).name() };
        self.standing.inviter.as_ref().map(read).transpose().map_err(corrupt)
    }

    /// Compares an epoch's authenticator (RFC 9420 §8.7), as another member has it, with our own: of the current epoch
    /// and of the two before.
    ///
    /// A fork is proven only if the value comes from that member: compare in person, or by what the member has signed.
    /// The relay could hand out anything. Members tell each other these values in the open, so no constant time is kept.
    pub fn agrees_at(&self, epoch: u64, epoch_authenticator: &[u8]) -> Agreement {
        let of_current = self.group.epoch_authenticator().as_slice();
        let own = match self.epoch().checked_sub(epoch) {
            // Who was removed has no keys of the epoch that it names.
            Some(0) => self.is_active().then_some(of_current),
            Some(ago) => usize::try_from(ago - 1)
                .ok()
                .and_then(|ago| self.standing.past.iter().rev().nth(ago))
                .map(Vec::as_slice),
            None => None,
        };
        match own {
            Some(own) if own == epoch_authenticator => Agreement::Agrees,
            Some(_) => Agreement::Forked,
            None => Agreement::Unknown,
        }
    }

    /// Keeps that the group has forked, as another member's authenticator shows: see [`GroupMember::agrees_at`] for whom
    /// to believe. From then on a Welcome for this group replaces it. A merged commit that re-adds members settles it.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] if that authenticator shows no fork; [`CoreError::RemovedFromGroup`],
    /// [`CoreError::StagedCommitExists`].
    pub fn mark_forked(&mut self, epoch: u64, epoch_authenticator: &[u8]) -> Result<()> {
        self.begin()?;
        if self.agrees_at(epoch, epoch_authenticator) != Agreement::Forked {
            return Err(CoreError::BadInput("that authenticator shows no fork"));
        }
        // What cannot be followed at all is the graver trouble, and the first epoch shown the more telling one.
        if self.standing.trouble.is_some() {
            return Ok(());
        }
        self.atomically(|member| {
            member.standing.trouble = Some(Trouble::Forked { epoch });
            member.save()
        })
    }

    /// Keeps that the relay has put something in order as the current epoch's commit that this device cannot process: the
    /// group has gone on without it. Only the caller can know that, since a forged commit does not open either; and as the
    /// relay knows no MLS, it can be anything at all. Our own pending commit has lost and is dropped. Messages of the
    /// epochs so far still open; a Welcome for this group replaces it. What lacks only a pre-shared key can be processed
    /// once the key is there ([`CoreError::PskMissing`]): bring that first, if it can be had.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] if this device can process it as a commit, [`CoreError::RemovedFromGroup`],
    /// [`CoreError::StagedCommitExists`].
    pub fn mark_stuck(&mut self, commit: &[u8], now_ms: u64) -> Result<()> {
        self.begin()?;
        if self.is_stuck() {
            return Ok(());
        }
        let code = self.refusal_of(commit, now_ms)?.code().to_owned();
        let epoch = self.epoch();
        self.atomically(|member| {
            member.drop_pending_commit()?;
            member.standing.trouble = Some(Trouble::Stuck { epoch, code });
            member.save()
        })
    }

    /// Why this device cannot process something as a commit.
    fn refusal_of(&mut self, commit: &[u8], now_ms: u64) -> Result<CoreError> {
        match self.decode(commit) {
            Ok(message) if message.content_type() == ContentType::Commit => {}
            Ok(_) => return Ok(CoreError::InvalidCommit),
            Err(error) => return Ok(error),
        }
        match self.process(commit, now_ms) {
            Err(error @ CoreError::StoreCorrupt { .. }) => Err(error),
            Err(error) => Ok(error),
            Ok(_) => {
                if self.staged.is_some() {
                    self.discard_staged_commit()?;
                }
                Err(CoreError::BadInput("this device can process that commit"))
            }
        }
    }

    /// Whether [`GroupMember::mark_stuck`] was told.
    fn is_stuck(&self) -> bool {
        matches!(self.standing.trouble, Some(Trouble::Stuck { .. }))
    }

    /// Checks that the group has not gone on without this device.
    pub(super) fn check_not_stuck(&self) -> Result<()> {
        if self.is_stuck() { Err(CoreError::GroupStuck) } else { Ok(()) }
    }

    /// Whether a Welcome for the same group takes this one's place.
    pub(super) fn gives_way(&self) -> bool {
        !self.is_active() || self.standing.trouble.is_some()
    }

    /// Before a commit is merged: keeps the authenticator of the epoch that it ends.
    pub(super) fn remember_epoch(&mut self) {
        if self.standing.past.len() == PAST_EPOCHS {
            self.standing.past.remove(0);
        }
        self.standing.past.push(self.epoch_authenticator());
    }
}
