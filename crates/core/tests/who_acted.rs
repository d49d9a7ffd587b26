//! Who a commit's effects go back to: those who proposed them, whoever commits them; and who invited whom.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;
mod scene;
mod thief;

use people::{Person, SUITE, deliver, group_of};
use quicprochat_core::{CommitEffect, GroupMember, Received, Removal};
use scene::{BOB, Scene, TRUDY};

/// Who goes, and by whom.
fn named(removed: &[Removal]) -> Vec<(&str, &str)> {
    removed.iter().map(|Removal { member, by }| (&*member.identity.handle, &*by.identity.handle)).collect()
}

fn removed_by(member: &mut GroupMember, commit: &[u8]) -> Vec<Removal> {
    let Ok(Received::Commit { removed, .. }) = member.process(commit, 1) else { panic!("not a commit") };
    member.merge_staged_commit(1).unwrap();
    removed
}

#[test]
fn a_member_who_leaves_is_removed_by_itself_whoever_commits_it() {
    let (mut alice, mut bob, mut carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let members = group_of(&mut [&mut alice, &mut bob, &mut carol], SUITE);
    let [mut at_alice, mut at_bob, mut at_carol] = <[_; 3]>::try_from(members).unwrap();
    let leave = at_bob.leave().unwrap();
    at_alice.process(&leave, 1).unwrap();
    at_carol.process(&leave, 1).unwrap();
    let bundle = at_carol.commit_pending_proposals().unwrap();
    assert_eq!(named(&removed_by(&mut at_alice, &bundle.commit)), [("bob", "bob")]);
    assert_eq!(named(&removed_by(&mut at_bob, &bundle.commit)), [("bob", "bob")]);
    let CommitEffect { added, removed } = at_carol.merge_pending_commit(1).unwrap();
    assert_eq!((added.as_slice(), named(&removed)), ([].as_slice(), vec![("bob", "bob")]));
}

#[test]
fn a_member_is_removed_by_the_one_who_proposed_it() {
    let mut scene = Scene::new();
    // Trudy proposes that Bob go. Alice commits that, and removes Trudy of her own accord.
    let proposal = scene.trudy.propose_removing(BOB);
    scene.at_alice.process(&proposal, 1).unwrap();
    scene.at_bob.process(&proposal, 1).unwrap();
    let bundle = scene.at_alice.remove_members(&[TRUDY]).unwrap();
    let expected = [("bob", "trudy"), ("trudy", "alice")];
    assert_eq!(named(&removed_by(&mut scene.at_bob, &bundle.commit)), expected);
    let effect = scene.at_alice.merge_pending_commit(1).unwrap();
    assert_eq!(named(&effect.removed), expected);
}

#[test]
fn the_committer_hears_whom_its_commit_has_added() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut at_alice = alice.client.create_group(people::GROUP, SUITE, 0).unwrap();
    at_alice.add_members(&[bob.key_package(SUITE)], 0).unwrap();
    let CommitEffect { added, removed } = at_alice.merge_pending_commit(0).unwrap();
    assert_eq!((&*added[0].identity.handle, added[0].leaf_index, removed), ("bob", 1, vec![]));
}

#[test]
fn a_member_knows_who_invited_it_also_after_a_restart() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let mut carol = Person::new("carol");
    let bundle = at_bob.add_members(&[carol.key_package(SUITE)], 1).unwrap();
    deliver(&bundle, &mut at_bob, &mut [&mut at_alice]);
    let at_carol = carol.join(&bundle.welcome.unwrap(), 0).unwrap();
    assert_eq!(at_alice.inviter(), Ok(None), "she made the group");
    assert_eq!(at_bob.inviter(), Ok(Some(alice.client.identity())));
    assert_eq!(at_carol.inviter(), Ok(Some(bob.client.identity())));
    drop(at_carol);
    assert_eq!(carol.copy().group().inviter(), Ok(Some(bob.client.identity())));
}
