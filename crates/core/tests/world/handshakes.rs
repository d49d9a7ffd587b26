//! Commits, proposals and invitations, out and in.

use quicprochat_core::{CommitBundle, CoreError, GroupMember, Received};

use super::{
    NOW, World,
    api::{invitations, join},
    process,
    seat::Seat,
};

impl World {
    // --- Out

    /// Makes a commit and submits it. A member whose commit the relay refuses keeps it until the winner arrives. Says
    /// whether the relay took it.
    pub fn commit(
        &mut self,
        who: usize,
        added: &[usize],
        make: impl FnOnce(&mut GroupMember, &[Vec<u8>]) -> Result<CommitBundle, CoreError>,
    ) -> bool {
        let key_packages: Vec<_> = added.iter().map(|&seat| self.key_package(seat)).collect();
        let seat = &mut self.seats[who];
        let expected = seat.obstacle().or(seat.is_leaving().then_some(CoreError::CannotRemoveSelf));
        let bundle = match (seat.call(|member| make(member, &key_packages)), expected) {
            (Ok(bundle), None) => bundle,
            (outcome, expected) => {
                assert_eq!(outcome.err(), expected);
                return false;
            }
        };
        seat.person.save();
        let is_taken = self.relay.post(who, bundle.epoch, bundle.commit.clone(), true);
        if is_taken {
            self.relay.invite(added.iter().copied().zip(invitations(&bundle, added.len())));
        }
        self.tally.epochs += u64::from(is_taken);
        self.tally.lost_commits += u64::from(!is_taken);
        is_taken
    }

    fn key_package(&mut self, seat: usize) -> Vec<u8> {
        let key_package = self.seats[seat].person.key_package(self.suite);
        self.seats[seat].person.save();
        key_package
    }

    /// Adds one or two seats that the member does not see in the group.
    pub(super) fn add(&mut self, who: usize, whom: usize) {
        let seen: Vec<_> = self.leaves(who).into_iter().map(|(_, seat)| seat).collect();
        let absent: Vec<_> = (0..self.seats.len()).filter(|seat| !seen.contains(seat)).collect();
        let count = (1 + whom / 128).min(absent.len());
        let added: Vec<_> = (0..count).map(|offset| absent[(whom + offset) % absent.len()]).collect();
        if !added.is_empty() {
            self.commit(who, &added, |member, key_packages| member.add_members(key_packages, NOW));
        }
    }

    pub(super) fn remove(&mut self, who: usize, whom: usize) {
        let others: Vec<_> = self.leaves(who).into_iter().filter(|&(_, seat)| seat != who).collect();
        if let Some(&(leaf, _)) = others.get(whom % others.len().max(1)) {
            self.commit(who, &[], |member, _| member.remove_members(&[leaf]));
        }
    }

    /// The members that a member sees: leaf and seat.
    pub fn leaves(&self, who: usize) -> Vec<(u32, usize)> {
        let members = self.seats[who].member.as_ref().unwrap().members().unwrap();
        let seat_of = |handle: &str| handle.strip_prefix("seat").unwrap().parse().unwrap();
        members.iter().map(|member| (member.leaf_index, seat_of(&member.identity.handle))).collect()
    }

    pub(super) fn commit_pending(&mut self, who: usize) {
        if self.seats[who].member.as_ref().unwrap().has_pending_proposals() {
            self.commit(who, &[], |member, _| member.commit_pending_proposals());
        } else {
            let expected = self.seats[who].obstacle().unwrap_or(CoreError::NoPendingProposals);
            assert_eq!(self.seats[who].call(GroupMember::commit_pending_proposals), Err(expected));
        }
    }

    pub(super) fn propose(&mut self, who: usize, make: fn(&mut GroupMember) -> Result<Vec<u8>, CoreError>) {
        let seat = &mut self.seats[who];
        let (expected, epoch) = (seat.obstacle(), seat.epoch());
        match (seat.call(make), expected) {
            (Ok(proposal), None) => drop(self.relay.post(who, epoch, proposal, false)),
            (outcome, expected) => assert_eq!(outcome.err(), expected),
        }
    }

    pub(super) fn leave(&mut self, who: usize) {
        let can_leave = self.seats[who].obstacle().is_none();
        self.propose(who, GroupMember::leave);
        if can_leave {
            self.seats[who].leaving = Some(self.seats[who].epoch());
        }
    }

    /// A commit that the relay has taken is not given up: nobody could bring its author into the next epoch.
    pub(super) fn clear(&mut self, who: usize) {
        let seat = &mut self.seats[who];
        let expected = match seat.obstacle() {
            Some(CoreError::PendingCommitExists) => Ok(()),
            obstacle => Err(obstacle.unwrap_or(CoreError::NoPendingCommit)),
        };
        let is_taken = self.relay.log[seat.cursor..].iter().any(|entry| entry.by == who && entry.is_commit);
        if !is_taken {
            assert_eq!(seat.call(GroupMember::clear_pending_commit), expected);
        }
    }

    // --- In

    /// Reads the next handshake, or comes in by the next invitation. Says whether there was one.
    pub fn follow(&mut self, who: usize) -> bool {
        let seat = &mut self.seats[who];
        if !seat.is_active() {
            return self.enter(who);
        }
        let Some(entry) = self.relay.log.get(seat.cursor) else { return false };
        seat.cursor += 1;
        let received = process(seat, &entry.bytes);
        match (entry.by == who, entry.is_commit) {
            (true, true) => {
                assert_eq!(received, Ok(Received::OwnCommit { epoch: seat.epoch() }));
                seat.call(|member| member.merge_pending_commit(NOW)).unwrap();
            }
            (true, false) => assert_eq!(received, Err(CoreError::OwnMessage)),
            (false, true) => merge(seat, &entry.bytes, received),
            (false, false) => {
                assert!(matches!(received, Ok(Received::Proposal { .. })), "{received:?}");
                self.tally.proposals += 1;
            }
        }
        self.tally.removals += u64::from(!seat.is_active());
        self.arrived(who);
        true
    }

    fn enter(&mut self, who: usize) -> bool {
        let Some((cursor, epoch, invitation)) = self.relay.take_invitation(who) else { return false };
        let seat = &mut self.seats[who];
        seat.member = Some(join(&seat.person.client, &invitation, NOW).unwrap());
        (seat.cursor, seat.joined_epoch) = (cursor, epoch);
        // The key package is used up.
        seat.person.save();
        assert!(join(&seat.person.client, &invitation, NOW).is_err());
        assert_eq!(seat.person.client.take_writes(), []);
        self.tally.joins += 1;
        self.arrived(who);
        true
    }

    fn arrived(&mut self, who: usize) {
        let member = self.seats[who].member.as_ref().unwrap();
        if member.is_active() {
            self.relay.agree(member);
        }
        self.seats[who].person.save();
    }
}

/// A received commit is staged, dropped, staged again and merged.
fn merge(seat: &mut Seat, bytes: &[u8], received: Result<Received, CoreError>) {
    assert!(matches!(received, Ok(Received::Commit { .. })), "{received:?}");
    assert_eq!(seat.call(|member| member.process(bytes, NOW)), Err(CoreError::StagedCommitExists));
    seat.call(GroupMember::discard_staged_commit).unwrap();
    assert_eq!(seat.person.client.take_writes(), []);
    assert_eq!(seat.call(|member| member.process(bytes, NOW)), received);
    seat.call(|member| member.merge_staged_commit(NOW)).unwrap();
}
