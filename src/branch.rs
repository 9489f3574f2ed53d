//! The end of the branch, with the commits that are about to be put on it: which article a page belongs to, which
//! number its revision has, and which trees and which commit that makes. Nothing is written here.
//!
//! Memory: the newest bytes of each folder that was looked into or changed, which is some 60 bytes for each article
//! in them, some 300 bytes for each article that got a revision, some 100 for each whose text was looked at, some 600
//! for each whose name another text of the same day and slug had to leave alone, and of an import some 200 for each that its pages
//! follow by name, and 30 for each of those.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::archive::{Archive, Fault};
use crate::article::{Kind, PAGE_FILE};
use crate::date::RevisionDate;
use crate::footer::Footer;
use crate::id::{ArticleId, BlobId, CommitId, ObjectId, TreeId};
use crate::language::Language;
use crate::object::commit::Commit;
use crate::object::ident::{Ident, Person};
use crate::object::tree::{self, Entry, TreeError};
use crate::object::{self, HashError, ObjectKind};
use crate::revision::RevisionFault;
use crate::settings::Signatures;
use crate::signature::{self, SignError, Signer};
use crate::slug::Slug;
use crate::trailer::{Message, RootMessage, Trailers};
use crate::verify::signed::{self, Grounds, Keys};

use chain::{Chains, Earlier, Found};
use folders::{Changed, Folders};
use names::Names;

mod chain;
mod folders;
mod names;

/// Which article a page is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One that its day and its slug name.
    New,
    /// One that is there.
    Article(ArticleId),
    /// One that its day and its slug name, and that later pages with the same number are for, too.
    FirstOf(u64),
    /// The one that the first page with this number was for.
    LaterOf(u64),
}

/// A revision that has no place on the branch yet.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The last part of the article's id, where the article is a new one.
    pub slug: Slug,
    /// The article.
    pub target: Target,
    /// The revision's date.
    pub date: RevisionDate,
    /// Who the author line names.
    pub byline: Person,
    /// What the revision is.
    pub kind: Kind,
    /// The languages in page order.
    pub languages: Vec<Language>,
    /// The first line of the commit's message.
    pub subject: String,
    /// One line that says why the revision is made.
    pub note: Option<String>,
    /// SHA-256 of the article's files, 64 digits.
    pub content_sha256: String,
    /// Where the text was taken from.
    pub source_url: Option<String>,
    /// The footer that the page carried.
    pub claimed_footer: Option<Footer>,
    /// The commit of the publisher's own repository that the text was taken from.
    pub source_commit: Option<CommitId>,
    /// The article's folder.
    pub folder: TreeId,
    /// The text that a reader sees.
    pub page: BlobId,
    /// The files that the folder has, the page among them.
    pub files: Vec<BlobId>,
    /// What [`crate::article::Article::form_sha256`] gives: of all that a technical revision may change.
    pub form_sha256: String,
    /// The revision that has to be the article's newest one, where the caller knows which one it follows.
    pub expected: Option<CommitId>,
}

/// Which pages are in the archive already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Those whose text is that of the article's newest revision.
    Newest,
    /// Those, and those of any revision of the article: its files are all the same, or it has the text by which the article is
    /// named, or text, date, kind and note, or a text that by its date changes nothing. What was brought in once is found again,
    /// whatever came after it.
    Any,
}

/// Whether a page changed the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A commit was made.
    Added,
    /// The text was in the archive already.
    None,
}

/// What became of a page.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The revision's footer.
    pub footer: Footer,
    /// The article.
    pub article: ArticleId,
    /// The number of the revision, from 1.
    pub revision: u32,
    /// What the revision is.
    pub kind: Kind,
    /// Whether a commit was made.
    pub change: Change,
    /// The article of the same day and slug with another text, where the slug had to be numbered.
    pub clash: Option<ArticleId>,
    /// The commit of a publisher's repository that the article's newest revision was taken from, of those that were in the archive.
    pub source: Option<CommitId>,
}

/// A tree or commit that a revision brings.
#[derive(Debug, Clone)]
pub struct NewObject {
    /// Its id.
    pub id: ObjectId,
    /// Whether it is a tree or a commit.
    pub kind: ObjectKind,
    /// Its bytes.
    pub body: Arc<Vec<u8>>,
    /// For a tree: the one in whose place it comes, where there was one.
    pub before: Option<(ObjectId, Arc<Vec<u8>>)>,
}

/// A revision with its place.
#[derive(Debug, Clone)]
pub struct Placed {
    /// What became of the page.
    pub outcome: Outcome,
    /// The trees above the article's folder, the lowest first, then the commit; none where nothing changed.
    pub objects: Vec<NewObject>,
    /// The text of the article's revision before, where there was one.
    pub previous_page: Option<BlobId>,
}

impl Placed {
    /// Makes what becomes of a page that is known already, as what became of it then and with the text that its article has.
    fn unchanged(then: Outcome, page: Option<BlobId>) -> Self {
        Self {
            outcome: Outcome {
                change: Change::None,
                clash: None,
                ..then
            },
            objects: Vec::new(),
            previous_page: page,
        }
    }
}

/// Why a page has no place on the branch.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The archive cannot be read.
    #[error("could not read the archive")]
    Read(#[from] Fault),
    /// The archive has no such article.
    #[error("the archive has no article {0}")]
    NoArticle(ArticleId),
    /// The first version of the text was refused.
    #[error("no earlier version of this text was taken")]
    NoFirst,
    /// Somebody else made a revision meanwhile.
    #[error("the newest revision of {article} is {newest}, not {expected}")]
    NotNewest {
        /// The article.
        article: ArticleId,
        /// Its newest revision.
        newest: Footer,
        /// The one that was expected.
        expected: CommitId,
    },
    /// A retracted article is restored before anything else becomes of it.
    #[error("{article} is retracted: {newest}")]
    Retracted {
        /// The article.
        article: ArticleId,
        /// The retraction.
        newest: Footer,
    },
    /// A technical revision changes the form, not what is said.
    #[error("a technical revision keeps the text, and this page has another one than {newest}")]
    OtherText {
        /// The article.
        article: ArticleId,
        /// Its newest revision.
        newest: Footer,
    },
    /// There is no greater number.
    #[error("the newest revision of {0} has the last number that there is; run verify")]
    Last(ArticleId),
    /// Two articles may be meant by one name.
    #[error("{article} may be the article of that name or {other}, which pages of that name became as well")]
    InDoubt {
        /// The article that has the name.
        article: ArticleId,
        /// The one that got a number.
        other: ArticleId,
    },
    /// A page of an import would undo what an editor did since.
    #[error("a revision of {article} is none of these pages and is dated later than this one: {later}")]
    Late {
        /// The article.
        article: ArticleId,
        /// The newest such revision.
        later: Footer,
    },
    /// A page of an import is dated before the retraction of its article, which nothing but a restoration follows.
    #[error("{article} is retracted, and this page is dated before that: {newest}")]
    BeforeRetraction {
        /// The article.
        article: ArticleId,
        /// The retraction.
        newest: Footer,
    },
    /// A file was expunged.
    #[error("the archive withholds this text, or a part of it: {0}")]
    Withheld(BlobId),
    /// The newest revision cannot be read.
    #[error("could not read the revision before")]
    Newest(#[source] RevisionFault),
    /// The article has no revision on the branch, though it has a folder.
    #[error("article {0} has a folder and no revision; run verify")]
    NoRevision(ArticleId),
    /// A tree could not be made.
    #[error("could not make a folder")]
    Tree(#[from] TreeError),
    /// An object cannot be hashed.
    #[error("could not hash an object")]
    Hash(#[from] HashError),
    /// The commit is not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl PlaceError {
    /// Tells whether another page could still have its place.
    #[must_use]
    pub fn is_about_the_page(&self) -> bool {
        matches!(
            self,
            Self::NoArticle(_)
                | Self::NoFirst
                | Self::NotNewest { .. }
                | Self::Retracted { .. }
                | Self::OtherText { .. }
                | Self::Last(_)
                | Self::InDoubt { .. }
                | Self::Late { .. }
                | Self::BeforeRetraction { .. }
                | Self::Withheld(_)
        )
    }
}

/// The revision that a page follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// One in the archive.
    Archived(CommitId),
    /// The newest that was placed.
    Placed,
}

/// The end of the branch.
pub struct Branch<'a> {
    archive: &'a Archive,
    committer: Option<Person>,
    signer: Option<Arc<dyn Signer>>,
    /// By what the signatures are judged that are asked for.
    keys: Option<(Keys, Grounds)>,
    now: RevisionDate,
    newest: CommitId,
    committed: RevisionDate,
    folders: Folders<'a>,
    chains: Chains<'a>,
    /// The texts of articles that were looked at.
    pages: HashMap<ArticleId, BlobId>,
    names: Names,
    /// What became of the last page of each number, and its text.
    numbered: HashMap<u64, (Outcome, BlobId)>,
    /// The number of the text that began an article, or was found to be its first.
    owners: HashMap<ArticleId, u64>,
    /// Names that pages asked for and that are other texts', each with the one that the last of them got.
    numbered_names: HashMap<ArticleId, ArticleId>,
    /// Of an import, when its pages are dated that follow an article by its name, in seconds.
    dates: Option<HashMap<ArticleId, BTreeSet<i64>>>,
}

impl<'a> Branch<'a> {
    /// Stands at the tip. `committer` is who archives, absent the archive's byline, else the revision's; `now` is when.
    ///
    /// # Errors
    /// [`PlaceError`] where the tip cannot be read.
    pub fn at_tip(
        archive: &'a Archive,
        committer: Option<Person>,
        now: RevisionDate,
        known: Known,
    ) -> Result<Self, PlaceError> {
        let commit = archive.commit(archive.tip())?;
        Ok(Self {
            archive,
            committer,
            signer: None,
            keys: None,
            now,
            newest: archive.tip(),
            committed: commit.committer.date,
            folders: Folders::of(archive, commit.tree)?,
            chains: Chains::of(archive, known),
            pages: HashMap::new(),
            names: Names::of(known),
            numbered: HashMap::new(),
            owners: HashMap::new(),
            numbered_names: HashMap::new(),
            dates: None,
        })
    }

    /// Refuses what would take the place of a revision that is dated later and is none of the pages of an import. Of those that
    /// follow an article by its name, that and the seconds of their dates are given; others of the import are versions out of a
    /// repository, as revisions with a commit of one are.
    #[must_use]
    pub fn of_import<'b>(self, pages: impl Iterator<Item = (&'b ArticleId, i64)>) -> Self {
        let mut dates: HashMap<ArticleId, BTreeSet<i64>> = HashMap::new();
        for (article, seconds) in pages {
            dates.entry(article.clone()).or_default().insert(seconds);
        }
        Self {
            dates: Some(dates),
            ..self
        }
    }

    /// Has the commits signed, where there is who signs them; where the archive asks for signatures, each has to be good.
    ///
    /// # Errors
    /// [`SignError::Missing`] where nobody signs and it is asked for, [`PlaceError::Read`] where the tip cannot be read.
    pub fn signed_by(self, signer: Option<Arc<dyn Signer>>) -> Result<Self, PlaceError> {
        let asked = self.archive.settings().signatures;
        let revoked = match asked {
            Signatures::Required => signed::files(self.archive)?.1,
            Signatures::Optional => Vec::new(),
        };
        self.signed_for(signer, asked, &revoked)
    }

    /// Has the commits signed like [`Branch::signed_by`], where what is asked for and the keys that were revoked are what
    /// the commit makes of them.
    ///
    /// # Errors
    /// As for [`Branch::signed_by`].
    pub fn signed_for(
        mut self,
        signer: Option<Arc<dyn Signer>>,
        asked: Signatures,
        revoked: &[u8],
    ) -> Result<Self, PlaceError> {
        if asked == Signatures::Required {
            if signer.is_none() {
                return Err(SignError::Missing.into());
            }
            let grounds = Grounds::after(self.archive, Some(&self.archive.commit(self.archive.tip())?))?;
            self.keys = Some((Keys::without(revoked), grounds));
        }
        self.signer = signer;
        Ok(self)
    }

    /// Returns the newest commit, with those that were placed.
    #[must_use]
    pub fn newest(&self) -> CommitId {
        self.newest
    }

    /// Gives a revision its place, unless it is there already.
    ///
    /// # Errors
    /// [`PlaceError`]; the branch is as it was.
    pub fn place(&mut self, candidate: &Candidate) -> Result<Placed, PlaceError> {
        let (article, clash) = match &candidate.target {
            Target::Article(article) => (article.clone(), None),
            Target::LaterOf(text) => {
                let (last, page) = self.numbered.get(text).ok_or(PlaceError::NoFirst)?;
                // A version that did not change the text is none, also where the archive has later ones already.
                if *page == candidate.page {
                    return Ok(Placed::unchanged(last.clone(), Some(*page)));
                }
                (last.article.clone(), None)
            }
            Target::New | Target::FirstOf(_) => self.choose_name(candidate)?,
        };
        let page = self.page(&article)?;
        if page.is_none() && matches!(candidate.target, Target::Article(_) | Target::LaterOf(_)) {
            return Err(PlaceError::NoArticle(article));
        }
        self.check_expected(candidate, &article)?;
        let known = self.known_as(candidate, &article, page)?;
        if known.is_none()
            && let Some(repeated) = self.repeated_beside(candidate, &article)?
        {
            return Ok(repeated);
        }
        let withheld = self.archive.withheld();
        if known.is_none()
            && let Some(blob) = candidate.files.iter().find(|blob| withheld.contains(blob))
        {
            return Err(PlaceError::Withheld(*blob));
        }
        if let (None, Some(page)) = (&known, page) {
            self.check_name(candidate, &article)?;
            self.check_kind(candidate, &article, page)?;
            self.check_date(candidate, &article)?;
        }
        let placed = match known {
            Some(known) => Placed::unchanged(self.then(&article, known), page),
            None => self.put(candidate, &article, page, clash)?,
        };
        if !follows(candidate) {
            let first = ArticleId::new(candidate.date.day(), candidate.slug.clone());
            if first != placed.outcome.article {
                self.numbered_names.insert(first, placed.outcome.article.clone());
            }
        }
        if let Target::FirstOf(text) | Target::LaterOf(text) = candidate.target {
            let article = placed.outcome.article.clone();
            self.owners.entry(article).or_insert(text);
            self.numbered
                .insert(text, (placed.outcome.clone(), candidate.page));
        }
        Ok(placed)
    }

    /// Finds the revision that one of a date follows; `None` where there is no such article.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub fn before(
        &mut self,
        article: &ArticleId,
        date: RevisionDate,
        is_restoration: bool,
    ) -> Result<Option<Before>, PlaceError> {
        if self.page(article)?.is_none() {
            return Ok(None);
        }
        let before = self.chains.before(article, date, is_restoration)?;
        Ok(before.map(|before| {
            if before.is_new {
                Before::Placed
            } else {
                Before::Archived(before.footer.commit)
            }
        }))
    }

    /// Lists the revisions in the archive that have the text, date, kind and note of a page that follows an article, newest first,
    /// each with its content's SHA-256.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub fn alike(&mut self, candidate: &Candidate) -> Result<Vec<(CommitId, Box<str>)>, PlaceError> {
        match &candidate.target {
            Target::Article(article) if self.page(article)?.is_some() => {
                let article = article.clone();
                self.chains.alike(&article, candidate)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Finds the revision that a page is in the archive as, where its article has a text.
    fn known_as(
        &mut self,
        candidate: &Candidate,
        article: &ArticleId,
        page: Option<BlobId>,
    ) -> Result<Option<Earlier>, PlaceError> {
        let Some(page) = page else { return Ok(None) };
        let known = if page == candidate.page && self.chains.has_form(candidate, article)? {
            self.chains.newest_revision(article)?
        } else {
            match self.chains.earlier_with(article, candidate)? {
                None => return Ok(None),
                Some(Found::Unchanged(before)) => return Ok(Some(before)),
                Some(Found::Itself(known)) => known,
            }
        };
        self.chains.meet(article, &known);
        let newest = self.chains.newest_revision(article)?;
        // Something came to light that belongs before this one: it is put again, so that what is newest stays the newest.
        let is_overtaken = follows(candidate) && newest.is_new && newest.revision != known.revision;
        Ok(Some(known).filter(|_| !is_overtaken))
    }

    /// Returns what became of a page that is known as a revision.
    fn then(&self, article: &ArticleId, known: Earlier) -> Outcome {
        Outcome {
            footer: known.footer,
            article: article.clone(),
            revision: known.revision,
            kind: known.kind,
            change: Change::None,
            clash: None,
            source: self.chains.source(article),
        }
    }

    /// Finds a page of an import that follows an article by its name among the revisions of those of the same day and slug with a
    /// number: what was added again upon another copy's branch may have got one, and the page knows nothing of it.
    fn repeated_beside(
        &mut self,
        candidate: &Candidate,
        article: &ArticleId,
    ) -> Result<Option<Placed>, PlaceError> {
        if self.dates.is_none() || !matches!(candidate.target, Target::Article(_)) {
            return Ok(None);
        }
        let mut slug = article.slug().clone();
        if let Some((first, _)) = slug.unnumbered()
            && self
                .page(&ArticleId::new(article.day(), first.clone()))?
                .is_some()
        {
            slug = first;
        }
        let mut number = 2;
        loop {
            let other = ArticleId::new(article.day(), slug.numbered(number));
            let Some(page) = self.page(&other)? else {
                return Ok(None);
            };
            if other != *article
                && let Some(known) = self.chains.repeated(&other, candidate)?
            {
                // A notice of retraction may be the same for several articles.
                if candidate.kind == Kind::Retraction {
                    return Err(PlaceError::InDoubt {
                        article: article.clone(),
                        other,
                    });
                }
                return Ok(Some(Placed::unchanged(self.then(&other, known), Some(page))));
            }
            number += 1;
        }
    }

    /// Checks that nobody made a revision that the caller does not know of.
    fn check_expected(&mut self, candidate: &Candidate, article: &ArticleId) -> Result<(), PlaceError> {
        let Some(expected) = candidate.expected else {
            return Ok(());
        };
        let newest = self.chains.newest_revision(article)?.footer;
        if newest.commit == expected {
            return Ok(());
        }
        Err(PlaceError::NotNewest {
            article: article.clone(),
            newest,
            expected,
        })
    }

    /// Checks that an article is meant, and not another one that an earlier page began under that name.
    fn check_name(&self, candidate: &Candidate, article: &ArticleId) -> Result<(), PlaceError> {
        match (&candidate.target, self.numbered_names.get(article)) {
            (Target::Article(_), Some(other)) => Err(PlaceError::InDoubt {
                article: article.clone(),
                other: other.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Checks that a page of an import does not take the place of a later revision which the import knows nothing of. What an
    /// earlier version of its text came after, it comes after as well.
    fn check_date(&mut self, candidate: &Candidate, article: &ArticleId) -> Result<(), PlaceError> {
        let Some(dates) = &self.dates else {
            return Ok(());
        };
        let dates = dates.get(article);
        let last = match candidate.target {
            Target::LaterOf(text) => self.numbered.get(&text).map(|(last, _)| last.revision),
            _ => None,
        };
        let is_of_import = |earlier: &Earlier| match last {
            Some(last) => earlier.revision <= last || earlier.source.is_some(),
            None => dates.is_some_and(|dates| dates.contains(&earlier.date.seconds())),
        };
        // What began the article was not said since, but where nothing else was.
        let newest = self.chains.newest_revision(article)?.revision;
        let is_others = |earlier: &Earlier| {
            !earlier.is_new
                && earlier.date.seconds() > candidate.date.seconds()
                && (earlier.kind != Kind::Publish || earlier.revision == newest)
                && !is_of_import(earlier)
        };
        match self.chains.newest_that(article, is_others)? {
            None => Ok(()),
            Some(later) => Err(PlaceError::Late {
                article: article.clone(),
                later: later.footer,
            }),
        }
    }

    /// Checks that a revision may follow the article's newest one, whose text is given.
    fn check_kind(
        &mut self,
        candidate: &Candidate,
        article: &ArticleId,
        page: BlobId,
    ) -> Result<(), PlaceError> {
        let newest = self.chains.newest_revision(article)?;
        let is_before = self.dates.is_some() && candidate.date.seconds() < newest.date.seconds();
        let (article, kind, newest) = (article.clone(), newest.kind, newest.footer);
        match candidate.kind {
            Kind::Update | Kind::Correction | Kind::Technical if kind == Kind::Retraction && is_before => {
                Err(PlaceError::BeforeRetraction { article, newest })
            }
            Kind::Update | Kind::Correction | Kind::Technical if kind == Kind::Retraction => {
                Err(PlaceError::Retracted { article, newest })
            }
            Kind::Technical if page != candidate.page => Err(PlaceError::OtherText { article, newest }),
            _ => Ok(()),
        }
    }

    fn put(
        &mut self,
        candidate: &Candidate,
        article: &ArticleId,
        previous_page: Option<BlobId>,
        clash: Option<ArticleId>,
    ) -> Result<Placed, PlaceError> {
        let previous = previous_page
            .map(|_| self.chains.newest_revision(article))
            .transpose()?;
        let revision = match &previous {
            Some(previous) => previous.revision.checked_add(1),
            None => Some(1),
        };
        let revision = revision.ok_or_else(|| PlaceError::Last(article.clone()))?;
        let message = Message {
            subject: candidate.subject.clone(),
            note: candidate.note.clone(),
            trailers: Trailers {
                article: article.clone(),
                revision,
                kind: candidate.kind,
                previous: previous.map(|previous| previous.footer.commit),
                languages: candidate.languages.clone(),
                content_sha256: candidate.content_sha256.clone(),
                source_url: candidate.source_url.clone(),
                claimed_footer: candidate.claimed_footer.clone(),
                source_commit: candidate.source_commit,
            },
        };
        let changed = self
            .folders
            .with_entry(&article.folder(), Entry::Folder(candidate.folder))?;
        let author = Ident {
            person: candidate.byline.clone(),
            date: candidate.date,
        };
        let (footer, objects) = self.commit(author, message.encode(), changed)?;
        let newest = Earlier {
            footer: footer.clone(),
            date: candidate.date,
            revision,
            kind: candidate.kind,
            note: candidate.note.as_deref().map(Into::into),
            content_sha256: candidate.content_sha256.as_str().into(),
            page: Some(candidate.page),
            source: candidate.source_commit,
            is_new: true,
            is_met: false,
        };
        self.chains.put(article, newest, &candidate.form_sha256);
        self.pages.insert(article.clone(), candidate.page);
        self.names.change_text(article, previous_page, candidate);
        let outcome = Outcome {
            footer,
            article: article.clone(),
            revision,
            kind: candidate.kind,
            change: Change::Added,
            clash,
            source: self.chains.source(article),
        };
        Ok(Placed {
            outcome,
            objects,
            previous_page,
        })
    }

    /// Puts a commit on the branch that changes root files, each given by its path and its new contents.
    ///
    /// # Errors
    /// [`PlaceError`]; the branch is as it was.
    pub fn put_root_files(
        &mut self,
        files: &[(&str, BlobId)],
        message: &RootMessage,
        by: &Person,
    ) -> Result<(Footer, Vec<NewObject>), PlaceError> {
        // Several files share folders, so that each change is made upon the one before; the last state counts.
        let mut folders = self.folders.clone();
        let mut changed: Vec<Changed> = Vec::new();
        for (path, blob) in files {
            for (path, folder, old) in folders.with_entry(path, Entry::File(*blob))? {
                folders.put(path.clone(), folder.clone());
                match changed.iter_mut().find(|(known, _, _)| *known == path) {
                    Some((_, known, _)) => *known = folder,
                    None => changed.push((path, folder, old)),
                }
            }
        }
        // Folders before those that hold them: the root is the last.
        changed.sort_by_key(|(path, _, _)| std::cmp::Reverse(path.len()));
        let author = Ident {
            person: by.clone(),
            date: self.archived_now(),
        };
        self.commit(author, message.encode(), changed)
    }

    /// Time does not run backwards along the branch, whatever this machine's clock says.
    fn archived_now(&self) -> RevisionDate {
        if self.now.seconds() < self.committed.seconds() {
            self.committed
        } else {
            self.now
        }
    }

    /// Returns who archives a revision of an author: who is named, else the archive's byline, else the author.
    fn archives(&self, author: &Person) -> Person {
        let named = self
            .committer
            .as_ref()
            .or(self.archive.settings().byline.as_ref());
        named.unwrap_or(author).clone()
    }

    /// Puts a commit on the branch; the root is the last of the changed folders.
    fn commit(
        &mut self,
        author: Ident,
        message: String,
        changed: Vec<Changed>,
    ) -> Result<(Footer, Vec<NewObject>), PlaceError> {
        let root = changed.last().map(|(_, folder, _)| folder.id);
        let archived = self.archived_now();
        let mut commit = Commit {
            tree: root.expect("every change changes the root"),
            parents: vec![self.newest],
            committer: Ident {
                person: self.archives(&author.person),
                date: archived,
            },
            author,
            signature: None,
            message,
        };
        if let Some(signer) = &self.signer {
            signature::sign(&mut commit, signer.as_ref())?;
        }
        if let Some((keys, grounds)) = &mut self.keys {
            let archive = self.archive;
            let judged = keys.judge(&commit, *grounds, |id| archive.root_file(id))?.judged;
            if !judged.judgement.is_good() {
                return Err(SignError::NotGood(Box::new(judged)).into());
            }
        }
        let body = commit.encode();
        let id = object::hash(ObjectKind::Commit, &body)?;
        let mut objects = Vec::with_capacity(changed.len() + 1);
        for (path, folder, before) in changed {
            objects.push(NewObject {
                id: folder.id.into(),
                kind: ObjectKind::Tree,
                body: Arc::clone(&folder.body),
                before: before.map(|before| (before.id.into(), before.body)),
            });
            self.folders.put(path, folder);
        }
        objects.push(NewObject {
            id,
            kind: ObjectKind::Commit,
            body: Arc::new(body),
            before: None,
        });
        let id = CommitId::from_raw(*id.raw());
        self.newest = id;
        self.committed = archived;
        Ok((Footer::of(commit.author.date, id), objects))
    }

    /// Names a new article by its day and slug; where that name is another text's, the slug gets a number.
    fn choose_name(&mut self, candidate: &Candidate) -> Result<(ArticleId, Option<ArticleId>), PlaceError> {
        let day = candidate.date.day();
        let first = ArticleId::new(day, candidate.slug.clone());
        let name = |number: usize| match number {
            1 => first.clone(),
            number => ArticleId::new(day, candidate.slug.numbered(number)),
        };
        let may_be = |number: usize| !self.is_anothers(candidate, &name(number));
        if let Some(number) = self.names.find(&first, candidate, may_be) {
            return Ok((name(number), None));
        }
        let mut number = self.names.count(&first) + 1;
        while let Some(page) = self.page(&name(number))? {
            let name = name(number);
            let is_known = page == candidate.page || self.chains.earlier_with(&name, candidate)?.is_some();
            if is_known && !self.is_anothers(candidate, &name) {
                return Ok((name, None));
            }
            let chain = self.chains.get(&name);
            self.names.leave_alone(&first, number, name, page, chain);
            number += 1;
        }
        Ok((name(number), (number > 1).then(|| first.clone())))
    }

    /// Tells whether an article is that of another text whose versions are given: two texts may begin with the same words.
    fn is_anothers(&self, candidate: &Candidate, name: &ArticleId) -> bool {
        let Target::FirstOf(text) = candidate.target else {
            return false;
        };
        self.owners.get(name).is_some_and(|owner| *owner != text)
    }

    /// Finds the text of an article at the end of the branch.
    fn page(&mut self, article: &ArticleId) -> Result<Option<BlobId>, PlaceError> {
        if let Some(page) = self.pages.get(article) {
            return Ok(Some(*page));
        }
        let path = article.folder();
        let (above, name) = path.rsplit_once('/').expect("an article lies below a day");
        let Some(day) = self.folders.folder(above)? else {
            return Ok(None);
        };
        let Some(Entry::Folder(id)) = tree::find(&day.body, name)? else {
            return Ok(None);
        };
        match self.archive.tree(id)?.get(PAGE_FILE) {
            Some(Entry::File(page)) => {
                self.pages.insert(article.clone(), page);
                Ok(Some(page))
            }
            _ => Err(PlaceError::NoRevision(article.clone())),
        }
    }
}

/// Tells whether a page is for an article that it names, or that an earlier version of it began.
fn follows(candidate: &Candidate) -> bool {
    matches!(candidate.target, Target::Article(_) | Target::LaterOf(_))
}
