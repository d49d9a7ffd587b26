//! Who an account and its devices are: their keys, their handle, and the signatures between them.

pub(crate) mod credential;
mod handle;
mod own;
pub(crate) mod revocation;
mod safety_number;

pub(crate) use self::own::Identity;
pub use self::{credential::LeafIdentity, safety_number::safety_number};
