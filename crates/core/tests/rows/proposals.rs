//! Proposals of a commit.

use quicprochat_core::CoreError;

use super::{Row, psk, remove};
use crate::{
    mallory::{
        Mallory,
        wire::{self, Commit, LeafNodeSource, Proposal, ProposalOrRef},
    },
    scene::{BOB, MALLORY},
};

pub const ROWS: &[Row] = &[
    ("ValSem101", "a member's signature key again", "DuplicateSignatureKey", CoreError::InvalidCommit, |scene| {
        let key = scene.mallory.leaf.clone();
        scene.add(move |eve| eve.leaf = key.clone(), |_| {})
    }),
    ("ValSem101", "two adds with one signature key", "DuplicateSignatureKey", CoreError::InvalidCommit, |scene| {
        let (eve, mut heidi) = (Mallory::of("eve", 0xb1), Mallory::of("heidi", 0xc1));
        heidi.leaf = eve.leaf.clone();
        scene.add_two(eve.lying_key_package(|_| {}), heidi.lying_key_package(|_| {}))
    }),
    ("ValSem102", "two adds with one init key", "DuplicateInitKey", CoreError::InvalidCommit, |scene| {
        let first = Mallory::of("eve", 0xb1).lying_key_package(|_| {});
        let init_key = first.tbs.init_key.clone();
        let second = Mallory::of("heidi", 0xc1).lying_key_package(|key_package| key_package.init_key = init_key);
        scene.add_two(first, second)
    }),
    ("ValSem103", "a member's encryption key again", "DuplicateEncryptionKey", CoreError::InvalidCommit, |scene| {
        let key = scene.encryption_key(BOB);
        scene.add(|_| {}, move |key_package| key_package.leaf_node.tbs.encryption_key = key.clone().into())
    }),
    ("ValSem103", "two adds with one encryption key", "DuplicateEncryptionKey", CoreError::InvalidCommit, |scene| {
        let first = Mallory::of("eve", 0xb1).lying_key_package(|_| {});
        let key = first.tbs.leaf_node.tbs.encryption_key.clone();
        let second =
            Mallory::of("heidi", 0xc1).lying_key_package(|key_package| key_package.leaf_node.tbs.encryption_key = key);
        scene.add_two(first, second)
    }),
    (
        "ValSem104",
        "an init key that is the leaf's",
        "InitKeyEqualsEncryptionKey",
        CoreError::InvalidProposal,
        |scene| {
            scene.add(|_| {}, |key_package| key_package.init_key = key_package.leaf_node.tbs.encryption_key.clone())
        },
    ),
    ("ValSem105", "an add of another suite", "InvalidAddProposalCiphersuite", CoreError::InvalidProposal, |scene| {
        scene.add(|_| {}, |key_package| key_package.suite = 1)
    }),
    ("ValSem105", "an add of another version", "InvalidProtocolVersion", CoreError::InvalidProposal, |scene| {
        scene.add(|_| {}, |key_package| key_package.version = 2)
    }),
    ("ValSem106", "an add that lacks the suite", "CiphersuiteNotInCapabilities", CoreError::InvalidCommit, |scene| {
        scene.add(|_| {}, |key_package| key_package.leaf_node.tbs.capabilities.suites = vec![1])
    }),
    ("ValSem106", "an add that lacks its credential", "UnsupportedCredentials", CoreError::InvalidCommit, |scene| {
        scene.add(|_| {}, |key_package| key_package.leaf_node.tbs.capabilities.credentials.clear())
    }),
    ("ValSem107", "one member removed twice", "DuplicateMemberRemoval", CoreError::InvalidCommit, |scene| {
        scene.remove_bob(|commit| commit.proposals.push(remove(BOB)))
    }),
    ("ValSem108", "a removed blank leaf", "UnknownMemberRemoval", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| commit.proposals.push(remove(6)))
    }),
    ("ValSem108", "a removed leaf beyond the tree", "UnknownMemberRemoval", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| commit.proposals.push(remove(u32::MAX)))
    }),
    ("ValSem109", "an update that lacks the suite", "InsufficientCapabilities", CoreError::InvalidCommit, |scene| {
        scene.update(|leaf| leaf.capabilities.suites = vec![1])
    }),
    (
        "ValSem110",
        "an update to a member's encryption key",
        "DuplicateEncryptionKey",
        CoreError::InvalidCommit,
        |scene| {
            let key = scene.encryption_key(BOB);
            scene.update(move |leaf| leaf.encryption_key = key.clone().into())
        },
    ),
    (
        "ValSem111",
        "a committed update of the committer",
        "CommitterIncludedOwnUpdate",
        CoreError::InvalidCommit,
        |scene| {
            let key = scene.mallory.leaf.0.clone();
            scene.mallory.lying_commit(move |commit| {
                let mut leaf = commit.path.as_ref().unwrap().leaf_node.clone();
                leaf.tbs.source = LeafNodeSource::Update;
                leaf.sign(&key, Some(MALLORY));
                commit.proposals.push(ProposalOrRef::Proposal(Proposal::Update(leaf)));
            })
        },
    ),
    ("ValSem113", "a proposal of an unknown type", "UnsupportedProposalType", CoreError::PolicyRejected, |scene| {
        scene.mallory.lying_commit(|commit| {
            commit.proposals.push(ProposalOrRef::Proposal(Proposal::Unknown(b"x".to_vec().into())));
        })
    }), // --- PSKs
    ("ValSem401", "a nonce that is too short", "Psk", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| commit.proposals.push(psk(16)))
    }),
    ("ValSem401", "a nonce that is too long", "Psk", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| commit.proposals.push(psk(48)))
    }),
    ("ValSem402", "an unknown type of PSK", "MalformedContent", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_draft(|draft| {
            let mut commit: Commit = wire::read(&draft.content);
            commit.proposals.push(psk(32));
            let bytes = wire::write(&commit);
            let at = bytes.windows(4).position(|window| window == [1, 0, 4, 1]).unwrap();
            draft.content = [&bytes[..at + 3], &[9], &bytes[at + 4..]].concat();
        })
    }),
    ("ValSem403", "one PSK twice", "DuplicatePskId", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| commit.proposals.extend([psk(32), psk(32)]))
    }),
];
