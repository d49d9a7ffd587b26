//! `CoreClient`: one device of one account.

use js_sys::Uint8Array;
use quicprochat_core::{Client, CoreError, GroupId, StoreKey, Suite, UpdatePolicy};
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

use crate::{
    error::Thrown,
    group::{GroupMember, Handles},
    poison::{guarded, guarded_shallow},
    record::{self, milliseconds},
    types::{AccessSignature, DeviceIdentity, KeyPackageOwner, RebootedGroup, StoreRecord, StoreWrite},
};

/// One device of one account: its keys, its key packages, its groups. Owned by the thread that made it.
#[wasm_bindgen]
pub struct CoreClient(Client, Handles);

impl CoreClient {
    fn new(client: Client) -> Self {
        Self(client, Handles::default())
    }
}

#[wasm_bindgen]
impl CoreClient {
    /// A new account with this as its first device. Its records are sealed with the store key: 32 random bytes.
    pub fn create(handle: &str, store_key: &[u8]) -> Result<CoreClient, Thrown> {
        guarded(|| Client::create(handle, &StoreKey::try_from(store_key)?).map(CoreClient::new))
    }

    /// The client of a store, from its key and all of the client's own records written so far: those without a group.
    pub fn open(store_key: &[u8], records: Vec<StoreRecord>) -> Result<CoreClient, Thrown> {
        guarded(|| {
            let store_key = StoreKey::try_from(store_key)?;
            Client::open(&store_key, record::stored(records)).map(CoreClient::new)
        })
    }

    /// The account's handle.
    #[wasm_bindgen(getter)]
    pub fn handle(&self) -> Result<String, Thrown> {
        guarded(|| Ok(self.0.identity().handle))
    }

    /// 16 bytes.
    #[wasm_bindgen(js_name = deviceId)]
    pub fn device_id(&self) -> Result<Vec<u8>, Thrown> {
        guarded(|| Ok(self.0.identity().device_id.to_vec()))
    }

    /// Ed25519 public key, 32 bytes.
    #[wasm_bindgen(js_name = accountKey)]
    pub fn account_key(&self) -> Result<Vec<u8>, Thrown> {
        guarded(|| Ok(self.0.identity().account_key.to_vec()))
    }

    /// Ed25519 public key, 32 bytes.
    #[wasm_bindgen(js_name = deviceKey)]
    pub fn device_key(&self) -> Result<Vec<u8>, Thrown> {
        guarded(|| Ok(self.0.identity().device_key.to_vec()))
    }

    /// The account key's signature over the device certificate's transcript, 64 bytes.
    #[wasm_bindgen(js_name = deviceCertificate)]
    pub fn device_certificate(&self) -> Result<Vec<u8>, Thrown> {
        guarded(|| Ok(self.0.device_certificate().to_vec()))
    }

    /// The device key's signature over exactly these bytes, 64 bytes.
    #[wasm_bindgen(js_name = signAsDevice)]
    pub fn sign_as_device(&self, transcript: &[u8]) -> Result<Vec<u8>, Thrown> {
        guarded(|| Ok(self.0.sign_as_device(transcript).to_vec()))
    }

    /// Changes when keys must be updated, in all groups.
    #[wasm_bindgen(js_name = setUpdatePolicy)]
    pub fn set_update_policy(&self, after_messages: u32, after_ms: f64, hard_stop_ms: f64) -> Result<(), Thrown> {
        guarded(|| {
            let (after_ms, hard_stop_ms) = (milliseconds(after_ms), milliseconds(hard_stop_ms));
            self.0.set_update_policy(UpdatePolicy { after_messages, after_ms, hard_stop_ms })
        })
    }

    /// Single-use key packages to publish, whose lifetime of 84 days begins now.
    #[wasm_bindgen(js_name = generateKeyPackages)]
    pub fn generate_key_packages(&self, suite: u32, count: u32, now_ms: f64) -> Result<Vec<Uint8Array>, Thrown> {
        guarded(|| {
            let key_packages = self.0.generate_key_packages(Suite::from_number(suite)?, count, milliseconds(now_ms))?;
            Ok(key_packages.iter().map(|bytes| Uint8Array::from(bytes.as_slice())).collect())
        })
    }

    /// A key package for when the single-use ones have run out, whose lifetime of 84 days begins now.
    #[wasm_bindgen(js_name = generateLastResortKeyPackage)]
    pub fn generate_last_resort_key_package(&self, suite: u32, now_ms: f64) -> Result<Vec<u8>, Thrown> {
        guarded(|| self.0.generate_last_resort_key_package(Suite::from_number(suite)?, milliseconds(now_ms)))
    }

    /// Deletes the private keys of key packages that expired a week ago or longer; says of how many.
    #[wasm_bindgen(js_name = forgetExpiredKeyPackages)]
    pub fn forget_expired_key_packages(&self, now_ms: f64) -> Result<u32, Thrown> {
        guarded(|| self.0.forget_expired_key_packages(milliseconds(now_ms)))
    }

    /// Who a key package belongs to, after every check that adding it now would make.
    #[wasm_bindgen(js_name = inspectKeyPackage)]
    pub fn inspect_key_package(&self, key_package: &[u8], suite: u32, now_ms: f64) -> Result<KeyPackageOwner, Thrown> {
        guarded(|| {
            let owner = self.0.inspect_key_package(key_package, Suite::from_number(suite)?, milliseconds(now_ms))?;
            Ok(record::device(&owner))
        })
    }

    /// Stores a secret that members share from somewhere else, for commits and Welcomes that need it. The caller wipes
    /// its own copy.
    #[wasm_bindgen(js_name = storePsk)]
    pub fn store_psk(&self, id: &[u8], secret: Vec<u8>) -> Result<(), Thrown> {
        let secret = Zeroizing::new(secret);
        guarded(|| self.0.store_psk(id, &secret))
    }

    /// Deletes such a secret, if it is stored.
    #[wasm_bindgen(js_name = forgetPsk)]
    pub fn forget_psk(&self, id: &[u8]) -> Result<(), Thrown> {
        guarded(|| self.0.forget_psk(id))
    }

    /// A new group with this device as its only member. Its id has 16 bytes.
    #[wasm_bindgen(js_name = createGroup)]
    pub fn create_group(&self, group_id: &[u8], suite: u32, now_ms: f64) -> Result<GroupMember, Thrown> {
        guarded(|| {
            let (id, suite) = (GroupId::try_from(group_id)?, Suite::from_number(suite)?);
            self.0.create_group(id, suite, milliseconds(now_ms)).map(|member| self.1.hold(member))
        })
    }

    /// The group of a Welcome, from this device's part and the part that all joiners share.
    pub fn join(&self, joiner: &[u8], shared: &[u8], now_ms: f64) -> Result<GroupMember, Thrown> {
        guarded(|| self.0.join(joiner, shared, milliseconds(now_ms)).map(|member| self.1.hold(member)))
    }

    /// The group that a Welcome is for, 16 bytes. Does not join it.
    #[wasm_bindgen(js_name = groupOfWelcome)]
    pub fn group_of_welcome(&self, joiner: &[u8], shared: &[u8]) -> Result<Vec<u8>, Thrown> {
        guarded(|| Ok(self.0.group_of_welcome(joiner, shared)?.0.to_vec()))
    }

    /// Takes a group into memory, from all of its records written so far, and gives a handle on it. A group that is in
    /// memory stays as it is there, and needs no records.
    #[wasm_bindgen(js_name = loadGroup)]
    pub fn load_group(&self, group_id: &[u8], records: Option<Vec<StoreRecord>>) -> Result<GroupMember, Thrown> {
        guarded(|| {
            let id = GroupId::try_from(group_id)?;
            let member = match records {
                Some(records) => self.0.load_group_from(id, record::stored(records)),
                None => self.0.load_group(id),
            };
            member.map(|member| self.1.hold(member))
        })
    }

    /// Wipes a group and all handles on it from memory; they answer `GROUP_NOT_LOADED` from then on. Refuses if it has
    /// writes that have not been taken.
    #[wasm_bindgen(js_name = unloadGroup)]
    pub fn unload_group(&self, group_id: &[u8]) -> Result<(), Thrown> {
        guarded(|| {
            let id = GroupId::try_from(group_id)?;
            self.0.unload_group(id)?;
            self.1.release(|of| (of == id).then_some(CoreError::GroupNotLoaded));
            Ok(())
        })
    }

    /// Whether a group is in memory.
    #[wasm_bindgen(js_name = isLoaded)]
    pub fn is_loaded(&self, group_id: &[u8]) -> Result<bool, Thrown> {
        guarded_shallow(|| Ok(self.0.is_loaded(GroupId::try_from(group_id)?)))
    }

    /// Takes over what other processes have written to the store since this client's state, in any order; records that
    /// have not changed may be among it. Groups in memory are then as they are now, and so are the handles on them. On an
    /// error nothing has changed.
    #[wasm_bindgen(js_name = takeOver)]
    pub fn take_over(&self, changes: Vec<StoreWrite>) -> Result<(), Thrown> {
        guarded(|| {
            self.0.take_over(record::changes(changes))?;
            self.1.release(|id| (!self.0.is_loaded(id)).then_some(CoreError::GroupNotFound));
            Ok(())
        })
    }

    /// A signature of the access key of a group's current epoch over exactly these bytes. Undefined for a group that has
    /// not been in memory since this client was opened, and for one that this device is not a member of.
    #[wasm_bindgen(js_name = signAccess)]
    pub fn sign_access(&self, group_id: &[u8], transcript: &[u8]) -> Result<Option<AccessSignature>, Thrown> {
        guarded(|| {
            let signed = self.0.sign_access(GroupId::try_from(group_id)?, transcript)?;
            Ok(signed.as_ref().map(record::access_signature))
        })
    }

    /// A new group of an old one's suite, with the addition of these members of it staged.
    #[wasm_bindgen(js_name = rebootGroup)]
    pub fn reboot_group(
        &self,
        old_id: &[u8],
        new_id: &[u8],
        key_packages: Vec<Uint8Array>,
        now_ms: f64,
    ) -> Result<RebootedGroup, Thrown> {
        guarded(|| {
            let (old, new) = (GroupId::try_from(old_id)?, GroupId::try_from(new_id)?);
            let key_packages = record::to_vecs(key_packages);
            let (group, bundle) = self.0.reboot_group(old, new, &key_packages, milliseconds(now_ms))?;
            Ok(record::rebooted(self.1.hold(group), &bundle))
        })
    }

    /// Revokes another device of this account, for good: the statement for everyone who may meet it.
    #[wasm_bindgen(js_name = revokeDevice)]
    pub fn revoke_device(&self, device_id: &[u8], device_key: &[u8]) -> Result<Vec<u8>, Thrown> {
        guarded(|| {
            let id = device_id.try_into().map_err(|_| CoreError::BadInput("a device id has 16 bytes"))?;
            let key = device_key.try_into().map_err(|_| CoreError::BadInput("a device key has 32 bytes"))?;
            self.0.revoke_device(id, key)
        })
    }

    /// Takes a statement that revokes a device, and tells whose.
    #[wasm_bindgen(js_name = acceptRevocation)]
    pub fn accept_revocation(&self, statement: &[u8]) -> Result<DeviceIdentity, Thrown> {
        guarded(|| Ok(record::device(&self.0.accept_revocation(statement)?)))
    }

    /// Erases the keys in memory that no record there needs: what is left of writes that were taken and never committed.
    #[wasm_bindgen(js_name = eraseUnusedKeys)]
    pub fn erase_unused_keys(&self) -> Result<(), Thrown> {
        guarded(|| {
            self.0.erase_unused_keys();
            Ok(())
        })
    }

    /// Gives up a group that does not load. Whoever stores the writes deletes all of the group's records with them.
    #[wasm_bindgen(js_name = abandonGroup)]
    pub fn abandon_group(&self, group_id: &[u8]) -> Result<(), Thrown> {
        guarded(|| self.0.abandon_group(GroupId::try_from(group_id)?))
    }

    /// Deletes a group that is in memory, all its records, and what handles hold of it.
    #[wasm_bindgen(js_name = deleteGroup)]
    pub fn delete_group(&self, group_id: &[u8]) -> Result<(), Thrown> {
        guarded(|| {
            let id = GroupId::try_from(group_id)?;
            self.0.delete_group(id)?;
            self.1.release(|of| (of == id).then_some(CoreError::GroupNotFound));
            Ok(())
        })
    }

    /// The groups of this store, in memory or not, left ones included.
    #[wasm_bindgen(js_name = groupIds)]
    pub fn group_ids(&self) -> Result<Vec<Uint8Array>, Thrown> {
        guarded(|| Ok(self.0.group_ids().iter().map(|id| Uint8Array::from(id.0.as_slice())).collect()))
    }

    /// All changes since the last call, of the client and its groups, in order.
    #[wasm_bindgen(js_name = takeWrites)]
    pub fn take_writes(&self) -> Result<Vec<StoreWrite>, Thrown> {
        guarded_shallow(|| Ok(self.0.take_writes().iter().map(record::write).collect()))
    }

    /// The safety number of this account and another: 60 digits, the same for both.
    #[wasm_bindgen(js_name = safetyNumber)]
    pub fn safety_number(&self, other_handle: &str, other_account_key: &[u8]) -> Result<String, Thrown> {
        guarded(|| {
            let key = other_account_key.try_into().map_err(|_| CoreError::BadInput("an account key has 32 bytes"))?;
            self.0.safety_number(other_handle, key)
        })
    }
}
