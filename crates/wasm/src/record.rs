//! Turning the core's values into JavaScript records (`types.rs` declares them).

use js_sys::{Object, Uint8Array};
use quicprochat_core as core;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use crate::{
    group::GroupMember,
    types::{
        AccessSignature, Agreement, CommitBundle, CommitEffect, GroupStatus, GroupTimes, Kind, Member, Proposal,
        RebootedGroup, Received, Removal, StatusKind, StoreRecord, StoreWrite, Versions,
    },
};

// Each setter is a function of the glue that names its field, so no name crosses as bytes to be decoded, as it does with
// `Reflect.set`: that was a tenth of what decrypting a message cost.
#[wasm_bindgen]
extern "C" {
    /// A plain JavaScript object under construction, of any of the declared records.
    #[wasm_bindgen(extends = Object)]
    type Fields;

    #[wasm_bindgen(method, setter, structural, js_name = key)]
    fn set_key(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = value)]
    fn set_value(this: &Fields, bytes: Option<Uint8Array>);
    #[wasm_bindgen(method, setter, structural, js_name = group)]
    fn set_group_id(this: &Fields, id: Option<Uint8Array>);
    #[wasm_bindgen(method, setter, structural, js_name = accessKey)]
    fn set_access_key(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = signature)]
    fn set_signature(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = updateDueAtMs)]
    fn set_update_due_at_ms(this: &Fields, time: Option<f64>);
    #[wasm_bindgen(method, setter, structural, js_name = updateMustAtMs)]
    fn set_update_must_at_ms(this: &Fields, time: Option<f64>);
    #[wasm_bindgen(method, setter, structural, js_name = commitDueAtMs)]
    fn set_commit_due_at_ms(this: &Fields, time: Option<f64>);
    #[wasm_bindgen(method, setter, structural, js_name = leafIndex)]
    fn set_leaf_index(this: &Fields, index: u32);
    #[wasm_bindgen(method, setter, structural, js_name = handle)]
    fn set_handle(this: &Fields, handle: &str);
    #[wasm_bindgen(method, setter, structural, js_name = accountKey)]
    fn set_account_key(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = deviceId)]
    fn set_device_id(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = deviceKey)]
    fn set_device_key(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = signatureKey)]
    fn set_signature_key(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = healedEpoch)]
    fn set_healed_epoch(this: &Fields, epoch: u64);
    #[wasm_bindgen(method, setter, structural, js_name = healedAtMs)]
    fn set_healed_at_ms(this: &Fields, time: f64);
    #[wasm_bindgen(method, setter, structural, js_name = own)]
    fn set_own(this: &Fields, own: bool);
    #[wasm_bindgen(method, setter, structural, js_name = shared)]
    fn set_shared(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = joiners)]
    fn set_joiners(this: &Fields, joiners: Vec<Uint8Array>);
    #[wasm_bindgen(method, setter, structural, js_name = commit)]
    fn set_commit(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = welcome)]
    fn set_welcome(this: &Fields, welcome: Option<Fields>);
    #[wasm_bindgen(method, setter, structural, js_name = nextAccessKey)]
    fn set_next_access_key(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = epoch)]
    fn set_epoch(this: &Fields, epoch: u64);
    #[wasm_bindgen(method, setter, structural, js_name = kind)]
    fn set_kind(this: &Fields, kind: Kind);
    #[wasm_bindgen(method, setter, structural, js_name = kind)]
    fn set_status_kind(this: &Fields, kind: StatusKind);
    #[wasm_bindgen(method, setter, structural, js_name = code)]
    fn set_code(this: &Fields, code: &str);
    #[wasm_bindgen(method, setter, structural, js_name = group)]
    fn set_group(this: &Fields, group: GroupMember);
    #[wasm_bindgen(method, setter, structural, js_name = bundle)]
    fn set_bundle(this: &Fields, bundle: CommitBundle);
    #[wasm_bindgen(method, setter, structural, js_name = sender)]
    fn set_sender(this: &Fields, sender: Member);
    #[wasm_bindgen(method, setter, structural, js_name = plaintext)]
    fn set_plaintext(this: &Fields, bytes: Uint8Array);
    #[wasm_bindgen(method, setter, structural, js_name = proposal)]
    fn set_proposal(this: &Fields, proposal: Proposal);
    #[wasm_bindgen(method, setter, structural, js_name = removed)]
    fn set_removed_one(this: &Fields, removed: Option<Member>);
    #[wasm_bindgen(method, setter, structural, js_name = added)]
    fn set_added(this: &Fields, added: Vec<Member>);
    #[wasm_bindgen(method, setter, structural, js_name = removed)]
    fn set_removed(this: &Fields, removed: Vec<Removal>);
    #[wasm_bindgen(method, setter, structural, js_name = member)]
    fn set_member(this: &Fields, member: Member);
    #[wasm_bindgen(method, setter, structural, js_name = by)]
    fn set_by(this: &Fields, by: Member);
    #[wasm_bindgen(method, setter, structural, js_name = updated)]
    fn set_updated(this: &Fields, updated: Vec<Member>);
    #[wasm_bindgen(method, setter, structural, js_name = selfRemoved)]
    fn set_self_removed(this: &Fields, self_removed: bool);
    #[wasm_bindgen(method, setter, structural, js_name = psks)]
    fn set_psks(this: &Fields, psks: Vec<Uint8Array>);
    #[wasm_bindgen(method, setter, structural, js_name = core)]
    fn set_core(this: &Fields, version: &str);
    #[wasm_bindgen(method, setter, structural, js_name = openmls)]
    fn set_openmls(this: &Fields, version: &str);
}

impl Fields {
    fn new() -> Self {
        Object::new().unchecked_into()
    }

    fn identity(&self, identity: &core::LeafIdentity) {
        self.set_handle(&identity.handle);
        self.set_account_key(bytes(&identity.account_key));
        self.set_device_id(bytes(&identity.device_id));
        self.set_device_key(bytes(&identity.device_key));
    }

    /// The object, as the declared type whose fields were set.
    fn into_record<T: JsCast>(self) -> T {
        self.unchecked_into()
    }
}

fn bytes(bytes: &[u8]) -> Uint8Array {
    Uint8Array::from(bytes)
}

/// Milliseconds as JavaScript counts them. Negative and absurd times become the nearest sensible one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a saturating cast is meant")]
pub(crate) fn milliseconds(time: f64) -> u64 {
    time as u64
}

/// See [`milliseconds`]; exact until the year 287396.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
pub(crate) fn to_milliseconds(time: u64) -> f64 {
    time as f64
}

/// Whose a device is, as whichever declared type has these fields.
pub(crate) fn device<T: JsCast>(device: &core::LeafIdentity) -> T {
    let fields = Fields::new();
    fields.identity(device);
    fields.into_record()
}

pub(crate) fn member(member: &core::Member) -> Member {
    let fields = Fields::new();
    fields.set_leaf_index(member.leaf_index);
    fields.identity(&member.identity);
    fields.set_signature_key(bytes(&member.signature_key));
    fields.set_healed_epoch(member.healed_epoch);
    fields.set_healed_at_ms(to_milliseconds(member.healed_at_ms));
    fields.set_own(member.own);
    fields.into_record()
}

fn members(all: &[core::Member]) -> Vec<Member> {
    all.iter().map(member).collect()
}

fn removals(all: &[core::Removal]) -> Vec<Removal> {
    let removal = |core::Removal { member: removed, by }: &core::Removal| {
        let fields = Fields::new();
        fields.set_member(member(removed));
        fields.set_by(member(by));
        fields.into_record()
    };
    all.iter().map(removal).collect()
}

pub(crate) fn effect(effect: &core::CommitEffect) -> CommitEffect {
    let fields = Fields::new();
    fields.set_added(members(&effect.added));
    fields.set_removed(removals(&effect.removed));
    fields.into_record()
}

pub(crate) fn bundle(bundle: &core::CommitBundle) -> CommitBundle {
    let fields = Fields::new();
    fields.set_commit(bytes(&bundle.commit));
    fields.set_welcome(bundle.welcome.as_ref().map(welcome));
    fields.set_next_access_key(bytes(&bundle.next_access_key));
    fields.set_epoch(bundle.epoch);
    fields.into_record()
}

fn welcome(welcome: &core::WelcomeBundle) -> Fields {
    let fields = Fields::new();
    fields.set_shared(bytes(&welcome.shared));
    fields.set_joiners(arrays(&welcome.joiners));
    fields
}

pub(crate) fn agreement(agreement: core::Agreement) -> Agreement {
    let word = match agreement {
        core::Agreement::Agrees => "agrees",
        core::Agreement::Forked => "forked",
        core::Agreement::Unknown => "unknown",
    };
    JsValue::from_str(word).unchecked_into()
}

#[expect(clippy::needless_pass_by_value, reason = "JavaScript arrays cross by value")]
pub(crate) fn to_vecs(arrays: Vec<Uint8Array>) -> Vec<Vec<u8>> {
    arrays.iter().map(Uint8Array::to_vec).collect()
}

pub(crate) fn arrays(all: &[Vec<u8>]) -> Vec<Uint8Array> {
    all.iter().map(|each| bytes(each)).collect()
}

/// The handle on the new group and the bundle that its members join by.
pub(crate) fn rebooted(group: GroupMember, added: &core::CommitBundle) -> RebootedGroup {
    let fields = Fields::new();
    fields.set_group(group);
    fields.set_bundle(bundle(added));
    fields.into_record()
}

pub(crate) fn status(status: &core::GroupStatus) -> GroupStatus {
    let fields = Fields::new();
    let (kind, epoch, code) = match status {
        core::GroupStatus::Active => (StatusKind::Active, None, None),
        core::GroupStatus::CommitPending { epoch } => (StatusKind::CommitPending, Some(epoch), None),
        core::GroupStatus::CommitStaged => (StatusKind::CommitStaged, None, None),
        core::GroupStatus::ProposalsPending => (StatusKind::ProposalsPending, None, None),
        core::GroupStatus::Leaving => (StatusKind::Leaving, None, None),
        core::GroupStatus::Deserted => (StatusKind::Deserted, None, None),
        core::GroupStatus::MembersRevoked => (StatusKind::MembersRevoked, None, None),
        core::GroupStatus::Forked { epoch } => (StatusKind::Forked, Some(epoch), None),
        core::GroupStatus::Stuck { epoch, code } => (StatusKind::Stuck, Some(epoch), Some(code)),
        core::GroupStatus::Removed => (StatusKind::Removed, None, None),
    };
    fields.set_status_kind(kind);
    if let Some(&epoch) = epoch {
        fields.set_epoch(epoch);
    }
    if let Some(code) = code {
        fields.set_code(code);
    }
    fields.into_record()
}

pub(crate) fn write(write: &core::Write) -> StoreWrite {
    let fields = Fields::new();
    fields.set_key(bytes(&write.key));
    fields.set_value(write.value.as_deref().map(bytes));
    fields.set_group_id(write.group.as_ref().map(|id| bytes(&id.0)));
    fields.into_record()
}

/// The records of a store, as the core takes them.
#[expect(clippy::needless_pass_by_value, reason = "JavaScript arrays cross by value")]
pub(crate) fn stored(records: Vec<StoreRecord>) -> Vec<core::Record> {
    let record = |record: &StoreRecord| core::Record { key: record.key().to_vec(), value: record.value().to_vec() };
    records.iter().map(record).collect()
}

/// The changes of a store, as the core takes them. The group is in the key.
#[expect(clippy::needless_pass_by_value, reason = "JavaScript arrays cross by value")]
pub(crate) fn changes(writes: Vec<StoreWrite>) -> Vec<core::Write> {
    let change = |write: &StoreWrite| {
        let value = write.written_value().map(|value| value.to_vec());
        core::Write::new(write.written_key().to_vec(), value)
    };
    writes.iter().map(change).collect()
}

pub(crate) fn access_signature(signed: &core::AccessSignature) -> AccessSignature {
    let fields = Fields::new();
    fields.set_access_key(bytes(&signed.access_key));
    fields.set_signature(bytes(&signed.signature));
    fields.into_record()
}

pub(crate) fn times(times: core::GroupTimes) -> GroupTimes {
    let fields = Fields::new();
    fields.set_update_due_at_ms(times.update_due_at_ms.map(to_milliseconds));
    fields.set_update_must_at_ms(times.update_must_at_ms.map(to_milliseconds));
    fields.set_commit_due_at_ms(times.commit_due_at_ms.map(to_milliseconds));
    fields.into_record()
}

pub(crate) fn received(received: &core::Received) -> Received {
    let fields = Fields::new();
    match received {
        core::Received::Application { sender, epoch, plaintext } => {
            fields.set_kind(Kind::Application);
            fields.set_sender(member(sender));
            fields.set_epoch(*epoch);
            fields.set_plaintext(bytes(plaintext));
        }
        core::Received::Proposal { sender, epoch, proposal, removed } => {
            fields.set_kind(Kind::Proposal);
            fields.set_sender(member(sender));
            fields.set_epoch(*epoch);
            fields.set_proposal(match proposal {
                core::ProposalKind::Update => Proposal::Update,
                core::ProposalKind::Remove => Proposal::Remove,
                _ => Proposal::Other,
            });
            fields.set_removed_one(removed.as_ref().map(member));
        }
        core::Received::Commit { sender, epoch, added, removed, updated, self_removed, psks } => {
            fields.set_kind(Kind::Commit);
            fields.set_sender(member(sender));
            fields.set_epoch(*epoch);
            fields.set_added(members(added));
            fields.set_removed(removals(removed));
            fields.set_updated(members(updated));
            fields.set_self_removed(*self_removed);
            fields.set_psks(arrays(psks));
        }
        core::Received::OwnCommit { epoch } => {
            fields.set_kind(Kind::OwnCommit);
            fields.set_epoch(*epoch);
        }
    }
    fields.into_record()
}

pub(crate) fn versions() -> Versions {
    let fields = Fields::new();
    fields.set_core(core::VERSION);
    fields.set_openmls(core::OPENMLS_VERSION);
    fields.into_record()
}
