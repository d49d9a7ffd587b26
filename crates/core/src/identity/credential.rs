//! The chain of keys in a leaf: the account certifies the device, the device certifies the leaf's own signature key.
//!
//! It travels as the identity of an MLS basic credential (RFC 9420 §5.3), in a form of ours:
//!
//! ```text
//! struct {
//!     uint8 version = 1;
//!     opaque handle<1..32>;              // one length byte; see `handle.rs`
//!     opaque account_key[32];
//!     opaque device_id[16];
//!     opaque device_key[32];
//!     opaque device_certificate[64];     // by account_key, over "device-certificate" and the four fields above
//!     opaque leaf_certificate[64];       // by device_key, over "leaf-certificate", the same fields and the leaf's key
//! } LeafCredential;
//! ```
//!
//! A leaf's signature key is its group's alone and changes with every update, so a stolen one heals; the device's key
//! signs nothing else in a group.

use openmls::prelude::{BasicCredential, Credential, CredentialType, CredentialWithKey, LeafNode};

use super::{Identity, handle::is_handle};
use crate::{
    crypto::{Crypto, Field, SecretKey, Signed, device_certificate_transcript, hex, transcript},
    error::{CoreError, Result},
};

/// The version of the form above.
const VERSION: u8 = 1;

/// Who a leaf is. Two leaves with the same identity are the same device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafIdentity {
    /// The account's name at the relay. Certified by the account's key, not by the relay.
    pub handle: String,
    /// The account's Ed25519 key: what safety numbers compare.
    pub account_key: [u8; 32],
    /// The device, unique in a group.
    pub device_id: [u8; 16],
    /// The device's Ed25519 key, certified by the account's.
    pub device_key: [u8; 32],
}

impl LeafIdentity {
    /// The version of the form above and its first four fields.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION, u8::try_from(self.handle.len()).expect("identities bound their handle")];
        bytes.extend_from_slice(self.handle.as_bytes());
        bytes.extend_from_slice(&self.account_key);
        bytes.extend_from_slice(&self.device_id);
        bytes.extend_from_slice(&self.device_key);
        bytes
    }

    /// Reads what [`LeafIdentity::encode`] writes.
    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self> {
        if reader.take::<1>()? != [VERSION] {
            return Err(CoreError::CredentialRejected);
        }
        let [length] = reader.take::<1>()?;
        let handle = std::str::from_utf8(reader.slice(length.into())?).ok().filter(|handle| is_handle(handle));
        Ok(Self {
            handle: handle.ok_or(CoreError::CredentialRejected)?.to_owned(),
            account_key: reader.take()?,
            device_id: reader.take()?,
            device_key: reader.take()?,
        })
    }

    fn device_claim(&self) -> Vec<u8> {
        device_certificate_transcript(&self.handle, &self.account_key, &self.device_id, &self.device_key)
    }

    fn leaf_claim(&self, signature_key: &[u8]) -> Vec<u8> {
        transcript(
            "leaf-certificate",
            &[
                Field::Text(&self.handle),
                Field::Bytes(&self.account_key),
                Field::Text(&hex(&self.device_id)),
                Field::Bytes(&self.device_key),
                Field::Bytes(signature_key),
            ],
        )
    }
}

/// The credential of a leaf of ours that signs with `signer`.
pub(crate) fn issue(identity: &Identity, signer: &SecretKey) -> CredentialWithKey {
    let public = identity.public();
    let signature_key = signer.public();
    let leaf_certificate = identity.sign_as_device(&public.leaf_claim(&signature_key));
    let mut bytes = public.encode();
    bytes.extend_from_slice(&identity.certificate());
    bytes.extend_from_slice(&leaf_certificate);
    CredentialWithKey { credential: BasicCredential::new(bytes).into(), signature_key: signature_key.to_vec().into() }
}

/// Checks both links of a leaf's chain and that it ends at the leaf's own signature key.
///
/// # Errors
/// [`CoreError::CredentialRejected`].
pub(crate) fn verify(crypto: &Crypto, leaf: &LeafNode) -> Result<LeafIdentity> {
    verify_parts(crypto, leaf.credential(), leaf.signature_key().as_slice())
}

/// [`verify`], for a leaf that comes in parts.
pub(crate) fn verify_parts(crypto: &Crypto, credential: &Credential, signature_key: &[u8]) -> Result<LeafIdentity> {
    let chain = Chain::decode(credential)?;
    let identity = chain.identity;
    let links = [
        (&identity.account_key, identity.device_claim(), &chain.device_certificate),
        (&identity.device_key, identity.leaf_claim(signature_key), &chain.leaf_certificate),
    ];
    for (key, claim, signature) in links {
        crypto.check_signature(Signed { key, message: &claim, signature }, CoreError::CredentialRejected)?;
    }
    Ok(identity)
}

/// Reads who a leaf says it is, without checking: only for leaves that were verified when they entered the group.
pub(crate) fn read_verified(credential: &Credential) -> Result<LeafIdentity> {
    Chain::decode(credential).map(|chain| chain.identity)
}

struct Chain {
    identity: LeafIdentity,
    device_certificate: [u8; 64],
    leaf_certificate: [u8; 64],
}

impl Chain {
    fn decode(credential: &Credential) -> Result<Self> {
        if credential.credential_type() != CredentialType::Basic {
            return Err(CoreError::CredentialRejected);
        }
        let mut reader = Reader(credential.serialized_content());
        let identity = LeafIdentity::decode(&mut reader)?;
        let chain = Self { identity, device_certificate: reader.take()?, leaf_certificate: reader.take()? };
        if reader.0.is_empty() { Ok(chain) } else { Err(CoreError::CredentialRejected) }
    }
}

/// What is left to read.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    fn slice(&mut self, length: usize) -> Result<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length).ok_or(CoreError::CredentialRejected)?;
        self.0 = tail;
        Ok(head)
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.slice(N)?.try_into().map_err(|_| CoreError::CredentialRejected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Provider;

    fn issued() -> (LeafIdentity, Vec<u8>, [u8; 32]) {
        let identity = Identity::generate(&Provider::default(), "alice").unwrap();
        let signer = SecretKey::from_seed(&[3; 32]);
        let issued = issue(&identity, &signer);
        (identity.public(), issued.credential.serialized_content().to_vec(), signer.public())
    }

    fn verify_bytes(bytes: Vec<u8>, key: &[u8]) -> Result<LeafIdentity> {
        verify_parts(&Crypto::default(), &BasicCredential::new(bytes).into(), key)
    }

    #[test]
    fn an_issued_chain_holds_for_its_own_key_only() {
        let (identity, bytes, key) = issued();
        assert_eq!(verify_bytes(bytes.clone(), &key), Ok(identity));
        let other = SecretKey::from_seed(&[4; 32]).public();
        assert_eq!(verify_bytes(bytes, &other), Err(CoreError::CredentialRejected));
    }

    #[test]
    fn a_chain_with_any_changed_cut_or_added_byte_is_rejected() {
        let (_, bytes, key) = issued();
        for position in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[position] ^= 1;
            assert_eq!(verify_bytes(forged, &key), Err(CoreError::CredentialRejected), "byte {position}");
            assert_eq!(verify_bytes(bytes[..position].to_vec(), &key), Err(CoreError::CredentialRejected));
        }
        assert_eq!(verify_bytes([bytes, vec![0]].concat(), &key), Err(CoreError::CredentialRejected));
    }
}
