//! Stored records with changes: every change is found when the store is opened, and unchanged ones go on.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use quicprochat_core::CoreError;
use quicprochat_core_fuzz::{
    changed,
    people::{GROUP, Records, is_listed, is_used_up, try_open},
    scene::Scene,
    with_fixture,
};

const STORE_CODES: [&str; 6] =
    ["STORE_CORRUPT", "STORE_ROLLED_BACK", "STORE_KEY_WRONG", "STORE_TOO_NEW", "STORE_TOO_OLD", "KEYS_ERASED"];

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
            let listed: Vec<_> = records.keys().filter(|key| is_listed(key)).cloned().collect();
            let key = listed[usize::from(*which) % listed.len()].clone();
            let record = records.get_mut(&key).unwrap();
            *record = changed(record, script);
            let is_changed = records != scene.alice.records;
            match open(&records, messages) {
                Ok(()) => assert!(!is_changed || is_used_up(&key, &scene.alice.records[&key]), "a change of {key:x?} was not found"),
                Err(error) => assert!(is_changed && STORE_CODES.contains(&error.code()), "{error:?}"),
            }
            false
        });
    });
});

fn open(records: &Records, messages: &[Vec<u8>]) -> Result<(), CoreError> {
    let client = try_open(records)?;
    let mut group = client.load_group(GROUP)?;
    group.members()?;
    let _ = group.encrypt(b"x", 1);
    for message in messages {
        let _ = group.process(message, 1);
    }
    let _ = group.discard_staged_commit();
    group.self_update()?;
    group.merge_pending_commit(1).map(drop)
}
