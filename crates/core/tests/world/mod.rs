//! Whole histories of a group: people who come, talk, heal and go in any order that the relay allows, each call's
//! outcome predicted and checked.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

pub mod api;
mod handshakes;
pub mod relay;
pub mod seat;
pub mod step;

use quicprochat_core::{CoreError, GroupMember, Received, Suite};

use self::{
    relay::{Relay, Said},
    seat::Seat,
    step::{Move, Step},
};
use crate::people::GROUP;

/// The id of a pre-shared key that every seat has.
const PSK: &[u8] = b"psk";

/// The callers' clock. Timed policies have tests of their own.
pub const NOW: u64 = 1;

pub struct World {
    pub suite: Suite,
    pub seats: Vec<Seat>,
    pub relay: Relay,
    pub tally: Tally,
}

/// What a history came to: a run whose histories stay shallow would prove little.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub epochs: u64,
    pub joins: u64,
    pub removals: u64,
    pub proposals: u64,
    pub lost_commits: u64,
    pub opened: u64,
    pub refused: u64,
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            epochs: self.epochs + other.epochs,
            joins: self.joins + other.joins,
            removals: self.removals + other.removals,
            proposals: self.proposals + other.proposals,
            lost_commits: self.lost_commits + other.lost_commits,
            opened: self.opened + other.opened,
            refused: self.refused + other.refused,
        }
    }
}

impl World {
    /// Seat 0 has a group of its own; the others are there to be added.
    pub fn new(suite: Suite, seats: usize) -> Self {
        let mut seats: Vec<_> = (0..seats).map(Seat::new).collect();
        seats[0].member = Some(seats[0].person.client.create_group(GROUP, suite, NOW).unwrap());
        Self { suite, seats, relay: Relay::default(), tally: Tally::default() }
    }

    /// The same with everybody in the group.
    pub fn gathered(suite: Suite, seats: usize) -> Self {
        let mut world = Self::new(suite, seats);
        let everybody: Vec<_> = (1..seats).collect();
        world.commit(0, &everybody, |member, key_packages| member.add_members(key_packages, NOW));
        for seat in 0..seats {
            world.follow(seat);
        }
        world
    }

    pub fn play(&mut self, (who, step): Move) {
        let who = self.engaged(who);
        if self.seats[who].member.is_none() {
            self.follow(who);
            return;
        }
        match step {
            Step::Follow(count) => {
                let _ = (0..=count % 8).all(|_| self.follow(who));
            }
            Step::Hear(which) => self.hear_some(who, which),
            // Now and then so many at once that the window for late ones matters.
            Step::Send(length) => drop((0..=length / 240 * 17).map(|_| self.send(who, length)).last()),
            Step::SelfUpdate => drop(self.commit(who, &[], |member, _| member.self_update())),
            Step::MixIn => drop(self.commit(who, &[], |member, none| member.commit_psks(&[PSK], none, NOW))),
            Step::Add(whom) => self.add(who, whom),
            Step::Remove(whom) => self.remove(who, whom),
            Step::ProposeUpdate => self.propose(who, GroupMember::propose_update),
            Step::CommitPending => self.commit_pending(who),
            Step::Leave => self.leave(who),
            Step::Clear => self.clear(who),
            Step::Restart => self.seats[who].restart(),
            Step::Tamper(bit) => self.tamper(who, bit),
        }
    }

    /// One of the seats that have come in, or could.
    fn engaged(&self, which: usize) -> usize {
        let engaged = |seat: &&Seat| seat.member.is_some() || self.relay.has_invited(seat.number);
        let seats: Vec<_> = self.seats.iter().filter(engaged).collect();
        seats[which % seats.len()].number
    }

    // --- Messages

    /// Sends a message, if nothing forbids it; gives its number.
    pub fn send(&mut self, who: usize, length: usize) -> Option<usize> {
        let seat = &mut self.seats[who];
        let member = seat.member.as_ref().unwrap();
        let expected = match seat.obstacle() {
            Some(CoreError::RemovedFromGroup) => Some(CoreError::RemovedFromGroup),
            _ => member.has_pending_proposals().then_some(CoreError::PendingProposals),
        };
        let text = format!("{} says {}{}", who, self.relay.said.len(), "x".repeat(length)).into_bytes();
        match (seat.call(|member| member.encrypt(&text, NOW)), expected) {
            (Ok(bytes), None) => {
                let (epoch, generation) = (seat.epoch(), seat.sent());
                self.relay.said.push(Said { by: who, epoch, generation, bytes, text });
                seat.person.save();
                Some(self.relay.said.len() - 1)
            }
            (outcome, expected) => {
                assert_eq!(outcome.err(), expected);
                None
            }
        }
    }

    fn hear_some(&mut self, who: usize, which: usize) {
        let count = self.relay.said.len();
        if count > 0 {
            // Mostly what is fresh; the rest is tried when everything settles.
            self.hear(who, count - 1 - which % count.min(16));
        }
    }

    /// Opens a message, exactly if it must open.
    pub fn hear(&mut self, who: usize, which: usize) {
        let (seat, said) = (&mut self.seats[who], &self.relay.said[which]);
        let expected = seat.expected(said);
        match process(seat, &said.bytes) {
            Ok(Received::Application { sender, epoch, plaintext }) => {
                assert_eq!((sender.identity.handle, epoch), (format!("seat{}", said.by), said.epoch));
                assert_eq!((plaintext == said.text, expected), (true, Ok(())));
                seat.opened(said);
                self.tally.opened += 1;
            }
            outcome => {
                let refusal = expected.expect_err("a message that must open does not");
                assert_eq!(outcome, Err(refusal));
                self.tally.refused += 1;
            }
        }
        seat.person.save();
    }

    fn tamper(&mut self, who: usize, bit: usize) {
        let handshakes = self.relay.log.iter().map(|entry| &entry.bytes);
        let all: Vec<_> = handshakes.chain(self.relay.said.iter().map(|said| &said.bytes)).collect();
        let Some(bytes) = all.get(bit % all.len().max(1)) else { return };
        let mut changed = (*bytes).clone();
        let at = (bit * 31) % changed.len();
        changed[at] ^= 1 << (bit % 8);
        let outcome = self.seats[who].call(|member| member.process(&changed, NOW));
        assert!(outcome.is_err(), "byte {at} changed, and yet: {outcome:?}");
    }

    /// Everybody reads everything, and everything twice.
    pub fn settle(&mut self) {
        for who in 0..self.seats.len() {
            while self.follow(who) {}
            for which in (0..self.relay.said.len()).rev().chain(0..self.relay.said.len()) {
                if self.seats[who].member.is_some() {
                    self.hear(who, which);
                }
            }
            let seat = &mut self.seats[who];
            if seat.is_active() {
                assert_eq!((seat.epoch(), seat.obstacle()), (self.relay.epoch, None));
                seat.restart();
            }
        }
    }
}

/// Processes at the live member and at one opened from its records: they see the same.
fn process(seat: &mut Seat, bytes: &[u8]) -> Result<Received, CoreError> {
    let (_, mut twin) = seat.twin();
    let received = seat.call(|member| member.process(bytes, NOW));
    assert_eq!(twin.process(bytes, NOW), received, "a reopened store behaves differently");
    received
}
