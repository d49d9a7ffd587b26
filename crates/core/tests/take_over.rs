//! Two processes on one store: each takes over what the other has written, and is then as if it had opened the store anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod people;

use people::{
    GROUP, Person, Records, SUITE, assert_agreed, deliver, group_of, hear, is_listed, of_group, open, say, store_key,
    try_open,
};
use quicprochat_core::{Client, CoreError, GroupId, GroupMember, UpdatePolicy, Write};

const OTHER: GroupId = GroupId([8; 16]);

/// The bytes of kinds in keys.
const STORE: u8 = 0x00;
const CHANGES: u8 = 0x03;

fn two() -> (Person, Person, [GroupMember; 2]) {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    (alice, bob, members.try_into().unwrap())
}

/// What turns one state of the store into another.
fn changes(before: &Records, after: &Records) -> Vec<Write> {
    let written = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
    let deleted = before.keys().filter(|key| !after.contains_key(*key));
    let written = written.map(|(key, value)| Write::new(key.clone(), Some(value.clone())));
    written.chain(deleted.map(|key| Write::new(key.clone(), None))).collect()
}

/// Everything that is in the store, as changes.
fn everything(before: &Records, after: &Records) -> Vec<Write> {
    let all = after.iter().map(|(key, value)| Write::new(key.clone(), Some(value.clone())));
    let deleted = before.keys().filter(|key| !after.contains_key(*key)).map(|key| Write::new(key.clone(), None));
    all.chain(deleted).collect()
}

/// That a client is as if opened anew from these records.
fn assert_up_to_date(client: &Client, records: &Records) {
    let anew = open(records);
    assert_eq!(client.group_ids(), anew.group_ids());
    assert_eq!(client.update_policy(), anew.update_policy());
    for id in client.group_ids().into_iter().filter(|id| client.is_loaded(*id)) {
        let (taken, anew) = (client.load_group(id).unwrap(), anew.load_group(id).unwrap());
        assert_agreed(&[&taken, &anew]);
        assert_eq!(taken.times(), anew.times());
        assert_eq!(taken.has_pending_commit(), anew.has_pending_commit());
        let signed = client.sign_access(id, b"transcript").unwrap();
        assert_eq!(signed.map(|signed| signed.access_key), anew.access_key().ok());
    }
}

/// What Alice does, with her handle on the group and Bob's.
type Step = Box<dyn FnMut(&mut Person, &mut GroupMember, &mut GroupMember)>;

/// One process works and another only takes over, after each of these steps.
fn steps() -> Vec<(&'static str, Step)> {
    vec![
        ("a message is sent", Box::new(|_, at_alice, at_bob| drop(say(at_alice, at_bob, "one")))),
        ("a message is read", Box::new(|_, at_alice, at_bob| drop(say(at_bob, at_alice, "two")))),
        ("key packages are made", Box::new(|alice, _, _| drop(alice.key_package(SUITE)))),
        (
            "the policy changes",
            Box::new(|alice, _, _| {
                let policy = UpdatePolicy { after_messages: 7, ..UpdatePolicy::default() };
                alice.client.set_update_policy(policy).unwrap();
            }),
        ),
        ("a group is made", Box::new(|alice, _, _| drop(alice.client.create_group(OTHER, SUITE, 1).unwrap()))),
        ("a commit is staged", Box::new(|_, at_alice, _| drop(at_alice.self_update().unwrap()))),
        ("it is cleared", Box::new(|_, at_alice, _| at_alice.clear_pending_commit().unwrap())),
        (
            "a commit is made",
            Box::new(|_, at_alice, at_bob| {
                let update = at_alice.self_update().unwrap();
                deliver(&update, at_alice, &mut [at_bob]);
            }),
        ),
        (
            "many messages are sent",
            Box::new(|alice, at_alice, at_bob| {
                for _ in 0..150 {
                    say(at_alice, at_bob, "again");
                    alice.save();
                }
            }),
        ),
        ("a group is deleted", Box::new(|alice, _, _| alice.client.delete_group(OTHER).unwrap())),
    ]
}

#[test]
fn who_takes_over_is_as_if_opened_anew() {
    for superset in [changes, everything] {
        for is_loaded in [true, false] {
            let (mut alice, _bob, [mut at_alice, mut at_bob]) = two();
            let client = if is_loaded {
                open(&alice.records)
            } else {
                Client::open(&store_key(), of_group(&alice.records, None)).unwrap()
            };
            for (step, mut run) in steps() {
                let before = alice.records.clone();
                run(&mut alice, &mut at_alice, &mut at_bob);
                alice.save();
                client.take_over(superset(&before, &alice.records)).unwrap_or_else(|error| panic!("{step}: {error}"));
                assert_eq!(client.is_loaded(GROUP), is_loaded, "{step}");
                assert_up_to_date(&client, &alice.records);
                assert_eq!(client.take_writes(), [], "{step}");
            }
            let mut group = client.load_group_from(GROUP, of_group(&alice.records, Some(GROUP))).unwrap();
            assert_eq!(say(&mut group, &mut at_bob, "from the other process"), "from the other process");
        }
    }
}

#[test]
fn two_processes_that_take_turns_write_one_store() {
    let (mut alice, _bob, [_, mut at_bob]) = two();
    let mut records = std::mem::take(&mut alice.records);
    let clients = [open(&records), open(&records)];
    let mut groups = clients.each_ref().map(|client| client.load_group(GROUP).unwrap());
    let (mut rewritten, mut seen) = (0, [records.clone(), records.clone()]);
    for round in 0..160 {
        let turn = round % 2;
        clients[turn].take_over(changes(&seen[turn], &records)).unwrap();
        // The handle takes over what the other process has done by itself.
        if round % 40 == 39 {
            let update = groups[turn].self_update().unwrap();
            deliver(&update, &mut groups[turn], &mut [&mut at_bob]);
        } else {
            let text = format!("message {round}");
            assert_eq!(say(&mut groups[turn], &mut at_bob, &text), text);
        }
        for Write { key, value, .. } in clients[turn].take_writes() {
            rewritten += usize::from(key == [STORE]);
            match value {
                Some(value) => records.insert(key, value),
                None => records.remove(&key),
            };
        }
        seen[turn].clone_from(&records);
    }
    assert!(rewritten > 1, "the list of all was written {rewritten} times");
    assert_up_to_date(&clients[1], &records);
}

#[test]
fn what_does_not_add_up_is_refused_and_changes_nothing() {
    let (mut alice, _bob, [mut at_alice, mut at_bob]) = two();
    for is_long in [false, true] {
        let before = alice.records.clone();
        let client = open(&before);
        let mut group = client.load_group(GROUP).unwrap();
        alice.key_package(SUITE);
        let update = at_alice.self_update().unwrap();
        deliver(&update, &mut at_alice, &mut [&mut at_bob]);
        alice.save();
        for _ in 0..if is_long { 150 } else { 1 } {
            say(&mut at_alice, &mut at_bob, "a message");
            alice.save();
        }
        let all = changes(&before, &alice.records);
        let is_list = |write: &Write| [STORE, CHANGES].contains(&write.key[0]);
        assert!(!is_long || all.iter().any(|write| write.key == [STORE]), "the list of all was written anew");
        for (index, left_out) in all.iter().enumerate().filter(|(_, write)| !write.is_erasable_key()) {
            let mut given = all.clone();
            given.remove(index);
            match client.take_over(given) {
                Err(CoreError::StoreRolledBack { record }) => {
                    let rest: String = left_out.key[1..].iter().map(|byte| format!("{byte:02x}")).collect();
                    assert!(is_list(left_out) || record.ends_with(&format!("/{rest}")), "{record} for {left_out:?}");
                }
                other => panic!("{other:?} without {left_out:?}"),
            }
        }
        let was_listed = before.iter().filter(|(key, _)| is_listed(key));
        for (key, value) in was_listed.filter(|(key, value)| alice.records.get(*key) != Some(value)) {
            let given = all.iter().filter(|write| write.key != *key).cloned();
            let put_back = Write::new(key.clone(), Some(value.clone()));
            let outcome = client.take_over(given.chain([put_back.clone()]));
            assert!(matches!(outcome, Err(CoreError::StoreRolledBack { .. })), "{outcome:?} for {put_back:?}");
        }
        assert_eq!(group.epoch() + 1, at_alice.epoch());
        assert!(group.refresh().is_ok());
        assert_eq!(group.epoch() + 1, at_alice.epoch(), "nothing has changed");
        client.take_over(all).unwrap();
        assert_up_to_date(&client, &alice.records);
        group.refresh().unwrap();
        assert_agreed(&[&group, &at_alice]);
    }
}

#[test]
fn a_state_of_its_own_is_not_mixed_with_that_of_others() {
    let (mut alice, _bob, [mut at_alice, mut at_bob]) = two();
    let before = alice.records.clone();
    let client = open(&before);
    let mut group = client.load_group(GROUP).unwrap();
    say(&mut at_alice, &mut at_bob, "one");
    alice.save();
    let all = changes(&before, &alice.records);
    group.encrypt(b"not stored", 1).unwrap();
    let untaken = CoreError::BadInput("there are writes that have not been taken");
    assert_eq!(client.take_over(all.clone()), Err(untaken));
    client.take_writes();
    // The writes were taken and never stored: another process wrote a batch of the same number.
    assert!(matches!(client.take_over(all), Err(CoreError::StoreRolledBack { .. })));
}

#[test]
fn a_group_that_others_have_deleted_is_gone() {
    let (mut alice, _bob, _members) = two();
    let before = alice.records.clone();
    let client = open(&before);
    let mut group = client.load_group(GROUP).unwrap();
    alice.client.delete_group(GROUP).unwrap();
    alice.save();
    client.take_over(changes(&before, &alice.records)).unwrap();
    assert_eq!(group.encrypt(b"x", 1), Err(CoreError::GroupNotFound));
    assert_eq!(client.sign_access(GROUP, b"transcript"), Ok(None));
    assert_eq!(client.group_ids(), []);
    assert!(client.create_group(GROUP, SUITE, 1).is_ok());
}

#[test]
fn groups_that_did_not_change_are_not_touched() {
    let (mut alice, mut bob, [mut at_alice, mut at_bob]) = two();
    drop(alice.client.create_group(OTHER, SUITE, 1).unwrap());
    alice.save();
    let before = alice.records.clone();
    let client = open(&before);
    // A commit that is staged is lost if the handle reads its group anew.
    let mut group = client.load_group(GROUP).unwrap();
    let update = at_bob.self_update().unwrap();
    group.process(&update.commit, 1).unwrap();
    alice.client.load_group(OTHER).unwrap().encrypt(b"to myself", 1).unwrap();
    alice.save();
    client.take_over(everything(&before, &alice.records)).unwrap();
    group.merge_staged_commit(1).unwrap();
    at_bob.merge_pending_commit(1).unwrap();
    assert_agreed(&[&group, &at_bob]);
    at_alice.process(&update.commit, 1).unwrap();
    bob.save();
    assert!(try_open(&alice.records).is_ok());
}

#[test]
fn an_access_key_is_at_hand_for_as_long_as_its_epoch_lasts() {
    let (mut alice, _bob, [mut at_alice, mut at_bob]) = two();
    let own = |records: &Records| Client::open(&store_key(), of_group(records, None)).unwrap();
    let client = own(&alice.records);
    let sign = |client: &Client| client.sign_access(GROUP, b"transcript").unwrap();
    assert_eq!(sign(&client), None, "never loaded");
    drop(client.load_group_from(GROUP, of_group(&alice.records, Some(GROUP))).unwrap());
    client.unload_group(GROUP).unwrap();
    let signed = sign(&client).unwrap();
    assert_eq!(signed.access_key, at_alice.access_key().unwrap());
    assert_eq!(signed.signature, at_alice.sign_access(b"transcript").unwrap());

    // A message of another process changes nothing of it; a commit does, and the key has to be read anew.
    let before = alice.records.clone();
    say(&mut at_alice, &mut at_bob, "one");
    alice.save();
    client.take_over(changes(&before, &alice.records)).unwrap();
    assert_eq!(sign(&client), Some(signed.clone()));
    let before = alice.records.clone();
    let update = at_alice.self_update().unwrap();
    deliver(&update, &mut at_alice, &mut [&mut at_bob]);
    alice.save();
    client.take_over(changes(&before, &alice.records)).unwrap();
    assert_eq!(sign(&client), None);
    assert_eq!(sign(&alice.client).unwrap().access_key, at_alice.access_key().unwrap(), "where it was merged");
    assert_ne!(sign(&alice.client), Some(signed));

    // In the process that follows the group itself.
    let mut group = client.load_group_from(GROUP, of_group(&alice.records, Some(GROUP))).unwrap();
    assert_eq!(sign(&client).unwrap().access_key, group.access_key().unwrap());
    let removal = at_bob.remove_members(&[0]).unwrap();
    group.process(&removal.commit, 1).unwrap();
    assert_eq!(sign(&client).unwrap().access_key, group.access_key().unwrap(), "not merged yet");
    group.merge_staged_commit(1).unwrap();
    assert_eq!(sign(&client), None, "removed");
    client.delete_group(GROUP).unwrap();
    assert_eq!(sign(&client), None);
    assert_eq!(hear(&mut at_alice, &at_bob.encrypt(b"x", 1).unwrap()), "x");
}
