//! External pre-shared keys (RFC 9420 §8.4): secrets that members have from somewhere else than the group, and that a
//! commit mixes into its secrets. Whoever has stolen a member's state but not the pre-shared key is locked out by it.
//!
//! Resumption PSKs are not used: they would tie groups to each other's past states.

use openmls::{
    prelude::{
        Ciphersuite, OpenMlsProvider, PreSharedKeyProposal, Proposal,
        tls_codec::{DeserializeBytes, Serialize},
    },
    schedule::{ExternalPsk, PreSharedKeyId, Psk},
};

use crate::{
    crypto::hex,
    error::{CoreError, Result},
    storage::{Key, Kind, Provider, Store},
};

/// Below 16 bytes a secret could be searched for; beyond 64, the longest hash, nothing is gained.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// Stores a secret, in place of the one that has had this id.
pub(crate) fn store(provider: &Provider, id: &[u8], secret: &[u8]) -> Result<()> {
    check_id(id)?;
    if !SECRET_BYTES.contains(&secret.len()) {
        return Err(CoreError::BadInput("a pre-shared key has 16 to 64 bytes"));
    }
    let stored = PreSharedKeyId::external(id.to_vec(), Vec::new()).store(provider, secret);
    stored.map_err(|_| CoreError::Internal)
}

/// Deletes a secret, if it is there.
pub(crate) fn forget(store: &Store, id: &[u8]) -> Result<()> {
    check_id(id)?;
    store.delete(&Key::of(Kind::Psk).and(&psk(id))?);
    Ok(())
}

/// The proposal to mix in a secret that is stored here.
pub(super) fn propose(provider: &Provider, suite: Ciphersuite, id: &[u8]) -> Result<Proposal> {
    check_id(id)?;
    if !provider.storage().holds(&Key::of(Kind::Psk).and(&psk(id))?) {
        return Err(missing(id));
    }
    let id = PreSharedKeyId::new(suite, provider.rand(), psk(id)).map_err(|_| CoreError::Internal)?;
    Ok(Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(id))))
}

/// The id in a proposal of an external PSK; none of another type.
pub(super) fn external_id(proposal: &PreSharedKeyProposal) -> Option<Vec<u8>> {
    // openmls has no public reader for the proposal's only field; its wire form does.
    let wire = proposal.tls_serialize_detached().ok()?;
    match PreSharedKeyId::tls_deserialize_exact_bytes(&wire).ok()?.psk() {
        Psk::External(psk) => Some(psk.psk_id().to_vec()),
        Psk::Resumption(_) => None,
    }
}

/// The error for a secret that the running operation asked for and that is not stored; none if nothing can be stored
/// under its id.
pub(super) fn missing_in(store: &Store) -> Option<CoreError> {
    match postcard::from_bytes(&store.missing_psk()?) {
        Ok(Psk::External(psk)) => check_id(psk.psk_id()).ok().map(|()| missing(psk.psk_id())),
        _ => None,
    }
}

fn missing(id: &[u8]) -> CoreError {
    CoreError::PskMissing { id: hex(id) }
}

fn psk(id: &[u8]) -> Psk {
    Psk::External(ExternalPsk::new(id.to_vec()))
}

fn check_id(id: &[u8]) -> Result<()> {
    if id.is_empty() || id.len() > 255 {
        return Err(CoreError::BadInput("the id of a pre-shared key has 1 to 255 bytes"));
    }
    Ok(())
}
