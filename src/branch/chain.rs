//! The revisions of an article as far as they are known, those among them that are about to be put on the branch: which is the
//! newest, and as which of them a page is known.

use std::collections::HashMap;

use super::{Candidate, Known, PlaceError, Target, follows};
use crate::archive::{Archive, Fault};
use crate::article::{Kind, PAGE_FILE};
use crate::date::RevisionDate;
use crate::footer::Footer;
use crate::history;
use crate::id::{ArticleId, BlobId, CommitId};
use crate::object::tree::Entry;
use crate::revision::{Revision, RevisionFault};
use crate::trailer::Message;

/// A revision of an article, as far as placing the next one needs it.
#[derive(Debug, Clone)]
pub(super) struct Earlier {
    pub footer: Footer,
    pub date: RevisionDate,
    pub revision: u32,
    pub kind: Kind,
    pub note: Option<Box<str>>,
    pub content_sha256: Box<str>,
    /// Its text, where it was looked at.
    pub page: Option<BlobId>,
    /// The commit of another repository that it was taken from.
    pub source: Option<CommitId>,
    /// Whether it has no place in the archive yet.
    pub is_new: bool,
    /// Whether a page was known as it.
    pub is_met: bool,
}

impl Earlier {
    /// Tells whether the revision is in the archive, of the candidate's date and kind, and has its note.
    fn is_as(&self, candidate: &Candidate) -> bool {
        !self.is_new
            && self.kind == candidate.kind
            && self.date == candidate.date
            && self.note.as_deref() == candidate.note.as_deref()
    }
}

/// What a page is known as.
pub(super) enum Found {
    /// A revision.
    Itself(Earlier),
    /// No more than the revision that it comes after.
    Unchanged(Earlier),
}

/// The revisions of an article that are known.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// Newest last.
    pub revisions: Vec<Earlier>,
    /// The revision before the first of them, in the archive.
    before: Option<CommitId>,
    /// The newest one's [`Candidate::form_sha256`], where it is known.
    form: Option<Box<str>>,
}

/// After so many articles were looked for along the branch one by one, all are found in one walk.
const LOOKED_FOR_SINGLY: usize = 64;

/// The revisions of the articles that were looked at.
pub(super) struct Chains<'a> {
    archive: &'a Archive,
    known: Known,
    by_article: HashMap<ArticleId, Chain>,
    looked_for: usize,
    /// Every article's newest revision in the archive, once many were looked for.
    in_archive: Option<HashMap<ArticleId, CommitId>>,
}

impl<'a> Chains<'a> {
    /// Begins with none of them.
    pub fn of(archive: &'a Archive, known: Known) -> Self {
        Self {
            archive,
            known,
            by_article: HashMap::new(),
            looked_for: 0,
            in_archive: None,
        }
    }

    /// Returns the revisions of an article that was looked at.
    pub fn get(&self, article: &ArticleId) -> Option<&Chain> {
        self.by_article.get(article)
    }

    /// Returns the commit of another repository that the newest revision was taken from which an article had in the archive, where it
    /// was looked at.
    pub fn source(&self, article: &ArticleId) -> Option<CommitId> {
        let revisions = &self.get(article)?.revisions;
        revisions.iter().rfind(|earlier| !earlier.is_new)?.source
    }

    /// Puts a revision behind the others of its article, and its [`Candidate::form_sha256`].
    pub fn put(&mut self, article: &ArticleId, newest: Earlier, form: &str) {
        let chain = self.by_article.entry(article.clone()).or_insert(Chain {
            revisions: Vec::with_capacity(1),
            before: None,
            form: None,
        });
        chain.form = Some(form.into());
        chain.revisions.push(newest);
    }

    /// Returns the newest revision of an article.
    pub fn newest_revision(&mut self, article: &ArticleId) -> Result<Earlier, PlaceError> {
        let newest = self.chain(article)?.revisions.last().cloned();
        newest.ok_or_else(|| PlaceError::NoRevision(article.clone()))
    }

    /// Returns the newest revision of an article of those that are meant.
    pub fn newest_that(
        &mut self,
        article: &ArticleId,
        is_meant: impl Fn(&Earlier) -> bool,
    ) -> Result<Option<Earlier>, PlaceError> {
        let revisions = &self.whole(article)?.revisions;
        Ok(revisions.iter().rfind(|earlier| is_meant(earlier)).cloned())
    }

    /// Tells whether a page with the text of the article's newest revision changes nothing. What is not text is changed by a
    /// technical revision, and by another that says why; a version out of a repository is one of its text.
    pub fn has_form(&mut self, candidate: &Candidate, article: &ArticleId) -> Result<bool, PlaceError> {
        if !may_change_form(candidate) {
            return Ok(true);
        }
        let archive = self.archive;
        let chain = self.chain(article)?;
        if chain.form.is_none() {
            let newest = chain.revisions.last().map(|newest| newest.footer.commit);
            let newest = newest.ok_or_else(|| PlaceError::NoRevision(article.clone()))?;
            chain.form = Some(form_of(archive, newest)?.into());
        }
        Ok(chain.form.as_deref() == Some(candidate.form_sha256.as_str()))
    }

    /// Finds the revision of an article, other than one by the text that it has now, that a page is known as, if such are to be
    /// looked for: one with the same files, else one after which it changes nothing, else one that differs from it only in what
    /// stands beside the text.
    pub fn earlier_with(
        &mut self,
        article: &ArticleId,
        candidate: &Candidate,
    ) -> Result<Option<Found>, PlaceError> {
        if self.known == Known::Newest {
            return Ok(None);
        }
        let is_same = |earlier: &&Earlier| *earlier.content_sha256 == *candidate.content_sha256;
        if let Some(same) = self.whole(article)?.revisions.iter().rev().find(is_same) {
            return Ok(Some(Found::Itself(same.clone())));
        }
        if let Some(before) = self.unchanged(article, candidate)? {
            return Ok(Some(Found::Unchanged(before)));
        }
        Ok(self.alike_in_text(article, candidate)?.map(Found::Itself))
    }

    /// Finds the revision in the archive after which a page that follows an article changes nothing, by its date: it was nothing when
    /// it was brought in first.
    fn unchanged(
        &mut self,
        article: &ArticleId,
        candidate: &Candidate,
    ) -> Result<Option<Earlier>, PlaceError> {
        if !matches!(candidate.target, Target::Article(_)) {
            return Ok(None);
        }
        let before = self.before(article, candidate.date, false)?;
        let Some(mut before) = before.filter(|before| !before.is_new).cloned() else {
            return Ok(None);
        };
        let is_of_form = |before: &Earlier| match form_of(self.archive, before.footer.commit) {
            // By what is withheld of it nobody can tell.
            Err(PlaceError::Newest(RevisionFault::Object {
                source: Fault::Withheld(_),
                ..
            })) => Ok(false),
            form => Ok::<_, PlaceError>(form? == candidate.form_sha256),
        };
        let is_unchanged = page_of(self.archive, article, &mut before)? == Some(candidate.page)
            && (!may_change_form(candidate) || is_of_form(&before)?);
        Ok(Some(before).filter(|_| is_unchanged))
    }

    /// Finds the revision of an article that a page is known as though it differs in what stands beside the text.
    fn alike_in_text(
        &mut self,
        article: &ArticleId,
        candidate: &Candidate,
    ) -> Result<Option<Earlier>, PlaceError> {
        // That the text of a page which begins an article is withheld is told, not passed over.
        if !follows(candidate) && self.archive.withheld().contains(&candidate.page) {
            return Ok(None);
        }
        // A technical revision is about what stands beside the text. What another page is known as, this one is not.
        let may_be = |earlier: &Earlier| {
            !follows(candidate)
                || candidate.kind != Kind::Technical && !earlier.is_met && earlier.is_as(candidate)
        };
        self.with_text(article, candidate.page, may_be)?
            .next()
            .transpose()
    }

    /// Lists those of an article's revisions that have a text, newest first.
    fn with_text(
        &mut self,
        article: &ArticleId,
        text: BlobId,
        may_be: impl Fn(&Earlier) -> bool,
    ) -> Result<impl Iterator<Item = Result<Earlier, PlaceError>>, PlaceError> {
        let archive = self.archive;
        let wanted = self
            .whole(article)?
            .revisions
            .iter_mut()
            .rev()
            .filter(move |earlier| may_be(earlier));
        Ok(
            wanted.filter_map(move |earlier| match page_of(archive, article, earlier) {
                Ok(page) => (page == Some(text)).then(|| Ok(earlier.clone())),
                Err(why) => Some(Err(why)),
            }),
        )
    }

    /// Notes that a page is known as a revision of an article that was looked at.
    pub fn meet(&mut self, article: &ArticleId, known: &Earlier) {
        let chain = self.by_article.get_mut(article).into_iter();
        for earlier in chain.flat_map(|chain| &mut chain.revisions) {
            earlier.is_met |= earlier.revision == known.revision;
        }
    }

    /// Lists the revisions in the archive of a candidate's text, date, kind and note, newest first, each with its content's SHA-256.
    pub fn alike(
        &mut self,
        article: &ArticleId,
        candidate: &Candidate,
    ) -> Result<Vec<(CommitId, Box<str>)>, PlaceError> {
        let alike = self.with_text(article, candidate.page, |earlier| earlier.is_as(candidate))?;
        let alike =
            alike.map(|earlier| earlier.map(|earlier| (earlier.footer.commit, earlier.content_sha256)));
        alike.collect()
    }

    /// Finds the newest revision in the archive of a candidate's text, date, kind and note.
    pub fn repeated(
        &mut self,
        article: &ArticleId,
        candidate: &Candidate,
    ) -> Result<Option<Earlier>, PlaceError> {
        self.with_text(article, candidate.page, |earlier| earlier.is_as(candidate))?
            .next()
            .transpose()
    }

    /// Finds the revision that one of a date comes after: the last of those that are not dated later, else the first. With
    /// `is_restoration` it is one that is no retraction, where there is such a one.
    pub fn before(
        &mut self,
        article: &ArticleId,
        date: RevisionDate,
        is_restoration: bool,
    ) -> Result<Option<&Earlier>, PlaceError> {
        let revisions = &self.whole(article)?.revisions;
        let is_text = |earlier: &&Earlier| !is_restoration || earlier.kind != Kind::Retraction;
        let not_later = revisions
            .iter()
            .filter(is_text)
            .filter(|earlier| earlier.date.seconds() <= date.seconds());
        let before = not_later.max_by_key(|earlier| earlier.date.seconds());
        Ok(before
            .or_else(|| revisions.iter().find(is_text))
            .or(revisions.first()))
    }

    fn chain(&mut self, article: &ArticleId) -> Result<&mut Chain, PlaceError> {
        if !self.by_article.contains_key(article) {
            let id = self.newest_in_archive(article)?;
            let id = id.ok_or_else(|| PlaceError::NoRevision(article.clone()))?;
            let (newest, before) = read_earlier(self.archive, article, id)?;
            let chain = Chain {
                revisions: vec![newest],
                before,
                form: None,
            };
            self.by_article.insert(article.clone(), chain);
        }
        Ok(self.by_article.get_mut(article).expect("it was put there"))
    }

    /// Returns the revisions of an article down to its first.
    fn whole(&mut self, article: &ArticleId) -> Result<&mut Chain, PlaceError> {
        let archive = self.archive;
        let chain = self.chain(article)?;
        let mut earlier = Vec::new();
        let mut next = chain.before;
        while let Some(id) = next {
            let (revision, before) = read_earlier(archive, article, id)?;
            earlier.push(revision);
            next = before;
        }
        chain.before = None;
        chain.revisions.splice(0..0, earlier.into_iter().rev());
        Ok(chain)
    }

    fn newest_in_archive(&mut self, article: &ArticleId) -> Result<Option<CommitId>, PlaceError> {
        self.looked_for += 1;
        if self.looked_for <= LOOKED_FOR_SINGLY {
            return Ok(history::newest(self.archive, article)?);
        }
        if self.in_archive.is_none() {
            self.in_archive = Some(history::course(self.archive)?.newest);
        }
        Ok(self.in_archive.as_ref().and_then(|all| all.get(article)).copied())
    }
}

/// Reads a revision of an article that is in the archive, and which one came before it.
fn read_earlier(
    archive: &Archive,
    article: &ArticleId,
    id: CommitId,
) -> Result<(Earlier, Option<CommitId>), PlaceError> {
    let commit = archive.commit(id)?;
    let message = Message::parse(&commit.message)
        .ok()
        .filter(|message| message.trailers.article == *article);
    let Message { note, trailers, .. } = message.ok_or_else(|| PlaceError::NoRevision(article.clone()))?;
    let earlier = Earlier {
        footer: Footer::of(commit.author.date, id),
        date: commit.author.date,
        revision: trailers.revision,
        kind: trailers.kind,
        note: note.map(Into::into),
        content_sha256: trailers.content_sha256.into(),
        page: None,
        source: trailers.source_commit,
        is_new: false,
        is_met: false,
    };
    Ok((earlier, trailers.previous))
}

/// Tells whether a page with the text of a revision can be another one by what stands beside the text.
fn may_change_form(candidate: &Candidate) -> bool {
    match candidate.kind {
        Kind::Technical => true,
        Kind::Correction | Kind::Update | Kind::Retraction | Kind::Restoration => {
            candidate.note.is_some() && candidate.source_commit.is_none()
        }
        Kind::Publish => false,
    }
}

/// Returns a revision's [`Candidate::form_sha256`].
fn form_of(archive: &Archive, revision: CommitId) -> Result<String, PlaceError> {
    let revision = Revision::read(archive, revision).map_err(PlaceError::Newest)?;
    let folder = archive.tree(revision.folder)?;
    Ok(revision.article.form_sha256(|name| folder.file(name)))
}

/// Returns the text that a revision has.
fn page_of(
    archive: &Archive,
    article: &ArticleId,
    earlier: &mut Earlier,
) -> Result<Option<BlobId>, PlaceError> {
    if earlier.page.is_some() {
        return Ok(earlier.page);
    }
    let mut folder = archive.tree(archive.commit(earlier.footer.commit)?.tree)?;
    for name in article.folder().split('/') {
        let Some(Entry::Folder(below)) = folder.get(name) else {
            return Ok(None);
        };
        folder = archive.tree(below)?;
    }
    if let Some(Entry::File(page)) = folder.get(PAGE_FILE) {
        earlier.page = Some(page);
    }
    Ok(earlier.page)
}
