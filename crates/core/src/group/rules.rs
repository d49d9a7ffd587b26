//! The version of the rules by which a group's members judge commits, and what every leaf must understand.
//!
//! Members who judge by different rules part ways at the first commit that only some of them find void. So the group
//! context names the version, under an extension type of ours, and nobody joins a group of another version:
//!
//! ```text
//! struct {
//!     uint16 version = 1;
//! } GroupRules;                          // extension_data of type 0xf0c1
//! ```
//!
//! No proposal changes it. All types are from the ranges for private use (RFC 9420 §17.3 and §17.4).

use openmls::prelude::{
    Capabilities, CredentialType, Extension, ExtensionType, Extensions, GroupContext, LeafNode, ProposalType,
    ProtocolVersion, UnknownExtension,
};

use crate::{
    crypto::Suite,
    error::{CoreError, Result},
};

/// The version of the rules that this build judges by.
const VERSION: u16 = 1;

/// The extension of the group context that holds the version.
const GROUP_RULES: u16 = 0xf0c1;
/// Reserved: the extension of the group context that will say which member may propose what.
const ROLES_POLICY: u16 = 0xf0c2;
/// Reserved: the proposal by which a commit will carry what its sender has read of the log.
const GOSSIP: u16 = 0xf0c3;
/// Reserved: the proposal that will name the successor of a group that cannot go on.
const REBOOT: u16 = 0xf0c4;

/// What a leaf of ours declares, and must declare to be taken. The reserved types are declared before anything uses them:
/// a group can only begin to use a type that *all* its leaves declare (RFC 9420 §7.2, §12.2), and nobody can add that to
/// the leaf of a member who is away. Until then, what carries them is void.
const EXTENSIONS: [ExtensionType; 2] = [ExtensionType::Unknown(GROUP_RULES), ExtensionType::Unknown(ROLES_POLICY)];
const PROPOSALS: [ProposalType; 2] = [ProposalType::Custom(GOSSIP), ProposalType::Custom(REBOOT)];

/// What every leaf of ours declares: our suites, our extension and proposal types, basic credentials and nothing beyond
/// RFC 9420's defaults, but the last-resort mark that key packages may carry.
pub(super) fn capabilities() -> Capabilities {
    let suites = Suite::ALL.map(Suite::to_openmls);
    let [rules, roles] = EXTENSIONS;
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&suites),
        Some(&[ExtensionType::LastResort, rules, roles]),
        Some(&PROPOSALS),
        Some(&[CredentialType::Basic]),
    )
}

/// Whether a leaf declares all types of ours.
pub(super) fn are_understood_by(leaf: &LeafNode) -> bool {
    let capabilities = leaf.capabilities();
    EXTENSIONS.iter().all(|kind| capabilities.extensions().contains(kind))
        && PROPOSALS.iter().all(|kind| capabilities.proposals().contains(kind))
}

/// The extensions of the context of a new group.
pub(super) fn extensions() -> Extensions<GroupContext> {
    let rules = Extension::Unknown(GROUP_RULES, UnknownExtension(VERSION.to_be_bytes().to_vec()));
    Extensions::single(rules).expect("extensions of unknown types may be in a group context")
}

/// Checks the extensions of a group's context: the rules in the version of this build, and nothing else.
///
/// # Errors
/// [`CoreError::UnsupportedRules`]; [`CoreError::PolicyRejected`] for other extensions beside these rules.
pub(super) fn check(extensions: &Extensions<GroupContext>) -> Result<()> {
    match extensions.unknown(GROUP_RULES) {
        Some(UnknownExtension(version)) if *version == VERSION.to_be_bytes() => {}
        _ => return Err(CoreError::UnsupportedRules),
    }
    if extensions.iter().count() == 1 { Ok(()) } else { Err(CoreError::PolicyRejected) }
}
