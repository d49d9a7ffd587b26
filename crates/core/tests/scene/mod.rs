//! Alice's group with Bob and two hostile members, Mallory and Trudy.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use quicprochat_core::{CoreError, GroupMember};

use crate::{
    mallory::{
        Mallory,
        wire::{Commit, KeyPackage, KeyPackageTbs, LeafNodeTbs, Proposal, ProposalOrRef},
    },
    people::{Person, SUITE, deliver, group_of},
    thief::Thief,
};

/// Their leaves; Alice's is 0.
pub const BOB: u32 = 1;
pub const MALLORY: u32 = 2;
pub const TRUDY: u32 = 3;

pub struct Scene {
    pub alice: Person,
    pub bob: Person,
    pub at_alice: GroupMember,
    pub at_bob: GroupMember,
    pub mallory: Mallory,
    pub trudy: Mallory,
}

impl Scene {
    pub fn new() -> Self {
        let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
        let members = group_of(&mut [&mut alice, &mut bob], SUITE);
        let [mut at_alice, mut at_bob] = <[_; 2]>::try_from(members).unwrap();
        let (mut mallory, mut trudy) = (Mallory::of("mallory", 0xa1), Mallory::of("trudy", 0xd1));
        let key_packages = [&mallory, &trudy].map(|hostile| hostile.key_package(&hostile.credential()));
        let bundle = at_alice.add_members(&key_packages, 0).unwrap();
        deliver(&bundle, &mut at_alice, &mut [&mut at_bob]);
        let welcome = bundle.welcome.unwrap();
        mallory.join(&welcome, 0);
        trudy.join(&welcome, 1);
        alice.save();
        bob.save();
        Self { alice, bob, at_alice, at_bob, mallory, trudy }
    }

    /// What plain openmls says of a message in Alice's place.
    pub fn judge(&mut self, message: &[u8]) -> String {
        self.alice.save();
        Thief::new(&self.alice.records).judge(message)
    }

    /// Makes a call at Alice's that must fail, and checks that it leaves no trace.
    pub fn refused<T: std::fmt::Debug>(
        &mut self,
        call: impl FnOnce(&mut GroupMember) -> Result<T, CoreError>,
    ) -> CoreError {
        self.alice.save();
        let state = |member: &GroupMember| {
            (member.epoch_authenticator(), member.members().unwrap(), member.has_pending_proposals())
        };
        let before = state(&self.at_alice);
        let error = call(&mut self.at_alice).unwrap_err();
        assert_eq!(self.alice.client.take_writes(), [], "{error}");
        assert_eq!(before, state(&self.at_alice));
        error
    }

    pub fn encryption_key(&self, leaf: u32) -> Vec<u8> {
        let group = self.mallory.group.as_ref().unwrap();
        group.members().find(|member| member.index.u32() == leaf).unwrap().encryption_key
    }

    /// An encryption key that nobody has.
    pub fn fresh_key(&self) -> Vec<u8> {
        let key_package = Mallory::of("nobody", 0xe1).lying_key_package(|_| {});
        key_package.tbs.init_key.as_slice().to_vec()
    }

    /// A commit of Mallory's that adds a new device, changed before or after it made its key package.
    pub fn add(&mut self, prepare: impl FnOnce(&mut Mallory), edit: impl FnOnce(&mut KeyPackageTbs)) -> Vec<u8> {
        let mut eve = Mallory::of("eve", 0xb1);
        let honest = eve.lying_key_package(|_| {});
        prepare(&mut eve);
        let lie = eve.lying_key_package(edit);
        self.mallory.lying_addition(&honest.message(), move |commit| {
            commit.proposals = vec![ProposalOrRef::Proposal(Proposal::Add(lie.clone()))];
        })
    }

    /// A commit of Mallory's that adds two devices which he made to have something in common.
    pub fn add_two(&mut self, first: KeyPackage, second: KeyPackage) -> Vec<u8> {
        self.mallory.lying_addition(&first.message(), move |commit| {
            commit.proposals.push(ProposalOrRef::Proposal(Proposal::Add(second.clone())));
        })
    }

    /// A commit of Mallory's that takes up a proposal of Trudy's to remove Bob, with its parts changed.
    pub fn remove_bob(&mut self, mut edit: impl FnMut(&mut Commit) + Send + 'static) -> Vec<u8> {
        let proposal = self.trudy.propose_removing(BOB);
        self.at_alice.process(&proposal, 1).unwrap();
        let reference = self.mallory.reference(&proposal);
        self.mallory.lying_commit(move |commit| {
            commit.proposals.push(ProposalOrRef::Reference(reference.clone().into()));
            edit(commit);
        })
    }

    /// A commit of Mallory's that takes up an update of Trudy's, which Alice has accepted.
    pub fn update(&mut self, mut edit: impl FnMut(&mut LeafNodeTbs) + Send + 'static) -> Vec<u8> {
        let key = self.trudy.leaf.0.clone();
        let proposal = self.trudy.lying_proposal(move |proposal| {
            let Proposal::Update(leaf) = proposal else { panic!("not an update") };
            edit(&mut leaf.tbs);
            leaf.sign(&key, Some(TRUDY));
        });
        self.at_alice.process(&proposal, 1).unwrap();
        let reference = self.mallory.reference(&proposal);
        self.mallory.lying_commit(move |commit| {
            commit.proposals.push(ProposalOrRef::Reference(reference.clone().into()));
        })
    }

    /// A commit of Mallory's with another leaf in its path.
    pub fn path_leaf(&mut self, mut edit: impl FnMut(&mut LeafNodeTbs) + Send + 'static) -> Vec<u8> {
        let key = self.mallory.leaf.0.clone();
        self.mallory.lying_commit(move |commit| {
            let leaf = &mut commit.path.as_mut().unwrap().leaf_node;
            edit(&mut leaf.tbs);
            leaf.sign(&key, Some(MALLORY));
        })
    }
}
