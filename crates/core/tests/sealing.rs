//! A store that somebody has changed: whatever it was, it is found when the store is opened, and the record is named.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod people;

use std::collections::BTreeSet;

use people::{
    GROUP, Person, Records, SUITE, deliver, group_of, in_clear, in_list, is_listed, is_used_up, of_group, say,
    store_key, try_open,
};
use quicprochat_core::{Client, CoreError, GroupMember, StoreKey};

/// The bytes of kinds in keys.
const STORE: u8 = 0x00;
const CHANGES: u8 = 0x03;

fn two() -> (Person, Person, [GroupMember; 2]) {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    (alice, bob, members.try_into().unwrap())
}

/// The record that opening these complains of.
fn named(records: &Records) -> String {
    match try_open(records) {
        Err(CoreError::StoreCorrupt { record } | CoreError::StoreRolledBack { record }) => record,
        other => panic!("{:?}", other.map(drop)),
    }
}

/// What errors call a record: all but the kind's word is the rest of the key in hex.
fn is_name_of(name: &str, key: &[u8]) -> bool {
    let rest: String = key[1..].iter().map(|byte| format!("{byte:02x}")).collect();
    name.split_once('/').map_or(rest.is_empty(), |(_, hex)| hex == rest)
}

#[test]
fn a_flipped_byte_is_found_and_named() {
    let (alice, _bob, _members) = two();
    for (key, record) in alice.records.iter().filter(|(key, _)| is_listed(key)) {
        // Version, nonce and tag wholly, what is between them in part.
        for position in (0..record.len()).filter(|at| *at < 60 || at + 20 > record.len() || at % 13 == 0) {
            let mut changed = alice.records.clone();
            changed.get_mut(key).unwrap()[position] ^= 0x10;
            match try_open(&changed).map(drop) {
                Err(CoreError::StoreCorrupt { record } | CoreError::StoreRolledBack { record }) => {
                    assert!(is_name_of(&record, key), "{record} for {key:x?}");
                }
                // In the head of `store`: the form, and what tells a wrong key.
                Err(CoreError::StoreTooNew) => assert_eq!((key.as_slice(), position), ([STORE].as_slice(), 0)),
                Err(CoreError::StoreKeyWrong) => assert!(*key == [STORE] && (1..25).contains(&position)),
                // Which key it is under: that one was erased, for all that anybody can tell.
                Ok(()) => assert!(is_used_up(key, record) && (8..16).contains(&position), "{key:x?} at {position}"),
                Err(CoreError::KeysErased) => assert!((8..16).contains(&position), "{key:x?} at {position}"),
                other => panic!("{other:?} for {key:x?} at {position}"),
            }
        }
    }
}

#[test]
fn a_cut_or_lengthened_record_is_named() {
    let (alice, _bob, _members) = two();
    for (key, record) in alice.records.iter().filter(|(key, _)| is_listed(key)) {
        for bytes in
            [Vec::new(), record[..7].to_vec(), record[..record.len() - 1].to_vec(), [record, &[0][..]].concat()]
        {
            let mut changed = alice.records.clone();
            changed.insert(key.clone(), bytes);
            let name = named(&changed);
            assert!(is_name_of(&name, key), "{name} for {key:x?}");
        }
    }
}

#[test]
fn stores_of_other_forms_are_told_apart_from_damaged_ones() {
    let (alice, _bob, _members) = two();
    for (form, expected) in [
        (0, CoreError::StoreTooOld),
        (1, CoreError::StoreTooOld),
        (2, CoreError::StoreTooOld),
        (5, CoreError::StoreTooNew),
    ] {
        let mut records = alice.records.clone();
        records.get_mut([STORE].as_slice()).unwrap()[0] = form;
        assert_eq!(try_open(&records).map(drop), Err(expected), "{form}");
    }
}

#[test]
fn swapped_records_are_found_and_one_of_them_is_named() {
    let (alice, _bob, _members) = two();
    let keys: Vec<_> = alice.records.keys().filter(|key| is_listed(key)).collect();
    for (index, one) in keys.iter().enumerate() {
        for other in &keys[index + 1..] {
            let mut swapped = alice.records.clone();
            swapped.insert((*one).clone(), alice.records[*other].clone());
            swapped.insert((*other).clone(), alice.records[*one].clone());
            let name = match try_open(&swapped).map(drop) {
                // The head of `store` is not one, by its first bytes.
                Err(CoreError::StoreKeyWrong | CoreError::StoreTooNew | CoreError::StoreTooOld) => "store".to_owned(),
                _ => named(&swapped),
            };
            assert!(is_name_of(&name, one) || is_name_of(&name, other), "{name} for {one:x?} and {other:x?}");
        }
    }
}

#[test]
fn a_record_of_another_store_is_named_even_under_the_same_key() {
    let (alice, bob, _members) = two();
    for (key, record) in bob.records.iter().filter(|(key, _)| alice.records.contains_key(*key) && **key != [STORE]) {
        let mut mixed = alice.records.clone();
        mixed.insert(key.clone(), record.clone());
        let name = named(&mixed);
        assert!(is_name_of(&name, key), "{name} for {key:x?}");
    }
}

/// The records after each of some operations, first to last.
fn history() -> Vec<Records> {
    let (mut alice, mut bob, [mut at_alice, mut at_bob]) = two();
    let mut states = vec![alice.records.clone()];
    for round in 0..12 {
        if round % 4 == 3 {
            let update = at_alice.self_update().unwrap();
            deliver(&update, &mut at_alice, &mut [&mut at_bob]);
        } else {
            say(&mut at_alice, &mut at_bob, "a message");
        }
        bob.save();
        alice.save();
        states.push(alice.records.clone());
    }
    states
}

#[test]
fn a_record_that_was_put_back_is_found_and_named() {
    let states = history();
    let now = states.last().unwrap();
    assert!(try_open(now).is_ok());
    let mut tried = 0;
    for (key, record) in states.iter().rev().flatten() {
        if !is_listed(key) || now.get(key) == Some(record) {
            continue;
        }
        // Changed since, or deleted since.
        let mut rolled_back = now.clone();
        rolled_back.insert(key.clone(), record.clone());
        let name = named(&rolled_back);
        // An earlier list of all contradicts all that has changed since: the first of that is named.
        assert!(key == &[STORE] || is_name_of(&name, key), "{name} for {key:x?}");
        tried += 1;
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn a_record_that_is_missing_is_named() {
    let states = history();
    let now = states.last().unwrap();
    for key in now.keys().filter(|key| is_listed(key)) {
        let mut without = now.clone();
        without.remove(key);
        let name = named(&without);
        // Without the last list of changes, what it lists is newer than the rest.
        let is_last_list = key[0] == CHANGES && !now.keys().any(|other| other[0] == CHANGES && other > key);
        assert!(is_last_list || is_name_of(&name, key), "{name} for {key:x?}");
    }
}

#[test]
fn two_batches_of_one_number_do_not_mix() {
    let (mut alice, mut bob, [mut at_alice, mut at_bob]) = two();
    let mut twin = alice.copy();
    bob.save();
    say(&mut at_alice, &mut at_bob, "one");
    twin.group().encrypt(b"another", 1).unwrap();
    alice.save();
    twin.save();
    assert!(alice.records.keys().eq(twin.records.keys()), "the same records in both");
    for (key, record) in twin.records.iter().filter(|(key, record)| alice.records[*key] != **record) {
        let mut mixed = alice.records.clone();
        mixed.insert(key.clone(), record.clone());
        named(&mixed);
    }
}

#[test]
fn an_epoch_that_was_put_back_is_found() {
    let states = history();
    let (then, now) = (&states[1], states.last().unwrap());
    // All of the group's records together, but not the lists.
    let mut rolled_back = now.clone();
    rolled_back.retain(|key, _| key[0] < 0x20);
    rolled_back.extend(then.iter().filter(|(key, _)| key[0] >= 0x20).map(|(key, value)| (key.clone(), value.clone())));
    assert!(matches!(try_open(&rolled_back), Err(CoreError::StoreRolledBack { .. })));
}

#[test]
fn a_whole_store_that_was_put_back_opens() {
    // Nothing in it can tell: docs/src says so.
    for state in history() {
        assert!(try_open(&state).is_ok());
    }
}

#[test]
fn a_store_opens_with_its_own_key_only() {
    let (alice, _bob, _members) = two();
    let open = |key: [u8; 32]| Client::open(&StoreKey::from(key), of_group(&alice.records, None)).map(drop);
    assert_eq!(open([8; 32]), Err(CoreError::StoreKeyWrong));
    assert_eq!(open([9; 32]), Ok(()));
    assert_eq!(StoreKey::try_from([0; 31].as_slice()).err(), Some(CoreError::BadInput("a store key has 32 bytes")));
    let nothing = Client::open(&store_key(), in_list(&Records::new())).map(drop);
    assert_eq!(nothing, Err(CoreError::StoreCorrupt { record: "store".into() }));
}

#[test]
fn sealed_records_show_nothing_of_what_is_in_them() {
    let (alice, _bob, _members) = two();
    let sealed: Vec<u8> = alice.records.values().flatten().copied().collect();
    let windows: BTreeSet<&[u8]> = sealed.windows(8).collect();
    for (key, value) in in_clear(&alice.records) {
        // Versions stand in the clear: small numbers in eight bytes.
        let telling = value.windows(8).filter(|window| window.iter().filter(|byte| **byte != 0).count() > 3);
        let shown = telling.into_iter().find(|window| windows.contains(window));
        assert!(shown.is_none(), "{key:x?}");
    }
}

#[test]
fn lists_of_changes_stay_short() {
    let (mut alice, mut bob, [mut at_alice, mut at_bob]) = two();
    let (mut written, mut most) = (0, 0);
    for _ in 0..500 {
        say(&mut at_alice, &mut at_bob, "a message");
        bob.save();
        let writes = alice.save();
        let own = writes.iter().filter(|write| [STORE, CHANGES].contains(&write.key[0]));
        written += own.map(|write| write.key.len() + write.value.as_ref().map_or(0, Vec::len)).sum::<usize>();
        most = most.max(alice.records.keys().filter(|key| key[0] == CHANGES).count());
    }
    assert!(written / 500 < 180, "{} bytes a message", written / 500);
    assert!((60..160).contains(&most), "{most} lists at most");
    assert_eq!(alice.copy().client.group_ids(), [GROUP]);
}

#[test]
fn a_commit_pays_for_the_list_of_all_and_messages_do_not() {
    let (mut alice, mut bob, [mut at_alice, mut at_bob]) = two();
    let writes_all = |writes: &[quicprochat_core::Write]| writes.iter().any(|write| write.key == [STORE]);
    let mut by_commits = 0;
    for round in 0..300 {
        let is_commit = round % 50 == 49;
        if is_commit {
            let update = at_alice.self_update().unwrap();
            deliver(&update, &mut at_alice, &mut [&mut at_bob]);
        } else {
            say(&mut at_alice, &mut at_bob, "a message");
        }
        bob.save();
        let writes_all = writes_all(&alice.save());
        assert!(is_commit || !writes_all, "a message in round {round}");
        by_commits += usize::from(writes_all);
    }
    assert!(by_commits >= 3, "{by_commits}");
}
