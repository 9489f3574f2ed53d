//! Pages that follow an article. They keep what they do not say of the revision before, and which one that is shows only when they
//! get their place: until then their bytes wait in the spool.

use std::collections::HashMap;
use std::io;

use super::sheet::Sheet;
use super::spool::Spool;
use super::{Refusal, Text};
use crate::add::{self, Circumstances, PageError, Prepared, Wishes};
use crate::archive::Archive;
use crate::article::{Article, Kind};
use crate::branch::PlaceError;
use crate::draft::{self, Draft, Form};
use crate::editorial;
use crate::history;
use crate::id::ArticleId;
use crate::language::Language;
use crate::platform::{Deflater, Inflater};
use crate::revision::Revision;
use crate::settings::Settings;

/// A page that was read and not yet prepared.
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

    /// Returns what it keeps something of: the newest revision, or what a restoration puts back, whose title says nothing of the
    /// retraction.
    fn before(&self, archive: &Archive, newest: Revision, wishes: &Wishes) -> Article {
        let own = match self {
            Self::Draft(draft, _) => draft.front.kind.as_deref().and_then(|kind| kind.parse().ok()),
            Self::Sources(_) => None,
        };
        let is_restoration = wishes.kind.or(own) == Some(Kind::Restoration);
        let restored = is_restoration
            .then(|| editorial::restored(archive, &newest, editorial::Wanted::BeforeRetraction).ok())
            .flatten();
        restored.unwrap_or(newest).article
    }

    /// Returns the seconds of its date.
    ///
    /// # Errors
    /// [`PageError`] where it is none.
    pub fn seconds(
        &self,
        wishes: &Wishes,
        settings: &Settings,
        circumstances: &Circumstances,
    ) -> Result<i64, PageError> {
        let date = match self {
            Self::Draft(draft, _) => add::date(draft, wishes, settings, circumstances),
            Self::Sources(_) => add::date(&Draft::default(), wishes, settings, circumstances),
        };
        Ok(date?.seconds())
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

    /// Prepares it to follow what the import has made of the article, or else the archive's newest revision of it.
    ///
    /// # Errors
    /// [`PlaceError`] where the archive cannot be read; [`Refusal`] where only this page cannot be prepared.
    pub fn prepare(
        &self,
        text: &Text,
        before: Option<Article>,
        archive: &Archive,
        circumstances: &Circumstances,
    ) -> Result<Result<Prepared, Refusal>, PlaceError> {
        let Some(newest) = history::newest(archive, &self.article)? else {
            return Ok(self.prepare_upon(text, before, archive.settings(), circumstances));
        };
        let mut page = match Page::read(text, circumstances) {
            Ok(page) => page,
            Err(why) => return Ok(Err(why)),
        };
        if let Page::Draft(draft, _) = &mut page {
            editorial::drop_own_footer(archive, &self.article, draft)?;
        }
        let before = match before {
            Some(before) => before,
            None => match Revision::read(archive, newest) {
                Ok(newest) => page.before(archive, newest, &self.wishes),
                Err(why) => return Ok(Err(why.into())),
            },
        };
        let wishes = self.wishes_upon(Some(before));
        let prepared = page.prepare(&wishes, archive.settings(), circumstances);
        Ok(prepared.map_err(Refusal::from))
    }

    /// Prepares it to follow what the import has made of an article of which the archive has none.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn prepare_upon(
        &self,
        text: &Text,
        before: Option<Article>,
        settings: &Settings,
        circumstances: &Circumstances,
    ) -> Result<Prepared, Refusal> {
        let wishes = self.wishes_upon(before);
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

/// The articles that pages of the import follow: how many of these are still to come, and where the newest revision that the import
/// made is in the spool.
#[derive(Debug, Default)]
pub struct Followed {
    articles: HashMap<ArticleId, (usize, Option<usize>)>,
}

impl Followed {
    /// Counts a page that follows an article.
    pub fn expect(&mut self, article: &ArticleId) {
        self.articles.entry(article.clone()).or_default().0 += 1;
    }

    /// Counts a page off.
    pub fn met(&mut self, article: &ArticleId) {
        if let Some((count, _)) = self.articles.get_mut(article) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.articles.remove(article);
            }
        }
    }

    /// Tells where the newest revision of an article is.
    pub fn is_at(&mut self, article: &ArticleId, number: usize) {
        if let Some((_, newest)) = self.articles.get_mut(article) {
            *newest = Some(number);
        }
    }

    /// Returns the number of the newest revision that the import made of an article; `None` where it made none.
    pub fn newest(&self, article: &ArticleId) -> Option<usize> {
        self.articles.get(article)?.1
    }
}
