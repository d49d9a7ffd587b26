//! The public tree of a group, in chunks of a few nodes: a commit on a full tree changes one leaf and log n parents.

use std::collections::BTreeMap;

use openmls::prelude::{
    LeafNode, LeafNodeIndex, Member,
    tls_codec::{DeserializeBytes as _, Serialize as _, VLBytes},
};
use serde::{Serialize, de::DeserializeOwned};

use super::chunked::Layout;
use crate::{
    error::{CoreError, Result},
    storage::{Key, Store},
};

/// openmls's `TreeSync`. A leaf has 0.35 kB and a parent 0.1 kB: a path of ten parents is spread over about as many
/// chunks, whatever their size, so they are small.
const LAYOUT: Layout = Layout { inner: "tree", vectors: &[("leaf_nodes", 1), ("parent_nodes", 2)], chunk: 4 };

impl Store {
    pub(super) fn write_tree_at(&self, key: Key, tree: &impl Serialize) -> Result<()> {
        self.write_chunked(key, &LAYOUT, None, tree).map_err(|_| CoreError::Internal)
    }

    pub(super) fn read_tree_at<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>> {
        let corrupt = |_| CoreError::StoreCorrupt { record: key.name() };
        let Some(bytes) = self.tree_bytes(key)? else { return Ok(None) };
        postcard::from_bytes(&bytes).map(Some).map_err(corrupt)
    }

    /// The members in a stored tree, whose serialized form begins with the vector of its leaves.
    pub(super) fn members_at(&self, key: &Key) -> Result<BTreeMap<u32, Member>> {
        let corrupt = || CoreError::StoreCorrupt { record: key.name() };
        let bytes = self.tree_bytes(key)?.ok_or_else(corrupt)?;
        let (leaves, _): (Vec<Option<LeafNode>>, _) = postcard::take_from_bytes(&bytes).map_err(|_| corrupt())?;
        let members = (0..).zip(leaves).filter_map(|(index, leaf)| {
            let leaf = leaf?;
            // An `HPKEPublicKey` is an `opaque<V>`, and openmls shows no other form of it.
            let encryption_key = leaf.encryption_key().tls_serialize_detached().ok()?;
            let encryption_key = VLBytes::tls_deserialize_exact_bytes(&encryption_key).ok()?.into();
            let (credential, signature_key) = (leaf.credential().clone(), leaf.signature_key().as_slice().to_vec());
            Some((index, Member { index: LeafNodeIndex::new(index), credential, encryption_key, signature_key }))
        });
        Ok(members.collect())
    }

    fn tree_bytes(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        Ok(self.append_chunked(&mut bytes, key, &LAYOUT)?.then_some(bytes))
    }
}
