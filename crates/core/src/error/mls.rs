//! What openmls reports, in our codes. Messages and fields of its errors are left behind: some quote wire bytes.

use openmls::{
    framing::errors::{MessageDecryptionError, SecretTreeError},
    group::{
        CreateCommitError, MlsGroupStateError, ProcessMessageError, ProposalValidationError, StageCommitError,
        ValidationError, WelcomeError,
    },
    treesync::errors::{ApplyUpdatePathError, LeafNodeValidationError},
};

use super::CoreError;

/// A message that could not be processed.
pub(crate) fn process(error: ProcessMessageError<CoreError>) -> CoreError {
    match error {
        ProcessMessageError::StorageError(error) => error,
        ProcessMessageError::ValidationError(error) => validation(error),
        ProcessMessageError::GroupStateError(error) => state(error),
        ProcessMessageError::InvalidCommit(error) => staging(error),
        ProcessMessageError::LibraryError(_) => CoreError::Internal,
        _ => CoreError::PolicyRejected,
    }
}

fn validation(error: ValidationError) -> CoreError {
    match error {
        ValidationError::WrongGroupId => CoreError::WrongGroup,
        ValidationError::WrongEpoch | ValidationError::NoPastEpochData => CoreError::EpochTooOld,
        ValidationError::UnableToDecrypt(error) => decryption(error),
        ValidationError::KeyPackageVerifyError(_)
        | ValidationError::InvalidLeafNodeSignature
        | ValidationError::InvalidLeafNodeSourceType
        | ValidationError::InvalidAddProposalCiphersuite
        | ValidationError::InvalidExtension(_) => CoreError::InvalidProposal,
        ValidationError::UpdatePathError(_) | ValidationError::CommitterIncludedOwnUpdate => CoreError::InvalidCommit,
        ValidationError::LibraryError(_) => CoreError::Internal,
        _ => CoreError::DecryptFailed,
    }
}

fn decryption(error: MessageDecryptionError) -> CoreError {
    match error {
        MessageDecryptionError::SecretTreeError(
            SecretTreeError::SecretReuseError | SecretTreeError::TooDistantInThePast,
        ) => CoreError::Replayed,
        MessageDecryptionError::SecretTreeError(SecretTreeError::TooDistantInTheFuture) => CoreError::GenerationTooFar,
        MessageDecryptionError::LibraryError(_) => CoreError::Internal,
        _ => CoreError::DecryptFailed,
    }
}

fn staging(error: StageCommitError) -> CoreError {
    match error {
        StageCommitError::EpochMismatch => CoreError::EpochTooOld,
        StageCommitError::UpdatePathError(error) => path(error),
        StageCommitError::OwnCommitMismatch
        | StageCommitError::MissingDecryptionKey
        | StageCommitError::OwnKeyNotFound => CoreError::CannotFollow,
        StageCommitError::PskError(_)
        | StageCommitError::GroupContextExtensionsProposalValidationError(_)
        | StageCommitError::ProposalValidationError(
            ProposalValidationError::UnsupportedProposalType
            | ProposalValidationError::ExternalInitProposalInRegularCommit,
        ) => CoreError::PolicyRejected,
        StageCommitError::LibraryError(_) => CoreError::Internal,
        _ => CoreError::InvalidCommit,
    }
}

/// What each member opens with its own keys can hold for one and not for another. Who has opened his part and found the
/// public keys to match knows the same secret as all others who have (RFC 9420 §7.5), so that a confirmation tag which
/// then does not hold is wrong for everybody.
fn path(error: ApplyUpdatePathError) -> CoreError {
    match error {
        ApplyUpdatePathError::UnableToDecrypt
        | ApplyUpdatePathError::PathMismatch
        | ApplyUpdatePathError::MissingCiphertext
        | ApplyUpdatePathError::MissingOwnLeaf => CoreError::CannotFollow,
        ApplyUpdatePathError::LibraryError(_) => CoreError::Internal,
        _ => CoreError::InvalidCommit,
    }
}

/// A commit of ours that could not be made.
pub(crate) fn create_commit(error: CreateCommitError) -> CoreError {
    match error {
        CreateCommitError::CannotRemoveSelf => CoreError::CannotRemoveSelf,
        CreateCommitError::ProposalValidationError(error) => match error {
            ProposalValidationError::UnknownMemberRemoval => CoreError::NotAMember,
            ProposalValidationError::DuplicateSignatureKey | ProposalValidationError::DuplicateEncryptionKey => {
                CoreError::AlreadyMember
            }
            ProposalValidationError::InvalidAddProposalCiphersuiteOrVersion => CoreError::UnsupportedCiphersuite,
            ProposalValidationError::LeafNodeValidation(error) => leaf(error),
            ProposalValidationError::LibraryError(_) => CoreError::Internal,
            _ => CoreError::KeyPackageInvalid,
        },
        CreateCommitError::LeafNodeValidation(error) => leaf(error),
        _ => CoreError::Internal,
    }
}

fn leaf(error: LeafNodeValidationError) -> CoreError {
    match error {
        LeafNodeValidationError::CiphersuiteNotInCapabilities => CoreError::UnsupportedCiphersuite,
        LeafNodeValidationError::SignatureKeyAlreadyInUse | LeafNodeValidationError::EncryptionKeyAlreadyInUse => {
            CoreError::AlreadyMember
        }
        _ => CoreError::KeyPackageInvalid,
    }
}

/// A Welcome that could not be followed.
pub(crate) fn welcome(error: WelcomeError<CoreError>) -> CoreError {
    match error {
        WelcomeError::StorageError(error) => error,
        WelcomeError::NoMatchingKeyPackage
        | WelcomeError::JoinerSecretNotFound
        | WelcomeError::NoMatchingEncryptionKey
        | WelcomeError::PrivateInitKeyNotFound => CoreError::WelcomeNotForUs,
        WelcomeError::GroupAlreadyExists => CoreError::GroupExists,
        WelcomeError::UnsupportedCiphersuite(_) | WelcomeError::CiphersuiteMismatch => {
            CoreError::UnsupportedCiphersuite
        }
        WelcomeError::Psk(_) => CoreError::PolicyRejected,
        _ => CoreError::WelcomeInvalid,
    }
}

/// A call that the group's state forbids.
pub(crate) fn state(error: MlsGroupStateError) -> CoreError {
    match error {
        MlsGroupStateError::UseAfterEviction => CoreError::RemovedFromGroup,
        MlsGroupStateError::PendingProposal => CoreError::PendingProposals,
        MlsGroupStateError::PendingCommit => CoreError::PendingCommitExists,
        MlsGroupStateError::NoPendingCommit => CoreError::NoPendingCommit,
        _ => CoreError::Internal,
    }
}
