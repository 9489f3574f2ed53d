//! How a file of an archive is opened: as itself, never through a link, and never so that opening blocks. So are those
//! written that lie beside an archive: whoever can put a link there must not choose what is written to.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::platform::{Durability, map_file};

/// Why a file of the store was not read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FileError {
    /// A symbolic link stands in its place.
    #[error("is a symbolic link")]
    Link,
    /// A folder, a FIFO, a socket or a device stands in its place.
    #[error("is no regular file")]
    NotRegular,
    /// The file is longer than anything an archive holds there.
    #[error("is {0} bytes long, more than any object of an archive needs")]
    TooLarge(u64),
    /// The operating system refused.
    #[error("could not be read")]
    Io(#[source] Arc<io::Error>),
}

impl FileError {
    /// Tells whether there is no such file.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Tells whether the disk failed or a permission is missing, so that it is not known what the file holds. That something else
    /// stands in its place, or nothing, is known.
    #[must_use]
    pub fn is_system_error(&self) -> bool {
        matches!(self, Self::Io(error) if is_system_error(error))
    }
}

/// Tells as [`FileError::is_system_error`] does whether it is not known what stands somewhere.
pub(crate) fn is_system_error(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, NotFound};
    !matches!(
        error.kind(),
        NotFound | NotADirectory | IsADirectory | InvalidFilename
    )
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

/// Opens a regular file for reading and tells its length.
///
/// # Errors
/// [`FileError`]; a FIFO that nobody writes to is refused at once, not waited for.
pub fn open(path: &Path) -> Result<(File, u64), FileError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(of_errno)?;
    regular(File::from(file))
}

fn of_errno(error: Errno) -> FileError {
    match error {
        Errno::LOOP => FileError::Link,
        Errno::NXIO => FileError::NotRegular, // a socket, or a device without a driver
        error => io::Error::from(error).into(),
    }
}

fn regular(file: File) -> Result<(File, u64), FileError> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(FileError::NotRegular);
    }
    Ok((file, metadata.len()))
}

/// Reads a whole file of at most `most` bytes.
///
/// # Errors
/// [`FileError`], [`FileError::TooLarge`] among them before anything is allocated.
pub fn read(path: &Path, most: usize) -> Result<Vec<u8>, FileError> {
    read_open(open(path)?, most)
}

fn read_open((file, length): (File, u64), most: usize) -> Result<Vec<u8>, FileError> {
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    if length > most {
        return Err(FileError::TooLarge(length));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if found > most {
        return Err(FileError::TooLarge(found));
    }
    Ok(bytes)
}

/// Opens a regular file for reading and tells its length. It is found from a folder by the names of the folders below it and its
/// own; none of them is followed where it is a symbolic link. The names have no slash and are not `..`.
///
/// # Errors
/// [`FileError`].
pub fn open_below(folder: &Path, names: &[impl AsRef<str>]) -> Result<(File, u64), FileError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::DIRECTORY;
    let mut at = rustix::fs::open(folder, flags, Mode::empty()).map_err(io::Error::from)?;
    let Some((file, folders)) = names.split_last() else {
        return Err(FileError::NotRegular);
    };
    for name in folders {
        let below = rustix::fs::openat(&at, name.as_ref(), flags | OFlags::NOFOLLOW, Mode::empty());
        at = below.map_err(of_errno)?;
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = rustix::fs::openat(&at, file.as_ref(), flags, Mode::empty()).map_err(of_errno)?;
    regular(File::from(file))
}

/// Reads a whole file of at most `most` bytes, which is found as [`open_below`] finds it.
///
/// # Errors
/// [`FileError`].
pub fn read_below(folder: &Path, names: &[impl AsRef<str>], most: usize) -> Result<Vec<u8>, FileError> {
    read_open(open_below(folder, names)?, most)
}

/// Opens a file of which only the lock is used, and makes it where it is missing.
///
/// # Errors
/// [`FileError`]; what is no regular file is refused at once.
pub fn open_lock(path: &Path) -> Result<File, FileError> {
    let flags = OFlags::WRONLY
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::CLOEXEC
        | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::from_raw_mode(0o666)).map_err(of_errno)?;
    Ok(regular(File::from(file))?.0)
}

/// Puts a file whole in its place: it is written under another name of the same folder and moved there. Whatever has that
/// name is deleted before, never followed or written to; a folder in its place is an error. `write` is given the new file.
///
/// # Errors
/// The operating system's; what stood in the place stays there, and the other name is free again.
pub fn put<T>(
    place: &Path,
    fresh: &Path,
    mode: u32,
    durability: Durability,
    write: impl FnOnce(&mut File) -> io::Result<T>,
) -> io::Result<T> {
    remove(fresh)?;
    // One that is made anew is no link.
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(fresh)?;
    let written = write(&mut file).and_then(|written| {
        if durability == Durability::Synced {
            file.sync_all()?;
        }
        fs::rename(fresh, place)?;
        Ok(written)
    });
    if written.is_err() {
        let _ = fs::remove_file(fresh);
    }
    written
}

/// Deletes a file, where it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Maps a whole file.
///
/// # Errors
/// [`FileError`].
pub fn map(path: &Path) -> Result<Mmap, FileError> {
    open_and_map(path).map(|(_, map)| map)
}

/// Maps a file, and keeps it open.
///
/// # Errors
/// [`FileError`].
pub fn open_and_map(path: &Path) -> Result<(File, Mmap), FileError> {
    let (file, _) = open(path)?;
    let map = map_file(&file)?;
    Ok((file, map))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_folders_and_fifos_are_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"12345").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let fifo = folder.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());

        assert_eq!(read(&file, 5).unwrap(), b"12345");
        assert!(matches!(read(&file, 4), Err(FileError::TooLarge(5))));
        assert!(matches!(read(&link, 5), Err(FileError::Link)));
        assert!(matches!(read(&fifo, 5), Err(FileError::NotRegular)));
        assert!(matches!(read(folder.path(), 5), Err(FileError::NotRegular)));
        assert!(matches!(
            read(Path::new("/dev/zero"), 5),
            Err(FileError::NotRegular)
        ));
        assert!(read(&folder.path().join("none"), 5).unwrap_err().is_missing());
        assert_eq!(map(&file).unwrap().len(), 5);
    }

    #[test]
    fn a_file_is_put_in_its_place_and_nothing_is_written_through_what_stands_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let put = |text: &str| {
            put(&path("file"), &path("fresh"), 0o600, Durability::Synced, |file| {
                io::Write::write_all(file, text.as_bytes())
            })
        };
        std::fs::write(path("other"), "somebody's").unwrap();
        std::os::unix::fs::symlink(path("other"), path("fresh")).unwrap();
        put("one").unwrap();
        let made = std::process::Command::new("mkfifo").arg(path("fresh")).status();
        assert!(made.unwrap().success());
        put("two").unwrap();
        std::fs::remove_file(path("file")).unwrap();
        std::os::unix::fs::symlink(path("other"), path("file")).unwrap();
        std::fs::write(path("fresh"), "half of something longer").unwrap();
        put("three").unwrap();
        assert_eq!(read(&path("file"), 9).unwrap(), b"three");
        assert_eq!(std::fs::read_to_string(path("other")).unwrap(), "somebody's");
        std::fs::create_dir(path("fresh")).unwrap();
        assert!(put("four").is_err());
        std::fs::remove_dir(path("fresh")).unwrap();
        let failed = super::put(&path("file"), &path("fresh"), 0o600, Durability::Synced, |_| {
            Err::<(), _>(io::Error::other("no"))
        });
        assert!(failed.is_err());
        assert!(!path("fresh").exists());
        assert_eq!(read(&path("file"), 9).unwrap(), b"three");
    }

    #[test]
    fn only_a_regular_file_is_a_lock_and_none_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        open_lock(&path("lock")).unwrap();
        open_lock(&path("lock")).unwrap();
        std::os::unix::fs::symlink(path("made"), path("link")).unwrap();
        assert!(matches!(open_lock(&path("link")), Err(FileError::Link)));
        assert!(!path("made").exists());
        let made = std::process::Command::new("mkfifo").arg(path("fifo")).status();
        assert!(made.unwrap().success());
        assert!(matches!(open_lock(&path("fifo")), Err(FileError::NotRegular)));
        // Somebody reads from it.
        let reader = open_fifo(&path("fifo"));
        assert!(matches!(open_lock(&path("fifo")), Err(FileError::NotRegular)));
        drop(reader);
        assert!(open_lock(folder.path()).is_err());
    }

    fn open_fifo(path: &Path) -> File {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        File::from(rustix::fs::open(path, flags, Mode::empty()).unwrap())
    }

    #[test]
    fn a_file_that_grows_after_it_was_opened_is_read_no_further_than_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"123").unwrap();
        let opened = open(&path).unwrap();
        std::fs::write(&path, b"1234567").unwrap();
        assert!(matches!(read_open(opened, 4), Err(FileError::TooLarge(5))));
    }

    #[test]
    fn a_file_is_found_by_names_none_of_which_is_a_link() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/b"), b"text").unwrap();
        std::os::unix::fs::symlink("a", folder.path().join("link")).unwrap();
        let below = |names: &[&str]| read_below(folder.path(), names, 4);
        assert_eq!(below(&["a", "b"]).unwrap(), b"text");
        assert!(below(&["link", "b"]).is_err());
        assert!(below(&["a", "c"]).unwrap_err().is_missing());
        assert!(matches!(below(&["a"]), Err(FileError::NotRegular)));
        assert!(matches!(below(&[]), Err(FileError::NotRegular)));
    }
}
