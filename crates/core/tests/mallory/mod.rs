//! A hostile member: openmls without the core's rules, and chains of keys forged by hand from the documented form.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod crypto;
pub mod forge;
mod lies;
mod revocation;
pub mod rules;
pub mod welcome;
pub mod wire;

use ed25519_dalek::{Signer as _, SigningKey};
use forge::Forger;
use openmls::{
    prelude::{
        BasicCredential, Ciphersuite, Credential, CredentialWithKey, CustomProposal, Extensions, ExternalCommitBuilder,
        GroupContext, KeyPackage, KeyPackageBuilder, LeafNodeIndex, LeafNodeParameters, Lifetime,
        MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, MlsMessageBodyIn,
        MlsMessageIn, MlsMessageOut, NewSignerBundle, OpenMlsProvider, PreSharedKeyProposal, ProcessedMessageContent,
        Proposal, Welcome, WireFormatPolicy,
        tls_codec::{DeserializeBytes, Serialize},
    },
    schedule::{PreSharedKeyId, psk::ResumptionPskUsage},
};
use openmls_traits::{
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use quicprochat_core::{Field, Provider, WelcomeBundle, device_certificate_transcript, transcript};
use rules::{capabilities, rules};

use crate::people::{GROUP, SUITE};

/// A credential of his making, and the key that signs for it.
pub type Forged = (Credential, LeafKey);

/// A leaf's signature key.
#[derive(Clone, Debug)]
pub struct LeafKey(pub SigningKey);

impl LeafKey {
    pub fn sign(&self, payload: &[u8]) -> Vec<u8> {
        self.0.sign(payload).to_bytes().to_vec()
    }
}

impl Signer for LeafKey {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        forge::has_signed(&self.0, payload);
        Ok(self.0.sign(payload).to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

pub struct Mallory {
    pub provider: Forger,
    handle: String,
    account: SigningKey,
    device: SigningKey,
    device_id: [u8; 16],
    pub leaf: LeafKey,
    pub group: Option<MlsGroup>,
}

/// For a good week from the time 0, at which the tests begin.
fn lifetime() -> Lifetime {
    Lifetime::init(0, 1_000_000)
}

impl Mallory {
    pub fn new(handle: &str) -> Self {
        Self::of(handle, 0xa1)
    }

    /// Another device of another account; three keys from the seed on.
    pub fn of(handle: &str, seed: u8) -> Self {
        let key = |seed| SigningKey::from_bytes(&[seed; 32]);
        Self {
            provider: Forger::new(),
            handle: handle.to_owned(),
            account: key(seed),
            device: key(seed + 1),
            device_id: [seed; 16],
            leaf: LeafKey(key(seed + 2)),
            group: None,
        }
    }

    /// The same keys under another handle.
    pub fn named(&self, handle: &str) -> Self {
        Self { leaf: self.leaf.clone(), ..Self::new(handle) }
    }

    // --- Chains of keys

    /// A chain that holds.
    pub fn credential(&self) -> Forged {
        self.chain(&self.handle, &self.account.verifying_key().to_bytes(), self.leaf.clone())
    }

    /// A chain that holds, for a leaf key that is in no tree yet.
    pub fn fresh_credential(&self) -> Forged {
        let leaf = LeafKey(SigningKey::from_bytes(&[0xa4; 32]));
        self.chain(&self.handle, &self.account.verifying_key().to_bytes(), leaf)
    }

    /// Another account's handle and key, certified by his own account key.
    pub fn credential_as(&self, handle: &str, account_key: &[u8; 32]) -> Forged {
        self.chain(handle, account_key, self.leaf.clone())
    }

    /// A chain that holds for another leaf key than the one that signs.
    pub fn credential_of_another_key(&self) -> Forged {
        (self.fresh_credential().0, self.leaf.clone())
    }

    /// Nothing but a name.
    pub fn bare_credential(&self, name: &[u8]) -> Forged {
        (BasicCredential::new(name.to_vec()).into(), self.leaf.clone())
    }

    /// Nothing but a name, for a leaf key that is in no tree yet.
    pub fn strangers_credential(&self) -> Forged {
        (BasicCredential::new(b"carol".to_vec()).into(), LeafKey(SigningKey::from_bytes(&[0xa6; 32])))
    }

    fn chain(&self, handle: &str, account_key: &[u8; 32], leaf: LeafKey) -> Forged {
        let device_key = self.device.verifying_key().to_bytes();
        let leaf_key = leaf.0.verifying_key().to_bytes();
        let device_claim = device_certificate_transcript(handle, account_key, &self.device_id, &device_key);
        let leaf_claim = transcript(
            "leaf-certificate",
            &[
                Field::Text(handle),
                Field::Bytes(account_key),
                Field::Text(&self.device_id.map(|byte| format!("{byte:02x}")).concat()),
                Field::Bytes(&device_key),
                Field::Bytes(&leaf_key),
            ],
        );
        let mut bytes = vec![1, u8::try_from(handle.len()).unwrap()];
        bytes.extend_from_slice(handle.as_bytes());
        bytes.extend_from_slice(account_key);
        bytes.extend_from_slice(&self.device_id);
        bytes.extend_from_slice(&device_key);
        bytes.extend_from_slice(&self.account.sign(&device_claim).to_bytes());
        bytes.extend_from_slice(&self.device.sign(&leaf_claim).to_bytes());
        (BasicCredential::new(bytes).into(), leaf)
    }

    // --- Key packages and groups of his own

    pub fn key_package(&self, forged: &Forged) -> Vec<u8> {
        self.key_package_with(forged, lifetime())
    }

    pub fn key_package_with(&self, forged: &Forged, lifetime: Lifetime) -> Vec<u8> {
        bytes(&MlsMessageOut::from(self.build_key_package(forged, lifetime)))
    }

    fn build_key_package(&self, forged: &Forged, lifetime: Lifetime) -> KeyPackage {
        let builder = KeyPackageBuilder::new().leaf_node_capabilities(capabilities()).key_package_lifetime(lifetime);
        let bundle = builder.build(suite(), &self.provider, &forged.1, with_key(forged)).unwrap();
        bundle.key_package().clone()
    }

    /// The Welcome of a fresh group of his, with a second leaf if one is given, for a victim's key package.
    pub fn welcome(
        &self,
        creator: &Forged,
        second: Option<&Forged>,
        extensions: Extensions<GroupContext>,
        victim: &[u8],
    ) -> WelcomeBundle {
        let mut added = vec![read_key_package(victim)];
        if let Some((credential, _)) = second {
            // Another leaf key, or the tree itself would be invalid.
            let leaf = LeafKey(SigningKey::from_bytes(&[0xa5; 32]));
            let account_key = self.account.verifying_key().to_bytes();
            let is_chain = credential.serialized_content().len() > 100;
            let forged =
                if is_chain { self.chain(&self.handle, &account_key, leaf) } else { (credential.clone(), leaf) };
            added.push(self.build_key_package(&forged, lifetime()));
        }
        Self::welcome_to(creator, &added, extensions)
    }

    /// The Welcome of a fresh group of his with somebody else in it, for a victim's key package.
    pub fn welcome_with(&self, other: &[u8], victim: &[u8]) -> WelcomeBundle {
        let added = [victim, other].map(read_key_package);
        Self::welcome_to(&self.credential(), &added, rules())
    }

    fn welcome_to(creator: &Forged, added: &[KeyPackage], extensions: Extensions<GroupContext>) -> WelcomeBundle {
        // A provider of its own: each time it is the same group id.
        let provider = Provider::default();
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(suite())
            .capabilities(capabilities())
            .with_group_context_extensions(extensions)
            .build();
        let id = openmls::prelude::GroupId::from_slice(&GROUP.0);
        let mut group = MlsGroup::new_with_group_id(&provider, &creator.1, &config, id, with_key(creator)).unwrap();
        let (_, welcome, _) = group.add_members(&provider, &creator.1, added).unwrap();
        group.merge_pending_commit(&provider).unwrap();
        welcome::split(&provider, &group, &welcome)
    }

    // --- In Alice's group

    /// Joins as the `index`-th of those who were added.
    pub fn join(&mut self, welcome: &WelcomeBundle, index: usize) {
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .number_of_resumption_psks(1)
            .build();
        self.group = Some(welcome::join(&self.provider, &config, &welcome.joiners[index], &welcome.shared));
    }

    pub fn configure(&mut self, policy: WireFormatPolicy) {
        let config = MlsGroupJoinConfig::builder().wire_format_policy(policy).use_ratchet_tree_extension(true).build();
        self.group.as_mut().unwrap().set_configuration(self.provider.storage(), &config).unwrap();
    }

    pub fn follow(&mut self, commit: &[u8]) {
        let (group, provider) = (self.group.as_mut().unwrap(), &self.provider);
        let MlsMessageBodyIn::PrivateMessage(commit) = read(commit) else { panic!("not a private message") };
        let processed = group.process_message(provider, commit).unwrap();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else { panic!() };
        group.merge_staged_commit(provider, *staged).unwrap();
    }

    /// Hands out what `make` makes and forgets that he made it.
    fn forget(&mut self, make: impl FnOnce(&mut MlsGroup, &Forger, &LeafKey) -> MlsMessageOut) -> Vec<u8> {
        let group = self.group.as_mut().unwrap();
        let message = make(group, &self.provider, &self.leaf);
        group.clear_pending_commit(self.provider.storage()).unwrap();
        group.clear_pending_proposals(self.provider.storage()).unwrap();
        bytes(&message)
    }

    /// A commit whose path leaf has this credential.
    pub fn commit_as(&mut self, forged: &Forged) -> Vec<u8> {
        self.forget(|group, provider, leaf| {
            let bundle = NewSignerBundle { signer: &forged.1, credential_with_key: with_key(forged) };
            let parameters = LeafNodeParameters::default();
            group.self_update_with_new_signer(provider, leaf, bundle, parameters).unwrap().into_commit()
        })
    }

    pub fn propose_as(&mut self, forged: &Forged) -> Vec<u8> {
        self.forget(|group, provider, leaf| {
            let bundle = NewSignerBundle { signer: &forged.1, credential_with_key: with_key(forged) };
            let parameters = LeafNodeParameters::default();
            group.propose_self_update_with_new_signer(provider, leaf, bundle, parameters).unwrap().0
        })
    }

    pub fn propose_with(&mut self, parameters: &LeafNodeParameters) -> Vec<u8> {
        self.forget(|group, provider, leaf| group.propose_self_update(provider, leaf, parameters.clone()).unwrap().0)
    }

    /// A commit whose path leaf is changed so.
    pub fn commit_with(&mut self, parameters: &LeafNodeParameters) -> Vec<u8> {
        self.forget(|group, provider, leaf| {
            group.self_update(provider, leaf, parameters.clone()).unwrap().into_commit()
        })
    }

    pub fn propose_custom(&mut self, kind: u16) -> Vec<u8> {
        self.forget(|group, provider, leaf| {
            group.propose_custom_proposal_by_value(provider, leaf, CustomProposal::new(kind, b"x".to_vec())).unwrap().0
        })
    }

    pub fn commit_custom(&mut self, kind: u16) -> Vec<u8> {
        let proposal = Proposal::Custom(Box::new(CustomProposal::new(kind, b"x".to_vec())));
        self.forget(|group, provider, leaf| commit(group, provider, leaf, proposal))
    }

    pub fn propose_removing(&mut self, index: u32) -> Vec<u8> {
        self.forget(|group, provider, leaf| {
            group.propose_remove_member(provider, leaf, LeafNodeIndex::new(index)).unwrap().0
        })
    }

    pub fn commit_adding(&mut self, key_package: &[u8]) -> Vec<u8> {
        self.commit_adding_all(&[key_package])
    }

    pub fn commit_adding_all(&mut self, key_packages: &[&[u8]]) -> Vec<u8> {
        let key_packages: Vec<_> = key_packages.iter().map(|bytes| read_key_package(bytes)).collect();
        self.forget(|group, provider, leaf| group.add_members(provider, leaf, &key_packages).unwrap().0)
    }

    /// Removes one member and adds another device in one commit.
    pub fn commit_replacing(&mut self, leaf: u32, key_package: &[u8]) -> Vec<u8> {
        let key_package = read_key_package(key_package);
        self.forget(|group, provider, leaf_key| {
            let builder = group.commit_builder().propose_removals([LeafNodeIndex::new(leaf)]);
            let builder = builder.propose_adds([key_package]).load_psks(provider.storage()).unwrap();
            let built = builder.build(provider.rand(), provider.crypto(), leaf_key, |_| true).unwrap();
            built.stage_commit(provider).unwrap().into_commit()
        })
    }

    pub fn propose_adding(&mut self, key_package: &[u8]) -> Vec<u8> {
        let key_package = read_key_package(key_package);
        self.forget(|group, provider, leaf| group.propose_add_member(provider, leaf, &key_package).unwrap().0)
    }

    pub fn propose_psk(&mut self, psk: PreSharedKeyId) -> Vec<u8> {
        self.forget(|group, provider, leaf| group.propose_pre_shared_key(provider, leaf, psk).unwrap().0)
    }

    pub fn commit_psk(&mut self, psk: PreSharedKeyId) -> Vec<u8> {
        let proposal = Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(psk)));
        self.forget(|group, provider, leaf| commit(group, provider, leaf, proposal))
    }

    /// The id of the current epoch's resumption PSK.
    pub fn resumption_psk(&self) -> PreSharedKeyId {
        let group = self.group.as_ref().unwrap();
        let (id, epoch) = (group.group_id().clone(), group.epoch());
        PreSharedKeyId::resumption(ResumptionPskUsage::Application, id, epoch, vec![0; 32])
    }

    pub fn propose_extensions(&mut self, extensions: Extensions<GroupContext>) -> Vec<u8> {
        self.forget(|group, provider, leaf| {
            group.propose_group_context_extensions(provider, extensions, leaf).unwrap().0
        })
    }

    pub fn commit_extensions(&mut self, extensions: Extensions<GroupContext>) -> Vec<u8> {
        self.forget(|group, provider, leaf| {
            group.update_group_context_extensions(provider, extensions, leaf).unwrap().0
        })
    }

    /// An application message as ours are: framed, in the shortest class.
    pub fn say(&mut self, text: &str) -> Vec<u8> {
        let mut frame = [text.as_bytes(), &[0x80]].concat();
        frame.resize(256, 0);
        self.send(&frame)
    }

    /// An application message whose plaintext is not framed as ours are.
    pub fn send(&mut self, plaintext: &[u8]) -> Vec<u8> {
        self.forget(|group, provider, leaf| group.create_message(provider, leaf, plaintext).unwrap())
    }

    pub fn group_info(&self) -> Vec<u8> {
        let group = self.group.as_ref().unwrap();
        bytes(&group.export_group_info(self.provider.crypto(), &self.leaf, true).unwrap())
    }

    /// He comes in once more, from outside, with the group info that he has as a member.
    pub fn external_commit(&self) -> Vec<u8> {
        let MlsMessageBodyIn::GroupInfo(info) = read(&self.group_info()) else { panic!("not a group info") };
        let provider = Provider::default();
        let forged = self.fresh_credential();
        let parameters = LeafNodeParameters::builder().with_capabilities(capabilities()).build();
        let (_, bundle) = ExternalCommitBuilder::new()
            .skip_lifetime_validation()
            .build_group(&provider, info, with_key(&forged))
            .unwrap()
            .leaf_node_parameters(parameters)
            .load_psks(provider.storage())
            .unwrap()
            .build(provider.rand(), provider.crypto(), &forged.1, |_| true)
            .unwrap()
            .finalize(&provider)
            .unwrap();
        bytes(&bundle.into_commit())
    }
}

fn commit(group: &mut MlsGroup, provider: &Forger, leaf: &LeafKey, proposal: Proposal) -> MlsMessageOut {
    let builder = group.commit_builder().add_proposal(proposal).load_psks(provider.storage()).unwrap();
    let built = builder.build(provider.rand(), provider.crypto(), leaf, |_| true).unwrap();
    built.stage_commit(provider).unwrap().into_commit()
}

fn suite() -> Ciphersuite {
    Ciphersuite::try_from(SUITE.number()).unwrap()
}

fn with_key((credential, leaf): &Forged) -> CredentialWithKey {
    let signature_key = leaf.0.verifying_key().to_bytes().to_vec().into();
    CredentialWithKey { credential: credential.clone(), signature_key }
}

fn read(message: &[u8]) -> MlsMessageBodyIn {
    MlsMessageIn::tls_deserialize_exact_bytes(message).unwrap().extract()
}

fn read_welcome(message: &[u8]) -> Welcome {
    let MlsMessageBodyIn::Welcome(welcome) = read(message) else { panic!("not a Welcome") };
    welcome
}

fn read_key_package(message: &[u8]) -> KeyPackage {
    let MlsMessageBodyIn::KeyPackage(key_package) = read(message) else { panic!("not a key package") };
    // Only the receiver's checks are of interest here.
    key_package.into_unchecked()
}

fn bytes(message: &MlsMessageOut) -> Vec<u8> {
    message.tls_serialize_detached().unwrap()
}
