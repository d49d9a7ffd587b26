//! A member of a group by either version of openmls: the same code, compiled over each. Nothing here knows what is tested.

macro_rules! person {
    ($name:ident, $openmls:ident) => {
        pub mod $name {
            use std::rc::Rc;

            use openmls_basic_credential::SignatureKeyPair;
            use openmls_rust_crypto::OpenMlsRustCrypto;
            use $openmls::prelude::{
                BasicCredential, Ciphersuite, CredentialWithKey, GroupId, KeyPackage, KeyPackageIn, LeafNodeIndex,
                LeafNodeParameters, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn,
                OpenMlsProvider, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, ProcessedMessageContent, ProposalStore,
                ProtocolVersion, PublicGroup, StagedWelcome,
                tls_codec::{DeserializeBytes, Serialize},
            };

            type Outcome<T> = Result<T, String>;

            const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

            pub struct Person {
                provider: OpenMlsRustCrypto,
                pub signer: Rc<SignatureKeyPair>,
                pub group: Option<MlsGroup>,
            }

            fn text(error: impl std::fmt::Debug) -> String {
                format!("{error:?}")
            }

            fn packages(provider: &OpenMlsRustCrypto, adds: &[Vec<u8>]) -> Vec<KeyPackage> {
                adds.iter()
                    .map(|bytes| {
                        KeyPackageIn::tls_deserialize_exact_bytes(bytes)
                            .unwrap()
                            .validate(provider.crypto(), ProtocolVersion::Mls10)
                            .unwrap()
                    })
                    .collect()
            }

            fn join_config() -> MlsGroupJoinConfig {
                MlsGroupJoinConfig::builder()
                    .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
                    .use_ratchet_tree_extension(true)
                    .build()
            }

            impl Person {
                pub fn new(signer: Option<Rc<SignatureKeyPair>>) -> Self {
                    let signer =
                        signer.unwrap_or_else(|| Rc::new(SignatureKeyPair::new(SUITE.signature_algorithm()).unwrap()));
                    Self { provider: OpenMlsRustCrypto::default(), signer, group: None }
                }

                fn credential(&self) -> CredentialWithKey {
                    CredentialWithKey {
                        credential: BasicCredential::new(b"someone".to_vec()).into(),
                        signature_key: self.signer.to_public_vec().into(),
                    }
                }

                pub fn key_package(&self) -> Vec<u8> {
                    let bundle =
                        KeyPackage::builder().build(SUITE, &self.provider, &*self.signer, self.credential()).unwrap();
                    bundle.key_package().tls_serialize_detached().unwrap()
                }

                pub fn create(&mut self) {
                    let config = MlsGroupCreateConfig::builder()
                        .ciphersuite(SUITE)
                        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
                        .use_ratchet_tree_extension(true)
                        .build();
                    let id = GroupId::from_slice(b"group");
                    let credential = self.credential();
                    self.group = Some(
                        MlsGroup::new_with_group_id(&self.provider, &*self.signer, &config, id, credential).unwrap(),
                    );
                }

                pub fn commit(
                    &mut self,
                    adds: &[Vec<u8>],
                    removes: &[u32],
                    path: bool,
                    pending: bool,
                ) -> Outcome<(Vec<u8>, Option<Vec<u8>>)> {
                    let group = self.group.as_mut().unwrap();
                    let bundle = group
                        .commit_builder()
                        .consume_proposal_store(pending)
                        .force_self_update(path)
                        .propose_adds(packages(&self.provider, adds))
                        .propose_removals(removes.iter().map(|leaf| LeafNodeIndex::new(*leaf)))
                        .load_psks(self.provider.storage())
                        .map_err(text)?
                        .build(self.provider.rand(), self.provider.crypto(), &*self.signer, |_| true)
                        .map_err(text)?
                        .stage_commit(&self.provider)
                        .map_err(text)?;
                    let (commit, welcome, _) = bundle.into_messages();
                    Ok((
                        commit.tls_serialize_detached().unwrap(),
                        welcome.map(|welcome| welcome.tls_serialize_detached().unwrap()),
                    ))
                }

                pub fn propose(&mut self, what: u8, key_package: &[u8], leaf: u32) -> Outcome<Vec<u8>> {
                    let group = self.group.as_mut().unwrap();
                    let (provider, signer) = (&self.provider, &*self.signer);
                    let message = match what {
                        0 => {
                            let added = packages(provider, &[key_package.to_vec()]).remove(0);
                            group.propose_add_member(provider, signer, &added).map_err(text)?.0
                        }
                        1 => group.propose_remove_member(provider, signer, LeafNodeIndex::new(leaf)).map_err(text)?.0,
                        _ => {
                            group.propose_self_update(provider, signer, LeafNodeParameters::default()).map_err(text)?.0
                        }
                    };
                    Ok(message.tls_serialize_detached().unwrap())
                }

                pub fn merge_own(&mut self) {
                    self.group.as_mut().unwrap().merge_pending_commit(&self.provider).unwrap();
                }

                pub fn discard_own(&mut self) {
                    self.group.as_mut().unwrap().clear_pending_commit(self.provider.storage()).unwrap();
                }

                /// Whether the commit was merged; what is not kept is looked at and thrown away.
                pub fn process(&mut self, message: &[u8], keep: bool) -> Outcome<()> {
                    let group = self.group.as_mut().unwrap();
                    let message = MlsMessageIn::tls_deserialize_exact_bytes(message).unwrap();
                    let message = message.try_into_protocol_message().unwrap();
                    let processed = group.process_message(&self.provider, message).map_err(text)?;
                    match processed.into_content() {
                        ProcessedMessageContent::StagedCommitMessage(staged) if keep => {
                            group.merge_staged_commit(&self.provider, *staged).map_err(text)
                        }
                        ProcessedMessageContent::ProposalMessage(proposal) if keep => {
                            group.store_pending_proposal(self.provider.storage(), *proposal).map_err(text)
                        }
                        _ => Ok(()),
                    }
                }

                pub fn forget_proposals(&mut self) {
                    self.group.as_mut().unwrap().clear_pending_proposals(self.provider.storage()).unwrap();
                }

                pub fn join(&mut self, welcome: &[u8]) {
                    let message = MlsMessageIn::tls_deserialize_exact_bytes(welcome).unwrap();
                    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { panic!() };
                    let staged =
                        StagedWelcome::new_from_welcome(&self.provider, &join_config(), welcome, None).unwrap();
                    self.group = Some(staged.into_group(&self.provider).unwrap());
                }

                pub fn join_from_outside(&mut self, info: &[u8]) -> Outcome<Vec<u8>> {
                    let message = MlsMessageIn::tls_deserialize_exact_bytes(info).unwrap();
                    let MlsMessageBodyIn::GroupInfo(info) = message.extract() else { panic!() };
                    let (group, bundle) = MlsGroup::external_commit_builder()
                        .with_config(join_config())
                        .build_group(&self.provider, info, self.credential())
                        .map_err(text)?
                        .load_psks(self.provider.storage())
                        .map_err(text)?
                        .build(self.provider.rand(), self.provider.crypto(), &*self.signer, |_| true)
                        .map_err(text)?
                        .finalize(&self.provider)
                        .map_err(text)?;
                    self.group = Some(group);
                    Ok(bundle.into_commit().tls_serialize_detached().unwrap())
                }

                pub fn reload(&mut self) {
                    let id = GroupId::from_slice(b"group");
                    self.group = Some(MlsGroup::load(self.provider.storage(), &id).unwrap().unwrap());
                }

                pub fn info(&self) -> Vec<u8> {
                    let group = self.group.as_ref().unwrap();
                    let info = group.export_group_info(self.provider.crypto(), &*self.signer, true).unwrap();
                    info.tls_serialize_detached().unwrap()
                }

                pub fn tree(&self) -> Vec<u8> {
                    self.group.as_ref().unwrap().export_ratchet_tree().tls_serialize_detached().unwrap()
                }

                pub fn state(&self) -> (u64, Vec<u8>) {
                    let group = self.group.as_ref().unwrap();
                    (group.epoch().as_u64(), group.epoch_authenticator().as_slice().to_vec())
                }

                pub fn leaf(&self) -> u32 {
                    self.group.as_ref().unwrap().own_leaf_index().u32()
                }

                pub fn is_active(&self) -> bool {
                    self.group.as_ref().is_some_and(MlsGroup::is_active)
                }
            }

            /// That a group's tree and its hash are what a stranger computes.
            pub fn check(info: &[u8], tree: &[u8]) {
                let provider = OpenMlsRustCrypto::default();
                let message = MlsMessageIn::tls_deserialize_exact_bytes(info).unwrap();
                let MlsMessageBodyIn::GroupInfo(info) = message.extract() else { panic!() };
                let tree = $openmls::treesync::RatchetTreeIn::tls_deserialize_exact_bytes(tree).unwrap();
                PublicGroup::from_external(provider.crypto(), provider.storage(), tree, info, ProposalStore::new())
                    .unwrap();
            }
        }
    };
}

person!(ours, openmls);
person!(theirs, openmls_upstream);

pub enum Person {
    Ours(ours::Person),
    Theirs(theirs::Person),
}

/// Does the same to a person of either version.
macro_rules! both {
    ($self:expr, $person:ident => $call:expr) => {
        match $self {
            Person::Ours($person) => $call,
            Person::Theirs($person) => $call,
        }
    };
}
