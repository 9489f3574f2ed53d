//! The transparency log as files: the newest checkpoint, and the tiles and bundles of its tree (C2SP tlog-tiles).

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::BuildError;
use crate::archive::Archive;
use crate::id::{CommitId, hex};
use crate::log::{Covers, Entry, Log, LogError, Published, key_of};
use crate::tlog::key::VerifierKey;
use crate::tlog::tile::{self, Content, Tile, WIDTH};

/// Where the log has revisions, as pages show it.
#[derive(Debug, Default)]
pub struct InLog<'a> {
    log: Option<&'a Log>,
    key: Option<&'a VerifierKey>,
    /// The keys of checkpoints that bear no signature with the one that the archive names now, by the commits that brought them.
    earlier: HashMap<CommitId, VerifierKey>,
    covers: Covers<'a>,
    places: HashMap<CommitId, u64>,
}

impl<'a> InLog<'a> {
    /// Finds the checkpoints that cover revisions, which are given with their places; none where nothing was signed.
    pub fn of(
        archive: &'a Archive,
        signed: Option<&'a (Log, Vec<Published>)>,
        places: impl IntoIterator<Item = (CommitId, u64)>,
    ) -> Self {
        let key = archive.settings().log_key.as_ref();
        let is_of = |published: &&Published| {
            let mut lines = published.signed.note.signatures.iter();
            key.is_some_and(|key| lines.any(|line| line.names(key)))
        };
        let published = signed.map(|(_, published)| published.as_slice());
        let others = published.unwrap_or_default().iter().filter(|one| !is_of(one));
        Self {
            log: signed.map(|(log, _)| log),
            key,
            earlier: others
                .filter_map(|other| Some((other.commit, key_of(archive, other)?)))
                .collect(),
            covers: signed
                .map(|(_, published)| Covers::of(published))
                .unwrap_or_default(),
            places: places.into_iter().collect(),
        }
    }

    /// Returns the place of a revision.
    pub fn place(&self, id: CommitId) -> Option<u64> {
        self.places.get(&id).copied()
    }

    /// Returns the proof that a revision is in the log, with the log's key, as C2SP's tlog-proof has it; `None` where no
    /// checkpoint covers it, or none that a known key signed.
    pub fn proof(&self, id: CommitId) -> Option<String> {
        let place = self.place(id)?;
        let covering = self.covers.covering(place)?;
        let signed = &covering.signed;
        let key = self.earlier.get(&covering.commit).or(self.key);
        let key = key.filter(|key| signed.is_signed_by(key) == Some(true))?;
        let mut proof = self.log?.prove(place, signed)?;
        proof.extra = Some(key.to_string().into_bytes());
        Some(proof.to_string())
    }

    /// Returns a hash of all checkpoints by which revisions are shown to be in the log; empty where there is none.
    pub fn digest(&self, places: &[u64]) -> String {
        let mut digest = Sha256::new();
        let mut any = false;
        for published in places.iter().map(|place| self.covers.covering(*place)) {
            any |= published.is_some();
            digest.update(
                published
                    .map(|published| published.signed.to_string())
                    .unwrap_or_default(),
            );
            digest.update([0]);
        }
        if any {
            hex(&digest.finalize())
        } else {
            String::new()
        }
    }
}

/// Returns the tiles and bundles that are published, in their order; none where nothing was signed.
pub fn tiles(published: &[Published]) -> Vec<Tile> {
    let sizes: Vec<u64> = published
        .iter()
        .map(|published| published.signed.checkpoint.size)
        .collect();
    match sizes.last() {
        Some(newest) => Tile::published(*newest, &sizes).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Returns the commit after which a tile does not change any more, where it is there.
pub fn last_of(tile: Tile, revisions: &[CommitId]) -> Option<&CommitId> {
    let each = match tile.content {
        Content::Hashes(level) => WIDTH.checked_pow(u32::from(level))?,
        Content::Entries => 1,
    };
    let end = (tile.index * WIDTH + u64::from(tile.width)).checked_mul(each)?;
    revisions.get(usize::try_from(end).ok()?.checked_sub(1)?)
}

/// Makes a tile or a bundle. `revisions` are those of the branch, oldest first.
///
/// # Errors
/// [`BuildError`] where a revision cannot be read.
pub fn bytes(
    archive: &Archive,
    log: &Log,
    tile: Tile,
    revisions: &[CommitId],
) -> Result<Vec<u8>, BuildError> {
    if let Content::Hashes(level) = tile.content {
        let Ok(bytes) = tile.hashes(level, log.tree());
        return Ok(bytes);
    }
    let first = usize::try_from(tile.index * WIDTH).unwrap_or(usize::MAX);
    let ids = revisions.iter().skip(first).take(usize::from(tile.width));
    let entries = ids.map(|id| {
        let commit = archive.commit(*id)?;
        let entry = Entry::of_commit(*id, &commit).map(|entry| entry.to_string());
        entry.ok_or(BuildError::Log(LogError::Branch))
    });
    let entries: Vec<String> = entries.collect::<Result<_, _>>()?;
    // An entry is some 250 bytes: an article's name, a number, a date and two hashes.
    tile::bundle(&entries).map_err(|_| BuildError::Log(LogError::Branch))
}
