//! Alice, Bob and Carol.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod people;

use people::{GROUP, Person, SUITE, assert_agreed, deliver, group_of, hear, say};
use quicprochat_core::{CoreError, GroupId, ProposalKind, Received, Suite, UpdateDue, UpdatePolicy, safety_number};

#[test]
fn three_people_talk_in_every_suite() {
    for suite in Suite::ALL {
        let (mut alice, mut bob, mut carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
        let members = group_of(&mut [&mut alice, &mut bob, &mut carol], suite);
        let [mut at_alice, mut at_bob, mut at_carol] = <[_; 3]>::try_from(members).unwrap();
        assert_eq!(at_alice.suite(), Ok(suite));
        assert_agreed(&[&at_alice, &at_bob, &at_carol]);
        assert_eq!(say(&mut at_alice, &mut at_bob, "hello"), "hello");
        assert_eq!(say(&mut at_carol, &mut at_alice, ""), "");
        let long = "x".repeat(65_536);
        assert_eq!(say(&mut at_bob, &mut at_carol, &long), long);
        assert!(matches!(at_bob.encrypt(&[0; 65_537], 1), Err(CoreError::BadInput(_))));
    }
}

/// The hybrids are told apart by their hash alone, and a blank leaf is the same input to both.
#[test]
fn groups_of_different_hashes_do_not_disturb_each_other_in_one_client() {
    let suites = [Suite::X25519MlKem768Aes128, Suite::X25519MlKem768Aes256];
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    drop(group_of(&mut [&mut alice, &mut bob, &mut Person::new("carol")], suites[0]));
    let mut at_alice = alice.client.create_group(GroupId([8; 16]), suites[1], 0).unwrap();
    let (mut dave, carol) = (Person::new("dave"), Person::new("carol"));
    let added = at_alice.add_members(&[dave.key_package(suites[1]), carol.key_package(suites[1])], 0).unwrap();
    at_alice.merge_pending_commit(0).unwrap();
    let mut at_dave = dave.join(added.welcome.as_ref().unwrap(), 0).unwrap();
    assert_eq!(at_alice.epoch_authenticator().len(), 48);
    let update = at_alice.self_update().unwrap();
    deliver(&update, &mut at_alice, &mut [&mut at_dave]);
    assert_agreed(&[&at_alice, &at_dave]);
    dave.save();
}

/// The hybrids differ by a longer hash in each derived secret and reference. docs/src/concepts/post-quantum.md.
#[test]
fn what_each_suite_weighs() {
    let weighed = Suite::ALL.map(|suite| {
        let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
        let key_package = bob.key_package(suite).len();
        let mut at_alice = group_of(&mut [&mut alice, &mut bob], suite).remove(0);
        let update = at_alice.self_update().unwrap().commit.len();
        at_alice.clear_pending_commit().unwrap();
        let carol = Person::new("carol").key_package(suite);
        let joiner = at_alice.add_members(&[carol], 0).unwrap().welcome.unwrap().joiners[0].len();
        at_alice.clear_pending_commit().unwrap();
        (key_package, update, joiner, at_alice.encrypt(&[0; 200], 1).unwrap().len())
    });
    let x25519 = (502, 711, 152, 402);
    assert_eq!(weighed, [x25519, x25519, (2_872, 4_219, 1_289, 402), (2_872, 4_170, 1_241, 402)]);
}

#[test]
fn members_are_who_they_say() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let seen = members[0].members().unwrap();
    assert_eq!([&seen[0].identity, &seen[1].identity], [&alice.client.identity(), &bob.client.identity()]);
    assert_eq!([seen[0].own, seen[1].own], [true, false]);
    assert_ne!(seen[1].signature_key, bob.client.identity().device_key, "a leaf has a key of its own");
    let inspected = alice.client.inspect_key_package(&bob.key_package(SUITE), SUITE, 0);
    assert_eq!(inspected, Ok(bob.client.identity()));
}

#[test]
fn messages_of_one_length_class_look_alike() {
    let mut alice = Person::new("alice");
    let mut at_alice = group_of(&mut [&mut alice], SUITE).remove(0);
    let mut length = |text: &str| at_alice.encrypt(text.as_bytes(), 1).unwrap().len();
    assert_eq!(length("a"), length(&"b".repeat(255)));
    assert_ne!(length("a"), length(&"b".repeat(256)));
}

#[test]
fn a_stolen_copy_is_locked_out_by_the_victims_update() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let thief = bob.copy();
    let mut at_thief = thief.group();
    let before = at_alice.encrypt(b"before", 1).unwrap();
    assert_eq!(hear(&mut at_thief, &before), "before", "until the update the copy reads along");
    assert_eq!(hear(&mut at_bob, &before), "before");

    let update = at_bob.self_update().unwrap();
    deliver(&update, &mut at_bob, &mut [&mut at_alice]);
    assert_agreed(&[&at_alice, &at_bob]);
    let after = at_alice.encrypt(b"after", 1).unwrap();
    assert_eq!(at_thief.process(&after, 1), Err(CoreError::EpochAhead));
    // The path is sealed to the other members' keys and to none of the old leaf's.
    assert!(at_thief.process(&update.commit, 1).is_err());
    assert_eq!(at_thief.process(&after, 1), Err(CoreError::EpochAhead));
    assert_eq!(hear(&mut at_bob, &after), "after");

    // What the thief sends with the old keys is of an epoch that is over, and a commit of it comes too late.
    let forged = at_thief.self_update().unwrap();
    assert_eq!(at_alice.process(&forged.commit, 1), Err(CoreError::EpochTooOld));
}

#[test]
fn an_update_rotates_the_signature_key_and_keeps_who_it_is() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let before = at_alice.member(1).unwrap();
    let update = at_bob.self_update().unwrap();
    let next_access_key = update.next_access_key;
    let Ok(Received::Commit { updated, sender, epoch, .. }) = at_alice.process(&update.commit, 50) else { panic!() };
    assert_eq!((&sender.signature_key, updated[0].identity.handle.as_str()), (&before.signature_key, "bob"));
    assert_eq!(epoch, 1);
    at_alice.merge_staged_commit(50).unwrap();
    at_bob.merge_pending_commit(60).unwrap();
    let after = at_alice.member(1).unwrap();
    assert_eq!(after.identity, before.identity);
    assert_ne!(after.signature_key, before.signature_key);
    assert_eq!(after.signature_key, updated[0].signature_key);
    assert_eq!((after.healed_epoch, after.healed_at_ms), (2, 50));
    assert_eq!((at_bob.last_healed_epoch(), at_bob.last_healed_at_ms()), (2, 60));
    assert_eq!((at_alice.last_healed_epoch(), at_alice.last_healed_at_ms()), (1, 0));
    assert_eq!(at_alice.access_key(), Ok(next_access_key));
    assert_eq!(say(&mut at_bob, &mut at_alice, "with the new key"), "with the new key");
}

#[test]
fn a_removed_member_is_locked_out_and_can_come_back() {
    let (mut alice, mut bob, mut carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let members = group_of(&mut [&mut alice, &mut bob, &mut carol], SUITE);
    let [mut at_alice, mut at_bob, mut at_carol] = <[_; 3]>::try_from(members).unwrap();
    let removal = at_alice.remove_members(&[2]).unwrap();
    let Ok(Received::Commit { self_removed, removed, .. }) = at_carol.process(&removal.commit, 1) else { panic!() };
    assert!(self_removed && removed[0].member.own);
    at_carol.merge_staged_commit(1).unwrap();
    deliver(&removal, &mut at_alice, &mut [&mut at_bob]);
    assert_agreed(&[&at_alice, &at_bob]);

    let secret = at_alice.encrypt(b"without carol", 1).unwrap();
    assert!(!at_carol.is_active());
    assert_eq!(at_carol.process(&secret, 1), Err(CoreError::RemovedFromGroup));
    assert_eq!(at_carol.encrypt(b"x", 1), Err(CoreError::RemovedFromGroup));
    assert_eq!(at_carol.self_update(), Err(CoreError::RemovedFromGroup));
    assert_eq!(at_carol.access_key(), Err(CoreError::RemovedFromGroup));

    let again = at_bob.add_members(&[carol.key_package(SUITE)], 1).unwrap();
    deliver(&again, &mut at_bob, &mut [&mut at_alice]);
    let mut at_carol = carol.join(&again.welcome.unwrap(), 0).unwrap();
    assert_agreed(&[&at_alice, &at_bob, &at_carol]);
    assert_eq!(say(&mut at_bob, &mut at_carol, "welcome back"), "welcome back");
    assert_eq!(at_carol.process(&secret, 1), Err(CoreError::EpochTooOld));
}

#[test]
fn of_two_commits_one_wins_and_the_loser_follows() {
    let (mut alice, mut bob, mut carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let members = group_of(&mut [&mut alice, &mut bob, &mut carol], SUITE);
    let [mut at_alice, mut at_bob, mut at_carol] = <[_; 3]>::try_from(members).unwrap();
    let winner = at_alice.self_update().unwrap();
    let loser = at_bob.self_update().unwrap();
    assert_eq!(at_bob.self_update(), Err(CoreError::PendingCommitExists));

    // Carol's way: she had nothing pending. Bob's: he clears, then takes the winner. His commit is void.
    at_bob.clear_pending_commit().unwrap();
    assert_eq!(at_bob.merge_pending_commit(1), Err(CoreError::NoPendingCommit));
    deliver(&winner, &mut at_alice, &mut [&mut at_bob, &mut at_carol]);
    assert_agreed(&[&at_alice, &at_bob, &at_carol]);
    assert_eq!(at_carol.process(&loser.commit, 1), Err(CoreError::EpochTooOld));

    // Or he takes the winner at once: merging it drops his own.
    let winner = at_alice.self_update().unwrap();
    at_bob.self_update().unwrap();
    deliver(&winner, &mut at_alice, &mut [&mut at_bob, &mut at_carol]);
    assert!(!at_bob.has_pending_commit());
    assert_agreed(&[&at_alice, &at_bob, &at_carol]);
    let rebuilt = at_bob.self_update().unwrap();
    deliver(&rebuilt, &mut at_bob, &mut [&mut at_alice, &mut at_carol]);
    assert_eq!(say(&mut at_bob, &mut at_carol, "converged"), "converged");
}

#[test]
fn our_own_messages_come_back_from_the_relay() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let message = at_alice.encrypt(b"x", 1).unwrap();
    assert_eq!(at_alice.process(&message, 1), Err(CoreError::OwnMessage));
    let update = at_alice.self_update().unwrap();
    assert_eq!(at_alice.process(&update.commit, 1), Ok(Received::OwnCommit { epoch: 1 }));
    // A commit that we gave up and that the relay took all the same is not mistaken for the new one.
    at_alice.clear_pending_commit().unwrap();
    let other = at_alice.self_update().unwrap();
    assert_eq!(at_alice.process(&update.commit, 1), Err(CoreError::CannotFollow));
    deliver(&other, &mut at_alice, &mut [&mut at_bob]);
    assert_agreed(&[&at_alice, &at_bob]);
}

#[test]
fn leaving_is_proposed_by_one_and_committed_by_another() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    assert_eq!(at_alice.commit_pending_proposals(), Err(CoreError::NoPendingProposals));
    let leave = at_bob.leave().unwrap();
    assert_eq!(at_bob.self_update(), Err(CoreError::CannotRemoveSelf));
    assert_eq!(at_bob.encrypt(b"x", 1), Err(CoreError::PendingProposals));
    let Ok(Received::Proposal { proposal, removed, .. }) = at_alice.process(&leave, 1) else { panic!() };
    assert_eq!((proposal, removed.unwrap().identity.handle.as_str()), (ProposalKind::Remove, "bob"));
    assert!(at_alice.has_pending_proposals());
    let commit = at_alice.commit_pending_proposals().unwrap();
    deliver(&commit, &mut at_alice, &mut [&mut at_bob]);
    assert!(!at_bob.is_active());
    assert_eq!(at_alice.members().unwrap().len(), 1);
}

#[test]
fn a_proposed_update_heals_when_another_commits_it() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let old_key = at_alice.member(1).unwrap().signature_key;
    let thief = bob.copy();
    let proposal = at_bob.propose_update().unwrap();
    assert!(matches!(at_alice.process(&proposal, 1), Ok(Received::Proposal { proposal: ProposalKind::Update, .. })));
    let commit = at_alice.commit_pending_proposals().unwrap();
    deliver(&commit, &mut at_alice, &mut [&mut at_bob]);
    assert_agreed(&[&at_alice, &at_bob]);
    assert_ne!(at_alice.member(1).unwrap().signature_key, old_key);
    assert_eq!(at_bob.last_healed_epoch(), 2);
    assert!(thief.group().process(&commit.commit, 1).is_err());
    assert_eq!(say(&mut at_bob, &mut at_alice, "healed"), "healed");
    // A proposal that is passed over ends with its epoch, and so do its keys.
    at_bob.propose_update().unwrap();
    bob.save();
    assert!(has_proposed_keys(&bob));
    let commit = at_alice.self_update().unwrap();
    deliver(&commit, &mut at_alice, &mut [&mut at_bob]);
    bob.save();
    assert!(!has_proposed_keys(&bob));
    assert!(!at_bob.has_pending_proposals());
    assert_eq!(say(&mut at_bob, &mut at_alice, "with the old leaf"), "with the old leaf");
}

/// Records of the kind that holds the private keys of proposed leaves.
fn has_proposed_keys(person: &Person) -> bool {
    person.records.keys().any(|key| key[0] == 0x12)
}

#[test]
fn the_policy_stops_whoever_does_not_heal() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let policy = UpdatePolicy { after_messages: 2, after_ms: 100, hard_stop_ms: 1_000 };
    assert_eq!(alice.client.update_policy(), UpdatePolicy::default());
    alice.client.set_update_policy(policy).unwrap();
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    assert_eq!(at_alice.update_due(1), UpdateDue::No);
    say(&mut at_alice, &mut at_bob, "one");
    say(&mut at_bob, &mut at_alice, "two");
    assert_eq!(at_alice.update_due(1), UpdateDue::Due);
    // The policy and its counts survive a restart.
    let copy = alice.copy();
    assert_eq!((copy.client.update_policy(), copy.group().update_due(1)), (policy, UpdateDue::Due));
    assert_eq!(at_alice.encrypt(b"x", 1_000), Err(CoreError::HealingOverdue));
    assert_eq!(at_bob.update_due(1_000), UpdateDue::No, "each device has its own policy");
    let update = at_alice.self_update().unwrap();
    at_bob.process(&update.commit, 1_000).unwrap();
    at_bob.merge_staged_commit(1_000).unwrap();
    at_alice.merge_pending_commit(1_000).unwrap();
    assert_eq!(at_alice.update_due(1_000), UpdateDue::No);
    assert!(at_alice.encrypt(b"x", 1_000).is_ok());
}

#[test]
fn late_and_doubled_messages_are_told_apart() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let messages: Vec<_> = (0..18).map(|number| at_alice.encrypt(&[number], 1).unwrap()).collect();
    hear(&mut at_bob, &messages[17]);
    hear(&mut at_bob, &messages[2]);
    assert_eq!(at_bob.process(&messages[2], 1), Err(CoreError::Replayed));
    assert_eq!(at_bob.process(&messages[0], 1), Err(CoreError::Replayed), "outside the window of 16");
    let skipped: Vec<_> = (0..1_002).map(|_| at_alice.encrypt(b"", 1).unwrap()).collect();
    assert_eq!(at_bob.process(&skipped[1_001], 1), Err(CoreError::GenerationTooFar));
    hear(&mut at_bob, &skipped[900]);
    hear(&mut at_bob, &skipped[1_001]);
}

#[test]
fn two_past_epochs_stay_readable() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let (early, late) = (at_alice.encrypt(b"early", 1).unwrap(), at_alice.encrypt(b"late", 1).unwrap());
    for _ in 0..2 {
        let update = at_alice.self_update().unwrap();
        deliver(&update, &mut at_alice, &mut [&mut at_bob]);
    }
    let Ok(Received::Application { sender, epoch, .. }) = at_bob.process(&early, 1) else { panic!() };
    assert_eq!((epoch, sender.identity.handle.as_str()), (1, "alice"));
    let update = at_alice.self_update().unwrap();
    deliver(&update, &mut at_alice, &mut [&mut at_bob]);
    assert_eq!(at_bob.process(&late, 1), Err(CoreError::EpochTooOld));
}

/// There are no roles (docs/src/security/limits.md): the last who came may add others and remove who made the group.
#[test]
fn every_member_may_add_and_remove_every_other() {
    let (mut alice, mut bob, mut carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let members = group_of(&mut [&mut alice, &mut bob, &mut carol], SUITE);
    let [mut at_alice, mut at_bob, mut at_carol] = <[_; 3]>::try_from(members).unwrap();
    let addition = at_carol.add_members(&[Person::new("dave").key_package(SUITE)], 1).unwrap();
    deliver(&addition, &mut at_carol, &mut [&mut at_alice, &mut at_bob]);
    let removal = at_carol.remove_members(&[0]).unwrap();
    deliver(&removal, &mut at_carol, &mut [&mut at_alice, &mut at_bob]);
    assert!(!at_alice.is_active());
    assert_agreed(&[&at_bob, &at_carol]);
}

#[test]
fn wrong_additions_and_removals_are_named() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let mut add = |key_package: Vec<u8>| at_alice.add_members(&[key_package], 1).unwrap_err();
    assert_eq!(add(alice.key_package(SUITE)), CoreError::CannotAddSelf);
    assert_eq!(add(bob.key_package(SUITE)), CoreError::AlreadyMember);
    let carol = Person::new("carol");
    assert_eq!(add(carol.key_package(Suite::X25519Aes128)), CoreError::UnsupportedCiphersuite);
    assert_eq!(add(b"no key package".to_vec()), CoreError::KeyPackageInvalid);
    let twice = carol.client.generate_key_packages(SUITE, 2, 0).unwrap();
    assert_eq!(at_alice.add_members(&twice, 1), Err(CoreError::AlreadyMember));
    let in_a_year = 365 * 24 * 60 * 60 * 1_000 + 1_800_000_000_000;
    assert_eq!(at_alice.add_members(&twice[..1], in_a_year), Err(CoreError::KeyPackageExpired));
    assert!(matches!(at_alice.add_members(&[] as &[Vec<u8>], 1), Err(CoreError::BadInput(_))));
    assert_eq!(at_alice.remove_members(&[0]), Err(CoreError::CannotRemoveSelf));
    assert_eq!(at_alice.remove_members(&[5]), Err(CoreError::NotAMember));
    assert_eq!(say(&mut at_alice, &mut at_bob, "unharmed"), "unharmed");
}

#[test]
fn a_welcome_serves_once_and_only_its_addressee() {
    let (alice, bob, carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let mut at_alice = alice.client.create_group(GROUP, SUITE, 0).unwrap();
    assert_eq!(alice.client.create_group(GROUP, SUITE, 0).err(), Some(CoreError::GroupExists));
    let bundle = at_alice.add_members(&[bob.key_package(SUITE)], 0).unwrap();
    let welcome = bundle.welcome.unwrap();
    assert_eq!(carol.join(&welcome, 0).err(), Some(CoreError::WelcomeNotForUs));
    bob.join(&welcome, 0).unwrap();
    assert_eq!(bob.join(&welcome, 0).err(), Some(CoreError::WelcomeNotForUs));
    assert_eq!(bob.client.join(&bundle.commit, &welcome.shared, 0).err(), Some(CoreError::WireDecode));
    assert_eq!(bob.client.load_group(GroupId([9; 16])).err(), Some(CoreError::GroupNotFound));
}

#[test]
fn a_last_resort_key_package_serves_again() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let last_resort = bob.client.generate_last_resort_key_package(SUITE, 0).unwrap();
    for id in [GroupId([1; 16]), GroupId([2; 16])] {
        let mut at_alice = alice.client.create_group(id, SUITE, 0).unwrap();
        let bundle = at_alice.add_members(std::slice::from_ref(&last_resort), 0).unwrap();
        at_alice.merge_pending_commit(0).unwrap();
        let mut at_bob = bob.join(&bundle.welcome.unwrap(), 0).unwrap();
        assert_eq!(say(&mut at_bob, &mut at_alice, "in"), "in");
    }
    assert_eq!(bob.client.group_ids().len(), 2);
}

#[test]
fn places_of_removed_members_are_filled_as_announced() {
    let mut people: Vec<_> = ["a", "b", "c", "d"].map(Person::new).into();
    let mut members = group_of(&mut people.iter_mut().collect::<Vec<_>>(), SUITE);
    let removal = members[0].remove_members(&[1, 2]).unwrap();
    let [first, .., last] = members.as_mut_slice() else { panic!() };
    deliver(&removal, first, &mut [last]);
    let newcomers: Vec<_> = ["e", "f", "g"].map(Person::new).iter().map(|person| person.key_package(SUITE)).collect();
    let addition = first.add_members(&newcomers, 1).unwrap();
    let Ok(Received::Commit { added, .. }) = last.process(&addition.commit, 1) else { panic!() };
    last.merge_staged_commit(1).unwrap();
    let announced: Vec<_> = added.iter().map(|member| (member.leaf_index, member.identity.clone())).collect();
    let placed = last.members().unwrap().into_iter().filter(|member| "efg".contains(&member.identity.handle));
    assert_eq!(placed.map(|member| (member.leaf_index, member.identity)).collect::<Vec<_>>(), announced);
    assert_eq!(announced.iter().map(|(leaf, _)| *leaf).collect::<Vec<_>>(), [1, 2, 4]);
}

#[test]
fn a_newcomer_takes_the_place_of_who_leaves_in_the_same_commit() {
    let (mut alice, mut bob, mut carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let members = group_of(&mut [&mut alice, &mut bob, &mut carol], SUITE);
    let [mut at_alice, mut at_bob, mut at_carol] = <[_; 3]>::try_from(members).unwrap();
    let leave = at_bob.leave().unwrap();
    at_alice.process(&leave, 1).unwrap();
    at_carol.process(&leave, 1).unwrap();
    let dave = Person::new("dave");
    let addition = at_alice.add_members(&[dave.key_package(SUITE)], 1).unwrap();
    let Ok(Received::Commit { added, removed, .. }) = at_carol.process(&addition.commit, 1) else { panic!() };
    assert_eq!((added[0].leaf_index, removed[0].member.leaf_index), (1, 1));
    at_carol.merge_staged_commit(7).unwrap();
    at_alice.merge_pending_commit(7).unwrap();
    let welcome = addition.welcome.unwrap();
    let at_dave = dave.client.join(&welcome.joiners[0], &welcome.shared, 7).unwrap();
    assert_agreed(&[&at_alice, &at_carol, &at_dave]);
    assert_eq!((at_carol.member(1).unwrap().healed_epoch, at_carol.member(1).unwrap().healed_at_ms), (2, 7));
}

#[test]
fn a_received_commit_is_decided_before_anything_else() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let update = at_alice.self_update().unwrap();
    at_bob.process(&update.commit, 1).unwrap();
    assert_eq!(at_bob.encrypt(b"x", 1), Err(CoreError::StagedCommitExists));
    assert_eq!(at_bob.process(&update.commit, 1), Err(CoreError::StagedCommitExists));
    at_bob.discard_staged_commit().unwrap();
    assert_eq!(at_bob.merge_staged_commit(1), Err(CoreError::NoStagedCommit));
    at_alice.clear_pending_commit().unwrap();
    assert_eq!(say(&mut at_bob, &mut at_alice, "as before"), "as before");
    // Discarded means not opened: it can be taken up later.
    at_bob.process(&update.commit, 1).unwrap();
    at_bob.merge_staged_commit(1).unwrap();
    assert_eq!(at_bob.epoch(), 2);
}

#[test]
fn exported_secrets_are_shared_and_separate() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let export = |member: usize, label: &str| members[member].export_secret(label, b"c", 48);
    assert_eq!(export(0, "one"), export(1, "one"));
    assert_ne!(export(0, "one"), export(0, "two"));
    assert!(matches!(export(0, "quicprochat access"), Err(CoreError::BadInput(_))));
    let (key, signature) = (members[0].access_key().unwrap(), members[1].sign_access(b"post").unwrap());
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
    assert!(key.verify_strict(b"post", &ed25519_dalek::Signature::from_bytes(&signature)).is_ok());
}

#[test]
fn safety_numbers_are_pinned() {
    let number = safety_number(("alice", &[1; 32]), ("bob", &[2; 32])).unwrap();
    // Computed by an independent script from the description in safety_number.rs.
    assert_eq!(number, "788357580705345307696389734160812404753292261695465616833443");
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let (a, b) = (alice.client.identity(), bob.client.identity());
    let seen_by_alice = alice.client.safety_number("bob", &b.account_key);
    assert_eq!(seen_by_alice, bob.client.safety_number("alice", &a.account_key));
    assert_ne!(seen_by_alice, alice.client.safety_number("bob", &a.account_key));
}

/// A relay that takes the wrong key for the next epoch's would shut everybody out who follows the commit.
#[test]
fn a_commit_counts_only_under_the_access_key_that_was_announced_with_it() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(group_of(&mut [&mut alice, &mut bob], SUITE)).unwrap();
    let update = at_alice.self_update().unwrap();
    assert_eq!(at_bob.process(&update.commit, 1).map(|_| ()), Ok(()));
    assert_eq!(at_bob.expect_access_key(Some(&[7; 32])), Err(CoreError::InvalidCommit));
    assert_eq!(at_bob.merge_staged_commit(1), Err(CoreError::NoStagedCommit));
    assert_eq!(at_bob.process(&update.commit, 1).map(|_| ()), Ok(()));
    assert_eq!(at_bob.expect_access_key(None), Err(CoreError::PolicyRejected));
    assert_eq!(at_bob.expect_access_key(Some(&update.next_access_key)), Err(CoreError::NoStagedCommit));
    assert_eq!(at_bob.process(&update.commit, 1).map(|_| ()), Ok(()));
    at_bob.expect_access_key(Some(&update.next_access_key)).unwrap();
    at_bob.merge_staged_commit(1).unwrap();
    at_alice.merge_pending_commit(1).unwrap();
    assert_eq!(at_bob.access_key().unwrap(), update.next_access_key);
    assert_agreed(&[&at_alice, &at_bob]);
}

#[test]
fn who_is_removed_takes_the_commit_under_any_key() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(group_of(&mut [&mut alice, &mut bob], SUITE)).unwrap();
    let removal = at_alice.remove_members(&[1]).unwrap();
    assert!(matches!(at_bob.process(&removal.commit, 1), Ok(Received::Commit { self_removed: true, .. })));
    at_bob.expect_access_key(Some(&[7; 32])).unwrap();
    at_bob.merge_staged_commit(1).unwrap();
    assert!(!at_bob.is_active());
}
