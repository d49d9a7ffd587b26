//! Building JavaScript records, and turning the core's values into them.

use js_sys::{Array, BigInt, Object, Reflect, Uint8Array};
use quicprochat_core as core;
use wasm_bindgen::{JsCast, JsValue};

use crate::{
    group::GroupMember,
    types::{Agreement, CommitBundle, GroupStatus, Member, RebootedGroup, Received, StoreWrite, UpdateDue},
};

/// A plain JavaScript object under construction.
pub(crate) struct Fields(Object);

impl Fields {
    pub(crate) fn new() -> Self {
        Self(Object::new())
    }

    fn value(self, name: &str, value: &JsValue) -> Self {
        Reflect::set(&self.0, &JsValue::from_str(name), value).expect("a fresh object takes every field");
        self
    }

    pub(crate) fn text(self, name: &str, text: &str) -> Self {
        self.value(name, &JsValue::from_str(text))
    }

    pub(crate) fn bytes(self, name: &str, bytes: &[u8]) -> Self {
        self.value(name, &Uint8Array::from(bytes))
    }

    pub(crate) fn optional_bytes(self, name: &str, bytes: Option<&[u8]>) -> Self {
        self.value(name, &bytes.map_or(JsValue::UNDEFINED, |bytes| Uint8Array::from(bytes).into()))
    }

    fn epoch(self, name: &str, epoch: u64) -> Self {
        self.value(name, &BigInt::from(epoch))
    }

    fn flag(self, name: &str, flag: bool) -> Self {
        self.value(name, &JsValue::from_bool(flag))
    }

    fn members(self, name: &str, all: &[core::Member]) -> Self {
        self.value(name, &all.iter().map(member).collect::<Array>())
    }

    /// The object, as the declared type whose fields were set.
    pub(crate) fn into_record<T: JsCast>(self) -> T {
        self.0.unchecked_into()
    }
}

pub(crate) fn byte_arrays(arrays: &[Uint8Array]) -> Vec<Vec<u8>> {
    arrays.iter().map(Uint8Array::to_vec).collect()
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

fn identity(fields: Fields, identity: &core::LeafIdentity) -> Fields {
    fields
        .text("handle", &identity.handle)
        .bytes("accountKey", &identity.account_key)
        .bytes("deviceId", &identity.device_id)
        .bytes("deviceKey", &identity.device_key)
}

/// Whose a device is, as whichever declared type has these fields.
pub(crate) fn device<T: JsCast>(device: &core::LeafIdentity) -> T {
    identity(Fields::new(), device).into_record()
}

pub(crate) fn member(member: &core::Member) -> Member {
    let place = Fields::new().value("leafIndex", &JsValue::from(member.leaf_index));
    identity(place, &member.identity)
        .bytes("signatureKey", &member.signature_key)
        .epoch("healedEpoch", member.healed_epoch)
        .value("healedAtMs", &JsValue::from_f64(to_milliseconds(member.healed_at_ms)))
        .flag("own", member.own)
        .into_record()
}

pub(crate) fn bundle(bundle: &core::CommitBundle) -> CommitBundle {
    Fields::new()
        .bytes("commit", &bundle.commit)
        .value("welcome", &bundle.welcome.as_ref().map_or(JsValue::UNDEFINED, welcome))
        .bytes("nextAccessKey", &bundle.next_access_key)
        .epoch("epoch", bundle.epoch)
        .into_record()
}

/// The handle on the new group and the bundle that its members join by.
pub(crate) fn rebooted(group: GroupMember, added: &core::CommitBundle) -> RebootedGroup {
    Fields::new().value("group", &JsValue::from(group)).value("bundle", &bundle(added).into()).into_record()
}

pub(crate) fn status(status: &core::GroupStatus) -> GroupStatus {
    let (kind, epoch, code) = match status {
        core::GroupStatus::Active => ("active", None, None),
        core::GroupStatus::CommitPending { epoch } => ("commit-pending", Some(epoch), None),
        core::GroupStatus::CommitStaged => ("commit-staged", None, None),
        core::GroupStatus::ProposalsPending => ("proposals-pending", None, None),
        core::GroupStatus::Leaving => ("leaving", None, None),
        core::GroupStatus::Deserted => ("deserted", None, None),
        core::GroupStatus::MembersRevoked => ("members-revoked", None, None),
        core::GroupStatus::Forked { epoch } => ("forked", Some(epoch), None),
        core::GroupStatus::Stuck { epoch, code } => ("stuck", Some(epoch), Some(code)),
        core::GroupStatus::Removed => ("removed", None, None),
    };
    let mut fields = Fields::new().text("kind", kind);
    if let Some(&epoch) = epoch {
        fields = fields.epoch("epoch", epoch);
    }
    if let Some(code) = code {
        fields = fields.text("code", code);
    }
    fields.into_record()
}

pub(crate) fn agreement(agreement: core::Agreement) -> Agreement {
    let word = match agreement {
        core::Agreement::Agrees => "agrees",
        core::Agreement::Forked => "forked",
        core::Agreement::Unknown => "unknown",
    };
    JsValue::from_str(word).unchecked_into()
}

fn welcome(welcome: &core::WelcomeBundle) -> JsValue {
    let joiners: Array = welcome.joiners.iter().map(|joiner| Uint8Array::from(joiner.as_slice())).collect();
    Fields::new().bytes("shared", &welcome.shared).value("joiners", &joiners).0.into()
}

pub(crate) fn write(write: &core::Write) -> StoreWrite {
    Fields::new().bytes("key", &write.key).optional_bytes("value", write.value.as_deref()).into_record()
}

pub(crate) fn update_due(due: core::UpdateDue) -> UpdateDue {
    let word = match due {
        core::UpdateDue::No => "no",
        core::UpdateDue::Due => "due",
        core::UpdateDue::Must => "must",
    };
    JsValue::from_str(word).unchecked_into()
}

pub(crate) fn received(received: &core::Received) -> Received {
    match received {
        core::Received::Application { sender, epoch, plaintext } => Fields::new()
            .text("kind", "application")
            .value("sender", &member(sender))
            .epoch("epoch", *epoch)
            .bytes("plaintext", plaintext),
        core::Received::Proposal { sender, epoch, proposal, removed } => Fields::new()
            .text("kind", "proposal")
            .value("sender", &member(sender))
            .epoch("epoch", *epoch)
            .text("proposal", proposal_word(*proposal))
            .value("removed", &removed.as_ref().map_or(JsValue::UNDEFINED, |removed| member(removed).into())),
        core::Received::Commit { sender, epoch, added, removed, updated, self_removed } => Fields::new()
            .text("kind", "commit")
            .value("sender", &member(sender))
            .epoch("epoch", *epoch)
            .members("added", added)
            .members("removed", removed)
            .members("updated", updated)
            .flag("selfRemoved", *self_removed),
        core::Received::OwnCommit { epoch } => Fields::new().text("kind", "own-commit").epoch("epoch", *epoch),
    }
    .into_record()
}

fn proposal_word(kind: core::ProposalKind) -> &'static str {
    match kind {
        core::ProposalKind::Update => "update",
        core::ProposalKind::Remove => "remove",
        _ => "other",
    }
}
