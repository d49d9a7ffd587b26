//! External pre-shared keys (RFC 9420 §8.4): mixed in by a commit, needed by whoever follows or joins.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod people;

use people::{Person, SUITE, assert_agreed, deliver, group_of, in_clear, say};
use quicprochat_core::{CommitBundle, CoreError, GroupMember, Received, Suite};

const NONE: [Vec<u8>; 0] = [];
const FIRST: &[u8] = b"first";
const SECOND: &[u8] = b"second";

fn missing(id: &[u8]) -> CoreError {
    CoreError::PskMissing { id: id.iter().map(|byte| format!("{byte:02x}")).collect() }
}

/// People who have both keys but for those who are told otherwise, in one group.
fn gathered(suite: Suite, unknowing: &[usize]) -> ([Person; 3], [GroupMember; 3]) {
    let mut people = ["alice", "bob", "carol"].map(Person::new);
    for (index, person) in people.iter().enumerate() {
        person.client.store_psk(FIRST, &[1; 16]).unwrap();
        if !unknowing.contains(&index) {
            person.client.store_psk(SECOND, &[2; 64]).unwrap();
        }
    }
    let members = group_of(&mut people.each_mut(), suite);
    (people, members.try_into().unwrap())
}

/// That a call fails and leaves neither a write nor a change of epoch.
fn refused<T: std::fmt::Debug>(
    person: &mut Person,
    member: &mut GroupMember,
    call: impl FnOnce(&mut GroupMember) -> Result<T, CoreError>,
) -> CoreError {
    person.save();
    let before = member.epoch_authenticator();
    let error = call(member).unwrap_err();
    assert_eq!((person.client.take_writes(), member.epoch_authenticator()), (Vec::new(), before));
    error
}

#[test]
fn who_has_the_keys_follows_in_every_suite() {
    for suite in Suite::ALL {
        let (_, [mut at_alice, mut at_bob, mut at_carol]) = gathered(suite, &[]);
        // In whatever order they are named, and named twice.
        let bundle = at_bob.commit_psks(&[SECOND, FIRST, SECOND], &NONE, 1).unwrap();
        let received = at_alice.process(&bundle.commit, 1).unwrap();
        let Received::Commit { psks, updated, .. } = received else { panic!("not a commit") };
        assert_eq!(psks, [FIRST, SECOND]);
        assert_eq!(updated[0].leaf_index, 1, "the committer is healed too");
        at_alice.discard_staged_commit().unwrap();
        deliver(&bundle, &mut at_bob, &mut [&mut at_alice, &mut at_carol]);
        assert_agreed(&[&at_alice, &at_bob, &at_carol]);
        assert_eq!(at_bob.access_key(), Ok(bundle.next_access_key));
        assert_eq!(say(&mut at_carol, &mut at_bob, "mixed"), "mixed");
    }
}

#[test]
fn who_lacks_a_key_is_told_which_and_follows_once_it_is_stored() {
    let ([_, _, mut carol], [mut at_alice, mut at_bob, mut at_carol]) = gathered(SUITE, &[2]);
    let bundle = at_alice.commit_psks(&[FIRST, SECOND], &NONE, 1).unwrap();
    deliver(&bundle, &mut at_alice, &mut [&mut at_bob]);
    let error = refused(&mut carol, &mut at_carol, |member| member.process(&bundle.commit, 1));
    assert_eq!((error.code(), error), ("PSK_MISSING", missing(SECOND)));

    carol.client.store_psk(SECOND, &[3; 64]).unwrap();
    let wrong = refused(&mut carol, &mut at_carol, |member| member.process(&bundle.commit, 1));
    assert_eq!(wrong, CoreError::InvalidCommit, "another secret leads to another epoch");

    carol.client.store_psk(SECOND, &[2; 64]).unwrap();
    at_carol.process(&bundle.commit, 1).unwrap();
    at_carol.merge_staged_commit(1).unwrap();
    assert_agreed(&[&at_alice, &at_bob, &at_carol]);
}

#[test]
fn a_joiner_needs_the_keys_of_the_commit_that_adds_it() {
    let (_, [mut at_alice, mut at_bob, _]) = gathered(SUITE, &[]);
    let mut dave = Person::new("dave");
    let bundle = at_alice.commit_psks(&[FIRST], &[dave.key_package(SUITE)], 1).unwrap();
    deliver(&bundle, &mut at_alice, &mut [&mut at_bob]);
    let welcome = bundle.welcome.unwrap();
    dave.save();
    assert_eq!(dave.join(&welcome, 0).err(), Some(missing(FIRST)));
    assert_eq!(dave.save(), [], "the key package is kept");
    dave.client.store_psk(FIRST, &[9; 16]).unwrap();
    assert_eq!(dave.join(&welcome, 0).err(), Some(CoreError::WelcomeInvalid));
    dave.client.store_psk(FIRST, &[1; 16]).unwrap();
    let at_dave = dave.join(&welcome, 0).unwrap();
    assert_agreed(&[&at_alice, &at_bob, &at_dave]);

    // Whoever comes later needs none.
    let eve = Person::new("eve");
    let CommitBundle { welcome, .. } = at_alice.add_members(&[eve.key_package(SUITE)], 1).unwrap();
    at_alice.merge_pending_commit(1).unwrap();
    assert_agreed(&[&at_alice, &eve.join(&welcome.unwrap(), 0).unwrap()]);
}

#[test]
fn a_stolen_state_is_locked_out_by_a_key_that_was_not_in_it() {
    let ([_, mut bob, _], [mut at_alice, mut at_bob, _]) = gathered(SUITE, &[1]);
    let mut thief = bob.copy();
    bob.client.store_psk(SECOND, &[2; 64]).unwrap();
    let bundle = at_alice.commit_psks(&[SECOND], &NONE, 1).unwrap();
    deliver(&bundle, &mut at_alice, &mut [&mut at_bob]);
    let mut at_thief = thief.group();
    let outcome = refused(&mut thief, &mut at_thief, |member| member.process(&bundle.commit, 1));
    assert_eq!(outcome, missing(SECOND));
}

#[test]
fn keys_are_kept_until_they_are_forgotten() {
    let ([mut alice, ..], [_, mut at_bob, _]) = gathered(SUITE, &[]);
    alice = alice.copy();
    let mut at_alice = alice.group();
    let pending = at_alice.commit_psks(&[FIRST, SECOND], &NONE, 1).unwrap();
    let records = in_clear(&alice.copy().records).len();
    for _ in 0..2 {
        alice.client.forget_psk(SECOND).unwrap();
        assert_eq!(in_clear(&alice.copy().records).len(), records - 1);
    }
    // What was staged with it holds.
    deliver(&pending, &mut at_alice, &mut [&mut at_bob]);
    assert_agreed(&[&at_alice, &at_bob]);
    let again = refused(&mut alice, &mut at_alice, |member| member.commit_psks(&[FIRST, SECOND], &NONE, 1));
    assert_eq!(again, missing(SECOND));
}

#[test]
fn pending_proposals_are_taken_along() {
    let (_, [mut at_alice, mut at_bob, mut at_carol]) = gathered(SUITE, &[]);
    let wish = at_carol.propose_update().unwrap();
    at_alice.process(&wish, 1).unwrap();
    at_bob.process(&wish, 1).unwrap();
    let bundle = at_alice.commit_psks(&[FIRST], &NONE, 1).unwrap();
    deliver(&bundle, &mut at_alice, &mut [&mut at_bob, &mut at_carol]);
    assert_agreed(&[&at_alice, &at_bob, &at_carol]);
    assert_eq!(at_carol.last_healed_epoch(), at_carol.epoch());
}

#[test]
fn ids_and_secrets_have_bounds() {
    let ([mut alice, bob, _], [mut at_alice, ..]) = gathered(SUITE, &[]);
    let client = &alice.client;
    assert!(client.store_psk(&[7; 255], &[0; 16]).is_ok() && client.store_psk(&[7], &[0; 64]).is_ok());
    for (id, secret) in [(0, 16), (256, 16), (1, 15), (1, 65), (1, 0)] {
        let outcome = client.store_psk(&vec![7; id], &vec![0; secret]);
        assert!(matches!(outcome, Err(CoreError::BadInput(_))), "{id} {secret}");
    }
    assert!(matches!(client.forget_psk(&[]), Err(CoreError::BadInput(_))));
    for ids in [vec![], vec![vec![]], vec![vec![7; 256]]] {
        let outcome = refused(&mut alice, &mut at_alice, |member| member.commit_psks(&ids, &NONE, 1));
        assert!(matches!(outcome, CoreError::BadInput(_)));
    }
    let doubled = bob.key_package(SUITE);
    let outcome = refused(&mut alice, &mut at_alice, |member| member.commit_psks(&[FIRST], &[doubled], 1));
    assert_eq!(outcome, CoreError::AlreadyMember);
}
