//! The deserialization vectors: the headers of variable-length vectors (RFC 9420 §2.1.2).

use openmls::prelude::tls_codec::{Deserialize, Serialize, VLBytes, vlen};

use crate::{
    json::Object,
    passive::debug,
    report::{CaseResult, Outcome},
};

pub(crate) const FIELDS: [&str; 2] = ["length", "vlbytes_header"];

pub(crate) const NOTE: &str = "every header decoded and encoded; below 1 MiB with a vector of that length behind it";

/// Longer vectors are not made: the longest header stands for 1 GiB, which a browser's tab need not have.
const LONGEST: usize = 1 << 20;

pub(crate) fn run(case: Object<'_>) -> CaseResult {
    let (header, expected) = (case.bytes("vlbytes_header")?, case.number::<u32>("length")?);
    let expected = usize::try_from(expected).map_err(debug)?;
    let mut rest = header.as_slice();
    let (length, _) = vlen::read_length(&mut rest).map_err(debug)?;
    if (length, rest.len()) != (expected, 0) {
        return Err(format!("the header says {length} and leaves {} bytes, not {expected} and none", rest.len()));
    }
    let mut encoded = Vec::new();
    vlen::write_length(&mut encoded, length).map_err(debug)?;
    if encoded != header {
        return Err("the length is encoded as another header".to_owned());
    }
    if length < LONGEST {
        whole(&header, length)?;
    }
    Ok(Outcome::Passed { checked: 1 })
}

fn whole(header: &[u8], length: usize) -> Result<(), String> {
    let bytes = [header, &vec![0xa5; length]].concat();
    let vector = VLBytes::tls_deserialize_exact(&bytes).map_err(debug)?;
    let is_equal = vector.as_slice().len() == length && vector.tls_serialize_detached().map_err(debug)? == bytes;
    if is_equal { Ok(()) } else { Err("a vector with this header is encoded as another one".to_owned()) }
}
