//! What kind of vectors a file holds: told by the fields of its cases, not by its name.

use std::fmt;

use serde_json::Value;

/// A format of the MLS working group's `test-vectors.md` that can be driven through openmls's public types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    PassiveClient,
    Messages,
    Deserialization,
}

impl Kind {
    const ALL: [Self; 3] = [Self::PassiveClient, Self::Messages, Self::Deserialization];

    /// The kind that at least half of whose fields occur in the cases. Half, so that a field that all of them lack is
    /// reported as missing; not fewer, because other formats share some (`welcome.json` has four of the ten).
    pub(crate) fn of(cases: &[Value]) -> Option<Self> {
        let occurs = |name: &&&str| cases.iter().any(|case| case.get(**name).is_some());
        Self::ALL.into_iter().find(|kind| kind.fields().iter().filter(occurs).count() * 2 >= kind.fields().len())
    }

    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::PassiveClient => &crate::passive::FIELDS,
            Self::Messages => &crate::messages::FIELDS,
            Self::Deserialization => &crate::headers::FIELDS,
        }
    }

    /// What is compared in a case of this kind.
    pub(crate) fn checks(self) -> &'static str {
        match self {
            Self::PassiveClient => "epochs after joining",
            Self::Messages => "structs",
            Self::Deserialization => "headers",
        }
    }

    /// What the count alone does not say.
    pub(crate) fn note(self) -> Option<&'static str> {
        match self {
            Self::PassiveClient => None,
            Self::Messages => Some(crate::messages::NOTE),
            Self::Deserialization => Some(crate::headers::NOTE),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::PassiveClient => "passive client",
            Self::Messages => "messages",
            Self::Deserialization => "deserialization",
        })
    }
}
