//! Checking Ed25519 signatures (RFC 8032), one by one or many at once, always by the same rule.
//!
//! The rule is RFC 8032 §5.1.7's own equation, with the cofactor: `[8][S]B = [8]R + [8][k]A`, S below the group order.
//! The shorter one without the cofactor cannot be checked in batches: a signature that its own signer crooked by a
//! point of small order passes a random combination sometimes and a single check never, and two members of a group
//! would part over it. Beyond the RFC, encodings must be canonical and neither A nor R of small order: under such a key
//! anyone can sign, and one message would have many signatures.

use ed25519_zebra::{Signature, VerificationKeyBytes, batch};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

/// Below this many, single checks are as fast as a batch.
const SMALLEST_BATCH: usize = 3;

/// A signature to be checked: the message is hashed in already.
pub(crate) struct Claim(batch::Item);

impl Claim {
    /// That `key` signed `message`. None if key or signature are malformed, which no message could mend.
    pub(crate) fn new(key: &[u8], message: &[u8], signature: &[u8]) -> Option<Self> {
        let key: [u8; 32] = key.try_into().ok()?;
        let signature: [u8; 64] = signature.try_into().ok()?;
        let is_sound = is_sound_point(&key) && is_sound_point(signature.first_chunk()?);
        let item = (VerificationKeyBytes::from(key), Signature::from(signature), message).into();
        is_sound.then_some(Self(item))
    }

    pub(crate) fn holds(&self) -> bool {
        self.0.clone().verify_single().is_ok()
    }
}

/// Whether `key` signed `message`.
pub(crate) fn is_signed(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    Claim::new(key, message, signature).is_some_and(|claim| claim.holds())
}

/// The place of the first claim that does not hold, if there is one. `seed` makes the random combination of the batch:
/// fresh randomness, so that nobody can choose signatures that cancel out.
pub(crate) fn first_false<'a>(
    claims: impl ExactSizeIterator<Item = &'a Claim> + Clone,
    seed: [u8; 32],
) -> Option<usize> {
    if claims.len() >= SMALLEST_BATCH {
        let mut verifier = batch::Verifier::new();
        claims.clone().for_each(|claim| verifier.queue(claim.0.clone()));
        if verifier.verify(ChaCha20Rng::from_seed(seed)).is_ok() {
            return None;
        }
    }
    claims.into_iter().position(|claim| !claim.holds())
}

/// Whether an encoding is canonical (y below the field's order) and not of one of the eight points of small order.
fn is_sound_point(encoding: &[u8; 32]) -> bool {
    let mut y = *encoding;
    y[31] &= 0x7f;
    // p = 2^255 - 19, little-endian: ed ff … ff 7f.
    let is_canonical = y[0] < 0xed || y[31] != 0x7f || y[1..31].iter().any(|&byte| byte != 0xff);
    is_canonical && !SMALL_ORDER.contains(&y)
}

/// The y coordinates of the points of order 1, 2, 4 and 8: 1, -1, 0 and two more, little-endian.
const SMALL_ORDER: [[u8; 32]; 5] = [
    least_bytes(1),
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    least_bytes(0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

const fn least_bytes(number: u8) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[0] = number;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SecretKey;

    /// Signatures by different keys over different messages, some of them spoiled.
    fn claims(count: u8, spoiled: &[u8]) -> Vec<Claim> {
        let claim = |index: u8| {
            let key = SecretKey::from_seed(&[index + 1; 32]);
            let mut signature = key.sign(&[index]);
            // S stays below the order: only its lowest byte changes.
            signature[32] ^= u8::from(spoiled.contains(&index));
            Claim::new(&key.public(), &[index], &signature).unwrap()
        };
        (0..count).map(claim).collect()
    }

    #[test]
    fn a_batch_holds_exactly_if_each_claim_does() {
        for count in [0, 1, 2, 3, 4, 50, 200] {
            assert_eq!(first_false(claims(count, &[]).iter(), [7; 32]), None);
            if let Some(last) = count.checked_sub(1) {
                assert_eq!(first_false(claims(count, &[last]).iter(), [7; 32]), Some(last.into()));
                assert_eq!(first_false(claims(count, &[0, last]).iter(), [7; 32]), Some(0));
            }
        }
    }

    #[test]
    fn no_signature_stands_for_another_message_or_key() {
        let (key, other) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let signature = key.sign(b"a");
        assert!(is_signed(&key.public(), b"a", &signature));
        assert!(!is_signed(&key.public(), b"b", &signature));
        assert!(!is_signed(&other.public(), b"a", &signature));
        assert!(!is_signed(&key.public(), b"a", &signature[..63]));
        assert!(!is_signed(&key.public()[..31], b"a", &signature));
    }

    #[test]
    fn a_malleated_signature_is_refused() {
        // S plus the group order, 2^252 + 27742317777372353535851937790883648493: the same equation, another signature.
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let key = SecretKey::from_seed(&[1; 32]);
        let mut signature = key.sign(b"a");
        let mut carry = 0u16;
        for (byte, addend) in signature[32..].iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(addend);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        assert!(!is_signed(&key.public(), b"a", &signature));
        let mut claims = claims(5, &[]);
        claims.extend(Claim::new(&key.public(), b"a", &signature));
        assert_eq!(first_false(claims.iter(), [7; 32]), Some(5));
    }

    #[test]
    fn points_of_small_order_and_other_encodings_are_refused() {
        let signature = SecretKey::from_seed(&[1; 32]).sign(b"a");
        for y in SMALL_ORDER {
            for sign in [0, 0x80] {
                let mut point = y;
                point[31] |= sign;
                // With such a point as key and as R and S = 0 the lax equation holds for one message in eight.
                let forged = [&point[..], &[0; 32]].concat();
                assert!((0..64u8).all(|message| !is_signed(&point, &[message], &forged)));
                assert!(Claim::new(&point, b"a", &signature).is_none());
            }
        }
        // p and p + 1 are 0 and 1 once more.
        for low in [0xed, 0xee, 0xff] {
            let mut point = [0xff; 32];
            (point[0], point[31]) = (low, 0x7f);
            assert!(Claim::new(&point, b"a", &signature).is_none());
        }
    }

    /// Its own signer can add a point of small order to R. By the equation with the cofactor that is a signature, in a
    /// batch as alone, whatever the combination: no two members part over it.
    #[test]
    fn a_crooked_signature_counts_the_same_alone_and_in_a_batch() {
        let (key, message, signature) = crooked();
        let is_single = is_signed(&key, message, &signature);
        for seed in 0..32 {
            let mut claims = claims(4, &[]);
            claims.push(Claim::new(&key, message, &signature).unwrap());
            assert_eq!(first_false(claims.iter(), [seed; 32]).is_none(), is_single);
        }
        assert!(is_single);
    }

    /// A signature with R off by the point of order two, made with the secret scalar.
    fn crooked() -> ([u8; 32], &'static [u8], [u8; 64]) {
        use curve25519_dalek::{
            EdwardsPoint, Scalar, constants::EIGHT_TORSION, edwards::CompressedEdwardsY, traits::IsIdentity,
        };
        use sha2::{Digest as _, Sha512};
        let (secret, nonce) = (Scalar::from(123_456_789_u64), Scalar::from(987_654_321_u64));
        let key = EdwardsPoint::mul_base(&secret).compress();
        let point: CompressedEdwardsY = (EdwardsPoint::mul_base(&nonce) + EIGHT_TORSION[4]).compress();
        assert!(!EIGHT_TORSION[4].is_identity());
        let message = b"crooked";
        let hash = Sha512::new().chain_update(point.0).chain_update(key.0).chain_update(message);
        let challenge = Scalar::from_hash(hash);
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&point.0);
        signature[32..].copy_from_slice((nonce + challenge * secret).as_bytes());
        (key.0, message, signature)
    }
}
