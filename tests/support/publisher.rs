//! A publisher's own repository, made with the real git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::archives::clean_git;

/// A repository with a working folder.
pub struct Publisher {
    /// The working folder.
    pub folder: PathBuf,
}

impl Publisher {
    /// Makes an empty repository in a folder.
    pub fn begin(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let publisher = Self {
            folder: folder.to_owned(),
        };
        publisher.git(&["init", "-q", "-b", "main"]);
        publisher
    }

    /// Returns the real git's command in the repository, with a fixed committer and without configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = clean_git();
        command
            .arg("-C")
            .arg(&self.folder)
            .args(["-c", "protocol.file.allow=always", "-c", "core.quotePath=false"])
            .args(arguments)
            .env("GIT_AUTHOR_NAME", "林晓")
            .env("GIT_AUTHOR_EMAIL", "lin@example.org")
            .env("GIT_AUTHOR_DATE", "2026-01-22T09:00:00+0800")
            .env("GIT_COMMITTER_NAME", "Robot")
            .env("GIT_COMMITTER_EMAIL", "robot@example.org")
            .env("GIT_COMMITTER_DATE", "2026-01-23T03:00:00+0000");
        command
    }

    /// Runs git, which has to succeed, and returns what it printed.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Writes a file into the working folder.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Commits everything in the working folder and returns the commit's id.
    pub fn commit(&self, message: &str, date: &str) -> String {
        self.git(&["add", "-A"]);
        let mut command = self.command(&["commit", "-q", "--allow-empty", "-m", message]);
        let output = command.env("GIT_AUTHOR_DATE", date).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        self.git(&["rev-parse", "HEAD"])
    }
}
