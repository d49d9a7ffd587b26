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

impl UpdateDue {
    /// What these times say now.
    pub(crate) fn at(due_at_ms: Option<u64>, must_at_ms: Option<u64>, now_ms: u64) -> Self {
        let is_over = |time: Option<u64>| time.is_some_and(|time| time <= now_ms);
        match (is_over(must_at_ms), is_over(due_at_ms)) {
            (true, _) => Self::Must,
            (false, true) => Self::Due,
            (false, false) => Self::No,
        }
    }
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

    /// When the first of the proposals that wait came.
    pub(crate) fn proposed_at_ms(&self) -> Option<u64> {
        self.proposed_at_ms
    }

    /// When the current epoch began.
    pub(crate) fn epoch_began_at_ms(&self) -> u64 {
        self.epoch_began_at_ms
    }

    /// Counts one application message, sent or received.
    pub(crate) fn count_message(&mut self, now_ms: u64) {
        self.messages = self.messages.saturating_add(1);
        self.first_message_at_ms.get_or_insert(now_ms);
    }

    /// When an update falls due by `policy`. A clock that runs backwards delays what time alone makes due, it never undoes
    /// anything: so many messages are due at once, as of time 0.
    pub(crate) fn due_at_ms(&self, policy: &UpdatePolicy) -> Option<u64> {
        if self.messages >= policy.after_messages {
            return Some(0);
        }
        let by_time = self.first_message_at_ms.and_then(|first| first.checked_add(policy.after_ms));
        by_time.into_iter().chain(self.must_at_ms(policy)).min()
    }

    /// From when nothing more is sent before an update, by `policy`.
    pub(crate) fn must_at_ms(&self, policy: &UpdatePolicy) -> Option<u64> {
        self.healed_at_ms.checked_add(policy.hard_stop_ms)
    }

    /// What `policy` makes of it.
    pub(crate) fn due(&self, policy: &UpdatePolicy, now_ms: u64) -> UpdateDue {
        UpdateDue::at(self.due_at_ms(policy), self.must_at_ms(policy), now_ms)
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

    /// The policy as a verdict on durations, to compare the times with.
    fn verdict(activity: &Activity, policy: &UpdatePolicy, now_ms: u64) -> UpdateDue {
        let since = |time: u64| now_ms.saturating_sub(time);
        if since(activity.healed_at_ms) >= policy.hard_stop_ms {
            UpdateDue::Must
        } else if activity.messages >= policy.after_messages
            || activity.first_message_at_ms.is_some_and(|first| since(first) >= policy.after_ms)
        {
            UpdateDue::Due
        } else {
            UpdateDue::No
        }
    }

    #[test]
    fn times_say_what_the_verdict_says() {
        for messages in 0..4 {
            for (healed_at_ms, heard_at_ms) in [(0, 0), (10, 20), (10, 5), (500, 2_000), (u64::MAX, 1)] {
                let mut activity = Activity::since(healed_at_ms);
                (0..messages).for_each(|_| activity.count_message(heard_at_ms));
                let times = [activity.due_at_ms(&POLICY), activity.must_at_ms(&POLICY)].into_iter().flatten();
                let around = times.flat_map(|time| [time.saturating_sub(1), time, time.saturating_add(1)]);
                for now_ms in around.chain([0, 7, u64::MAX - 1]) {
                    let expected = verdict(&activity, &POLICY, now_ms);
                    assert_eq!(activity.due(&POLICY, now_ms), expected, "{activity:?} at {now_ms}");
                }
            }
        }
    }
}
