//! Running the user's own git, which knows credentials, agents, proxies and every kind of address, to bring another
//! repository's objects into a folder of their own. Nothing that it brings is believed before it was checked here.
//!
//! The program runs with the few variables it is handed and nothing else of the environment. The user's own
//! configuration applies, because addresses, proxies and credential helpers are named there; what could run a program
//! of somebody else's or change the archive is overridden on the command line.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use super::program::{self, LONGEST_COMPLAINT};

mod scratch;
mod torn;
mod transfer;

pub use scratch::{FETCHING, Left, PULLING, PUSHING, Scratch};
pub use torn::Trail;
pub use transfer::{Flag, PushedRef};

/// The most bytes of git's answer that are read: 64 MiB.
const LONGEST_ANSWER: usize = 64 << 20;

/// Configuration that stands above the user's own.
const OVERRIDES: [&str; 13] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=true",
    "protocol.ext.allow=never",
    "transfer.fsckObjects=true",
    "fetch.fsckObjects=true",
    "transfer.unpackLimit=1",
    "fetch.unpackLimit=1",
    "fetch.writeCommitGraph=false",
    "fetch.prune=false",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// Faults of old programs that real histories are full of. They change nothing that is read here: authors and dates
/// are read leniently, modes by their upper bits, and nothing is ever checked out.
const HARMLESS: [&str; 13] = [
    "zeroPaddedFilemode",
    "badFilemode",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "missingNameBeforeEmail",
    "missingEmail",
    "badEmail",
    "badName",
    "badDate",
    "badDateOverflow",
    "zeroPaddedDate",
    "badTimezone",
    "multipleAuthors",
];

/// The user's git.
#[derive(Debug, Clone)]
pub struct Git {
    /// Where the program is; an absolute path.
    pub program: PathBuf,
    /// All of its environment.
    pub environment: Vec<(OsString, OsString)>,
}

/// Why git brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// An address that git would take for an option.
    #[error("{0:?} begins with a hyphen and would be taken for an option; write ./ before a folder's name")]
    Address(String),
    /// The program could not be run.
    #[error("could not run {}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The program failed.
    #[error("git {what} ended with {status}: {complaint}")]
    Git {
        /// Its subcommand.
        what: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// The last of what it said.
        complaint: String,
    },
    /// The other repository has a part of its history alone.
    #[error("the other repository is a shallow clone, which lacks the beginning of its history")]
    Shallow,
    /// The other repository lacks an object to which its refs lead, or has it damaged.
    #[error(
        "the other repository lacks an object, or has it damaged, so that git there cannot pack what was asked for"
    )]
    Unpacked,
    /// The program's answer is none.
    #[error("git {what} gave an answer that is none")]
    Answer {
        /// Its subcommand.
        what: &'static str,
    },
}

/// How a run of the program ended.
struct Ended {
    status: ExitStatus,
    answer: Vec<u8>,
    complaint: String,
}

impl Git {
    /// Asks a repository for the branch that its `HEAD` stands for; `None` where it stands for none.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn default_branch(&self, address: &OsStr, scratch: &Scratch) -> Result<Option<String>, FetchError> {
        let what = "ls-remote";
        let mut command = self.command(address, scratch)?;
        command
            .args([what, "--quiet", "--symref", "--"])
            .arg(address)
            .arg("HEAD");
        let answer = self.run(command, what)?;
        let answer = String::from_utf8(answer).map_err(|_| FetchError::Answer { what })?;
        let branch = |line: &str| {
            let name = line.strip_prefix("ref: refs/heads/")?.strip_suffix("\tHEAD")?;
            Some(name.to_owned())
        };
        Ok(answer.lines().find_map(branch))
    }

    /// Reads a setting of the user's own configuration, a path with its `~` resolved; none of a repository's counts.
    ///
    /// # Errors
    /// [`FetchError`]; that there is no such setting is none.
    pub fn setting(&self, name: &str) -> Result<Option<String>, FetchError> {
        let what = "config";
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .args([what, "--global", "--includes", "--type=path", "--get", name])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        match self.run(command, what) {
            Ok(answer) => {
                let answer = String::from_utf8(answer).map_err(|_| FetchError::Answer { what })?;
                Ok(Some(answer.trim_end_matches('\n').to_owned()))
            }
            // The setting, or the file that would have it, is not there.
            Err(FetchError::Git { status, .. }) if status.code() == Some(1) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Begins a command that is about another repository. Git's own one is the scratch, whatever folder it runs in, and
    /// the scratch stays locked until the last program that it started has ended.
    fn command(&self, address: &OsStr, scratch: &Scratch) -> Result<Command, FetchError> {
        if address
            .as_encoded_bytes()
            .first()
            .is_none_or(|byte| *byte == b'-')
        {
            return Err(FetchError::Address(address.to_string_lossy().into_owned()));
        }
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .envs(self.environment.iter().cloned())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file")
            .arg("--git-dir")
            .arg(scratch.folder())
            .stdin(scratch.lock().map_or_else(|_| Stdio::null(), Stdio::from))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for setting in OVERRIDES {
            command.args(["-c", setting]);
        }
        for fault in HARMLESS {
            command.args(["-c", &format!("fetch.fsck.{fault}=ignore")]);
        }
        Ok(command)
    }

    /// Runs a command that has to succeed, and returns its answer.
    fn run(&self, command: Command, what: &'static str) -> Result<Vec<u8>, FetchError> {
        let Ended {
            status,
            answer,
            complaint,
        } = self.end_of(command)?;
        if status.success() {
            return Ok(answer);
        }
        Err(FetchError::Git {
            what,
            status,
            complaint,
        })
    }
    fn end_of(&self, mut command: Command) -> Result<Ended, FetchError> {
        let failed = |source| FetchError::Run {
            program: self.program.clone(),
            source,
        };
        let mut child = command.spawn().map_err(failed)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let read = std::thread::scope(|scope| -> io::Result<_> {
            let complaint =
                std::thread::Builder::new().spawn_scoped(scope, || stderr.map(last_bytes).transpose())?;
            let mut answer = Vec::new();
            let limit = u64::try_from(LONGEST_ANSWER).unwrap_or(u64::MAX);
            let read = stdout.map(|stdout| stdout.take(limit).read_to_end(&mut answer));
            let complaint = complaint.join().expect("reading does not panic");
            Ok((read.transpose().map(|_| answer), complaint))
        });
        if read.is_err() {
            // Without another thread nobody reads what git says while it answers.
            let _ = child.kill();
        }
        let status = child.wait().map_err(failed)?;
        let (answer, complaint) = read.map_err(failed)?;
        let (answer, complaint) = (answer.map_err(failed)?, complaint.map_err(failed)?);
        Ok(Ended {
            status,
            answer,
            complaint: program::complaint(&complaint.unwrap_or_default()),
        })
    }
}

/// Reads to the end and keeps the last bytes, however many there are.
fn last_bytes(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let mut buffer = [0; LONGEST_COMPLAINT];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(kept),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
        let surplus = kept.len().saturating_sub(LONGEST_COMPLAINT);
        kept.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_of_many_complaints_is_kept() {
        let mut text = vec![b'a'; 3 * LONGEST_COMPLAINT];
        text.push(b'b');
        let kept = last_bytes(&text[..]).unwrap();
        assert_eq!((kept.len(), kept.last()), (LONGEST_COMPLAINT, Some(&b'b')));
        assert_eq!(last_bytes(&b"x"[..]).unwrap(), b"x");
    }

    #[test]
    fn an_address_that_reads_as_an_option_is_refused_before_git_runs() {
        let git = Git {
            program: "/nonexistent".into(),
            environment: Vec::new(),
        };
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::begin(folder.path(), "scratch").unwrap();
        for address in ["--upload-pack=x", "-", ""] {
            let refused = git.default_branch(OsStr::new(address), &scratch);
            assert!(matches!(refused, Err(FetchError::Address(_))), "{address}");
        }
        let refused = git.bring(OsStr::new("x"), &scratch, &["y"]);
        assert!(matches!(refused, Err(FetchError::Run { .. })));
    }

    #[test]
    fn a_read_that_a_signal_interrupts_is_tried_again_and_no_other() {
        struct Told(Vec<Result<&'static str, io::ErrorKind>>);
        impl Read for Told {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let text = self.0.pop().unwrap_or(Ok(""))?;
                text.as_bytes().read(buffer)
            }
        }
        let interrupted = Err(io::ErrorKind::Interrupted);
        let told = Told(vec![Ok("two"), interrupted, Ok("one "), interrupted]);
        assert_eq!(last_bytes(told).unwrap(), b"one two");
        let told = Told(vec![Ok("two"), Err(io::ErrorKind::BrokenPipe), Ok("one ")]);
        assert_eq!(last_bytes(told).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_setting_that_cannot_be_asked_for_is_not_taken_for_none() {
        let asked = |program: &str| {
            let git = Git {
                program: program.into(),
                environment: Vec::new(),
            };
            git.setting("user.signingKey")
        };
        assert_eq!(asked("/bin/false").unwrap(), None);
        // A shell that is to run a program called `config`, which is not there.
        assert!(matches!(asked("/bin/sh"), Err(FetchError::Git { .. })));
        assert!(matches!(asked("/nonexistent"), Err(FetchError::Run { .. })));
    }
}
