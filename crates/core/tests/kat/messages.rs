//! The message vectors: every struct is decoded by openmls's public types and encodes to the same bytes.

use openmls::{
    prelude::{
        AddProposalIn, Ciphersuite, ContentType, Extension, ExternalInitProposal, GroupContextExtensionProposalIn,
        GroupId, MlsMessageIn, PreSharedKeyProposal, ProtocolMessage, ProtocolVersion, RatchetTreeIn, RemoveProposal,
        UpdateProposalIn, WireFormat,
        tls_codec::{Deserialize, Serialize, VLBytes},
    },
    schedule::PreSharedKeyId,
};

use crate::{
    json::Object,
    passive::debug,
    report::{CaseResult, Outcome},
};

type Check = fn(&[u8]) -> Result<(), String>;

/// Each field, and what it must survive.
const CHECKS: [(&str, Check); 17] = [
    ("mls_welcome", |bytes| message(bytes, WireFormat::Welcome, None)),
    ("mls_group_info", |bytes| message(bytes, WireFormat::GroupInfo, None)),
    ("mls_key_package", |bytes| message(bytes, WireFormat::KeyPackage, None)),
    ("ratchet_tree", round_trip::<RatchetTreeIn>),
    ("group_secrets", group_secrets),
    ("add_proposal", round_trip::<AddProposalIn>),
    ("update_proposal", round_trip::<UpdateProposalIn>),
    ("remove_proposal", round_trip::<RemoveProposal>),
    ("pre_shared_key_proposal", round_trip::<PreSharedKeyProposal>),
    ("re_init_proposal", re_init),
    ("external_init_proposal", round_trip::<ExternalInitProposal>),
    ("group_context_extensions_proposal", round_trip::<GroupContextExtensionProposalIn>),
    ("commit", commit),
    ("public_message_application", |bytes| public_message(bytes, ContentType::Application)),
    ("public_message_proposal", |bytes| public_message(bytes, ContentType::Proposal)),
    ("public_message_commit", |bytes| public_message(bytes, ContentType::Commit)),
    ("private_message", |bytes| message(bytes, WireFormat::PrivateMessage, None)),
];

pub(crate) const FIELDS: [&str; 17] = {
    let mut names = [""; 17];
    let mut at = 0;
    while at < names.len() {
        names[at] = CHECKS[at].0;
        at += 1;
    }
    names
};

pub(crate) const NOTE: &str = "not as a whole: `commit` (inside a PublicMessage), `group_secrets` and `re_init_proposal` \
                               (by their parts); the other fourteen structs as they are";

pub(crate) fn run(case: Object<'_>) -> CaseResult {
    // Every field, not up to the first that fails: one defect of a case must not hide another.
    let failures = CHECKS.iter().filter_map(|(name, check)| {
        let result = case.bytes(name).and_then(|bytes| check(&bytes).map_err(|reason| format!("`{name}`: {reason}")));
        result.err()
    });
    let failures: Vec<_> = failures.collect();
    if !failures.is_empty() {
        return Err(failures.join("; "));
    }
    Ok(Outcome::Passed { checked: CHECKS.len() })
}

fn round_trip<T: Deserialize + Serialize>(bytes: &[u8]) -> Result<(), String> {
    let decoded = T::tls_deserialize_exact(bytes).map_err(debug)?;
    is_same(&decoded, bytes)
}

fn is_same(decoded: &impl Serialize, bytes: &[u8]) -> Result<(), String> {
    let encoded = decoded.tls_serialize_detached().map_err(debug)?;
    if encoded == bytes { Ok(()) } else { Err("decodes, and encodes to other bytes".to_owned()) }
}

fn public_message(bytes: &[u8], content: ContentType) -> Result<(), String> {
    message(bytes, WireFormat::PublicMessage, Some(content))
}

/// An MLSMessage of the wire format, and with the content type, that its field promises.
fn message(bytes: &[u8], format: WireFormat, content: Option<ContentType>) -> Result<(), String> {
    let message = MlsMessageIn::tls_deserialize_exact(bytes).map_err(debug)?;
    if message.wire_format() != format {
        return Err(format!("is a {:?}, not a {format:?}", message.wire_format()));
    }
    is_same(&message, bytes)?;
    if let Some(content) = content {
        let message: ProtocolMessage = message.try_into_protocol_message().map_err(debug)?;
        if message.content_type() != content {
            return Err(format!("holds a {:?}, not a {content:?}", message.content_type()));
        }
    }
    Ok(())
}

/// openmls decodes a Commit only where one arrives: as the content of a message. This one is a member's, of no group
/// (RFC 9420 §6, §6.2). Its tags are of bytes that begin no vector, so a Commit that takes more or fewer bytes than its
/// own does not decode.
fn commit(bytes: &[u8]) -> Result<(), String> {
    const NO_GROUP_EPOCH_0: [u8; 9] = [0; 9];
    const MEMBER_0: [u8; 5] = [1, 0, 0, 0, 0];
    const NO_DATA: [u8; 1] = [0];
    const COMMIT: [u8; 1] = [ContentType::Commit as u8];
    const TAG: [u8; 33] = {
        let mut tag = [0xff; 33];
        tag[0] = 32;
        tag
    };
    let head = [&[0, 1, 0, 1], &NO_GROUP_EPOCH_0[..], &MEMBER_0, &NO_DATA, &COMMIT].concat();
    let (signature, confirmation, membership) = (TAG, TAG, TAG);
    public_message(&[&head, bytes, &signature, &confirmation, &membership].concat(), ContentType::Commit)
}

/// `struct { opaque joiner_secret<V>; optional<PathSecret> path_secret; PreSharedKeyID psks<V>; } GroupSecrets`
/// (RFC 9420 §12.4.3.1), where PathSecret is `struct { opaque path_secret<V>; }`. openmls decodes the whole only inside
/// a Welcome that opens, which the passive-client vectors show.
fn group_secrets(bytes: &[u8]) -> Result<(), String> {
    round_trip::<(VLBytes, Option<VLBytes>, Vec<PreSharedKeyId>)>(bytes)
}

/// `struct { opaque group_id<V>; ProtocolVersion version; CipherSuite cipher_suite; Extension extensions<V>; } ReInit`
/// (RFC 9420 §12.1.5). The vectors put a ratchet tree among the extensions; openmls's own type decodes no list that a
/// group context could not have.
fn re_init(bytes: &[u8]) -> Result<(), String> {
    round_trip::<((GroupId, ProtocolVersion, Ciphersuite), Vec<Extension>)>(bytes)
}
