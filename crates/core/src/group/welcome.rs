//! Welcomes (RFC 9420 §12.4.3.1) in two parts, so that adding n devices costs O(n) bytes and time in all.
//!
//! An MLS Welcome with the ratchet tree in it costs O(n) for each of n joiners: each one's secrets are sealed with the
//! whole encrypted group info as context, and each one is handed the whole of it. Here the tree stands apart, sealed
//! under a key of the epoch that begins, which a joiner derives before it needs the tree:
//!
//! ```text
//! struct {
//!     uint8 version = 1;
//!     uint16 cipher_suite;
//!     opaque encrypted_group_info<V>;    // RFC 9420 §12.4.3, without a ratchet_tree extension
//!     opaque sealed_tree<V>;             // ChaCha20-Poly1305(key, nonce = 0, aad = version || cipher_suite)
//! } SharedWelcome;                       // once for all joiners of a commit
//!
//! key = MLS-Exporter("quicprochat welcome tree", "v1", 32)
//! ```
//!
//! The tree is that of §12.4.3.3 (`optional<Node> ratchet_tree<V>`); the group info's tree hash authenticates it. A key
//! seals one tree, so its nonce need not vary. What each joiner gets of its own is its `EncryptedGroupSecrets`.

use std::collections::BTreeMap;

use openmls::{
    prelude::{
        AeadType, EncryptedGroupSecrets, KeyPackage, MlsMessageBodyIn, MlsMessageIn, OpenMlsCrypto, RatchetTreeIn,
        Welcome,
        tls_codec::{Deserialize as _, DeserializeBytes, Serialize as _, VLByteSlice, VLBytes},
    },
    treesync::RatchetTree,
};
use zeroize::Zeroizing;

use crate::error::{CoreError, Result};

/// The version of the form above.
const VERSION: u8 = 1;

/// Exporter label and context of the key that seals the tree.
pub(super) const LABEL: &str = "quicprochat welcome tree";
const CONTEXT: &[u8] = b"v1";
const KEY_LENGTH: usize = 32;

const AEAD: AeadType = AeadType::ChaCha20Poly1305;
const NONCE: [u8; 12] = [0; 12];

/// `version` and `cipher_suite`.
const HEADER_LENGTH: usize = 3;

/// What an `MLSMessage` with a Welcome begins with: `mls10`, `mls_welcome` (RFC 9420 §6).
const MLS_WELCOME: [u8; 4] = [0, 1, 0, 3];

/// What the devices that a commit adds need to join. Leaves only with the winning commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WelcomeBundle {
    /// What all of them need: a `SharedWelcome`. To be stored once.
    pub shared: Vec<u8>,
    /// What each needs of its own, in the order of the key packages: an `EncryptedGroupSecrets`, about 0.15 kB.
    pub joiners: Vec<Vec<u8>>,
}

/// Takes a Welcome apart and seals the tree of the epoch that it is for; `export` is that epoch's exporter.
pub(super) fn seal(
    crypto: &impl OpenMlsCrypto,
    (welcome, tree): (&Welcome, &RatchetTree),
    added: &[KeyPackage],
    export: impl FnOnce(&str, &[u8], usize) -> Result<Vec<u8>>,
) -> Result<WelcomeBundle> {
    let key = Zeroizing::new(export(LABEL, CONTEXT, KEY_LENGTH)?);
    let tree = tree.tls_serialize_detached().map_err(|_| CoreError::Internal)?;
    let mut shared = vec![VERSION];
    shared.extend_from_slice(&u16::from(welcome.ciphersuite()).to_be_bytes());
    let sealed_tree = crypto.aead_encrypt(AEAD, &key, &tree, &NONCE, &shared).map_err(|_| CoreError::Internal)?;
    append(&mut shared, &encrypted_group_info(welcome)?)?;
    append(&mut shared, &sealed_tree)?;
    Ok(WelcomeBundle { shared, joiners: joiners(crypto, welcome, added)? })
}

/// The secrets of each key package, in the key packages' order.
fn joiners(crypto: &impl OpenMlsCrypto, welcome: &Welcome, added: &[KeyPackage]) -> Result<Vec<Vec<u8>>> {
    let by_reference: BTreeMap<Vec<u8>, &EncryptedGroupSecrets> =
        welcome.secrets().iter().map(|secrets| (secrets.new_member().as_slice().to_vec(), secrets)).collect();
    let own = added.iter().map(|key_package| {
        let reference = key_package.hash_ref(crypto).map_err(|_| CoreError::Internal)?;
        let secrets = by_reference.get(reference.as_slice()).ok_or(CoreError::Internal)?;
        secrets.tls_serialize_detached().map_err(|_| CoreError::Internal)
    });
    own.collect()
}

/// The last field of `struct { CipherSuite cipher_suite; EncryptedGroupSecrets secrets<V>; opaque
/// encrypted_group_info<V>; } Welcome`, for which openmls has no accessor.
fn encrypted_group_info(welcome: &Welcome) -> Result<Vec<u8>> {
    let bytes = welcome.tls_serialize_detached().map_err(|_| CoreError::Internal)?;
    let (_, rest) = VLBytes::tls_deserialize_bytes(&bytes[2..]).map_err(|_| CoreError::Internal)?;
    let (encrypted, _) = VLBytes::tls_deserialize_bytes(rest).map_err(|_| CoreError::Internal)?;
    Ok(encrypted.into())
}

/// A Welcome put together again, its tree still sealed.
pub(crate) struct ReceivedWelcome {
    pub(super) welcome: Welcome,
    pub(super) tree: SealedTree,
}

/// A tree that only the epoch's members can open.
pub(super) struct SealedTree {
    header: [u8; HEADER_LENGTH],
    bytes: Vec<u8>,
}

impl ReceivedWelcome {
    /// Puts a joiner's part and the shared part together.
    ///
    /// # Errors
    /// [`CoreError::WireDecode`].
    pub(crate) fn decode(joiner: &[u8], shared: &[u8]) -> Result<Self> {
        let (&header, rest) = shared.split_first_chunk().ok_or(CoreError::WireDecode)?;
        let (encrypted_group_info, rest) = take(rest)?;
        let (bytes, rest) = take(rest)?;
        if header[0] != VERSION || !rest.is_empty() {
            return Err(CoreError::WireDecode);
        }
        let mut message = [&MLS_WELCOME, &header[1..]].concat();
        append(&mut message, joiner)?;
        append(&mut message, encrypted_group_info)?;
        let message = MlsMessageIn::tls_deserialize_exact_bytes(&message).map_err(|_| CoreError::WireDecode)?;
        match message.extract() {
            MlsMessageBodyIn::Welcome(welcome) if welcome.secrets().len() == 1 => {
                Ok(Self { welcome, tree: SealedTree { header, bytes: bytes.to_vec() } })
            }
            _ => Err(CoreError::WireDecode),
        }
    }
}

impl SealedTree {
    /// Opens the tree; `export` is the exporter of the epoch that the Welcome is for.
    ///
    /// # Errors
    /// [`CoreError::WelcomeInvalid`].
    pub(super) fn open(
        &self,
        crypto: &impl OpenMlsCrypto,
        export: impl FnOnce(&str, &[u8], usize) -> Result<Vec<u8>>,
    ) -> Result<RatchetTreeIn> {
        let key = Zeroizing::new(export(LABEL, CONTEXT, KEY_LENGTH)?);
        let opened = crypto.aead_decrypt(AEAD, &key, &self.bytes, &NONCE, &self.header);
        let tree = opened.map_err(|_| CoreError::WelcomeInvalid)?;
        // By the reader that has no assertions in debug builds, as for `take`.
        RatchetTreeIn::tls_deserialize_exact(tree).map_err(|_| CoreError::WelcomeInvalid)
    }
}

fn append(bytes: &mut Vec<u8>, vector: &[u8]) -> Result<()> {
    VLByteSlice(vector).tls_serialize(bytes).map(drop).map_err(|_| CoreError::Internal)
}

/// The first `opaque<V>` (RFC 9420 §2.1.2) and what follows it. tls_codec's own reader asserts in debug builds that
/// nothing is missing.
fn take(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let first = *bytes.first().ok_or(CoreError::WireDecode)?;
    let (size, least) = match first >> 6 {
        0 => (1, 0),
        1 => (2, 1 << 6),
        2 => (4, 1 << 14),
        _ => return Err(CoreError::WireDecode),
    };
    let (prefix, rest) = bytes.split_at_checked(size).ok_or(CoreError::WireDecode)?;
    let length = prefix[1..].iter().fold(usize::from(first & 0x3f), |length, &byte| length << 8 | usize::from(byte));
    if length < least {
        return Err(CoreError::WireDecode);
    }
    rest.split_at_checked(length).ok_or(CoreError::WireDecode)
}
