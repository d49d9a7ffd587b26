//! The RFC's passive-client vectors: join a group that others made, follow its history, agree on every epoch.
//!
//! They run through openmls's public API over our own provider and store, and the group is read back from the store
//! before every message: what the store keeps is what the history needs. Our policy would refuse most of them (PSKs,
//! public messages, foreign credentials), so they go under it, not through `GroupMember`.
//!
//! `QPC_KAT_DIR` names another folder of files of this format (`.json` or `.json.gz`). A case of a suite that the
//! provider does not have is skipped and counted; any other that does not hold fails the run.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test reports, and may fail loudly")]

use std::{collections::BTreeMap, io::Read, path::PathBuf};

use openmls::{
    prelude::{
        Ciphersuite, KeyPackage, KeyPackageBundle, KeyPackageIn, MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY, MlsGroup,
        MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, OpenMlsCrypto, OpenMlsProvider, ProcessedMessageContent,
        ProtocolMessage, RatchetTreeIn, StagedWelcome, tls_codec::DeserializeBytes,
    },
    schedule::PreSharedKeyId,
};
use openmls_traits::storage::StorageProvider;
use quicprochat_core::Provider;
use serde_json::Value;

/// What became of the cases of one file.
#[derive(Default)]
struct Tally {
    passed: usize,
    epochs: usize,
    skipped: BTreeMap<String, usize>,
    failed: Vec<String>,
}

#[test]
fn passive_clients_follow_the_vectors() {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let folder = std::env::var_os("QPC_KAT_DIR").map_or(own, PathBuf::from);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().contains(".json"));
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", folder.display());
    let mut failures = Vec::new();
    for file in files {
        let tally = run_file(&file);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        println!("{name}: {} passed ({} epochs), {} failed", tally.passed, tally.epochs, tally.failed.len());
        for (reason, count) in &tally.skipped {
            println!("{name}: {count} skipped: {reason}");
        }
        assert!(tally.passed + tally.failed.len() > 0, "nothing of {name} ran");
        failures.extend(tally.failed.into_iter().map(|failure| format!("{name} {failure}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn run_file(file: &PathBuf) -> Tally {
    let bytes = std::fs::read(file).unwrap();
    let mut text = String::new();
    if file.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut tally = Tally::default();
    for (number, case) in cases.iter().enumerate() {
        let suite = u16::try_from(case["cipher_suite"].as_u64().unwrap()).unwrap();
        if Ciphersuite::try_from(suite).map(|suite| Provider::default().crypto().supports(suite)) != Ok(Ok(())) {
            *tally.skipped.entry(format!("the provider does not have suite {suite}")).or_default() += 1;
            continue;
        }
        match run_case(case) {
            Ok(epochs) => {
                tally.passed += 1;
                tally.epochs += epochs;
            }
            Err(error) => tally.failed.push(format!("case {number} (suite {suite}): {error}")),
        }
    }
    tally
}

/// Joins, follows every epoch, and gives how many there were, the first one included.
fn run_case(case: &Value) -> Result<usize, String> {
    let provider = Provider::default();
    store_psks(&provider, case)?;
    store_key_package(&provider, case)?;
    let group = join(&provider, case)?;
    agree(&group, &case["initial_epoch_authenticator"])?;
    let id = group.group_id().clone();
    drop(group);
    let load = || MlsGroup::load(provider.storage(), &id).map_err(debug)?.ok_or("the group is not stored".to_owned());
    let epochs = case["epochs"].as_array().unwrap();
    for (number, epoch) in epochs.iter().enumerate() {
        let at = |error: String| format!("epoch {number}: {error}");
        for proposal in epoch["proposals"].as_array().unwrap() {
            process(&provider, load()?, proposal).map_err(at)?;
        }
        process(&provider, load()?, &epoch["commit"]).map_err(at)?;
        agree(&load()?, &epoch["epoch_authenticator"]).map_err(at)?;
    }
    Ok(epochs.len() + 1)
}

fn store_psks(provider: &Provider, case: &Value) -> Result<(), String> {
    for psk in case["external_psks"].as_array().unwrap() {
        let id = PreSharedKeyId::external(bytes(&psk["psk_id"]), Vec::new());
        id.store(provider, &bytes(&psk["psk"])).map_err(debug)?;
    }
    Ok(())
}

/// Puts the case's key package and its keys where a generated one would be. The bundle has no public constructor; it
/// is read from its stored form, which is that of its three parts in order.
fn store_key_package(provider: &Provider, case: &Value) -> Result<(), String> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(&bytes(&case["key_package"])).map_err(debug)?;
    let MlsMessageBodyIn::KeyPackage(key_package) = message.extract() else {
        return Err("not a key package".to_owned());
    };
    let key_package: KeyPackage = KeyPackageIn::into_unchecked(key_package);
    let parts = (&key_package, bytes(&case["init_priv"]), bytes(&case["encryption_priv"]));
    let bundle: KeyPackageBundle = postcard::from_bytes(&postcard::to_stdvec(&parts).unwrap()).map_err(debug)?;
    let reference = key_package.hash_ref(provider.crypto()).map_err(debug)?;
    provider.storage().write_key_package(&reference, &bundle).map_err(debug)
}

fn join(provider: &Provider, case: &Value) -> Result<MlsGroup, String> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(&bytes(&case["welcome"])).map_err(debug)?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { return Err("not a Welcome".to_owned()) };
    let config = MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .number_of_resumption_psks(16)
        .build();
    // The vectors' key packages lapsed in 2024.
    let mut builder =
        StagedWelcome::build_from_welcome(provider, &config, welcome).map_err(debug)?.skip_lifetime_validation();
    if let Value::String(_) = case["ratchet_tree"] {
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(&bytes(&case["ratchet_tree"])).map_err(debug)?;
        builder = builder.with_ratchet_tree(tree);
    }
    builder.build().map_err(debug)?.into_group(provider).map_err(debug)
}

fn process(provider: &Provider, mut group: MlsGroup, message: &Value) -> Result<(), String> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(&bytes(message)).map_err(debug)?;
    let message: ProtocolMessage = message.try_into_protocol_message().map_err(debug)?;
    let processed = group.process_message(provider, message).map_err(debug)?;
    match processed.into_content() {
        ProcessedMessageContent::ProposalMessage(proposal) => {
            group.store_pending_proposal(provider.storage(), *proposal).map_err(debug)
        }
        ProcessedMessageContent::StagedCommitMessage(commit) => {
            group.merge_staged_commit(provider, *commit).map_err(debug)
        }
        other => Err(format!("unexpected content {other:?}")),
    }
}

fn agree(group: &MlsGroup, expected: &Value) -> Result<(), String> {
    let is_equal = group.epoch_authenticator().as_slice() == bytes(expected);
    if is_equal { Ok(()) } else { Err("the epoch authenticators differ".to_owned()) }
}

fn bytes(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
