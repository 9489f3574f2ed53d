//! `avalaches checkpoint`.

use std::path::PathBuf;

use avalaches::archive::{Archive, OpenError};
use avalaches::footer::Footer;
use avalaches::log::{self, LogError};
use avalaches::remember::signing::{self, Pending, Signing};
use avalaches::remember::{Contradiction, RememberError};
use avalaches::root_files::{RootChange, RootError};
use avalaches::settings::CHECKPOINT_FILE;
use avalaches::tlog::checkpoint::SignedCheckpoint;
use avalaches::trailer::{NoteError, RootMessage};
use avalaches::wording::counted;
use serde_json::{Value, json};

use self::outside::{Outside, Said};
use super::options::Changing;
use super::settings::failure;
use super::{Common, Failure, Outcome, key, output, remember};

#[cfg(feature = "network")]
mod cosign;
#[cfg_attr(not(feature = "network"), path = "checkpoint/nobody.rs")]
mod outside;
#[cfg(feature = "network")]
mod stamp;

/// Sign how many revisions the archive has, and the root of the tree of all of them, by a commit of its own
///
/// Whoever keeps a checkpoint can tell later whether the history was continued or rewritten. So the last one that was signed with
/// each key is kept in your own folder, ~/.local/state/avalaches, beside what `remember` keeps: an archive that does not go on from
/// there, as one that was restored from an old backup, is not signed for. Where no such folder can be had, nothing is signed.
#[derive(Debug, clap::Args)]
pub struct Checkpoint {
    /// The file with the log's key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// One line that is kept beside it
    #[arg(long)]
    note: Option<String>,
    /// Forget the checkpoint of so many revisions that was signed and never came onto the branch, where the archive no longer goes on
    /// from it: say so only where nobody was shown it
    #[arg(long, value_name = "SIZE")]
    drop_pending: Option<u64>,
    /// Sign also where there is no folder of yours to keep it in: then nothing keeps the key from signing two histories
    #[arg(long, conflicts_with = "drop_pending")]
    without_record: bool,
    #[command(flatten)]
    outside: Outside,
    #[command(flatten)]
    how: Changing,
}

/// Why no checkpoint is made.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Remember(#[from] RememberError),
    #[error(transparent)]
    Contradicted(Contradiction),
    #[error("{contradiction}, but never came onto a branch, as far as is known here")]
    ContradictsPending { size: u64, contradiction: Contradiction },
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        RootMessage::check_note(self.note.as_deref())?;
        let key = key::read(&self.key)?;
        self.outside.check(key.public())?;
        let archive = common.open()?;
        let (path, settings) = (archive.path().to_owned(), archive.settings().clone());
        drop(archive);
        let circumstances = self.how.circumstances(&settings)?;
        let remembered = match remember::folder() {
            Ok(remembered) => Some(remembered),
            Err(_) if self.without_record => None,
            Err(failure) => return Err(failure),
        };
        let pending = self.drop_pending.map_or(Pending::Hold, Pending::Drop);
        let mut signed = None;
        let mut is_new = false;
        let decide = |archive: &Archive| -> Result<_, Refusal> {
            // The same once more: it is locked, and this user's program knows what it found of it before.
            let known = common.open_at(&path)?;
            let checkpoint = match signing::sign(&known, &key, remembered.as_ref(), pending)? {
                Signing::Signed(checkpoint) => *checkpoint,
                Signing::Stands => {
                    signed = log::newest(archive)?;
                    return Ok(None);
                }
                Signing::Contradicted(contradiction) => return Err(Refusal::Contradicted(contradiction)),
                Signing::ContradictsPending { size, contradiction } => {
                    return Err(Refusal::ContradictsPending { size, contradiction });
                }
            };
            is_new = true;
            let message = RootMessage {
                subject: format!("checkpoint: {}", counted(checkpoint.checkpoint.size, "revision")),
                note: self.note.clone(),
            };
            let files = vec![(CHECKPOINT_FILE.to_owned(), checkpoint.to_string().into_bytes())];
            signed = Some(checkpoint);
            Ok(Some(RootChange::new(files, message)))
        };
        let footer = common.change_root_files(&path, &circumstances, decide);
        let footer = footer.map_err(|error| match &signed {
            Some(signed) if is_new => {
                let done = format!("signed a checkpoint of {}", counted(signed.checkpoint.size, "revision"));
                refused(error).after(&done).hint(
                    "the branch may not have it: run the same command again before anything else, so that it does",
                )
            }
            _ => refused(error),
        })?;
        if let (true, Some(signed), Some(remembered)) = (is_new, &signed, &remembered) {
            let kept = signing::published(&key, signed, remembered);
            kept.map_err(|error| Failure::from(error).after_commit(footer.as_ref()))?;
        }
        let said = self.outside.ask(common, &circumstances, footer.as_ref())?;
        let told = tell(common, footer.as_ref(), signed.as_ref(), &said);
        told.map_err(|failure| failure.after_commit(said.newest(footer.as_ref())))
    }
}

fn refused(error: RootError<Refusal>) -> Failure {
    let hint = match &error {
        RootError::Refused(Refusal::Contradicted(_)) => {
            "nothing was signed, for one key must not sign two histories: `avalaches pull --rebase-mine` brings what is missing here from another copy; where there is none, a log with another name and key begins anew"
        }
        RootError::Refused(Refusal::ContradictsPending { size, .. }) => {
            let hint = format!(
                "nothing was signed: where another copy has that checkpoint, pull from there; where its commit failed, or the revisions were added again by `pull --rebase-mine`, and nobody was shown it, --drop-pending {size} forgets it"
            );
            return failure(error).hint(hint);
        }
        RootError::Refused(Refusal::Remember(RememberError::Log(LogError::NoKey))) => {
            "make a key with `avalaches key new NAME FILE`, and name it with `avalaches settings --log-key KEY`"
        }
        RootError::Refused(Refusal::Remember(RememberError::Log(LogError::OtherKey { .. }))) => {
            "sign with that key, or name the other one with `avalaches settings --log-key KEY`"
        }
        RootError::Refused(Refusal::Remember(RememberError::Log(LogError::Other { .. }))) => {
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
    said: &Said,
) -> Result<Outcome, Failure> {
    if common.json {
        let mut document = document(footer, said.signed().or(signed));
        said.add_to(&mut document);
        output::print_json(&document)?;
    } else {
        tell_footer(common, footer)?;
        said.print(common)?;
    }
    Ok(said.conclude(common))
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
        "stamps": [],
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
