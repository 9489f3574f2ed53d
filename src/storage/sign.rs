//! Running the user's own `ssh-keygen`, which knows keys, passphrases, agents and security keys, to sign the bytes of a
//! commit as git has it done.
//!
//! The bytes go to it in a file, not through stdin: with stdin taken it would not ask for a passphrase on the terminal.
//! The file, and the signature beside it, lie in a folder of their own that nobody else can look into and that is
//! removed afterwards.

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::program;
use crate::signature::{LONGEST, NAMESPACE, Signer};

/// The user's `ssh-keygen`, with a key.
#[derive(Debug, Clone)]
pub struct SshKeygen {
    /// Where the program is; an absolute path.
    pub program: PathBuf,
    /// All of its environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where the files it works with are put meanwhile.
    pub scratch: PathBuf,
    /// The key.
    pub key: Key,
}

/// Which key signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A private key, or a public one whose private one an agent or the file beside it has.
    File(PathBuf),
    /// A public key as a line; the private one is in an agent.
    Literal(String),
}

impl Key {
    /// Reads a key as git's `user.signingkey` has it: `key::` and a public key, a public key that begins with `ssh-`, or
    /// a file.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix("key::") {
            Some(key) => Self::Literal(key.to_owned()),
            None if text.starts_with("ssh-") => Self::Literal(text.to_owned()),
            None => Self::File(PathBuf::from(text)),
        }
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum KeygenError {
    /// The key's file cannot be read.
    #[error("could not read the key {}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The files it works with could not be written or read.
    #[error("could not keep what is signed in {}", path.display())]
    Scratch {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The program could not be run.
    #[error("could not run {}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The program failed.
    #[error("ssh-keygen ended with {status}: {complaint}")]
    Keygen {
        /// How it ended.
        status: ExitStatus,
        /// The last of what it said.
        complaint: String,
    },
    /// The signature is longer than one is, or not text.
    #[error("ssh-keygen gave a signature that is none")]
    Signature,
}

impl Signer for SshKeygen {
    fn sign(&self, commit: &[u8]) -> Result<String, Box<dyn Error + Send + Sync>> {
        Ok(self.run(commit)?)
    }
}

impl SshKeygen {
    fn run(&self, commit: &[u8]) -> Result<String, KeygenError> {
        if let Key::File(path) = &self.key {
            File::open(path).map_err(|source| KeygenError::Key {
                path: path.clone(),
                source,
            })?;
        }
        let failed = |source| KeygenError::Scratch {
            path: self.scratch.clone(),
            source,
        };
        let folder = program::private_folder(&self.scratch, "avalaches-sign-").map_err(failed)?;
        let message = folder.path().join("commit");
        write(&message, commit).map_err(failed)?;
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .args(["-Y", "sign", "-n", NAMESPACE, "-f"]);
        match &self.key {
            Key::File(path) => {
                command.arg(path);
            }
            Key::Literal(key) => {
                let file = folder.path().join("key.pub");
                write(&file, format!("{key}\n").as_bytes()).map_err(failed)?;
                command.arg(file).arg("-U");
            }
        }
        // What is piped into this program is not for that one, which reads a passphrase from a terminal alone.
        let stdin = if io::stdin().is_terminal() {
            Stdio::inherit()
        } else {
            Stdio::null()
        };
        command.arg(&message).stdin(stdin);
        let output = command.output().map_err(|source| KeygenError::Run {
            program: self.program.clone(),
            source,
        })?;
        if !output.status.success() {
            return Err(KeygenError::Keygen {
                status: output.status,
                complaint: program::complaint(&output.stderr),
            });
        }
        let mut signature = String::new();
        let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX);
        let file = File::open(folder.path().join("commit.sig")).map_err(failed)?;
        file.take(limit)
            .read_to_string(&mut signature)
            .map_err(|_| KeygenError::Signature)?;
        Ok(signature.replace('\r', ""))
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::create_new(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_git_reads_them() {
        let literal = |text: &str| Key::Literal(text.to_owned());
        assert_eq!(
            Key::parse("key::ecdsa-sha2-nistp256 AAAA"),
            literal("ecdsa-sha2-nistp256 AAAA")
        );
        assert_eq!(Key::parse("ssh-ed25519 AAAA"), literal("ssh-ed25519 AAAA"));
        assert_eq!(Key::parse("~/.ssh/id"), Key::File("~/.ssh/id".into()));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let keygen = SshKeygen {
            program: "/nonexistent/ssh-keygen".into(),
            environment: Vec::new(),
            scratch: std::env::temp_dir(),
            key: Key::Literal("ssh-ed25519 AAAA".to_owned()),
        };
        let error = keygen.run(b"x").unwrap_err();
        assert_eq!(error.to_string(), "could not run /nonexistent/ssh-keygen");
    }
}
