//! A thief with a copy of somebody's records: the keys in them under plain openmls, without the core's own rules, so
//! that what fails fails for want of a key.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use openmls::prelude::{
    MlsGroup, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider, ProcessedMessageContent, ProtocolMessage,
    tls_codec::DeserializeBytes,
};
use quicprochat_core::Provider;

use crate::people::{GROUP, Records, in_list, store_key};

pub struct Thief {
    provider: Provider,
    group: MlsGroup,
}

impl Thief {
    pub fn new(records: &Records) -> Self {
        let provider = Provider::open_all(&store_key(), in_list(records)).unwrap();
        let id = openmls::prelude::GroupId::from_slice(&GROUP.0);
        let group = MlsGroup::load(provider.storage(), &id).unwrap().unwrap();
        Self { provider, group }
    }

    pub fn epoch(&self) -> u64 {
        self.group.epoch().as_u64()
    }

    pub fn authenticator(&self) -> &[u8] {
        self.group.epoch_authenticator().as_slice()
    }

    /// The public key of what this state exports for the relay (crates/core/src/group/access.rs).
    pub fn access_key(&self) -> Option<[u8; 32]> {
        let seed = self.group.export_secret(self.provider.crypto(), "quicprochat access", b"v1", 32).ok()?;
        let key = ed25519_dalek::SigningKey::from_bytes(&seed.try_into().ok()?);
        Some(key.verifying_key().to_bytes())
    }

    /// The text of an application message, if the keys are there.
    pub fn open(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        match self.process(message)? {
            ProcessedMessageContent::ApplicationMessage(message) => Some(message.into_bytes()),
            _ => None,
        }
    }

    /// Keeps a proposal, so that a commit may refer to it.
    pub fn note(&mut self, proposal: &[u8]) {
        if let Some(ProcessedMessageContent::ProposalMessage(proposal)) = self.process(proposal) {
            self.group.store_pending_proposal(self.provider.storage(), *proposal).unwrap();
        }
    }

    /// Follows a commit into the next epoch, if the keys are there.
    pub fn follow(&mut self, commit: &[u8]) -> bool {
        let Some(ProcessedMessageContent::StagedCommitMessage(staged)) = self.process(commit) else { return false };
        self.group.merge_staged_commit(&self.provider, *staged).is_ok()
    }

    /// Takes the commit for counted that its owner had not submitted yet, or not heard of.
    pub fn follow_own(&mut self) -> bool {
        self.group.pending_commit().is_some() && self.group.merge_pending_commit(&self.provider).is_ok()
    }

    /// What plain openmls says of a message.
    pub fn judge(&mut self, message: &[u8]) -> String {
        let Ok(message) = MlsMessageIn::tls_deserialize_exact_bytes(message) else { return "not a message".into() };
        match message.extract() {
            MlsMessageBodyIn::PrivateMessage(message) => self.verdict(message),
            MlsMessageBodyIn::PublicMessage(message) => self.verdict(message),
            _ => "another kind of message".into(),
        }
    }

    fn verdict(&mut self, message: impl Into<ProtocolMessage>) -> String {
        match self.group.process_message(&self.provider, message) {
            Ok(_) => "nothing".into(),
            Err(error) => format!("{error:?}"),
        }
    }

    fn process(&mut self, message: &[u8]) -> Option<ProcessedMessageContent> {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(message).unwrap();
        let MlsMessageBodyIn::PrivateMessage(message) = message.extract() else { panic!("not a private message") };
        Some(self.group.process_message(&self.provider, message).ok()?.into_content())
    }
}
