//! Signing for a log so that nobody is ever shown two histories under its key: what this user kept of the log, and what was signed
//! here before, have to be part of what is signed next. An archive that was put back as it was last week is not signed for.

use super::{Contradiction, RememberError, against, against_kept};
use crate::archive::Archive;
use crate::log::{self, Log};
use crate::storage::remembered::{LastSigned, Remembered, RememberedError};
use crate::tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::tlog::key::SignerKey;
use crate::tlog::merkle::{Nodes as _, is_consistent};

/// What becomes of a checkpoint that was signed and that no branch is known to have, where the archive contradicts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// Nothing is signed: it may have been shown.
    Hold,
    /// It is forgotten: the user says that nobody was shown it.
    Drop,
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
    ContradictsPending(Contradiction),
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
    if let Some(signed) = &before.pending
        && has(archive, signed)?
    {
        remembered.keep_published(key.public(), signed)?;
        before = remembered.signed(key.public())?;
    }
    let mut log = None;
    if let Some(contradiction) = contradiction(archive, key, remembered, &before, &mut log)? {
        return Ok(Signing::Contradicted(contradiction));
    }
    if let Some(signed) = &before.pending
        && let Some(contradiction) = against(archive, &[key.public()], signed, &mut log)?
    {
        match pending {
            Pending::Hold => return Ok(Signing::ContradictsPending(contradiction)),
            Pending::Drop => remembered.forget_pending(key.public(), signed)?,
        }
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
/// [`RememberedError`]; the next call of [`sign`] records it.
pub fn published(
    key: &SignerKey,
    signed: &SignedCheckpoint,
    remembered: &Remembered,
) -> Result<(), RememberedError> {
    remembered.keep_published(key.public(), signed)
}

/// Tells whether the branch has a checkpoint, with whatever lines of witnesses.
fn has(archive: &Archive, signed: &SignedCheckpoint) -> Result<bool, RememberError> {
    let published = log::checkpoints(archive)?;
    let is_it = |published: &log::Published| published.signed.checkpoint == signed.checkpoint;
    Ok(published.iter().any(is_it))
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
