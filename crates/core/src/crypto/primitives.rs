//! The primitives that openmls works with: RustCrypto's, but for Ed25519 (RFC 8032's own equation, in batches where
//! there are many).

use std::sync::Mutex;

use openmls::prelude::tls_codec::SecretVLBytes;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::{
    crypto::OpenMlsCrypto,
    random::OpenMlsRand,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig, HpkeKemType,
        HpkeKeyPair, KemOutput, SignatureScheme,
    },
};

use super::{
    Suite, aead,
    ed25519::{self, Claim},
    encryption_key::is_sealable,
    hpke::hpke,
    ratchets_begun::RatchetsBegun,
    verified::{Fingerprint, Signed, Verified},
};
use crate::error::{CoreError, Result};

/// Lengths of what a KEM puts out: X25519 (RFC 9180 §7.1), X-Wing (ML-KEM-768's 1,088 bytes and an X25519 key).
const X25519_BYTES: usize = 32;
const X_WING_OUTPUT_BYTES: usize = 1_120;

type CryptoResult<T> = std::result::Result<T, CryptoError>;

/// See the module.
#[derive(Default)]
pub struct Crypto {
    inner: RustCrypto,
    deferred: Mutex<Option<Vec<Deferred>>>,
    verified: Verified,
    ratchets_begun: RatchetsBegun,
}

/// How the label begins by which RFC 9420 §9.1 derives a sender's first ratchet, in a `KDFLabel` (§8): two bytes of
/// length, then the label with its length.
const FIRST_RATCHET: &[u8] = b"\x11MLS 1.0 handshake";

/// A check that was put off, and who asked for it: none is openmls.
struct Deferred {
    claim: Claim,
    asked: Option<Asked>,
    is_framing: bool,
}

impl Deferred {
    /// A message that its sender has not signed proves nothing of what is in it, and nothing against its sender.
    fn error(&self, otherwise: &CoreError) -> CoreError {
        match &self.asked {
            Some(asked) => asked.error.clone(),
            None if self.is_framing => CoreError::DecryptFailed,
            None => otherwise.clone(),
        }
    }
}

/// How what a message's signature covers begins: `SignContent` (RFC 9420 §5.1.2) of a `FramedContentTBS` (§6.1).
const FRAMED_CONTENT: &[u8] = b"\x18MLS 1.0 FramedContentTBS";

/// A check that the messenger asked for: to be remembered once it holds.
struct Asked {
    fingerprint: Fingerprint,
    error: CoreError,
}

impl Crypto {
    /// The crypto of a store, which is told by it when ratchets are begun.
    pub(crate) fn new(inner: RustCrypto, ratchets_begun: RatchetsBegun) -> Self {
        Self { inner, ratchets_begun, ..Self::default() }
    }

    /// Runs `work` with every signature check put off to its end, where all are made in one batch: four times as fast
    /// for a thousand. Nothing that `work` returns is let out before every one of them holds, so `work` must keep to
    /// itself what it does meanwhile: that is what the store's transactions are for.
    ///
    /// # Errors
    /// That of the first check that does not hold, `otherwise` for those that openmls asked for; then those of `work`.
    pub(crate) fn in_one_batch<T>(&self, otherwise: &CoreError, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let is_inner = self.with_deferred(|deferred| {
            let is_inner = deferred.is_some();
            deferred.get_or_insert_default();
            is_inner
        });
        if is_inner {
            return work();
        }
        let outcome = work();
        let deferred = self.with_deferred(Option::take).unwrap_or_default();
        let seed = self.inner.random_array().map_err(|_| CoreError::Internal)?;
        // What `work` found wrong comes after the checks that it would have made before.
        if let Some(place) = ed25519::first_false(deferred.iter().map(|deferred| &deferred.claim), seed) {
            return Err(deferred[place].error(otherwise));
        }
        let value = outcome?;
        self.verified.remember(deferred.iter().filter_map(|deferred| Some(deferred.asked.as_ref()?.fingerprint)));
        Ok(value)
    }

    /// Checks a signature that the messenger itself asks for, at once or with the running batch.
    ///
    /// # Errors
    /// `error`.
    pub(crate) fn check_signature(&self, signed: Signed<'_>, error: CoreError) -> Result<()> {
        if self.holds(signed, Some(&error)) { Ok(()) } else { Err(error) }
    }

    /// Whether a signature holds, as far as is known: one that is put off is believed until the end of its batch.
    fn holds(&self, signed: Signed<'_>, error: Option<&CoreError>) -> bool {
        self.with_deferred(|deferred| {
            let Some(deferred) = deferred else {
                return ed25519::is_signed(signed.key, signed.message, signed.signature);
            };
            let asked = error.map(|error| Asked { fingerprint: signed.fingerprint(), error: error.clone() });
            if asked.as_ref().is_some_and(|asked| self.verified.knows(&asked.fingerprint)) {
                return true;
            }
            let claim = Claim::new(signed.key, signed.message, signed.signature);
            let is_framing = signed.message.starts_with(FRAMED_CONTENT);
            claim.map(|claim| deferred.push(Deferred { claim, asked, is_framing })).is_some()
        })
    }

    fn with_deferred<T>(&self, run: impl FnOnce(&mut Option<Vec<Deferred>>) -> T) -> T {
        run(&mut self.deferred.lock().expect("nothing panics while it holds the lock"))
    }

    /// What no group of ours uses, by RustCrypto. Only to run the RFC's vectors: P-256, ECDSA and ML-DSA would be a tenth
    /// of the shipped wasm.
    fn for_vectors<T>(
        &self,
        otherwise: CryptoError,
        run: impl FnOnce(&RustCrypto) -> CryptoResult<T>,
    ) -> CryptoResult<T> {
        if cfg!(feature = "kat") { run(&self.inner) } else { Err(otherwise) }
    }

    /// What stands in a commit for a member or a subtree whose public key nothing can be sealed to: random bytes of the
    /// right length.
    ///
    /// Such keys are not let in as leaves (`encryption_key.rs`), but a hostile member can put one into its path, where
    /// only those see it who cannot tell. Nobody has a private key to it. Were it an error, one member could keep all
    /// others from committing, and so from healing.
    fn sealed_to_nobody(&self, kem_output_length: usize, length: usize) -> CryptoResult<HpkeCiphertext> {
        let random = |length| self.inner.random_vec(length).map_err(|_| CryptoError::InsufficientRandomness);
        Ok(HpkeCiphertext { kem_output: random(kem_output_length)?.into(), ciphertext: random(length)?.into() })
    }

    pub(crate) fn random(&self) -> &RustCrypto {
        &self.inner
    }
}

impl OpenMlsCrypto for Crypto {
    fn verify_signature(&self, scheme: SignatureScheme, data: &[u8], key: &[u8], signature: &[u8]) -> CryptoResult<()> {
        if scheme != SignatureScheme::ED25519 {
            let verify = |inner: &RustCrypto| inner.verify_signature(scheme, data, key, signature);
            return self.for_vectors(CryptoError::UnsupportedSignatureScheme, verify);
        }
        let holds = self.holds(Signed { key, message: data, signature }, None);
        if holds { Ok(()) } else { Err(CryptoError::InvalidSignature) }
    }

    fn hash(&self, hash_type: HashType, data: &[u8]) -> CryptoResult<Vec<u8>> {
        by_name(hash_type, |name| self.inner.hash(name, data))
    }

    fn supports(&self, ciphersuite: Ciphersuite) -> CryptoResult<()> {
        self.inner.supports(ciphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.inner.supported_ciphersuites()
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> CryptoResult<SecretVLBytes> {
        by_name(hash, |name| self.inner.hkdf_extract(name, salt, ikm))
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> CryptoResult<SecretVLBytes> {
        by_name(hash, |name| self.inner.hmac(name, key, message))
    }

    fn hkdf_expand(&self, hash: HashType, prk: &[u8], info: &[u8], length: usize) -> CryptoResult<SecretVLBytes> {
        if info.get(2..).is_some_and(|label| label.starts_with(FIRST_RATCHET)) {
            self.ratchets_begun.add_one();
        }
        by_name(hash, |name| self.inner.hkdf_expand(name, prk, info, length))
    }

    fn aead_encrypt(&self, alg: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8]) -> CryptoResult<Vec<u8>> {
        aead::seal(alg, key, data, nonce, aad)
    }

    fn aead_decrypt(&self, alg: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8]) -> CryptoResult<Vec<u8>> {
        aead::open(alg, key, data, nonce, aad)
    }

    /// Keys are ours (`signer.rs`): openmls only ever asks the signers that it is handed.
    fn signature_key_gen(&self, _: SignatureScheme) -> CryptoResult<(Vec<u8>, Vec<u8>)> {
        Err(CryptoError::UnsupportedSignatureScheme)
    }

    /// See [`Crypto::signature_key_gen`]; the RFC's vectors bring keys that are not ours.
    fn sign(&self, scheme: SignatureScheme, data: &[u8], key: &[u8]) -> CryptoResult<Vec<u8>> {
        self.for_vectors(CryptoError::UnsupportedSignatureScheme, |inner| inner.sign(scheme, data, key))
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        public_key: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> CryptoResult<HpkeCiphertext> {
        let (suite, kem_output_length) = match config.0 {
            HpkeKemType::DhKem25519 => (Suite::X25519ChaCha20, X25519_BYTES),
            HpkeKemType::XWingKemDraft6 => (Suite::X25519MlKem768Aes128, X_WING_OUTPUT_BYTES),
            _ => {
                let seal = |inner: &RustCrypto| inner.hpke_seal(config, public_key, info, aad, plaintext);
                return self.for_vectors(CryptoError::UnsupportedCiphersuite, seal);
            }
        };
        if !is_sealable(public_key, suite) {
            return self.sealed_to_nobody(kem_output_length, plaintext.len() + aead::TAG_BYTES);
        }
        let sealed = hpke(&config)?.seal(&public_key.into(), info, aad, plaintext, None, None, None);
        let (kem_output, ciphertext) = sealed.map_err(|_| CryptoError::CryptoLibraryError)?;
        Ok(HpkeCiphertext { kem_output: kem_output.into(), ciphertext: ciphertext.into() })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        private_key: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> CryptoResult<Vec<u8>> {
        let HpkeCiphertext { kem_output, ciphertext } = input;
        let (kem_output, ciphertext) = (kem_output.as_slice(), ciphertext.as_slice());
        let Ok(hpke) = hpke(&config) else {
            let open = |inner: &RustCrypto| inner.hpke_open(config, input, private_key, info, aad);
            return self.for_vectors(CryptoError::UnsupportedCiphersuite, open);
        };
        let opened = hpke.open(kem_output, &private_key.into(), info, aad, ciphertext, None, None, None);
        opened.map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        public_key: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> CryptoResult<(KemOutput, ExporterSecret)> {
        let setup = hpke(&config)?.setup_sender(&public_key.into(), info, None, None, None);
        let (kem_output, context) = setup.map_err(|_| CryptoError::SenderSetupError)?;
        let exported = context.export(exporter_context, exporter_length).map_err(|_| CryptoError::ExporterError)?;
        Ok((kem_output, exported.into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        private_key: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> CryptoResult<ExporterSecret> {
        let context = hpke(&config)?.setup_receiver(enc, &private_key.into(), info, None, None, None);
        let context = context.map_err(|_| CryptoError::ReceiverSetupError)?;
        let exported = context.export(exporter_context, exporter_length);
        exported.map(Into::into).map_err(|_| CryptoError::ExporterError)
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> CryptoResult<HpkeKeyPair> {
        let Ok(hpke) = hpke(&config) else {
            return self
                .for_vectors(CryptoError::UnsupportedCiphersuite, |inner| inner.derive_hpke_keypair(config, ikm));
        };
        let derived = hpke.derive_key_pair(ikm).map_err(|_| CryptoError::CryptoLibraryError)?;
        let (private, public) = derived.into_keys();
        Ok(HpkeKeyPair { private: private.as_slice().into(), public: public.as_slice().into() })
    }
}

/// Runs with one of the hashes of our suites. Naming them lets the linker drop the other.
#[inline(always)]
fn by_name<T>(hash: HashType, run: impl Fn(HashType) -> CryptoResult<T>) -> CryptoResult<T> {
    match hash {
        HashType::Sha2_256 => run(HashType::Sha2_256),
        HashType::Sha2_384 => run(HashType::Sha2_384),
        HashType::Sha2_512 => Err(CryptoError::UnsupportedHashAlgorithm),
    }
}
