//! One device of the history: the core under test, its records, and what it must be able to open.

use std::collections::{BTreeMap, BTreeSet};

use quicprochat_core::{CoreError, GroupMember};

use super::{PSK, relay::Said};
use crate::people::Person;

/// The declared windows (crates/core/src/group/entry.rs).
const PAST_EPOCHS: u64 = 2;
const OUT_OF_ORDER: u32 = 16;

pub struct Seat {
    pub number: usize,
    pub person: Person,
    pub member: Option<GroupMember>,
    /// The next entry of the relay's log.
    pub cursor: usize,
    pub joined_epoch: u64,
    /// The epoch in which it asked to be removed.
    pub leaving: Option<u64>,
    /// How many messages it has sent, by epoch.
    sent: BTreeMap<u64, u32>,
    /// How far it has read, by author and epoch.
    heads: BTreeMap<(usize, u64), u32>,
    opened: BTreeSet<(usize, u64, u32)>,
}

impl Seat {
    pub fn new(number: usize) -> Self {
        let person = Person::new(&format!("seat{number}"));
        person.client.store_psk(PSK, &[7; 32]).unwrap();
        Self {
            number,
            person,
            member: None,
            cursor: 0,
            joined_epoch: 0,
            leaving: None,
            sent: BTreeMap::new(),
            heads: BTreeMap::new(),
            opened: BTreeSet::new(),
        }
    }

    pub fn is_active(&self) -> bool {
        self.member.as_ref().is_some_and(GroupMember::is_active)
    }

    pub fn epoch(&self) -> u64 {
        self.member.as_ref().map_or(0, GroupMember::epoch)
    }

    pub fn is_leaving(&self) -> bool {
        self.leaving == Some(self.epoch())
    }

    /// What a changing call may meet before it starts.
    pub fn obstacle(&self) -> Option<CoreError> {
        let member = self.member.as_ref()?;
        match () {
            () if !member.is_active() => Some(CoreError::RemovedFromGroup),
            () if member.has_pending_commit() => Some(CoreError::PendingCommitExists),
            () => None,
        }
    }

    /// Makes a call and, if it fails, checks that nothing has changed.
    pub fn call<T>(&mut self, call: impl FnOnce(&mut GroupMember) -> Result<T, CoreError>) -> Result<T, CoreError> {
        self.person.save();
        let member = self.member.as_mut().expect("only seats in the group are called");
        let before = fingerprint(member);
        let outcome = call(member);
        if outcome.is_err() {
            assert_eq!(self.person.client.take_writes(), [], "a failed call wrote something");
            assert_eq!(before, fingerprint(member), "a failed call changed something");
        }
        outcome
    }

    /// The same device, opened from its records.
    pub fn twin(&mut self) -> (Person, GroupMember) {
        let person = self.person.copy();
        let member = person.group();
        assert_eq!(fingerprint(&member), fingerprint(self.member.as_ref().expect("in the group")));
        (person, member)
    }

    pub fn restart(&mut self) {
        let (person, member) = self.twin();
        (self.person, self.member) = (person, Some(member));
    }

    /// Numbers an own message.
    pub fn sent(&mut self) -> u32 {
        let count = self.sent.entry(self.epoch()).or_default();
        *count += 1;
        *count - 1
    }

    /// What must come of a message, by the windows that the core declares.
    pub fn expected(&self, said: &Said) -> Result<(), CoreError> {
        let head = self.heads.get(&(said.by, said.epoch)).copied().unwrap_or(0);
        let is_late = head.saturating_sub(said.generation) > OUT_OF_ORDER;
        match self.epoch() {
            _ if !self.is_active() => Err(CoreError::RemovedFromGroup),
            epoch if said.epoch > epoch => Err(CoreError::EpochAhead),
            epoch if said.epoch < self.joined_epoch || epoch - said.epoch > PAST_EPOCHS => Err(CoreError::EpochTooOld),
            _ if said.by == self.number => Err(CoreError::OwnMessage),
            _ if is_late || self.has_opened(said) => Err(CoreError::Replayed),
            _ => Ok(()),
        }
    }

    pub fn has_opened(&self, said: &Said) -> bool {
        self.opened.contains(&(said.by, said.epoch, said.generation))
    }

    pub fn opened(&mut self, said: &Said) {
        let head = self.heads.entry((said.by, said.epoch)).or_default();
        *head = (*head).max(said.generation + 1);
        assert!(self.opened.insert((said.by, said.epoch, said.generation)), "opened twice");
    }
}

/// Everything that the API shows of a seat in a group.
pub fn fingerprint(member: &GroupMember) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        (member.epoch(), member.epoch_authenticator(), member.is_active(), member.access_key()),
        (member.members().expect("the tree is readable"), member.own_leaf_index()),
        (member.has_pending_commit(), member.has_pending_proposals(), member.update_due(u64::MAX)),
        (member.last_healed_epoch(), member.last_healed_at_ms()),
    )
}
