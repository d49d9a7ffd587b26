//! What openmls works with: RustCrypto's primitives and our store.

use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;

use crate::{
    error::Result,
    storage::{Record, Store},
};

/// The crypto and the records of one client, shared by its groups. Public only so that the RFC's vectors can be run
/// over the very store that clients use.
#[derive(Default)]
pub struct Provider {
    crypto: RustCrypto,
    store: Store,
}

impl Provider {
    pub(crate) fn new(store: Store) -> Self {
        Self { crypto: RustCrypto::default(), store }
    }

    /// The provider of a client's records. Public only for tests: what stolen records still open is asked of the keys in
    /// them, without the rules that the client puts around them.
    ///
    /// # Errors
    /// As [`crate::Client::open`].
    pub fn of_records(records: impl IntoIterator<Item = Record>) -> Result<Self> {
        Store::open(records).map(Self::new)
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Store;

    fn storage(&self) -> &Store {
        &self.store
    }

    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto
    }
}
