//! What a witness saw of each log last: a file for each, in a folder of their own. A file is replaced whole, and is on the
//! disk, with its name, before anybody is told; who replaces one holds the folder's lock, which holds against other
//! processes too.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::file;
use super::repository::{WriteError, io_error, lock, make_folder, sync_path};
use crate::platform::Durability;

/// The file of which only the lock is used.
const LOCK: &str = "lock";

/// The folder.
#[derive(Debug, Clone)]
pub struct Witnessed {
    folder: PathBuf,
}

/// The folder, which nobody else changes meanwhile.
#[derive(Debug)]
pub struct Locked<'a> {
    witnessed: &'a Witnessed,
    _lock: File,
}

impl Witnessed {
    /// Opens the folder, and makes it where it is missing. Tells whether it was there.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn open(folder: &Path) -> Result<(Self, bool), WriteError> {
        let is_new = make_folder(folder)?;
        if is_new {
            let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
            sync_path(parent.unwrap_or(Path::new(".")))?;
        }
        let folder = folder.to_owned();
        let witnessed = Self { folder };
        // What cannot be written is said at once.
        drop(witnessed.lock()?);
        Ok((witnessed, !is_new))
    }

    /// Waits until nobody else changes anything.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn lock(&self) -> Result<Locked<'_>, WriteError> {
        Ok(Locked {
            witnessed: self,
            _lock: lock(&self.folder.join(LOCK))?,
        })
    }

    /// Reads a file; `None` where there is none.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn last(&self, name: &str) -> Result<Option<Vec<u8>>, WriteError> {
        let path = self.folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("read", &path)(error)),
        }
    }
}

impl Locked<'_> {
    /// Replaces a file. It is on the disk afterwards.
    ///
    /// # Errors
    /// [`WriteError::Io`]; the file is the old one or the new one.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let folder = &self.witnessed.folder;
        let (path, fresh) = (folder.join(name), folder.join(format!("{name}.new")));
        file::put(&path, &fresh, 0o666, Durability::Synced, |file| {
            file.write_all(bytes)
        })
        .map_err(io_error("write", &path))?;
        sync_path(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_what_a_killed_writer_left_is_in_nobodys_way() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("state");
        let (witnessed, was_there) = Witnessed::open(&folder).unwrap();
        assert!(!was_there);
        assert_eq!(witnessed.last("a").unwrap(), None);
        fs::write(folder.join("a.new"), "half of something much longer").unwrap();
        for text in ["one", "two"] {
            witnessed.lock().unwrap().put("a", text.as_bytes()).unwrap();
            let (again, was_there) = Witnessed::open(&folder).unwrap();
            assert!(was_there);
            assert_eq!(again.last("a").unwrap().as_deref(), Some(text.as_bytes()));
        }
        assert!(!folder.join("a.new").exists());
        let error = Witnessed::open(&temporary.path().join("no/such")).unwrap_err();
        assert!(error.to_string().contains("no/such"), "{error}");
    }

    #[test]
    fn who_changes_something_is_waited_for() {
        let temporary = tempfile::tempdir().unwrap();
        let (witnessed, _) = Witnessed::open(temporary.path()).unwrap();
        let locked = witnessed.lock().unwrap();
        let other = witnessed.clone();
        let waiting = std::thread::spawn(move || {
            let locked = other.lock().unwrap();
            assert_eq!(other.last("a").unwrap().as_deref(), Some(b"one".as_slice()));
            locked.put("a", b"two").unwrap();
        });
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(!waiting.is_finished());
        locked.put("a", b"one").unwrap();
        drop(locked);
        waiting.join().unwrap();
        assert_eq!(witnessed.last("a").unwrap().as_deref(), Some(b"two".as_slice()));
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_is_not_taken_for_nothing_seen() {
        let temporary = tempfile::tempdir().unwrap();
        let (witnessed, _) = Witnessed::open(temporary.path()).unwrap();
        fs::create_dir(temporary.path().join("a")).unwrap();
        assert!(matches!(
            witnessed.last("a"),
            Err(WriteError::Io { what: "read", .. })
        ));
    }
}
