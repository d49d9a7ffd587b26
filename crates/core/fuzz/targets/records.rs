//! Stored records with changes: they open, or the error says which record does not; and nothing panics later.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use quicprochat_core::{Client, CoreError, Record};
use quicprochat_core_fuzz::{changed, people::GROUP, scene::Scene, with_fixture};

thread_local! {
    static FIXTURE: RefCell<Option<(Scene, [Vec<u8>; 2])>> = const { RefCell::new(None) };
}

fn make() -> (Scene, [Vec<u8>; 2]) {
    let mut scene = Scene::new();
    let messages = [scene.at_bob.encrypt(b"text", 1).unwrap(), scene.at_bob.self_update().unwrap().commit];
    (scene, messages)
}

fuzz_target!(|data: &[u8]| {
    FIXTURE.with(|cell| {
        with_fixture(cell, make, |(scene, messages)| {
            let [which, script @ ..] = data else { return false };
            let mut records = scene.alice.records.clone();
            let key = records.keys().nth(usize::from(*which) % records.len()).unwrap().clone();
            let record = records.get_mut(&key).unwrap();
            *record = changed(record, script);
            let records = records.into_iter().map(|(key, value)| Record { key, value });
            if let Err(error) = open(records, messages) {
                let is_named = matches!(&error, CoreError::StoreCorrupt { record } if !record.is_empty());
                // What a changed record still means can be refused by every later call.
                assert!(is_named || CoreError::CODES.contains(&error.code()), "{error:?}");
            }
            false
        });
    });
});

fn open(records: impl Iterator<Item = Record>, messages: &[Vec<u8>]) -> Result<(), CoreError> {
    let client = Client::open(records)?;
    let mut group = client.load_group(GROUP)?;
    group.members()?;
    let _ = group.encrypt(b"x", 1);
    for message in messages {
        let _ = group.process(message, 1);
    }
    let _ = group.discard_staged_commit();
    group.self_update()?;
    group.merge_pending_commit(1)
}
