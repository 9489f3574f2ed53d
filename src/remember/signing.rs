//! Signing for a log so that nobody is ever shown two histories under its key: what this user kept of the log, and what was signed
//! here before, have to be part of what is signed next. An archive that was put back as it was last week is not signed for.

use super::{Contradiction, RememberError, against, against_kept};
use crate::archive::Archive;
use crate::log::{self, Log};
use crate::storage::remembered::Remembered;
use crate::tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::tlog::key::SignerKey;
use crate::tlog::merkle::{Nodes as _, is_consistent};

/// What became of a checkpoint that was to be signed.
#[derive(Debug)]
pub enum Signing {
    /// It is signed, and kept as the last that was.
    Signed(Box<SignedCheckpoint>),
    /// The one at the tip states every revision already.
    Stands,
    /// It would contradict another one, and nothing was signed.
    Contradicted(Contradiction),
}

/// Signs a checkpoint of all revisions of the branch, as [`log::sign`] does, where it contradicts nothing.
///
/// # Errors
/// [`RememberError`]; nothing was signed.
pub fn sign(
    archive: &Archive,
    key: &SignerKey,
    remembered: Option<&Remembered>,
) -> Result<Signing, RememberError> {
    let mut before = None;
    if let Some(remembered) = remembered {
        before = remembered.signed(key.public())?;
        if let Some(contradiction) = contradiction(archive, key, remembered, before.as_ref())? {
            return Ok(Signing::Contradicted(contradiction));
        }
    }
    let Some(signed) = log::sign(archive, key, archive.vouched())? else {
        return Ok(Signing::Stands);
    };
    if let Some(remembered) = remembered
        && !remembered.keep_signed(key.public(), &signed, before.as_ref())?
    {
        return Err(RememberError::Changed);
    }
    Ok(Signing::Signed(Box::new(signed)))
}

fn contradiction(
    archive: &Archive,
    key: &SignerKey,
    remembered: &Remembered,
    before: Option<&SignedCheckpoint>,
) -> Result<Option<Contradiction>, RememberError> {
    let mut log = None;
    if let Some(before) = before {
        let found = against(archive, &[key.public()], before, &mut log)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    against_kept(archive, remembered, &mut log, |kept| match before {
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
