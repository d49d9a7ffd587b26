//! Writing: openmls's value is taken apart, and what has changed of it is written.

use std::collections::BTreeSet;

use openmls::prelude::Member;
use postcard::Error;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{CHUNK, CURRENT, HEAD, Head, LEAVES, Leaves, Ratchet, Root, chunk_key, epoch_key};
use crate::{
    apart::{Parts, take_apart},
    error::CoreError,
    storage::{Key, Store},
};

type Result<T> = std::result::Result<T, Error>;

impl Store {
    pub(in crate::storage) fn write_message_secrets_at(
        &self,
        key: &Key,
        value: &impl Serialize,
    ) -> crate::error::Result<()> {
        let (only, expected_past) = {
            let mut state = self.state.borrow_mut();
            (state.ratchet.and_then(|ratchet| self.sole_change(ratchet)), state.expected_past.take())
        };
        let root = Root { max_epochs: 0, past: Vec::new() };
        let mut writer = Writer { store: self, key, root, epoch: CURRENT, only, expected_past };
        take_apart(value, &mut writer).map_err(|_| CoreError::Internal)?;
        let gone = self.read::<Root>(key)?.map_or_else(Vec::new, |old| old.past);
        for epoch in gone.iter().filter(|epoch| !writer.root.past.contains(epoch)) {
            self.delete_all(&epoch_key(key, *epoch));
        }
        self.write(key, &writer.root)
    }
}

const HANDSHAKE_RATCHETS: u8 = 3;
const APPLICATION_RATCHETS: u8 = 4;

/// The vectors that are stored in chunks, with the byte that stands for each in keys.
fn vector_named(name: &str) -> Option<u8> {
    match name {
        "leaf_nodes" => Some(1),
        "parent_nodes" => Some(2),
        "handshake_sender_ratchets" => Some(HANDSHAKE_RATCHETS),
        "application_sender_ratchets" => Some(APPLICATION_RATCHETS),
        _ => None,
    }
}

impl Store {
    /// The epoch and the vector that alone can have changed, if it is so.
    fn sole_change(&self, (ratchet, begun_before): (Ratchet, u32)) -> Option<(u64, u8)> {
        let vector = if ratchet.is_handshake { HANDSHAKE_RATCHETS } else { APPLICATION_RATCHETS };
        let is_sole = self.ratchets_begun.count() == begun_before;
        is_sole.then_some((ratchet.past_epoch.unwrap_or(CURRENT), vector))
    }
}

/// Takes openmls's `MessageSecretsStore` and the `EpochTree`s in it apart.
struct Writer<'a> {
    store: &'a Store,
    key: &'a Key,
    root: Root,
    /// The epoch whose parts come.
    epoch: u64,
    /// The epoch and the vector that alone can have changed.
    only: Option<(u64, u8)>,
    expected_past: Option<Vec<(u32, Option<Member>)>>,
}

impl Writer<'_> {
    fn part_key(&self, part: u8) -> Key {
        epoch_key(self.key, self.epoch).with(&[part])
    }

    /// Whether the epoch is stored already.
    fn is_stored(&self) -> bool {
        self.store.holds(&self.part_key(HEAD))
    }
}

impl Parts for Writer<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        match name {
            "max_epochs" => self.root.max_epochs = number(value)?,
            "past_epoch_trees" => {
                take_apart(value, &mut Each(self))?;
                self.epoch = CURRENT;
            }
            "epoch" => {
                self.epoch = number(value)?;
                self.root.past.push(self.epoch);
            }
            "message_secrets" => {
                let only = self.only.filter(|_| self.is_stored());
                let is_touched = only.is_none_or(|(epoch, _)| epoch == self.epoch);
                if is_touched {
                    let epoch = epoch_key(self.key, self.epoch);
                    let only = only.map(|(_, vector)| vector);
                    take_apart(value, &mut Secrets { store: self.store, epoch, only, head: Head::default() })?;
                }
            }
            "leaves" if self.store.holds(&self.part_key(LEAVES)) => {}
            "leaves" => {
                let leaves = match self.expected_past.take() {
                    Some(changed) => Leaves::Changed(changed),
                    None => Leaves::Whole(postcard::to_stdvec(value)?),
                };
                self.store.write(&self.part_key(LEAVES), &leaves).map_err(|_| Error::SerializeBufferFull)?;
            }
            _ => return Err(Error::WontImplement),
        }
        Ok(())
    }
}

/// Takes the elements of a sequence apart, all in the same way.
struct Each<'a, P>(&'a mut P);

impl<P: Parts> Parts for Each<'_, P> {
    fn part<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<()> {
        take_apart(value, self.0)
    }
}

/// Takes openmls's `MessageSecrets` and the `SecretTree` in it apart.
struct Secrets<'a> {
    store: &'a Store,
    epoch: Key,
    /// The one vector that can have changed; then the head has not.
    only: Option<u8>,
    head: Head,
}

impl Parts for Secrets<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        if name == "secret_tree" {
            return take_apart(value, &mut InTree(self));
        }
        if self.only.is_none() {
            self.head.bytes = postcard::to_extend(value, std::mem::take(&mut self.head.bytes))?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        if self.only.is_some() {
            return Ok(());
        }
        let key = self.epoch.clone().with(&[HEAD]);
        self.store.write(&key, &self.head).map_err(|_| Error::SerializeBufferFull)
    }
}

struct InTree<'a, 'b>(&'a mut Secrets<'b>);

impl Parts for InTree<'_, '_> {
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        let Secrets { store, epoch, only, head } = &mut *self.0;
        let vector = vector_named(name);
        if only.is_some() && *only != vector {
            return Ok(());
        }
        let Some(vector) = vector else {
            head.bytes = postcard::to_extend(value, std::mem::take(&mut head.bytes))?;
            return Ok(());
        };
        let prefix = epoch.clone().with(&[vector]);
        let stored = store.keys_under(&prefix);
        let mut chunks = Chunks { store, epoch, vector, stored, count: 0, nones: 0, bytes: Zeroizing::default() };
        take_apart(value, &mut chunks)?;
        let place = u32::try_from(head.bytes.len()).map_err(|_| Error::SerializeBufferFull)?;
        let count = u32::try_from(chunks.count).map_err(|_| Error::SerializeBufferFull)?;
        head.cuts.push((place, count));
        Ok(())
    }
}

/// Stores a vector of options in chunks. Nearly all are none, in each of four vectors for each message: they are only
/// counted, and written as the zero byte that stands for each where a chunk has something else.
struct Chunks<'a> {
    store: &'a Store,
    epoch: &'a Key,
    vector: u8,
    /// Keys of the chunks that are stored and have not come yet.
    stored: BTreeSet<Vec<u8>>,
    count: usize,
    /// Of the chunk that comes: elements that are none since the last one that is not.
    nones: usize,
    /// What stands before them, empty in a chunk of nones alone.
    bytes: Zeroizing<Vec<u8>>,
}

impl Parts for Chunks<'_> {
    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<()> {
        let mut element = IsSome(false);
        take_apart(value, &mut element)?;
        if element.0 {
            self.spell_nones();
            *self.bytes = postcard::to_extend(value, std::mem::take(&mut *self.bytes))?;
        } else {
            self.nones += 1;
        }
        self.count += 1;
        if self.count.is_multiple_of(CHUNK) { self.close_chunk() } else { Ok(()) }
    }

    fn end(&mut self) -> Result<()> {
        if !self.count.is_multiple_of(CHUNK) {
            self.close_chunk()?;
        }
        // Chunks of nones alone, and what a larger tree had.
        for key in std::mem::take(&mut self.stored) {
            self.store.delete(&Key::from_bytes(key));
        }
        Ok(())
    }
}

impl Chunks<'_> {
    fn spell_nones(&mut self) {
        let length = self.bytes.len() + std::mem::take(&mut self.nones);
        self.bytes.resize(length, 0);
    }

    #[inline]
    fn close_chunk(&mut self) -> Result<()> {
        if self.bytes.is_empty() {
            self.nones = 0;
            return Ok(());
        }
        self.write_chunk()
    }

    #[cold]
    fn write_chunk(&mut self) -> Result<()> {
        self.spell_nones();
        let key = chunk_key(self.epoch, self.vector, (self.count - 1) / CHUNK);
        self.stored.remove(key.bytes());
        self.store.write(&key, &*self.bytes).map_err(|_| Error::SerializeBufferFull)?;
        self.bytes.clear();
        Ok(())
    }
}

/// Whether an option holds something.
struct IsSome(bool);

impl Parts for IsSome {
    fn part<T: Serialize + ?Sized>(&mut self, _: &'static str, _: &T) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn option(&mut self, is_some: bool) -> Result<bool> {
        self.0 = is_some;
        Ok(false)
    }
}

/// A number, whatever its type, by its compact form.
fn number<T: Serialize + ?Sized>(value: &T) -> Result<u64> {
    postcard::from_bytes(&postcard::to_stdvec(value)?)
}
