//! A Welcome from the relay, each of its parts: any bytes, or an honest one with changes.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use quicprochat_core_fuzz::{
    changed,
    people::{GROUP, Person, SUITE},
    split, typed, with_fixture,
    world::api::{Invitation, invitations, join},
};

thread_local! {
    static FIXTURE: RefCell<Option<(Person, Invitation)>> = const { RefCell::new(None) };
}

fn make() -> (Person, Invitation) {
    let (alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let key_package = bob.key_package(SUITE);
    bob.save();
    let bundle = alice.client.create_group(GROUP, SUITE, 0).unwrap().add_members(&[key_package], 0).unwrap();
    (bob, invitations(&bundle, 1).remove(0))
}

fuzz_target!(|data: &[u8]| {
    FIXTURE.with(|cell| {
        with_fixture(cell, make, |(bob, honest)| {
            let (which, script) = split(data);
            let part = which / 2 % honest.parts();
            let bytes = if which % 2 == 0 { changed(honest.part(part), script) } else { script.to_vec() };
            if bytes == honest.part(part) {
                return false;
            }
            typed(&join(&bob.client, &honest.with(part, bytes), 1).map(|_| ()).unwrap_err());
            assert_eq!(bob.client.take_writes(), []);
            false
        });
    });
});
