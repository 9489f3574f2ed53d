//! Signing a checkpoint of an archive's log: upon the one before, where that is known to be true, else upon git alone.

use super::{Log, LogError, Published, checkpoints, leaf_of, newest, parse, read_leaves};
use crate::archive::{Archive, if_there};
use crate::revision::is_root;
use crate::settings::CHECKPOINT_FILE;
use crate::storage::vouched::Vouched;
use crate::tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::tlog::key::SignerKey;
use crate::tlog::merkle::Peaks;

/// Signs a checkpoint of all revisions of the branch; `None` where the one at the tip states them already.
///
/// # Errors
/// [`LogError`]; [`LogError::Other`] where the key signed what the branch does not bear out: it does not sign two histories.
pub fn sign(
    archive: &Archive,
    key: &SignerKey,
    vouched: Option<&Vouched>,
) -> Result<Option<SignedCheckpoint>, LogError> {
    let named = archive.settings().log_key.as_ref().ok_or(LogError::NoKey)?;
    if key.public() != named {
        return Err(LogError::OtherKey {
            given: Box::new(key.public().clone()),
            named: Box::new(named.clone()),
        });
    }
    // Whoever signs says that the log goes on, also where an earlier key of it signed before.
    let before = newest(archive)?;
    let peaks = match (&before, vouched) {
        (Some(before), Some(vouched)) => gone_on(archive, before, vouched)?,
        _ => None,
    };
    let peaks = match peaks {
        Some(peaks) => peaks,
        None => from_git(archive, before.as_ref())?,
    };
    let is_there = |before: &SignedCheckpoint| {
        before.checkpoint.size == peaks.size() && before.is_signed_by(named) == Some(true)
    };
    if before.as_ref().is_some_and(is_there) {
        return Ok(None);
    }
    let checkpoint = Checkpoint {
        origin: named.name().to_owned(),
        size: peaks.size(),
        root: peaks.root(),
        extensions: Vec::new(),
    };
    if let Some(vouched) = vouched {
        // It need not be kept: git is read again then.
        let _ = vouched.keep_log(named.name(), archive.tip(), peaks.size(), peaks.root());
    }
    let mut signed = SignedCheckpoint::signed(checkpoint, key);
    // Where the log has another key now, what others signed of the same text stays below it.
    if let Some(earlier) = before.filter(|earlier| earlier.note.text == signed.note.text) {
        let mut lines = earlier.note.signatures;
        lines.retain(|line| line.name != named.name());
        signed.add(lines);
    }
    Ok(Some(signed))
}

/// Goes on from the checkpoint at the tip, by the revisions that came after it; `None` where the kept hashes are not those
/// that it states, or it is not known to be true of what came before its commit.
fn gone_on(
    archive: &Archive,
    before: &SignedCheckpoint,
    vouched: &Vouched,
) -> Result<Option<Peaks>, LogError> {
    let log = Log::of(archive)?;
    let stated = &before.checkpoint;
    if stated.size > log.size() {
        return Ok(None);
    }
    let Ok(mut peaks) = Peaks::of(log.tree(), stated.size);
    if peaks.root() != stated.root {
        return Ok(None);
    }
    let mut leaves = Vec::new();
    let text = |tree| -> Result<Option<String>, LogError> {
        let bytes = if_there(archive.file(tree, CHECKPOINT_FILE))?;
        Ok(bytes
            .and_then(|bytes| parse(&bytes).ok())
            .map(|signed| signed.note.text))
    };
    for step in archive.walk() {
        let (id, commit) = step?;
        leaves.extend(leaf_of(id, &commit)?);
        if is_root(&commit)
            && let Some(parent) = commit.parents.first()
            && text(archive.commit(*parent)?.tree)?.as_ref() != Some(&before.note.text)
        {
            leaves.reverse();
            for leaf in leaves {
                peaks.push(leaf);
            }
            let is_known = vouched.has_log(&stated.origin, *parent, stated.size, stated.root);
            return Ok(is_known.then_some(peaks));
        }
    }
    Ok(None)
}

/// Reads every revision of the branch from git, which have to go on from what the checkpoint at the tip states.
fn from_git(archive: &Archive, before: Option<&SignedCheckpoint>) -> Result<Peaks, LogError> {
    let (_, leaves) = read_leaves(archive, None)?;
    let mut peaks = Peaks::default();
    let is_stated = |peaks: &Peaks| {
        before.is_some_and(|SignedCheckpoint { checkpoint, .. }| {
            checkpoint.size == peaks.size() && checkpoint.root == peaks.root()
        })
    };
    let mut is_borne_out = before.is_none() || is_stated(&peaks);
    for leaf in leaves {
        peaks.push(leaf);
        is_borne_out |= is_stated(&peaks);
    }
    if is_borne_out {
        return Ok(peaks);
    }
    Err(checkpoints(archive)?
        .last()
        .map_or(LogError::Branch, Published::is_not_true))
}
