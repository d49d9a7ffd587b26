//! What a hostile member can seal: the content of a commit, a proposal or a message with changes, signed and encrypted as
//! it should be.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use quicprochat_core_fuzz::{
    changed,
    mallory::{
        Mallory,
        forge::{Draft, Lies},
    },
    scene::Scene,
    split, typed, with_fixture,
};

thread_local! {
    static FIXTURE: RefCell<Option<(Scene, u32)>> = const { RefCell::new(None) };
}

fuzz_target!(|data: &[u8]| {
    FIXTURE.with(|cell| {
        with_fixture(
            cell,
            || (Scene::new(), 0),
            |(scene, uses)| {
                let (which, script) = split(data);
                let script = script.to_vec();
                let is_tag = which & 8 != 0;
                let lie = Lies {
                    draft: Some(Box::new(move |draft: &mut Draft| {
                        if is_tag {
                            draft.tag = changed(&draft.tag, &script);
                        } else {
                            draft.content = changed(&draft.content, &script);
                        }
                    })),
                    ..Lies::default()
                };
                let message = match which % 4 {
                    0 => scene.mallory.lying_update(lie),
                    1 => scene.mallory.lying_send(lie),
                    2 => scene.mallory.lying(lie, |mallory| mallory.propose_removing(1)),
                    _ => {
                        let eve = Mallory::of("eve", 0xb1);
                        let key_package = eve.key_package(&eve.credential());
                        scene.mallory.lying(lie, |mallory| mallory.commit_adding(&key_package))
                    }
                };
                scene.alice.save();
                match scene.at_alice.process(&message, 1) {
                    Ok(_) => return true,
                    Err(error) => typed(&error),
                }
                assert_eq!(scene.alice.client.take_writes(), []);
                *uses += 1;
                // His messages must not run too far ahead of what she has read.
                *uses > 900
            },
        );
    });
});
