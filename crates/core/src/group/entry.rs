//! How a seat comes and goes: creating a group, joining by Welcome, loading, deleting.

use std::{cell::Cell, rc::Rc};

use openmls::prelude::{
    JoinBuilder, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, OpenMlsProvider,
    PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProcessedWelcome, SenderRatchetConfiguration, StagedWelcome, Welcome,
};

use super::{
    GroupId, GroupMember, OwnLeaf, Standing,
    health::{Healed, Health},
    key_package::{self, signer_key},
    psk,
    roll::Roll,
    rules::{self, capabilities},
    welcome::ReceivedWelcome,
};
use crate::{
    crypto::{SecretKey, Suite, is_sealable_leaf},
    error::{CoreError, Result, mls},
    identity::{LeafIdentity, credential},
    policy::Activity,
    shared::Shared,
    storage::{GROUP_KINDS, Key, Kind, Provider, Store},
};

/// Epochs whose messages still open after they ended: enough for what crosses a commit or two on the way, and each
/// one keeps the secrets of everyone's unread messages.
pub(super) const PAST_EPOCHS: usize = 2;
/// How far behind a sender's newest message an older one may arrive.
const OUT_OF_ORDER: u32 = 16;
/// How many messages of one sender may be missing.
const FORWARD: u32 = 1_000;

/// What openmls is told of every group. The padding is ours (`padding.rs`).
fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .max_past_epochs(PAST_EPOCHS)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .use_ratchet_tree_extension(false)
        .build()
}

fn create_config(suite: Suite, now_ms: u64) -> MlsGroupCreateConfig {
    MlsGroupCreateConfig::builder()
        .ciphersuite(suite.to_openmls())
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .max_past_epochs(PAST_EPOCHS)
        .sender_ratchet_configuration(SenderRatchetConfiguration::new(OUT_OF_ORDER, FORWARD))
        .use_ratchet_tree_extension(false)
        .capabilities(capabilities())
        .with_group_context_extensions(rules::extensions())
        .lifetime(key_package::lifetime(now_ms))
        .build()
}

impl GroupMember {
    pub(crate) fn create(shared: Rc<Shared>, id: GroupId, suite: Suite, now_ms: u64) -> Result<Self> {
        let Shared { provider, identity, .. } = &*shared;
        let store = provider.storage();
        let created = store.transaction(|| {
            if !matches!(store.require_group(id), Err(CoreError::GroupNotFound)) {
                return Err(CoreError::GroupExists);
            }
            let signer = SecretKey::generate(provider.rand())?;
            let credential = credential::issue(identity, &signer);
            let config = create_config(suite, now_ms);
            let group = MlsGroup::new_with_group_id(provider, &signer, &config, id.to_openmls(), credential)
                .map_err(|_| CoreError::Internal)?;
            let member = Self::seated(&shared, id, group, signer, now_ms);
            member.save()?;
            Ok(member)
        });
        created.map(Self::entered)
    }

    /// The group that a Welcome is for. Nothing else of it is checked, and nothing is used up.
    pub(crate) fn of_welcome(shared: &Shared, welcome: ReceivedWelcome) -> Result<GroupId> {
        let provider = &shared.provider;
        provider.storage().rehearse(|| {
            let welcome = open_welcome(provider, welcome.welcome)?;
            GroupId::from_openmls(welcome.unverified_group_info().group_id())
        })
    }

    pub(crate) fn join(shared: Rc<Shared>, welcome: ReceivedWelcome, now_ms: u64) -> Result<Self> {
        let ReceivedWelcome { welcome, tree } = welcome;
        let provider = &shared.provider;
        let store = provider.storage();
        let join = || {
            let welcome = open_welcome(provider, welcome)?;
            let id = GroupId::from_openmls(welcome.unverified_group_info().group_id())?;
            // The tree is sealed apart; openmls would prefer one in here.
            if welcome.unverified_group_info().extensions().ratchet_tree().is_some() {
                return Err(CoreError::WelcomeInvalid);
            }
            let known_accounts = make_room(&shared, id)?;
            let export = |label: &str, context: &[u8], length| {
                welcome.export_secret(provider.crypto(), label, context, length).map_err(|_| CoreError::Internal)
            };
            let tree = tree.open(provider.crypto(), export)?;
            let is_last_resort = welcome.own_key_package().is_some_and(openmls::prelude::KeyPackage::last_resort);
            // A lifetime bounds when a leaf may be *added*, and the member that adds it checks that. Members who joined
            // months ago and never updated must not keep others out, and no clock may (RFC 9420 §7.3).
            let builder = JoinBuilder::new(provider, welcome).with_ratchet_tree(tree).skip_lifetime_validation();
            let staged = builder.build().map_err(mls::welcome)?;
            rules::check(staged.group_context().extensions())?;
            let inviter = staged.welcome_sender_index();
            let signer = take_signer(store, &staged, is_last_resort)?;
            let group = staged.into_group(provider).map_err(mls::welcome)?;
            check_members(&shared, &group)?;
            let mut member = Self::seated(&shared, id, group, signer, now_ms);
            let inviter = member.member(inviter.u32()).map_err(|_| CoreError::WelcomeInvalid)?.identity;
            check_inviter(&inviter, known_accounts.as_deref())?;
            member.standing.inviter = Some(inviter.encode());
            member.save()?;
            Ok(member)
        };
        let joined = store.transaction(|| provider.crypto().in_one_batch(&CoreError::WelcomeInvalid, join));
        joined.map(Self::entered)
    }

    pub(crate) fn load(shared: Rc<Shared>, id: GroupId) -> Result<Self> {
        let store = shared.store();
        let revision = store.revision(&id.0);
        store.require_group(id)?;
        let missing = |kind: Kind| CoreError::StoreCorrupt { record: id.key(kind).name() };
        let group = MlsGroup::load(store, &id.to_openmls())?.ok_or_else(|| missing(Kind::Tree))?;
        let own = store.read(&id.key(Kind::OwnLeaf))?.ok_or_else(|| missing(Kind::OwnLeaf))?;
        let health = store.read(&id.key(Kind::Health))?.ok_or_else(|| missing(Kind::Health))?;
        let activity = store.read(&id.key(Kind::Activity))?.ok_or_else(|| missing(Kind::Activity))?;
        let standing = store.read(&id.key(Kind::Standing))?.ok_or_else(|| missing(Kind::Standing))?;
        let member = Self {
            shared: Rc::clone(&shared),
            id,
            group,
            own,
            health,
            activity,
            standing,
            staged: None,
            revision,
            mending_turn: Cell::new(None),
        };
        member.remember_access_key();
        Ok(member)
    }

    pub(crate) fn delete(shared: &Rc<Shared>, id: GroupId) -> Result<()> {
        let store = shared.store();
        store.require_group(id)?;
        store.transaction(|| delete_records(store, id))?;
        store.advance(&id.0);
        shared.forget_access_key(id);
        Ok(())
    }

    /// Reads this value anew from the records.
    pub(super) fn reload(&mut self) -> Result<()> {
        let staged = self.staged.take();
        *self = Self::load(Rc::clone(&self.shared), self.id)?;
        self.staged = staged;
        Ok(())
    }

    fn seated(shared: &Rc<Shared>, id: GroupId, group: MlsGroup, signer: SecretKey, now_ms: u64) -> Self {
        let healed = Healed { epoch: group.epoch().as_u64(), at_ms: now_ms };
        Self {
            shared: Rc::clone(shared),
            id,
            own: OwnLeaf::new(signer, healed.epoch),
            health: Health::first_seen(group.members().map(|member| member.index.u32()), healed),
            activity: Activity::since(now_ms),
            standing: Standing::default(),
            group,
            staged: None,
            revision: 0,
            mending_turn: Cell::new(None),
        }
    }

    fn entered(mut self) -> Self {
        self.revision = self.store().advance(&self.id.0);
        self.remember_access_key();
        self
    }
}

fn open_welcome(provider: &Provider, welcome: Welcome) -> Result<ProcessedWelcome> {
    ProcessedWelcome::new_from_welcome(provider, &join_config(), welcome)
        .map_err(|error| psk::missing_in(provider.storage()).unwrap_or_else(|| mls::welcome(error)))
}

/// A group that this device was removed from, or is known not to follow, gives way to its new Welcome; no other does.
/// In the second case, gives the accounts of its members.
fn make_room(shared: &Rc<Shared>, id: GroupId) -> Result<Option<Vec<[u8; 32]>>> {
    let member = match GroupMember::load(Rc::clone(shared), id) {
        Err(CoreError::GroupNotFound) => return Ok(None),
        Err(error) => return Err(error),
        Ok(member) if member.gives_way() => member,
        Ok(_) => return Err(CoreError::GroupExists),
    };
    let accounts = member.members()?.into_iter().map(|member| member.identity.account_key).collect();
    delete_records(shared.store(), id)?;
    Ok(member.is_active().then_some(accounts))
}

/// Who welcomes this device back into a group that it could not follow was a member when it last could: anybody else can
/// make a group of the same id, and would be told what is meant for the old one.
fn check_inviter(inviter: &LeafIdentity, known_accounts: Option<&[[u8; 32]]>) -> Result<()> {
    let Some(known_accounts) = known_accounts else { return Ok(()) };
    if known_accounts.contains(&inviter.account_key) { Ok(()) } else { Err(CoreError::WelcomeInvalid) }
}

fn delete_records(store: &Store, id: GroupId) -> Result<()> {
    if let Some(mut own) = store.read::<OwnLeaf>(&id.key(Kind::OwnLeaf))? {
        own.settle(None, store)?;
    }
    for kind in GROUP_KINDS {
        store.delete_all(&id.key(kind));
    }
    Ok(())
}

/// Checks what openmls leaves to the application: every leaf's chain, keys that can be sealed to and our types; no
/// device twice, and no handle of two accounts.
fn check_members(shared: &Shared, group: &MlsGroup) -> Result<()> {
    let suite = Suite::from_openmls(group.ciphersuite())?;
    let mut roll = Roll::default();
    for (index, leaf) in group.treesync().full_leaves() {
        let identity = credential::verify(shared.provider.crypto(), leaf)?;
        if index == group.own_leaf_index() && identity != shared.identity.public() {
            return Err(CoreError::CredentialRejected);
        }
        if !rules::are_understood_by(leaf) {
            return Err(CoreError::CredentialRejected);
        }
        if !is_sealable_leaf(leaf, suite) {
            return Err(CoreError::WelcomeInvalid);
        }
        roll.enter(identity)?;
    }
    Ok(())
}

/// The signature key of the key package that was used. A last-resort one stays for the next Welcome.
fn take_signer(store: &Store, staged: &StagedWelcome, is_last_resort: bool) -> Result<SecretKey> {
    let leaf = staged.own_leaf_node().ok_or(CoreError::WelcomeInvalid)?;
    let key: Key = signer_key(leaf.signature_key().as_slice());
    let signer = store.read(&key)?.ok_or(CoreError::WelcomeNotForUs)?;
    if !is_last_resort {
        store.delete(&key);
    }
    Ok(signer)
}
