//! The passive-client vectors: join a group that others made, follow its history, agree on every epoch.
//!
//! They run through openmls's public API over our own provider and store, and the group is read back from the store
//! before every message: what the store keeps is what the history needs. Our policy would refuse most of them
//! (resumption PSKs, public messages, foreign credentials), so they go under it, not through `GroupMember`.

use openmls::{
    prelude::{
        Ciphersuite, KeyPackage, KeyPackageBundle, KeyPackageIn, MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY, MlsGroup,
        MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, OpenMlsCrypto, OpenMlsProvider, ProcessMessageError,
        ProcessedMessageContent, ProtocolMessage, RatchetTreeIn, Sender, StagedWelcome, Welcome,
        tls_codec::Deserialize,
    },
    schedule::PreSharedKeyId,
};
use openmls_traits::storage::StorageProvider;
use quicprochat_core::Provider;

use crate::{
    json::Object,
    report::{CaseResult, Outcome, Skip},
    secrets,
};

/// The fields of a case. `ratchet_tree` is optional, but no file of the format is without it.
pub(crate) const FIELDS: [&str; 10] = [
    "cipher_suite",
    "encryption_priv",
    "epochs",
    "external_psks",
    "init_priv",
    "initial_epoch_authenticator",
    "key_package",
    "ratchet_tree",
    "signature_priv",
    "welcome",
];

/// The provider that our clients use, with an empty store.
pub(crate) fn provider() -> Provider {
    Provider::default()
}

/// One case, read in full before anything runs: a case that is skipped must be well-formed, too.
struct Case {
    suite: u16,
    key_package: Vec<u8>,
    keys: PrivateKeys,
    psks: Vec<(Vec<u8>, Vec<u8>)>,
    welcome: Vec<u8>,
    ratchet_tree: Option<Vec<u8>>,
    authenticator: Vec<u8>,
    epochs: Vec<Epoch>,
}

/// The private keys to the three public ones of the key package.
pub(crate) struct PrivateKeys {
    pub(crate) signature: Vec<u8>,
    pub(crate) encryption: Vec<u8>,
    pub(crate) init: Vec<u8>,
}

struct Epoch {
    proposals: Vec<Vec<u8>>,
    commit: Vec<u8>,
    authenticator: Vec<u8>,
}

impl Case {
    fn read(case: Object<'_>) -> Result<Self, String> {
        Ok(Self {
            suite: case.number("cipher_suite")?,
            key_package: case.bytes("key_package")?,
            keys: PrivateKeys {
                signature: case.bytes("signature_priv")?,
                encryption: case.bytes("encryption_priv")?,
                init: case.bytes("init_priv")?,
            },
            psks: case.objects("external_psks", |psk| Ok((psk.bytes("psk_id")?, psk.bytes("psk")?)))?,
            welcome: case.bytes("welcome")?,
            ratchet_tree: case.optional_bytes("ratchet_tree")?,
            authenticator: case.bytes("initial_epoch_authenticator")?,
            epochs: case.objects("epochs", Epoch::read)?,
        })
    }

    /// A case could hide behind a suite that is not built: the key package and the Welcome must be of the suite that
    /// the case names. Read at their places in the MLSMessage, which is the same in every suite (RFC 9420 §6, §10).
    fn agrees_on_its_suite(&self) -> Result<(), String> {
        let suite = self.suite.to_be_bytes();
        let is_same = self.key_package.get(6..8) == Some(&suite) && self.welcome.get(4..6) == Some(&suite);
        if is_same { Ok(()) } else { Err("the key package and the Welcome are not of the case's suite".to_owned()) }
    }
}

impl Epoch {
    fn read(epoch: Object<'_>) -> Result<Self, String> {
        Ok(Self {
            proposals: epoch.byte_strings("proposals")?,
            commit: epoch.bytes("commit")?,
            authenticator: epoch.bytes("epoch_authenticator")?,
        })
    }
}

/// Joins, follows every epoch, and gives how many there were after the first.
pub(crate) fn run(case: Object<'_>) -> CaseResult {
    let case = Case::read(case)?;
    case.agrees_on_its_suite()?;
    let provider = provider();
    if Ciphersuite::try_from(case.suite).map(|suite| provider.crypto().supports(suite)) != Ok(Ok(())) {
        return Ok(Outcome::Skipped(Skip::SuiteNotBuilt(case.suite)));
    }
    let in_suite = |reason| format!("suite {:#06x}: {reason}", case.suite);
    follow(&provider, &case).map_err(in_suite)
}

fn follow(provider: &Provider, case: &Case) -> CaseResult {
    store_psks(provider, &case.psks)?;
    store_key_package(provider, case)?;
    let group = join(provider, case)?;
    agree(&group, &case.authenticator).map_err(|reason| format!("after joining: {reason}"))?;
    let id = group.group_id().clone();
    drop(group);
    let load = || MlsGroup::load(provider.storage(), &id).map_err(debug)?.ok_or("the group is not stored".to_owned());
    for (number, epoch) in case.epochs.iter().enumerate() {
        let at = |reason: String| format!("`epochs`, entry {number}: {reason}");
        for proposal in &epoch.proposals {
            if let Some(skip) = process(provider, load()?, proposal).map_err(at)? {
                return Ok(Outcome::Skipped(skip));
            }
        }
        process(provider, load()?, &epoch.commit).map_err(at)?;
        agree(&load()?, &epoch.authenticator).map_err(at)?;
    }
    Ok(Outcome::Passed { checked: case.epochs.len() })
}

fn store_psks(provider: &Provider, psks: &[(Vec<u8>, Vec<u8>)]) -> Result<(), String> {
    for (id, psk) in psks {
        PreSharedKeyId::external(id.clone(), Vec::new()).store(provider, psk).map_err(debug)?;
    }
    Ok(())
}

/// Puts the case's key package and its keys where a generated one would be. The bundle has no public constructor; it
/// is read from its stored form, which is that of its three parts in order.
fn store_key_package(provider: &Provider, case: &Case) -> Result<(), String> {
    let message = MlsMessageIn::tls_deserialize_exact(&case.key_package).map_err(debug)?;
    let MlsMessageBodyIn::KeyPackage(key_package) = message.extract() else {
        return Err("`key_package` is not a key package".to_owned());
    };
    let key_package: KeyPackage = KeyPackageIn::into_unchecked(key_package);
    secrets::fit(provider, &key_package, &case.keys)?;
    let parts = (&key_package, &case.keys.init, &case.keys.encryption);
    let bundle: KeyPackageBundle = postcard::from_bytes(&postcard::to_stdvec(&parts).map_err(debug)?).map_err(debug)?;
    let reference = key_package.hash_ref(provider.crypto()).map_err(debug)?;
    provider.storage().write_key_package(&reference, &bundle).map_err(debug)
}

fn join(provider: &Provider, case: &Case) -> Result<MlsGroup, String> {
    // The vectors' key packages lapsed in 2024.
    let mut builder = StagedWelcome::build_from_welcome(provider, &config(), welcome(&case.welcome)?)
        .map_err(debug)?
        .skip_lifetime_validation();
    if let Some(tree) = &case.ratchet_tree {
        builder = builder.with_ratchet_tree(RatchetTreeIn::tls_deserialize_exact(tree).map_err(debug)?);
    }
    builder.build().map_err(debug)?.into_group(provider).map_err(debug)
}

pub(crate) fn welcome(bytes: &[u8]) -> Result<Welcome, String> {
    match MlsMessageIn::tls_deserialize_exact(bytes).map_err(debug)?.extract() {
        MlsMessageBodyIn::Welcome(welcome) => Ok(welcome),
        _ => Err("`welcome` is not a Welcome".to_owned()),
    }
}

pub(crate) fn config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .number_of_resumption_psks(16)
        .build()
}

/// Takes a proposal or a commit in; gives why the case goes no further, if openmls does not take such a proposal.
fn process(provider: &Provider, mut group: MlsGroup, message: &[u8]) -> Result<Option<Skip>, String> {
    let message = MlsMessageIn::tls_deserialize_exact(message).map_err(debug)?;
    let message: ProtocolMessage = message.try_into_protocol_message().map_err(debug)?;
    let is_external = is_from_outside(&message);
    let processed = match group.process_message(provider, message) {
        // It says so after it has checked the message's signature.
        Err(ProcessMessageError::UnsupportedProposalType) if is_external => return Ok(Some(Skip::ExternalProposal)),
        processed => processed.map_err(debug)?,
    };
    match processed.into_content() {
        ProcessedMessageContent::ProposalMessage(proposal) => {
            group.store_pending_proposal(provider.storage(), *proposal).map_err(debug)?;
        }
        ProcessedMessageContent::StagedCommitMessage(commit) => {
            group.merge_staged_commit(provider, *commit).map_err(debug)?;
        }
        other => return Err(format!("unexpected content {other:?}")),
    }
    Ok(None)
}

fn is_from_outside(message: &ProtocolMessage) -> bool {
    matches!(message, ProtocolMessage::PublicMessage(message) if matches!(message.sender(), Sender::External(_)))
}

fn agree(group: &MlsGroup, expected: &[u8]) -> Result<(), String> {
    let is_equal = group.epoch_authenticator().as_slice() == expected;
    if is_equal { Ok(()) } else { Err("the epoch authenticators differ".to_owned()) }
}

pub(crate) fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
