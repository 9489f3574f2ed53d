//! `avalaches add`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use avalaches::add::{self, AddError, Change, Circumstances, PageError, Prepared, Wishes};
use avalaches::article::Kind;
use avalaches::canonical::{Invisible, LONGEST_ARTICLE};
use avalaches::draft::Form;
use avalaches::id::ArticleId;
use avalaches::language::{self, Language};
use avalaches::settings::Settings;
use avalaches::storage::repository::WriteError;
use avalaches::verify::with_causes;
use serde_json::{Value, json};

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

/// How a page is written.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum FormName {
    Text,
    Markdown,
    Html,
}

impl From<FormName> for Form {
    fn from(name: FormName) -> Self {
        match name {
            FormName::Text => Self::Text,
            FormName::Markdown => Self::Markdown,
            FormName::Html => Self::Html,
        }
    }
}

impl Add {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let settings = archive.settings().clone();
        let path = archive.path().to_owned();
        drop(archive);
        let circumstances = Circumstances {
            author: environment::person("AUTHOR")?,
            committer: environment::person("COMMITTER")?,
            now: environment::now(self.archived_at.as_deref(), settings.utc_offset)?,
            invisible: if self.allow_invisible {
                Invisible::Allow
            } else {
                Invisible::Refuse
            },
        };
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
                    tell_notices(common, file, &prepared);
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
                .map(|((file, _), outcome)| as_json(file, outcome))
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
            source_commit: None,
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
            .map_err(|error| page_failure(file, &error))
    }
}

/// Lists the files of the arguments: folders give their pages, in the order of their names.
fn files(arguments: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for argument in arguments {
        if !argument.is_dir() {
            files.push(argument.clone());
            continue;
        }
        let before = files.len();
        list_folder(argument, &mut files, 0)?;
        if files.len() == before {
            return Err(
                Failure::new(format!("{} is a folder without pages", argument.display()))
                    .hint("pages are files named .txt, .md, .markdown, .html or .htm"),
            );
        }
    }
    Ok(files)
}

fn list_folder(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) -> Result<(), Failure> {
    let cannot = |error| Failure::new(format!("could not look into {}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(cannot)?;
    entries.sort();
    for entry in entries {
        let name = entry
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let metadata = fs::symlink_metadata(&entry).map_err(cannot)?;
        if name.starts_with('.') {
            continue;
        }
        if metadata.is_dir() && depth < 32 {
            list_folder(&entry, files, depth + 1)?;
        } else if metadata.is_file() && Form::of_name(&name).is_some() {
            files.push(entry);
        }
    }
    Ok(())
}

/// Reads a page from a file or from stdin, not more than can be used.
pub fn read_page(file: &Path) -> Result<Vec<u8>, Failure> {
    let most = u64::try_from(LONGEST_ARTICLE).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        fs::File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failure::new(format!(
            "could not read {}: {error}",
            file.display()
        ))),
    }
}

/// Judges how a page is written: by its name, else by its beginning.
pub fn form_of(file: &Path, bytes: &[u8]) -> Form {
    Form::of_name(&file.to_string_lossy()).unwrap_or_else(|| Form::sniff(bytes))
}

/// Tells of a page that cannot be read: file, line, reason, and what to do.
pub fn page_failure(file: &Path, error: &PageError) -> Failure {
    let line = error.line().map(|line| format!(":{line}")).unwrap_or_default();
    let failure = Failure::new(format!("{}{line}: {}", file.display(), with_causes(error)));
    match error {
        PageError::Split(language::SplitError::TakingTurns(_)) => {
            failure.hint("say --lang mul to keep the page as one text")
        }
        PageError::NoAuthor => {
            failure.hint("say --author NAME, or give the archive a byline when you make it")
        }
        PageError::NoSlug => failure.hint("say --slug some-words"),
        PageError::Kind(_) => {
            failure.hint("say --article ID with --kind KIND; `avalaches list` names the articles")
        }
        PageError::NoArticle(_) => failure.hint("`avalaches list` names the articles"),
        PageError::Draft(error) if error.to_string().contains("invisible character") => {
            failure.hint("delete it, or say --allow-invisible to keep and record it")
        }
        _ => failure,
    }
}

fn tell_notices(common: &Common, file: &Path, prepared: &Prepared) {
    if common.quiet {
        return;
    }
    for notice in &prepared.notices {
        let line = if notice.line == 0 {
            String::new()
        } else {
            format!(":{}", notice.line)
        };
        output::warning(&format!("{}{line}: {}", file.display(), notice.what));
    }
}

fn failure(error: AddError, pages: &[(&PathBuf, Prepared)]) -> Failure {
    match error {
        AddError::Page(position, why) => match pages.get(position) {
            Some((file, _)) => page_failure(file, &why),
            None => Failure::new(with_causes(&*why)),
        },
        AddError::Open(error) => open_failure(error),
        AddError::Write(error @ WriteError::Io { .. }) => Failure::from(error)
            .hint("nothing was added; run the command again when the disk can be written to"),
        other => Failure::from(other),
    }
}

fn as_json(file: &Path, outcome: &add::Outcome) -> Value {
    json!({
        "page": file.to_string_lossy(),
        "article": outcome.article.to_string(),
        "revision": outcome.revision,
        "kind": outcome.kind.name(),
        "added": outcome.change == Change::Added,
        "date": outcome.footer.day.to_string(),
        "id": outcome.footer.commit.to_string(),
        "footer": outcome.footer.to_string(),
    })
}
