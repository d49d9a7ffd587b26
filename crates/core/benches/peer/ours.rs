//! Our core, as the SDK uses it: after every operation the writes are taken and put into a map.

use std::collections::HashMap;

use quicprochat_core::{
    Client, CommitBundle, GroupId, GroupMember, Received, Record, StoreKey, Suite, WelcomeBundle, Write,
};

use crate::play::{Handout, Outcome, Person};

/// The same time for everybody: no update ever falls due.
const NOW_MS: u64 = 0;

pub(crate) struct OurPerson {
    client: Client,
    suite: Suite,
    group: Option<GroupMember>,
    groups: u64,
    records: HashMap<Vec<u8>, Vec<u8>>,
    written: usize,
}

/// What the joiners of one commit need, as the relay stores it.
pub(crate) struct Welcome(WelcomeBundle);

impl OurPerson {
    fn group(&mut self) -> Outcome<&mut GroupMember> {
        self.group.as_mut().ok_or_else(|| "no group".into())
    }

    fn save(&mut self) {
        for Write { key, value, .. } in self.client.take_writes() {
            self.written += key.len() + value.as_ref().map_or(0, Vec::len);
            match value {
                Some(value) => self.records.insert(key, value),
                None => self.records.remove(&key),
            };
        }
    }

    fn commit(
        &mut self,
        stage: impl FnOnce(&mut GroupMember) -> quicprochat_core::Result<CommitBundle>,
    ) -> Outcome<Handout<Welcome>> {
        let group = self.group()?;
        let bundle = stage(group)?;
        group.merge_pending_commit(NOW_MS)?;
        self.save();
        Ok(Handout { commit: bundle.commit, welcome: bundle.welcome.map(Welcome) })
    }
}

// What the core's API may change, in one place: how a store begins, and how one joins.
impl OurPerson {
    fn create_client(name: &str) -> quicprochat_core::Result<Client> {
        Client::create(name, &StoreKey::from([7; 32]))
    }

    fn open_client(records: impl IntoIterator<Item = Record>) -> quicprochat_core::Result<Client> {
        Client::open(&StoreKey::from([7; 32]), records)
    }

    fn join_group(&self, welcome: &Welcome, index: usize) -> quicprochat_core::Result<GroupMember> {
        self.client.join(&welcome.0.joiners[index], &welcome.0.shared, NOW_MS)
    }
}

impl Person for OurPerson {
    type Welcome = Welcome;

    const REMEMBERS: bool = true;

    fn new(name: &str, suite: u16) -> Outcome<Self> {
        let suite = Suite::from_number(u32::from(suite))?;
        let client = Self::create_client(name)?;
        let mut person = Self { client, suite, group: None, groups: 0, records: HashMap::new(), written: 0 };
        person.save();
        Ok(person)
    }

    fn key_package(&mut self) -> Outcome<Vec<u8>> {
        let key_package = self.client.generate_key_packages(self.suite, 1, NOW_MS)?.pop().ok_or("none made")?;
        self.save();
        Ok(key_package)
    }

    fn create(&mut self) -> Outcome<()> {
        self.groups += 1;
        let mut id = [7; 16];
        id[..8].copy_from_slice(&self.groups.to_be_bytes());
        self.group = Some(self.client.create_group(GroupId(id), self.suite, NOW_MS)?);
        self.save();
        Ok(())
    }

    fn add(&mut self, key_packages: &[Vec<u8>]) -> Outcome<Handout<Welcome>> {
        self.commit(|group| group.add_members(key_packages, NOW_MS))
    }

    fn join(&mut self, welcome: &Welcome, index: usize) -> Outcome<()> {
        self.group = Some(self.join_group(welcome, index)?);
        self.save();
        Ok(())
    }

    fn update(&mut self) -> Outcome<Handout<Welcome>> {
        self.commit(GroupMember::self_update)
    }

    fn remove(&mut self, leaf: u32) -> Outcome<Handout<Welcome>> {
        self.commit(|group| group.remove_members(&[leaf]))
    }

    fn leaf(&self) -> Outcome<u32> {
        Ok(self.group.as_ref().ok_or("no group")?.own_leaf_index())
    }

    fn process(&mut self, commit: &[u8]) -> Outcome<()> {
        let group = self.group()?;
        let Received::Commit { .. } = group.process(commit, NOW_MS)? else { return Err("not a commit".into()) };
        group.merge_staged_commit(NOW_MS)?;
        self.save();
        Ok(())
    }

    fn encrypt(&mut self, plaintext: &[u8]) -> Outcome<Vec<u8>> {
        let message = self.group()?.encrypt(plaintext, NOW_MS)?;
        self.save();
        Ok(message)
    }

    fn decrypt(&mut self, message: &[u8]) -> Outcome<Vec<u8>> {
        let received = self.group()?.process(message, NOW_MS)?;
        let Received::Application { plaintext, .. } = received else { return Err("not a message".into()) };
        self.save();
        Ok(plaintext)
    }

    fn load(&mut self) -> Outcome<()> {
        let id = self.group()?.group_id();
        let records = self.records.iter().map(|(key, value)| Record { key: key.clone(), value: value.clone() });
        let (of_group, own): (Vec<_>, Vec<_>) = records.partition(|record| record.group() == Some(id));
        self.client = Self::open_client(own)?;
        self.group = Some(self.client.load_group_from(id, of_group)?);
        Ok(())
    }

    fn forget_group(&mut self) -> Outcome<()> {
        let id = self.group()?.group_id();
        self.group = None;
        self.client.delete_group(id)?;
        self.save();
        Ok(())
    }

    fn store_bytes(&self) -> usize {
        self.records.iter().map(|(key, value)| key.len() + value.len()).sum()
    }

    fn written(&mut self) -> Option<usize> {
        Some(std::mem::take(&mut self.written))
    }

    fn welcome_bytes(welcome: &Welcome) -> (usize, usize) {
        (
            welcome.0.shared.len() + welcome.0.joiners.iter().map(Vec::len).sum::<usize>(),
            welcome.0.shared.len() + welcome.0.joiners[0].len(),
        )
    }
}
