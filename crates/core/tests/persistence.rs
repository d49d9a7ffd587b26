//! State leaves as records, and opens from them at any point.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod people;

use people::{GROUP, Person, Records, SUITE, assert_agreed, deliver, group_of, hear, in_clear, open, say};
use quicprochat_core::{CoreError, Received, Suite};

#[test]
fn a_group_reopens_after_every_operation() {
    for suite in Suite::ALL {
        let (mut alice, mut bob, mut carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
        drop(group_of(&mut [&mut alice, &mut bob], suite));
        let reopen = |person: &mut Person| {
            *person = person.copy();
            person.group()
        };
        let message = reopen(&mut alice).encrypt(b"one", 1).unwrap();
        assert_eq!(hear(&mut reopen(&mut bob), &message), "one");
        assert_eq!(reopen(&mut bob).process(&message, 1), Err(CoreError::Replayed));

        let addition = reopen(&mut alice).add_members(&[carol.key_package(suite)], 1).unwrap();
        assert!(reopen(&mut alice).has_pending_commit());
        reopen(&mut alice).merge_pending_commit(1).unwrap();
        carol = carol.copy();
        carol.join(addition.welcome.as_ref().unwrap(), 0).unwrap();
        let mut at_bob = reopen(&mut bob);
        at_bob.process(&addition.commit, 1).unwrap();
        at_bob.merge_staged_commit(1).unwrap();
        assert_agreed(&[&reopen(&mut alice), &reopen(&mut bob), &reopen(&mut carol)]);

        let proposal = reopen(&mut carol).propose_update().unwrap();
        reopen(&mut bob).process(&proposal, 1).unwrap();
        reopen(&mut alice).process(&proposal, 1).unwrap();
        let commit = reopen(&mut bob).commit_pending_proposals().unwrap();
        deliver(&commit, &mut reopen(&mut bob), &mut [&mut reopen(&mut alice), &mut reopen(&mut carol)]);
        assert_agreed(&[&reopen(&mut alice), &reopen(&mut bob), &reopen(&mut carol)]);
        assert_eq!(say(&mut reopen(&mut carol), &mut reopen(&mut alice), "two"), "two");
        assert_eq!(reopen(&mut carol).last_healed_epoch(), 3);
    }
}

#[test]
fn a_crash_after_any_commit_step_loses_nothing() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    drop(group_of(&mut [&mut alice, &mut bob], SUITE));
    let update = alice.group().self_update().unwrap();
    alice.save();
    // Bob opens the commit and crashes before he merges it: nothing was written, so it opens again.
    bob.group().process(&update.commit, 1).unwrap();
    assert!(bob.save().is_empty());
    let bob = bob.copy();
    let mut at_bob = bob.group();
    at_bob.process(&update.commit, 1).unwrap();
    at_bob.merge_staged_commit(1).unwrap();
    // Alice crashes between staging and merging: the pending commit is in her records.
    let alice = alice.copy();
    let mut at_alice = alice.group();
    at_alice.merge_pending_commit(1).unwrap();
    assert_agreed(&[&at_alice, &at_bob]);
}

#[test]
fn two_handles_on_one_group_see_each_other() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let mut second = alice.group();
    // Both encrypt in turn: a stale handle would use a key twice, and Bob would see a replay.
    for _ in 0..2 {
        say(&mut at_alice, &mut at_bob, "first");
        say(&mut second, &mut at_bob, "second");
    }
    let update = second.self_update().unwrap();
    assert_eq!(at_alice.self_update(), Err(CoreError::PendingCommitExists));
    deliver(&update, &mut at_alice, &mut [&mut at_bob]);
    second.refresh().unwrap();
    assert_agreed(&[&at_alice, &second, &at_bob]);
    alice.client.delete_group(GROUP).unwrap();
    assert_eq!(second.encrypt(b"x", 1), Err(CoreError::GroupNotFound));
    assert_eq!(alice.client.delete_group(GROUP), Err(CoreError::GroupNotFound));
}

#[test]
fn a_deleted_group_leaves_no_record() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let before = alice.records.clone();
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let proposal = at_bob.leave().unwrap();
    at_alice.process(&proposal, 1).unwrap();
    at_alice.commit_pending_proposals().unwrap();
    alice.save();
    assert!(alice.records.len() > before.len() + 5);
    alice.client.delete_group(GROUP).unwrap();
    alice.save();
    assert_eq!(in_clear(&alice.records), in_clear(&before));
}

#[test]
fn old_keys_are_gone_from_the_records_after_an_update() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    // The own-leaf record starts with the format byte and the signature key's seed.
    let seed = |records: &Records| {
        let records = in_clear(records);
        let (_, value) = records.iter().find(|(key, _)| key[0] == 0x20).unwrap();
        value[1..33].to_vec()
    };
    let old = seed(&bob.records);
    let update = at_bob.self_update().unwrap();
    bob.save();
    assert!(holds(&bob.records, &old), "still needed while the commit is undecided");
    deliver(&update, &mut at_bob, &mut [&mut at_alice]);
    bob.save();
    assert!(!holds(&bob.records, &old));
    let cleared = at_bob.self_update().unwrap();
    at_bob.clear_pending_commit().unwrap();
    bob.save();
    assert_eq!(at_bob.process(&cleared.commit, 1), Err(CoreError::CannotFollow));
}

fn holds(records: &Records, needle: &[u8]) -> bool {
    in_clear(records).values().any(|value| value.windows(needle.len()).any(|window| window == needle))
}

#[test]
fn a_used_key_package_leaves_no_key_behind() {
    let (alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let before = in_clear(&bob.records).len();
    let key_package = bob.key_package(SUITE);
    bob.save();
    assert_eq!(in_clear(&bob.records).len(), before + 2);
    let welcome = alice.client.create_group(GROUP, SUITE, 0).unwrap().add_members(&[key_package], 0).unwrap().welcome;
    bob.join(&welcome.unwrap(), 0).unwrap();
    bob.client.delete_group(GROUP).unwrap();
    bob.save();
    assert_eq!(in_clear(&bob.records).len(), before);
}

#[test]
fn a_message_writes_only_what_it_changes() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    // The first message of a sender derives its ratchets; from then on it is the ratchet that changes, and the count.
    say(&mut at_alice, &mut at_bob, "x");
    alice.save();
    bob.save();
    say(&mut at_alice, &mut at_bob, "y");
    for person in [&mut alice, &mut bob] {
        let writes = person.save();
        // The ratchet, the count, and the list of these two.
        assert_eq!(writes.iter().map(|write| write.key[0]).collect::<Vec<_>>(), [0x39, 0x22, 0x03]);
        let bytes: usize = writes.iter().map(|write| write.value.as_ref().map_or(0, Vec::len)).sum();
        assert!(bytes < 400, "{bytes}");
    }
}

#[test]
fn several_messages_are_one_batch_of_all_or_none() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    say(&mut at_alice, &mut at_bob, "x");
    alice.save();
    let too_long = CoreError::BadInput("a message has at most 65536 bytes");
    assert_eq!(at_alice.encrypt_all(&[vec![0], vec![0; 65_537]], 1), Err(too_long));
    assert!(alice.save().is_empty());
    let texts: Vec<_> = (0..20).map(|number| format!("message {number}")).collect();
    let messages = at_alice.encrypt_all(&texts, 1).unwrap();
    // As for one message: the ratchet, the count, and the list of these two.
    assert_eq!(alice.save().iter().map(|write| write.key[0]).collect::<Vec<_>>(), [0x39, 0x22, 0x03]);
    let heard: Vec<_> = messages.iter().map(|message| hear(&mut at_bob, message)).collect();
    assert_eq!(heard, texts);
    assert_eq!(say(&mut alice.copy().group(), &mut at_bob, "later"), "later");
}

#[test]
fn messages_of_past_epochs_open_after_a_restart_whoever_has_come_and_gone() {
    let (mut alice, mut bob, mut carol, dave) =
        (Person::new("alice"), Person::new("bob"), Person::new("carol"), Person::new("dave"));
    let members = group_of(&mut [&mut alice, &mut bob, &mut carol], SUITE);
    let [mut at_alice, mut at_bob, mut at_carol] = <[_; 3]>::try_from(members).unwrap();
    let of_carol = at_carol.encrypt(b"from carol", 1).unwrap();
    let of_bob = at_bob.encrypt(b"from bob", 1).unwrap();
    let removal = at_alice.remove_members(&[2]).unwrap();
    deliver(&removal, &mut at_alice, &mut [&mut at_bob]);
    let later_of_bob = at_bob.encrypt(b"later", 1).unwrap();
    // Dave gets Carol's leaf.
    let addition = at_alice.add_members(&[dave.key_package(SUITE)], 1).unwrap();
    deliver(&addition, &mut at_alice, &mut [&mut at_bob]);
    assert_eq!(at_alice.member(2).unwrap().identity.handle, "dave");

    for (message, handle, text) in
        [(&of_carol, "carol", "from carol"), (&later_of_bob, "bob", "later"), (&of_bob, "bob", "from bob")]
    {
        alice = alice.copy();
        let Received::Application { sender, plaintext, .. } = alice.group().process(message, 1).unwrap() else {
            panic!("not an application message")
        };
        assert_eq!((sender.identity.handle.as_str(), plaintext.as_slice()), (handle, text.as_bytes()));
        alice = alice.copy();
        assert_eq!(alice.group().process(message, 1), Err(CoreError::Replayed));
    }
    // Two epochs on, the first one's records are gone, and the third's are there.
    at_alice = alice.group();
    let update = at_alice.self_update().unwrap();
    deliver(&update, &mut at_alice, &mut [&mut at_bob]);
    alice = alice.copy();
    let epochs: std::collections::BTreeSet<_> =
        alice.records.keys().filter(|key| key[0] == 0x39 && key.len() > 18).map(|key| key[18..26].to_vec()).collect();
    assert_eq!(epochs.len(), 3);
    assert_eq!(alice.group().process(&of_bob, 1), Err(CoreError::EpochTooOld));
}

#[test]
fn the_records_hold_no_plaintext_even_in_the_clear() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    say(&mut at_alice, &mut at_bob, "a canary in the mine");
    alice.save();
    bob.save();
    assert!(!holds(&alice.records, b"canary") && !holds(&bob.records, b"canary"));
    assert_eq!(open(&alice.records).identity(), alice.client.identity());
}
