//! Key packages (RFC 9420 §10): how others add this device while it is away.

use openmls::prelude::{
    KeyPackage, KeyPackageBuilder, KeyPackageBundle, Lifetime, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut,
    OpenMlsProvider, ProtocolVersion,
    tls_codec::{DeserializeBytes, Serialize as _},
};

use super::rules::{self, capabilities};
use crate::{
    crypto::{Crypto, SecretKey, Suite, is_sealable, is_sealable_leaf},
    error::{CoreError, Result},
    identity::{Identity, LeafIdentity, credential, revocation},
    storage::{Key, Kind, Provider, Store},
};

const HOUR_S: u64 = 60 * 60;
const DAY_S: u64 = 24 * HOUR_S;

/// How long a leaf may be added after it was made. openmls allows this and the hour before, and no longer.
const LIFETIME_S: u64 = 84 * DAY_S;

/// How far the clock of the device that made a key package may be from the clock of the member that adds it.
const CLOCK_TOLERANCE_S: u64 = 48 * HOUR_S;

/// The lifetime of a leaf that is made at this time: from an hour before, for clocks that differ a little.
pub(super) fn lifetime(now_ms: u64) -> Lifetime {
    let now_s = now_ms / 1_000;
    Lifetime::init(now_s.saturating_sub(HOUR_S), now_s.saturating_add(LIFETIME_S))
}

/// A key package of ours as an `MLSMessage`, its private keys stored. Each has a leaf signature key of its own, so
/// that the leaves of two groups have nothing in common but their identity.
pub(crate) fn generate(
    provider: &Provider,
    identity: &Identity,
    suite: Suite,
    is_last_resort: bool,
    now_ms: u64,
) -> Result<Vec<u8>> {
    let signer = SecretKey::generate(provider.rand())?;
    let builder =
        KeyPackageBuilder::new().leaf_node_capabilities(capabilities()).key_package_lifetime(lifetime(now_ms));
    let builder = if is_last_resort { builder.mark_as_last_resort() } else { builder };
    let bundle = builder
        .build(suite.to_openmls(), provider, &signer, credential::issue(identity, &signer))
        .map_err(|_| CoreError::Internal)?;
    provider.storage().write(&signer_key(&signer.public()), &signer)?;
    let message = MlsMessageOut::from(bundle.key_package().clone());
    message.tls_serialize_detached().map_err(|_| CoreError::Internal)
}

/// How long private keys are kept past their package's lifetime: for Welcomes that were made in time and are still under
/// way, and for clocks that differ ([`CLOCK_TOLERANCE_S`], and as much again for this device's own).
const GRACE_MS: u64 = 7 * DAY_S * 1_000;

/// Deletes the private keys of the packages whose lifetime and grace are over at a time; says how many.
pub(crate) fn forget_expired(store: &Store, now_ms: u64) -> Result<u32> {
    let mut forgotten = 0;
    for reference in store.keys_of(Kind::KeyPackage) {
        let key = Key::of(Kind::KeyPackage).with(&reference);
        let Some(bundle) = store.read::<KeyPackageBundle>(&key)? else { continue };
        let key_package = bundle.key_package();
        let not_after_ms = key_package.life_time().not_after().saturating_mul(1_000);
        if now_ms >= not_after_ms.saturating_add(GRACE_MS) {
            store.delete(&signer_key(key_package.leaf_node().signature_key().as_slice()));
            store.delete(&key);
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

/// Where the leaf signature key of a key package is kept.
pub(super) fn signer_key(public: &[u8]) -> Key {
    Key::of(Kind::KeyPackageSigner).with(public)
}

/// Checks everything about a key package that this device is about to add: form, suite, both signatures, the lifetime and
/// its range, the chain of keys, and that the device is not revoked.
///
/// Only the member who adds a device checks that the lifetime is not over. A commit that adds it is valid for every member,
/// whatever that member's clock says: RFC 9420 §7.3 requires this check of senders and leaves receivers free.
pub(crate) fn inspect(
    provider: &Provider,
    bytes: &[u8],
    suite: Suite,
    now_ms: u64,
) -> Result<(KeyPackage, LeafIdentity)> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| CoreError::KeyPackageInvalid)?;
    let MlsMessageBodyIn::KeyPackage(unverified) = message.extract() else {
        return Err(CoreError::KeyPackageInvalid);
    };
    let key_package =
        unverified.validate(provider.crypto(), ProtocolVersion::Mls10).map_err(|_| CoreError::KeyPackageInvalid)?;
    if key_package.ciphersuite() != suite.to_openmls() {
        return Err(CoreError::UnsupportedCiphersuite);
    }
    let identity = check(provider.crypto(), &key_package)?;
    revocation::check(provider.storage(), &identity)?;
    check_time(key_package.life_time(), now_ms)?;
    Ok((key_package, identity))
}

/// Checks that a leaf of this lifetime may be added now, with tolerance on both ends.
fn check_time(lifetime: &Lifetime, now_ms: u64) -> Result<()> {
    let now_s = now_ms / 1_000;
    if lifetime.not_after().saturating_add(CLOCK_TOLERANCE_S) <= now_s {
        Err(CoreError::KeyPackageExpired)
    } else if lifetime.not_before() > now_s.saturating_add(CLOCK_TOLERANCE_S) {
        Err(CoreError::KeyPackageInvalid)
    } else {
        Ok(())
    }
}

/// Checks what openmls leaves to the application for a key package whose signatures it has checked: the range of its
/// lifetime (RFC 9420 §7.2), keys that can be sealed to, our types, and who it is. Every member makes these checks of a commit, so
/// they look at the bytes alone and at no clock.
pub(super) fn check(crypto: &Crypto, key_package: &KeyPackage) -> Result<LeafIdentity> {
    let suite = Suite::from_openmls(key_package.ciphersuite())?;
    let init_key = key_package.hpke_init_key().as_slice();
    if !is_sealable(init_key, suite) || !is_sealable_leaf(key_package.leaf_node(), suite) {
        return Err(CoreError::KeyPackageInvalid);
    }
    let lifetime = key_package.life_time();
    let is_in_range = lifetime.not_after() > lifetime.not_before() && lifetime.has_acceptable_range();
    if !is_in_range || !rules::are_understood_by(key_package.leaf_node()) {
        return Err(CoreError::KeyPackageInvalid);
    }
    credential::verify(crypto, key_package.leaf_node())
}
