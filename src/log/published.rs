//! The checkpoints that were signed of an archive's log, and what stands beside them on its branch.

use super::LogError;
use crate::archive::{Archive, Fault, if_there};
use crate::date::RevisionDate;
use crate::id::{CommitId, TreeId};
use crate::index;
use crate::object::commit::Commit;
use crate::object::tree::Entry;
use crate::revision::is_root;
use crate::settings::{self, CHECKPOINT_FILE, OTS_FILE, Settings, TIMESTAMP_FILE};
use crate::tlog::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::tlog::key::VerifierKey;

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
    pub(super) fn is_not_true(&self) -> LogError {
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

/// Reads every checkpoint of the branch, oldest first. Nothing is believed of what they state.
///
/// # Errors
/// [`LogError`].
pub fn checkpoints(archive: &Archive) -> Result<Vec<Published>, LogError> {
    if if_there(archive.entry(archive.root(), CHECKPOINT_FILE))?.is_none() {
        return Ok(Vec::new());
    }
    let told = index::ask(archive, |index| {
        let roots = index.roots().ok()?;
        let are_all = are_all(archive, &roots).ok()?;
        let roots = roots.into_iter().map(|(_, id)| id).collect();
        read(archive, roots).ok().filter(|_| are_all)
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

/// Tells whether commits, told with their places, are on the branch and all that changed its root files from the first checkpoint to
/// the tip: before each of them the root files are as the one before left them.
fn are_all(archive: &Archive, told: &[(usize, CommitId)]) -> Result<bool, Fault> {
    let mut before: Option<Vec<(String, Entry)>> = None;
    for (place, id) in told {
        if !archive.is_on_branch_at(*id, Some(*place))? {
            return Ok(false);
        }
        let commit = archive.commit(*id)?;
        let parent = match commit.parents.first() {
            Some(parent) => root_files(archive, archive.commit(*parent)?.tree)?,
            None => Vec::new(),
        };
        let follows = match before {
            Some(before) => before == parent,
            None => !parent.iter().any(|(name, _)| name == CHECKPOINT_FILE),
        };
        if !follows {
            return Ok(false);
        }
        before = Some(root_files(archive, commit.tree)?);
    }
    Ok(before == Some(root_files(archive, archive.root())?))
}

/// Returns what a root tree holds beside the articles.
fn root_files(archive: &Archive, root: TreeId) -> Result<Vec<(String, Entry)>, Fault> {
    let tree = archive.tree(root)?;
    let files = tree.entries().iter().filter(|(name, _)| name != "articles");
    Ok(files.cloned().collect())
}

fn read(archive: &Archive, roots: Vec<CommitId>) -> Result<Vec<Published>, LogError> {
    let mut published: Vec<Published> = Vec::new();
    let mut before = None;
    for id in roots {
        let commit = archive.commit(id)?;
        let now = if_there(archive.entry(commit.tree, CHECKPOINT_FILE))?;
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
    let now = if_there(archive.entry(commit.tree, file))?;
    let before = match commit.parents.first() {
        Some(parent) => if_there(archive.entry(archive.commit(*parent)?.tree, file))?,
        None => None,
    };
    if now.is_none() || now == before {
        return Ok(None);
    }
    Ok(Some(archive.file(commit.tree, file)?))
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
    let Some(bytes) = if_there(archive.file(archive.root(), CHECKPOINT_FILE))? else {
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
    pub(super) fn all_covering(&self, index: u64) -> impl Iterator<Item = &'a Published> + Clone + '_ {
        let Self(covers) = self;
        let at = covers.partition_point(|published| published.signed.checkpoint.size <= index);
        covers[at..].iter().copied()
    }
}
