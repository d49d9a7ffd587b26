//! What a forger, a relay and a hostile member can send, and that none of it gets in or leaves a trace.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;

use mallory::{Mallory, wire};
use openmls::prelude::{
    Extension, Extensions, LeafNodeParameters, Lifetime, PURE_PLAINTEXT_WIRE_FORMAT_POLICY,
    RequiredCapabilitiesExtension,
};
use openmls::schedule::PreSharedKeyId;
use people::{GROUP, Person, SUITE, assert_agreed, deliver, group_of, hear, say};
use quicprochat_core::{CoreError, GroupMember, Received, WelcomeBundle};

/// Runs a call that must fail, and checks that neither the records nor the group have changed.
fn refused<T: std::fmt::Debug>(
    person: &Person,
    member: &mut GroupMember,
    call: impl FnOnce(&mut GroupMember) -> Result<T, CoreError>,
) -> CoreError {
    person.client.take_writes();
    let before = (member.epoch_authenticator(), member.members().unwrap(), member.has_pending_proposals());
    let error = call(member).unwrap_err();
    assert_eq!(person.client.take_writes(), [], "{error}");
    assert_eq!(before, (member.epoch_authenticator(), member.members().unwrap(), member.has_pending_proposals()));
    error
}

/// One bit of each byte flipped, or with `QPC_BITS=all` every bit; every truncation; a byte too many.
fn mutations(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let all = std::env::var("QPC_BITS").is_ok_and(|bits| bits == "all");
    let bits = move |at: usize| if all { 0..8 } else { at % 8..at % 8 + 1 };
    let flips = (0..bytes.len()).flat_map(move |at| bits(at).map(move |bit| (at, bit))).map(|(at, bit)| {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << bit;
        flipped
    });
    let cuts = (0..bytes.len()).map(|end| bytes[..end].to_vec());
    flips.chain(cuts).chain([[bytes, &[0]].concat()])
}

#[test]
fn no_changed_message_or_commit_is_taken() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let message = at_alice.encrypt(b"intact", 1).unwrap();
    let proposal = at_alice.propose_update().unwrap();
    let commit = at_alice.self_update().unwrap().commit;
    let allowed = [
        CoreError::WireDecode,
        CoreError::WrongGroup,
        CoreError::EpochAhead,
        CoreError::EpochTooOld,
        CoreError::DecryptFailed,
        CoreError::GenerationTooFar,
        CoreError::Replayed,
        CoreError::PolicyRejected,
    ];
    for intact in [&message, &proposal, &commit] {
        for changed in mutations(intact) {
            let error = refused(&bob, &mut at_bob, |member| member.process(&changed, 1));
            assert!(allowed.contains(&error), "{error:?}");
        }
    }
    assert_eq!(hear(&mut at_bob, &message), "intact");
    assert!(matches!(at_bob.process(&proposal, 1), Ok(Received::Proposal { .. })));
    at_bob.process(&commit, 1).unwrap();
    at_bob.merge_staged_commit(1).unwrap();
    at_alice.merge_pending_commit(1).unwrap();
    assert_agreed(&[&at_alice, &at_bob]);
    assert_eq!(at_bob.process(&commit, 1), Err(CoreError::EpochTooOld));
}

#[test]
fn no_changed_welcome_is_followed() {
    let (alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let key_package = bob.key_package(SUITE);
    bob.save();
    let bundle = alice.client.create_group(GROUP, SUITE, 0).unwrap().add_members(&[key_package], 0).unwrap();
    let welcome = bundle.welcome.unwrap();
    let allowed = [
        CoreError::WireDecode,
        CoreError::WelcomeNotForUs,
        CoreError::WelcomeInvalid,
        CoreError::UnsupportedCiphersuite,
    ];
    let WelcomeBundle { shared, joiners } = &welcome;
    let changed_joiners = mutations(&joiners[0]).map(|changed| (changed, shared.clone()));
    let changed_shared = mutations(shared).map(|changed| (joiners[0].clone(), changed));
    for (joiner, shared) in changed_joiners.chain(changed_shared) {
        let error = bob.client.join(&joiner, &shared, 0).unwrap_err();
        assert!(allowed.contains(&error), "{error:?}");
        assert_eq!(bob.client.take_writes(), []);
    }
    assert!(bob.join(&welcome, 0).is_ok(), "the key package is still there");
}

#[test]
fn no_changed_key_package_is_added() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut at_alice = alice.client.create_group(GROUP, SUITE, 0).unwrap();
    let key_package = bob.key_package(SUITE);
    for changed in mutations(&key_package) {
        let error = refused(&alice, &mut at_alice, |member| member.add_members(&[changed], 0));
        assert!(matches!(error, CoreError::KeyPackageInvalid | CoreError::UnsupportedCiphersuite), "{error:?}");
    }
    assert!(at_alice.add_members(&[key_package], 0).is_ok());
}

#[test]
fn forged_identities_are_not_added() {
    let alice = Person::new("alice");
    let mut at_alice = alice.client.create_group(GROUP, SUITE, 0).unwrap();
    let mallory = Mallory::new("mallory");
    let rejected = [
        mallory.key_package(&mallory.bare_credential(b"alice")),
        mallory.key_package(&mallory.credential_as("alice", &alice.client.identity().account_key)),
        mallory.key_package(&mallory.credential_of_another_key()),
    ];
    for key_package in rejected {
        assert_eq!(alice.client.inspect_key_package(&key_package, SUITE, 0), Err(CoreError::CredentialRejected));
        let error = refused(&alice, &mut at_alice, |member| member.add_members(&[key_package], 0));
        assert_eq!(error, CoreError::CredentialRejected);
    }
    // The same forger under his own name holds: the test's chain is what the core expects.
    assert!(at_alice.add_members(&[mallory.key_package(&mallory.credential())], 0).is_ok());
}

#[test]
fn lifetimes_are_enforced() {
    let alice = Person::new("alice");
    let mallory = Mallory::new("mallory");
    let (now, day, year) = (1_800_000_000, 24 * 60 * 60, 365 * 24 * 60 * 60);
    let inspect = |lifetime| {
        let key_package = mallory.key_package_with(&mallory.credential(), lifetime);
        alice.client.inspect_key_package(&key_package, SUITE, now * 1_000)
    };
    assert!(inspect(Lifetime::init(now, now + 1_000)).is_ok());
    assert_eq!(inspect(Lifetime::init(now - 9 * day, now - 3 * day)), Err(CoreError::KeyPackageExpired));
    assert_eq!(inspect(Lifetime::init(now + 3 * day, now + 9 * day)), Err(CoreError::KeyPackageInvalid));
    assert_eq!(inspect(Lifetime::init(now, now + year)), Err(CoreError::KeyPackageInvalid));
    assert_eq!(inspect(Lifetime::init(0, u64::MAX)), Err(CoreError::KeyPackageInvalid));
}

#[test]
fn a_group_with_a_forged_member_is_not_joined() {
    let mut bob = Person::new("bob");
    let key_package = bob.key_package(SUITE);
    bob.save();
    let mallory = Mallory::new("mallory");
    let bare = mallory.bare_credential(b"mallory");
    for (creator, second, expected) in [
        (&bare, None, CoreError::CredentialRejected),
        (&mallory.credential(), Some(&bare), CoreError::CredentialRejected),
        // His own device a second time.
        (&mallory.credential(), Some(&mallory.credential()), CoreError::CredentialRejected),
    ] {
        let welcome = mallory.welcome(creator, second, mallory::rules::rules(), &key_package);
        assert_eq!(bob.join(&welcome, 0).err(), Some(expected));
        assert_eq!(bob.client.take_writes(), []);
    }
    let welcome = mallory.welcome(&mallory.credential(), None, mallory::rules::rules(), &key_package);
    assert!(bob.join(&welcome, 0).is_ok());
}

/// Alice's group with Bob and a hostile member.
fn infiltrated() -> (Person, Person, Mallory, GroupMember, GroupMember) {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
    let mut mallory = Mallory::new("mallory");
    let bundle = at_alice.add_members(&[mallory.key_package(&mallory.credential())], 0).unwrap();
    deliver(&bundle, &mut at_alice, &mut [&mut at_bob]);
    mallory.join(bundle.welcome.as_ref().unwrap(), 0);
    (alice, bob, mallory, at_alice, at_bob)
}

#[test]
fn a_leaf_cannot_change_who_it_is() {
    let (alice, _, mut mallory, mut at_alice, _) = infiltrated();
    let as_alice = mallory.credential_as("alice", &alice.client.identity().account_key);
    let renamed = Mallory::named(&mallory, "mallory2").credential();
    for credential in [as_alice, renamed, mallory.bare_credential(b"mallory")] {
        let (commit, proposal) = (mallory.commit_as(&credential), mallory.propose_as(&credential));
        // Twice each: a message that is refused after it was opened has not used up its key.
        for message in [&commit, &commit, &proposal, &proposal] {
            let error = refused(&alice, &mut at_alice, |member| member.process(message, 1));
            assert_eq!(error, CoreError::CredentialRejected);
        }
    }
    let honest = mallory.commit_as(&mallory.credential());
    assert!(at_alice.process(&honest, 1).is_ok());
}

#[test]
fn commits_cannot_bring_in_forged_or_doubled_devices() {
    let (alice, bob, mut mallory, mut at_alice, _) = infiltrated();
    let forged = mallory.key_package(&mallory.strangers_credential());
    let doubled = mallory.key_package(&mallory.fresh_credential());
    let second_bob = bob.key_package(SUITE);
    let long_lived = mallory.key_package_with(&mallory.fresh_credential(), Lifetime::init(0, 365 * 24 * 60 * 60));
    for (key_package, expected) in [
        (forged, CoreError::CredentialRejected),
        (doubled, CoreError::CredentialRejected),
        (second_bob, CoreError::CredentialRejected),
        (long_lived, CoreError::KeyPackageInvalid),
    ] {
        let commit = mallory.commit_adding(&key_package);
        assert_eq!(refused(&alice, &mut at_alice, |member| member.process(&commit, 1)), expected);
        let proposal = mallory.propose_adding(&key_package);
        assert_eq!(refused(&alice, &mut at_alice, |member| member.process(&proposal, 1)), CoreError::PolicyRejected);
    }
}

#[test]
fn what_mls_allows_and_the_policy_does_not_is_rejected() {
    let (alice, bob, mut mallory, mut at_alice, mut at_bob) = infiltrated();
    let mut reject = |message: Vec<u8>, expected: CoreError| {
        assert_eq!(refused(&alice, &mut at_alice, |member| member.process(&message, 1)), expected);
    };
    let psk = PreSharedKeyId::external(b"psk".to_vec(), vec![0; 32]);
    psk.store(&mallory.provider, b"secret").unwrap();
    reject(mallory.propose_psk(psk), CoreError::PolicyRejected);
    let long = PreSharedKeyId::external(vec![7; 256], vec![0; 32]);
    long.store(&mallory.provider, b"secret").unwrap();
    reject(mallory.commit_psk(long), CoreError::PolicyRejected);
    // Alice, who made the group, has openmls keep resumption PSKs; Bob's keeps none.
    let resumption = mallory.commit_psk(mallory.resumption_psk());
    reject(resumption.clone(), CoreError::PolicyRejected);
    assert_eq!(refused(&bob, &mut at_bob, |member| member.process(&resumption, 1)), CoreError::PolicyRejected);
    // openmls leaves it out of commits; packages/core-wasm/test/interop/forgery.test.ts has one.
    let reinit = || wire::Proposal::ReInit(b"another group".to_vec().into(), 1, 3, Vec::new());
    reject(mallory.lying_proposal(move |proposal| *proposal = reinit()), CoreError::PolicyRejected);
    let extensions =
        || Extensions::single(Extension::RequiredCapabilities(RequiredCapabilitiesExtension::default())).unwrap();
    reject(mallory.propose_extensions(extensions()), CoreError::PolicyRejected);
    reject(mallory.commit_extensions(extensions()), CoreError::PolicyRejected);
    reject(mallory.send(b"without our frame"), CoreError::WireDecode);
    reject(mallory.external_commit(), CoreError::PolicyRejected);
    mallory.configure(PURE_PLAINTEXT_WIRE_FORMAT_POLICY);
    reject(mallory.commit_as(&mallory.credential()), CoreError::PolicyRejected);
    reject(mallory.propose_as(&mallory.credential()), CoreError::PolicyRejected);
    let group_info = mallory.group_info();
    reject(group_info, CoreError::WireDecode);
    assert_eq!(say(&mut at_bob, &mut at_alice, "unharmed"), "unharmed");
}

#[test]
fn a_hostile_proposal_cannot_keep_anyone_from_healing() {
    let (_, _, mut mallory, mut at_alice, mut at_bob) = infiltrated();
    // A leaf that says it cannot speak the group's suite: signed and certified, and invalid only in a commit.
    let mute =
        mallory.propose_with(&LeafNodeParameters::builder().with_capabilities(mallory::rules::no_suites()).build());
    for member in [&mut at_alice, &mut at_bob] {
        assert!(matches!(member.process(&mute, 1), Ok(Received::Proposal { .. })));
    }
    let update = at_alice.self_update().unwrap();
    deliver(&update, &mut at_alice, &mut [&mut at_bob]);
    assert_agreed(&[&at_alice, &at_bob]);
    mallory.follow(&update.commit);

    // The committer's own removal is left out, and only that.
    let removal = mallory.propose_removing(at_alice.own_leaf_index());
    let wish = at_bob.propose_update().unwrap();
    at_bob.process(&removal, 1).unwrap();
    at_alice.process(&removal, 1).unwrap();
    at_alice.process(&wish, 1).unwrap();
    let update = at_alice.self_update().unwrap();
    deliver(&update, &mut at_alice, &mut [&mut at_bob]);
    assert_agreed(&[&at_alice, &at_bob]);
    assert_eq!(at_bob.last_healed_epoch(), at_bob.epoch());
    assert_eq!(say(&mut at_alice, &mut at_bob, "healed all the same"), "healed all the same");
}
