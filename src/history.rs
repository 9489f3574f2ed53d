//! The branch as a history of articles: which revisions an article has, and which of them is the newest. The index
//! says where to look, and git whether it is so; without an index the branch is walked.

use std::borrow::Borrow;
use std::collections::HashMap;

use crate::archive::{Archive, Fault, if_there};
use crate::id::{ArticleId, CommitId, TreeId};
use crate::index::{self, IndexFile, RevisionRow};
use crate::object::commit::Commit;
use crate::revision::RevisionFault;
use crate::slug::Slug;
use crate::trailer::{Message, MessageError};
use crate::withheld::Kept;

/// Finds the newest revision of an article; `None` where the archive has no such article.
///
/// What the index names must be a revision of the article on the branch, and its folder the article's folder at the
/// tip; an older revision's is another, but for one that was made again to the letter, date and note included.
///
/// # Errors
/// [`Fault`] where the branch cannot be walked.
pub fn newest(archive: &Archive, article: &ArticleId) -> Result<Option<CommitId>, Fault> {
    let Some(folder) = if_there(archive.folder(archive.root(), &article.folder()))? else {
        return Ok(None);
    };
    if let Some(id) = index::ask(archive, |index| newest_by(index, archive, article, folder)) {
        return Ok(Some(id));
    }
    for step in archive.walk() {
        let (id, commit) = step?;
        if article_of(&commit).is_some_and(|known| known == *article) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Finds the articles at the tip whose ids end with a slug; none where there is no index.
///
/// # Errors
/// [`Fault`] where the tip's folders cannot be read.
pub fn with_slug(archive: &Archive, slug: &Slug) -> Result<Vec<ArticleId>, Fault> {
    let named = index::of(archive).and_then(|index| index.with_slug(slug).ok());
    let mut found = Vec::new();
    for article in named.unwrap_or_default() {
        if if_there(archive.folder(archive.root(), &article.folder()))?.is_some() {
            found.push(article);
        }
    }
    Ok(found)
}

/// What the index says of an article: where to look, and nothing that is believed.
#[derive(Debug)]
pub(crate) struct Hint {
    /// Its revisions, oldest first.
    rows: Vec<RevisionRow>,
    /// The commit after the newest one.
    next: Option<CommitId>,
}

/// Asks the index for many articles at once, in their order; nothing where it cannot be had.
pub(crate) fn hints(archive: &Archive, articles: &[ArticleId]) -> Vec<Hint> {
    let asked = index::ask(archive, |index| {
        // Where it cannot be held each question takes a little longer.
        let _hold = index.hold();
        let hint = |article| {
            let rows = index.revisions(article).ok()?;
            let next = match rows.last() {
                Some(row) => index.commit_at(row.position.checked_add(1)?).ok()?,
                None => None,
            };
            Some(Hint { rows, next })
        };
        articles.iter().map(hint).collect()
    });
    asked.unwrap_or_default()
}

impl Hint {
    /// Returns the position of a revision on the branch, as the index has it.
    pub(crate) fn position(&self, id: CommitId) -> Option<usize> {
        self.rows.iter().find(|row| row.id == id).map(|row| row.position)
    }

    /// Returns the newest revision of the article, where git agrees.
    pub(crate) fn newest(&self, archive: &Archive, article: &ArticleId) -> Option<CommitId> {
        let folder = archive.folder(archive.root(), &article.folder()).ok()?;
        agreed(archive, article, folder, self.rows.last()?, self.next)
    }
}

/// What a walk from the tip finds.
#[derive(Debug, Default)]
pub struct Course {
    /// The newest revision of every article.
    pub newest: HashMap<ArticleId, CommitId>,
    /// Every revision, in the order of the branch.
    pub revisions: Vec<CommitId>,
}

/// Finds every revision, and which is the newest of its article, in one walk from the tip. Memory: some 140 bytes for each.
///
/// # Errors
/// [`Fault`] where the branch cannot be walked.
pub fn course(archive: &Archive) -> Result<Course, Fault> {
    let mut course = Course::default();
    for step in archive.walk() {
        let (id, commit) = step?;
        if let Some(article) = article_of(&commit) {
            course.newest.entry(article).or_insert(id);
            course.revisions.push(id);
        }
    }
    course.revisions.reverse();
    Ok(course)
}

/// Finds a revision of an article by its number, along the `Previous-Revision` trailers; `None` where it has none.
///
/// # Errors
/// [`Fault`] where the history cannot be followed.
pub fn numbered(archive: &Archive, article: &ArticleId, number: u32) -> Result<Option<CommitId>, Fault> {
    let Some(newest) = newest(archive, article)? else {
        return Ok(None);
    };
    for step in back(archive, newest) {
        let (id, message) = step?;
        let trailers = match message {
            Ok(message) => message.trailers,
            // Whoever reads the revision is told what is wrong with it.
            Err(_) => return Ok(Some(id)),
        };
        if trailers.article != *article || trailers.revision < number {
            return Ok(None);
        }
        if trailers.revision == number {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Goes from a revision back along the `Previous-Revision` trailers, with the message of each; ends after the first that
/// cannot be read.
pub fn back(
    archive: &Archive,
    newest: CommitId,
) -> impl Iterator<Item = Result<(CommitId, Result<Message, MessageError>), Fault>> + '_ {
    let mut next = Some(newest);
    std::iter::from_fn(move || {
        let id = next.take()?;
        let message = archive.commit(id).map(|commit| Message::parse(&commit.message));
        if let Ok(Ok(message)) = &message {
            next = message.trailers.previous;
        }
        Some(message.map(|message| (id, message)))
    })
}

/// Reads every revision of an article, newest first, along the `Previous-Revision` trailers.
///
/// # Errors
/// [`RevisionFault`] for the first revision that is not what the format asks for.
pub fn revisions(archive: &Archive, newest: CommitId) -> Result<Vec<Kept>, RevisionFault> {
    revisions_by(newest, |id| Kept::read(archive, id))
}

/// The same by whoever reads revisions.
///
/// # Errors
/// [`RevisionFault`] for the first revision that is not what the format asks for.
pub(crate) fn revisions_by<K: Borrow<Kept>>(
    newest: CommitId,
    mut read: impl FnMut(CommitId) -> Result<K, RevisionFault>,
) -> Result<Vec<K>, RevisionFault> {
    let mut revisions: Vec<K> = Vec::new();
    let mut next = Some(newest);
    while let Some(id) = next {
        let revision = read(id)?;
        let trailers = &revision.borrow().message().trailers;
        if let Some(newer) = revisions.last().map(K::borrow) {
            let of_newer = &newer.message().trailers;
            if of_newer.article != trailers.article
                || trailers.revision.checked_add(1) != Some(of_newer.revision)
            {
                return Err(RevisionFault::Disagreement {
                    id: newer.id(),
                    what: format!("Previous-Revision names {id}, which is not the revision before"),
                });
            }
        }
        next = trailers.previous;
        revisions.push(revision);
    }
    Ok(revisions)
}

/// Returns the revisions of the same article that came after one, oldest first. That the article's folder at the tip is this
/// revision's own is no sign that none did: one may have put the same files there again, date and note included.
///
/// # Errors
/// [`Fault`] where the branch cannot be walked.
pub fn later(archive: &Archive, revision: &Kept) -> Result<Vec<(CommitId, Message)>, Fault> {
    let folder = archive.folder(archive.root(), &revision.article_id().folder())?;
    let indexed = index::ask(archive, |index| {
        let newest = newest_by(index, archive, revision.article_id(), folder)?;
        later_by(index, archive, revision, newest)
    });
    if let Some(later) = indexed {
        return Ok(later);
    }
    let mut later = Vec::new();
    for step in archive.walk() {
        let (id, commit) = step?;
        if id == revision.id() {
            break;
        }
        if let Some(message) = Message::parse(&commit.message)
            .ok()
            .filter(|m| m.trailers.article == *revision.article_id())
        {
            later.push((id, message));
        }
    }
    later.reverse();
    Ok(later)
}

/// Takes the newest revision from the index, where git agrees.
fn newest_by(index: &IndexFile, archive: &Archive, article: &ArticleId, folder: TreeId) -> Option<CommitId> {
    let row = index.newest(article).ok()??;
    let next = index.commit_at(row.position.checked_add(1)?).ok()?;
    agreed(archive, article, folder, &row, next)
}

/// Returns the revision of a row where git agrees that it is the newest of an article.
fn agreed(
    archive: &Archive,
    article: &ArticleId,
    folder: TreeId,
    row: &RevisionRow,
    next: Option<CommitId>,
) -> Option<CommitId> {
    let commit = archive.commit(row.id).ok()?;
    let trailers = Message::parse(&commit.message).ok()?.trailers;
    let is_so = trailers.article == *article
        && trailers.revision == row.number
        && archive.folder(commit.tree, &article.folder()).ok()? == folder
        && archive.stands_at(row.id, row.position, next).ok()?;
    is_so.then_some(row.id)
}

/// Follows `Previous-Revision` from the newest revision back to one, where the index has the same revisions.
fn later_by(
    index: &IndexFile,
    archive: &Archive,
    revision: &Kept,
    newest: CommitId,
) -> Option<Vec<(CommitId, Message)>> {
    let mut later = Vec::new();
    let mut next = newest;
    while next != revision.id() {
        let message = Message::parse(&archive.commit(next).ok()?.message).ok()?;
        let trailers = &message.trailers;
        let number = later
            .last()
            .map_or(trailers.revision, |(_, newer): &(_, Message)| {
                newer.trailers.revision.saturating_sub(1)
            });
        if trailers.article != *revision.article_id() || trailers.revision != number {
            return None;
        }
        let previous = trailers.previous?;
        later.push((next, message));
        next = previous;
    }
    later.reverse();
    let rows = index.revisions(revision.article_id()).ok()?;
    let known = rows.iter().skip_while(|row| row.id != revision.id()).skip(1);
    known
        .map(|row| row.id)
        .eq(later.iter().map(|(id, _)| *id))
        .then_some(later)
}

pub(crate) fn article_of(commit: &Commit) -> Option<ArticleId> {
    Message::parse(&commit.message)
        .ok()
        .map(|message| message.trailers.article)
}
