//! What a client hands to each of its groups.

use std::cell::Cell;

use openmls::prelude::OpenMlsProvider;

use crate::{
    identity::Identity,
    policy::UpdatePolicy,
    storage::{Provider, Store},
};

/// What a client and its groups share, in one thread.
pub(crate) struct Shared {
    pub(crate) provider: Provider,
    pub(crate) identity: Identity,
    pub(crate) policy: Cell<UpdatePolicy>,
}

impl Shared {
    pub(crate) fn store(&self) -> &Store {
        self.provider.storage()
    }
}
