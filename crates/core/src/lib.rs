//! What the messenger means by MLS (RFC 9420), over openmls.
//!
//! A [`Client`] is one device of one account; a [`GroupMember`] is its seat in one group. Every commit is staged,
//! handed out, and merged only once the relay has put it in order. All state leaves as an ordered list of writes
//! ([`Client::take_writes`]), which the caller commits together with what it sends: the core itself does no I/O and
//! decides nothing by a clock of its own: every time comes from the caller.
//!
//! Calls are atomic: one that returns an error leaves the records, the journal and the group as they were.

#![forbid(unsafe_code)]

mod client;
mod crypto;
mod error;
mod group;
mod group_id;
mod identity;
mod policy;
mod shared;
mod storage;

pub use client::Client;
pub use crypto::{Field, PassphraseCost, Suite, device_certificate_transcript, key_of_passphrase, transcript};
pub use error::{CoreError, Result};
pub use group::{
    AccessSignature, Agreement, CommitBundle, CommitEffect, GroupMember, GroupStatus, GroupTimes, Member, ProposalKind,
    Received, Removal, WelcomeBundle,
};
pub use group_id::GroupId;
pub use identity::{LeafIdentity, safety_number};
pub use policy::{UpdateDue, UpdatePolicy};
#[doc(hidden)]
pub use storage::Provider;
pub use storage::{Record, StoreKey, Write};

/// The version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The version of openmls underneath, which `third_party` patches.
pub const OPENMLS_VERSION: &str = "0.9.2";

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_of_openmls_is_the_pinned_one() {
        let manifest = include_str!("../../../third_party/openmls/Cargo.toml");
        assert!(manifest.contains(&format!("\nversion = \"{}\"\n", super::OPENMLS_VERSION)));
    }
}
