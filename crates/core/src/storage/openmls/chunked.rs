//! Values with long vectors in them, kept in parts, so that a small change writes little.
//!
//! | record, after the value's own key | what it holds |
//! |---|---|
//! | 0 | `Head`: the value's bytes without its vectors |
//! | vector, chunk | so many elements of that vector; a chunk of nothing but `None` is not stored |
//!
//! Reading puts the bytes together as openmls serialized them.

use std::collections::BTreeSet;

use postcard::Error;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::apart::{Parts, take_apart};
use crate::{
    error::{CoreError, Result},
    storage::{Key, Store},
};

/// How a type is kept in parts.
pub(super) struct Layout {
    /// The field that holds the vectors.
    pub(super) inner: &'static str,
    /// The vectors, all of options, and the byte that stands for each in keys.
    pub(super) vectors: &'static [(&'static str, u8)],
    /// Elements in a chunk.
    pub(super) chunk: usize,
}

const HEAD: u8 = 0;

/// A value's bytes with its vectors cut out.
#[derive(Default, Serialize, Deserialize)]
struct Head {
    bytes: Vec<u8>,
    /// Where each vector goes, and how many elements it has.
    cuts: Vec<(u32, u32)>,
}

impl Drop for Head {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

fn head_key(key: &Key) -> Key {
    key.clone().with(&[HEAD])
}

fn chunk_key(key: &Key, vector: u8, chunk: usize) -> Key {
    key.clone().with(&[vector]).with(&u32::try_from(chunk).unwrap_or(u32::MAX).to_be_bytes())
}

impl Store {
    pub(super) fn holds_chunked(&self, key: &Key) -> bool {
        self.holds(&head_key(key))
    }

    /// Appends the stored value's bytes; says whether there is one.
    pub(super) fn append_chunked(&self, bytes: &mut Vec<u8>, key: &Key, layout: &Layout) -> Result<bool> {
        let head_key = head_key(key);
        let corrupt = || CoreError::StoreCorrupt { record: head_key.name() };
        let Some(head) = self.read::<Head>(&head_key)? else { return Ok(false) };
        let mut done = 0;
        for (&(_, vector), &(place, count)) in layout.vectors.iter().zip(&head.cuts) {
            let place = place as usize;
            bytes.extend_from_slice(head.bytes.get(done..place).ok_or_else(corrupt)?);
            done = place;
            *bytes = postcard::to_extend(&count, std::mem::take(bytes)).map_err(|_| CoreError::Internal)?;
            for (number, first) in (0..count).step_by(layout.chunk).enumerate() {
                if !self.append_bytes(&chunk_key(key, vector, number), bytes)? {
                    // A `None` is one zero byte.
                    bytes.resize(bytes.len() + layout.chunk.min((count - first) as usize), 0);
                }
            }
        }
        bytes.extend_from_slice(head.bytes.get(done..).ok_or_else(corrupt)?);
        Ok(true)
    }

    /// Writes what has changed of a value. `only`: the one vector in which anything can have changed.
    pub(super) fn write_chunked<T: Serialize + ?Sized>(
        &self,
        key: Key,
        layout: &'static Layout,
        only: Option<u8>,
        value: &T,
    ) -> std::result::Result<(), Error> {
        take_apart(value, &mut Value { store: self, key, layout, only, head: Head::default() })
    }
}

/// Takes a value apart.
struct Value<'a> {
    store: &'a Store,
    key: Key,
    layout: &'static Layout,
    only: Option<u8>,
    head: Head,
}

impl Value<'_> {
    fn append<T: Serialize + ?Sized>(&mut self, value: &T) -> std::result::Result<(), Error> {
        if self.only.is_none() {
            self.head.bytes = postcard::to_extend(value, std::mem::take(&mut self.head.bytes))?;
        }
        Ok(())
    }
}

impl Parts for Value<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> std::result::Result<(), Error> {
        if name == self.layout.inner { take_apart(value, &mut Inner(self)) } else { self.append(value) }
    }

    fn end(&mut self) -> std::result::Result<(), Error> {
        if self.only.is_some() {
            return Ok(());
        }
        self.store.write(&head_key(&self.key), &self.head).map_err(|_| Error::SerializeBufferFull)
    }
}

/// Takes the field with the vectors apart.
struct Inner<'a, 'b>(&'a mut Value<'b>);

impl Parts for Inner<'_, '_> {
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> std::result::Result<(), Error> {
        let Some(&(_, vector)) = self.0.layout.vectors.iter().find(|(of, _)| *of == name) else {
            return self.0.append(value);
        };
        let Value { store, key, layout, only, head } = &mut *self.0;
        if only.is_some_and(|only| only != vector) {
            return Ok(());
        }
        let stored = store.keys_under(&key.clone().with(&[vector]));
        let size = layout.chunk;
        let mut chunks = Chunks { store, key, vector, size, stored, count: 0, nones: 0, bytes: Zeroizing::default() };
        take_apart(value, &mut chunks)?;
        let place = u32::try_from(head.bytes.len()).map_err(|_| Error::SerializeBufferFull)?;
        let count = u32::try_from(chunks.count).map_err(|_| Error::SerializeBufferFull)?;
        head.cuts.push((place, count));
        Ok(())
    }
}

/// Stores a vector of options in chunks. Often nearly all are none: they are only counted, and written as the zero byte
/// that stands for each where a chunk has something else.
struct Chunks<'a> {
    store: &'a Store,
    key: &'a Key,
    vector: u8,
    size: usize,
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
    fn part<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> std::result::Result<(), Error> {
        let mut element = IsSome(false);
        take_apart(value, &mut element)?;
        if element.0 {
            self.spell_nones();
            *self.bytes = postcard::to_extend(value, std::mem::take(&mut *self.bytes))?;
        } else {
            self.nones += 1;
        }
        self.count += 1;
        if self.count.is_multiple_of(self.size) {
            self.close_chunk();
        }
        Ok(())
    }

    fn end(&mut self) -> std::result::Result<(), Error> {
        if !self.count.is_multiple_of(self.size) {
            self.close_chunk();
        }
        // Chunks of nones alone, and what a larger vector had.
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
    fn close_chunk(&mut self) {
        if self.bytes.is_empty() {
            self.nones = 0;
        } else {
            self.write_chunk();
        }
    }

    #[cold]
    fn write_chunk(&mut self) {
        self.spell_nones();
        let key = chunk_key(self.key, self.vector, (self.count - 1) / self.size);
        self.stored.remove(key.bytes());
        self.store.write_bytes(&key, &self.bytes);
        self.bytes.clear();
    }
}

/// Whether an option holds something, or a struct of nothing but an option does.
struct IsSome(bool);

impl Parts for IsSome {
    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> std::result::Result<(), Error> {
        take_apart(value, self)
    }

    #[inline]
    fn option(&mut self, is_some: bool) -> std::result::Result<bool, Error> {
        self.0 = is_some;
        Ok(false)
    }
}
