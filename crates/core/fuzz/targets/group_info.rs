//! What a hostile inviter can seal in a Welcome: the group info with changes, and signed; or a changed ratchet tree.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use quicprochat_core_fuzz::{
    changed,
    mallory::{Mallory, forge::Lies},
    people::{Person, SUITE},
    split, typed, with_fixture,
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
            let (which, script) = split(data);
            let script = script.to_vec();
            let mut mallory = Mallory::of("mallory", 0xa1);
            let welcome = if which % 2 == 0 {
                let lie = Box::new(move |info: &mut Vec<u8>| *info = changed(info, &script));
                let lies = Lies { group_info: Some(lie), ..Lies::default() };
                mallory.lying(lies, |mallory| mallory.invite(key_package, |tree| tree))
            } else {
                mallory.invite(key_package, |tree| changed(&tree, &script))
            };
            match bob.join(&welcome, 0) {
                Ok(_) => return true,
                Err(error) => typed(&error),
            }
            assert_eq!(bob.client.take_writes(), []);
            false
        });
    });
});
