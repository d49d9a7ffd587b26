//! Welcomes of a hostile inviter, sealed and signed as they should be and right but for one thing in the group info or
//! its ratchet tree. None is followed, and the key package that each was for stays.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;

use mallory::{
    Mallory,
    forge::{Lies, read_vector, vector},
    wire::{self, Extension, GroupInfo, RATCHET_TREE},
};
use people::{Person, SUITE};
use quicprochat_core::{CoreError, WelcomeBundle};

/// What he lies about.
#[derive(Clone, Copy)]
enum Lie {
    /// The group info, before it is signed and sealed.
    Info(fn(&mut GroupInfo)),
    /// The nodes of the ratchet tree, while its hash stays as it was.
    Tree(fn(&mut Vec<u8>)),
}

type Row = (&'static str, CoreError, Lie);

const ROWS: &[Row] = &[
    (
        "a tree in the group info too",
        CoreError::WelcomeInvalid,
        Lie::Info(|info| {
            info.extensions.push(Extension { kind: RATCHET_TREE, data: vec![0].into() });
        }),
    ),
    // ValSem300
    ("a blank leaf at the tree's end", CoreError::WelcomeInvalid, Lie::Tree(|tree| tree.push(0))),
    ("blanks to the next full tree", CoreError::WelcomeInvalid, Lie::Tree(|tree| tree.extend([0; 4]))),
    ("a tree cut short", CoreError::WelcomeInvalid, Lie::Tree(|tree| tree.truncate(tree.len() - 1))),
    ("an empty tree", CoreError::WelcomeInvalid, Lie::Tree(Vec::clear)),
    ("another key in a leaf of the tree", CoreError::WelcomeInvalid, Lie::Tree(|tree| tree[8] ^= 1)),
    (
        "another signature in a leaf of the tree",
        CoreError::WelcomeInvalid,
        Lie::Tree(|tree| {
            *tree.last_mut().unwrap() ^= 1;
        }),
    ),
    ("another tree hash", CoreError::WelcomeInvalid, Lie::Info(|info| info.context.tree_hash = vec![7; 32].into())),
    ("a short tree hash", CoreError::WelcomeInvalid, Lie::Info(|info| info.context.tree_hash = Vec::new().into())),
    (
        "another transcript",
        CoreError::WelcomeInvalid,
        Lie::Info(|info| {
            info.context.confirmed_transcript_hash = vec![7; 32].into();
        }),
    ),
    (
        "another confirmation tag",
        CoreError::WelcomeInvalid,
        Lie::Info(|info| info.confirmation_tag = vec![7; 32].into()),
    ),
    (
        "an empty confirmation tag",
        CoreError::WelcomeInvalid,
        Lie::Info(|info| info.confirmation_tag = Vec::new().into()),
    ),
    ("another epoch", CoreError::WelcomeInvalid, Lie::Info(|info| info.context.epoch += 1)),
    ("another suite", CoreError::UnsupportedCiphersuite, Lie::Info(|info| info.context.suite = 1)),
    ("an unknown suite", CoreError::WelcomeInvalid, Lie::Info(|info| info.context.suite = 0xf00d)),
    ("another version", CoreError::WelcomeInvalid, Lie::Info(|info| info.context.version = 2)),
    ("another group", CoreError::WelcomeInvalid, Lie::Info(|info| info.context.group_id = vec![8; 16].into())),
    (
        "an id of another length",
        CoreError::PolicyRejected,
        Lie::Info(|info| info.context.group_id = vec![7; 17].into()),
    ),
    ("the joiner as the signer", CoreError::WelcomeInvalid, Lie::Info(|info| info.signer = 1)),
    ("nobody as the signer", CoreError::WelcomeInvalid, Lie::Info(|info| info.signer = 2)),
    ("a signer beyond the tree", CoreError::WelcomeInvalid, Lie::Info(|info| info.signer = u32::MAX)),
];

#[test]
fn no_welcome_with_a_lie_is_followed() {
    let mut failures = Vec::new();
    for (what, code, lie) in ROWS {
        let (bob, key_package) = invitee();
        let outcome = bob.join(&lying_welcome(&key_package, *lie), 0).map(|_| ());
        println!("{what}: {outcome:?}");
        if outcome != Err(code.clone()) {
            failures.push(format!("{what}: {outcome:?}, expected {code:?}"));
        }
        assert_eq!(bob.client.take_writes(), [], "{what}");
        let honest = Mallory::of("mallory", 0xa1).invite(&key_package, |tree| tree);
        assert!(bob.join(&honest, 0).is_ok(), "{what}: the key package is gone");
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Confirmation tags of every wrong length, their start right.
#[test]
fn confirmation_tags_have_one_length() {
    for length in (0..=64).filter(|length| *length != 32) {
        let (bob, key_package) = invitee();
        let resize = move |info: &mut GroupInfo| {
            let mut tag = info.confirmation_tag.as_slice().to_vec();
            tag.resize(length, 0);
            info.confirmation_tag = tag.into();
        };
        let welcome = with_info(&key_package, resize);
        assert_eq!(bob.join(&welcome, 0).err(), Some(CoreError::WelcomeInvalid), "{length}");
        assert_eq!(bob.client.take_writes(), []);
    }
}

fn invitee() -> (Person, Vec<u8>) {
    let mut bob = Person::new("bob");
    let key_package = bob.key_package(SUITE);
    bob.save();
    (bob, key_package)
}

fn lying_welcome(key_package: &[u8], lie: Lie) -> WelcomeBundle {
    match lie {
        Lie::Info(lie) => with_info(key_package, lie),
        Lie::Tree(lie) => Mallory::of("mallory", 0xa1).invite(key_package, |tree| {
            let mut nodes = read_vector(&tree).1.to_vec();
            lie(&mut nodes);
            vector(&nodes)
        }),
    }
}

fn with_info(key_package: &[u8], mut lie: impl FnMut(&mut GroupInfo) + Send + 'static) -> WelcomeBundle {
    let edit = move |bytes: &mut Vec<u8>| {
        let mut info = wire::read(bytes);
        lie(&mut info);
        *bytes = wire::write(&info);
    };
    let lies = Lies { group_info: Some(Box::new(edit)), ..Lies::default() };
    Mallory::of("mallory", 0xa1).lying(lies, |mallory| mallory.invite(key_package, |tree| tree))
}
