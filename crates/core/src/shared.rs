//! What a client hands to each of its groups.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use openmls::prelude::OpenMlsProvider;
use zeroize::Zeroizing;

use crate::{
    group_id::GroupId,
    identity::Identity,
    policy::UpdatePolicy,
    storage::{Provider, Store},
};

/// What a group's access key is made of. Zeroized on drop.
pub(crate) type AccessKeySeed = Zeroizing<[u8; 32]>;

/// What a client and its groups share, in one thread.
pub(crate) struct Shared {
    pub(crate) provider: Provider,
    pub(crate) identity: Identity,
    pub(crate) policy: Cell<UpdatePolicy>,
    /// Of the current epoch of each group that this device is a member of and that has been in memory.
    pub(crate) access_keys: RefCell<BTreeMap<GroupId, AccessKeySeed>>,
}

impl Shared {
    pub(crate) fn new(provider: Provider, identity: Identity, policy: UpdatePolicy) -> Self {
        Self { provider, identity, policy: Cell::new(policy), access_keys: RefCell::default() }
    }

    pub(crate) fn store(&self) -> &Store {
        self.provider.storage()
    }
}
