//! What a thief tries with what he stole, and how much of it succeeds.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use quicprochat_core::Received;

use crate::{
    people::{self, Person, Records},
    thief::Thief,
    world::{NOW, World},
};

/// How many states the thief tries to live on in: forks by commits that lost are among them.
const MAX_STATES: usize = 24;

#[derive(Debug, Default)]
pub struct Figures {
    /// Messages from before the theft that must stay closed, and how many opened.
    pub before: (u32, u32),
    /// Messages from before the theft that the victim could still have read, and how many opened.
    pub window: (u32, u32),
    /// States that the thief reached, by following all commits that he could.
    pub states: u32,
    /// Messages from after the healing, tried in each state, and how many opened.
    pub after: (u32, u32),
    /// Commits from the healing on, tried in each state, and how many led into a state of the group.
    pub commits: (u32, u32),
    /// Access keys of the healed epochs that the thief holds.
    pub access_keys: u32,
    /// What he made with the old leaf key and everybody was handed, as it was and with the epoch rewritten; how much of
    /// it was taken for something of a healed epoch.
    pub forged: (u32, u32),
    /// Of those, messages of the epoch before the healing that members opened, as of that epoch: a relay that lets the
    /// old access key post would let them through.
    pub late: u32,
    /// Histories in which the thief could follow until the healing, and in how many he did.
    pub control: (u32, u32),
    /// Histories in which the victim was removed before it healed.
    pub removed: u32,
    /// Histories that ended before: everybody had asked to leave, and nobody was left to commit it.
    pub stuck: u32,
}

/// What was stolen, and where the relay's books stood then.
pub struct Loot {
    pub records: Records,
    pub victim: usize,
    /// The epoch in which the victim had come in.
    pub joined: u64,
    /// How far the victim had read the relay's log, and how long the log was.
    pub read: usize,
    pub made: usize,
    pub refused: usize,
}

/// Entries of the log and of the refused ones, as the thief replays them.
#[derive(Clone, Copy)]
enum Taken {
    Log(usize),
    Refused(usize),
    Own,
}

impl Loot {
    pub fn try_the_past(&self, world: &World, figures: &mut Figures) {
        let mut thief = Thief::new(&self.records);
        for said in &world.relay.said {
            let may_open = world.seats[self.victim].expected(said).is_ok();
            let (tried, opened) = if may_open { &mut figures.window } else { &mut figures.before };
            *tried += 1;
            *opened += u32::from(thief.open(&said.bytes).is_some());
        }
    }

    pub fn try_the_future(&self, world: &World, healed: u64, control: Option<usize>, figures: &mut Figures) {
        let mut could_follow = false;
        let mut waiting = vec![Vec::new()];
        let mut states = 0;
        while let Some(path) = waiting.pop().filter(|_| states < MAX_STATES) {
            let Some(mut thief) = self.live(world, &path) else { continue };
            states += 1;
            could_follow |= control.is_some_and(|which| thief.open(&world.relay.said[which].bytes).is_some());
            for said in world.relay.said.iter().filter(|said| said.epoch >= healed && said.by != self.victim) {
                figures.after.0 += 1;
                figures.after.1 += u32::from(thief.open(&said.bytes).is_some());
            }
            let access_key = thief.access_key();
            let is_new = |(epoch, (_, key)): (&u64, &(_, [u8; 32]))| *epoch >= healed && Some(*key) == access_key;
            figures.access_keys += u32::from(world.relay.states.iter().any(is_new));
            let next = self.commits(world).filter(|&taken| self.begins(world, taken) == thief.epoch() + 1);
            // The last is tried first: what won, then what lost.
            let mut next: Vec<_> = next.map(|taken| [path.as_slice(), &[taken]].concat()).collect();
            next.push([path.as_slice(), &[Taken::Own]].concat());
            next.reverse();
            waiting.extend(next);
            for taken in self.commits(world).filter(|&taken| self.begins(world, taken) >= healed) {
                figures.commits.0 += 1;
                let has_led_back = self.follow(&mut thief, world, taken) && is_of_the_group(&thief, world);
                figures.commits.1 += u32::from(has_led_back);
            }
        }
        figures.states += states as u32;
        if self.is_followable(world, control) {
            figures.control.0 += 1;
            figures.control.1 += u32::from(could_follow);
        }
    }

    /// Whether nothing of the victim's own has shut the thief out before the control was said.
    fn is_followable(&self, world: &World, control: Option<usize>) -> bool {
        let Some(said) = control.map(|which| &world.relay.said[which]) else { return false };
        if world.seats[self.victim].joined_epoch != self.joined {
            // Removed and added again: that is a healing of its own.
            return false;
        }
        let since = world.relay.log[self.made..].iter().take_while(|entry| entry.epoch < said.epoch);
        since.into_iter().all(|entry| entry.by != self.victim)
    }

    /// The commits since the theft, by the relay's books.
    fn commits<'a>(&'a self, world: &'a World) -> impl Iterator<Item = Taken> + 'a {
        let log = (self.read..world.relay.log.len()).filter(|&at| world.relay.log[at].is_commit).map(Taken::Log);
        let refused = self.refused..world.relay.refused.len();
        log.chain(refused.filter(|&at| world.relay.refused[at].is_commit).map(Taken::Refused))
    }

    fn begins(&self, world: &World, taken: Taken) -> u64 {
        match taken {
            Taken::Log(at) => world.relay.log[at].epoch + 1,
            Taken::Refused(at) => world.relay.refused[at].epoch + 1,
            Taken::Own => 0,
        }
    }

    /// The thief after these commits, if he can follow them.
    fn live(&self, world: &World, path: &[Taken]) -> Option<Thief> {
        let mut thief = Thief::new(&self.records);
        for &taken in path {
            for entry in world.relay.log[self.read..].iter().filter(|entry| !entry.is_commit) {
                thief.note(&entry.bytes);
            }
            if !self.follow(&mut thief, world, taken) {
                return None;
            }
        }
        Some(thief)
    }

    fn follow(&self, thief: &mut Thief, world: &World, taken: Taken) -> bool {
        match taken {
            Taken::Log(at) => thief.follow(&world.relay.log[at].bytes),
            Taken::Refused(at) => thief.follow(&world.relay.refused[at].bytes),
            Taken::Own => thief.follow_own(),
        }
    }

    /// The thief's device, as far as it can follow, posts as the victim.
    pub fn forge(&self, world: &mut World, healed: u64, figures: &mut Figures) {
        let thief = Person { client: people::open(&self.records), records: self.records.clone() };
        let mut clone = thief.group();
        for entry in &world.relay.log[self.read..] {
            match clone.process(&entry.bytes, NOW) {
                Ok(Received::Commit { .. }) => clone.merge_staged_commit(NOW).unwrap(),
                Ok(Received::OwnCommit { .. }) => drop(clone.merge_pending_commit(NOW).unwrap()),
                _ => {}
            }
        }
        if clone.has_pending_commit() {
            clone.clear_pending_commit().unwrap();
        }
        let posts = [
            clone.encrypt(b"as the victim", NOW),
            clone.propose_update(),
            clone.self_update().map(|bundle| bundle.commit),
        ];
        for post in posts.into_iter().flatten() {
            assert_eq!(post, with_epoch(&post, clone.epoch()));
            for epoch in (healed..=world.relay.epoch).chain([clone.epoch()]) {
                self.hand_round(world, &with_epoch(&post, epoch), healed, figures);
            }
        }
    }

    fn hand_round(&self, world: &mut World, post: &[u8], healed: u64, figures: &mut Figures) {
        for seat in world.seats.iter_mut().filter(|seat| seat.is_active()) {
            let (_, mut twin) = seat.twin();
            figures.forged.0 += 1;
            let is_taken = match twin.process(post, NOW) {
                // Of an epoch before the healing, inside the window: it shows, and the relay refuses the access key.
                Ok(Received::Application { epoch, .. }) if epoch < healed => {
                    figures.late += 1;
                    false
                }
                Ok(_) => true,
                Err(_) => false,
            };
            figures.forged.1 += u32::from(is_taken);
        }
    }
}

fn is_of_the_group(thief: &Thief, world: &World) -> bool {
    world.relay.states.get(&thief.epoch()).is_some_and(|(authenticator, _)| authenticator == thief.authenticator())
}

/// A private message with another epoch in its header: version, wire format, the group id with its length, the epoch.
fn with_epoch(message: &[u8], epoch: u64) -> Vec<u8> {
    let mut changed = message.to_vec();
    changed[21..29].copy_from_slice(&epoch.to_be_bytes());
    changed
}
