//! Whether a public encryption key can be sealed to.
//!
//! openmls takes any bytes as a key and finds out when it seals a path secret to them. One leaf with such a key, and no
//! other member could commit, and so heal, before that leaf is removed. So no such key is let in.

use openmls::prelude::{
    LeafNode,
    tls_codec::{DeserializeBytes, Serialize, VLBytes},
};

use super::Suite;

const X25519_BYTES: usize = 32;
/// Of X-Wing: the key of ML-KEM-768, then the X25519 key.
const ML_KEM_768_BYTES: usize = 1_184;

/// Every u-coordinate of small order, with the ignored top bit clear (RFC 7748; ePrint 2019/526): 0, 1, the two of order
/// eight, and with p = 2^255 - 19 the numbers p - 1, p and p + 1.
const SMALL_ORDER: [[u8; X25519_BYTES]; 7] = [
    near(0x00, 0x00, 0x00),
    near(0x01, 0x00, 0x00),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
        0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
        0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ],
    near(0xec, 0xff, 0x7f),
    near(0xed, 0xff, 0x7f),
    near(0xee, 0xff, 0x7f),
];

const fn near(first: u8, rest: u8, last: u8) -> [u8; X25519_BYTES] {
    let mut point = [rest; X25519_BYTES];
    point[0] = first;
    point[X25519_BYTES - 1] = last;
    point
}

/// Whether a secret can be sealed to a leaf's encryption key.
pub(crate) fn is_sealable_leaf(leaf: &LeafNode, suite: Suite) -> bool {
    // The key has no public reader of its own; its wire form does.
    let wire = leaf.encryption_key().tls_serialize_detached();
    let key = wire.ok().and_then(|wire| VLBytes::tls_deserialize_exact_bytes(&wire).ok());
    key.is_some_and(|key| is_sealable(key.as_slice(), suite))
}

/// Whether a secret can be sealed to a key.
pub(crate) fn is_sealable(key: &[u8], suite: Suite) -> bool {
    match suite {
        Suite::X25519Aes128 | Suite::X25519ChaCha20 => is_x25519(key),
        Suite::X25519MlKem768Aes256 | Suite::X25519MlKem768Aes128 => {
            key.split_at_checked(ML_KEM_768_BYTES).is_some_and(|(kem, curve)| is_ml_kem(kem) && is_x25519(curve))
        }
    }
}

fn is_x25519(key: &[u8]) -> bool {
    let Ok(mut point) = <[u8; X25519_BYTES]>::try_from(key) else { return false };
    point[X25519_BYTES - 1] &= 0x7f;
    !SMALL_ORDER.contains(&point)
}

/// The modulus check of FIPS 203 §7.2: every coefficient, twelve bits each, is reduced. The last 32 bytes are a seed.
fn is_ml_kem(key: &[u8]) -> bool {
    const MODULUS: u16 = 3_329;
    let coefficients = key[..key.len() - 32].chunks_exact(3);
    coefficients.into_iter().all(|three| {
        let [first, second, third] = [three[0], three[1], three[2]].map(u16::from);
        (first | (second & 0x0f) << 8) < MODULUS && (second >> 4 | third << 4) < MODULUS
    })
}

#[cfg(test)]
mod tests {
    use openmls_rust_crypto::RustCrypto;
    use openmls_traits::crypto::OpenMlsCrypto;

    use super::*;

    /// Whether the key is refused here exactly if sealing to it fails.
    fn agrees(key: &[u8], suite: Suite) {
        let config = suite.to_openmls().hpke_config();
        let sealed = RustCrypto::default().hpke_seal(config, key, b"", b"", b"x");
        assert_eq!(is_sealable(key, suite), sealed.is_ok(), "{key:x?}");
    }

    fn honest(suite: Suite) -> Vec<u8> {
        RustCrypto::default().derive_hpke_keypair(suite.to_openmls().hpke_config(), &[7; 64]).unwrap().public
    }

    #[test]
    fn honest_keys_can_be_sealed_to() {
        for suite in Suite::ALL {
            assert!(is_sealable(&honest(suite), suite));
            agrees(&honest(suite), suite);
        }
    }

    #[test]
    fn points_of_small_order_are_what_sealing_refuses() {
        for point in SMALL_ORDER {
            let mut twin = point;
            twin[31] |= 0x80;
            agrees(&point, Suite::X25519ChaCha20);
            agrees(&twin, Suite::X25519ChaCha20);
            let mut neighbour = point;
            neighbour[0] ^= 0x10;
            agrees(&neighbour, Suite::X25519ChaCha20);
        }
    }

    #[test]
    fn hybrid_keys_need_both_halves() {
        let suite = Suite::X25519MlKem768Aes128;
        let key = honest(suite);
        let mut large = key.clone();
        (large[0], large[1]) = (0xff, large[1] | 0x0f);
        agrees(&large, suite);
        assert!(!is_sealable(&large, suite) && !is_sealable(&key[..1_215], suite) && !is_sealable(&[], suite));
        assert!(!is_sealable(&[&key[..ML_KEM_768_BYTES], &[0; 32]].concat(), suite));
    }
}
