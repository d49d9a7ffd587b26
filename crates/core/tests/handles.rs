//! Handles in leaves: only those of the protocol's alphabet, and each of one account.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;
mod scene;
mod thief;

use mallory::Mallory;
use people::{Person, SUITE, assert_agreed, deliver, group_of, store_key};
use quicprochat_core::{Client, CoreError, GroupMember, Received};
use scene::{BOB, Scene};

/// Those of packages/protocol/src/handles.json that are none, as far as a leaf has room for them.
fn no_handles() -> Vec<String> {
    let rows: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../packages/protocol/src/handles.json")).unwrap();
    let invalid = rows.iter().filter(|row| row["valid"] == false);
    let handles: Vec<_> = invalid.map(|row| row["handle"].as_str().unwrap().to_owned()).collect();
    assert!(handles.len() > 20);
    handles
}

#[test]
fn no_account_is_made_under_a_string_that_is_no_handle() {
    for handle in no_handles() {
        assert!(matches!(Client::create(&handle, &store_key()), Err(CoreError::BadInput(_))), "{handle:?}");
    }
    assert!(Client::create("bob.smith-2_home", &store_key()).is_ok());
}

#[test]
fn nobody_is_added_under_a_string_that_is_no_handle() {
    let mut scene = Scene::new();
    for handle in no_handles() {
        let eve = Mallory::of(&handle, 0xb1);
        let key_package = eve.key_package(&eve.credential());
        let inspected = scene.alice.client.inspect_key_package(&key_package, SUITE, 0);
        assert_eq!(inspected, Err(CoreError::CredentialRejected), "{handle:?}");
        let error = scene.refused(|member| member.add_members(&[&key_package], 1));
        assert_eq!(error, CoreError::CredentialRejected, "{handle:?}");
        let commit = scene.mallory.commit_adding(&key_package);
        assert_eq!(scene.judge(&commit), "nothing", "MLS alone allows it");
        assert_eq!(scene.refused(|member| member.process(&commit, 1)), CoreError::CredentialRejected, "{handle:?}");
        let revocation = eve.revocation_of(&eve.identity());
        assert_eq!(scene.alice.client.accept_revocation(&revocation), Err(CoreError::WireDecode), "{handle:?}");
    }
}

#[test]
fn nobody_takes_a_string_that_is_no_handle_in_an_update() {
    let mut scene = Scene::new();
    for handle in no_handles() {
        let renamed = scene.mallory.named(&handle).credential();
        for message in [scene.mallory.commit_as(&renamed), scene.mallory.propose_as(&renamed)] {
            assert_eq!(scene.refused(|member| member.process(&message, 1)), CoreError::CredentialRejected);
        }
    }
}

#[test]
fn a_group_with_a_member_whose_handle_is_none_is_not_joined() {
    let mut bob = Person::new("bob");
    let key_package = bob.key_package(SUITE);
    bob.save();
    for handle in no_handles() {
        let eve = Mallory::of(&handle, 0xb1);
        let welcome = eve.welcome(&eve.credential(), None, mallory::rules::rules(), &key_package);
        assert_eq!(bob.join(&welcome, 0).err(), Some(CoreError::CredentialRejected), "{handle:?}");
        assert_eq!(bob.client.take_writes(), []);
    }
}

/// A key package of a device under the handle of Bob, and of another account than his.
fn another_bob(seed: u8) -> Vec<u8> {
    let other = Mallory::of("bob", seed);
    other.key_package(&other.credential())
}

/// Two devices of two accounts under one handle.
fn two_eves() -> [Vec<u8>; 2] {
    [0xb1, 0xc1].map(|seed| {
        let eve = Mallory::of("eve", seed);
        eve.key_package(&eve.credential())
    })
}

#[test]
fn a_commit_after_which_a_handle_has_two_accounts_is_void_for_everyone() {
    let mut scene = Scene::new();
    let commit = scene.mallory.commit_adding(&another_bob(0xb1));
    assert_eq!(scene.judge(&commit), "nothing", "MLS alone allows it");
    assert_eq!(scene.refused(|member| member.process(&commit, 1)), CoreError::CredentialRejected);
    assert_eq!(scene.at_bob.process(&commit, 1), Err(CoreError::CredentialRejected));

    // Two who are new, under one handle.
    let [first, second] = two_eves();
    let commit = scene.mallory.commit_adding_all(&[&first, &second]);
    assert_eq!(scene.judge(&commit), "nothing", "MLS alone allows it");
    assert_eq!(scene.refused(|member| member.process(&commit, 1)), CoreError::CredentialRejected);
    assert_eq!(scene.at_bob.process(&commit, 1), Err(CoreError::CredentialRejected));
}

#[test]
fn one_commit_can_remove_an_account_and_add_another_under_its_handle() {
    let mut scene = Scene::new();
    let key_package = another_bob(0xb1);
    let commit = scene.mallory.commit_replacing(BOB, &key_package);
    let Ok(Received::Commit { added, removed, self_removed: false, .. }) = scene.at_alice.process(&commit, 1) else {
        panic!()
    };
    assert_eq!((&*added[0].identity.handle, &*removed[0].member.identity.handle), ("bob", "bob"));
    assert_ne!(added[0].identity.account_key, removed[0].member.identity.account_key);
    scene.at_alice.merge_staged_commit(1).unwrap();
    let Ok(Received::Commit { self_removed: true, .. }) = scene.at_bob.process(&commit, 1) else { panic!() };
}

#[test]
fn a_group_in_which_a_handle_has_two_accounts_is_not_joined() {
    let mut carol = Person::new("carol");
    let key_package = carol.key_package(SUITE);
    carol.save();
    let (mallory, other) = (Mallory::of("eve", 0xa1), Mallory::of("eve", 0xb1));
    let welcome = mallory.welcome_with(&other.key_package(&other.credential()), &key_package);
    assert_eq!(carol.join(&welcome, 0).err(), Some(CoreError::CredentialRejected));
    assert_eq!(carol.client.take_writes(), []);
    let other = Mallory::of("heidi", 0xb1);
    let welcome = mallory.welcome_with(&other.key_package(&other.credential()), &key_package);
    assert!(carol.join(&welcome, 0).is_ok());
}

#[test]
fn nobody_is_added_under_the_handle_of_another_account() {
    let mut scene = Scene::new();
    let error = scene.refused(|member| member.add_members(&[another_bob(0xb1)], 1));
    assert_eq!(error, CoreError::CredentialRejected);
    let two = two_eves();
    assert_eq!(scene.refused(|member| member.add_members(&two, 1)), CoreError::CredentialRejected);
    assert!(!scene.at_alice.has_pending_commit());
    assert!(scene.at_alice.add_members(&two[..1], 1).is_ok());
}

/// Bob has lost his device, and comes in by a new account while the old one leaves.
#[test]
fn whoever_leaves_makes_room_for_a_new_account_under_the_same_handle() {
    let (mut alice, mut bob, mut carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let members = group_of(&mut [&mut alice, &mut bob, &mut carol], SUITE);
    let [mut at_alice, mut at_bob, mut at_carol] = <[GroupMember; 3]>::try_from(members).unwrap();
    let new_bob = Person::new("bob");
    let key_package = new_bob.key_package(SUITE);
    assert_eq!(at_alice.add_members(&[&key_package], 1), Err(CoreError::CredentialRejected));
    let leave = at_bob.leave().unwrap();
    at_alice.process(&leave, 1).unwrap();
    at_carol.process(&leave, 1).unwrap();
    let bundle = at_alice.add_members(&[&key_package], 1).unwrap();
    deliver(&bundle, &mut at_alice, &mut [&mut at_carol]);
    let at_new_bob = new_bob.join(&bundle.welcome.unwrap(), 0).unwrap();
    assert_agreed(&[&at_alice, &at_carol, &at_new_bob]);
}
