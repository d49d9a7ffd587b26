//! Commits and their paths.

use quicprochat_core::CoreError;

use super::{Row, remove};
use crate::{
    mallory::{
        forge::Lies,
        wire::{Extension, Proposal, ProposalOrRef},
    },
    scene::{BOB, MALLORY},
};

pub const ROWS: &[Row] = &[
    ("ValSem200", "the committer's own removal", "AttemptedSelfRemoval", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| commit.proposals.push(remove(MALLORY)))
    }),
    ("ValSem201", "no path with a removal", "RequiredPathNotFound", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| {
            commit.proposals.push(remove(BOB));
            commit.path = None;
        })
    }),
    ("ValSem201", "no path with nothing", "RequiredPathNotFound", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| commit.path = None)
    }),
    ("ValSem202", "a path too short", "PathLengthMismatch", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| drop(commit.path.as_mut().unwrap().nodes.pop()))
    }),
    ("ValSem202", "a path too long", "PathLengthMismatch", CoreError::InvalidCommit, |scene| {
        let key = scene.fresh_key();
        scene.mallory.lying_commit(move |commit| {
            let nodes = &mut commit.path.as_mut().unwrap().nodes;
            let mut node = nodes[0].clone();
            node.encryption_key = key.clone().into();
            nodes.push(node);
        })
    }),
    ("ValSem203", "a path secret that does not open", "UnableToDecrypt", CoreError::CannotFollow, |scene| {
        let garbled = |sealed: &mut openmls_traits::types::HpkeCiphertext| {
            let mut bytes = sealed.ciphertext.as_slice().to_vec();
            bytes[0] ^= 1;
            sealed.ciphertext = bytes.into();
        };
        scene.mallory.lying_update(Lies { sealed: Some(Box::new(garbled)), ..Lies::default() })
    }),
    ("ValSem204", "a path secret of other keys", "PathMismatch", CoreError::CannotFollow, |scene| {
        scene.mallory.lying_update(Lies {
            path_secret: Some(Box::new(|secret| *secret.last_mut().unwrap() ^= 1)),
            ..Lies::default()
        })
    }),
    ("ValSem204", "a path key of other secrets", "ParentHashMismatch", CoreError::InvalidCommit, |scene| {
        let key = scene.fresh_key();
        scene.mallory.lying_commit(move |commit| {
            commit.path.as_mut().unwrap().nodes[0].encryption_key = key.clone().into();
        })
    }),
    ("ValSem205", "another confirmation tag", "ConfirmationTagMismatch", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_draft(|draft| draft.tag[5] ^= 1)
    }),
    (
        "ValSem206",
        "a member's encryption key in the path's leaf",
        "DuplicateEncryptionKey",
        CoreError::InvalidCommit,
        |scene| {
            let key = scene.encryption_key(BOB);
            scene.path_leaf(move |leaf| leaf.encryption_key = key.clone().into())
        },
    ),
    (
        "ValSem207",
        "a member's encryption key in the path",
        "DuplicateEncryptionKey",
        CoreError::InvalidCommit,
        |scene| {
            let key = scene.encryption_key(BOB);
            scene.mallory.lying_commit(move |commit| {
                commit.path.as_mut().unwrap().nodes[0].encryption_key = key.clone().into();
            })
        },
    ),
    (
        "ValSem208",
        "two changes of the group's extensions",
        "GroupContextExtensions",
        CoreError::PolicyRejected,
        |scene| {
            let extensions = |kinds: &[u16]| {
                let extensions = kinds.iter().map(|&kind| Extension { kind, data: b"x".to_vec().into() });
                ProposalOrRef::Proposal(Proposal::GroupContextExtensions(extensions.collect()))
            };
            scene.mallory.lying_commit(move |commit| commit.proposals.extend([extensions(&[]), extensions(&[0xf00d])]))
        },
    ),
    (
        "ValSem209",
        "a group extension that nobody supports",
        "ExtensionNotInRequiredCapabilities",
        CoreError::PolicyRejected,
        |scene| {
            let extension = Extension { kind: 0xf00d, data: b"x".to_vec().into() };
            scene.mallory.lying_commit(move |commit| {
                commit
                    .proposals
                    .push(ProposalOrRef::Proposal(Proposal::GroupContextExtensions(vec![extension.clone()])));
            })
        },
    ),
    ("valn0310", "an external init by a member", "ExternalInit", CoreError::PolicyRejected, |scene| {
        scene.mallory.lying_commit(|commit| {
            commit.proposals.push(ProposalOrRef::Proposal(Proposal::ExternalInit(vec![7; 32].into())));
        })
    }),
    ("valn1201", "a proposal that nobody sent", "MissingProposal", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| commit.proposals.push(ProposalOrRef::Reference(vec![7; 32].into())))
    }),
];
