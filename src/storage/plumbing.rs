//! The parts of a repository that make git show something other than its objects say. `git fsck --strict` is
//! silent about most of them; an archive that has one is refused by name, never read past.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::storage::file;
use crate::storage::refs::{self, BRANCH};

/// Something in the repository's own files that could change what a reader is shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {why}", path.display())]
pub struct PlumbingFinding {
    /// The file or folder, relative to the repository.
    pub path: PathBuf,
    /// What it does.
    pub why: &'static str,
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
    let mut findings = Vec::new();
    let mut found = |path: &str, why| {
        findings.push(PlumbingFinding {
            path: PathBuf::from(path),
            why,
        });
    };
    for (path, why) in REFUSED {
        if fs::symlink_metadata(repository.join(path)).is_ok() {
            found(path, why);
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
        if fs::symlink_metadata(repository.join(path)).is_ok_and(|metadata| metadata.is_symlink()) {
            found(path, "is a symbolic link");
        }
    }
    for hook in names(&repository.join("hooks")) {
        let path = format!("hooks/{hook}");
        let metadata = fs::symlink_metadata(repository.join(&path));
        let runs = metadata.is_ok_and(|metadata| metadata.is_symlink() || metadata.mode() & 0o111 != 0);
        if runs && !hook.ends_with(".sample") {
            found(&path, "is a program that git would run");
        }
    }
    match file::read(&repository.join("packed-refs"), refs::LARGEST) {
        Ok(packed) => {
            if memchr::memmem::find(&packed, b" refs/replace/").is_some() {
                found(
                    "packed-refs",
                    "shows other objects in place of those that are named (refs/replace)",
                );
            }
        }
        Err(error) if error.is_missing() => {}
        Err(_) => found("packed-refs", "cannot be read"),
    }
    match file::read(&repository.join("config"), 1 << 20) {
        Ok(bytes) => {
            if let Some(why) = config_fault(&String::from_utf8_lossy(&bytes)) {
                found("config", why);
            }
        }
        Err(error) if error.is_missing() => {}
        Err(_) => found("config", "cannot be read"),
    }
    findings
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

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
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
}
