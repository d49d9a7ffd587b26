//! Every form that bytes come in: what we write reads back as it was, and what others send cannot break anything.
//! `QPC_CASES` sets how many cases each property runs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod cases;
mod people;
mod world;

use cases::{cases, suite};
use people::{GROUP, Person, SUITE, group_of, open};
use proptest::{collection::vec, prelude::*};
use quicprochat_core::{Client, CoreError, Field, GroupMember, Received, Suite, transcript};
use world::seat::fingerprint;

/// Alice and Bob in a group, and who is what in it.
fn two(suite: Suite) -> ([Person; 2], [GroupMember; 2]) {
    let mut people = ["alice", "bob"].map(Person::new);
    let members = group_of(&mut people.each_mut().into_iter().collect::<Vec<_>>(), suite);
    (people, members.try_into().unwrap())
}

/// Any bytes, or what an honest message starts with and then any bytes.
fn hostile(honest: &[Vec<u8>], which: usize, keep: usize, tail: &[u8]) -> Vec<u8> {
    match honest.get(which) {
        Some(message) => [&message[..keep.min(message.len() - 1)], tail].concat(),
        None => tail.to_vec(),
    }
}

/// Checks that a refused call left neither writes nor any change that the API shows.
fn refused<T: std::fmt::Debug>(person: &Person, member: &mut GroupMember, bytes: &[u8], outcome: Result<T, CoreError>) {
    let error = outcome.unwrap_err();
    assert!(CoreError::CODES.contains(&error.code()) && error != CoreError::Internal, "{error:?} for {bytes:x?}");
    assert_eq!(person.client.take_writes(), []);
    let reopened = open(&person.records).load_group(GROUP).unwrap();
    assert_eq!(fingerprint(member), fingerprint(&reopened));
}

/// Handles as the protocol has them.
const HANDLE: &str = "[a-z0-9][a-z0-9._-]{0,31}";

proptest! {
    #![proptest_config(cases(64))]

    /// Padding: every text comes out as it went in, and its length tells only its class.
    #[test]
    fn texts_arrive_as_they_were_sent(
        suite in suite(),
        texts in vec(prop_oneof![vec(any::<u8>(), 0..600), (0usize..=65_536).prop_map(|size| vec![0x80; size]), vec(Just(0u8), 0..300)], 1..4),
    ) {
        let (_people, [mut alice, mut bob]) = two(suite);
        for text in texts {
            let message = alice.encrypt(&text, 1).unwrap();
            let Ok(Received::Application { plaintext, .. }) = bob.process(&message, 1) else { panic!() };
            prop_assert_eq!(&plaintext, &text);
            // PADMÉ of the text and its end mark, by its definition (PURBs, section 4), and a fixed frame around it.
            let length = (text.len() + 1).max(256);
            let low_bits = length.ilog2() - (length.ilog2().ilog2() + 1);
            let padded = length.next_multiple_of(1 << low_bits);
            prop_assert!((padded + 90..padded + 190).contains(&message.len()), "{} for {padded}", message.len());
        }
    }

    /// Transcripts: a reader that knows only the documented form finds the fields again, so that two lists never give
    /// the same bytes.
    #[test]
    fn transcripts_read_back(purpose in "[a-z-]{1,20}", fields in vec(vec(any::<u8>(), 0..40), 0..6), number in any::<u64>()) {
        let mut given: Vec<_> = fields.iter().map(|field| Field::Bytes(field)).collect();
        given.push(Field::Number(number));
        let bytes = transcript(&purpose, &given);
        let mut rest = bytes.as_slice();
        let mut read = Vec::new();
        while let Some((length, tail)) = rest.split_first_chunk::<4>() {
            let (field, tail) = tail.split_at(u32::from_be_bytes(*length) as usize);
            read.push(field.to_vec());
            rest = tail;
        }
        let mut expected = vec![b"quicprochat/1".to_vec(), purpose.into_bytes()];
        expected.extend(fields);
        expected.push(number.to_be_bytes().to_vec());
        prop_assert!(rest.is_empty());
        prop_assert_eq!(read, expected);
    }

    /// Credentials: every handle that a client may have reads back from its key package, and others are refused.
    #[test]
    fn credentials_read_back(handle in prop_oneof!["\\PC{0,40}", "[a-z0-9._-]{0,40}", HANDLE]) {
        let outcome = Client::create(&handle, &people::store_key());
        let is_handle = handle.len() <= 32
            && handle.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && handle.chars().all(|each| "abcdefghijklmnopqrstuvwxyz0123456789._-".contains(each));
        if !is_handle {
            prop_assert!(matches!(outcome, Err(CoreError::BadInput(_))));
        } else {
            let person = Person::new(&handle);
            let inspected = Person::new("reader").client.inspect_key_package(&person.key_package(SUITE), SUITE, 0);
            prop_assert_eq!(inspected, Ok(person.client.identity()));
            prop_assert_eq!(person.client.identity().handle, handle);
        }
    }

    /// Records: written, closed and opened, a client is who it was and writes nothing by opening.
    #[test]
    fn records_read_back(suite in suite(), handle in HANDLE, spare in 0u32..4) {
        let mut person = Person::new(&handle);
        person.client.generate_key_packages(suite, spare, 0).unwrap();
        let member = group_of(&mut [&mut person], suite).remove(0);
        let copy = person.copy();
        prop_assert_eq!(copy.client.identity(), person.client.identity());
        prop_assert_eq!(copy.client.device_certificate(), person.client.device_certificate());
        prop_assert_eq!(fingerprint(&copy.group()), fingerprint(&member));
        prop_assert_eq!(copy.client.group_ids(), vec![GROUP]);
        prop_assert_eq!(copy.client.take_writes(), []);
    }
}

proptest! {
    #![proptest_config(cases(256))]

    /// Any bytes at a member: a typed error, and nothing changes.
    #[test]
    fn hostile_messages_change_nothing(
        inputs in vec((0usize..8, any::<prop::sample::Index>(), vec(any::<u8>(), 0..300)), 1..24),
    ) {
        let ([mut alice, _bob], [mut at_alice, mut at_bob]) = two(SUITE);
        let honest = [
            at_bob.encrypt(b"text", 1).unwrap(),
            at_bob.propose_update().unwrap(),
            at_bob.self_update().unwrap().commit,
            alice.key_package(SUITE),
        ];
        alice.save();
        for (which, keep, tail) in inputs {
            let bytes = hostile(&honest, which, keep.index(400), &tail);
            let outcome = at_alice.process(&bytes, 1);
            refused(&alice, &mut at_alice, &bytes, outcome);
        }
    }

    /// Any bytes as a Welcome or a key package: the same.
    #[test]
    fn hostile_invitations_and_key_packages_change_nothing(
        inputs in vec((0usize..3, any::<prop::sample::Index>(), vec(any::<u8>(), 0..300)), 1..8),
    ) {
        let (alice, mut bob) = (Person::new("alice"), Person::new("bob"));
        let key_package = bob.key_package(SUITE);
        bob.save();
        let bundle = alice.client.create_group(GROUP, SUITE, 0).unwrap().add_members(&[&key_package], 0).unwrap();
        let invitation = world::api::invitations(&bundle, 1).remove(0);
        for (which, keep, tail) in inputs {
            for part in 0..invitation.parts() {
                let honest = [invitation.part(part).to_vec(), key_package.clone()];
                let bytes = hostile(&honest, which, keep.index(2_000), &tail);
                let error = world::api::join(&bob.client, &invitation.with(part, bytes.clone()), 1).unwrap_err();
                prop_assert!(error != CoreError::Internal, "{:x?}", bytes);
                prop_assert_eq!(bob.client.take_writes(), []);
                let error = bob.client.inspect_key_package(&bytes, SUITE, 0).unwrap_err();
                prop_assert!(matches!(error, CoreError::KeyPackageInvalid | CoreError::UnsupportedCiphersuite));
            }
        }
        prop_assert!(world::api::join(&bob.client, &invitation, 1).is_ok(), "the key package is still there");
    }

    /// Any change to the records is found, and the error says in which.
    #[test]
    fn damaged_records_are_named(damage in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let ([alice, _bob], _members) = two(SUITE);
        let mut records = alice.records.clone();
        for (which, at, value) in damage {
            let listed: Vec<_> = records.keys().filter(|key| people::is_listed(key)).cloned().collect();
            let key = listed[which.index(listed.len())].clone();
            let record = records.get_mut(&key).unwrap();
            let at = at.index(record.len());
            record[at] = value;
        }
        match people::try_open(&records) {
            // One that names another erasable key counts as used up.
            Ok(_) => prop_assert!(records.iter().all(|(key, value)| alice.records[key] == *value || people::is_used_up(key, value))),
            Err(CoreError::StoreCorrupt { record } | CoreError::StoreRolledBack { record }) => prop_assert!(!record.is_empty()),
            Err(error) => prop_assert!(matches!(error, CoreError::KeysErased | CoreError::StoreTooNew | CoreError::StoreTooOld | CoreError::StoreKeyWrong), "{error:?}"),
        }
    }
}
