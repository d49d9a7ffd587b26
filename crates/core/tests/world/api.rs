//! The part of the API that differs between ways of delivering a Welcome, in one place.

use quicprochat_core::{Client, CommitBundle, CoreError, GroupMember};

/// What one added device needs to come in.
#[derive(Clone)]
pub struct Invitation([Vec<u8>; 2]);

impl Invitation {
    /// The byte strings that it arrives as, each from the relay's hand.
    pub fn parts(&self) -> usize {
        self.0.len()
    }

    pub fn part(&self, part: usize) -> &[u8] {
        &self.0[part]
    }

    /// This invitation with one part exchanged.
    pub fn with(&self, part: usize, bytes: Vec<u8>) -> Self {
        let mut changed = self.clone();
        changed.0[part] = bytes;
        changed
    }
}

/// One invitation for each key package that was added, in that order.
pub fn invitations(bundle: &CommitBundle, added: usize) -> Vec<Invitation> {
    let Some(welcome) = &bundle.welcome else {
        assert_eq!(added, 0, "an addition has a Welcome");
        return Vec::new();
    };
    assert_eq!(welcome.joiners.len(), added);
    welcome.joiners.iter().map(|joiner| Invitation([joiner.clone(), welcome.shared.clone()])).collect()
}

pub fn join(client: &Client, invitation: &Invitation, now_ms: u64) -> Result<GroupMember, CoreError> {
    let [joiner, shared] = &invitation.0;
    client.join(joiner, shared, now_ms)
}
