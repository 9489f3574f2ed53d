//! Pages that follow an article. They keep what they do not say of the revision before, and which one that is shows only when they
//! get their place: until then their bytes wait in the spool.

use std::collections::HashMap;
use std::io;

use super::sheet::Sheet;
use super::spool::Spool;
use super::{Refusal, Text};
use crate::add::{self, Circumstances, PageError, Prepared, Wishes};
use crate::archive::{Archive, Fault};
use crate::article::{Article, Kind};
use crate::branch::{Before, Branch, PlaceError};
use crate::date::RevisionDate;
use crate::draft::{self, Draft, Form};
use crate::editorial;
use crate::history;
use crate::id::{ArticleId, CommitId};
use crate::language::Language;
use crate::platform::{Deflater, Inflater};
use crate::revision::{Revision, RevisionFault};
use crate::settings::Settings;

/// A page that was read and not yet prepared.
#[derive(Clone)]
pub enum Page<'a> {
    /// A page, in its form.
    Draft(Box<Draft>, Form),
    /// The sources of one.
    Sources(&'a [(Language, String)]),
}

impl<'a> Page<'a> {
    /// Reads the text of an item.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn read(text: &'a Text, circumstances: &Circumstances) -> Result<Self, Refusal> {
        match text {
            Text::Page { bytes, form } => {
                let draft = draft::read(bytes, *form, circumstances.invisible).map_err(PageError::from)?;
                Ok(Self::Draft(Box::new(draft), *form))
            }
            Text::Sources(sources) => Ok(Self::Sources(sources)),
            Text::Unreadable(why) => Err(why.clone().into()),
            Text::JsonLine(_) => Err(super::json_lines::LineError::Text.into()),
        }
    }

    /// Returns the article that the page follows, by what the caller or itself says.
    pub fn article(&self, wishes: &Wishes) -> Option<ArticleId> {
        let own = match self {
            Self::Draft(draft, _) => draft.front.article.as_deref(),
            Self::Sources(_) => None,
        };
        wishes.article.clone().or_else(|| own?.parse().ok())
    }

    /// Tells whether it puts a text back that was retracted.
    pub fn is_restoration(&self, wishes: &Wishes) -> bool {
        let own = match self {
            Self::Draft(draft, _) => draft.front.kind.as_deref().and_then(|kind| kind.parse().ok()),
            Self::Sources(_) => None,
        };
        wishes.kind.or(own) == Some(Kind::Restoration)
    }

    /// Takes it, unless it is a draft, and none is wished for.
    ///
    /// # Errors
    /// [`PageError::IsDraft`].
    pub fn admit(&self, wishes: &Wishes) -> Result<(), PageError> {
        match self {
            Self::Draft(draft, _) => wishes.admit(&draft.front),
            Self::Sources(_) => Ok(()),
        }
    }

    /// Returns its date.
    ///
    /// # Errors
    /// [`PageError`] where it is none.
    pub fn date(
        &self,
        wishes: &Wishes,
        settings: &Settings,
        circumstances: &Circumstances,
    ) -> Result<RevisionDate, PageError> {
        match self {
            Self::Draft(draft, _) => add::date(draft, wishes, settings, circumstances),
            Self::Sources(_) => add::date(&Draft::default(), wishes, settings, circumstances),
        }
    }

    /// Prepares it.
    ///
    /// # Errors
    /// [`PageError`].
    pub fn prepare(
        self,
        wishes: &Wishes,
        settings: &Settings,
        circumstances: &Circumstances,
    ) -> Result<Prepared, PageError> {
        match self {
            Self::Draft(draft, form) => add::prepare_draft(*draft, form, wishes, settings, circumstances),
            Self::Sources(sources) => add::prepare_sources(sources, wishes, settings, circumstances),
        }
    }
}

/// A page that follows an article, but for its text.
#[derive(Debug)]
pub struct Late {
    /// What it is called in messages.
    pub name: String,
    /// What its line calls it.
    pub own_name: Option<String>,
    /// The article that it follows.
    pub article: ArticleId,
    /// The seconds of its date.
    pub date: i64,
    /// Whether it puts a text back that was retracted.
    is_restoration: bool,
    wishes: Wishes,
    kept: Kept,
}

/// What the bytes are that wait in the spool.
#[derive(Debug)]
enum Kept {
    Page(Form),
    Sources,
}

impl Late {
    /// Takes a page; the second of what is returned are the bytes of its text.
    pub fn of(
        name: String,
        own_name: Option<String>,
        article: ArticleId,
        date: i64,
        is_restoration: bool,
        wishes: Wishes,
        text: &Text,
    ) -> (Self, Vec<u8>) {
        let (kept, bytes) = match text {
            Text::Page { bytes, form } => (Kept::Page(*form), bytes.clone()),
            Text::Sources(sources) => {
                let sources: Vec<(&str, &str)> = sources
                    .iter()
                    .map(|(language, source)| (language.as_str(), source.as_str()))
                    .collect();
                (
                    Kept::Sources,
                    serde_json::to_vec(&sources).expect("texts are JSON"),
                )
            }
            Text::JsonLine(_) | Text::Unreadable(_) => unreachable!("a page was read of it"),
        };
        let late = Self {
            name,
            own_name,
            article,
            date,
            is_restoration,
            wishes,
            kept,
        };
        (late, bytes)
    }

    /// Returns its text from the bytes that waited in the spool; `None` for others.
    pub fn text(&self, bytes: Vec<u8>) -> Option<Text> {
        match self.kept {
            Kept::Page(form) => Some(Text::Page { bytes, form }),
            Kept::Sources => sources(&bytes).map(Text::Sources),
        }
    }

    /// Prepares it to follow the revision that its date comes after: that of the article which the import has `made` last, or one
    /// in the archive. What was brought in before it finds again by what it says: where a revision in the archive has all of that,
    /// it is that revision.
    ///
    /// # Errors
    /// [`PlaceError`] where the archive cannot be read; [`Refusal`] where only this page cannot be prepared.
    pub fn prepare(
        &self,
        text: &Text,
        made: Option<Article>,
        archive: &Archive,
        branch: &mut Branch<'_>,
        circumstances: &Circumstances,
    ) -> Result<Result<Prepared, Refusal>, PlaceError> {
        let mut page = match Page::read(text, circumstances) {
            Ok(page) => page,
            Err(why) => return Ok(Err(why)),
        };
        if let Page::Draft(draft, _) = &mut page {
            editorial::drop_own_footer(archive, &self.article, draft)?;
        }
        let settings = archive.settings();
        let date = match page.date(&self.wishes, settings, circumstances) {
            Ok(date) => date,
            Err(why) => return Ok(Err(why.into())),
        };
        let upon = |before| {
            page.clone()
                .prepare(&self.wishes_upon(before), settings, circumstances)
        };
        let before = branch.before(&self.article, date, self.is_restoration)?;
        let before = match before {
            Some(Before::Archived(commit)) => match self.archived(archive, commit)? {
                Ok(before) => Some(before),
                Err(why) => return Ok(Err(why.into())),
            },
            Some(Before::Placed) | None => made,
        };
        let prepared = match upon(before) {
            Ok(prepared) => prepared,
            Err(why) => return Ok(Err(why.into())),
        };
        let alike = branch.alike(&prepared.candidate)?;
        let is = |prepared: &Prepared, content: &str| prepared.candidate.content_sha256 == *content;
        if alike.iter().any(|(_, content)| is(&prepared, content)) {
            return Ok(Ok(prepared));
        }
        for (commit, content) in alike {
            let Ok(revision) = Revision::read(archive, commit) else {
                continue;
            };
            if let Ok(repeated) = upon(Some(revision.article))
                && is(&repeated, &content)
            {
                return Ok(Ok(repeated));
            }
        }
        Ok(Ok(prepared))
    }

    /// Reads a revision of the article; of one that is withheld the newest stands in the place.
    fn archived(&self, archive: &Archive, commit: CommitId) -> Result<Result<Article, RevisionFault>, Fault> {
        let mut revision = Revision::read(archive, commit);
        if let Err(RevisionFault::Object { source, .. }) = &revision
            && matches!(source, Fault::Withheld(_))
            && let Some(newest) = history::newest(archive, &self.article)?
        {
            revision = Revision::read(archive, newest);
        }
        Ok(revision.map(|revision| revision.article))
    }

    /// Prepares it to follow what the import has made of an article of which the archive has none.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn prepare_upon(
        &self,
        text: &Text,
        before: Article,
        settings: &Settings,
        circumstances: &Circumstances,
    ) -> Result<Prepared, Refusal> {
        let wishes = self.wishes_upon(Some(before));
        Ok(Page::read(text, circumstances)?.prepare(&wishes, settings, circumstances)?)
    }

    fn wishes_upon(&self, before: Option<Article>) -> Wishes {
        Wishes {
            previous: before,
            ..self.wishes.clone()
        }
    }

    /// Deflates what was prepared of it.
    pub fn sheet(&self, prepared: &Prepared, (deflater, stored): &mut (Deflater, Deflater)) -> Sheet {
        let name = self.own_name.clone().unwrap_or_else(|| self.name.clone());
        Sheet::of(name, prepared, deflater, stored)
    }
}

/// Reads a revision that the import made.
///
/// # Errors
/// The operating system's error where the spool cannot be read.
pub fn made(spool: &Spool, number: usize) -> io::Result<Article> {
    let article = spool.sheet(number)?.article(&mut Inflater::new());
    article.ok_or_else(super::spool::changed)
}

fn sources(bytes: &[u8]) -> Option<Vec<(Language, String)>> {
    let sources: Vec<(String, String)> = serde_json::from_slice(bytes).ok()?;
    let parsed = sources
        .into_iter()
        .map(|(tag, source)| Some((tag.parse().ok()?, source)));
    parsed.collect()
}

/// The articles that pages of the import follow.
#[derive(Debug, Default)]
pub struct Followed {
    articles: HashMap<ArticleId, Course>,
}

/// What becomes of an article that pages follow.
#[derive(Debug, Default)]
struct Course {
    /// How many of the pages are still to come.
    pages: usize,
    /// Where the newest revision is in the spool that the import made.
    newest: Option<usize>,
    /// The same of the newest that is no retraction.
    newest_text: Option<usize>,
}

impl Followed {
    /// Counts a page that follows an article.
    pub fn expect(&mut self, article: &ArticleId) {
        self.articles.entry(article.clone()).or_default().pages += 1;
    }

    /// Counts a page off.
    pub fn met(&mut self, article: &ArticleId) {
        if let Some(course) = self.articles.get_mut(article) {
            course.pages = course.pages.saturating_sub(1);
            if course.pages == 0 {
                self.articles.remove(article);
            }
        }
    }

    /// Tells where the newest revision of an article is.
    pub fn is_at(&mut self, article: &ArticleId, number: usize, kind: Kind) {
        if let Some(course) = self.articles.get_mut(article) {
            course.newest = Some(number);
            if kind != Kind::Retraction {
                course.newest_text = Some(number);
            }
        }
    }

    /// Returns the number of the revision that a page keeps something of, among those that the import made of its article: the
    /// newest, but a restoration keeps nothing of a retraction. `None` where it made none.
    pub fn before(&self, late: &Late) -> Option<usize> {
        let course = self.articles.get(&late.article)?;
        let text = course.newest_text.filter(|_| late.is_restoration);
        text.or(course.newest)
    }
}
