//! `avalaches checkpoint`.

use std::path::{Path, PathBuf};

use avalaches::footer::Footer;
use avalaches::log::{self, LogError};
use avalaches::root_files::{self, RootChange, RootError};
use avalaches::settings::{CHECKPOINT_FILE, Signatures};
use avalaches::tlog::checkpoint::SignedCheckpoint;
use avalaches::tlog::policy::Policy;
use avalaches::trailer::RootMessage;
use serde_json::json;

use super::options::Changing;
use super::settings::failure;
use super::{Common, Failure, Outcome, key, output};

/// Sign how many revisions the archive has, and the root of the tree of all of them, by a commit of its own
///
/// Whoever keeps a checkpoint can tell later whether the history was continued or rewritten.
#[derive(Debug, clap::Args)]
pub struct Checkpoint {
    /// The file with the log's key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// One line that is kept beside it
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    how: Changing,
}

/// Why no checkpoint is made.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the note is not one line of visible characters")]
    Note,
}

impl Checkpoint {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        if self.note.as_ref().is_some_and(|note| !RootMessage::is_line(note)) {
            return Err(Refusal::Note.into());
        }
        let key = key::read(&self.key)?;
        let archive = common.open()?;
        let (path, settings) = (archive.path().to_owned(), archive.settings().clone());
        drop(archive);
        let circumstances = self.how.circumstances(&settings)?;
        let mut signed = None;
        let footer = root_files::change(
            &path,
            common.owner(),
            &circumstances,
            common.durability(),
            |archive| -> Result<_, Refusal> {
                let Some(checkpoint) = log::sign(archive, &key)? else {
                    signed = log::newest(archive)?;
                    return Ok(None);
                };
                let size = usize::try_from(checkpoint.checkpoint.size).unwrap_or(usize::MAX);
                let files = vec![(CHECKPOINT_FILE.to_owned(), checkpoint.to_string().into_bytes())];
                signed = Some(checkpoint);
                let message = RootMessage {
                    subject: format!("checkpoint: {}", output::counted(size, "revision")),
                    note: self.note.clone(),
                };
                Ok(Some(RootChange {
                    files,
                    message,
                    signatures: Signatures::Optional,
                }))
            },
        );
        let footer = footer.map_err(refused)?;
        tell(common, footer.as_ref(), signed.as_ref())
    }
}

/// Reads a policy.
pub fn read_policy(path: &Path) -> Result<Policy, Failure> {
    let failed = |why: String| Failure::new(format!("could not read the policy {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    Policy::parse(&text).map_err(|error| failed(error.to_string()))
}

fn refused(error: RootError<Refusal>) -> Failure {
    let hint = match &error {
        RootError::Refused(Refusal::Log(LogError::NoKey)) => {
            "make a key with `avalaches key new NAME FILE`, and name it with `avalaches settings --log-key KEY`"
        }
        RootError::Refused(Refusal::Log(LogError::OtherKey { .. })) => {
            "sign with that key, or name the other one with `avalaches settings --log-key KEY`"
        }
        _ => return failure(error),
    };
    failure(error).hint(hint)
}

fn tell(
    common: &Common,
    footer: Option<&Footer>,
    signed: Option<&SignedCheckpoint>,
) -> Result<Outcome, Failure> {
    if common.json {
        output::print_json(&json!({
            "schema": "avalaches/checkpoint/1",
            "footer": footer.map(ToString::to_string),
            "size": signed.map(|signed| signed.checkpoint.size),
            "root": signed.map(|signed| signed.checkpoint.root.to_string()),
            "checkpoint": signed.map(ToString::to_string),
        }))?;
        return Ok(Outcome::Yes);
    }
    if footer.is_none() && !common.quiet {
        output::note("the checkpoint at the tip states every revision already; nothing was changed");
    }
    if let Some(footer) = footer {
        output::print(&format!("{footer}\n"))?;
    }
    Ok(Outcome::Yes)
}
