//! Every rule of RFC 9420's validation that openmls names (its ValSem list), broken by a hostile member in a message that
//! is right but for that.
//!
//! Each row says what is broken and how, what plain openmls sees broken in Alice's place (so that the row is known to
//! break this rule and no other), and the code that the core answers with. The records are the same before and after.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;
mod scene;
mod thief;

use mallory::{
    Mallory,
    forge::Lies,
    wire::{Commit, Extension, LeafNodeSource, Proposal, ProposalOrRef},
};
use quicprochat_core::CoreError;
use scene::{BOB, MALLORY, Scene, TRUDY};

/// A rule, how it is broken, what openmls says, what the core says, and the message.
type Row = (&'static str, &'static str, &'static str, CoreError, fn(&mut Scene) -> Vec<u8>);

/// Rules that no private message of a member can break, or that do not apply, and why.
const NOT_APPLICABLE: &[(&str, &str)] = &[
    ("ValSem005", "of public messages; none is taken (tests/adversary.rs and the row `public`)"),
    ("ValSem007", "membership tags are in public messages; none is taken"),
    ("ValSem008", "membership tags are in public messages; none is taken"),
    ("ValSem112", "a private message's sender is a member by its form"),
    ("ValSem240", "external commits are public messages; none is taken (tests/adversary.rs)"),
    ("ValSem241", "external commits are public messages; none is taken"),
    ("ValSem242", "external commits are public messages; none is taken"),
    ("ValSem243", "external commits are public messages; none is taken"),
    ("ValSem244", "external commits are public messages; none is taken"),
    ("ValSem245", "external commits are public messages; none is taken"),
    ("ValSem246", "external commits are public messages; none is taken"),
    ("ValSem247", "external commits are public messages; none is taken"),
    ("ValSem300", "of Welcomes: tests/welcomes.rs"),
    ("ValSem400", "a limit on resumption PSKs; no PSK is taken"),
];

const ROWS: &[Row] = &[
    // --- Framing
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
            let mut commit: Commit = mallory::wire::read(&draft.content);
            commit.proposals.push(remove(BOB));
            draft.content = mallory::wire::write(&commit);
            draft.is_resigned = false;
        })
    }),
    ("ValSem011", "padding that is not zero", "UnableToDecrypt", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_draft(|draft| draft.padding = vec![0, 0, 1])
    }),
    // --- Proposals of a commit
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
    }),
    // --- Commits
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
    ("ValSem203", "a path secret that does not open", "UnableToDecrypt", CoreError::InvalidCommit, |scene| {
        let garbled = |sealed: &mut openmls_traits::types::HpkeCiphertext| {
            let mut bytes = sealed.ciphertext.as_slice().to_vec();
            bytes[0] ^= 1;
            sealed.ciphertext = bytes.into();
        };
        scene.mallory.lying_update(Lies { sealed: Some(Box::new(garbled)), ..Lies::default() })
    }),
    ("ValSem204", "a path secret of other keys", "PathMismatch", CoreError::InvalidCommit, |scene| {
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
    // --- PSKs
    ("ValSem401", "a nonce that is too short", "Psk", CoreError::PolicyRejected, |scene| {
        scene.mallory.lying_commit(|commit| commit.proposals.push(psk(16)))
    }),
    ("ValSem402", "an unknown type of PSK", "MalformedContent", CoreError::DecryptFailed, |scene| {
        scene.mallory.lying_draft(|draft| {
            let mut commit: Commit = mallory::wire::read(&draft.content);
            commit.proposals.push(psk(32));
            let bytes = mallory::wire::write(&commit);
            let at = bytes.windows(4).position(|window| window == [1, 0, 4, 1]).unwrap();
            draft.content = [&bytes[..at + 3], &[9], &bytes[at + 4..]].concat();
        })
    }),
    ("ValSem403", "one PSK twice", "DuplicatePskId", CoreError::InvalidCommit, |scene| {
        scene.mallory.lying_commit(|commit| commit.proposals.extend([psk(32), psk(32)]))
    }),
    // --- Leaves (§7.3)
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

#[test]
fn no_rule_can_be_broken() {
    let mut failures = Vec::new();
    for (rule, how, verdict, code, make) in ROWS {
        let mut scene = Scene::new();
        let message = make(&mut scene);
        let seen = scene.judge(&message);
        let outcome = scene.refused(|member| member.process(&message, 1));
        println!("{rule}: {how}: {} ({seen})", outcome.code());
        if !seen.contains(verdict) || seen == "nothing" || outcome != *code {
            failures.push(format!("{rule}: {how}: {outcome:?}, expected {code:?}; openmls saw {seen}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The builder's own messages, with no lie in them, are taken: a row that fails fails for its lie.
#[test]
fn the_builder_is_honest_but_for_what_it_is_told() {
    let mut scene = Scene::new();
    let commit = scene.mallory.lying_commit(|_| {});
    assert!(scene.at_alice.process(&commit, 1).is_ok());
    scene.at_alice.discard_staged_commit().unwrap();
    let eve = Mallory::of("eve", 0xb1);
    let commit = scene.mallory.lying_addition(&eve.key_package(&eve.credential()), |_| {});
    assert!(scene.at_alice.process(&commit, 1).is_ok());
}

/// Confirmation tags of every wrong length, their start right (GHSA-8x3w-qj7j-gqhf: short ones were once taken).
#[test]
fn confirmation_tags_have_one_length() {
    let mut scene = Scene::new();
    for length in (0..=80).filter(|length| *length != 32) {
        let message = scene.mallory.lying_draft(move |draft| {
            let mut tag = draft.tag[1..].to_vec();
            tag.resize(length, 0);
            draft.tag = mallory::forge::vector(&tag);
        });
        let error = scene.refused(|member| member.process(&message, 1));
        assert!(matches!(error, CoreError::InvalidCommit | CoreError::DecryptFailed), "{length}: {error:?}");
    }
}

/// The list above is openmls's whole list.
#[test]
fn every_named_rule_is_here() {
    let named = (2..=11).chain(101..=113).chain(200..=209).chain(240..=247).chain([300]).chain(400..=403);
    for rule in named.map(|number| format!("ValSem{number:03}")) {
        let is_here = ROWS.iter().any(|row| row.0 == rule) || NOT_APPLICABLE.iter().any(|(name, _)| *name == rule);
        assert!(is_here, "{rule} is neither broken nor excused");
    }
}

fn remove(leaf: u32) -> ProposalOrRef {
    ProposalOrRef::Proposal(Proposal::Remove(leaf))
}

fn psk(nonce: usize) -> ProposalOrRef {
    ProposalOrRef::Proposal(Proposal::ExternalPsk(1, b"psk".to_vec().into(), vec![0; nonce].into()))
}
