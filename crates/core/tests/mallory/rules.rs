//! What leaves and groups declare (`src/group/rules.rs`), by hand from the documented form.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, Extension, ExtensionType, Extensions, GroupContext, ProposalType,
    ProtocolVersion, UnknownExtension,
};

pub const RULES: u16 = 0xf0c1;
pub const ROLES: u16 = 0xf0c2;
pub const GOSSIP: u16 = 0xf0c3;
pub const REBOOT: u16 = 0xf0c4;

const SUITES: [u16; 4] = [1, 3, 0x4e, 0x4f];

/// Those of an honest leaf.
pub fn capabilities() -> Capabilities {
    capabilities_of(&SUITES, &[RULES, ROLES], &[GOSSIP, REBOOT])
}

/// Capabilities that lack the group's suite.
pub fn no_suites() -> Capabilities {
    capabilities_of(&[1], &[RULES, ROLES], &[GOSSIP, REBOOT])
}

/// Each lacks one of our types.
pub fn lacking() -> [Capabilities; 4] {
    [
        capabilities_of(&SUITES, &[ROLES], &[GOSSIP, REBOOT]),
        capabilities_of(&SUITES, &[RULES], &[GOSSIP, REBOOT]),
        capabilities_of(&SUITES, &[RULES, ROLES], &[REBOOT]),
        capabilities_of(&SUITES, &[RULES, ROLES], &[GOSSIP]),
    ]
}

fn capabilities_of(suites: &[u16], extensions: &[u16], proposals: &[u16]) -> Capabilities {
    let suites: Vec<_> = suites.iter().map(|&number| Ciphersuite::try_from(number).unwrap()).collect();
    let extensions = extensions.iter().map(|&kind| ExtensionType::Unknown(kind));
    let extensions: Vec<_> = [ExtensionType::LastResort].into_iter().chain(extensions).collect();
    let proposals: Vec<_> = proposals.iter().map(|&kind| ProposalType::Custom(kind)).collect();
    let versions = [ProtocolVersion::Mls10];
    let credentials = [CredentialType::Basic];
    Capabilities::new(Some(&versions), Some(&suites), Some(&extensions), Some(&proposals), Some(&credentials))
}

/// The extensions of an honest group's context.
pub fn rules() -> Extensions<GroupContext> {
    Extensions::single(rules_of(&[0, 1])).unwrap()
}

/// The extension that names the rules, with this in it.
pub fn rules_of(version: &[u8]) -> Extension {
    Extension::Unknown(RULES, UnknownExtension(version.to_vec()))
}
