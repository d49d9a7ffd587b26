//! A count that the crypto keeps for the store.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// How often a sender's ratchets were derived from the secret tree (RFC 9420 §9.1). The crypto counts, as openmls does
/// not tell; the store asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct RatchetsBegun(Arc<AtomicU32>);

impl RatchetsBegun {
    pub(super) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}
