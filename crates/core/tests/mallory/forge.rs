//! A crypto provider that lies for him: it lets him change what goes into a message at the last moment, after openmls
//! has checked it and before it is encrypted, and signs it again. So what he sends is right in every respect but one.

use std::{cell::RefCell, sync::Mutex};

use ed25519_dalek::{Signer as _, SigningKey};
use openmls::prelude::OpenMlsProvider;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::types::HpkeCiphertext;
use quicprochat_core::Provider;

/// What is sealed in a private message (RFC 9420 §6.3.1), before it is.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The commit, proposal or application data.
    pub content: Vec<u8>,
    pub signature: Vec<u8>,
    /// The confirmation tag of a commit with its length in front; other content has none.
    pub tag: Vec<u8>,
    pub padding: Vec<u8>,
    /// Whether the signature is made anew over the changed content.
    pub is_resigned: bool,
}

const FRAMED_CONTENT: &[u8] = b"MLS 1.0 FramedContentTBS";
const GROUP_INFO: &[u8] = b"MLS 1.0 GroupInfoTBS";

type Edit<T> = Option<Box<dyn FnMut(&mut T) + Send>>;
type EditFor<T> = Option<Box<dyn FnMut(&[u8], &mut T) + Send>>;

/// His lies, each told until it is taken back.
#[derive(Default)]
pub struct Lies {
    pub draft: Edit<Draft>,
    /// The leaf index, generation and reuse guard of the sender data.
    pub sender_data: Edit<Vec<u8>>,
    /// A path secret, before it is sealed to some members.
    pub path_secret: Edit<Vec<u8>>,
    /// What was sealed to them.
    pub sealed: Edit<HpkeCiphertext>,
    /// The same, by the public key that it was sealed to: openmls seals to all of them at once, in no order.
    pub sealed_to: EditFor<HpkeCiphertext>,
    /// The public half of a key pair of a leaf or of a path, as he makes it.
    pub public_key: Edit<Vec<u8>>,
    /// A group info, signature left out, before a Welcome seals it.
    pub group_info: Edit<Vec<u8>>,
}

/// His provider: an honest store, and crypto that lies.
pub struct Forger {
    pub provider: Provider,
    crypto: LyingCrypto,
}

impl Forger {
    pub fn new() -> Self {
        Self { provider: Provider::default(), crypto: LyingCrypto::default() }
    }

    /// Until the next call: what is changed on the way out.
    pub fn lie(&self, lies: Lies) {
        *self.crypto.lies.lock().unwrap() = lies;
    }
}

thread_local! {
    /// What was signed of late, and with which key: needed to sign it again.
    static SIGNED: RefCell<Vec<(SigningKey, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

pub fn has_signed(key: &SigningKey, payload: &[u8]) {
    SIGNED.with_borrow_mut(|signed| {
        // A commit signs a leaf, its content and a group info.
        signed.truncate(3);
        signed.insert(0, (key.clone(), payload.to_vec()));
    });
}

impl OpenMlsProvider for Forger {
    type CryptoProvider = LyingCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = <Provider as OpenMlsProvider>::StorageProvider;

    fn storage(&self) -> &Self::StorageProvider {
        self.provider.storage()
    }

    fn crypto(&self) -> &LyingCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto.honest
    }
}

#[derive(Default)]
pub struct LyingCrypto {
    pub honest: RustCrypto,
    lies: Mutex<Lies>,
}

impl LyingCrypto {
    /// What is sealed instead of a path secret.
    pub fn altered_secret(&self, secret: &[u8]) -> Vec<u8> {
        let mut changed = secret.to_vec();
        if let Some(edit) = &mut self.lies.lock().unwrap().path_secret {
            edit(&mut changed);
        }
        changed
    }

    pub fn alter_public_key(&self, key: &mut Vec<u8>) {
        if let Some(edit) = &mut self.lies.lock().unwrap().public_key {
            edit(key);
        }
    }

    pub fn alter_sealed(&self, recipient: &[u8], sealed: &mut HpkeCiphertext) {
        let mut lies = self.lies.lock().unwrap();
        if let Some(edit) = &mut lies.sealed {
            edit(sealed);
        }
        if let Some(edit) = &mut lies.sealed_to {
            edit(recipient, sealed);
        }
    }

    /// What is encrypted instead of `data`. Sender data is 12 bytes; what carries the last signature is a draft, or a
    /// group info.
    pub fn altered(&self, data: &[u8]) -> Vec<u8> {
        let mut lies = self.lies.lock().unwrap();
        if let (12, Some(edit)) = (data.len(), &mut lies.sender_data) {
            let mut changed = data.to_vec();
            edit(&mut changed);
            return changed;
        }
        let Some(Carried { key, payload, at }) = Carried::find(data) else { return data.to_vec() };
        let signature = key.sign(&payload).to_bytes();
        let (content, rest) = (data[..at].to_vec(), &data[at + 2 + signature.len()..]);
        if payload.starts_with(&vector(GROUP_INFO)) {
            let Some(edit) = &mut lies.group_info else { return data.to_vec() };
            let mut changed = content;
            edit(&mut changed);
            let signature = key.sign(&labelled(GROUP_INFO, &changed)).to_bytes();
            return [changed, vector(&signature)].concat();
        }
        let Some(edit) = &mut lies.draft else { return data.to_vec() };
        let tag_length = if rest.first() == Some(&32) { 33 } else { 0 };
        let (tag, padding) = rest.split_at(tag_length);
        let mut draft = Draft {
            content: content.clone(),
            signature: signature.to_vec(),
            tag: tag.to_vec(),
            padding: padding.to_vec(),
            is_resigned: true,
        };
        edit(&mut draft);
        if draft.is_resigned && draft.content != content {
            draft.signature = key.sign(&resigned(&payload, &content, &draft.content)).to_bytes().to_vec();
        }
        [draft.content, vector(&draft.signature), draft.tag, draft.padding].concat()
    }
}

/// A signature found in what is to be encrypted.
struct Carried {
    key: SigningKey,
    payload: Vec<u8>,
    at: usize,
}

impl Carried {
    fn find(data: &[u8]) -> Option<Self> {
        let signed = SIGNED.with_borrow(Clone::clone);
        signed.into_iter().find_map(|(key, payload)| {
            let mark = vector(&key.sign(&payload).to_bytes());
            let at = data.windows(mark.len()).position(|window| window == mark)?;
            // A leaf's signature is in there too; only the last one counts.
            let is_last = payload.starts_with(&vector(FRAMED_CONTENT)) || payload.starts_with(&vector(GROUP_INFO));
            is_last.then_some(Self { key, payload, at })
        })
    }
}

/// The signed payload with another content in it.
fn resigned(payload: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    // The label, then the length of the rest.
    let label = usize::from(payload[0]) + 1;
    let (_, tbs) = read_vector(&payload[label..]);
    let at = tbs.windows(old.len()).position(|window| window == old).unwrap();
    let changed = [&tbs[..at], new, &tbs[at + old.len()..]].concat();
    [&payload[..label], &vector(&changed)].concat()
}

/// What MLS signs (RFC 9420 §5.1.2).
pub fn labelled(label: &[u8], content: &[u8]) -> Vec<u8> {
    [vector(label), vector(content)].concat()
}

/// Bytes with their length in front (RFC 9420 §2.1.2).
pub fn vector(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    let head = match length {
        0..0x40 => vec![length as u8],
        0x40..0x4000 => (0x4000 | length as u16).to_be_bytes().to_vec(),
        _ => (0x8000_0000 | length).to_be_bytes().to_vec(),
    };
    [head.as_slice(), bytes].concat()
}

/// The length of the length, and the bytes.
pub fn read_vector(bytes: &[u8]) -> (usize, &[u8]) {
    let size = 1usize << (bytes[0] >> 6);
    let first = usize::from(bytes[0] & 0x3f);
    let length = bytes[1..size].iter().fold(first, |length, &byte| length << 8 | usize::from(byte));
    (size, &bytes[size..size + length])
}
