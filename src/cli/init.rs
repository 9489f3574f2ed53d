//! `avalaches init`.

use std::path::{Path, PathBuf};

use avalaches::add;
use avalaches::archive::Archive;
use avalaches::date::UtcOffset;
use avalaches::language::Language;
use avalaches::object::ident::Person;
use avalaches::page::BACK_ARROW;
use avalaches::settings::{Settings, Signatures};
use avalaches::storage::repository::{self, Making};
use serde_json::json;

use super::signing::Signing;
use super::{Common, Failure, Outcome, environment, output};

/// Make an archive: a bare git repository with its settings committed
#[derive(Debug, clap::Args)]
pub struct Init {
    /// The folder [default: archive]
    dir: Option<PathBuf>,
    /// Name of the publication
    #[arg(long, default_value = "Avalaches")]
    title: String,
    /// First line of every page [default: ← 返回 TITLE, or ← Back to TITLE where the first language is not Chinese]
    #[arg(long, value_name = "TEXT")]
    home_link: Option<String>,
    /// Author of pages that name none, as Name or Name <address>
    #[arg(long, value_name = "AUTHOR")]
    byline: Option<String>,
    /// Where the pages are published
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Offset of dates given without one, such as +08:00
    #[arg(
        long,
        value_name = "OFFSET",
        default_value = "+00:00",
        allow_hyphen_values = true
    )]
    utc_offset: String,
    /// The publication's languages, best first: titles are shown in the first there is, and the site's own words are in the first,
    /// or in English
    #[arg(long, value_delimiter = ',', value_name = "LANG", default_value = "zh,en")]
    language_order: Vec<Language>,
    /// When it is archived [default: `SOURCE_DATE_EPOCH`, `GIT_COMMITTER_DATE`, else now]
    #[arg(long, value_name = "DATE")]
    archived_at: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

impl Init {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let dir = self
            .dir
            .clone()
            .or_else(|| common.named_archive())
            .unwrap_or_else(|| PathBuf::from("archive"));
        let is_free = repository::is_free(&dir)
            .map_err(|error| Failure::new(format!("could not look into {}: {error}", dir.display())))?;
        if !is_free {
            let is_finished = repository::finish(&dir)?;
            return match Archive::open(&dir, common.owner()) {
                Ok(archive) => {
                    if !common.quiet && !common.json {
                        let what = if is_finished {
                            "was begun by a call that was interrupted, and is an archive now, as that one made it"
                        } else {
                            "is an archive already; nothing was changed; `avalaches settings` changes what is said of it"
                        };
                        output::note(&format!("{} {what}", dir.display()));
                    }
                    report(common, &dir, &archive.tip().to_string(), is_finished)
                }
                Err(_) => Err(
                    Failure::new(format!("{} is not empty and no archive", dir.display()))
                        .hint("name a folder that is empty or does not exist yet"),
                ),
            };
        }
        let settings = self.settings()?;
        let signer = self.signing.signer(Signatures::Optional)?;
        let now = environment::now(self.archived_at.as_deref(), settings.utc_offset)?;
        let committer = match environment::person("COMMITTER")? {
            Some(person) => person,
            None => match &settings.byline {
                Some(byline) => byline.clone(),
                None => Person::new(&settings.title, "")?,
            },
        };
        // Made beside its place and moved there whole, so that a kill leaves no half an archive.
        let making = Making::begin(&dir)?;
        repository::create(making.path())?;
        let id = add::first_commit(
            making.path(),
            &settings,
            &committer,
            now,
            signer.as_deref(),
            common.durability(),
        )?;
        making.take_place()?;
        if !common.quiet && !common.json {
            output::note(&format!("made the archive {}", dir.display()));
        }
        report(common, &dir, &id.to_string(), true)
    }

    fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = Settings::new(&self.title);
        settings.language_order.clone_from(&self.language_order);
        if self
            .language_order
            .first()
            .is_none_or(|first| first.primary() != "zh")
        {
            settings.home_link = format!("{BACK_ARROW} Back to {}", self.title);
        }
        if let Some(link) = &self.home_link {
            settings.home_link.clone_from(link);
        }
        settings.byline = self.byline.as_deref().map(Person::parse).transpose()?;
        settings.base_url.clone_from(&self.base_url);
        settings.utc_offset = self.utc_offset.parse::<UtcOffset>()?;
        settings.check()?;
        settings.check_base_url()?;
        Ok(settings)
    }
}

fn report(common: &Common, dir: &Path, commit: &str, made: bool) -> Result<Outcome, Failure> {
    if common.json {
        let document = json!({"schema": "avalaches/init/1", "archive": dir.to_string_lossy(), "commit": commit, "made": made});
        output::print_json(&document)?;
    }
    Ok(Outcome::Yes)
}
