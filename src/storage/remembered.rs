//! What a reader keeps of logs and archives, outside of them, in the user's own folder: for each log the last checkpoint that
//! was found good, for each archive a commit of its branch, and what was found to contradict them; and what whoever signs for a log
//! keeps, the last checkpoint of each key.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::id::{CommitId, hex};
use crate::platform::Durability;
use crate::storage::file;
use crate::storage::repository::lock;
use crate::storage::temporary::{self, TEMPORARY};
use crate::tlog::checkpoint::SignedCheckpoint;
use crate::tlog::kept::{KeptCheckpoint, KeptError};
use crate::tlog::key::VerifierKey;

/// The longest file that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// How the names of checkpoints end that no branch is known to have; early versions kept one for each key, without its digest.
const PENDING: &str = ".pending";

/// The user's folder.
#[derive(Debug, Clone)]
pub struct Remembered {
    folder: PathBuf,
}

/// Why it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RememberedError {
    /// The operating system refused.
    #[error("could not {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file is not as it was written.
    #[error("{} is not as it was written", path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeptError,
    },
    /// A file holds no commit's id.
    #[error("{} holds no commit's id", .0.display())]
    Tip(PathBuf),
}

/// A commit of an archive's branch that was its tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptTip {
    /// The commit.
    pub id: CommitId,
    /// How many commits the branch had up to it; not known of what was kept by early versions.
    pub commits: Option<usize>,
}

impl KeptTip {
    /// Reads the id and, after a blank, the number.
    fn parse(text: &str) -> Option<Self> {
        let line = text.strip_suffix('\n')?;
        let (id, commits) = match line.split_once(' ') {
            Some((id, commits)) => (id, Some(commits.parse().ok()?)),
            None => (line, None),
        };
        let id = id.parse().ok()?;
        Some(Self { id, commits })
    }
}

impl fmt::Display for KeptTip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        self.commits.map_or(Ok(()), |commits| write!(f, " {commits}"))
    }
}

/// The last checkpoints that were signed with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSigned {
    /// One that a branch has.
    pub published: Option<SignedCheckpoint>,
    /// Later ones that no branch is known to have, by size: whoever was to put one there was ended, or could not. Each goes on from
    /// those before it.
    pub pending: Vec<SignedCheckpoint>,
}

impl Remembered {
    /// Names the folder, which is made when something is kept.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Tells whether nothing was kept, so that nothing need be asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let looked = fs::symlink_metadata(&self.folder);
        looked.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Names the file in which a log's checkpoint is kept.
    #[must_use]
    pub fn of_log(&self, origin: &str) -> PathBuf {
        let name = hex(&Sha256::digest(origin));
        self.folder.join("logs").join(name)
    }

    fn of_archive(&self, first: CommitId) -> PathBuf {
        self.folder.join("archives").join(first.to_string())
    }

    /// Returns the checkpoint that is kept of a log.
    ///
    /// # Errors
    /// [`RememberedError`]; a file that cannot be read is never as good as none.
    pub fn checkpoint(&self, origin: &str) -> Result<Option<KeptCheckpoint>, RememberedError> {
        let path = self.of_log(origin);
        let Some(text) = read(&path)? else {
            return Ok(None);
        };
        let kept = KeptCheckpoint::parse(&text);
        kept.map(Some)
            .map_err(|source| RememberedError::Kept { path, source })
    }

    /// Keeps a checkpoint that goes on from what was kept `before`, or is another copy of it, and with it the keys that were kept.
    /// Returns whether nothing else was kept meanwhile: else that has to be judged first.
    ///
    /// # Errors
    /// [`RememberedError`].
    pub fn keep_checkpoint(
        &self,
        kept: &KeptCheckpoint,
        before: Option<&KeptCheckpoint>,
    ) -> Result<bool, RememberedError> {
        let _lock = self.lock()?;
        let now = self.checkpoint(kept.origin())?;
        if now.as_ref() != before {
            return Ok(false);
        }
        let kept = match now {
            Some(now) if !kept.says_all_of(&now) => return Ok(true),
            Some(now) => kept.clone().with_keys(now.keys()),
            None => kept.clone(),
        };
        write(&self.of_log(kept.origin()), &kept.to_string())?;
        Ok(true)
    }

    fn of_signer(&self, key: &VerifierKey) -> PathBuf {
        let name = hex(&Sha256::digest(key.to_string()));
        self.folder.join("signed").join(name)
    }

    /// Names the file of a checkpoint that no branch is known to have.
    fn of_pending(&self, key: &VerifierKey, signed: &SignedCheckpoint) -> PathBuf {
        let which = hex(&Sha256::digest(signed.to_string()));
        self.of_signer(key)
            .with_extension(format!("{}{PENDING}", &which[..16]))
    }

    /// Returns the checkpoints that no branch is known to have, by size, and the file of each.
    fn pending(&self, key: &VerifierKey) -> Result<Vec<(PathBuf, SignedCheckpoint)>, RememberedError> {
        let published = self.of_signer(key);
        let folder = published.parent().unwrap_or(&published);
        let failed = |source| RememberedError::Io {
            what: "read",
            path: folder.to_owned(),
            source,
        };
        let listed = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.map_err(failed)?,
        };
        let key_name = published.file_name().unwrap_or_default().to_string_lossy();
        let mut pending = Vec::new();
        for entry in listed {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let rest = name.strip_prefix(&*key_name);
            if rest.is_some_and(|rest| rest.ends_with(PENDING))
                && let Some(signed) = read_signed(&path)?
            {
                pending.push((path, signed));
            }
        }
        pending.sort_by(|(path, signed), (other_path, other)| {
            let sizes = signed.checkpoint.size.cmp(&other.checkpoint.size);
            sizes.then_with(|| path.cmp(other_path))
        });
        Ok(pending)
    }

    /// Returns the checkpoints that were signed last with a key of this user's.
    ///
    /// # Errors
    /// [`RememberedError`].
    pub fn signed(&self, key: &VerifierKey) -> Result<LastSigned, RememberedError> {
        let pending = self.pending(key)?;
        Ok(LastSigned {
            published: read_signed(&self.of_signer(key))?,
            pending: pending.into_iter().map(|(_, signed)| signed).collect(),
        })
    }

    /// Keeps the checkpoint that was signed last with a key, which goes on from those `before`, as one that is to be put on a branch.
    /// Returns whether nothing else was kept or forgotten meanwhile: else that has to be judged first.
    ///
    /// # Errors
    /// [`RememberedError`].
    pub fn keep_signed(
        &self,
        key: &VerifierKey,
        signed: &SignedCheckpoint,
        before: &LastSigned,
    ) -> Result<bool, RememberedError> {
        let _lock = self.lock()?;
        if self.signed(key)? != *before {
            return Ok(false);
        }
        write(&self.of_pending(key, signed), &signed.to_string())?;
        Ok(true)
    }

    /// Records that a branch has the checkpoint that was to be put there; those that it goes on from need not be kept any more.
    /// Returns whether it is recorded: it is not where it was forgotten meanwhile.
    ///
    /// # Errors
    /// [`RememberedError`].
    pub fn keep_published(
        &self,
        key: &VerifierKey,
        signed: &SignedCheckpoint,
    ) -> Result<bool, RememberedError> {
        let _lock = self.lock()?;
        let published = self.of_signer(key);
        let pending = self.pending(key)?;
        let Some((path, _)) = pending.iter().find(|(_, pending)| pending == signed) else {
            return Ok(read_signed(&published)?.as_ref() == Some(signed));
        };
        let failed = |source| RememberedError::Io {
            what: "write",
            path: published.clone(),
            source,
        };
        fs::rename(path, &published)
            .and_then(|()| sync_folder_of(&published))
            .map_err(failed)?;
        let size = signed.checkpoint.size;
        delete(
            pending
                .iter()
                .filter(|(other, pending)| other != path && pending.checkpoint.size <= size),
        )?;
        Ok(true)
    }

    /// Forgets a checkpoint that was to be put on a branch.
    ///
    /// # Errors
    /// [`RememberedError`].
    pub fn forget_pending(
        &self,
        key: &VerifierKey,
        signed: &SignedCheckpoint,
    ) -> Result<(), RememberedError> {
        let _lock = self.lock()?;
        let pending = self.pending(key)?;
        delete(pending.iter().filter(|(_, pending)| pending == signed))
    }

    /// Returns the commit that is kept of an archive, which its first commit names.
    ///
    /// # Errors
    /// [`RememberedError`].
    pub fn tip(&self, first: CommitId) -> Result<Option<KeptTip>, RememberedError> {
        let path = self.of_archive(first);
        let Some(text) = read(&path)? else {
            return Ok(None);
        };
        let kept = KeptTip::parse(&text);
        kept.map(Some).ok_or(RememberedError::Tip(path))
    }

    /// Keeps a commit of an archive that follows the one that was kept `before`. Returns whether nothing else was kept meanwhile: else
    /// that has to be judged first.
    ///
    /// # Errors
    /// [`RememberedError`].
    pub fn keep_tip(
        &self,
        first: CommitId,
        tip: KeptTip,
        before: Option<KeptTip>,
    ) -> Result<bool, RememberedError> {
        let _lock = self.lock()?;
        if self.tip(first)? != before {
            return Ok(false);
        }
        write(&self.of_archive(first), &format!("{tip}\n"))?;
        Ok(true)
    }

    /// Waits until nobody else changes what is kept.
    fn lock(&self) -> Result<fs::File, RememberedError> {
        let path = self.folder.join("lock");
        let locked = fs::create_dir_all(&self.folder).and_then(|()| lock(&path).map_err(io::Error::other));
        locked.map_err(|source| RememberedError::Io {
            what: "lock",
            path,
            source,
        })
    }

    /// Keeps two checkpoints that contradict one another, as they were signed; returns the folder in which they lie.
    ///
    /// # Errors
    /// [`RememberedError::Io`].
    pub fn keep_evidence(
        &self,
        kept: &SignedCheckpoint,
        shown: &SignedCheckpoint,
    ) -> Result<PathBuf, RememberedError> {
        let both = Sha256::digest(format!("{kept}\0{shown}"));
        let folder = self.folder.join("evidence").join(&hex(&both)[..16]);
        write(&folder.join("kept.checkpoint"), &kept.to_string())?;
        write(&folder.join("shown.checkpoint"), &shown.to_string())?;
        Ok(folder)
    }
}

fn read(path: &Path) -> Result<Option<String>, RememberedError> {
    let failed = |source| RememberedError::Io {
        what: "read",
        path: path.to_owned(),
        source,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(failed)?,
    };
    let bytes = file::read(path, LONGEST).map_err(|error| failed(io::Error::other(error)))?;
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|error| failed(io::Error::other(error)))
}

fn read_signed(path: &Path) -> Result<Option<SignedCheckpoint>, RememberedError> {
    let Some(text) = read(path)? else {
        return Ok(None);
    };
    let signed = SignedCheckpoint::parse(&text);
    signed.map(Some).map_err(|error| RememberedError::Kept {
        path: path.to_owned(),
        source: error.into(),
    })
}

fn delete<'a>(files: impl Iterator<Item = &'a (PathBuf, SignedCheckpoint)>) -> Result<(), RememberedError> {
    for (path, _) in files {
        let deleted = fs::remove_file(path).and_then(|()| sync_folder_of(path));
        deleted.map_err(|source| RememberedError::Io {
            what: "delete",
            path: path.clone(),
            source,
        })?;
    }
    Ok(())
}

/// Writes a file beside, syncs it, and puts it in the place of the one before.
fn write(path: &Path, text: &str) -> Result<(), RememberedError> {
    let failed = |what| {
        move |source| RememberedError::Io {
            what,
            path: path.to_owned(),
            source,
        }
    };
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(failed("make the folder of"))?;
    temporary::put(path, TEMPORARY, 0o600, Durability::Synced, |file| {
        file.write_all(text.as_bytes())
    })
    .map_err(failed("write"))?;
    sync_folder_of(path).map_err(failed("write"))
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    fs::File::open(path.parent().unwrap_or(path)).and_then(|folder| folder.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::checkpoint::Checkpoint;
    use crate::tlog::key::{KeyKind, SignerKey};
    use crate::tlog::merkle::{Peaks, leaf_hash};

    #[test]
    fn a_tip_that_is_kept_reads_back_and_a_damaged_one_is_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let remembered = Remembered::in_folder(folder.path().join("state"));
        assert!(remembered.is_empty());
        let [first, id] = [1, 2].map(|byte| CommitId::from_raw([byte; 20]));
        let commits = Some(7);
        let tip = KeptTip { id, commits };
        let other = KeptTip { id: first, commits };
        assert_eq!(remembered.tip(first).unwrap(), None);
        assert!(remembered.keep_tip(first, tip, None).unwrap());
        assert_eq!(remembered.tip(first).unwrap(), Some(tip));
        // Another was judged than the one that is kept.
        for before in [None, Some(other)] {
            assert!(!remembered.keep_tip(first, other, before).unwrap());
        }
        assert_eq!(remembered.tip(first).unwrap(), Some(tip));
        assert!(!remembered.is_empty());
        // As early versions kept it.
        fs::write(remembered.of_archive(first), format!("{id}\n")).unwrap();
        let without = KeptTip { id, commits: None };
        assert_eq!(remembered.tip(first).unwrap(), Some(without));
        for text in [
            "02020202\n".to_owned(),
            format!("{id} \n"),
            format!("{id} 7"),
            format!("{id} -7\n"),
        ] {
            fs::write(remembered.of_archive(first), text).unwrap();
            assert!(matches!(remembered.tip(first), Err(RememberedError::Tip(_))));
        }
        fs::write(remembered.of_archive(first), [0xff]).unwrap();
        assert!(remembered.tip(first).is_err());
        fs::create_dir_all(remembered.of_log("a").parent().unwrap()).unwrap();
        fs::write(remembered.of_log("a"), "x").unwrap();
        assert!(matches!(
            remembered.checkpoint("a"),
            Err(RememberedError::Kept { .. })
        ));
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_not_taken_for_nothing_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("state"), "").unwrap();
        std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
        for name in ["state", "loop", "state/avalaches"] {
            let remembered = Remembered::in_folder(folder.path().join(name));
            assert!(!remembered.is_empty(), "{name}");
        }
        let remembered = Remembered::in_folder(folder.path().to_owned());
        fs::write(folder.path().join("archives"), "").unwrap();
        let first = CommitId::from_raw([1; 20]);
        assert!(matches!(
            remembered.tip(first),
            Err(RememberedError::Io { what: "read", .. })
        ));
    }

    /// Signs a checkpoint of a log of so many entries.
    fn signed_of(size: u8, key: &SignerKey) -> (Peaks, SignedCheckpoint) {
        let mut peaks = Peaks::default();
        (0..size).for_each(|number| peaks.push(leaf_hash(&[number])));
        let checkpoint = Checkpoint {
            origin: "log.example".to_owned(),
            size: peaks.size(),
            root: peaks.root(),
            extensions: Vec::new(),
        };
        let signed = SignedCheckpoint::signed(checkpoint, key);
        (peaks, signed)
    }

    #[test]
    fn what_no_branch_is_known_to_have_is_kept_until_one_that_goes_on_from_it_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let remembered = Remembered::in_folder(folder.path().join("state"));
        let key = SignerKey::new("log.example", KeyKind::Note, [1; 32]).unwrap();
        let [one, two, three] = [1, 2, 3].map(|size| signed_of(size, &key).1);
        let key = key.public();
        let now = || remembered.signed(key).unwrap();
        for (number, signed) in [&three, &one, &two].into_iter().enumerate() {
            assert_eq!(now().pending.len(), number);
            assert!(remembered.keep_signed(key, signed, &now()).unwrap());
        }
        assert_eq!(now().pending, [one.clone(), two.clone(), three.clone()]);
        // What was forgotten meanwhile is not recorded.
        remembered.forget_pending(key, &three).unwrap();
        assert!(!remembered.keep_published(key, &three).unwrap());
        assert_eq!(now().pending, [one.clone(), two.clone()]);
        // Nor is what is recorded twice, or what is part of it.
        for (signed, is_kept) in [(&two, true), (&two, true), (&one, false)] {
            assert_eq!(remembered.keep_published(key, signed).unwrap(), is_kept);
            assert_eq!((now().published, now().pending), (Some(two.clone()), Vec::new()));
        }
    }

    #[test]
    fn a_checkpoint_takes_the_place_of_the_one_that_was_judged_and_of_no_larger_one() {
        let folder = tempfile::tempdir().unwrap();
        let remembered = Remembered::in_folder(folder.path().join("state"));
        let key = SignerKey::new("log.example", KeyKind::Note, [1; 32]).unwrap();
        let witness = SignerKey::new("w.example", KeyKind::Cosignature, [2; 32]).unwrap();
        let kept = |size: u8, cosigned: bool| {
            let (peaks, mut signed) = signed_of(size, &key);
            signed.add(signed.cosigned_by(&witness, 1).filter(|_| cosigned));
            KeptCheckpoint::new(key.public().clone(), peaks, signed).unwrap()
        };
        let now = || remembered.checkpoint("log.example").unwrap();
        let before = SignerKey::new("log.example", KeyKind::Note, [3; 32]).unwrap();
        let (five, six, cosigned) = (kept(5, false), kept(6, false), kept(6, true));
        assert!(remembered.keep_checkpoint(&five, None).unwrap());
        // Two followed the log at once.
        assert!(remembered.keep_checkpoint(&six, Some(&five)).unwrap());
        assert!(!remembered.keep_checkpoint(&cosigned, Some(&five)).unwrap());
        assert!(!remembered.keep_checkpoint(&cosigned, None).unwrap());
        assert_eq!(now(), Some(six.clone()));
        // A copy of the archive may have an older one, or one without its cosignatures.
        assert!(remembered.keep_checkpoint(&five, Some(&six)).unwrap());
        assert_eq!(now(), Some(six.clone()));
        assert!(remembered.keep_checkpoint(&cosigned, Some(&six)).unwrap());
        assert!(remembered.keep_checkpoint(&six, Some(&cosigned)).unwrap());
        assert_eq!(now(), Some(cosigned.clone()));
        // Keys that were kept stay.
        let with_keys = cosigned.clone().with_keys([before.public()]);
        assert!(remembered.keep_checkpoint(&with_keys, Some(&cosigned)).unwrap());
        let seven = kept(7, false);
        assert!(remembered.keep_checkpoint(&seven, Some(&with_keys)).unwrap());
        assert_eq!(now(), Some(seven.with_keys([before.public()])));
    }
}
