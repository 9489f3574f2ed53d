//! Running the user's own `openssl` and `ots`, which know timestamps: tokens of time stamping authorities (RFC 3161), and
//! `OpenTimestamps`.
//!
//! What they read and write lies in a folder of their own that nobody else can look into and that is removed afterwards.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use super::program;
use super::temporary::TemporaryFolder;
use crate::date::{RevisionDate, instant_of_asn1};
use crate::id::hex;

/// A program of the user's.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Where it is; an absolute path.
    pub program: PathBuf,
    /// All of its environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where the files it works with are put meanwhile.
    pub scratch: PathBuf,
}

/// Why a timestamp could not be had or read.
#[derive(Debug, thiserror::Error)]
pub enum TimestampError {
    /// The files it works with could not be written or read.
    #[error("could not keep what is stamped in {}", path.display())]
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
    #[error("{} ended with {status}: {complaint}", program.display())]
    Ended {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The last of what it said.
        complaint: String,
    },
    /// The token is of something else, or none was granted.
    #[error("the timestamp {0}")]
    Token(&'static str),
}

/// What a token of an authority says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Before which instant the stamped bytes existed, in seconds since 1970: the authority's time, and by how much that may be
    /// wrong, as it says.
    pub seconds: i64,
    /// The authority's time, in whole seconds.
    at: i64,
}

impl Stamp {
    /// Returns the instant, where it is one that dates have here.
    #[must_use]
    pub fn date(self) -> Option<RevisionDate> {
        RevisionDate::from_seconds(self.seconds, crate::date::UtcOffset::UTC).ok()
    }
}

/// Makes a request for a token of a SHA-256 by `openssl`, in DER.
///
/// # Errors
/// [`TimestampError`].
pub fn query(openssl: &Tool, digest: &[u8; 32]) -> Result<Vec<u8>, TimestampError> {
    let folder = openssl.folder()?;
    let digest = hex(digest);
    let arguments = [
        "ts", "-query", "-sha256", "-digest", &digest, "-cert", "-out", "query",
    ];
    openssl.run(&folder, arguments)?;
    openssl.read(&folder, "query")
}

/// Reads an authority's answer by `openssl`: what it granted has to be of the SHA-256. Who signed it is another question.
///
/// # Errors
/// [`TimestampError`].
pub fn read(openssl: &Tool, reply: &[u8], digest: &[u8; 32]) -> Result<Stamp, TimestampError> {
    let folder = openssl.folder_with("reply", reply)?;
    let text = |arguments: &[&str]| -> Result<String, TimestampError> {
        let reply = ["ts", "-reply", "-in", "reply", "-text"];
        let output = openssl.run(&folder, reply.iter().chain(arguments))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    if !is_granted(&text(&[])?) {
        return Err(TimestampError::Token("was not granted"));
    }
    // Beside the token an answer may say whatever it likes, in lines like the token's own, and nobody signs that.
    parse(&text(&["-token_out"])?, digest)
}

/// Checks by `openssl` that an answer, of which `stamp` was read, is of a SHA-256, and signed by an authority for whom the certificates
/// in a file vouched at the time that it states: certificates end, and what they vouched for stays so. An `openssl` that knows no
/// other time than now is asked whether they vouch for it now.
///
/// # Errors
/// [`TimestampError::Ended`] where it is not.
pub fn verify(
    openssl: &Tool,
    reply: &[u8],
    stamp: Stamp,
    digest: &[u8; 32],
    authorities: &Path,
) -> Result<(), TimestampError> {
    let folder = openssl.folder_with("reply", reply)?;
    let scratch = |source| openssl.scratch(source);
    let authorities = authorities.canonicalize().map_err(scratch)?;
    let (digest, at) = (hex(digest), stamp.at.to_string());
    let arguments = ["ts", "-verify", "-digest", &digest, "-in", "reply", "-CAfile"].map(OsStr::new);
    let mut arguments = arguments.to_vec();
    arguments.push(authorities.as_os_str());
    let help = openssl.run(&folder, ["ts", "-help"]);
    let knows_times = help.is_ok_and(|help| {
        let said = [help.stdout, help.stderr].concat();
        String::from_utf8_lossy(&said).contains("-attime")
    });
    if knows_times {
        arguments.extend(["-attime", &at].map(OsStr::new));
    }
    openssl.run(&folder, arguments)?;
    Ok(())
}

/// Has bytes stamped by `ots`: the detached file.
///
/// # Errors
/// [`TimestampError`].
pub fn ots_stamp(ots: &Tool, bytes: &[u8]) -> Result<Vec<u8>, TimestampError> {
    let folder = ots.folder_with("checkpoint", bytes)?;
    ots.run(&folder, ["stamp", "checkpoint"])?;
    ots.read(&folder, "checkpoint.ots")
}

/// Has a detached file held against bytes by `ots`; returns what it says.
///
/// # Errors
/// [`TimestampError::Ended`] where they do not belong together, or nothing confirms it yet.
pub fn ots_verify(ots: &Tool, bytes: &[u8], stamp: &[u8]) -> Result<String, TimestampError> {
    let folder = ots.folder_with("checkpoint", bytes)?;
    fs::write(folder.path().join("checkpoint.ots"), stamp).map_err(|source| ots.scratch(source))?;
    let output = ots.run(&folder, ["verify", "checkpoint.ots"])?;
    let said = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&said).trim().to_owned())
}

impl Tool {
    fn folder(&self) -> Result<TemporaryFolder, TimestampError> {
        let folder = program::private_folder(&self.scratch, "avalaches-stamp-");
        folder.map_err(|source| self.scratch(source))
    }

    fn folder_with(&self, name: &str, bytes: &[u8]) -> Result<TemporaryFolder, TimestampError> {
        let folder = self.folder()?;
        fs::write(folder.path().join(name), bytes).map_err(|source| self.scratch(source))?;
        Ok(folder)
    }

    fn scratch(&self, source: io::Error) -> TimestampError {
        TimestampError::Scratch {
            path: self.scratch.clone(),
            source,
        }
    }

    fn read(&self, folder: &TemporaryFolder, name: &str) -> Result<Vec<u8>, TimestampError> {
        fs::read(folder.path().join(name)).map_err(|source| self.scratch(source))
    }

    fn run<A: AsRef<OsStr>>(
        &self,
        folder: &TemporaryFolder,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Output, TimestampError> {
        let output = Command::new(&self.program)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .map_err(|source| TimestampError::Run {
                program: self.program.clone(),
                source,
            })?;
        if output.status.success() {
            return Ok(output);
        }
        Err(TimestampError::Ended {
            program: self.program.clone(),
            status: output.status,
            complaint: program::complaint(&output.stderr),
        })
    }
}

/// Tells whether what `openssl ts -reply -text` prints is of an answer that granted a token.
fn is_granted(text: &str) -> bool {
    // The first of such lines is of openssl's own words; what the answer says of its status comes after it.
    value(text, "Status:").is_some_and(|status| status.starts_with("Granted"))
}

/// Reads what `openssl ts -reply -token_out -text` prints. Before the fields that are read here there are a number and an OID:
/// the first line of a name is the field's, whatever the authority's name and the extensions after it look like.
fn parse(text: &str, digest: &[u8; 32]) -> Result<Stamp, TimestampError> {
    if value(text, "Hash Algorithm:") != Some("sha256") {
        return Err(TimestampError::Token("is of another hash than SHA-256"));
    }
    let lines = text
        .lines()
        .skip_while(|line| !line.trim().starts_with("Message data:"))
        .skip(1);
    let bytes: String = lines
        .map_while(|line| line.trim_start().split_once(" - "))
        .map(|(_, bytes)| {
            bytes
                .chars()
                .take(47)
                .filter(char::is_ascii_hexdigit)
                .collect::<String>()
        })
        .collect();
    if bytes != hex(digest) {
        return Err(TimestampError::Token("is of something else"));
    }
    let time = value(text, "Time stamp:").and_then(instant_of_asn1);
    let (at, parts) = time.ok_or(TimestampError::Token("names no time that can be read"))?;
    let accuracy = value(text, "Accuracy:").unwrap_or("unspecified");
    let accuracy = nanoseconds(accuracy).ok_or(TimestampError::Token(
        "names no accuracy of its time that can be read",
    ))?;
    let wrong_by = accuracy.saturating_add(u64::from(parts)).div_ceil(1_000_000_000);
    let seconds = i64::try_from(wrong_by).map_or(i64::MAX, |wrong_by| at.saturating_add(wrong_by));
    Ok(Stamp { seconds, at })
}

/// Reads an accuracy as openssl prints it, `0x01 seconds, 0x01F4 millis, unspecified micros`, or `unspecified` as a whole.
fn nanoseconds(accuracy: &str) -> Option<u64> {
    if accuracy == "unspecified" {
        return Some(0);
    }
    let mut sum: u64 = 0;
    for part in accuracy.split(", ") {
        let (count, unit) = part.split_once(' ')?;
        let unit = match unit {
            "seconds" => 1_000_000_000,
            "millis" => 1_000_000,
            "micros" => 1_000,
            _ => return None,
        };
        if count != "unspecified" {
            let count = u64::from_str_radix(count.strip_prefix("0x")?, 16).ok()?;
            sum = sum.checked_add(count.checked_mul(unit)?)?;
        }
    }
    Some(sum)
}

/// Returns what stands behind a name in the first line that begins with it.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.trim().strip_prefix(key).map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Using configuration from /usr/lib/ssl/openssl.cnf\nVersion: 1\nPolicy OID: tsa_policy1\n\
        Hash Algorithm: sha256\nMessage data:\n    \
        0000 - e3 b0 c4 42 98 fc 1c 14-9a fb f4 c8 99 6f b9 24   ...B.........o.$\n    \
        0010 - 27 ae 41 e4 64 9b 93 4c-a4 95 99 1b 78 52 b8 55   '.A.d..L....xR.U\n\
        Serial number: 0x02\nTime stamp: Nov 26 10:20:00 2026 GMT\nAccuracy: 0x01 seconds, unspecified millis, unspecified micros\n";

    #[test]
    fn what_openssl_prints_is_read() {
        let digest: [u8; 32] = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new()).into();
        let stamp = parse(TEXT, &digest).unwrap();
        // A second later than it says, for it may be wrong by so much.
        assert_eq!(stamp.date().unwrap().to_string(), "2026-11-26T10:20:01+00:00");
        let accuracy = "0x01 seconds, unspecified millis, unspecified micros";
        for (time, told, before) in [
            ("10:20:00", "unspecified", "10:20:00"),
            ("10:20:00.9", "unspecified", "10:20:01"),
            (
                "10:20:00",
                "0x1C20 seconds, unspecified millis, unspecified micros",
                "12:20:00",
            ),
            (
                "10:20:00.9",
                "0x1C20 seconds, 0x64 millis, unspecified micros",
                "12:20:01",
            ),
            (
                "10:20:00.9",
                "0x1C20 seconds, 0x64 millis, 0x01 micros",
                "12:20:02",
            ),
            (
                "10:20:00",
                "unspecified seconds, unspecified millis, 0x03E7 micros",
                "10:20:01",
            ),
        ] {
            let text = TEXT.replacen("10:20:00", time, 1).replacen(accuracy, told, 1);
            let stamp = parse(&text, &digest).unwrap();
            assert_eq!(stamp.at, 1_795_688_400, "{time}");
            let date = stamp.date().unwrap().to_string();
            assert_eq!(date, format!("2026-11-26T{before}+00:00"), "{time}, {told}");
        }
        for (from, to, what) in [
            ("sha256", "sha1", "another hash"),
            ("e3 b0", "e3 b1", "something else"),
            ("Nov 26", "Nov 31", "no time"),
            ("0x01 seconds", "some seconds", "no accuracy"),
            ("0x01 seconds", "0xFFFFFFFFFFFFFFFF seconds", "no accuracy"),
        ] {
            let error = parse(&TEXT.replacen(from, to, 1), &digest)
                .unwrap_err()
                .to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn an_answer_is_granted_by_its_status_and_not_by_what_it_says_of_it() {
        let answer = |status: &str, said: &str| {
            format!("Status info:\nStatus: {status}\nStatus description: {said}\nFailure info: unspecified\n")
        };
        assert!(is_granted(&answer("Granted.", "unspecified")));
        assert!(is_granted(&answer(
            "Granted with modifications.",
            "no\nStatus: Rejected."
        )));
        assert!(!is_granted(&answer("Rejected.", "fine\nStatus: Granted.")));
    }
}
