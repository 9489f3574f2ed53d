//! Files and folders as a writer needs them: synced, several at a time, with errors that name the path.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use rustix::fs::FlockOperation;

use super::WriteError;
use crate::storage::file::{self, FileError};

/// How long a lock is waited for in silence.
const SILENCE: Duration = Duration::from_secs(2);

/// Who is told that a lock is waited for.
static TELL: OnceLock<fn(&Path)> = OnceLock::new();

/// How many files are synced or deleted at once.
const AT_ONCE: usize = 8;

/// Does something with many things, some of them at a time, while the others wait for the disk.
pub(in crate::storage) fn some_at_once<T: Send>(
    things: Vec<T>,
    work: impl Fn(T) -> Result<(), WriteError> + Sync,
) -> Result<(), WriteError> {
    let waiting = Mutex::new(things.into_iter());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || std::iter::from_fn(next).try_for_each(&work);
    std::thread::scope(|scope| {
        // Where no further thread can be had, those that are there do the work.
        let begin = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
        let threads: Vec<_> = (1..AT_ONCE).map_while(begin).collect();
        let own = work();
        let join = |thread: ScopedJoinHandle<'_, _>| thread.join().expect("the work does not panic");
        threads.into_iter().map(join).fold(own, Result::and)
    })
}

/// Syncs a file, or a folder, so that the names in it are on the disk.
///
/// # Errors
/// [`WriteError::Io`].
pub fn sync_path(path: &Path) -> Result<(), WriteError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(io_error("sync", path))
}

/// Opens a file of which only the lock is used, and makes it where it is missing.
fn open_lock(path: &Path) -> Result<File, WriteError> {
    file::open_lock(path).map_err(|error| {
        let error = match error {
            FileError::Io(error) => {
                Arc::try_unwrap(error).unwrap_or_else(|error| io::Error::new(error.kind(), error.to_string()))
            }
            error => io::Error::new(io::ErrorKind::InvalidInput, error),
        };
        io_error("open", path)(error)
    })
}

/// Has somebody be told of each lock that another process has kept this one waiting for, for two seconds.
pub fn on_waiting(tell: fn(&Path)) {
    let _ = TELL.set(tell);
}

/// Waits for the lock of a file, which the kernel frees when what is returned is closed.
pub(crate) fn lock(path: &Path) -> Result<File, WriteError> {
    if let Some(file) = try_lock(path)? {
        return Ok(file);
    }
    let file = open_lock(path)?;
    let (locked, is_locked) = mpsc::channel::<()>();
    thread::scope(|scope| {
        if let Some(tell) = TELL.get() {
            let watch = move || {
                if is_locked.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                    tell(path);
                }
            };
            // Where no thread can be had, it is waited for in silence.
            let _ = thread::Builder::new().spawn_scoped(scope, watch);
        }
        let taken = rustix::io::retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::LockExclusive));
        drop(locked);
        taken.map_err(|error| io_error("lock", path)(error.into()))
    })?;
    Ok(file)
}

/// Takes the lock of a file as [`lock`] does, but does not wait for it; `None` where another process has it.
pub(crate) fn try_lock(path: &Path) -> Result<Option<File>, WriteError> {
    let file = open_lock(path)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(io_error("lock", path)(error.into())),
    }
}

/// Deletes a folder with everything in it, where it is there.
pub(crate) fn clear_folder(folder: &Path) -> Result<(), WriteError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("clear", folder)(error)),
        _ => Ok(()),
    }
}

/// Deletes a file, where it is there.
pub(crate) fn delete(path: &Path) -> Result<(), WriteError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("delete", path)(error)),
        _ => Ok(()),
    }
}

/// Tells whether something stands in a place, be it a link that leads nowhere.
pub(super) fn is_there(path: &Path) -> Result<bool, WriteError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(io_error("look at", path)(error)),
    }
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<(), WriteError> {
    fs::rename(from, to).map_err(io_error("write", to))
}

/// Makes a folder and tells whether it was not there before. A link in its place leads elsewhere, where no reader looks.
pub(in crate::storage) fn make_folder(folder: &Path) -> Result<bool, WriteError> {
    match fs::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match fs::symlink_metadata(folder) {
                Ok(there) if !there.is_dir() => {
                    Err(io_error("make", folder)(io::ErrorKind::NotADirectory.into()))
                }
                // It may have been deleted since.
                _ => Ok(false),
            }
        }
        Err(error) => Err(io_error("make", folder)(error)),
    }
}

pub(crate) fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError + use<> {
    let path = path.to_owned();
    move |source| WriteError::Io { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_in_the_place_of_a_folder_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert!(make_folder(&path("ab")).unwrap());
        assert!(!make_folder(&path("ab")).unwrap());
        std::os::unix::fs::symlink(path("ab"), path("link")).unwrap();
        fs::write(path("file"), "").unwrap();
        for name in ["link", "file"] {
            assert!(make_folder(&path(name)).is_err(), "{name}");
        }
    }
}
