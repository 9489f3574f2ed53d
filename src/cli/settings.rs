//! `avalaches settings`.

use avalaches::archive::Archive;
use avalaches::branch::PlaceError;
use avalaches::date::UtcOffset;
use avalaches::footer::Footer;
use avalaches::language::Language;
use avalaches::object::ident::{Person, PersonError};
use avalaches::root_files::{RootChange, RootError};
use avalaches::settings::{self, SettingsError, Signatures};
use avalaches::tlog::key::KeyError;
use avalaches::trailer::{NoteError, RootMessage};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::options::Changing;
use super::signing::unsigned;
use super::{Common, Failure, Outcome, open_failure, output};

/// Show what the archive says about itself, or change it by a commit of its own, and print that commit's footer
#[derive(Debug, clap::Args)]
pub struct Settings {
    /// Name of the publication
    #[arg(long)]
    title: Option<String>,
    /// First line of every page
    #[arg(long, value_name = "TEXT")]
    home_link: Option<String>,
    /// Author of pages that name none, as Name or Name <address>; empty for nobody
    #[arg(long, value_name = "AUTHOR")]
    byline: Option<String>,
    /// Where the pages are published; empty for nowhere. Its host is part of the ids of the feed's entries: with another one
    /// readers of the feed see each of them anew
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Offset of dates given without one, such as +08:00
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    utc_offset: Option<UtcOffset>,
    /// The publication's languages, best first: titles are shown in the first there is, and the site's own words are in the first,
    /// or in English
    #[arg(long, value_delimiter = ',', value_name = "LANG")]
    language_order: Vec<Language>,
    /// Whether each commit has to bear a good signature: by a key that `signers allow` let in
    #[arg(long, value_enum, value_name = "WHETHER")]
    signatures: Option<Asked>,
    /// The key by which checkpoints of the archive's log are signed, as `key new` prints it
    #[arg(long, value_name = "KEY")]
    log_key: Option<String>,
    /// One line that says why they are changed
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    how: Changing,
}

/// The names of [`Signatures`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Asked {
    /// Each commit that follows has to be signed with a key that counts
    Required,
    /// Commits may be signed
    Optional,
}

impl From<Asked> for Signatures {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Required => Self::Required,
            Asked::Optional => Self::Optional,
        }
    }
}

/// Why settings are not changed.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Value(#[from] SettingsError),
    #[error("byline {0:?} is no author's name")]
    Byline(String, #[source] PersonError),
    #[error("--log-key")]
    LogKey(#[source] KeyError),
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Settings {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        if !self.asks_for_a_change()
            && let Some(option) = self.said_of_a_change()
        {
            return Err(Failure::new(format!(
                "{option} is said of a change, and no setting is named that is to change"
            ))
            .hint("name one, such as --title; `avalaches settings --help` has all of them"));
        }
        let archive = common.open()?;
        let path = archive.path().to_owned();
        let before = archive.settings().clone();
        drop(archive);
        if self.changes(&before)?.is_none() {
            if self.asks_for_a_change() && !common.quiet && !common.json {
                output::note("the settings are so already; nothing was changed");
            }
            return report(common, &before, None);
        }
        let asked = self.signatures.map_or(Signatures::Optional, Into::into);
        let asked = asked.max(before.signatures);
        let circumstances = self.how.circumstances_where(&before, asked)?;
        let mut after = before;
        let decide = |archive: &Archive| -> Result<_, Refusal> {
            let Some((settings, what)) = self.changes(archive.settings())? else {
                return Ok(None);
            };
            let message = RootMessage {
                subject: format!("settings: {}", what.join(", ")),
                note: self.note.clone(),
            };
            let files = vec![(settings::FILE_NAME.to_owned(), settings.encode())];
            after = settings;
            Ok(Some(RootChange::new(files, message)))
        };
        let footer = common.change_root_files(&path, &circumstances, decide);
        let footer = footer.map_err(failure)?;
        report(common, &after, footer.as_ref()).map_err(|failure| failure.after_commit(footer.as_ref()))
    }

    fn asks_for_a_change(&self) -> bool {
        let texts = [&self.title, &self.home_link, &self.byline, &self.base_url];
        texts.iter().any(|text| text.is_some())
            || self.utc_offset.is_some()
            || self.signatures.is_some()
            || self.log_key.is_some()
            || !self.language_order.is_empty()
    }

    /// Names an option that says something of a change and asks for none.
    fn said_of_a_change(&self) -> Option<&'static str> {
        self.note.as_ref().map(|_| "--note").or_else(|| self.how.given())
    }

    /// Returns what the settings become and the names of those that change; `None` where none does.
    fn changes(
        &self,
        before: &settings::Settings,
    ) -> Result<Option<(settings::Settings, Vec<&'static str>)>, Refusal> {
        RootMessage::check_note(self.note.as_deref())?;
        let optional = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let mut after = before.clone();
        if let Some(title) = &self.title {
            after.title.clone_from(title);
        }
        if let Some(link) = &self.home_link {
            after.home_link.clone_from(link);
        }
        if let Some(byline) = &self.byline {
            let person = optional(byline).as_deref().map(Person::parse).transpose();
            after.byline = person.map_err(|why| Refusal::Byline(byline.clone(), why))?;
        }
        if let Some(url) = &self.base_url {
            after.base_url = optional(url);
        }
        if let Some(offset) = self.utc_offset {
            after.utc_offset = offset;
        }
        if !self.language_order.is_empty() {
            after.language_order.clone_from(&self.language_order);
        }
        if let Some(signatures) = self.signatures {
            after.signatures = signatures.into();
        }
        if let Some(key) = &self.log_key {
            let key = optional(key).map(|key| key.parse()).transpose();
            after.log_key = key.map_err(Refusal::LogKey)?;
        }
        after.check()?;
        if self.base_url.is_some() {
            after.check_base_url()?;
        }
        let changed = [
            ("title", before.title != after.title),
            ("home link", before.home_link != after.home_link),
            ("byline", before.byline != after.byline),
            ("base URL", before.base_url != after.base_url),
            ("UTC offset", before.utc_offset != after.utc_offset),
            ("language order", before.language_order != after.language_order),
            ("signatures required", before.signatures < after.signatures),
            ("signatures optional", before.signatures > after.signatures),
            ("log key", before.log_key != after.log_key),
        ];
        let changed: Vec<&str> = changed
            .iter()
            .filter(|(_, is_changed)| *is_changed)
            .map(|(name, _)| *name)
            .collect();
        Ok((!changed.is_empty()).then_some((after, changed)))
    }
}

impl From<Refusal> for RootError<Refusal> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn report(
    common: &Common,
    settings: &settings::Settings,
    footer: Option<&Footer>,
) -> Result<Outcome, Failure> {
    if common.json {
        let file: Value = serde_json::from_slice(&settings.encode())?;
        output::print_json(&json!({
            "schema": "avalaches/settings/1",
            "footer": footer.map(ToString::to_string),
            "settings": file,
        }))?;
        return Ok(Outcome::Yes);
    }
    let text = match footer {
        Some(footer) => format!("{footer}\n"),
        None => String::from_utf8_lossy(&settings.encode()).into_owned(),
    };
    output::print(&text)?;
    Ok(Outcome::Yes)
}

/// Tells why root files were not changed.
pub fn failure<E: std::error::Error + 'static>(error: RootError<E>) -> Failure {
    match error {
        RootError::Open(error) => open_failure(error),
        RootError::Place(PlaceError::Sign(error)) => unsigned(error, "changed"),
        error @ RootError::NoAuthor => Failure::from(error)
            .hint("set GIT_COMMITTER_NAME, or the byline with `avalaches settings --byline`"),
        error @ RootError::NoKey => Failure::from(error).hint(
            "let a key count with `avalaches signers allow NAME KEYFILE`, before others stop counting; nothing was changed",
        ),
        error => Failure::from(error),
    }
}
