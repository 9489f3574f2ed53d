//! Following a log that somebody publishes: what was added since the checkpoint that was kept, where that is still part of it.
//! Every entry that is told is hashed up to the root that the log signed, from the root that was kept.

use crate::log::Entry;
use crate::remember::{self, Contradiction};
use crate::tlog::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::tlog::kept::{KeptCheckpoint, KeptError, Standing};
use crate::tlog::key::VerifierKey;
use crate::tlog::merkle::{self, Hash, Nodes as _, Peaks, Tree};
use crate::tlog::tile::{self, CHECKPOINT, Content, Tile, WIDTH};
use crate::wording::counted;

pub mod atom;

/// The longest checkpoint that is read, in bytes.
pub const LONGEST_CHECKPOINT: usize = 64 << 10;

/// The longest bundle: 256 entries of 65,535 bytes, each with its length.
pub const LONGEST_BUNDLE: usize = 256 * (2 + 65_535);

/// What was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// The checkpoint that is to be kept now.
    pub kept: KeptCheckpoint,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// The log goes on.
    News(Box<News>),
    /// It contradicts what was kept, or is behind it.
    Contradiction(Contradiction),
}

/// Why a log could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// A file could not be had.
    #[error("could not get {path}: {why}")]
    Fetch {
        /// Which.
        path: String,
        /// Why.
        why: String,
    },
    /// The checkpoint is none.
    #[error("what is published as checkpoint")]
    Checkpoint(#[source] CheckpointError),
    /// It is not signed with the log's key, or the tree is not its own.
    #[error("what is published as checkpoint")]
    Kept(#[source] KeptError),
    /// A bundle has too few entries, or is torn.
    #[error("{0} does not hold the entries that a log of this size has there")]
    Bundle(String),
    /// The entries do not lead to the root that was signed.
    #[error("the entries that are published are not those of the checkpoint of {}", counted(*.0, "revision"))]
    Entries(u64),
    /// An entry is none of an archive's.
    #[error("entry {0} of the log is none of a revision")]
    Entry(u64),
}

/// Gets files of a published log: the path below its address, and the most bytes that are taken.
pub type Fetch<'a> = dyn Fn(&str, usize) -> Result<Vec<u8>, String> + 'a;

/// Reads the checkpoint that is published; nothing is believed yet.
///
/// # Errors
/// [`MonitorError`].
pub fn checkpoint(fetch: &Fetch<'_>) -> Result<SignedCheckpoint, MonitorError> {
    let bytes = get(fetch, CHECKPOINT, LONGEST_CHECKPOINT)?;
    let text = String::from_utf8(bytes).map_err(|_| MonitorError::Checkpoint(CheckpointError::Form))?;
    SignedCheckpoint::parse(&text).map_err(MonitorError::Checkpoint)
}

/// Follows a log from the checkpoint that was kept, or from its beginning, to the one that is published.
///
/// # Errors
/// [`MonitorError`] where that cannot be done; a contradiction is an answer.
pub fn follow(
    fetch: &Fetch<'_>,
    shown: SignedCheckpoint,
    key: &VerifierKey,
    before: Option<&KeptCheckpoint>,
) -> Result<Followed, MonitorError> {
    // By a key that was the log's before, what contradicts can be shown; what goes on has to be signed with the one that it has.
    let is_signed = shown.is_signed_by(key) == Some(true);
    if !is_signed && !before.is_some_and(|before| before.has_signed(&shown)) {
        return Err(MonitorError::Kept(KeptError::Unsigned(Box::new(key.clone()))));
    }
    let size = shown.checkpoint.size;
    let first = before.map_or(0, |before| before.signed().checkpoint.size);
    let read = if size > first {
        read(fetch, first, size)?
    } else {
        Vec::new()
    };
    let leaves = read.iter().map(|one| one.leaf);
    let peaks = if let Some(before) = before {
        let (standing, peaks) = before.standing(&shown, leaves);
        let standing = match standing {
            Standing::Behind if is_other_log(fetch, before, &shown) => Standing::Forked,
            standing => standing,
        };
        if let Some(contradiction) = remember::named(standing, before, &shown) {
            // Entries that are of neither root are the host's doing, not the log's.
            if standing == Standing::Forked && size > first {
                check_against(fetch, before, &shown)?;
            }
            return Ok(Followed::Contradiction(contradiction));
        }
        peaks
    } else {
        let mut peaks = Peaks::default();
        leaves.for_each(|leaf| peaks.push(leaf));
        peaks
    };
    if peaks.size() != size || peaks.root() != shown.checkpoint.root {
        return Err(MonitorError::Entries(size));
    }
    let entries: Result<Vec<Entry>, MonitorError> = (first..)
        .zip(read)
        .map(|(index, one)| one.entry.ok_or(MonitorError::Entry(index)))
        .collect();
    let kept = KeptCheckpoint::new(key.clone(), peaks, shown).map_err(MonitorError::Kept)?;
    let entries = entries?;
    Ok(Followed::News(Box::new(News { entries, kept })))
}

/// Tells whether a log that is smaller than the one that was kept is known to be another one: where its entries can be had, they
/// lead to the root that was signed, and a whole subtree that was kept is another there.
fn is_other_log(fetch: &Fetch<'_>, before: &KeptCheckpoint, shown: &SignedCheckpoint) -> bool {
    let Checkpoint { size, root, .. } = shown.checkpoint;
    let Ok(entries) = read(fetch, 0, size) else {
        return false;
    };
    let tree = Tree::of(entries.into_iter().map(|one| one.leaf));
    tree.size() == size && tree.root(size) == Ok(root) && before.is_forked_by_tree(&tree, size) == Ok(true)
}

/// Reads the whole log, to tell a fork, in which it is a log of its own, from a site whose files do not belong together.
fn check_against(
    fetch: &Fetch<'_>,
    before: &KeptCheckpoint,
    shown: &SignedCheckpoint,
) -> Result<(), MonitorError> {
    let size = shown.checkpoint.size;
    let mut peaks = Peaks::default();
    let mut early = None;
    for Read { leaf, .. } in read(fetch, 0, size)? {
        if peaks.size() == before.signed().checkpoint.size {
            early = Some(peaks.root());
        }
        peaks.push(leaf);
    }
    let is_log = peaks.root() == shown.checkpoint.root;
    if is_log && early != Some(before.signed().checkpoint.root) {
        Ok(())
    } else {
        Err(MonitorError::Entries(size))
    }
}

/// An entry that was read: its leaf, and what it says where it is one of a revision. Of the bytes, which whoever serves them chooses,
/// nothing is kept.
struct Read {
    leaf: Hash,
    entry: Option<Entry>,
}

/// Reads entries from one on.
fn read(fetch: &Fetch<'_>, first: u64, size: u64) -> Result<Vec<Read>, MonitorError> {
    let mut all = Vec::new();
    for index in first / WIDTH..size.div_ceil(WIDTH) {
        let tile = Tile::at(Content::Entries, index, size);
        let full = Tile { width: 256, ..tile };
        // The full one may have taken the place of the partial one.
        let bytes = get(fetch, &tile.to_string(), LONGEST_BUNDLE).or_else(|error| {
            if tile == full {
                Err(error)
            } else {
                get(fetch, &full.to_string(), LONGEST_BUNDLE).map_err(|_| error)
            }
        })?;
        let entries = tile::entries(&bytes).filter(|entries| entries.len() >= usize::from(tile.width));
        let entries = entries.ok_or_else(|| MonitorError::Bundle(tile.to_string()))?;
        let known = usize::try_from(first.saturating_sub(index * WIDTH)).unwrap_or(usize::MAX);
        let new = entries.into_iter().take(usize::from(tile.width)).skip(known);
        all.extend(new.map(|bytes| Read {
            leaf: merkle::leaf_hash(bytes),
            entry: Entry::parse(bytes),
        }));
    }
    Ok(all)
}

fn get(fetch: &Fetch<'_>, path: &str, most: usize) -> Result<Vec<u8>, MonitorError> {
    fetch(path, most).map_err(|why| MonitorError::Fetch {
        path: path.to_owned(),
        why,
    })
}
