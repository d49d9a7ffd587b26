//! The frame of a message, and leaves in it.

use quicprochat_core::CoreError;

use super::{Row, psk, remove};
use crate::{
    mallory::{
        forge::Lies,
        wire::{self, Commit, LeafNodeSource},
    },
    scene::{BOB, TRUDY},
};

pub const ROWS: &[Row] = &[
    ("ValSem002", "another group's id", "WrongGroupId", CoreError::WrongGroup, |scene| {
        let mut message = scene.mallory.send(b"x");
        message[5] ^= 1;
        message
    }),
    ("ValSem003", "a later epoch", "WrongEpoch", CoreError::EpochAhead, |scene| {
        let mut message = scene.mallory.send(b"x");
        message[28] += 1;
        message
    }),
    ("ValSem003", "a handshake of an earlier epoch", "WrongEpoch", CoreError::EpochTooOld, |scene| {
        let mut message = scene.mallory.lying_commit(|_| {});
        message[28] -= 1;
        message
    }),
    ("ValSem004", "a sender beyond the tree", "UnableToDecrypt", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_send(Lies { sender_data: Some(Box::new(|data| data[3] = 77)), ..Lies::default() })
    }),
    ("ValSem004", "a sender that is a blank leaf", "UnableToDecrypt", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_send(Lies { sender_data: Some(Box::new(|data| data[3] = 5)), ..Lies::default() })
    }),
    ("ValSem004", "another member as the sender", "UnableToDecrypt", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_send(Lies { sender_data: Some(Box::new(|data| data[3] = BOB as u8)), ..Lies::default() })
    }),
    ("ValSem006", "a ciphertext of other keys", "UnableToDecrypt", CoreError::DecryptFailed, |scene| {
        let mut message = scene.mallory.send(b"x");
        *message.last_mut().unwrap() ^= 1;
        message
    }),
    ("ValSem009", "a commit without a confirmation tag", "UnableToDecrypt", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_draft(|draft| draft.tag.clear())
    }),
    ("ValSem010", "a signature over something else", "InvalidSignature", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_draft(|draft| draft.signature[7] ^= 1)
    }),
    ("ValSem010", "an unsigned change", "InvalidSignature", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_draft(|draft| {
            let mut commit: Commit = wire::read(&draft.content);
            commit.proposals.push(remove(BOB));
            draft.content = wire::write(&commit);
            draft.is_resigned = false;
        })
    }),
    ("ValSem010", "an unsigned PSK that is not here", "InvalidSignature", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_draft(|draft| {
            let mut commit: Commit = wire::read(&draft.content);
            commit.proposals.push(psk(32));
            draft.content = wire::write(&commit);
            draft.is_resigned = false;
        })
    }),
    ("ValSem011", "padding that is not zero", "UnableToDecrypt", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_draft(|draft| draft.padding = vec![0, 0, 1])
    }), // --- Leaves (§7.3)
    (
        "valn0106",
        "a leaf signature of another place",
        "UpdatePathError(SignatureError",
        CoreError::InvalidCommit,
        |scene| {
            let key = scene.mallory.leaf.0.clone();
            scene.mallory.lying_commit(move |commit| commit.path.as_mut().unwrap().leaf_node.sign(&key, Some(TRUDY)))
        },
    ),
    (
        "valn0111",
        "another member's signature key in a path",
        "UpdatePathError(SignatureError",
        CoreError::InvalidCommit,
        |scene| {
            let key = scene.trudy.leaf.0.verifying_key().to_bytes().to_vec();
            scene.path_leaf(move |leaf| leaf.signature_key = key.clone().into())
        },
    ),
    (
        "valn1207",
        "a path leaf that lacks the suite",
        "CiphersuiteNotInCapabilities",
        CoreError::InvalidCommit,
        |scene| scene.path_leaf(|leaf| leaf.capabilities.suites = vec![1]),
    ),
    ("valn1207", "a path leaf of an update", "UpdatePathError(InvalidType)", CoreError::InvalidCommit, |scene| {
        scene.path_leaf(|leaf| leaf.source = LeafNodeSource::Update)
    }),
    ("public", "a commit in the clear", "IncompatibleWireFormat", CoreError::PolicyRejected, |scene| {
        scene.mallory.public_commit()
    }),
];
