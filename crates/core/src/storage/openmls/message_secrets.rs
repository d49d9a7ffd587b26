//! The message secrets of a group, as records of their own for each epoch and each few leaves.
//!
//! openmls writes its whole `MessageSecretsStore` for every message: the secret trees of the current and the past
//! epochs, O(n) each, and with each past epoch the list of its members, credentials and all: 0.7 MB a message at
//! n = 1,000. Here a message writes the one or two chunks that its sender's ratchets are in. The form:
//!
//! | record, after the kind and the group's id | what it holds |
//! |---|---|
//! | nothing | `Root`: which epochs there are |
//! | epoch, 0 to 4 | the epoch's secrets, the secret tree's four vectors in chunks (`chunked.rs`) |
//! | epoch, 5 | `Leaves`: of a past epoch, who was a member |
//!
//! The members of a past epoch are kept as the difference to the epoch after it, back from those in the tree (see
//! [`Store::expect_past`]).

mod writer;

use std::collections::BTreeMap;

use openmls::prelude::Member;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use super::chunked::Layout;
use crate::{
    error::{CoreError, Result},
    storage::{Key, Store},
};

/// Stands for the current epoch in keys, so that beginning a new one moves nothing.
const CURRENT: u64 = u64::MAX;

const HANDSHAKE_RATCHETS: u8 = 3;
const APPLICATION_RATCHETS: u8 = 4;

/// openmls's `MessageSecrets`. One sender's ratchet changes at a time: a chunk with a busy one takes 0.1 kB, with
/// sixteen messages missing 0.9 kB.
const LAYOUT: Layout = Layout {
    inner: "secret_tree",
    vectors: &[
        ("leaf_nodes", 1),
        ("parent_nodes", 2),
        ("handshake_sender_ratchets", HANDSHAKE_RATCHETS),
        ("application_sender_ratchets", APPLICATION_RATCHETS),
    ],
    chunk: 32,
};

const LEAVES: u8 = 5;

/// The ratchet that a message takes its keys from.
#[derive(Clone, Copy)]
pub(crate) struct Ratchet {
    /// None: the current one.
    pub(crate) past_epoch: Option<u64>,
    pub(crate) is_handshake: bool,
}

#[derive(Serialize, Deserialize)]
struct Root {
    max_epochs: u64,
    past: Vec<u64>,
}

/// Who was a member in a past epoch.
#[derive(Serialize, Deserialize)]
enum Leaves {
    /// All of them, as openmls serialized them.
    Whole(Vec<u8>),
    /// By leaf: who was there instead of who is there in the epoch after; none for nobody.
    Changed(Vec<(u32, Option<Member>)>),
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
        let is_there = self.append_chunked(bytes, epoch, &LAYOUT)?;
        if is_there { Ok(()) } else { Err(CoreError::StoreCorrupt { record: epoch.name() }) }
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
                None => self.members_at(tree)?,
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
}

fn by_leaf(members: Vec<Member>) -> BTreeMap<u32, Member> {
    members.into_iter().map(|member| (member.index.u32(), member)).collect()
}

fn epoch_key(key: &Key, epoch: u64) -> Key {
    key.clone().with(&epoch.to_be_bytes())
}

fn append(bytes: &mut Vec<u8>, value: &impl Serialize) -> Result<()> {
    *bytes = postcard::to_extend(value, std::mem::take(bytes)).map_err(|_| CoreError::Internal)?;
    Ok(())
}
