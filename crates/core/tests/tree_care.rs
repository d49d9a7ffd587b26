//! A group that one commit built brings its tree from bare to full: one member's update after the other, and each
//! commit smaller than the bare one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod people;

use people::{Person, SUITE, assert_agreed, group_of};
use quicprochat_core::{GroupMember, Received, UpdateDue};

const MEMBERS: usize = 32;
const TURN_MS: u64 = 10_000;

/// Members of a group of this size after one bulk add.
fn bare_group(people: &mut [Person]) -> Vec<GroupMember> {
    group_of(&mut people.iter_mut().collect::<Vec<_>>(), SUITE)
}

fn crowd(count: usize) -> Vec<Person> {
    (0..count).map(|index| Person::new(&format!("member-{index}"))).collect()
}

fn due(members: &[GroupMember], now_ms: u64) -> Vec<usize> {
    let is_due = |&index: &usize| members[index].update_due(now_ms) != UpdateDue::No;
    (0..members.len()).filter(is_due).collect()
}

/// One member updates, all others follow; gives the commit's size.
fn update(members: &mut [GroupMember], committer: usize, now_ms: u64) -> usize {
    let bundle = members[committer].self_update().unwrap();
    for (index, member) in members.iter_mut().enumerate() {
        if index == committer {
            member.merge_pending_commit(now_ms).unwrap();
        } else {
            assert!(matches!(member.process(&bundle.commit, now_ms), Ok(Received::Commit { .. })));
            member.merge_staged_commit(now_ms).unwrap();
        }
    }
    bundle.commit.len()
}

#[test]
fn a_bare_tree_becomes_full_by_one_update_at_a_time() {
    let mut people = crowd(MEMBERS);
    let mut members = bare_group(&mut people);
    let (mut now_ms, mut sizes) = (0, Vec::new());
    assert_eq!(due(&members, now_ms + TURN_MS - 1), Vec::<usize>::new());
    loop {
        now_ms += TURN_MS;
        let [committer] = due(&members, now_ms)[..] else { break };
        sizes.push(update(&mut members, committer, now_ms));
    }
    assert_eq!(due(&members, now_ms + 1_000 * TURN_MS), Vec::<usize>::new(), "nothing is left to mend");
    assert_agreed(&members.iter().collect::<Vec<_>>());
    assert!(sizes.len() <= MEMBERS / 2 + 4, "{} commits", sizes.len());
    // 31 seals in a bare tree of 32, 5 in a full one; a seal is 82 bytes (32 + 48 and two lengths) in this suite.
    let full = update(&mut members, 3, now_ms);
    assert!(sizes[0] > full + 10 * 82, "{} at first, {full} in the end", sizes[0]);
    assert!(sizes.last().unwrap() <= &(full + 82), "{sizes:?}");
}

#[test]
fn those_who_are_away_are_passed_over() {
    let mut people = crowd(MEMBERS);
    let mut members = bare_group(&mut people);
    let first = due(&members, TURN_MS);
    assert_eq!(first.len(), 1);
    let second = due(&members, 2 * TURN_MS);
    assert_eq!(second.len(), 2);
    let next = second.into_iter().find(|index| !first.contains(index)).unwrap();
    update(&mut members, next, 2 * TURN_MS);
    assert_eq!(due(&members, 2 * TURN_MS), Vec::<usize>::new(), "a new epoch, a new order");
}

#[test]
fn small_groups_are_left_alone() {
    let mut people = crowd(15);
    let members = bare_group(&mut people);
    assert_eq!(due(&members, 1_000 * TURN_MS), Vec::<usize>::new());
}

#[test]
fn a_removal_is_mended_too() {
    let mut people = crowd(MEMBERS);
    let mut members = bare_group(&mut people);
    let mut now_ms = 0;
    loop {
        now_ms += TURN_MS;
        let [committer] = due(&members, now_ms)[..] else { break };
        update(&mut members, committer, now_ms);
    }
    // The removed leaf's path is blank; the remover's own is whole again.
    let bundle = members[0].remove_members(&[20]).unwrap();
    members.remove(20);
    members[0].merge_pending_commit(now_ms).unwrap();
    for member in &mut members[1..] {
        member.process(&bundle.commit, now_ms).unwrap();
        member.merge_staged_commit(now_ms).unwrap();
    }
    let [committer] = due(&members, now_ms + TURN_MS)[..] else { panic!("nobody mends the hole") };
    assert!((16..31).contains(&committer), "{committer} is on the other side");
}

/// Who would commit the proposals that wait.
fn committers(members: &[GroupMember], now_ms: u64) -> Vec<usize> {
    (0..members.len()).filter(|&index| members[index].commit_due(now_ms)).collect()
}

#[test]
fn one_member_at_a_time_commits_what_another_has_proposed() {
    for count in [3, 20] {
        let mut people = crowd(count);
        let mut members = bare_group(&mut people);
        assert_eq!(committers(&members, 1_000), Vec::<usize>::new());
        let leaver = 1;
        let proposal = members[leaver].leave().unwrap();
        for (index, member) in members.iter_mut().enumerate().filter(|(index, _)| *index != leaver) {
            assert!(matches!(member.process(&proposal, 1_000), Ok(Received::Proposal { .. })), "{index}");
        }
        let [first] = committers(&members, 1_000)[..] else { panic!("not one") };
        assert_ne!(first, leaver);
        // It seems to be away: the next one, and in the end everybody but the leaver.
        assert_eq!(committers(&members, 1_000 + TURN_MS - 1), [first]);
        assert_eq!(committers(&members, 1_000 + TURN_MS).len(), 2);
        assert_eq!(committers(&members, 1_000 + 2 * TURN_MS).len(), (count - 1).min(4));
        assert_eq!(committers(&members, 1_000 + 5 * TURN_MS).len(), count - 1);
        // A restart forgets nothing of it.
        people[first].save();
        assert!(people[first].copy().group().commit_due(1_000));
        let bundle = members[first].commit_pending_proposals().unwrap();
        members[first].merge_pending_commit(2_000).unwrap();
        assert!(!members[first].commit_due(2_000 + 100 * TURN_MS));
        let other = (0..count).find(|index| ![first, leaver].contains(index)).unwrap();
        members[other].process(&bundle.commit, 2_000).unwrap();
        members[other].merge_staged_commit(2_000).unwrap();
        assert!(!members[other].commit_due(2_000 + 100 * TURN_MS));
    }
}
