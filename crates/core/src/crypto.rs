//! Keys, signatures and encryption: what is computed, and nothing of what it is for.

mod aead;
mod ed25519;
mod encryption_key;
mod hpke;
mod passphrase;
mod primitives;
mod ratchets_begun;
mod signer;
mod suite;
mod transcript;
mod verified;

pub(crate) use self::{
    encryption_key::{is_sealable, is_sealable_leaf},
    primitives::Crypto,
    ratchets_begun::RatchetsBegun,
    signer::SecretKey,
    transcript::hex,
    verified::Signed,
};
pub use self::{
    passphrase::{PassphraseCost, key_of_passphrase},
    suite::Suite,
    transcript::{Field, device_certificate_transcript, transcript},
};
