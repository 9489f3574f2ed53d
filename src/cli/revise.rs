//! What the editorial commands share: a new revision of an article that is there.

use std::path::PathBuf;

use avalaches::add::{self, Drafts, PageError, Prepared, Wishes};
use avalaches::archive::Archive;
use avalaches::article::Kind;
use avalaches::draft;
use avalaches::editorial::{self, EditorialError};
use avalaches::language::Language;
use avalaches::revision::Revision;
use avalaches::wording::with_causes;
use clap::ValueEnum;

use super::add::{failure, report};
use super::options::{Making, Reading, Saying};
use super::pages::{form_of, lacks_note, page_failure, read_page, tell_notices};
use super::{Common, Failure, Outcome, output, resolve};

/// The article, and what is said of its new revision.
#[derive(Debug, clap::Args)]
pub struct Revising {
    /// The article: its id, or a footer or id of any revision of it
    #[arg(value_name = "ARTICLE")]
    article: String,
    #[command(flatten)]
    saying: Saying,
    #[command(flatten)]
    pub making: Making,
    /// What is not kept of the revision before; again for several
    #[arg(long, value_enum, value_name = "WHAT")]
    drop: Vec<Dropped>,
}

/// What a revision keeps of the one before, unless it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dropped {
    Title,
    Tag,
    SourceUrl,
}

/// A page that becomes a new revision.
#[derive(Debug, clap::Args)]
pub struct Page {
    #[command(flatten)]
    revising: Revising,
    /// The page's file, or - for stdin
    #[arg(value_name = "PAGE", required = true)]
    file: Option<PathBuf>,
    /// One line that says why the revision is made
    #[arg(long)]
    note: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

impl Page {
    /// Makes a page a revision of a kind.
    pub fn run(&self, common: &Common, kind: Kind) -> Result<Outcome, Failure> {
        let Self {
            revising, reading, ..
        } = self;
        let archive = common.open()?;
        let newest = revising.newest(&archive)?;
        let languages = &newest.metadata().languages;
        if let Some(language) = languages
            .iter()
            .find(|language| is_for(self.note.as_deref(), language))
        {
            return Err(Failure::new(format!(
                "the note begins with {language}=, as notes of `retract` and `restore` do: here one note is for all languages"
            ))
            .hint("say it once, in one language or in all of them"));
        }
        let wishes = Wishes {
            languages: reading.lang.clone(),
            drafts: reading.drafts(),
            note: self.note.clone(),
            ..revising.wishes(&archive, Some(&newest))?
        };
        let wishes = editorial::following(&newest, kind, wishes);
        let settings = archive.settings();
        let circumstances = revising
            .making
            .circumstances(common, &archive, reading.allow_invisible)?;
        let Some(file) = &self.file else {
            if !reading.lang.is_empty()
                || reading.form.is_some()
                || reading.allow_invisible
                || reading.drafts() == Drafts::Take
            {
                return Err(Failure::new(
                    "--lang, --form, --allow-invisible and --drafts say how a page is read, and none is named",
                ));
            }
            let languages = newest.metadata().languages.clone();
            let sources = newest.article.sources.clone();
            let prepared = add::prepare_stored(languages, sources, &wishes, settings, &circumstances)
                .map_err(|error| page_failure(&revising.article, &error))?;
            return revising.make(common, &archive, None, prepared, &circumstances);
        };
        let bytes = read_page(file)?;
        let form = reading.form.map_or_else(|| form_of(file, &bytes), Into::into);
        let name = file.to_string_lossy();
        let refused = |error: PageError| page_failure(&name, &error);
        let mut draft =
            draft::read(&bytes, form, circumstances.invisible).map_err(|error| refused(error.into()))?;
        editorial::drop_own_footer(&archive, newest.article_id(), &mut draft)?;
        if wishes.date.is_none() {
            editorial::drop_earlier_date(&archive, newest.id, &mut draft, circumstances.now)?;
        }
        let prepared = add::prepare_draft(draft, form, &wishes, settings, &circumstances).map_err(refused)?;
        revising.make(common, &archive, Some(&name), prepared, &circumstances)
    }
}

/// Tells whether a note is given as that of one language.
fn is_for(note: Option<&str>, language: &Language) -> bool {
    note.and_then(|note| note.strip_prefix(language.as_str()))
        .is_some_and(|rest| rest.starts_with('='))
}

impl Revising {
    /// Reads the newest revision of the article.
    pub fn newest(&self, archive: &Archive) -> Result<Revision, Failure> {
        let named = resolve::commit(archive, &self.article)?;
        editorial::newest(archive, named).map_err(|error| self.refused(error))
    }

    /// Returns what is wished, with what is kept of an earlier revision.
    pub fn wishes(&self, archive: &Archive, earlier: Option<&Revision>) -> Result<Wishes, Failure> {
        let mut wishes = self.saying.wishes(archive, &self.making)?;
        wishes.previous = earlier.map(|earlier| earlier.article.clone());
        if let Some(previous) = &mut wishes.previous {
            let metadata = &mut previous.metadata;
            for dropped in &self.drop {
                match dropped {
                    Dropped::Title => metadata.titles.clear(),
                    Dropped::Tag => metadata.tags.clear(),
                    Dropped::SourceUrl => metadata.source_url = None,
                }
            }
        }
        Ok(wishes)
    }

    /// Tells whether the title is dropped.
    pub fn drops_title(&self) -> bool {
        self.drop.contains(&Dropped::Title)
    }

    /// Puts a prepared revision on the branch, or tells what would become of it.
    pub fn make(
        &self,
        common: &Common,
        archive: &Archive,
        page: Option<&str>,
        prepared: Prepared,
        circumstances: &add::Circumstances,
    ) -> Result<Outcome, Failure> {
        let name = page.unwrap_or(&self.article);
        tell_notices(common, name, &prepared.notices);
        let pages = [prepared];
        let done = self.making.put(common, archive.path(), &pages, circumstances);
        let [prepared] = pages;
        let named = [(name.to_owned(), prepared)];
        let outcomes = done.map_err(|error| failure(common, error, &named))?;
        report(common, self.making.dry_run, &[page], &outcomes)?;
        if let Some(unchanged) = outcomes.first().filter(|one| one.change == add::Change::None)
            && !common.quiet
        {
            output::note(&match named[0].1.candidate.kind {
                Kind::Technical => format!("nothing differs from revision {}", unchanged.revision),
                Kind::Correction | Kind::Update => format!(
                    "the text is that of revision {}; `avalaches technical` changes its title, tags or markup alone",
                    unchanged.revision
                ),
                _ => format!("the text is that of revision {}", unchanged.revision),
            });
        }
        Ok(Outcome::Yes)
    }

    /// Says why the article cannot have such a revision, and what to do.
    pub fn refused(&self, error: EditorialError) -> Failure {
        let article = &self.article;
        let hint = match &error {
            // There is no page that could have a note of its own.
            EditorialError::Page(error) if lacks_note(error) => {
                let failure = Failure::new(format!("{article}: {}", with_causes(error)));
                return failure.hint("say why, with --note");
            }
            EditorialError::Page(error) => return page_failure(article, error),
            EditorialError::Revision(fault) if resolve::is_withheld(fault) => {
                "what was expunged cannot come back; `avalaches add --article ID --kind restoration` gives the article another text"
            }
            EditorialError::NotRetracted { .. } => {
                "name a revision with --revision to put its text in the place of the present one"
            }
            EditorialError::NoRevision { .. } | EditorialError::Retraction(_) => {
                "`avalaches history ARTICLE` names the revisions"
            }
            EditorialError::NoArticle(_) => "`avalaches list` names the articles",
            EditorialError::OnlyRetractions(_) => "give it a text with `avalaches add --kind restoration`",
            EditorialError::Archive(_) | EditorialError::Revision(_) => {
                "run `avalaches verify` to see whether the archive is whole"
            }
        };
        Failure::from(error).hint(hint)
    }
}
