//! What a hostile inviter can seal in a Welcome: the group info, ratchet tree included, with changes, and signed.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use quicprochat_core_fuzz::{
    changed,
    mallory::{Mallory, forge::Lies},
    people::{Person, SUITE},
    typed, with_fixture,
};

thread_local! {
    static FIXTURE: RefCell<Option<(Person, Vec<u8>)>> = const { RefCell::new(None) };
}

fn make() -> (Person, Vec<u8>) {
    let mut bob = Person::new("bob");
    let key_package = bob.key_package(SUITE);
    bob.save();
    (bob, key_package)
}

fuzz_target!(|data: &[u8]| {
    FIXTURE.with(|cell| {
        with_fixture(cell, make, |(bob, key_package)| {
            let script = data.to_vec();
            let mut mallory = Mallory::of("mallory", 0xa1);
            let lie = Box::new(move |info: &mut Vec<u8>| *info = changed(info, &script));
            let welcome =
                mallory.lying(Lies { group_info: Some(lie), ..Lies::default() }, |mallory| mallory.invite(key_package));
            match bob.client.join(&welcome, 1) {
                Ok(_) => return true,
                Err(error) => typed(&error),
            }
            assert_eq!(bob.client.take_writes(), []);
            false
        });
    });
});
