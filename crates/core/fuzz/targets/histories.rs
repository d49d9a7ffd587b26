//! Whole histories of a group: three bytes are a move (tests/world), every outcome is predicted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quicprochat_core_fuzz::{
    people::SUITE,
    split,
    world::{World, step},
};

fuzz_target!(|data: &[u8]| {
    let (first, moves) = split(data);
    let seats = 3 + first % 4;
    let mut world = if first & 0x80 == 0 { World::gathered(SUITE, seats) } else { World::new(SUITE, seats) };
    for bytes in moves.chunks_exact(3).take(120) {
        world.play(step::read([bytes[0], bytes[1], bytes[2]]));
    }
    world.settle();
});
