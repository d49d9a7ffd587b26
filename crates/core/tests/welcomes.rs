//! Welcomes of a hostile inviter, sealed and signed as they should be and right but for one thing in the group info or
//! its ratchet tree. None is followed, and the key package that each was for stays.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;

use mallory::{
    Mallory,
    forge::{Lies, vector},
    wire::{self, GroupInfo, RATCHET_TREE},
};
use people::{Person, SUITE};
use quicprochat_core::CoreError;

type Row = (&'static str, CoreError, fn(&mut GroupInfo));

const ROWS: &[Row] = &[
    ("no ratchet tree", CoreError::WelcomeInvalid, |info| {
        info.extensions.retain(|extension| extension.kind != RATCHET_TREE)
    }),
    // ValSem300
    ("a blank leaf at the tree's end", CoreError::WelcomeInvalid, |info| with_tree(info, |tree| tree.push(0))),
    ("blanks to the next full tree", CoreError::WelcomeInvalid, |info| with_tree(info, |tree| tree.extend([0; 4]))),
    ("a tree cut short", CoreError::WelcomeInvalid, |info| with_tree(info, |tree| tree.truncate(tree.len() - 1))),
    ("an empty tree", CoreError::WelcomeInvalid, |info| with_tree(info, Vec::clear)),
    ("another key in a leaf of the tree", CoreError::WelcomeInvalid, |info| with_tree(info, |tree| tree[8] ^= 1)),
    ("another signature in a leaf of the tree", CoreError::WelcomeInvalid, |info| {
        with_tree(info, |tree| *tree.last_mut().unwrap() ^= 1);
    }),
    ("another tree hash", CoreError::WelcomeInvalid, |info| info.context.tree_hash = vec![7; 32].into()),
    ("a short tree hash", CoreError::WelcomeInvalid, |info| info.context.tree_hash = Vec::new().into()),
    ("another transcript", CoreError::WelcomeInvalid, |info| {
        info.context.confirmed_transcript_hash = vec![7; 32].into();
    }),
    ("another confirmation tag", CoreError::WelcomeInvalid, |info| info.confirmation_tag = vec![7; 32].into()),
    ("an empty confirmation tag", CoreError::WelcomeInvalid, |info| info.confirmation_tag = Vec::new().into()),
    ("another epoch", CoreError::WelcomeInvalid, |info| info.context.epoch += 1),
    ("another suite", CoreError::UnsupportedCiphersuite, |info| info.context.suite = 1),
    ("an unknown suite", CoreError::WelcomeInvalid, |info| info.context.suite = 0xf00d),
    ("another version", CoreError::WelcomeInvalid, |info| info.context.version = 2),
    ("another group", CoreError::WelcomeInvalid, |info| info.context.group_id = vec![8; 16].into()),
    ("an id of another length", CoreError::PolicyRejected, |info| info.context.group_id = vec![7; 17].into()),
    ("the joiner as the signer", CoreError::WelcomeInvalid, |info| info.signer = 1),
    ("nobody as the signer", CoreError::WelcomeInvalid, |info| info.signer = 2),
    ("a signer beyond the tree", CoreError::WelcomeInvalid, |info| info.signer = u32::MAX),
];

#[test]
fn no_welcome_with_a_lie_is_followed() {
    let mut failures = Vec::new();
    for (what, code, lie) in ROWS {
        let (bob, welcome, key_package) = invited(Some(*lie));
        let outcome = bob.client.join(&welcome, 1).map(|_| ());
        println!("{what}: {outcome:?}");
        if outcome != Err(code.clone()) {
            failures.push(format!("{what}: {outcome:?}, expected {code:?}"));
        }
        assert_eq!(bob.client.take_writes(), [], "{what}");
        let honest = Mallory::of("mallory", 0xa1).invite(&key_package);
        assert!(bob.client.join(&honest, 1).is_ok(), "{what}: the key package is gone");
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Confirmation tags of every wrong length, their start right.
#[test]
fn confirmation_tags_have_one_length() {
    for length in (0..=64).filter(|length| *length != 32) {
        let mut bob = Person::new("bob");
        let key_package = bob.key_package(SUITE);
        bob.save();
        let resize = move |info: &mut GroupInfo| {
            let mut tag = info.confirmation_tag.as_slice().to_vec();
            tag.resize(length, 0);
            info.confirmation_tag = tag.into();
        };
        let welcome = lying_welcome(&key_package, resize);
        assert_eq!(bob.client.join(&welcome, 1).err(), Some(CoreError::WelcomeInvalid), "{length}");
        assert_eq!(bob.client.take_writes(), []);
    }
}

fn invited(lie: Option<fn(&mut GroupInfo)>) -> (Person, Vec<u8>, Vec<u8>) {
    let mut bob = Person::new("bob");
    let key_package = bob.key_package(SUITE);
    bob.save();
    let welcome = lying_welcome(&key_package, lie.unwrap_or(|_| {}));
    (bob, welcome, key_package)
}

fn lying_welcome(key_package: &[u8], mut lie: impl FnMut(&mut GroupInfo) + Send + 'static) -> Vec<u8> {
    let edit = move |bytes: &mut Vec<u8>| {
        let mut info = wire::read(bytes);
        lie(&mut info);
        *bytes = wire::write(&info);
    };
    let lies = Lies { group_info: Some(Box::new(edit)), ..Lies::default() };
    Mallory::of("mallory", 0xa1).lying(lies, |mallory| mallory.invite(key_package))
}

/// Changes the nodes of the ratchet tree, and leaves the tree hash as it was.
fn with_tree(info: &mut GroupInfo, edit: impl FnOnce(&mut Vec<u8>)) {
    let extension = info.extensions.iter_mut().find(|extension| extension.kind == RATCHET_TREE).unwrap();
    let mut nodes = mallory::forge::read_vector(extension.data.as_slice()).1.to_vec();
    edit(&mut nodes);
    extension.data = vector(&nodes).into();
}
