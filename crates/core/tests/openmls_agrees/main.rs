//! Our openmls beside the published one: random histories of a group whose members run either, over the raw API. After
//! each epoch all have the same epoch authenticator and the same tree, and either version takes the group's public form in
//! from nothing, which checks every hash of the tree anew. So what the patch keeps between epochs (third_party/README.md)
//! is what the published one computes.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may fail loudly")]

#[macro_use]
mod person;

use self::person::{Person, ours, theirs};

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % sides as u64).unwrap()
    }
}

fn new_person(dice: &mut Dice) -> Person {
    if dice.roll(2) == 0 { Person::Ours(ours::Person::new(None)) } else { Person::Theirs(theirs::Person::new(None)) }
}

/// One more of whoever has that signature key.
fn twin(of: &Person, dice: &mut Dice) -> Person {
    let signer = both!(of, person => person.signer.clone());
    if dice.roll(2) == 0 {
        Person::Ours(ours::Person::new(Some(signer)))
    } else {
        Person::Theirs(theirs::Person::new(Some(signer)))
    }
}

#[derive(Default, Debug)]
struct Tally {
    commits: usize,
    adds: usize,
    removes: usize,
    external: usize,
    discarded: usize,
    refused: usize,
    proposals: usize,
    reloads: usize,
    most: usize,
}

/// A group, and chance.
struct World {
    group: Vec<Person>,
    dice: Dice,
}

fn history(seed: u64, moves: usize, tally: &mut Tally) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut first = new_person(&mut dice);
    both!(&mut first, person => person.create());
    let mut world = World { group: vec![first], dice };
    for _ in 0..moves {
        tally.most = tally.most.max(world.group.len());
        let who = world.dice.roll(world.group.len());
        if world.dice.roll(3) == 0 {
            world.reload_somebody(tally);
        }
        if world.dice.roll(2) == 0 {
            world.discard_a_commit(who, tally);
        }
        if world.dice.roll(4) == 0 {
            world.refuse_key_packages(who, tally);
        }
        if world.dice.roll(12) == 0 {
            world.join_from_outside(who, tally);
        } else if !world.commit(who, tally) {
            continue;
        }
        agree(&world.group, &mut world.dice);
    }
}

impl World {
    /// Who is closed and opened has only what was stored.
    fn reload_somebody(&mut self, tally: &mut Tally) {
        let whom = self.dice.roll(self.group.len());
        both!(&mut self.group[whom], person => person.reload());
        tally.reloads += 1;
    }

    /// A commit that comes to nothing: its maker discards it, and some had looked at it.
    fn discard_a_commit(&mut self, who: usize, tally: &mut Tally) {
        let Self { group, dice } = self;
        let (added, removes) = (new_person(dice), some_leaves(group, who, dice));
        let adds: Vec<_> = (0..dice.roll(2)).map(|_| both!(&added, person => person.key_package())).collect();
        let (commit, _) = both!(&mut group[who], person => person.commit(&adds, &removes, true, false)).unwrap();
        for (index, person) in group.iter_mut().enumerate() {
            if index != who && dice.roll(2) == 0 {
                both!(person, person => person.process(&commit, false)).unwrap();
            }
        }
        if dice.roll(3) == 0 {
            both!(&mut group[who], person => person.reload());
        }
        both!(&mut group[who], person => person.discard_own());
        tally.discarded += 1;
    }

    /// Key packages that may not go together.
    fn refuse_key_packages(&mut self, who: usize, tally: &mut Tally) {
        let Self { group, dice } = self;
        let member = dice.roll(group.len());
        let other = new_person(dice);
        let of_twin = both!(&twin(&group[member], dice), person => person.key_package());
        let of_other = both!(&other, person => person.key_package());
        let of_other_again = both!(&other, person => person.key_package());
        let adds = match dice.roll(3) {
            0 => vec![of_twin],
            1 => vec![of_other.clone(), of_other],
            _ => vec![of_other, of_other_again],
        };
        match both!(&mut group[who], person => person.commit(&adds, &[], true, false)) {
            // The same proposal twice is one.
            Ok(_) => both!(&mut group[who], person => person.discard_own()),
            Err(refused) => {
                assert!(refused.contains("Duplicate"), "{refused}");
                tally.refused += 1;
            }
        }
    }

    fn join_from_outside(&mut self, who: usize, tally: &mut Tally) {
        let Self { group, dice } = self;
        let info = both!(&group[who], person => person.info());
        let mut comer = new_person(dice);
        let commit = both!(&mut comer, person => person.join_from_outside(&info)).unwrap();
        for person in group.iter_mut() {
            if dice.roll(4) == 0 {
                both!(person, person => person.process(&commit, false)).unwrap();
            }
            both!(person, person => { person.process(&commit, true).unwrap(); person.forget_proposals() });
        }
        group.push(comer);
        tally.external += 1;
    }

    /// Proposals of others by reference, then a commit with some of its own. False where it was refused.
    fn commit(&mut self, who: usize, tally: &mut Tally) -> bool {
        let mut comers = self.propose(who, tally);
        let Self { group, dice } = self;
        let mut removes = if dice.roll(3) == 0 { some_leaves(group, who, dice) } else { vec![] };
        let wanted = if group.len() < 18 { [0, 1, 1, 4][dice.roll(4)] } else { dice.roll(2) };
        let proposed = comers.len();
        for _ in 0..wanted {
            comers.push(new_person(dice));
        }
        // Whoever goes may come back at once with the same signature key.
        if let (Some(leaf), 0) = (removes.first(), dice.roll(2)) {
            let gone = group.iter().find(|one| both!(one, person => person.leaf()) == *leaf).unwrap();
            comers.push(twin(gone, dice));
        }
        removes.dedup();
        let adds: Vec<_> = comers[proposed..].iter().map(|one| both!(one, person => person.key_package())).collect();
        let path = dice.roll(2) == 0;
        match both!(&mut group[who], person => person.commit(&adds, &removes, path, true)) {
            Ok((commit, welcome)) => {
                self.follow(who, &commit);
                let before = self.group.len();
                self.group.retain(|person| both!(person, person => person.is_active()));
                tally.removes += before - self.group.len();
                tally.commits += 1;
                if let Some(welcome) = welcome {
                    self.welcome(comers, &welcome, tally);
                }
                true
            }
            Err(error) => {
                // By reference and by value at once.
                assert!(error.contains("Duplicate") || error.contains("ProposalValidation"), "{error}");
                tally.refused += 1;
                for person in &mut self.group {
                    both!(person, person => person.forget_proposals());
                }
                false
            }
        }
    }

    /// Up to two proposals, of whoever; returns those who are to be added by them.
    fn propose(&mut self, who: usize, tally: &mut Tally) -> Vec<Person> {
        let Self { group, dice } = self;
        let mut comers = Vec::new();
        for _ in 0..dice.roll(3) {
            let proposer = dice.roll(group.len());
            let comer = new_person(dice);
            let key_package = both!(&comer, person => person.key_package());
            // Not the committer's leaf, and no update of the committer.
            let target = some_leaves(group, who, dice).first().copied();
            let what = match (dice.roll(3), target) {
                (1, None) | (0, _) => 0,
                (1, Some(_)) => 1,
                _ if proposer == who => 0,
                _ => 2,
            };
            let made = both!(&mut group[proposer], person => person.propose(what, &key_package, target.unwrap_or(0)));
            let proposal = made.unwrap();
            for (index, person) in group.iter_mut().enumerate() {
                if index != proposer {
                    both!(person, person => person.process(&proposal, true)).unwrap();
                }
            }
            if what == 0 {
                comers.push(comer);
            }
            tally.proposals += 1;
        }
        comers
    }

    /// Everyone takes the commit over; some look at it first, and then as if for the first time.
    fn follow(&mut self, who: usize, commit: &[u8]) {
        let Self { group, dice } = self;
        for (index, person) in group.iter_mut().enumerate() {
            if index == who {
                both!(person, person => person.merge_own());
                continue;
            }
            if dice.roll(4) == 0 {
                both!(person, person => person.process(commit, false)).unwrap();
            }
            both!(person, person => person.process(commit, true)).unwrap();
        }
    }

    fn welcome(&mut self, comers: Vec<Person>, welcome: &[u8], tally: &mut Tally) {
        for mut comer in comers {
            both!(&mut comer, person => person.join(welcome));
            self.group.push(comer);
            tally.adds += 1;
        }
    }
}

fn some_leaves(group: &[Person], who: usize, dice: &mut Dice) -> Vec<u32> {
    let mut leaves = Vec::new();
    let most = [0, 1, 1, 2, group.len() / 2][dice.roll(5)];
    for (index, person) in group.iter().enumerate() {
        if index != who && leaves.len() < most && dice.roll(2) == 0 {
            leaves.push(both!(person, person => person.leaf()));
        }
    }
    leaves
}

fn agree(group: &[Person], dice: &mut Dice) {
    let of = |person: &Person| both!(person, person => (person.state(), person.tree()));
    let first = of(&group[0]);
    for person in group {
        assert!(of(person) == first);
    }
    let one = &group[dice.roll(group.len())];
    let (info, tree) = both!(one, person => (person.info(), person.tree()));
    theirs::check(&info, &tree);
    ours::check(&info, &tree);
}

/// `QPC_CASES` of them; two unless it says otherwise.
#[test]
fn both_have_the_same_histories() {
    let cases = std::env::var("QPC_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2);
    let mut tally = Tally::default();
    for seed in 1..=cases {
        history(seed, 40, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.commits > 0 && tally.adds > 0 && tally.removes > 0 && tally.discarded > 0 && tally.reloads > 0);
}
