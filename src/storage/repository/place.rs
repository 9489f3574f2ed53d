//! Where a new repository is made: beside its place, which it takes when it is whole, so that a kill leaves none by halves.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::WriteError;
use super::disk::{clear_folder, io_error, rename, sync_path};
use crate::storage::temporary::{self, TemporaryFolder};

/// What makes a folder a repository, and is put into its place last.
const HEAD: &str = "HEAD";

/// How the name begins under which one is made.
const PREFIX: &str = ".avalaches-init-";

/// What stands beside [`HEAD`] in a repository that is made, with files of this program's own, whose names begin with [`OWN`].
const NAMES: [&str; 6] = ["config", "description", "hooks", "info", "objects", "refs"];

/// How the names of this program's own files begin.
const OWN: &str = "avalaches.";

/// A repository that is being made, under a name that nobody else uses: in the folder above, from which one rename moves it. Where
/// this process stands in the folder it is made in that folder itself, because whoever called would otherwise stand in one that is
/// gone; and so it is where a file system is mounted there. It goes when it is dropped before it has its place.
#[derive(Debug)]
pub struct Making {
    beside: TemporaryFolder,
    place: PathBuf,
    /// Whether it is made in the folder that is its place.
    is_inside: bool,
}

impl Making {
    /// Makes a folder for it, and clears what others left there that were killed.
    ///
    /// # Errors
    /// [`WriteError::Io`], also where another program makes a repository in the same folder.
    pub fn begin(place: &Path) -> Result<Self, WriteError> {
        let is_inside = has_to_stay(place);
        let parent = if is_inside { place } else { above(place) };
        let failed = || io_error("make", place);
        fs::create_dir_all(parent).map_err(failed())?;
        let beside = temporary::folder(parent, PREFIX, 0o777).map_err(failed())?;
        if is_inside && names(place)?.len() > 1 {
            return Err(failed()(io::ErrorKind::ResourceBusy.into()));
        }
        Ok(Self {
            beside,
            place: place.to_owned(),
            is_inside,
        })
    }

    /// Returns where it is made: an empty folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.beside.path()
    }

    /// Moves it to its place, which is an empty folder or none. What is moved is on the disk afterwards with its name.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn take_place(self) -> Result<(), WriteError> {
        let (beside, place) = (self.beside.path(), &self.place);
        if !self.is_inside {
            rename(beside, place)?;
            let _lock = self.beside.keep();
            return sync_path(above(place));
        }
        move_names(beside, place, names(beside)?)?;
        drop(self.beside);
        sync_path(place)
    }
}

fn move_names(from: &Path, to: &Path, mut names: Vec<OsString>) -> Result<(), WriteError> {
    names.sort_by_key(|name| name == HEAD);
    for name in names {
        rename(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

/// Brings the rest of a repository into the folder that is its place, where a kill ended [`Making::take_place`] between two names; tells
/// whether there was one. Where anything else is in the folder, it is left as it is.
///
/// # Errors
/// [`WriteError::Io`].
pub fn finish(place: &Path) -> Result<bool, WriteError> {
    let (making, moved): (Vec<_>, Vec<_>) = names(place)?.into_iter().partition(is_making);
    let [making] = &making[..] else {
        return Ok(false);
    };
    let beside = place.join(making);
    let Some(_lock) = temporary::left(&beside) else {
        return Ok(false);
    };
    let rest = names(&beside)?;
    let is_its = |name: &OsString| {
        let name = name.to_str().unwrap_or_default();
        (NAMES.contains(&name) || name.starts_with(OWN)) && !rest.iter().any(|other| other == name)
    };
    let is_there = |name: &&str| moved.iter().chain(&rest).any(|there| there == name);
    if !rest.iter().any(|name| name == HEAD) || !moved.iter().all(is_its) || !NAMES.iter().all(is_there) {
        return Ok(false);
    }
    move_names(&beside, place, rest)?;
    fs::remove_dir(&beside).map_err(io_error("delete", &beside))?;
    sync_path(place)?;
    Ok(true)
}

/// Tells whether a repository can be made in the place of a folder: there is none, or nothing in it but what others are making,
/// or left when they were killed.
///
/// # Errors
/// The operating system's.
pub fn is_free(folder: &Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
        Ok(entries) => entries.into_iter().try_fold(true, |is_free, entry| {
            Ok(is_free && is_making(&entry?.file_name()))
        }),
    }
}

/// Deletes a repository with its folder; where that has to stay, it is empty afterwards. It goes back first to where [`Making`] makes
/// one, `HEAD` before the rest, so that after a kill it is there whole, or [`finish`] makes it so, or the place is free.
///
/// # Errors
/// [`WriteError::Io`].
pub fn clear_place(folder: &Path) -> Result<(), WriteError> {
    let is_inside = has_to_stay(folder);
    let parent = if is_inside { folder } else { above(folder) };
    let beside = temporary::folder(parent, PREFIX, 0o777).map_err(io_error("clear", folder))?;
    if is_inside {
        let all = names(folder)?.into_iter().filter(|name| !is_making(name));
        let (head, rest) = all.partition(|name| name == HEAD);
        move_names(folder, beside.path(), head)?;
        move_names(folder, beside.path(), rest)?;
    } else {
        rename(folder, beside.path())?;
    }
    clear_folder(beside.path())
}

/// Tells whether a name is one under which a repository is made, or cleared away.
fn is_making(name: &OsString) -> bool {
    name.to_str().is_some_and(|name| temporary::is_of(name, PREFIX))
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
/// Tells whether a folder is a bare repository.
#[must_use]
pub fn is_repository(folder: &Path) -> bool {
    folder.join(HEAD).is_file() && folder.join("objects").is_dir()
}

/// Returns the bare repository that a folder is, or lies in; the folder need not exist yet.
#[must_use]
pub fn repository_around(folder: &Path) -> Option<PathBuf> {
    let whole = |folder: &Path| {
        let is_here = folder.as_os_str().is_empty();
        fs::canonicalize(if is_here { Path::new(".") } else { folder }).ok()
    };
    let there = folder.ancestors().find_map(whole)?;
    there
        .ancestors()
        .find(|folder| is_repository(folder))
        .map(Path::to_owned)
}
