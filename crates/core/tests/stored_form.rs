//! The stored form is a promise: what this release writes is pinned, and later ones open what earlier ones wrote.
//!
//! `fixtures/<release>-<suite>.store` was written once by that release and never changes. A new release adds its own:
//! `cargo test -p quicprochat-core --test stored_form -- --ignored` writes them where they are missing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod people;

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use people::{GROUP, Person, Records, deliver, group_of, hear, in_clear, of_group, say, try_open};
use quicprochat_core::{CoreError, GroupId, Received, Suite, VERSION, WelcomeBundle};
use serde::{Deserialize, Serialize};

const OTHER_GROUP: GroupId = GroupId([8; 16]);

const PINNED_FORM: &str = "stored-form.txt";

/// The kinds' bytes in keys.
const STORE: u8 = 0x00;
const MESSAGE_SECRETS: u8 = 0x39;

/// What one release wrote for a member, and what arrived for it afterwards. Stored with postcard.
#[derive(Serialize, Deserialize)]
struct Fixture {
    /// Alice's.
    records: Records,
    suite: u16,
    epoch: u64,
    epoch_authenticator: Vec<u8>,
    members: Vec<(u32, String)>,
    /// From Bob, in the epoch before this one.
    late_message: Vec<u8>,
    message: Vec<u8>,
    commit: Vec<u8>,
    message_after_commit: Vec<u8>,
    /// Of a device of Carol's account. Alice has heard it.
    revocation: Vec<u8>,
    /// Into another group, by a key package in the records: the joiner's part and the shared one.
    welcome: (Vec<u8>, Vec<u8>),
}

/// A member with something of every kind in her records: a past epoch, skipped messages, spare key packages, a
/// pre-shared key, a revocation, a pending commit, proposals.
fn alice_of(suite: Suite) -> Fixture {
    let (mut alice, mut bob, mut carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
    let members = group_of(&mut [&mut alice, &mut bob, &mut carol], suite);
    let [mut at_alice, mut at_bob, mut at_carol] = <[_; 3]>::try_from(members).unwrap();
    let spare = alice.key_package(suite);
    alice.client.generate_last_resort_key_package(suite, 0).unwrap();
    alice.client.set_update_policy(alice.client.update_policy()).unwrap();
    alice.client.store_psk(b"a pre-shared key", &[7; 32]).unwrap();
    let revocation = carol.client.revoke_device(&[1; 16], &[2; 32]).unwrap();
    alice.client.accept_revocation(&revocation).unwrap();
    say(&mut at_alice, &mut at_bob, "first");
    let late_message = at_bob.encrypt(b"late", 1).unwrap();
    say(&mut at_bob, &mut at_alice, "read before the late one");
    let update = at_bob.self_update().unwrap();
    deliver(&update, &mut at_bob, &mut [&mut at_alice, &mut at_carol]);
    let message = at_bob.encrypt(b"text", 1).unwrap();
    let epoch_authenticator = at_alice.epoch_authenticator();
    let proposal = at_carol.propose_update().unwrap();
    at_alice.process(&proposal, 1).unwrap();
    at_alice.propose_update().unwrap();
    at_alice.self_update().unwrap();
    let commit = at_bob.self_update().unwrap().commit;
    at_bob.merge_pending_commit(1).unwrap();
    let message_after_commit = at_bob.encrypt(b"after", 1).unwrap();
    let mut other = bob.client.create_group(OTHER_GROUP, suite, 0).unwrap();
    let WelcomeBundle { shared, mut joiners } = other.add_members(&[spare], 0).unwrap().welcome.unwrap();
    alice.save();
    Fixture {
        members: at_alice
            .members()
            .unwrap()
            .into_iter()
            .map(|member| (member.leaf_index, member.identity.handle))
            .collect(),
        records: alice.records,
        suite: suite.number(),
        epoch: at_alice.epoch(),
        epoch_authenticator,
        late_message,
        message,
        commit,
        message_after_commit,
        revocation,
        welcome: (joiners.remove(0), shared),
    }
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn fixture_of(suite: Suite) -> PathBuf {
    fixtures().join(format!("{VERSION}-{:04x}.store", suite.number()))
}

#[test]
#[ignore = "writes the fixtures of this release where they are missing"]
fn write_the_fixtures_of_this_release() {
    fs::create_dir_all(fixtures()).unwrap();
    for suite in Suite::ALL {
        let path = fixture_of(suite);
        if !path.exists() {
            fs::write(path, postcard::to_stdvec(&alice_of(suite)).unwrap()).unwrap();
        }
    }
    fs::write(fixtures().join(PINNED_FORM), form()).unwrap();
}

#[test]
fn this_release_has_its_fixtures() {
    for suite in Suite::ALL {
        assert!(fixture_of(suite).exists(), "{}", fixture_of(suite).display());
    }
}

#[test]
fn what_earlier_releases_wrote_opens_and_goes_on() {
    for entry in fs::read_dir(fixtures()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "store") {
            goes_on(&postcard::from_bytes(&fs::read(path).unwrap()).unwrap());
        }
    }
}

fn goes_on(fixture: &Fixture) {
    let mut alice = Person { client: try_open(&fixture.records).unwrap(), records: fixture.records.clone() };
    assert_eq!(alice.client.identity().handle, "alice");
    let mut group = alice.group();
    assert_eq!((group.epoch(), group.suite().unwrap().number()), (fixture.epoch, fixture.suite));
    assert_eq!(group.epoch_authenticator(), fixture.epoch_authenticator);
    let members = group.members().unwrap().into_iter().map(|member| (member.leaf_index, member.identity.handle));
    assert_eq!(members.collect::<Vec<_>>(), fixture.members);
    assert!(group.has_pending_commit() && group.has_pending_proposals());
    alice.client.accept_revocation(&fixture.revocation).unwrap();
    assert_eq!(alice.client.take_writes(), [], "heard before");

    assert_eq!(hear(&mut group, &fixture.late_message), "late");
    assert_eq!(hear(&mut group, &fixture.message), "text");
    assert_eq!(group.process(&fixture.message, 1), Err(CoreError::Replayed));
    group.clear_pending_commit().unwrap();
    assert!(matches!(group.process(&fixture.commit, 1), Ok(Received::Commit { .. })));
    group.merge_staged_commit(1).unwrap();
    assert_eq!(hear(&mut group, &fixture.message_after_commit), "after");

    let (joiner, shared) = &fixture.welcome;
    let other = alice.client.join(joiner, shared, 1).unwrap();
    assert_eq!(other.members().unwrap().len(), 2);
    alice.save();
    let again = alice.copy();
    assert_eq!(again.client.group_ids(), [GROUP, OTHER_GROUP]);
    // Whatever it was sealed with: from the next epoch on, the group's secrets are under a key that can be erased.
    for record in of_group(&alice.records, Some(GROUP)).filter(|record| record.key[0] == MESSAGE_SECRETS) {
        assert_ne!(record.value[0] & 0x80, 0, "{record:?}");
    }
    assert_eq!(alice.records[[STORE].as_slice()][0], 4, "earlier releases leave it alone");
    assert_eq!(again.group().epoch_authenticator(), group.epoch_authenticator());
}

/// By suite and kind: how many records there are, and how long their clear values are in all.
fn form() -> String {
    let mut text = String::new();
    for suite in Suite::ALL {
        let mut kinds = BTreeMap::<u8, (usize, usize)>::new();
        for (key, value) in in_clear(&alice_of(suite).records) {
            let (count, bytes) = kinds.entry(key[0]).or_default();
            // In the head of an epoch's secrets is a time, to the nanosecond, in as few bytes as it needs.
            let is_epoch_head = key[0] == MESSAGE_SECRETS && key.len() == 27 && key[26] == 0;
            (*count, *bytes) = (*count + 1, *bytes + if is_epoch_head { 0 } else { value.len() });
        }
        for (kind, (count, bytes)) in kinds {
            writeln!(text, "suite {:04x}, kind {kind:02x}: {count} records, {bytes} bytes", suite.number()).unwrap();
        }
    }
    text
}

#[test]
fn the_stored_form_is_the_one_that_is_pinned() {
    let pinned = fs::read_to_string(fixtures().join(PINNED_FORM)).unwrap();
    let now = form();
    assert_eq!(now, form(), "lengths do not depend on chance");
    assert_eq!(now, pinned, "another form needs another version byte, a migration, and fixtures");
}
