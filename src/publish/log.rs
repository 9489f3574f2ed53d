//! The log at the target and that of the site: readers who were shown a checkpoint are shown no older one, and none of another history.

use std::path::Path;

use super::manifest::Manifest;
use super::{PublishError, read_file};
use crate::log::parse;
use crate::tlog::merkle::{Hash, Nodes, node_hash};
use crate::tlog::tile::{CHECKPOINT, Content, Tile, WIDTH};
use crate::wording::counted;

/// Whether a log at the target may be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoingBack {
    /// Nothing is published then.
    Refuse,
    /// It may.
    Allow,
}

/// What readers of the site at the target would be shown in place of its log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Setback {
    /// No log.
    #[error("the site at the target has a checkpoint of {} of the log {origin}, and this one has none", counted(*there, "revision"))]
    Gone {
        /// The log.
        origin: String,
        /// How many revisions its checkpoint states.
        there: u64,
    },
    /// A part of it.
    #[error("the site at the target has a checkpoint of {} of the log {origin}, and this one of {here}", counted(*there, "revision"))]
    Older {
        /// The log.
        origin: String,
        /// How many revisions the checkpoint at the target states.
        there: u64,
        /// How many that of the site states.
        here: u64,
    },
    /// What cannot be told: no checkpoint can be read there.
    #[error(
        "the site at the target has a file `checkpoint` that cannot be read as one, so that nothing can be held against it"
    )]
    Unreadable,
    /// Another history.
    #[error(
        "the site at the target has a checkpoint of {} of the log {origin}, and of this one the first {there} are others: it is a fork",
        counted(*there, "revision")
    )]
    Forked {
        /// The log.
        origin: String,
        /// How many revisions the checkpoint at the target states.
        there: u64,
    },
}

/// Holds the log of a site against the checkpoint at the target; `None` where it goes on from there, or is another log.
///
/// # Errors
/// [`PublishError::Read`] for a file of the site.
pub(super) fn setback(folder: &Path, site: &Manifest, there: &[u8]) -> Result<Option<Setback>, PublishError> {
    let Ok(there) = parse(there) else {
        return Ok(Some(Setback::Unreadable));
    };
    let there = there.checkpoint;
    let (origin, shown) = (there.origin, there.size);
    if site.get(CHECKPOINT).is_none() {
        return Ok(Some(Setback::Gone { origin, there: shown }));
    }
    let Ok(here) = parse(&read_file(folder, CHECKPOINT)?) else {
        return Ok(Some(Setback::Gone { origin, there: shown }));
    };
    let here = here.checkpoint;
    if here.origin != origin {
        return Ok(None);
    }
    if here.size < shown {
        return Ok(Some(Setback::Older {
            origin,
            there: shown,
            here: here.size,
        }));
    }
    let tiles = Tiles {
        folder,
        size: here.size,
    };
    let is_forked = here.root != there.root && (here.size == shown || tiles.root(shown)? != there.root);
    Ok(is_forked.then_some(Setback::Forked { origin, there: shown }))
}

/// The tree of a log in the tiles of a site.
struct Tiles<'a> {
    folder: &'a Path,
    size: u64,
}

impl Nodes for Tiles<'_> {
    type Error = PublishError;

    fn node(&self, level: u32, index: u64) -> Result<Hash, PublishError> {
        let (stored, above) = (level / 8, level % 8);
        let first = index << above;
        let content = Content::Hashes(u8::try_from(stored).unwrap_or(u8::MAX));
        let name = Tile::at(content, first / WIDTH, self.size).to_string();
        let bytes = read_file(self.folder, &name)?;
        let (hashes, _) = bytes.as_chunks::<32>();
        let at = usize::try_from(first % WIDTH).unwrap_or(usize::MAX);
        let mut row: Vec<Hash> = hashes
            .iter()
            .skip(at)
            .take(1 << above)
            .copied()
            .map(Hash::from_raw)
            .collect();
        if row.len() < 1 << above {
            return Err(PublishError::Changed(self.folder.join(name)));
        }
        while row.len() > 1 {
            let pairs = row.chunks_exact(2);
            row = pairs.map(|pair| node_hash(pair[0], pair[1])).collect();
        }
        Ok(row[0])
    }
}
