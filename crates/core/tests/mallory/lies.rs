//! Messages of his that are right but for one thing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use openmls::prelude::{
    LeafNodeParameters, MlsGroup, MlsGroupCreateConfig, MlsMessageBodyIn, OpenMlsProvider,
    PURE_PLAINTEXT_WIRE_FORMAT_POLICY, ProcessedMessageContent,
    tls_codec::{DeserializeBytes, Serialize},
};
use quicprochat_core::WelcomeBundle;

use super::{
    Mallory,
    forge::{self, Draft, Lies},
    read, read_key_package,
    rules::{capabilities, rules},
    suite, welcome, wire, with_key,
};
use crate::people::GROUP;

/// The lie that changes a message's content.
fn about<T: DeserializeBytes + Serialize>(mut edit: impl FnMut(&mut T) + Send + 'static) -> Lies {
    let change = move |draft: &mut Draft| {
        let mut content = wire::read(&draft.content);
        edit(&mut content);
        draft.content = wire::write(&content);
    };
    Lies { draft: Some(Box::new(change)), ..Lies::default() }
}

impl Mallory {
    /// A commit of new keys with its parts changed.
    pub fn lying_commit(&mut self, edit: impl FnMut(&mut wire::Commit) + Send + 'static) -> Vec<u8> {
        self.lying_update(about(edit))
    }

    /// A commit that adds this device, with its parts changed afterwards.
    pub fn lying_addition(
        &mut self,
        key_package: &[u8],
        edit: impl FnMut(&mut wire::Commit) + Send + 'static,
    ) -> Vec<u8> {
        self.lying(about(edit), |mallory| mallory.commit_adding(key_package))
    }

    /// A commit of new keys whose sealed part is changed.
    pub fn lying_draft(&mut self, edit: impl FnMut(&mut Draft) + Send + 'static) -> Vec<u8> {
        self.lying_update(Lies { draft: Some(Box::new(edit)), ..Lies::default() })
    }

    /// An application message, made with these lies.
    pub fn lying_send(&mut self, lies: Lies) -> Vec<u8> {
        self.lying(lies, |mallory| mallory.send(b"x"))
    }

    /// What he makes with these lies.
    pub fn lying<T>(&mut self, lies: Lies, make: impl FnOnce(&mut Self) -> T) -> T {
        self.provider.lie(lies);
        let made = make(self);
        self.provider.lie(Lies::default());
        made
    }

    /// The Welcome of a fresh group of his, made with whatever lies are told; its ratchet tree passes through `edit`.
    pub fn invite(&self, victim: &[u8], edit: impl FnOnce(Vec<u8>) -> Vec<u8>) -> WelcomeBundle {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(suite())
            .capabilities(capabilities())
            .with_group_context_extensions(rules())
            .build();
        let id = openmls::prelude::GroupId::from_slice(&GROUP.0);
        let credential = with_key(&self.credential());
        // Each time it is the same group id.
        let mut group = MlsGroup::new_with_group_id(&self.provider, &self.leaf, &config, id, credential).unwrap();
        let (_, welcome, _) = group.add_members(&self.provider, &self.leaf, &[read_key_package(victim)]).unwrap();
        group.merge_pending_commit(&self.provider).unwrap();
        let tree = edit(group.export_ratchet_tree().tls_serialize_detached().unwrap());
        let parts = welcome::split_with(&self.provider, &group, &welcome, &tree);
        group.delete(self.provider.storage()).unwrap();
        parts
    }

    /// A commit in the clear.
    pub fn public_commit(&mut self) -> Vec<u8> {
        self.configure(PURE_PLAINTEXT_WIRE_FORMAT_POLICY);
        self.lying_update(Lies::default())
    }

    /// A commit of new keys, made with these lies.
    pub fn lying_update(&mut self, lies: Lies) -> Vec<u8> {
        self.lying(lies, |mallory| {
            mallory.forget(|group, provider, leaf| {
                group.self_update(provider, leaf, LeafNodeParameters::default()).unwrap().into_commit()
            })
        })
    }

    /// A proposal of new keys with its parts changed.
    pub fn lying_proposal(&mut self, edit: impl FnMut(&mut wire::Proposal) + Send + 'static) -> Vec<u8> {
        self.lying(about(edit), |mallory| mallory.propose_with(&LeafNodeParameters::default()))
    }

    /// The reference that a commit may name another's proposal by.
    pub fn reference(&mut self, proposal: &[u8]) -> Vec<u8> {
        let MlsMessageBodyIn::PrivateMessage(proposal) = read(proposal) else { panic!("not a private message") };
        let processed = self.group.as_mut().unwrap().process_message(&self.provider, proposal).unwrap();
        let ProcessedMessageContent::ProposalMessage(proposal) = processed.into_content() else { panic!() };
        let reference = proposal.proposal_reference_ref().tls_serialize_detached().unwrap();
        forge::read_vector(&reference).1.to_vec()
    }

    /// His key package, its parts changed and all signatures made anew.
    pub fn lying_key_package(&self, edit: impl FnOnce(&mut wire::KeyPackageTbs)) -> wire::KeyPackage {
        let mut key_package: wire::KeyPackage = wire::read(&self.key_package(&self.credential())[4..]);
        edit(&mut key_package.tbs);
        key_package.tbs.leaf_node.sign(&self.leaf.0, None);
        key_package.sign(&self.leaf.0);
        key_package
    }
}
