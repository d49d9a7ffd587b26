//! How much the properties try.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use proptest::{prelude::*, test_runner::RngSeed};
use quicprochat_core::Suite;

/// Few cases in every test run, always the same; in a proof as many as `QPC_CASES` says, from `QPC_SEED` on.
pub fn cases(default: u32) -> ProptestConfig {
    ProptestConfig {
        cases: number("QPC_CASES", default),
        rng_seed: RngSeed::Fixed(number("QPC_SEED", 1).into()),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A number from the environment.
pub fn number(variable: &str, default: u32) -> u32 {
    std::env::var(variable).ok().map_or(default, |value| value.parse().expect("a number"))
}

/// Mostly the default of the tests; the hybrid costs ten times as much.
pub fn suite() -> impl Strategy<Value = Suite> {
    prop_oneof![
        8 => Just(Suite::X25519ChaCha20),
        2 => Just(Suite::X25519Aes128),
        1 => Just(Suite::X25519MlKem768Aes128),
        1 => Just(Suite::X25519MlKem768Aes256),
    ]
}
