//! The branch list: the ids of the branch's commits, oldest first, in one file beside the repository. It makes
//! "is this commit on the branch" a matter of one scan through twenty bytes a commit, however long the branch.
//!
//! It is disposable and never believed over git: it must end in the branch's tip or is extended by walking from there; a yes from
//! it counts where each commit from there to the tip names the one before it as its parent, or where the user's own program walked
//! that list ([`super::vouched`]); a no is told only after a walk; and the check of the whole archive compares all of it with the history.

use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use memmap2::Mmap;

use crate::id::CommitId;
use crate::platform::Durability;
use crate::storage::file;

/// The file's name.
pub const FILE_NAME: &str = "avalaches.branch";

/// The commits of a branch, oldest first.
#[derive(Debug, Clone, Default)]
pub struct BranchList {
    /// The file as it is on the disk, of which only the first `known` commits are used.
    file: Option<Arc<Mmap>>,
    known: usize,
    newer: Vec<u8>,
}

impl BranchList {
    /// Reads the list; what is missing or malformed is an empty list, for it can be made again.
    #[must_use]
    pub fn load(repository: &Path) -> Self {
        let file = file::map(&repository.join(FILE_NAME)).ok().map(Arc::new);
        // A kill can leave a part of an id at the end.
        let known = file.as_ref().map_or(0, |file| file.len() / 20);
        Self {
            file,
            known,
            newer: Vec::new(),
        }
    }

    /// Makes a list of ids in the branch's order.
    #[must_use]
    pub fn of(ids: &[CommitId]) -> Self {
        let mut list = Self::default();
        list.extend(ids);
        list
    }

    /// Returns the number of commits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known + self.newer.len() / 20
    }

    /// Tells whether no commit is in the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the commit at a position from 0, the oldest.
    #[must_use]
    pub fn get(&self, position: usize) -> Option<CommitId> {
        let (part, at) = match position.checked_sub(self.known) {
            None => (self.older(), position),
            Some(at) => (self.newer.as_slice(), at),
        };
        let raw = part.chunks_exact(20).nth(at)?;
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
        let find = |part: &[u8]| {
            memchr::memmem::find_iter(part, id.raw())
                .find(|at| at % 20 == 0)
                .map(|at| at / 20)
        };
        find(self.older()).or_else(|| find(&self.newer).map(|at| at + self.known))
    }

    /// Returns the ids of the first commits, in two parts; `None` where there are fewer.
    pub(super) fn first(&self, count: usize) -> Option<[&[u8]; 2]> {
        let older = count.min(self.known);
        let newer = self.newer.get(..count.checked_sub(older)?.checked_mul(20)?)?;
        Some([&self.older()[..older * 20], newer])
    }

    fn older(&self) -> &[u8] {
        self.file.as_ref().map_or(&[], |file| &file[..self.known * 20])
    }

    fn bytes(&self) -> Vec<u8> {
        [self.older(), &self.newer].concat()
    }

    /// Puts newer commits at the end, oldest first.
    pub fn extend(&mut self, ids: &[CommitId]) {
        self.newer.extend(ids.iter().flat_map(|id| *id.raw()));
    }

    /// Returns the list with newer commits at its end, oldest first.
    #[must_use]
    pub fn followed_by(&self, ids: &[CommitId]) -> Self {
        let newer = self.bytes();
        let mut list = Self {
            newer,
            ..Self::default()
        };
        list.extend(ids);
        list
    }

    /// Writes the file anew.
    ///
    /// # Errors
    /// The operating system's, which the caller may ignore: the list can be made again.
    pub fn save(&self, repository: &Path) -> io::Result<()> {
        // Readers do so too, several at a time: a file that has its place already must not be written again.
        static SAVING: Mutex<()> = Mutex::new(());
        let _saving = SAVING.lock();
        let path = repository.join(FILE_NAME);
        let fresh = repository.join(format!("{FILE_NAME}.{}.new", std::process::id()));
        file::put(&path, &fresh, 0o666, Durability::Unsynced, |file| {
            file.write_all(&self.bytes())
        })
    }
}

impl PartialEq for BranchList {
    fn eq(&self, other: &Self) -> bool {
        let own = self.older().iter().chain(&self.newer);
        own.eq(other.older().iter().chain(&other.newer))
    }
}

/// Puts newer commits, oldest first, at the end of the file, where that is known to be the branch up to `tip` and no other
/// copy of the archive has the same file (`cp -al`). Returns whether it was; nothing else of the file is read, however long
/// the branch.
///
/// # Errors
/// The operating system's, which the caller may ignore: the list can be made again.
pub fn append(repository: &Path, tip: CommitId, ids: &[CommitId]) -> io::Result<bool> {
    let mut file = match fs::OpenOptions::new()
        .read(true)
        .append(true)
        .open(repository.join(FILE_NAME))
    {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    let length = metadata.len();
    let mut last = [0; 20];
    if metadata.nlink() > 1 || length < 20 || !length.is_multiple_of(20) {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-20))?;
    file.read_exact(&mut last)?;
    if last != *tip.raw() {
        return Ok(false);
    }
    file.write_all(&BranchList::of(ids).bytes())?;
    Ok(true)
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
    fn a_saved_list_is_appended_to_and_a_torn_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let ids = [1, 2, 3].map(|byte| CommitId::from_raw([byte; 20]));
        assert!(
            !append(folder.path(), ids[1], &ids[2..]).unwrap(),
            "there is nothing to append to"
        );
        BranchList::of(&ids[..2]).save(folder.path()).unwrap();
        assert!(
            !append(folder.path(), ids[0], &ids[2..]).unwrap(),
            "it ends in another commit"
        );
        assert!(append(folder.path(), ids[1], &ids[2..]).unwrap());
        let list = BranchList::load(folder.path());
        assert_eq!(
            (list.len(), list.last(), list.position(ids[1])),
            (3, Some(ids[2]), Some(1))
        );
        let path = folder.path().join(FILE_NAME);
        let torn = fs::read(&path).unwrap();
        fs::write(&path, &torn[..50]).unwrap();
        assert!(
            !append(folder.path(), ids[1], &ids[2..]).unwrap(),
            "a part of an id stands at its end"
        );
        let mut torn = BranchList::load(folder.path());
        assert_eq!(torn.len(), 2);
        torn.extend(&ids[2..]);
        assert_eq!((torn.get(2), torn.position(ids[2])), (Some(ids[2]), Some(2)));
        torn.save(folder.path()).unwrap();
        assert_eq!(BranchList::load(folder.path()).len(), 3);
    }

    #[test]
    fn a_list_that_another_copy_has_too_is_not_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let ids = [1, 2].map(|byte| CommitId::from_raw([byte; 20]));
        BranchList::of(&ids[..1]).save(folder.path()).unwrap();
        let path = folder.path().join(FILE_NAME);
        let other = folder.path().join("other");
        fs::hard_link(&path, &other).unwrap();
        assert!(!append(folder.path(), ids[0], &ids[1..]).unwrap());
        BranchList::of(&ids).save(folder.path()).unwrap();
        assert_eq!([path, other].map(|file| fs::read(file).unwrap().len()), [40, 20]);
    }

    #[test]
    fn nothing_is_put_behind_less_than_one_id() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let tip = CommitId::from_raw([1; 20]);
        for length in [0, 1, 19] {
            fs::write(&path, vec![1; length]).unwrap();
            assert!(!append(folder.path(), tip, &[tip]).unwrap(), "{length} bytes");
            assert_eq!(fs::read(&path).unwrap().len(), length);
        }
    }
}
