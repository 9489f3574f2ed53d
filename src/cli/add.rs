//! `avalaches add`.

use std::path::{Path, PathBuf};

use avalaches::add::{self, AddError, Change, Circumstances, Prepared, Wishes};
use avalaches::article::Kind;
use avalaches::draft::Form;
use avalaches::id::ArticleId;
use avalaches::language::Language;
use avalaches::settings::Settings;
use avalaches::storage::repository::WriteError;
use avalaches::verify::with_causes;
use serde_json::{Value, json};

use super::pages::{FormName, files, form_of, page_failure, place_failure, read_page, tell_notices};
use super::{Common, Failure, Outcome, environment, open_failure, output};

/// Add pages, each as one commit, and print their footers
#[derive(Debug, clap::Args)]
pub struct Add {
    /// Files, folders, or - for stdin
    #[arg(required = true, value_name = "PAGE")]
    pages: Vec<PathBuf>,
    /// Date of the revision [default: the page's own, else its footer's, else now]
    #[arg(long)]
    date: Option<String>,
    /// Title; for one of several languages LANG=TITLE
    #[arg(long, value_name = "[LANG=]TITLE")]
    title: Vec<String>,
    /// Last part of the article's id [default: from the title or the first words]
    #[arg(long)]
    slug: Option<String>,
    /// Languages in page order, such as zh,en; mul for a page that mixes them [default: detected]
    #[arg(long, value_delimiter = ',', value_name = "LANG")]
    lang: Vec<Language>,
    /// Author, as Name or Name <address>; again for several
    #[arg(long)]
    author: Vec<String>,
    /// Tag; again for several
    #[arg(long)]
    tag: Vec<String>,
    /// Address the text was taken from
    #[arg(long, value_name = "URL")]
    source_url: Option<String>,
    /// One line that says why the revision is made
    #[arg(long)]
    note: Option<String>,
    /// publish, update, correction, retraction, restoration or technical
    #[arg(long)]
    kind: Option<Kind>,
    /// Article that gets a new revision
    #[arg(long, value_name = "ID")]
    article: Option<ArticleId>,
    /// How pages are written [default: by name, else by content]
    #[arg(long, value_enum)]
    form: Option<FormName>,
    /// When it is archived [default: `SOURCE_DATE_EPOCH`, else now]
    #[arg(long, value_name = "DATE")]
    archived_at: Option<String>,
    /// Keep invisible characters, and record which
    #[arg(long)]
    allow_invisible: bool,
    /// Print what would be added, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Add the good pages where some are bad, and exit with 1
    #[arg(long)]
    keep_going: bool,
}

impl Add {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let settings = archive.settings().clone();
        let path = archive.path().to_owned();
        drop(archive);
        let archived_at = self.archived_at.as_deref();
        let circumstances =
            environment::circumstances(archived_at, settings.utc_offset, self.allow_invisible)?;
        let wishes = self.wishes();
        let files = files(&self.pages)?;
        if files.len() > 1 && (self.article.is_some() || self.slug.is_some()) {
            return Err(Failure::new(format!(
                "--article and --slug are for one page, and there are {}",
                files.len()
            )));
        }
        let mut good = Vec::new();
        let mut bad = 0;
        for file in &files {
            match self.prepare(file, &wishes, &settings, &circumstances) {
                Ok(prepared) => {
                    tell_notices(common, &file.to_string_lossy(), &prepared.notices);
                    good.push((file, prepared));
                }
                Err(failure) => {
                    bad += 1;
                    output::error(&failure.message);
                    failure.hint.iter().for_each(|hint| output::hint(hint));
                }
            }
        }
        if bad > 0 && !self.keep_going {
            let pages = if files.len() == 1 {
                "the page was".to_owned()
            } else {
                format!("{bad} of {} pages were", files.len())
            };
            let failure = Failure::new(format!("{pages} refused, and nothing was added"));
            return Err(if good.is_empty() {
                failure
            } else {
                failure.hint("--keep-going adds the good ones")
            });
        }
        let pages: Vec<Prepared> = good.iter().map(|(_, page)| page.clone()).collect();
        let done = if self.dry_run {
            add::rehearse(&path, common.owner(), &pages, &circumstances)
        } else {
            add::add(&path, common.owner(), &pages, &circumstances, common.durability())
        };
        let outcomes = done.map_err(|error| failure(error, &good))?;
        self.report(common, &good, &outcomes)?;
        Ok(if bad == 0 { Outcome::Yes } else { Outcome::No })
    }

    fn report(
        &self,
        common: &Common,
        pages: &[(&PathBuf, Prepared)],
        outcomes: &[add::Outcome],
    ) -> Result<(), Failure> {
        let added = outcomes.iter().any(|outcome| outcome.change == Change::Added) && !self.dry_run;
        // The commits are on disk; that this could not be said must not pass for "not added".
        let unreported = |failure: Failure| {
            if !added {
                return failure;
            }
            let ids: Vec<String> = outcomes
                .iter()
                .map(|outcome| outcome.footer.commit.to_string())
                .collect();
            Failure::new(format!("committed {}, but {}", ids.join(", "), failure.message))
        };
        if common.json {
            let items: Vec<Value> = pages
                .iter()
                .zip(outcomes)
                .map(|((file, _), outcome)| as_json(&file.to_string_lossy(), outcome))
                .collect();
            let document = json!({"schema": "avalaches/add/1", "dry_run": self.dry_run, "pages": items});
            return output::print_json(&document).map_err(unreported);
        }
        let mut footers = String::new();
        for ((file, _), outcome) in pages.iter().zip(outcomes) {
            if !common.quiet {
                let add::Outcome {
                    article,
                    revision,
                    kind,
                    ..
                } = outcome;
                let verb = match (outcome.change, self.dry_run) {
                    (Change::None, _) => "unchanged:",
                    (Change::Added, false) => "added",
                    (Change::Added, true) => "would add",
                };
                output::note(&format!(
                    "{}: {verb} {article}, revision {revision}, {kind}",
                    file.display()
                ));
                if let Some(clash) = &outcome.clash {
                    output::warning(&format!(
                        "{clash} is another text; for a new revision of it say --article {clash}"
                    ));
                }
            }
            footers.push_str(&format!("{}\n", outcome.footer));
        }
        output::print(&footers).map_err(unreported)
    }

    fn wishes(&self) -> Wishes {
        Wishes {
            date: self.date.clone(),
            titles: self.title.clone(),
            slug: self.slug.clone(),
            languages: self.lang.clone(),
            authors: self.author.clone(),
            tags: self.tag.clone(),
            source_url: self.source_url.clone(),
            note: self.note.clone(),
            kind: self.kind,
            article: self.article.clone(),
            ..Wishes::default()
        }
    }

    fn prepare(
        &self,
        file: &Path,
        wishes: &Wishes,
        settings: &Settings,
        circumstances: &Circumstances,
    ) -> Result<Prepared, Failure> {
        let bytes = read_page(file)?;
        let form = self.form.map_or_else(|| form_of(file, &bytes), Form::from);
        add::prepare(&bytes, form, wishes, settings, circumstances)
            .map_err(|error| page_failure(&file.to_string_lossy(), &error))
    }
}

fn failure(error: AddError, pages: &[(&PathBuf, Prepared)]) -> Failure {
    match error {
        AddError::Page(position, why) => match pages.get(position) {
            Some((file, _)) => place_failure(&file.to_string_lossy(), &why),
            None => Failure::new(with_causes(&why)),
        },
        AddError::Open(error) => open_failure(error),
        AddError::Write(error @ WriteError::Io { .. }) => Failure::from(error)
            .hint("nothing was added; run the command again when the disk can be written to"),
        other => Failure::from(other),
    }
}

/// Returns what became of a page, as `JSON.md` has it.
pub fn as_json(page: &str, outcome: &add::Outcome) -> Value {
    json!({
        "page": page,
        "article": outcome.article.to_string(),
        "revision": outcome.revision,
        "kind": outcome.kind.name(),
        "added": outcome.change == Change::Added,
        "date": outcome.footer.day.to_string(),
        "id": outcome.footer.commit.to_string(),
        "footer": outcome.footer.to_string(),
    })
}
