//! Throw-away archives for stories: the program and the real git, each in a clean environment.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder with an archive in it.
pub struct Story {
    /// Goes with the story.
    pub folder: tempfile::TempDir,
}

impl Story {
    /// Makes an archive in `archive` of a new folder.
    pub fn begin() -> Self {
        let story = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        story.yes(&["init", "--byline", "Desk", "--archived-at", "2026-01-22"]);
        story
    }

    /// Returns the archive's path.
    pub fn archive(&self) -> PathBuf {
        self.folder.path().join("archive")
    }

    /// Writes a file beside the archive.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Returns the program's command in the story's folder.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_avalaches"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear();
        command
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("SOURCE_DATE_EPOCH", "1769140800");
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.program(arguments).output().unwrap()
    }

    /// Runs the program, which has to answer yes, and returns what it printed.
    pub fn yes(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success(),
            "{arguments:?}: {:?}\n{said}",
            output.status
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Adds a page and returns its footer.
    pub fn add(&self, name: &str, text: &str, options: &[&str]) -> String {
        self.write(name, text);
        self.yes(&[&["add", name, "-q"], options].concat())
            .trim_end()
            .to_owned()
    }

    /// Runs the real git on the archive, which has to succeed, and returns what it printed.
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.archive(), arguments)
    }
}

/// Runs the real git on a repository, which has to succeed, and returns what it printed.
pub fn git(repository: &Path, arguments: &[&str]) -> String {
    git_reading(repository, arguments, "")
}

/// Runs the real git, which has to succeed, with something to read on stdin. Its index is beside the repository, in which
/// there is none.
pub fn git_reading(repository: &Path, arguments: &[&str], input: impl AsRef<[u8]>) -> String {
    let mut child = git_command(repository, arguments)
        .env("GIT_INDEX_FILE", repository.with_extension("index"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let given = child.stdin.take().unwrap().write_all(input.as_ref());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    given.unwrap();
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Returns the real git's command on a repository, without the user's configuration.
pub fn git_command(repository: &Path, arguments: &[&str]) -> Command {
    let mut command = clean_git();
    command.arg("--git-dir").arg(repository).args(arguments);
    command
}

/// Returns the real git's command, without the user's configuration, wherever it is run.
pub fn clean_git() -> Command {
    let mut command = Command::new("git");
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path);
    command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}
