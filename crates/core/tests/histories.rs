//! Random histories of a group, every outcome predicted. `QPC_CASES` sets how many.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod cases;
mod people;
mod world;

use std::cell::Cell;

use cases::{cases, suite};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use world::{Tally, World, step};

/// All who have read everything agree, every message opens exactly once at everyone it is for, a reopened store behaves
/// like the live one, and a call that fails changes nothing.
#[test]
fn any_history_holds() {
    let tally = Cell::new(Tally::default());
    let histories = (suite(), 3usize..=6, any::<bool>(), vec(any::<[u8; 3]>(), 40..160));
    let config = cases(25);
    let outcome = TestRunner::new(config.clone()).run(&histories, |(suite, seats, starts_gathered, moves)| {
        let mut world = if starts_gathered { World::gathered(suite, seats) } else { World::new(suite, seats) };
        for bytes in moves {
            world.play(step::read(bytes));
        }
        world.settle();
        tally.set(tally.get() + world.tally);
        Ok(())
    });
    println!("{} histories: {:?}", config.cases, tally.get());
    outcome.unwrap();
    let (tally, cases) = (tally.get(), u64::from(config.cases));
    assert!(tally.epochs > 3 * cases && tally.opened > 8 * cases && tally.lost_commits > cases / 2);
    assert!(tally.removals > cases / 4 && tally.proposals > cases / 4 && tally.joins > 2 * cases);
}
