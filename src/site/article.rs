//! All files of an article: the pages of its revisions with their proofs, its history, and its list for programs.

use std::rc::Rc;

use super::address::{self, HISTORY, TEXT, TIMEMAP};
use super::before::Summary;
use super::page::{self, Body};
use super::stretch::Readings;
use super::{BuildError, Shared, history, search, timemap, titles};
use crate::archive::Archive;
use crate::id::{ArticleId, CommitId};
use crate::storage::proof_pack::Packing;
use crate::verify::alone;
use crate::withheld::{Kept, Reason};

/// The revisions of an article, newest first; at least one.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// All of them.
    pub revisions: &'a [&'a Kept],
}

/// The files of an article, by their names in its folder, and what lists say of it.
#[derive(Debug)]
pub struct Made {
    /// Name and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// The commits of its revisions, newest first.
    pub revisions: Vec<CommitId>,
    /// For the lists.
    pub summary: Summary,
}

impl Place<'_> {
    /// Tells whether a revision is the newest.
    pub fn is_newest(&self, kept: &Kept) -> bool {
        self.revisions
            .first()
            .is_some_and(|newest| newest.id() == kept.id())
    }
}

/// Makes the files of an article.
///
/// # Errors
/// [`BuildError`] where a revision is not what the format asks for, or its page would not show its text.
pub fn make(
    readings: &Readings<'_>,
    shared: &Shared<'_>,
    article: &ArticleId,
    newest: CommitId,
) -> Result<Made, BuildError> {
    let archive = readings.archive()?;
    let revisions = readings.revisions(newest)?;
    let revisions: Vec<&Kept> = revisions.iter().map(Rc::as_ref).collect();
    let place = Place {
        revisions: &revisions,
    };
    let mut files = Vec::new();
    for kept in revisions.iter().copied() {
        let name = address::revision(kept.message().trailers.revision);
        let (html, proof) = page_and_proof(archive, shared, kept, &place, &mut readings.packing())?;
        // The newest is what the article's own address shows; its lasting page is there from the beginning.
        let names = [Some(name), place.is_newest(kept).then(|| "index".to_owned())];
        for name in names.into_iter().flatten() {
            files.push((format!("{name}.html"), html.clone().into_bytes()));
            if let Some(proof) = &proof {
                files.push((format!("{name}.proof"), proof.clone()));
            }
        }
    }
    let history = history::html(archive, shared, article, &revisions)?;
    files.push((HISTORY.to_owned(), history.into_bytes()));
    files.push((
        TIMEMAP.to_owned(),
        timemap::of(shared, article, &place).into_bytes(),
    ));
    if let Kept::Whole(newest) = revisions[0] {
        files.push((TEXT.to_owned(), search::text(newest).into_bytes()));
    }
    Ok(Made {
        files,
        revisions: revisions.iter().map(|kept| kept.id()).collect(),
        summary: summary(&revisions),
    })
}

/// Returns the page of one of an article's revisions.
///
/// # Errors
/// [`BuildError`], as for [`make`].
pub fn page(
    archive: &Archive,
    shared: &Shared<'_>,
    revisions: &[&Kept],
    id: CommitId,
) -> Result<String, BuildError> {
    let kept = revisions
        .iter()
        .copied()
        .find(|kept| kept.id() == id)
        .unwrap_or(revisions[0]);
    let place = Place { revisions };
    Ok(page_and_proof(archive, shared, kept, &place, &mut Packing::default())?.0)
}

/// Returns the page of a revision, and its proof where the text is there.
fn page_and_proof(
    archive: &Archive,
    shared: &Shared<'_>,
    kept: &Kept,
    place: &Place<'_>,
    packing: &mut Packing,
) -> Result<(String, Option<Vec<u8>>), BuildError> {
    match kept {
        Kept::Whole(revision) => {
            let pack = packing.pack(&alone::proof(archive, revision)?);
            let proof = pack.map_err(|error| BuildError::Proof(revision.id, error))?;
            let html = page::html(shared, kept, Body::Text(revision), place, Some(&proof))?;
            Ok((html, Some(proof)))
        }
        Kept::Withheld(revision) => {
            let reasons = reasons(archive, kept)?;
            debug_assert!(!reasons.is_empty(), "{}", revision.id);
            let html = page::html(shared, kept, Body::Withheld(&reasons), place, None)?;
            Ok((html, None))
        }
    }
}

/// Says why the text of a revision is withheld; nothing where it is not.
///
/// # Errors
/// [`BuildError::Reason`] where that cannot be told.
pub fn reasons(archive: &Archive, kept: &Kept) -> Result<Vec<Reason>, BuildError> {
    match kept {
        Kept::Whole(_) => Ok(Vec::new()),
        Kept::Withheld(revision) => {
            let reasons = revision.reasons(archive);
            reasons.map_err(|error| BuildError::Reason(revision.id, error))
        }
    }
}

fn summary(revisions: &[&Kept]) -> Summary {
    let newest = revisions[0];
    let (titles, authors, tags) = match newest {
        Kept::Whole(revision) => {
            let metadata = revision.metadata();
            let authors = metadata.authors.iter().map(|author| author.name().to_owned());
            (titles(revision), authors.collect(), metadata.tags.clone())
        }
        Kept::Withheld(_) => (Vec::new(), Vec::new(), Vec::new()),
    };
    let withheld = revisions.iter().filter(|kept| matches!(kept, Kept::Withheld(_)));
    Summary {
        titles,
        authors,
        kind: newest.message().trailers.kind,
        tags,
        date: newest.commit().author.date.to_string(),
        pages: revisions.len(),
        withheld: withheld.count(),
    }
}
