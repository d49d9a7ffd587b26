//! The same play for every engine: build a group, then act one story at a time, with the clock running only while the
//! operation itself does. `packages/bench/src/core/play.ts` is its twin for the engines in JavaScript; who changes one
//! changes both.

use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// One device, and its seat in the one group that it is in. Every change is merged at once and its writes are taken.
pub(crate) trait Person: Sized {
    type Welcome;
    /// Whether a device that comes back to a group gains by having known its members.
    const REMEMBERS: bool;
    fn new(name: &str, suite: u16) -> Outcome<Self>;
    fn key_package(&mut self) -> Outcome<Vec<u8>>;
    fn create(&mut self) -> Outcome<()>;
    fn add(&mut self, key_packages: &[Vec<u8>]) -> Outcome<Handout<Self::Welcome>>;
    /// As the joiner with this place among the key packages that were added.
    fn join(&mut self, welcome: &Self::Welcome, index: usize) -> Outcome<()>;
    fn update(&mut self) -> Outcome<Handout<Self::Welcome>>;
    fn remove(&mut self, leaf: u32) -> Outcome<Handout<Self::Welcome>>;
    fn leaf(&self) -> Outcome<u32>;
    fn process(&mut self, commit: &[u8]) -> Outcome<()>;
    fn encrypt(&mut self, plaintext: &[u8]) -> Outcome<Vec<u8>>;
    fn decrypt(&mut self, message: &[u8]) -> Outcome<Vec<u8>>;
    /// Reads the group anew from the store.
    fn load(&mut self) -> Outcome<()>;
    /// Deletes the group from the store.
    fn forget_group(&mut self) -> Outcome<()>;
    /// Bytes of all that is stored, keys included.
    fn store_bytes(&self) -> usize;
    /// Bytes written since the last call, keys included; none where the engine does not tell.
    fn written(&mut self) -> Option<usize>;
    /// What the relay has to store for all joiners of one commit, and what one of them downloads.
    fn welcome_bytes(welcome: &Self::Welcome) -> (usize, usize);
}

/// A commit and what its joiners need.
pub(crate) struct Handout<W> {
    pub(crate) commit: Vec<u8>,
    pub(crate) welcome: Option<W>,
}

impl<W> Handout<W> {
    fn welcome(&self) -> Outcome<&W> {
        self.welcome.as_ref().ok_or_else(|| "a commit that adds has a welcome".into())
    }
}

/// How much of the tree has keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tree {
    /// One bulk add, nobody but the creator has ever committed: as every new group is.
    Bare,
    /// No node is blank: one of each pair of neighbours has committed since the last came in, in order of their leaves.
    Full,
    /// The first half full, the second half added in bulk by the last of the first.
    HalfBlank,
}

impl Tree {
    pub(crate) fn named(name: &str) -> Outcome<Self> {
        match name {
            "bare" => Ok(Self::Bare),
            "full" => Ok(Self::Full),
            "half-blank" => Ok(Self::HalfBlank),
            _ => Err(format!("no tree is {name}").into()),
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) suite: u16,
    pub(crate) n: usize,
    pub(crate) tree: Tree,
}

/// What one request showed: milliseconds of each operation, and sizes in bytes.
#[derive(Default)]
pub(crate) struct Observation {
    pub(crate) ms: BTreeMap<&'static str, Vec<f64>>,
    pub(crate) bytes: BTreeMap<String, usize>,
}

impl Observation {
    /// Runs and times one operation.
    fn time<T>(&mut self, name: &'static str, operation: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        #[allow(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
        let start = Instant::now();
        let result = operation()?;
        self.ms.entry(name).or_default().push(milliseconds(start.elapsed()));
        Ok(result)
    }

    fn written<P: Person>(&mut self, name: &str, person: &mut P) {
        if let Some(bytes) = person.written() {
            // Of the first time in a story.
            self.bytes.entry(format!("{name}, written")).or_insert(bytes);
        }
    }

    /// One sample of an operation too fast for single ones: the mean of what was pushed.
    fn average(&mut self, name: &'static str) {
        if let Some(samples) = self.ms.get_mut(name) {
            #[allow(clippy::cast_precision_loss, reason = "a few dozen")]
            let mean = samples.iter().sum::<f64>() / samples.len() as f64;
            *samples = vec![mean];
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// A prepared group. `first` sits on leaf 0 and commits; `last` sits on the last leaf and follows.
pub(crate) struct Play<P: Person> {
    scenario: Scenario,
    first: P,
    last: P,
    /// Whoever owns what is measured apart from the group.
    host: P,
    /// One of each member but the first, for bulk adds.
    key_packages: Vec<Vec<u8>>,
    guests: usize,
}

impl<P: Person> Play<P> {
    pub(crate) fn prepare(scenario: Scenario) -> Outcome<(Self, Observation)> {
        let mut seen = Observation::default();
        let mut first = P::new("creator", scenario.suite)?;
        first.create()?;
        let mut builder = Builder { suite: scenario.suite, members: 1, first };
        let (last, key_packages) = match scenario.tree {
            Tree::Bare => builder.bulk(None, scenario.n, &mut seen)?,
            Tree::Full => (builder.chain(scenario.n)?, Vec::new()),
            Tree::HalfBlank => {
                let middle = builder.chain(scenario.n / 2)?;
                builder.bulk(Some(middle), scenario.n, &mut seen)?
            }
        };
        let host = P::new("host", scenario.suite)?;
        let mut first = builder.first;
        first.written();
        seen.bytes.insert("store".into(), first.store_bytes());
        Ok((Self { scenario, first, last, host, key_packages, guests: 0 }, seen))
    }

    /// Acts one story. `repeat` is for those that are too fast for single samples.
    pub(crate) fn story(&mut self, name: &str, repeat: usize) -> Outcome<Observation> {
        let mut seen = Observation::default();
        match name {
            "key package" => self.make_key_packages(repeat, &mut seen)?,
            "create" => self.create(&mut seen)?,
            "bulk add" => self.bulk_add(&mut seen)?,
            "update" => self.update(&mut seen)?,
            "guest" => self.guest(&mut seen)?,
            "message" => self.message(repeat, &mut seen)?,
            "load" => seen.time("load", || self.first.load())?,
            _ => return Err(format!("no story is {name}").into()),
        }
        Ok(seen)
    }

    fn make_key_packages(&mut self, repeat: usize, seen: &mut Observation) -> Outcome<()> {
        for _ in 0..repeat {
            let key_package = seen.time("key package", || self.host.key_package())?;
            seen.bytes.insert("key package".into(), key_package.len());
        }
        seen.average("key package");
        Ok(())
    }

    fn create(&mut self, seen: &mut Observation) -> Outcome<()> {
        seen.time("create", || self.host.create())?;
        self.host.forget_group()
    }

    fn bulk_add(&mut self, seen: &mut Observation) -> Outcome<()> {
        self.host.create()?;
        let key_packages = &self.key_packages;
        let handout = seen.time("bulk add", || self.host.add(key_packages))?;
        let (relay, joiner) = P::welcome_bytes(handout.welcome()?);
        seen.bytes.insert("bulk add, commit".into(), handout.commit.len());
        seen.bytes.insert("bulk add, welcome on the relay".into(), relay);
        seen.bytes.insert("bulk add, welcome for one".into(), joiner);
        self.host.forget_group()
    }

    fn update(&mut self, seen: &mut Observation) -> Outcome<()> {
        self.first.written();
        self.last.written();
        let handout = seen.time("commit", || self.first.update())?;
        seen.bytes.insert("commit".into(), handout.commit.len());
        seen.written("commit", &mut self.first);
        seen.time("process commit", || self.last.process(&handout.commit))?;
        seen.written("process commit", &mut self.last);
        Ok(())
    }

    /// Somebody new comes, goes, comes back knowing everybody's keys, and goes.
    fn guest(&mut self, seen: &mut Observation) -> Outcome<()> {
        self.guests += 1;
        let mut guest = P::new(&format!("guest-{}", self.guests), self.scenario.suite)?;
        let visits = [("add one", "join", "remove"), ("", "rejoin", "")];
        for (add, join, remove) in &visits[..if P::REMEMBERS { 2 } else { 1 }] {
            let key_package = guest.key_package()?;
            guest.written();
            let handout = seen.time(add, || self.first.add(&[key_package]))?;
            self.last.process(&handout.commit)?;
            seen.time(join, || guest.join(handout.welcome()?, 0))?;
            seen.written(join, &mut guest);
            let leaf = guest.leaf()?;
            let handout = seen.time(remove, || self.first.remove(leaf))?;
            self.last.process(&handout.commit)?;
            guest.forget_group()?;
            self.heal()?;
        }
        seen.ms.remove("");
        Ok(())
    }

    /// The guest's removal blanks its path, which is the last member's too: in a full tree that one fills it again.
    fn heal(&mut self) -> Outcome<()> {
        if self.scenario.tree != Tree::Full {
            return Ok(());
        }
        let handout = self.last.update()?;
        self.first.process(&handout.commit)
    }

    fn message(&mut self, repeat: usize, seen: &mut Observation) -> Outcome<()> {
        let plaintext = [7; 200];
        self.first.written();
        self.last.written();
        for _ in 0..repeat {
            let message = seen.time("encrypt", || self.first.encrypt(&plaintext))?;
            seen.bytes.insert("message of 200 B".into(), message.len());
            seen.written("encrypt", &mut self.first);
            let read = seen.time("decrypt", || self.last.decrypt(&message))?;
            seen.written("decrypt", &mut self.last);
            if read != plaintext {
                return Err("what arrived is not what was sent".into());
            }
        }
        seen.average("encrypt");
        seen.average("decrypt");
        Ok(())
    }
}

/// A group in the making.
struct Builder<P: Person> {
    suite: u16,
    members: usize,
    first: P,
}

impl<P: Person> Builder<P> {
    /// Adds members in one commit until there are n; the last of them joins.
    fn bulk(&mut self, by: Option<P>, n: usize, seen: &mut Observation) -> Outcome<(P, Vec<Vec<u8>>)> {
        let (mut joiner, key_packages) = self.newcomers(n - self.members)?;
        let handout = match by {
            None => self.first.add(&key_packages)?,
            Some(mut by) => {
                let handout = by.add(&key_packages)?;
                self.first.process(&handout.commit)?;
                handout
            }
        };
        joiner.join(handout.welcome()?, key_packages.len() - 1)?;
        seen.bytes.insert("commit that built it".into(), handout.commit.len());
        Ok((joiner, key_packages))
    }

    /// Fills the tree: the newest member adds the next pair, and the second of that pair is the next to commit. Its
    /// path covers every node over it, so each node is filled by the last committer under it; only as many members are
    /// in memory as there are committers in flight. Everybody's joining makes it O(n²), so the pair is worth its half.
    fn chain(&mut self, n: usize) -> Outcome<P> {
        let mut committer: Option<P> = None;
        while self.members < n {
            // Leaf 1 alone, so that the pairs after it are neighbours in the tree.
            let count = if self.members == 1 { 1 } else { 2.min(n - self.members) };
            let (mut next, key_packages) = self.newcomers(count)?;
            let handout = match &mut committer {
                None => self.first.add(&key_packages)?,
                Some(committer) => committer.add(&key_packages)?,
            };
            if committer.is_some() {
                self.first.process(&handout.commit)?;
            }
            next.join(handout.welcome()?, count - 1)?;
            committer = Some(next);
        }
        let mut last = committer.ok_or("a group of one has nobody to fill its tree")?;
        let handout = last.update()?;
        self.first.process(&handout.commit)?;
        Ok(last)
    }

    /// So many key packages, each of another device, and the device of the last one.
    fn newcomers(&mut self, count: usize) -> Outcome<(P, Vec<Vec<u8>>)> {
        let mut people = (0..count).map(|i| P::new(&format!("member-{}", self.members + i), self.suite));
        let mut key_packages = Vec::with_capacity(count);
        let mut newest = None;
        for person in &mut people {
            let mut person = person?;
            key_packages.push(person.key_package()?);
            newest = Some(person);
        }
        self.members += count;
        Ok((newest.ok_or("nobody to add")?, key_packages))
    }
}
