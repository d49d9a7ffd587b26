//! One device of one account: its keys, its key packages, its groups.

use std::rc::Rc;

use openmls::prelude::OpenMlsProvider;

use crate::{
    crypto::Suite,
    error::{CoreError, Result},
    group::{AccessSignature, CommitBundle, GroupMember, ReceivedWelcome, key_package, psk},
    group_id::GroupId,
    identity::{Identity, LeafIdentity, revocation, safety_number},
    policy::UpdatePolicy,
    shared::Shared,
    storage::{Key, Kind, Provider, Record, StoreKey, Write},
};

/// A device's MLS client. Cheap calls but for key packages and groups; nothing is sent or saved by itself.
pub struct Client {
    shared: Rc<Shared>,
}

impl Client {
    /// A new account with this as its first device: fresh keys, a random device id. Its records are sealed with
    /// `store_key`: 32 random bytes, to be kept apart from them, and not to be used for anything else.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] for a handle that is not of the protocol's alphabet and length.
    pub fn create(handle: &str, store_key: &StoreKey) -> Result<Self> {
        let provider = Provider::create(store_key)?;
        let identity = Identity::generate(&provider, handle)?;
        identity.store(&provider)?;
        Ok(Self::of(provider, identity, UpdatePolicy::default()))
    }

    /// The client of a store, from all of its own records written so far ([`Write::group`]) and the key that they were
    /// sealed with. Groups are loaded by [`Client::load_group_from`].
    ///
    /// # Errors
    /// [`CoreError::StoreTooNew`], [`CoreError::StoreTooOld`] or [`CoreError::StoreKeyWrong`]; [`CoreError::StoreCorrupt`]
    /// or [`CoreError::StoreRolledBack`] naming the first record that does not hold.
    pub fn open(store_key: &StoreKey, records: impl IntoIterator<Item = Record>) -> Result<Self> {
        let provider = Provider::open(store_key, records)?;
        let identity = Identity::load(&provider)?;
        let policy = read_policy(&provider)?;
        Ok(Self::of(provider, identity, policy))
    }

    fn of(provider: Provider, identity: Identity, policy: UpdatePolicy) -> Self {
        Self { shared: Rc::new(Shared::new(provider, identity, policy)) }
    }

    /// Who this device is, as members see it.
    pub fn identity(&self) -> LeafIdentity {
        self.shared.identity.public()
    }

    /// The account's signature over the device's certificate, for the relay's directory.
    pub fn device_certificate(&self) -> [u8; 64] {
        self.shared.identity.certificate()
    }

    /// The device key's signature over exactly these bytes. Only for transcripts: they carry their purpose, so that no
    /// signature stands for another.
    pub fn sign_as_device(&self, transcript: &[u8]) -> [u8; 64] {
        self.shared.identity.sign_as_device(transcript)
    }

    /// The policy in force in all groups.
    pub fn update_policy(&self) -> UpdatePolicy {
        self.shared.policy.get()
    }

    /// Changes when keys must be updated, in all groups, from now on.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] for a policy by which every call would be due.
    pub fn set_update_policy(&self, policy: UpdatePolicy) -> Result<()> {
        if policy.after_messages == 0 || policy.after_ms == 0 || policy.hard_stop_ms == 0 {
            return Err(CoreError::BadInput("every number of an update policy is at least 1"));
        }
        self.shared.store().write(&Key::of(Kind::UpdatePolicy), &policy)?;
        self.shared.policy.set(policy);
        Ok(())
    }

    /// Single-use key packages to publish, their private keys stored. Others add this device by them for 84 days from
    /// `now_ms`.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] for more than 1,000 at once.
    pub fn generate_key_packages(&self, suite: Suite, count: u32, now_ms: u64) -> Result<Vec<Vec<u8>>> {
        if count > 1_000 {
            return Err(CoreError::BadInput("at most 1000 key packages at once"));
        }
        let Shared { provider, identity, .. } = &*self.shared;
        let generate = |_| key_package::generate(provider, identity, suite, false, now_ms);
        provider.storage().transaction(|| (0..count).map(generate).collect())
    }

    /// A key package for when the single-use ones have run out (RFC 9420 §16.8): marked as such, and kept after use.
    ///
    /// # Errors
    /// [`CoreError::Internal`] if keys cannot be made.
    pub fn generate_last_resort_key_package(&self, suite: Suite, now_ms: u64) -> Result<Vec<u8>> {
        let Shared { provider, identity, .. } = &*self.shared;
        provider.storage().transaction(|| key_package::generate(provider, identity, suite, true, now_ms))
    }

    /// Deletes the private keys of single-use and last-resort key packages whose lifetime of 84 days ended a week ago or
    /// longer, and says of how many: nobody may have added this device by them since. To be called when the Welcomes
    /// that have come are read.
    ///
    /// # Errors
    /// [`CoreError::StoreCorrupt`].
    pub fn forget_expired_key_packages(&self, now_ms: u64) -> Result<u32> {
        let store = self.shared.store();
        store.transaction(|| key_package::forget_expired(store, now_ms))
    }

    /// Who a key package belongs to, after every check that adding it at `now_ms` would make. Its lifetime may have ended
    /// up to 48 hours before, or begin up to 48 hours later: clocks differ.
    ///
    /// # Errors
    /// [`CoreError::KeyPackageInvalid`], [`CoreError::KeyPackageExpired`], [`CoreError::UnsupportedCiphersuite`],
    /// [`CoreError::CredentialRejected`] or [`CoreError::DeviceRevoked`].
    pub fn inspect_key_package(&self, key_package: &[u8], suite: Suite, now_ms: u64) -> Result<LeafIdentity> {
        let provider = &self.shared.provider;
        let inspect = || key_package::inspect(provider, key_package, suite, now_ms);
        provider.crypto().in_one_batch(&CoreError::KeyPackageInvalid, inspect).map(|(_, identity)| identity)
    }

    /// Stores a secret that members of a group share from somewhere else (RFC 9420 §8.4), for
    /// [`GroupMember::commit_psks`] and for commits and Welcomes that need it. A secret of the same id is replaced.
    ///
    /// The id is not secret: it stands in commits and in errors.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] for an id that has not 1 to 255 bytes, or a secret that has not 16 to 64.
    pub fn store_psk(&self, id: &[u8], secret: &[u8]) -> Result<()> {
        psk::store(&self.shared.provider, id, secret)
    }

    /// Deletes such a secret, if it is stored. Epochs that it was mixed into stay as they are.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] for an id that has not 1 to 255 bytes.
    pub fn forget_psk(&self, id: &[u8]) -> Result<()> {
        psk::forget(self.shared.store(), id)
    }

    /// A new group with this device as its only member.
    ///
    /// # Errors
    /// [`CoreError::GroupExists`].
    pub fn create_group(&self, group_id: GroupId, suite: Suite, now_ms: u64) -> Result<GroupMember> {
        GroupMember::create(Rc::clone(&self.shared), group_id, suite, now_ms)
    }

    /// The group of a Welcome, from its two parts ([`crate::WelcomeBundle`]). Every leaf's chain of keys is checked; the key package is used up unless it is a
    /// last-resort one. A group of that id that we were removed from, or that is marked as stuck or forked, is replaced.
    ///
    /// # Errors
    /// [`CoreError::WelcomeNotForUs`], [`CoreError::WelcomeInvalid`], [`CoreError::CredentialRejected`],
    /// [`CoreError::UnsupportedRules`], [`CoreError::PolicyRejected`], [`CoreError::GroupExists`],
    /// [`CoreError::GroupNotLoaded`] if a group of that id is stored and not in memory, [`CoreError::WireDecode`],
    /// [`CoreError::PskMissing`].
    pub fn join(&self, joiner: &[u8], shared: &[u8], now_ms: u64) -> Result<GroupMember> {
        GroupMember::join(Rc::clone(&self.shared), ReceivedWelcome::decode(joiner, shared)?, now_ms)
    }

    /// The group that a Welcome is for, without joining: a group of that id that is stored has to be in memory first.
    ///
    /// # Errors
    /// [`CoreError::WelcomeNotForUs`], [`CoreError::WelcomeInvalid`], [`CoreError::WireDecode`],
    /// [`CoreError::PskMissing`].
    pub fn group_of_welcome(&self, joiner: &[u8], shared: &[u8]) -> Result<GroupId> {
        GroupMember::of_welcome(&self.shared, ReceivedWelcome::decode(joiner, shared)?)
    }

    /// A handle on a group in memory. Handles on one group see each other's changes.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`], [`CoreError::GroupNotLoaded`], [`CoreError::StoreCorrupt`].
    pub fn load_group(&self, group_id: GroupId) -> Result<GroupMember> {
        GroupMember::load(Rc::clone(&self.shared), group_id)
    }

    /// Takes a group into memory, from all of its records written so far ([`Write::group`]), and gives a handle on it. A
    /// group that is in memory stays as it is there: nothing can be newer.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`], [`CoreError::KeysErased`]; [`CoreError::StoreCorrupt`] or
    /// [`CoreError::StoreRolledBack`] naming the first record that does not hold. Then the group is not in memory.
    pub fn load_group_from(&self, group_id: GroupId, records: impl IntoIterator<Item = Record>) -> Result<GroupMember> {
        let was_loaded = self.is_loaded(group_id);
        self.shared.store().load_group(group_id, records)?;
        let loaded = self.load_group(group_id);
        if loaded.is_err() && !was_loaded {
            self.unload_group(group_id)?;
        }
        loaded
    }

    /// Wipes a group's records from memory, if they are there. Handles on it answer [`CoreError::GroupNotLoaded`] until it
    /// is loaded again; they hold keys of their own until they are used or dropped.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`]; [`CoreError::BadInput`] if the group has writes that have not been taken.
    pub fn unload_group(&self, group_id: GroupId) -> Result<()> {
        self.shared.store().unload_group(group_id)
    }

    /// Whether a group is in memory.
    pub fn is_loaded(&self, group_id: GroupId) -> bool {
        self.shared.store().has_loaded(group_id)
    }

    /// Takes over what other processes have written to the store since this client's state: the records that have changed,
    /// its own and of groups, in any order; others may be among them. The client is then as if opened anew, and groups that
    /// were in memory still are, as they are now. Handles take the changes over by themselves.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] if there are writes that have not been taken; as [`Client::open`] otherwise. Then nothing has
    /// changed. A state with writes that were taken and never stored cannot go on: open the store again.
    pub fn take_over(&self, changes: impl IntoIterator<Item = Write>) -> Result<()> {
        let Shared { provider, policy, .. } = &*self.shared;
        for id in provider.storage().take_over(changes)? {
            self.shared.forget_access_key(id);
        }
        policy.set(read_policy(provider)?);
        Ok(())
    }

    /// A signature of the access key of a group's current epoch over exactly these bytes: of a group that has been in memory
    /// since this client was opened, even if it is not any more. None for others, and for groups that this device is not a
    /// member of.
    ///
    /// # Errors
    /// [`CoreError::StoreCorrupt`].
    pub fn sign_access(&self, group_id: GroupId, transcript: &[u8]) -> Result<Option<AccessSignature>> {
        match self.shared.sign_access(group_id, transcript) {
            None if self.is_loaded(group_id) => {
                self.load_group(group_id)?;
                Ok(self.shared.sign_access(group_id, transcript))
            }
            signed => Ok(signed),
        }
    }

    /// A new group of an old one's suite, with the addition staged of those of its members whose key packages these are:
    /// for a group that cannot go on. Who is left out stays out. The old one stays readable until it is deleted.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`], [`CoreError::GroupExists`], [`CoreError::RemovedFromGroup`],
    /// [`CoreError::NotAMember`] for a device that is none, [`CoreError::CredentialRejected`] for one that is not who the
    /// member is; otherwise as [`GroupMember::add_members`].
    pub fn reboot_group(
        &self,
        old: GroupId,
        new: GroupId,
        key_packages: &[impl AsRef<[u8]>],
        now_ms: u64,
    ) -> Result<(GroupMember, CommitBundle)> {
        self.load_group(old)?.reboot(new, key_packages, now_ms)
    }

    /// Revokes another device of this account, for good: a statement for everyone who may meet the device
    /// ([`Client::accept_revocation`]), in force here from now on.
    ///
    /// # Errors
    /// [`CoreError::BadInput`] for this device: what it would sign next, nobody would take. Leave its groups, and revoke
    /// it from another device.
    pub fn revoke_device(&self, device_id: &[u8; 16], device_key: &[u8; 32]) -> Result<Vec<u8>> {
        let Shared { provider, identity, .. } = &*self.shared;
        if *device_id == identity.device_id || *device_key == identity.device_key() {
            return Err(CoreError::BadInput("a device cannot revoke itself"));
        }
        if !revocation::has_room(self.shared.store(), &identity.account_key()) {
            return Err(CoreError::BadInput("an account can revoke at most 63 devices"));
        }
        let statement = revocation::issue(identity, device_id, device_key);
        revocation::accept(provider, &statement)?;
        Ok(statement)
    }

    /// Takes a statement of [`Client::revoke_device`], and tells whose device it revokes: this account's, another's, or
    /// this device itself, which can then send nothing more. Hand in only those of accounts that you have met: 64 of each
    /// account are kept, and with so many the whole account is taken for revoked.
    ///
    /// # Errors
    /// [`CoreError::WireDecode`], [`CoreError::CredentialRejected`] for one that the account has not signed,
    /// [`CoreError::BadInput`] for the account's sixty-fifth.
    pub fn accept_revocation(&self, statement: &[u8]) -> Result<LeafIdentity> {
        revocation::accept(&self.shared.provider, statement)
    }

    /// Deletes a group that is in memory, and all its records. Handles on it answer [`CoreError::GroupNotFound`] from then
    /// on.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`], [`CoreError::GroupNotLoaded`].
    pub fn delete_group(&self, group_id: GroupId) -> Result<()> {
        GroupMember::delete(&self.shared, group_id)
    }

    /// Gives up a group that does not load ([`CoreError::KeysErased`]), so that this device can join it again. Whoever
    /// stores the writes deletes all of the group's records with them.
    ///
    /// # Errors
    /// [`CoreError::GroupNotFound`]; [`CoreError::BadInput`] if the group is in memory.
    pub fn abandon_group(&self, group_id: GroupId) -> Result<()> {
        self.shared.store().abandon_group(group_id)
    }

    /// The groups of this store, in memory or not, left ones included.
    pub fn group_ids(&self) -> Vec<GroupId> {
        self.shared.store().group_ids()
    }

    /// All changes since the last call, of the client and its groups, in order, sealed. Commit them in one transaction
    /// with what the operation sends, and in the order of the calls: each batch counts on those before it.
    ///
    /// Erasable keys come first ([`Write::is_erasable_key`]): keep them apart, where they can be overwritten. New ones must
    /// be stored before the others are, and may only be erased after that.
    pub fn take_writes(&self) -> Vec<Write> {
        self.shared.provider.take_writes()
    }

    /// Erases the keys in memory that no record there needs: what is left of writes that were taken and never committed.
    /// A group's keys are in memory while the group is.
    pub fn erase_unused_keys(&self) {
        self.shared.store().erase_unused_keys();
    }

    /// The safety number of this account and another.
    ///
    /// # Errors
    /// [`CoreError::Internal`] if hashing fails.
    pub fn safety_number(&self, other_handle: &str, other_account_key: &[u8; 32]) -> Result<String> {
        let identity = &self.shared.identity;
        safety_number((&identity.handle, &identity.account_key()), (other_handle, other_account_key))
    }
}

fn read_policy(provider: &Provider) -> Result<UpdatePolicy> {
    Ok(provider.storage().read(&Key::of(Kind::UpdatePolicy))?.unwrap_or_default())
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Client").field(&self.shared.identity).finish()
    }
}
