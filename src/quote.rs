//! Which revisions of which articles have words that somebody quotes. The words file says where to look; what is
//! answered was read from git and hashed again, each article with its whole history.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::archive::{Archive, Fault, if_there};
use crate::article::PAGE_FILE;
use crate::history::{self, Hint};
use crate::id::{ArticleId, BlobId, CommitId};
use crate::index::NewRevision;
use crate::index::beside::{self, BesideError};
use crate::index::texts::{self, End};
use crate::object::Hashing;
use crate::object::tree::Entry;
use crate::progress::Tell;
use crate::revision::RevisionFault;
use crate::storage::objects::ObjectStore;
use crate::storage::words_file::{Candidate, NewText, Words, WordsFile};
use crate::swhid::{Fragment, Swhid, SwhidError};
use crate::tombstone::{Tombstone, TombstoneError};
use crate::verify::signed::{self, Keys};
use crate::withheld::Kept;
use crate::words::{self, Lines, Quote};

/// Texts that one thread reads in a row, and articles: beginning on another core, where the archive is opened once
/// more, takes as long as a few of them.
const TEXTS: usize = 64;
const ARTICLES: usize = 8;

/// How the texts are found that may have the quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the words file, which is made where there is none.
    Words,
    /// By reading every text.
    Scan,
}

/// A revision that has the words; every object from its commit to the text was hashed again, and the commit is on the
/// branch.
#[derive(Debug)]
pub struct Hit {
    /// The revision, of which something besides its text may be withheld.
    pub revision: Kept,
    /// The lines of its text in which the words stand first.
    pub lines: Lines,
    /// The name of those lines, where the archive publishes them.
    pub swhid: Swhid,
    /// What is said of its signature.
    pub signature: signed::Standing,
}

/// An article of which a revision has the words.
#[derive(Debug)]
pub struct Standing {
    /// The article.
    pub article: ArticleId,
    /// The revisions that have them, oldest first; there is at least one.
    pub hits: Vec<Hit>,
    /// The newest revision of the article, whether or not it has them.
    pub newest: Box<Kept>,
    /// How many of its revisions have a text that is withheld, in which nobody can look for words.
    pub withheld: usize,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// Articles by name.
    pub articles: Vec<Standing>,
    /// How many revisions of the archive have a text that is withheld, in which nobody can look for words.
    pub withheld: usize,
    /// How it was found: by reading every text also where the words file could not be had, or the quote has no key.
    pub way: Way,
}

/// Why words could not be looked for.
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
    /// A revision is named by one of the branch, and is not on it.
    #[error("revision {0} is not in the branch's history")]
    Detached(CommitId),
    /// The place has no name.
    #[error(transparent)]
    Swhid(#[from] SwhidError),
    /// It cannot be told which texts are withheld.
    #[error(transparent)]
    Tombstone(#[from] TombstoneError),
}

impl Standing {
    /// Tells whether the newest revision has the words.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.hits
            .last()
            .is_some_and(|hit| hit.revision.id() == self.newest.id())
    }
}

/// Finds every revision that has the words. `progress` is told how far a new words file, or reading every text, is, and
/// may end it with `Break`.
///
/// # Errors
/// [`SearchError`] where it could not be found out.
pub fn find(
    archive: &Archive,
    quote: &Quote,
    way: Way,
    progress: &mut Tell<'_>,
) -> Result<Found, SearchError> {
    let looked_up = match way {
        Way::Words => by_words(archive, quote, progress)?,
        Way::Scan => None,
    };
    let (names, way) = match looked_up {
        Some(names) => (names, Way::Words),
        None => (by_scan(archive, quote, progress)?, Way::Scan),
    };
    let names: Vec<ArticleId> = names.into_iter().collect();
    let articles = standings(archive, quote, &names)?;
    let withheld = withheld_texts(archive)?;
    Ok(Found {
        articles,
        withheld,
        way,
    })
}

/// Counts the revisions whose text is withheld, by the tombstones that name them.
fn withheld_texts(archive: &Archive) -> Result<usize, SearchError> {
    let mut revisions = BTreeSet::new();
    for blob in archive.withheld() {
        let path = Tombstone::path_of(*blob);
        let tombstone = Tombstone::parse(&path, &archive.file(archive.root(), &path)?)?;
        let pages = tombstone.paths.iter();
        let pages: Vec<&String> = pages
            .filter(|path| path.rsplit('/').next() == Some(PAGE_FILE))
            .collect();
        for id in tombstone.revisions {
            let root = archive.commit(id)?.tree;
            for page in &pages {
                if if_there(archive.entry(root, page))? == Some(Entry::File(*blob)) {
                    revisions.insert(id);
                }
            }
        }
    }
    Ok(revisions.len())
}

/// Looks the quote up; `None` where every text has to be read.
fn by_words(
    archive: &Archive,
    quote: &Quote,
    progress: &mut Tell<'_>,
) -> Result<Option<BTreeSet<ArticleId>>, SearchError> {
    let wanted = quote.wanted();
    if wanted.is_empty() {
        return Ok(None);
    }
    let question = |file: &WordsFile| file.candidates(&wanted);
    let asked = beside::ask::<Words, _>(archive, new_text, question, progress)?;
    Ok(asked.map(|(_, candidates)| having(archive, quote, candidates)))
}

/// Leaves out the candidates whose text has not the words. They are hashed by one implementation of SHA-1: what has the
/// words is read again.
fn having(archive: &Archive, quote: &Quote, candidates: Vec<Candidate>) -> BTreeSet<ArticleId> {
    let objects = archive.path().join("objects");
    let withheld = archive.withheld();
    // What the file says of a blob that is not in the archive is worth nothing; the article is asked all the same.
    let has_not = |objects: &ObjectStore, page: BlobId| {
        let read = (!withheld.contains(&page)).then(|| objects.read(page.into()).ok());
        read.flatten().is_some_and(|object| {
            std::str::from_utf8(&object.body).is_ok_and(|text| quote.find(text).is_none())
        })
    };
    let those_of = |objects: Option<&ObjectStore>, stretch: Vec<Candidate>| {
        let may_have =
            |candidate: &Candidate| objects.is_none_or(|objects| !has_not(objects, candidate.page));
        let kept = stretch.into_iter().filter(may_have);
        kept.map(|candidate| candidate.article).collect::<BTreeSet<_>>()
    };
    if candidates.len() <= TEXTS {
        return those_of(Some(archive.objects()), candidates);
    }
    let open = || {
        let objects = ObjectStore::open(&objects).ok();
        objects.map(|objects| objects.with_hashing(Hashing::Sha1))
    };
    let stretches: Vec<Vec<Candidate>> = candidates.chunks(TEXTS).map(<[_]>::to_vec).collect();
    let stretches = stretches.into_par_iter();
    let names = stretches.map_init(open, |objects, stretch| those_of(objects.as_ref(), stretch));
    names.reduce(BTreeSet::new, |mut one, mut other| {
        one.append(&mut other);
        one
    })
}

/// Returns what the words file has of a text.
fn new_text(new: &NewRevision, text: &str) -> NewText {
    NewText {
        page: new.row.page,
        article: new.row.article.clone(),
        keys: words::keys(text),
    }
}

/// Reads every text of the branch.
fn by_scan(
    archive: &Archive,
    quote: &Quote,
    progress: &mut Tell<'_>,
) -> Result<BTreeSet<ArticleId>, SearchError> {
    let mut names = BTreeSet::new();
    let having = |new: &NewRevision, text: &str| quote.find(text).is_some().then(|| new.row.article.clone());
    let end = texts::read(archive, None, having, &mut |texts, told| {
        names.extend(texts.into_iter().flatten());
        progress(told)
    });
    match end {
        End::Whole => Ok(names),
        End::Ended => Err(BesideError::Ended.into()),
        End::Unreadable | End::Elsewhere => Err(BesideError::Unreadable.into()),
    }
}

/// Reads the whole histories of articles, on every core where there are many.
fn standings(archive: &Archive, quote: &Quote, articles: &[ArticleId]) -> Result<Vec<Standing>, SearchError> {
    let hints = history::hints(archive, articles);
    let mut keys = Keys::of(archive)?;
    let hinted: Vec<(usize, &ArticleId, &Hint)> = (0..)
        .zip(articles)
        .zip(&hints)
        .map(|((number, article), hint)| (number, article, hint))
        .collect();
    let read = |archive: &Archive, keys: &mut Keys, stretch: &[(usize, &ArticleId, &Hint)]| {
        let one = |(number, article, hint): &(usize, &ArticleId, &Hint)| {
            let newest = hint.newest(archive, article)?;
            let read = standing(archive, quote, keys, article, (newest, Some(hint)));
            Some(read.map(|standing| (*number, standing)))
        };
        stretch.iter().filter_map(one).collect::<Result<Vec<_>, _>>()
    };
    let known = if hinted.len() <= ARTICLES {
        read(archive, &mut keys, &hinted)?
    } else {
        let (seen, first) = (archive.seen(), keys.clone());
        let begin = || (seen.clone().open().ok(), first.clone());
        let stretches = hinted.par_chunks(ARTICLES);
        let stretches = stretches.map_init(begin, |(archive, keys), stretch| match archive {
            Some(archive) => read(archive, keys, stretch),
            None => Ok(Vec::new()),
        });
        stretches
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect()
    };
    // What is left is asked of the index one by one, and of the branch.
    let mut known = known.into_iter().peekable();
    let mut found = Vec::new();
    for (number, article) in articles.iter().enumerate() {
        if let Some((_, standing)) = known.next_if(|known| known.0 == number) {
            found.extend(standing);
        } else if let Some(newest) = history::newest(archive, article)? {
            found.extend(standing(archive, quote, &mut keys, article, (newest, None))?);
        }
    }
    Ok(found)
}

/// Reads an article's whole history from its newest revision; `None` where no revision of it has the words.
fn standing(
    archive: &Archive,
    quote: &Quote,
    keys: &mut Keys,
    article: &ArticleId,
    (newest, hint): (CommitId, Option<&Hint>),
) -> Result<Option<Standing>, SearchError> {
    let mut revisions = history::revisions(archive, newest)?;
    let newest = Box::new(revisions[0].clone());
    revisions.reverse();
    let (mut hits, mut withheld) = (Vec::new(), 0);
    for revision in revisions {
        let Some(text) = revision.page_text() else {
            withheld += 1;
            continue;
        };
        if let Some(lines) = quote.find(text) {
            let id = revision.id();
            let told = hint.and_then(|hint| hint.position(id));
            if !archive.is_on_branch_at(id, told)? {
                return Err(SearchError::Detached(id));
            }
            let swhid = name(archive, &revision, lines)?;
            let signature = keys.standing(archive, revision.commit())?;
            hits.push(Hit {
                revision,
                lines,
                swhid,
                signature,
            });
        }
    }
    Ok((!hits.is_empty()).then(|| Standing {
        article: article.clone(),
        hits,
        newest,
        withheld,
    }))
}

/// Names lines of a revision's text.
fn name(archive: &Archive, revision: &Kept, lines: Lines) -> Result<Swhid, SearchError> {
    let path = format!("{}/{PAGE_FILE}", revision.article_id().folder());
    let Entry::File(page) = archive.entry(revision.commit().tree, &path)? else {
        return Err(Fault::Form(path).into());
    };
    let mut swhid = Swhid::content(page);
    if let Some(address) = &archive.settings().base_url {
        swhid = swhid.at(address)?;
    }
    swhid = swhid.within(revision.id(), &format!("/{path}"))?;
    Ok(match Fragment::lines(lines.first, lines.last) {
        Some(fragment) => swhid.part(fragment)?,
        None => swhid,
    })
}
