//! openmls as it comes: its default provider with the in-memory JSON store, basic credentials, its own defaults. Only
//! handshakes are encrypted, as ours are.

use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_upstream::prelude::{
    BasicCredential, Ciphersuite, CredentialWithKey, GroupId, KeyPackage, KeyPackageIn, LeafNodeIndex,
    LeafNodeParameters, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn,
    MlsMessageOut, OpenMlsProvider, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProcessedMessageContent, ProtocolMessage,
    ProtocolVersion, StagedWelcome,
    tls_codec::{DeserializeBytes, Serialize},
};

use crate::play::{Handout, Outcome, Person};

pub(crate) struct DefaultPerson {
    provider: OpenMlsRustCrypto,
    suite: Ciphersuite,
    signer: SignatureKeyPair,
    credential: CredentialWithKey,
    group: Option<MlsGroup>,
}

impl DefaultPerson {
    fn group(&mut self) -> Outcome<(&mut MlsGroup, &OpenMlsRustCrypto, &SignatureKeyPair)> {
        Ok((self.group.as_mut().ok_or("no group")?, &self.provider, &self.signer))
    }

    fn open(&mut self, message: &[u8]) -> Outcome<ProcessedMessageContent> {
        let (group, provider, _) = self.group()?;
        let MlsMessageBodyIn::PrivateMessage(message) = decode(message)? else { return Err("not private".into()) };
        Ok(group.process_message(provider, ProtocolMessage::from(message))?.into_content())
    }
}

fn encode(message: &MlsMessageOut) -> Outcome<Vec<u8>> {
    Ok(message.tls_serialize_detached()?)
}

fn decode(bytes: &[u8]) -> Outcome<MlsMessageBodyIn> {
    Ok(MlsMessageIn::tls_deserialize_exact_bytes(bytes)?.extract())
}

impl Person for DefaultPerson {
    type Welcome = Vec<u8>;

    const REMEMBERS: bool = false;

    fn new(name: &str, suite: u16) -> Outcome<Self> {
        let suite = Ciphersuite::try_from(suite)?;
        let provider = OpenMlsRustCrypto::default();
        let signer = SignatureKeyPair::new(suite.signature_algorithm())?;
        signer.store(provider.storage())?;
        let credential = BasicCredential::new(name.as_bytes().to_vec()).into();
        let credential = CredentialWithKey { credential, signature_key: signer.to_public_vec().into() };
        Ok(Self { provider, suite, signer, credential, group: None })
    }

    fn key_package(&mut self) -> Outcome<Vec<u8>> {
        let credential = self.credential.clone();
        let bundle = KeyPackage::builder().build(self.suite, &self.provider, &self.signer, credential)?;
        Ok(bundle.key_package().tls_serialize_detached()?)
    }

    fn create(&mut self) -> Outcome<()> {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(self.suite)
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .build();
        let id = GroupId::from_slice(b"sixteen bytes id");
        let credential = self.credential.clone();
        self.group = Some(MlsGroup::new_with_group_id(&self.provider, &self.signer, &config, id, credential)?);
        Ok(())
    }

    fn add(&mut self, key_packages: &[Vec<u8>]) -> Outcome<Handout<Vec<u8>>> {
        let (group, provider, signer) = self.group()?;
        let mut checked = Vec::with_capacity(key_packages.len());
        for bytes in key_packages {
            let key_package = KeyPackageIn::tls_deserialize_exact_bytes(bytes)?;
            checked.push(key_package.validate(provider.crypto(), ProtocolVersion::Mls10)?);
        }
        let (commit, welcome, _) = group.add_members(provider, signer, &checked)?;
        group.merge_pending_commit(provider)?;
        Ok(Handout { commit: encode(&commit)?, welcome: Some(encode(&welcome)?) })
    }

    fn join(&mut self, welcome: &Vec<u8>, _index: usize) -> Outcome<()> {
        let MlsMessageBodyIn::Welcome(welcome) = decode(welcome)? else { return Err("not a welcome".into()) };
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .build();
        let staged = StagedWelcome::new_from_welcome(&self.provider, &config, welcome, None)?;
        self.group = Some(staged.into_group(&self.provider)?);
        Ok(())
    }

    fn update(&mut self) -> Outcome<Handout<Vec<u8>>> {
        let (group, provider, signer) = self.group()?;
        let bundle = group.self_update(provider, signer, LeafNodeParameters::default())?;
        let commit = encode(bundle.commit())?;
        group.merge_pending_commit(provider)?;
        Ok(Handout { commit, welcome: None })
    }

    fn remove(&mut self, leaf: u32) -> Outcome<Handout<Vec<u8>>> {
        let (group, provider, signer) = self.group()?;
        let (commit, ..) = group.remove_members(provider, signer, &[LeafNodeIndex::new(leaf)])?;
        group.merge_pending_commit(provider)?;
        Ok(Handout { commit: encode(&commit)?, welcome: None })
    }

    fn leaf(&self) -> Outcome<u32> {
        Ok(self.group.as_ref().ok_or("no group")?.own_leaf_index().u32())
    }

    fn process(&mut self, commit: &[u8]) -> Outcome<()> {
        let ProcessedMessageContent::StagedCommitMessage(staged) = self.open(commit)? else {
            return Err("not a commit".into());
        };
        let (group, provider, _) = self.group()?;
        Ok(group.merge_staged_commit(provider, *staged)?)
    }

    fn encrypt(&mut self, plaintext: &[u8]) -> Outcome<Vec<u8>> {
        let (group, provider, signer) = self.group()?;
        encode(&group.create_message(provider, signer, plaintext)?)
    }

    fn decrypt(&mut self, message: &[u8]) -> Outcome<Vec<u8>> {
        let ProcessedMessageContent::ApplicationMessage(message) = self.open(message)? else {
            return Err("not a message".into());
        };
        Ok(message.into_bytes())
    }

    fn load(&mut self) -> Outcome<()> {
        let id = self.group()?.0.group_id().clone();
        self.group = Some(MlsGroup::load(self.provider.storage(), &id)?.ok_or("the group is not in the store")?);
        Ok(())
    }

    fn forget_group(&mut self) -> Outcome<()> {
        let (group, provider, _) = self.group()?;
        group.delete(provider.storage())?;
        self.group = None;
        Ok(())
    }

    fn store_bytes(&self) -> usize {
        let values = self.provider.storage().values.read();
        values.map_or(0, |values| values.iter().map(|(key, value)| key.len() + value.len()).sum())
    }

    fn written(&mut self) -> Option<usize> {
        None
    }

    fn welcome_bytes(welcome: &Vec<u8>) -> (usize, usize) {
        (welcome.len(), welcome.len())
    }
}
