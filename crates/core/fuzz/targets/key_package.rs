//! A key package from the directory: any bytes, an honest one with changes, or one changed and signed again.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use quicprochat_core::CoreError;
use quicprochat_core_fuzz::{
    changed,
    mallory::{Mallory, forge},
    people::{Person, SUITE},
    split, with_fixture,
};

thread_local! {
    static FIXTURE: RefCell<Option<(Person, Vec<u8>)>> = const { RefCell::new(None) };
}

fn make() -> (Person, Vec<u8>) {
    let eve = Mallory::of("eve", 0xb1);
    (Person::new("alice"), eve.key_package(&eve.credential()))
}

/// Signed by the key that the leaf names, whatever else has changed.
fn resigned(honest: &[u8], script: &[u8]) -> Vec<u8> {
    let eve = Mallory::of("eve", 0xb1);
    let tbs = changed(&honest[4..honest.len() - 66], script);
    let signature = eve.leaf.sign(&forge::labelled(b"MLS 1.0 KeyPackageTBS", &tbs));
    [&honest[..4], &tbs, &forge::vector(&signature)].concat()
}

fuzz_target!(|data: &[u8]| {
    FIXTURE.with(|cell| {
        with_fixture(cell, make, |(alice, honest)| {
            let (which, script) = split(data);
            let bytes = match which % 4 {
                0 => script.to_vec(),
                1 => changed(honest, script),
                _ => resigned(honest, script),
            };
            match alice.client.inspect_key_package(&bytes, SUITE, 0) {
                Ok(identity) => assert_eq!(identity.handle, "eve"),
                Err(error) => assert!(
                    matches!(
                        error,
                        CoreError::KeyPackageInvalid
                            | CoreError::KeyPackageExpired
                            | CoreError::UnsupportedCiphersuite
                            | CoreError::CredentialRejected
                    ),
                    "{error:?}"
                ),
            }
            assert_eq!(alice.client.take_writes(), []);
            false
        });
    });
});
