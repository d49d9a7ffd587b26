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

/// A time like today's, in seconds: the lifetimes here reach to both sides of it.
const NOW_S: u64 = 1_800_000_000;
/// What the clocks of the device that made a key package and of the member that adds it may differ by.
const TOLERANCE_S: u64 = 48 * 60 * 60;

fn lifetime_of(key_package: &[u8]) -> Lifetime {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(key_package).unwrap();
    let MlsMessageBodyIn::KeyPackage(key_package) = message.extract() else { panic!("not a key package") };
    *key_package.into_unchecked().life_time()
}

fn not_after_ms(key_package: &[u8]) -> u64 {
    lifetime_of(key_package).not_after() * 1_000
}

#[test]
fn a_key_package_lives_from_an_hour_before_the_callers_time_to_84_days_after_it() {
    let bob = Person::new("bob");
    let single = bob.client.generate_key_packages(SUITE, 1, NOW_S * 1_000).unwrap().remove(0);
    let last_resort = bob.client.generate_last_resort_key_package(SUITE, NOW_S * 1_000).unwrap();
    let expected = Lifetime::init(NOW_S - 60 * 60, NOW_S + 84 * DAY_S);
    assert_eq!([single, last_resort].map(|key_package| lifetime_of(&key_package)), [expected; 2]);
}

#[test]
fn a_key_package_is_added_from_48_hours_before_its_lifetime_to_48_hours_after_it() {
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let mut at_alice = alice.client.create_group(GROUP, SUITE, 0).unwrap();
    let key_package = bob.client.generate_key_packages(SUITE, 1, NOW_S * 1_000).unwrap().remove(0);
    let lifetime = lifetime_of(&key_package);
    let first = (lifetime.not_before() - TOLERANCE_S) * 1_000;
    let end = (lifetime.not_after() + TOLERANCE_S) * 1_000;
    for (now_ms, expected) in [
        (0, Some(CoreError::KeyPackageInvalid)),
        (first - 1, Some(CoreError::KeyPackageInvalid)),
        (first, None),
        (end - 1, None),
        (end, Some(CoreError::KeyPackageExpired)),
        (u64::MAX, Some(CoreError::KeyPackageExpired)),
    ] {
        assert_eq!(alice.client.inspect_key_package(&key_package, SUITE, now_ms).err(), expected, "{now_ms}");
        assert_eq!(at_alice.add_members(&[&key_package], now_ms).err(), expected, "{now_ms}");
        if expected.is_none() {
            at_alice.clear_pending_commit().unwrap();
        }
    }
}

/// What others commit is checked in the same way, but for the time.
#[test]
fn a_lifetime_that_is_over_not_begun_or_too_long_is_not_added() {
    let (alice, mallory) = (Person::new("alice"), Mallory::new("mallory"));
    for (lifetime, expected) in [
        (Lifetime::init(NOW_S, NOW_S + LONGEST_S), None),
        (Lifetime::init(NOW_S, NOW_S + LONGEST_S + 1), Some(CoreError::KeyPackageInvalid)),
        (Lifetime::init(NOW_S - LONGEST_S, NOW_S - TOLERANCE_S), Some(CoreError::KeyPackageExpired)),
        (Lifetime::init(NOW_S + TOLERANCE_S + 1, NOW_S + LONGEST_S), Some(CoreError::KeyPackageInvalid)),
        // It ends before it begins, or as it does.
        (Lifetime::init(NOW_S + 1_000, NOW_S - 1_000), Some(CoreError::KeyPackageInvalid)),
        (Lifetime::init(NOW_S, NOW_S), Some(CoreError::KeyPackageInvalid)),
    ] {
        let key_package = mallory.key_package_with(&mallory.credential(), lifetime);
        let outcome = alice.client.inspect_key_package(&key_package, SUITE, NOW_S * 1_000);
        assert_eq!(outcome.err(), expected, "{lifetime:?}");
    }
}

#[test]
fn a_commit_may_add_for_the_longest_lifetime_and_no_second_more() {
    let begins = NOW_S;
    for (ends, expected) in [
        (begins + LONGEST_S, None),
        (begins + LONGEST_S + 1, Some(CoreError::KeyPackageInvalid)),
        (begins, Some(CoreError::KeyPackageInvalid)),
        (begins - 1, Some(CoreError::KeyPackageInvalid)),
    ] {
        let mut scene = Scene::new();
        let eve = Mallory::of("eve", 0xb1);
        let key_package = eve.key_package_with(&eve.credential(), Lifetime::init(begins, ends));
        let commit = scene.mallory.commit_adding(&key_package);
        assert_eq!(scene.at_alice.process(&commit, 1).err(), expected);
    }
}

/// Else members whose clocks differ would disagree on a commit, and the group would split.
#[test]
fn a_commit_that_adds_holds_for_every_member_whatever_its_clock_says() {
    let lifetimes =
        [Lifetime::init(0, 1), Lifetime::init(NOW_S, NOW_S + LONGEST_S), Lifetime::init(u64::MAX - 1, u64::MAX)];
    for lifetime in lifetimes {
        let mut scene = Scene::new();
        let eve = Mallory::of("eve", 0xb1);
        let commit = scene.mallory.commit_adding(&eve.key_package_with(&eve.credential(), lifetime));
        for (member, now_ms) in [(&mut scene.at_alice, 0), (&mut scene.at_bob, NOW_S * 1_000)] {
            member.process(&commit, now_ms).unwrap();
            member.merge_staged_commit(now_ms).unwrap();
        }
        assert_eq!(scene.at_alice.epoch_authenticator(), scene.at_bob.epoch_authenticator(), "{lifetime:?}");
        assert_eq!(scene.at_alice.members().unwrap().len(), 5);
    }
}

#[test]
fn private_keys_outlive_the_lifetime_by_a_week() {
    let mut bob = Person::new("bob");
    bob.save();
    let without = in_clear(&bob.records).len();
    let single = bob.client.generate_key_packages(SUITE, 2, 0).unwrap();
    let hybrid = bob.client.generate_last_resort_key_package(Suite::X25519MlKem768Aes128, 0).unwrap();
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
    let last_resort = bob.client.generate_last_resort_key_package(SUITE, 0).unwrap();
    let mut at_alice = alice.client.create_group(GROUP, SUITE, 0).unwrap();
    let welcome = at_alice.add_members(&[last_resort], 0).unwrap().welcome.unwrap();
    at_alice.merge_pending_commit(0).unwrap();
    bob.join(&welcome, 0).unwrap();
    assert_eq!(bob.client.forget_expired_key_packages(u64::MAX), Ok(1));
    let bob = bob.copy();
    assert_eq!(people::say(&mut bob.group(), &mut at_alice, "still here"), "still here");
    alice.save();
}
