//! `avalaches signers`.

use std::path::{Path, PathBuf};

use avalaches::archive::{Archive, Fault};
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::expunge::{self, Fallen};
use avalaches::footer::Footer;
use avalaches::root_files::{RootChange, RootError};
use avalaches::settings::{REVOKED_FILE, SIGNERS_FILE, Settings, Signatures};
use avalaches::signature::allowed::{AllowedSigners, Entry};
use avalaches::signature::edit::{self, EditError, Grant, PublicKey, Revoked};
use avalaches::signature::judge::fingerprint;
use avalaches::signature::revoked::RevokedKeys;
use avalaches::trailer::{NoteError, RootMessage};
use avalaches::verify::signed;
use serde_json::{Value, json};

use super::options::Changing;
use super::output::visible;
use super::pages::read_text;
use super::settings::failure;
use super::{Common, Failure, Outcome, output};

/// Show whose signatures count, or change that by a commit of its own, and print that commit's footer
#[derive(Debug, clap::Args)]
pub struct Signers {
    #[command(subcommand)]
    action: Option<Action>,
}

/// What is done with the keys of an archive.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show whose keys count, and which were revoked
    List,
    /// Let a key count for what is archived from now on, or change when it counts
    Allow(Allow),
    /// Let a key never count, for what it signed before either
    ///
    /// What it signed while the archive asked for signatures lacks a good one ever after: `verify` and `audit` name each such commit,
    /// and so do `clone`, `pull` and `bundle import`, which take it all the same and end with exit status 1. What it signs from now on
    /// they refuse.
    Revoke(Revoke),
}

#[derive(Debug, clap::Args)]
struct Allow {
    /// Whose key it is, such as desk@example.org
    principal: String,
    /// File with the public key
    keyfile: PathBuf,
    /// When it begins to count: a day, or RFC 3339
    #[arg(long, value_name = "DATE")]
    valid_after: Option<String>,
    /// When it ends to count: a day, which is its first moment, or RFC 3339
    #[arg(long, value_name = "DATE")]
    valid_before: Option<String>,
    /// One line that says why
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    how: Changing,
}

#[derive(Debug, clap::Args)]
struct Revoke {
    /// File with the public key, or the key's fingerprint, SHA256:…
    #[arg(value_name = "KEYFILE|SHA256:…")]
    key: String,
    /// One line that says why
    #[arg(long)]
    note: String,
    #[command(flatten)]
    how: Changing,
}

/// Why keys are not changed.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error(transparent)]
    Fault(#[from] Fault),
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Signers {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        match &self.action {
            None | Some(Action::List) => list(common),
            Some(Action::Allow(allow)) => allow.run(common),
            Some(Action::Revoke(revoke)) => revoke.run(common),
        }
    }
}

impl Allow {
    fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let settings = common.open()?.settings().clone();
        let offset = settings.utc_offset;
        let date = |option: &str, text: &Option<String>| {
            let read = |text: &String| moment(text, offset);
            let date = text.as_ref().map(read).transpose();
            date.map_err(|why| Failure::new(format!("{option}: {why}")))
        };
        let grant = Grant {
            principal: self.principal.clone(),
            key: read_key(&self.keyfile)?,
            valid_after: date("--valid-after", &self.valid_after)?,
            valid_before: date("--valid-before", &self.valid_before)?,
        };
        let what = format!("allow {}", self.principal);
        change(
            common,
            &self.how,
            &settings,
            self.note.as_ref(),
            &what,
            |allowed, revoked| {
                let after = edit::allow(allowed, revoked, &grant)?;
                Ok(after.map(|bytes| (SIGNERS_FILE, bytes)))
            },
        )
    }
}

impl Revoke {
    fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let settings = common.open()?.settings().clone();
        let key = if self.key.starts_with("SHA256:") {
            Revoked::parse_fingerprint(&self.key)?
        } else {
            Revoked::Key(read_key(Path::new(&self.key))?)
        };
        let what = format!("revoke {}", key.fingerprint());
        let outcome = change(
            common,
            &self.how,
            &settings,
            Some(&self.note),
            &what,
            |allowed, revoked| {
                let after = edit::revoke(allowed, revoked, &key)?;
                Ok(after.map(|bytes| (REVOKED_FILE, bytes)))
            },
        )?;
        if settings.signatures == Signatures::Required && !common.quiet && !common.json {
            output::note(
                "what the key signed while the archive asked for signatures lacks a good one now: verify and audit name it, and so do clone and pull, which take it and end with exit status 1",
            );
        }
        // What cannot be read `verify` names; the key is revoked all the same.
        if let Ok(fallen) = expunge::fallen(&common.open()?) {
            tell_fallen(&fallen);
        }
        Ok(outcome)
    }
}

/// Warns of content that is withheld by the word of a key that counts no more.
fn tell_fallen(fallen: &Fallen) {
    let Fallen {
        said,
        revisions,
        with_metadata,
    } = fallen;
    if said.is_empty() {
        return;
    }
    let said: Vec<String> = said.values().map(ToString::to_string).collect();
    output::warning(&format!(
        "the signature that says that content was expunged is worth nothing now, and verify finds the archive corrupt until it is said anew: {}",
        said.join("; ")
    ));
    let metadata = if *with_metadata { " --metadata" } else { "" };
    let revisions: Vec<String> = revisions.iter().map(ToString::to_string).collect();
    output::hint(&format!(
        "with a key that counts, and another note: `avalaches expunge{metadata} --sign=KEY --note WHY {}`",
        revisions.join(" ")
    ));
}

/// Changes one of the two files, as `edit` has it of both.
fn change(
    common: &Common,
    how: &Changing,
    settings: &Settings,
    note: Option<&String>,
    what: &str,
    edit: impl FnOnce(&[u8], &[u8]) -> Result<Option<(&'static str, Vec<u8>)>, EditError>,
) -> Result<Outcome, Failure> {
    RootMessage::check_note(note.map(String::as_str))?;
    let circumstances = how.circumstances(settings)?;
    let decide = |archive: &Archive| -> Result<_, Refusal> {
        let (allowed, revoked) = signed::files(archive)?;
        let Some((name, bytes)) = edit(&allowed, &revoked)? else {
            return Ok(None);
        };
        let message = RootMessage {
            subject: format!("signers: {what}"),
            note: note.cloned(),
        };
        let files = vec![(name.to_owned(), bytes)];
        Ok(Some(RootChange::new(files, message)))
    };
    let footer = common.change_root_files(&common.archive_path()?, &circumstances, decide);
    let footer = footer.map_err(refused)?;
    if footer.is_none() && !common.quiet && !common.json {
        output::note("it is so already; nothing was changed");
    }
    if common.json {
        return tell(common, &common.open()?, footer.as_ref())
            .map_err(|failure| failure.after_commit(footer.as_ref()));
    }
    if let Some(footer) = footer {
        output::print(&format!("{footer}\n")).map_err(|failure| failure.after_commit(Some(&footer)))?;
    }
    Ok(Outcome::Yes)
}

/// Tells why keys were not changed, and what can be done about it.
fn refused(error: RootError<Refusal>) -> Failure {
    let hint = match &error {
        RootError::Refused(Refusal::Edit(EditError::Revoked(_))) => {
            "a key that was revoked stays so: make another with `ssh-keygen -t ed25519`"
        }
        RootError::Refused(Refusal::Edit(EditError::Line { .. })) => {
            "the file has to be mended first; another program than this one wrote that line"
        }
        _ => return failure(error),
    };
    failure(error).hint(hint)
}

fn list(common: &Common) -> Result<Outcome, Failure> {
    tell(common, &common.open()?, None)
}

fn tell(common: &Common, archive: &Archive, footer: Option<&Footer>) -> Result<Outcome, Failure> {
    let (allowed, revoked) = signed::files(archive)?;
    let file = AllowedSigners::parse(&allowed);
    let mut faults = Vec::new();
    if let Some((line, why)) = file.fault {
        faults.push(format!("line {line} of {SIGNERS_FILE} {why}; it does not count"));
    }
    let revoked = RevokedKeys::parse(&revoked).unwrap_or_else(|(line, why)| {
        faults.push(format!("line {line} of {REVOKED_FILE} {why}; no key counts"));
        RevokedKeys::default()
    });
    if common.json {
        let entries: Vec<Value> = file
            .entries
            .iter()
            .map(|entry| document(entry, &revoked))
            .collect();
        output::print_json(&json!({
            "schema": "avalaches/signers/1",
            "footer": footer.map(ToString::to_string),
            "allowed": entries,
            "revoked": revoked.all(),
            "faults": faults,
        }))?;
        return Ok(Outcome::Yes);
    }
    let mut text = String::new();
    for entry in &file.entries {
        let print = fingerprint(&entry.key);
        let when = [("from", entry.valid_after), ("to", entry.valid_before)];
        let when = when.map(|(word, seconds)| {
            let date = instant(seconds).map(|date| format!(", {word} {date}"));
            date.unwrap_or_default()
        });
        let only = match (&entry.namespaces, entry.is_authority) {
            (_, true) => ", for certificates alone".to_owned(),
            (Some(namespaces), false) => format!(", for {} alone", visible(namespaces)),
            (None, false) => String::new(),
        };
        let gone = if revoked.has(&entry.key, &print) {
            ", revoked"
        } else {
            ""
        };
        let principals = visible(&entry.principals);
        text.push_str(&format!("{print}  {principals}{}{only}{gone}\n", when.concat()));
    }
    let others: Vec<String> = revoked.all();
    let others = others.into_iter();
    let others = others.filter(|print| !file.entries.iter().any(|entry| fingerprint(&entry.key) == *print));
    for print in others {
        text.push_str(&format!("{}  revoked\n", visible(&print)));
    }
    output::print(&text)?;
    for fault in &faults {
        output::warning(fault);
    }
    if text.is_empty() && faults.is_empty() && !common.quiet {
        output::note("no key counts: every signature is untrusted until `avalaches signers allow` lets one");
    }
    Ok(Outcome::Yes)
}

fn document(entry: &Entry, revoked: &RevokedKeys) -> Value {
    let print = fingerprint(&entry.key);
    let date = |seconds| instant(seconds).map(|date| date.to_string());
    json!({
        "principals": entry.principals,
        "is_revoked": revoked.has(&entry.key, &print),
        "key": print,
        "namespaces": entry.namespaces,
        "is_authority": entry.is_authority,
        "valid_after": date(entry.valid_after),
        "valid_before": date(entry.valid_before),
    })
}

fn instant(seconds: Option<i64>) -> Option<RevisionDate> {
    RevisionDate::from_seconds(seconds?, UtcOffset::UTC).ok()
}

/// Reads a moment; of a day its first one, in the archive's offset.
fn moment(text: &str, offset: UtcOffset) -> Result<RevisionDate, avalaches::date::DateError> {
    let is_day = text.len() == "2026-01-22".len();
    let first = format!("{text}T00:00:00{offset}");
    RevisionDate::parse(if is_day { &first } else { text }, offset)
}

/// The longest file with a public key, in bytes.
const LONGEST_KEY: u64 = 64 << 10;

fn read_key(path: &Path) -> Result<PublicKey, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::new(format!("could not read the public key {}: {why}", path.display()))
    };
    let text = read_text(path, LONGEST_KEY).map_err(|why| failed(&why))?;
    PublicKey::parse(&text).map_err(|why| {
        let failure = failed(&why);
        match why {
            EditError::Private => {
                failure.hint("name the file beside it that ends in .pub; nobody else may see this one")
            }
            _ => failure,
        }
    })
}
