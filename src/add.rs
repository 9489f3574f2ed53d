//! Adding pages: from a draft to one commit per revision, all of a call in one move of the branch.

use std::collections::{BTreeMap, HashMap};

use crate::archive::{Archive, Fault, OpenError, Owner};
use crate::article::{self, Article, Kind, Metadata, MetadataError, PAGE_FILE, SourceError};
use crate::canonical::{self, Invisible};
use crate::commonmark;
use crate::date::{DateError, RevisionDate};
use crate::draft::{self, Draft, DraftError, Form, Notice, NoticeKind};
use crate::footer::Footer;
use crate::history;
use crate::id::{ArticleId, BlobId, CommitId, ObjectId, TreeId};
use crate::language::{self, Language, SplitError};
use crate::object::commit::Commit;
use crate::object::ident::{Ident, Person, PersonError};
use crate::object::tree::{Entry, Tree, TreeError};
use crate::object::{self, HashError, ObjectKind};
use crate::platform::Durability;
use crate::revision::{Revision, RevisionFault};
use crate::settings::{self, Settings};
use crate::slug::{Slug, SlugError};
use crate::storage::branch_list;
use crate::storage::repository::{WriteError, Writer};
use crate::trailer::{Message, Trailers, first_message};

/// What the caller says about every page of a call; it stands above what a page says about itself.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The revision's date, as [`RevisionDate::parse`] reads it.
    pub date: Option<String>,
    /// The title, alone or as `LANG=TITLE`.
    pub titles: Vec<String>,
    /// The slug.
    pub slug: Option<String>,
    /// The languages in page order; empty, they are detected.
    pub languages: Vec<Language>,
    /// The byline.
    pub authors: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Where the text was taken from.
    pub source_url: Option<String>,
    /// Why the revision is made.
    pub note: Option<String>,
    /// What the revision is.
    pub kind: Option<Kind>,
    /// The article that gets a new revision.
    pub article: Option<ArticleId>,
    /// The commit of the publisher's own repository that the text was taken from.
    pub source_commit: Option<CommitId>,
}

/// What is so for a whole call.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The byline of pages that name none, beside the archive's own.
    pub author: Option<Person>,
    /// Who archives; absent, the byline.
    pub committer: Option<Person>,
    /// When it is archived.
    pub now: RevisionDate,
    /// What happens to invisible characters.
    pub invisible: Invisible,
}

/// Why a page cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The page cannot be read as one.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The languages have no parts of their own.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The date is none.
    #[error(transparent)]
    Date(#[from] DateError),
    /// An author is none.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// The slug is none.
    #[error(transparent)]
    Slug(#[from] SlugError),
    /// A value cannot be stored.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The text cannot be stored.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A value of the page's front matter is none.
    #[error("front matter: {key} {value:?} is none: {why}")]
    Front {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// Why.
        why: String,
    },
    /// Nobody is named as the author.
    #[error("the page names no author, and the archive has no byline")]
    NoAuthor,
    /// Two titles were given that are taken for one language's.
    #[error("two titles are taken for titles in {language}, {other:?} the first of them; write LANG=TITLE")]
    TwoTitles {
        /// The language.
        language: Language,
        /// The first of the two.
        other: String,
    },
    /// No slug can be made of the title or the text.
    #[error("no slug can be made from the title or the text")]
    NoSlug,
    /// The kind does not fit: a first revision is published, a later one is not.
    #[error("{0}")]
    Kind(String),
    /// The archive has no such article.
    #[error("the archive has no article {0}")]
    NoArticle(ArticleId),
}

impl PageError {
    /// Returns the line of the page that the error is about, from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Draft(error) => error.line,
            _ => None,
        }
    }
}

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The archive cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The archive's own files are not to be trusted.
    #[error("the archive is not to be written to: {0}")]
    Plumbing(String),
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The archive cannot be read.
    #[error("could not read the archive")]
    Read(#[from] Fault),
    /// A revision cannot be read.
    #[error("could not read the article's newest revision")]
    Revision(#[from] RevisionFault),
    /// The article has no revision on the branch, though it has a folder.
    #[error("article {0} has a folder and no revision; run verify")]
    NoRevision(ArticleId),
    /// A page does not fit the archive as it is now.
    #[error("page {0}")]
    Page(usize, #[source] Box<PageError>),
    /// A tree could not be made.
    #[error("could not make a folder")]
    Tree(#[from] TreeError),
    /// An object cannot be hashed.
    #[error("could not hash an object")]
    Hash(#[from] HashError),
    /// The text cannot be stored.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The byline cannot be stored.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// A page that was read and found good, before it meets the archive.
#[derive(Debug, Clone)]
pub struct Prepared {
    article: Article,
    page_text: String,
    slug: Slug,
    kind: Option<Kind>,
    target: Option<ArticleId>,
    claimed_footer: Option<Footer>,
    source_commit: Option<CommitId>,
    /// What the caller should tell its user.
    pub notices: Vec<Notice>,
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
}

/// Whether a page changed the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A commit was made.
    Added,
    /// The text was in the archive already.
    None,
}

/// Reads a page and checks everything about it that can be checked without the archive's articles.
///
/// # Errors
/// [`PageError`].
pub fn prepare(
    bytes: &[u8],
    form: Form,
    wishes: &Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<Prepared, PageError> {
    let draft = draft::read(bytes, form, circumstances.invisible)?;
    let asked = if wishes.languages.is_empty() {
        languages(&draft)?
    } else {
        wishes.languages.clone()
    };
    let plains: Vec<&str> = draft.blocks.iter().map(|block| block.plain.as_str()).collect();
    let parts = language::split(&plains, &asked)?;
    let sources = divide(draft.blocks.iter().map(|block| block.source.clone()), &parts);
    let languages: Vec<Language> = parts.iter().map(|(language, _)| language.clone()).collect();
    let kind = match (&wishes.kind, &draft.front.kind) {
        (Some(kind), _) => Some(*kind),
        (None, Some(text)) => Some(front("kind", text)?),
        (None, None) => None,
    };
    let target = match (&wishes.article, &draft.front.article) {
        (Some(article), _) => Some(article.clone()),
        (None, Some(text)) => Some(front("article", text)?),
        (None, None) => None,
    };
    let kind_now = kind.unwrap_or(if target.is_some() {
        Kind::Update
    } else {
        Kind::Publish
    });
    match (kind_now, &target) {
        (Kind::Publish, Some(article)) => {
            return Err(PageError::Kind(format!(
                "a new revision of {article} is an update, correction, retraction, restoration or technical, not publish"
            )));
        }
        (kind, None) if kind != Kind::Publish => {
            return Err(PageError::Kind(format!(
                "a {kind} is a new revision of an article, and no article is named"
            )));
        }
        _ => {}
    }
    let metadata = Metadata {
        kind: kind_now,
        date: date(&draft, wishes, settings, circumstances)?,
        titles: titles(&draft, wishes, &languages)?,
        authors: authors(&draft, wishes, settings, circumstances)?,
        tags: if wishes.tags.is_empty() {
            draft.front.tags.clone()
        } else {
            wishes.tags.clone()
        },
        source_url: wishes
            .source_url
            .clone()
            .or_else(|| draft.front.source_url.clone()),
        note: wishes.note.clone().or_else(|| draft.front.note.clone()),
        invisible: invisible_kept(&sources),
        languages,
    };
    metadata.check()?;
    metadata.byline()?;
    let mut article = Article { metadata, sources };
    let mut page_text = article.page_text()?;
    if page_text != draft.text() {
        // Blocks that were apart on the page would run into one another: what a reader sees decides.
        article.sources = divide(plains.iter().map(|plain| commonmark::escape(plain)), &parts);
        page_text = article.page_text()?;
    }
    let slug = slug(&draft, wishes, &article, &page_text)?;
    let mut notices = draft.notices;
    let look_alikes = article
        .metadata
        .titles
        .values()
        .filter_map(|title| language::mixed_word(title));
    notices.extend(look_alikes.map(|word| Notice {
        line: 0,
        what: NoticeKind::LookAlikes(word.to_owned()),
    }));
    Ok(Prepared {
        article,
        page_text,
        slug,
        kind,
        target,
        claimed_footer: draft.footer.map(|found| found.footer),
        source_commit: wishes.source_commit,
        notices,
    })
}

/// Joins the sources of the blocks in each language's part.
fn divide(mut blocks: impl Iterator<Item = String>, parts: &[(Language, usize)]) -> Vec<String> {
    let join = |(_, count): &(Language, usize)| {
        let part: Vec<String> = blocks.by_ref().take(*count).collect();
        canonical::canonical(&part.join("\n\n"))
    };
    parts.iter().map(join).collect()
}

fn languages(draft: &Draft) -> Result<Vec<Language>, PageError> {
    draft
        .front
        .languages
        .iter()
        .map(|tag| front("lang", tag))
        .collect()
}

fn date(
    draft: &Draft,
    wishes: &Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<RevisionDate, PageError> {
    let given = wishes.date.as_ref().or(draft.front.date.as_ref());
    Ok(match (given, &draft.footer) {
        (Some(text), _) => RevisionDate::parse(text, settings.utc_offset)?,
        (None, Some(found)) => RevisionDate::noon(found.footer.day, settings.utc_offset)?,
        (None, None) => RevisionDate::from_seconds(circumstances.now.seconds(), settings.utc_offset)?,
    })
}

fn titles(
    draft: &Draft,
    wishes: &Wishes,
    languages: &[Language],
) -> Result<BTreeMap<Language, String>, PageError> {
    let mut titles = BTreeMap::new();
    for (tag, title) in &draft.front.title.per_language {
        titles.insert(front("title", tag)?, title.clone());
    }
    if let Some(title) = &draft.front.title.plain {
        titles.insert(language::of_title(title, languages), title.clone());
    }
    let mut by_language: BTreeMap<Language, String> = BTreeMap::new();
    for wish in &wishes.titles {
        let tagged = wish
            .split_once('=')
            .and_then(|(tag, title)| Some((tag.parse::<Language>().ok()?, title)));
        let (language, title) = match tagged.filter(|(language, _)| languages.contains(language)) {
            Some((language, title)) => (language, title.to_owned()),
            None => (language::of_title(wish, languages), wish.clone()),
        };
        if let Some(other) = by_language.insert(language.clone(), title) {
            return Err(PageError::TwoTitles { language, other });
        }
    }
    titles.extend(by_language);
    Ok(titles)
}

fn authors(
    draft: &Draft,
    wishes: &Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<Vec<Person>, PageError> {
    let named = if wishes.authors.is_empty() {
        &draft.front.authors
    } else {
        &wishes.authors
    };
    if !named.is_empty() {
        return Ok(named
            .iter()
            .map(|author| Person::parse(author))
            .collect::<Result<_, _>>()?);
    }
    let default = settings.byline.clone().or_else(|| circumstances.author.clone());
    Ok(vec![default.ok_or(PageError::NoAuthor)?])
}

/// Chooses the slug: the one asked for, else the English title, another title, the first words of the English
/// part, of the whole page.
fn slug(draft: &Draft, wishes: &Wishes, article: &Article, page_text: &str) -> Result<Slug, PageError> {
    if let Some(asked) = wishes.slug.as_ref().or(draft.front.slug.as_ref()) {
        return Ok(asked.parse()?);
    }
    let metadata = &article.metadata;
    let english = metadata
        .languages
        .iter()
        .position(|language| language.primary() == "en");
    let english_title = english.and_then(|position| metadata.titles.get(&metadata.languages[position]));
    let english_part = english.map(|position| {
        let skipped: usize = article.sources[..position]
            .iter()
            .filter_map(|source| commonmark::plain_text(source).ok().map(|plain| plain.len() + 1))
            .sum();
        page_text.get(skipped..).unwrap_or(page_text)
    });
    let titles = english_title.into_iter().chain(metadata.titles.values()).cloned();
    let texts = english_part
        .into_iter()
        .chain([page_text])
        .map(article::first_words);
    titles
        .chain(texts)
        .find_map(|text| Slug::derive(&text))
        .ok_or(PageError::NoSlug)
}

fn invisible_kept(sources: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = sources
        .iter()
        .flat_map(|source| canonical::invisible_characters(source))
        .map(|(_, c)| format!("U+{:04X}", u32::from(c)))
        .collect();
    kept.sort();
    kept.dedup();
    kept
}

fn front<T: std::str::FromStr<Err: std::fmt::Display>>(
    key: &'static str,
    value: &str,
) -> Result<T, PageError> {
    value.parse().map_err(|why: T::Err| PageError::Front {
        key,
        value: value.to_owned(),
        why: why.to_string(),
    })
}

/// Makes the first commit of a new repository, which holds the settings alone.
///
/// # Errors
/// [`AddError`].
pub fn first_commit(
    repository: &std::path::Path,
    settings: &Settings,
    committer: &Person,
    now: RevisionDate,
    durability: Durability,
) -> Result<CommitId, AddError> {
    let mut writer = Writer::begin(repository, durability)?;
    let blob = writer.write(ObjectKind::Blob, &settings.encode())?;
    let mut tree = Tree::default();
    tree.insert(settings::FILE_NAME, Entry::File(BlobId::from_raw(*blob.raw())))?;
    let tree = writer.write(ObjectKind::Tree, &tree.encode())?;
    let ident = Ident {
        person: committer.clone(),
        date: now,
    };
    let commit = Commit {
        tree: TreeId::from_raw(*tree.raw()),
        parents: Vec::new(),
        author: ident.clone(),
        committer: ident,
        signature: None,
        message: first_message(&settings.title, settings::FORMAT_VERSION),
    };
    let id = writer.write(ObjectKind::Commit, &commit.encode())?;
    let id = CommitId::from_raw(*id.raw());
    writer.publish(id, "init")?;
    Ok(id)
}

/// Adds pages in their order: one commit each, all on disk and on the branch when this returns, or none.
///
/// # Errors
/// [`AddError`]; nothing was added, but for [`WriteError::Unconfirmed`], which names the commit.
pub fn add(
    archive: &std::path::Path,
    owner: Owner,
    pages: &[Prepared],
    circumstances: &Circumstances,
    durability: Durability,
) -> Result<Vec<Outcome>, AddError> {
    let mut writer = Writer::begin(archive, durability)?;
    // Opened under the lock: what is compared with is what the commits will follow.
    let archive = open_for_writing(archive, owner)?;
    let tip = archive.tip();
    let (outcomes, newest, added) = plan(&archive, Sink::Disk(&mut writer), pages, circumstances)?;
    if newest != tip {
        writer.publish(newest, "add")?;
        // The list can be made again, so that it could not be written is no failure of the call.
        let path = archive.path().to_owned();
        let appended = branch_list::append(&path, tip, &added).unwrap_or(false);
        if !appended && let Ok(mut list) = archive.take_branch() {
            list.extend(&added);
            let _ = list.save(&path);
        }
    }
    Ok(outcomes)
}

/// Tells what [`add`] would do, to the ids, and writes nothing.
///
/// # Errors
/// [`AddError`].
pub fn rehearse(
    archive: &std::path::Path,
    owner: Owner,
    pages: &[Prepared],
    circumstances: &Circumstances,
) -> Result<Vec<Outcome>, AddError> {
    let archive = open_for_writing(archive, owner)?;
    plan(&archive, Sink::Nowhere, pages, circumstances).map(|(outcomes, ..)| outcomes)
}

fn open_for_writing(path: &std::path::Path, owner: Owner) -> Result<Archive, AddError> {
    let archive = Archive::open(path, owner)?;
    match archive.plumbing().into_iter().next() {
        Some(finding) => Err(AddError::Plumbing(finding.to_string())),
        None => Ok(archive),
    }
}

type Planned = (Vec<Outcome>, CommitId, Vec<CommitId>);

fn plan(
    archive: &Archive,
    sink: Sink<'_>,
    pages: &[Prepared],
    circumstances: &Circumstances,
) -> Result<Planned, AddError> {
    let mut branch = Branch::at_tip(archive, sink)?;
    let mut outcomes = Vec::new();
    let mut added = Vec::new();
    for (position, page) in pages.iter().enumerate() {
        let outcome = branch.place(page, circumstances).map_err(|error| match error {
            AddError::Page(_, why) => AddError::Page(position, why),
            other => other,
        })?;
        if outcome.change == Change::Added {
            added.push(outcome.footer.commit);
        }
        outcomes.push(outcome);
    }
    Ok((outcomes, branch.newest, added))
}

/// Where objects go.
enum Sink<'a> {
    Disk(&'a mut Writer),
    Nowhere,
}

impl Sink<'_> {
    fn write(&mut self, kind: ObjectKind, body: &[u8]) -> Result<ObjectId, AddError> {
        match self {
            Self::Disk(writer) => Ok(writer.write(kind, body)?),
            Self::Nowhere => Ok(object::hash(kind, body)?),
        }
    }
}

/// The newest revision of an article, as far as adding needs it.
#[derive(Clone)]
struct Newest {
    footer: Footer,
    revision: u32,
    kind: Kind,
}

/// The branch with the commits that are about to be put on it.
struct Branch<'a> {
    archive: &'a Archive,
    sink: Sink<'a>,
    newest: CommitId,
    committed: RevisionDate,
    root: TreeId,
    trees: HashMap<TreeId, Tree>,
    texts: HashMap<ArticleId, String>,
    revisions: HashMap<ArticleId, Newest>,
}

impl<'a> Branch<'a> {
    fn at_tip(archive: &'a Archive, sink: Sink<'a>) -> Result<Self, AddError> {
        let commit = archive.commit(archive.tip())?;
        Ok(Self {
            archive,
            sink,
            newest: archive.tip(),
            committed: commit.committer.date,
            root: commit.tree,
            trees: HashMap::new(),
            texts: HashMap::new(),
            revisions: HashMap::new(),
        })
    }

    fn place(&mut self, page: &Prepared, circumstances: &Circumstances) -> Result<Outcome, AddError> {
        let (article, clash) = match &page.target {
            Some(article) => (article.clone(), None),
            None => self.choose_name(page)?,
        };
        let text = self.text(&article)?;
        if page.target.is_some() && text.is_none() {
            return Err(AddError::Page(0, Box::new(PageError::NoArticle(article))));
        }
        let newest = text.is_some().then(|| self.newest(&article)).transpose()?;
        if let Some(newest) = newest
            .clone()
            .filter(|_| text.as_deref() == Some(page.page_text.as_str()))
        {
            let Newest {
                footer,
                revision,
                kind,
            } = newest;
            return Ok(Outcome {
                footer,
                article,
                revision,
                kind,
                change: Change::None,
                clash: None,
            });
        }
        let revision = newest.as_ref().map_or(1, |newest| newest.revision + 1);
        let date = page.article.metadata.date;
        let kind = page.kind.unwrap_or(page.article.metadata.kind);
        let files = page.article.files()?;
        let trailers = Trailers {
            article: article.clone(),
            revision,
            kind,
            previous: newest.map(|newest| newest.footer.commit),
            languages: page.article.metadata.languages.clone(),
            content_sha256: article::content_sha256(&files),
            source_url: page.article.metadata.source_url.clone(),
            claimed_footer: page.claimed_footer.clone(),
            source_commit: page.source_commit,
        };
        let message = Message {
            subject: article::subject(&page.article.metadata, &page.page_text),
            note: page.article.metadata.note.clone(),
            trailers,
        };
        let root = self.write_folder(&article, &files)?;
        let byline = page.article.metadata.byline()?;
        // Time does not run backwards along the branch, whatever this machine's clock says.
        let archived = if circumstances.now.seconds() < self.committed.seconds() {
            self.committed
        } else {
            circumstances.now
        };
        let commit = Commit {
            tree: root,
            parents: vec![self.newest],
            author: Ident {
                person: byline.clone(),
                date,
            },
            committer: Ident {
                person: circumstances.committer.clone().unwrap_or(byline),
                date: archived,
            },
            signature: None,
            message: message.encode(),
        };
        let id = self.sink.write(ObjectKind::Commit, &commit.encode())?;
        let id = CommitId::from_raw(*id.raw());
        let footer = Footer::of(date, id);
        self.newest = id;
        self.committed = archived;
        self.root = root;
        self.texts.insert(article.clone(), page.page_text.clone());
        self.revisions.insert(
            article.clone(),
            Newest {
                footer: footer.clone(),
                revision,
                kind,
            },
        );
        Ok(Outcome {
            footer,
            article,
            revision,
            kind,
            change: Change::Added,
            clash,
        })
    }

    /// Names a new article by its day and slug; where that name is another text's, the slug gets a number.
    fn choose_name(&mut self, page: &Prepared) -> Result<(ArticleId, Option<ArticleId>), AddError> {
        let day = page.article.metadata.date.day();
        let first = ArticleId::new(day, page.slug.clone());
        let mut name = first.clone();
        let mut number = 1;
        while let Some(text) = self.text(&name)? {
            if text == page.page_text {
                return Ok((name, None));
            }
            number += 1;
            name = ArticleId::new(day, page.slug.numbered(number));
        }
        Ok((name, (number > 1).then_some(first)))
    }

    /// Returns the text of an article's newest revision.
    fn text(&mut self, article: &ArticleId) -> Result<Option<String>, AddError> {
        if let Some(text) = self.texts.get(article) {
            return Ok(Some(text.clone()));
        }
        let mut tree = self.root;
        for part in article.folder().split('/') {
            match self.tree(tree)?.get(part) {
                Some(Entry::Folder(id)) => tree = id,
                _ => return Ok(None),
            }
        }
        let text = self.archive.file(tree, PAGE_FILE)?;
        Ok(Some(String::from_utf8_lossy(&text).into_owned()))
    }

    fn newest(&mut self, article: &ArticleId) -> Result<Newest, AddError> {
        if let Some(newest) = self.revisions.get(article) {
            return Ok(newest.clone());
        }
        let id =
            history::newest(self.archive, article)?.ok_or_else(|| AddError::NoRevision(article.clone()))?;
        let revision = Revision::read(self.archive, id)?;
        let trailers = &revision.message.trailers;
        Ok(Newest {
            footer: revision.footer(),
            revision: trailers.revision,
            kind: trailers.kind,
        })
    }

    /// Writes the files of an article and the folders above them; returns the new root.
    fn write_folder(
        &mut self,
        article: &ArticleId,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<TreeId, AddError> {
        let mut folder = Tree::default();
        for (name, bytes) in files {
            let blob = self.sink.write(ObjectKind::Blob, bytes)?;
            folder.insert(name, Entry::File(BlobId::from_raw(*blob.raw())))?;
        }
        let path = article.folder();
        let parts: Vec<&str> = path.split('/').collect();
        // From the root down: the folders on the way as they are; from the article up: as they become.
        let mut above = Vec::new();
        let mut next = Some(self.root);
        for part in &parts {
            let tree = next.map(|id| self.tree(id)).transpose()?.unwrap_or_default();
            next = match tree.get(part) {
                Some(Entry::Folder(id)) => Some(id),
                _ => None,
            };
            above.push(tree);
        }
        let mut below = self.write_tree(folder)?;
        for (part, mut tree) in parts.into_iter().zip(above).rev() {
            tree.insert(part, Entry::Folder(below))?;
            below = self.write_tree(tree)?;
        }
        Ok(below)
    }

    fn write_tree(&mut self, tree: Tree) -> Result<TreeId, AddError> {
        let id = self.sink.write(ObjectKind::Tree, &tree.encode())?;
        let id = TreeId::from_raw(*id.raw());
        self.trees.insert(id, tree);
        Ok(id)
    }

    fn tree(&self, id: TreeId) -> Result<Tree, AddError> {
        match self.trees.get(&id) {
            Some(tree) => Ok(tree.clone()),
            None => Ok(Tree::clone(&*self.archive.tree(id)?)),
        }
    }
}
