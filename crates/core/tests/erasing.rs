//! Records that were put back after the keys that they are sealed under were erased: what was over stays closed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod people;

use std::collections::BTreeSet;

use people::{GROUP, Person, Records, SUITE, deliver, group_of, of_group, say, store_key, try_open};
use quicprochat_core::{Client, CoreError, GroupId, GroupMember, Write};

/// The byte of the kind in the keys of erasable keys.
const ERASABLE_KEY: u8 = 0x05;

/// The bytes of a group's kinds that hold secrets of its epoch.
const SECRETS: [u8; 6] = [0x20, 0x38, 0x39, 0x3a, 0x3c, 0x3d];

fn two() -> (Person, Person, [GroupMember; 2]) {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    (alice, bob, members.try_into().unwrap())
}

fn is_key(key: &[u8]) -> bool {
    key[0] == ERASABLE_KEY
}

/// The records of one time with the erasable keys of another.
fn with_keys_of(records: &Records, keys: &Records) -> Records {
    let records = records.iter().filter(|(key, _)| !is_key(key));
    records.chain(keys.iter().filter(|(key, _)| is_key(key))).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The erasable keys of a group, or the client's own.
fn keys_of(records: &Records, group: Option<GroupId>) -> BTreeSet<Vec<u8>> {
    of_group(records, group).map(|record| record.key).filter(|key| is_key(key)).collect()
}

/// The ids of the keys that a group's secrets are sealed under.
fn ids_in_use(records: &Records) -> BTreeSet<Vec<u8>> {
    let secrets = of_group(records, Some(GROUP)).filter(|record| SECRETS.contains(&record.key[0]));
    let sealed = secrets.map(|record| {
        assert_ne!(record.value[0] & 0x80, 0, "{record:?} is under an erasable key");
        record.value[8..16].to_vec()
    });
    sealed.collect()
}

fn open_group(records: &Records) -> Result<(), CoreError> {
    let client = Client::open(&store_key(), of_group(records, None)).unwrap();
    client.load_group_from(GROUP, of_group(records, Some(GROUP))).map(drop)
}

#[test]
fn each_epoch_has_a_key_of_its_own_for_all_secrets_of_the_group() {
    let (mut alice, mut bob, [mut at_alice, mut at_bob]) = two();
    let mut seen = BTreeSet::new();
    for round in 0..4 {
        say(&mut at_bob, &mut at_alice, "a message");
        alice.save();
        let keys = keys_of(&alice.records, Some(GROUP));
        let ids = ids_in_use(&alice.records);
        assert_eq!(ids.len(), 1, "one key seals all of them");
        assert!(keys.len() == 1 && keys.first().unwrap().ends_with(ids.first().unwrap()), "and no other is there");
        assert!(seen.insert(ids), "another one in each epoch");
        let update = if round % 2 == 0 { at_bob.self_update() } else { at_alice.self_update() };
        let (committer, other) =
            if round % 2 == 0 { (&mut at_bob, &mut at_alice) } else { (&mut at_alice, &mut at_bob) };
        deliver(&update.unwrap(), committer, &mut [other]);
        alice.save();
        bob.save();
    }
}

#[test]
fn messages_and_staged_commits_keep_the_key() {
    let (mut alice, _bob, [mut at_alice, mut at_bob]) = two();
    let before = keys_of(&alice.records, Some(GROUP));
    say(&mut at_alice, &mut at_bob, "one way");
    say(&mut at_bob, &mut at_alice, "and the other");
    at_alice.propose_update().unwrap();
    at_alice.self_update().unwrap();
    alice.save();
    assert_eq!(keys_of(&alice.records, Some(GROUP)), before);
    assert!(open_group(&alice.records).is_ok());
}

#[test]
fn records_of_an_epoch_that_is_over_do_not_open_without_its_key() {
    let (mut alice, _bob, [mut at_alice, mut at_bob]) = two();
    let mut states = vec![alice.records.clone()];
    for _ in 0..3 {
        say(&mut at_bob, &mut at_alice, "a message");
        alice.save();
        states.push(alice.records.clone());
        let update = at_bob.self_update().unwrap();
        deliver(&update, &mut at_bob, &mut [&mut at_alice]);
        alice.save();
        states.push(alice.records.clone());
    }
    let now = states.last().unwrap();
    for then in &states[..states.len() - 1] {
        assert!(try_open(then).is_ok(), "with the keys of their time they open");
        match open_group(&with_keys_of(then, now)) {
            Err(CoreError::KeysErased) => {}
            outcome => panic!("{outcome:?}"),
        }
    }
    assert!(open_group(&with_keys_of(now, now)).is_ok());
}

#[test]
fn a_used_key_package_does_not_open_its_welcome_again() {
    let (mut alice, bob) = (Person::new("alice"), Person::new("bob"));
    let spare = alice.key_package(SUITE);
    alice.save();
    let before = alice.records.clone();
    let mut at_bob = bob.client.create_group(GROUP, SUITE, 0).unwrap();
    let welcome = at_bob.add_members(&[spare], 0).unwrap().welcome.unwrap();
    let with_its_key = Person { client: people::open(&before), records: before.clone() };
    assert!(with_its_key.join(&welcome, 0).is_ok(), "with the key of its time it does");
    alice.join(&welcome, 0).unwrap();
    alice.save();
    let put_back = with_keys_of(&before, &alice.records);
    let client = Client::open(&store_key(), of_group(&put_back, None)).unwrap();
    let put_back = Person { client, records: put_back };
    assert_eq!(put_back.join(&welcome, 0).map(drop), Err(CoreError::WelcomeNotForUs));
}

#[test]
fn a_deleted_group_leaves_no_key() {
    let (mut alice, _bob, _members) = two();
    assert_eq!(keys_of(&alice.records, Some(GROUP)).len(), 1);
    alice.client.delete_group(GROUP).unwrap();
    alice.save();
    assert_eq!(keys_of(&alice.records, Some(GROUP)).len(), 0);
}

#[test]
fn keys_of_writes_that_were_never_committed_are_erased() {
    let (alice, _bob, [mut at_alice, mut at_bob]) = two();
    let spare = alice.records.clone();
    let update = at_bob.self_update().unwrap();
    deliver(&update, &mut at_bob, &mut [&mut at_alice]);
    alice.client.generate_key_packages(SUITE, 2, 0).unwrap();
    // The program ends when it has stored the new keys.
    let mut records = spare.clone();
    for Write { key, value, .. } in alice.client.take_writes() {
        if let (true, Some(value)) = (is_key(&key), value) {
            records.insert(key, value);
        }
    }
    assert!(records.len() > spare.len() + 1);
    let mut again = Person { client: try_open(&records).unwrap(), records };
    assert_eq!(again.client.take_writes(), []);
    again.client.erase_unused_keys();
    let writes = again.save();
    assert!(writes.iter().all(|write| write.is_erasable_key() && write.value.is_none()), "{writes:?}");
    assert_eq!(again.records, spare);
}

#[test]
fn without_its_keys_a_store_opens_but_for_its_groups_and_key_packages() {
    let (mut alice, bob, _members) = two();
    let spare = alice.key_package(SUITE);
    alice.save();
    let bare = with_keys_of(&alice.records, &Records::new());
    assert!(matches!(open_group(&bare), Err(CoreError::KeysErased)));
    let alice = Person { client: Client::open(&store_key(), of_group(&bare, None)).unwrap(), records: bare };
    let other = GroupId([8; 16]);
    let mut at_bob = bob.client.create_group(other, SUITE, 0).unwrap();
    let welcome = at_bob.add_members(&[spare], 0).unwrap().welcome.unwrap();
    at_bob.merge_pending_commit(0).unwrap();
    assert_eq!(alice.join(&welcome, 0).map(drop), Err(CoreError::WelcomeNotForUs));
    // It goes on with new ones.
    let third = GroupId([9; 16]);
    let mut at_bob = bob.client.create_group(third, SUITE, 0).unwrap();
    let welcome = at_bob.add_members(&[alice.key_package(SUITE)], 0).unwrap().welcome.unwrap();
    at_bob.merge_pending_commit(0).unwrap();
    let mut joined = alice.join(&welcome, 0).unwrap();
    assert_eq!(say(&mut at_bob, &mut joined, "hello"), "hello");
}

#[test]
fn another_process_takes_new_keys_over_and_lets_the_old_ones_go() {
    let (mut alice, _bob, [mut at_alice, mut at_bob]) = two();
    let mut other = alice.copy();
    for _ in 0..3 {
        let update = at_bob.self_update().unwrap();
        deliver(&update, &mut at_bob, &mut [&mut at_alice]);
        let writes = alice.save();
        other.client.take_over(writes).unwrap();
        other.records = alice.records.clone();
        // What it writes itself is sealed under the key of now.
        assert_eq!(say(&mut at_bob, &mut other.group(), "for both"), "for both");
        other.save();
        assert!(open_group(&with_keys_of(&other.records, &alice.records)).is_ok());
        other = alice.copy();
    }
}

#[test]
fn a_group_that_was_given_up_can_be_joined_again() {
    let (mut alice, _bob, [_, mut at_bob]) = two();
    let bare = with_keys_of(&alice.records, &Records::new());
    alice = Person { client: Client::open(&store_key(), of_group(&bare, None)).unwrap(), records: bare };
    alice.client.abandon_group(GROUP).unwrap();
    let lost: Vec<_> = of_group(&alice.records, Some(GROUP)).map(|record| record.key).collect();
    alice.save();
    lost.iter().for_each(|key| drop(alice.records.remove(key)));
    assert_eq!(people::open(&alice.records).group_ids(), []);
    let removed = at_bob.remove_members(&[0]).unwrap();
    assert!(removed.welcome.is_none());
    at_bob.merge_pending_commit(0).unwrap();
    let welcome = at_bob.add_members(&[alice.key_package(SUITE)], 0).unwrap().welcome.unwrap();
    at_bob.merge_pending_commit(0).unwrap();
    let mut joined = alice.join(&welcome, 0).unwrap();
    assert_eq!(say(&mut at_bob, &mut joined, "here again"), "here again");
    alice.save();
    assert_eq!(open_group(&alice.records), Ok(()));
}

#[test]
fn keys_of_a_group_that_another_process_joined_again_are_not_left_over() {
    let (mut alice, _bob, [_, mut at_bob]) = two();
    let other = alice.copy();
    let before = alice.records.clone();
    alice.client.delete_group(GROUP).unwrap();
    let deleted = alice.save();
    other.client.take_over(deleted).unwrap();
    at_bob.remove_members(&[0]).unwrap();
    at_bob.merge_pending_commit(0).unwrap();
    let spare = alice.key_package(SUITE);
    let made = alice.save();
    other.client.take_over(made).unwrap();
    let welcome = at_bob.add_members(&[spare], 0).unwrap().welcome.unwrap();
    at_bob.merge_pending_commit(0).unwrap();
    alice.join(&welcome, 0).unwrap();
    let joined = alice.save();
    other.client.take_over(joined).unwrap();
    other.client.erase_unused_keys();
    assert_eq!(other.client.take_writes(), []);
    assert_ne!(keys_of(&before, Some(GROUP)), keys_of(&alice.records, Some(GROUP)));
    assert!(other.client.load_group_from(GROUP, of_group(&alice.records, Some(GROUP))).is_ok());
}
