//! The links of chains of keys that were found good: a chain is checked when its key package is looked at, when it is
//! added, when the commit is merged, and the device's link again in every other group where it is met.
//!
//! What MLS itself has signed is checked each time: it comes only once.

use std::{collections::HashSet, sync::Mutex};

use sha2::{Digest as _, Sha256};

/// Fingerprints kept; beyond that all are forgotten and collect anew. 32 bytes each.
const MOST: usize = 1 << 15;

/// That `key` signed `message`.
#[derive(Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) message: &'a [u8],
    pub(crate) signature: &'a [u8],
}

/// SHA-256 over key, signature and message: stands for one signature and no other.
pub(super) type Fingerprint = [u8; 32];

impl Signed<'_> {
    /// Key and signature that do not have their 32 and 64 bytes never hold, so their lengths need not be told apart.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Sha256::new().chain_update(self.key).chain_update(self.signature).chain_update(self.message).finalize().into()
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Verified(Mutex<HashSet<Fingerprint>>);

impl Verified {
    pub(super) fn knows(&self, fingerprint: &Fingerprint) -> bool {
        self.0.lock().is_ok_and(|known| known.contains(fingerprint))
    }

    /// Only what was checked may come in here.
    pub(super) fn remember(&self, fingerprints: impl IntoIterator<Item = Fingerprint>) {
        if let Ok(mut known) = self.0.lock() {
            known.extend(fingerprints);
            if known.len() > MOST {
                known.clear();
            }
        }
    }
}
