//! Vectors of bytes in serde's data model as the bytes that they are, for
//! `#[serde(with = "crate::byte_strings")]`. Derived, they are sequences of
//! numbers, which a format has to take apart one by one. Human-readable
//! formats, which have no byte strings, keep the derived form.
use std::{fmt, marker::PhantomData};

use serde::{
    de::{Error, Visitor},
    Deserialize, Deserializer, Serialize, Serializer,
};
use tls_codec::VLBytes;

/// A vector of bytes.
pub(crate) trait Bytes: From<Vec<u8>> {
    fn bytes(&self) -> &[u8];
}

impl Bytes for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }
}

impl Bytes for VLBytes {
    fn bytes(&self) -> &[u8] {
        self.as_slice()
    }
}

pub(crate) fn serialize<T: Bytes + Serialize, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        value.serialize(serializer)
    } else {
        serializer.serialize_bytes(value.bytes())
    }
}

pub(crate) fn deserialize<'de, T: Bytes + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    if deserializer.is_human_readable() {
        T::deserialize(deserializer)
    } else {
        deserializer.deserialize_byte_buf(BytesVisitor(PhantomData))
    }
}

struct BytesVisitor<T>(PhantomData<T>);

impl<T: Bytes> Visitor<'_> for BytesVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<T, E> {
        Ok(bytes.to_vec().into())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<T, E> {
        Ok(bytes.into())
    }
}
