//! The archive's transparency log: an entry for each revision, in the branch's order, in a Merkle tree. It is derived from git
//! and stands in no file of its own but a disposable one ([`crate::storage::log_file`]); what lasts are the checkpoints, signed statements of
//! its size and root, each in the file `checkpoint` of a commit of its own.
//!
//! A commit that brings a new checkpoint states exactly the revisions before it, so that a check of the branch can tell whether
//! it is true. What is signed is never taken from the disposable file: it goes on from the last checkpoint, whose root the
//! hashes must have, by revisions that were read from git and hashed; or it is read from git whole.

use crate::archive::{Archive, Fault};
use crate::id::CommitId;
use crate::object::Hashing;
use crate::object::commit::Commit;
use crate::revision::{is_first, is_root};
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::log_file::{Kept, LogFile};
use crate::tlog::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::tlog::key::VerifierKey;
use crate::tlog::merkle::{Hash, Nodes as _, Tree};
use crate::tlog::proof::LogProof;
use crate::wording::counted;

pub(crate) mod derive;
mod entry;
mod published;
mod sign;

pub use self::entry::Entry;
pub use self::published::{Covers, Published, Stamps, checkpoints, key_of, newest, parse, stated_up_to};
pub use self::sign::sign;

/// Commits that are read one by one; more are read on every core.
const NEAR: usize = 1024;

/// Why the log cannot be had, or not be signed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Something of the archive cannot be read.
    #[error(transparent)]
    Read(#[from] Fault),
    /// The branch is not as the format says.
    #[error(
        "the branch cannot be read as a line of revisions; `avalaches verify` says what is wrong with it"
    )]
    Branch,
    /// A checkpoint cannot be read.
    #[error("the checkpoint of commit {0}")]
    Checkpoint(CommitId, #[source] CheckpointError),
    /// A checkpoint on the branch is not that of the revisions before it.
    #[error("the checkpoint of {} at commit {commit} is not that of the branch", counted(*size, "revision"))]
    Other {
        /// The commit that brought it.
        commit: CommitId,
        /// The size that it states.
        size: u64,
    },
    /// The archive names no key.
    #[error("the archive names no key of its log")]
    NoKey,
    /// The archive names another key.
    #[error("the key is {given}, and the archive's log has the key {}", named)]
    OtherKey {
        /// The key that was given.
        given: Box<VerifierKey>,
        /// The key that the settings name.
        named: Box<VerifierKey>,
    },
}

/// The log of an archive, up to its tip.
#[derive(Debug)]
pub struct Log {
    file: LogFile,
}

impl Log {
    /// Derives the log, from the file beside the repository as far as that goes.
    ///
    /// # Errors
    /// [`LogError`] where the branch cannot be read.
    pub fn of(archive: &Archive) -> Result<Self, LogError> {
        let file = LogFile::load(archive.path()).unwrap_or_default();
        if file.tip() == Some(archive.tip()) {
            return Ok(Self { file });
        }
        Self::extended(archive, file).map(|log| log.saved(archive))
    }

    /// Derives the log from git alone.
    ///
    /// # Errors
    /// [`LogError`] where the branch cannot be read.
    pub fn anew(archive: &Archive) -> Result<Self, LogError> {
        Self::read(archive).map(|log| log.saved(archive))
    }

    /// The same, and leaves the file beside the repository alone: of a branch that is not the archive's own.
    ///
    /// # Errors
    /// [`LogError`] where the branch cannot be read.
    pub fn read(archive: &Archive) -> Result<Self, LogError> {
        Self::extended(archive, LogFile::default())
    }

    /// Returns the log, derived from git alone where the kept hashes do not lead to its root. It takes as long as hashing a
    /// hundred bytes for each entry.
    ///
    /// # Errors
    /// [`LogError`] where the branch cannot be read.
    pub fn sound(self, archive: &Archive) -> Result<Self, LogError> {
        if self.tree().is_sound() {
            Ok(self)
        } else {
            Self::anew(archive)
        }
    }

    /// Saves the log beside the repository. It can be made again, so that it could not be written is no failure.
    fn saved(self, archive: &Archive) -> Self {
        let _ = self.file.save(archive.path());
        self
    }

    fn extended(archive: &Archive, mut file: LogFile) -> Result<Self, LogError> {
        let near = match file.tip() {
            Some(tip) => newer(archive, tip)?,
            None => None,
        };
        if let Some(leaves) = near {
            file.extend(leaves, archive.tip());
        } else {
            let (known, leaves) = read_leaves(archive, file.tip())?;
            if known.is_none() {
                file = LogFile::default();
            }
            file.extend(leaves, archive.tip());
        }
        Ok(Self { file })
    }

    /// Returns how many entries there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.file.tree().size()
    }

    /// Returns the root of the tree of the first `size` entries.
    #[must_use]
    pub fn root(&self, size: u64) -> Hash {
        let Ok(root) = self.tree().root(size);
        root
    }

    /// Returns the tree.
    #[must_use]
    pub fn tree(&self) -> &Tree<Kept> {
        self.file.tree()
    }

    /// Finds the index of an entry by its leaf: among those that checkpoints cover before the others, for the kept hashes of these
    /// lead to no root that was signed.
    #[must_use]
    fn index_of(&self, leaf: Hash, published: &[Published]) -> Option<u64> {
        let sizes = published.iter().map(|one| one.signed.checkpoint.size);
        let covered = sizes.max().unwrap_or_default().min(self.size());
        let is_it = |index: &u64| self.tree().node(0, *index) == Ok(leaf);
        // What is asked for is mostly new.
        let covered_first = (0..covered).rev().chain((covered..self.size()).rev());
        covered_first.into_iter().find(is_it)
    }

    /// Tells whether this is the log that a checkpoint states.
    #[must_use]
    pub fn has(&self, checkpoint: &Checkpoint) -> bool {
        checkpoint.size <= self.size() && self.root(checkpoint.size) == checkpoint.root
    }

    /// Proves that an entry stands in the log of a checkpoint; `None` where it does not.
    #[must_use]
    pub fn prove(&self, index: u64, signed: &SignedCheckpoint) -> Option<LogProof> {
        let size = signed.checkpoint.size;
        if index >= size || size > self.size() {
            return None;
        }
        let Ok(hashes) = self.tree().inclusion(index, size);
        let Ok(leaf) = self.tree().node(0, index);
        let proof = LogProof {
            extra: None,
            index,
            hashes,
            signed: signed.clone(),
        };
        proof.has(leaf).then_some(proof)
    }
}

/// Reads the leaves that came after a commit, oldest first; `None` where it is far, or not on the branch.
fn newer(archive: &Archive, known: CommitId) -> Result<Option<Vec<Hash>>, LogError> {
    let mut leaves = Vec::new();
    for step in archive.walk().take(NEAR) {
        let (id, commit) = step?;
        if id == known {
            leaves.reverse();
            return Ok(Some(leaves));
        }
        leaves.extend(leaf_of(id, &commit)?);
    }
    Ok(None)
}

fn leaf_of(id: CommitId, commit: &Commit) -> Result<Option<Hash>, LogError> {
    match Entry::of_commit(id, commit) {
        Some(entry) => Ok(Some(entry.leaf())),
        None if is_root(commit) || is_first(commit) => Ok(None),
        None => Err(LogError::Branch),
    }
}

/// Reads the archive's log, and every checkpoint of the branch, each held against it.
///
/// # Errors
/// [`LogError`]; [`LogError::Other`] for a checkpoint that is not true.
pub fn with_checkpoints(archive: &Archive) -> Result<(Log, Vec<Published>), LogError> {
    match signed_log(archive)? {
        Some(signed) => Ok(signed),
        None => Ok((Log::of(archive)?, Vec::new())),
    }
}

/// As [`with_checkpoints`]; `None` where nothing was signed: the log is not derived then.
///
/// # Errors
/// As for [`with_checkpoints`].
pub fn signed_log(archive: &Archive) -> Result<Option<(Log, Vec<Published>)>, LogError> {
    let published = checkpoints(archive)?;
    if published.is_empty() {
        return Ok(None);
    }
    let false_one = |log: &Log| {
        published
            .iter()
            .find(|published| !log.has(&published.signed.checkpoint))
    };
    let mut log = Log::of(archive)?;
    if false_one(&log).is_some() {
        log = Log::anew(archive)?;
    }
    match false_one(&log) {
        None => Ok(Some((log, published))),
        Some(other) => Err(other.is_not_true()),
    }
}

/// Reads the checkpoints of the branch, of which the newest has to be true of the archive's log, which is read from git alone
/// where it was not before.
///
/// # Errors
/// [`LogError`]; [`LogError::Other`] for a checkpoint that is not true.
pub fn borne_out(archive: &Archive, log: Option<Log>) -> Result<(Log, Vec<Published>), LogError> {
    let published = checkpoints(archive)?;
    let log = log.map_or_else(|| Log::read(archive), Ok)?;
    match published.last() {
        Some(newest) if !log.has(&newest.signed.checkpoint) => Err(newest.is_not_true()),
        _ => Ok((log, published)),
    }
}

/// Counts the revisions on the branch that came after one of its commits.
///
/// # Errors
/// [`LogError`] where the branch cannot be walked so far.
pub fn revisions_after(archive: &Archive, up_to: CommitId) -> Result<u64, LogError> {
    let mut count = 0;
    for step in archive.walk() {
        let (id, commit) = step?;
        if id == up_to {
            return Ok(count);
        }
        count += u64::from(leaf_of(id, &commit)?.is_some());
    }
    Err(LogError::Branch)
}

/// Finds where an entry stands, and the first checkpoint that covers it and that is wanted, else the first that covers it, to the root
/// of which its proof leads. Where the kept hashes do not show that, `log` becomes one that is derived from git alone; that no
/// checkpoint covers it is believed of hashes that lead to the log's root.
///
/// # Errors
/// [`LogError`] where the branch cannot be read.
pub fn find<'a>(
    archive: &Archive,
    log: &mut Log,
    published: &'a [Published],
    leaf: Hash,
    is_wanted: impl Fn(&Published) -> bool,
) -> Result<Option<(u64, Option<&'a Published>)>, LogError> {
    let covers = Covers::of(published);
    let shown = |log: &Log| {
        let index = log.index_of(leaf, published)?;
        let mut all = covers.all_covering(index);
        let covering = all
            .clone()
            .find(|covering| is_wanted(covering))
            .or_else(|| all.next());
        let is_shown = covering.is_none_or(|covering| log.prove(index, &covering.signed).is_some());
        is_shown.then_some((index, covering))
    };
    if let Some(found @ (_, Some(_))) = shown(log) {
        return Ok(Some(found));
    }
    if !log.tree().is_sound() {
        *log = Log::anew(archive)?;
    }
    Ok(shown(log))
}

/// Reads the leaves of the branch from git on every core: those after a commit where that is on the branch, else all. Returns
/// the commit where it is.
fn read_leaves(
    archive: &Archive,
    after: Option<CommitId>,
) -> Result<(Option<CommitId>, Vec<Hash>), LogError> {
    let inventory = Inventory::for_reading(archive.objects());
    let broken = || match inventory.unread() {
        Some(error) => LogError::Read(error.into()),
        None => LogError::Branch,
    };
    let line = Line::follow(&inventory, archive.tip()).ok_or_else(broken)?;
    let place = after.and_then(|id| line.place(inventory.find(id.raw())?));
    let first = place.map_or(0, |place| place + 1);
    let leaves = derive::leaves(&inventory, &line, first, Hashing::Both).ok_or_else(broken)?;
    let leaves = leaves.into_iter().map(|(_, leaf)| leaf).collect();
    Ok((after.filter(|_| place.is_some()), leaves))
}
