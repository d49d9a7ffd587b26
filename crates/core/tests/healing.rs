//! Forward secrecy and healing, measured: for each seed a random history, a thief's copy of one member's records at a
//! random point, and every ciphertext that the relay ever had. `QPC_SEEDS` sets how many.
//!
//! The thief must not open:
//! - what the victim had read before the theft, or sent itself: keys are deleted when they are used;
//! - what is older than the declared window (two past epochs; sixteen behind a sender's newest), or than its joining;
//! - anything of the epochs from the victim's first commit *made* after the theft on. (A commit made before it, and
//!   still undecided, was stolen along with its keys.) A removal of the victim locks the thief out just so.
//!
//! What the victim had not read yet, inside the window, the thief reads: that is what a window costs. And so is what is
//! said between theft and healing, which is the control: a thief who opens nothing there would prove nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod cases;
mod loot;
mod people;
mod thief;
mod world;

use cases::number;
use loot::{Figures, Loot};
use people::SUITE;
use world::{World, step};

#[test]
fn stolen_records_open_nothing_before_and_nothing_after() {
    let (seeds, first) = (number("QPC_SEEDS", 25), number("QPC_SEED", 1));
    let mut figures = Figures::default();
    for seed in first..first + seeds {
        println!("seed {seed}");
        history(seed.into(), &mut figures);
    }
    println!("{seeds} seeds: {figures:#?}");
    assert_eq!((figures.before.1, figures.after.1, figures.commits.1), (0, 0, 0));
    assert_eq!((figures.access_keys, figures.forged.1), (0, 0));
    assert!(figures.before.0 > 5 * seeds && figures.after.0 > 5 * seeds && figures.commits.0 > seeds);
    // Everything that he could open he did: the failures above are not his clumsiness.
    assert_eq!(figures.window.0, figures.window.1);
    assert_eq!(figures.control.0, figures.control.1);
    assert!(figures.control.0 > seeds / 2 && figures.window.0 > 0 && figures.forged.0 > seeds);
}

fn history(seed: u64, figures: &mut Figures) {
    let mut dice = Dice(seed);
    let mut world = World::gathered(SUITE, 3 + dice.below(3));
    let length = 20 + dice.below(80);
    play(&mut world, &mut dice, length);
    let active: Vec<_> = (0..world.seats.len()).filter(|&seat| world.seats[seat].is_active()).collect();
    let victim = active[dice.below(active.len())];
    world.seats[victim].person.save();
    let loot = Loot {
        records: world.seats[victim].person.records.clone(),
        victim,
        joined: world.seats[victim].joined_epoch,
        read: world.seats[victim].cursor,
        made: world.relay.log.len(),
        refused: world.relay.refused.len(),
    };
    loot.try_the_past(&world, figures);

    let length = dice.below(12);
    play(&mut world, &mut dice, length);
    let control = still_open(&mut world, victim);
    let length = dice.below(20);
    play(&mut world, &mut dice, length);
    let Some(healed) = heal(&mut world, victim, figures) else { return };
    let length = dice.below(30);
    play(&mut world, &mut dice, length);
    everybody_speaks(&mut world);
    loot.try_the_future(&world, healed, control, figures);
    loot.forge(&mut world, healed, figures);
}

fn play(world: &mut World, dice: &mut Dice, moves: usize) {
    for _ in 0..moves {
        world.play(step::read(dice.bytes()));
    }
}

/// Everybody follows, and somebody says something to the victim. Gives the message, if there is anybody to say it.
fn still_open(world: &mut World, victim: usize) -> Option<usize> {
    everybody_follows(world);
    let other = somebody_else(world, victim)?;
    if world.seats[other].member.as_ref().unwrap().has_pending_proposals() {
        world.commit(other, &[], |member, _| member.commit_pending_proposals());
        everybody_follows(world);
    }
    let other = somebody_else(world, victim)?;
    world.send(other, 0).filter(|_| world.seats[victim].is_active())
}

fn somebody_else(world: &World, victim: usize) -> Option<usize> {
    let is_free = |seat: &usize| world.seats[*seat].is_active() && !world.seats[*seat].is_leaving();
    (0..world.seats.len()).filter(|&seat| seat != victim).find(is_free)
}

/// The victim commits, or is removed; gives the epoch that this begins. None if it has asked to leave and nobody is
/// there to commit that.
fn heal(world: &mut World, victim: usize, figures: &mut Figures) -> Option<u64> {
    everybody_follows(world);
    if world.seats[victim].is_leaving() {
        let Some(other) = somebody_else(world, victim) else {
            figures.stuck += 1;
            return None;
        };
        assert!(world.commit(other, &[], |member, _| member.commit_pending_proposals()));
        everybody_follows(world);
    }
    if world.seats[victim].is_active() {
        assert!(world.commit(victim, &[], |member, _| member.self_update()));
        everybody_follows(world);
        return Some(world.relay.epoch);
    }
    figures.removed += 1;
    // The epoch after the last one that it was in.
    Some(world.seats[victim].epoch())
}

fn everybody_follows(world: &mut World) {
    for seat in 0..world.seats.len() {
        while world.follow(seat) {}
    }
}

fn everybody_speaks(world: &mut World) {
    everybody_follows(world);
    let active: Vec<_> = (0..world.seats.len()).filter(|&seat| world.seats[seat].is_active()).collect();
    world.commit(active[0], &[], |member, _| member.self_update());
    everybody_follows(world);
    for seat in active {
        if world.seats[seat].is_active() {
            world.send(seat, 0);
        }
    }
}

/// SplitMix64: the same history for the same seed (but for the keys).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn bytes(&mut self) -> [u8; 3] {
        let [first, second, third, ..] = self.next().to_le_bytes();
        [first, second, third]
    }
}
