//! `avalaches key`.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use avalaches::tlog::key::{KeyKind, SignerKey, VerifierKey};
use serde_json::json;

use super::pages::read_text;
use super::{Common, Failure, Outcome, output};

/// Make the keys by which checkpoints of the archive's log are signed, or witnessed
#[derive(Debug, clap::Args)]
pub struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a key, and print its public half; the file holds the secret
    New(New),
    /// Print the public half of a key; of a file that has no more, that
    Show(Show),
}

#[derive(Debug, clap::Args)]
struct New {
    /// The key's name: of a log's key it is the log's own, such as example.org/digest
    name: String,
    /// The file to be made
    file: PathBuf,
    /// Make the key of a witness
    #[arg(long)]
    witness: bool,
    /// Let the witness sign by ML-DSA-44, which also holds against a quantum computer, and whose lines have 3 kB
    #[arg(long, requires = "witness")]
    ml_dsa: bool,
}

#[derive(Debug, clap::Args)]
struct Show {
    /// The file with the key
    file: PathBuf,
}

/// The longest file with a key, in bytes.
const LONGEST: u64 = 4096;

impl Key {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let key = match &self.action {
            Action::New(new) => new.run()?.public().clone(),
            Action::Show(show) => match public(&show.file) {
                Some(key) => key,
                None => read(&show.file)?.public().clone(),
            },
        };
        if common.json {
            output::print_json(&json!({
                "schema": "avalaches/key/1",
                "name": key.name(),
                "kind": if key.kind().is_witness() { "witness" } else { "log" },
                "key": key.to_string(),
            }))?;
        } else {
            output::print(&format!("{key}\n"))?;
        }
        Ok(Outcome::Yes)
    }
}

impl New {
    fn run(&self) -> Result<SignerKey, Failure> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| Failure::new(format!("the system has no random bytes: {error}")))?;
        let kind = match (self.witness, self.ml_dsa) {
            (false, _) => KeyKind::Note,
            (true, false) => KeyKind::Cosignature,
            (true, true) => KeyKind::CosignatureMlDsa44,
        };
        let key = SignerKey::new(&self.name, kind, secret)?;
        write(&self.file, &key.secret_text()).map_err(|error| {
            let failure = Failure::new(format!("could not make {}: {error}", self.file.display()));
            match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    failure.hint("a key that was published is not replaced: choose another file")
                }
                _ => failure,
            }
        })?;
        Ok(key)
    }
}

/// Writes a file that nobody else may read, and that was not there.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Reads a key without a secret, if that is what a file has.
fn public(path: &Path) -> Option<VerifierKey> {
    read_text(path, LONGEST).ok()?.trim_end().parse().ok()
}

/// Reads a key with its secret.
pub fn read(path: &Path) -> Result<SignerKey, Failure> {
    let failed = |why: String| {
        Failure::new(format!("could not read the key {}: {why}", path.display()))
            .hint("make one with `avalaches key new NAME FILE`")
    };
    let text = read_text(path, LONGEST).map_err(|error| failed(error.to_string()))?;
    SignerKey::parse(&text).map_err(|error| {
        if text.trim_end().parse::<VerifierKey>().is_ok() {
            let failure = Failure::new(format!("{} has the public half of a key", path.display()));
            return failure
                .hint("name the file with its secret half, which `avalaches key new NAME FILE` wrote");
        }
        failed(error.to_string())
    })
}
