//! The files of a site in the folder that they lie in: which are the site's own, and how they are replaced.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::address;
pub use super::address::is_of_a_site;
use super::before::Before;
pub use super::before::LIST;

/// What was done to files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files that are new, or have other bytes now.
    pub written: usize,
    /// Files that had these bytes already.
    pub unchanged: usize,
    /// Files of an earlier build that are no part of the site any more.
    pub removed: usize,
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The system's reason.
    #[error("could not {verb} {}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Somebody else's file stands where a page should.
    #[error("{} is no file that a build wrote; it stands where a page belongs: move it away, or build into another folder", .0.display())]
    NotOurs(PathBuf),
    /// The list of the site's files names one that no site has.
    #[error("line {line} of {} names no file of a site; delete the list to begin anew", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A build did not end.
    #[error("the site in {} was not built to its end", .0.display())]
    Begun(PathBuf),
    /// Another program is at work.
    #[error("another `build` or `publish` is at work in {}; wait until it has ended", .0.display())]
    Busy(PathBuf),
}

/// The files of a site while it is built. Other threads may write further ones.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    /// Holds the lock of the folder.
    _lock: File,
    /// When the last build ended: what changed later was changed by somebody else. What changed at that very moment may have been,
    /// as a clock of files ticks some hundred times in a second.
    ended: Option<Moment>,
    work: Mutex<Work>,
}

/// Seconds since 1970, and nanoseconds.
type Moment = (i64, i64);

#[derive(Debug, Default)]
struct Work {
    /// Those that an earlier build, or this one, wrote.
    own: HashSet<String>,
    /// Those of this build, with their lengths.
    made: HashMap<String, u64>,
    /// Those that went before anything was made.
    cleared: HashSet<String>,
    counts: Counts,
    /// The list, open, once a line was put to its end.
    list: Option<File>,
    /// Whether somebody touched what is to be as it was.
    touched: bool,
}

impl Files {
    /// Looks which files of a folder are a site's, and what the last build knew; no other build writes there from now on.
    ///
    /// # Errors
    /// [`FilesError`] where the list of them cannot be read, or names others.
    pub fn open(folder: &Path) -> Result<(Self, Before), FilesError> {
        fs::create_dir_all(folder).map_err(failed("make", folder))?;
        let lock = locked(folder, File::try_lock)?;
        let path = folder.join(LIST);
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(FilesError::NotOurs(path));
        }
        let mut list = read_list(&path)?.unwrap_or_default();
        let whole = list.rfind('\n').map_or(0, |end| end + 1);
        if whole < list.len() {
            // A build that was killed left half a line, to which the next name would be put.
            list.truncate(whole);
            let opened = OpenOptions::new().write(true).open(&path);
            let cut = opened.and_then(|opened| opened.set_len(whole as u64));
            cut.map_err(failed("write", &path))?;
        }
        let ended = fs::metadata(&path).ok();
        let ended = ended.map(|found| (found.mtime(), found.mtime_nsec()));
        let before = Before::parse(&list).map_err(|line| FilesError::List { path, line })?;
        for name in before.begun() {
            clear_beside(folder, name)?;
        }
        let work = Work {
            own: before.names().collect(),
            ..Work::default()
        };
        let files = Self {
            folder: folder.to_owned(),
            _lock: lock,
            ended,
            work: Mutex::new(work),
        };
        Ok((files, before))
    }

    /// Writes the files of a folder. Where there is no such folder yet it is made beside its place, whole, and then moved
    /// there; files of the same bytes are then one on the disk.
    ///
    /// # Errors
    /// [`FilesError`]; a reader sees the old files then, or each of them old or new.
    pub fn write_folder(&self, folder: &str, files: &[(String, Vec<u8>)]) -> Result<(), FilesError> {
        refuse_detour(&self.folder, Path::new(folder))?;
        let path = self.folder.join(folder);
        let named = |name: &String| format!("{folder}/{name}");
        if fs::symlink_metadata(&path).is_ok() {
            let mut files = files.iter();
            return files.try_for_each(|(name, bytes)| self.write(&named(name), bytes));
        }
        let beside = beside(&path);
        {
            let mut work = self.work();
            refuse_another(&beside)?;
            work.begin(
                &self.folder,
                &files.iter().map(|(name, _)| named(name)).collect::<Vec<_>>(),
            )?;
            let lengths = files
                .iter()
                .map(|(name, bytes)| (named(name), bytes.len() as u64));
            work.made.extend(lengths);
        }
        fs::create_dir_all(&beside).map_err(failed("make", &beside))?;
        for (at, (name, bytes)) in files.iter().enumerate() {
            let file = beside.join(name);
            let same = files[..at].iter().find(|(_, written)| written == bytes);
            let is_linked = same.is_some_and(|(same, _)| fs::hard_link(beside.join(same), &file).is_ok());
            if !is_linked {
                let created = OpenOptions::new().write(true).create_new(true).open(&file);
                let written = created.and_then(|mut created| created.write_all(bytes));
                written.map_err(failed("write", &file))?;
            }
        }
        fs::rename(&beside, &path).map_err(failed("write", &path))?;
        self.work().counts.written += files.len();
        Ok(())
    }

    /// Writes a file, unless it is there with these bytes: beside its place, and then moved there.
    ///
    /// # Errors
    /// [`FilesError`]; a reader sees the old file then.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FilesError> {
        debug_assert!(is_of_a_site(name), "{name}");
        refuse_detour(&self.folder, above(name))?;
        let path = self.folder.join(name);
        let before = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() && found.len() == bytes.len() as u64 => {
                Some(fs::read(&path).map_err(failed("read", &path))?)
            }
            // Of another length: other bytes.
            Ok(found) if found.is_file() => Some(Vec::new()),
            Ok(_) => return Err(FilesError::NotOurs(path)),
            Err(_) => None,
        };
        let is_same = before.as_deref() == Some(bytes);
        {
            let mut work = self.work();
            if before.is_some() && !is_same && !work.own.contains(name) {
                return Err(FilesError::NotOurs(path));
            }
            work.made.insert(name.to_owned(), bytes.len() as u64);
            // It is the site's before it is there: a build that is killed leaves nothing that the next does not know,
            // and the next takes nothing for finished that this one began.
            if !is_same || !work.own.contains(name) {
                let mut places = places_beside(name).map(|place| self.folder.join(place));
                places.try_for_each(|place| refuse_another(&place))?;
                work.begin(&self.folder, &[name.to_owned()])?;
            }
            if is_same {
                work.counts.unchanged += 1;
                return Ok(());
            }
        }
        replace(&path, bytes)?;
        self.work().counts.written += 1;
        Ok(())
    }

    /// Keeps files as the last build left them, where they are still so: of the same length, and written before that build ended, and not given
    /// another time since, as whoever copies a file gives it that of the other one.
    pub fn keep(&self, files: &[(String, u64)]) -> bool {
        let is_kept = |(name, length): &(String, u64)| {
            let found = fs::symlink_metadata(self.folder.join(name));
            found.is_ok_and(|found| {
                let written = (found.mtime(), found.mtime_nsec());
                let changed = (found.ctime(), found.ctime_nsec());
                found.is_file()
                    && found.len() == *length
                    && self.ended.is_some_and(|ended| written.max(changed) < ended)
            })
        };
        let mut folders: Vec<&Path> = files.iter().map(|(name, _)| above(name)).collect();
        folders.dedup();
        let mut folders = folders.into_iter();
        let are_kept =
            files.iter().all(is_kept) && folders.all(|above| refuse_detour(&self.folder, above).is_ok());
        let mut work = self.work();
        if are_kept {
            work.counts.unchanged += files.len();
            work.made.extend(files.iter().cloned());
        } else {
            work.touched = true;
        }
        are_kept
    }

    /// Removes files of an earlier build before anything is made, and has the list say less.
    ///
    /// # Errors
    /// [`FilesError`].
    pub fn clear(&self, goes: impl Fn(&str) -> bool, list: &str) -> Result<(), FilesError> {
        let mut work = self.work();
        let work = &mut *work;
        for name in work.own.iter().filter(|name| goes(name)) {
            if remove(&self.folder, name)? {
                work.cleared.insert(name.clone());
            }
        }
        replace(&self.folder.join(LIST), list.as_bytes())
    }

    /// Removes the files of an earlier build that this one did not make, and writes what the next one is to know.
    ///
    /// # Errors
    /// [`FilesError`].
    pub fn finish(self, list: &str) -> Result<Counts, FilesError> {
        let mut work = self.work.into_inner().unwrap_or_else(PoisonError::into_inner);
        let gone = work.own.iter().filter(|name| !work.made.contains_key(*name));
        for name in gone {
            let was_there = remove(&self.folder, name)?;
            work.counts.removed += usize::from(was_there || work.cleared.contains(name));
        }
        let path = self.folder.join(LIST);
        let is_same = || fs::read(&path).ok().as_deref() == Some(list.as_bytes());
        if work.touched || !is_same() {
            replace(&path, list.as_bytes())?;
        }
        Ok(work.counts)
    }

    fn work(&self) -> std::sync::MutexGuard<'_, Work> {
        // Whoever panicked with it left counts behind, and nothing else.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work {
    /// Puts names to the end of the list.
    fn begin(&mut self, folder: &Path, names: &[String]) -> Result<(), FilesError> {
        let path = folder.join(LIST);
        let mut list = if let Some(list) = self.list.take() {
            list
        } else {
            let opened = OpenOptions::new().create(true).append(true).open(&path);
            opened.map_err(failed("write", &path))?
        };
        let lines = names.join("\n") + "\n";
        list.write_all(lines.as_bytes()).map_err(failed("write", &path))?;
        self.own.extend(names.iter().cloned());
        self.list = Some(list);
        Ok(())
    }
}

fn read_list(path: &Path) -> Result<Option<String>, FilesError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        list => list.map(Some).map_err(failed("read", path)),
    }
}

/// The files of a site that was built to its end, into which no build writes meanwhile.
#[derive(Debug)]
pub struct Standing {
    /// Their names.
    pub names: BTreeSet<String>,
    _lock: File,
}

impl Standing {
    /// Looks which files a folder's site has; `None` where it has no site.
    ///
    /// # Errors
    /// [`FilesError`] where a build writes there or did not end.
    pub fn of(folder: &Path) -> Result<Option<Self>, FilesError> {
        let path = folder.join(LIST);
        if read_list(&path)?.is_none() {
            return Ok(None);
        }
        let lock = locked(folder, File::try_lock_shared)?;
        let list = read_list(&path)?.unwrap_or_default();
        let before = Before::parse(&list).map_err(|line| FilesError::List { path, line })?;
        if before.is_begun() {
            return Err(FilesError::Begun(folder.to_owned()));
        }
        Ok(Some(Self {
            names: before.names().collect(),
            _lock: lock,
        }))
    }
}

/// Tells whether a folder has a site, as far as its list and its home page say.
#[must_use]
pub fn stands(folder: &Path) -> bool {
    [LIST, address::HOME]
        .iter()
        .all(|name| folder.join(name).is_file())
}

/// Finds a file of a site that is gone among some names.
#[must_use]
pub fn gone(folder: &Path, mut names: Vec<String>) -> Option<String> {
    names.retain(|name| fs::symlink_metadata(folder.join(name)).is_err());
    if names.is_empty() {
        return None;
    }
    let before = Before::parse(&read_list(&folder.join(LIST)).ok()??).ok()?;
    before.names().find(|name| names.contains(name))
}

/// Takes the lock of a folder.
pub(crate) fn locked(folder: &Path, take: fn(&File) -> Result<(), TryLockError>) -> Result<File, FilesError> {
    let lock = File::open(folder).map_err(failed("open", folder))?;
    match take(&lock) {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(FilesError::Busy(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed("lock", folder)(source)),
    }
}

/// Returns the folder that a file comes in, by its name in the site's.
pub(crate) fn above(name: &(impl AsRef<Path> + ?Sized)) -> &Path {
    name.as_ref().parent().unwrap_or(Path::new(""))
}

/// Refuses a folder of the site to which a symbolic link leads, or a file stands in the way: what is there is somebody else's. One that
/// is not there is none.
pub(crate) fn refuse_detour(root: &Path, folder: &Path) -> Result<(), FilesError> {
    let folders = folder.components().scan(root.to_owned(), |folder, part| {
        folder.push(part);
        Some(folder.clone())
    });
    for folder in folders {
        match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(FilesError::NotOurs(folder)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(source) => return Err(failed("look at", &folder)(source)),
        }
    }
    Ok(())
}

/// Removes a file, and the folders above it that hold nothing else; tells whether it was there.
pub(crate) fn remove(root: &Path, name: impl AsRef<Path>) -> Result<bool, FilesError> {
    let name = name.as_ref();
    refuse_detour(root, above(name))?;
    let path = root.join(name);
    let was_there = match fs::remove_file(&path) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(source) => return Err(failed("remove", &path)(source)),
    };
    let above = path.ancestors().skip(1).take_while(|above| *above != root);
    for folder in above {
        match fs::remove_dir(folder) {
            // One that holds anything stays.
            Err(error) if error.kind() != io::ErrorKind::NotFound => break,
            _ => {}
        }
    }
    Ok(was_there)
}

/// Returns where something is made that is then moved to its place.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{}.new", name.trim_start_matches('.')))
}

/// Removes what a program that was killed left beside the place of a file.
pub(crate) fn clear_beside_file(root: &Path, name: &str) -> Result<(), FilesError> {
    remove(root, beside(Path::new(name))).map(drop)
}

/// Removes what a build that was killed left beside the place of a file, or of the folder that it was to come in.
fn clear_beside(root: &Path, name: &str) -> Result<(), FilesError> {
    clear_beside_file(root, name)?;
    let Some(folder) = folder_beside(name) else {
        return Ok(());
    };
    let folder = root.join(folder);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &folder)(error)),
        _ => Ok(()),
    }
}

/// Returns where a file, and the folder that it comes in, are made.
fn places_beside(name: &str) -> impl Iterator<Item = PathBuf> {
    [Some(beside(Path::new(name))), folder_beside(name)]
        .into_iter()
        .flatten()
}

/// Returns where the folder that a file comes in is made; `None` where that is the site's own.
fn folder_beside(name: &str) -> Option<PathBuf> {
    Some(above(name))
        .filter(|folder| *folder != Path::new(""))
        .map(beside)
}

/// Refuses what stands where something is to be made, which is somebody's: what a build left there that was killed is gone by then.
/// Once a name is on the list, what stands there goes with the next build.
fn refuse_another(beside: &Path) -> Result<(), FilesError> {
    if fs::symlink_metadata(beside).is_ok() {
        return Err(FilesError::NotOurs(beside.to_owned()));
    }
    Ok(())
}

/// Writes a file beside its place and moves it there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FilesError> {
    let beside = beside(path);
    let create = || OpenOptions::new().write(true).create_new(true).open(&beside);
    let file = match create() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path);
            fs::create_dir_all(folder).map_err(failed("make", folder))?;
            create()
        }
        // Another that was killed left it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&beside).map_err(failed("remove", &beside))?;
            create()
        }
        file => file,
    };
    let mut file = file.map_err(failed("write", &beside))?;
    let written = file.write_all(bytes).map_err(failed("write", &beside));
    let moved = written.and_then(|()| fs::rename(&beside, path).map_err(failed("write", path)));
    if moved.is_err() {
        let _ = fs::remove_file(&beside);
    }
    moved
}

pub(crate) fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FilesError {
    let path = path.to_owned();
    move |source| FilesError::Io { verb, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTICLE: &str = "2026/01/22/a";

    fn written(folder: &Path) -> Result<(), FilesError> {
        let (files, _) = Files::open(folder)?;
        files.write_folder(ARTICLE, &[("index.html".to_owned(), b"a".to_vec())])?;
        files.write(address::HOME, b"b")
    }

    #[test]
    fn what_others_have_where_a_build_makes_its_files_stays_as_it_is() {
        for name in [".index.html.new", "2026/01/22/.a.new/keep.txt"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "kept").unwrap();
            for _ in 0..2 {
                assert!(
                    matches!(written(folder.path()), Err(FilesError::NotOurs(_))),
                    "{name}"
                );
                assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
            }
        }
    }

    #[test]
    fn a_file_that_changed_when_the_last_build_ended_may_be_anybodys() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(address::HOME), "a").unwrap();
        let (mut files, _) = Files::open(folder.path()).unwrap();
        let found = fs::metadata(folder.path().join(address::HOME)).unwrap();
        let mut is_kept = |ended| {
            files.ended = Some(ended);
            files.keep(&[(address::HOME.to_owned(), 1)])
        };
        assert!(!is_kept((found.ctime(), found.ctime_nsec())));
        assert!(is_kept((found.ctime(), found.ctime_nsec() + 1)));
    }

    #[test]
    fn what_a_build_that_was_killed_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("2026/01/22/.a.new");
        {
            let (files, _) = Files::open(folder.path()).unwrap();
            let names = [format!("{ARTICLE}/index.html")];
            files.work().begin(folder.path(), &names).unwrap();
            fs::create_dir_all(&beside).unwrap();
            fs::write(beside.join("index.html"), "half").unwrap();
        }
        written(folder.path()).unwrap();
        assert!(!beside.exists());
        assert_eq!(
            fs::read(folder.path().join(ARTICLE).join("index.html")).unwrap(),
            b"a"
        );
    }

    #[test]
    fn a_file_that_cannot_come_into_its_place_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("place/file")).unwrap();
        assert!(replace(&folder.path().join("place"), b"a").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
