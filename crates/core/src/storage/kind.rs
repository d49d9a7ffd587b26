//! Keys of records: one byte for the kind, then what it is about.

use serde::Serialize;

use crate::{
    crypto::hex,
    error::{CoreError, Result},
    group_id::GroupId,
};

/// Declares the kinds once: name in errors, byte in keys.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $byte:literal, $name:literal;)+) => {
        /// What a record is. The byte is part of the stored form and never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Kind {
            $($(#[$doc])* $kind = $byte,)+
        }

        impl Kind {
            fn name(byte: u8) -> Option<&'static str> {
                match byte {
                    $($byte => Some($name),)+
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// Which records the client has, in which versions: see `manifest.rs`. One per store.
    Store = 0x00, "store";
    /// The client's own keys and handle. One per store.
    Identity = 0x01, "identity";
    /// When keys must be updated, for all groups.
    UpdatePolicy = 0x02, "update-policy";
    /// What a batch of writes changed, since `Store` was last written.
    Changes = 0x03, "changes";
    /// That an account has revoked a device, by the keys of both. Holds nothing else.
    Revocation = 0x04, "revocation";
    /// A key that is erased when what it sealed is over: see `ring.rs`.
    ErasableKey = 0x05, "erasable-key";
    /// The leaf signature key of a key package, by its public half.
    KeyPackageSigner = 0x10, "key-package-signer";
    /// What MLS keeps for a published key package, by its reference.
    KeyPackage = 0x11, "key-package";
    EncryptionKeyPair = 0x12, "encryption-key-pair";
    Psk = 0x13, "psk";
    SignatureKeyPair = 0x14, "signature-key-pair";
    /// Ours, one per group: which leaf signature key is in use, and what is pending.
    OwnLeaf = 0x20, "own-leaf";
    /// When each member's leaf last changed.
    Health = 0x21, "health";
    /// What the update policy counts.
    Activity = 0x22, "activity";
    /// Authenticators of past epochs, and whether the group is stuck or forked.
    Standing = 0x23, "standing";
    /// Which records the group has, in which versions: see `manifest.rs`.
    GroupRecords = 0x24, "group-records";
    /// What MLS keeps for a group.
    JoinConfig = 0x30, "join-config";
    OwnLeafNodes = 0x31, "own-leaf-nodes";
    ProposalRefs = 0x32, "proposal-refs";
    Proposal = 0x33, "proposal";
    Tree = 0x34, "tree";
    InterimTranscriptHash = 0x35, "interim-transcript-hash";
    GroupContext = 0x36, "group-context";
    ConfirmationTag = 0x37, "confirmation-tag";
    GroupState = 0x38, "group-state";
    MessageSecrets = 0x39, "message-secrets";
    ResumptionPsks = 0x3a, "resumption-psks";
    OwnLeafIndex = 0x3b, "own-leaf-index";
    EpochSecrets = 0x3c, "epoch-secrets";
    EpochKeyPairs = 0x3d, "epoch-key-pairs";
}

/// Every kind whose keys start with a group's id, but for those that openmls and the rules do not write: the group's list of
/// records (`manifest.rs`) and its erasable keys (`ring.rs`).
pub(crate) const GROUP_KINDS: [Kind; 18] = [
    Kind::OwnLeaf,
    Kind::Health,
    Kind::Activity,
    Kind::Standing,
    Kind::JoinConfig,
    Kind::OwnLeafNodes,
    Kind::ProposalRefs,
    Kind::Proposal,
    Kind::Tree,
    Kind::InterimTranscriptHash,
    Kind::GroupContext,
    Kind::ConfirmationTag,
    Kind::GroupState,
    Kind::MessageSecrets,
    Kind::ResumptionPsks,
    Kind::OwnLeafIndex,
    Kind::EpochSecrets,
    Kind::EpochKeyPairs,
];

/// A group's records that hold secrets of its epoch.
pub(super) const SECRETS_OF_EPOCHS: [Kind; 6] = [
    Kind::OwnLeaf,
    Kind::GroupState,
    Kind::MessageSecrets,
    Kind::ResumptionPsks,
    Kind::EpochSecrets,
    Kind::EpochKeyPairs,
];

/// The client's own records that hold secrets which are used up. Who the client is (`identity`) is not among them.
const SECRETS_TO_USE_UP: [Kind; 3] = [Kind::KeyPackage, Kind::EncryptionKeyPair, Kind::Psk];

/// Whether the record of a key is sealed under a key that can be erased.
pub(super) fn is_secret(key: &[u8]) -> bool {
    let mut kinds = SECRETS_OF_EPOCHS.iter().chain(&SECRETS_TO_USE_UP);
    key.first().is_some_and(|&byte| kinds.any(|&kind| kind as u8 == byte))
}

/// The key of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    pub(crate) fn of(kind: Kind) -> Self {
        Self(vec![kind as u8])
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// This key with raw bytes behind it.
    pub(crate) fn with(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// This key with the compact form of one of openmls's ids behind it. Those carry their lengths, so that no key is
    /// the start of another's id.
    pub(crate) fn and(self, id: &impl Serialize) -> Result<Self> {
        let bytes = postcard::to_stdvec(id).map_err(|_| CoreError::Internal)?;
        Ok(self.with(&bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What errors call this record.
    pub(crate) fn name(&self) -> String {
        name_of(&self.0)
    }
}

/// The group that the record of a key belongs to; none for the client's own.
pub(crate) fn group_of(key: &[u8]) -> Option<GroupId> {
    let (&kind, rest) = key.split_first()?;
    let of_group = GROUP_KINDS.iter().chain(&[Kind::GroupRecords, Kind::ErasableKey]);
    let is_of_group = of_group.into_iter().any(|&of_group| of_group as u8 == kind);
    let (id, _) = rest.strip_prefix(&[16])?.split_first_chunk()?;
    is_of_group.then_some(GroupId(*id))
}

impl GroupId {
    /// The key of this group's record of a kind; openmls's records of the group are under the same form of the id.
    pub(crate) fn key(self, kind: Kind) -> Key {
        Key::of(kind).with(&[16]).with(&self.0)
    }
}

/// What errors call the record of a key: its kind and the rest in hex.
pub(super) fn name_of(key: &[u8]) -> String {
    match key.split_first() {
        Some((&kind, [])) => Kind::name(kind).unwrap_or("unknown").to_owned(),
        Some((&kind, rest)) => format!("{}/{}", Kind::name(kind).unwrap_or("unknown"), hex(rest)),
        None => "unknown".to_owned(),
    }
}

/// Whether the key is one of ours.
pub(super) fn check(key: &[u8]) -> Result<()> {
    match key.first().and_then(|&kind| Kind::name(kind)) {
        Some(_) => Ok(()),
        None => Err(CoreError::StoreCorrupt { record: name_of(key) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_a_groups_kinds_name_a_group() {
        let id = GroupId([7; 16]);
        let of_group = |kind: Kind| Key::of(kind).with(&[16]).with(&id.0);
        for kind in GROUP_KINDS.into_iter().chain([Kind::GroupRecords, Kind::ErasableKey]) {
            assert_eq!(group_of(of_group(kind).bytes()), Some(id), "{kind:?}");
            assert_eq!(group_of(of_group(kind).with(b"more").bytes()), Some(id), "{kind:?}");
        }
        for kind in [Kind::Store, Kind::Changes, Kind::KeyPackage, Kind::EncryptionKeyPair, Kind::Psk] {
            assert_eq!(group_of(of_group(kind).bytes()), None, "{kind:?}");
        }
        let key = of_group(Kind::Tree);
        assert_eq!(group_of(&key.bytes()[..17]), None, "a byte of the id is missing");
        assert_eq!(group_of(&[]), None);
    }
}
