//! Where a new repository is made: beside its place, which it takes when it is whole, so that a kill leaves none by halves.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::disk::{clear_folder, io_error, rename, sync_path};
use super::{WriteError, delete};

/// What makes a folder a repository, and is put into its place last.
const HEAD: &str = "HEAD";

/// Returns where the repository of a folder is made, under a name that nobody else uses: in the folder above, from which
/// one rename moves it. Where this process stands in the folder it is made in that folder itself, because whoever called
/// would otherwise stand in one that is gone; and so it is where a file system is mounted there.
#[must_use]
pub fn beside(folder: &Path, name: &str) -> PathBuf {
    if has_to_stay(folder) {
        folder.join(name)
    } else {
        above(folder).join(name)
    }
}

/// Moves a repository from where it was made to its place, which is an empty folder or none. What is moved is on the disk
/// afterwards with its name.
///
/// # Errors
/// [`WriteError::Io`].
pub fn take_place(beside: &Path, folder: &Path) -> Result<(), WriteError> {
    if beside.parent() != Some(folder) {
        rename(beside, folder)?;
        return sync_path(above(folder));
    }
    let mut names = names(beside)?;
    names.sort_by_key(|name| name == HEAD);
    for name in names {
        rename(&beside.join(&name), &folder.join(&name))?;
    }
    fs::remove_dir(beside).map_err(io_error("delete", beside))?;
    sync_path(folder)
}

/// Deletes a repository with its folder; where that has to stay, it is empty afterwards.
///
/// # Errors
/// [`WriteError::Io`].
pub fn clear_place(folder: &Path) -> Result<(), WriteError> {
    if !has_to_stay(folder) {
        return clear_folder(folder);
    }
    for name in names(folder)? {
        let path = folder.join(name);
        let kind = fs::symlink_metadata(&path).map_err(io_error("look into", &path))?;
        if kind.is_dir() {
            clear_folder(&path)?;
        } else {
            delete(&path)?;
        }
    }
    Ok(())
}

fn above(folder: &Path) -> &Path {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    above.unwrap_or(Path::new("."))
}

fn names(folder: &Path) -> Result<Vec<OsString>, WriteError> {
    let names = || -> io::Result<Vec<OsString>> {
        let entries = fs::read_dir(folder)?;
        entries.map(|entry| Ok(entry?.file_name())).collect()
    };
    names().map_err(io_error("look into", folder))
}

/// Tells whether another folder cannot take the place of one: this process stands there, or another file system is
/// mounted there.
fn has_to_stay(folder: &Path) -> bool {
    let place = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    let Some((device, number)) = place(folder) else {
        return false;
    };
    place(Path::new(".")) == Some((device, number))
        || place(above(folder)).is_some_and(|(above, _)| above != device)
}
