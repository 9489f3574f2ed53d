//! Which refs another repository has, and bringing objects from it and to it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use super::{FetchError, Git, Scratch};
use crate::id::ObjectId;

/// Configuration of the user's that no push of ours honours.
const PUSH_OVERRIDES: [&str; 5] = [
    "push.default=nothing",
    "push.followTags=false",
    "push.gpgSign=false",
    "push.recurseSubmodules=no",
    "push.useForceIfIncludes=false",
];

/// What `git upload-pack` tells whoever fetches, in no other language, where it misses an object.
const UNPACKED: &str = "aborting due to possible repository corruption on the remote side";

/// What became of a ref that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRef {
    /// Its full name at the other side.
    pub name: String,
    /// What became of it.
    pub flag: Flag,
    /// What git says of it, in its user's language.
    pub summary: String,
}

/// What git's `push --porcelain` says of a ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// It is there: made, moved, or as it was.
    Taken,
    /// It was refused.
    Refused,
}

impl Git {
    /// Asks a repository for the refs of some names, which may end in `*`.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn refs_of(
        &self,
        address: &OsStr,
        scratch: &Scratch,
        names: &[&str],
    ) -> Result<BTreeMap<String, ObjectId>, FetchError> {
        let what = "ls-remote";
        let mut command = self.command(address, scratch)?;
        command
            .args([what, "--quiet", "--refs", "--"])
            .arg(address)
            .args(names);
        let answer = self.run(command, what)?;
        let answer = String::from_utf8(answer).map_err(|_| FetchError::Answer { what })?;
        let mut refs = BTreeMap::new();
        for line in answer.lines() {
            let (id, name) = line.split_once('\t').ok_or(FetchError::Answer { what })?;
            // Git takes a name for the end of a longer one.
            let is_asked = |asked: &&str| match asked.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == *asked,
            };
            if names.iter().any(is_asked) {
                let id = id.parse().map_err(|_| FetchError::Answer { what })?;
                refs.insert(name.to_owned(), id);
            }
        }
        Ok(refs)
    }

    /// Brings refs of a repository, and all that they lead to, into a scratch.
    ///
    /// # Errors
    /// [`FetchError`]; [`FetchError::Shallow`] where they lead to less than a whole history, [`FetchError::Unpacked`] where an object is
    /// missing there.
    pub fn bring(&self, address: &OsStr, scratch: &Scratch, refs: &[&str]) -> Result<(), FetchError> {
        let what = "fetch";
        let mut command = self.command(address, scratch)?;
        command
            .args([what, "--quiet", "--no-tags", "--no-write-fetch-head"])
            // Else git passes over what is shallow, and says that only in its user's language.
            .args([
                "--no-recurse-submodules",
                "--no-auto-maintenance",
                "--update-shallow",
                "--",
            ])
            .arg(address)
            .args(refs);
        self.run(command, what).map_err(|error| match error {
            FetchError::Git { complaint, .. } if complaint.contains(UNPACKED) => FetchError::Unpacked,
            error => error,
        })?;
        if scratch.is_shallow() {
            return Err(FetchError::Shallow);
        }
        Ok(())
    }

    /// Brings commits that a scratch has or was lent to refs of a repository, each `ID:REF`, never by force.
    ///
    /// # Errors
    /// [`FetchError`] where git says nothing of the refs; that one was refused is none.
    pub fn push(
        &self,
        address: &OsStr,
        scratch: &Scratch,
        refs: &[String],
    ) -> Result<Vec<PushedRef>, FetchError> {
        let what = "push";
        let mut command = self.command(address, scratch)?;
        for setting in PUSH_OVERRIDES {
            command.args(["-c", setting]);
        }
        command
            .args([what, "--porcelain", "--no-progress", "--no-verify", "--no-force"])
            .args(["--no-force-with-lease", "--no-signed", "--no-follow-tags", "--"])
            .arg(address)
            .args(refs);
        let ended = self.end_of(command)?;
        let answer = String::from_utf8_lossy(&ended.answer);
        let pushed: Vec<PushedRef> = answer.lines().filter_map(pushed_ref).collect();
        if ended.status.success() || !pushed.is_empty() {
            return Ok(pushed);
        }
        Err(FetchError::Git {
            what,
            status: ended.status,
            complaint: ended.complaint,
        })
    }

    /// Writes a bundle (gitformat-bundle, version 2) of a scratch's refs, and lets git check it.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn bundle(&self, scratch: &Scratch, file: &Path, revisions: &[String]) -> Result<(), FetchError> {
        let what = "bundle";
        let mut command = self.command(file.as_os_str(), scratch)?;
        command
            .args([what, "create", "--quiet", "--version=2"])
            .arg(file)
            .args(revisions);
        self.run(command, what)?;
        let mut command = self.command(file.as_os_str(), scratch)?;
        command.args([what, "verify", "--quiet"]).arg(file);
        self.run(command, what).map(drop)
    }
}

/// Reads a line of `push --porcelain`: a flag, `FROM:TO`, and a summary.
fn pushed_ref(line: &str) -> Option<PushedRef> {
    let mut parts = line.splitn(3, '\t');
    let (flag, refs, summary) = (parts.next()?, parts.next()?, parts.next()?);
    let flag = match flag {
        " " | "*" | "=" => Flag::Taken,
        "!" => Flag::Refused,
        _ => return None,
    };
    Some(PushedRef {
        name: refs.split_once(':')?.1.to_owned(),
        flag,
        summary: summary.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_of_a_ref_is_read_and_nothing_else_is() {
        let read = |line: &str| pushed_ref(line).map(|pushed| (pushed.name, pushed.flag, pushed.summary));
        let taken = |name: &str, summary: &str| Some((name.to_owned(), Flag::Taken, summary.to_owned()));
        assert_eq!(
            read("*\t07:refs/heads/main\t[new branch]"),
            taken("refs/heads/main", "[new branch]")
        );
        assert_eq!(
            read(" \t07:refs/heads/main\t06..07"),
            taken("refs/heads/main", "06..07")
        );
        let refused = Some((
            "refs/heads/main".to_owned(),
            Flag::Refused,
            "[拒绝] (fetch first)".to_owned(),
        ));
        assert_eq!(read("!\t07:refs/heads/main\t[拒绝] (fetch first)"), refused);
        for line in [
            "To ../host",
            "Done",
            "+\t07:refs/heads/main\tforced",
            "",
            "*\tx\ty",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn a_ref_that_only_ends_like_the_one_that_is_asked_for_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        crate::storage::repository::create(&other).unwrap();
        let id = crate::object::hash(crate::object::ObjectKind::Blob, b"text").unwrap();
        let path = other
            .join("objects")
            .join(crate::storage::objects::loose_path(id));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let object = crate::storage::loose::encode(crate::object::ObjectKind::Blob, b"text").unwrap();
        std::fs::write(path, object).unwrap();
        for name in ["refs/x/a", "refs/y/refs/x/a", "refs/z/b"] {
            let path = other.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!("{id}\n")).unwrap();
        }
        let scratch = Scratch::begin(folder.path(), "scratch").unwrap();
        let git = Git {
            program: "git".into(),
            environment: vec![("PATH".into(), std::env::var_os("PATH").unwrap())],
        };
        let asked = |names: &[&str]| git.refs_of(other.as_os_str(), &scratch, names).unwrap();
        let found = |name: &str| BTreeMap::from([(name.to_owned(), id)]);
        assert_eq!(asked(&["refs/x/a"]), found("refs/x/a"));
        assert_eq!(asked(&["refs/z/*"]), found("refs/z/b"));
        let nowhere = folder.path().join("nowhere");
        let refused = git.push(nowhere.as_os_str(), &scratch, &[format!("{id}:refs/x/a")]);
        assert!(matches!(refused, Err(FetchError::Git { what: "push", .. })));
    }
}
