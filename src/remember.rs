//! Holding an archive against what a reader kept of it: a commit that was on its branch, and a checkpoint of its log.

use std::path::PathBuf;

use crate::archive::{Archive, Astray, Fault};
use crate::id::CommitId;
use crate::log::{self, Log, LogError};
use crate::storage::remembered::{KeptTip, Remembered, RememberedError};
use crate::tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::tlog::kept::{KeptCheckpoint, KeptError, Standing};
use crate::tlog::key::VerifierKey;
use crate::tlog::merkle::Peaks;
use crate::verify::in_log::InLog;
use crate::wording::counted;

pub mod signing;

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
    /// What was kept under the log's name is of a log with another key.
    #[error(
        "what was kept of the log {origin} was signed with a key that this archive never had: it is another log of this name, or \
         somebody put another key into the archive; {} has it",
        path.display()
    )]
    OtherKey {
        /// The log.
        origin: String,
        /// The file in which it is kept.
        path: PathBuf,
    },
    /// Something else was kept after it was judged what was.
    #[error("something else was kept of the archive meanwhile; run the command again")]
    Changed,
}

/// How an archive or a log fails to go on from something that was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A commit is gone, and others are in its place.
    #[error("the history was rewritten: {0}, which was kept, is no longer on the branch")]
    Tip(CommitId),
    /// It lacks the newest of what was kept, and nothing shows that it ever was another history.
    #[error("behind what was kept: {0}; it is an older copy, or it was rolled back")]
    Behind(Lacking),
    /// The log has other entries.
    #[error(
        "the log was forked: its first {} are not as in a checkpoint that was kept",
        counted(kept.checkpoint.size, "revision")
    )]
    Forked {
        /// What was kept.
        kept: Box<SignedCheckpoint>,
        /// What the archive has now.
        shown: Option<Box<SignedCheckpoint>>,
    },
}

/// What something that is behind lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lacking {
    /// A commit of the branch.
    #[error("commit {0} is not on the branch")]
    Commit(CommitId),
    /// Entries of the log: a checkpoint of so many was signed.
    #[error("a checkpoint of {} was signed, and the log here has fewer", counted(*.0, "revision"))]
    Entries(u64),
}

impl Contradiction {
    /// Tells whether what was kept only goes further, as it does where this is an older copy.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        matches!(self, Self::Behind(_))
    }

    /// Returns the two signed statements that cannot both be true, where there are two.
    #[must_use]
    pub fn evidence(&self) -> Option<(&SignedCheckpoint, &SignedCheckpoint)> {
        match self {
            Self::Tip(_) | Self::Behind(_) => None,
            Self::Forked { kept, shown } => Some((kept, shown.as_deref()?)),
        }
    }
}

/// What became of an archive that was to be remembered.
#[derive(Debug)]
pub enum Remembering {
    /// Its tip is kept, and its newest checkpoint, where there is one.
    Kept(Option<Box<KeptCheckpoint>>),
    /// It contradicts what was kept before, which stays.
    Contradicted(Vec<Contradiction>),
}

/// Keeps an archive's tip and its newest checkpoint, in place of what was kept before, unless something contradicts that.
///
/// # Errors
/// [`RememberError`]; [`RememberError::Changed`] where something else is kept by now.
pub fn remember(archive: &Archive, remembered: &Remembered) -> Result<Remembering, RememberError> {
    let mut log = None;
    let found = found(archive, remembered, &mut log)?;
    if !found.is_empty() {
        return Ok(Remembering::Contradicted(found));
    }
    let kept = keep(archive, remembered, log)?;
    Ok(Remembering::Kept(kept.map(Box::new)))
}

/// Holds an archive against what was kept of it.
///
/// # Errors
/// [`RememberError`] where that cannot be done; never because something contradicts.
pub fn contradictions(
    archive: &Archive,
    remembered: &Remembered,
) -> Result<Vec<Contradiction>, RememberError> {
    found(archive, remembered, &mut None)
}

/// Returns the commit that was kept of an archive where not even its store has it, as where it was restored from an old backup.
/// That is known at once; the rest is for whoever holds the archive against what was kept.
#[must_use]
pub fn missing(archive: &Archive, remembered: &Remembered) -> Option<CommitId> {
    if remembered.is_empty() {
        return None;
    }
    let tip = remembered.tip(archive.first_at_hand()?).ok().flatten()?.id;
    let is_there = archive.objects().contains(tip.into()).unwrap_or(true);
    (!is_there).then_some(tip)
}

/// Finds what contradicts. Where the log had to be read from git, it is given back.
fn found(
    archive: &Archive,
    remembered: &Remembered,
    log: &mut Option<Log>,
) -> Result<Vec<Contradiction>, RememberError> {
    let mut found = Vec::new();
    if remembered.is_empty() {
        return Ok(found);
    }
    if let Some(first) = archive.first()?
        && let Some(tip) = remembered.tip(first)?
    {
        match archive.is_on_branch(tip.id) {
            Ok(true) => {}
            Err(fault) if fault.is_system_error() || archive.branch()?.position(tip.id).is_some() => {
                return Err(fault.into());
            }
            // Damage is no excuse for what is gone, and whoever checks the archive is told of it.
            Ok(false) | Err(_) => found.push(without(archive, tip)),
        }
    }
    if let Some(of_log) = against_kept(archive, remembered, log, |_| Ok(false))? {
        // That it is behind is said once, and not of what is another history.
        if !of_log.is_behind() {
            found.retain(|known| !known.is_behind());
            found.push(of_log);
        } else if found.is_empty() {
            found.push(of_log);
        }
    }
    Ok(found)
}

/// Judges a branch that lacks a commit that was kept. It was rewritten where the commit is in the store and leads to the branch
/// below its tip, or the branch is as long as it was without it. Else all that is here may be what came before.
fn without(archive: &Archive, kept: KeptTip) -> Contradiction {
    let behind = Contradiction::Behind(Lacking::Commit(kept.id));
    let Ok(now) = archive.count_commits() else {
        return behind;
    };
    let is_rewritten = match archive.astray(kept.id) {
        Astray::Forked => true,
        Astray::Ahead => false,
        Astray::Unconnected => kept.commits.is_some_and(|before| now >= before),
    };
    if is_rewritten {
        Contradiction::Tip(kept.id)
    } else {
        behind
    }
}

/// Holds an archive's log against the checkpoint that was kept of it, unless that is known to be a part of it.
fn against_kept(
    archive: &Archive,
    remembered: &Remembered,
    log: &mut Option<Log>,
    is_part: impl Fn(&Checkpoint) -> Result<bool, RememberError>,
) -> Result<Option<Contradiction>, RememberError> {
    let Some(key) = &archive.settings().log_key else {
        return Ok(None);
    };
    let Some(kept) = remembered.checkpoint(key.name())? else {
        return Ok(None);
    };
    let is_other = kept.key() != key && !has_signed(archive, kept.key())?;
    // By a key that the log had before, somebody may show what was before, and nothing that goes on.
    let is_known = !is_other || kept.keys().any(|known| known == key);
    let keys: Vec<&VerifierKey> = kept.keys().collect();
    let contradiction = if is_known && !is_part(&kept.signed().checkpoint)? {
        match against(archive, &keys, kept.signed(), log)? {
            Some(Contradiction::Behind(_)) => Some(shorter(archive, &kept, log)?),
            other => other,
        }
    } else {
        None
    };
    if is_other && contradiction.is_none() {
        return Err(RememberError::OtherKey {
            origin: key.name().to_owned(),
            path: remembered.of_log(key.name()),
        });
    }
    Ok(contradiction)
}

/// Judges a log that has fewer entries than a checkpoint that was kept, by the subtrees that both know.
fn shorter(
    archive: &Archive,
    kept: &KeptCheckpoint,
    log: &mut Option<Log>,
) -> Result<Contradiction, RememberError> {
    let log = match log {
        Some(log) => log,
        None => log.insert(Log::read(archive)?),
    };
    let Ok(is_forked) = kept.is_forked_by_tree(log.tree(), log.size());
    let signed = kept.signed();
    Ok(if is_forked {
        let keys: Vec<&VerifierKey> = kept.keys().collect();
        Contradiction::Forked {
            kept: Box::new(signed.clone()),
            shown: shown(archive, &keys, log)?,
        }
    } else {
        Contradiction::Behind(Lacking::Entries(signed.checkpoint.size))
    })
}

/// Returns the newest checkpoint of the branch that a key of the log signed and that is true of what is shown: a file alone
/// anybody can put there.
fn shown(
    archive: &Archive,
    keys: &[&VerifierKey],
    log: &Log,
) -> Result<Option<Box<SignedCheckpoint>>, LogError> {
    let is_own = |shown: &SignedCheckpoint| {
        let is_signed = keys.iter().any(|key| shown.is_signed_by(key) == Some(true));
        is_signed && log.has(&shown.checkpoint)
    };
    Ok(log::newest(archive)?.filter(is_own).map(Box::new))
}

/// Tells whether a key signed a checkpoint of the branch: it was the log's before another was.
fn has_signed(archive: &Archive, key: &VerifierKey) -> Result<bool, LogError> {
    let published = log::checkpoints(archive)?;
    let mut published = published.iter();
    Ok(published.any(|published| published.signed.is_signed_by(key) == Some(true)))
}

/// Holds an archive's log against a checkpoint that was kept, which one of the log's keys signed.
fn against(
    archive: &Archive,
    keys: &[&VerifierKey],
    kept: &SignedCheckpoint,
    log: &mut Option<Log>,
) -> Result<Option<Contradiction>, RememberError> {
    let stated = &kept.checkpoint;
    // What lies beside the archive came with it. What the user's own program found of a commit on the branch is so.
    let found = archive.vouched().and_then(|vouched| {
        let published = log::checkpoints(archive).ok()?;
        let commit = log::stated_up_to(archive, &published, kept)?;
        vouched
            .has_log(&stated.origin, commit, stated.size, stated.root)
            .then_some(commit)
    });
    if let Some(commit) = found
        && archive.is_on_branch(commit)?
    {
        return Ok(None);
    }
    let log = match log {
        Some(log) => log,
        None => log.insert(Log::read(archive)?),
    };
    if log.has(stated) {
        return Ok(None);
    }
    Ok(Some(if log.size() < stated.size {
        Contradiction::Behind(Lacking::Entries(stated.size))
    } else {
        Contradiction::Forked {
            kept: Box::new(kept.clone()),
            shown: shown(archive, keys, log)?,
        }
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
    let others = Log::read(other)?;
    if !others.has(&shown.checkpoint) {
        // Whoever put it there is not who signed it.
        return Ok(None);
    }
    let goes_on = if kept.checkpoint.size <= shown.checkpoint.size {
        others.has(&kept.checkpoint)
    } else {
        Log::read(own)?.has(&shown.checkpoint)
    };
    let contradiction = || Contradiction::Forked {
        kept: Box::new(kept),
        shown: Some(Box::new(shown)),
    };
    Ok((!goes_on).then(contradiction))
}

/// Keeps an archive's tip and its newest checkpoint, which nothing contradicts. Returns the checkpoint that is kept.
fn keep(
    archive: &Archive,
    remembered: &Remembered,
    log: Option<Log>,
) -> Result<Option<KeptCheckpoint>, RememberError> {
    let mut is_kept = None;
    if let Some(key) = &archive.settings().log_key
        && let (log, published) = log::borne_out(archive, log)?
        && let Some(newest) = published.last()
        && newest.signed.is_signed_by(key) == Some(true)
    {
        let stated = &newest.signed.checkpoint;
        let Ok(peaks) = Peaks::of(log.tree(), stated.size);
        let keys: Vec<VerifierKey> = published
            .iter()
            .filter_map(|published| log::key_of(archive, published))
            .collect();
        let kept = KeptCheckpoint::new(key.clone(), peaks, newest.signed.clone())?.with_keys(&keys);
        let before = remembered.checkpoint(key.name())?;
        let goes_on = before
            .as_ref()
            .is_none_or(|before| log.has(&before.signed().checkpoint));
        if !goes_on || !remembered.keep_checkpoint(&kept, before.as_ref())? {
            return Err(RememberError::Changed);
        }
        let up_to = log::stated_up_to(archive, &published, &newest.signed);
        // A checkpoint may have come later than it was signed: it is true of the log, and not of all that was there.
        if let (Some(vouched), Some(up_to)) = (archive.vouched(), up_to)
            && log::revisions_after(archive, up_to)? == log.size() - stated.size
        {
            // It need not be kept: git is read again then.
            let _ = vouched.keep_log(&stated.origin, up_to, stated.size, stated.root);
        }
        is_kept = remembered.checkpoint(key.name())?;
    }
    if let Some(first) = archive.first()? {
        let before = remembered.tip(first)?;
        let goes_on = match before {
            Some(before) => archive.is_on_branch(before.id)?,
            None => true,
        };
        let tip = KeptTip {
            id: archive.tip(),
            commits: Some(archive.count_commits()?),
        };
        if !goes_on || !remembered.keep_tip(first, tip, before)? {
            return Err(RememberError::Changed);
        }
    }
    Ok(is_kept)
}

/// How the place in a log that a page carries stands to what was kept of a log of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageStanding {
    /// Nothing was kept, or nothing contradicts it.
    Fits,
    /// What was kept contradicts it.
    Contradicted(Contradiction),
    /// It is signed with none of the keys that were kept: another log's, or one that the log has had since.
    OtherKey,
}

/// Holds the place in a log that a page carries against the checkpoint that was kept of that log: no two trees that the log
/// signed, with whichever of its keys, can have different hashes for the same entries.
///
/// # Errors
/// [`RememberedError`].
pub fn of_page(in_log: &InLog, remembered: &Remembered) -> Result<PageStanding, RememberedError> {
    let shown = &in_log.signed;
    let Some(kept) = remembered.checkpoint(&shown.checkpoint.origin)? else {
        return Ok(PageStanding::Fits);
    };
    if !kept.has_signed(shown) {
        return Ok(PageStanding::OtherKey);
    }
    let is_forked = kept.is_forked_by(in_log.leaf, in_log.index, &in_log.beside, shown);
    let forked = named(Standing::Forked, &kept, shown).filter(|_| is_forked);
    Ok(forked.map_or(PageStanding::Fits, PageStanding::Contradicted))
}

/// Names how a log that is published stands to what was kept of it.
#[must_use]
pub fn named(standing: Standing, kept: &KeptCheckpoint, shown: &SignedCheckpoint) -> Option<Contradiction> {
    let kept = kept.signed();
    match standing {
        Standing::Continues => None,
        Standing::Behind => Some(Contradiction::Behind(Lacking::Entries(kept.checkpoint.size))),
        Standing::Forked => Some(Contradiction::Forked {
            kept: Box::new(kept.clone()),
            shown: Some(Box::new(shown.clone())),
        }),
    }
}
