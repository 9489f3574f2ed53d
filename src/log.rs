//! The archive's transparency log: an entry for each revision, in the branch's order, in a Merkle tree. It is derived from git
//! and stands in no file of its own but a disposable one ([`crate::storage::log_file`]); what lasts are the checkpoints, signed statements of
//! its size and root, each in the file `checkpoint` of a commit of its own.
//!
//! A commit that brings a new checkpoint states exactly the revisions before it, so that a check of the branch can tell whether
//! it is true. What is signed is never taken from the disposable file: it goes on from the last checkpoint, whose root the
//! hashes must have, by revisions that were read from git and hashed; or it is read from git whole.

use crate::archive::{Archive, Fault};
use crate::date::RevisionDate;
use crate::id::{CommitId, TreeId};
use crate::index;
use crate::object::Hashing;
use crate::object::commit::Commit;
use crate::object::tree::Entry as TreeEntry;
use crate::revision::{is_first, is_root};
use crate::settings::{self, CHECKPOINT_FILE, OTS_FILE, Settings, TIMESTAMP_FILE};
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::log_file::{Kept, LogFile};
use crate::storage::vouched::Vouched;
use crate::tlog::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::tlog::key::{SignerKey, VerifierKey};
use crate::tlog::merkle::{Hash, Nodes as _, Peaks, Tree};
use crate::tlog::proof::LogProof;
use crate::wording::counted;

pub(crate) mod derive;
mod entry;

pub use self::entry::Entry;

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

/// A checkpoint of the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The commit that brought it.
    pub commit: CommitId,
    /// When that was made.
    pub at: RevisionDate,
    /// The checkpoint.
    pub signed: SignedCheckpoint,
    /// Timestamps of a file with these very bytes that stood beside it: RFC 3161, and `OpenTimestamps`.
    pub stamps: Stamps,
}

impl Published {
    fn is_not_true(&self) -> LogError {
        LogError::Other {
            commit: self.commit,
            size: self.signed.checkpoint.size,
        }
    }
}

/// Outside time for a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamps {
    /// The answer of a time stamping authority, in DER (RFC 3161).
    pub rfc3161: Option<Vec<u8>>,
    /// A detached file of `OpenTimestamps`.
    pub ots: Option<Vec<u8>>,
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

    /// Finds the index of an entry by its leaf.
    #[must_use]
    pub fn index_of(&self, leaf: Hash) -> Option<u64> {
        let is_it = |index: &u64| self.tree().node(0, *index) == Ok(leaf);
        // What is asked for is mostly new.
        (0..self.size()).rev().find(is_it)
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

/// Reads the archive's log from git alone, and the checkpoints of the branch, of which the newest has to be true of it.
///
/// # Errors
/// [`LogError`]; [`LogError::Other`] for a checkpoint that is not true.
pub fn borne_out(archive: &Archive) -> Result<(Log, Vec<Published>), LogError> {
    let published = checkpoints(archive)?;
    let log = Log::read(archive)?;
    match published.last() {
        Some(newest) if !log.has(&newest.signed.checkpoint) => Err(newest.is_not_true()),
        _ => Ok((log, published)),
    }
}

/// Returns the commit up to which the branch was when a checkpoint of it came: what it states is the log's state there.
#[must_use]
pub fn stated_up_to(
    archive: &Archive,
    published: &[Published],
    checkpoint: &SignedCheckpoint,
) -> Option<CommitId> {
    let mut published = published.iter();
    let brought = published.find(|one| one.signed.note.text == checkpoint.note.text)?;
    archive.commit(brought.commit).ok()?.parents.first().copied()
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
/// of which its proof leads. Where the kept hashes do not show that, `log` becomes one that is derived from git alone.
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
        let index = log.index_of(leaf)?;
        let mut all = covers.all_covering(index);
        let covering = all
            .clone()
            .find(|covering| is_wanted(covering))
            .or_else(|| all.next());
        let is_shown = covering.is_none_or(|covering| log.prove(index, &covering.signed).is_some());
        is_shown.then_some((index, covering))
    };
    if let Some(found) = shown(log) {
        return Ok(Some(found));
    }
    if !log.tree().is_sound() {
        *log = Log::anew(archive)?;
    }
    Ok(shown(log))
}

/// Reads every checkpoint of the branch, oldest first. Nothing is believed of what they state.
///
/// # Errors
/// [`LogError`].
pub fn checkpoints(archive: &Archive) -> Result<Vec<Published>, LogError> {
    if blob(archive, archive.root(), CHECKPOINT_FILE)?.is_none() {
        return Ok(Vec::new());
    }
    let told = index::ask(archive, |index| {
        let roots = index.roots().ok()?.into_iter().map(|(_, id)| id);
        let published = read(archive, roots.collect()).ok()?;
        // What the index leaves out is missed at the end, where it is the newest; the rest is a list of what was.
        is_newest(archive, &published).then_some(published)
    });
    if let Some(published) = told {
        return Ok(published);
    }
    let mut roots = Vec::new();
    for step in archive.walk() {
        let (id, commit) = step?;
        if is_root(&commit) {
            roots.push(id);
        }
    }
    roots.reverse();
    read(archive, roots)
}

fn is_newest(archive: &Archive, published: &[Published]) -> bool {
    let newest = published.last().map(|newest| newest.signed.to_string());
    let at_tip = archive.file(archive.root(), CHECKPOINT_FILE).ok();
    newest.map(String::into_bytes) == at_tip
}

fn read(archive: &Archive, roots: Vec<CommitId>) -> Result<Vec<Published>, LogError> {
    let mut published: Vec<Published> = Vec::new();
    let mut before = None;
    for id in roots {
        let commit = archive.commit(id)?;
        let now = blob(archive, commit.tree, CHECKPOINT_FILE)?;
        if now != before && now.is_some() {
            let bytes = archive.file(commit.tree, CHECKPOINT_FILE)?;
            let signed = parse(&bytes).map_err(|error| LogError::Checkpoint(id, error))?;
            published.push(Published {
                commit: id,
                at: commit.committer.date,
                signed,
                stamps: Stamps::default(),
            });
            before = now;
        }
        // Stamps come after what they are of.
        if let Some(newest) = published.last_mut() {
            newest.stamps = Stamps {
                rfc3161: stamp(archive, &commit, TIMESTAMP_FILE)?.or(newest.stamps.rfc3161.take()),
                ots: stamp(archive, &commit, OTS_FILE)?.or(newest.stamps.ots.take()),
            };
        }
    }
    Ok(published)
}

fn stamp(archive: &Archive, commit: &Commit, file: &str) -> Result<Option<Vec<u8>>, LogError> {
    // One that its own commit did not bring is of an earlier checkpoint.
    let now = blob(archive, commit.tree, file)?;
    let before = match commit.parents.first() {
        Some(parent) => blob(archive, archive.commit(*parent)?.tree, file)?,
        None => None,
    };
    if now.is_none() || now == before {
        return Ok(None);
    }
    Ok(Some(archive.file(commit.tree, file)?))
}

fn blob(archive: &Archive, tree: TreeId, name: &str) -> Result<Option<TreeEntry>, LogError> {
    match archive.entry(tree, name) {
        Ok(entry) => Ok(Some(entry)),
        Err(Fault::Absent { .. }) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

fn file_in(archive: &Archive, tree: TreeId, name: &str) -> Result<Option<Vec<u8>>, LogError> {
    match archive.file(tree, name) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Fault::Absent { .. }) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Reads the bytes of the file `checkpoint`.
///
/// # Errors
/// [`CheckpointError`] for anything that would not be written so.
pub fn parse(bytes: &[u8]) -> Result<SignedCheckpoint, CheckpointError> {
    let text = std::str::from_utf8(bytes).map_err(|_| CheckpointError::Form)?;
    let signed = SignedCheckpoint::parse(text)?;
    if signed.to_string() == text {
        Ok(signed)
    } else {
        Err(CheckpointError::Form)
    }
}

/// Reads the checkpoint at the tip, where there is one.
///
/// # Errors
/// [`LogError`].
pub fn newest(archive: &Archive) -> Result<Option<SignedCheckpoint>, LogError> {
    let Some(bytes) = file_in(archive, archive.root(), CHECKPOINT_FILE)? else {
        return Ok(None);
    };
    let signed = parse(&bytes).map_err(|error| LogError::Checkpoint(archive.tip(), error))?;
    Ok(Some(signed))
}

/// Returns the key that signed a checkpoint: the one that the archive names, or that it named when the checkpoint came;
/// `None` where neither did.
#[must_use]
pub fn key_of(archive: &Archive, published: &Published) -> Option<VerifierKey> {
    let has_signed = |key: &VerifierKey| published.signed.is_signed_by(key) == Some(true);
    let named = archive.settings().log_key.clone().filter(has_signed);
    named.or_else(|| {
        let tree = archive.commit(published.commit).ok()?.tree;
        let bytes = archive.file(tree, settings::FILE_NAME).ok()?;
        Settings::parse(&bytes).ok()?.log_key.filter(has_signed)
    })
}

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
    let before = newest(archive)?.filter(|before| before.is_signed_by(named) == Some(true));
    let peaks = match (&before, vouched) {
        (Some(before), Some(vouched)) => gone_on(archive, before, vouched)?,
        _ => None,
    };
    let peaks = match peaks {
        Some(peaks) => peaks,
        None => from_git(archive, before.as_ref())?,
    };
    if before.is_some_and(|before| before.checkpoint.size == peaks.size()) {
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
    if let Some(earlier) = newest(archive)?.filter(|earlier| earlier.note.text == signed.note.text) {
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
        let bytes = file_in(archive, tree, CHECKPOINT_FILE)?;
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

/// The checkpoints by which entries' places are shown: of each size the last word, which has the most cosignatures.
#[derive(Debug, Default)]
pub struct Covers<'a>(Vec<&'a Published>);

impl<'a> Covers<'a> {
    /// Chooses among the checkpoints of a branch, which are given oldest first.
    #[must_use]
    pub fn of(published: &'a [Published]) -> Self {
        let mut covers: Vec<&Published> = Vec::new();
        for published in published {
            let size = published.signed.checkpoint.size;
            match covers.last_mut() {
                Some(last) if last.signed.note.text == published.signed.note.text => *last = published,
                // After a change of keys a size may be stated once more.
                Some(last) if last.signed.checkpoint.size >= size => {}
                _ => covers.push(published),
            }
        }
        Self(covers)
    }

    /// Finds the first that covers an entry. It stays the same whatever is archived later.
    #[must_use]
    pub fn covering(&self, index: u64) -> Option<&'a Published> {
        self.all_covering(index).next()
    }

    /// Finds all that cover an entry, the first of them first.
    fn all_covering(&self, index: u64) -> impl Iterator<Item = &'a Published> + Clone + '_ {
        let Self(covers) = self;
        let at = covers.partition_point(|published| published.signed.checkpoint.size <= index);
        covers[at..].iter().copied()
    }
}
