//! From a page to what is stored of it: read, divided by language, canonical, checked. Everything about a page that
//! can be done without the archive's articles is done here, so that many pages can be prepared at once.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::{Circumstances, Version, Wishes, markup};
use crate::article::{self, Article, Kind, METADATA_FILE, Metadata, MetadataError, PAGE_FILE, SourceError};
use crate::audit;
use crate::branch::{Candidate, Target};
use crate::canonical;
use crate::commonmark::{self, Block};
use crate::compare::notice;
use crate::date::{DateError, RevisionDate};
use crate::draft::{self, Draft, DraftError, Form, FrontMatter, FrontMatterError, Notice, NoticeKind, Place};
use crate::footer::Footer;
use crate::id::{BlobId, TreeId};
use crate::language::{self, Language, SplitError, Tagged};
use crate::object::ident::{Person, PersonError};
use crate::object::tree::{Entry, Tree};
use crate::object::{self, HashError, ObjectKind};
use crate::settings::Settings;
use crate::slug::{Slug, SlugError};

/// Why a page cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The page cannot be read as one.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The page says of itself that it is a draft.
    #[error("the page's front matter says that it is a draft")]
    IsDraft,
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
    /// Something is said in a language that the page has no part in.
    #[error("the page has no part in {language}; it is in {}", language::list(languages))]
    NoPart {
        /// The language.
        language: Language,
        /// Those of the page.
        languages: Vec<Language>,
    },
    /// No slug can be made of the title or the text.
    #[error("no slug can be made from the title or the text")]
    NoSlug,
    /// The kind does not fit: a first revision is published, a later one is not.
    #[error("{0}")]
    Kind(String),
    /// The source that was given for a language cannot be read.
    #[error("the {0} source")]
    InSource(Language, #[source] DraftError),
    /// The text ends as a page does.
    #[error("the text's last line reads like a footer; a page has one, and the archive adds it")]
    EndsInFooter,
    /// An object cannot be hashed.
    #[error("could not hash a file of the article")]
    Hash(#[from] HashError),
}

impl PageError {
    /// Returns a language if the page has a part in it, else the error.
    pub(crate) fn unless_part<'a>(
        language: &'a Language,
        languages: &[Language],
    ) -> Result<&'a Language, Self> {
        if languages.contains(language) {
            return Ok(language);
        }
        Err(Self::NoPart {
            language: language.clone(),
            languages: languages.to_vec(),
        })
    }

    /// Returns the line of the page that the error is about, from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Draft(error) | Self::InSource(_, error) => error.line,
            _ => None,
        }
    }
}

/// A page that was read and found good, as the objects that it will be, before it meets the archive.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// What waits for its place on the branch.
    pub candidate: Candidate,
    /// The files of the article's folder, sorted by name.
    pub files: Vec<PreparedFile>,
    /// The bytes of the folder's tree.
    pub folder: Vec<u8>,
    /// What the caller should tell its user.
    pub notices: Vec<Notice>,
    /// Whether neither the caller nor the page says a date, so that it has the present one.
    pub is_undated: bool,
}

impl Prepared {
    /// Returns the article that its files are.
    ///
    /// # Panics
    /// Never: they were encoded here.
    #[must_use]
    pub fn article(&self) -> Article {
        let file = |name: &str| self.files.iter().find(|file| file.name == name);
        let metadata = file(METADATA_FILE).expect("every article has metadata");
        let metadata = Metadata::parse(&metadata.bytes).expect("it was encoded here");
        let source = |language: &Language| {
            let file = file(&language.file_name()).expect("every language has a source");
            String::from_utf8(file.bytes.clone()).expect("a source is a text")
        };
        Article {
            sources: metadata.languages.iter().map(source).collect(),
            metadata,
        }
    }
}

/// A file of an article's folder.
#[derive(Debug, Clone)]
pub struct PreparedFile {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: BlobId,
    /// Its bytes.
    pub bytes: Vec<u8>,
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
    prepare_draft(draft, form, wishes, settings, circumstances)
}

/// Prepares a page that was read already, in the form given, as [`prepare`] does one that is given whole.
///
/// # Errors
/// [`PageError`].
pub fn prepare_draft(
    mut draft: Draft,
    form: Form,
    wishes: &Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<Prepared, PageError> {
    wishes.admit(&draft.front)?;
    let asked = if wishes.languages.is_empty() {
        languages(&draft)?
    } else {
        wishes.languages.clone()
    };
    // Plain text says nothing of markup: where it is the same, the sources are.
    if let Some(previous) = wishes.previous.as_ref().filter(|_| form == Form::Text) {
        if asked.is_empty() && previous.page_text()? == draft.text() {
            let (languages, sources) = (previous.metadata.languages.clone(), previous.sources.clone());
            return keep(draft, languages, sources, wishes, settings, circumstances);
        }
        let lost = markup::keep(&mut draft.blocks, previous);
        if lost > 0 {
            draft.notices.push(Notice {
                line: 0,
                what: NoticeKind::MarkupLost(lost),
            });
        }
    }
    let plains: Vec<&str> = draft.blocks.iter().map(|block| block.plain.as_str()).collect();
    let parts = match &wishes.previous {
        Some(previous) if asked.is_empty() => split_as(&plains, &previous.metadata.languages)?,
        _ => language::split(&plains, &asked)?,
    };
    prepare_parts(draft, &parts, wishes, settings, circumstances)
}

/// Prepares a page whose text is given as one CommonMark source for each language, in page order, as [`prepare`]
/// does one that is given whole.
///
/// # Errors
/// [`PageError`].
pub fn prepare_sources(
    sources: &[(Language, String)],
    wishes: &Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<Prepared, PageError> {
    let mut draft = Draft::default();
    let mut parts: Vec<(Language, usize)> = Vec::new();
    for (language, source) in sources {
        if parts.iter().any(|(known, _)| known == language) {
            return Err(SplitError::Twice(language.clone()).into());
        }
        let blocks = draft::read_source(source, circumstances.invisible)
            .map_err(|why| PageError::InSource(language.clone(), why))?;
        parts.push((language.clone(), blocks.len()));
        draft.notices.extend(draft::wordless(source));
        draft.blocks.extend(blocks);
    }
    prepare_parts(draft, &parts, wishes, settings, circumstances)
}

/// Prepares a draft whose blocks are divided already.
fn prepare_parts(
    mut draft: Draft,
    parts: &[(Language, usize)],
    wishes: &Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<Prepared, PageError> {
    let (kind, target) = kind_and_target(&draft, wishes)?;
    let sources = divide(draft.blocks.iter().map(|block| block.source.clone()), parts);
    let languages: Vec<Language> = parts.iter().map(|(language, _)| language.clone()).collect();
    let metadata = metadata(&draft, kind, languages, &sources, wishes, settings, circumstances)?;
    let mut article = Article { metadata, sources };
    let mut page_text = article.page_text()?;
    if page_text != draft.text() {
        // A definition in one block would make a link of what stands in brackets in another.
        let sources = draft.blocks.iter().map(|block| {
            if block.is_plain() {
                commonmark::escape_beside_definitions(&block.plain)
            } else {
                block.source.clone()
            }
        });
        article.sources = divide(sources, parts);
        page_text = article.page_text()?;
    }
    if page_text != draft.text() {
        // Blocks that were apart on the page would run into one another: what a reader sees decides.
        for block in &mut draft.blocks {
            block.loses_markup |= !block.is_plain();
            block.source = commonmark::escape(&block.plain);
        }
        article.sources = divide(draft.blocks.iter().map(|block| block.source.clone()), parts);
        page_text = article.page_text()?;
    }
    let lost: Vec<&Block> = draft.blocks.iter().filter(|block| block.loses_markup).collect();
    if let Some(first) = lost.first() {
        draft.notices.push(Notice {
            line: first.line,
            what: NoticeKind::MarkupLeft(lost.len()),
        });
    }
    let strange = strange_dates(&draft, &article.metadata, wishes, circumstances);
    draft.notices.extend(strange);
    finish(draft, article, page_text, target, wishes)
}

/// Prepares a new revision of sources that are in the archive's form already, one for each language in page order, and
/// keeps them to the letter.
///
/// # Errors
/// [`PageError`].
pub fn prepare_stored(
    languages: Vec<Language>,
    sources: Vec<String>,
    wishes: &Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<Prepared, PageError> {
    keep(
        Draft::default(),
        languages,
        sources,
        wishes,
        settings,
        circumstances,
    )
}

/// Prepares a draft whose sources are given.
fn keep(
    mut draft: Draft,
    languages: Vec<Language>,
    sources: Vec<String>,
    wishes: &Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<Prepared, PageError> {
    let (kind, target) = kind_and_target(&draft, wishes)?;
    let metadata = metadata(&draft, kind, languages, &sources, wishes, settings, circumstances)?;
    let article = Article { metadata, sources };
    let page_text = article.page_text()?;
    let strange = strange_dates(&draft, &article.metadata, wishes, circumstances);
    draft.notices.extend(strange);
    finish(draft, article, page_text, target, wishes)
}

/// Divides a page among the languages of the revision before, which were declared, unless it has more of them or lacks
/// one: then they are detected, and of these each that was declared keeps its tag.
fn split_as(plains: &[&str], declared: &[Language]) -> Result<Vec<(Language, usize)>, SplitError> {
    let is_mixed = matches!(declared, [only] if only.primary() == "mul");
    let detected = language::split(plains, &[]).map(|parts| named_as(parts, declared));
    if let Ok(Some(detected)) = &detected
        && detected.len() > declared.len()
        && !is_mixed
    {
        return Ok(detected.clone());
    }
    language::split(plains, declared).or_else(|why| detected?.ok_or(why))
}

/// Gives detected parts the tags that were declared; `None` where a part may be in several of the declared languages.
fn named_as(mut parts: Vec<(Language, usize)>, declared: &[Language]) -> Option<Vec<(Language, usize)>> {
    for (language, _) in &mut parts {
        match language::declared_for(language, declared)[..] {
            [] => {}
            [only] => *language = only.clone(),
            _ => return None,
        }
    }
    Some(parts)
}

/// Gathers what is said of a page: by the caller, by the page, by the revision before, by the archive.
fn metadata(
    draft: &Draft,
    kind: Kind,
    languages: Vec<Language>,
    sources: &[String],
    wishes: &Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<Metadata, PageError> {
    let front = &draft.front;
    let previous = wishes.previous.as_ref().map(|previous| &previous.metadata);
    let tags = wishes
        .tags
        .as_ref()
        .or(Some(&front.tags).filter(|tags| !tags.is_empty()))
        .or_else(|| Some(&previous?.tags));
    let source_url = wishes.source_url.as_ref().or(front.source_url.as_ref());
    let metadata = Metadata {
        kind,
        date: date(draft, wishes, settings, circumstances)?,
        titles: titles(draft, wishes, &languages)?,
        authors: once(authors(draft, wishes, settings, circumstances)?),
        tags: once(tags.cloned().unwrap_or_default()),
        source_url: source_url
            .or_else(|| previous?.source_url.as_ref())
            .filter(|url| !url.is_empty())
            .cloned(),
        note: wishes.note.clone().or_else(|| front.note.clone()),
        invisible: invisible_kept(sources),
        languages,
    };
    metadata.check()?;
    Ok(metadata)
}

/// Tells of a date that is later than the archiving, or earlier than that of the revision before.
fn strange_dates(
    draft: &Draft,
    metadata: &Metadata,
    wishes: &Wishes,
    circumstances: &Circumstances,
) -> Vec<Notice> {
    let (date, now) = (metadata.date, circumstances.now);
    let still_to_come = audit::is_after(date, now).then_some(NoticeKind::StillToCome { date, now });
    let before = wishes
        .previous
        .as_ref()
        .map(|previous| previous.metadata.date.day());
    let before = before.filter(|before| date.day() < *before);
    let before_previous = before.map(|before| NoticeKind::BeforePrevious {
        date: date.day(),
        before,
    });
    let line = draft.front.date_line.unwrap_or_default();
    let kinds = still_to_come.into_iter().chain(before_previous);
    kinds.map(|what| Notice { line, what }).collect()
}

/// Drops what a list has said before.
fn once<T: PartialEq>(list: Vec<T>) -> Vec<T> {
    let mut once: Vec<T> = Vec::with_capacity(list.len());
    for item in list {
        if !once.contains(&item) {
            once.push(item);
        }
    }
    once
}

/// Names and encodes an article that was found good.
fn finish(
    draft: Draft,
    article: Article,
    page_text: String,
    target: Target,
    wishes: &Wishes,
) -> Result<Prepared, PageError> {
    // With its own footer below, the page could not be read any more: it would have two.
    if page_text.lines().next_back().is_some_and(Footer::looks_like_one) {
        return Err(PageError::EndsInFooter);
    }
    let slug = slug(&draft, wishes, &target, &article, &page_text)?;
    let left_out = left_out(&draft);
    let mut notices = draft.notices;
    notices.extend(left_out);
    let look_alikes = article
        .metadata
        .titles
        .values()
        .filter_map(|title| language::mixed_word(title));
    notices.extend(look_alikes.map(|word| Notice {
        line: 0,
        what: NoticeKind::LookAlikes(word.to_owned()),
    }));
    let is_undated = given_date(&draft.front, wishes).is_none() && draft.footer.is_none();
    let claimed_footer = draft.footer.map(|found| found.footer);
    let prepared = encode(article, page_text, slug, target, claimed_footer, wishes, notices)?;
    Ok(Prepared {
        is_undated,
        ..prepared
    })
}

/// Tells what stands amid the text and is none of it, and notices of a change wherever they stand.
fn left_out(draft: &Draft) -> Option<Notice> {
    let words = draft
        .beside
        .iter()
        .filter(|beside| beside.is_amid || beside.place != Place::BackLink && notice::is_one(&beside.own));
    let words: Vec<String> = words.map(|beside| beside.text.replace('\n', " ")).collect();
    (!words.is_empty()).then_some(Notice {
        line: 0,
        what: NoticeKind::LeftOut(words),
    })
}

/// Decides what the revision is and which article it is for.
fn kind_and_target(draft: &Draft, wishes: &Wishes) -> Result<(Kind, Target), PageError> {
    let kind = match (&wishes.kind, &draft.front.kind) {
        (Some(kind), _) => Some(*kind),
        (None, Some(text)) => Some(front("kind", text)?),
        (None, None) => None,
    };
    let article = match (&wishes.article, &draft.front.article) {
        (Some(article), _) => Some(article.clone()),
        (None, Some(text)) => Some(front("article", text)?),
        (None, None) => None,
    };
    let target = match (article, wishes.version) {
        (Some(article), _) => Target::Article(article),
        (None, Version::Alone) => Target::New,
        (None, Version::First(text)) => Target::FirstOf(text),
        (None, Version::Later(text)) => Target::LaterOf(text),
    };
    let follows = matches!(target, Target::Article(_) | Target::LaterOf(_));
    let kind = kind.unwrap_or(if follows { Kind::Update } else { Kind::Publish });
    if follows && kind == Kind::Publish {
        let article = match target {
            Target::Article(article) => article.to_string(),
            _ => "an article".to_owned(),
        };
        return Err(PageError::Kind(format!(
            "a new revision of {article} is an update, correction, retraction, restoration or technical, not publish"
        )));
    }
    if !follows && kind != Kind::Publish {
        return Err(PageError::Kind(format!(
            "a {kind} is a new revision of an article, and no article is named"
        )));
    }
    Ok((kind, target))
}

/// Encodes and hashes what is stored of an article.
fn encode(
    article: Article,
    page_text: String,
    slug: Slug,
    target: Target,
    claimed_footer: Option<Footer>,
    wishes: &Wishes,
    notices: Vec<Notice>,
) -> Result<Prepared, PageError> {
    let subject = article::subject(&article.metadata, &page_text);
    let byline = article.metadata.byline()?;
    let files = article.files_of(page_text);
    let content_sha256 = article::content_sha256(&files);
    let files = files
        .into_iter()
        .map(PreparedFile::of)
        .collect::<Result<Vec<_>, _>>()?;
    let id_of = |name: &str| files.iter().find(|file| file.name == name).map(|file| file.id);
    let form_sha256 = article.form_sha256(id_of);
    let page = id_of(PAGE_FILE);
    let folder = folder(&files).encode();
    let Metadata {
        kind,
        date,
        languages,
        note,
        source_url,
        ..
    } = article.metadata;
    let candidate = Candidate {
        slug,
        target,
        date,
        byline,
        kind,
        languages,
        subject,
        note,
        content_sha256,
        source_url,
        claimed_footer,
        source_commit: wishes.source_commit,
        folder: TreeId::from_raw(*object::hash(ObjectKind::Tree, &folder)?.raw()),
        page: page.expect("every article has a page"),
        files: files.iter().map(|file| file.id).collect(),
        form_sha256,
        expected: wishes.expected,
    };
    Ok(Prepared {
        candidate,
        files,
        folder,
        notices,
        is_undated: false,
    })
}

impl PreparedFile {
    fn of((name, bytes): (String, Vec<u8>)) -> Result<Self, HashError> {
        let id = object::hash(ObjectKind::Blob, &bytes)?;
        let id = BlobId::from_raw(*id.raw());
        Ok(Self { name, id, bytes })
    }
}

fn folder(files: &[PreparedFile]) -> Tree {
    let mut folder = Tree::default();
    for file in files {
        let inserted = folder.insert(&file.name, Entry::File(file.id));
        inserted.expect("names of an article's files are legal");
    }
    folder
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

/// Returns the date of a page: the one that the caller says, its own, that of its footer, now.
///
/// # Errors
/// [`PageError::Date`], or [`PageError::Draft`] with the line of the front matter.
pub fn date(
    draft: &Draft,
    wishes: &Wishes,
    settings: &Settings,
    circumstances: &Circumstances,
) -> Result<RevisionDate, PageError> {
    Ok(match (given_date(&draft.front, wishes), &draft.footer) {
        (Some(text), _) => RevisionDate::parse(text, settings.utc_offset).map_err(|error| {
            match draft.front.date_line.filter(|_| wishes.date.is_none()) {
                Some(line) => DraftError::at(line, FrontMatterError::Date(error)).into(),
                None => PageError::from(error),
            }
        })?,
        (None, Some(found)) => RevisionDate::noon(found.footer.day, settings.utc_offset)?,
        (None, None) => RevisionDate::from_seconds(circumstances.now.seconds(), settings.utc_offset)?,
    })
}

/// Returns the date that the caller says, or the page's front matter.
fn given_date<'a>(front: &'a FrontMatter, wishes: &'a Wishes) -> Option<&'a String> {
    wishes.date.as_ref().or(front.date.as_ref())
}

fn titles(
    draft: &Draft,
    wishes: &Wishes,
    languages: &[Language],
) -> Result<BTreeMap<Language, String>, PageError> {
    let said = wishes.titles.as_deref();
    if said.is_some_and(<[_]>::is_empty) {
        return Ok(BTreeMap::new());
    }
    let said = said.unwrap_or_default();
    let mut titles = wishes
        .previous
        .as_ref()
        .map(|previous| previous.metadata.titles.clone())
        .unwrap_or_default();
    titles.retain(|language, _| languages.contains(language));
    for (tag, title) in &draft.front.title.per_language {
        titles.insert(front("title", tag)?, title.clone());
    }
    if let Some(title) = &draft.front.title.plain {
        let language = language::of_title(title, languages);
        let mut tags = draft.front.title.per_language.keys();
        // A title that says its language goes before one whose language is judged.
        if !tags.any(|tag| tag.parse() == Ok(language.clone())) {
            titles.insert(language, title.clone());
        }
    }
    let mut by_language: BTreeMap<Language, String> = BTreeMap::new();
    for Tagged { language, text } in said {
        let language = match language {
            Some(tag) => in_page(tag, said, languages)?.clone(),
            None => language::of_title(text, languages),
        };
        if let Some(other) = by_language.insert(language.clone(), text.clone()) {
            return Err(PageError::TwoTitles { language, other });
        }
    }
    titles.extend(by_language);
    Ok(titles)
}

/// Returns the language of a page that a title is for whose language is named.
fn in_page<'a>(
    tag: &'a Language,
    titles: &[Tagged],
    languages: &'a [Language],
) -> Result<&'a Language, PageError> {
    let is_named = |language| {
        titles
            .iter()
            .any(|title| title.language.as_ref() == Some(language))
    };
    let mut near = languages
        .iter()
        .filter(|language| language.primary() == tag.as_str());
    match (near.next(), near.next()) {
        (Some(only), None) if !is_named(only) => Ok(only),
        _ => PageError::unless_part(tag, languages),
    }
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
    if let Some(previous) = &wishes.previous {
        return Ok(previous.metadata.authors.clone());
    }
    let default = settings.byline.clone().or_else(|| circumstances.author.clone());
    Ok(vec![default.ok_or(PageError::NoAuthor)?])
}

/// Chooses the slug: the one asked for, else that of the article which the page follows, the English title, another title,
/// the first words of the English part, of the whole page.
fn slug(
    draft: &Draft,
    wishes: &Wishes,
    target: &Target,
    article: &Article,
    page_text: &str,
) -> Result<Slug, PageError> {
    if let Some(asked) = wishes.slug.as_ref().or(draft.front.slug.as_ref()) {
        return Ok(asked.parse()?);
    }
    if let Target::Article(followed) = target {
        return Ok(followed.slug().clone());
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
        .map(|(_, c)| canonical::name_of_character(c))
        .collect();
    kept.sort();
    kept.dedup();
    kept
}

fn front<T: FromStr<Err: Display>>(key: &'static str, value: &str) -> Result<T, PageError> {
    value.parse().map_err(|why: T::Err| PageError::Front {
        key,
        value: value.to_owned(),
        why: why.to_string(),
    })
}

#[cfg(test)]
mod tests;
