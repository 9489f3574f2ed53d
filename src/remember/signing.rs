//! Signing for a log so that nobody is ever shown two histories under its key: what this user kept of the log, and what was signed
//! here before, have to be part of what is signed next. An archive that was put back as it was last week is not signed for.

use super::{Contradiction, RememberError, against, against_kept};
use crate::archive::Archive;
use crate::log::{self, Log};
use crate::storage::remembered::{LastSigned, Remembered};
use crate::tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::tlog::key::SignerKey;
use crate::tlog::merkle::{Nodes as _, is_consistent};

/// What becomes of a checkpoint that was signed and that no branch is known to have, where the archive contradicts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// Nothing is signed: it may have been shown.
    Hold,
    /// The one of so many revisions is forgotten: the user says that nobody was shown it.
    Drop(u64),
}

/// What became of a checkpoint that was to be signed.
#[derive(Debug)]
pub enum Signing {
    /// It is signed, and kept as one that is to be put on the branch: [`published`] follows when it is there.
    Signed(Box<SignedCheckpoint>),
    /// The one at the tip states every revision already.
    Stands,
    /// It would contradict another one, and nothing was signed.
    Contradicted(Contradiction),
    /// It would contradict one that was signed and that no branch is known to have, and nothing was signed.
    ContradictsPending {
        /// How many revisions that one is of.
        size: u64,
        /// How it is contradicted.
        contradiction: Contradiction,
    },
}

/// Signs a checkpoint of all revisions of the branch, as [`log::sign`] does, where it contradicts nothing.
///
/// # Errors
/// [`RememberError`]; nothing was signed.
pub fn sign(
    archive: &Archive,
    key: &SignerKey,
    remembered: Option<&Remembered>,
    pending: Pending,
) -> Result<Signing, RememberError> {
    let Some(remembered) = remembered else {
        let signed = log::sign(archive, key, archive.vouched())?;
        return Ok(signed.map_or(Signing::Stands, |signed| Signing::Signed(Box::new(signed))));
    };
    let mut before = remembered.signed(key.public())?;
    if let Some(signed) = newest_on_branch(archive, &before.pending)? {
        if !remembered.keep_published(key.public(), signed)? {
            return Err(RememberError::Changed);
        }
        before = remembered.signed(key.public())?;
    }
    let mut log = None;
    if let Some(contradiction) = contradiction(archive, key, remembered, &before, &mut log)? {
        return Ok(Signing::Contradicted(contradiction));
    }
    // The newest first: whoever takes that one back has not taken back those that it goes on from.
    for signed in before.pending.iter().rev() {
        let Some(contradiction) = against(archive, &[key.public()], signed, &mut log)? else {
            continue;
        };
        let size = signed.checkpoint.size;
        if pending != Pending::Drop(size) {
            return Ok(Signing::ContradictsPending { size, contradiction });
        }
        remembered.forget_pending(key.public(), signed)?;
    }
    if pending != Pending::Hold {
        before = remembered.signed(key.public())?;
    }
    let Some(signed) = log::sign(archive, key, archive.vouched())? else {
        return Ok(Signing::Stands);
    };
    if !remembered.keep_signed(key.public(), &signed, &before)? {
        return Err(RememberError::Changed);
    }
    Ok(Signing::Signed(Box::new(signed)))
}

/// Records that the branch has a checkpoint that [`sign`] signed.
///
/// # Errors
/// [`RememberError`]: the next call of [`sign`] records it; [`RememberError::Changed`] where it was forgotten meanwhile.
pub fn published(
    key: &SignerKey,
    signed: &SignedCheckpoint,
    remembered: &Remembered,
) -> Result<(), RememberError> {
    let is_kept = remembered.keep_published(key.public(), signed)?;
    is_kept.then_some(()).ok_or(RememberError::Changed)
}

/// Returns the last of these checkpoints that the branch has, with whatever lines of witnesses.
fn newest_on_branch<'a>(
    archive: &Archive,
    pending: &'a [SignedCheckpoint],
) -> Result<Option<&'a SignedCheckpoint>, RememberError> {
    if pending.is_empty() {
        return Ok(None);
    }
    let published = log::checkpoints(archive)?;
    let is_on_branch = |signed: &&SignedCheckpoint| {
        let mut published = published.iter();
        published.any(|published| published.signed.checkpoint == signed.checkpoint)
    };
    Ok(pending.iter().rev().find(is_on_branch))
}

fn contradiction(
    archive: &Archive,
    key: &SignerKey,
    remembered: &Remembered,
    before: &LastSigned,
    log: &mut Option<Log>,
) -> Result<Option<Contradiction>, RememberError> {
    let before = before.published.as_ref();
    if let Some(before) = before {
        let found = against(archive, &[key.public()], before, log)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    against_kept(archive, remembered, log, |kept| match before {
        Some(before) => is_part_of(archive, kept, &before.checkpoint),
        None => Ok(false),
    })
}

/// Tells whether the tree of a checkpoint begins with that of another one, as far as the hashes beside the repository prove it:
/// whoever kept something long ago need not have the branch read to its beginning each time.
fn is_part_of(archive: &Archive, small: &Checkpoint, large: &Checkpoint) -> Result<bool, RememberError> {
    if small == large {
        return Ok(true);
    }
    let log = Log::of(archive)?;
    if small.origin != large.origin || small.size > large.size || large.size > log.size() {
        return Ok(false);
    }
    let Ok(proof) = log.tree().consistency(small.size, large.size);
    Ok(is_consistent(
        small.size, small.root, large.size, large.root, &proof,
    ))
}
