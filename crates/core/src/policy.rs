//! When a member must renew its keys: the window in which a stolen state stays useful is bounded by these numbers.

use serde::{Deserialize, Serialize};

/// When an update falls due, and when sending stops until it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatePolicy {
    /// Messages sent and received since the own leaf last changed.
    pub after_messages: u32,
    /// Time since the first of those messages: an idle group has nothing to heal for.
    pub after_ms: u64,
    /// Time since the own leaf last changed, after which nothing more is sent before an update.
    pub hard_stop_ms: u64,
}

impl Default for UpdatePolicy {
    /// 100 messages, 1 hour of activity, hard stop after 7 days.
    fn default() -> Self {
        Self { after_messages: 100, after_ms: 60 * 60 * 1_000, hard_stop_ms: 7 * 24 * 60 * 60 * 1_000 }
    }
}

/// What the policy says now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateDue {
    /// Nothing to do.
    No,
    /// Commit a `self_update` soon.
    Due,
    /// Commit a `self_update` before anything else is sent.
    Must,
}

/// What happened in a group since the own leaf last changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Activity {
    healed_at_ms: u64,
    messages: u32,
    first_message_at_ms: Option<u64>,
    epoch_began_at_ms: u64,
    /// When the first of the proposals that wait for a commit came.
    proposed_at_ms: Option<u64>,
}

impl Activity {
    /// Nothing yet since the leaf changed at `now_ms`.
    pub(crate) fn since(now_ms: u64) -> Self {
        Self { healed_at_ms: now_ms, epoch_began_at_ms: now_ms, ..Self::default() }
    }

    /// Notes that a new epoch has begun, by somebody else's commit.
    pub(crate) fn begin_epoch(&mut self, now_ms: u64) {
        self.epoch_began_at_ms = now_ms;
        self.proposed_at_ms = None;
    }

    /// Notes that a proposal came.
    pub(crate) fn note_proposal(&mut self, now_ms: u64) {
        self.proposed_at_ms.get_or_insert(now_ms);
    }

    /// How long proposals have waited.
    pub(crate) fn proposals_age_ms(&self, now_ms: u64) -> Option<u64> {
        self.proposed_at_ms.map(|first| now_ms.saturating_sub(first))
    }

    /// How long the current epoch has lasted.
    pub(crate) fn epoch_age_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.epoch_began_at_ms)
    }

    /// Counts one application message, sent or received.
    pub(crate) fn count_message(&mut self, now_ms: u64) {
        self.messages = self.messages.saturating_add(1);
        self.first_message_at_ms.get_or_insert(now_ms);
    }

    /// What `policy` makes of it. A clock that runs backwards delays, it never undoes.
    pub(crate) fn due(&self, policy: &UpdatePolicy, now_ms: u64) -> UpdateDue {
        let active_ms = self.first_message_at_ms.map_or(0, |first| now_ms.saturating_sub(first));
        if now_ms.saturating_sub(self.healed_at_ms) >= policy.hard_stop_ms {
            UpdateDue::Must
        } else if self.messages >= policy.after_messages
            || (self.first_message_at_ms.is_some() && active_ms >= policy.after_ms)
        {
            UpdateDue::Due
        } else {
            UpdateDue::No
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: UpdatePolicy = UpdatePolicy { after_messages: 3, after_ms: 100, hard_stop_ms: 1_000 };

    #[test]
    fn messages_make_it_due() {
        let mut activity = Activity::since(0);
        for _ in 0..2 {
            activity.count_message(1);
        }
        assert_eq!(activity.due(&POLICY, 1), UpdateDue::No);
        activity.count_message(1);
        assert_eq!(activity.due(&POLICY, 1), UpdateDue::Due);
    }

    #[test]
    fn time_counts_from_the_first_message() {
        let mut activity = Activity::since(0);
        assert_eq!(activity.due(&POLICY, 999), UpdateDue::No);
        activity.count_message(500);
        assert_eq!(activity.due(&POLICY, 599), UpdateDue::No);
        assert_eq!(activity.due(&POLICY, 600), UpdateDue::Due);
    }

    #[test]
    fn the_hard_stop_counts_from_the_last_update_even_when_idle() {
        assert_eq!(Activity::since(10).due(&POLICY, 1_009), UpdateDue::No);
        assert_eq!(Activity::since(10).due(&POLICY, 1_010), UpdateDue::Must);
        assert_eq!(Activity::since(10).due(&POLICY, 0), UpdateDue::No);
    }
}
