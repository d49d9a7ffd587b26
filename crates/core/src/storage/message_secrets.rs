//! The message secrets of a group, as records of their own for each epoch and each few leaves.
//!
//! openmls writes its whole `MessageSecretsStore` for every message: the secret trees of the current and the past
//! epochs, O(n) each, and with each past epoch the list of its members, credentials and all: 0.7 MB a message at
//! n = 1,000. Here a message writes the one or two chunks that its sender's ratchets are in. The form:
//!
//! | record, after the kind and the group's id | what it holds |
//! |---|---|
//! | nothing | `Root`: which epochs there are |
//! | epoch, 0 | `Head`: the epoch's secrets but for the secret tree's four vectors |
//! | epoch, 1 to 4, chunk | elements of one of those vectors; a chunk of nothing but `None` is not stored |
//! | epoch, 5 | `Leaves`: of a past epoch, who was a member |
//!
//! Reading puts the bytes together as openmls serialized them. The members of a past epoch are kept as the difference to
//! the epoch after it, back from those in the tree (see [`Store::expect_past`]).

mod writer;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use openmls::prelude::{
    LeafNode, LeafNodeIndex, Member,
    tls_codec::{DeserializeBytes as _, Serialize as _, VLBytes},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use super::{Key, Store};
use crate::error::{CoreError, Result};

/// Stands for the current epoch in keys, so that beginning a new one moves nothing.
const CURRENT: u64 = u64::MAX;

/// Elements of a secret tree's vector in one chunk: one sender's ratchet changes at a time, a busy one takes 0.1 kB, one
/// with sixteen messages missing 0.9 kB.
const CHUNK: usize = 32;

const HEAD: u8 = 0;
const LEAVES: u8 = 5;

/// The ratchet that a message takes its keys from.
#[derive(Clone, Copy)]
pub(crate) struct Ratchet {
    /// None: the current one.
    pub(crate) past_epoch: Option<u64>,
    pub(crate) is_handshake: bool,
}

/// How often a sender's ratchets were derived from the secret tree (RFC 9420 §9.1). The crypto counts, as openmls does
/// not tell; the store asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct RatchetsBegun(Arc<AtomicU32>);

impl RatchetsBegun {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Serialize, Deserialize)]
struct Root {
    max_epochs: u64,
    past: Vec<u64>,
}

/// The bytes of an epoch's secrets with its vectors cut out.
#[derive(Default, Serialize, Deserialize)]
struct Head {
    bytes: Vec<u8>,
    /// Where each vector goes, and how many elements it has.
    cuts: Vec<(u32, u32)>,
}

/// Who was a member in a past epoch.
#[derive(Serialize, Deserialize)]
enum Leaves {
    /// All of them, as openmls serialized them.
    Whole(Vec<u8>),
    /// By leaf: who was there instead of who is there in the epoch after; none for nobody.
    Changed(Vec<(u32, Option<Member>)>),
}

impl Drop for Head {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.bytes);
    }
}

impl Store {
    /// Says who was a member at the leaves that the commit about to be merged changes, so that the list of the ending
    /// epoch's members need not be kept whole.
    pub(crate) fn expect_past(&self, leaves: impl IntoIterator<Item = (u32, Option<Member>)>) {
        self.state.borrow_mut().expected_past = Some(leaves.into_iter().collect());
    }

    /// Runs what makes or opens one message. Only its ratchet is looked at when the secrets are written, unless ratchets
    /// were begun meanwhile: that changes other parts of the secret tree too.
    pub(crate) fn with_ratchet<T>(&self, ratchet: Ratchet, run: impl FnOnce() -> T) -> T {
        self.state.borrow_mut().ratchet = Some((ratchet, self.ratchets_begun.count()));
        let outcome = run();
        self.state.borrow_mut().ratchet = None;
        outcome
    }

    pub(super) fn read_message_secrets_at<T: DeserializeOwned>(&self, key: &Key, tree: &Key) -> Result<Option<T>> {
        let Some(root) = self.read::<Root>(key)? else { return Ok(None) };
        let corrupt = || CoreError::StoreCorrupt { record: key.name() };
        let mut bytes = Zeroizing::new(Vec::new());
        append(&mut bytes, &root.max_epochs)?;
        append(&mut bytes, &root.past.len())?;
        let leaves = self.past_leaves(key, tree, &root.past)?;
        for (epoch, leaves) in root.past.iter().zip(&leaves) {
            append(&mut bytes, epoch)?;
            self.append_epoch(&mut bytes, &epoch_key(key, *epoch))?;
            bytes.extend_from_slice(leaves);
        }
        self.append_epoch(&mut bytes, &epoch_key(key, CURRENT))?;
        postcard::from_bytes(&bytes).map(Some).map_err(|_| corrupt())
    }

    pub(super) fn delete_message_secrets_at(&self, key: &Key) {
        self.delete_all(key);
    }

    fn append_epoch(&self, bytes: &mut Vec<u8>, epoch: &Key) -> Result<()> {
        let head_key = epoch.clone().with(&[HEAD]);
        let corrupt = || CoreError::StoreCorrupt { record: head_key.name() };
        let head: Head = self.read(&head_key)?.ok_or_else(corrupt)?;
        let mut done = 0;
        for (vector, &(place, count)) in (1..).zip(&head.cuts) {
            let place = place as usize;
            bytes.extend_from_slice(head.bytes.get(done..place).ok_or_else(corrupt)?);
            done = place;
            append(bytes, &count)?;
            for (number, first) in (0..count).step_by(CHUNK).enumerate() {
                match self.read::<Vec<u8>>(&chunk_key(epoch, vector, number))?.map(Zeroizing::new) {
                    Some(chunk) => bytes.extend_from_slice(&chunk),
                    // A `None` is one zero byte.
                    None => bytes.resize(bytes.len() + CHUNK.min((count - first) as usize), 0),
                }
            }
        }
        bytes.extend_from_slice(head.bytes.get(done..).ok_or_else(corrupt)?);
        Ok(())
    }

    /// The serialized lists of members of past epochs, in the order of these.
    fn past_leaves(&self, key: &Key, tree: &Key, epochs: &[u64]) -> Result<Vec<Vec<u8>>> {
        let mut members = None;
        let mut lists = Vec::new();
        for epoch in epochs.iter().rev() {
            let leaves_key = epoch_key(key, *epoch).with(&[LEAVES]);
            let missing = || CoreError::StoreCorrupt { record: leaves_key.name() };
            let changed = match self.read(&leaves_key)?.ok_or_else(missing)? {
                Leaves::Whole(list) => {
                    members = Some(by_leaf(postcard::from_bytes(&list).map_err(|_| missing())?));
                    lists.push(list);
                    continue;
                }
                Leaves::Changed(changed) => changed,
            };
            let mut then: BTreeMap<u32, Member> = match members.take() {
                Some(members) => members,
                None => self.current_members(tree)?,
            };
            for (leaf, member) in changed {
                match member {
                    Some(member) => then.insert(leaf, member),
                    None => then.remove(&leaf),
                };
            }
            let mut list = Vec::new();
            append(&mut list, &then.values().collect::<Vec<_>>())?;
            lists.push(list);
            members = Some(then);
        }
        lists.reverse();
        Ok(lists)
    }

    /// The members in the stored tree, whose serialized form begins with the vector of its leaves.
    fn current_members(&self, tree: &Key) -> Result<BTreeMap<u32, Member>> {
        let corrupt = || CoreError::StoreCorrupt { record: tree.name() };
        let bytes = self.read_raw(tree)?.ok_or_else(corrupt)?;
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
}

fn by_leaf(members: Vec<Member>) -> BTreeMap<u32, Member> {
    members.into_iter().map(|member| (member.index.u32(), member)).collect()
}

fn epoch_key(key: &Key, epoch: u64) -> Key {
    key.clone().with(&epoch.to_be_bytes())
}

fn chunk_key(epoch: &Key, vector: u8, chunk: usize) -> Key {
    epoch.clone().with(&[vector]).with(&u32::try_from(chunk).unwrap_or(u32::MAX).to_be_bytes())
}

fn append(bytes: &mut Vec<u8>, value: &impl Serialize) -> Result<()> {
    *bytes = postcard::to_extend(value, std::mem::take(bytes)).map_err(|_| CoreError::Internal)?;
    Ok(())
}
