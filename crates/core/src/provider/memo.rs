//! A memo of tree hashes.
//!
//! openmls hashes the whole tree anew in every epoch, 2n - 1 nodes (RFC 9420 §7.8), though a commit changes log n of
//! them: two thirds of what processing one costs at n = 500. Most inputs are the last epoch's to the byte.
//!
//! An input is known again by all of its bytes, so a hit is never wrong: the fast hash only finds the place. What is
//! not used while [`MOST_BYTES`] of others come and go is forgotten.

use std::{collections::HashMap, sync::Mutex};

use foldhash::fast::RandomState;

/// Bytes of one generation, inputs and digests; two are kept. A group of 1,000 takes about 0.7 MB in the classical
/// suites and 3 MB in the hybrid ones.
const MOST_BYTES: usize = 4 << 20;

type Digests = HashMap<Box<[u8]>, Box<[u8]>, RandomState>;

/// See the module. The digests are of one hash function. Shared between threads only where openmls uses them (not in wasm).
#[derive(Default)]
pub(super) struct Memo(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    current: Digests,
    previous: Digests,
    bytes: usize,
}

impl Memo {
    /// Whether an input looks like a `TreeHashInput` (RFC 9420 §7.8: `uint8 node_type`, leaf or parent, comes first).
    /// Others, the transcript among them, are hashed once and not kept.
    pub(super) fn takes(input: &[u8]) -> bool {
        matches!(input.first(), Some(1 | 2))
    }

    /// The digest of an input, by `hash` where it is not known.
    pub(super) fn digest<E>(&self, input: &[u8], hash: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
        if let Some(digest) = self.0.lock().ok().and_then(|mut generations| generations.find(input)) {
            return Ok(digest);
        }
        let digest = hash(input)?;
        if let Ok(mut generations) = self.0.lock() {
            generations.keep(input.into(), digest.as_slice().into());
        }
        Ok(digest)
    }
}

impl Generations {
    fn find(&mut self, input: &[u8]) -> Option<Vec<u8>> {
        if let Some(digest) = self.current.get(input) {
            return Some(digest.to_vec());
        }
        let (input, digest) = self.previous.remove_entry(input)?;
        let found = digest.to_vec();
        self.keep(input, digest);
        Some(found)
    }

    fn keep(&mut self, input: Box<[u8]>, digest: Box<[u8]>) {
        self.bytes += input.len() + digest.len();
        self.current.insert(input, digest);
        if self.bytes > MOST_BYTES {
            self.previous = std::mem::take(&mut self.current);
            self.bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn digest(memo: &Memo, input: &[u8], digest: u8) -> Vec<u8> {
        memo.digest(input, |_| Ok::<_, Infallible>(vec![digest; 32])).unwrap()
    }

    #[test]
    fn an_input_is_known_again_by_all_its_bytes() {
        let memo = Memo::default();
        assert_eq!(digest(&memo, &[1, 2, 3], 7), [7; 32]);
        assert_eq!(digest(&memo, &[1, 2, 3], 8), [7; 32], "not hashed again");
        assert_eq!(digest(&memo, &[1, 2, 4], 9), [9; 32]);
        assert_eq!(digest(&memo, &[1, 2], 10), [10; 32]);
    }

    #[test]
    fn a_failure_is_not_kept() {
        let memo = Memo::default();
        assert_eq!(memo.digest(&[1], |_| Err("no")), Err("no"));
        assert_eq!(digest(&memo, &[1], 5), [5; 32]);
    }

    #[test]
    fn what_is_not_used_is_forgotten_and_what_is_stays() {
        let memo = Memo::default();
        digest(&memo, &[1], 1);
        digest(&memo, &[2], 2);
        let large = |index: u32| [&index.to_be_bytes()[..], &[0; 1 << 16]].concat();
        for index in 0..200 {
            digest(&memo, &large(index), 0);
            assert_eq!(digest(&memo, &[1], 9), [1; 32]);
        }
        assert_eq!(digest(&memo, &[2], 9), [9; 32]);
        let generations = memo.0.lock().unwrap();
        let kept: usize = generations.current.keys().chain(generations.previous.keys()).map(|input| input.len()).sum();
        assert!(kept <= 2 * MOST_BYTES + (1 << 17), "{kept}");
    }
}
