//! A device that its account has revoked: who believes it, and what the device can do no more.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;
mod scene;
mod thief;

use people::{Person, SUITE, assert_agreed, deliver, hear, say};
use quicprochat_core::{CoreError, GroupMember, GroupStatus, Member, Received};
use scene::{MALLORY, Scene};

/// Mallory's account revokes his device. Alice hears of it; Bob does not.
fn revoked(scene: &mut Scene) {
    let device = scene.mallory.identity();
    let statement = scene.mallory.revocation_of(&device);
    assert_eq!(scene.alice.client.accept_revocation(&statement), Ok(device));
    scene.alice.save();
}

fn status(member: &GroupMember) -> GroupStatus {
    member.status().unwrap()
}

fn leaves(members: &[Member]) -> Vec<u32> {
    members.iter().map(|member| member.leaf_index).collect()
}

#[test]
fn what_a_revoked_device_says_is_refused_and_it_is_removed() {
    let mut scene = Scene::new();
    let before = scene.mallory.say("before");
    assert_eq!(hear(&mut scene.at_alice, &before), "before");
    assert_eq!(status(&scene.at_alice), GroupStatus::Active);
    revoked(&mut scene);
    scene.alice = scene.alice.copy();
    scene.at_alice = scene.alice.group();

    let message = scene.mallory.say("x");
    for _ in 0..2 {
        assert_eq!(scene.refused(|member| member.process(&message, 1)), CoreError::DeviceRevoked);
    }
    assert_eq!(hear(&mut scene.at_bob, &message), "x", "Bob has not heard of it");
    let other = scene.trudy.say("unrevoked");
    assert_eq!(hear(&mut scene.at_alice, &other), "unrevoked");

    assert_eq!(leaves(&scene.at_alice.revoked_members().unwrap()), [MALLORY]);
    assert_eq!(status(&scene.at_alice), GroupStatus::MembersRevoked);
    assert_eq!(status(&scene.at_bob), GroupStatus::Active);
    let removal = scene.at_alice.remove_members(&[MALLORY]).unwrap();
    deliver(&removal, &mut scene.at_alice, &mut [&mut scene.at_bob]);
    assert_agreed(&[&scene.at_alice, &scene.at_bob]);
    assert_eq!(status(&scene.at_alice), GroupStatus::Active);

    // Who knows of it does not let the device in again.
    let key_package = scene.mallory.key_package(&scene.mallory.fresh_credential());
    assert_eq!(scene.alice.client.inspect_key_package(&key_package, SUITE, 0), Err(CoreError::DeviceRevoked));
    assert_eq!(scene.refused(|member| member.add_members(&[&key_package], 1)), CoreError::DeviceRevoked);
    assert_eq!(scene.refused(|member| member.readd_members(&[&key_package], 1)), CoreError::DeviceRevoked);
    assert!(scene.bob.client.inspect_key_package(&key_package, SUITE, 0).is_ok());
}

/// Refusing what the relay has put in order would part Alice, who knows, from Bob, who does not.
#[test]
fn commits_that_add_a_revoked_device_are_followed() {
    let mut scene = Scene::new();
    revoked(&mut scene);
    let removal = scene.at_bob.remove_members(&[MALLORY]).unwrap();
    deliver(&removal, &mut scene.at_bob, &mut [&mut scene.at_alice]);
    assert_eq!(scene.at_alice.revoked_members(), Ok(Vec::new()));
    let key_package = scene.mallory.key_package(&scene.mallory.fresh_credential());
    let addition = scene.at_bob.add_members(&[key_package], 1).unwrap();
    deliver(&addition, &mut scene.at_bob, &mut [&mut scene.at_alice]);
    assert_agreed(&[&scene.at_alice, &scene.at_bob]);
    assert_eq!(leaves(&scene.at_alice.revoked_members().unwrap()), [MALLORY]);

    // So are its own, and whoever is added hears of it or not.
    let mut carol = Person::new("carol");
    carol.client.accept_revocation(&scene.mallory.revocation_of(&scene.mallory.identity())).unwrap();
    carol.save();
    let addition = scene.at_bob.add_members(&[carol.key_package(SUITE)], 1).unwrap();
    let at_carol = carol.join(&addition.welcome.unwrap(), 0).unwrap();
    assert_eq!(status(&at_carol), GroupStatus::MembersRevoked);
}

#[test]
fn commits_of_a_revoked_device_are_followed() {
    let mut scene = Scene::new();
    revoked(&mut scene);
    let commit = scene.mallory.lying_commit(|_| {});
    for member in [&mut scene.at_alice, &mut scene.at_bob] {
        assert!(matches!(member.process(&commit, 1), Ok(Received::Commit { .. })));
        member.merge_staged_commit(1).unwrap();
    }
    assert_agreed(&[&scene.at_alice, &scene.at_bob]);
    assert_eq!(status(&scene.at_alice), GroupStatus::MembersRevoked);
}

/// Bob, who has not heard, may commit what it proposes: Alice must know the proposal to follow.
#[test]
fn a_revoked_devices_proposals_are_kept_for_others_commits_and_left_out_of_ours() {
    for is_ours in [false, true] {
        let mut scene = Scene::new();
        revoked(&mut scene);
        let proposal = scene.mallory.propose_as(&scene.mallory.fresh_credential());
        let wish = scene.trudy.propose_removing(scene::TRUDY);
        for member in [&mut scene.at_alice, &mut scene.at_bob] {
            assert!(matches!(member.process(&proposal, 1), Ok(Received::Proposal { .. })));
            member.process(&wish, 1).unwrap();
        }
        let (author, follower) =
            if is_ours { (&mut scene.at_alice, &mut scene.at_bob) } else { (&mut scene.at_bob, &mut scene.at_alice) };
        let commit = author.commit_pending_proposals().unwrap();
        let Ok(Received::Commit { updated, removed, .. }) = follower.process(&commit.commit, 1) else { panic!() };
        assert_eq!(leaves(&updated).contains(&MALLORY), !is_ours);
        assert_eq!(removed.iter().map(|removal| removal.member.leaf_index).collect::<Vec<_>>(), [scene::TRUDY]);
        follower.merge_staged_commit(1).unwrap();
        author.merge_pending_commit(1).unwrap();
        assert_agreed(&[&scene.at_alice, &scene.at_bob]);
        assert_eq!(say(&mut scene.at_alice, &mut scene.at_bob, "on"), "on");
    }
}

#[test]
fn a_revoked_device_may_leave() {
    let mut scene = Scene::new();
    revoked(&mut scene);
    let leave = scene.mallory.propose_removing(MALLORY);
    for member in [&mut scene.at_alice, &mut scene.at_bob] {
        member.process(&leave, 1).unwrap();
    }
    let commit = scene.at_alice.commit_pending_proposals().unwrap();
    deliver(&commit, &mut scene.at_alice, &mut [&mut scene.at_bob]);
    assert_eq!(scene.at_alice.member(MALLORY), Err(CoreError::NotAMember));
}

#[test]
fn a_changed_cut_or_lengthened_statement_is_refused() {
    let mut scene = Scene::new();
    let statement = scene.mallory.revocation_of(&scene.mallory.identity());
    let refused = |bytes: &[u8], what: &str| {
        let error = scene.alice.client.accept_revocation(bytes).unwrap_err();
        assert!(matches!(error, CoreError::WireDecode | CoreError::CredentialRejected), "{what}: {error:?}");
        assert_eq!(scene.alice.client.take_writes(), [], "{what}");
    };
    for position in 0..statement.len() {
        let mut changed = statement.clone();
        changed[position] ^= 1;
        refused(&changed, &format!("byte {position} changed"));
        refused(&statement[..position], &format!("cut at {position}"));
    }
    refused(&[statement.as_slice(), &[0]].concat(), "a byte too many");
    scene.alice.client.accept_revocation(&statement).unwrap();
    assert_eq!(scene.alice.save().len(), 2, "it, and the list of changes");
    scene.alice.client.accept_revocation(&statement).unwrap();
    assert_eq!(scene.alice.save().len(), 0, "heard before");
}

#[test]
fn only_its_own_account_revokes_a_device() {
    let mut scene = Scene::new();
    let bob = scene.bob.client.identity();
    let accept = |statement: Vec<u8>| scene.alice.client.accept_revocation(&statement);
    // In Bob's account's name, and with what that account has signed for another purpose.
    let forged = scene.mallory.revocation_of(&bob);
    assert_eq!(accept(forged.clone()), Err(CoreError::CredentialRejected));
    let fields = &forged[..forged.len() - 64];
    let certificate = [fields, scene.bob.client.device_certificate().as_slice()].concat();
    assert_eq!(accept(certificate), Err(CoreError::CredentialRejected));
    // In his own: it holds, and is about no device of Bob's.
    let account_key = scene.mallory.identity().account_key;
    let stranger = quicprochat_core::LeafIdentity { account_key, ..bob };
    assert_eq!(accept(scene.mallory.revocation_of(&stranger)), Ok(stranger));
    assert_eq!(say(&mut scene.at_bob, &mut scene.at_alice, "heard"), "heard");
    assert_eq!(scene.at_alice.revoked_members(), Ok(Vec::new()));
}

#[test]
fn an_account_revokes_its_other_devices_but_no_device_itself() {
    let (mut alice, bob) = (Person::new("alice"), Person::new("bob"));
    let own = alice.client.identity();
    for (id, key) in [(own.device_id, own.device_key), (own.device_id, [1; 32]), ([1; 16], own.device_key)] {
        assert!(matches!(alice.client.revoke_device(&id, &key), Err(CoreError::BadInput(_))));
    }
    assert_eq!(alice.save(), []);
    let statement = alice.client.revoke_device(&[1; 16], &[2; 32]).unwrap();
    assert_eq!(alice.save().len(), 2, "in force here too: it, and the list of changes");
    let revoked = bob.client.accept_revocation(&statement).unwrap();
    assert_eq!((revoked.account_key, revoked.device_id, revoked.device_key), (own.account_key, [1; 16], [2; 32]));
}

#[test]
fn an_account_cannot_fill_the_store() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    for number in 0..63 {
        bob.client.revoke_device(&[number; 16], &[number; 32]).unwrap();
    }
    assert!(matches!(bob.client.revoke_device(&[63; 16], &[63; 32]), Err(CoreError::BadInput(_))));
    bob.client.accept_revocation(&alice.client.revoke_device(&[1; 16], &[1; 32]).unwrap()).unwrap();
}

#[test]
fn who_has_an_accounts_key_cannot_use_up_the_room_for_the_statement_about_his_device() {
    let mut scene = Scene::new();
    let mallory = scene.mallory.identity();
    for number in 0..64 {
        let bogus = quicprochat_core::LeafIdentity { device_id: [number; 16], ..mallory.clone() };
        scene.alice.client.accept_revocation(&scene.mallory.revocation_of(&bogus)).unwrap();
    }
    scene.alice.save();
    let revoked = scene.at_alice.revoked_members().unwrap();
    assert_eq!(revoked.len(), 1, "the whole account");
    assert_eq!(revoked[0].identity, mallory);
    scene.alice.client.accept_revocation(&scene.mallory.revocation_of(&mallory)).unwrap();
    assert!(scene.alice.save().is_empty(), "nothing more is kept");
}
