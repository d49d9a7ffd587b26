//! People for the stories: a client and the records that it has written so far, as an application would keep them.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::collections::{BTreeMap, BTreeSet};

use quicprochat_core::{
    Client, CommitBundle, CoreError, GroupId, GroupMember, Provider, Received, Record, StoreKey, Suite, WelcomeBundle,
    Write,
};

pub const GROUP: GroupId = GroupId([7; 16]);
pub const SUITE: Suite = Suite::X25519ChaCha20;

/// What everybody's store is sealed with here.
pub fn store_key() -> StoreKey {
    StoreKey::from([9; 32])
}

/// Records as a store keeps them.
pub type Records = BTreeMap<Vec<u8>, Vec<u8>>;

/// A client with its store.
pub struct Person {
    pub client: Client,
    pub records: Records,
}

impl Person {
    pub fn new(handle: &str) -> Self {
        let mut person = Self { client: Client::create(handle, &store_key()).unwrap(), records: Records::new() };
        person.save();
        person
    }

    /// Commits what has been written since the last time.
    pub fn save(&mut self) -> Vec<Write> {
        let writes = self.client.take_writes();
        for Write { key, value, .. } in writes.clone() {
            match value {
                Some(value) => self.records.insert(key, value),
                None => self.records.remove(&key),
            };
        }
        writes
    }

    /// What a thief of the store has, or this person after a restart.
    pub fn copy(&mut self) -> Self {
        self.save();
        Self { client: open(&self.records), records: self.records.clone() }
    }

    /// The same, of what was saved last.
    pub fn copy_of(&self) -> Self {
        Self { client: open(&self.records), records: self.records.clone() }
    }

    pub fn group(&self) -> GroupMember {
        self.client.load_group(GROUP).unwrap()
    }

    /// Joins as the `index`-th of those who were added.
    pub fn join(&self, welcome: &WelcomeBundle, index: usize) -> Result<GroupMember, CoreError> {
        self.client.join(&welcome.joiners[index], &welcome.shared, 0)
    }

    pub fn key_package(&self, suite: Suite) -> Vec<u8> {
        self.client.generate_key_packages(suite, 1, 0).unwrap().remove(0)
    }
}

pub fn open(records: &Records) -> Client {
    try_open(records).unwrap()
}

/// Opens all that the records hold: the client, and every group.
pub fn try_open(records: &Records) -> Result<Client, CoreError> {
    let mut groups: BTreeSet<_> = in_list(records).filter_map(|record| record.group()).collect();
    let client = Client::open(&store_key(), of_group(records, None))?;
    groups.extend(client.group_ids());
    for id in groups {
        client.load_group_from(id, of_group(records, Some(id)))?;
    }
    Ok(client)
}

/// The records of a group, or the client's own.
pub fn of_group(records: &Records, group: Option<GroupId>) -> impl Iterator<Item = Record> {
    in_list(records).filter(move |record| record.group() == group)
}

pub fn in_list(records: &Records) -> impl Iterator<Item = Record> {
    records.iter().map(|(key, value)| Record { key: key.clone(), value: value.clone() })
}

/// Whether the lists of a store name the record of a key: all but the keys that seal others (`erasing.rs`).
pub fn is_listed(key: &[u8]) -> bool {
    key[0] != 0x05
}

/// Whether a record is of a kind that is used up, and under an erasable key: without that key it counts as used up.
pub fn is_used_up(key: &[u8], value: &[u8]) -> bool {
    [0x11, 0x12, 0x13].contains(&key[0]) && value[0] & 0x80 != 0
}

/// What is in the records.
pub fn in_clear(records: &Records) -> Records {
    let records = Provider::open_all(&store_key(), in_list(records)).unwrap().records_in_clear();
    records.into_iter().map(|record| (record.key, record.value)).collect()
}

/// A group with these members, in this order, after one commit.
pub fn group_of(people: &mut [&mut Person], suite: Suite) -> Vec<GroupMember> {
    let (creator, others) = people.split_first_mut().unwrap();
    let mut members = vec![creator.client.create_group(GROUP, suite, 0).unwrap()];
    if !others.is_empty() {
        let key_packages: Vec<_> = others.iter().map(|person| person.key_package(suite)).collect();
        let bundle = members[0].add_members(&key_packages, 0).unwrap();
        members[0].merge_pending_commit(0).unwrap();
        let welcome = bundle.welcome.unwrap();
        members.extend(others.iter().enumerate().map(|(index, person)| person.join(&welcome, index).unwrap()));
    }
    for person in people {
        person.save();
    }
    members
}

/// The relay puts a member's commit in order, and everybody follows.
pub fn deliver(bundle: &CommitBundle, committer: &mut GroupMember, others: &mut [&mut GroupMember]) {
    committer.merge_pending_commit(1).unwrap();
    for other in others {
        assert!(matches!(other.process(&bundle.commit, 1), Ok(Received::Commit { .. })));
        other.merge_staged_commit(1).unwrap();
    }
}

/// Sends from one to another and gives what arrives.
pub fn say(from: &mut GroupMember, to: &mut GroupMember, text: &str) -> String {
    let message = from.encrypt(text.as_bytes(), 1).unwrap();
    hear(to, &message)
}

pub fn hear(to: &mut GroupMember, message: &[u8]) -> String {
    match to.process(message, 1).unwrap() {
        Received::Application { plaintext, .. } => String::from_utf8(plaintext).unwrap(),
        other => panic!("not an application message: {other:?}"),
    }
}

/// That members share an epoch and everything that led to it.
pub fn assert_agreed(members: &[&GroupMember]) {
    for member in members {
        assert_eq!(member.epoch(), members[0].epoch());
        assert_eq!(member.epoch_authenticator(), members[0].epoch_authenticator());
        assert_eq!(member.access_key(), members[0].access_key());
        let leaves = |member: &GroupMember| -> Vec<_> {
            let all = member.members().unwrap().into_iter();
            all.map(|member| (member.leaf_index, member.identity, member.signature_key)).collect()
        };
        assert_eq!(leaves(member), leaves(members[0]));
    }
}
