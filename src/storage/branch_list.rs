//! The branch list: the ids of the branch's commits, oldest first, in one file beside the repository. It makes
//! "is this commit on the branch" a matter of one scan through twenty bytes a commit, however long the branch.
//!
//! It is disposable and never believed over git: it must end in the branch's tip or is extended by walking
//! from there, an answer from it is checked against the neighbours' parent links, and the check of the whole
//! archive compares all of it with the history.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::id::CommitId;
use crate::storage::file;

/// The file's name.
pub const FILE_NAME: &str = "avalaches.branch";

/// The most bytes that are read: 25 million commits.
const LARGEST: usize = 500 << 20;

/// The commits of a branch, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BranchList {
    bytes: Vec<u8>,
}

impl BranchList {
    /// Reads the list; what is missing or malformed is an empty list, for it can be made again.
    #[must_use]
    pub fn load(repository: &Path) -> Self {
        let mut bytes = file::read(&repository.join(FILE_NAME), LARGEST).unwrap_or_default();
        // A kill can leave a part of an id at the end.
        bytes.truncate(bytes.len() / 20 * 20);
        Self { bytes }
    }

    /// Makes a list of ids in the branch's order.
    #[must_use]
    pub fn of(ids: &[CommitId]) -> Self {
        Self {
            bytes: ids.iter().flat_map(|id| *id.raw()).collect(),
        }
    }

    /// Returns the number of commits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() / 20
    }

    /// Tells whether no commit is in the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the commit at a position from 0, the oldest.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<CommitId> {
        let raw = self.bytes.chunks_exact(20).nth(position)?;
        Some(CommitId::from_raw(raw.try_into().ok()?))
    }

    /// Returns the newest commit.
    #[must_use]
    pub fn last(&self) -> Option<CommitId> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Returns a commit's position, from 0.
    #[must_use]
    pub fn position(&self, id: CommitId) -> Option<usize> {
        let found = memchr::memmem::find_iter(&self.bytes, id.raw()).find(|at| at % 20 == 0);
        found.map(|at| at / 20)
    }

    /// Puts newer commits at the end, oldest first.
    pub fn extend(&mut self, ids: &[CommitId]) {
        self.bytes.extend(ids.iter().flat_map(|id| *id.raw()));
    }

    /// Writes what the file lacks: appends where the file is this list's beginning, else writes it anew.
    ///
    /// # Errors
    /// The operating system's, which the caller may ignore: the list can be made again.
    pub fn save(&self, repository: &Path, known: usize) -> io::Result<()> {
        let path = repository.join(FILE_NAME);
        let on_disk = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if known > 0 && on_disk == u64::try_from(known * 20).unwrap_or(u64::MAX) {
            let mut file = fs::OpenOptions::new().append(true).open(&path)?;
            return file.write_all(&self.bytes[known * 20..]);
        }
        let fresh = repository.join(format!("{FILE_NAME}.new"));
        fs::write(&fresh, &self.bytes)?;
        fs::rename(&fresh, &path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_only_at_its_own_place() {
        let mut across = [0; 20];
        across[..10].copy_from_slice(&[1; 10]);
        across[10..].copy_from_slice(&[2; 10]);
        let ids = [1, 2, 3].map(|byte| CommitId::from_raw([byte; 20]));
        let list = BranchList::of(&ids);
        assert_eq!(list.position(ids[2]), Some(2));
        assert_eq!(list.position(CommitId::from_raw(across)), None);
        assert_eq!((list.len(), list.last()), (3, Some(ids[2])));
    }

    #[test]
    fn a_saved_list_is_appended_to_and_a_torn_one_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let ids = [1, 2, 3].map(|byte| CommitId::from_raw([byte; 20]));
        let mut list = BranchList::of(&ids[..2]);
        list.save(folder.path(), 0).unwrap();
        list.extend(&ids[2..]);
        list.save(folder.path(), 2).unwrap();
        assert_eq!(BranchList::load(folder.path()), list);
        let path = folder.path().join(FILE_NAME);
        let torn = fs::read(&path).unwrap();
        fs::write(&path, &torn[..50]).unwrap();
        let mut torn = BranchList::load(folder.path());
        assert_eq!(torn.len(), 2);
        torn.extend(&ids[2..]);
        torn.save(folder.path(), 2).unwrap();
        assert_eq!(BranchList::load(folder.path()), list);
    }
}
