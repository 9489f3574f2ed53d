//! The folder beside an archive in which git works, so that nothing that git brings is part of the archive before it was
//! checked, and no configuration of the archive's is git's.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::torn::{self, Trail};
use crate::id::ObjectId;
use crate::storage::layout::{self, InPack};
use crate::storage::refs;
use crate::storage::repository::{self, WriteError, io_error};

/// Where what comes from another copy of the archive lies until it was judged. What was brought stays, for the next transfer.
pub const PULLING: &str = "avalaches.pulling";

/// Where git works on what goes to another copy; the archive's own configuration is none of git's.
pub const PUSHING: &str = "avalaches.pushing";

/// Where what comes from another repository lies until it was checked.
pub const FETCHING: &str = "avalaches.fetching";

/// Where [`PULLING`] was once made anew.
const OLD_FRESH: &str = "avalaches.new";

/// What becomes of the folder when its user ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    Cleared,
    Kept,
}

/// A bare repository of no worth, for one process at a time.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    lock: File,
    afterwards: Afterwards,
}

/// What an earlier process left in a scratch, beside its packs.
#[derive(Debug, Default)]
pub struct Left {
    /// What was brought whole.
    pub refs: BTreeMap<String, ObjectId>,
    /// What is known of what was not.
    pub trail: Trail,
}

impl Scratch {
    /// Waits for the lock, clears what a killed process left, and makes an empty repository, which goes when this does.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn begin(archive: &Path, name: &str) -> Result<Self, WriteError> {
        let scratch = Self::locked(archive, name, Afterwards::Cleared)?;
        repository::clear_folder(&scratch.folder)?;
        repository::create(&scratch.folder)?;
        Ok(scratch)
    }

    /// Waits for the lock and takes over the packs, the refs and the trail that an earlier process left, and nothing else of
    /// what lies there, for git would do as its configuration says. The folder stays when this goes.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn resume(archive: &Path, name: &str) -> Result<(Self, Left), WriteError> {
        let scratch = Self::locked(archive, name, Afterwards::Kept)?;
        let fresh = fresh(&scratch.folder);
        repository::clear_folder(&fresh)?;
        repository::create(&fresh).inspect_err(|_| drop(repository::clear_folder(&fresh)))?;
        let mut left = Left::default();
        let is_folder = fs::symlink_metadata(&scratch.folder).is_ok_and(|metadata| metadata.is_dir());
        if is_folder && !scratch.is_shallow() {
            link_packs(&scratch.pack_folder(), &fresh.join("objects/pack"));
            left = Left {
                refs: refs::list(&scratch.folder, "refs/").unwrap_or_default(),
                trail: Trail::of(&scratch.folder, &scratch.pack_folder()),
            };
            left.trail.keep(&fresh);
        }
        repository::clear_folder(&scratch.folder)?;
        fs::rename(&fresh, &scratch.folder).map_err(io_error("make", &scratch.folder))?;
        Ok((scratch, left))
    }

    /// Clears every scratch of an archive, whatever was brought into it, and returns the names of those in which another
    /// program's git is at work.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn clear_all(archive: &Path) -> Result<Vec<&'static str>, WriteError> {
        let mut in_use = Vec::new();
        for name in [PULLING, PUSHING, FETCHING] {
            let lock = lock_of(archive, name);
            // Whoever ever had one has left its lock.
            if fs::symlink_metadata(&lock).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
                continue;
            }
            let Some(_lock) = repository::try_lock(&lock)? else {
                in_use.push(name);
                continue;
            };
            let folder = archive.join(name);
            repository::clear_folder(&fresh(&folder))?;
            repository::clear_folder(&folder)?;
            if name == PULLING {
                repository::clear_folder(&archive.join(OLD_FRESH))?;
            }
        }
        Ok(in_use)
    }

    fn locked(archive: &Path, name: &str, afterwards: Afterwards) -> Result<Self, WriteError> {
        let lock = repository::lock(&lock_of(archive, name))?;
        // Absolute, for git has its own idea of where it is.
        let archive = archive.canonicalize().map_err(io_error("find", archive))?;
        Ok(Self {
            folder: archive.join(name),
            lock,
            afterwards,
        })
    }

    /// Clears the folder when its user ends, for nothing in it is of use any more.
    pub fn is_done_with(&mut self) {
        self.afterwards = Afterwards::Cleared;
    }

    /// Lets git see objects of an archive under refs, so that it asks for what is new only. No other ref of the
    /// archive's is shown, and nothing is written into its store.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn lend(&self, archive: &Path, known: &BTreeMap<String, ObjectId>) -> Result<(), WriteError> {
        if known.is_empty() {
            return Ok(());
        }
        let objects = archive.join("objects");
        let objects = objects.canonicalize().map_err(io_error("find", &objects))?;
        let path = self.alternates();
        let line = quoted(objects.as_os_str().as_encoded_bytes());
        fs::write(&path, line).map_err(io_error("write", &path))?;
        let mut lines = String::new();
        for (name, id) in known {
            lines.push_str(&format!("{id} {name}\n"));
        }
        let path = self.folder.join("packed-refs");
        fs::write(&path, lines).map_err(io_error("write", &path))
    }

    /// Takes back what was lent.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn take_back(&self) -> Result<(), WriteError> {
        let path = self.alternates();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("delete", &path)(error)),
            _ => Ok(()),
        }
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns its folder of objects.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// Returns its folder of packs.
    #[must_use]
    pub fn pack_folder(&self) -> PathBuf {
        self.objects().join("pack")
    }

    /// Returns the names of the packs without their endings.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn packs(&self) -> Result<Vec<String>, WriteError> {
        let folder = self.pack_folder();
        let names = layout::list(&folder).map_err(io_error("look into", &folder))?;
        let stems = names.iter().filter_map(|name| name.text.strip_suffix(".idx"));
        Ok(stems.map(ToOwned::to_owned).collect())
    }

    /// Tells whether a transfer into it was torn off: git left the beginning of a pack.
    #[must_use]
    pub fn has_torn_pack(&self) -> bool {
        !torn::torn_packs(&self.pack_folder()).is_empty()
    }

    /// Tells whether what git brought leads to less than a whole history.
    pub(super) fn is_shallow(&self) -> bool {
        self.folder.join("shallow").exists()
    }

    /// Returns the lock once more: it is held until all who have it have ended.
    pub(super) fn lock(&self) -> io::Result<File> {
        self.lock.try_clone()
    }

    fn alternates(&self) -> PathBuf {
        self.objects().join("info/alternates")
    }
}

impl Drop for Scratch {
    /// Clears git's work, where it is of no use any more; the next process would, too.
    fn drop(&mut self) {
        if self.afterwards == Afterwards::Cleared {
            let _ = repository::clear_folder(&self.folder);
        }
    }
}

fn lock_of(archive: &Path, name: &str) -> PathBuf {
    archive.join(format!("{name}.lock"))
}

/// Returns where a scratch is made anew out of what is left of it.
fn fresh(folder: &Path) -> PathBuf {
    let mut path = folder.as_os_str().to_owned();
    path.push(".new");
    path.into()
}

/// Links the packs of a folder that have an index into another one. What cannot be linked is fetched again.
fn link_packs(from: &Path, to: &Path) {
    let names = layout::list(from).unwrap_or_default();
    let has = |name: &str| {
        names
            .iter()
            .any(|known| known.text == name && known.kind.is_file())
    };
    let _ = fs::create_dir_all(to);
    for name in &names {
        if let (InPack::Index, Some(stem)) = (layout::in_pack(name, &names), name.text.strip_suffix(".idx")) {
            let files = [format!("{stem}.pack"), name.text.clone()];
            // The index last: with it the pack is seen.
            if files.iter().all(|file| has(file)) {
                let _ = files
                    .iter()
                    .try_for_each(|file| fs::hard_link(from.join(file), to.join(file)));
            }
        }
    }
}

/// Returns a path as a line of git's `alternates`: in quotes where it has a line feed.
fn quoted(path: &[u8]) -> Vec<u8> {
    if !path.contains(&b'\n') {
        return [path, b"\n"].concat();
    }
    let mut line = vec![b'"'];
    for byte in path {
        match byte {
            b'\n' => line.extend_from_slice(b"\\n"),
            b'"' | b'\\' => line.extend_from_slice(&[b'\\', *byte]),
            _ => line.push(*byte),
        }
    }
    line.extend_from_slice(b"\"\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_line_feed_is_quoted_as_git_reads_it() {
        assert_eq!(quoted(b"/a b\\\""), b"/a b\\\"\n");
        assert_eq!(quoted(b"/a\nb\\\""), b"\"/a\\nb\\\\\\\"\"\n");
    }

    #[test]
    fn what_was_lent_is_taken_back_or_it_is_said_that_it_was_not() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::begin(folder.path(), "scratch").unwrap();
        scratch.take_back().unwrap();
        fs::create_dir_all(scratch.alternates()).unwrap();
        assert!(matches!(
            scratch.take_back(),
            Err(WriteError::Io { what: "delete", .. })
        ));
    }

    #[test]
    fn each_scratch_is_made_anew_in_a_folder_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let [pulling, pushing] = [PULLING, PUSHING].map(|name| fresh(&path(name)));
        assert_eq!(pulling, path("avalaches.pulling.new"));
        for folder in [&pulling, &pushing, &path(OLD_FRESH)] {
            fs::create_dir(folder).unwrap();
        }
        let _pushed = Scratch::begin(folder.path(), PUSHING).unwrap();
        let pulled = Scratch::locked(folder.path(), PULLING, Afterwards::Kept).unwrap();
        assert_eq!(Scratch::clear_all(folder.path()).unwrap(), [PULLING, PUSHING]);
        assert!(pulling.exists() && pushing.exists() && path(OLD_FRESH).exists());
        drop(pulled);
        assert_eq!(Scratch::clear_all(folder.path()).unwrap(), [PUSHING]);
        assert!(!pulling.exists() && pushing.exists() && !path(OLD_FRESH).exists());
    }

    #[test]
    fn packs_are_taken_over_only_with_both_of_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        fs::create_dir(&from).unwrap();
        for name in ["a.pack", "a.idx", "b.idx", "c.pack", "d.idx"] {
            fs::write(from.join(name), "").unwrap();
        }
        std::os::unix::fs::symlink("a.pack", from.join("d.pack")).unwrap();
        link_packs(&from, &to);
        let names = layout::list(&to).unwrap();
        let names: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
        assert_eq!(names, ["a.idx", "a.pack"]);
    }
}
