//! A credential in a key package that is signed as it should be: any bytes, or an honest one with changes.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use quicprochat_core::CoreError;
use quicprochat_core_fuzz::{
    changed,
    mallory::Mallory,
    people::{Person, SUITE},
    split, with_fixture,
};

thread_local! {
    static FIXTURE: RefCell<Option<(Person, Mallory)>> = const { RefCell::new(None) };
}

fuzz_target!(|data: &[u8]| {
    FIXTURE.with(|cell| {
        with_fixture(
            cell,
            || (Person::new("alice"), Mallory::of("eve", 0xb1)),
            |(alice, eve)| {
                let (which, script) = split(data);
                let honest = eve.credential().0.serialized_content().to_vec();
                let identity = if which % 2 == 0 { script.to_vec() } else { changed(&honest, script) };
                let is_honest = identity == honest;
                let key_package = eve.lying_key_package(|key_package| {
                    key_package.leaf_node.tbs.credential.identity = identity.into();
                });
                let outcome = alice.client.inspect_key_package(&key_package.message(), SUITE, 0);
                assert_eq!(outcome.map(|_| ()), if is_honest { Ok(()) } else { Err(CoreError::CredentialRejected) });
                false
            },
        );
    });
});
