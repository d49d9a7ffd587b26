//! Our openmls beside the published one: random histories of a group whose members run either, over the raw API. After
//! each epoch all have the same epoch authenticator and the same tree, and either version takes the group's public form in
//! from nothing, which checks every hash of the tree anew. So what the patch keeps between epochs (third_party/README.md)
//! is what the published one computes.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test may fail loudly")]

macro_rules! person {
    ($name:ident, $openmls:ident) => {
        mod $name {
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

enum Person {
    Ours(ours::Person),
    Theirs(theirs::Person),
}

macro_rules! both {
    ($self:expr, $person:ident => $call:expr) => {
        match $self {
            Person::Ours($person) => $call,
            Person::Theirs($person) => $call,
        }
    };
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % sides as u64).unwrap()
    }
}

fn new_person(dice: &mut Dice) -> Person {
    if dice.roll(2) == 0 { Person::Ours(ours::Person::new(None)) } else { Person::Theirs(theirs::Person::new(None)) }
}

/// One more of whoever has that signature key.
fn twin(of: &Person, dice: &mut Dice) -> Person {
    let signer = both!(of, person => person.signer.clone());
    if dice.roll(2) == 0 {
        Person::Ours(ours::Person::new(Some(signer)))
    } else {
        Person::Theirs(theirs::Person::new(Some(signer)))
    }
}

#[derive(Default, Debug)]
struct Tally {
    commits: usize,
    adds: usize,
    removes: usize,
    external: usize,
    discarded: usize,
    refused: usize,
    proposals: usize,
    reloads: usize,
    most: usize,
}

fn history(seed: u64, moves: usize, tally: &mut Tally) {
    let dice = &mut Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut first = new_person(dice);
    both!(&mut first, person => person.create());
    let mut group = vec![first];
    for _ in 0..moves {
        tally.most = tally.most.max(group.len());
        let who = dice.roll(group.len());
        // Some are closed and opened.
        if dice.roll(3) == 0 {
            let whom = dice.roll(group.len());
            both!(&mut group[whom], person => person.reload());
            tally.reloads += 1;
        }
        // A commit that comes to nothing: its maker discards it, and some had looked at it.
        if dice.roll(2) == 0 {
            let (added, removes) = (new_person(dice), some_leaves(&group, who, dice));
            let adds: Vec<_> = (0..dice.roll(2)).map(|_| both!(&added, person => person.key_package())).collect();
            let made = both!(&mut group[who], person => person.commit(&adds, &removes, true, false));
            let (commit, _) = made.unwrap();
            for (index, person) in group.iter_mut().enumerate() {
                if index != who && dice.roll(2) == 0 {
                    both!(person, person => person.process(&commit, false)).unwrap();
                }
            }
            if dice.roll(3) == 0 {
                both!(&mut group[who], person => person.reload());
            }
            both!(&mut group[who], person => person.discard_own());
            tally.discarded += 1;
        }
        // Key packages that may not go together.
        if dice.roll(4) == 0 {
            let member = dice.roll(group.len());
            let other = new_person(dice);
            let of_twin = both!(&twin(&group[member], dice), person => person.key_package());
            let of_other = both!(&other, person => person.key_package());
            let of_other_again = both!(&other, person => person.key_package());
            let adds = match dice.roll(3) {
                0 => vec![of_twin],
                1 => vec![of_other.clone(), of_other],
                _ => vec![of_other, of_other_again],
            };
            match both!(&mut group[who], person => person.commit(&adds, &[], true, false)) {
                // The same proposal twice is one.
                Ok(_) => both!(&mut group[who], person => person.discard_own()),
                Err(refused) => {
                    assert!(refused.contains("Duplicate"), "{refused}");
                    tally.refused += 1;
                }
            }
        }
        if dice.roll(12) == 0 {
            let info = both!(&group[who], person => person.info());
            let mut comer = new_person(dice);
            let commit = both!(&mut comer, person => person.join_from_outside(&info)).unwrap();
            for person in &mut group {
                if dice.roll(4) == 0 {
                    both!(person, person => person.process(&commit, false)).unwrap();
                }
                both!(person, person => { person.process(&commit, true).unwrap(); person.forget_proposals() });
            }
            group.push(comer);
            tally.external += 1;
            agree(&group, dice);
            continue;
        }
        // Proposals of others, by reference.
        let mut comers = Vec::new();
        let mut adds = Vec::new();
        for _ in 0..dice.roll(3) {
            let proposer = dice.roll(group.len());
            let comer = new_person(dice);
            let key_package = both!(&comer, person => person.key_package());
            // Not the committer's leaf, and no update of the committer.
            let target = some_leaves(&group, who, dice).first().copied();
            let what = match (dice.roll(3), target) {
                (1, None) | (0, _) => 0,
                (1, Some(_)) => 1,
                _ if proposer == who => 0,
                _ => 2,
            };
            let made = both!(&mut group[proposer], person => person.propose(what, &key_package, target.unwrap_or(0)));
            let proposal = made.unwrap();
            for (index, person) in group.iter_mut().enumerate() {
                if index != proposer {
                    both!(person, person => person.process(&proposal, true)).unwrap();
                }
            }
            if what == 0 {
                comers.push(comer);
            }
            tally.proposals += 1;
        }
        let mut removes = if dice.roll(3) == 0 { some_leaves(&group, who, dice) } else { vec![] };
        let wanted = if group.len() < 18 { [0, 1, 1, 4][dice.roll(4)] } else { dice.roll(2) };
        let proposed = comers.len();
        for _ in 0..wanted {
            comers.push(new_person(dice));
        }
        // Whoever goes may come back at once with the same signature key.
        if let (Some(leaf), 0) = (removes.first(), dice.roll(2)) {
            let gone = group.iter().find(|one| both!(one, person => person.leaf()) == *leaf).unwrap();
            comers.push(twin(gone, dice));
        }
        removes.dedup();
        adds.extend(comers[proposed..].iter().map(|one| both!(one, person => person.key_package())));
        let path = dice.roll(2) == 0;
        let made = both!(&mut group[who], person => person.commit(&adds, &removes, path, true));
        let (commit, welcome) = match made {
            Ok(made) => made,
            Err(error) => {
                // By reference and by value at once.
                assert!(error.contains("Duplicate") || error.contains("ProposalValidation"), "{error}");
                tally.refused += 1;
                for person in &mut group {
                    both!(person, person => person.forget_proposals());
                }
                continue;
            }
        };
        for (index, person) in group.iter_mut().enumerate() {
            if index == who {
                both!(person, person => person.merge_own());
            } else {
                if dice.roll(4) == 0 {
                    both!(person, person => person.process(&commit, false)).unwrap();
                }
                both!(person, person => person.process(&commit, true)).unwrap();
            }
        }
        let before = group.len();
        group.retain(|person| both!(person, person => person.is_active()));
        tally.removes += before - group.len();
        if let Some(welcome) = welcome {
            for mut comer in comers {
                both!(&mut comer, person => person.join(&welcome));
                group.push(comer);
                tally.adds += 1;
            }
        }
        tally.commits += 1;
        agree(&group, dice);
    }
}

fn some_leaves(group: &[Person], who: usize, dice: &mut Dice) -> Vec<u32> {
    let mut leaves = Vec::new();
    let most = [0, 1, 1, 2, group.len() / 2][dice.roll(5)];
    for (index, person) in group.iter().enumerate() {
        if index != who && leaves.len() < most && dice.roll(2) == 0 {
            leaves.push(both!(person, person => person.leaf()));
        }
    }
    leaves
}

fn agree(group: &[Person], dice: &mut Dice) {
    let of = |person: &Person| both!(person, person => (person.state(), person.tree()));
    let first = of(&group[0]);
    for person in group {
        assert!(of(person) == first);
    }
    let one = &group[dice.roll(group.len())];
    let (info, tree) = both!(one, person => (person.info(), person.tree()));
    theirs::check(&info, &tree);
    ours::check(&info, &tree);
}

/// `QPC_CASES` of them; two unless it says otherwise.
#[test]
fn both_have_the_same_histories() {
    let cases = std::env::var("QPC_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2);
    let mut tally = Tally::default();
    for seed in 1..=cases {
        history(seed, 40, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.commits > 0 && tally.adds > 0 && tally.removes > 0 && tally.discarded > 0 && tally.reloads > 0);
}
