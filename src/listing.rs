//! Articles by what is known of their newest revision, that with the newest revision first: one after another from
//! the index, each read from git before it is given, or by walking the branch.

use std::collections::HashSet;

use crate::archive::{Archive, Fault};
use crate::article::Metadata;
use crate::date::CivilDay;
use crate::id::{ArticleId, CommitId};
use crate::index::{self, ArticleRow, Index};
use crate::language::Language;
use crate::object::tree::Entry;
use crate::revision::{Revision, RevisionFault, is_first};
use crate::trailer::{Message, MessageError};

/// Which articles are wanted, by their newest revisions. What is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this day or later.
    pub since: Option<CivilDay>,
    /// Of this day or earlier.
    pub until: Option<CivilDay>,
    /// With a part in this language.
    pub language: Option<Language>,
    /// With these letters in the byline, in either case.
    pub author: Option<String>,
    /// With this tag.
    pub tag: Option<String>,
    /// Not more than this many.
    pub limit: Option<usize>,
}

/// Why articles could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The branch cannot be walked.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A revision is not what the format asks for.
    #[error(transparent)]
    Revision(#[from] RevisionFault),
    /// A commit is no revision.
    #[error("commit {0}")]
    Message(CommitId, #[source] MessageError),
}

impl Wanted {
    fn is_everything(&self) -> bool {
        let Self {
            since,
            until,
            language,
            author,
            tag,
            limit: _,
        } = self;
        since.is_none() && until.is_none() && language.is_none() && author.is_none() && tag.is_none()
    }

    fn fits(&self, day: CivilDay, languages: &[Language], authors: &[String], tags: &[String]) -> bool {
        let by = |author: &String| {
            let wanted = author.to_lowercase();
            authors.iter().any(|known| known.to_lowercase().contains(&wanted))
        };
        self.since.is_none_or(|since| day >= since)
            && self.until.is_none_or(|until| day <= until)
            && self
                .language
                .as_ref()
                .is_none_or(|language| languages.contains(language))
            && self.author.as_ref().is_none_or(by)
            && self.tag.as_ref().is_none_or(|tag| tags.contains(tag))
    }

    fn wants(&self, metadata: &Metadata) -> bool {
        let authors: Vec<String> = metadata.authors.iter().map(ToString::to_string).collect();
        self.fits(metadata.date.day(), &metadata.languages, &authors, &metadata.tags)
    }
}

/// The articles that are wanted, read one by one.
#[derive(Debug)]
pub struct Listing<'a> {
    archive: &'a Archive,
    wanted: Wanted,
    /// Those that are still to come from the index; `None` where the branch was walked.
    rows: Option<std::vec::IntoIter<ArticleRow>>,
    walked: std::vec::IntoIter<Revision>,
    width: usize,
    given: HashSet<CommitId>,
}

impl<'a> Listing<'a> {
    /// Finds the articles that are wanted.
    ///
    /// # Errors
    /// [`ListError`] where there is no index and the branch cannot be read.
    pub fn of(archive: &'a Archive, wanted: &Wanted) -> Result<Self, ListError> {
        let mut listing = Self {
            archive,
            wanted: wanted.clone(),
            rows: None,
            walked: Vec::new().into_iter(),
            width: 0,
            given: HashSet::new(),
        };
        listing.begin()?;
        Ok(listing)
    }

    /// Returns the number of bytes of the longest article id among them.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    fn begin(&mut self) -> Result<(), ListError> {
        let (archive, wanted) = (self.archive, &self.wanted);
        let width = |articles: &mut dyn Iterator<Item = &ArticleId>| {
            articles
                .map(|article| article.to_string().len())
                .max()
                .unwrap_or(0)
        };
        if let Some(rows) = index::ask(archive, |index| rows(index, archive, wanted)) {
            self.width = width(&mut rows.iter().map(|row| &row.article));
            self.rows = Some(rows.into_iter());
            return Ok(());
        }
        let revisions = walk(archive, wanted)?;
        self.width = width(&mut revisions.iter().map(Revision::article_id));
        self.rows = None;
        self.walked = revisions.into_iter();
        Ok(())
    }

    /// Reads the revision that the index has for an article; `None` where git does not agree.
    fn read(&self, row: &ArticleRow) -> Option<Revision> {
        let archive = self.archive;
        let read = |index: &Index| {
            let id = index.commit_at(row.position).ok()??;
            let revision = Revision::read(archive, id).ok()?;
            let tip = archive.commit(archive.tip()).ok()?;
            let next = index.commit_at(row.position.checked_add(1)?).ok()?;
            let is_so = describes(row, &revision)
                && archive.folder(tip.tree, &row.article.folder()).ok()? == revision.folder
                && archive.stands_at(id, row.position, next).ok()?;
            is_so.then_some(revision)
        };
        index::ask(archive, read)
    }
}

impl Iterator for Listing<'_> {
    type Item = Result<Revision, ListError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.given.len() < self.wanted.limit.unwrap_or(usize::MAX) {
            let revision = match &mut self.rows {
                None => self.walked.next()?,
                Some(rows) => {
                    let row = rows.next()?;
                    match self.read(&row) {
                        Some(revision) => revision,
                        // The list rested upon an index that is no more: the rest is taken from a better one.
                        None => match self.begin() {
                            Ok(()) => continue,
                            Err(error) => {
                                self.rows = None;
                                self.walked = Vec::new().into_iter();
                                return Some(Err(error));
                            }
                        },
                    }
                }
            };
            if self.given.insert(revision.id) {
                return Some(Ok(revision));
            }
        }
        None
    }
}

fn authors(metadata: &Metadata) -> Vec<String> {
    metadata.authors.iter().map(ToString::to_string).collect()
}

/// Tells whether a row is a revision's in all that articles are chosen by.
fn describes(row: &ArticleRow, revision: &Revision) -> bool {
    let metadata = revision.metadata();
    *revision.article_id() == row.article
        && metadata.date.day() == row.day
        && metadata.languages == row.languages
        && metadata.tags == row.tags
        && authors(metadata) == row.authors
}

/// Takes the articles that are wanted from the index. A list of everything must be what the tip's folders hold.
fn rows(index: &Index, archive: &Archive, wanted: &Wanted) -> Option<Vec<ArticleRow>> {
    let mut rows = index.articles(wanted.since, wanted.until).ok()?;
    if wanted.is_everything() {
        let listed: HashSet<&ArticleId> = rows.iter().map(|row| &row.article).collect();
        let held = held(archive)?;
        if listed.len() != rows.len()
            || held.len() != rows.len()
            || !held.iter().all(|id| listed.contains(id))
        {
            return None;
        }
    } else {
        rows.retain(|row| wanted.fits(row.day, &row.languages, &row.authors, &row.tags));
    }
    rows.truncate(wanted.limit.unwrap_or(usize::MAX));
    Some(rows)
}

/// Lists the articles that have a folder at the tip; `None` where a folder cannot be read or has another form.
fn held(archive: &Archive) -> Option<Vec<ArticleId>> {
    let root = archive.tree(archive.commit(archive.tip()).ok()?.tree).ok()?;
    let Some(articles) = root.get("articles") else {
        return Some(Vec::new());
    };
    let mut level = vec![(String::new(), articles)];
    for _ in 0..4 {
        let mut below = Vec::new();
        for (path, entry) in level {
            let Entry::Folder(id) = entry else { return None };
            for (name, entry) in archive.tree(id).ok()?.entries() {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}/{name}")
                };
                below.push((path, *entry));
            }
        }
        level = below;
    }
    level.into_iter().map(|(path, _)| path.parse().ok()).collect()
}

/// Walks the branch for the articles that are wanted.
fn walk(archive: &Archive, wanted: &Wanted) -> Result<Vec<Revision>, ListError> {
    let mut seen = HashSet::new();
    let mut revisions = Vec::new();
    for step in archive.walk() {
        let (id, commit) = step?;
        if revisions.len() >= wanted.limit.unwrap_or(usize::MAX) {
            break;
        }
        if is_first(&commit) {
            continue;
        }
        let message = Message::parse(&commit.message).map_err(|e| ListError::Message(id, e))?;
        if seen.insert(message.trailers.article) {
            let revision = Revision::read(archive, id)?;
            if wanted.wants(revision.metadata()) {
                revisions.push(revision);
            }
        }
    }
    Ok(revisions)
}
