//! The parts of a repository that make git show something other than its objects say. `git fsck --strict` is
//! silent about most of them; an archive that has one is refused by name, never read past.

use std::borrow::Cow;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::storage::file::{self, FileError};
use crate::storage::refs::{self, BRANCH};

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

/// Sections of a configuration that run nothing and change nothing that is read.
const SECTIONS: [&str; 9] = [
    "core", "gc", "receive", "transfer", "pack", "repack", "remote", "branch", "user",
];

/// Keys of the section `core` that are harmless.
const CORE: [&str; 12] = [
    "repositoryformatversion",
    "filemode",
    "bare",
    "logallrefupdates",
    "ignorecase",
    "precomposeunicode",
    "symlinks",
    "sharedrepository",
    "compression",
    "fsync",
    "fsyncmethod",
    "fsyncobjectfiles",
];

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
        "refs/heads",
        "refs/mirrors",
        BRANCH,
        "packed-refs",
    ] {
        if look.metadata(path).is_some_and(|metadata| metadata.is_symlink()) {
            look.found(path, "is a symbolic link");
        }
    }
    for hook in look.names("hooks") {
        let path = format!("hooks/{hook}");
        let runs = |metadata: Metadata| metadata.is_symlink() || metadata.mode() & 0o111 != 0;
        if !hook.ends_with(".sample") && look.metadata(&path).is_some_and(runs) {
            look.found(&path, "is a program that git would run");
        }
    }
    let packed = look.bytes("packed-refs", refs::LARGEST);
    if packed.is_some_and(|packed| memchr::memmem::find(&packed, b" refs/replace/").is_some()) {
        look.found(
            "packed-refs",
            "shows other objects in place of those that are named (refs/replace)",
        );
    }
    let config = look.bytes("config", 1 << 20);
    if let Some(why) = config.and_then(|bytes| config_fault(&String::from_utf8_lossy(&bytes))) {
        look.found("config", why);
    }
    look.findings
}

/// A look at a repository's own files. What is not there is nothing to tell of; what cannot be looked at is.
struct Look<'a> {
    repository: &'a Path,
    findings: Vec<PlumbingFinding>,
}

impl Look<'_> {
    fn found(&mut self, path: &str, why: &'static str) {
        self.findings.push(PlumbingFinding {
            path: PathBuf::from(path),
            why: why.into(),
            is_unread: false,
        });
    }

    /// Takes what there is, and tells of what was refused.
    fn taken<T>(&mut self, path: &str, looked: Result<T, FileError>) -> Option<T> {
        match looked {
            Ok(found) => return Some(found),
            Err(error @ FileError::Io(_)) if !error.is_system_error() => {}
            Err(FileError::Io(source)) => self.findings.push(PlumbingFinding {
                path: PathBuf::from(path),
                why: format!("could not be read: {source}").into(),
                is_unread: true,
            }),
            Err(_) => self.found(path, "cannot be read"),
        }
        None
    }

    fn metadata(&mut self, path: &str) -> Option<Metadata> {
        let metadata = fs::symlink_metadata(self.repository.join(path));
        self.taken(path, metadata.map_err(FileError::from))
    }

    fn bytes(&mut self, path: &str, most: usize) -> Option<Vec<u8>> {
        let bytes = file::read(&self.repository.join(path), most);
        self.taken(path, bytes)
    }

    /// Lists the names in a folder.
    fn names(&mut self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.repository.join(folder)).and_then(Iterator::collect);
        let entries: Vec<DirEntry> = self
            .taken(folder, entries.map_err(FileError::from))
            .unwrap_or_default();
        let name = |entry: &DirEntry| entry.file_name().to_string_lossy().into_owned();
        entries.iter().map(name).collect()
    }
}

/// Tells whether the folder is the calling user's own.
///
/// # Errors
/// The operating system's, where the folder cannot be looked at.
pub fn owned_by_caller(repository: &Path) -> io::Result<bool> {
    Ok(fs::metadata(repository)?.uid() == rustix::process::geteuid().as_raw())
}

/// Judges a configuration by a list of what is harmless, because git's own list of what is not grows.
fn config_fault(text: &str) -> Option<&'static str> {
    let mut section = String::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if line.ends_with('\\') {
            return Some("has a line that goes on in the next, which no archive needs");
        }
        let mut line = line;
        if let Some(rest) = line.strip_prefix('[') {
            let Some((name, after)) = rest.split_once(']') else {
                return Some("is malformed");
            };
            section = name
                .split([' ', '.', '"'])
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            if section == "include" || section == "includeif" {
                return Some("reads another configuration (include)");
            }
            if section == "extensions" {
                return Some("uses an extension of the repository format");
            }
            if !SECTIONS.contains(&section.as_str()) {
                return Some("has a section that no archive needs");
            }
            line = after.trim();
            if line.is_empty() {
                continue;
            }
        }
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
        match (section.as_str(), key.as_str()) {
            ("core", "repositoryformatversion") if value != "0" => {
                return Some("has another repository format than 0");
            }
            ("core", "bare") if !value.eq_ignore_ascii_case("true") => {
                return Some("says that the repository is not bare");
            }
            ("core", key) if !CORE.contains(&key) => {
                return Some("has a core setting that could run or redirect something");
            }
            ("remote", "promisor" | "partialclonefilter") => return Some("makes this a partial clone"),
            ("remote", "uploadpack" | "receivepack" | "vcs") => return Some("names a program to run"),
            ("", _) => return Some("is malformed"),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_could_run_or_redirect_something_is_refused() {
        let plain = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";
        assert_eq!(config_fault(plain), None);
        assert_eq!(
            config_fault(&format!("{plain}[remote \"origin\"]\n\turl = /x\n[gc]\nauto=0\n")),
            None
        );
        for bad in [
            "[include]\npath=/x",
            "[includeIf \"gitdir:/\"]\npath=x",
            "[core] worktree = /",
            "[core]\nhooksPath=/x",
            "[Core]\nFSMonitor = x",
            "[extensions]\nobjectformat=sha256",
            "[filter \"a\"]\nclean=x",
            "x=1",
            "[core",
            "[core]\nrepositoryformatversion=1",
            "[core]\nbare=false",
            "[remote \"o\"]\npromisor=true",
            "[core]\nbare = tr\\\nue",
        ] {
            assert!(config_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn blank_lines_and_remarks_of_a_configuration_mean_nothing() {
        assert_eq!(
            config_fault("# remark\n\n; another \\\n[core]\n\t# bare = false\n"),
            None
        );
        assert!(config_fault("; remark\n[include]\npath = x").is_some());
    }

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
        fs::remove_file(path("packed-refs")).unwrap();
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
}
