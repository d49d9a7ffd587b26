//! Curve points and signatures that are not what they should be: small-order X25519 and Ed25519 keys in every place where
//! a member or a stranger can put one, keys of wrong lengths, malleated signatures.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;
mod scene;
mod thief;

use mallory::{Mallory, forge::Lies};
use people::{SUITE, assert_agreed, deliver};
use quicprochat_core::CoreError;
use scene::Scene;

/// Every encoding of a u-coordinate of small order (RFC 7748; Cremers and Jackson, ePrint 2019/526), the top bit clear:
/// X25519 ignores it, so each stands for two.
fn small_order_points() -> Vec<[u8; 32]> {
    let order_8 = [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ];
    // 0, 1, p - 1, p, p + 1 with p = 2^255 - 19.
    let little = |first: u8, rest: u8, last: u8| {
        let mut point = [rest; 32];
        (point[0], point[31]) = (first, last);
        point
    };
    let near = [
        little(0, 0, 0),
        little(1, 0, 0),
        little(0xec, 0xff, 0x7f),
        little(0xed, 0xff, 0x7f),
        little(0xee, 0xff, 0x7f),
    ];
    let all = near.into_iter().chain(order_8.map(unhex));
    all.flat_map(|point| {
        let mut twin = point;
        twin[31] |= 0x80;
        [point, twin]
    })
    .collect()
}

/// The Ed25519 keys of small order, in their canonical encodings.
fn small_order_keys() -> Vec<[u8; 32]> {
    [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    ]
    .map(unhex)
    .to_vec()
}

fn unhex(digits: &str) -> [u8; 32] {
    let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
    std::array::from_fn(byte)
}

/// Keys that nothing can be sealed to: small order, and lengths that are none.
fn bad_keys() -> Vec<Vec<u8>> {
    let lengths = [0, 1, 31, 33, 64].map(|length| vec![9; length]);
    small_order_points().iter().map(|point| point.to_vec()).chain(lengths).collect()
}

#[test]
fn key_packages_with_bad_keys_are_not_added() {
    let mut scene = Scene::new();
    for key in bad_keys() {
        let eve = Mallory::of("eve", 0xb1);
        let (init_key, leaf_key) = (key.clone(), key.clone());
        for key_package in [
            eve.lying_key_package(|key_package| key_package.init_key = init_key.into()),
            eve.lying_key_package(|key_package| key_package.leaf_node.tbs.encryption_key = leaf_key.into()),
        ] {
            let message = key_package.message();
            assert_eq!(
                scene.alice.client.inspect_key_package(&message, SUITE, 0),
                Err(CoreError::KeyPackageInvalid),
                "{key:x?}"
            );
            let error = scene.refused(|member| member.add_members(&[&message], 1));
            assert_eq!(error, CoreError::KeyPackageInvalid, "{key:x?}");
        }
    }
}

/// One member with a key that nothing can be sealed to would keep all others from committing: they must not let it in.
#[test]
fn commits_and_proposals_with_bad_keys_are_not_taken() {
    for key in bad_keys() {
        let mut scene = Scene::new();
        let (leaf, path, update) = (key.clone(), key.clone(), key.clone());
        let commits = [
            scene.path_leaf(move |tbs| tbs.encryption_key = leaf.clone().into()),
            scene.mallory.lying_commit(move |commit| {
                commit.path.as_mut().unwrap().nodes[0].encryption_key = path.clone().into();
            }),
        ];
        for commit in commits {
            let error = scene.refused(|member| member.process(&commit, 1));
            assert!(matches!(error, CoreError::InvalidCommit | CoreError::CannotFollow), "{error:?} {key:x?}");
        }
        let signer = scene.trudy.leaf.0.clone();
        let proposal = scene.trudy.lying_proposal(move |proposal| {
            let mallory::wire::Proposal::Update(leaf) = proposal else { panic!("not an update") };
            leaf.tbs.encryption_key = update.clone().into();
            leaf.sign(&signer, Some(scene::TRUDY));
        });
        assert_eq!(scene.refused(|member| member.process(&proposal, 1)), CoreError::InvalidProposal, "{key:x?}");
        let added = key.clone();
        let commit = scene.add(|_| {}, move |key_package| key_package.leaf_node.tbs.encryption_key = added.into());
        let error = scene.refused(|member| member.process(&commit, 1));
        assert!(matches!(error, CoreError::InvalidCommit | CoreError::KeyPackageInvalid), "{error:?} {key:x?}");
    }
}

#[test]
fn kem_outputs_of_small_order_open_nothing() {
    let mut scene = Scene::new();
    for point in small_order_points() {
        let exchange = move |sealed: &mut openmls_traits::types::HpkeCiphertext| {
            sealed.kem_output = point.to_vec().into();
        };
        let commit = scene.mallory.lying_update(Lies { sealed: Some(Box::new(exchange)), ..Lies::default() });
        assert_eq!(scene.refused(|member| member.process(&commit, 1)), CoreError::CannotFollow, "{point:x?}");
    }
}

/// S + L is a second signature wherever a verifier does not check that S is reduced.
fn malleate(signature: &mut [u8]) {
    let order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0u16;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(carry, 0);
}

#[test]
fn malleated_signatures_are_refused_everywhere() {
    let mut scene = Scene::new();
    let framed = scene.mallory.lying_draft(|draft| malleate(&mut draft.signature));
    let leaf = scene.mallory.lying_commit(|commit| {
        let leaf = &mut commit.path.as_mut().unwrap().leaf_node;
        let mut signature = leaf.signature.as_slice().to_vec();
        malleate(&mut signature);
        leaf.signature = signature.into();
    });
    assert_eq!(scene.refused(|member| member.process(&framed, 1)), CoreError::DecryptFailed);
    assert_eq!(scene.refused(|member| member.process(&leaf, 1)), CoreError::InvalidCommit);
    let eve = Mallory::of("eve", 0xb1);
    let mut key_package = eve.lying_key_package(|_| {});
    let mut signature = key_package.signature.as_slice().to_vec();
    malleate(&mut signature);
    key_package.signature = signature.into();
    let message = key_package.message();
    assert_eq!(scene.alice.client.inspect_key_package(&message, SUITE, 0), Err(CoreError::KeyPackageInvalid));
    // And the certificates inside the credential: the device's is 64 bytes before the end, the leaf's at the end.
    for end in [64, 0] {
        let message = eve.lying_key_package(|key_package| {
            let mut identity = key_package.leaf_node.tbs.credential.identity.as_slice().to_vec();
            let at = identity.len() - end - 64;
            malleate(&mut identity[at..at + 64]);
            key_package.leaf_node.tbs.credential.identity = identity.into();
        });
        let outcome = scene.alice.client.inspect_key_package(&message.message(), SUITE, 0);
        assert_eq!(outcome, Err(CoreError::CredentialRejected));
    }
}

/// A leaf key of small order has signatures that anybody can write: R the identity, S zero.
#[test]
fn leaf_keys_of_small_order_are_refused() {
    let scene = Scene::new();
    let eve = Mallory::of("eve", 0xb1);
    let lax = [&[1u8], [0; 63].as_slice()].concat();
    for key in small_order_keys() {
        let mut key_package = eve.lying_key_package(|key_package| {
            key_package.leaf_node.tbs.signature_key = key.to_vec().into();
        });
        key_package.tbs.leaf_node.signature = lax.clone().into();
        key_package.signature = lax.clone().into();
        let outcome = scene.alice.client.inspect_key_package(&key_package.message(), SUITE, 0);
        assert_eq!(outcome, Err(CoreError::KeyPackageInvalid), "{key:x?}");
    }
}

/// A leaf that nothing can be sealed to, in the tree, would keep every other member from committing. Trudy proposes it,
/// Mallory, who would commit it, cannot: Alice has not kept the proposal. Nor can he add such a leaf.
#[test]
fn a_bad_key_cannot_wedge_the_group() {
    let mut scene = Scene::new();
    let eve = Mallory::of("eve", 0xb1);
    let bad = eve.lying_key_package(|key_package| key_package.leaf_node.tbs.encryption_key = vec![0; 32].into());
    // His own openmls has no scruples: the commit is right in everything else.
    let commit = scene.mallory.lying_addition(&bad.message(), |_| {});
    assert_eq!(scene.judge(&commit), "nothing");
    let error = scene.refused(|member| member.process(&commit, 1));
    assert_eq!(error, CoreError::KeyPackageInvalid);
    let update = scene.at_alice.self_update().unwrap();
    deliver(&update, &mut scene.at_alice, &mut [&mut scene.at_bob]);
    assert_agreed(&[&scene.at_alice, &scene.at_bob]);
}

/// A key of a path node below the place where the receiver's own path joins it cannot be checked by that receiver: those
/// who can, refuse the commit. openmls shows the core no such key, so the others take it in; nothing can be sealed to it,
/// and nobody can open what is. It keeps none of them from committing, and goes with its author.
#[test]
fn a_bad_key_in_a_path_keeps_nobody_from_healing() {
    // openmls makes the keys of a path at once, in no order. If the first is that of the root, Alice can check it.
    let (mut scene, commit) = (0..100)
        .map(|_| {
            let mut scene = Scene::new();
            let commit = scene.mallory.lying_update(first_key_zero());
            (scene, commit)
        })
        .find_map(|(mut scene, commit)| scene.at_alice.process(&commit, 1).is_ok().then_some((scene, commit)))
        .unwrap();
    scene.at_alice.merge_staged_commit(1).unwrap();
    scene.at_bob.process(&commit, 1).unwrap();
    scene.at_bob.merge_staged_commit(1).unwrap();
    let update = scene.at_alice.self_update().unwrap();
    deliver(&update, &mut scene.at_alice, &mut [&mut scene.at_bob]);
    let update = scene.at_bob.self_update().unwrap();
    deliver(&update, &mut scene.at_bob, &mut [&mut scene.at_alice]);
    assert_agreed(&[&scene.at_alice, &scene.at_bob]);
    let removal = scene.at_alice.remove_members(&[scene::MALLORY]).unwrap();
    deliver(&removal, &mut scene.at_alice, &mut [&mut scene.at_bob]);
    let update = scene.at_bob.self_update().unwrap();
    deliver(&update, &mut scene.at_bob, &mut [&mut scene.at_alice]);
    assert_agreed(&[&scene.at_alice, &scene.at_bob]);
}

fn first_key_zero() -> Lies {
    let mut first = true;
    let lie = move |key: &mut Vec<u8>| {
        if std::mem::take(&mut first) {
            *key = vec![0; 32];
        }
    };
    Lies { public_key: Some(Box::new(lie)), ..Lies::default() }
}
