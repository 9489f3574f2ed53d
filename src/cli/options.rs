//! Options that several commands have, each written once.

use std::path::Path;

use avalaches::add::{self, AddError, Circumstances, Drafts, Outcome, Prepared, Wishes};
use avalaches::archive::Archive;
use avalaches::audit;
use avalaches::id::CommitId;
use avalaches::language::{Language, Tagged};
use avalaches::settings::{Settings, Signatures};
use clap::builder::NonEmptyStringValueParser;

use super::pages::FormName;
use super::signing::Signing;
use super::{Common, Failure, environment, output, remember, resolve};

/// By whom and when: of every command that makes revisions.
#[derive(Debug, clap::Args)]
pub struct Making {
    /// Author, as Name or Name <address>; again for several
    #[arg(long)]
    pub author: Vec<String>,
    /// Tag; again for several
    #[arg(long)]
    pub tag: Vec<String>,
    /// When it is archived [default: `SOURCE_DATE_EPOCH`, `GIT_COMMITTER_DATE`, else now]
    #[arg(long, value_name = "DATE")]
    pub archived_at: Option<String>,
    /// Tell what would be done, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub signing: Signing,
}

impl Making {
    /// Returns the tags, where any is given.
    pub fn tags(&self) -> Option<Vec<String>> {
        (!self.tag.is_empty()).then(|| self.tag.clone())
    }

    /// Returns what is so for the whole call, and warns of a clock that is behind the archive, and of an archive that lacks what was
    /// remembered of it.
    pub fn circumstances(
        &self,
        common: &Common,
        archive: &Archive,
        allow_invisible: bool,
    ) -> Result<Circumstances, Failure> {
        let settings = archive.settings();
        let signer = self
            .signing
            .signer_unless(self.dry_run, settings.signatures, common)?;
        let archived_at = self.archived_at.as_deref();
        let made = environment::circumstances(archived_at, settings.utc_offset, allow_invisible, signer)?;
        let newest = archive.commit(archive.tip())?.committer.date;
        if made.now.seconds() < newest.seconds() && !common.quiet {
            output::warning(&format!(
                "it is {} here, and the newest commit was archived at {newest}: what is added now gets that time, for time does not run backwards along the branch; check the clock",
                made.now
            ));
        }
        if let Ok(clock) = environment::clock(settings.utc_offset)
            && audit::is_after(made.now, clock)
            && !common.quiet
        {
            output::warning(&format!(
                "it is archived at {}, and it is {clock} here: that stays for good, nothing can be archived earlier after it, and an audit tells of it",
                made.now
            ));
        }
        remember::warn_of_missing(common, archive);
        Ok(made)
    }

    /// Puts pages on the branch, or tells what would become of them.
    pub fn put(
        &self,
        common: &Common,
        archive: &Path,
        pages: &[Prepared],
        circumstances: &Circumstances,
    ) -> Result<Vec<Outcome>, AddError> {
        if self.dry_run {
            add::rehearse(archive, common.owner(), pages, circumstances)
        } else {
            add::add(archive, common.owner(), pages, circumstances, common.durability())
        }
    }
}

/// By whom and when root files are changed.
#[derive(Debug, clap::Args)]
pub struct Changing {
    /// When it is archived [default: `SOURCE_DATE_EPOCH`, `GIT_COMMITTER_DATE`, else now]
    #[arg(long, value_name = "DATE")]
    archived_at: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Changing {
    /// Names the first of these options that is given.
    pub fn given(&self) -> Option<&'static str> {
        let archived_at = self.archived_at.as_ref().map(|_| "--archived-at");
        archived_at.or_else(|| self.signing.given())
    }

    /// Returns what is so for the whole call, by the settings as they are.
    pub fn circumstances(&self, settings: &Settings) -> Result<Circumstances, Failure> {
        self.circumstances_where(settings, settings.signatures)
    }

    /// Returns what is so for the whole call, where signatures are optional or required.
    pub fn circumstances_where(
        &self,
        settings: &Settings,
        asked: Signatures,
    ) -> Result<Circumstances, Failure> {
        let signer = self.signing.signer(asked)?;
        environment::circumstances(self.archived_at.as_deref(), settings.utc_offset, false, signer)
    }
}

/// How pages are read: of every command that reads pages to keep them.
#[derive(Debug, clap::Args)]
pub struct Reading {
    /// Languages in page order, such as zh,en; mul for a page that mixes them [default: the page's own, else detected]
    #[arg(long, value_delimiter = ',', value_name = "LANG")]
    pub lang: Vec<Language>,
    /// How pages are written [default: by name, else by content]
    #[arg(long, value_enum)]
    pub form: Option<FormName>,
    /// Keep invisible characters, and record which
    #[arg(long)]
    pub allow_invisible: bool,
    /// Take pages whose front matter says that they are drafts, by `draft: true` or `published: false`
    #[arg(long)]
    drafts: bool,
}

impl Reading {
    /// Returns what becomes of drafts.
    pub fn drafts(&self) -> Drafts {
        if self.drafts { Drafts::Take } else { Drafts::Refuse }
    }
}

/// What is said of a revision: of every command that makes single ones.
#[derive(Debug, clap::Args)]
pub struct Saying {
    /// Date of the revision [default: the page's own, else that of its footer, where the article has none of them yet, else now]
    #[arg(long)]
    pub date: Option<String>,
    /// Title; for one of several languages LANG=TITLE. A title that begins like a language's tag, such as pi=3, has one before it: en=pi=3
    #[arg(long, value_name = "[LANG=]TITLE")]
    pub title: Vec<String>,
    /// Address the text was taken from
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub source_url: Option<String>,
    /// Footer or id of the revision that has to be the article's newest one; another one is refused
    #[arg(long, value_name = "FOOTER|ID")]
    pub expect: Option<String>,
}

impl Saying {
    /// Returns what is wished for a revision.
    pub fn wishes(&self, archive: &Archive, making: &Making) -> Result<Wishes, Failure> {
        let expected = self.expect.as_ref().map(|text| resolve::commit(archive, text));
        let expected: Option<CommitId> = expected.transpose()?;
        let titles: Vec<Tagged> = self.title.iter().map(|title| Tagged::read(title)).collect();
        Ok(Wishes {
            date: self.date.clone(),
            titles: (!titles.is_empty()).then_some(titles),
            authors: making.author.clone(),
            tags: making.tags(),
            source_url: self.source_url.clone(),
            expected,
            ..Wishes::default()
        })
    }
}
