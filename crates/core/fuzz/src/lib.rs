//! What the fuzz targets share: the people and the hostile member of the tests, and a way to read changes from bytes.
//!
//! Keys are random in every process, so an input cannot hold a ciphertext that means something next time. It holds
//! changes instead, which are made to an honest message of this process.

#![allow(missing_docs, reason = "not a library that anyone else uses")]

#[path = "../../tests/mallory/mod.rs"]
pub mod mallory;
#[path = "../../tests/people/mod.rs"]
pub mod people;
#[path = "../../tests/scene/mod.rs"]
pub mod scene;
#[path = "../../tests/thief/mod.rs"]
pub mod thief;
#[path = "../../tests/world/mod.rs"]
pub mod world;

use std::cell::RefCell;

use quicprochat_core::CoreError;

/// Makes changes of four bytes each: what, where (two bytes), and a value. What is left over is put at the end.
pub fn changed(honest: &[u8], script: &[u8]) -> Vec<u8> {
    let mut bytes = honest.to_vec();
    let changes = script.chunks_exact(4);
    let rest = changes.remainder().to_vec();
    for change in changes {
        let at = usize::from(u16::from_be_bytes([change[1], change[2]])) % (bytes.len() + 1);
        match change[0] % 8 {
            0..3 if at < bytes.len() => bytes[at] ^= change[3],
            3 if at < bytes.len() => bytes[at] = change[3],
            4 if at < bytes.len() => drop(bytes.remove(at)),
            5 => bytes.insert(at, change[3]),
            6 => bytes.truncate(at),
            // A piece of the message once more.
            7 => {
                let end = (at + usize::from(change[3])).min(bytes.len());
                bytes.extend_from_within(at..end);
            }
            _ => {}
        }
    }
    bytes.extend(rest);
    bytes
}

/// The first byte, and the others.
pub fn split(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest))
}

/// That a refusal has a reason other than a fault of ours.
pub fn typed(error: &CoreError) {
    assert!(CoreError::CODES.contains(&error.code()) && *error != CoreError::Internal, "{error:?}");
}

/// Runs with a fixture that is made once and then kept, until `run` says that it is spent.
pub fn with_fixture<T>(cell: &RefCell<Option<T>>, make: impl FnOnce() -> T, run: impl FnOnce(&mut T) -> bool) {
    let mut fixture = cell.borrow_mut();
    if run(fixture.get_or_insert_with(make)) {
        *fixture = None;
    }
}
