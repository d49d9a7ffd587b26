//! The primitives that openmls works with: RustCrypto's, but for Ed25519 (RFC 8032's own equation, in batches where
//! there are many) and for tree hashes that were computed before.

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
    memo::Memo,
    verified::{Fingerprint, Signed, Verified},
};
use crate::{
    ed25519::{self, Claim},
    encryption_key::is_sealable,
    error::{CoreError, Result},
    storage::RatchetsBegun,
    suite::Suite,
};

/// Lengths of what a KEM puts out: X25519 (RFC 9180 §7.1), X-Wing (ML-KEM-768's 1,088 bytes and an X25519 key).
const X25519_BYTES: usize = 32;
const X_WING_OUTPUT_BYTES: usize = 1_120;
/// Of every AEAD of our suites.
const TAG_BYTES: usize = 16;

type CryptoResult<T> = std::result::Result<T, CryptoError>;

/// See the module.
#[derive(Default)]
pub struct Crypto {
    inner: RustCrypto,
    /// Of SHA-256 and of SHA-384: blank nodes are the same input in both.
    tree_hashes: [Memo; 2],
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
    pub(super) fn counting(ratchets_begun: RatchetsBegun) -> Self {
        Self { ratchets_begun, ..Self::default() }
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

    /// Signatures of schemes that no group of ours uses. They are checked only to run the RFC's vectors: ECDSA and ML-DSA
    /// would be a tenth of the shipped wasm.
    fn verify_other(&self, scheme: SignatureScheme, data: &[u8], key: &[u8], signature: &[u8]) -> CryptoResult<()> {
        if cfg!(feature = "kat") {
            self.inner.verify_signature(scheme, data, key, signature)
        } else {
            Err(CryptoError::UnsupportedSignatureScheme)
        }
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

    pub(super) fn random(&self) -> &RustCrypto {
        &self.inner
    }
}

impl OpenMlsCrypto for Crypto {
    fn verify_signature(&self, scheme: SignatureScheme, data: &[u8], key: &[u8], signature: &[u8]) -> CryptoResult<()> {
        if scheme != SignatureScheme::ED25519 {
            return self.verify_other(scheme, data, key, signature);
        }
        let holds = self.holds(Signed { key, message: data, signature }, None);
        if holds { Ok(()) } else { Err(CryptoError::InvalidSignature) }
    }

    fn hash(&self, hash_type: HashType, data: &[u8]) -> CryptoResult<Vec<u8>> {
        let [sha256, sha384] = &self.tree_hashes;
        let tree_hashes = match hash_type {
            HashType::Sha2_256 => sha256,
            HashType::Sha2_384 => sha384,
            HashType::Sha2_512 => return self.inner.hash(hash_type, data),
        };
        if !Memo::takes(data) {
            return self.inner.hash(hash_type, data);
        }
        tree_hashes.digest(data, |data| self.inner.hash(hash_type, data))
    }

    fn supports(&self, ciphersuite: Ciphersuite) -> CryptoResult<()> {
        self.inner.supports(ciphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.inner.supported_ciphersuites()
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> CryptoResult<SecretVLBytes> {
        self.inner.hkdf_extract(hash, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> CryptoResult<SecretVLBytes> {
        self.inner.hmac(hash, key, message)
    }

    fn hkdf_expand(&self, hash: HashType, prk: &[u8], info: &[u8], length: usize) -> CryptoResult<SecretVLBytes> {
        if info.get(2..).is_some_and(|label| label.starts_with(FIRST_RATCHET)) {
            self.ratchets_begun.add_one();
        }
        self.inner.hkdf_expand(hash, prk, info, length)
    }

    fn aead_encrypt(&self, aead: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8]) -> CryptoResult<Vec<u8>> {
        self.inner.aead_encrypt(aead, key, data, nonce, aad)
    }

    fn aead_decrypt(&self, aead: AeadType, key: &[u8], data: &[u8], nonce: &[u8], aad: &[u8]) -> CryptoResult<Vec<u8>> {
        self.inner.aead_decrypt(aead, key, data, nonce, aad)
    }

    /// Keys are ours (`signer.rs`): openmls only ever asks the signers that it is handed.
    fn signature_key_gen(&self, _: SignatureScheme) -> CryptoResult<(Vec<u8>, Vec<u8>)> {
        Err(CryptoError::UnsupportedSignatureScheme)
    }

    /// See [`Crypto::signature_key_gen`]; the RFC's vectors bring keys that are not ours.
    fn sign(&self, scheme: SignatureScheme, data: &[u8], key: &[u8]) -> CryptoResult<Vec<u8>> {
        if cfg!(feature = "kat") {
            self.inner.sign(scheme, data, key)
        } else {
            Err(CryptoError::UnsupportedSignatureScheme)
        }
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
            _ => return self.inner.hpke_seal(config, public_key, info, aad, plaintext),
        };
        if is_sealable(public_key, suite) {
            self.inner.hpke_seal(config, public_key, info, aad, plaintext)
        } else {
            self.sealed_to_nobody(kem_output_length, plaintext.len() + TAG_BYTES)
        }
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        private_key: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> CryptoResult<Vec<u8>> {
        self.inner.hpke_open(config, input, private_key, info, aad)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        public_key: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> CryptoResult<(KemOutput, ExporterSecret)> {
        self.inner.hpke_setup_sender_and_export(config, public_key, info, exporter_context, exporter_length)
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
        self.inner.hpke_setup_receiver_and_export(config, enc, private_key, info, exporter_context, exporter_length)
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> CryptoResult<HpkeKeyPair> {
        self.inner.derive_hpke_keypair(config, ikm)
    }
}
