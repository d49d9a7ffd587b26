//! The closed list of what can go wrong, each with what the application does next.

use thiserror::Error;

pub(crate) mod mls;

/// A result of the core.
pub type Result<T> = std::result::Result<T, CoreError>;

/// Declares the errors once: variant, stable code, message, and the remedy as the doc line.
macro_rules! core_errors {
    ($($(#[doc = $remedy:literal])+ $variant:ident = $code:literal, $message:literal;)+) => {
        /// What can go wrong. [`CoreError::code`] is stable; messages hold no secret and nothing that a user typed.
        #[derive(Clone, Debug, Error, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum CoreError {
            $($(#[doc = $remedy])+ #[error($message)] $variant,)+
            /// An argument is malformed; the text says which and how. Fix the caller.
            #[error("bad input: {0}")]
            BadInput(&'static str),
            /// The commit or Welcome needs a pre-shared key that is not stored here; the text names it, in hex. Store
            /// it and process the same bytes again: nothing has changed.
            #[error("the pre-shared key {id} is missing")]
            PskMissing {
                /// The key's id, in hex.
                id: String,
            },
            /// The named record is damaged, or belongs to another store. Stop using this store, and start a new device.
            #[error("the stored record {record} cannot be read")]
            StoreCorrupt {
                /// The record's kind and key.
                record: String,
            },
            /// The named record is not the one that was written last, is missing, or was deleted before: part of the store
            /// was replaced by an older copy. Stop using it, and start a new device: old keys may be in use elsewhere.
            #[error("the stored record {record} is older or newer than the others")]
            StoreRolledBack {
                /// The record's kind and key.
                record: String,
            },
        }

        impl CoreError {
            /// Every code there is, in the order of declaration.
            pub const CODES: &'static [&'static str] = &[$($code,)+ "BAD_INPUT", "PSK_MISSING", "STORE_CORRUPT", "STORE_ROLLED_BACK"];

            /// The stable name of this error.
            pub fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                    Self::BadInput(_) => "BAD_INPUT",
                    Self::PskMissing { .. } => "PSK_MISSING",
                    Self::StoreCorrupt { .. } => "STORE_CORRUPT",
                    Self::StoreRolledBack { .. } => "STORE_ROLLED_BACK",
                }
            }
        }
    };
}

core_errors! {
    /// The bytes cannot be decoded. Drop the message; if it came through the relay, suspect the relay.
    WireDecode = "WIRE_DECODE", "the bytes cannot be decoded";
    /// The message belongs to another group. Hand it to the group that it names.
    WrongGroup = "WRONG_GROUP", "the message belongs to another group";
    /// The message's epoch is over and its keys are gone. Show it as lost; it will never open.
    EpochTooOld = "EPOCH_TOO_OLD", "the message's epoch is over and its keys are gone";
    /// The message comes from a later epoch. Keep it, process the commits in between, then try again.
    EpochAhead = "EPOCH_AHEAD", "the message comes from a later epoch";
    /// The message was read before, or is older than the reordering window. Drop it.
    Replayed = "REPLAYED", "the message was already read, or is too old to be read";
    /// The message is more than a thousand ahead of its sender's last one. Fetch what is missing first.
    GenerationTooFar = "GENERATION_TOO_FAR", "the message is too far ahead of its sender's last one";
    /// The message does not open with this group's keys. Drop it; many of them mean a fork or a forger.
    DecryptFailed = "DECRYPT_FAILED", "the message cannot be decrypted";
    /// Our own message or proposal came back. Nothing to do: the caller kept its text when it sent it.
    OwnMessage = "OWN_MESSAGE", "this device sent the message itself";
    /// The commit breaks a rule of RFC 9420. Refuse it and report it: its sender is faulty or hostile.
    InvalidCommit = "INVALID_COMMIT", "the commit is invalid";
    /// Other members may be able to process the commit, but this device cannot: its path does not open with this device's
    /// keys, or the commit is in this device's name and is not the pending one. Ask a member to re-add this device. When a
    /// commit is refused for any other reason, every member refuses it.
    CannotFollow = "CANNOT_FOLLOW", "this device cannot process the commit";
    /// The proposal breaks a rule of RFC 9420. Drop it.
    InvalidProposal = "INVALID_PROPOSAL", "the proposal is invalid";
    /// MLS allows this, but quicprochat does not (public messages, external commits, resumption PSKs, group extensions). Drop it.
    PolicyRejected = "POLICY_REJECTED", "quicprochat does not accept this kind of message";
    /// A leaf's chain of keys is invalid, names no valid handle or changes who the leaf is; the leaf does not declare our
    /// types; or a handle would belong to two accounts. Refuse it and warn the user.
    CredentialRejected = "CREDENTIAL_REJECTED", "a member's credential is invalid";
    /// The device's account has revoked it. Leave it out; remove its leaves, and show nothing that it sends.
    DeviceRevoked = "DEVICE_REVOKED", "the device has been revoked by its account";
    /// The key package's lifetime ended more than 48 hours ago. Claim another one.
    KeyPackageExpired = "KEYPACKAGE_EXPIRED", "the key package has expired";
    /// The group has another version of our rules, so its members judge commits by rules that this build does not know.
    /// Update the application; if it is up to date, ask for a new group.
    UnsupportedRules = "UNSUPPORTED_RULES", "another version of quicprochat made the group, with other rules";
    /// The key package is malformed, wrongly signed, does not declare our types, or its lifetime is too long or begins
    /// more than 48 hours from now. Claim another one.
    KeyPackageInvalid = "KEYPACKAGE_INVALID", "the key package is invalid";
    /// The core does not support the cipher suite, or it is not the group's. Claim a key package for the group's suite.
    UnsupportedCiphersuite = "UNSUPPORTED_CIPHERSUITE", "the cipher suite is not supported here";
    /// The device is in the group already. Leave it out.
    AlreadyMember = "ALREADY_MEMBER", "the device is already a member";
    /// The key package is our own. Leave it out.
    CannotAddSelf = "CANNOT_ADD_SELF", "a member cannot add itself";
    /// A member's commit cannot remove its author. Use `leave`.
    CannotRemoveSelf = "CANNOT_REMOVE_SELF", "a member cannot commit its own removal";
    /// No member has that leaf. Refresh the list of members.
    NotAMember = "NOT_A_MEMBER", "no member has this leaf";
    /// The Welcome is for a key package that is not ours, or that was used up. Ask to be added again.
    WelcomeNotForUs = "WELCOME_NOT_FOR_US", "the Welcome matches none of this device's key packages";
    /// The Welcome is invalid. Drop it and ask to be added again.
    WelcomeInvalid = "WELCOME_INVALID", "the Welcome is invalid";
    /// A group with this id already exists here. Load it, or delete it first.
    GroupExists = "GROUP_EXISTS", "a group with this id already exists";
    /// No group here has this id. Wait for its Welcome.
    GroupNotFound = "GROUP_NOT_FOUND", "no group has this id";
    /// The group is stored, but not in memory. Load it from its records, then call again.
    GroupNotLoaded = "GROUP_NOT_LOADED", "the group is not loaded";
    /// We are no longer a member. Show the group as left; only a new Welcome brings it back.
    RemovedFromGroup = "REMOVED_FROM_GROUP", "this device is no longer a member of the group";
    /// The group went on by a commit that this device cannot process. Ask a member to re-add this device.
    GroupStuck = "GROUP_STUCK", "the group has gone on without this device";
    /// Our last commit is still pending. Merge or clear it first.
    PendingCommitExists = "PENDING_COMMIT_EXISTS", "a commit of our own is pending";
    /// There is no commit of ours to merge or clear. Nothing to do.
    NoPendingCommit = "NO_PENDING_COMMIT", "no commit of our own is pending";
    /// A received commit awaits its decision. Merge or discard it first.
    StagedCommitExists = "STAGED_COMMIT_EXISTS", "a received commit is staged";
    /// No received commit is staged. Process one first.
    NoStagedCommit = "NO_STAGED_COMMIT", "no received commit is staged";
    /// Proposals wait for a commit (RFC 9420 §12.4: none may be left out). Commit them, or wait for the commit.
    PendingProposals = "PENDING_PROPOSALS", "proposals are waiting for a commit";
    /// There is no proposal to commit. Nothing to do.
    NoPendingProposals = "NO_PENDING_PROPOSALS", "no proposals are waiting for a commit";
    /// Our keys are older than the policy's hard stop. Commit a `self_update`, then send again.
    HealingOverdue = "HEALING_OVERDUE", "this device must make fresh keys before it sends again";
    /// A newer release wrote the store. Update the application.
    StoreTooNew = "STORE_TOO_NEW", "a newer release wrote the store";
    /// An earlier release wrote the store, in a form that is no longer read. Start with an empty store.
    StoreTooOld = "STORE_TOO_OLD", "an earlier release wrote the store, and this release cannot read it";
    /// The group's records are of an epoch that is over, and their keys were erased with it: an older copy of the store was
    /// put back, or the keys were left out of a copy. Have a member remove this device and add it again.
    KeysErased = "KEYS_ERASED", "the keys that the group's stored records need have been erased";
    /// The store was sealed with another key. Open it with that key; without it, the store's content is lost.
    StoreKeyWrong = "STORE_KEY_WRONG", "the store was sealed with another key";
    /// A bug or a broken environment. Stop using this instance, open the store again, and report it.
    Internal = "INTERNAL", "internal error";
}

#[cfg(test)]
mod tests {
    use super::CoreError;

    #[test]
    fn codes_are_unique_and_upper_case() {
        let mut codes = CoreError::CODES.to_vec();
        assert!(codes.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), CoreError::CODES.len());
        assert!(codes.contains(&CoreError::BadInput("x").code()));
    }
}
