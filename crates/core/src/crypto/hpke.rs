//! HPKE (RFC 9180) with what our suites use: X25519, X-Wing, HKDF with SHA-256 and SHA-384, and
//! three AEADs.
//!
//! RustCrypto's own choice is made by numbers at run time, so the linker has to keep what no group of ours can ask for:
//! P-256, P-384, secp256k1 and ML-KEM-1024, a tenth of the shipped wasm. Here each primitive is
//! called by name, and the rest falls away.

use hpke_rs::{Hpke, Mode};
use hpke_rs_crypto::{
    HpkeCrypto,
    error::Error,
    types::{AeadAlgorithm, KdfAlgorithm, KemAlgorithm},
};
use hpke_rs_rust_crypto::HpkeRustCrypto as Rust;
use openmls_traits::types::{AeadType, CryptoError, HpkeAeadType, HpkeConfig, HpkeKdfType, HpkeKemType};

use super::aead;

type Result<T> = std::result::Result<T, Error>;

/// HPKE as a cipher suite of ours says.
///
/// # Errors
/// [`CryptoError::UnsupportedCiphersuite`] for a suite that is none of ours.
pub(super) fn hpke(config: &HpkeConfig) -> std::result::Result<Hpke<OurSuites>, CryptoError> {
    let kem = match config.0 {
        HpkeKemType::DhKem25519 => KemAlgorithm::DhKem25519,
        HpkeKemType::XWingKemDraft6 => KemAlgorithm::XWingDraft06,
        _ => return Err(CryptoError::UnsupportedCiphersuite),
    };
    let aead = match config.2 {
        HpkeAeadType::AesGcm128 => AeadAlgorithm::Aes128Gcm,
        HpkeAeadType::AesGcm256 => AeadAlgorithm::Aes256Gcm,
        HpkeAeadType::ChaCha20Poly1305 => AeadAlgorithm::ChaCha20Poly1305,
        _ => return Err(CryptoError::UnsupportedCiphersuite),
    };
    let kdf = match config.1 {
        HpkeKdfType::HkdfSha256 => KdfAlgorithm::HkdfSha256,
        HpkeKdfType::HkdfSha384 => KdfAlgorithm::HkdfSha384,
        HpkeKdfType::HkdfSha512 => return Err(CryptoError::UnsupportedCiphersuite),
    };
    Ok(Hpke::new(Mode::Base, kem, kdf, aead))
}

/// The primitives of our suites, RustCrypto's.
#[derive(Debug)]
pub(super) struct OurSuites;

impl HpkeCrypto for OurSuites {
    type HpkePrng = <Rust as HpkeCrypto>::HpkePrng;

    fn name() -> String {
        String::new()
    }

    fn prng() -> Self::HpkePrng {
        Rust::prng()
    }

    fn supports_kdf(kdf: KdfAlgorithm) -> Result<()> {
        if kdf == KdfAlgorithm::HkdfSha512 { Err(Error::UnknownKdfAlgorithm) } else { Ok(()) }
    }

    fn supports_kem(kem: KemAlgorithm) -> Result<()> {
        let is_ours = matches!(kem, KemAlgorithm::DhKem25519 | KemAlgorithm::XWingDraft06);
        if is_ours { Ok(()) } else { Err(Error::UnknownKemAlgorithm) }
    }

    fn supports_aead(aead: AeadAlgorithm) -> Result<()> {
        aead_type(aead).map(drop)
    }

    fn kdf_extract(kdf: KdfAlgorithm, salt: &[u8], ikm: &[u8]) -> Result<Vec<u8>> {
        match kdf {
            KdfAlgorithm::HkdfSha256 => Rust::kdf_extract(KdfAlgorithm::HkdfSha256, salt, ikm),
            KdfAlgorithm::HkdfSha384 => Rust::kdf_extract(KdfAlgorithm::HkdfSha384, salt, ikm),
            KdfAlgorithm::HkdfSha512 => Err(Error::UnknownKdfAlgorithm),
        }
    }

    fn kdf_expand(kdf: KdfAlgorithm, prk: &[u8], info: &[u8], length: usize) -> Result<Vec<u8>> {
        match kdf {
            KdfAlgorithm::HkdfSha256 => Rust::kdf_expand(KdfAlgorithm::HkdfSha256, prk, info, length),
            KdfAlgorithm::HkdfSha384 => Rust::kdf_expand(KdfAlgorithm::HkdfSha384, prk, info, length),
            KdfAlgorithm::HkdfSha512 => Err(Error::UnknownKdfAlgorithm),
        }
    }

    fn dh(kem: KemAlgorithm, public: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        x25519_only(kem)?;
        Rust::dh(KemAlgorithm::DhKem25519, public, secret)
    }

    fn secret_to_public(kem: KemAlgorithm, secret: &[u8]) -> Result<Vec<u8>> {
        x25519_only(kem)?;
        Rust::secret_to_public(KemAlgorithm::DhKem25519, secret)
    }

    fn kem_key_gen(kem: KemAlgorithm, prng: &mut Self::HpkePrng) -> Result<(Vec<u8>, Vec<u8>)> {
        x25519_only(kem)?;
        Rust::kem_key_gen(KemAlgorithm::DhKem25519, prng)
    }

    fn kem_key_gen_derand(kem: KemAlgorithm, seed: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
        x_wing_only(kem)?;
        Rust::kem_key_gen_derand(KemAlgorithm::XWingDraft06, seed)
    }

    fn kem_encaps(kem: KemAlgorithm, public: &[u8], prng: &mut Self::HpkePrng) -> Result<(Vec<u8>, Vec<u8>)> {
        x_wing_only(kem)?;
        Rust::kem_encaps(KemAlgorithm::XWingDraft06, public, prng)
    }

    fn kem_decaps(kem: KemAlgorithm, ciphertext: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        x_wing_only(kem)?;
        Rust::kem_decaps(KemAlgorithm::XWingDraft06, ciphertext, secret)
    }

    /// Asked for the NIST curves only, whose secret keys can be out of range.
    fn dh_validate_sk(_: KemAlgorithm, _: &[u8]) -> Result<Vec<u8>> {
        Err(Error::UnknownKemAlgorithm)
    }

    fn aead_seal(alg: AeadAlgorithm, key: &[u8], nonce: &[u8], aad: &[u8], message: &[u8]) -> Result<Vec<u8>> {
        aead::seal(aead_type(alg)?, key, message, nonce, aad).map_err(|_| Error::AeadInvalidNonce)
    }

    fn aead_open(alg: AeadAlgorithm, key: &[u8], nonce: &[u8], aad: &[u8], message: &[u8]) -> Result<Vec<u8>> {
        aead::open(aead_type(alg)?, key, message, nonce, aad).map_err(|_| Error::AeadOpenError)
    }
}

fn x25519_only(kem: KemAlgorithm) -> Result<()> {
    if kem == KemAlgorithm::DhKem25519 { Ok(()) } else { Err(Error::UnknownKemAlgorithm) }
}

fn x_wing_only(kem: KemAlgorithm) -> Result<()> {
    if kem == KemAlgorithm::XWingDraft06 { Ok(()) } else { Err(Error::UnknownKemAlgorithm) }
}

fn aead_type(aead: AeadAlgorithm) -> Result<AeadType> {
    match aead {
        AeadAlgorithm::Aes128Gcm => Ok(AeadType::Aes128Gcm),
        AeadAlgorithm::Aes256Gcm => Ok(AeadType::Aes256Gcm),
        AeadAlgorithm::ChaCha20Poly1305 => Ok(AeadType::ChaCha20Poly1305),
        _ => Err(Error::UnknownAeadAlgorithm),
    }
}

#[cfg(test)]
mod tests {
    use openmls_rust_crypto::RustCrypto;
    use openmls_traits::crypto::OpenMlsCrypto;

    use super::*;
    use crate::crypto::Suite;

    #[test]
    fn agrees_with_rust_crypto_in_every_suite() {
        let theirs = RustCrypto::default();
        for suite in Suite::ALL {
            let config = || suite.to_openmls().hpke_config();
            let ours = || hpke(&config()).unwrap();
            let (private, public) = ours().derive_key_pair(&[7; 32]).unwrap().into_keys();
            let same = theirs.derive_hpke_keypair(config(), &[7; 32]).unwrap();
            assert_eq!((private.as_slice(), public.as_slice()), (&*same.private, same.public.as_slice()));

            let sealed = theirs.hpke_seal(config(), public.as_slice(), b"info", b"aad", b"message").unwrap();
            let (kem_output, ciphertext) = (sealed.kem_output.as_slice(), sealed.ciphertext.as_slice());
            let opened = ours().open(kem_output, &private, b"info", b"aad", ciphertext, None, None, None);
            assert_eq!(opened.unwrap(), b"message");
            let forged = ours().open(kem_output, &private, b"info", b"aae", ciphertext, None, None, None);
            assert!(forged.is_err());

            let (kem_output, ciphertext) = ours().seal(&public, b"info", b"aad", b"message", None, None, None).unwrap();
            let sealed =
                openmls_traits::types::HpkeCiphertext { kem_output: kem_output.into(), ciphertext: ciphertext.into() };
            let opened = theirs.hpke_open(config(), &sealed, private.as_slice(), b"info", b"aad");
            assert_eq!(opened.unwrap(), b"message");
        }
    }

    #[test]
    fn other_suites_are_refused() {
        let refused = [
            HpkeConfig(HpkeKemType::DhKemP256, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128),
            HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha512, HpkeAeadType::AesGcm128),
            HpkeConfig(HpkeKemType::MlKem1024, HpkeKdfType::HkdfSha384, HpkeAeadType::AesGcm256),
        ];
        for config in refused {
            assert_eq!(hpke(&config).err(), Some(CryptoError::UnsupportedCiphersuite));
        }
    }
}
