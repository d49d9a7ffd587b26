//! The version of the rules in a group's context, and the types that every leaf must declare (`src/group/rules.rs`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;
mod scene;
mod thief;

use mallory::{
    Mallory,
    rules::{self, GOSSIP, REBOOT, ROLES, RULES, lacking, rules_of},
    wire,
};
use openmls::prelude::{
    Capabilities, Extension, ExtensionType, Extensions, LeafNodeParameters, RequiredCapabilitiesExtension,
    UnknownExtension, tls_codec::Serialize as _,
};
use people::{Person, SUITE};
use quicprochat_core::CoreError;
use scene::Scene;

#[test]
fn only_groups_of_these_very_rules_are_joined() {
    let mut bob = Person::new("bob");
    let key_package = bob.key_package(SUITE);
    bob.save();
    let mallory = Mallory::new("mallory");
    let required = Extension::RequiredCapabilities(RequiredCapabilitiesExtension::default());
    let roles = Extension::Unknown(ROLES, UnknownExtension(vec![1]));
    for (extensions, expected) in [
        (vec![], CoreError::UnsupportedRules),
        (vec![required.clone()], CoreError::UnsupportedRules),
        (vec![rules_of(&[])], CoreError::UnsupportedRules),
        (vec![rules_of(&[0, 0])], CoreError::UnsupportedRules),
        (vec![rules_of(&[0, 2])], CoreError::UnsupportedRules),
        (vec![rules_of(&[0, 1, 0])], CoreError::UnsupportedRules),
        (vec![rules_of(&[0, 2]), roles.clone()], CoreError::UnsupportedRules),
        (vec![rules_of(&[0, 1]), required], CoreError::PolicyRejected),
        (vec![rules_of(&[0, 1]), roles], CoreError::PolicyRejected),
    ] {
        let what = format!("{extensions:?}");
        let extensions = Extensions::from_vec(extensions).unwrap();
        let welcome = mallory.welcome(&mallory.credential(), None, extensions, &key_package);
        assert_eq!(bob.join(&welcome, 0).err(), Some(expected), "{what}");
        assert_eq!(bob.client.take_writes(), [], "{what}");
    }
    let welcome = mallory.welcome(&mallory.credential(), None, rules::rules(), &key_package);
    assert!(bob.join(&welcome, 0).is_ok());
}

#[test]
fn no_proposal_changes_the_rules() {
    let mut scene = Scene::new();
    let required =
        Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(&[ExtensionType::Unknown(RULES)], &[], &[]));
    for extensions in
        [vec![], vec![required.clone(), rules_of(&[0, 1])], vec![required.clone(), rules_of(&[0, 2])], vec![required]]
    {
        let extensions = Extensions::from_vec(extensions).unwrap();
        for message in
            [scene.mallory.commit_extensions(extensions.clone()), scene.mallory.propose_extensions(extensions)]
        {
            assert_eq!(scene.judge(&message), "nothing", "MLS alone allows it");
            assert_eq!(scene.refused(|member| member.process(&message, 1)), CoreError::PolicyRejected);
        }
    }
}

#[test]
fn what_carries_a_reserved_proposal_is_void() {
    let mut scene = Scene::new();
    for kind in [GOSSIP, REBOOT] {
        for message in [scene.mallory.commit_custom(kind), scene.mallory.propose_custom(kind)] {
            assert_eq!(scene.judge(&message), "nothing", "every leaf declares the type");
            assert_eq!(scene.refused(|member| member.process(&message, 1)), CoreError::PolicyRejected);
        }
    }
}

/// As `mallory::wire` has it.
fn on_the_wire(capabilities: &Capabilities) -> wire::Capabilities {
    wire::read(&capabilities.tls_serialize_detached().unwrap())
}

#[test]
fn a_key_package_that_lacks_one_of_our_types_is_not_added() {
    for capabilities in lacking().map(|capabilities| on_the_wire(&capabilities)) {
        let mut scene = Scene::new();
        let eve = Mallory::of("eve", 0xb1);
        let key_package = eve.lying_key_package(|lie| lie.leaf_node.tbs.capabilities = capabilities.clone()).message();
        let inspected = scene.alice.client.inspect_key_package(&key_package, SUITE, 0);
        assert_eq!(inspected, Err(CoreError::KeyPackageInvalid));
        let error = scene.refused(|member| member.add_members(&[&key_package], 1));
        assert_eq!(error, CoreError::KeyPackageInvalid);
        let is_rules = !capabilities.extensions.contains(&RULES);
        let commit = if is_rules {
            // openmls itself asks for the types that the group's context uses.
            scene.add(|_| {}, move |lie| lie.leaf_node.tbs.capabilities = capabilities)
        } else {
            scene.mallory.commit_adding(&key_package)
        };
        let expected = if is_rules { CoreError::InvalidCommit } else { CoreError::KeyPackageInvalid };
        assert_eq!(scene.refused(|member| member.process(&commit, 1)), expected);
        assert_eq!(scene.at_bob.process(&commit, 1), Err(expected));
    }
}

#[test]
fn no_leaf_gives_up_one_of_our_types() {
    // Without the first, openmls does not make the commit.
    for capabilities in &lacking()[1..] {
        let mut scene = Scene::new();
        let parameters = LeafNodeParameters::builder().with_capabilities(capabilities.clone()).build();
        for message in [scene.mallory.commit_with(&parameters), scene.mallory.propose_with(&parameters)] {
            assert_eq!(scene.judge(&message), "nothing", "MLS alone allows it");
            assert_eq!(scene.refused(|member| member.process(&message, 1)), CoreError::CredentialRejected);
            assert_eq!(scene.at_bob.process(&message, 1), Err(CoreError::CredentialRejected));
        }
    }
}

#[test]
fn a_group_with_a_leaf_that_lacks_one_of_our_types_is_not_joined() {
    let mut bob = Person::new("bob");
    let key_package = bob.key_package(SUITE);
    bob.save();
    let (mallory, eve) = (Mallory::of("mallory", 0xa1), Mallory::of("eve", 0xb1));
    // Without the first, openmls does not add her.
    for capabilities in &lacking()[1..] {
        let lie = eve.lying_key_package(|lie| lie.leaf_node.tbs.capabilities = on_the_wire(capabilities));
        let welcome = mallory.welcome_with(&lie.message(), &key_package);
        assert_eq!(bob.join(&welcome, 0).err(), Some(CoreError::CredentialRejected));
        assert_eq!(bob.client.take_writes(), []);
    }
}
