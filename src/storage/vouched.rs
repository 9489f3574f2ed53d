//! What this user's program found out from git itself, in the user's own folder: the SHA-256 of the ids of a branch, and the root of the
//! log up to a commit. What lies beside a repository ([`super::branch_list`], [`super::log_file`]) comes with whoever copied that, and
//! proves nothing; but a commit's id stands for all that came before it, so that what was found of it once is true for ever, whatever
//! becomes of the repository.
//!
//! For each archive one file, named by the first commit, with one line: how many commits, and the hash of their ids; for each log one,
//! named by the SHA-256 of its origin: a commit, how many entries, and their root. They can be deleted at any time: git is read again then.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::branch_list::BranchList;
use super::file;
use super::temporary::{self, TEMPORARY};
use crate::id::{CommitId, hex};
use crate::platform::Durability;
use crate::tlog::merkle::Hash;

/// The longest file that is read, in bytes.
const LONGEST: usize = 256;

/// The user's folder.
#[derive(Debug, Clone)]
pub struct Vouched {
    folder: PathBuf,
}

impl Vouched {
    /// Names the folder, which is made when something is kept.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Returns how many commits at the beginning of a list are known to be a branch's, each the parent of the next.
    #[must_use]
    pub fn beginning(&self, list: &BranchList) -> Option<usize> {
        let text = file::read(&self.file(list)?, LONGEST).ok()?;
        let text = String::from_utf8(text).ok()?;
        let (count, hash) = text.strip_suffix('\n')?.split_once(' ')?;
        let count: usize = count.parse().ok()?;
        (hash == hash_of(list, count)?).then_some(count)
    }

    /// Keeps that a list was walked.
    ///
    /// # Errors
    /// The operating system's, which the caller may ignore: the branch is walked again then.
    pub fn keep(&self, list: &BranchList) -> io::Result<()> {
        let (Some(path), Some(hash)) = (self.file(list), hash_of(list, list.len())) else {
            return Ok(());
        };
        self.write(&path, &format!("{} {hash}\n", list.len()))
    }

    /// Tells whether the log of an origin is known to have so many entries up to a commit, with this root.
    #[must_use]
    pub fn has_log(&self, origin: &str, commit: CommitId, size: u64, root: Hash) -> bool {
        let text = file::read(&self.log(origin), LONGEST);
        text.is_ok_and(|text| text == log_line(commit, size, root).into_bytes())
    }

    /// Keeps how many entries a log has up to a commit, and their root.
    ///
    /// # Errors
    /// As for [`Vouched::keep`].
    pub fn keep_log(&self, origin: &str, commit: CommitId, size: u64, root: Hash) -> io::Result<()> {
        self.write(&self.log(origin), &log_line(commit, size, root))
    }

    fn write(&self, path: &Path, line: &str) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        temporary::put(path, TEMPORARY, 0o600, Durability::Unsynced, |file| {
            file.write_all(line.as_bytes())
        })
    }

    fn log(&self, origin: &str) -> PathBuf {
        self.folder.join(hex(&Sha256::digest(origin)))
    }

    fn file(&self, list: &BranchList) -> Option<PathBuf> {
        Some(self.folder.join(list.get(0)?.to_string()))
    }
}

fn log_line(commit: CommitId, size: u64, root: Hash) -> String {
    format!("{commit} {size} {root}\n")
}

/// Returns the hash of the first ids of a list; `None` where it has fewer.
fn hash_of(list: &BranchList, count: usize) -> Option<String> {
    let mut hasher = Sha256::new();
    for part in list.first(count)? {
        hasher.update(part);
    }
    Some(hex(&hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::merkle::leaf_hash;

    #[test]
    fn a_list_is_vouched_for_by_its_ids_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let vouched = Vouched::in_folder(temporary.path().join("lists"));
        let ids: Vec<CommitId> = (0..9).map(|byte| CommitId::from_raw([byte; 20])).collect();
        let list = BranchList::of(&ids[..5]);
        assert_eq!(vouched.beginning(&list), None);
        vouched.keep(&list).unwrap();
        assert_eq!(vouched.beginning(&list), Some(5));
        assert_eq!(vouched.beginning(&BranchList::of(&ids)), Some(5));
        // Part of it in the file beside the repository, and part of it newer than that.
        BranchList::of(&ids[..3]).save(temporary.path()).unwrap();
        let mut longer = BranchList::load(temporary.path());
        longer.extend(&ids[3..7]);
        assert_eq!(vouched.beginning(&longer), Some(5));
        for other in [&ids[..4], &[&ids[..4], &ids[6..]].concat(), &[]] {
            assert_eq!(vouched.beginning(&BranchList::of(other)), None);
        }
        for text in ["", "5\n", "5 x\n", "99999999999 0\n"] {
            fs::write(vouched.file(&list).unwrap(), text).unwrap();
            assert_eq!(vouched.beginning(&list), None, "{text:?}");
        }
    }

    #[test]
    fn a_log_is_vouched_for_up_to_a_commit() {
        let temporary = tempfile::tempdir().unwrap();
        let vouched = Vouched::in_folder(temporary.path().join("lists"));
        let commit = CommitId::from_raw([7; 20]);
        let root = leaf_hash(b"entry");
        assert!(!vouched.has_log("log.example", commit, 1, root));
        vouched.keep_log("log.example", commit, 1, root).unwrap();
        assert!(vouched.has_log("log.example", commit, 1, root));
        assert!(!vouched.has_log("log.example", CommitId::from_raw([8; 20]), 1, root));
        assert!(!vouched.has_log("log.example", commit, 2, root));
        assert!(!vouched.has_log("log.example", commit, 1, leaf_hash(b"other")));
        assert!(!vouched.has_log("other.example", commit, 1, root));
    }
}
