//! The hashes of the log's tree: one file beside the repository, so that a new revision costs a few hashes and a proof a few
//! reads, however long the log.
//!
//! It is disposable: whatever is built upon it is held against a signed checkpoint, or against git. The file begins with
//! 128 bytes that say how far it is; the hashes follow in the order in which they came to be
//! ([`merkle::stored_place`]), so that a longer log only adds to it. The head is written last, when the hashes are on the disk.
//! Two processes that add to it at the same time write the same bytes.
//!
//! Reading it checks the root alone, which takes no time. The hashes below have no sum of their own: they are the sum, and
//! [`merkle::Tree::is_sound`] checks it where one of them is wanted and does not lead to the root, or all of them are published.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use memmap2::Mmap;
use sha2::{Digest as _, Sha256};

use crate::id::CommitId;
use crate::platform::Durability;
use crate::storage::file;
use crate::tlog::merkle::{self, Hash, Nodes as _, Tree};

/// The file's name.
pub const FILE_NAME: &str = "avalaches.log";

/// Bytes before the hashes.
const HEAD: usize = 128;

/// What the file begins with: its name and its form.
const MARK: &[u8; 16] = b"avalaches log 1\n";

/// Bytes of the head that are summed up at its end.
const SUMMED: usize = HEAD - 32;

/// Where the bytes of kept hashes come from.
#[derive(Debug, Default)]
pub struct Kept(Option<Mmap>);

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        self.0
            .as_ref()
            .and_then(|map| map.get(HEAD..))
            .unwrap_or_default()
    }
}

/// The log's tree, up to a commit of the branch.
#[derive(Debug, Default)]
pub struct LogFile {
    tree: Tree<Kept>,
    /// What the file said when it was read.
    head: Option<[u8; HEAD]>,
    tip: Option<CommitId>,
}

impl LogFile {
    /// Reads the file; `None` where there is none that can be used.
    #[must_use]
    pub fn load(repository: &Path) -> Option<Self> {
        let map = file::map(&repository.join(FILE_NAME)).ok()?;
        let head: [u8; HEAD] = map.get(..HEAD)?.try_into().ok()?;
        let (summed, sum) = head.split_at(SUMMED);
        if !summed.starts_with(MARK) || *sum != *Sha256::digest(summed) {
            return None;
        }
        let (size, rest) = summed[MARK.len()..].split_first_chunk::<8>()?;
        let (tip, rest) = rest.split_first_chunk::<20>()?;
        let root = Hash::from_raw(*rest.first_chunk()?);
        let size = u64::from_be_bytes(*size);
        let tree = Tree::kept(Kept(Some(map)), size)?;
        let Ok(found) = tree.root(size);
        (found == root).then(|| Self {
            tree,
            head: Some(head),
            tip: Some(CommitId::from_raw(*tip)),
        })
    }

    /// Returns the commit up to which the log goes.
    #[must_use]
    pub fn tip(&self) -> Option<CommitId> {
        self.tip
    }

    /// Returns the tree.
    #[must_use]
    pub fn tree(&self) -> &Tree<Kept> {
        &self.tree
    }

    /// Puts leaves at the end, up to a commit.
    pub fn extend(&mut self, leaves: impl IntoIterator<Item = Hash>, tip: CommitId) {
        for leaf in leaves {
            self.tree.push(leaf);
        }
        self.tip = Some(tip);
    }

    /// Writes what is new; another process that was faster is left alone.
    ///
    /// # Errors
    /// The operating system's, which the caller may ignore: the file can be made again.
    pub fn save(&self, repository: &Path) -> io::Result<()> {
        let Some(tip) = self.tip else { return Ok(()) };
        let path = repository.join(FILE_NAME);
        let newer: Vec<u8> = self.tree.newer().iter().flat_map(|hash| *hash.raw()).collect();
        let head = self.new_head(tip);
        let Some(before) = self.head else {
            let fresh = repository.join(format!("{FILE_NAME}.{}.new", std::process::id()));
            return file::put(&path, &fresh, 0o666, Durability::Synced, |file| {
                file.write_all(&[head.as_slice(), &newer].concat())
            });
        };
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let mut now = [0; HEAD];
        file.read_exact_at(&mut now, 0)?;
        if now != before {
            return Ok(());
        }
        let stored = merkle::stored_count(self.tree.size()) * 32;
        file.write_all_at(&newer, HEAD as u64 + stored - newer.len() as u64)?;
        file.sync_data()?;
        file.write_all_at(&head, 0)
    }

    fn new_head(&self, tip: CommitId) -> [u8; HEAD] {
        let Ok(root) = self.tree.root(self.tree.size());
        let mut head = [0; HEAD];
        let written = [
            MARK.as_slice(),
            &self.tree.size().to_be_bytes(),
            tip.raw(),
            root.raw(),
        ];
        let written = written.concat();
        head[..written.len()].copy_from_slice(&written);
        let sum: [u8; 32] = Sha256::digest(&head[..SUMMED]).into();
        head[SUMMED..].copy_from_slice(&sum);
        head
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::tlog::merkle::leaf_hash;

    fn leaves(numbers: std::ops::Range<u32>) -> impl Iterator<Item = Hash> {
        numbers.map(|number| leaf_hash(&number.to_be_bytes()))
    }

    fn tip(byte: u8) -> CommitId {
        CommitId::from_raw([byte; 20])
    }

    #[test]
    fn a_saved_log_reads_back_and_grows() {
        let folder = tempfile::tempdir().unwrap();
        assert!(LogFile::load(folder.path()).is_none());
        let mut log = LogFile::default();
        log.extend(leaves(0..300), tip(1));
        log.save(folder.path()).unwrap();
        for (byte, more) in [(2, 300..301), (3, 301..301), (4, 301..777)] {
            let mut log = LogFile::load(folder.path()).unwrap();
            let slower = LogFile::load(folder.path()).unwrap();
            log.extend(leaves(more.clone()), tip(byte));
            log.save(folder.path()).unwrap();
            let mut slower = slower;
            slower.extend(leaves(more.start..more.start), tip(9));
            slower.save(folder.path()).unwrap();
            let again = LogFile::load(folder.path()).unwrap();
            assert_eq!(again.tip(), Some(tip(byte)), "who came later left it alone");
            let size = u64::from(more.end);
            assert_eq!(again.tree().size(), size);
            assert_eq!(again.tree().root(size), Tree::of(leaves(0..more.end)).root(size));
        }
    }

    #[test]
    fn a_file_that_says_more_leaves_than_can_be_counted_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = LogFile::default();
        log.extend(leaves(0..1), tip(1));
        log.save(folder.path()).unwrap();
        let path = folder.path().join(FILE_NAME);
        let good = fs::read(&path).unwrap();
        for size in [(1 << 63) + 1, 1 << 63, (1 << 63) - 1, u64::MAX] {
            let mut bad = good.clone();
            bad[MARK.len()..][..8].copy_from_slice(&u64::to_be_bytes(size));
            let sum: [u8; 32] = Sha256::digest(&bad[..SUMMED]).into();
            bad[SUMMED..HEAD].copy_from_slice(&sum);
            fs::write(&path, &bad).unwrap();
            assert!(LogFile::load(folder.path()).is_none(), "{size}");
        }
    }

    #[test]
    fn a_file_that_was_torn_or_changed_where_it_matters_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = LogFile::default();
        log.extend(leaves(0..6), tip(1));
        log.save(folder.path()).unwrap();
        let path = folder.path().join(FILE_NAME);
        let good = fs::read(&path).unwrap();
        assert_eq!(good.len(), HEAD + 10 * 32);
        for length in 0..good.len() {
            fs::write(&path, &good[..length]).unwrap();
            assert!(LogFile::load(folder.path()).is_none(), "{length} bytes");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).unwrap();
            // The head, and the two subtrees that the tree of six leaves consists of.
            let matters = at < HEAD || (HEAD + 6 * 32..HEAD + 7 * 32).contains(&at) || at >= HEAD + 9 * 32;
            let is_sound = LogFile::load(folder.path()).map(|log| log.tree().is_sound());
            assert_eq!(is_sound, (!matters).then_some(false), "byte {at}");
        }
        fs::write(&path, &good).unwrap();
        assert!(LogFile::load(folder.path()).unwrap().tree().is_sound());
    }

    #[test]
    fn a_log_of_no_commit_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        LogFile::default().save(folder.path()).unwrap();
        assert!(!folder.path().join(FILE_NAME).exists());
    }
}
