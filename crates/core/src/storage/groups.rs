//! Which groups are in memory: their records come and go, the client's own stay.

use super::{
    Key, Kind, Record, Store, Write,
    kind::group_of,
    manifest::{Changes, Later, Sealed, take_kind},
    open_record,
};
use crate::{
    error::{CoreError, Result},
    group_id::GroupId,
};

impl Store {
    /// Takes all records of a group into memory, after checking that they are what was written last. Does nothing if the
    /// group is in memory: nothing can be newer than that.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`], [`CoreError::KeysErased`]; [`CoreError::StoreCorrupt`] or
    /// [`CoreError::StoreRolledBack`] naming the record.
    pub(crate) fn load_group(&self, id: GroupId, records: impl IntoIterator<Item = Record>) -> Result<()> {
        if self.has_loaded(id) {
            return Ok(());
        }
        let mut sealed: Sealed = records.into_iter().map(|Record { key, value }| (key, value)).collect();
        self.seal.ring.borrow_mut().take_all(&mut sealed);
        let loaded = self.open_group(id, sealed);
        if loaded.is_err() {
            self.seal.ring.borrow_mut().unload(id);
        }
        loaded
    }

    fn open_group(&self, id: GroupId, mut sealed: Sealed) -> Result<()> {
        let mut manifest = self.manifest.borrow_mut();
        let versions = manifest.open_group(id, &mut sealed, &self.seal)?;
        let open = |(key, sealed): (Vec<u8>, Vec<u8>)| {
            let (value, key_id) = open_record(&self.seal, &key, &sealed)?;
            Ok((key, value, key_id))
        };
        let records: Vec<_> = sealed.into_iter().map(open).collect::<Result<_>>()?;
        manifest.set_loaded(id, Some(versions));
        let mut state = self.state.borrow_mut();
        for (key, value, key_id) in records {
            self.seal.ring.borrow_mut().note(&key, key_id);
            state.records.insert(key, value);
        }
        Ok(())
    }

    /// Wipes a group's records from memory. Does nothing if they are not there.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`]; [`CoreError::BadInput`] if it has writes that have not been taken.
    pub(crate) fn unload_group(&self, id: GroupId) -> Result<()> {
        match self.require_group(id) {
            Err(CoreError::GroupNotLoaded) => return Ok(()),
            outcome => outcome?,
        }
        let mut state = self.state.borrow_mut();
        if state.journal.iter().any(|(key, _)| group_of(key) == Some(id)) {
            return Err(CoreError::BadInput("the group has writes that have not been taken"));
        }
        let mut manifest = self.manifest.borrow_mut();
        for key in manifest.keys_of(id) {
            state.records.remove(&key);
        }
        manifest.set_loaded(id, None);
        self.seal.ring.borrow_mut().unload(id);
        drop(state);
        self.advance(&id.0);
        Ok(())
    }

    /// Gives up a group whose records do not open. The caller deletes them.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`]; [`CoreError::BadInput`] if the group is in memory.
    pub(crate) fn abandon_group(&self, id: GroupId) -> Result<()> {
        match self.require_group(id) {
            Err(CoreError::GroupNotLoaded) => {
                self.manifest.borrow_mut().abandon(id);
                Ok(())
            }
            Err(error) => Err(error),
            Ok(()) => Err(CoreError::BadInput("a group in memory is deleted, not given up")),
        }
    }

    /// Whether a group's records are in memory.
    pub(crate) fn has_loaded(&self, id: GroupId) -> bool {
        self.holds(&id.key(Kind::OwnLeaf))
    }

    /// Checks that a group's records are in memory.
    ///
    /// # Errors
    /// [`CoreError::GroupNotLoaded`], [`CoreError::GroupNotFound`].
    pub(crate) fn require_group(&self, id: GroupId) -> Result<()> {
        if self.has_loaded(id) {
            Ok(())
        } else if self.manifest.borrow().is_unloaded(id) {
            Err(CoreError::GroupNotLoaded)
        } else {
            Err(CoreError::GroupNotFound)
        }
    }

    /// All groups, in memory or not.
    pub(crate) fn group_ids(&self) -> Vec<GroupId> {
        let loaded = self.keys_from(Key::of(Kind::OwnLeaf).bytes());
        let mut ids: Vec<_> = loaded.iter().filter_map(|key| group_of(key)).collect();
        ids.extend(self.manifest.borrow().unloaded());
        ids.sort_unstable();
        ids
    }

    /// Takes over what other processes have written. Groups in memory that have changed are in memory as they are now, and
    /// their revisions have advanced. Gives the groups whose keys may be of another epoch now, or gone.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] if there are writes that have not been taken; [`CoreError::StoreCorrupt`] or
    /// [`CoreError::StoreRolledBack`] naming the record. Then nothing has changed.
    pub(crate) fn take_over(&self, changes: impl IntoIterator<Item = Write>) -> Result<Vec<GroupId>> {
        if !self.state.borrow().journal.is_empty() {
            return Err(CoreError::BadInput("there are writes that have not been taken"));
        }
        let mut by_key = Changes::new();
        by_key.extend(changes.into_iter().map(|Write { key, value, .. }| (key, value)));
        // What was erased seals nothing new, but what is in memory still counts until all is read.
        let (mut added, mut erased) = (Vec::new(), Vec::new());
        for (key, value) in take_kind(&mut by_key, Kind::ErasableKey) {
            if value.is_some() { &mut added } else { &mut erased }.push((key, value));
        }
        self.take_keys(added);
        let mut later: Later = self.manifest.borrow().read_later(by_key, &self.seal)?;
        self.take_keys(erased);
        let records = std::mem::take(&mut later.records);
        let mut state = self.state.borrow_mut();
        for (key, opened) in records {
            let (value, key_id) = opened.unzip();
            self.seal.ring.borrow_mut().note(&key, key_id.flatten());
            match value {
                Some(value) => state.records.insert(key, value),
                None => state.records.remove(&key),
            };
        }
        drop(state);
        let changed = self.manifest.borrow_mut().take_over(later);
        for group in changed.iter().filter(|group| group.was_loaded) {
            self.advance(&group.id.0);
        }
        // Their keys come with their records. Here they would seal nothing, and count as left over.
        for group in changed.iter().filter(|group| !self.has_loaded(group.id)) {
            self.seal.ring.borrow_mut().unload(group.id);
        }
        Ok(changed.into_iter().filter(|group| group.may_have_other_keys).map(|group| group.id).collect())
    }

    fn take_keys(&self, keys: Vec<(Vec<u8>, Option<Vec<u8>>)>) {
        let mut ring = self.seal.ring.borrow_mut();
        keys.into_iter().for_each(|(key, value)| ring.take(key, value));
    }
}
