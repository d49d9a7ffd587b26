//! The rules and how each is broken.

#![allow(unreachable_pub, clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod commits;
mod framing;
mod proposals;

use quicprochat_core::CoreError;

use crate::{
    mallory::wire::{Proposal, ProposalOrRef},
    scene::Scene,
};

/// A rule, how it is broken, what openmls says, what the core says, and the message.
pub type Row = (&'static str, &'static str, &'static str, CoreError, fn(&mut Scene) -> Vec<u8>);

pub fn rows() -> impl Iterator<Item = &'static Row> {
    framing::ROWS.iter().chain(proposals::ROWS).chain(commits::ROWS)
}

/// Rules that no private message of a member can break, or that do not apply, and why.
pub const NOT_APPLICABLE: &[(&str, &str)] = &[
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
    ("ValSem400", "a limit on resumption PSKs; none is taken (tests/adversary.rs)"),
];

fn remove(leaf: u32) -> ProposalOrRef {
    ProposalOrRef::Proposal(Proposal::Remove(leaf))
}

fn psk(nonce: usize) -> ProposalOrRef {
    ProposalOrRef::Proposal(Proposal::ExternalPsk(1, b"psk".to_vec().into(), vec![0; nonce].into()))
}
