//! Which revisions of which articles have words that somebody quotes. The words file says where to look; what is
//! answered was read from git and hashed again, each article with its whole history.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use rayon::prelude::*;

use crate::archive::{Archive, Fault};
use crate::article::PAGE_FILE;
use crate::history::{self, Hint};
use crate::id::{ArticleId, BlobId, CommitId};
use crate::index::Progress;
use crate::index::texts::{self, End, Read};
use crate::object::Hashing;
use crate::object::tree::Entry;
use crate::revision::{Revision, RevisionFault};
use crate::storage::index_file::IndexFileError;
use crate::storage::objects::ObjectStore;
use crate::storage::refs;
use crate::storage::words_file::{self, Candidate, NewText, WordsFile};
use crate::swhid::{Fragment, Swhid, SwhidError};
use crate::verify::signed::{self, Keys};
use crate::withheld::Kept;
use crate::words::{self, Lines, Quote};

/// How long another process that writes the words is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

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
    /// The revision.
    pub revision: Revision,
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
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// Articles by name.
    pub articles: Vec<Standing>,
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
    /// The branch cannot be followed.
    #[error("the texts cannot be read; `avalaches verify` says what is wrong with them")]
    Unreadable,
    /// A revision is named by one of the branch, and is not on it.
    #[error("revision {0} is not in the branch's history")]
    Detached(CommitId),
    /// The place has no name.
    #[error(transparent)]
    Swhid(#[from] SwhidError),
    /// The caller ended it.
    #[error("the search was not completed")]
    Ended,
}

impl Standing {
    /// Tells whether the newest revision has the words.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.hits
            .last()
            .is_some_and(|hit| hit.revision.id == self.newest.id())
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
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
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
    Ok(Found { articles, way })
}

/// Looks the quote up; `None` where every text has to be read.
fn by_words(
    archive: &Archive,
    quote: &Quote,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<BTreeSet<ArticleId>>, SearchError> {
    let wanted = quote.wanted();
    if wanted.is_empty() {
        return Ok(None);
    }
    let Some(file) = up_to_date(archive, progress)? else {
        return Ok(None);
    };
    let candidates = match file.candidates(&wanted) {
        Ok(candidates) => candidates,
        Err(error) if error.is_damage() => {
            drop(file);
            let Some(_lock) = words_file::lock(archive.path(), PATIENCE) else {
                return Ok(None);
            };
            let Some(file) = made(archive, progress)? else {
                return Ok(None);
            };
            match file.candidates(&wanted) {
                Ok(candidates) => candidates,
                Err(_) => return Ok(None),
            }
        }
        Err(_) => return Ok(None),
    };
    Ok(Some(having(archive, quote, candidates)))
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

/// Opens the words and brings them up to the tip, or makes them anew; `None` where they cannot be had.
fn up_to_date(
    archive: &Archive,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<WordsFile>, SearchError> {
    if let Ok(file) = WordsFile::open(archive.path())
        && file.tip() == archive.tip()
    {
        return Ok(Some(file));
    }
    let Some(_lock) = words_file::lock(archive.path(), PATIENCE) else {
        return Ok(None);
    };
    // Another process may have done the work while this one waited.
    let mut file = match WordsFile::open(archive.path()) {
        Ok(file) if file.tip() == archive.tip() => return Ok(Some(file)),
        Ok(file) if has_forgotten(archive, &file) => file,
        Ok(_) => return made(archive, progress),
        Err(error) if error.is_damage() => return made(archive, progress),
        Err(_) => return Ok(None),
    };
    let mut newer = Vec::new();
    let end = texts::read(archive, Some(file.tip()), keys, &mut |texts, told| {
        newer.extend(texts.into_iter().map(new_text));
        progress(told)
    });
    match end {
        End::Whole => match file.extend(archive.tip(), &newer) {
            Ok(()) => Ok(Some(file)),
            Err(error) if error.is_damage() => {
                drop(file);
                made(archive, progress)
            }
            Err(_) => Ok(None),
        },
        // Another process has put in later commits: what the branch had is in it.
        End::Elsewhere if refs::tip(archive.path()).is_ok_and(|tip| tip == Some(file.tip())) => {
            Ok(Some(file))
        }
        End::Elsewhere => {
            drop(file);
            made(archive, progress)
        }
        End::Unreadable => Err(SearchError::Unreadable),
        End::Ended => Err(SearchError::Ended),
    }
}

/// Tells whether a file knows nothing of texts that were expunged after it was made.
fn has_forgotten(archive: &Archive, file: &WordsFile) -> bool {
    archive
        .withheld_at(file.tip())
        .is_ok_and(|withheld| withheld == *archive.withheld())
}

/// Makes the words anew; the lock is held. `None` where the file cannot be written.
fn made(
    archive: &Archive,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<WordsFile>, SearchError> {
    let mut end = End::Whole;
    let mut failed: Option<IndexFileError> = None;
    let file = WordsFile::make(archive.path(), archive.tip(), |put| {
        end = texts::read(archive, None, keys, &mut |texts, told| {
            for text in texts {
                if let Err(error) = put(&new_text(text)) {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            progress(told)
        });
        (end == End::Whole).then_some(())
    });
    match (end, failed) {
        (End::Whole, None) => Ok(file.unwrap_or(None)),
        // The disk is full, or the like: the texts can be read all the same.
        (_, Some(_)) => Ok(None),
        (End::Ended, None) => Err(SearchError::Ended),
        (End::Unreadable | End::Elsewhere, None) => Err(SearchError::Unreadable),
    }
}

fn keys(text: &str) -> String {
    words::keys(text).into_iter().collect::<Vec<_>>().join(" ")
}

fn new_text(text: Read<String>) -> NewText {
    NewText {
        page: text.page,
        article: text.article,
        keys: text.made,
    }
}

/// Reads every text of the branch.
fn by_scan(
    archive: &Archive,
    quote: &Quote,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<BTreeSet<ArticleId>, SearchError> {
    let mut names = BTreeSet::new();
    let has = |text: &str| quote.find(text).is_some();
    let end = texts::read(archive, None, has, &mut |texts, told| {
        names.extend(
            texts
                .into_iter()
                .filter(|text| text.made)
                .map(|text| text.article),
        );
        progress(told)
    });
    match end {
        End::Whole => Ok(names),
        End::Ended => Err(SearchError::Ended),
        End::Unreadable | End::Elsewhere => Err(SearchError::Unreadable),
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
    let mut hits = Vec::new();
    // Nobody can look for words in what is withheld.
    for revision in revisions.into_iter().filter_map(Kept::whole) {
        if let Some(lines) = quote.find(&revision.page_text) {
            let told = hint.and_then(|hint| hint.position(revision.id));
            if !archive.is_on_branch_at(revision.id, told)? {
                return Err(SearchError::Detached(revision.id));
            }
            let swhid = name(archive, &revision, lines)?;
            let signature = keys.standing(archive, &revision.commit)?;
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
    }))
}

/// Names lines of a revision's text.
fn name(archive: &Archive, revision: &Revision, lines: Lines) -> Result<Swhid, SearchError> {
    let path = format!("{}/{PAGE_FILE}", revision.article_id().folder());
    let Entry::File(page) = archive.entry(revision.commit.tree, &path)? else {
        return Err(Fault::Form(path).into());
    };
    let mut swhid = Swhid::content(page);
    if let Some(address) = &archive.settings().base_url {
        swhid = swhid.at(address)?;
    }
    swhid = swhid.within(revision.id, &format!("/{path}"))?;
    Ok(match Fragment::lines(lines.first, lines.last) {
        Some(fragment) => swhid.part(fragment)?,
        None => swhid,
    })
}
