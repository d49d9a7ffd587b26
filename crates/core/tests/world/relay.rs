//! The relay as the protocol needs it: one order of handshakes, the first commit of an epoch wins, messages are kept.

use std::collections::BTreeMap;

use quicprochat_core::GroupMember;

use super::api::Invitation;

/// A handshake of the group.
pub struct Entry {
    pub by: usize,
    /// The epoch that it belongs to; a commit ends it.
    pub epoch: u64,
    pub bytes: Vec<u8>,
    pub is_commit: bool,
}

/// An application message that somebody sent.
pub struct Said {
    pub by: usize,
    pub epoch: u64,
    /// Its place among its author's messages of that epoch.
    pub generation: u32,
    pub bytes: Vec<u8>,
    pub text: Vec<u8>,
}

/// An invitation and the place in the log behind the commit that it came with.
pub type Invited = (usize, u64, Invitation);

#[derive(Default)]
pub struct Relay {
    pub log: Vec<Entry>,
    /// What came too late: everybody may have seen it, nobody follows it.
    pub refused: Vec<Entry>,
    /// The epoch of the log's end.
    pub epoch: u64,
    pub said: Vec<Said>,
    /// By seat, in order.
    pub invited: BTreeMap<usize, Vec<Invited>>,
    /// What all members of an epoch have to agree on, and its access key; the first to arrive says.
    pub states: BTreeMap<u64, (Vec<u8>, [u8; 32])>,
}

impl Relay {
    /// Takes a handshake of the current epoch, and no other.
    pub fn post(&mut self, by: usize, epoch: u64, bytes: Vec<u8>, is_commit: bool) -> bool {
        let entry = Entry { by, epoch, bytes, is_commit };
        if epoch != self.epoch {
            self.refused.push(entry);
            return false;
        }
        self.log.push(entry);
        self.epoch += u64::from(is_commit);
        true
    }

    /// Hands on the invitations of the commit that was taken last.
    pub fn invite(&mut self, invitations: impl IntoIterator<Item = (usize, Invitation)>) {
        for (seat, invitation) in invitations {
            self.invited.entry(seat).or_default().push((self.log.len(), self.epoch, invitation));
        }
    }

    pub fn has_invited(&self, seat: usize) -> bool {
        self.invited.get(&seat).is_some_and(|waiting| !waiting.is_empty())
    }

    pub fn take_invitation(&mut self, seat: usize) -> Option<Invited> {
        let waiting = self.invited.get_mut(&seat).filter(|waiting| !waiting.is_empty())?;
        Some(waiting.remove(0))
    }

    /// Notes what a member holds to be the state of its epoch.
    pub fn agree(&mut self, member: &GroupMember) {
        let state = (member.epoch_authenticator(), member.access_key().expect("a member has the access key"));
        let first = self.states.entry(member.epoch()).or_insert_with(|| state.clone());
        assert_eq!(*first, state, "two states of epoch {}", member.epoch());
    }
}
