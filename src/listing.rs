//! Articles by what is known of their newest revision, that with the newest revision first: one after another from
//! the index, each read from git before it is given, or by walking the branch.

use std::collections::HashSet;

use crate::archive::{Archive, Fault};
use crate::article::Metadata;
use crate::date::CivilDay;
use crate::id::CommitId;
use crate::index::{self, ArticleRow, Candidate, Chosen, IndexFile};
use crate::language::Language;
use crate::object::tree::Entry;
use crate::revision::{Revision, RevisionFault, is_first, is_root};
use crate::trailer::{Message, MessageError};

/// What the index has of an article: its row, its newest revision, and the commit after that.
type Known = (ArticleRow, CommitId, Option<CommitId>);

/// Articles that are read before the first is given, and before another one is later.
const FEWEST_AT_ONCE: usize = 32;
const MOST_AT_ONCE: usize = 1024;

/// Articles that are read in a row on one core: to begin on another one takes as long as two of them.
const SHORTEST: usize = 8;
const LONGEST: usize = 64;

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
    /// Only those that a list has after the article whose newest revision this commit is, or was.
    pub after: Option<CommitId>,
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
    /// A list cannot begin after a commit that is not on the branch.
    #[error("the branch has no commit {0}, after which the list should begin")]
    After(CommitId),
}

impl Wanted {
    fn is_everything(&self) -> bool {
        self.is_days_alone() && self.since.is_none() && self.until.is_none()
    }

    fn is_days_alone(&self) -> bool {
        self.language.is_none() && self.author.is_none() && self.tag.is_none()
    }

    /// Tells whether an article is wanted whose newest revision is of a day that is.
    fn fits(&self, article: Candidate<'_>) -> bool {
        let has = |list: &str, wanted: &str| list.lines().any(|known| known == wanted);
        let by = |author: &String| {
            let wanted = author.to_lowercase();
            let mut authors = article.authors.lines();
            authors.any(|known| known.to_lowercase().contains(&wanted))
        };
        self.language
            .as_ref()
            .is_none_or(|language| has(article.languages, language.as_str()))
            && self.author.as_ref().is_none_or(by)
            && self.tag.as_ref().is_none_or(|tag| has(article.tags, tag))
    }

    pub(crate) fn wants(&self, metadata: &Metadata) -> bool {
        let day = metadata.date.day();
        let languages: Vec<&str> = metadata.languages.iter().map(Language::as_str).collect();
        self.since.is_none_or(|since| day >= since)
            && self.until.is_none_or(|until| day <= until)
            && self.fits(Candidate {
                name: "",
                languages: &languages.join("\n"),
                authors: &authors(metadata).join("\n"),
                tags: &metadata.tags.join("\n"),
            })
    }
}

/// The articles that are wanted, read one by one.
#[derive(Debug)]
pub struct Listing<'a> {
    archive: &'a Archive,
    wanted: Wanted,
    /// Those that are still to be read.
    rows: std::vec::IntoIter<Chosen>,
    /// Those that were read, or found by walking.
    ready: std::vec::IntoIter<Revision>,
    /// How many are read next.
    at_once: usize,
    width: usize,
    given: HashSet<CommitId>,
}

impl<'a> Listing<'a> {
    /// Finds the articles that are wanted.
    ///
    /// # Errors
    /// [`ListError`] where there is no index and the branch cannot be read, or the list should begin after a commit that
    /// is not on it.
    pub fn of(archive: &'a Archive, wanted: &Wanted) -> Result<Self, ListError> {
        if let Some(after) = wanted.after
            && !archive.is_on_branch(after)?
        {
            return Err(ListError::After(after));
        }
        let mut listing = Self {
            archive,
            wanted: wanted.clone(),
            rows: Vec::new().into_iter(),
            ready: Vec::new().into_iter(),
            at_once: FEWEST_AT_ONCE,
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
        if let Some(rows) = index::ask(archive, |index| rows(index, archive, wanted)) {
            self.width = rows.iter().map(|chosen| chosen.width).max().unwrap_or(0);
            self.rows = rows.into_iter();
            return Ok(());
        }
        let revisions = walk(archive, wanted)?;
        let names = revisions.iter().map(|revision| revision.article_id().to_string());
        self.width = names.map(|name| name.len()).max().unwrap_or(0);
        self.ready = revisions.into_iter();
        Ok(())
    }

    /// Reads the revisions that the index has for some articles; `None` where git does not agree.
    fn read(&self, some: &[Chosen]) -> Option<Vec<Revision>> {
        let archive = self.archive;
        index::ask(archive, |index| {
            let known = |chosen: &Chosen| {
                let known = index.chosen(*chosen).ok().flatten();
                known.filter(|(row, ..)| row.position == chosen.position)
            };
            let known: Vec<Known> = some.iter().map(known).collect::<Option<_>>()?;
            let stretch = known.len().div_ceil(rayon::current_num_threads());
            let stretch = stretch.clamp(SHORTEST, LONGEST);
            let read = |archive: &Archive, known: &[Known]| {
                let revisions = known.iter().map(|(row, id, _)| as_in_git(archive, row, *id));
                revisions.collect::<Option<Vec<_>>>().ok_or(())
            };
            let revisions = archive.read_in_stretches(&known, stretch, read).ok()?;
            let stands =
                |(row, id, next): &Known| archive.stands_at(*id, row.position, *next).unwrap_or(false);
            known.iter().all(stands).then_some(revisions)
        })
    }

    /// Reads what comes next; tells whether there is anything.
    fn go_on(&mut self) -> Result<bool, ListError> {
        let left = self.wanted.limit.unwrap_or(usize::MAX) - self.given.len();
        let some: Vec<Chosen> = self.rows.by_ref().take(self.at_once.min(left)).collect();
        if some.is_empty() {
            return Ok(false);
        }
        self.at_once = (2 * self.at_once).min(MOST_AT_ONCE);
        match self.read(&some) {
            Some(revisions) => self.ready = revisions.into_iter(),
            // The list rested upon an index that is no more: the rest is taken from a better one.
            None => self.begin()?,
        }
        Ok(true)
    }
}

impl Iterator for Listing<'_> {
    type Item = Result<Revision, ListError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.given.len() < self.wanted.limit.unwrap_or(usize::MAX) {
            let Some(revision) = self.ready.next() else {
                match self.go_on() {
                    Ok(true) => continue,
                    Ok(false) => return None,
                    Err(error) => {
                        self.rows = Vec::new().into_iter();
                        return Some(Err(error));
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

/// Reads the revision that the index has for an article; `None` where git does not agree.
fn as_in_git(archive: &Archive, row: &ArticleRow, id: CommitId) -> Option<Revision> {
    let revision = Revision::read(archive, id).ok()?;
    let is_so = describes(row, &revision)
        && archive.folder(archive.root(), &row.article.folder()).ok()? == revision.folder;
    is_so.then_some(revision)
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

/// Takes the articles that are wanted from the index. A list of everything must be what the tip's folders hold; where only
/// the first ones are asked for, the counts of the index do, as for some days.
fn rows(index: &IndexFile, archive: &Archive, wanted: &Wanted) -> Option<Vec<Chosen>> {
    let (since, until) = (wanted.since, wanted.until);
    let mut rows = if wanted.is_everything() && wanted.limit.is_none() {
        let mut held = held(archive)?;
        let mut is_held = true;
        let rows = index.articles(since, until, &mut |article| {
            is_held &= held.remove(article.name);
            true
        });
        if !is_held || !held.is_empty() {
            return None;
        }
        rows
    } else if wanted.is_days_alone() {
        index.of_days(since, until)
    } else {
        index.articles(since, until, &mut |article| wanted.fits(article))
    }
    .ok()?;
    if let Some(after) = wanted.after {
        let position = index.position(after).ok()??;
        rows.retain(|chosen| chosen.position < position);
    }
    rows.truncate(wanted.limit.unwrap_or(usize::MAX));
    Some(rows)
}

/// Lists the articles that have a folder at the tip; `None` where a folder cannot be read or has another form.
fn held(archive: &Archive) -> Option<HashSet<String>> {
    let root = archive.tree(archive.root()).ok()?;
    let Some(articles) = root.get("articles") else {
        return Some(HashSet::new());
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
    Some(level.into_iter().map(|(path, _)| path).collect())
}

/// Walks the branch for the articles that are wanted.
fn walk(archive: &Archive, wanted: &Wanted) -> Result<Vec<Revision>, ListError> {
    let mut seen = HashSet::new();
    let mut revisions = Vec::new();
    let mut begun = wanted.after.is_none();
    for step in archive.walk() {
        let (id, commit) = step?;
        if revisions.len() >= wanted.limit.unwrap_or(usize::MAX) {
            break;
        }
        let is_wanted = begun;
        begun |= wanted.after == Some(id);
        if is_first(&commit) || is_root(&commit) {
            continue;
        }
        let message = Message::parse(&commit.message).map_err(|e| ListError::Message(id, e))?;
        if seen.insert(message.trailers.article) && is_wanted {
            let revision = Revision::read(archive, id)?;
            if wanted.wants(revision.metadata()) {
                revisions.push(revision);
            }
        }
    }
    Ok(revisions)
}
