//! The branch as a history of articles: which revisions an article has, and which of them is the newest.

use std::collections::HashMap;

use crate::archive::{Archive, Fault};
use crate::id::{ArticleId, CommitId};
use crate::object::commit::Commit;
use crate::revision::{Revision, RevisionFault};
use crate::trailer::Message;

/// Finds the newest revision of an article, walking from the tip; `None` where the archive has no such article.
///
/// # Errors
/// [`Fault`] where the branch cannot be walked.
pub fn newest(archive: &Archive, article: &ArticleId) -> Result<Option<CommitId>, Fault> {
    let tip = archive.commit(archive.tip())?;
    match archive.folder(tip.tree, &article.folder()) {
        Err(Fault::Absent { .. }) => return Ok(None),
        found => found?,
    };
    for step in archive.walk() {
        let (id, commit) = step?;
        if article_of(&commit).is_some_and(|known| known == *article) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Finds the newest revision of every article in one walk from the tip. Memory: some 120 bytes for each.
///
/// # Errors
/// [`Fault`] where the branch cannot be walked.
pub fn newest_of_all(archive: &Archive) -> Result<HashMap<ArticleId, CommitId>, Fault> {
    let mut newest = HashMap::new();
    for step in archive.walk() {
        let (id, commit) = step?;
        if let Some(article) = article_of(&commit) {
            newest.entry(article).or_insert(id);
        }
    }
    Ok(newest)
}

/// Reads every revision of an article, newest first, along the `Previous-Revision` trailers.
///
/// # Errors
/// [`RevisionFault`] for the first revision that is not what the format asks for.
pub fn revisions(archive: &Archive, newest: CommitId) -> Result<Vec<Revision>, RevisionFault> {
    let mut revisions: Vec<Revision> = Vec::new();
    let mut next = Some(newest);
    while let Some(id) = next {
        let revision = Revision::read(archive, id)?;
        if let Some(newer) = revisions.last() {
            let (newer, older) = (&newer.message.trailers, &revision.message.trailers);
            if newer.article != older.article || newer.revision != older.revision + 1 {
                let what = format!("Previous-Revision names {id}, which is not the revision before");
                return Err(RevisionFault::Disagreement {
                    id: revisions.last().map_or(id, |newer| newer.id),
                    what,
                });
            }
        }
        next = revision.message.trailers.previous;
        revisions.push(revision);
    }
    Ok(revisions)
}

/// Returns the revisions of the same article that came after one, oldest first. Where the article's folder at
/// the tip is still this revision's own, none did, and nothing is walked.
///
/// # Errors
/// [`Fault`] where the branch cannot be walked.
pub fn later(archive: &Archive, revision: &Revision) -> Result<Vec<(CommitId, Message)>, Fault> {
    let tip = archive.commit(archive.tip())?;
    if archive.folder(tip.tree, &revision.article_id().folder())? == revision.folder {
        return Ok(Vec::new());
    }
    let mut later = Vec::new();
    for step in archive.walk() {
        let (id, commit) = step?;
        if id == revision.id {
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

fn article_of(commit: &Commit) -> Option<ArticleId> {
    Message::parse(&commit.message)
        .ok()
        .map(|message| message.trailers.article)
}
