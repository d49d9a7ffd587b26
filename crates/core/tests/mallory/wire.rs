//! The structures of RFC 9420 that he changes, open to the last field.

use ed25519_dalek::{Signer as _, SigningKey};
use openmls::prelude::tls_codec::{
    self, DeserializeBytes, Serialize, TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes,
};

use super::forge::{labelled, vector};
use crate::people::GROUP;

/// §12.4
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Commit {
    pub proposals: Vec<ProposalOrRef>,
    pub path: Option<UpdatePath>,
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
#[allow(clippy::large_enum_variant, reason = "a test may be wasteful")]
pub enum ProposalOrRef {
    #[tls_codec(discriminant = 1)]
    Proposal(Proposal),
    Reference(VLBytes),
}

/// §12.1; the types that are not here are written as raw bytes.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u16)]
#[allow(clippy::large_enum_variant, reason = "a test may be wasteful")]
pub enum Proposal {
    #[tls_codec(discriminant = 1)]
    Add(KeyPackage),
    Update(LeafNode),
    Remove(u32),
    #[tls_codec(discriminant = 4)]
    ExternalPsk(u8, VLBytes, VLBytes),
    #[tls_codec(discriminant = 5)]
    ReInit(VLBytes, u16, u16, Vec<Extension>),
    ExternalInit(VLBytes),
    GroupContextExtensions(Vec<Extension>),
    #[tls_codec(discriminant = 0xf00d)]
    Unknown(VLBytes),
}

/// §7.6
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct UpdatePath {
    pub leaf_node: LeafNode,
    pub nodes: Vec<UpdatePathNode>,
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct UpdatePathNode {
    pub encryption_key: VLBytes,
    pub secrets: Vec<Sealed>,
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Sealed {
    pub kem_output: VLBytes,
    pub ciphertext: VLBytes,
}

/// §7.2
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct LeafNode {
    pub tbs: LeafNodeTbs,
    pub signature: VLBytes,
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct LeafNodeTbs {
    pub encryption_key: VLBytes,
    pub signature_key: VLBytes,
    pub credential: Credential,
    pub capabilities: Capabilities,
    pub source: LeafNodeSource,
    pub extensions: Vec<Extension>,
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Credential {
    pub kind: u16,
    pub identity: VLBytes,
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Capabilities {
    pub versions: Vec<u16>,
    pub suites: Vec<u16>,
    pub extensions: Vec<u16>,
    pub proposals: Vec<u16>,
    pub credentials: Vec<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum LeafNodeSource {
    #[tls_codec(discriminant = 1)]
    KeyPackage(u64, u64),
    Update,
    /// The parent hash.
    Commit(VLBytes),
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Extension {
    pub kind: u16,
    pub data: VLBytes,
}

/// §10
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct KeyPackage {
    pub tbs: KeyPackageTbs,
    pub signature: VLBytes,
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct KeyPackageTbs {
    pub version: u16,
    pub suite: u16,
    pub init_key: VLBytes,
    pub leaf_node: LeafNode,
    pub extensions: Vec<Extension>,
}

/// §12.4.3, without its signature.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct GroupInfo {
    pub context: GroupContext,
    pub extensions: Vec<Extension>,
    pub confirmation_tag: VLBytes,
    pub signer: u32,
}

/// §8.1
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct GroupContext {
    pub version: u16,
    pub suite: u16,
    pub group_id: VLBytes,
    pub epoch: u64,
    pub tree_hash: VLBytes,
    pub confirmed_transcript_hash: VLBytes,
    pub extensions: Vec<Extension>,
}

/// The extension that holds the ratchet tree.
pub const RATCHET_TREE: u16 = 2;

impl LeafNode {
    /// Signs it anew; with its place, if it comes by an update or a commit.
    pub fn sign(&mut self, key: &SigningKey, leaf_index: Option<u32>) {
        let mut tbs = write(&self.tbs);
        if let Some(leaf_index) = leaf_index {
            tbs.extend(vector(&GROUP.0));
            tbs.extend(leaf_index.to_be_bytes());
        }
        self.signature = key.sign(&labelled(b"MLS 1.0 LeafNodeTBS", &tbs)).to_bytes().to_vec().into();
    }
}

impl KeyPackage {
    pub fn sign(&mut self, key: &SigningKey) {
        let payload = labelled(b"MLS 1.0 KeyPackageTBS", &write(&self.tbs));
        self.signature = key.sign(&payload).to_bytes().to_vec().into();
    }

    /// As it travels: an `MLSMessage`.
    pub fn message(&self) -> Vec<u8> {
        [&[0, 1, 0, 5], write(self).as_slice()].concat()
    }
}

pub fn read<T: DeserializeBytes>(bytes: &[u8]) -> T {
    T::tls_deserialize_exact_bytes(bytes).unwrap()
}

pub fn write(value: &impl Serialize) -> Vec<u8> {
    value.tls_serialize_detached().unwrap()
}
