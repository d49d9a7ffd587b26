//! What openmls works with: our crypto and our store.

mod aead;
mod crypto;
mod hpke;
mod memo;
mod verified;

use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;

pub(crate) use self::{crypto::Crypto, verified::Signed};
use crate::{
    error::Result,
    storage::{Record, Store},
};

/// The crypto and the records of one client, shared by its groups. Public only so that the RFC's vectors can be run
/// over the very crypto and store that clients use.
pub struct Provider {
    crypto: Crypto,
    store: Store,
}

impl Provider {
    pub(crate) fn new(store: Store) -> Self {
        Self { crypto: Crypto::counting(store.ratchets_begun()), store }
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

impl Default for Provider {
    fn default() -> Self {
        Self::new(Store::default())
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
