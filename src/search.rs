//! Which articles have what somebody searches for, and where. The search file says where to look and in which order; a
//! hit is read from git, hashed again, and has what was searched for.

use std::sync::{Mutex, PoisonError};

use crate::archive::{Archive, Fault};
use crate::history;
use crate::id::ArticleId;
use crate::index::NewRevision;
use crate::index::beside::{self, BesideError};
use crate::language::Language;
use crate::listing;
use crate::progress::{Progress, Tell};
use crate::query::{self, Document, Query, Trait};
use crate::revision::{Revision, RevisionFault};
use crate::storage::index_file::IndexFileError;
pub use crate::storage::search_file::Order;
use crate::storage::search_file::{self, Candidate, SearchFile, Searched};
use crate::withheld::Kept;

/// Candidates that are read in a row on one core: to begin on another one, where the archive is opened once more, takes as long as a
/// few of them.
const STRETCH: usize = 32;

/// Candidates that are read before the hits among them are counted.
const MOST_AT_ONCE: usize = 1024;

/// Which revisions are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revisions {
    /// The newest one of each article.
    Newest,
    /// All.
    Every,
}

/// Which hits are wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of revisions that these are said of.
    pub chosen: listing::Wanted,
    /// Of this article alone.
    pub article: Option<ArticleId>,
    /// Of which revisions.
    pub revisions: Revisions,
    /// In which order.
    pub order: Order,
}

/// A revision that has what was searched for. Every object from its commit to the text was hashed again, and the commit
/// is on the branch.
#[derive(Debug)]
pub struct Hit {
    /// The revision.
    pub revision: Revision,
    /// Its titles, each with its language.
    pub titles: Vec<(Language, String)>,
    /// Where it has what was searched for.
    pub found: query::Found,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// Not more than were wanted.
    pub hits: Vec<Hit>,
    /// Whether there are more.
    pub has_more: bool,
}

/// Why it could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// An object could not be read.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A revision is not what the format asks for.
    #[error(transparent)]
    Revision(#[from] RevisionFault),
    /// The texts could not all be read.
    #[error(transparent)]
    Texts(#[from] BesideError),
    /// The search file can neither be written nor made in memory.
    #[error("what articles are searched by can neither be written beside the archive nor held in memory")]
    NoFile,
}

/// A search file in memory, for an archive beside which none can be written. It is made when it is needed, and kept for what
/// is searched next.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<Option<SearchFile>>);

/// Finds what is searched for. `progress` is told how far a new search file is, and then how many candidates were read; it may
/// end either with `Break`.
///
/// # Errors
/// [`SearchError`] where it could not be found out.
pub fn find(
    archive: &Archive,
    query: &Query,
    wanted: &Wanted,
    in_memory: &InMemory,
    progress: &mut Tell<'_>,
) -> Result<Found, SearchError> {
    let question = |file: &SearchFile| positions(file, query, wanted);
    if let Some((file, positions)) = beside::ask::<Searched, _>(archive, new_revision, question, progress)? {
        match found(archive, query, wanted, (&file, &positions), progress)? {
            Ok(found) => return Ok(found),
            Err(error) => beside::forget(archive, file, &error),
        }
    }
    let mut held = in_memory.0.lock().unwrap_or_else(PoisonError::into_inner);
    let file = match held.take().filter(|file| file.tip() == archive.tip()) {
        Some(file) => file,
        None => beside::in_memory::<Searched>(archive, new_revision, progress)?.ok_or(SearchError::NoFile)?,
    };
    let file = held.insert(file);
    let positions = positions(file, query, wanted).map_err(|_| SearchError::NoFile)?;
    found(archive, query, wanted, (file, &positions), progress)?.map_err(|_| SearchError::NoFile)
}

/// Reads what was looked up in a file, as many as are wanted; or why the file does not say what it found.
fn found(
    archive: &Archive,
    query: &Query,
    wanted: &Wanted,
    (file, positions): (&SearchFile, &[i64]),
    tell: &mut Tell<'_>,
) -> Result<Result<Found, IndexFileError>, SearchError> {
    let limit = wanted.chosen.limit.unwrap_or(usize::MAX);
    let mut hits = Vec::new();
    let mut rest = positions;
    let mut at_once = STRETCH.min(limit.saturating_add(1));
    while !rest.is_empty() && hits.len() <= limit {
        let (now, later) = rest.split_at(rest.len().min(at_once));
        let candidates = now.iter().map(|position| file.candidate(*position));
        let mut candidates: Vec<Candidate> = match candidates.collect() {
            Ok(candidates) => candidates,
            Err(error) => return Ok(Err(error)),
        };
        if wanted.revisions == Revisions::Newest {
            candidates.retain(|candidate| candidate.is_newest);
        }
        hits.extend(confirmed(archive, query, wanted, &candidates)?);
        rest = later;
        let told = tell(Progress {
            done: positions.len() - rest.len(),
            all: positions.len(),
        });
        if told.is_break() {
            return Err(BesideError::Ended.into());
        }
        at_once = (at_once * 2).min(MOST_AT_ONCE);
    }
    let has_more = hits.len() > limit;
    hits.truncate(limit);
    Ok(Ok(Found { hits, has_more }))
}

/// Asks a file for the places of what may be wanted.
fn positions(file: &SearchFile, query: &Query, wanted: &Wanted) -> Result<Vec<i64>, IndexFileError> {
    let chosen = &wanted.chosen;
    let name = wanted.article.as_ref().map(ToString::to_string);
    let language = chosen.language.as_ref();
    let traits = [
        name.as_deref().map(Trait::Article),
        language.map(|language| Trait::Language(language.as_str())),
        chosen.tag.as_deref().map(Trait::Tag),
    ];
    let asked = search_file::Wanted {
        lookup: query.lookup(&file.languages()?),
        traits: traits.into_iter().flatten().map(Trait::key).collect(),
        since: chosen.since,
        until: chosen.until,
    };
    file.positions(&asked, wanted.order)
}

/// Returns what the search file has of a revision.
fn new_revision(new: &NewRevision, text: &str) -> search_file::NewRevision {
    let row = &new.row;
    let titles = new.titles.iter();
    let titles: Vec<(Language, String)> = titles
        .filter_map(|(language, title)| Some((language.parse().ok()?, title.clone())))
        .collect();
    let keys = query::keys(&Document {
        languages: &row.languages,
        titles: &titles,
        tags: &new.tags,
        text,
    });
    let name = row.article.to_string();
    let languages = row
        .languages
        .iter()
        .map(|language| Trait::Language(language.as_str()));
    let tags = new.tags.iter().map(|tag| Trait::Tag(tag));
    let traits = [Trait::Article(&name)].into_iter().chain(languages).chain(tags);
    search_file::NewRevision {
        position: row.position,
        id: row.id,
        article: row.article.clone(),
        date: row.date,
        languages: row.languages.clone(),
        keys,
        traits: traits.map(Trait::key).collect::<Vec<_>>().join(" "),
    }
}

/// Reads candidates, and leaves those that are hits in their order.
fn confirmed(
    archive: &Archive,
    query: &Query,
    wanted: &Wanted,
    candidates: &[Candidate],
) -> Result<Vec<Hit>, SearchError> {
    let read = |archive: &Archive, candidates: &[Candidate]| {
        let hits = candidates
            .iter()
            .map(|candidate| hit(archive, query, wanted, candidate));
        hits.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()
    };
    archive.read_in_stretches(candidates, STRETCH, read)
}

/// Reads a candidate; `None` where it is no hit, or something of it is withheld.
fn hit(
    archive: &Archive,
    query: &Query,
    wanted: &Wanted,
    candidate: &Candidate,
) -> Result<Option<Hit>, SearchError> {
    if !archive.is_on_branch_at(candidate.id, Some(candidate.position))? {
        return Ok(None);
    }
    let Some(revision) = Kept::read(archive, candidate.id)?.whole() else {
        return Ok(None);
    };
    let article = revision.article_id();
    let is_other = wanted.article.as_ref().is_some_and(|wanted| wanted != article);
    if is_other || !wanted.chosen.wants(revision.metadata()) {
        return Ok(None);
    }
    let metadata = revision.metadata();
    let titles = metadata.titles.iter();
    let titles: Vec<(Language, String)> = titles
        .map(|(language, title)| (language.clone(), title.clone()))
        .collect();
    let document = Document {
        languages: &metadata.languages,
        titles: &titles,
        tags: &metadata.tags,
        text: &revision.page_text,
    };
    let Some(found) = query.find(&document) else {
        return Ok(None);
    };
    if wanted.revisions == Revisions::Newest && history::newest(archive, article)? != Some(revision.id) {
        return Ok(None);
    }
    Ok(Some(Hit {
        revision,
        titles,
        found,
    }))
}
