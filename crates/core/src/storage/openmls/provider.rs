//! What openmls works with: our crypto and our store.

use std::collections::BTreeMap;

use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;

use crate::{
    crypto::Crypto,
    error::Result,
    storage::{Record, Store, StoreKey, Write},
};

/// The crypto and the records of one client, shared by its groups. Public only so that the RFC's vectors can be run
/// over the very crypto and store that clients use.
pub struct Provider {
    crypto: Crypto,
    store: Store,
}

impl Provider {
    /// The provider of a new client.
    ///
    /// # Errors
    /// [`crate::CoreError::Internal`] if there is no randomness.
    pub(crate) fn create(store_key: &StoreKey) -> Result<Self> {
        let primitives = RustCrypto::default();
        let store = Store::create(store_key, &primitives)?;
        Ok(Self::of(primitives, store))
    }

    fn of(primitives: RustCrypto, store: Store) -> Self {
        Self { crypto: Crypto::new(primitives, store.ratchets_begun()), store }
    }

    /// The provider of a client's own records.
    ///
    /// # Errors
    /// As [`crate::Client::open`].
    pub(crate) fn open(store_key: &StoreKey, records: impl IntoIterator<Item = Record>) -> Result<Self> {
        let primitives = RustCrypto::default();
        let store = Store::open(store_key, records, &primitives)?;
        Ok(Self::of(primitives, store))
    }

    /// The provider of all records of a client and its groups. Public for tests: what stolen records still open is asked
    /// of the keys in them, without the rules that the client puts around them.
    ///
    /// # Errors
    /// As [`crate::Client::open`] and [`crate::Client::load_group_from`].
    pub fn open_all(store_key: &StoreKey, records: impl IntoIterator<Item = Record>) -> Result<Self> {
        let mut by_group = BTreeMap::<_, Vec<_>>::new();
        for record in records {
            by_group.entry(record.group()).or_default().push(record);
        }
        let provider = Self::open(store_key, by_group.remove(&None).unwrap_or_default())?;
        for (id, records) in by_group.into_iter().filter_map(|(id, records)| Some((id?, records))) {
            provider.store.load_group(id, records)?;
        }
        Ok(provider)
    }

    /// What is in the records. Public for tests, which look for what must be there, and for what must not.
    pub fn records_in_clear(&self) -> Vec<Record> {
        self.store.in_clear()
    }

    pub(crate) fn take_writes(&self) -> Vec<Write> {
        self.store.take_writes(self.crypto.random())
    }
}

impl Default for Provider {
    /// One whose records are never opened again.
    fn default() -> Self {
        Self::create(&StoreKey::from([0; 32])).expect("the system has randomness")
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = Crypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Store;

    fn storage(&self) -> &Store {
        &self.store
    }

    fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        self.crypto.random()
    }
}
