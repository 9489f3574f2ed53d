//! The parts of a repository that make git show something other than its objects say. `git fsck --strict` is
//! silent about most of them; an archive that has one is refused by name, never read past.

use std::borrow::Cow;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::storage::file::{self, FileError};
use crate::storage::refs;

mod config;

/// Something in the repository's own files that could change what a reader is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {why}", path.display())]
pub struct PlumbingFinding {
    /// The file or folder, relative to the repository.
    pub path: PathBuf,
    /// What it does, or why it could not be looked at.
    pub why: Cow<'static, str>,
    /// Whether it could not be looked at: it may be harmless.
    pub is_unread: bool,
}

/// Files that make git believe in other objects, parents or places.
const REFUSED: [(&str, &str); 8] = [
    ("info/grafts", "gives commits other parents than their own"),
    ("shallow", "cuts the history off"),
    ("commondir", "makes git read another repository"),
    (
        "objects/info/alternates",
        "makes git borrow objects from elsewhere",
    ),
    (
        "objects/info/http-alternates",
        "makes git borrow objects from elsewhere",
    ),
    (
        "refs/replace",
        "shows other objects in place of those that are named",
    ),
    (
        "reftable",
        "keeps the refs in a form that this program does not read",
    ),
    ("config.worktree", "adds settings to the repository's own"),
];

/// What another ref is whose name ends as the branch's does.
const NAMESAKE: &str = "is what git shows for the name main, in place of the branch";

/// What a symbolic link is.
const LINK: &str = "is a symbolic link";

/// Names everything in a repository's own files that could change what a reader is shown.
#[must_use]
pub fn check(repository: &Path) -> Vec<PlumbingFinding> {
    let mut look = Look {
        repository,
        findings: Vec::new(),
    };
    for (path, why) in REFUSED {
        if look.metadata(path).is_some() {
            look.found(path, why);
        }
    }
    for path in [
        "HEAD",
        "config",
        "objects",
        "objects/pack",
        "objects/info",
        "refs",
        "logs",
        "packed-refs",
    ] {
        if look.metadata(path).is_some_and(|metadata| metadata.is_symlink()) {
            look.found(path, LINK);
        }
    }
    look.strays_below("refs");
    look.strays_below("logs");
    look.strays_below("objects/pack");
    for name in ["main", "refs/main", "refs/tags/main"] {
        if look.metadata(name).is_some_and(|found| !found.is_dir()) {
            look.found(name, NAMESAKE);
        }
    }
    for hook in look.entries("hooks".as_ref()) {
        let path = Path::new("hooks").join(hook.file_name());
        let runs = |metadata: Metadata| metadata.is_symlink() || metadata.mode() & 0o111 != 0;
        if path.extension().is_none_or(|ending| ending != "sample") && look.metadata(&path).is_some_and(runs)
        {
            look.found(&path, "is a program that git would run");
        }
    }
    let packed = look.bytes("packed-refs", refs::LARGEST).unwrap_or_default();
    if memchr::memmem::find(&packed, b" refs/replace/").is_some() {
        look.found(
            "packed-refs",
            "shows other objects in place of those that are named (refs/replace)",
        );
    }
    if [" refs/main\n", " refs/tags/main\n"]
        .iter()
        .any(|name| memchr::memmem::find(&packed, name.as_bytes()).is_some())
    {
        look.found("packed-refs", NAMESAKE);
    }
    let config = look.bytes("config", 1 << 20);
    if let Some(why) = config.and_then(|bytes| config::fault(&bytes)) {
        look.found("config", why);
    }
    let attributes = look.bytes("info/attributes", 1 << 20);
    if attributes.is_some_and(|bytes| bytes.split(|byte| *byte == b'\n').any(is_attribute)) {
        look.found(
            "info/attributes",
            "has git leave out files, or show them otherwise than they are",
        );
    }
    look.findings
}

/// A look at a repository's own files. What is not there is nothing to tell of; what cannot be looked at is.
struct Look<'a> {
    repository: &'a Path,
    findings: Vec<PlumbingFinding>,
}

impl Look<'_> {
    fn found(&mut self, path: impl AsRef<Path>, why: &'static str) {
        self.findings.push(PlumbingFinding {
            path: path.as_ref().to_owned(),
            why: why.into(),
            is_unread: false,
        });
    }

    /// Takes what there is, and tells of what was refused.
    fn taken<T>(&mut self, path: &Path, looked: Result<T, FileError>) -> Option<T> {
        match looked {
            Ok(found) => return Some(found),
            Err(error @ FileError::Io(_)) if !error.is_system_error() => {}
            Err(FileError::Io(source)) => self.findings.push(PlumbingFinding {
                path: path.to_owned(),
                why: format!("could not be read: {source}").into(),
                is_unread: true,
            }),
            Err(_) => self.found(path, "cannot be read"),
        }
        None
    }

    fn metadata(&mut self, path: impl AsRef<Path>) -> Option<Metadata> {
        let metadata = fs::symlink_metadata(self.repository.join(&path));
        self.taken(path.as_ref(), metadata.map_err(FileError::from))
    }

    fn bytes(&mut self, path: &str, most: usize) -> Option<Vec<u8>> {
        let bytes = file::read(&self.repository.join(path), most);
        self.taken(path.as_ref(), bytes)
    }

    /// Tells of what is neither a file nor a folder in a folder, however deep: what is written to a symbolic link's name would be
    /// written elsewhere, or deleted there, and who opens a FIFO waits for ever.
    fn strays_below(&mut self, folder: &str) {
        let mut folders = vec![PathBuf::from(folder)];
        // The system refuses a path of more than some thousand bytes, so that folders end.
        while let Some(folder) = folders.pop() {
            if !self.metadata(&folder).is_some_and(|metadata| metadata.is_dir()) {
                continue;
            }
            for entry in self.entries(&folder) {
                let path = folder.join(entry.file_name());
                match self.taken(&path, entry.file_type().map_err(FileError::from)) {
                    Some(kind) if kind.is_dir() => folders.push(path),
                    Some(kind) if kind.is_symlink() => self.found(&path, LINK),
                    Some(kind) if !kind.is_file() => self.found(&path, "is no regular file"),
                    _ => {}
                }
            }
        }
    }

    /// Lists what is in a folder.
    fn entries(&mut self, folder: &Path) -> Vec<DirEntry> {
        let entries = fs::read_dir(self.repository.join(folder)).and_then(Iterator::collect);
        self.taken(folder, entries.map_err(FileError::from))
            .unwrap_or_default()
    }
}

/// Tells whether a line of attributes is more than a remark.
fn is_attribute(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    !line.is_empty() && !line.starts_with(b"#")
}

/// Tells whether the folder is the calling user's own.
///
/// # Errors
/// The operating system's, where the folder cannot be looked at.
pub fn owned_by_caller(repository: &Path) -> io::Result<bool> {
    Ok(fs::metadata(repository)?.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_that_is_a_link_and_a_replacement_that_is_packed_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("hooks")).unwrap();
        assert!(
            check(folder.path()).is_empty(),
            "nothing that is missing is a fault"
        );
        std::os::unix::fs::symlink("/bin/true", path("hooks/post-update")).unwrap();
        fs::write(path("hooks/readme"), "no program").unwrap();
        std::os::unix::fs::symlink("/bin/true", path("hooks/update.sample")).unwrap();
        let id = "1".repeat(40);
        fs::write(path("packed-refs"), format!("{id} refs/replace/{id}\n")).unwrap();
        let found = check(folder.path());
        let named: Vec<&Path> = found.iter().map(|finding| finding.path.as_path()).collect();
        assert_eq!(named, [Path::new("hooks/post-update"), Path::new("packed-refs")]);
        fs::write(path("packed-refs"), format!("{id} refs/tags/main\n")).unwrap();
        fs::create_dir_all(path("logs/refs/heads")).unwrap();
        std::os::unix::fs::symlink("/dev/null", path("logs/refs/heads/main")).unwrap();
        fs::write(path("main"), format!("{id}\n")).unwrap();
        let found = check(folder.path());
        let named: Vec<&Path> = found.iter().map(|finding| finding.path.as_path()).collect();
        let expected = ["logs/refs/heads/main", "main", "hooks/post-update", "packed-refs"];
        assert_eq!(named, expected.map(Path::new));
        fs::remove_dir_all(path("logs")).unwrap();
        std::os::unix::fs::symlink("hooks", path("logs")).unwrap();
        let found = check(folder.path());
        let names_logs = |finding: &&PlumbingFinding| finding.path == Path::new("logs");
        assert_eq!(found.iter().filter(names_logs).count(), 1, "{found:?}");
        fs::remove_file(path("packed-refs")).unwrap();
        fs::create_dir(path("info")).unwrap();
        for (text, is_fault) in [
            ("# *.md -diff\n\n", false),
            ("# remark\n*.md export-ignore\n", true),
            (" [attr]x -diff", true),
        ] {
            fs::write(path("info/attributes"), text).unwrap();
            let found = check(folder.path());
            let is_named = found
                .iter()
                .any(|finding| finding.path == Path::new("info/attributes"));
            assert_eq!(is_named, is_fault, "{text}");
        }
        fs::remove_file(path("info/attributes")).unwrap();
        for name in ["packed-refs", "config"] {
            fs::create_dir(path(name)).unwrap();
            let found = check(folder.path());
            assert!(
                found.iter().any(|finding| finding.why == "cannot be read"),
                "{name}"
            );
            fs::remove_dir(path(name)).unwrap();
        }
    }

    #[test]
    fn what_is_neither_file_nor_folder_is_named_wherever_a_writer_or_git_comes() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["refs/mirrors/a", "logs/refs", "objects/pack/multi-pack-index.d"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        for name in ["refs/main.lock", "objects/pack/a.keep"] {
            fs::write(path(name), "").unwrap();
        }
        assert_eq!(check(folder.path()), []);
        let link = "refs/mirrors/a/heads";
        std::os::unix::fs::symlink("../../..", path(link)).unwrap();
        let sockets = ["refs/x.lock", "logs/refs/HEAD", "objects/pack/multi-pack-index"];
        let _listening = sockets.map(|name| std::os::unix::net::UnixListener::bind(path(name)).unwrap());
        let found = check(folder.path());
        let mut named: Vec<(&str, &str)> = found
            .iter()
            .map(|finding| (finding.path.to_str().unwrap(), &*finding.why))
            .collect();
        named.sort_unstable();
        let mut expected = sockets.map(|name| (name, "is no regular file")).to_vec();
        expected.push((link, LINK));
        expected.sort_unstable();
        assert_eq!(named, expected);
    }
}
