//! A message from the relay: any bytes, or an honest message, proposal or commit with changes.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use quicprochat_core_fuzz::{changed, scene::Scene, split, typed, with_fixture};

thread_local! {
    static FIXTURE: RefCell<Option<(Scene, [Vec<u8>; 3])>> = const { RefCell::new(None) };
}

fn make() -> (Scene, [Vec<u8>; 3]) {
    let mut scene = Scene::new();
    let message = scene.at_bob.encrypt(b"text", 1).unwrap();
    let proposal = scene.at_bob.propose_update().unwrap();
    let commit = scene.at_bob.self_update().unwrap().commit;
    (scene, [message, proposal, commit])
}

fuzz_target!(|data: &[u8]| {
    FIXTURE.with(|cell| {
        with_fixture(cell, make, |(scene, honest)| {
            let (which, script) = split(data);
            let bytes = honest.get(which % 4).map_or_else(|| script.to_vec(), |honest| changed(honest, script));
            if honest.contains(&bytes) {
                return false;
            }
            typed(&scene.refused(|member| member.process(&bytes, 1)));
            false
        });
    });
});
