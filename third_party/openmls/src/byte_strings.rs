//! Vectors of bytes in serde's data model as the bytes that they are, for
//! `#[serde(with = "crate::byte_strings")]`. Derived, they are sequences of
//! numbers, which a format has to take apart one by one. Formats that have no
//! byte strings, JSON for one, write what they wrote before, and what they have
//! written is read.
use std::{fmt, marker::PhantomData};

use serde::{
    de::{Error, SeqAccess, Visitor},
    Deserializer, Serializer,
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

pub(crate) fn serialize<T: Bytes, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(value.bytes())
}

pub(crate) fn deserialize<'de, T: Bytes, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_byte_buf(BytesVisitor(PhantomData))
}

struct BytesVisitor<T>(PhantomData<T>);

impl<'de, T: Bytes> Visitor<'de> for BytesVisitor<T> {
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

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }
}
