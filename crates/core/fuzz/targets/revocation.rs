//! A statement that revokes a device: any bytes, or an honest one with changes. Only what the account has signed counts.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use quicprochat_core::CoreError;
use quicprochat_core_fuzz::{changed, mallory::Mallory, people::Person, split, with_fixture};

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
                let honest = eve.revocation_of(&eve.identity());
                let statement = if which % 2 == 0 { script.to_vec() } else { changed(&honest, script) };
                match alice.client.accept_revocation(&statement) {
                    Ok(revoked) => assert!(statement == honest && revoked == eve.identity()),
                    Err(error) => {
                        assert!(matches!(error, CoreError::WireDecode | CoreError::CredentialRejected), "{error:?}");
                        assert!(alice.client.take_writes().is_empty());
                    }
                }
                // What is kept makes the next one a repetition.
                statement == honest
            },
        );
    });
});
