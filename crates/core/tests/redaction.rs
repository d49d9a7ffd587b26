//! `Debug` of what holds secrets shows none of them: it ends up in logs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod people;

use std::fmt::Debug;

use people::{GROUP, Person, SUITE, group_of, in_clear};
use quicprochat_core::{Record, Write};

/// Whether any eight bytes in a row are shown, as `Debug` shows bytes or as text, but for those of public ids.
fn shows(value: &dyn Debug, secret: &[u8], ids: &[&[u8]]) -> bool {
    let shown = format!("{value:?}");
    let is_shown = |bytes: &[u8]| {
        let list = format!("{bytes:?}");
        shown.contains(list.trim_matches(['[', ']'])) || str::from_utf8(bytes).is_ok_and(|text| shown.contains(text))
    };
    let is_public = |bytes: &[u8]| ids.iter().any(|id| id.windows(8).any(|public| public == bytes));
    secret.windows(8).any(|bytes| !is_public(bytes) && is_shown(bytes))
}

#[test]
fn nothing_secret_is_shown() {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let mut members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let said = b"nobody reads this in a log";
    let message = members[0].encrypt(said, 1).unwrap();
    let received = members[1].process(&message, 1).unwrap();
    assert!(!shows(&received, said, &[]));
    assert!(shows(&said, said, &[]) && shows(&"nobody reads this in a log", said, &[]), "the check has teeth");

    let device = alice.client.identity().device_id;
    for (key, value) in in_clear(&alice.records) {
        let record = Record { key: key.clone(), value: value.clone() };
        let write = Write { key: key.clone(), value: Some(value.clone()), group: None };
        let shown: [&dyn Debug; 4] = [&record, &write, &alice.client, &members[0]];
        assert!(shown.iter().all(|shown| !shows(shown, &value, &[&device, &GROUP.0])), "{record:?}");
    }
}
