//! What a group can come to, what its status says then, and the way out that each status names.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;
mod scene;
mod thief;

use mallory::{Mallory, forge::Lies};
use people::{GROUP, Person, SUITE, assert_agreed, deliver, group_of, hear, say};
use quicprochat_core::{Agreement, CommitBundle, CoreError, GroupId, GroupMember, GroupStatus, Received, Suite};
use scene::Scene;

const OTHER: GroupId = GroupId([8; 16]);

fn two() -> (Person, Person, GroupMember, GroupMember) {
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let members = group_of(&mut [&mut alice, &mut bob], SUITE);
    let [at_alice, at_bob] = <[_; 2]>::try_from(members).unwrap();
    (alice, bob, at_alice, at_bob)
}

fn status(member: &GroupMember) -> GroupStatus {
    member.status().unwrap()
}

#[test]
fn a_pending_commit_is_submitted_again_and_known_again() {
    let (mut alice, _, mut at_alice, mut at_bob) = two();
    assert_eq!(status(&at_alice), GroupStatus::Active);
    let update = at_alice.self_update().unwrap();
    // After a restart too: the record of the commit is all that is needed.
    alice = alice.copy();
    let mut at_alice = alice.group();
    assert_eq!(status(&at_alice), GroupStatus::CommitPending { epoch: 1 });
    assert_eq!(at_alice.process(&update.commit, 1), Ok(Received::OwnCommit { epoch: 1 }));
    at_bob.process(&update.commit, 1).unwrap();
    assert_eq!(status(&at_bob), GroupStatus::CommitStaged);
    at_bob.merge_staged_commit(1).unwrap();
    at_alice.merge_pending_commit(1).unwrap();
    assert_eq!([status(&at_alice), status(&at_bob)], [GroupStatus::Active, GroupStatus::Active]);
}

#[test]
fn a_leave_waits_for_another() {
    let (_, _, mut at_alice, mut at_bob) = two();
    let leave = at_bob.leave().unwrap();
    at_alice.process(&leave, 1).unwrap();
    assert_eq!([status(&at_alice), status(&at_bob)], [GroupStatus::ProposalsPending, GroupStatus::Leaving]);
    let commit = at_alice.commit_pending_proposals().unwrap();
    deliver(&commit, &mut at_alice, &mut [&mut at_bob]);
    assert_eq!([status(&at_alice), status(&at_bob)], [GroupStatus::Active, GroupStatus::Removed]);
}

#[test]
fn a_group_that_all_leave_is_deserted_and_can_be_rebooted() {
    let (alice, mut bob, mut at_alice, mut at_bob) = two();
    let of_alice = at_alice.leave().unwrap();
    let of_bob = at_bob.leave().unwrap();
    assert_eq!(status(&at_alice), GroupStatus::Leaving);
    at_alice.process(&of_bob, 1).unwrap();
    at_bob.process(&of_alice, 1).unwrap();
    assert_eq!([status(&at_alice), status(&at_bob)], [GroupStatus::Deserted, GroupStatus::Deserted]);
    // RFC 9420 §12.2 forbids both the one commit that could end it.
    assert_eq!(at_alice.commit_pending_proposals(), Err(CoreError::CannotRemoveSelf));
    assert_eq!(at_bob.self_update(), Err(CoreError::CannotRemoveSelf));

    let key_package = bob.key_package(SUITE);
    let (mut at_alice, bundle) = alice.client.reboot_group(GROUP, OTHER, &[key_package], 1).unwrap();
    at_alice.merge_pending_commit(1).unwrap();
    let mut at_bob = bob.join(&bundle.welcome.unwrap(), 0).unwrap();
    assert_agreed(&[&at_alice, &at_bob]);
    assert_eq!((at_alice.group_id(), say(&mut at_bob, &mut at_alice, "anew")), (OTHER, "anew".to_owned()));
    bob = bob.copy();
    assert_eq!(bob.client.group_ids(), [GROUP, OTHER], "the old one stays until it is deleted");
    assert_eq!(bob.group().members().unwrap().len(), 2);
}

/// Alice, Bob, Carol and Mallory, and a commit of his that Carol can open and the others cannot: his leaf and Carol's
/// have a parent of their own, and what he seals above it, for Alice's and Bob's, is garbled.
struct Wedged {
    alice: Person,
    bob: Person,
    carol: Person,
    at_alice: GroupMember,
    at_bob: GroupMember,
    at_carol: GroupMember,
    commit: Vec<u8>,
}

impl Wedged {
    fn new() -> Self {
        let (mut alice, mut bob, mut carol) = (Person::new("alice"), Person::new("bob"), Person::new("carol"));
        let members = group_of(&mut [&mut alice, &mut bob, &mut carol], SUITE);
        let [mut at_alice, mut at_bob, mut at_carol] = <[_; 3]>::try_from(members).unwrap();
        let mut mallory = Mallory::new("mallory");
        let bundle = at_alice.add_members(&[mallory.key_package(&mallory.credential())], 0).unwrap();
        deliver(&bundle, &mut at_alice, &mut [&mut at_bob, &mut at_carol]);
        mallory.join(bundle.welcome.as_ref().unwrap(), 0);
        let of_carol = mallory.group.as_ref().unwrap().members().nth(2).unwrap().encryption_key;
        let garble = move |recipient: &[u8], sealed: &mut openmls_traits::types::HpkeCiphertext| {
            if recipient != of_carol {
                sealed.ciphertext = vec![7; sealed.ciphertext.as_slice().len()].into();
            }
        };
        let commit = mallory.lying_update(Lies { sealed_to: Some(Box::new(garble)), ..Lies::default() });
        Self { alice, bob, carol, at_alice, at_bob, at_carol, commit }
    }

    fn follow(&mut self) {
        assert!(matches!(self.at_carol.process(&self.commit, 1), Ok(Received::Commit { .. })));
        self.at_carol.merge_staged_commit(1).unwrap();
    }

    fn key_packages(&self) -> [Vec<u8>; 2] {
        [self.alice.key_package(SUITE), self.bob.key_package(SUITE)]
    }
}

#[test]
fn a_commit_that_only_some_can_open_leaves_the_others_stuck_until_they_are_readded() {
    let mut scene = Wedged::new();
    let early = scene.at_carol.encrypt(b"before", 1).unwrap();
    scene.follow();
    // Alice had a commit of her own under way; it has lost.
    scene.at_alice.self_update().unwrap();
    for member in [&mut scene.at_alice, &mut scene.at_bob] {
        assert_eq!(member.process(&scene.commit, 1), Err(CoreError::CannotFollow));
        member.mark_stuck(&scene.commit, 1).unwrap();
        member.mark_stuck(&scene.commit, 1).unwrap();
    }
    scene.alice = scene.alice.copy();
    scene.at_alice = scene.alice.group();
    let stuck = GroupStatus::Stuck { epoch: 2, code: "CANNOT_FOLLOW".to_owned() };
    assert_eq!([status(&scene.at_alice), status(&scene.at_bob)], [stuck.clone(), stuck]);

    // Nothing goes out or moves on; what was sent before can be read.
    let member = &mut scene.at_alice;
    assert!(!member.has_pending_commit());
    assert_eq!(member.encrypt(b"x", 1), Err(CoreError::GroupStuck));
    assert_eq!(member.self_update(), Err(CoreError::GroupStuck));
    assert_eq!(member.leave(), Err(CoreError::GroupStuck));
    assert_eq!(member.propose_update(), Err(CoreError::GroupStuck));
    assert_eq!(member.process(&scene.commit, 1), Err(CoreError::GroupStuck));
    assert_eq!(member.update_due(u64::MAX), quicprochat_core::UpdateDue::No);
    assert_eq!(hear(member, &early), "before");

    let key_packages = scene.key_packages();
    let readd = scene.at_carol.readd_members(&key_packages, 1).unwrap();
    scene.at_carol.merge_pending_commit(1).unwrap();
    let welcome = readd.welcome.unwrap();
    let mut at_alice = scene.alice.join(&welcome, 0).unwrap();
    let mut at_bob = scene.bob.join(&welcome, 1).unwrap();
    assert_agreed(&[&scene.at_carol, &at_alice, &at_bob]);
    let places: Vec<_> = at_bob.members().unwrap().into_iter().map(|member| member.identity.handle).collect();
    assert_eq!(places, ["alice", "bob", "carol", "mallory"]);
    assert_eq!(status(&at_alice), GroupStatus::Active);
    assert_eq!(say(&mut at_bob, &mut at_alice, "back"), "back");
    // The handle that was stuck is of a group that is no more; it reads the new one.
    scene.at_alice.refresh().unwrap();
    assert_eq!(status(&scene.at_alice), GroupStatus::Active);
}

#[test]
fn only_what_cannot_be_processed_as_a_commit_makes_a_member_stuck() {
    let mut scene = Wedged::new();
    let honest = scene.at_bob.self_update().unwrap();
    let message = scene.at_carol.encrypt(b"x", 1).unwrap();
    let proposal = scene.at_carol.propose_update().unwrap();
    scene.alice.save();
    let mut of_another = scene.commit.clone();
    of_another[5] ^= 1;
    let bad_input = |outcome| matches!(outcome, Err(CoreError::BadInput(_)));
    assert!(bad_input(scene.at_alice.mark_stuck(&honest.commit, 1)));
    assert!(bad_input(scene.at_bob.mark_stuck(&honest.commit, 1)), "our own pending one is merged");
    assert_eq!(status(&scene.at_alice), GroupStatus::Active);
    assert_eq!(scene.alice.client.take_writes(), []);
    // A relay that knows no MLS puts anything in order that has the group's access key under it.
    let anything = [
        (message, "INVALID_COMMIT"),
        (proposal, "INVALID_COMMIT"),
        (b"none".to_vec(), "WIRE_DECODE"),
        (of_another, "WRONG_GROUP"),
    ];
    for (bytes, code) in anything {
        let wedged = scene.alice.copy();
        wedged.group().mark_stuck(&bytes, 1).unwrap();
        let GroupStatus::Stuck { code: kept, .. } = status(&wedged.group()) else { panic!("not stuck") };
        assert_eq!(kept, code);
    }
    deliver(&honest, &mut scene.at_bob, &mut [&mut scene.at_alice]);
    let replayed = scene.alice.copy();
    replayed.group().mark_stuck(&scene.commit, 1).unwrap();
    assert!(matches!(status(&replayed.group()), GroupStatus::Stuck { code, .. } if code == "EPOCH_TOO_OLD"));
    // A commit of ours that we gave up and that the relay took all the same: nobody can give us its keys.
    let given_up = scene.at_alice.self_update().unwrap();
    scene.at_alice.clear_pending_commit().unwrap();
    scene.at_alice.mark_stuck(&given_up.commit, 1).unwrap();
    assert_eq!(status(&scene.at_alice), GroupStatus::Stuck { epoch: 3, code: "CANNOT_FOLLOW".to_owned() });
}

#[test]
fn a_stranger_cannot_take_a_stuck_group_over() {
    let mut scene = Wedged::new();
    scene.at_alice.mark_stuck(&scene.commit, 1).unwrap();
    let key_package = scene.alice.key_package(SUITE);
    scene.alice.save();
    // Anybody who is handed a key package can make a group of that id.
    let stranger = Person::new("stranger");
    let mut at_stranger = stranger.client.create_group(GROUP, SUITE, 0).unwrap();
    let welcome = at_stranger.add_members(&[key_package], 0).unwrap().welcome.unwrap();
    assert_eq!(scene.alice.join(&welcome, 0).err(), Some(CoreError::WelcomeInvalid));
    assert_eq!(scene.alice.client.take_writes(), []);
    assert!(matches!(status(&scene.alice.group()), GroupStatus::Stuck { .. }));
}

#[test]
fn only_members_are_readded_as_who_they_are() {
    let mut scene = Wedged::new();
    scene.follow();
    let carol = &mut scene.at_carol;
    let mut readd = |key_package: Vec<u8>| carol.readd_members(&[key_package], 1).unwrap_err();
    assert_eq!(readd(Person::new("dave").key_package(SUITE)), CoreError::NotAMember);
    assert_eq!(readd(scene.carol.key_package(SUITE)), CoreError::CannotAddSelf);
    assert_eq!(readd(scene.alice.key_package(Suite::X25519Aes128)), CoreError::UnsupportedCiphersuite);
    // Mallory's device id, certified for another handle.
    let other = Mallory::new("mallory2");
    assert_eq!(readd(other.key_package(&other.credential())), CoreError::CredentialRejected);
    let twice = scene.alice.client.generate_key_packages(SUITE, 2, 0).unwrap();
    assert_eq!(scene.at_carol.readd_members(&twice, 1), Err(CoreError::AlreadyMember));
    assert!(matches!(scene.at_carol.readd_members(&[] as &[Vec<u8>], 1), Err(CoreError::BadInput(_))));
}

#[test]
fn a_reboot_takes_members_only_and_whole_or_not_at_all() {
    let mut scene = Wedged::new();
    scene.at_bob.mark_stuck(&scene.commit, 1).unwrap();
    let stranger = Person::new("dave");
    let bob = &scene.bob;
    let key_packages = [scene.alice.key_package(SUITE), scene.carol.key_package(SUITE)];
    let reboot = |old, new, key_packages: &[Vec<u8>]| bob.client.reboot_group(old, new, key_packages, 1).err();
    bob.client.take_writes();
    assert_eq!(reboot(GROUP, OTHER, &[stranger.key_package(SUITE)]), Some(CoreError::NotAMember));
    assert_eq!(reboot(GROUP, OTHER, &[b"none".to_vec()]), Some(CoreError::KeyPackageInvalid));
    assert_eq!(reboot(GROUP, GROUP, &key_packages), Some(CoreError::GroupExists));
    assert_eq!(reboot(OTHER, GROUP, &key_packages), Some(CoreError::GroupNotFound));
    assert_eq!(bob.client.take_writes(), []);
    // Even for one who is stuck: Bob calls those together whom he trusts, and leaves Mallory out.
    let (mut at_bob, bundle) = bob.client.reboot_group(GROUP, OTHER, &key_packages, 1).unwrap();
    at_bob.merge_pending_commit(1).unwrap();
    let welcome = bundle.welcome.unwrap();
    let members = [at_bob, scene.alice.join(&welcome, 0).unwrap(), scene.carol.join(&welcome, 1).unwrap()];
    assert_agreed(&members.iter().collect::<Vec<_>>());
    assert_eq!(members[0].suite(), Ok(SUITE));
    // Who was removed calls nobody together.
    let removal = scene.at_alice.remove_members(&[2]).unwrap();
    deliver(&removal, &mut scene.at_alice, &mut [&mut scene.at_carol]);
    let key_packages = [scene.alice.key_package(SUITE)];
    let outcome = scene.carol.client.reboot_group(GROUP, GroupId([9; 16]), &key_packages, 1);
    assert_eq!(outcome.err(), Some(CoreError::RemovedFromGroup));
}

/// Key packages that are good one by one, and have a key in common: the new group is there when that is found.
#[test]
fn a_reboot_that_fails_late_leaves_no_group() {
    let mut scene = Scene::new();
    let key = scene.fresh_key();
    let of_mallory = scene.mallory.lying_key_package(|lie| lie.leaf_node.tbs.encryption_key = key.clone().into());
    let of_trudy = scene.trudy.lying_key_package(|lie| lie.leaf_node.tbs.encryption_key = key.into());
    scene.alice.save();
    let key_packages = [of_mallory.message(), of_trudy.message()];
    let outcome = scene.alice.client.reboot_group(GROUP, OTHER, &key_packages, 1);
    assert_eq!(outcome.err(), Some(CoreError::AlreadyMember));
    assert_eq!(scene.alice.client.take_writes(), []);
    assert_eq!(scene.alice.client.group_ids(), [GROUP]);
}

/// Merges another's commit, whatever else was ordered.
fn follow(member: &mut GroupMember, bundle: &CommitBundle) {
    member.process(&bundle.commit, 1).unwrap();
    member.merge_staged_commit(1).unwrap();
}

#[test]
fn the_first_authenticator_that_crosses_shows_a_fork_and_readding_ends_it() {
    let mut people = ["alice", "bob", "carol"].map(Person::new);
    let members = group_of(&mut people.iter_mut().collect::<Vec<_>>(), SUITE);
    let [mut alice, bob, _] = people;
    let [mut at_alice, mut at_bob, mut at_carol] = <[_; 3]>::try_from(members).unwrap();
    let common = at_bob.epoch_authenticator();
    // The relay hands Carol Alice's commit, and tells Bob that his own has won.
    let of_alice = at_alice.self_update().unwrap();
    at_bob.self_update().unwrap();
    at_alice.merge_pending_commit(1).unwrap();
    at_bob.merge_pending_commit(1).unwrap();
    follow(&mut at_carol, &of_alice);
    let (ours, forked) = (at_alice.epoch_authenticator(), at_bob.epoch_authenticator());
    assert_eq!(at_alice.agrees_at(1, &common), Agreement::Agrees);
    assert_eq!(at_alice.agrees_at(2, &at_carol.epoch_authenticator()), Agreement::Agrees);
    assert_eq!(at_alice.agrees_at(3, &forked), Agreement::Unknown);
    assert_eq!(at_alice.agrees_at(2, &forked), Agreement::Forked);
    assert_eq!(at_alice.agrees_at(2, &forked[..31]), Agreement::Forked);
    assert!(matches!(at_alice.mark_forked(1, &common), Err(CoreError::BadInput(_))));
    assert!(matches!(at_carol.mark_forked(0, &common), Err(CoreError::BadInput(_))), "before she joined");

    // Two commits later it still shows; three later it does not.
    for epoch in 2..5 {
        assert_eq!(at_alice.agrees_at(2, &forked), Agreement::Forked, "in epoch {epoch}");
        let update = at_alice.self_update().unwrap();
        deliver(&update, &mut at_alice, &mut [&mut at_carol]);
        alice = alice.copy();
        at_alice = alice.group();
    }
    assert_eq!(at_alice.agrees_at(2, &forked), Agreement::Unknown);

    // Bob has gone on alone meanwhile.
    for _ in 2..4 {
        at_bob.self_update().unwrap();
        at_bob.merge_pending_commit(1).unwrap();
    }
    let later = at_alice.epoch_authenticator();
    assert!(matches!(at_bob.mark_forked(5, &later), Err(CoreError::BadInput(_))), "Bob has no fifth epoch");
    at_bob.mark_forked(2, &ours).unwrap();
    at_alice.mark_forked(4, &at_bob.epoch_authenticator()).unwrap();
    at_alice.mark_forked(3, &forked).unwrap();
    alice = alice.copy();
    at_alice = alice.group();
    assert_eq!(status(&at_alice), GroupStatus::Forked { epoch: 4 });
    assert_eq!(status(&at_bob), GroupStatus::Forked { epoch: 2 });

    let readd = at_alice.readd_members(&[bob.key_package(SUITE)], 1).unwrap();
    deliver(&readd, &mut at_alice, &mut [&mut at_carol]);
    let mut at_bob = bob.join(&readd.welcome.unwrap(), 0).unwrap();
    assert_agreed(&[&at_alice, &at_bob, &at_carol]);
    assert_eq!([&at_alice, &at_bob, &at_carol].map(status), [const { GroupStatus::Active }; 3]);
    assert_eq!(say(&mut at_bob, &mut at_carol, "one group"), "one group");
}

#[test]
fn a_welcome_replaces_only_what_is_marked() {
    let (mut alice, bob, mut at_alice, mut at_bob) = two();
    // Alice removes Bob and adds him again, and Bob, who has heard of neither, has his Welcome before.
    let readd = at_alice.readd_members(&[bob.key_package(SUITE)], 1).unwrap();
    at_alice.merge_pending_commit(1).unwrap();
    let welcome = readd.welcome.clone().unwrap();
    assert_eq!(bob.join(&welcome, 0).err(), Some(CoreError::GroupExists));
    // In the log's order it works: the commit removes him, and so makes room.
    follow(&mut at_bob, &readd);
    assert_eq!(status(&at_bob), GroupStatus::Removed);
    assert_eq!(at_bob.agrees_at(2, &at_alice.epoch_authenticator()), Agreement::Unknown);
    let at_bob = bob.join(&welcome, 0).unwrap();
    assert_agreed(&[&at_alice, &at_bob]);
    // And nothing of the old seat's standing is left.
    assert_eq!(status(&at_bob), GroupStatus::Active);
    alice.save();
    alice.client.delete_group(GROUP).unwrap();
    alice.save();
    assert!(alice.records.keys().all(|key| key[0] != 0x23), "deleted with the group");
}
