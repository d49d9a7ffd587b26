//! Sizes of application messages, by PADMÉ (PURBs, PoPETs 2019): a length keeps only about log2(log2 n) bits of
//! information, at no more than 12 % of overhead, and everything short looks alike.
//!
//! The frame is ours, inside the MLS plaintext: the message, one 0x80, zeros. openmls's own padding stays off, as it
//! knows only multiples of one block size.

use zeroize::Zeroizing;

use crate::error::{CoreError, Result};

/// The shortest frame. Most chat messages end up exactly here.
const MIN_FRAME: usize = 256;

/// The end of the message inside its frame (ISO/IEC 7816-4).
const END: u8 = 0x80;

/// The framed and padded form of a plaintext.
pub(super) fn pad(plaintext: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut frame = Zeroizing::new(vec![0; padme(plaintext.len() + 1).max(MIN_FRAME)]);
    frame[..plaintext.len()].copy_from_slice(plaintext);
    frame[plaintext.len()] = END;
    frame
}

/// The plaintext of a frame.
///
/// # Errors
/// [`CoreError::WireDecode`] if its author framed it in another way.
pub(super) fn unpad(mut frame: Vec<u8>) -> Result<Vec<u8>> {
    let end = frame.iter().rposition(|&byte| byte != 0).ok_or(CoreError::WireDecode)?;
    if frame[end] != END || frame.len() < MIN_FRAME {
        return Err(CoreError::WireDecode);
    }
    frame.truncate(end);
    Ok(frame)
}

/// The PADMÉ length: the exponent of `length` decides how many low bits are rounded away.
fn padme(length: usize) -> usize {
    if length < 2 {
        return length;
    }
    let exponent = length.ilog2();
    let mantissa_bits = exponent.ilog2() + 1;
    let mask = (1usize << (exponent - mantissa_bits.min(exponent))) - 1;
    (length + mask) & !mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_hides_lengths() {
        for length in [0, 1, 254, 255, 256, 257, 1_000, 4_095, 65_536] {
            let plaintext: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let frame = pad(&plaintext);
            assert!(frame.len() >= MIN_FRAME);
            assert!(frame.len() <= (length + 1).max(MIN_FRAME) * 112 / 100 + 1, "{length}");
            assert_eq!(unpad(frame.to_vec()).unwrap(), plaintext);
        }
        assert_eq!(pad(b"a").len(), pad(&[7; 200]).len());
    }

    #[test]
    fn padme_of_the_paper() {
        assert_eq!([9, 10, 65, 1_025, 65_537].map(padme), [10, 10, 72, 1_088, 67_584]);
    }

    #[test]
    fn other_frames_are_refused() {
        for frame in [vec![], vec![0; 256], vec![END], [vec![1; 255], vec![0]].concat()] {
            assert_eq!(unpad(frame), Err(CoreError::WireDecode));
        }
    }
}
