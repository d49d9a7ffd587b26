//! When this device has to do something in a group, as times: an application that waits for them need not ask again
//! whether time alone has made something due.

use super::{GroupMember, tree_care};
use crate::policy::UpdateDue;

/// When something falls due, in milliseconds since 1970. None: not by time alone. 0: it is due already, whatever the
/// clock says. A time that is over stays over until the group changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupTimes {
    /// When an update falls due: by messages, by time, or because it is this member's turn to mend a bare tree.
    pub update_due_at_ms: Option<u64>,
    /// From when nothing more is sent before an update.
    pub update_must_at_ms: Option<u64>,
    /// When it is this member's turn to commit the proposals that wait.
    pub commit_due_at_ms: Option<u64>,
}

impl GroupMember {
    /// When this device has to do something here, as long as nothing else happens to the group.
    pub fn times(&self) -> GroupTimes {
        GroupTimes { commit_due_at_ms: self.commit_due_at_ms(), ..self.update_times() }
    }

    /// What the update policy says now: by messages and time, and by the member's turn to mend a bare tree.
    pub fn update_due(&self, now_ms: u64) -> UpdateDue {
        let GroupTimes { update_due_at_ms, update_must_at_ms, .. } = self.update_times();
        UpdateDue::at(update_due_at_ms, update_must_at_ms, now_ms)
    }

    /// Whether it is this member's turn to commit the proposals that wait. The one whose commit mends most of the tree is
    /// first, at once; others follow after a while, so that nobody waits for those who are away and not all commit at
    /// once. Own proposals are for the others.
    pub fn commit_due(&self, now_ms: u64) -> bool {
        self.commit_due_at_ms().is_some_and(|due_at_ms| due_at_ms <= now_ms)
    }

    fn update_times(&self) -> GroupTimes {
        // Nothing that this device commits would reach anyone.
        if self.check_not_stuck().is_err() {
            return GroupTimes::default();
        }
        let policy = self.shared.policy.get();
        let due = [self.activity.due_at_ms(&policy), self.mending_due_at_ms()];
        GroupTimes {
            update_due_at_ms: due.into_iter().flatten().min(),
            update_must_at_ms: self.activity.must_at_ms(&policy),
            commit_due_at_ms: None,
        }
    }

    fn commit_due_at_ms(&self) -> Option<u64> {
        let proposed_at_ms = self.activity.proposed_at_ms()?;
        if !self.is_active() || self.check_may_send().is_err() {
            return None;
        }
        let leaving = self.leaving();
        let turn = tree_care::committer_turn_of(self.group.treesync(), self.epoch(), self.own_leaf_index(), &leaving)?;
        match turn {
            0 => Some(0),
            turn => proposed_at_ms.checked_add(turn * tree_care::TURN_MS),
        }
    }

    /// When it is this member's turn to mend a bare tree.
    fn mending_due_at_ms(&self) -> Option<u64> {
        let epoch = self.epoch();
        if self.mending_turn.get().is_none_or(|(of_epoch, _)| of_epoch != epoch) {
            let turn = tree_care::turn_of(self.group.treesync(), epoch, self.own_leaf_index());
            self.mending_turn.set(Some((epoch, turn.filter(|_| self.is_active()))));
        }
        let (_, turn) = self.mending_turn.get()?;
        self.activity.epoch_began_at_ms().checked_add(turn? * tree_care::TURN_MS)
    }
}
