//! Writing: openmls's value is taken apart, and what has changed of it is written.

use openmls::prelude::Member;
use postcard::Error;
use serde::Serialize;

use super::{
    super::apart::{Parts, take_apart},
    APPLICATION_RATCHETS, CURRENT, HANDSHAKE_RATCHETS, LAYOUT, LEAVES, Leaves, Ratchet, Root, epoch_key,
};
use crate::{
    error::CoreError,
    storage::{Key, Store},
};

type Result<T> = std::result::Result<T, Error>;

impl Store {
    pub(in crate::storage::openmls) fn write_message_secrets_at(
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
    fn leaves_key(&self) -> Key {
        epoch_key(self.key, self.epoch).with(&[LEAVES])
    }

    /// Whether the epoch is stored already.
    fn is_stored(&self) -> bool {
        self.store.holds_chunked(&epoch_key(self.key, self.epoch))
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
                    let only = only.map(|(_, vector)| vector);
                    self.store.write_chunked(epoch_key(self.key, self.epoch), &LAYOUT, only, value)?;
                }
            }
            "leaves" if self.store.holds(&self.leaves_key()) => {}
            "leaves" => {
                let leaves = match self.expected_past.take() {
                    Some(changed) => Leaves::Changed(changed),
                    None => Leaves::Whole(postcard::to_stdvec(value)?),
                };
                self.store.write(&self.leaves_key(), &leaves).map_err(|_| Error::SerializeBufferFull)?;
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

/// A number, whatever its type, by its compact form.
fn number<T: Serialize + ?Sized>(value: &T) -> Result<u64> {
    postcard::from_bytes(&postcard::to_stdvec(value)?)
}
