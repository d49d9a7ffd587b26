//! Every rule of RFC 9420's validation that openmls names (its ValSem list), broken by a hostile member in a message that
//! is right but for that.
//!
//! Each row says what is broken and how, what plain openmls sees broken in Alice's place (so that the row is known to
//! break this rule and no other), and the code that the core answers with. The records are the same before and after.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod mallory;
mod people;
mod rows;
mod scene;
mod thief;

use mallory::Mallory;
use quicprochat_core::CoreError;
use rows::{NOT_APPLICABLE, rows};
use scene::Scene;

#[test]
fn no_rule_can_be_broken() {
    let mut failures = Vec::new();
    for (rule, how, verdict, code, make) in rows() {
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
        let is_here = rows().any(|row| row.0 == rule) || NOT_APPLICABLE.iter().any(|(name, _)| *name == rule);
        assert!(is_here, "{rule} is neither broken nor excused");
    }
}
