//! The border between the core and JavaScript: converts and calls, decides nothing.
//!
//! What crosses: bytes (`Uint8Array`, copied both ways), strings, numbers up to 2^32 and times in milliseconds,
//! `bigint` for epochs, booleans, declared records, and the two handles. Errors are JavaScript errors with a stable
//! `code`. Secrets do not cross, but for the records to store and what `exportSecret` is asked for.

mod client;
mod error;
mod group;
mod poison;
mod record;
mod types;
mod wiping;

use quicprochat_core::{PassphraseCost, Record};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{error::Thrown, poison::guarded, types::Versions};

/// Runs once, when the module is instantiated.
#[wasm_bindgen(start)]
pub fn start() {
    poison::install();
}

/// Every code that an error of this module can carry.
#[wasm_bindgen(js_name = coreErrorCodes)]
pub fn core_error_codes() -> Vec<String> {
    quicprochat_core::CoreError::CODES.iter().map(|&code| code.to_owned()).collect()
}

/// The 16-byte id of the group that the record of this key belongs to; undefined for the client's own records.
#[wasm_bindgen(js_name = groupOfRecord)]
pub fn group_of_record(key: Vec<u8>) -> Option<Vec<u8>> {
    Record { key, value: Vec::new() }.group().map(|id| id.0.to_vec())
}

/// Derives a 32-byte key from a passphrase by Argon2id. Needs no client. The memory that this takes is not given back
/// before the instance ends: WebAssembly's memory does not shrink.
#[wasm_bindgen(js_name = keyOfPassphrase)]
pub fn key_of_passphrase(
    passphrase: &[u8],
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
) -> Result<Vec<u8>, Thrown> {
    guarded(|| {
        let cost = PassphraseCost::new(memory_kib, passes, lanes)?;
        quicprochat_core::key_of_passphrase(passphrase, salt, cost).map(|key| key.to_vec())
    })
}

/// The versions of the core and of openmls in this artefact.
#[wasm_bindgen]
pub fn versions() -> Versions {
    record::versions()
}

/// Panics, for the tests of what follows a panic: this instance is of no use afterwards.
#[wasm_bindgen(js_name = unsafeTestingPanic)]
pub fn unsafe_testing_panic() -> Result<(), Thrown> {
    #[expect(clippy::panic, reason = "this is what it is for")]
    guarded(|| panic!("a panic was asked for"))
}
