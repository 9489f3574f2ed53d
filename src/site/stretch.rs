//! The branch in stretches. The revisions of one are read once for all that is made of them: the pages of the articles whose
//! newest revision is among them, a document of the feed, and their part of the index of the search page.

use std::cell::{OnceCell, RefCell, RefMut};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use rayon::prelude::*;

use super::before::{Built as Article, Single};
use super::feeds::{self, Document, ENTRIES};
use super::search::{Found, Part};
use super::{BuildError, Site, article};
use crate::archive::{Archive, Seen};
use crate::id::{ArticleId, CommitId};
use crate::query::Stems;
use crate::revision::RevisionFault;
use crate::storage::proof_pack::Packing;
use crate::withheld::Kept;

/// What one thread reads of an archive, each revision once. The archive is opened, and what packs proofs is made, where something
/// is needed of it: of most stretches nothing is.
pub struct Readings<'a> {
    seen: &'a Seen,
    archive: OnceCell<Archive>,
    read: RefCell<HashMap<CommitId, Rc<Kept>>>,
    packing: OnceCell<RefCell<Packing>>,
}

impl<'a> Readings<'a> {
    /// Begins with none.
    pub fn of(seen: &'a Seen) -> Self {
        Self {
            seen,
            archive: OnceCell::new(),
            read: RefCell::default(),
            packing: OnceCell::new(),
        }
    }

    /// Returns the archive.
    ///
    /// # Errors
    /// [`BuildError::Open`].
    pub fn archive(&self) -> Result<&Archive, BuildError> {
        if let Some(archive) = self.archive.get() {
            return Ok(archive);
        }
        let opened = self.seen.clone().open().map_err(BuildError::Open)?;
        Ok(self.archive.get_or_init(|| opened))
    }

    /// Returns a revision.
    ///
    /// # Errors
    /// [`BuildError`] where it cannot be read.
    pub fn revision(&self, id: CommitId) -> Result<Rc<Kept>, BuildError> {
        Ok(self.read(self.archive()?, id)?)
    }

    /// Returns the revisions of an article, newest first.
    ///
    /// # Errors
    /// [`BuildError`] for the first that is not what the format asks for.
    pub fn revisions(&self, newest: CommitId) -> Result<Vec<Rc<Kept>>, BuildError> {
        let archive = self.archive()?;
        let revisions = crate::history::revisions_by(newest, |id| self.read(archive, id));
        Ok(revisions?)
    }

    /// Returns what proofs are packed by.
    pub fn packing(&self) -> RefMut<'_, Packing> {
        self.packing.get_or_init(RefCell::default).borrow_mut()
    }

    fn read(&self, archive: &Archive, id: CommitId) -> Result<Rc<Kept>, RevisionFault> {
        if let Some(known) = self.read.borrow().get(&id) {
            return Ok(Rc::clone(known));
        }
        let kept = Rc::new(Kept::read(archive, id)?);
        self.read.borrow_mut().insert(id, Rc::clone(&kept));
        Ok(kept)
    }
}

/// What was made of a stretch.
#[derive(Default)]
struct Stretch<'a> {
    articles: Vec<(&'a ArticleId, Article)>,
    singles: Vec<Single>,
    /// What its revisions are found by, in their order, where that was asked for.
    found: Vec<Option<Found>>,
}

impl<'a> Site<'a> {
    /// Writes the files of all articles, the documents of the feed that are full, and the index of the search page, on every
    /// core. The articles come by day, the newest first, and within a day by name.
    pub(super) fn stretches(self) -> Result<(Vec<Article>, Vec<Single>), BuildError> {
        let (mut articles, mut singles) = (Vec::new(), Vec::new());
        for part in Part::all(self.revisions.len()) {
            let names: Vec<String> = part.names().collect();
            let last = self.revisions[..part.end].last().filter(|_| part.is_full);
            let known = self.known(&names, last);
            let shards = known.is_none().then_some(names.len());
            let made: Result<Vec<Stretch<'a>>, BuildError> = cut(part.begin..part.end)
                .into_par_iter()
                .with_max_len(1)
                .map(|stretch| self.stretch(stretch, shards))
                .collect();
            let mut found = Vec::new();
            for stretch in made? {
                articles.extend(stretch.articles);
                singles.extend(stretch.singles);
                found.extend(stretch.found);
            }
            if let Some(known) = known {
                singles.extend(known);
                continue;
            }
            for (name, shard) in names.into_iter().zip(part.make(found)) {
                singles.push(self.put(name, &shard, last)?);
            }
        }
        articles.sort_by(|(one, _), (other, _)| other.day().cmp(&one.day()).then_with(|| one.cmp(other)));
        let articles = articles.into_iter().map(|(_, article)| article);
        Ok((articles.collect(), singles))
    }

    /// Writes what is made of the revisions at some places. The end of a document of the feed writes all of it.
    fn stretch(self, places: Range<usize>, shards: Option<usize>) -> Result<Stretch<'a>, BuildError> {
        let readings = Readings::of(self.seen);
        let ids = &self.revisions[places.clone()];
        let mut made = Stretch::default();
        for id in ids {
            if let Some(article) = self.newest.get(id) {
                made.articles
                    .push((article, self.article(&readings, article, *id)?));
            }
        }
        if let Some(base) = self
            .shared
            .base
            .as_ref()
            .filter(|_| places.end.is_multiple_of(ENTRIES))
        {
            let document = Document::Full(places.end / ENTRIES);
            let of_document = &self.revisions[places.end - ENTRIES..places.end];
            let names = ["atom", "json"].map(|ending| document.name(ending));
            made.singles = self.lasting(&names, of_document.last(), || {
                feeds::documents(&readings, self.shared, base, document, of_document).map(Vec::from)
            })?;
        }
        if let Some(shards) = shards {
            let mut stems = Stems::default();
            let found = ids
                .iter()
                .map(|id| Ok(Found::of(&*readings.revision(*id)?, shards, &mut stems)));
            made.found = found.collect::<Result<_, BuildError>>()?;
        }
        Ok(made)
    }

    /// Writes the files of an article, unless they are those of the last build.
    fn article(
        self,
        readings: &Readings<'_>,
        article: &ArticleId,
        newest: CommitId,
    ) -> Result<Article, BuildError> {
        let in_log = &self.shared.in_log;
        if let Some(built) = self.before.article(self.made_of, article, newest)
            && built.checkpoints == in_log.digest(&built.in_log)
            && self.files.keep(&built.files())
        {
            return Ok(built.clone());
        }
        self.go_on()?;
        let made = article::make(readings, self.shared, article, newest)?;
        self.files.write_folder(&article.to_string(), &made.files)?;
        let lengths = made
            .files
            .into_iter()
            .map(|(name, bytes)| (name, bytes.len() as u64));
        let places = made.revisions.iter().filter_map(|id| in_log.place(*id));
        let places: Vec<u64> = places.collect();
        Ok(Article {
            checkpoints: in_log.digest(&places),
            in_log: places,
            article: article.to_string(),
            newest: newest.to_string(),
            files: lengths.collect(),
            summary: made.summary,
        })
    }
}

/// Cuts places on the branch where a document of the feed ends.
fn cut(places: Range<usize>) -> Vec<Range<usize>> {
    let mut stretches = Vec::new();
    let mut begin = places.start;
    while begin < places.end {
        let end = places.end.min((begin / ENTRIES + 1) * ENTRIES);
        stretches.push(begin..end);
        begin = end;
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_cut_where_a_document_ends() {
        assert!(cut(0..0).is_empty());
        assert_eq!(cut(0..101), [0..100, 100..101]);
        assert_eq!(
            cut(4096..4608),
            [
                4096..4100,
                4100..4200,
                4200..4300,
                4300..4400,
                4400..4500,
                4500..4600,
                4600..4608
            ]
        );
    }
}
