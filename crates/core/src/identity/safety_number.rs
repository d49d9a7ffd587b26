//! Safety numbers: what two people compare to know that nobody stands between them.

use openmls_rust_crypto::RustCrypto;
use openmls_traits::{crypto::OpenMlsCrypto, types::HashType};

use crate::{
    crypto::{Field, transcript},
    error::{CoreError, Result},
};

/// Rounds of SHA-512 for each side: a forger who looks for a key with a similar number pays for every round of every
/// try (as in Signal's fingerprints).
const ROUNDS: usize = 5_200;

/// The 60 digits of two accounts, the same in both orders: 30 digits (about 100 bits) for each account's handle and
/// key, the smaller half first.
///
/// # Errors
/// [`CoreError::Internal`] if hashing fails.
pub fn safety_number(one: (&str, &[u8; 32]), other: (&str, &[u8; 32])) -> Result<String> {
    let mut halves = [half(one)?, half(other)?];
    halves.sort_unstable();
    Ok(halves.concat())
}

fn half((handle, account_key): (&str, &[u8; 32])) -> Result<String> {
    let crypto = RustCrypto::default();
    let claim = transcript("safety-number", &[Field::Text(handle), Field::Bytes(account_key)]);
    let mut digest = claim.clone();
    for _ in 0..ROUNDS {
        let input = [digest.as_slice(), claim.as_slice()].concat();
        digest = crypto.hash(HashType::Sha2_512, &input).map_err(|_| CoreError::Internal)?;
    }
    Ok(digest.chunks_exact(5).take(6).map(five_digits).collect())
}

/// Forty bits as five digits; the bias of the remainder is under 2^-23.
fn five_digits(bytes: &[u8]) -> String {
    let number = bytes.iter().fold(0u64, |number, &byte| (number << 8) | u64::from(byte));
    format!("{:05}", number % 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_are_equal_and_every_part_counts() {
        let (alice, bob) = (("alice", &[1; 32]), ("bob", &[2; 32]));
        let number = safety_number(alice, bob).unwrap();
        assert_eq!(number.len(), 60);
        assert!(number.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(number, safety_number(bob, alice).unwrap());
        assert_ne!(number, safety_number(("alicf", &[1; 32]), bob).unwrap());
        assert_ne!(number, safety_number(("alice", &[3; 32]), bob).unwrap());
    }
}
