//! That a case's private keys are those of its key package: a history may never use one of them, and a wrong one would
//! pass unseen. (Five bits of an X25519 key mean nothing, RFC 7748 §5: flipping those gives the same key.)

use openmls::prelude::{
    KeyPackage, OpenMlsCrypto, OpenMlsProvider,
    tls_codec::{Deserialize, Serialize, VLBytes},
};
use quicprochat_core::Provider;

use crate::passive::{PrivateKeys, debug};

const SAMPLE: &[u8] = b"any message";

pub(crate) fn fit(provider: &Provider, key_package: &KeyPackage, keys: &PrivateKeys) -> Result<(), String> {
    let leaf = key_package.leaf_node();
    // openmls gives this key in its wire form alone.
    let encryption_key = leaf.encryption_key().tls_serialize_detached().map_err(debug)?;
    let encryption_key = VLBytes::tls_deserialize_exact(encryption_key).map_err(debug)?;
    if !opens(provider, key_package, encryption_key.as_slice(), &keys.encryption) {
        return Err("`encryption_priv` is not the key of the leaf".to_owned());
    }
    if !opens(provider, key_package, key_package.hpke_init_key().as_slice(), &keys.init) {
        return Err("`init_priv` is not the init key of the key package".to_owned());
    }
    if !signs(provider, key_package, &keys.signature) {
        return Err("`signature_priv` is not the signature key of the leaf".to_owned());
    }
    Ok(())
}

fn opens(provider: &Provider, key_package: &KeyPackage, public: &[u8], private: &[u8]) -> bool {
    let (crypto, suite) = (provider.crypto(), key_package.ciphersuite());
    let opened = crypto
        .hpke_seal(suite.hpke_config(), public, &[], &[], SAMPLE)
        .and_then(|sealed| crypto.hpke_open(suite.hpke_config(), &sealed, private, &[], &[]));
    opened.as_deref() == Ok(SAMPLE)
}

fn signs(provider: &Provider, key_package: &KeyPackage, private: &[u8]) -> bool {
    let (crypto, scheme) = (provider.crypto(), key_package.ciphersuite().signature_algorithm());
    let public = key_package.leaf_node().signature_key().as_slice();
    let verified = crypto
        .sign(scheme, SAMPLE, private)
        .and_then(|signature| crypto.verify_signature(scheme, SAMPLE, public, &signature));
    verified.is_ok()
}
