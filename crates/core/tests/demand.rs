//! Groups that are loaded on demand: a client opens without them, and whatever was done to their records meanwhile is
//! found when they are loaded.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod people;

use people::{
    GROUP, Person, Records, SUITE, assert_agreed, deliver, group_of, hear, is_listed, of_group, say, store_key,
};
use quicprochat_core::{Client, CoreError, GroupId, GroupMember, Record, Result};

const OTHER: GroupId = GroupId([8; 16]);
const NOWHERE: GroupId = GroupId([9; 16]);

/// The kind's byte in keys.
const GROUP_RECORDS: u8 = 0x24;

fn open_own(records: &Records) -> Client {
    Client::open(&store_key(), of_group(records, None)).unwrap()
}

fn load(records: &Records, id: GroupId) -> Result<GroupMember> {
    open_own(records).load_group_from(id, of_group(records, Some(id)))
}

/// Alice with Bob in one group, and alone in another.
fn two() -> (Person, Person, [GroupMember; 2]) {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    alice.client.create_group(OTHER, SUITE, 0).unwrap().encrypt(b"to myself", 1).unwrap();
    alice.save();
    (alice, bob, members.try_into().unwrap())
}

/// What Alice's records were after each of some operations, first to last.
fn history() -> Vec<Records> {
    let (mut alice, mut bob, [mut at_alice, mut at_bob]) = two();
    let mut states = vec![alice.records.clone()];
    for round in 0..24 {
        if round % 6 == 5 {
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

/// The record that loading the group complains of.
fn named(records: &Records, id: GroupId) -> String {
    match load(records, id) {
        Err(CoreError::StoreCorrupt { record } | CoreError::StoreRolledBack { record }) => record,
        other => panic!("{:?}", other.map(drop)),
    }
}

fn is_name_of(name: &str, key: &[u8]) -> bool {
    let rest: String = key[1..].iter().map(|byte| format!("{byte:02x}")).collect();
    name.split_once('/').is_some_and(|(_, hex)| hex == rest)
}

#[test]
fn a_client_opens_without_its_groups_and_goes_on_with_those_that_it_loads() {
    let (alice, bob, [mut at_alice, mut at_bob]) = two();
    let message = at_bob.encrypt(b"while alice was away", 1).unwrap();
    let client = open_own(&alice.records);
    assert_eq!(client.identity(), alice.client.identity());
    assert_eq!(client.group_ids(), [GROUP, OTHER]);
    assert!(!client.is_loaded(GROUP));
    let mut group = client.load_group_from(GROUP, of_group(&alice.records, Some(GROUP))).unwrap();
    assert!(client.is_loaded(GROUP) && !client.is_loaded(OTHER));
    assert_agreed(&[&group, &at_alice]);
    assert_eq!(hear(&mut group, &message), "while alice was away");
    assert_eq!(client.load_group(GROUP).unwrap().epoch(), at_alice.epoch());
    assert_eq!(hear(&mut at_alice, &message), "while alice was away");
    drop(bob);
}

#[test]
fn a_group_that_is_not_loaded_is_told_from_one_that_is_not_there() {
    let (mut alice, bob, [mut at_alice, _at_bob]) = two();
    let client = open_own(&alice.records);
    assert_eq!(client.load_group(GROUP).err(), Some(CoreError::GroupNotLoaded));
    assert_eq!(client.load_group(NOWHERE).err(), Some(CoreError::GroupNotFound));
    assert_eq!(client.load_group_from(NOWHERE, []).err(), Some(CoreError::GroupNotFound));
    assert_eq!(client.delete_group(GROUP), Err(CoreError::GroupNotLoaded));
    assert_eq!(client.delete_group(NOWHERE), Err(CoreError::GroupNotFound));
    assert_eq!(client.unload_group(GROUP), Ok(()));
    assert_eq!(client.unload_group(NOWHERE), Err(CoreError::GroupNotFound));
    assert_eq!(client.create_group(GROUP, SUITE, 1).err(), Some(CoreError::GroupExists));
    let none: [&[u8]; 0] = [];
    assert_eq!(client.reboot_group(GROUP, NOWHERE, &none, 1).err(), Some(CoreError::GroupNotLoaded));
    assert_eq!(client.take_writes(), []);

    // Bob is removed and welcomed again before he has loaded the group.
    let mut bob = bob.copy_of();
    let removal = at_alice.remove_members(&[1]).unwrap();
    at_alice.merge_pending_commit(1).unwrap();
    let mut at_bob = bob.group();
    at_bob.process(&removal.commit, 1).unwrap();
    at_bob.merge_staged_commit(1).unwrap();
    let key_package = bob.key_package(SUITE);
    bob.save();
    let welcome = at_alice.add_members(&[key_package], 1).unwrap().welcome.unwrap();
    at_alice.merge_pending_commit(1).unwrap();
    alice.save();
    let client = open_own(&bob.records);
    let (joiner, shared) = (&welcome.joiners[0], &welcome.shared);
    assert_eq!(client.join(joiner, shared, 1).err(), Some(CoreError::GroupNotLoaded));
    assert_eq!(client.group_of_welcome(joiner, shared), Ok(GROUP));
    assert_eq!(client.take_writes(), [], "nothing is used up");
    client.load_group_from(GROUP, of_group(&bob.records, Some(GROUP))).unwrap();
    assert_agreed(&[&client.join(joiner, shared, 1).unwrap(), &at_alice]);
}

#[test]
fn a_record_of_an_unloaded_group_that_was_put_back_is_found_and_named() {
    let states = history();
    let now = states.last().unwrap();
    assert!(load(now, GROUP).is_ok());
    let mut tried = 0;
    for (key, record) in states.iter().rev().flatten() {
        let is_of_group = Record { key: key.clone(), value: Vec::new() }.group() == Some(GROUP);
        if !is_of_group || !is_listed(key) || now.get(key) == Some(record) {
            continue;
        }
        let mut rolled_back = now.clone();
        rolled_back.insert(key.clone(), record.clone());
        let name = named(&rolled_back, GROUP);
        assert!(is_name_of(&name, key), "{name} for {key:x?}");
        assert!(load(&rolled_back, OTHER).is_ok(), "the other group is as it was");
        tried += 1;
    }
    assert!(tried > 80, "{tried}");
}

#[test]
fn a_record_of_an_unloaded_group_that_is_missing_or_of_another_group_is_named() {
    let states = history();
    let now = states.last().unwrap();
    let of = |id| of_group(now, Some(id)).map(|record| record.key).collect::<Vec<_>>();
    let mut swapped = 0;
    for key in of(GROUP).into_iter().filter(|key| is_listed(key)) {
        let mut without = now.clone();
        without.remove(&key);
        assert!(is_name_of(&named(&without, GROUP), &key), "{key:x?}");

        // The same kind of record of the other group, in this one's place and among its records.
        let others = [&key[..1], &[16], &OTHER.0, &key[18..]].concat();
        let Some(other) = now.get(&others) else { continue };
        let mut replaced = now.clone();
        replaced.insert(key.clone(), other.clone());
        assert!(is_name_of(&named(&replaced, GROUP), &key), "{key:x?}");
        let records = of_group(now, Some(GROUP)).chain([Record { key: others.clone(), value: other.clone() }]);
        match open_own(now).load_group_from(GROUP, records) {
            Err(CoreError::StoreRolledBack { record }) => assert!(is_name_of(&record, &others), "{record}"),
            outcome => panic!("{:?} for {others:x?}", outcome.map(drop)),
        }
        swapped += 1;
    }
    assert!(swapped > 10, "{swapped}");
}

#[test]
fn all_records_of_an_unloaded_group_put_back_together_are_found() {
    let states = history();
    let now = states.last().unwrap();
    for then in &states[..states.len() - 1] {
        let mut rolled_back = now.clone();
        rolled_back.retain(|key, _| Record { key: key.clone(), value: Vec::new() }.group() != Some(GROUP));
        rolled_back.extend(of_group(then, Some(GROUP)).map(|Record { key, value }| (key, value)));
        named(&rolled_back, GROUP);
        assert!(load(&rolled_back, OTHER).is_ok());
    }
}

#[test]
fn a_deleted_group_that_was_put_back_is_found() {
    let (mut alice, _bob, _members) = two();
    let before = alice.records.clone();
    alice.client.delete_group(GROUP).unwrap();
    alice.save();
    assert_eq!(of_group(&alice.records, Some(GROUP)).count(), 0);
    let client = open_own(&alice.records);
    assert_eq!(client.group_ids(), [OTHER]);
    match client.load_group_from(GROUP, of_group(&before, Some(GROUP))) {
        Err(CoreError::StoreRolledBack { record }) => assert!(record.starts_with("group-records/"), "{record}"),
        other => panic!("{:?}", other.map(drop)),
    }
    assert!(!client.is_loaded(GROUP));
    // Nor can its records stand among the client's own.
    let records = of_group(&alice.records, None).chain(of_group(&before, Some(GROUP)));
    assert!(matches!(Client::open(&store_key(), records), Err(CoreError::StoreRolledBack { .. })));
}

#[test]
fn a_load_that_fails_leaves_nothing_behind() {
    let (alice, _bob, _members) = two();
    for key in of_group(&alice.records, Some(GROUP)).map(|record| record.key) {
        let mut changed = alice.records.clone();
        *changed.get_mut(&key).unwrap().last_mut().unwrap() ^= 1;
        let client = open_own(&alice.records);
        assert!(client.load_group_from(GROUP, of_group(&changed, Some(GROUP))).is_err());
        assert!(!client.is_loaded(GROUP));
        assert_eq!(client.load_group(GROUP).err(), Some(CoreError::GroupNotLoaded));
        assert!(client.load_group_from(GROUP, of_group(&alice.records, Some(GROUP))).is_ok());
    }
}

#[test]
fn an_unloaded_group_leaves_the_memory_and_comes_back() {
    let (mut alice, _bob, [mut at_alice, mut at_bob]) = two();
    let message = at_alice.encrypt(b"not taken yet", 1).unwrap();
    let refusal = CoreError::BadInput("the group has writes that have not been taken");
    assert_eq!(alice.client.unload_group(GROUP), Err(refusal));
    assert_eq!(hear(&mut at_bob, &message), "not taken yet");
    alice.save();
    alice.client.unload_group(GROUP).unwrap();
    assert!(!alice.client.is_loaded(GROUP) && alice.client.is_loaded(OTHER));
    assert_eq!(alice.client.group_ids(), [GROUP, OTHER]);
    assert_eq!(at_alice.encrypt(b"x", 1), Err(CoreError::GroupNotLoaded));
    assert_eq!(alice.client.take_writes(), []);

    // What the client writes meanwhile leaves the group in order.
    alice.key_package(SUITE);
    alice.client.load_group(OTHER).unwrap().self_update().unwrap();
    alice.save();
    let mut group = alice.client.load_group_from(GROUP, of_group(&alice.records, Some(GROUP))).unwrap();
    assert_eq!(say(&mut group, &mut at_bob, "back again"), "back again");
    assert_eq!(say(&mut at_alice, &mut at_bob, "and so is the other handle"), "and so is the other handle");
}

#[test]
fn what_a_client_opens_from_does_not_grow_with_its_groups() {
    let own_bytes = |members: usize| {
        let mut people: Vec<_> = (0..members).map(|number| Person::new(&format!("person{number}"))).collect();
        let mut all: Vec<_> = people.iter_mut().collect();
        let mut group = group_of(&mut all, SUITE).remove(0);
        for _ in 0..20 {
            group.self_update().unwrap();
            group.merge_pending_commit(1).unwrap();
            people[0].save();
            group.encrypt(b"a message", 1).unwrap();
            people[0].save();
        }
        of_group(&people[0].records, None).map(|record| record.key.len() + record.value.len()).sum::<usize>()
    };
    let (few, many) = (own_bytes(2), own_bytes(64));
    assert!(many < few + 1_000, "{few} bytes with 2 members, {many} with 64");
}

#[test]
fn a_group_with_many_changes_is_listed_anew() {
    let (mut alice, mut bob, [mut at_alice, mut at_bob]) = two();
    let mut lists = 0;
    for round in 0..200 {
        if round % 20 == 19 {
            let update = at_alice.self_update().unwrap();
            deliver(&update, &mut at_alice, &mut [&mut at_bob]);
        } else {
            say(&mut at_alice, &mut at_bob, "a message");
        }
        bob.save();
        lists += alice.save().iter().filter(|write| write.key[0] == GROUP_RECORDS).count();
    }
    assert!((5..30).contains(&lists), "{lists} of ten commits and 190 messages");
}
