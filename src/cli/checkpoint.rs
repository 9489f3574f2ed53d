//! `avalaches checkpoint`.

use std::path::PathBuf;

#[cfg(feature = "network")]
use avalaches::add::Circumstances;
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
#[cfg(feature = "network")]
pub mod stamp;

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
    /// Ask a time stamping authority for a token (RFC 3161), through your openssl
    #[cfg(feature = "network")]
    #[arg(long, value_name = "URL")]
    timestamp: Option<String>,
    /// Certificates, in PEM, that vouch for the authority: a token that they do not is refused
    #[cfg(feature = "network")]
    #[arg(long, value_name = "FILE", requires = "timestamp")]
    tsa_ca: Option<PathBuf>,
    /// Have it stamped by your `ots`, the program of `OpenTimestamps`
    #[cfg(feature = "network")]
    #[arg(long)]
    ots: bool,
    #[command(flatten)]
    how: Changing,
}

#[cfg(feature = "network")]
use self::stamp::Stamped;

/// What is stamped, where nothing can be.
#[cfg(not(feature = "network"))]
struct Stamped {
    footer: Option<Footer>,
    said: String,
}

/// Why no checkpoint is made.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the note is not one line of visible characters")]
    Note,
    #[cfg(feature = "network")]
    #[error("the archive has another checkpoint since others were asked about it")]
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
        let vouched = archive.vouched().cloned();
        drop(archive);
        let circumstances = self.how.circumstances(&settings)?;
        let mut signed = None;
        let footer = root_files::change(
            &path,
            common.owner(),
            &circumstances,
            common.durability(),
            |archive| -> Result<_, Refusal> {
                let Some(checkpoint) = log::sign(archive, &key, vouched.as_ref())? else {
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
        {
            let asked = match &self.policy {
                Some(file) => {
                    let asked = cosign::ask(common, &circumstances, file);
                    Some(asked.map_err(|failure| failure.after_commit(footer.as_ref()))?)
                }
                None => None,
            };
            // What stands below the checkpoint is stamped with it.
            let stamped = self.stamp(common, &circumstances).map_err(|failure| {
                let newest = asked.as_ref().and_then(|asked| asked.footer.as_ref());
                failure.after_commit(newest.or(footer.as_ref()))
            })?;
            if let Some(asked) = &asked {
                let told = tell_asked(common, footer.as_ref(), asked, &stamped);
                return told
                    .map_err(|failure| failure.after_commit(asked.footer.as_ref().or(footer.as_ref())));
            }
            let told = tell(common, footer.as_ref(), signed.as_ref(), &stamped);
            told.map_err(|failure| failure.after_commit(footer.as_ref()))
        }
        #[cfg(not(feature = "network"))]
        tell(common, footer.as_ref(), signed.as_ref(), &[])
            .map_err(|failure| failure.after_commit(footer.as_ref()))
    }

    #[cfg(feature = "network")]
    fn stamp(&self, common: &Common, circumstances: &Circumstances) -> Result<Vec<Stamped>, Failure> {
        let mut stamped = Vec::new();
        if let Some(address) = &self.timestamp {
            let authorities = self.tsa_ca.as_deref();
            stamped.push(stamp::rfc3161(common, circumstances, address, authorities)?);
        }
        if self.ots {
            stamped.push(stamp::by_ots(common, circumstances)?);
        }
        Ok(stamped)
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
        RootError::Refused(Refusal::Log(LogError::Other { .. })) => {
            "nothing was signed: a log that states two histories is worth nothing; `avalaches verify` says what is wrong"
        }
        _ => return failure(error),
    };
    failure(error).hint(hint)
}

fn tell(
    common: &Common,
    footer: Option<&Footer>,
    signed: Option<&SignedCheckpoint>,
    stamped: &[Stamped],
) -> Result<Outcome, Failure> {
    if common.json {
        output::print_json(&document(footer, signed, stamped))?;
    } else {
        tell_footer(common, footer)?;
        tell_stamped(common, stamped)?;
    }
    Ok(Outcome::Yes)
}

#[cfg(feature = "network")]
fn tell_asked(
    common: &Common,
    footer: Option<&Footer>,
    asked: &cosign::Asked,
    stamped: &[Stamped],
) -> Result<Outcome, Failure> {
    if common.json {
        let mut document = document(footer, Some(&asked.signed), stamped);
        document["cosigned"] = asked.footer.as_ref().map(ToString::to_string).into();
        document["witnesses"] = asked.documents().into();
        document["quorum_met"] = asked.is_enough.into();
        output::print_json(&document)?;
    } else {
        tell_footer(common, footer)?;
        if let Some(footer) = &asked.footer {
            output::print(&format!("{footer}\n"))?;
        }
        tell_stamped(common, stamped)?;
    }
    asked.tell(common);
    Ok(if asked.is_enough {
        Outcome::Yes
    } else {
        Outcome::No
    })
}

fn document(footer: Option<&Footer>, signed: Option<&SignedCheckpoint>, stamped: &[Stamped]) -> Value {
    let stamps = stamped.iter().map(|stamped| {
        json!({
            "footer": stamped.footer.as_ref().map(ToString::to_string),
            "said": stamped.said,
        })
    });
    json!({
        "schema": "avalaches/checkpoint/1",
        "footer": footer.map(ToString::to_string),
        "size": signed.map(|signed| signed.checkpoint.size),
        "root": signed.map(|signed| signed.checkpoint.root.to_string()),
        "checkpoint": signed.map(ToString::to_string),
        "cosigned": null,
        "witnesses": [],
        "quorum_met": null,
        "stamps": stamps.collect::<Vec<Value>>(),
    })
}

fn tell_stamped(common: &Common, stamped: &[Stamped]) -> Result<(), Failure> {
    for stamped in stamped {
        if let Some(footer) = &stamped.footer {
            output::print(&format!("{footer}\n"))?;
        }
        if !common.quiet {
            output::note(&stamped.said);
        }
    }
    Ok(())
}

fn tell_footer(common: &Common, footer: Option<&Footer>) -> Result<(), Failure> {
    match footer {
        Some(footer) => output::print(&format!("{footer}\n"))?,
        None if common.quiet => {}
        None => output::note("the checkpoint at the tip states every revision already; nothing was signed"),
    }
    Ok(())
}
