//! The bytes that the messenger's own proofs sign, equal to those of `packages/protocol` byte for byte.

/// The version of the wire protocol, signed into every proof.
const PROTOCOL: &str = "quicprochat/1";

/// A field of a transcript. Numbers are taken as unsigned 64-bit.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    /// UTF-8 text.
    Text(&'a str),
    /// Bytes as they are.
    Bytes(&'a [u8]),
    /// A number, as eight bytes big-endian.
    Number(u64),
}

/// The bytes that a proof signs: protocol, purpose and fields, each with its length in front (4 bytes, big-endian).
/// Two different lists of fields never give the same bytes, and no proof stands for one of another purpose.
pub fn transcript(purpose: &str, fields: &[Field<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    append(&mut bytes, PROTOCOL.as_bytes());
    append(&mut bytes, purpose.as_bytes());
    for field in fields {
        match field {
            Field::Text(text) => append(&mut bytes, text.as_bytes()),
            Field::Bytes(part) => append(&mut bytes, part),
            Field::Number(number) => append(&mut bytes, &number.to_be_bytes()),
        }
    }
    bytes
}

/// The bytes that an account key signs to certify a device. The device's id stands as 32 lower-case hex digits.
pub fn device_certificate_transcript(
    handle: &str,
    account_key: &[u8; 32],
    device_id: &[u8; 16],
    device_key: &[u8; 32],
) -> Vec<u8> {
    transcript(
        "device-certificate",
        &[Field::Text(handle), Field::Bytes(account_key), Field::Text(&hex(device_id)), Field::Bytes(device_key)],
    )
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .map(|digit| char::from_digit(u32::from(digit), 16).expect("a nibble is a hex digit"))
        .collect()
}

/// Fields are bounded far below 2^32 bytes by every caller; a longer one would be cut in its length, not in its bytes.
fn append(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same bytes stand in packages/protocol/src/transcript.test.ts.
    #[test]
    fn equals_the_protocol_packages_transcript() {
        let bytes = transcript("login", &[Field::Text("relay"), Field::Number(7), Field::Bytes(&[1, 2])]);
        let expected = [
            "0000000d",
            &hex(b"quicprochat/1"),
            "00000005",
            &hex(b"login"),
            "00000005",
            &hex(b"relay"),
            "00000008",
            "0000000000000007",
            "00000002",
            "0102",
        ];
        assert_eq!(hex(&bytes), expected.concat());
    }

    /// Pinned beside `deviceCertificateTranscript` of packages/protocol.
    #[test]
    fn device_certificate_bytes_are_pinned() {
        let bytes = device_certificate_transcript("alice", &[0x11; 32], &[0xab; 16], &[0x22; 32]);
        let expected = [
            "0000000d",
            &hex(b"quicprochat/1"),
            "00000012",
            &hex(b"device-certificate"),
            "00000005",
            &hex(b"alice"),
            "00000020",
            &"11".repeat(32),
            "00000020",
            &hex("ab".repeat(16).as_bytes()),
            "00000020",
            &"22".repeat(32),
        ];
        assert_eq!(hex(&bytes), expected.concat());
    }
}
