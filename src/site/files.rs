//! The files of a site in the folder that they lie in: which are the site's own, and how they are replaced.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::id::ArticleId;

/// The file that names the site's own files, one on each line.
pub const LIST: &str = ".avalaches-site";

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
}

/// The files of a site while it is built.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    /// Those that an earlier build, or this one, wrote.
    own: BTreeSet<String>,
    made: BTreeSet<String>,
    counts: Counts,
}

impl Files {
    /// Looks which files of a folder are a site's.
    ///
    /// # Errors
    /// [`FilesError`] where the list of them cannot be read, or names others.
    pub fn open(folder: &Path) -> Result<Self, FilesError> {
        let path = folder.join(LIST);
        let list = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            list => list.map_err(|source| FilesError::Io {
                verb: "read",
                path: path.clone(),
                source,
            })?,
        };
        // A build that was killed may have left half a line.
        let whole = list.rfind('\n').map_or("", |end| &list[..end]);
        let mut own = BTreeSet::new();
        for (at, name) in whole.lines().enumerate() {
            if !is_of_a_site(name) {
                return Err(FilesError::List { path, line: at + 1 });
            }
            own.insert(name.to_owned());
        }
        Ok(Self {
            folder: folder.to_owned(),
            own,
            made: BTreeSet::new(),
            counts: Counts::default(),
        })
    }

    /// Writes a file, unless it is there with these bytes: beside its place, and then moved there.
    ///
    /// # Errors
    /// [`FilesError`]; a reader sees the old file then.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), FilesError> {
        debug_assert!(is_of_a_site(name), "{name}");
        let path = self.folder.join(name);
        self.made.insert(name.to_owned());
        let before = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => Some(fs::read(&path).map_err(failed("read", &path))?),
            Ok(_) => return Err(FilesError::NotOurs(path)),
            Err(_) => None,
        };
        if before.as_deref() == Some(bytes) {
            self.own(name)?;
            self.counts.unchanged += 1;
            return Ok(());
        }
        if before.is_some() && !self.own.contains(name) {
            return Err(FilesError::NotOurs(path));
        }
        // It is the site's before it is there: a build that is killed leaves nothing that the next does not know.
        self.own(name)?;
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(failed("make", folder))?;
        replace(&path, bytes)?;
        self.counts.written += 1;
        Ok(())
    }

    /// Removes the files of an earlier build that this one did not make, and writes the list of those that are.
    ///
    /// # Errors
    /// [`FilesError`].
    pub fn finish(mut self) -> Result<Counts, FilesError> {
        for name in self.own.difference(&self.made) {
            let path = self.folder.join(name);
            match fs::remove_file(&path) {
                Ok(()) => self.counts.removed += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(failed("remove", &path)(source)),
            }
            let above = path.ancestors().skip(1).take_while(|above| *above != self.folder);
            for folder in above {
                // One that holds anything stays.
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        let names = self.made.iter().flat_map(|name| [name.as_str(), "\n"]);
        let list: String = names.collect();
        let path = self.folder.join(LIST);
        if fs::read(&path).ok().as_deref() != Some(list.as_bytes()) {
            replace(&path, list.as_bytes())?;
        }
        Ok(self.counts)
    }

    /// Puts a name on the list.
    fn own(&mut self, name: &str) -> Result<(), FilesError> {
        if self.own.insert(name.to_owned()) {
            let path = self.folder.join(LIST);
            let list = OpenOptions::new().create(true).append(true).open(&path);
            let appended = list.and_then(|mut list| list.write_all(format!("{name}\n").as_bytes()));
            appended.map_err(failed("write", &path))?;
        }
        Ok(())
    }
}

/// Writes a file beside its place and moves it there.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), FilesError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{}.new", name.trim_start_matches('.')));
    // Another that was killed may have left one.
    let _ = fs::remove_file(&beside);
    let file = OpenOptions::new().write(true).create_new(true).open(&beside);
    let written = file.and_then(|mut file| file.write_all(bytes));
    written.map_err(failed("write", &beside))?;
    fs::rename(&beside, path).map_err(failed("write", path))
}

fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FilesError {
    let path = path.to_owned();
    move |source| FilesError::Io { verb, path, source }
}

/// Tells whether a site has a file of that name.
fn is_of_a_site(name: &str) -> bool {
    if name == "index.html" {
        return true;
    }
    let page = name.strip_suffix(".html").or_else(|| name.strip_suffix(".proof"));
    let Some((article, page)) = page.and_then(|page| page.rsplit_once('/')) else {
        return false;
    };
    let is_number = |digits: &str| {
        let is_plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        is_plain && digits.parse::<u32>().is_ok()
    };
    let is_page = page == "index" || page.strip_prefix('r').is_some_and(is_number);
    is_page
        && article
            .parse::<ArticleId>()
            .is_ok_and(|id| id.to_string() == article)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_a_site_are_a_sites() {
        for name in [
            "index.html",
            "2026/01/22/a-b/index.html",
            "2026/01/22/a/r12.proof",
        ] {
            assert!(is_of_a_site(name), "{name}");
        }
        for name in [
            "",
            "a.html",
            "index.proof",
            "../index.html",
            "/index.html",
            "2026/01/22/a/x.html",
            "2026/01/22/../r1.html",
            "2026/01/22/a/r0.html",
            "2026/01/22/a/r+1.html",
            "2026/02/30/a/index.html",
            "2026/01/22/a/index.html\0",
        ] {
            assert!(!is_of_a_site(name), "{name:?}");
        }
    }
}
