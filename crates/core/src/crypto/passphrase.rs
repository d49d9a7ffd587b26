//! Keys from passphrases: Argon2id (RFC 9106).

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroizing;

use crate::error::{CoreError, Result};

/// What it costs to derive a key from a passphrase, and so to try one. Stored beside what the key opens, so the limits
/// are checked here: a cost from a file that somebody changed must not take all memory or run for hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PassphraseCost {
    /// The most memory that a cost may ask for, in KiB: 256 MiB.
    pub const MAX_MEMORY_KIB: u32 = 256 * 1024;
    /// The most passes over the memory.
    pub const MAX_PASSES: u32 = 16;
    /// The most lanes. They are computed one after the other.
    pub const MAX_LANES: u32 = 4;

    /// A cost in Argon2id's own terms.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] if a number is outside its limits, or the memory is less than 8 KiB for each lane.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self> {
        if !(1..=Self::MAX_LANES).contains(&lanes) {
            return Err(CoreError::BadInput("the lanes of a passphrase's cost must be 1 to 4"));
        }
        if !(8 * lanes..=Self::MAX_MEMORY_KIB).contains(&memory_kib) {
            return Err(CoreError::BadInput(
                "the memory of a passphrase's cost must be 8 KiB for each lane to 256 MiB",
            ));
        }
        if !(1..=Self::MAX_PASSES).contains(&passes) {
            return Err(CoreError::BadInput("the passes of a passphrase's cost must be 1 to 16"));
        }
        Ok(Self { memory_kib, passes, lanes })
    }
}

/// Derives a key from a passphrase and a salt of at least 16 bytes. Wipes the memory that it used.
///
/// # Errors
/// [`CoreError::BadInput`] if the passphrase is empty or the salt is too short; [`CoreError::Internal`] if there is not
/// enough memory.
pub fn key_of_passphrase(passphrase: &[u8], salt: &[u8], cost: PassphraseCost) -> Result<Zeroizing<[u8; 32]>> {
    if passphrase.is_empty() {
        return Err(CoreError::BadInput("a passphrase must not be empty"));
    }
    if salt.len() < 16 {
        return Err(CoreError::BadInput("a passphrase's salt must have at least 16 bytes"));
    }
    let mut key = Zeroizing::new([0; 32]);
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(key.len())).map_err(internal)?;
    let mut memory = blocks(params.block_count())?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(passphrase, salt, key.as_mut_slice(), memory.as_mut_slice())
        .map_err(internal)?;
    Ok(key)
}

/// Too little memory is an error here; an allocation that fails otherwise ends the instance.
fn blocks(count: usize) -> Result<Zeroizing<Vec<Block>>> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count).map_err(|_| CoreError::Internal)?;
    blocks.resize(count, Block::default());
    Ok(Zeroizing::new(blocks))
}

fn internal(_: argon2::Error) -> CoreError {
    CoreError::Internal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex;

    const SALT: &[u8; 16] = b"0123456789abcdef";

    fn key(passphrase: &str, salt: &[u8], cost: (u32, u32, u32)) -> Result<String> {
        let (memory_kib, passes, lanes) = cost;
        let cost = PassphraseCost::new(memory_kib, passes, lanes)?;
        key_of_passphrase(passphrase.as_bytes(), salt, cost).map(|key| hex(&*key))
    }

    /// Made with OpenSSL's Argon2id, by `crypto.argon2Sync` of Node 24.
    #[test]
    fn keys_are_those_of_another_implementation() {
        let salt = [2; 16];
        assert_eq!(
            key("password", &salt, (64, 3, 1)).unwrap(),
            "7a6f5cf28538d4a2f5a94b4fc73d353d26ff03035ffc62a54b22acfad191cb5f"
        );
        assert_eq!(
            key("password", &salt, (64, 2, 4)).unwrap(),
            "24876fced80077d883eb2928847cf4dbf608b67ebd8d40dbc41a9506e6dee2cf"
        );
        assert_eq!(
            key("пароль", SALT, (65_536, 3, 1)).unwrap(),
            "63623ea1520d3384705e0ed4630b5323ca0540f837977dc3f69ce87f08f020f4"
        );
    }

    #[test]
    fn every_part_counts() {
        let base = key("passphrase", SALT, (64, 1, 1)).unwrap();
        assert_ne!(key("passphrasf", SALT, (64, 1, 1)).unwrap(), base);
        assert_ne!(key("passphrase", b"0123456789abcdeg", (64, 1, 1)).unwrap(), base);
        for cost in [(72, 1, 1), (64, 2, 1), (64, 1, 2)] {
            assert_ne!(key("passphrase", SALT, cost).unwrap(), base);
        }
    }

    #[test]
    fn a_cost_outside_the_limits_is_refused_before_anything_is_allocated() {
        let most = PassphraseCost::MAX_MEMORY_KIB;
        for (memory_kib, passes, lanes) in
            [(4 << 20, 3, 1), (u32::MAX, 1, 1), (most + 1, 1, 1), (7, 1, 1), (31, 1, 4), (64, 0, 1), (64, 17, 1)]
        {
            let refused = PassphraseCost::new(memory_kib, passes, lanes);
            assert!(matches!(refused, Err(CoreError::BadInput(_))), "{memory_kib} {passes} {lanes}");
        }
        for lanes in [0, 5, 1 << 24, u32::MAX] {
            assert!(matches!(PassphraseCost::new(64, 1, lanes), Err(CoreError::BadInput(_))), "{lanes}");
        }
        assert!(PassphraseCost::new(most, 16, 4).is_ok());
    }

    #[test]
    fn an_empty_passphrase_and_a_short_salt_are_refused() {
        assert!(matches!(key("", SALT, (64, 1, 1)), Err(CoreError::BadInput(_))));
        assert!(matches!(key("passphrase", &SALT[..15], (64, 1, 1)), Err(CoreError::BadInput(_))));
    }
}
