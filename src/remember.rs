//! Holding an archive against what a reader kept of it: a commit that was on its branch, and a checkpoint of its log.

use crate::archive::{Archive, Fault};
use crate::id::CommitId;
use crate::log::{self, Log, LogError};
use crate::storage::remembered::{Remembered, RememberedError};
use crate::tlog::checkpoint::SignedCheckpoint;
use crate::tlog::kept::{KeptCheckpoint, KeptError, Standing};
use crate::tlog::merkle::Peaks;
use crate::verify::in_log::InLog;

/// Why an archive could not be held against what was kept.
#[derive(Debug, thiserror::Error)]
pub enum RememberError {
    /// The archive cannot be read.
    #[error(transparent)]
    Read(#[from] Fault),
    /// Its log cannot.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What was kept cannot, or something cannot be kept.
    #[error(transparent)]
    Remembered(#[from] RememberedError),
    /// The checkpoint cannot be kept.
    #[error(transparent)]
    Kept(#[from] KeptError),
}

/// What contradicts something that was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A commit is gone.
    #[error("the history was rewritten: {0}, which was kept, is no longer on the branch")]
    Tip(CommitId),
    /// The log is shorter than a checkpoint that was kept.
    #[error(
        "the log was rolled back: {} revisions were signed in a checkpoint that was kept, and it has fewer",
        kept.checkpoint.size
    )]
    RolledBack {
        /// What was kept.
        kept: Box<SignedCheckpoint>,
        /// What the archive has now.
        shown: Option<Box<SignedCheckpoint>>,
    },
    /// The log has other entries.
    #[error(
        "the log was forked: its first {} revisions are others than those of a checkpoint that was kept",
        kept.checkpoint.size
    )]
    Forked {
        /// What was kept.
        kept: Box<SignedCheckpoint>,
        /// What the archive has now.
        shown: Option<Box<SignedCheckpoint>>,
    },
}

impl Contradiction {
    /// Returns the two signed statements that cannot both be true, where there are two.
    #[must_use]
    pub fn evidence(&self) -> Option<(&SignedCheckpoint, &SignedCheckpoint)> {
        match self {
            Self::Tip(_) => None,
            Self::RolledBack { kept, shown } | Self::Forked { kept, shown } => {
                Some((kept, shown.as_deref()?))
            }
        }
    }
}

/// Holds an archive against what was kept of it.
///
/// # Errors
/// [`RememberError`] where that cannot be done; never because something contradicts.
pub fn contradictions(
    archive: &Archive,
    remembered: &Remembered,
) -> Result<Vec<Contradiction>, RememberError> {
    let mut found = Vec::new();
    if remembered.is_empty() {
        return Ok(found);
    }
    if let Some(first) = archive.first()?
        && let Some(tip) = remembered.tip(first)?
    {
        match archive.is_on_branch(tip) {
            Ok(true) => {}
            Err(fault) if fault.is_system_error() || archive.branch()?.position(tip).is_some() => {
                return Err(fault.into());
            }
            // Damage is no excuse for what is gone, and whoever checks the archive is told of it.
            Ok(false) | Err(_) => found.push(Contradiction::Tip(tip)),
        }
    }
    if let Some(key) = &archive.settings().log_key
        && let Some(kept) = remembered.checkpoint(key.name())?
    {
        found.extend(against(archive, &kept)?);
    }
    Ok(found)
}

fn against(archive: &Archive, kept: &KeptCheckpoint) -> Result<Option<Contradiction>, RememberError> {
    if Log::of(archive)?.has(&kept.signed().checkpoint) {
        return Ok(None);
    }
    // What lies beside the archive may be wrong; git is not.
    let log = Log::anew(archive)?;
    if log.has(&kept.signed().checkpoint) {
        return Ok(None);
    }
    let shown = log::newest(archive)?.map(Box::new);
    let is_shorter = log.size() < kept.signed().checkpoint.size;
    let kept = Box::new(kept.signed().clone());
    Ok(Some(if is_shorter {
        Contradiction::RolledBack { kept, shown }
    } else {
        Contradiction::Forked { kept, shown }
    }))
}

/// Finds the two newest checkpoints of two histories of one archive where they cannot both be true, and the log's key signed
/// both: whoever has them can show that there were two.
///
/// # Errors
/// [`LogError`] where a history cannot be read.
pub fn between(own: &Archive, other: &Archive) -> Result<Option<Contradiction>, LogError> {
    let Some(key) = &own.settings().log_key else {
        return Ok(None);
    };
    let is_signed = |signed: &SignedCheckpoint| signed.is_signed_by(key) == Some(true);
    let newest = |archive| log::newest(archive).ok().flatten().filter(is_signed);
    let (Some(kept), Some(shown)) = (newest(own), newest(other)) else {
        return Ok(None);
    };
    let goes_on = if kept.checkpoint.size <= shown.checkpoint.size {
        Log::read(other)?.has(&kept.checkpoint)
    } else {
        log::states(own, &shown.checkpoint)?
    };
    let contradiction = || Contradiction::Forked {
        kept: Box::new(kept),
        shown: Some(Box::new(shown)),
    };
    Ok((!goes_on).then(contradiction))
}

/// Keeps an archive's tip and its newest checkpoint, in place of what was kept before.
///
/// # Errors
/// [`RememberError`].
pub fn keep(archive: &Archive, remembered: &Remembered) -> Result<Option<KeptCheckpoint>, RememberError> {
    let (log, published) = log::with_checkpoints(archive)?;
    let kept = match (&archive.settings().log_key, published.last()) {
        (Some(key), Some(newest)) if newest.signed.is_signed_by(key) == Some(true) => {
            let Ok(peaks) = Peaks::of(log.tree(), newest.signed.checkpoint.size);
            Some(KeptCheckpoint::new(key.clone(), peaks, newest.signed.clone())?)
        }
        _ => None,
    };
    if let Some(kept) = &kept {
        remembered.keep_checkpoint(kept)?;
    }
    if let Some(first) = archive.first()? {
        remembered.keep_tip(first, archive.tip())?;
    }
    Ok(kept)
}

/// Holds the place in a log that a page carries against the checkpoint that was kept of that log: no two trees that the log
/// signed can have different hashes for the same entries.
///
/// # Errors
/// [`RememberedError`].
pub fn of_page(in_log: &InLog, remembered: &Remembered) -> Result<Option<Contradiction>, RememberedError> {
    let shown = &in_log.signed;
    let Some(kept) = remembered.checkpoint(&shown.checkpoint.origin)? else {
        return Ok(None);
    };
    let is_forked = kept.is_forked_by(in_log.leaf, in_log.index, &in_log.beside, shown);
    let is_signed = shown.is_signed_by(kept.key()) == Some(true);
    Ok(named(Standing::Forked, &kept, shown).filter(|_| is_forked && is_signed))
}

/// Names how a log that is published stands to what was kept of it.
#[must_use]
pub fn named(standing: Standing, kept: &KeptCheckpoint, shown: &SignedCheckpoint) -> Option<Contradiction> {
    let (kept, shown) = (Box::new(kept.signed().clone()), Some(Box::new(shown.clone())));
    match standing {
        Standing::Continues => None,
        Standing::RolledBack => Some(Contradiction::RolledBack { kept, shown }),
        Standing::Forked => Some(Contradiction::Forked { kept, shown }),
    }
}
