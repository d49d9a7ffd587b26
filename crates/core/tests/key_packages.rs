//! Key packages over time: for how long they are taken, and when their private keys go.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;
mod scene;
mod thief;

use mallory::Mallory;
use openmls::prelude::{Lifetime, MlsMessageBodyIn, MlsMessageIn, tls_codec::DeserializeBytes};
use people::{GROUP, Person, SUITE, in_clear};
use quicprochat_core::{CoreError, Suite};
use scene::Scene;

const DAY_S: u64 = 24 * 60 * 60;
/// 84 days, and an hour before for clocks that differ.
const LONGEST_S: u64 = 84 * DAY_S + 60 * 60;
const GRACE_MS: u64 = 7 * DAY_S * 1_000;

fn not_after_ms(key_package: &[u8]) -> u64 {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(key_package).unwrap();
    let MlsMessageBodyIn::KeyPackage(key_package) = message.extract() else { panic!("not a key package") };
    key_package.into_unchecked().life_time().not_after() * 1_000
}

fn now_s() -> u64 {
    Lifetime::new(0).not_after()
}

#[test]
fn a_key_package_is_added_until_its_lifetime_ends_by_the_callers_clock() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut at_alice = alice.client.create_group(GROUP, SUITE, 0).unwrap();
    let key_package = bob.key_package(SUITE);
    let ends = not_after_ms(&key_package);
    assert_eq!(at_alice.add_members(&[&key_package], ends), Err(CoreError::KeyPackageExpired));
    assert!(at_alice.add_members(&[&key_package], ends - 1).is_ok());
}

/// By the system's clock. What others commit is checked in the same way: tests/rules.rs, and the next test.
#[test]
fn a_lifetime_that_is_over_not_begun_or_too_long_is_not_added() {
    let now = now_s();
    let (alice, mallory) = (Person::new("alice"), Mallory::new("mallory"));
    for (lifetime, expected) in [
        (Lifetime::init(now - 1_000, now - 1_000 + LONGEST_S), None),
        (Lifetime::init(now - 1_000, now - 1_000 + LONGEST_S + 1), Some(CoreError::KeyPackageInvalid)),
        (Lifetime::init(now - 1_000, now), Some(CoreError::KeyPackageExpired)),
        (Lifetime::init(now + 1_000, now + 2_000), Some(CoreError::KeyPackageInvalid)),
        // It ends before it begins.
        (Lifetime::init(now + 1_000, now - 1_000), Some(CoreError::KeyPackageExpired)),
    ] {
        let key_package = mallory.key_package_with(&mallory.credential(), lifetime);
        assert_eq!(alice.client.inspect_key_package(&key_package, SUITE).err(), expected, "{lifetime:?}");
    }
}

#[test]
fn a_commit_may_add_for_the_longest_lifetime_and_no_second_more() {
    let begins = now_s() - 1_000;
    for (seconds, expected) in [(LONGEST_S, None), (LONGEST_S + 1, Some(CoreError::KeyPackageInvalid))] {
        let mut scene = Scene::new();
        let eve = Mallory::of("eve", 0xb1);
        let key_package = eve.key_package_with(&eve.credential(), Lifetime::init(begins, begins + seconds));
        let commit = scene.mallory.commit_adding(&key_package);
        assert_eq!(scene.at_alice.process(&commit, 1).err(), expected);
    }
}

#[test]
fn private_keys_outlive_the_lifetime_by_a_week() {
    let mut bob = Person::new("bob");
    bob.save();
    let without = in_clear(&bob.records).len();
    let single = bob.client.generate_key_packages(SUITE, 2).unwrap();
    let hybrid = bob.client.generate_last_resort_key_package(Suite::X25519MlKem768Aes128).unwrap();
    bob.save();
    let all = in_clear(&bob.records).len();
    let ends = single.iter().chain([&hybrid]).map(|key_package| not_after_ms(key_package) + GRACE_MS);
    let (first, last) = (ends.clone().min().unwrap(), ends.max().unwrap());
    assert_eq!(bob.client.forget_expired_key_packages(first - 1), Ok(0));
    assert_eq!(bob.save(), []);

    // Until then a Welcome is followed.
    let alice = Person::new("alice");
    let mut at_alice = alice.client.create_group(GROUP, SUITE, 0).unwrap();
    let welcome = at_alice.add_members(&single[..1], 0).unwrap().welcome.unwrap();
    let copy = bob.copy();
    assert!(copy.join(&welcome, 0).is_ok());

    assert_eq!(bob.client.forget_expired_key_packages(last), Ok(3));
    bob.save();
    assert_eq!((all > without, in_clear(&bob.records).len()), (true, without), "nothing of them is left");
    assert_eq!(bob.join(&welcome, 0).err(), Some(CoreError::WelcomeNotForUs));
    assert_eq!(bob.client.forget_expired_key_packages(u64::MAX), Ok(0));
}

#[test]
fn what_a_group_uses_is_not_forgotten() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let last_resort = bob.client.generate_last_resort_key_package(SUITE).unwrap();
    let mut at_alice = alice.client.create_group(GROUP, SUITE, 0).unwrap();
    let welcome = at_alice.add_members(&[last_resort], 0).unwrap().welcome.unwrap();
    at_alice.merge_pending_commit(0).unwrap();
    bob.join(&welcome, 0).unwrap();
    assert_eq!(bob.client.forget_expired_key_packages(u64::MAX), Ok(1));
    let bob = bob.copy();
    assert_eq!(people::say(&mut bob.group(), &mut at_alice, "still here"), "still here");
    alice.save();
}
