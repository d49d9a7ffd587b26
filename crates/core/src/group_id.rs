//! The id of a group.

use crate::error::{CoreError, Result};

/// A group's id: 16 random bytes, chosen by its creator (RFC 9420 §8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub [u8; 16]);

impl GroupId {
    pub(crate) fn to_openmls(self) -> openmls::prelude::GroupId {
        openmls::prelude::GroupId::from_slice(&self.0)
    }

    pub(crate) fn from_openmls(id: &openmls::prelude::GroupId) -> Result<Self> {
        Self::try_from(id.as_slice()).map_err(|_| CoreError::PolicyRejected)
    }
}

impl TryFrom<&[u8]> for GroupId {
    type Error = CoreError;

    fn try_from(id: &[u8]) -> Result<Self> {
        Ok(Self(id.try_into().map_err(|_| CoreError::BadInput("a group id has 16 bytes"))?))
    }
}
