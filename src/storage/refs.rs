//! Refs, read strictly: a branch is one file of forty digits and a line feed, or one line of `packed-refs`.
//! Links are not followed and nothing is guessed, because a verdict hangs on the branch's tip.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::id::{CommitId, ObjectId};
use crate::storage::file::{self, FileError};
use crate::storage::layout;

/// The branch that holds every revision.
pub const BRANCH: &str = "refs/heads/main";

/// The longest file of refs that is read, 64 MiB: half a million refs.
pub(super) const LARGEST: usize = 64 << 20;

/// What the first line of `packed-refs` begins with, where it says how the file was written.
const HEADER: &str = "# pack-refs with:";

/// What it says, as the gits of different years do.
const WAYS: [&str; 3] = ["peeled", "fully-peeled", "sorted"];

/// Why the branch cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RefError {
    /// The file cannot be read.
    #[error("could not read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: FileError,
    },
    /// The file's bytes are not what git writes.
    #[error("{} is damaged: it should hold {expected}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What should stand there.
        expected: &'static str,
    },
    /// `HEAD` leads to another branch than the one that holds every revision, which is there.
    #[error(
        "HEAD leads to {found}, and an archive's leads to {BRANCH}; `git --git-dir {} symbolic-ref HEAD {BRANCH}` mends it",
        repository.display()
    )]
    Elsewhere {
        /// The repository.
        repository: PathBuf,
        /// The branch.
        found: String,
    },
    /// The repository is of another format.
    #[error("{} holds an id by SHA-256, and only repositories whose ids are by SHA-1 are read here", .0.display())]
    Longer(PathBuf),
}

impl RefError {
    /// Tells whether the question could not be answered, because the operating system did not give the file.
    #[must_use]
    pub fn is_system_error(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.is_system_error())
    }
}

/// Reads the tip of the branch; `None` where the branch has no commit.
///
/// # Errors
/// [`RefError`] where a file cannot be read, is a link or another special file, or is damaged.
pub fn tip(repository: &Path) -> Result<Option<CommitId>, RefError> {
    let head = repository.join("HEAD");
    let text = read(&head)?.ok_or_else(|| damaged(&head, "ref: refs/heads/main"))?;
    if text != format!("ref: {BRANCH}\n").as_bytes() {
        // A bare repository that git made has what git was told to call the first branch.
        let other = other_branch(&text).filter(|_| find(repository, BRANCH).is_ok_and(|id| id.is_some()));
        return Err(other.map_or_else(
            || damaged(&head, "ref: refs/heads/main"),
            |found| RefError::Elsewhere {
                repository: repository.to_owned(),
                found: found.to_owned(),
            },
        ));
    }
    let loose = repository.join(BRANCH);
    if let Some(bytes) = read(&loose)? {
        let id = loose_id(&loose, &bytes)?;
        return Ok(Some(CommitId::from_raw(*id.raw())));
    }
    let packed = repository.join("packed-refs");
    let Some(bytes) = read(&packed)? else {
        return Ok(None);
    };
    let expected = "lines of an id and a ref";
    let mut found = None;
    for line in packed_lines(&bytes).ok_or_else(|| damaged(&packed, expected))? {
        let (id, name) = line.ok_or_else(|| damaged(&packed, expected))?;
        if found.is_some() && name == BRANCH {
            return Err(damaged(&packed, expected));
        }
        if name == BRANCH {
            found = Some(CommitId::from_raw(*id.raw()));
        }
    }
    Ok(found)
}

/// Returns the branch that `HEAD` leads to, where it is written as git writes it.
fn other_branch(head: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(head).ok()?.strip_prefix("ref: ")?;
    let name = name.strip_suffix('\n')?;
    let is_whole = name.starts_with("refs/heads/") && !name.chars().any(char::is_control);
    is_whole.then_some(name)
}

/// Finds what a ref names, by its full name; `None` where there is no such ref.
///
/// # Errors
/// [`RefError`] where a file cannot be read, is damaged, or refers to another ref.
pub fn find(repository: &Path, name: &str) -> Result<Option<ObjectId>, RefError> {
    let loose = repository.join(name);
    // A folder of this name holds other refs, of which one may be packed under it.
    if !loose.is_dir()
        && let Some(bytes) = read(&loose)?
    {
        return loose_id(&loose, &bytes).map(Some);
    }
    let packed = repository.join("packed-refs");
    let expected = "lines of an id and a ref";
    let Some(bytes) = read(&packed)? else {
        return Ok(None);
    };
    for line in packed_lines(&bytes).ok_or_else(|| damaged(&packed, expected))? {
        let (id, known) = line.ok_or_else(|| damaged(&packed, expected))?;
        if known == name {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Reads what the file of a ref names.
fn loose_id(path: &Path, bytes: &[u8]) -> Result<ObjectId, RefError> {
    let line = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.strip_suffix('\n'));
    if line.is_some_and(|line| line.len() == 64 && line.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(RefError::Longer(path.to_owned()));
    }
    line.and_then(|line| line.parse().ok())
        .ok_or_else(|| damaged(path, "40 hexadecimal digits and a line feed"))
}

/// Lists the refs under a prefix such as `refs/mirrors/`, by their full names, in order. One that has a file of its
/// own is what that file says, as in git.
///
/// # Errors
/// [`RefError`] where a file or folder cannot be read, is a link, is damaged, refers to another ref, or has a name that is not UTF-8.
pub fn list(repository: &Path, prefix: &str) -> Result<BTreeMap<String, ObjectId>, RefError> {
    let (refs, unnamed) = list_named(repository, prefix)?;
    match unnamed.first().and_then(|name| name.rsplit_once('/')) {
        Some((folder, _)) => Err(damaged(&repository.join(folder), "refs whose names are UTF-8")),
        None => Ok(refs),
    }
}

/// As [`list`], but passes over refs and folders whose names are not UTF-8; these come second, each with U+FFFD for what cannot
/// be shown.
///
/// # Errors
/// As for [`list`], names aside.
pub fn list_named(
    repository: &Path,
    prefix: &str,
) -> Result<(BTreeMap<String, ObjectId>, Vec<String>), RefError> {
    let mut refs = BTreeMap::new();
    let mut unnamed = Vec::new();
    let packed = repository.join("packed-refs");
    let expected = "lines of an id and a ref";
    if let Some(bytes) = read(&packed)? {
        for line in packed_lines(&bytes).ok_or_else(|| damaged(&packed, expected))? {
            let (id, name) = line.ok_or_else(|| damaged(&packed, expected))?;
            if name.starts_with(prefix) {
                refs.insert(name.to_owned(), id);
            }
        }
    }
    let mut folders = vec![prefix.trim_end_matches('/').to_owned()];
    // The system refuses a path of more than some thousand bytes, so that folders end.
    while let Some(folder) = folders.pop() {
        let path = repository.join(&folder);
        let io = |source: io::Error| RefError::Io {
            path: path.clone(),
            source: source.into(),
        };
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) if metadata.is_symlink() => {
                return Err(RefError::Io {
                    path,
                    source: FileError::Link,
                });
            }
            Ok(_) => return Err(damaged(&path, "files of refs")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(io(error)),
        }
        for entry in layout::list(&path).map_err(io)? {
            let name = format!("{folder}/{}", entry.text);
            if entry.text.contains('\u{fffd}') {
                unnamed.push(name);
            } else if entry.kind.is_dir() {
                folders.push(name);
            } else if entry.text.strip_suffix(".lock").is_none() {
                let path = repository.join(&name);
                // It may have been packed or deleted since the folder was listed.
                let Some(bytes) = read(&path)? else { continue };
                let id = loose_id(&path, &bytes)?;
                refs.insert(name, id);
            }
        }
    }
    Ok((refs, unnamed))
}

/// Reads the lines of `packed-refs`, those that only peel a tag aside; `None` where it is none, or a line is none. Where the file
/// says that it is sorted, git looks refs up by halving it, and finds none that is out of order.
fn packed_lines(bytes: &[u8]) -> Option<impl Iterator<Item = Option<(ObjectId, &str)>>> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let mut lines = text.split('\n').peekable();
    let header = lines.next_if(|line| line.starts_with(HEADER));
    let ways = header
        .and_then(|header| header.strip_prefix(HEADER))
        .unwrap_or_default();
    if !ways.split(' ').all(|way| way.is_empty() || WAYS.contains(&way)) {
        return None;
    }
    let is_sorted = ways.split(' ').any(|way| way == "sorted");
    let mut before: Option<&str> = None;
    Some(lines.filter_map(move |line| {
        if before.is_some()
            && line
                .strip_prefix('^')
                .is_some_and(|id| id.parse::<ObjectId>().is_ok())
        {
            return None;
        }
        let read = line.split_once(' ').and_then(|(id, name)| {
            let is_in_order = !is_sorted || before.is_none_or(|before| before < name);
            Some((
                id.parse().ok()?,
                Some(name).filter(|name| is_name(name) && is_in_order)?,
            ))
        });
        before = line.split_once(' ').map(|(_, name)| name);
        Some(read)
    }))
}

/// Tells whether git takes a name for one of a ref below `refs/`.
///
/// Source of the rules: git's documentation, `git check-ref-format`.
fn is_name(name: &str) -> bool {
    let is_bad = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let is_part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.strip_suffix(".lock").is_none();
    name.starts_with("refs/")
        && name.split('/').all(is_part)
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(is_bad)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, RefError> {
    match file::read(path, LARGEST) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(source) if source.is_missing() => Ok(None),
        Err(source) => Err(RefError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

fn damaged(path: &Path, expected: &'static str) -> RefError {
    RefError::Damaged {
        path: path.to_owned(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    /// Makes what of a repository has to do with refs.
    fn repository(packed: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(folder.path().join("packed-refs"), packed).unwrap();
        fs::create_dir_all(folder.path().join("refs/heads")).unwrap();
        folder
    }

    #[test]
    fn a_branch_that_is_packed_twice_is_damage_and_another_ref_is_not() {
        let folder = repository(&format!("{ONE} {BRANCH}\n{TWO} refs/heads/other\n"));
        assert_eq!(tip(folder.path()).unwrap().unwrap().to_string(), ONE);
        let folder = repository(&format!("{ONE} {BRANCH}\n{TWO} {BRANCH}\n"));
        assert!(matches!(tip(folder.path()), Err(RefError::Damaged { .. })));
    }

    #[test]
    fn packed_refs_are_in_order_where_they_are_said_to_be_and_headers_are_those_of_any_git() {
        let tip_of = |packed: &str| tip(repository(packed).path()).map(|tip| tip.map(|id| id.to_string()));
        let lines = |names: [&str; 2]| names.map(|name| format!("{ONE} {name}\n")).concat();
        let (ascending, descending) = (lines([BRANCH, "refs/tags/a"]), lines(["refs/tags/a", BRANCH]));
        for header in [
            "# pack-refs with: peeled fully-peeled sorted \n",
            "# pack-refs with: peeled fully-peeled sorted\n",
            "# pack-refs with: sorted \n",
            "# pack-refs with: peeled \n",
            "# pack-refs with:\n",
            "",
        ] {
            let read = |lines: &str| tip_of(&format!("{header}{lines}"));
            assert_eq!(read(&ascending).unwrap().as_deref(), Some(ONE), "{header}");
            assert_eq!(
                read(&format!("{ascending}^{TWO}\n")).unwrap().as_deref(),
                Some(ONE)
            );
            let is_sorted = header.contains("sorted");
            assert_eq!(read(&descending).is_err(), is_sorted, "{header}");
            assert!(read(&format!("^{TWO}\n{ascending}")).is_err(), "{header}");
            assert!(read(&format!("{ascending}# pack-refs with: peeled \n")).is_err());
        }
        for header in [
            "# other",
            "# pack-refs with: peeled,sorted",
            "# pack-refs with: other ",
        ] {
            assert!(tip_of(&format!("{header}\n{ascending}")).is_err(), "{header}");
        }
    }

    #[test]
    fn a_packed_ref_has_a_name_that_git_takes() {
        for name in [
            "refs/heads/a",
            "refs/heads/a.b/c@d",
            "refs/tags/中文",
            "refs/heads/main\0z",
            "refs/heads/../x",
            "refs/heads/a..b",
            "refs/heads//a",
            "refs/heads/a/",
            "refs/heads/.a",
            "refs/heads/a.",
            "refs/heads/a.lock",
            "refs/heads/a.lock/b",
            "refs/heads/a b",
            "refs/heads/a@{b",
            "refs/heads/@",
            "refs/heads/a\\b",
            "refs/heads/a\u{7f}",
            "refs/heads/a*",
            "refs/heads/[a",
            "other/a",
        ] {
            let is_taken = std::process::Command::new("git")
                .args(["check-ref-format", name.split('\0').next().unwrap()])
                .status()
                .unwrap()
                .success();
            let is_taken = is_taken && name.starts_with("refs/") && !name.contains('\0');
            let folder = repository(&format!("{ONE} {name}\n"));
            assert_eq!(tip(folder.path()).is_ok(), is_taken, "{name:?}");
        }
    }

    #[test]
    fn a_head_that_leads_to_another_branch_is_no_damage() {
        let folder = repository(&format!("{ONE} {BRANCH}\n"));
        let head = |text: &str| {
            fs::write(folder.path().join("HEAD"), text).unwrap();
            tip(folder.path()).unwrap_err()
        };
        let said = head("ref: refs/heads/master\n").to_string();
        let mending = format!(
            "`git --git-dir {} symbolic-ref HEAD refs/heads/main` mends it",
            folder.path().display()
        );
        assert_eq!(
            said,
            format!("HEAD leads to refs/heads/master, and an archive's leads to refs/heads/main; {mending}")
        );
        for damage in [
            "ref: refs/heads/mas",
            "ref: refs/heads/a\nb\n",
            "ref: elsewhere\n",
            "",
        ] {
            assert!(matches!(head(damage), RefError::Damaged { .. }), "{damage:?}");
        }
        fs::remove_file(folder.path().join("packed-refs")).unwrap();
        let other = head("ref: refs/heads/master\n");
        assert!(
            matches!(other, RefError::Damaged { .. }),
            "it is no archive: {other}"
        );
    }

    #[test]
    fn a_ref_is_found_packed_where_a_folder_has_its_name() {
        let folder = repository(&format!("{ONE} refs/heads/a\n"));
        fs::create_dir(folder.path().join("refs/heads/a")).unwrap();
        fs::write(folder.path().join("refs/heads/a/b"), format!("{TWO}\n")).unwrap();
        let found = |name: &str| find(folder.path(), name).unwrap().map(|id| id.to_string());
        assert_eq!(found("refs/heads/a").as_deref(), Some(ONE));
        assert_eq!(found("refs/heads/a/b").as_deref(), Some(TWO));
        assert_eq!(found("refs/heads/c"), None);
        let listed = list(folder.path(), "refs/heads/").unwrap();
        assert_eq!(listed.len(), 2);
        assert!(list(folder.path(), "refs/mirrors/").unwrap().is_empty());
    }

    #[test]
    fn what_stands_in_the_place_of_a_folder_of_refs_is_named() {
        let folder = repository(&format!("{ONE} {BRANCH}\n"));
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("elsewhere")).unwrap();
        symlink("../elsewhere", path("refs/link")).unwrap();
        fs::write(path("refs/file"), format!("{ONE}\n")).unwrap();
        let listed = |prefix: &str| list(folder.path(), prefix).unwrap_err();
        let link = listed("refs/link/");
        assert!(
            matches!(
                &link,
                RefError::Io {
                    source: FileError::Link,
                    ..
                }
            ),
            "{link:?}"
        );
        assert!(matches!(listed("refs/file/"), RefError::Damaged { .. }));
        assert!(matches!(listed("refs/file/below/"), RefError::Io { .. }));
        // Deeper than the system can name.
        let deep = format!("refs/{}", "d/".repeat(3000));
        assert!(matches!(listed(&deep), RefError::Io { .. }));
        fs::write(
            path("refs/heads").join(OsStr::from_bytes(b"a\xff")),
            format!("{ONE}\n"),
        )
        .unwrap();
        assert!(matches!(listed("refs/heads/"), RefError::Damaged { .. }));
        fs::write(path("refs/heads/b"), format!("{TWO}\n")).unwrap();
        let (named, unnamed) = list_named(folder.path(), "refs/heads/").unwrap();
        assert!(named.keys().eq(["refs/heads/b", BRANCH]));
        assert_eq!(unnamed, ["refs/heads/a\u{fffd}"]);
    }
}
