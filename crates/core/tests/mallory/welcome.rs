//! The two parts of a Welcome (`src/group/welcome.rs`), made and read by hand from the documented form.

use openmls::prelude::{
    AeadType, JoinBuilder, MlsGroup, MlsGroupJoinConfig, MlsMessageOut, OpenMlsCrypto, OpenMlsProvider,
    ProcessedWelcome, RatchetTreeIn, Welcome,
    tls_codec::{DeserializeBytes, Serialize, VLByteSlice, VLBytes},
};
use quicprochat_core::WelcomeBundle;

use super::{bytes, read_welcome};

const LABEL: &str = "quicprochat welcome tree";

/// The parts of a Welcome that openmls made; `group` has merged its commit.
pub fn split(provider: &impl OpenMlsProvider, group: &MlsGroup, welcome: &MlsMessageOut) -> WelcomeBundle {
    split_with(provider, group, welcome, &group.export_ratchet_tree().tls_serialize_detached().unwrap())
}

/// The parts of a Welcome, with any bytes for the tree.
pub fn split_with(
    provider: &impl OpenMlsProvider,
    group: &MlsGroup,
    welcome: &MlsMessageOut,
    tree: &[u8],
) -> WelcomeBundle {
    let key = group.export_secret(provider.crypto(), LABEL, b"v1", 32).unwrap();
    seal(provider, &key, &read_welcome(&bytes(welcome)), tree)
}

fn seal(provider: &impl OpenMlsProvider, key: &[u8], welcome: &Welcome, tree: &[u8]) -> WelcomeBundle {
    let form = welcome.tls_serialize_detached().unwrap();
    let (_, rest) = VLBytes::tls_deserialize_bytes(&form[2..]).unwrap();
    let (group_info, _) = VLBytes::tls_deserialize_bytes(rest).unwrap();
    let mut shared = [&[1], &form[..2]].concat();
    let sealed = provider.crypto().aead_encrypt(AeadType::ChaCha20Poly1305, key, tree, &[0; 12], &shared).unwrap();
    for part in [group_info.as_slice(), &sealed] {
        VLByteSlice(part).tls_serialize(&mut shared).unwrap();
    }
    let joiners = welcome.secrets().iter().map(|secrets| secrets.tls_serialize_detached().unwrap()).collect();
    WelcomeBundle { shared, joiners }
}

/// Joins as openmls does, with the tree opened from the shared part.
pub fn join(provider: &impl OpenMlsProvider, config: &MlsGroupJoinConfig, joiner: &[u8], shared: &[u8]) -> MlsGroup {
    let (group_info, rest) = VLBytes::tls_deserialize_bytes(&shared[3..]).unwrap();
    let (sealed, _) = VLBytes::tls_deserialize_bytes(rest).unwrap();
    let mut message = [&[0, 1, 0, 3], &shared[1..3]].concat();
    for part in [joiner, group_info.as_slice()] {
        VLByteSlice(part).tls_serialize(&mut message).unwrap();
    }
    let processed = ProcessedWelcome::new_from_welcome(provider, config, read_welcome(&message)).unwrap();
    let crypto = provider.crypto();
    let key = processed.export_secret(crypto, LABEL, b"v1", 32).unwrap();
    let tree = crypto.aead_decrypt(AeadType::ChaCha20Poly1305, &key, sealed.as_slice(), &[0; 12], &shared[..3]);
    let tree = RatchetTreeIn::tls_deserialize_exact_bytes(&tree.unwrap()).unwrap();
    // These tests begin at the time 0: by the system's clock every lifetime is over.
    let builder = JoinBuilder::new(provider, processed).with_ratchet_tree(tree).skip_lifetime_validation();
    builder.build().unwrap().into_group(provider).unwrap()
}
