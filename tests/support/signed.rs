//! Stories with keys: ssh-keygen makes them, and git signs and judges beside the program.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::archives::{Story, git_command};

/// A story with keys.
pub struct Signed {
    pub story: Story,
}

impl Signed {
    pub fn begin() -> Self {
        let there = Command::new("ssh-keygen").arg("-?").output();
        assert!(
            there.is_ok(),
            "these tests need OpenSSH: there is no ssh-keygen on PATH"
        );
        Self {
            story: Story::begin(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.story.folder.path().join(name)
    }

    /// Makes a key with a name and returns the public one.
    pub fn key(&self, name: &str, kind: &[&str], passphrase: &str) -> String {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-C", name, "-N", passphrase, "-f"])
            .arg(self.path(name))
            .arg("-t")
            .args(kind)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap()
    }

    pub fn tip(&self) -> String {
        self.story.git(&["rev-parse", "main"])
    }

    /// Returns how many files an archive has in its store, and its tip: what a refused command leaves as it was.
    pub fn state(&self) -> (String, String) {
        (self.story.git(&["count-objects", "-v"]), self.tip())
    }

    /// Runs a command that has to be refused, with nothing written, and returns what it said.
    pub fn refused(&self, mut command: Command) -> String {
        let before = self.state();
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(self.state(), before);
        said
    }

    /// Runs git with something on stdin.
    pub fn given(&self, arguments: &[&str], stdin: &str) -> String {
        self.story.write("stdin", stdin);
        let output = git_command(&self.story.archive(), arguments)
            .envs([
                ("GIT_AUTHOR_NAME", "Desk"),
                ("GIT_AUTHOR_EMAIL", ""),
                ("GIT_COMMITTER_NAME", "Desk"),
                ("GIT_COMMITTER_EMAIL", ""),
                ("GIT_AUTHOR_DATE", "1769140800 +0000"),
                ("GIT_COMMITTER_DATE", "1769140800 +0000"),
            ])
            .env("HOME", self.path(""))
            .stdin(fs::File::open(self.path("stdin")).unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

/// Returns the id at the end of a footer.
pub fn id(footer: &str) -> &str {
    footer.trim_end().rsplit(' ').next().unwrap()
}
