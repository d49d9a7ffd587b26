//! Writing: openmls's value is taken apart, and what has changed of it is written.

use std::collections::BTreeSet;

use openmls::prelude::Member;
use postcard::Error;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{CHUNK, CURRENT, HEAD, Head, LEAVES, Leaves, Root, chunk_key, epoch_key};
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
            (state.only_epoch, state.expected_past.take())
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

/// The vectors that are stored in chunks, with the byte that stands for each in keys.
fn vector_named(name: &str) -> Option<u8> {
    match name {
        "leaf_nodes" => Some(1),
        "parent_nodes" => Some(2),
        "handshake_sender_ratchets" => Some(3),
        "application_sender_ratchets" => Some(4),
        _ => None,
    }
}

/// Takes openmls's `MessageSecretsStore` and the `EpochTree`s in it apart.
struct Writer<'a> {
    store: &'a Store,
    key: &'a Key,
    root: Root,
    /// The epoch whose parts come.
    epoch: u64,
    only: Option<u64>,
    expected_past: Option<Vec<(u32, Option<Member>)>>,
}

impl Writer<'_> {
    fn part_key(&self, part: u8) -> Key {
        epoch_key(self.key, self.epoch).with(&[part])
    }

    /// Whether the epoch's secrets are stored already and not the ones in use.
    fn is_untouched(&self) -> bool {
        self.only.is_some_and(|only| only != self.epoch) && self.store.holds(&self.part_key(HEAD))
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
            "message_secrets" if self.is_untouched() => {}
            "message_secrets" => {
                let epoch = epoch_key(self.key, self.epoch);
                let mut secrets = Secrets { store: self.store, epoch, head: Head::default() };
                take_apart(value, &mut secrets)?;
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
    head: Head,
}

impl Parts for Secrets<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        if name == "secret_tree" {
            return take_apart(value, &mut InTree(self));
        }
        self.head.bytes = postcard::to_extend(value, std::mem::take(&mut self.head.bytes))?;
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let key = self.epoch.clone().with(&[HEAD]);
        self.store.write(&key, &self.head).map_err(|_| Error::SerializeBufferFull)
    }
}

struct InTree<'a, 'b>(&'a mut Secrets<'b>);

impl Parts for InTree<'_, '_> {
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
        let Secrets { store, epoch, head } = &mut *self.0;
        let Some(vector) = vector_named(name) else {
            head.bytes = postcard::to_extend(value, std::mem::take(&mut head.bytes))?;
            return Ok(());
        };
        let prefix = epoch.clone().with(&[vector]);
        let stored = store.keys_under(&prefix);
        let mut chunks = Chunks { store, epoch, vector, stored, bytes: Zeroizing::default(), count: 0 };
        take_apart(value, &mut chunks)?;
        let place = u32::try_from(head.bytes.len()).map_err(|_| Error::SerializeBufferFull)?;
        head.cuts.push((place, chunks.count));
        Ok(())
    }
}

/// Stores a vector in chunks.
struct Chunks<'a> {
    store: &'a Store,
    epoch: &'a Key,
    vector: u8,
    /// Keys of the chunks that are stored and have not come yet.
    stored: BTreeSet<Vec<u8>>,
    bytes: Zeroizing<Vec<u8>>,
    count: u32,
}

impl Chunks<'_> {
    fn flush(&mut self) -> Result<()> {
        let number = (self.count as usize - 1) / CHUNK;
        let is_empty = self.bytes.iter().all(|&byte| byte == 0);
        if !is_empty || !self.stored.is_empty() {
            let key = chunk_key(self.epoch, self.vector, number);
            let is_stored = self.stored.remove(key.bytes());
            if !is_empty {
                self.store.write(&key, &*self.bytes).map_err(|_| Error::SerializeBufferFull)?;
            } else if is_stored {
                self.store.delete(&key);
            }
        }
        self.bytes.clear();
        Ok(())
    }
}

impl Parts for Chunks<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<()> {
        *self.bytes = postcard::to_extend(value, std::mem::take(&mut *self.bytes))?;
        self.count += 1;
        if self.count as usize % CHUNK == 0 {
            self.flush()?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        if !self.bytes.is_empty() {
            self.flush()?;
        }
        // The tree has become smaller.
        for key in std::mem::take(&mut self.stored) {
            self.store.delete(&Key::from_bytes(key));
        }
        Ok(())
    }
}

/// A number, whatever its type, by its compact form.
fn number<T: Serialize + ?Sized>(value: &T) -> Result<u64> {
    postcard::from_bytes(&postcard::to_stdvec(value)?)
}
