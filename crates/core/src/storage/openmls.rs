//! The storage that openmls sees: each of its values is one record of the [`Store`].
//!
//! Keys are the kind, then the group's id or what else the value is about; lists are records of their own.

mod apart;
mod chunked;
mod message_secrets;
mod provider;
mod tree;

use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::{Serialize, de::DeserializeOwned};

pub use self::provider::Provider;
pub(crate) use self::{
    apart::{Parts, take_apart},
    message_secrets::Ratchet,
};
use super::{Key, Kind, Store, codec};
use crate::error::{CoreError, Result};

/// Version of openmls's storage trait that is implemented.
const V: u16 = CURRENT_VERSION;

fn key(kind: Kind, id: &impl Serialize) -> Result<Key> {
    Key::of(kind).and(id)
}

impl Store {
    fn write_at(&self, kind: Kind, id: &impl Serialize, value: &impl Serialize) -> Result<()> {
        self.write(&key(kind, id)?, value)
    }

    fn read_at<T: DeserializeOwned>(&self, kind: Kind, id: &impl Serialize) -> Result<Option<T>> {
        self.read(&key(kind, id)?)
    }

    fn delete_at(&self, kind: Kind, id: &impl Serialize) -> Result<()> {
        self.delete(&key(kind, id)?);
        Ok(())
    }

    fn list_at<T: DeserializeOwned>(&self, kind: Kind, id: &impl Serialize) -> Result<Vec<T>> {
        Ok(self.read_at(kind, id)?.unwrap_or_default())
    }
}

/// A value that is written, read and deleted whole, by one id.
macro_rules! whole {
    ($kind:ident by $Id:ident as $Value:ident: $write:ident $read:ident $delete:ident) => {
        fn $write<I: traits::$Id<V>, T: traits::$Value<V>>(&self, id: &I, value: &T) -> Result<()> {
            self.write_at(Kind::$kind, id, value)
        }
        fn $read<I: traits::$Id<V>, T: traits::$Value<V>>(&self, id: &I) -> Result<Option<T>> {
            self.read_at(Kind::$kind, id)
        }
        fn $delete<I: traits::$Id<V>>(&self, id: &I) -> Result<()> {
            self.delete_at(Kind::$kind, id)
        }
    };
    // The trait lists the type parameters of some readers, and of one writer, the other way round.
    ($kind:ident by $Id:ident as $Value:ident: $write:ident, swapped $read:ident $delete:ident) => {
        fn $write<I: traits::$Id<V>, T: traits::$Value<V>>(&self, id: &I, value: &T) -> Result<()> {
            self.write_at(Kind::$kind, id, value)
        }
        whole!(@swapped $kind $Id $Value $read $delete);
    };
    ($kind:ident by $Id:ident as $Value:ident: swapped $write:ident $read:ident $delete:ident) => {
        fn $write<T: traits::$Value<V>, I: traits::$Id<V>>(&self, id: &I, value: &T) -> Result<()> {
            self.write_at(Kind::$kind, id, value)
        }
        whole!(@swapped $kind $Id $Value $read $delete);
    };
    (@swapped $kind:ident $Id:ident $Value:ident $read:ident $delete:ident) => {
        fn $read<T: traits::$Value<V>, I: traits::$Id<V>>(&self, id: &I) -> Result<Option<T>> {
            self.read_at(Kind::$kind, id)
        }
        fn $delete<I: traits::$Id<V>>(&self, id: &I) -> Result<()> {
            self.delete_at(Kind::$kind, id)
        }
    };
}

impl StorageProvider<V> for Store {
    type Error = CoreError;

    fn write_mls_join_config<I: traits::GroupId<V>, T: traits::MlsGroupJoinConfig<V>>(
        &self,
        id: &I,
        config: &T,
    ) -> Result<()> {
        self.write_at(Kind::JoinConfig, id, &codec::to_described(config)?)
    }

    fn mls_group_join_config<I: traits::GroupId<V>, T: traits::MlsGroupJoinConfig<V>>(
        &self,
        id: &I,
    ) -> Result<Option<T>> {
        let key = key(Kind::JoinConfig, id)?;
        let stored: Option<Vec<u8>> = self.read(&key)?;
        stored.map(|config| codec::from_described(&key, &config)).transpose()
    }

    fn delete_group_config<I: traits::GroupId<V>>(&self, id: &I) -> Result<()> {
        self.delete_at(Kind::JoinConfig, id)
    }

    fn write_tree<I: traits::GroupId<V>, T: traits::TreeSync<V>>(&self, id: &I, tree: &T) -> Result<()> {
        self.write_tree_at(key(Kind::Tree, id)?, tree)
    }

    fn tree<I: traits::GroupId<V>, T: traits::TreeSync<V>>(&self, id: &I) -> Result<Option<T>> {
        self.read_tree_at(&key(Kind::Tree, id)?)
    }

    fn delete_tree<I: traits::GroupId<V>>(&self, id: &I) -> Result<()> {
        self.delete_all(&key(Kind::Tree, id)?);
        Ok(())
    }

    whole!(GroupContext by GroupId as GroupContext: write_context group_context delete_context);
    whole!(InterimTranscriptHash by GroupId as InterimTranscriptHash:
        write_interim_transcript_hash interim_transcript_hash delete_interim_transcript_hash);
    whole!(ConfirmationTag by GroupId as ConfirmationTag:
        write_confirmation_tag confirmation_tag delete_confirmation_tag);
    whole!(ResumptionPsks by GroupId as ResumptionPskStore:
        write_resumption_psk_store resumption_psk_store delete_all_resumption_psk_secrets);
    whole!(OwnLeafIndex by GroupId as LeafNodeIndex: write_own_leaf_index own_leaf_index delete_own_leaf_index);
    whole!(EpochSecrets by GroupId as GroupEpochSecrets:
        write_group_epoch_secrets group_epoch_secrets delete_group_epoch_secrets);
    whole!(SignatureKeyPair by SignaturePublicKey as SignatureKeyPair:
        write_signature_key_pair signature_key_pair delete_signature_key_pair);
    whole!(KeyPackage by HashReference as KeyPackage: write_key_package key_package delete_key_package);
    whole!(GroupState by GroupId as GroupState: swapped write_group_state group_state delete_group_state);
    whole!(EncryptionKeyPair by EncryptionKey as HpkeKeyPair:
        write_encryption_key_pair, swapped encryption_key_pair delete_encryption_key_pair);

    fn write_psk<I: traits::PskId<V>, T: traits::PskBundle<V>>(&self, id: &I, psk: &T) -> Result<()> {
        self.write_at(Kind::Psk, id, psk)
    }

    fn psk<T: traits::PskBundle<V>, I: traits::PskId<V>>(&self, id: &I) -> Result<Option<T>> {
        let key = key(Kind::Psk, id)?;
        let psk = self.read(&key)?;
        if psk.is_none() {
            self.state.borrow_mut().missing_psk = Some(key.bytes()[1..].to_vec());
        }
        Ok(psk)
    }

    fn delete_psk<I: traits::PskId<V>>(&self, id: &I) -> Result<()> {
        self.delete_at(Kind::Psk, id)
    }

    fn write_message_secrets<I: traits::GroupId<V>, T: traits::MessageSecrets<V>>(
        &self,
        id: &I,
        secrets: &T,
    ) -> Result<()> {
        self.write_message_secrets_at(&key(Kind::MessageSecrets, id)?, secrets)
    }

    fn message_secrets<I: traits::GroupId<V>, T: traits::MessageSecrets<V>>(&self, id: &I) -> Result<Option<T>> {
        self.read_message_secrets_at(&key(Kind::MessageSecrets, id)?, &key(Kind::Tree, id)?)
    }

    fn delete_message_secrets<I: traits::GroupId<V>>(&self, id: &I) -> Result<()> {
        self.delete_message_secrets_at(&key(Kind::MessageSecrets, id)?);
        Ok(())
    }

    fn append_own_leaf_node<I: traits::GroupId<V>, T: traits::LeafNode<V>>(&self, id: &I, leaf: &T) -> Result<()> {
        let mut leaves: Vec<Vec<u8>> = self.list_at(Kind::OwnLeafNodes, id)?;
        leaves.push(to_item(leaf)?);
        self.write_at(Kind::OwnLeafNodes, id, &leaves)
    }

    fn own_leaf_nodes<I: traits::GroupId<V>, T: traits::LeafNode<V>>(&self, id: &I) -> Result<Vec<T>> {
        let key = key(Kind::OwnLeafNodes, id)?;
        let leaves: Vec<Vec<u8>> = self.read(&key)?.unwrap_or_default();
        leaves.iter().map(|leaf| from_item(&key, leaf)).collect()
    }

    fn delete_own_leaf_nodes<I: traits::GroupId<V>>(&self, id: &I) -> Result<()> {
        self.delete_at(Kind::OwnLeafNodes, id)
    }

    fn queue_proposal<I: traits::GroupId<V>, R: traits::ProposalRef<V>, P: traits::QueuedProposal<V>>(
        &self,
        id: &I,
        reference: &R,
        proposal: &P,
    ) -> Result<()> {
        self.write(&key(Kind::Proposal, id)?.and(reference)?, proposal)?;
        let mut references: Vec<Vec<u8>> = self.list_at(Kind::ProposalRefs, id)?;
        let reference = to_item(reference)?;
        if !references.contains(&reference) {
            references.push(reference);
        }
        self.write_at(Kind::ProposalRefs, id, &references)
    }

    fn queued_proposal_refs<I: traits::GroupId<V>, R: traits::ProposalRef<V>>(&self, id: &I) -> Result<Vec<R>> {
        let key = key(Kind::ProposalRefs, id)?;
        let references: Vec<Vec<u8>> = self.read(&key)?.unwrap_or_default();
        references.iter().map(|reference| from_item(&key, reference)).collect()
    }

    fn queued_proposals<I: traits::GroupId<V>, R: traits::ProposalRef<V>, P: traits::QueuedProposal<V>>(
        &self,
        id: &I,
    ) -> Result<Vec<(R, P)>> {
        let references: Vec<R> = self.queued_proposal_refs(id)?;
        let queued = references.into_iter().map(|reference| {
            let key = key(Kind::Proposal, id)?.and(&reference)?;
            let missing = || CoreError::StoreCorrupt { record: key.name() };
            Ok((reference, self.read(&key)?.ok_or_else(missing)?))
        });
        queued.collect()
    }

    fn remove_proposal<I: traits::GroupId<V>, R: traits::ProposalRef<V>>(&self, id: &I, reference: &R) -> Result<()> {
        self.delete(&key(Kind::Proposal, id)?.and(reference)?);
        let mut references: Vec<Vec<u8>> = self.list_at(Kind::ProposalRefs, id)?;
        let reference = to_item(reference)?;
        references.retain(|other| *other != reference);
        self.write_at(Kind::ProposalRefs, id, &references)
    }

    fn clear_proposal_queue<I: traits::GroupId<V>, R: traits::ProposalRef<V>>(&self, id: &I) -> Result<()> {
        self.delete_all(&key(Kind::Proposal, id)?);
        self.delete_at(Kind::ProposalRefs, id)
    }

    fn write_encryption_epoch_key_pairs<I: traits::GroupId<V>, E: traits::EpochKey<V>, K: traits::HpkeKeyPair<V>>(
        &self,
        id: &I,
        epoch: &E,
        leaf_index: u32,
        key_pairs: &[K],
    ) -> Result<()> {
        self.write(&epoch_key(id, epoch, leaf_index)?, key_pairs)
    }

    fn encryption_epoch_key_pairs<I: traits::GroupId<V>, E: traits::EpochKey<V>, K: traits::HpkeKeyPair<V>>(
        &self,
        id: &I,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<Vec<K>> {
        Ok(self.read(&epoch_key(id, epoch, leaf_index)?)?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<I: traits::GroupId<V>, E: traits::EpochKey<V>>(
        &self,
        id: &I,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<()> {
        self.delete(&epoch_key(id, epoch, leaf_index)?);
        Ok(())
    }
}

fn epoch_key(id: &impl Serialize, epoch: &impl Serialize, leaf_index: u32) -> Result<Key> {
    key(Kind::EpochKeyPairs, id)?.and(epoch)?.and(&leaf_index)
}

/// An entry of a list: lists grow by entries whose types have no `Clone`, so they hold the stored forms.
fn to_item(value: &impl Serialize) -> Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(|_| CoreError::Internal)
}

fn from_item<T: DeserializeOwned>(key: &Key, item: &[u8]) -> Result<T> {
    postcard::from_bytes(item).map_err(|_| CoreError::StoreCorrupt { record: key.name() })
}
