//! Files and folders for the time of one command, beside those of others. One that is killed leaves its own. Each is locked for as
//! long as its maker lives, by which whoever makes the next of its kind there knows what is nobody's any more, and deletes it.
//!
//! The kernel frees the lock, however the maker ends. Where a file system has no such locks nothing is deleted.

use std::fs::{self, File, Metadata, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use tempfile::{NamedTempFile, TempDir};

use crate::platform::Durability;

/// How the name of a file begins in a folder that only this program writes to.
pub(super) const TEMPORARY: &str = ".tmp";

/// Letters and digits by which a name ends: more than stand behind such a beginning in a name that somebody chose.
const RANDOM: usize = 20;

/// A folder that goes when it is dropped.
#[derive(Debug)]
pub struct TemporaryFolder {
    folder: TempDir,
    lock: File,
}

impl TemporaryFolder {
    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Has it stay where it is, under this name or the one that it was given; whoever looks finds it locked until what is
    /// returned is dropped.
    pub(super) fn keep(mut self) -> File {
        self.folder.disable_cleanup(true);
        self.lock
    }
}

/// Makes a folder whose name begins so, with the permissions of `mode` that the process's mask leaves.
///
/// # Errors
/// The operating system's.
pub fn folder(above: &Path, prefix: &str, mode: u32) -> io::Result<TemporaryFolder> {
    clear(above, prefix);
    loop {
        let mut builder = tempfile::Builder::new();
        let folder = builder
            .prefix(prefix)
            .rand_bytes(RANDOM)
            .permissions(Permissions::from_mode(mode))
            .tempdir_in(above)?;
        // Before it is locked it may be taken for nobody's.
        let lock = match File::open(folder.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            lock => lock?,
        };
        if is_own(&lock, folder.path())? {
            return Ok(TemporaryFolder { folder, lock });
        }
    }
}

/// Makes a file whose name begins so, which goes when it is dropped, and is made to stay by moving it to its place.
///
/// # Errors
/// The operating system's.
pub fn file(folder: &Path, prefix: &str, mode: u32) -> io::Result<NamedTempFile> {
    clear(folder, prefix);
    loop {
        let mut builder = tempfile::Builder::new();
        let file = builder
            .prefix(prefix)
            .rand_bytes(RANDOM)
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(folder)?;
        if is_own(file.as_file(), file.path())? {
            return Ok(file);
        }
    }
}

/// Puts a file whole in its place, as [`file()`] makes it. `write` is given the new file.
///
/// # Errors
/// The operating system's; what stood in the place stays there.
pub fn put<T>(
    place: &Path,
    prefix: &str,
    mode: u32,
    durability: Durability,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> io::Result<T> {
    let mut fresh = file(place.parent().unwrap_or(place), prefix, mode)?;
    let written = write(fresh.as_file_mut())?;
    if durability == Durability::Synced {
        fresh.as_file().sync_all()?;
    }
    fresh.persist(place).map_err(|error| error.error)?;
    Ok(written)
}

/// Locks what was made, and tells whether it is still there, and nobody deletes it.
fn is_own(made: &File, path: &Path) -> io::Result<bool> {
    if let Err(TryLockError::WouldBlock) = made.try_lock() {
        return Ok(false);
    }
    let made = made.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (made.dev(), made.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Tells whether a name is one that begins so and that was made here.
pub(super) fn is_of(name: &str, prefix: &str) -> bool {
    let rest = name.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.len() == RANDOM && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Deletes this user's files and folders whose names begin so and whose makers are gone. They are in nobody's way, so that what
/// cannot be deleted stays.
fn clear(folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().to_str().is_some_and(|name| is_of(name, prefix)) {
            continue;
        }
        let path = entry.path();
        if let Some((_lock, found)) = lock_left(&path) {
            let _ = if found.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
        }
    }
}

/// Locks a file or folder of this user's whose maker is gone; `None` where it is anybody else's.
pub(super) fn left(path: &Path) -> Option<File> {
    lock_left(path).map(|(lock, _)| lock)
}

fn lock_left(path: &Path) -> Option<(File, Metadata)> {
    let found = fs::symlink_metadata(path).ok()?;
    let user = rustix::process::geteuid().as_raw();
    if found.uid() != user || !found.is_dir() && !found.is_file() {
        return None;
    }
    let access = if found.is_dir() {
        OFlags::RDONLY | OFlags::DIRECTORY
    } else {
        OFlags::RDWR
    };
    let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let opened = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    opened.try_lock().ok()?;
    Some((opened, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_maker_that_is_gone_left_goes_with_the_next_of_its_kind() {
        let above = tempfile::tempdir().unwrap();
        let path = |name: &str| above.path().join(name);
        let [gone_folder, gone_file, link] =
            ["f", "g", "h"].map(|letter| format!("a-{}", letter.repeat(RANDOM)));
        fs::create_dir_all(path(&gone_folder).join("below")).unwrap();
        fs::write(path(&gone_folder).join("below/file"), "").unwrap();
        let long = format!("{gone_file}.txt");
        for name in [
            &gone_file,
            "a-",
            "a-mysite",
            &long,
            &gone_file.replacen('a', "b", 1),
        ] {
            fs::write(path(name), "").unwrap();
        }
        std::os::unix::fs::symlink("a-", path(&link)).unwrap();
        let alive = [
            folder(above.path(), "a-", 0o700).unwrap(),
            folder(above.path(), "a-", 0o700).unwrap(),
        ];
        let file = file(above.path(), "a-", 0o600).unwrap();
        assert!(alive.iter().all(|folder| folder.path().is_dir()) && file.path().is_file());
        let left = [&gone_folder, &gone_file, "a-", "a-mysite", &long].map(|name| path(name).exists());
        assert_eq!(left, [false, false, true, true, true]);
        assert!(fs::symlink_metadata(path(&link)).is_ok());
        drop((alive, file));
        assert_eq!(fs::read_dir(above.path()).unwrap().count(), 5);
    }

    #[test]
    fn what_is_made_while_others_clear_is_never_deleted() {
        let above = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let folder = folder(above.path(), "a-", 0o700).unwrap();
                        fs::write(folder.path().join("file"), "a").unwrap();
                        let file = file(above.path(), "a-", 0o600).unwrap();
                        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"a");
                        assert!(file.path().exists());
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(above.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_comes_whole_into_its_place_or_what_is_there_stays() {
        let above = tempfile::tempdir().unwrap();
        let place = above.path().join("place");
        let written = |text: &'static [u8], fails: bool| {
            put(&place, ".new-", 0o644, Durability::Unsynced, |file| {
                io::Write::write_all(file, text)?;
                if fails {
                    Err(io::ErrorKind::Other.into())
                } else {
                    Ok(())
                }
            })
        };
        written(b"one", false).unwrap();
        assert!(written(b"two", true).is_err());
        assert_eq!(fs::read(&place).unwrap(), b"one");
        assert_eq!(fs::metadata(&place).unwrap().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(above.path()).unwrap().count(), 1);
    }
}
