//! `GroupMember`: a device's seat in a group.
//!
//! Methods take `&self` and borrow inside: a call that panicked keeps its borrow for good, and wasm-bindgen's own
//! check would then answer for us, without a code.

use std::{
    cell::{RefCell, RefMut},
    rc::{Rc, Weak},
};

use js_sys::Uint8Array;
use quicprochat_core::{self as core, CoreError, GroupId};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    error::Thrown,
    poison::{guarded, guarded_shallow},
    record::{self, milliseconds, to_milliseconds},
    types::{Agreement, CommitBundle, CommitEffect, DeviceIdentity, GroupStatus, GroupTimes, Member, Received},
};

/// A seat in a group. Every commit is staged first and counts only when it is merged.
#[wasm_bindgen]
pub struct GroupMember(Rc<RefCell<Seat>>);

/// What a handle holds: boxed, so that handing it to JavaScript moves no keys over the stack; or why it is gone.
type Seat = Result<Box<core::GroupMember>, CoreError>;

/// All handles on the groups of a client, so that a group that leaves the memory leaves nothing behind in them.
#[derive(Default)]
pub(crate) struct Handles(RefCell<Vec<(GroupId, Weak<RefCell<Seat>>)>>);

impl Handles {
    /// A handle for JavaScript.
    pub(crate) fn hold(&self, member: core::GroupMember) -> GroupMember {
        let mut handles = self.0.borrow_mut();
        handles.retain(|(_, seat)| seat.strong_count() > 0);
        let id = member.group_id();
        let seat = Rc::new(RefCell::new(Ok(Box::new(member))));
        handles.push((id, Rc::downgrade(&seat)));
        GroupMember(seat)
    }

    /// Wipes what handles hold of the groups that are gone for a reason. They answer with it from then on.
    pub(crate) fn release(&self, reason: impl Fn(GroupId) -> Option<CoreError>) {
        for (id, seat) in self.0.borrow().iter() {
            let Some((seat, reason)) = seat.upgrade().zip(reason(*id)) else { continue };
            // Borrowed only by a call that panicked: nothing is called any more then.
            let Ok(mut seat) = seat.try_borrow_mut() else { continue };
            if seat.is_ok() {
                *seat = Err(reason);
            }
        }
    }
}

impl GroupMember {
    fn seat(&self) -> Result<RefMut<'_, Box<core::GroupMember>>, CoreError> {
        let seat = self.0.try_borrow_mut().map_err(|_| CoreError::Internal)?;
        RefMut::filter_map(seat, |seat| seat.as_mut().ok()).map_err(|seat| match &*seat {
            Err(reason) => reason.clone(),
            Ok(_) => CoreError::Internal,
        })
    }

    /// Runs a call on the seat.
    fn call<T>(&self, call: impl FnOnce(&mut core::GroupMember) -> Result<T, CoreError>) -> Result<T, Thrown> {
        guarded(|| call(&mut *self.seat()?))
    }

    /// Runs a reading call, after taking over what another handle has changed.
    fn read<T>(&self, read: impl FnOnce(&core::GroupMember) -> Result<T, CoreError>) -> Result<T, Thrown> {
        guarded_shallow(|| {
            let mut member = self.seat()?;
            member.refresh()?;
            read(&member)
        })
    }

    /// Runs a call that stages a commit.
    fn stage(
        &self,
        stage: impl FnOnce(&mut core::GroupMember) -> Result<core::CommitBundle, CoreError>,
    ) -> Result<CommitBundle, Thrown> {
        self.call(|member| Ok(record::bundle(&stage(member)?)))
    }
}

#[wasm_bindgen]
impl GroupMember {
    /// 16 bytes.
    #[wasm_bindgen(js_name = groupId)]
    pub fn group_id(&self) -> Result<Vec<u8>, Thrown> {
        self.call(|member| Ok(member.group_id().0.to_vec()))
    }

    /// The epoch of the last merged commit.
    pub fn epoch(&self) -> Result<u64, Thrown> {
        self.read(|member| Ok(member.epoch()))
    }

    /// The registered number of the group's cipher suite.
    pub fn suite(&self) -> Result<u32, Thrown> {
        self.read(|member| Ok(member.suite()?.number().into()))
    }

    /// A value that two members share exactly if they agree on everything that happened.
    #[wasm_bindgen(js_name = epochAuthenticator)]
    pub fn epoch_authenticator(&self) -> Result<Vec<u8>, Thrown> {
        self.read(|member| Ok(member.epoch_authenticator()))
    }

    /// This device's place in the tree.
    #[wasm_bindgen(js_name = ownLeafIndex)]
    pub fn own_leaf_index(&self) -> Result<u32, Thrown> {
        self.read(|member| Ok(member.own_leaf_index()))
    }

    /// False once a commit that removed this device is merged.
    #[wasm_bindgen(js_name = isActive)]
    pub fn is_active(&self) -> Result<bool, Thrown> {
        self.read(|member| Ok(member.is_active()))
    }

    /// The members, by place in the tree.
    pub fn members(&self) -> Result<Vec<Member>, Thrown> {
        self.read(|member| Ok(member.members()?.iter().map(record::member).collect()))
    }

    /// Who invited this device; nobody, if it made the group.
    pub fn inviter(&self) -> Result<Option<DeviceIdentity>, Thrown> {
        self.read(|member| Ok(member.inviter()?.as_ref().map(record::device)))
    }

    /// What the application does next.
    pub fn status(&self) -> Result<GroupStatus, Thrown> {
        self.read(|member| Ok(record::status(&member.status()?)))
    }

    /// Compares an epoch's authenticator, as another member has it, with our own.
    #[wasm_bindgen(js_name = agreesAt)]
    pub fn agrees_at(&self, epoch: u64, epoch_authenticator: &[u8]) -> Result<Agreement, Thrown> {
        self.read(|member| Ok(record::agreement(member.agrees_at(epoch, epoch_authenticator))))
    }

    /// Keeps that the group has forked, as another member's authenticator shows.
    #[wasm_bindgen(js_name = markForked)]
    pub fn mark_forked(&self, epoch: u64, epoch_authenticator: &[u8]) -> Result<(), Thrown> {
        self.call(|member| member.mark_forked(epoch, epoch_authenticator))
    }

    /// Keeps that the relay has put a commit in order that this device cannot process.
    #[wasm_bindgen(js_name = markStuck)]
    pub fn mark_stuck(&self, commit: &[u8], now_ms: f64) -> Result<(), Thrown> {
        self.call(|member| member.mark_stuck(commit, milliseconds(now_ms)))
    }

    /// The members whose devices are revoked.
    #[wasm_bindgen(js_name = revokedMembers)]
    pub fn revoked_members(&self) -> Result<Vec<Member>, Thrown> {
        self.read(|member| Ok(member.revoked_members()?.iter().map(record::member).collect()))
    }

    /// Whether a commit of ours awaits the relay's decision.
    #[wasm_bindgen(js_name = hasPendingCommit)]
    pub fn has_pending_commit(&self) -> Result<bool, Thrown> {
        self.read(|member| Ok(member.has_pending_commit()))
    }

    /// When this device has to do something here, as long as nothing else happens to the group.
    pub fn times(&self) -> Result<GroupTimes, Thrown> {
        self.read(|member| Ok(record::times(member.times())))
    }

    /// Whether proposals await a commit. Nothing can be sent meanwhile.
    #[wasm_bindgen(js_name = hasPendingProposals)]
    pub fn has_pending_proposals(&self) -> Result<bool, Thrown> {
        self.read(|member| Ok(member.has_pending_proposals()))
    }

    /// Stages a commit that adds the devices of these key packages.
    #[wasm_bindgen(js_name = addMembers)]
    pub fn add_members(&self, key_packages: Vec<Uint8Array>, now_ms: f64) -> Result<CommitBundle, Thrown> {
        let key_packages = record::to_vecs(key_packages);
        self.stage(|member| member.add_members(&key_packages, milliseconds(now_ms)))
    }

    /// Stages a commit that mixes in the pre-shared keys of these ids, and adds the devices of these key packages, if any.
    #[wasm_bindgen(js_name = commitPsks)]
    pub fn commit_psks(
        &self,
        ids: Vec<Uint8Array>,
        key_packages: Vec<Uint8Array>,
        now_ms: f64,
    ) -> Result<CommitBundle, Thrown> {
        let (ids, key_packages) = (record::to_vecs(ids), record::to_vecs(key_packages));
        self.stage(|member| member.commit_psks(&ids, &key_packages, milliseconds(now_ms)))
    }

    /// Stages a commit that removes the members of these key packages and adds them again.
    #[wasm_bindgen(js_name = readdMembers)]
    pub fn readd_members(&self, key_packages: Vec<Uint8Array>, now_ms: f64) -> Result<CommitBundle, Thrown> {
        let key_packages = record::to_vecs(key_packages);
        self.stage(|member| member.readd_members(&key_packages, milliseconds(now_ms)))
    }

    /// Stages a commit that removes these leaves.
    #[wasm_bindgen(js_name = removeMembers)]
    pub fn remove_members(&self, leaf_indexes: &[u32], _now_ms: f64) -> Result<CommitBundle, Thrown> {
        self.stage(|member| member.remove_members(leaf_indexes))
    }

    /// Stages a commit that changes nothing but this device's own keys.
    #[wasm_bindgen(js_name = selfUpdate)]
    pub fn self_update(&self, _now_ms: f64) -> Result<CommitBundle, Thrown> {
        self.stage(|member| member.self_update())
    }

    /// Stages a commit of all proposals received so far.
    #[wasm_bindgen(js_name = commitPendingProposals)]
    pub fn commit_pending_proposals(&self, _now_ms: f64) -> Result<CommitBundle, Thrown> {
        self.stage(|member| member.commit_pending_proposals())
    }

    /// Makes our staged commit count: the relay has put it in order. Tells what it has done to the members.
    #[wasm_bindgen(js_name = mergePendingCommit)]
    pub fn merge_pending_commit(&self, now_ms: f64) -> Result<CommitEffect, Thrown> {
        self.call(|member| Ok(record::effect(&member.merge_pending_commit(milliseconds(now_ms))?)))
    }

    /// Drops our staged commit and its keys.
    #[wasm_bindgen(js_name = clearPendingCommit)]
    pub fn clear_pending_commit(&self) -> Result<(), Thrown> {
        self.call(|member| member.clear_pending_commit())
    }

    /// Proposes new keys for this leaf, for another member to commit.
    #[wasm_bindgen(js_name = proposeUpdate)]
    pub fn propose_update(&self) -> Result<Vec<u8>, Thrown> {
        self.call(|member| member.propose_update())
    }

    /// Proposes that this device be removed, for another member to commit.
    pub fn leave(&self) -> Result<Vec<u8>, Thrown> {
        self.call(|member| member.leave())
    }

    /// Encrypts an application message to the group, padded.
    pub fn encrypt(&self, plaintext: &[u8], now_ms: f64) -> Result<Vec<u8>, Thrown> {
        guarded_shallow(|| self.seat()?.encrypt(plaintext, milliseconds(now_ms)))
    }

    /// Encrypts several application messages, in order: all of them or none.
    #[wasm_bindgen(js_name = encryptAll)]
    pub fn encrypt_all(&self, plaintexts: Vec<Uint8Array>, now_ms: f64) -> Result<Vec<Uint8Array>, Thrown> {
        guarded_shallow(|| {
            let messages = self.seat()?.encrypt_all(&record::to_vecs(plaintexts), milliseconds(now_ms))?;
            Ok(record::arrays(&messages))
        })
    }

    /// Opens a message of the group.
    pub fn process(&self, message: &[u8], now_ms: f64) -> Result<Received, Thrown> {
        self.call(|member| Ok(record::received(&member.process(message, milliseconds(now_ms))?)))
    }

    /// Makes the received commit count.
    #[wasm_bindgen(js_name = mergeStagedCommit)]
    pub fn merge_staged_commit(&self, now_ms: f64) -> Result<(), Thrown> {
        self.call(|member| member.merge_staged_commit(milliseconds(now_ms)))
    }

    /// Holds the received commit to the access key that its sender announced, or drops it.
    #[wasm_bindgen(js_name = expectAccessKey)]
    pub fn expect_access_key(&self, announced: Option<Vec<u8>>) -> Result<(), Thrown> {
        self.call(|member| member.expect_access_key(announced.as_deref()))
    }

    /// Drops the received commit, as if it had not been opened.
    #[wasm_bindgen(js_name = discardStagedCommit)]
    pub fn discard_staged_commit(&self) -> Result<(), Thrown> {
        self.call(|member| member.discard_staged_commit())
    }

    /// The public key that the relay checks this epoch's posts and reads with, 32 bytes.
    #[wasm_bindgen(js_name = accessKey)]
    pub fn access_key(&self) -> Result<Vec<u8>, Thrown> {
        self.read(|member| Ok(member.access_key()?.to_vec()))
    }

    /// The signature of this epoch's access key over exactly these bytes, 64 bytes.
    #[wasm_bindgen(js_name = signAccess)]
    pub fn sign_access(&self, transcript: &[u8]) -> Result<Vec<u8>, Thrown> {
        self.read(|member| Ok(member.sign_access(transcript)?.to_vec()))
    }

    /// The public ratchet tree, as RFC 9420 §12.4.3.3 serializes it.
    #[wasm_bindgen(js_name = ratchetTree)]
    pub fn ratchet_tree(&self) -> Result<Vec<u8>, Thrown> {
        self.read(core::GroupMember::ratchet_tree)
    }

    /// A secret that all members of this epoch share.
    #[wasm_bindgen(js_name = exportSecret)]
    pub fn export_secret(&self, label: &str, context: &[u8], length: u32) -> Result<Vec<u8>, Thrown> {
        self.read(|member| member.export_secret(label, context, length as usize))
    }

    /// When the own leaf last changed, by the caller's clock.
    #[wasm_bindgen(getter, js_name = lastHealedAtMs)]
    pub fn last_healed_at_ms(&self) -> Result<f64, Thrown> {
        self.read(|member| Ok(to_milliseconds(member.last_healed_at_ms())))
    }

    /// The epoch in which the own leaf last changed.
    #[wasm_bindgen(getter, js_name = lastHealedEpoch)]
    pub fn last_healed_epoch(&self) -> Result<u64, Thrown> {
        self.read(|member| Ok(member.last_healed_epoch()))
    }
}
