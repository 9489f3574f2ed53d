//! `avalaches checkpoint`.

use std::path::PathBuf;

use avalaches::footer::Footer;
use avalaches::log::{self, LogError};
use avalaches::root_files::{self, RootChange, RootError};
use avalaches::settings::{CHECKPOINT_FILE, Signatures};
use avalaches::tlog::checkpoint::SignedCheckpoint;
use avalaches::trailer::RootMessage;
use serde_json::{Value, json};

use super::options::Changing;
#[cfg(feature = "network")]
use super::policy;
use super::settings::failure;
use super::{Common, Failure, Outcome, key, output};

#[cfg(feature = "network")]
mod cosign;

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
    /// Ask the witnesses of a policy (C2SP tlog-policy) for their cosignatures
    #[cfg(feature = "network")]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
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
    #[cfg(feature = "network")]
    #[error("the archive has another checkpoint since the witnesses were asked")]
    Moved,
    #[cfg(feature = "network")]
    #[error("the checkpoint would have more lines of witnesses than one may have")]
    Many,
}

impl Checkpoint {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        if self.note.as_ref().is_some_and(|note| !RootMessage::is_line(note)) {
            return Err(Refusal::Note.into());
        }
        let key = key::read(&self.key)?;
        #[cfg(feature = "network")]
        if let Some(file) = &self.policy {
            // What is wrong with it is said before anything is signed.
            policy::of(file, Some(key.public()))?;
        }
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
        #[cfg(feature = "network")]
        if let Some(file) = &self.policy {
            let asked = cosign::ask(common, &circumstances, file)?;
            return tell_asked(common, footer.as_ref(), &asked);
        }
        tell(common, footer.as_ref(), signed.as_ref())
    }
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
        output::print_json(&document(footer, signed))?;
    } else {
        tell_footer(common, footer)?;
    }
    Ok(Outcome::Yes)
}

#[cfg(feature = "network")]
fn tell_asked(common: &Common, footer: Option<&Footer>, asked: &cosign::Asked) -> Result<Outcome, Failure> {
    if common.json {
        let mut document = document(footer, Some(&asked.signed));
        document["cosigned"] = asked.footer.as_ref().map(ToString::to_string).into();
        document["witnesses"] = asked.documents().into();
        document["quorum_met"] = asked.is_enough.into();
        output::print_json(&document)?;
    } else {
        tell_footer(common, footer)?;
        if let Some(footer) = &asked.footer {
            output::print(&format!("{footer}\n"))?;
        }
    }
    asked.tell(common);
    Ok(if asked.is_enough {
        Outcome::Yes
    } else {
        Outcome::No
    })
}

fn document(footer: Option<&Footer>, signed: Option<&SignedCheckpoint>) -> Value {
    json!({
        "schema": "avalaches/checkpoint/1",
        "footer": footer.map(ToString::to_string),
        "size": signed.map(|signed| signed.checkpoint.size),
        "root": signed.map(|signed| signed.checkpoint.root.to_string()),
        "checkpoint": signed.map(ToString::to_string),
        "cosigned": null,
        "witnesses": [],
        "quorum_met": null,
    })
}

fn tell_footer(common: &Common, footer: Option<&Footer>) -> Result<(), Failure> {
    match footer {
        Some(footer) => output::print(&format!("{footer}\n"))?,
        None if common.quiet => {}
        None => output::note("the checkpoint at the tip states every revision already; nothing was signed"),
    }
    Ok(())
}
