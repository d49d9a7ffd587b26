//! What openmls works with: RustCrypto's primitives and our store.

use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;

use crate::storage::Store;

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
